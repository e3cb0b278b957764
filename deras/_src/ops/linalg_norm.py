"""Norms of vectors, matrices and lists of tensors."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from deras._src import errors
from deras._src.core.context import state
from deras._src.core.dtypes import INEXACT, INTEGER, DType
from deras._src.core.indexed_slices import IndexedSlices
from deras._src.core.tensor import Tensor
from deras._src.core.tensor_shape import TensorShape
from deras._src.dispatch.apply import apply
from deras._src.dispatch.convert import convert, host_value
from deras._src.ops.linalg_support import graph_shapes
from deras._src.ops.math_cast import cast
from deras._src.ops.math_division import divide
from deras._src.ops.shapes import Specs
from deras._src.registry import op
from deras._src.util.export import export

_MATRIX_ORDERS = ("euclidean", "fro", 1, 2, math.inf)


def _is_euclidean(ord: Any, axis: tuple[int, ...] | None) -> bool:
    return ord in ("euclidean", "fro") or (ord == 2 and (axis is None or len(axis) == 1))


def _norm_dtype(dtype: DType, attrs: Mapping[str, Any]) -> DType:
    # The euclidean norm of complex values is complex in TensorFlow, every other one is real.
    complex_stays = _is_euclidean(attrs["ord"], attrs["axis"])
    return dtype if complex_stays or not dtype.is_complex else dtype.real_dtype


def _axes(rank: int, axis: tuple[int, ...] | None) -> tuple[int, ...]:
    if axis is None:
        return tuple(range(rank))
    for number in axis:
        if not -rank <= number < rank:
            raise ValueError(f"axis {number} is out of range: tensor has rank {rank}")
    return tuple(number % rank for number in axis)


def _norm_shape(inputs: Sequence[Any], attrs: Mapping[str, Any]) -> Specs:
    tensor, axis, keep = inputs[0], attrs["axis"], attrs["keepdims"]
    dtype = _norm_dtype(tensor.dtype, attrs)
    if tensor.shape.rank is None:
        return [(dtype, TensorShape([] if axis is None and not keep else None))]
    gone = _axes(tensor.shape.rank, axis)
    dims = [1 if i in gone else d for i, d in enumerate(tensor.shape.as_list())]
    if not keep:
        dims = [d for i, d in enumerate(dims) if i not in gone]
    return [(dtype, TensorShape(dims))]


@op(
    "Norm",
    dtypes=INEXACT | INTEGER,
    shape=graph_shapes("tf.norm", _norm_shape),
    api_name="norm",
)
def _norm(tensor, *, ord, axis, keepdims):
    axes = _axes(tensor.ndim, axis)
    if _is_euclidean(ord, axis):
        squares = tensor * (jnp.conj(tensor) if jnp.iscomplexobj(tensor) else tensor)
        return jnp.sqrt(jnp.sum(squares, axes, dtype=squares.dtype, keepdims=keepdims))
    sizes = jnp.abs(tensor)
    if axis is not None and len(axis) == 2:
        return _matrix_norm(tensor, sizes, ord, axes, keepdims)
    if ord == 1:
        return jnp.sum(sizes, axes, dtype=sizes.dtype, keepdims=keepdims)
    if ord == math.inf:
        return _largest(sizes, axes, keepdims)
    power = jnp.asarray(ord, sizes.dtype)
    total = jnp.sum(jnp.power(sizes, power), axes, dtype=sizes.dtype, keepdims=keepdims)
    return jnp.power(total, jnp.asarray(1.0 / ord, sizes.dtype))


def _largest(sizes: Any, axes: Any, keepdims: bool) -> Any:
    low = -math.inf if jnp.issubdtype(sizes.dtype, jnp.inexact) else np.iinfo(sizes.dtype).min
    return jnp.max(sizes, axes, keepdims=keepdims, initial=low if not sizes.size else None)


def _matrix_norm(tensor: Any, sizes: Any, ord: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    if ord == 2:
        moved = jnp.moveaxis(tensor, axes, (-2, -1))
        result = _largest(jnp.linalg.svd(moved, compute_uv=False), (-1,), False)
        return jnp.expand_dims(result, axes) if keepdims else result
    along, across = axes if ord == 1 else axes[::-1]
    sums = jnp.sum(sizes, along, dtype=sizes.dtype, keepdims=True)
    result = _largest(sums, (across,), True)
    return result if keepdims else jnp.squeeze(result, axes)


@export("norm", "linalg.norm")
def norm(
    tensor: Any,
    ord: Any = "euclidean",
    axis: Any = None,
    keepdims: bool | None = None,
    name: str | None = None,
) -> Any:
    """Norms of vectors or matrices in a tensor.

    Args:
      tensor: Tensor of a floating point or complex dtype.
      ord: "euclidean"; 1, 2, any positive number or inf (`np.inf`): the vector norm of that order;
        for matrices "euclidean", "fro" (the same), 1 (largest column sum), 2 (largest singular
        value) or inf (largest row sum).
      axis: An int: vectors along it. A pair of ints: matrices of these rows and columns. None: the
        whole tensor as one vector.
      keepdims: Whether the axes stay, with length 1.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of the input's dtype; real for complex inputs unless `ord` is "euclidean" or "fro".
    Raises:
      ValueError: `ord` is not offered for these axes, or `axis` is no int and no pair.

    >>> float(tf.norm([3.0, 4.0]))
    5.0
    """
    order, axes = _checked(ord, axis)
    tensor = _tensor(tensor)
    if tensor.dtype.is_integer and order not in (1, math.inf):
        # Only sums and maxima of absolute values are there for integers.
        cls = errors.InvalidArgumentError if state.graph is None else errors.GraphTypeError
        what = f"tensor is {tensor.dtype.name}; floating point or complex is wanted for this norm"
        raise errors.op_error(cls, "tf.norm", what)
    attrs = (("ord", order), ("axis", axes), ("keepdims", bool(keepdims)))
    return apply(_norm, (tensor,), attrs, name)


def _tensor(value: Any) -> Any:
    return value if isinstance(value, Tensor) else convert(value)


def _checked(ord: Any, axis: Any) -> tuple[Any, tuple[int, ...] | None]:
    axes: tuple[int, ...] | None = None
    if axis is not None:
        found = host_value(axis, "tf.norm")
        axes = tuple(int(i) for i in np.atleast_1d(found))
        if len(axes) not in (1, 2) or len(set(axes)) != len(axes):
            raise ValueError(
                f"tf.norm: axis must be None, an int or a pair of unlike ints, it is {axis!r}."
            )
    if not isinstance(ord, str):
        ord = float(ord)
        ord = int(ord) if ord.is_integer() else ord
    if axes is not None and len(axes) == 2:
        if ord not in _MATRIX_ORDERS:
            raise ValueError(
                f"tf.norm: ord={ord!r} is not offered for matrices: 'euclidean', 'fro', 1, 2 and "
                "inf are."
            )
    elif ord != "euclidean" and (isinstance(ord, str) or ord <= 0):
        raise ValueError(
            f"tf.norm: ord={ord!r} is not offered for vectors: 'euclidean' and positive numbers "
            "are."
        )
    return ord, axes


@export("linalg.normalize")
def normalize(
    tensor: Any, ord: Any = "euclidean", axis: Any = None, name: str | None = None
) -> tuple[Any, Any]:
    """A tensor divided by its norms, and the norms.

    Args:
      tensor: Tensor of a floating point or complex dtype.
      ord, axis: As in `tf.norm`.
      name: Optional name of the node in graphs.
    Returns:
      (the normalised tensor, the norms with their axes kept).
    Raises:
      ValueError: As in `tf.norm`.

    >>> tf.linalg.normalize([3.0, 4.0])[0].numpy()
    array([0.6, 0.8], dtype=float32)
    """
    tensor = _tensor(tensor)
    norms = cast(norm(tensor, ord, axis, keepdims=True), tensor.dtype)
    return divide(tensor, norms, name), norms


@op("GlobalNorm", dtypes=INEXACT, shape=lambda inputs, attrs: [(inputs[0].dtype, TensorShape([]))])
def _global_norm(*tensors):
    # Half sums of squares, added up and doubled: the roundings are TensorFlow's.
    halves = [jnp.sum(x * x, dtype=x.dtype) / 2 for x in tensors]
    return jnp.sqrt(jnp.sum(jnp.stack(halves), dtype=halves[0].dtype) * 2)


@export("linalg.global_norm")
def global_norm(t_list: Any, name: str | None = None) -> Any:
    """The norm of several tensors taken together: the root of the sum of all squares.

    Args:
      t_list: List of tensors of one floating point dtype, IndexedSlices and None, which is skipped.
      name: Optional name of the node in graphs.
    Returns:
      Scalar of that dtype.
    Raises:
      TypeError: `t_list` is no list.

    >>> float(tf.linalg.global_norm([[3.0], [4.0], None]))
    5.0
    """
    values = [v.values if isinstance(v, IndexedSlices) else v for v in as_list(t_list)]
    return apply(_global_norm, tuple(v for v in values if v is not None), (), name)


def as_list(t_list: Any) -> list[Any]:
    """`t_list` as a list; TypeError where it is a tensor or no sequence."""
    if isinstance(t_list, (str, bytes, Tensor)) or not isinstance(t_list, Sequence):
        raise TypeError(f"t_list must be a list of tensors, it is a {type(t_list).__name__}.")
    return list(t_list)
