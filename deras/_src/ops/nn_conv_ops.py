"""The convolution ops: for each rank the convolution and its two transposes.

The three are each other's gradients, so derivatives of any order stay convolutions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from deras._src import errors
from deras._src.core.dtypes import FLOATING, DType, int32
from deras._src.core.tensor_shape import TensorShape
from deras._src.dispatch.apply import apply
from deras._src.ops.array_shape import shape as shape_of
from deras._src.ops.nn_conv_kernels import convolve, input_gradient, kernel_gradient
from deras._src.ops.nn_windows import (
    Window,
    channels_back,
    channels_last,
    join_dims,
    on_cpu,
    split_dims,
)
from deras._src.ops.shapes import Specs
from deras._src.registry import OpDef, OpRecord, op


def need_format(
    window: Window, what: str, error: type[errors.OpError] = errors.InvalidArgumentError
) -> None:
    """TensorFlow's error for channels that do not come last, on CPU."""
    if window.channels_first and on_cpu():
        raise errors.op_error(
            error,
            what,
            "on CPU the channels must be the last dimension (data_format 'NHWC' and the like)",
            hint="transpose the input, or run on a GPU",
        )


def flat_batch(x: Any, rank: int, what: str, name: str = "input") -> Any:
    """`x` with its batch dimensions made one."""
    if x.ndim < rank + 2:
        raise errors.op_error(
            errors.InvalidArgumentError,
            what,
            f"{name} must have at least {rank + 2} dimensions, got {x.ndim}",
        )
    return x if x.ndim == rank + 2 else x.reshape(-1, *x.shape[-rank - 1 :])


def _check_kernel(channels: int, kernel: Sequence[int], rank: int, what: str) -> None:
    if len(kernel) != rank + 2:
        raise errors.op_error(
            errors.InvalidArgumentError,
            what,
            f"the filters must have {rank + 2} dimensions, got {len(kernel)}",
        )
    depth, outputs = kernel[-2:]
    if depth == 0 or channels % depth:
        raise errors.op_error(
            errors.InvalidArgumentError,
            what,
            f"input has {channels} channels, the filters take {depth}: they must be equal, or "
            "the input's a multiple for a grouped convolution",
        )
    if outputs % (channels // depth or 1):
        raise errors.op_error(
            errors.InvalidArgumentError,
            what,
            f"the filters give {outputs} channels, which {channels // depth} groups cannot share",
        )


def _lowering(rank: int, what: str) -> Any:
    kind = errors.InvalidArgumentError if rank == 3 else errors.UnimplementedError

    def lowering(input, filter, *, window):
        need_format(window, what, kind)
        x = channels_last(input, window)
        lead = x.shape[: -rank - 1]
        x = flat_batch(x, rank, what)
        _check_kernel(x.shape[-1], filter.shape, rank, what)
        y = convolve(x, filter, window)
        return channels_back(y.reshape(*lead, *y.shape[1:]), window)

    return lowering


def _input_lowering(rank: int, what: str) -> Any:
    def lowering(input_sizes, filter, out_backprop, *, window):
        need_format(window, what)
        sizes = tuple(int(n) for n in input_sizes)
        g = channels_last(out_backprop, window)
        lead = g.shape[: -rank - 1]
        g = flat_batch(g, rank, what)
        if len(sizes) == rank:  # the spatial dimensions only
            sizes = (*lead, *sizes, filter.shape[-2])
        elif len(sizes) != len(lead) + rank + 1:
            raise errors.op_error(
                errors.InvalidArgumentError,
                what,
                f"the output shape must have {len(lead) + rank + 1} entries, got {len(sizes)}",
            )
        elif window.channels_first:
            sizes = (*sizes[: -rank - 1], *sizes[-rank:], sizes[-rank - 1])
        batch, spatial, channels = sizes[: -rank - 1], sizes[-rank - 1 : -1], sizes[-1]
        _check_kernel(channels, filter.shape, rank, what)
        wanted = tuple(window.out_dims(spatial, filter.shape[:rank]))
        got = g.shape[1:-1]
        if wanted != got or batch != lead or filter.shape[-1] != g.shape[-1]:
            raise errors.op_error(
                errors.InvalidArgumentError,
                what,
                f"a convolution of an input of shape {sizes} with filters {filter.shape} gives "
                f"(batch, spatial, channels) {batch}, {wanted}, {filter.shape[-1]}; here are "
                f"{lead}, {got}, {g.shape[-1]}",
            )
        x = input_gradient(filter, g, spatial, channels, window)
        return channels_back(x.reshape(*lead, *x.shape[1:]), window)

    return lowering


def _filter_lowering(rank: int, what: str) -> Any:
    def lowering(input, filter_sizes, out_backprop, *, window):
        need_format(window, what)
        x = flat_batch(channels_last(input, window), rank, what)
        g = flat_batch(channels_last(out_backprop, window), rank, what, "out_backprop")
        kernel = tuple(int(n) for n in filter_sizes)
        _check_kernel(x.shape[-1], kernel, rank, what)
        wanted = (x.shape[0], *window.out_dims(x.shape[1:-1], kernel[:rank]), kernel[-1])
        if wanted != g.shape:
            raise errors.op_error(
                errors.InvalidArgumentError,
                what,
                f"out_backprop must have shape {wanted}, got {g.shape}",
            )
        return kernel_gradient(x, g, kernel, window)

    return lowering


def known_dims(tensor: Any) -> list[int] | None:
    """The value of a 1-D integer tensor as a list, where it is known."""
    for name in ("value", "_host", "array"):
        value = getattr(tensor, name, None)
        if value is not None and hasattr(value, "tolist"):
            return value.tolist()  # type: ignore[no-any-return]
    return None


def _graph_error(what: str, message: str) -> Exception:
    return errors.op_error(errors.GraphInvalidArgumentError, what, message)


def _conv_shape(rank: int, what: str) -> Any:
    def shape(inputs: Sequence[Any], attrs: Mapping[str, Any]) -> Specs:
        x, w = inputs[0].shape, inputs[1].shape
        window = attrs["window"]
        kernel = [None] * (rank + 2) if w.rank is None else w.as_list()
        if len(kernel) != rank + 2:
            raise _graph_error(what, f"the filters must have {rank + 2} dimensions, got {w}")
        if x.rank is None:
            spatial: list[Any] = [None] * rank
            return [(inputs[0].dtype, join_dims([None], spatial, kernel[-1], window))]
        if x.rank < rank + 2:
            raise _graph_error(what, f"input must have {rank + 2} dimensions, got {x}")
        batch, dims, channels = split_dims(x, window)
        depth = kernel[-2]
        if channels is not None and depth is not None and (depth == 0 or channels % depth):
            raise _graph_error(
                what, f"input has {channels} channels, the filters take {depth}: {x} and {w}"
            )
        out = window.out_dims(dims, kernel[:rank])
        return [(inputs[0].dtype, join_dims(batch, out, kernel[-1], window))]

    return shape


def _input_shape(rank: int, what: str) -> Any:
    def shape(inputs: Sequence[Any], attrs: Mapping[str, Any]) -> Specs:
        sizes, w, g = inputs
        window, known = attrs["window"], known_dims(sizes)
        dtype = g.dtype
        batch: list[Any] = [None]
        if g.shape.rank is not None and g.shape.rank >= rank + 2:
            batch = split_dims(g.shape, window)[0]
        if known is not None and len(known) not in (rank, len(batch) + rank + 1):
            raise _graph_error(
                what, f"the output shape must have {rank + 2} entries, got {len(known)}"
            )
        if known is not None and len(known) > rank:
            wanted = known[: len(batch)]
            if any(b not in (None, n) for b, n in zip(batch, wanted, strict=True)):
                raise _graph_error(
                    what, f"the output shape gives a batch of {wanted}, the input is one of {batch}"
                )
        if known is not None and len(known) == rank:  # the spatial dimensions only
            depth = None if w.shape.rank is None else w.shape.as_list()[-2]
            return [(dtype, join_dims(batch, known, depth, window))]
        if known is not None:
            return [(dtype, TensorShape(known))]
        probes = getattr(sizes, "probes", None)
        if probes is not None and probes[0].value is not None:
            first, second = (p.value.tolist() for p in probes)
            merged = [a if a == b else None for a, b in zip(first, second, strict=True)]
            return [(dtype, TensorShape(merged))]
        return [(dtype, TensorShape([*batch, *[None] * (rank + 1)]))]

    return shape


def _filter_shape(inputs: Sequence[Any], attrs: Mapping[str, Any]) -> Specs:
    known = known_dims(inputs[1])
    return [(inputs[0].dtype, TensorShape(known))]


class ConvOps:
    """The three ops of one rank."""

    __slots__ = ("conv", "input", "kernel", "what")

    def __init__(
        self, rank: int, names: Sequence[str], dtypes: frozenset[DType], what: str
    ) -> None:
        self.what = f"tf.{what}"
        self.conv: OpDef = op(
            names[0],
            dtypes=dtypes,
            gradient=self._gradient,
            shape=_conv_shape(rank, self.what),
            api_name=what,
        )(_lowering(rank, self.what))
        transposed = f"tf.{what}_transpose"
        self.input: OpDef = op(
            names[1],
            dtypes=dtypes,
            host_args=("input_sizes",),
            gradient=self._input_gradient,
            shape=_input_shape(rank, transposed),
            api_name=f"{what}_transpose",
        )(_input_lowering(rank, transposed))
        self.kernel: OpDef = op(
            names[2],
            dtypes=dtypes,
            host_args=("filter_sizes",),
            gradient=self._filter_gradient,
            shape=_filter_shape,
            api_name=what,
        )(_filter_lowering(rank, self.what))

    # Explicit, not AUTO: JAX's derivative of the lowering would be what XLA makes of transposed
    # loops; these choose their own lowering, and keep higher orders convolutions.

    def _gradient(self, record: OpRecord, grad: Any) -> tuple[Any, ...]:
        x, w = record.inputs
        return (
            apply(self.input, (shape_of(x), w, grad), record.attrs),
            apply(self.kernel, (x, shape_of(w), grad), record.attrs),
        )

    def _input_gradient(self, record: OpRecord, grad: Any) -> tuple[Any, ...]:
        _, w, out = record.inputs
        return (
            None,
            apply(self.kernel, (grad, shape_of(w), out), record.attrs),
            apply(self.conv, (grad, w), record.attrs),
        )

    def _filter_gradient(self, record: OpRecord, grad: Any) -> tuple[Any, ...]:
        x, _, out = record.inputs
        return (
            apply(self.input, (shape_of(x), grad, out), record.attrs),
            None,
            apply(self.conv, (x, grad), record.attrs),
        )


CONV: dict[int, ConvOps] = {
    # TensorFlow has no one-dimensional op: it reshapes to two dimensions and back.
    1: ConvOps(
        1,
        ("Conv1D", "Conv1DBackpropInput", "Conv1DBackpropFilter"),
        FLOATING | {int32},
        "nn.conv1d",
    ),
    2: ConvOps(
        2,
        ("Conv2D", "Conv2DBackpropInput", "Conv2DBackpropFilter"),
        FLOATING | {int32},
        "nn.conv2d",
    ),
    3: ConvOps(
        3,
        ("Conv3D", "Conv3DBackpropInputV2", "Conv3DBackpropFilterV2"),
        FLOATING,
        "nn.conv3d",
    ),
}
