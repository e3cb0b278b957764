"""`tf.nn.conv2d` and its relatives: convolutions of one to three spatial dimensions."""

from __future__ import annotations

from typing import Any

from deras._src import errors
from deras._src.dispatch.apply import apply
from deras._src.dispatch.convert import convert, convert_inputs
from deras._src.ops.nn_conv_ops import CONV
from deras._src.ops.nn_windows import (
    Window,
    is_channels_first,
    need_positive,
    per_dimension,
    read_padding,
)
from deras._src.util.export import export


def _window(
    rank: int,
    strides: Any,
    padding: Any,
    data_format: Any,
    dilations: Any,
    what: str,
    explicit: bool = False,
) -> Window:
    first = is_channels_first(data_format, rank, what)
    steps = per_dimension(strides, rank, first, "strides", what)
    rates = per_dimension(dilations, rank, first, "dilations", what)
    need_positive(steps, "strides", what)
    need_positive(rates, "dilations", what)
    return Window(steps, read_padding(padding, rank, first, what, explicit), rates, first)


def _convolve(rank: int, input: Any, filters: Any, window: Window, name: str | None) -> Any:
    return apply(CONV[rank].conv, (input, filters), (("window", window),), name)


@export("nn.conv1d")
def conv1d(
    input: Any,
    filters: Any,
    stride: Any,
    padding: Any,
    data_format: str = "NWC",
    dilations: Any = None,
    name: str | None = None,
) -> Any:
    """Convolution over one spatial dimension (in fact a correlation: the kernel is not turned).

    Args:
      input: Tensor `[batch..., width, channels]`; float16, bfloat16, float32, float64 or int32.
      filters: Tensor `[kernel width, channels, out channels]` of the same dtype. Where it takes a
        divisor of the input's channels, the convolution is grouped.
      stride: Python int, or a list of 1 or 3 ints.
      padding: `"SAME"` (the output has ceil(width / stride) places) or `"VALID"`.
      data_format: `"NWC"`, or `"NCW"` (not on CPU).
      dilations: Python int, or a list of 1 or 3 ints: the distance of the kernel's cells.
      name: Optional name of the node in graphs.
    Returns:
      Tensor `[batch..., out width, out channels]`.
    Raises:
      InvalidArgumentError: the shapes do not fit.
      UnimplementedError: `data_format` is `"NCW"` on CPU.

    >>> x, kernel = tf.reshape([1.0, 2.0, 3.0], [1, 3, 1]), tf.ones([2, 1, 1])
    >>> tf.nn.conv1d(x, kernel, stride=1, padding="VALID").numpy().ravel()
    array([3., 5.], dtype=float32)
    """
    window = _window(1, stride, padding, data_format, dilations, "tf.nn.conv1d")
    return _convolve(1, input, filters, window, name)


@export("nn.conv2d")
def conv2d(
    input: Any,
    filters: Any,
    strides: Any,
    padding: Any,
    data_format: str = "NHWC",
    dilations: Any = None,
    name: str | None = None,
) -> Any:
    """Convolution over two spatial dimensions (in fact a correlation: the kernel is not turned).

    Args:
      input: Tensor `[batch..., height, width, channels]`; float16, bfloat16, float32, float64 or
        int32.
      filters: Tensor `[kernel height, kernel width, channels, out channels]` of the same dtype.
        Where it takes a divisor of the input's channels, the convolution is grouped.
      strides: Python int, or a list of 1, 2 or 4 ints.
      padding: `"SAME"`, `"VALID"`, or a list of four pairs (cells before, cells after), those of
        batch and channels being (0, 0).
      data_format: `"NHWC"`, or `"NCHW"` (not on CPU).
      dilations: Python int, or a list of 1, 2 or 4 ints: the distance of the kernel's cells.
      name: Optional name of the node in graphs.
    Returns:
      Tensor `[batch..., out height, out width, out channels]`.
    Raises:
      InvalidArgumentError: the shapes do not fit.
      UnimplementedError: `data_format` is `"NCHW"` on CPU.

    >>> x, kernel = tf.ones([1, 3, 3, 1]), tf.ones([2, 2, 1, 1])
    >>> tf.nn.conv2d(x, kernel, strides=1, padding="VALID").numpy().reshape(2, 2)
    array([[4., 4.],
           [4., 4.]], dtype=float32)
    """
    window = _window(2, strides, padding, data_format, dilations, "tf.nn.conv2d", explicit=True)
    return _convolve(2, input, filters, window, name)


@export("nn.conv3d")
def conv3d(
    input: Any,
    filters: Any,
    strides: Any,
    padding: Any,
    data_format: str = "NDHWC",
    dilations: Any = None,
    name: str | None = None,
) -> Any:
    """Convolution over three spatial dimensions (in fact a correlation).

    Args:
      input: Tensor `[batch..., depth, height, width, channels]`; float16, bfloat16, float32 or
        float64.
      filters: Tensor `[kernel depth, kernel height, kernel width, channels, out channels]`.
      strides: Python int, or a list of 1, 3 or 5 ints.
      padding: `"SAME"` or `"VALID"`.
      data_format: `"NDHWC"`, or `"NCDHW"` (not on CPU).
      dilations: Python int, or a list of 1, 3 or 5 ints: the distance of the kernel's cells.
      name: Optional name of the node in graphs.
    Returns:
      Tensor `[batch..., out depth, out height, out width, out channels]`.
    Raises:
      InvalidArgumentError: the shapes do not fit, or `data_format` is `"NCDHW"` on CPU.

    >>> x, kernel = tf.ones([1, 2, 2, 2, 1]), tf.ones([2, 2, 2, 1, 3])
    >>> tf.nn.conv3d(x, kernel, [1, 1, 1, 1, 1], "VALID").numpy().ravel()
    array([8., 8., 8.], dtype=float32)
    """
    window = _window(3, strides, padding, data_format, dilations, "tf.nn.conv3d")
    return _convolve(3, input, filters, window, name)


def _ranks(input: Any, filters: Any, what: str, sizes: Any = None) -> int:
    """The number of spatial dimensions, from the filters, the input or the output shape."""
    known = [t.shape.rank for t in (filters, input) if t.shape.rank is not None]
    if sizes is not None:
        known += [len(sizes) if isinstance(sizes, (list, tuple)) else convert(sizes).shape[0]]
    if not known or known[0] is None:
        raise errors.op_error(ValueError, what, "the rank of input or filters must be known")
    rank = known[0] - 2
    if rank not in (1, 2, 3):
        raise errors.op_error(
            ValueError, what, f"there must be 1, 2 or 3 spatial dimensions, but filters have {rank}"
        )
    return int(rank)


@export("nn.convolution")
def convolution(
    input: Any,
    filters: Any,
    strides: Any = None,
    padding: Any = "VALID",
    data_format: str | None = None,
    dilations: Any = None,
    name: str | None = None,
) -> Any:
    """Convolution over the one, two or three spatial dimensions that `filters` has.

    Args:
      input: Tensor `[batch..., spatial..., channels]`; floating point.
      filters: Tensor `[kernel spatial..., channels, out channels]` of the same dtype.
      strides: Python int or list of ints, one for each spatial dimension; None means 1.
      padding: `"SAME"` or `"VALID"`.
      data_format: None, or `"NWC"`, `"NHWC"`, `"NDHWC"`; `"NCW"` and its like not on CPU.
      dilations: Python int or list of ints, the distance of the kernel's cells; None means 1.
      name: Optional name of the node in graphs.
    Returns:
      Tensor `[batch..., out spatial..., out channels]`.
    Raises:
      ValueError: strides and dilations are both larger than 1, or the rank is wrong.
      InvalidArgumentError: the shapes do not fit.

    >>> x, kernel = tf.reshape([1.0, 2.0, 3.0], [1, 3, 1]), tf.ones([2, 1, 1])
    >>> tf.nn.convolution(x, kernel).numpy().ravel()
    array([3., 5.], dtype=float32)
    """
    what = "tf.nn.convolution"
    input, filters = convert_inputs(CONV[2].conv, (input, filters))
    rank = _ranks(input, filters, what)
    window = _window(rank, strides, padding, data_format, dilations, what)
    if max(window.strides) > 1 and max(window.dilations) > 1:
        raise errors.op_error(
            ValueError,
            what,
            f"strides > 1 are not supported together with dilations > 1, got {window.strides} and "
            f"{window.dilations}",
        )
    return _convolve(rank, input, filters, window, name)


@export("nn.atrous_conv2d")
def atrous_conv2d(
    value: Any, filters: Any, rate: int, padding: str, name: str | None = None
) -> Any:
    """Convolution whose kernel's cells are `rate` apart: `tf.nn.conv2d` with dilations.

    Args:
      value: Tensor `[batch, height, width, channels]`; floating point.
      filters: Tensor `[kernel height, kernel width, channels, out channels]`.
      rate: Python int, at least 1.
      padding: `"SAME"` or `"VALID"`.
      name: Optional name of the node in graphs.
    Returns:
      Tensor `[batch, out height, out width, out channels]`.
    Raises:
      ValueError: `rate` is not positive, or `padding` is neither.

    >>> x, kernel = tf.ones([1, 3, 3, 1]), tf.ones([2, 2, 1, 1])
    >>> tf.nn.atrous_conv2d(x, kernel, rate=2, padding="VALID").numpy().ravel()
    array([4.], dtype=float32)
    """
    what = "tf.nn.atrous_conv2d"
    _check_atrous(rate, padding, what)
    window = Window((1, 1), padding, (int(rate),) * 2, False)
    return _convolve(2, value, filters, window, name)


def _check_atrous(rate: Any, padding: Any, what: str) -> None:
    if rate < 1:
        raise errors.op_error(ValueError, what, f"rate must be positive, got {rate}")
    if padding not in ("SAME", "VALID"):
        raise errors.op_error(
            ValueError, what, f"padding must be 'SAME' or 'VALID', got {padding!r}"
        )


def _transpose(
    rank: int, input: Any, filters: Any, output_shape: Any, window: Window, name: str | None
) -> Any:
    inputs = (output_shape, filters, input)
    return apply(CONV[rank].input, inputs, (("window", window),), name)


@export("nn.conv1d_transpose")
def conv1d_transpose(
    input: Any,
    filters: Any,
    output_shape: Any,
    strides: Any,
    padding: Any = "SAME",
    data_format: str = "NWC",
    dilations: Any = None,
    name: str | None = None,
) -> Any:
    """The transpose of `tf.nn.conv1d`: the gradient of a convolution, used to upsample.

    Args:
      input: Tensor `[batch, width, channels]`; floating point.
      filters: Tensor `[kernel width, out channels, channels]` of the same dtype.
      output_shape: The three ints of the result's shape, as a list or a tensor.
      strides: Python int, or a list of 1 or 3 ints.
      padding: `"SAME"` or `"VALID"`.
      data_format: `"NWC"`, or `"NCW"` (not on CPU).
      dilations: Python int, or a list of 1 or 3 ints.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of shape `output_shape`.
    Raises:
      InvalidArgumentError: `output_shape` is not one that gives `input`'s shape.

    >>> x, kernel = tf.reshape([1.0, 2.0], [1, 2, 1]), tf.ones([2, 1, 1])
    >>> tf.nn.conv1d_transpose(x, kernel, [1, 4, 1], strides=2).numpy().ravel()
    array([1., 1., 2., 2.], dtype=float32)
    """
    what = "tf.nn.conv1d_transpose"
    window = _window(1, strides, padding, data_format, dilations, what)
    return _transpose(1, input, filters, output_shape, window, name)


@export("nn.conv2d_transpose")
def conv2d_transpose(
    input: Any,
    filters: Any,
    output_shape: Any,
    strides: Any,
    padding: Any = "SAME",
    data_format: str = "NHWC",
    dilations: Any = None,
    name: str | None = None,
) -> Any:
    """The transpose of `tf.nn.conv2d`: the gradient of a convolution, used to upsample.

    Args:
      input: Tensor `[batch, height, width, channels]`; floating point.
      filters: Tensor `[kernel height, kernel width, out channels, channels]` of the same dtype.
      output_shape: The four ints of the result's shape, as a list or a tensor.
      strides: Python int, or a list of 1, 2 or 4 ints.
      padding: `"SAME"`, `"VALID"`, or a list of four pairs, as `tf.nn.conv2d` takes it.
      data_format: `"NHWC"`, or `"NCHW"` (not on CPU).
      dilations: Python int, or a list of 1, 2 or 4 ints.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of shape `output_shape`.
    Raises:
      InvalidArgumentError: `output_shape` is not one that gives `input`'s shape.
    Source: Zeiler, Krishnan, Taylor, Fergus, "Deconvolutional networks", 2010.

    >>> x, kernel = tf.reshape([1.0, 2.0], [1, 1, 2, 1]), tf.ones([1, 2, 1, 1])
    >>> tf.nn.conv2d_transpose(x, kernel, [1, 1, 4, 1], strides=[1, 2]).numpy().ravel()
    array([1., 1., 2., 2.], dtype=float32)
    """
    what = "tf.nn.conv2d_transpose"
    window = _window(2, strides, padding, data_format, dilations, what, explicit=True)
    return _transpose(2, input, filters, output_shape, window, name)


@export("nn.conv3d_transpose")
def conv3d_transpose(
    input: Any,
    filters: Any,
    output_shape: Any,
    strides: Any,
    padding: Any = "SAME",
    data_format: str = "NDHWC",
    dilations: Any = None,
    name: str | None = None,
) -> Any:
    """The transpose of `tf.nn.conv3d`: the gradient of a convolution, used to upsample.

    Args:
      input: Tensor `[batch, depth, height, width, channels]`; floating point.
      filters: Tensor `[kernel depth, kernel height, kernel width, out channels, channels]`.
      output_shape: The five ints of the result's shape, as a list or a tensor.
      strides: Python int, or a list of 1, 3 or 5 ints.
      padding: `"SAME"` or `"VALID"`.
      data_format: `"NDHWC"`, or `"NCDHW"` (not on CPU).
      dilations: Python int, or a list of 1, 3 or 5 ints.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of shape `output_shape`.
    Raises:
      InvalidArgumentError: `output_shape` is not one that gives `input`'s shape.

    >>> x, kernel = tf.ones([1, 1, 1, 1, 1]), tf.ones([1, 1, 2, 1, 1])
    >>> tf.nn.conv3d_transpose(x, kernel, [1, 1, 1, 2, 1], [1, 1, 1, 2, 1]).numpy().ravel()
    array([1., 1.], dtype=float32)
    """
    what = "tf.nn.conv3d_transpose"
    window = _window(3, strides, padding, data_format, dilations, what)
    return _transpose(3, input, filters, output_shape, window, name)


@export("nn.conv_transpose")
def conv_transpose(
    input: Any,
    filters: Any,
    output_shape: Any,
    strides: Any,
    padding: Any = "SAME",
    data_format: str | None = None,
    dilations: Any = None,
    name: str | None = None,
) -> Any:
    """The transpose of `tf.nn.convolution` for one, two or three spatial dimensions.

    Args:
      input: Tensor `[batch, spatial..., channels]`; floating point.
      filters: Tensor `[kernel spatial..., out channels, channels]` of the same dtype.
      output_shape: The result's shape, as a list or a tensor of `input`'s rank of ints.
      strides: Python int or list of ints.
      padding: `"SAME"` or `"VALID"`.
      data_format: None, or `"NWC"`, `"NHWC"`, `"NDHWC"`; `"NCW"` and its like not on CPU.
      dilations: Python int or list of ints; None means 1.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of shape `output_shape`.
    Raises:
      ValueError: there are not 1, 2 or 3 spatial dimensions.
      InvalidArgumentError: `output_shape` is not one that gives `input`'s shape.

    >>> x, kernel = tf.reshape([1.0, 2.0], [1, 2, 1]), tf.ones([2, 1, 1])
    >>> tf.nn.conv_transpose(x, kernel, [1, 4, 1], strides=2).numpy().ravel()
    array([1., 1., 2., 2.], dtype=float32)
    """
    what = "tf.nn.conv_transpose"
    input, filters = convert_inputs(CONV[2].conv, (input, filters))
    rank = _ranks(input, filters, what, output_shape)
    window = _window(rank, strides, padding, data_format, dilations, what, explicit=rank == 2)
    return _transpose(rank, input, filters, output_shape, window, name)


@export("nn.atrous_conv2d_transpose")
def atrous_conv2d_transpose(
    value: Any,
    filters: Any,
    output_shape: Any,
    rate: int,
    padding: str,
    name: str | None = None,
) -> Any:
    """The transpose of `tf.nn.atrous_conv2d`.

    Args:
      value: Tensor `[batch, height, width, channels]`; floating point.
      filters: Tensor `[kernel height, kernel width, out channels, channels]` of the same dtype.
      output_shape: The four ints of the result's shape, as a list or a tensor.
      rate: Python int, at least 1: the distance of the kernel's cells.
      padding: `"SAME"` or `"VALID"`.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of shape `output_shape`.
    Raises:
      ValueError: `rate` is not positive, or `padding` is neither.
      InvalidArgumentError: `output_shape` is not one that gives `value`'s shape.

    >>> x, kernel = tf.ones([1, 1, 1, 1]), tf.ones([2, 2, 1, 1])
    >>> tf.nn.atrous_conv2d_transpose(x, kernel, [1, 3, 3, 1], 2, "VALID").numpy().reshape(3, 3)
    array([[1., 0., 1.],
           [0., 0., 0.],
           [1., 0., 1.]], dtype=float32)
    """
    what = "tf.nn.atrous_conv2d_transpose"
    _check_atrous(rate, padding, what)
    window = Window((1, 1), padding, (int(rate),) * 2, False)
    return _transpose(2, value, filters, output_shape, window, name)
