"""Shape functions shared by families of ops; see `OpDef.shape`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from deras._src.core.dtypes import DType
from deras._src.core.dtypes import bool_ as bool_dtype
from deras._src.core.tensor_shape import TensorShape, broadcast_static_shape
from deras._src.errors import GraphInvalidArgumentError

Specs = list[tuple[DType, TensorShape]]


def same_as_first(inputs: Sequence[Any], attrs: Mapping[str, Any]) -> Specs:
    """One output, like the first input."""
    return [(inputs[0].dtype, inputs[0].shape)]


def _broadcast(inputs: Sequence[Any]) -> TensorShape:
    shape = inputs[0].shape
    for other in inputs[1:]:
        try:
            shape = broadcast_static_shape(shape, other.shape)
        except ValueError as error:
            raise GraphInvalidArgumentError(None, None, str(error)) from None
    return shape


def broadcast(inputs: Sequence[Any], attrs: Mapping[str, Any]) -> Specs:
    """One output of the inputs' dtype, its shape by broadcasting."""
    return [(inputs[0].dtype, _broadcast(inputs))]


def broadcast_bool(inputs: Sequence[Any], attrs: Mapping[str, Any]) -> Specs:
    """One bool output, its shape by broadcasting."""
    return [(bool_dtype, _broadcast(inputs))]


def same_as_first_bool(inputs: Sequence[Any], attrs: Mapping[str, Any]) -> Specs:
    """One bool output of the first input's shape."""
    return [(bool_dtype, inputs[0].shape)]


def same_as_inputs(inputs: Sequence[Any], attrs: Mapping[str, Any]) -> Specs:
    """One output for each input, like it."""
    return [(x.dtype, x.shape) for x in inputs]
