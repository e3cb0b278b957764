"""Choosing element by element: where with three arguments, one_hot, sequence_mask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from deras._src import errors
from deras._src.core.dtypes import (
    BOOLEAN,
    as_dtype,
    float32,
    int8,
    int32,
    int64,
    uint8,
)
from deras._src.core.dtypes import bool_ as bool_dtype
from deras._src.core.tensor import Tensor
from deras._src.core.tensor_shape import TensorShape
from deras._src.dispatch.apply import apply
from deras._src.dispatch.convert import convert
from deras._src.ops.array_fill import range_
from deras._src.ops.array_shape import expand_dims
from deras._src.ops.array_support import (
    Specs,
    apply_ints,
    axis_of,
    dynamic_twin,
    ints_of,
    type_var,
)
from deras._src.ops.math_binary import maximum
from deras._src.ops.math_cast import cast
from deras._src.ops.math_compare import less
from deras._src.ops.math_reduce import reduce_max
from deras._src.ops.shapes import broadcast
from deras._src.registry import NONE, op
from deras._src.util.export import export

Attrs = Mapping[str, Any]
_T = type_var()


def _select_shape(inputs: Sequence[Any], attrs: Attrs) -> Specs:
    [(_, shape)] = broadcast(inputs, attrs)
    return [(inputs[1].dtype, shape)]


@op(
    "SelectV2",
    dtypes={"condition": BOOLEAN, "t": _T, "e": _T},
    shape=_select_shape,
    numpy=lambda c, t, e: np.where(c, t, e),
    host=lambda c, t, e: np.where(c, t, e),
    api_name="where",
)
def _select(condition, t, e):
    return lax.select(*jnp.broadcast_arrays(condition, t, e))


def select(condition: Any, x: Any, y: Any, name: str | None = None) -> Any:
    """Elements of `x` where `condition` is true, else of `y`, by broadcasting."""
    if not hasattr(type(condition), "__deras_dispatch__"):
        condition = convert(condition, None if isinstance(condition, Tensor) else bool_dtype)
    return apply(_select, (condition, x, y), (), name)


# -- one_hot ----------------------------------------------------------------------------------


def _one_hot_dims(dims: Any, depth: Any, axis: int) -> list[Any]:
    at = len(dims) if axis == -1 else axis
    if not 0 <= at <= len(dims):
        raise ValueError(f"axis {axis} must be -1 or in [0, {len(dims)}]")
    if depth is not None and depth < 0:
        raise ValueError(f"depth must not be negative: {depth}")
    return [*dims[:at], depth, *dims[at:]]


def _one_hot_shape(inputs: Sequence[Any], attrs: Attrs) -> Specs:
    shape = inputs[0].shape
    depth = attrs["depth"]
    if isinstance(depth, tuple):
        depth = depth[0] if depth else None
    if shape.rank is None:
        return [(inputs[1].dtype, shape)]
    try:
        dims = _one_hot_dims(shape.as_list(), depth, attrs["axis"])
    except ValueError as error:
        raise errors.op_error(errors.GraphInvalidArgumentError, "tf.one_hot", str(error)) from None
    return [(inputs[1].dtype, TensorShape(dims))]


def _one_hot_of(xp, indices, on_value, off_value, depth, axis):
    _one_hot_dims(indices.shape, depth, axis)
    at = indices.ndim if axis == -1 else axis
    # Compared as int64: an index beyond the range of its own dtype's depth must not wrap around.
    places = np.arange(depth, dtype=np.int64)
    places = places.reshape([-1 if d == at else 1 for d in range(indices.ndim + 1)])
    hit = xp.expand_dims(indices.astype(np.int64), at) == places
    return xp.where(hit, on_value, off_value)


def _one_hot_host(indices, on_value, off_value, *, depth, axis):
    return _one_hot_of(np, indices, on_value, off_value, depth, axis)


@op(
    "OneHot",
    dtypes={
        "indices": frozenset({uint8, int8, int32, int64}),
        "on_value": _T,
        "off_value": _T,
    },
    gradient=NONE,
    shape=_one_hot_shape,
    numpy=_one_hot_host,
    host=_one_hot_host,
    api_name="one_hot",
)
def _one_hot(indices, on_value, off_value, *, depth, axis):
    return _one_hot_of(jnp, indices, on_value, off_value, depth, axis)


_one_hot_dynamic = dynamic_twin(_one_hot, "depth")


@export("one_hot")
def one_hot(
    indices: Any,
    depth: Any,
    on_value: Any = None,
    off_value: Any = None,
    axis: Any = None,
    dtype: Any = None,
    name: str | None = None,
) -> Any:
    """Vectors with one element on: the one that the index names.

    Args:
      indices: Tensor of uint8, int8, int32 or int64, any shape. An index out of `[0, depth)`, -1
        included, gives a vector that is all off.
      depth: Length of the new dimension, an int or a scalar tensor.
      on_value: Scalar for the element that is on; default 1.
      off_value: Scalar for the others; default 0.
      axis: Where the new dimension goes; default -1, the end.
      dtype: Element type; by default that of the values, or float32.
      name: Optional name of the node in graphs.
    Returns:
      Tensor with one dimension more than `indices`.
    Raises:
      TypeError: The values have not `dtype`, or not one dtype.
      InvalidArgumentError: `depth` is negative or `axis` out of range.

    >>> tf.one_hot([0, 2, -1], 3).numpy()
    array([[1., 0., 0.],
           [0., 0., 1.],
           [0., 0., 0.]], dtype=float32)
    """
    what = "tf.one_hot"
    wanted = None if dtype is None else as_dtype(dtype)
    given = [v if v is None else convert(v) for v in (on_value, off_value)]
    found = [v.dtype for v in given if v is not None]
    wanted = wanted or (found[0] if found else float32)
    for d in found:
        if d is not wanted:
            raise errors.op_error(
                errors.ArgumentTypeError,
                what,
                f"on_value, off_value and dtype must agree: {d.name} is not {wanted.name}",
            )
    on, off = given
    on = convert(True if wanted.is_bool else 1, wanted) if on is None else on
    off = convert(False if wanted.is_bool else 0, wanted) if off is None else off
    at = -1 if axis is None else axis_of(axis, what)
    return apply_ints(
        _one_hot,
        _one_hot_dynamic,
        (indices, on, off),
        "depth",
        ints_of(depth, what),
        (("axis", at),),
        name,
    )


@export("sequence_mask")
def sequence_mask(
    lengths: Any, maxlen: Any = None, dtype: Any = bool_dtype, name: str | None = None
) -> Any:
    """True in the first `lengths[...]` positions of each row.

    Args:
      lengths: Tensor of numbers, any shape.
      maxlen: Length of the rows, an int or a scalar tensor; by default the largest length.
      dtype: Element type of the result.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of shape `lengths.shape + [maxlen]`.
    Raises:
      ValueError: `maxlen` is no scalar.

    >>> tf.sequence_mask([1, 3], 4).numpy()
    array([[ True, False, False, False],
           [ True,  True,  True, False]])
    """
    lengths = convert(lengths)
    if maxlen is None:
        maxlen = reduce_max(lengths)
        maxlen = maximum(convert(0, maxlen.dtype), maxlen)
    else:
        maxlen = convert(maxlen)
    if maxlen.shape.rank not in (None, 0):
        raise ValueError(f"tf.sequence_mask: maxlen must be a scalar, its shape is {maxlen.shape}.")
    positions = range_(cast(maxlen, int64) if maxlen.dtype.is_floating else maxlen)
    if positions.dtype is not lengths.dtype:
        lengths = cast(lengths, positions.dtype)
    mask = less(positions, expand_dims(lengths, -1), name)
    wanted = as_dtype(dtype)
    return mask if wanted is bool_dtype else cast(mask, wanted)
