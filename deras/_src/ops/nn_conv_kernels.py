"""Convolution and its two transposes on arrays, one lowering for each case that XLA is slow at.

Arrays are (batch, spatial..., channels), kernels (spatial..., channels in, channels out). On GPU
and TPU everything is XLA's convolution. On CPU it is so too, but for what XLA runs far from the
speed of the arithmetic; docs/decisions/conv-on-cpu.md has the measurements behind each rule.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from deras._src.ops.nn_windows import (
    Window,
    cropped,
    on_cpu,
    padded,
    tap_slice,
    tap_spread,
    taps,
)

_FEW_TAPS = 25  # beyond, one matrix product for each cell of the kernel is slower than XLA
_FEW_CHANNELS = 4  # up to here XLA's transposed convolutions on CPU are slow
_MOST_TAPS = 1024  # beyond, nothing is unrolled: static shapes are tried with enormous kernels
_MOST_COLUMNS = 1 << 26  # elements of temporary columns: 256 MB of float32


class Sizes:
    """The sizes of one convolution: spatial dims of input, kernel and output, and the groups."""

    __slots__ = ("dims", "groups", "kernel", "out", "pads")

    def __init__(
        self, dims: Sequence[int], channels: int, kernel_shape: Sequence[int], window: Window
    ) -> None:
        self.dims = tuple(dims)
        self.kernel = tuple(kernel_shape[:-2])
        self.groups = channels // kernel_shape[-2] if kernel_shape[-2] else 1
        self.out = tuple(int(n or 0) for n in window.out_dims(dims, self.kernel))
        self.pads = window.pads(dims, self.kernel)

    @property
    def taps(self) -> int:
        """The number of cells of the kernel."""
        return math.prod(self.kernel)


def _widened(fn: Callable[..., Any]) -> Callable[..., Any]:
    """Computes 16-bit floats in float32 on CPU, which has no arithmetic for them."""

    def run(a: Any, b: Any, *rest: Any) -> Any:
        dtype = a.dtype
        if dtype in (jnp.float16, jnp.bfloat16) and on_cpu():
            return fn(a.astype(jnp.float32), b.astype(jnp.float32), *rest).astype(dtype)
        return fn(a, b, *rest)

    return run


def _xla(x: Any, w: Any, sizes: Sizes, window: Window) -> Any:
    spatial = "DHW"[-window.rank :]
    return lax.conv_general_dilated(
        x,
        w,
        window.strides,
        sizes.pads,
        rhs_dilation=window.dilations,
        dimension_numbers=(f"N{spatial}C", f"{spatial}IO", f"N{spatial}C"),
        feature_group_count=sizes.groups,
    )


def _transposed(fn: Callable[[Any], Any], shape: Sequence[int], g: Any) -> Any:
    """The transpose of a linear function, at `g`."""
    return jax.linear_transpose(fn, jax.ShapeDtypeStruct(tuple(shape), g.dtype))(g)[0]


def _by_products(x: Any, w: Any, sizes: Sizes) -> bool:
    """Whether each cell of the kernel becomes a matrix product, for any of the three directions.

    A 1x1 kernel is one product, and XLA's kernel gradient of it is 13 times slower. Dtypes other
    than float32 have no fast convolution on CPU.
    """
    slow = x.dtype != jnp.float32 and sizes.taps <= _MOST_TAPS
    return on_cpu() and (slow or (sizes.taps == 1 and sizes.groups == 1))


def _product(x: Any, w: Any, groups: int) -> Any:
    """(..., I) times (I / groups, O): each group of channels with its own columns."""
    if groups == 1:
        return lax.dot_general(x, w, (((x.ndim - 1,), (0,)), ((), ())))
    parts = x.reshape(*x.shape[:-1], groups, -1)
    kernel = w.reshape(w.shape[0], groups, -1)
    result = jnp.einsum("...gi,igo->...go", parts, kernel)
    return result.reshape(*x.shape[:-1], -1)


@_widened
def convolve(x: Any, w: Any, window: Window) -> Any:
    """The convolution (in fact the correlation) of `x` with the kernel `w`."""
    sizes = Sizes(x.shape[1:-1], x.shape[-1], w.shape, window)
    shape = (x.shape[0], *sizes.out, w.shape[-1])
    if 0 in shape or 0 in x.shape or 0 in w.shape:
        return jnp.zeros(shape, x.dtype)
    thin = x.shape[-1] == 1 and sizes.taps <= _FEW_TAPS and on_cpu()
    if not thin and not _by_products(x, w, sizes):
        return _xla(x, w, sizes, window)
    x = padded(x, sizes.pads, 0)
    total = None
    for tap in taps(sizes.kernel):
        part = tap_slice(x, tap, sizes.out, window)
        # Of one channel the product is a multiplication, and all taps become one loop.
        part = part * w[tap] if thin else _product(part, w[tap], sizes.groups)
        total = part if total is None else total + part
    return total


@_widened
def input_gradient(w: Any, g: Any, dims: Sequence[int], channels: int, window: Window) -> Any:
    """The transpose of `convolve` to its input, whose spatial dims and channels are given."""
    sizes = Sizes(dims, channels, w.shape, window)
    shape = (g.shape[0], *sizes.dims, channels)
    if 0 in g.shape or 0 in shape or 0 in w.shape:
        return jnp.zeros(shape, g.dtype)
    spread = (
        on_cpu()
        and sizes.groups == 1
        and sizes.taps <= _FEW_TAPS
        and (max(window.strides) > 1 or channels <= _FEW_CHANNELS)
        and sizes.taps * math.prod(g.shape[:-1]) * channels <= _MOST_COLUMNS
    )
    if not spread and not _by_products(g, w, sizes):
        return _transposed(lambda x: _xla(x, w, sizes, window), shape, g)
    groups = sizes.groups
    flipped = jnp.swapaxes(w, -1, -2)  # (..., O, I / groups)
    if groups > 1:  # rows (group, O / groups), columns I / groups -> rows O / groups, columns I
        parts = flipped.reshape(*sizes.kernel, groups, -1, flipped.shape[-1])
        flipped = jnp.moveaxis(parts, -3, -2).reshape(*sizes.kernel, parts.shape[-2], channels)
    total = None
    for tap in taps(sizes.kernel):
        part = tap_spread(_product(g, flipped[tap], groups), tap, dims, sizes.pads, window)
        total = part if total is None else total + part
    return cropped(total, dims, sizes.pads)


@_widened
def kernel_gradient(x: Any, g: Any, kernel_shape: Sequence[int], window: Window) -> Any:
    """The transpose of `convolve` to its kernel, whose shape is given."""
    sizes = Sizes(x.shape[1:-1], x.shape[-1], kernel_shape, window)
    shape = tuple(kernel_shape)
    if 0 in x.shape or 0 in g.shape or 0 in shape:
        return jnp.zeros(shape, x.dtype)
    channels, groups = x.shape[-1], sizes.groups
    thin = groups == 1 and channels <= _FEW_CHANNELS and 1 < sizes.taps <= _MOST_TAPS
    if thin and on_cpu():
        return _kernel_gradient_by_rows(x, g, sizes, window)
    wide = on_cpu() and groups == 1 and channels >= 16 and sizes.taps <= _FEW_TAPS
    if not wide and not _by_products(x, g, sizes):
        return _transposed(lambda w: _xla(x, w, sizes, window), shape, g)
    x = padded(x, sizes.pads, 0)
    flat = g.reshape(-1, groups, g.shape[-1] // groups)
    cells = []
    for tap in taps(sizes.kernel):
        part = tap_slice(x, tap, sizes.out, window).reshape(-1, groups, channels // groups)
        if groups == 1:
            cells.append(part[:, 0].T @ flat[:, 0])
        else:
            cells.append(jnp.einsum("ngi,ngo->igo", part, flat).reshape(shape[-2:]))
    return jnp.stack(cells).reshape(shape)


def _kernel_gradient_by_rows(x: Any, g: Any, sizes: Sizes, window: Window) -> Any:
    """Few channels: the last kernel dimension joins them, so that products are not so thin."""
    x = padded(x, sizes.pads, 0)
    flat = g.reshape(-1, g.shape[-1])
    rows = []
    for tap in taps(sizes.kernel[:-1]):
        parts = [tap_slice(x, (*tap, last), sizes.out, window) for last in range(sizes.kernel[-1])]
        columns = jnp.concatenate(parts, -1)
        rows.append(columns.reshape(-1, columns.shape[-1]).T @ flat)
    return jnp.stack(rows).reshape(*sizes.kernel, x.shape[-1], g.shape[-1])


# Depthwise: kernels (height, width, channels, multiplier), channel c giving outputs c * m ...


def _depthwise_loops(sizes: Sizes) -> bool:
    """On CPU a depthwise convolution is one loop of multiplications, no matrix product."""
    return on_cpu() and sizes.taps <= _MOST_TAPS


def _grouped(w: Any) -> Any:
    return w.reshape(*w.shape[:-2], 1, w.shape[-2] * w.shape[-1])


@_widened
def depthwise_convolve(x: Any, w: Any, window: Window) -> Any:
    """Each channel convolved with its own kernels."""
    channels, multiplier = w.shape[-2:]
    sizes = Sizes(x.shape[1:-1], channels, (*w.shape[:-2], 1, channels * multiplier), window)
    shape = (x.shape[0], *sizes.out, channels * multiplier)
    if 0 in shape or 0 in x.shape or 0 in w.shape:
        return jnp.zeros(shape, x.dtype)
    if not _depthwise_loops(sizes):
        return _xla(x, _grouped(w), sizes, window)
    x = padded(x, sizes.pads, 0)
    total: Any = None
    for tap in taps(sizes.kernel):
        part = tap_slice(x, tap, sizes.out, window)
        part = part[..., None] * w[tap] if multiplier > 1 else part * w[tap][:, 0]
        total = part if total is None else total + part
    return total.reshape(shape)


@_widened
def depthwise_input_gradient(w: Any, g: Any, dims: Sequence[int], window: Window) -> Any:
    """The transpose of `depthwise_convolve` to its input."""
    channels, multiplier = w.shape[-2:]
    sizes = Sizes(dims, channels, (*w.shape[:-2], 1, channels * multiplier), window)
    shape = (g.shape[0], *sizes.dims, channels)
    if 0 in g.shape or 0 in shape or 0 in w.shape:
        return jnp.zeros(shape, g.dtype)
    if not _depthwise_loops(sizes):
        return _transposed(lambda x: _xla(x, _grouped(w), sizes, window), shape, g)
    parts = g.reshape(*g.shape[:-1], channels, multiplier)
    total = None
    for tap in taps(sizes.kernel):
        part = parts[..., 0] * w[tap][:, 0] if multiplier == 1 else jnp.sum(parts * w[tap], -1)
        part = tap_spread(part, tap, dims, sizes.pads, window)
        total = part if total is None else total + part
    return cropped(total, dims, sizes.pads)


@_widened
def depthwise_kernel_gradient(x: Any, g: Any, kernel_shape: Sequence[int], window: Window) -> Any:
    """The transpose of `depthwise_convolve` to its kernel."""
    shape = tuple(kernel_shape)
    channels, multiplier = shape[-2:]
    sizes = Sizes(x.shape[1:-1], channels, (*shape[:-2], 1, channels * multiplier), window)
    if 0 in x.shape or 0 in g.shape or 0 in shape:
        return jnp.zeros(shape, x.dtype)
    if not _depthwise_loops(sizes):
        grouped = (*shape[:-2], 1, channels * multiplier)
        return _transposed(lambda w: _xla(x, w, sizes, window), grouped, g).reshape(shape)
    x = padded(x, sizes.pads, 0)
    parts = g.reshape(*g.shape[:-1], channels, multiplier)
    axes = tuple(range(g.ndim - 1))
    cells = [
        jnp.sum(tap_slice(x, tap, sizes.out, window)[..., None] * parts, axes)
        for tap in taps(sizes.kernel)
    ]
    return jnp.stack(cells).reshape(shape)
