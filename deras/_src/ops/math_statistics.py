"""Reductions composed of others, and those that give positions or counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from deras._src.core.dtypes import (
    BOOLEAN,
    FLOATING,
    INEXACT,
    NUMERIC,
    REAL,
    as_dtype,
    int16,
    int32,
    int64,
    uint16,
)
from deras._src.core.dtypes import string as string_dtype
from deras._src.core.tensor import describe
from deras._src.dispatch.apply import apply
from deras._src.dispatch.convert import convert, host_value
from deras._src.errors import GraphInvalidArgumentError, InvalidArgumentError, op_error
from deras._src.ops.math_binary import multiply, subtract
from deras._src.ops.math_cast import cast, conj, real
from deras._src.ops.math_compare import not_equal
from deras._src.ops.math_reduce import (
    expanded,
    positive_axes,
    reduce_mean,
    reduce_sum,
    reduced_shape,
    reduction_attrs,
    reduction_shape,
)
from deras._src.ops.math_support import Specs, scalar
from deras._src.ops.math_unary import sqrt, square
from deras._src.ops.shapes import same_as_first
from deras._src.registry import NONE, op
from deras._src.util.export import export


@op("LogSumExp", dtypes=FLOATING, shape=reduction_shape, api_name="reduce_logsumexp")
def _log_sum_exp(input, *, axis, keep_dims):
    axes = positive_axes(axis, input.ndim)
    highest = jnp.max(input, axes, keepdims=True, initial=scalar(-np.inf, input))
    # No gradient flows through the shift; an infinite one would give inf - inf.
    shift = lax.stop_gradient(jnp.where(jnp.isfinite(highest), highest, scalar(0, input)))
    total = jnp.sum(lax.exp(input - shift), axes, dtype=input.dtype, keepdims=True)
    result = lax.log(total) + shift
    return result if keep_dims else result.reshape(_without(input.shape, axes))


def _without(shape, axes):
    return tuple(d for i, d in enumerate(shape) if i not in axes)


@export("math.reduce_logsumexp", "reduce_logsumexp")
def reduce_logsumexp(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None
) -> Any:
    """`log(sum(exp(x)))` along axes, without overflow.

    Args:
      input_tensor: Tensor; floating.
      axis: Int, list of ints or integer tensor, each in `[-rank, rank)`. None: all axes.
      keepdims: Whether reduced dimensions stay, with length 1.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `input_tensor`'s dtype; -inf where there is no element.

    >>> tf.reduce_logsumexp([1000.0, 1000.0]).numpy()
    np.float32(1000.6932)
    """
    attrs = reduction_attrs(axis, keepdims, "tf.reduce_logsumexp")
    return apply(_log_sum_exp, (input_tensor,), attrs, name)


@op("EuclideanNormGrad", dtypes=INEXACT, shape=same_as_first, api_name="math.reduce_euclidean_norm")
def _euclidean_norm_grad(x, y, dy, *, axis, keep_dims):
    axes = positive_axes(axis, x.ndim)
    return x * (expanded(dy, x.shape, axes) / expanded(y, x.shape, axes))


def _euclidean_norm_gradient(record: Any, grad: Any) -> Any:
    inputs = (record.inputs[0], record.outputs[0], grad)
    return (apply(_euclidean_norm_grad, inputs, record.attrs),)


@op(
    "EuclideanNorm",
    dtypes=NUMERIC,
    shape=reduction_shape,
    gradient=_euclidean_norm_gradient,  # from the output: no second sum
    api_name="math.reduce_euclidean_norm",
)
def _euclidean_norm(input, *, axis, keep_dims):
    axes = positive_axes(axis, input.ndim)
    total = jnp.sum(input * jnp.conj(input), axes, dtype=input.dtype, keepdims=keep_dims)
    if jnp.issubdtype(input.dtype, jnp.integer):
        root = lax.sqrt(lax.convert_element_type(total, np.float64))
        return lax.convert_element_type(root, input.dtype)
    return lax.sqrt(total)


@export("math.reduce_euclidean_norm")
def reduce_euclidean_norm(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None
) -> Any:
    """The square root of the sum of squares along axes.

    Args:
      input_tensor: Tensor of any numeric dtype.
      axis: Int, list of ints or integer tensor, each in `[-rank, rank)`. None: all axes.
      keepdims: Whether reduced dimensions stay, with length 1.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `input_tensor`'s dtype: the norm of integers drops its fraction.

    >>> tf.math.reduce_euclidean_norm([3.0, 4.0]).numpy()
    np.float32(5.0)
    """
    attrs = reduction_attrs(axis, keepdims, "tf.math.reduce_euclidean_norm")
    return apply(_euclidean_norm, (input_tensor,), attrs, name)


@export("math.reduce_variance")
def reduce_variance(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None
) -> Any:
    """The variance along axes: the mean squared distance from the mean.

    Args:
      input_tensor: Tensor; floating or complex.
      axis: Int, list of ints or integer tensor, each in `[-rank, rank)`. None: all axes.
      keepdims: Whether reduced dimensions stay, with length 1.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `input_tensor`'s dtype; of the real dtype for complex numbers.
    Raises:
      TypeError: The dtype is an integer one.

    >>> tf.math.reduce_variance([1.0, 2.0, 3.0, 4.0]).numpy()
    np.float32(1.25)
    """
    tensor = input_tensor if _dispatched(input_tensor) else convert(input_tensor)
    mean = reduce_mean(tensor, axis, True)
    if mean.dtype.is_integer:
        raise op_error(
            TypeError,
            "tf.math.reduce_variance",
            f"the input is {mean.dtype.name}; a floating or complex tensor is wanted",
            [("input_tensor", describe(tensor))],
        )
    distance = subtract(tensor, mean)
    if mean.dtype.is_complex:
        squared = real(multiply(distance, conj(distance)))
    else:
        squared = square(distance)
    return reduce_mean(squared, axis, keepdims, name)


def _dispatched(value: Any) -> bool:
    return hasattr(type(value), "__deras_dispatch__")


@export("math.reduce_std")
def reduce_std(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None
) -> Any:
    """The standard deviation along axes. Its gradient is NaN where it is 0.

    Args:
      input_tensor: Tensor; floating or complex.
      axis: Int, list of ints or integer tensor, each in `[-rank, rank)`. None: all axes.
      keepdims: Whether reduced dimensions stay, with length 1.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `input_tensor`'s dtype; of the real dtype for complex numbers.
    Raises:
      TypeError: The dtype is an integer one.

    >>> tf.math.reduce_std([1.0, 2.0, 3.0, 4.0]).numpy()
    np.float32(1.118034)
    """
    return sqrt(reduce_variance(input_tensor, axis, keepdims), name)


@export("math.count_nonzero")
def count_nonzero(
    input: Any,
    axis: Any = None,
    keepdims: bool | None = None,
    dtype: Any = int64,
    name: str | None = None,
) -> Any:
    """How many elements along axes are not zero (for strings: not empty). NaN is not zero.

    Args:
      input: Tensor of any numeric dtype, of bools or of strings.
      axis: Int, list of ints or integer tensor, each in `[-rank, rank)`. None: all axes.
      keepdims: Whether reduced dimensions stay, with length 1.
      dtype: The dtype of the result; int64 by default.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of counts.

    >>> tf.math.count_nonzero([[0, 1, 0], [1, 1, 0]], axis=0).numpy()
    array([1, 2, 0])
    """
    tensor = input if _dispatched(input) else convert(input)
    empty: Any = b"" if tensor.dtype is string_dtype else False if tensor.dtype.is_bool else 0
    counted = cast(not_equal(tensor, convert(empty, tensor.dtype)), int64)
    return cast(reduce_sum(counted, axis, bool(keepdims)), as_dtype(dtype), name)


def _position_shape(inputs: Sequence[Any], attrs: Mapping[str, Any]) -> Specs:
    try:
        shape = reduced_shape(inputs[0].shape, (attrs["dimension"],), False)
    except ValueError as error:
        raise GraphInvalidArgumentError(None, None, str(error)) from None
    return [(attrs["output_type"], shape)]


def _position_of_greatest(x, dimension, output_type):
    """The first position of the greatest element; NaN is never it, nor is -inf alone."""
    (axis,) = positive_axes((dimension,), x.ndim)
    if not x.shape[axis]:
        raise ValueError(f"Reduction axis {dimension} is empty in shape {list(x.shape)}")
    if jnp.issubdtype(x.dtype, jnp.floating):
        # TensorFlow's search starts below all finite numbers and takes only what is greater.
        x = jnp.where(jnp.isnan(x), scalar(-np.inf, x), x)
    return lax.argmax(x, axis, output_type.np_dtype)


@op(
    "ArgMax",
    dtypes=REAL | BOOLEAN,
    shape=_position_shape,
    gradient=NONE,
    api_name="argmax",
)
def _argmax(input, *, dimension, output_type):
    return _position_of_greatest(input, dimension, output_type)


@op(
    "ArgMin",
    dtypes=REAL | BOOLEAN,
    shape=_position_shape,
    gradient=NONE,
    api_name="argmin",
)
def _argmin(input, *, dimension, output_type):
    if jnp.issubdtype(input.dtype, jnp.floating):
        opposite = -input
    else:
        opposite = ~input  # reverses the order of integers and bools, and never overflows
    return _position_of_greatest(opposite, dimension, output_type)


def _position_attrs(axis: Any, output_type: Any, allowed: Any, what: str) -> Any:
    dtype = as_dtype(output_type)
    if dtype not in allowed:
        names = ", ".join(sorted(d.name for d in allowed))
        raise op_error(
            InvalidArgumentError, what, f"output_type is {dtype.name}; accepted: {names}"
        )
    dimension = 0 if axis is None else axis if type(axis) is int else int(host_value(axis, what))
    return (("dimension", dimension), ("output_type", dtype))


@export("math.argmax", "argmax")
def argmax(input: Any, axis: Any = None, output_type: Any = int64, name: str | None = None) -> Any:
    """The position of the greatest element along an axis; of equal ones the first.

    NaN is passed over: it is the greatest of nothing.

    Args:
      input: Tensor; floating, integer or bool.
      axis: Int or integer scalar in `[-rank, rank)`. None: 0.
      output_type: int64 (the default), int32, int16 or uint16.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of positions, of `input`'s shape without the axis.
    Raises:
      InvalidArgumentError: The axis is out of range, or has no element.

    >>> tf.argmax([[1, 20, 3], [40, 5, 6]], axis=1).numpy()
    array([1, 0])
    """
    attrs = _position_attrs(axis, output_type, (int64, int32, int16, uint16), "tf.argmax")
    return apply(_argmax, (input,), attrs, name)


@export("math.argmin", "argmin")
def argmin(input: Any, axis: Any = None, output_type: Any = int64, name: str | None = None) -> Any:
    """The position of the least element along an axis; of equal ones the first.

    NaN is passed over: it is the least of nothing.

    Args:
      input: Tensor; floating, integer or bool.
      axis: Int or integer scalar in `[-rank, rank)`. None: 0.
      output_type: int64 (the default) or int32.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of positions, of `input`'s shape without the axis.
    Raises:
      InvalidArgumentError: The axis is out of range, or has no element.

    >>> tf.argmin([[1, 20, 3], [40, 5, 6]], axis=1).numpy()
    array([0, 1])
    """
    attrs = _position_attrs(axis, output_type, (int64, int32), "tf.argmin")
    return apply(_argmin, (input,), attrs, name)
