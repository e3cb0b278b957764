"""Ops whose result has as many rows as a mask has true values: `tf.where`, `tf.boolean_mask`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from deras._src.core.context import state
from deras._src.core.dtypes import BOOLEAN, NUMERIC, int64
from deras._src.core.tensor import Tensor
from deras._src.core.tensor_shape import TensorShape
from deras._src.dispatch.apply import apply
from deras._src.dispatch.convert import convert
from deras._src.ops.array_gather import gather
from deras._src.ops.array_join import concat
from deras._src.ops.array_select import select
from deras._src.ops.array_shape import reshape, squeeze
from deras._src.ops.array_shape import shape as shape_of
from deras._src.ops.array_slice import spec_slice
from deras._src.ops.array_support import axis_of
from deras._src.registry import NONE, op
from deras._src.util.export import export

Attrs = Mapping[str, Any]


def _where_shape(inputs: Sequence[Any], attrs: Attrs) -> Any:
    return [(int64, TensorShape([None, inputs[0].shape.rank]))]


@op(
    "Where",
    dtypes=NUMERIC | BOOLEAN,
    host=True,
    gradient=NONE,
    shape=_where_shape,
    api_name="where",
)
def _where(condition):
    if not condition.ndim:
        raise ValueError("condition must have at least 1 dimension")
    return np.argwhere(condition).astype(np.int64)


@export("where")
def where(condition: Any, x: Any = None, y: Any = None, name: str | None = None) -> Any:
    """Elements of `x` where `condition` is true, else of `y`; alone: where it is true.

    A NaN or infinity that `x` or `y` computes in elements not taken still reaches gradients, as in
    TensorFlow: 0 times infinity is NaN. Guard the computation itself.

    Args:
      condition: bool tensor; with one argument any numeric tensor, true where not 0.
      x: Tensor of any dtype; broadcasts against `condition` and `y`.
      y: Tensor of `x`'s dtype.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of the broadcast shape; with one argument an int64 tensor `[count, rank]` of the
      coordinates where `condition` is true, in row-major order.
    Raises:
      ValueError: Only one of `x` and `y` is given.
      InvalidArgumentError: The shapes do not broadcast or the dtypes differ.

    >>> tf.where([True, False], [1, 2], [3, 4]).numpy()
    array([1, 4], dtype=int32)
    >>> tf.where([[True, False], [True, True]]).numpy().tolist()
    [[0, 0], [1, 0], [1, 1]]
    """
    if x is None and y is None:
        return apply(_where, (condition,), (), name)
    if x is None or y is None:
        raise ValueError("tf.where: x and y must both be given, or neither.")
    return select(condition, x, y, name)


@export("boolean_mask")
def boolean_mask(tensor: Any, mask: Any, axis: Any = None, name: str = "boolean_mask") -> Any:
    """The elements (or slices) of a tensor where a mask is true.

    Args:
      tensor: Tensor of rank R.
      mask: bool tensor of known rank K, 1 <= K <= R, whose shape is that of `tensor`'s dimensions
        from `axis` on.
      axis: First dimension that the mask applies to; default 0.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of rank R - K + 1; dimension `axis` has the number of true values.
    Raises:
      ValueError: The mask is a scalar, of unknown rank, or its shape does not fit.

    >>> tf.boolean_mask([[1, 2], [3, 4], [5, 6]], [True, False, True]).numpy()
    array([[1, 2],
           [5, 6]], dtype=int32)
    """
    tensor, mask = _tensor(tensor), _tensor(mask)
    at = 0 if axis is None else axis_of(axis, "tf.boolean_mask")
    rank = mask.shape.rank
    if rank is None:
        raise ValueError("tf.boolean_mask: the rank of the mask must be known, even if no size is.")
    if rank == 0:
        raise ValueError("tf.boolean_mask: mask cannot be scalar.")
    if at < 0 and tensor.shape.rank is not None:
        at += tensor.shape.rank
    tensor.shape[at : at + rank].assert_is_compatible_with(mask.shape)
    # Always reshaped, as TensorFlow does: its gradient is then dense, not an IndexedSlices.
    lead, tail = _part(tensor, 0, at), _part(tensor, at + rank, None)
    static = tensor.shape
    tensor = reshape(tensor, concat([lead, [-1], tail], 0))
    if static.rank is not None and state.graph is not None:
        count = static[at : at + rank].num_elements()
        tensor.set_shape([*static[:at], count, *static[at + rank :]])
    if rank > 1:
        mask = reshape(mask, [-1])
    indices = squeeze(where(mask), 1)
    return gather(tensor, indices, axis=at, name=name)


def _tensor(value: Any) -> Any:
    return value if isinstance(value, Tensor) else convert(value)


def _part(tensor: Any, begin: int, end: int | None) -> Any:
    return spec_slice(shape_of(tensor), ((begin, end, None),), (), "tf.boolean_mask")
