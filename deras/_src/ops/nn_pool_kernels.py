"""Maxima and means over windows on arrays, and their gradients.

Arrays are (batch, spatial..., channels). XLA's own lowerings (`reduce_window`, and for the gradient
`select_and_scatter`) are for GPU and TPU, and for large windows. On CPU they are scalar loops: at
64x28x28x32, a 2x2 pool's maxima take 1.2 ms and their gradient 37 ms; as elementwise operations on
strided slices they take 0.9 ms and 1.9 ms (two cores, jax 0.10).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from deras._src.ops.nn_windows import (
    Pair,
    Window,
    cropped,
    on_cpu,
    padded,
    tap_slice,
    tap_spread,
    taps,
)

_FEW_TAPS = 25  # up to here, the cells of a window are unrolled


def lowest(dtype: Any) -> Any:
    """The smallest finite value of a dtype, as a scalar of it."""
    info = jnp.finfo(dtype) if jnp.issubdtype(dtype, jnp.floating) else jnp.iinfo(dtype)
    return np.asarray(info.min, dtype)


class Places:
    """Where the windows of one pool lie: spatial dims, output dims, padding."""

    __slots__ = ("dims", "out", "pads", "tiles")

    def __init__(self, dims: Sequence[int], window: Window) -> None:
        self.dims = tuple(dims)
        self.out = tuple(int(n or 0) for n in window.out_dims(dims, window.size))
        self.pads = window.pads(dims, window.size)
        # Windows that neither overlap nor leave gaps: the input is a grid of them.
        self.tiles = all(
            d == 1 and (n == 1 or s == k)
            for d, n, s, k in zip(
                window.dilations, self.out, window.strides, window.size, strict=True
            )
        )

    def tiled(self, x: Any, window: Window, fill: Any) -> Any:
        """`x` as (batch, out, cells, out, cells, ..., channels), padded or cropped to fit."""
        config = [(0, 0, 0)]
        split: list[int] = []
        for n, out, k, (low, _) in zip(self.dims, self.out, window.size, self.pads, strict=True):
            config.append((low, out * k - low - n, 0))
            split += [out, k]
        x = lax.pad(x, jnp.asarray(fill, x.dtype), [*config, (0, 0, 0)])
        return x.reshape(x.shape[0], *split, x.shape[-1])

    def untiled(self, tiles: Any, window: Window) -> Any:
        """The transpose of `tiled`."""
        sizes = [o * k for o, k in zip(self.out, window.size, strict=True)]
        x = tiles.reshape(tiles.shape[0], *sizes, tiles.shape[-1])
        config = [
            (-low, n + low - size, 0)
            for n, size, (low, _) in zip(self.dims, sizes, self.pads, strict=True)
        ]
        return lax.pad(x, jnp.zeros((), x.dtype), [(0, 0, 0), *config, (0, 0, 0)])


def _cell_axes(window: Window) -> tuple[int, ...]:
    return tuple(range(2, 2 * window.rank + 1, 2))


def _per_tile(y: Any, window: Window) -> Any:
    """`y` with a dimension of 1 for the cells of each tile."""
    return jnp.expand_dims(y, _cell_axes(window))


def _reduce_window(x: Any, init: Any, fn: Any, pads: Sequence[Pair], window: Window) -> Any:
    return lax.reduce_window(
        x,
        init,
        fn,
        (1, *window.size, 1),
        (1, *window.strides, 1),
        ((0, 0), *pads, (0, 0)),
        window_dilation=(1, *window.dilations, 1),
    )


def _comparable(x: Any) -> Any:
    """NaN and -inf as the lowest number, which is where TensorFlow's maxima begin."""
    if not jnp.issubdtype(x.dtype, jnp.floating):
        return x
    low = lowest(x.dtype)
    return jnp.where(x > low, x, low)


def _by_taps(window: Window) -> bool:
    return on_cpu() and math.prod(window.size) <= _FEW_TAPS


def max_pool(x: Any, window: Window) -> Any:
    """The largest value of each window."""
    places = Places(x.shape[1:-1], window)
    shape = (x.shape[0], *places.out, x.shape[-1])
    if 0 in shape or 0 in x.shape:
        return jnp.zeros(shape, x.dtype)
    x, low = _comparable(x), lowest(x.dtype)
    if _by_taps(window):
        x = padded(x, places.pads, low)
        best = None
        for tap in taps(window.size):
            here = tap_slice(x, tap, places.out, window)
            best = here if best is None else jnp.maximum(best, here)
        return best
    if places.tiles and on_cpu():
        return jnp.max(places.tiled(x, window, low), _cell_axes(window))
    return _reduce_window(x, _least(x.dtype), lax.max, places.pads, window)


def _least(dtype: Any) -> Any:
    """What no value is below; JAX differentiates window maxima that begin there only."""
    return np.asarray(-np.inf, dtype) if jnp.issubdtype(dtype, jnp.floating) else lowest(dtype)


def max_pool_gradient(x: Any, y: Any, g: Any, window: Window, ties: bool) -> Any:
    """The gradient to `x`, given the maxima `y`: to the first one, or with `ties` to all."""
    places = Places(x.shape[1:-1], window)
    if 0 in g.shape or 0 in x.shape:
        return jnp.zeros(x.shape, g.dtype)
    x, low, zero = _comparable(x), lowest(x.dtype), jnp.zeros((), g.dtype)
    count = math.prod(window.size)
    if not _by_taps(window) and not ties and not (places.tiles and on_cpu()):
        least = _least(x.dtype)
        _, pull = jax.vjp(lambda v: _reduce_window(v, least, lax.max, places.pads, window), x)
        return pull(g)[0]
    if places.tiles:
        tiles = places.tiled(x, window, low)
        hit = tiles == _per_tile(y, window)
        if not ties:
            number = np.arange(count, dtype=np.int32).reshape(
                [1, *(n for k in window.size for n in (1, k)), 1]
            )
            if _by_taps(window):
                first = _first_hit(
                    [_tile_cell(hit, tap) for tap in taps(window.size)], y.shape, count
                )
                first = _per_tile(first, window)
            else:
                first = jnp.min(
                    jnp.where(hit, number, np.int32(count)), _cell_axes(window), keepdims=True
                )
            hit = number == first
        return places.untiled(jnp.where(hit, _per_tile(g, window), zero), window)
    x = padded(x, places.pads, low)
    hits = [tap_slice(x, tap, places.out, window) == y for tap in taps(window.size)]
    if not ties:
        first = _first_hit(hits, y.shape, count)
        hits = [first == np.int32(number) for number in range(count)]
    total = None
    for tap, hit in zip(taps(window.size), hits, strict=True):
        part = tap_spread(jnp.where(hit, g, zero), tap, places.dims, places.pads, window)
        total = part if total is None else total + part
    return cropped(total, places.dims, places.pads)


def _tile_cell(tiles: Any, tap: Sequence[int]) -> Any:
    """One cell of each tile."""
    index: list[Any] = [slice(None)]
    for t in tap:
        index += [slice(None), t]
    return tiles[tuple(index)]


def _first_hit(hits: Sequence[Any], shape: Sequence[int], count: int) -> Any:
    """The number of the first of `hits` that is true."""
    first = jnp.full(shape, np.int32(count))
    for number in reversed(range(count)):
        first = jnp.where(hits[number], np.int32(number), first)
    return first


def along(vectors: Sequence[np.ndarray], combine: Any) -> Any:
    """One vector for each spatial dimension, combined to an array (1, out..., 1).

    In the program, not in NumPy: static shapes are tried with dimensions of 50,000 and more.
    """
    result = None
    for i, vector in enumerate(vectors):
        part = jnp.asarray(vector).reshape(
            [-1 if d == i + 1 else 1 for d in range(len(vectors) + 2)]
        )
        result = part if result is None else combine(result, part)
    return result


def inside(tap: Sequence[int], places: Places, window: Window) -> list[np.ndarray]:
    """For each dimension, the places at which the cell `tap` is not padding."""
    result = []
    for i, t in enumerate(tap):
        at = np.arange(places.out[i]) * window.strides[i] - places.pads[i][0]
        at = at + t * window.dilations[i]
        result.append((at >= 0) & (at < places.dims[i]))
    return result


def _real_cells(places: Places, window: Window) -> list[np.ndarray]:
    """For each dimension, how many cells of each window are not padding."""
    result = []
    for n, out, k, stride, dilation, (low, _) in zip(
        places.dims,
        places.out,
        window.size,
        window.strides,
        window.dilations,
        places.pads,
        strict=True,
    ):
        counts = np.zeros(out, np.int64)
        for t in range(k):
            at = np.arange(out) * stride - low + t * dilation
            counts += (at >= 0) & (at < n)
        result.append(counts)
    return result


def _wide(x: Any) -> Any:
    """16-bit floats as float32: sums of many cells need the digits."""
    return x.astype(jnp.float32) if x.dtype.itemsize == 2 else x


def avg_pool(x: Any, window: Window) -> Any:
    """The mean of each window's cells, those of the padding left out."""
    places = Places(x.shape[1:-1], window)
    shape = (x.shape[0], *places.out, x.shape[-1])
    if 0 in shape or 0 in x.shape:
        return jnp.zeros(shape, x.dtype)
    dtype, x = x.dtype, _wide(x)
    return (_window_sum(x, places, window) / _divisor(places, window, x.dtype)).astype(dtype)


def _divisor(places: Places, window: Window, dtype: Any) -> Any:
    counts = _real_cells(places, window)
    if all(c.min() == c.max() for c in counts):
        return jnp.asarray(math.prod(int(c[0]) for c in counts)).astype(dtype)
    return along([c.astype(dtype) for c in counts], jnp.multiply)


def _window_sum(x: Any, places: Places, window: Window) -> Any:
    if _by_taps(window):
        x = padded(x, places.pads, 0)
        total = None
        for tap in taps(window.size):
            here = tap_slice(x, tap, places.out, window)
            total = here if total is None else total + here
        return total
    if places.tiles and on_cpu():
        return jnp.sum(places.tiled(x, window, 0), _cell_axes(window))
    return _reduce_window(x, np.zeros((), x.dtype), lax.add, places.pads, window)


def avg_pool_gradient(g: Any, dims: Sequence[int], window: Window) -> Any:
    """The gradient of `avg_pool` to its input, whose spatial dims are given."""
    places = Places(dims, window)
    shape = (g.shape[0], *places.dims, g.shape[-1])
    if 0 in g.shape or 0 in shape:
        return jnp.zeros(shape, g.dtype)
    dtype, g = g.dtype, _wide(g)
    g = g / _divisor(places, window, g.dtype)
    if places.tiles and on_cpu():
        cells = [n for o, k in zip(places.out, window.size, strict=True) for n in (o, k)]
        tiles = jnp.broadcast_to(_per_tile(g, window), (g.shape[0], *cells, g.shape[-1]))
        return places.untiled(tiles, window).astype(dtype)
    if _by_taps(window):
        total = None
        for tap in taps(window.size):
            part = tap_spread(g, tap, places.dims, places.pads, window)
            total = part if total is None else total + part
        return cropped(total, places.dims, places.pads).astype(dtype)
    spec = jax.ShapeDtypeStruct(shape, g.dtype)
    return jax.linear_transpose(lambda x: _window_sum(x, places, window), spec)(g)[0].astype(dtype)


def max_pool_with_positions(x: Any, window: Window) -> tuple[Any, Any]:
    """The first largest value of each window and its flat number (y * width + x) * channels + c.

    A NaN that comes first stays, a later one is passed over, as in TensorFlow.
    """
    places = Places(x.shape[1:-1], window)
    shape = (x.shape[0], *places.out, x.shape[-1])
    if 0 in shape or 0 in x.shape:
        return jnp.zeros(shape, x.dtype), jnp.zeros(shape, jnp.int64)
    width, channels = places.dims[1], x.shape[-1]
    starts = [
        np.arange(n, dtype=np.int64) * stride - low
        for n, stride, (low, _) in zip(places.out, window.strides, places.pads, strict=True)
    ]
    x = padded(x, places.pads, 0)
    best = jnp.zeros(shape, x.dtype)
    where = jnp.zeros(shape, jnp.int64)
    seen = jnp.zeros((1, *places.out, 1), bool)
    for tap in taps(window.size):
        here = tap_slice(x, tap, places.out, window)
        real = along(inside(tap, places, window), jnp.logical_and)
        number = along([(starts[0] + tap[0]) * width, starts[1] + tap[1]], jnp.add)
        number = number * np.int64(channels) + jnp.arange(channels, dtype=jnp.int64)
        better = real & (~seen | (here > best))
        best = jnp.where(better, here, best)
        where = jnp.where(better, number, where)
        seen = seen | real
    return best, where
