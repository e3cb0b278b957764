"""Grayscale dilation and erosion: maxima of values plus a kernel, minima of values less one."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import jax.numpy as jnp
from jax import lax

from deras._src import errors
from deras._src.core.dtypes import REAL
from deras._src.dispatch.apply import apply
from deras._src.ops.nn_pool_kernels import Places, along, inside, lowest
from deras._src.ops.nn_windows import (
    Window,
    join_dims,
    need_positive,
    padded,
    per_dimension,
    read_padding,
    split_dims,
    tap_slice,
    taps,
)
from deras._src.ops.shapes import Specs
from deras._src.registry import op
from deras._src.util.export import export

_MOST_TAPS = 256  # cells of a kernel that are unrolled


def _shape(inputs: Sequence[Any], attrs: Mapping[str, Any]) -> Specs:
    x, w = inputs[0].shape, inputs[1].shape
    window: Window = attrs["window"]
    kernel = [None] * 3 if w.rank is None else w.as_list()
    if len(kernel) != 3 or x.rank not in (4, None):
        raise errors.op_error(
            errors.GraphInvalidArgumentError,
            attrs["what"],
            f"input must be of rank 4 and filters of rank 3, got {x} and {w}",
        )
    batch: list[Any] = [None]
    spatial: list[Any] = [None, None]
    channels = kernel[2]
    if x.rank == 4:
        batch, spatial, depth = split_dims(x, window)
        if None not in (depth, channels) and depth != channels:
            raise errors.op_error(
                errors.GraphInvalidArgumentError,
                attrs["what"],
                f"input has {depth} channels, filters are for {channels}",
            )
        channels = depth
    out = window.out_dims(spatial, kernel[:2])
    return [(inputs[0].dtype, join_dims(batch, out, channels, window))]


# The comparison is one tap after the other, so that AUTO sends the whole gradient to the first
# maximum, as TensorFlow does.
@op("Dilation2D", dtypes=REAL, shape=_shape, api_name="nn.dilation2d")
def _dilation(input, filters, *, window, what, erode):
    if input.ndim != 4 or filters.ndim != 3:
        raise ValueError(
            f"input must have 4 dimensions and filters 3, got {input.ndim} and {filters.ndim}"
        )
    if input.shape[3] != filters.shape[2]:
        raise ValueError(f"input has {input.shape[3]} channels, filters are for {filters.shape[2]}")
    if erode:
        input, filters = -input, jnp.flip(filters, (0, 1))
    kernel = filters.shape[:2]
    places = Places(
        input.shape[1:3],
        Window(window.strides, window.padding, window.dilations, False, kernel),
    )
    shape = (input.shape[0], *places.out, input.shape[3])
    if 0 in shape:
        return jnp.zeros(shape, input.dtype)
    x = padded(input, places.pads, 0)
    best = jnp.full(shape, lowest(input.dtype))
    if math.prod(kernel) > _MOST_TAPS:
        best = _by_loop(x, filters, best, places, window)
    else:
        for tap in taps(kernel):
            here = tap_slice(x, tap, places.out, window) + filters[tap]
            # Cells of the padding do not take part.
            real = along(inside(tap, places, window), jnp.logical_and)
            best = jnp.where(real & (here > best), here, best)
    return -best if erode else best


def _by_loop(x, filters, best, places, window):
    """The same comparison in a loop of the program, for kernels too large to unroll."""
    covered = [(n - 1) * stride + 1 for n, stride in zip(places.out, window.strides, strict=True)]
    width = filters.shape[1]

    def step(best, number):
        tap = (number // width, number % width)
        starts = [t * dilation for t, dilation in zip(tap, window.dilations, strict=True)]
        part = lax.dynamic_slice(x, (0, *starts, 0), (x.shape[0], *covered, x.shape[3]))
        here = part[:, :: window.strides[0], :: window.strides[1]] + filters[tap]
        at = [
            jnp.arange(n) * stride - low + start
            for n, stride, (low, _), start in zip(
                places.out, window.strides, places.pads, starts, strict=True
            )
        ]
        rows, columns = ((a >= 0) & (a < n) for a, n in zip(at, places.dims, strict=True))
        real = (rows[:, None] & columns)[None, :, :, None]
        return jnp.where(real & (here > best), here, best), None

    return lax.scan(step, best, jnp.arange(filters.shape[0] * width))[0]


def _run(
    value: Any,
    filters: Any,
    strides: Any,
    padding: Any,
    data_format: Any,
    dilations: Any,
    what: str,
    name: str | None,
) -> Any:
    if data_format != "NHWC":
        raise errors.op_error(ValueError, what, f"data_format must be 'NHWC', got {data_format!r}")
    steps = per_dimension(strides, 2, False, "strides", what)
    rates = per_dimension(dilations, 2, False, "dilations", what)
    need_positive(steps, "strides", what)
    need_positive(rates, "dilations", what)
    if padding not in ("SAME", "VALID"):
        padding = read_padding(str(padding).lower(), 2, False, what)
    window = Window(steps, padding, rates, False)
    attrs = (("window", window), ("what", what), ("erode", what.endswith("erosion2d")))
    return apply(_dilation, (value, filters), attrs, name)


@export("nn.dilation2d")
def dilation2d(
    input: Any,
    filters: Any,
    strides: Any,
    padding: str,
    data_format: str,
    dilations: Any,
    name: str | None = None,
) -> Any:
    """Grayscale dilation: the largest `input + filters` in the window around each place.

    Args:
      input: Tensor `[batch, height, width, channels]` of a real dtype.
      filters: Tensor `[kernel height, kernel width, channels]` of the same dtype.
      strides: List of 4 ints, 1 for batch and channels.
      padding: `"SAME"` or `"VALID"`; padded cells do not take part.
      data_format: `"NHWC"`.
      dilations: List of 4 ints, the distance of the kernel's cells.
      name: Optional name of the node in graphs.
    Returns:
      Tensor `[batch, out height, out width, channels]`. The gradient goes to the first maximum.
    Raises:
      ValueError: `data_format` is not `"NHWC"`.
      InvalidArgumentError: the shapes or dtypes do not fit.

    >>> x, kernel = tf.reshape([1.0, 5.0, 2.0], [1, 1, 3, 1]), tf.zeros([1, 2, 1])
    >>> one = [1, 1, 1, 1]
    >>> tf.nn.dilation2d(x, kernel, one, "VALID", "NHWC", one).numpy().ravel()
    array([5., 5.], dtype=float32)
    """
    what = "tf.nn.dilation2d"
    return _run(input, filters, strides, padding, data_format, dilations, what, name)


@export("nn.erosion2d")
def erosion2d(
    value: Any,
    filters: Any,
    strides: Any,
    padding: str,
    data_format: str,
    dilations: Any,
    name: str | None = None,
) -> Any:
    """Grayscale erosion: the smallest `value - filters` in the window around each place.

    Args:
      value: Tensor `[batch, height, width, channels]` of a real dtype.
      filters: Tensor `[kernel height, kernel width, channels]` of the same dtype.
      strides: List of 4 ints, 1 for batch and channels.
      padding: `"SAME"` or `"VALID"`; padded cells do not take part.
      data_format: `"NHWC"`.
      dilations: List of 4 ints, the distance of the kernel's cells.
      name: Optional name of the node in graphs.
    Returns:
      Tensor `[batch, out height, out width, channels]`. The gradient goes to one minimum.
    Raises:
      ValueError: `data_format` is not `"NHWC"`.
      InvalidArgumentError: the shapes or dtypes do not fit.

    >>> x, kernel = tf.reshape([1.0, 5.0, 2.0], [1, 1, 3, 1]), tf.zeros([1, 2, 1])
    >>> one = [1, 1, 1, 1]
    >>> tf.nn.erosion2d(x, kernel, one, "VALID", "NHWC", one).numpy().ravel()
    array([1., 2.], dtype=float32)
    """
    what = "tf.nn.erosion2d"
    return _run(value, filters, strides, padding, data_format, dilations, what, name)
