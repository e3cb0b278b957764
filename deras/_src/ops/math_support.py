"""What the math families share: folding on the host, sums over broadcast axes, gradient ops."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from deras._src.core.dtypes import DType
from deras._src.core.tensor import Tensor
from deras._src.core.tensor_shape import TensorShape
from deras._src.dispatch.apply import apply
from deras._src.registry import OpDef, op

Specs = list[tuple[DType, TensorShape]]


def host_twin(function: Callable[..., Any]) -> Callable[..., Any]:
    """A NumPy function as the host twin of an op: integers wrap without a warning."""

    def folded(*values: np.ndarray, **attrs: Any) -> Any:
        with np.errstate(all="ignore"):
            return function(*values, **attrs)

    return folded


def sum_to(array, shape):
    """Sums `array` over the axes along which a value of `shape` was broadcast to it."""
    if array.shape == shape:
        return array
    extra = array.ndim - len(shape)
    axes = tuple(range(extra)) + tuple(
        extra + i for i, d in enumerate(shape) if d == 1 and array.shape[extra + i] != 1
    )
    return jnp.sum(array, axes, dtype=array.dtype).reshape(shape)


def like_inputs_after_first(inputs: Sequence[Any], attrs: Mapping[str, Any]) -> Specs:
    """Shapes of a gradient op `(gradient, *inputs) -> one gradient per input`."""
    return [(x.dtype, x.shape) for x in inputs[1:]]


def binary_gradient(
    name: str, dtypes: Any, partials: Callable[..., Any], conjugate: bool = True
) -> Callable[..., Any]:
    """The gradient function of a broadcasting binary op, as one op that gives both gradients.

    One fused op, not TensorFlow's four to eight, because eager dispatch costs more than the
    arithmetic. `partials(gradient, x, y)` gives both before the sums over broadcast axes; for
    complex dtypes it gets the conjugates of x and y, unless TensorFlow does not take them.
    """

    @op(f"{name}Grad", dtypes=dtypes, shape=like_inputs_after_first, api_name=name.lower())
    def gradient_op(grad, x, y):
        if conjugate and jnp.iscomplexobj(x):
            x, y = jnp.conj(x), jnp.conj(y)
        gx, gy = partials(grad, x, y)
        shape = grad.shape
        return (
            sum_to(jnp.broadcast_to(gx, shape), x.shape),
            sum_to(jnp.broadcast_to(gy, shape), y.shape),
        )

    def gradient(record: Any, grad: Any) -> Any:
        return apply(gradient_op, (grad, *record.inputs))

    return gradient


def output_gradient(
    name: str, dtypes: Any, partial: Callable[..., Any]
) -> tuple[OpDef, Callable[..., Any]]:
    """Gradient op and function of a unary op whose gradient is cheapest from its output.

    `partial(y, gradient)` gives the gradient; for complex dtypes it gets the conjugate of y.
    """

    @op(f"{name}Grad", dtypes=dtypes, shape=like_first_of_two, api_name=name.lower())
    def gradient_op(y, dy):
        return partial(jnp.conj(y) if jnp.iscomplexobj(y) else y, dy)

    def gradient(record: Any, grad: Any) -> Any:
        return (apply(gradient_op, (record.outputs[0], grad)),)

    return gradient_op, gradient


def like_first_of_two(inputs: Sequence[Any], attrs: Mapping[str, Any]) -> Specs:
    """One output like the first input, merged with what the second one knows of its shape."""
    return [(inputs[0].dtype, inputs[0].shape.merge_with(inputs[1].shape))]


def dtype_of(value: Any) -> DType | None:
    """The dtype of a tensor or variable; None for Python and NumPy values."""
    if isinstance(value, Tensor) or hasattr(type(value), "__deras_tensor__"):
        return value.dtype
    return None


def scalar(value: float, like: Any) -> Any:
    """A NumPy scalar of an array's dtype: never widens what it is combined with."""
    return np.asarray(value, like.dtype)
