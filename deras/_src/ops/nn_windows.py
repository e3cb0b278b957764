"""Sliding windows: what strides, padding and data formats mean, and the sizes that follow.

Convolutions and pools of one to three spatial dimensions all go through here. Ops carry a
`Window` as their only geometric attribute; it is immutable, hashable and spatial (no entries for
the batch and the channels).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from deras._src import errors
from deras._src.core.context import state
from deras._src.core.tensor_shape import TensorShape
from deras._src.dispatch.convert import host_value

Pair = tuple[int, int]

_FORMATS = {
    1: ("NWC", "NCW"),
    2: ("NHWC", "NCHW"),
    3: ("NDHWC", "NCDHW"),
}


class Window:
    """How a kernel moves over the spatial dimensions.

    Attributes:
      strides: the step in each dimension.
      padding: "SAME", "VALID", or the (before, after) cells of each dimension.
      dilations: the distance of a kernel's cells in each dimension.
      channels_first: whether the channels are dimension 1 (else the last one).
      size: the cells of the window in each dimension; () for convolutions, whose kernel says it.
    """

    __slots__ = ("_key", "channels_first", "dilations", "padding", "size", "strides")

    def __init__(
        self,
        strides: Sequence[int],
        padding: str | tuple[Pair, ...],
        dilations: Sequence[int],
        channels_first: bool,
        size: Sequence[int] = (),
    ) -> None:
        self.strides = tuple(strides)
        self.padding = padding
        self.dilations = tuple(dilations)
        self.channels_first = channels_first
        self.size = tuple(size)
        self._key = (self.strides, padding, self.dilations, channels_first, self.size)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Window) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    def __repr__(self) -> str:
        return f"Window{self._key}"

    @property
    def rank(self) -> int:
        """The number of spatial dimensions."""
        return len(self.strides)

    def out_dims(
        self, dims: Sequence[int | None], kernel: Sequence[int | None]
    ) -> list[int | None]:
        """How many places the kernel takes in each dimension; None where that is not known."""
        result: list[int | None] = []
        for i, (size, cells) in enumerate(zip(dims, kernel, strict=True)):
            stride = self.strides[i]
            if size is None or (cells is None and self.padding != "SAME"):
                result.append(None)
            elif self.padding == "SAME":
                result.append(-(-size // stride))
            else:
                extent = (cells - 1) * self.dilations[i] + 1  # type: ignore[operator]
                pair = self.padding[i] if self.padding != "VALID" else (0, 0)
                total = size + sum(pair)  # type: ignore[misc, arg-type]
                result.append(max((total - extent) // stride + 1, 0))
        return result

    def pads(self, dims: Sequence[int], kernel: Sequence[int]) -> tuple[Pair, ...]:
        """The cells added before and after each dimension."""
        if self.padding == "VALID":
            return ((0, 0),) * self.rank
        if self.padding != "SAME":
            return self.padding  # type: ignore[return-value]
        result = []
        for size, cells, stride, dilation in zip(
            dims, kernel, self.strides, self.dilations, strict=True
        ):
            extent = (cells - 1) * dilation + 1
            total = max((-(-size // stride) - 1) * stride + extent - size, 0)
            result.append((total // 2, total - total // 2))  # the odd cell goes after
        return tuple(result)


def on_cpu() -> bool:
    """Whether programs run on CPU, where XLA's own lowerings are slow in places."""
    return jax.default_backend() == "cpu"


def taps(kernel: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """The cells of a kernel, row by row."""
    return itertools.product(*(range(k) for k in kernel))


def padded(x: Any, pads: Sequence[Pair], fill: Any) -> Any:
    """`x` (batch, spatial..., channels) with cells of value `fill` around it."""
    if not any(any(p) for p in pads):
        return x
    config = [(0, 0, 0), *((lo, hi, 0) for lo, hi in pads), (0, 0, 0)]
    return lax.pad(x, jnp.asarray(fill, x.dtype), config)


def tap_slice(x: Any, tap: Sequence[int], out: Sequence[int], window: Window) -> Any:
    """What the cell `tap` of the kernel sees of padded `x` at each place of the output."""
    index: list[slice] = [slice(None)]
    for t, n, stride, dilation in zip(tap, out, window.strides, window.dilations, strict=True):
        start = t * dilation
        index.append(slice(start, start + (n - 1) * stride + 1, stride))
    return x[tuple(index)]


def tap_spread(
    y: Any, tap: Sequence[int], dims: Sequence[int], pads: Sequence[Pair], window: Window
) -> Any:
    """The transpose of `tap_slice`: `y` put where the cell saw it, in zeros of padded size."""
    config = [(0, 0, 0)]
    for i, t in enumerate(tap):
        stride, start = window.strides[i], t * window.dilations[i]
        covered = start + (y.shape[i + 1] - 1) * stride + 1
        config.append((start, dims[i] + sum(pads[i]) - covered, stride - 1))
    config.append((0, 0, 0))
    return lax.pad(y, jnp.zeros((), y.dtype), config)


def cropped(x: Any, dims: Sequence[int], pads: Sequence[Pair]) -> Any:
    """Takes the padding off."""
    if not any(any(p) for p in pads):
        return x
    inner = (slice(lo, lo + n) for n, (lo, _) in zip(dims, pads, strict=True))
    return x[(slice(None), *inner)]


def channels_last(x: Any, window: Window) -> Any:
    """`x` with its channels moved to the end, where they are not."""
    return jnp.moveaxis(x, 1, -1) if window.channels_first else x


def channels_back(x: Any, window: Window) -> Any:
    """The reverse of `channels_last`."""
    return jnp.moveaxis(x, -1, 1) if window.channels_first else x


def split_dims(shape: TensorShape, window: Window) -> tuple[list[Any], list[Any], Any]:
    """Batch dims, spatial dims and channels of a shape of known rank."""
    dims, rank = shape.as_list(), window.rank
    if window.channels_first:
        lead = len(dims) - rank - 1
        return dims[:lead], dims[lead + 1 :], dims[lead]
    lead = len(dims) - rank - 1
    return dims[:lead], dims[lead:-1], dims[-1]


def join_dims(batch: list[Any], spatial: list[Any], channels: Any, window: Window) -> TensorShape:
    """The reverse of `split_dims`."""
    if window.channels_first:
        return TensorShape([*batch, channels, *spatial])
    return TensorShape([*batch, *spatial, channels])


# Reading the arguments.


def invalid(what: str, message: str, hint: str | None = None) -> errors.InvalidArgumentError:
    """TensorFlow's error for a wrong attribute: while a function is traced also a ValueError."""
    graph = state.graph is not None
    kind = errors.GraphInvalidArgumentError if graph else errors.InvalidArgumentError
    return errors.op_error(kind, what, message, hint=hint)


def is_channels_first(data_format: Any, rank: int, what: str) -> bool:
    """Whether a data format puts the channels before the spatial dimensions."""
    last, first = _FORMATS[rank]
    if data_format in (None, last, "NHWC" if rank == 1 else last):
        return False
    if data_format in (first, "NCHW" if rank == 1 else first):
        return True
    raise invalid(what, f"data_format must be {last!r} or {first!r}, got {data_format!r}")


def per_dimension(
    value: Any,
    rank: int,
    channels_first: bool,
    argument: str,
    what: str,
    error: type[errors.OpError] = errors.UnimplementedError,
) -> tuple[int, ...]:
    """One number for each spatial dimension, from 1, `rank` or `rank + 2` given ones."""
    if value is None:
        return (1,) * rank
    if type(value) is int:
        return (value,) * rank
    numbers = _integers(value, argument, what)
    if len(numbers) == 1:
        return numbers * rank
    if len(numbers) == rank:
        return numbers
    if len(numbers) != rank + 2:
        raise errors.op_error(
            ValueError,
            what,
            f"{argument} should be of length 1, {rank} or {rank + 2}, got {len(numbers)} numbers",
        )
    channel = 1 if channels_first else rank + 1
    if numbers[0] != 1 or numbers[channel] != 1:
        raise errors.op_error(
            error,
            what,
            f"{argument} must be 1 in the batch and channel dimensions, got {numbers}",
        )
    return numbers[2:] if channels_first else numbers[1:-1]


def _integers(value: Any, argument: str, what: str) -> tuple[int, ...]:
    if not isinstance(value, (list, tuple)):
        value = np.atleast_1d(host_value(value, f"{what}: {argument}")).tolist()
    try:
        return tuple(int(v.__index__()) for v in value)
    except (AttributeError, TypeError):
        raise errors.op_error(
            TypeError, what, f"{argument} must be integers, got {value!r}"
        ) from None


def need_positive(numbers: Sequence[int], argument: str, what: str) -> None:
    """InvalidArgumentError unless all of `numbers` are larger than 0."""
    if any(n <= 0 for n in numbers):
        raise invalid(what, f"{argument} must be larger than 0, got {tuple(numbers)}")


def read_padding(
    padding: Any, rank: int, channels_first: bool, what: str, explicit: bool = True
) -> str | tuple[Pair, ...]:
    """The padding of a `Window`; lists have a pair for the batch and the channels too."""
    if isinstance(padding, str):
        if padding == "EXPLICIT" and explicit:
            raise errors.op_error(
                ValueError,
                what,
                "'EXPLICIT' is not a valid value for padding: to pad explicitly, give a list",
            )
        if padding not in ("SAME", "VALID"):
            _bad_padding(padding, what)
        return padding
    if not explicit or not isinstance(padding, (list, tuple, np.ndarray)):
        raise errors.op_error(
            TypeError, what, f"padding must be 'SAME' or 'VALID', got {padding!r}"
        )
    if len(padding) != rank + 2:
        raise errors.op_error(
            ValueError,
            what,
            f"padding, where it is a list, must have {rank + 2} pairs, got {len(padding)}",
        )
    pairs = [_integers(list(pair), "padding", what) for pair in padding]
    if any(len(pair) != 2 for pair in pairs):
        raise errors.op_error(
            ValueError, what, f"padding must have pairs (before, after), got {padding!r}"
        )
    channel = 1 if channels_first else rank + 1
    if any(pairs[0]) or any(pairs[channel]):
        raise invalid(
            what, f"padding must be 0 in the batch and channel dimensions, got {padding!r}"
        )
    if any(n < 0 for pair in pairs for n in pair):
        raise invalid(what, f"padding must not be negative, got {padding!r}")
    return tuple(pairs[2:] if channels_first else pairs[1:-1])  # type: ignore[arg-type]


def _bad_padding(padding: str, what: str) -> NoReturn:
    known = padding.upper() if padding.upper() in ("SAME", "VALID") else None
    raise invalid(
        what,
        f"padding must be 'SAME' or 'VALID', got {padding!r}",
        None if known is None else f"write {known!r}",
    )
