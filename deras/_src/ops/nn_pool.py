"""`tf.nn.max_pool2d`, `tf.nn.avg_pool2d` and their relatives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from deras._src import errors
from deras._src.core.dtypes import (
    FLOATING,
    INDEX,
    REAL,
    DType,
    as_dtype,
    float64,
    int64,
    uint32,
    uint64,
)
from deras._src.core.tensor_shape import TensorShape
from deras._src.dispatch.apply import apply
from deras._src.dispatch.convert import convert
from deras._src.ops.array_shape import shape as shape_of
from deras._src.ops.nn_conv_ops import known_dims, need_format
from deras._src.ops.nn_pool_kernels import (
    avg_pool,
    avg_pool_gradient,
    max_pool,
    max_pool_gradient,
    max_pool_with_positions,
)
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
from deras._src.ops.shapes import Specs, same_as_first
from deras._src.registry import OpDef, OpRecord, op
from deras._src.util.export import export


def _need_rank(rank: int | None, window: Window, what: str, error: Any) -> None:
    if rank != window.rank + 2:
        raise errors.op_error(
            error, what, f"input must have {window.rank + 2} dimensions, got {rank}"
        )


def _pool_dims(input: Any, window: Window, what: str) -> TensorShape:
    shape = input.shape
    if shape.rank is None:
        return TensorShape([None] * (window.rank + 2))
    _need_rank(shape.rank, window, what, errors.GraphInvalidArgumentError)
    batch, spatial, channels = split_dims(shape, window)
    return join_dims(batch, window.out_dims(spatial, window.size), channels, window)


class PoolOps:
    """The pools of one rank, each with its gradient."""

    __slots__ = ("average", "average_grad", "max", "max_grad")

    def __init__(self, rank: int, suffix: str, max_dtypes: frozenset[DType]) -> None:
        largest, mean = f"nn.max_pool{rank}d", f"nn.avg_pool{rank}d"
        # TensorFlow's kernel of three dimensions gives the gradient to all equal maxima.
        all_ties = rank == 3

        def max_shape(inputs: Sequence[Any], attrs: Mapping[str, Any]) -> Specs:
            shape = _pool_dims(inputs[0], attrs["window"], f"tf.{largest}")
            return [(inputs[0].dtype, shape)]

        def max_lowering(input, *, window):
            what = f"tf.{largest}"
            _need_rank(input.ndim, window, what, errors.InvalidArgumentError)
            need_format(window, what)
            return channels_back(max_pool(channels_last(input, window), window), window)

        def max_grad_lowering(input, output, grad, *, window):
            x, y, g = (channels_last(a, window) for a in (input, output, grad))
            return channels_back(max_pool_gradient(x, y, g, window, all_ties), window)

        self.max_grad: OpDef = op(
            f"MaxPool{suffix}Grad", dtypes=max_dtypes, shape=same_as_first, api_name=largest
        )(max_grad_lowering)
        # Explicit, not AUTO, which would split the gradient among equal maxima, slowly.
        self.max: OpDef = op(
            f"MaxPool{suffix}",
            dtypes=max_dtypes,
            gradient=self._max_gradient,
            shape=max_shape,
            api_name=largest,
        )(max_lowering)

        def avg_shape(inputs: Sequence[Any], attrs: Mapping[str, Any]) -> Specs:
            shape = _pool_dims(inputs[0], attrs["window"], f"tf.{mean}")
            return [(inputs[0].dtype, shape)]

        def avg_lowering(value, *, window):
            what = f"tf.{mean}"
            _need_rank(value.ndim, window, what, errors.InvalidArgumentError)
            need_format(window, what)
            return channels_back(avg_pool(channels_last(value, window), window), window)

        def avg_grad_shape(inputs: Sequence[Any], attrs: Mapping[str, Any]) -> Specs:
            known = known_dims(inputs[0])
            return [(inputs[1].dtype, TensorShape([None] * (rank + 2) if known is None else known))]

        def avg_grad_lowering(orig_input_shape, grad, *, window):
            dims = tuple(int(n) for n in orig_input_shape)
            spatial = dims[2:] if window.channels_first else dims[1:-1]
            result = avg_pool_gradient(channels_last(grad, window), spatial, window)
            return channels_back(result, window)

        self.average_grad: OpDef = op(
            f"AvgPool{suffix}Grad",
            dtypes=FLOATING,
            host_args=("orig_input_shape",),
            gradient=self._average_grad_gradient,
            shape=avg_grad_shape,
            api_name=mean,
        )(avg_grad_lowering)
        # Explicit, not AUTO: the transpose of a sum over tiles is a broadcast, of slices it is not.
        self.average: OpDef = op(
            f"AvgPool{suffix}",
            dtypes=FLOATING,
            gradient=self._average_gradient,
            shape=avg_shape,
            api_name=mean,
        )(avg_lowering)

    def _max_gradient(self, record: OpRecord, grad: Any) -> tuple[Any, ...]:
        inputs = (record.inputs[0], record.outputs[0], grad)
        return (apply(self.max_grad, inputs, record.attrs),)

    def _average_gradient(self, record: OpRecord, grad: Any) -> tuple[Any, ...]:
        return (apply(self.average_grad, (shape_of(record.inputs[0]), grad), record.attrs),)

    def _average_grad_gradient(self, record: OpRecord, grad: Any) -> tuple[Any, ...]:
        return None, apply(self.average, (grad,), record.attrs)


_MAX_DTYPES = REAL - {uint32, uint64}
POOL: dict[int, PoolOps] = {
    # TensorFlow has no one-dimensional op: it reshapes to two dimensions and back.
    1: PoolOps(1, "1D", _MAX_DTYPES),
    2: PoolOps(2, "", _MAX_DTYPES),
    3: PoolOps(3, "3D", FLOATING - {float64}),
}


def _window(
    rank: int,
    ksize: Any,
    strides: Any,
    padding: Any,
    data_format: Any,
    what: str,
    explicit: bool = False,
) -> Window:
    first = is_channels_first(data_format, rank, what)
    size = per_dimension(ksize, rank, first, "ksize", what)
    steps = per_dimension(strides, rank, first, "strides", what)
    need_positive(size, "ksize", what)
    need_positive(steps, "strides", what)
    pads = read_padding(padding, rank, first, what, explicit)
    return Window(steps, pads, (1,) * rank, first, size)


def _run(kind: str, rank: int, input: Any, window: Window, name: str | None) -> Any:
    ops = POOL[rank]
    return apply(ops.max if kind == "MAX" else ops.average, (input,), (("window", window),), name)


def _rank_of(input: Any, data_format: Any, what: str) -> int:
    """The number of spatial dimensions, from the data format or else the input."""
    if data_format is not None:
        rank = len(data_format) - 2
    elif input.shape.rank is not None:
        rank = input.shape.rank - 2
    else:
        raise errors.op_error(ValueError, what, "the rank of input must be known")
    if rank not in (1, 2, 3):
        raise errors.op_error(
            ValueError, what, f"input must be of rank 3, 4 or 5, got {input.shape}"
        )
    return int(rank)


@export("nn.max_pool")
def max_pool_nd(
    input: Any,
    ksize: Any,
    strides: Any,
    padding: Any,
    data_format: str | None = None,
    name: str | None = None,
) -> Any:
    """The largest value of each window, over one to three spatial dimensions.

    Args:
      input: Tensor `[batch, spatial..., channels]` of real numbers.
      ksize: Python int or list of ints, the size of the window.
      strides: Python int or list of ints, the distance of windows.
      padding: `"SAME"`, `"VALID"`, or for one and two dimensions a list of a pair (cells before,
        cells after) for each dimension of `input`.
      data_format: None, or `"NWC"`, `"NHWC"`, `"NDHWC"`; `"NCW"` and its like not on CPU.
      name: Optional name of the node in graphs.
    Returns:
      Tensor `[batch, out spatial..., channels]`. Of equal maxima the first one gets the gradient
      (with three spatial dimensions: all of them).
    Raises:
      ValueError: the rank is wrong, or sizes and strides are lists of a wrong length.
      InvalidArgumentError: sizes or strides are not positive.

    >>> x = tf.reshape([1.0, 3.0, 2.0, 0.0], [1, 4, 1])
    >>> tf.nn.max_pool(x, ksize=2, strides=2, padding="VALID").numpy().ravel()
    array([3., 2.], dtype=float32)
    """
    what = "tf.nn.max_pool"
    input = convert(input)
    rank = _rank_of(input, data_format, what)
    window = _window(rank, ksize, strides, padding, data_format, what, explicit=rank < 3)
    return _run("MAX", rank, input, window, name)


@export("nn.max_pool1d")
def max_pool1d(
    input: Any,
    ksize: Any,
    strides: Any,
    padding: Any,
    data_format: str = "NWC",
    name: str | None = None,
) -> Any:
    """The largest value of each window along one dimension; see `tf.nn.max_pool`.

    Args:
      input: Tensor `[batch, width, channels]` of real numbers.
      ksize: Python int, or a list of 1 or 3 ints.
      strides: Python int, or a list of 1 or 3 ints.
      padding: `"SAME"`, `"VALID"`, or a list of three pairs (cells before, cells after).
      data_format: `"NWC"`, or `"NCW"` (not on CPU).
      name: Optional name of the node in graphs.
    Returns:
      Tensor `[batch, out width, channels]`.

    >>> x = tf.reshape([1.0, 3.0, 2.0], [1, 3, 1])
    >>> tf.nn.max_pool1d(x, ksize=2, strides=1, padding="SAME").numpy().ravel()
    array([3., 3., 2.], dtype=float32)
    """
    window = _window(1, ksize, strides, padding, data_format, "tf.nn.max_pool1d", explicit=True)
    return _run("MAX", 1, input, window, name)


@export("nn.max_pool2d")
def max_pool2d(
    input: Any,
    ksize: Any,
    strides: Any,
    padding: Any,
    data_format: str = "NHWC",
    name: str | None = None,
) -> Any:
    """The largest value of each window over two dimensions; see `tf.nn.max_pool`.

    Args:
      input: Tensor `[batch, height, width, channels]` of real numbers.
      ksize: Python int, or a list of 1, 2 or 4 ints.
      strides: Python int, or a list of 1, 2 or 4 ints.
      padding: `"SAME"`, `"VALID"`, or a list of four pairs (cells before, cells after).
      data_format: `"NHWC"`, or `"NCHW"` (not on CPU).
      name: Optional name of the node in graphs.
    Returns:
      Tensor `[batch, out height, out width, channels]`.

    >>> x = tf.reshape([1.0, 3.0, 2.0, 0.0], [1, 2, 2, 1])
    >>> tf.nn.max_pool2d(x, ksize=2, strides=2, padding="SAME").numpy().ravel()
    array([3.], dtype=float32)
    """
    window = _window(2, ksize, strides, padding, data_format, "tf.nn.max_pool2d", explicit=True)
    return _run("MAX", 2, input, window, name)


@export("nn.max_pool3d")
def max_pool3d(
    input: Any,
    ksize: Any,
    strides: Any,
    padding: str,
    data_format: str = "NDHWC",
    name: str | None = None,
) -> Any:
    """The largest value of each window over three dimensions; see `tf.nn.max_pool`.

    Args:
      input: Tensor `[batch, depth, height, width, channels]`; float16, bfloat16 or float32.
      ksize: Python int, or a list of 1, 3 or 5 ints.
      strides: Python int, or a list of 1, 3 or 5 ints.
      padding: `"SAME"` or `"VALID"`.
      data_format: `"NDHWC"`, or `"NCDHW"` (not on CPU).
      name: Optional name of the node in graphs.
    Returns:
      Tensor `[batch, out depth, out height, out width, channels]`. The gradient goes to every
      value that equals the maximum.

    >>> tf.nn.max_pool3d(tf.ones([1, 2, 2, 2, 1]), 2, 2, "VALID").numpy().ravel()
    array([1.], dtype=float32)
    """
    window = _window(3, ksize, strides, padding, data_format, "tf.nn.max_pool3d")
    return _run("MAX", 3, input, window, name)


@export("nn.avg_pool")
def avg_pool_nd(
    input: Any,
    ksize: Any,
    strides: Any,
    padding: str,
    data_format: str | None = None,
    name: str | None = None,
) -> Any:
    """The mean of each window, over one to three spatial dimensions.

    Cells of the padding do not count: at the border the mean is over the cells that are there.

    Args:
      input: Tensor `[batch, spatial..., channels]`; floating point.
      ksize: Python int or list of ints, the size of the window.
      strides: Python int or list of ints, the distance of windows.
      padding: `"SAME"` or `"VALID"`.
      data_format: None, or `"NWC"`, `"NHWC"`, `"NDHWC"`; `"NCW"` and its like not on CPU.
      name: Optional name of the node in graphs.
    Returns:
      Tensor `[batch, out spatial..., channels]`.
    Raises:
      ValueError: the rank is wrong, or sizes and strides are lists of a wrong length.
      InvalidArgumentError: sizes or strides are not positive.

    >>> x = tf.reshape([1.0, 3.0, 2.0], [1, 3, 1])
    >>> tf.nn.avg_pool(x, ksize=2, strides=2, padding="SAME").numpy().ravel()
    array([2., 2.], dtype=float32)
    """
    what = "tf.nn.avg_pool"
    input = convert(input)
    rank = _rank_of(input, data_format, what)
    window = _window(rank, ksize, strides, padding, data_format, what)
    return _run("AVG", rank, input, window, name)


@export("nn.avg_pool1d")
def avg_pool1d(
    input: Any,
    ksize: Any,
    strides: Any,
    padding: str,
    data_format: str = "NWC",
    name: str | None = None,
) -> Any:
    """The mean of each window along one dimension; see `tf.nn.avg_pool`.

    Args:
      input: Tensor `[batch, width, channels]`; floating point.
      ksize: Python int, or a list of 1 or 3 ints.
      strides: Python int, or a list of 1 or 3 ints.
      padding: `"SAME"` or `"VALID"`.
      data_format: `"NWC"`, or `"NCW"` (not on CPU).
      name: Optional name of the node in graphs.
    Returns:
      Tensor `[batch, out width, channels]`.

    >>> x = tf.reshape([1.0, 3.0, 2.0], [1, 3, 1])
    >>> tf.nn.avg_pool1d(x, ksize=2, strides=1, padding="VALID").numpy().ravel()
    array([2. , 2.5], dtype=float32)
    """
    window = _window(1, ksize, strides, padding, data_format, "tf.nn.avg_pool1d")
    return _run("AVG", 1, input, window, name)


@export("nn.avg_pool2d")
def avg_pool2d(
    input: Any,
    ksize: Any,
    strides: Any,
    padding: str,
    data_format: str = "NHWC",
    name: str | None = None,
) -> Any:
    """The mean of each window over two dimensions; see `tf.nn.avg_pool`.

    Args:
      input: Tensor `[batch, height, width, channels]`; floating point.
      ksize: Python int, or a list of 1, 2 or 4 ints.
      strides: Python int, or a list of 1, 2 or 4 ints.
      padding: `"SAME"` or `"VALID"`.
      data_format: `"NHWC"`, or `"NCHW"` (not on CPU).
      name: Optional name of the node in graphs.
    Returns:
      Tensor `[batch, out height, out width, channels]`.

    >>> x = tf.reshape([1.0, 3.0, 2.0, 0.0], [1, 2, 2, 1])
    >>> tf.nn.avg_pool2d(x, ksize=2, strides=2, padding="VALID").numpy().ravel()
    array([1.5], dtype=float32)
    """
    window = _window(2, ksize, strides, padding, data_format, "tf.nn.avg_pool2d")
    return _run("AVG", 2, input, window, name)


@export("nn.avg_pool3d")
def avg_pool3d(
    input: Any,
    ksize: Any,
    strides: Any,
    padding: str,
    data_format: str = "NDHWC",
    name: str | None = None,
) -> Any:
    """The mean of each window over three dimensions; see `tf.nn.avg_pool`.

    Args:
      input: Tensor `[batch, depth, height, width, channels]`; floating point.
      ksize: Python int, or a list of 1, 3 or 5 ints.
      strides: Python int, or a list of 1, 3 or 5 ints.
      padding: `"SAME"` or `"VALID"`.
      data_format: `"NDHWC"`, or `"NCDHW"` (not on CPU).
      name: Optional name of the node in graphs.
    Returns:
      Tensor `[batch, out depth, out height, out width, channels]`.

    >>> tf.nn.avg_pool3d(tf.ones([1, 2, 2, 2, 1]), 2, 2, "VALID").numpy().ravel()
    array([1.], dtype=float32)
    """
    window = _window(3, ksize, strides, padding, data_format, "tf.nn.avg_pool3d")
    return _run("AVG", 3, input, window, name)


@export("nn.pool")
def pool(
    input: Any,
    window_shape: Any,
    pooling_type: str,
    strides: Any = None,
    padding: Any = "VALID",
    data_format: str | None = None,
    dilations: Any = None,
    name: str | None = None,
) -> Any:
    """The largest value or the mean of each window, over one to three spatial dimensions.

    Args:
      input: Tensor `[batch, spatial..., channels]`; real for `"MAX"`, floating point for `"AVG"`.
      window_shape: List of 1 to 3 ints, the size of the window.
      pooling_type: `"MAX"` or `"AVG"`.
      strides: List of ints; None means 1.
      padding: `"SAME"`, `"VALID"`, or for `"MAX"` a list of a pair (cells before, cells after) for
        each dimension of `input`.
      data_format: None, or `"NWC"`, `"NHWC"`, `"NDHWC"`; `"NCW"` and its like not on CPU.
      dilations: List of ints, the distance of a window's cells; None means 1. Not together with
        strides above 1 or `"SAME"`.
      name: Optional name of the node in graphs.
    Returns:
      Tensor `[batch, out spatial..., channels]`.
    Raises:
      ValueError: the arguments do not fit each other.

    >>> x = tf.reshape([1.0, 3.0, 2.0], [1, 3, 1])
    >>> tf.nn.pool(x, [2], "AVG", dilations=[2]).numpy().ravel()
    array([1.5], dtype=float32)
    """
    what = "tf.nn.pool"
    if pooling_type not in ("MAX", "AVG"):
        raise errors.op_error(
            ValueError, what, f"pooling_type must be 'MAX' or 'AVG', got {pooling_type!r}"
        )
    if isinstance(window_shape, int):
        raise errors.op_error(
            TypeError, what, f"window_shape must be a list of ints, got {window_shape}"
        )
    rank = len(window_shape)
    if rank not in (1, 2, 3):
        raise errors.op_error(
            ValueError, what, f"window_shape must have 1, 2 or 3 entries, got {rank}"
        )
    input = convert(input)
    if input.shape.rank not in (None, rank + 2):
        raise errors.op_error(
            ValueError, what, f"input must be of rank {rank + 2}, got {input.shape}"
        )
    plain = _window(
        rank,
        window_shape,
        strides,
        padding,
        data_format,
        what,
        explicit=pooling_type == "MAX" and rank < 3,
    )
    rates = per_dimension(dilations, rank, plain.channels_first, "dilations", what)
    need_positive(rates, "dilations", what)
    if max(rates) > 1 and (max(plain.strides) > 1 or padding == "SAME"):
        raise errors.op_error(
            ValueError,
            what,
            f"dilations > 1 are not supported together with strides > 1 or padding 'SAME': got "
            f"dilations {rates}, strides {plain.strides}, padding {padding!r}",
        )
    window = Window(plain.strides, plain.padding, rates, plain.channels_first, plain.size)
    return _run(pooling_type, rank, input, window, name)


def _argmax_shape(inputs: Sequence[Any], attrs: Mapping[str, Any]) -> Specs:
    shape = _pool_dims(inputs[0], attrs["window"], "tf.nn.max_pool_with_argmax")
    return [(inputs[0].dtype, shape), (attrs["output_dtype"], shape)]


# AUTO: the comparison is one cell after the other, so the gradient goes to the one that was found.
@op("MaxPoolWithArgmax", dtypes=REAL, shape=_argmax_shape, api_name="nn.max_pool_with_argmax")
def _max_pool_with_argmax(input, *, window, output_dtype, include_batch):
    _need_rank(input.ndim, window, "tf.nn.max_pool_with_argmax", errors.InvalidArgumentError)
    best, where = max_pool_with_positions(input, window)
    if include_batch:
        first = np.arange(input.shape[0], dtype=np.int64) * int(np.prod(input.shape[1:]))
        where = where + jnp.asarray(first)[:, None, None, None]
    return best, where.astype(output_dtype.np_dtype)


@export("nn.max_pool_with_argmax")
def max_pool_with_argmax(
    input: Any,
    ksize: Any,
    strides: Any,
    padding: str,
    data_format: str = "NHWC",
    output_dtype: Any = int64,
    include_batch_in_index: bool = False,
    name: str | None = None,
) -> tuple[Any, Any]:
    """The largest value of each window over two dimensions, and where it stands.

    Args:
      input: Tensor `[batch, height, width, channels]` of real numbers.
      ksize: Python int, or a list of 1, 2 or 4 ints.
      strides: Python int, or a list of 1, 2 or 4 ints.
      padding: `"SAME"` or `"VALID"`.
      data_format: `"NHWC"`.
      output_dtype: `tf.int64` or `tf.int32`.
      include_batch_in_index: Whether positions count on over the batch.
      name: Optional name of the node in graphs.
    Returns:
      Two tensors `[batch, out height, out width, channels]`: the values, and their positions as
      `(y * width + x) * channels + channel`.
    Raises:
      ValueError: `data_format` is not `"NHWC"`.
      InvalidArgumentError: `output_dtype` is another dtype, or the shapes do not fit.

    >>> x = tf.reshape([1.0, 3.0, 2.0, 0.0], [1, 2, 2, 1])
    >>> values, positions = tf.nn.max_pool_with_argmax(x, 2, 2, "VALID")
    >>> values.numpy().ravel(), positions.numpy().ravel()
    (array([3.], dtype=float32), array([1]))
    """
    what = "tf.nn.max_pool_with_argmax"
    if data_format != "NHWC":
        raise errors.op_error(ValueError, what, f"data_format must be 'NHWC', got {data_format!r}")
    dtype = as_dtype(output_dtype)
    if dtype not in INDEX:
        raise errors.op_error(
            errors.InvalidArgumentError,
            what,
            f"output_dtype must be int32 or int64, not {dtype.name}",
        )
    window = _window(2, ksize, strides, padding, None, what)
    attrs = (
        ("window", window),
        ("output_dtype", dtype),
        ("include_batch", bool(include_batch_in_index)),
    )
    return apply(_max_pool_with_argmax, (input,), attrs, name)  # type: ignore[no-any-return]
