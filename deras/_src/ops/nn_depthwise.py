"""Depthwise and separable convolutions: each channel has its own kernels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from deras._src import errors
from deras._src.core.dtypes import FLOATING
from deras._src.core.tensor_shape import TensorShape
from deras._src.dispatch.apply import apply
from deras._src.dispatch.convert import convert_inputs
from deras._src.ops.array_shape import shape as shape_of
from deras._src.ops.nn_conv_kernels import (
    depthwise_convolve,
    depthwise_input_gradient,
    depthwise_kernel_gradient,
)
from deras._src.ops.nn_conv_ops import CONV, known_dims, need_format
from deras._src.ops.nn_windows import (
    Window,
    channels_back,
    channels_last,
    is_channels_first,
    join_dims,
    need_positive,
    per_dimension,
    read_padding,
    split_dims,
)
from deras._src.ops.shapes import Specs
from deras._src.registry import OpRecord, op
from deras._src.util.export import export

_WHAT = "tf.nn.depthwise_conv2d"


def _check(rank: int, channels: int, kernel: Sequence[int]) -> None:
    if rank != 4 or len(kernel) != 4:
        raise errors.op_error(
            errors.InvalidArgumentError,
            _WHAT,
            f"input and filter must have 4 dimensions, got {rank} and {len(kernel)}",
        )
    if channels != kernel[2]:
        raise errors.op_error(
            errors.InvalidArgumentError,
            _WHAT,
            f"input has {channels} channels, filter has kernels for {kernel[2]}",
        )


def _shape(inputs: Sequence[Any], attrs: Mapping[str, Any]) -> Specs:
    x, w = inputs[0].shape, inputs[1].shape
    window: Window = attrs["window"]
    kernel = [None] * 4 if w.rank is None else w.as_list()
    batch: list[Any] = [None]
    spatial: list[Any] = [None, None]
    channels = kernel[2] if len(kernel) == 4 else None
    if len(kernel) != 4 or x.rank not in (4, None):
        raise errors.op_error(
            errors.GraphInvalidArgumentError, _WHAT, f"shapes must be of rank 4, got {x} and {w}"
        )
    if x.rank == 4:
        batch, spatial, depth = split_dims(x, window)
        if None not in (depth, channels) and depth != channels:
            raise errors.op_error(
                errors.GraphInvalidArgumentError,
                _WHAT,
                f"input has {depth} channels, filter has kernels for {channels}",
            )
        channels = depth if channels is None else channels
    total = None if None in (channels, kernel[3]) else channels * kernel[3]  # type: ignore[operator]
    out = window.out_dims(spatial, kernel[:2])
    return [(inputs[0].dtype, join_dims(batch, out, total, window))]


def _sizes_shape(position: int) -> Any:
    def shape(inputs: Sequence[Any], attrs: Mapping[str, Any]) -> Specs:
        known = known_dims(inputs[position])
        return [(inputs[2].dtype, TensorShape([None] * 4 if known is None else known))]

    return shape


# The three are each other's gradients, as those of the ordinary convolutions.
def _gradient(record: OpRecord, grad: Any) -> tuple[Any, ...]:
    x, w = record.inputs
    return (
        apply(depthwise_input_op, (shape_of(x), w, grad), record.attrs),
        apply(depthwise_filter_op, (x, shape_of(w), grad), record.attrs),
    )


@op(
    "DepthwiseConv2dNative",
    dtypes=FLOATING,
    gradient=_gradient,
    shape=_shape,
    api_name="nn.depthwise_conv2d",
)
def depthwise_op(input, filter, *, window):
    need_format(window, _WHAT, errors.UnimplementedError)
    x = channels_last(input, window)
    _check(x.ndim, x.shape[-1], filter.shape)
    return channels_back(depthwise_convolve(x, filter, window), window)


def _input_gradient(record: OpRecord, grad: Any) -> tuple[Any, ...]:
    _, w, out = record.inputs
    return (
        None,
        apply(depthwise_filter_op, (grad, shape_of(w), out), record.attrs),
        apply(depthwise_op, (grad, w), record.attrs),
    )


@op(
    "DepthwiseConv2dNativeBackpropInput",
    dtypes=FLOATING,
    host_args=("input_sizes",),
    gradient=_input_gradient,
    shape=_sizes_shape(0),
    api_name="nn.depthwise_conv2d_backprop_input",
)
def depthwise_input_op(input_sizes, filter, out_backprop, *, window):
    need_format(window, _WHAT, errors.UnimplementedError)
    sizes = tuple(int(n) for n in input_sizes)
    if window.channels_first and len(sizes) == 4:
        sizes = (sizes[0], *sizes[2:], sizes[1])
    g = channels_last(out_backprop, window)
    _check(len(sizes), sizes[-1], filter.shape)
    _check_output(sizes, filter.shape, g, window)
    return channels_back(depthwise_input_gradient(filter, g, sizes[1:3], window), window)


def _check_output(sizes, kernel, g, window):
    out = (sizes[0], *window.out_dims(sizes[1:3], kernel[:2]), kernel[2] * kernel[3])
    if g.shape != out:
        raise errors.op_error(
            errors.InvalidArgumentError,
            _WHAT,
            f"out_backprop must have shape {out} (batch, spatial, channels), got {g.shape}",
        )


def _filter_gradient(record: OpRecord, grad: Any) -> tuple[Any, ...]:
    x, _, out = record.inputs
    return (
        apply(depthwise_input_op, (shape_of(x), grad, out), record.attrs),
        None,
        apply(depthwise_op, (x, grad), record.attrs),
    )


@op(
    "DepthwiseConv2dNativeBackpropFilter",
    dtypes=FLOATING,
    host_args=("filter_sizes",),
    gradient=_filter_gradient,
    shape=_sizes_shape(1),
    api_name="nn.depthwise_conv2d_backprop_filter",
)
def depthwise_filter_op(input, filter_sizes, out_backprop, *, window):
    need_format(window, _WHAT, errors.UnimplementedError)
    kernel = tuple(int(n) for n in filter_sizes)
    x, g = channels_last(input, window), channels_last(out_backprop, window)
    _check(x.ndim, x.shape[-1], kernel)
    _check_output(x.shape, kernel, g, window)
    return depthwise_kernel_gradient(x, g, kernel, window)


def _window(strides: Any, padding: Any, data_format: Any, dilations: Any, what: str) -> Window:
    first = is_channels_first(data_format, 2, what)
    kind = errors.InvalidArgumentError
    steps = per_dimension(strides, 2, first, "strides", what, kind)
    rates = per_dimension(dilations, 2, first, "dilations", what)
    need_positive(steps, "strides", what)
    need_positive(rates, "dilations", what)
    return Window(steps, read_padding(padding, 2, first, what), rates, first)


@export("nn.depthwise_conv2d")
def depthwise_conv2d(
    input: Any,
    filter: Any,
    strides: Any,
    padding: Any,
    data_format: str | None = None,
    dilations: Any = None,
    name: str | None = None,
) -> Any:
    """Convolution of each channel with its own `multiplier` kernels.

    Output channel `c * multiplier + m` is input channel `c` convolved with
    `filter[:, :, c, m]`.

    Args:
      input: Tensor `[batch, height, width, channels]`; floating point.
      filter: Tensor `[kernel height, kernel width, channels, multiplier]` of the same dtype.
      strides: List of 4 ints, 1 for batch and channels.
      padding: `"SAME"`, `"VALID"`, or a list of four pairs (cells before, cells after).
      data_format: `"NHWC"` (None means this), or `"NCHW"` (not on CPU).
      dilations: List of 2 ints, the distance of the kernel's cells; None means 1.
      name: Optional name of the node in graphs.
    Returns:
      Tensor `[batch, out height, out width, channels * multiplier]`.
    Raises:
      InvalidArgumentError: the shapes do not fit.
      UnimplementedError: `data_format` is `"NCHW"` on CPU.

    >>> x, kernel = tf.ones([1, 2, 2, 2]), tf.ones([2, 2, 2, 1])
    >>> tf.nn.depthwise_conv2d(x, kernel, [1, 1, 1, 1], "VALID").numpy().ravel()
    array([4., 4.], dtype=float32)
    """
    window = _window(strides, padding, data_format, dilations, _WHAT)
    return apply(depthwise_op, (input, filter), (("window", window),), name)


@export("nn.depthwise_conv2d_backprop_input")
def depthwise_conv2d_backprop_input(
    input_sizes: Any,
    filter: Any,
    out_backprop: Any,
    strides: Any,
    padding: Any,
    data_format: str = "NHWC",
    dilations: Any = (1, 1, 1, 1),
    name: str | None = None,
) -> Any:
    """The gradient of `tf.nn.depthwise_conv2d` to its input.

    Args:
      input_sizes: The four ints of the input's shape, as a list or a tensor.
      filter: Tensor `[kernel height, kernel width, channels, multiplier]`; floating point.
      out_backprop: Tensor of the convolution's output shape, the gradient to it.
      strides: List of 4 ints, as given to the convolution.
      padding: As given to the convolution.
      data_format: `"NHWC"`, or `"NCHW"` (not on CPU).
      dilations: List of 4 ints, as given to the convolution.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of shape `input_sizes`.

    >>> kernel, grad = tf.ones([2, 2, 1, 1]), tf.ones([1, 1, 1, 1])
    >>> strides = [1, 1, 1, 1]
    >>> tf.nn.depthwise_conv2d_backprop_input(
    ...     [1, 2, 2, 1], kernel, grad, strides, "VALID").numpy().ravel()
    array([1., 1., 1., 1.], dtype=float32)
    """
    what = "tf.nn.depthwise_conv2d_backprop_input"
    window = _window(strides, padding, data_format, dilations, what)
    inputs = (input_sizes, filter, out_backprop)
    return apply(depthwise_input_op, inputs, (("window", window),), name)


@export("nn.depthwise_conv2d_backprop_filter")
def depthwise_conv2d_backprop_filter(
    input: Any,
    filter_sizes: Any,
    out_backprop: Any,
    strides: Any,
    padding: Any,
    data_format: str = "NHWC",
    dilations: Any = (1, 1, 1, 1),
    name: str | None = None,
) -> Any:
    """The gradient of `tf.nn.depthwise_conv2d` to its filter.

    Args:
      input: Tensor `[batch, height, width, channels]`; floating point.
      filter_sizes: The four ints of the filter's shape, as a list or a tensor.
      out_backprop: Tensor of the convolution's output shape, the gradient to it.
      strides: List of 4 ints, as given to the convolution.
      padding: As given to the convolution.
      data_format: `"NHWC"`, or `"NCHW"` (not on CPU).
      dilations: List of 4 ints, as given to the convolution.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of shape `filter_sizes`.

    >>> x, grad = tf.ones([1, 2, 2, 1]), tf.ones([1, 1, 1, 1])
    >>> strides = [1, 1, 1, 1]
    >>> tf.nn.depthwise_conv2d_backprop_filter(
    ...     x, [2, 2, 1, 1], grad, strides, "VALID").numpy().ravel()
    array([1., 1., 1., 1.], dtype=float32)
    """
    what = "tf.nn.depthwise_conv2d_backprop_filter"
    window = _window(strides, padding, data_format, dilations, what)
    inputs = (input, filter_sizes, out_backprop)
    return apply(depthwise_filter_op, inputs, (("window", window),), name)


@export("nn.separable_conv2d")
def separable_conv2d(
    input: Any,
    depthwise_filter: Any,
    pointwise_filter: Any,
    strides: Any,
    padding: Any,
    data_format: str | None = None,
    dilations: Any = None,
    name: str | None = None,
) -> Any:
    """A depthwise convolution, then a 1x1 convolution that mixes the channels.

    Args:
      input: Tensor `[batch, height, width, channels]`; floating point.
      depthwise_filter: Tensor `[kernel height, kernel width, channels, multiplier]`.
      pointwise_filter: Tensor `[1, 1, channels * multiplier, out channels]`.
      strides: List of 4 ints, 1 for batch and channels: those of the depthwise convolution.
      padding: `"SAME"`, `"VALID"`, or a list of four pairs, as `tf.nn.depthwise_conv2d` takes it.
      data_format: `"NHWC"` (None means this), or `"NCHW"` (not on CPU).
      dilations: List of 2 ints, the distance of the kernel's cells; None means 1.
      name: Optional name of the node in graphs.
    Returns:
      Tensor `[batch, out height, out width, out channels]`.
    Raises:
      ValueError: `pointwise_filter` is not 1x1.
      InvalidArgumentError: the shapes do not fit.
    Source: Chollet, "Xception: deep learning with depthwise separable convolutions", 2016.

    >>> x, kernel, mix = tf.ones([1, 2, 2, 2]), tf.ones([2, 2, 2, 1]), tf.ones([1, 1, 2, 1])
    >>> tf.nn.separable_conv2d(x, kernel, mix, [1, 1, 1, 1], "VALID").numpy().ravel()
    array([8.], dtype=float32)
    """
    what = "tf.nn.separable_conv2d"
    input, depthwise_filter = convert_inputs(depthwise_op, (input, depthwise_filter))
    input, pointwise_filter = convert_inputs(depthwise_op, (input, pointwise_filter))
    shape = pointwise_filter.shape
    if shape.rank is not None and (
        shape.rank != 4 or not shape[:2].is_compatible_with(TensorShape([1, 1]))
    ):
        raise errors.op_error(
            ValueError, what, f"pointwise_filter must have shape (1, 1, in, out), got {shape}"
        )
    window = _window(strides, padding, data_format, dilations, what)
    middle = apply(depthwise_op, (input, depthwise_filter), (("window", window),), name)
    point = Window((1, 1), "VALID", (1, 1), window.channels_first)
    return apply(CONV[2].conv, (middle, pointwise_filter), (("window", point),), name)
