"""Sums of many tensors of one shape."""

from __future__ import annotations

import functools
import operator
from collections.abc import Iterable, Sequence
from typing import Any

from deras._src.core.dtypes import NUMERIC
from deras._src.core.tensor_shape import TensorShape
from deras._src.dispatch.apply import apply
from deras._src.errors import GraphInvalidArgumentError
from deras._src.ops.math_support import Specs
from deras._src.registry import op
from deras._src.util.export import export


def _common_shape(inputs: Sequence[Any], attrs: Any) -> Specs:
    shape = inputs[0].shape
    for other in inputs[1:]:
        try:
            shape = shape.merge_with(other.shape)
        except ValueError as error:
            raise GraphInvalidArgumentError(None, None, str(error)) from None
    return [(inputs[0].dtype, shape)]


def _add_n_gradient(record: Any, grad: Any) -> Any:
    return (grad,) * len(record.inputs)


@op(
    "AddN",
    dtypes=NUMERIC,
    shape=_common_shape,
    gradient=_add_n_gradient,  # the gradient itself, with no program to run
    api_name="add_n",
)
def add_n_op(*inputs):
    for other in inputs[1:]:
        if other.shape != inputs[0].shape:
            raise ValueError(
                f"all inputs must have one shape; found {list(inputs[0].shape)} and "
                f"{list(other.shape)}"
            )
    return functools.reduce(operator.add, inputs)


def _listed(inputs: Any, what: str) -> tuple[Any, ...]:
    listed = tuple(inputs) if isinstance(inputs, Iterable) else ()
    if not listed:
        raise ValueError(
            f"{what}: inputs must be a list or tuple of at least one tensor, got "
            f"{type(inputs).__name__}"
        )
    return listed


@export("math.add_n", "add_n")
def add_n(inputs: Any, name: str | None = None) -> Any:
    """The element-wise sum of a list of tensors.

    Args:
      inputs: List of tensors, or IndexedSlices, of one shape and numeric dtype.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of that shape and dtype.
    Raises:
      ValueError: `inputs` is not a list, or is empty.
      InvalidArgumentError: The shapes differ; nothing is broadcast.

    >>> tf.add_n([[1, 2], [3, 4], [5, 6]]).numpy()
    array([ 9, 12], dtype=int32)
    """
    return apply(add_n_op, _listed(inputs, "tf.add_n"), (), name)


@export("math.accumulate_n")
def accumulate_n(
    inputs: Any, shape: Any = None, tensor_dtype: Any = None, name: str | None = None
) -> Any:
    """The element-wise sum of a list of tensors; another name for `tf.add_n`.

    Args:
      inputs: List of tensors of one shape and numeric dtype.
      shape: The shape expected of them, or None.
      tensor_dtype: The dtype expected of them, or None.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of that shape and dtype.
    Raises:
      ValueError: `inputs` is not a list or is empty, or the shapes do not agree.
      TypeError: The dtype is not `tensor_dtype`.

    >>> tf.math.accumulate_n([[1, 2], [3, 4]]).numpy()
    array([4, 6], dtype=int32)
    """
    tensors = _listed(inputs, "tf.math.accumulate_n")
    total = apply(add_n_op, tensors, (), name)
    if tensor_dtype is not None and total.dtype != tensor_dtype:
        raise TypeError(
            f"tf.math.accumulate_n: tensor_dtype is {tensor_dtype}, the inputs are "
            f"{total.dtype.name}"
        )
    if shape is not None:
        total.shape.assert_is_compatible_with(TensorShape(shape))
    return total
