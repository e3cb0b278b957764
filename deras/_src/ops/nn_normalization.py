"""Moments of tensors, and normalization by them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import jax.numpy as jnp
from jax import lax

from deras._src import errors
from deras._src.core.dtypes import (
    FLOATING,
    INEXACT,
    NUMERIC,
    REAL,
    bfloat16,
    float16,
    float32,
    int32,
    int64,
)
from deras._src.core.tensor_shape import TensorShape, broadcast_static_shape
from deras._src.dispatch.apply import apply
from deras._src.dispatch.convert import convert_inputs
from deras._src.ops.array_constant import stop_gradient
from deras._src.ops.math_binary import squared_difference
from deras._src.ops.math_reduce import reduce_mean
from deras._src.ops.nn_arguments import axis_tuple, positive_axes
from deras._src.ops.shapes import Specs
from deras._src.registry import TypeVar, op
from deras._src.util.export import export

_WITH_MEAN = INEXACT | {int32, int64}  # what TensorFlow's squared difference takes
_STATISTIC = TypeVar("U", INEXACT)


def _reduced(shape: TensorShape, axes: Sequence[int], keepdims: bool, what: str) -> TensorShape:
    if shape.rank is None:
        return shape
    gone = positive_axes(axes, shape.rank, what, errors.GraphInvalidArgumentError)
    dims = [1 if i in gone else d for i, d in enumerate(shape.as_list())]
    return TensorShape(dims if keepdims else [d for i, d in enumerate(dims) if i not in gone])


def _two_reduced(inputs: Sequence[Any], attrs: Mapping[str, Any]) -> Specs:
    shape = _reduced(inputs[0].shape, attrs["axes"], attrs["keepdims"], "tf.nn.moments")
    return [(inputs[0].dtype, shape)] * 2


def _mean(x, axes):
    """The mean with the reduced dimensions kept; of integers, truncated towards zero."""
    if jnp.issubdtype(x.dtype, jnp.inexact):
        return jnp.mean(x, axes, keepdims=True)
    total = jnp.sum(x, axes, keepdims=True, dtype=x.dtype)
    count = x.size // max(total.size, 1)
    return lax.div(total, jnp.full_like(total, max(count, 1)))


def _divide_no_nan(x, y):
    zero = y == 0
    return jnp.where(zero, jnp.zeros_like(x), x / jnp.where(zero, jnp.ones_like(y), y))


def _squared_difference(x, y):
    difference = x - y
    return difference * difference


@op("Moments", dtypes=_WITH_MEAN, shape=_two_reduced, api_name="nn.moments")
def _moments(x, *, axes, keepdims):
    axes = positive_axes(axes, x.ndim, "tf.nn.moments")
    wide = x.astype(jnp.float32) if x.dtype == jnp.float16 else x
    mean = _mean(wide, axes)
    # No gradient through the mean, as in TensorFlow: the first one is zero anyhow, but the second
    # order of the variance is 2/N on the diagonal and nothing else.
    variance = _mean(_squared_difference(wide, lax.stop_gradient(mean)), axes)
    if not keepdims:
        mean, variance = mean.squeeze(axes), variance.squeeze(axes)
    return mean.astype(x.dtype), variance.astype(x.dtype)


@export("nn.moments")
def moments(
    x: Any, axes: Any, shift: Any = None, keepdims: bool = False, name: str | None = None
) -> tuple[Any, Any]:
    """Mean and variance over some dimensions.

    The variance is that of the values themselves (divided by N, not N - 1), computed after the
    mean in a second pass, so it does not cancel. float16 is computed in float32.

    Args:
      x: Tensor of floating point, complex, int32 or int64 numbers.
      axes: Python int or list of ints, the dimensions to average over.
      shift: Not used; TensorFlow does not use it either.
      keepdims: Whether the dimensions stay, with length 1.
      name: Optional name of the node in graphs.
    Returns:
      Two tensors of `x`'s dtype: mean and variance.
    Raises:
      InvalidArgumentError: there is no such dimension, or the dtype is not taken.

    >>> mean, variance = tf.nn.moments([1.0, 2.0, 3.0, 6.0], axes=[0])
    >>> mean.numpy(), variance.numpy()
    (np.float32(3.0), np.float32(3.5))
    """
    attrs = (("axes", axis_tuple(axes, "tf.nn.moments: axes")), ("keepdims", bool(keepdims)))
    if not hasattr(type(x), "__deras_dispatch__"):
        (x,) = convert_inputs(_moments, (x,))
        if x.dtype.is_complex:  # TensorFlow's complex gradients are those of these functions
            axes = list(attrs[0][1])
            center = stop_gradient(reduce_mean(x, axes, keepdims=True))
            spread = reduce_mean(squared_difference(x, center), axes, keepdims)
            return reduce_mean(x, axes, keepdims), spread
    return apply(_moments, (x,), attrs, name)  # type: ignore[no-any-return]


def _weighted_shape(inputs: Sequence[Any], attrs: Mapping[str, Any]) -> Specs:
    shape = _broadcast(inputs[0].shape, inputs[1].shape, "tf.nn.weighted_moments")
    what = "tf.nn.weighted_moments"
    return [(inputs[0].dtype, _reduced(shape, attrs["axes"], attrs["keepdims"], what))] * 2


def _broadcast(a: TensorShape, b: TensorShape, what: str) -> TensorShape:
    try:
        return broadcast_static_shape(a, b)
    except ValueError as error:
        raise errors.op_error(errors.GraphInvalidArgumentError, what, str(error)) from None


@op(
    "WeightedMoments",
    dtypes={"x": FLOATING, "frequency_weights": NUMERIC},
    shape=_weighted_shape,
    api_name="nn.weighted_moments",
)
def _weighted_moments(x, frequency_weights, *, axes, keepdims):
    dtype = x.dtype
    wide = x.astype(jnp.float32) if dtype == jnp.float16 else x
    weights = frequency_weights.astype(wide.dtype)
    rank = max(wide.ndim, weights.ndim)
    axes = positive_axes(axes, rank, "tf.nn.weighted_moments")
    total = jnp.sum(weights * wide, axes, keepdims=True)
    count = jnp.sum(weights + jnp.zeros_like(wide), axes, keepdims=True)
    mean = _divide_no_nan(total, count)
    spread = jnp.sum(weights * _squared_difference(wide, mean), axes, keepdims=True)
    variance = _divide_no_nan(spread, count)
    if not keepdims:
        mean, variance = mean.squeeze(axes), variance.squeeze(axes)
    return mean.astype(dtype), variance.astype(dtype)


@export("nn.weighted_moments")
def weighted_moments(
    x: Any, axes: Any, frequency_weights: Any, keepdims: bool = False, name: str | None = None
) -> tuple[Any, Any]:
    """Mean and variance over some dimensions, each value counted `frequency_weights` times.

    Args:
      x: Tensor of floating point numbers.
      axes: Python int or list of ints, the dimensions to average over.
      frequency_weights: Tensor of non-negative weights, broadcast against `x` and cast to its
        dtype.
      keepdims: Whether the dimensions stay, with length 1.
      name: Optional name of the node in graphs.
    Returns:
      Two tensors of `x`'s dtype: mean and variance.

    >>> mean, variance = tf.nn.weighted_moments([1.0, 4.0], [0], [2.0, 1.0])
    >>> mean.numpy(), variance.numpy()
    (np.float32(2.0), np.float32(2.0))
    """
    attrs = (
        ("axes", axis_tuple(axes, "tf.nn.weighted_moments: axes")),
        ("keepdims", bool(keepdims)),
    )
    return apply(_weighted_moments, (x, frequency_weights), attrs, name)  # type: ignore[no-any-return]


def _statistics_shape(inputs: Sequence[Any], attrs: Mapping[str, Any]) -> Specs:
    what = "tf.nn.sufficient_statistics"
    shape = inputs[0].shape
    if len(inputs) > 1:
        shape = _broadcast(shape, inputs[1].shape, what)
    dtype = inputs[0].dtype
    reduced = _reduced(shape, attrs["axes"], attrs["keepdims"], what)
    return [(dtype, TensorShape([])), (dtype, reduced), (dtype, reduced)]


@op(
    "SufficientStatistics",
    dtypes=REAL,
    inputs=("x", "*shift"),
    shape=_statistics_shape,
    api_name="nn.sufficient_statistics",
)
def _sufficient_statistics(x, *shift, axes, keepdims):
    axes = positive_axes(axes, x.ndim, "tf.nn.sufficient_statistics")
    count = 1
    for axis in axes:
        count *= x.shape[axis]
    shifted = x - shift[0] if shift else x
    squares = _squared_difference(x, shift[0]) if shift else x * x
    return (
        jnp.asarray(count).astype(x.dtype),
        jnp.sum(shifted, axes, keepdims=keepdims, dtype=x.dtype),
        jnp.sum(squares, axes, keepdims=keepdims, dtype=x.dtype),
    )


@export("nn.sufficient_statistics")
def sufficient_statistics(
    x: Any, axes: Any, shift: Any = None, keepdims: bool = False, name: str | None = None
) -> tuple[Any, Any, Any, Any]:
    """What `tf.nn.normalize_moments` needs: count, sum and sum of squares, perhaps shifted.

    Args:
      x: Tensor of numbers.
      axes: Python int or list of ints, the dimensions to sum over.
      shift: Optional tensor near the mean, subtracted first for accuracy.
      keepdims: Whether the dimensions stay, with length 1.
      name: Optional name of the node in graphs.
    Returns:
      Four values: the number of elements summed, the sum, the sum of squares, and the shift (None
      if there is none).

    >>> count, total, squares, shift = tf.nn.sufficient_statistics([1.0, 2.0], [0])
    >>> count.numpy(), total.numpy(), squares.numpy(), shift
    (np.float32(2.0), np.float32(3.0), np.float32(5.0), None)
    """
    attrs = (
        ("axes", axis_tuple(axes, "tf.nn.sufficient_statistics: axes")),
        ("keepdims", bool(keepdims)),
    )
    inputs = convert_inputs(_sufficient_statistics, (x,) if shift is None else (x, shift))
    count, mean_ss, variance_ss = apply(_sufficient_statistics, inputs, attrs, name)
    return count, mean_ss, variance_ss, None if shift is None else inputs[1]


def _normalized_shape(inputs: Sequence[Any], attrs: Mapping[str, Any]) -> Specs:
    what = "tf.nn.normalize_moments"
    mean = _broadcast(inputs[0].shape, inputs[1].shape, what)
    variance = _broadcast(_broadcast(inputs[0].shape, inputs[2].shape, what), mean, what)
    if len(inputs) > 3:
        mean = _broadcast(mean, inputs[3].shape, what)
    return [(inputs[0].dtype, mean), (inputs[0].dtype, variance)]


@op(
    "NormalizeMoments",
    dtypes=INEXACT,
    inputs=("counts", "mean_ss", "variance_ss", "*shift"),
    shape=_normalized_shape,
    api_name="nn.normalize_moments",
)
def _normalize_moments(counts, mean_ss, variance_ss, *shift):
    inverse = 1 / counts
    shifted = mean_ss * inverse
    mean = shifted + shift[0] if shift else shifted
    return mean, variance_ss * inverse - shifted * shifted


@export("nn.normalize_moments")
def normalize_moments(
    counts: Any, mean_ss: Any, variance_ss: Any, shift: Any, name: str | None = None
) -> tuple[Any, Any]:
    """Mean and variance from what `tf.nn.sufficient_statistics` gives.

    Args:
      counts: Scalar tensor, the number of values summed.
      mean_ss: Tensor, the sums (of values less `shift`).
      variance_ss: Tensor, the sums of squares (of values less `shift`).
      shift: The shift used, or None.
      name: Optional name of the node in graphs.
    Returns:
      Two tensors: mean and variance.

    >>> mean, variance = tf.nn.normalize_moments(2.0, 3.0, 5.0, None)
    >>> mean.numpy(), variance.numpy()
    (np.float32(1.5), np.float32(0.25))
    """
    inputs: tuple[Any, ...] = (counts, mean_ss, variance_ss)
    if shift is not None:
        inputs += (shift,)
    return apply(_normalize_moments, inputs, (), name)  # type: ignore[no-any-return]


def _batch_norm_shape(inputs: Sequence[Any], attrs: Mapping[str, Any]) -> Specs:
    shape = inputs[0].shape
    for other in inputs[1:]:
        shape = _broadcast(shape, other.shape, "tf.nn.batch_normalization")
    return [(inputs[0].dtype, shape)]


@op(
    "BatchNormalization",
    dtypes={"x": INEXACT, "mean": _STATISTIC, "variance": _STATISTIC, "parameters": _STATISTIC},
    inputs=("x", "mean", "variance", "*parameters"),
    shape=_batch_norm_shape,
    api_name="nn.batch_normalization",
)
def _batch_normalization(x, mean, variance, *parameters, epsilon, has_offset, has_scale):
    rest = iter(parameters)
    offset = next(rest) if has_offset else None
    scale = next(rest) if has_scale else None
    added = next(rest) if epsilon is None else jnp.asarray(epsilon, variance.dtype)
    inverse = lax.rsqrt(variance + added)
    if scale is not None:
        inverse = inverse * scale
    shift = -mean * inverse if offset is None else offset - mean * inverse
    return x * inverse.astype(x.dtype) + shift.astype(x.dtype)


@export("nn.batch_normalization")
def batch_normalization(
    x: Any,
    mean: Any,
    variance: Any,
    offset: Any,
    scale: Any,
    variance_epsilon: Any,
    name: str | None = None,
) -> Any:
    """Normalizes `x` by a mean and a variance.

    The result is `scale * (x - mean) / sqrt(variance + variance_epsilon) + offset`.

    Args:
      x: Floating point tensor.
      mean: Tensor that broadcasts against `x`; its dtype may be wider.
      variance: Tensor of `mean`'s dtype that broadcasts against `x`.
      offset: Tensor (beta) of that dtype, or None.
      scale: Tensor (gamma) of that dtype, or None.
      variance_epsilon: Small number added to the variance.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `x`'s dtype.
    Source: Ioffe, Szegedy, "Batch normalization", 2015, arXiv:1502.03167.

    >>> tf.nn.batch_normalization([1.0, 3.0], 2.0, 1.0, None, 2.0, 0.0).numpy()
    array([-2.,  2.], dtype=float32)
    """
    parameters = [p for p in (offset, scale) if p is not None]
    epsilon: float | None = None
    if isinstance(variance_epsilon, (int, float)):
        epsilon = float(variance_epsilon)
    else:
        parameters.append(variance_epsilon)
    attrs = (
        ("epsilon", epsilon),
        ("has_offset", offset is not None),
        ("has_scale", scale is not None),
    )
    return apply(_batch_normalization, (x, mean, variance, *parameters), attrs, name)


@export("nn.batch_norm_with_global_normalization")
def batch_norm_with_global_normalization(
    input: Any,
    mean: Any,
    variance: Any,
    beta: Any,
    gamma: Any,
    variance_epsilon: Any,
    scale_after_normalization: bool,
    name: str | None = None,
) -> Any:
    """Batch normalization under its old name; use `tf.nn.batch_normalization`.

    Args:
      input: Floating point tensor, in general of rank 4.
      mean: Tensor that broadcasts against `input`.
      variance: Tensor that broadcasts against `input`.
      beta: Tensor that is added.
      gamma: Tensor that is multiplied with, where `scale_after_normalization` is true.
      variance_epsilon: Small number added to the variance.
      scale_after_normalization: Whether `gamma` is used.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `input`'s dtype.

    >>> tf.nn.batch_norm_with_global_normalization([3.0], 2.0, 1.0, 0.5, 9.0, 0.0, False).numpy()
    array([1.5], dtype=float32)
    """
    scale = gamma if scale_after_normalization else None
    return batch_normalization(input, mean, variance, beta, scale, variance_epsilon, name)


def _lrn_shape(inputs: Sequence[Any], attrs: Mapping[str, Any]) -> Specs:
    shape = inputs[0].shape
    if shape.rank not in (4, None):
        raise errors.op_error(
            errors.GraphInvalidArgumentError,
            "tf.nn.local_response_normalization",
            f"input must be 4-dimensional, got {shape}",
        )
    return [(inputs[0].dtype, TensorShape([None] * 4) if shape.rank is None else shape)]


@op(
    "LRN",
    dtypes={float16, bfloat16, float32},
    shape=_lrn_shape,
    api_name="nn.local_response_normalization",
)
def _local_response_normalization(input, *, depth_radius, bias, alpha, beta):
    if input.ndim != 4:
        raise ValueError(f"input must be 4-dimensional, got {input.ndim} dimensions")
    wide = input.astype(jnp.float32)
    depth = input.shape[3]
    radius = min(depth_radius, max(depth - 1, 0))
    # Sums of slices: XLA fuses them to one loop, where reduce_window is a scalar loop on CPU.
    padded = jnp.pad(wide * wide, ((0, 0), (0, 0), (0, 0), (radius, radius)))
    total = sum(padded[..., i : i + depth] for i in range(2 * radius + 1))
    norm = bias + alpha * total
    return (wide * norm ** (-beta)).astype(input.dtype)


@export("nn.local_response_normalization", "nn.lrn")
def local_response_normalization(
    input: Any,
    depth_radius: int = 5,
    bias: float = 1,
    alpha: float = 1,
    beta: float = 0.5,
    name: str | None = None,
) -> Any:
    """Divides each value by a power of the squared sum of its neighbours in the last dimension.

    `output = input / (bias + alpha * sqr_sum) ** beta`, where `sqr_sum` adds the squares of the
    values at most `depth_radius` channels away.

    Args:
      input: Tensor of rank 4; float16, bfloat16 or float32.
      depth_radius: Python int, half the width of the window.
      bias: Python float, usually positive to avoid division by 0.
      alpha: Python float, the factor of the squares.
      beta: Python float, the exponent.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `input`'s shape and dtype.
    Source: Krizhevsky, Sutskever, Hinton, "ImageNet classification with deep convolutional neural
      networks", 2012.

    >>> tf.nn.local_response_normalization([[[[3.0, 4.0]]]], bias=0.0).numpy()
    array([[[[0.6, 0.8]]]], dtype=float32)
    """
    attrs = (
        ("depth_radius", int(depth_radius)),
        ("bias", float(bias)),
        ("alpha", float(alpha)),
        ("beta", float(beta)),
    )
    return apply(_local_response_normalization, (input,), attrs, name)


def _bias_shape(inputs: Sequence[Any], attrs: Mapping[str, Any]) -> Specs:
    value, bias = inputs
    shape = value.shape
    if bias.shape.rank not in (1, None) or shape.rank in (0, 1):
        raise errors.op_error(
            errors.GraphInvalidArgumentError,
            "tf.nn.bias_add",
            f"value must have at least 2 dimensions and bias must have one dimension, got {shape} "
            f"and {bias.shape}",
        )
    if shape.rank is not None and shape.rank >= 2 and bias.shape.rank == 1:
        channel = 1 if attrs["channels_first"] else shape.rank - 1
        dims: list[Any] = [None] * shape.rank
        dims[channel] = bias.shape.as_list()[0]
        try:
            shape = shape.merge_with(TensorShape(dims))
        except ValueError:
            raise errors.op_error(
                errors.GraphInvalidArgumentError,
                "tf.nn.bias_add",
                f"Dimensions must be equal: value is {value.shape}, bias {bias.shape}",
            ) from None
    return [(value.dtype, shape)]


@op("BiasAdd", dtypes=NUMERIC, shape=_bias_shape, api_name="nn.bias_add")
def _bias_add(value, bias, *, channels_first):
    if bias.ndim != 1:
        raise ValueError(f"bias must have one dimension, got {bias.ndim}")
    if value.ndim < 2:
        raise ValueError(f"value must have at least 2 dimensions, got {value.ndim}")
    channel = 1 if channels_first else value.ndim - 1
    if value.shape[channel] != bias.shape[0]:
        raise ValueError(
            f"value has {value.shape[channel]} channels (dimension {channel}), bias "
            f"{bias.shape[0]} values: they must be equal"
        )
    return value + bias.reshape(bias.shape + (1,) * (value.ndim - 1 - channel))


@export("nn.bias_add")
def bias_add(value: Any, bias: Any, data_format: str | None = None, name: str | None = None) -> Any:
    """Adds `bias` to the channels of `value`.

    Args:
      value: Tensor of rank 2 or more, of any numeric dtype.
      bias: Tensor of rank 1 and the same dtype, one value for each channel.
      data_format: `"N...C"` (None means this) for channels in the last dimension, `"NC..."` for
        channels in dimension 1; `"NHWC"`, `"NCHW"` and the like are such.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `value`'s shape and dtype.
    Raises:
      ValueError: `data_format` is neither.
      InvalidArgumentError: the shapes or dtypes do not fit.

    >>> tf.nn.bias_add([[1.0, 2.0]], [0.5, 0.0]).numpy()
    array([[1.5, 2. ]], dtype=float32)
    """
    if data_format is None or (data_format[:1] == "N" and data_format[-1:] == "C"):
        channels_first = data_format == "NC"
    elif data_format.startswith("NC"):
        channels_first = True
    else:
        raise errors.op_error(
            ValueError,
            "tf.nn.bias_add",
            f"data_format must be of the form N...C or NC..., got {data_format!r}",
        )
    return apply(_bias_add, (value, bias), (("channels_first", channels_first),), name)
