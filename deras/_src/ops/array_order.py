"""Reordering along dimensions: reverse, reverse_sequence, roll, and blocks of space and batch."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from deras._src import errors
from deras._src.core.dtypes import ANY, INDEX
from deras._src.core.tensor import Tensor
from deras._src.core.tensor_shape import TensorShape
from deras._src.dispatch.apply import apply
from deras._src.dispatch.convert import convert
from deras._src.errors import InvalidArgumentError
from deras._src.graph.checks import require
from deras._src.ops.array_support import (
    Specs,
    apply_ints,
    axes_of,
    axis_of,
    dynamic_twin,
    ints_of,
    resolve_axis,
    run_check,
    same_shape_if,
)
from deras._src.ops.shapes import same_as_first
from deras._src.registry import op
from deras._src.util.export import export

Attrs = Mapping[str, Any]


# -- reverse ----------------------------------------------------------------------------------


def _reverse_axes(rank: int, axis: Any) -> tuple[int, ...]:
    if not isinstance(axis, tuple):
        raise ValueError(f"axis must be a vector, not the scalar {axis}")
    axes = tuple(resolve_axis(a, rank) for a in axis)
    if len(set(axes)) != len(axes):
        raise ValueError(f"axis {list(axis)} names a dimension twice")
    return axes


def _check_reverse(dims: Any, attrs: Attrs) -> None:
    if attrs["axis"] is not None and None not in attrs["axis"]:
        _reverse_axes(len(dims), attrs["axis"])


def _reverse_host(tensor, *, axis):
    return np.flip(tensor, _reverse_axes(tensor.ndim, axis)).copy()


@op(
    "ReverseV2",
    dtypes=ANY,
    shape=same_shape_if(_check_reverse, "tf.reverse"),
    numpy=_reverse_host,
    host=_reverse_host,
    api_name="reverse",
)
def _reverse(tensor, *, axis):
    return lax.rev(tensor, _reverse_axes(tensor.ndim, axis))


_reverse_dynamic = dynamic_twin(_reverse, "axis")


@export("reverse")
def reverse(tensor: Any, axis: Any, name: str | None = None) -> Any:
    """Reverses the order along dimensions.

    Args:
      tensor: Tensor of any dtype.
      axis: List of ints or 1-D integer tensor: the dimensions.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of the same shape.
    Raises:
      InvalidArgumentError: A dimension is out of range or named twice.

    >>> tf.reverse([1, 2, 3], [0]).numpy()
    array([3, 2, 1], dtype=int32)
    """
    ints = ints_of(axis, "tf.reverse")
    return apply_ints(_reverse, _reverse_dynamic, (tensor,), "axis", ints, (), name)


def _sequence_axes(input: Any, lengths: Any, seq_axis: int, batch_axis: int) -> tuple[int, int]:
    seq = resolve_axis(seq_axis, len(input), "seq_axis")
    batch = resolve_axis(batch_axis, len(input), "batch_axis")
    if seq == batch:
        raise ValueError(f"seq_axis and batch_axis must differ, both are {seq}")
    if tuple(lengths) != (input[batch],):
        raise ValueError(
            f"seq_lengths must have {input[batch]} elements, one for each of dimension {batch}; "
            f"its shape is {list(lengths)}"
        )
    return seq, batch


def _sequence_places(xp: Any, input: Any, lengths: Any, seq: int, batch: int) -> Any:
    """For each position the one its element comes from, aligned with the input's dimensions."""
    size = input.shape[seq]
    steps = np.arange(size).reshape([-1 if d == seq else 1 for d in range(input.ndim)])
    ends = lengths.astype(np.int64).reshape([-1 if d == batch else 1 for d in range(input.ndim)])
    return xp.where(steps < ends, ends - 1 - steps, steps)


def _reverse_sequence_shape(inputs: Sequence[Any], attrs: Attrs) -> Specs:
    shape, lengths = inputs[0].shape, inputs[1].shape

    def check(dims: Any, attrs: Attrs) -> None:
        seq = resolve_axis(attrs["seq_axis"], len(dims), "seq_axis")
        batch = resolve_axis(attrs["batch_axis"], len(dims), "batch_axis")
        if seq == batch or not lengths.is_compatible_with([dims[batch]]):
            _sequence_axes(dims, lengths, seq, batch)

    run_check(check, shape, attrs, "tf.reverse_sequence")
    return [(inputs[0].dtype, shape)]


def _reverse_sequence_host(input, seq_lengths, *, seq_axis, batch_axis):
    seq, batch = _sequence_axes(input.shape, seq_lengths.shape, seq_axis, batch_axis)
    if np.any((seq_lengths < 0) | (seq_lengths > input.shape[seq])):
        raise ValueError(f"seq_lengths must be in [0, {input.shape[seq]}]")
    places = _sequence_places(np, input, seq_lengths, seq, batch)
    return np.take_along_axis(input, np.broadcast_to(places, input.shape), seq)


@op(
    "ReverseSequence",
    dtypes={"input": ANY, "seq_lengths": INDEX},
    shape=_reverse_sequence_shape,
    host=_reverse_sequence_host,
    api_name="reverse_sequence",
)
def _reverse_sequence(input, seq_lengths, *, seq_axis, batch_axis):
    seq, batch = _sequence_axes(input.shape, seq_lengths.shape, seq_axis, batch_axis)
    size = input.shape[seq]
    require(
        jnp.all((seq_lengths >= 0) & (seq_lengths <= size)),
        InvalidArgumentError,
        f"seq_lengths must be in [0, {size}], the size of dimension {seq}",
    )
    places = _sequence_places(jnp, input, seq_lengths, seq, batch)
    return jnp.take_along_axis(input, places, seq, mode="clip")


@export("reverse_sequence")
def reverse_sequence(
    input: Any,
    seq_lengths: Any,
    seq_axis: int | None = None,
    batch_axis: int | None = None,
    name: str | None = None,
) -> Any:
    """Reverses the first `seq_lengths[i]` elements of slice i; the others stay.

    Args:
      input: Tensor of any dtype.
      seq_lengths: 1-D integer tensor with an element for each slice along `batch_axis`.
      seq_axis: The dimension that is reversed.
      batch_axis: The dimension of the slices; default 0.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of the same shape.
    Raises:
      InvalidArgumentError: A length is out of range, or the axes do not fit.

    >>> tf.reverse_sequence([[1, 2, 3], [4, 5, 6]], [2, 3], seq_axis=1).numpy()
    array([[2, 1, 3],
           [6, 5, 4]], dtype=int32)
    """
    seq = axis_of(0 if seq_axis is None else seq_axis, "tf.reverse_sequence")
    batch = axis_of(0 if batch_axis is None else batch_axis, "tf.reverse_sequence")
    attrs = (("seq_axis", seq), ("batch_axis", batch))
    return apply(_reverse_sequence, (input, seq_lengths), attrs, name)


# -- roll -------------------------------------------------------------------------------------


def _roll_axes(rank: int, axis: tuple[int, ...], shifts: int) -> tuple[int, ...]:
    if not rank:
        raise ValueError("input must have at least 1 dimension")
    if len(axis) != shifts:
        raise ValueError(f"shift has {shifts} elements, axis {len(axis)}; they must be as many")
    return tuple(resolve_axis(a, rank) for a in axis)


def _check_roll(dims: Any, attrs: Attrs) -> None:
    _roll_axes(len(dims), attrs["axis"], len(attrs["shift"]))


def _roll_host(input, *, shift, axis):
    return np.roll(input, shift, _roll_axes(input.ndim, axis, len(shift)))


@op(
    "Roll",
    dtypes=ANY,
    shape=same_shape_if(_check_roll, "tf.roll"),
    numpy=_roll_host,
    host=_roll_host,
    api_name="roll",
)
def _roll(input, *, shift, axis):
    return jnp.roll(input, shift, _roll_axes(input.ndim, axis, len(shift)))


@op(
    "RollDynamic",
    dtypes={"input": ANY, "shift": INDEX},
    shape=same_as_first,
    api_name="roll",
)
def _roll_dynamic(input, shift, *, axis):
    shift = shift.reshape(-1)
    axes = _roll_axes(input.ndim, axis, shift.shape[0])
    return jnp.roll(input, tuple(shift), axes)


@export("roll")
def roll(input: Any, shift: Any, axis: Any, name: str | None = None) -> Any:
    """Moves elements along dimensions; what leaves at one end enters at the other.

    Args:
      input: Tensor of rank 1 or more, any dtype.
      shift: Int, list of ints or integer tensor: by how many positions.
      axis: The dimensions, as many as shifts.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of the same shape.
    Raises:
      InvalidArgumentError: An axis is out of range, or there are not as many as shifts.

    >>> tf.roll([1, 2, 3], 1, 0).numpy()
    array([3, 1, 2], dtype=int32)
    """
    axes = axes_of(axis, "tf.roll")
    shifts = ints_of(shift, "tf.roll")
    if isinstance(shifts, Tensor):
        return apply(_roll_dynamic, (input, shifts), (("axis", axes),), name)
    shifts = (shifts,) if isinstance(shifts, int) else shifts
    return apply(_roll, (input,), (("shift", shifts), ("axis", axes)), name)


# -- space and batch --------------------------------------------------------------------------


def _checked_block(block: Any, pairs: Any, what: str) -> tuple[int, ...]:
    if not isinstance(block, tuple):
        raise ValueError(f"block_shape must be a vector, not the scalar {block}")
    if (
        not isinstance(pairs, tuple)
        or len(pairs) != len(block)
        or any(not isinstance(p, tuple) or len(p) != 2 for p in pairs)
    ):
        raise ValueError(f"{what} must have shape [{len(block)}, 2]: {pairs}")
    if any(b < 1 for b in block):
        raise ValueError(f"block_shape must be positive: {list(block)}")
    if any(v < 0 for p in pairs for v in p):
        raise ValueError(f"{what} must not be negative: {pairs}")
    return block


def _to_batch_dims(dims: Sequence[int | None], block: Any, paddings: Any) -> list[int | None]:
    if len(dims) < 1 + len(block):
        raise ValueError(f"input must have rank {1 + len(block)} or more, not {len(dims)}")
    result = list(dims)
    result[0] = None if dims[0] is None else dims[0] * math.prod(block)
    for i, (b, (low, high)) in enumerate(zip(block, paddings, strict=True), start=1):
        size = dims[i]
        if size is None:
            continue
        padded = size + low + high
        if padded % b:
            raise ValueError(f"padded dimension {i} of size {padded} is no multiple of block {b}")
        result[i] = padded // b
    return result


def _from_batch_dims(dims: Sequence[int | None], block: Any, crops: Any) -> list[int | None]:
    if len(dims) < 1 + len(block):
        raise ValueError(f"input must have rank {1 + len(block)} or more, not {len(dims)}")
    result, total = list(dims), math.prod(block)
    if dims[0] is not None:
        if dims[0] % total:
            raise ValueError(f"batch dimension {dims[0]} is no multiple of {total}")
        result[0] = dims[0] // total
    for i, (b, (low, high)) in enumerate(zip(block, crops, strict=True), start=1):
        size = dims[i]
        if size is None:
            continue
        if size * b < low + high:
            raise ValueError(f"crops {low} and {high} exceed dimension {i} of size {size * b}")
        result[i] = size * b - low - high
    return result


def _block_shape(compute: Any, pairs_name: str, label: str) -> Any:
    def shape(inputs: Sequence[Any], attrs: Attrs) -> Specs:
        static = inputs[0].shape
        if static.rank is None:
            return [(inputs[0].dtype, static)]
        try:
            block = _checked_block(attrs["block_shape"], attrs[pairs_name], pairs_name)
            dims = compute(static.as_list(), block, attrs[pairs_name])
        except ValueError as error:
            raise errors.op_error(errors.GraphInvalidArgumentError, label, str(error)) from None
        return [(inputs[0].dtype, TensorShape(dims))]

    return shape


@op(
    "SpaceToBatchND",
    dtypes=ANY,
    shape=_block_shape(_to_batch_dims, "paddings", "tf.space_to_batch"),
    api_name="space_to_batch",
)
def _space_to_batch(input, *, block_shape, paddings):
    block = _checked_block(block_shape, paddings, "paddings")
    dims = _to_batch_dims(input.shape, block, paddings)
    count = len(block)
    zero = jnp.zeros((), input.dtype)
    rest = [(0, 0, 0)] * (input.ndim - 1 - count)
    padded = lax.pad(input, zero, [(0, 0, 0), *((a, b, 0) for a, b in paddings), *rest])
    split = [input.shape[0]]
    for size, b in zip(dims[1 : 1 + count], block, strict=True):
        split += [size, b]
    tail = input.shape[1 + count :]
    cut = padded.reshape((*split, *tail))
    blocks = [2 + 2 * i for i in range(count)]
    spaces = [1 + 2 * i for i in range(count)]
    order = [*blocks, 0, *spaces, *range(1 + 2 * count, cut.ndim)]
    return cut.transpose(order).reshape(dims)


@op(
    "BatchToSpaceND",
    dtypes=ANY,
    shape=_block_shape(_from_batch_dims, "crops", "tf.batch_to_space"),
    api_name="batch_to_space",
)
def _batch_to_space(input, *, block_shape, crops):
    block = _checked_block(block_shape, crops, "crops")
    dims = _from_batch_dims(input.shape, block, crops)
    count = len(block)
    tail = input.shape[1 + count :]
    cut = input.reshape((*block, dims[0], *input.shape[1 : 1 + count], *tail))
    order = [count]
    for i in range(count):
        order += [count + 1 + i, i]
    order += range(2 * count + 1, cut.ndim)
    whole = [s * b for s, b in zip(input.shape[1 : 1 + count], block, strict=True)]
    joined = cut.transpose(order).reshape((dims[0], *whole, *tail))
    starts = [0, *(a for a, _ in crops), *([0] * len(tail))]
    stops = [dims[0], *(w - b for w, (_, b) in zip(whole, crops, strict=True)), *tail]
    return lax.slice(joined, starts, stops)


def _known_ints(value: Any, what: str) -> Any:
    ints = ints_of(value, what)
    if isinstance(ints, Tensor):
        raise errors.op_error(TypeError, what, f"the value of {value!r} must be known")
    return ints


@export("space_to_batch", "nn.space_to_batch")
def space_to_batch(input: Any, block_shape: Any, paddings: Any, name: str | None = None) -> Any:
    """Moves blocks of spatial dimensions into the batch dimension, after zero padding.

    Args:
      input: Tensor `[batch, spatial..., rest...]`, any dtype.
      block_shape: M ints: the block size of each of the M spatial dimensions.
      paddings: `[M, 2]` ints: zeros before and after each of them.
      name: Optional name of the node in graphs.
    Returns:
      Tensor `[batch * prod(block_shape), padded / block..., rest...]`.
    Raises:
      InvalidArgumentError: A padded dimension is no multiple of its block.

    >>> tf.space_to_batch([[[1], [2]]], [2], [[0, 0]]).numpy().tolist()
    [[[1]], [[2]]]
    """
    what = "tf.space_to_batch"
    attrs = (
        ("block_shape", _known_ints(block_shape, what)),
        ("paddings", _known_ints(paddings, what)),
    )
    return apply(_space_to_batch, (input,), attrs, name)


@export("space_to_batch_nd")
def space_to_batch_nd(input: Any, block_shape: Any, paddings: Any, name: str | None = None) -> Any:
    """The same as `tf.space_to_batch`.

    >>> tf.space_to_batch_nd([[[1], [2]]], [2], [[0, 0]]).shape
    TensorShape([2, 1, 1])
    """
    return space_to_batch(input, block_shape, paddings, name)


@export("batch_to_space")
def batch_to_space(input: Any, block_shape: Any, crops: Any, name: str | None = None) -> Any:
    """The reverse of `tf.space_to_batch`: batch blocks go back into space, then edges are cut.

    Args:
      input: Tensor `[batch, spatial..., rest...]`, any dtype.
      block_shape: M ints: the block size of each of the M spatial dimensions.
      crops: `[M, 2]` ints: how many elements to cut before and after each of them.
      name: Optional name of the node in graphs.
    Returns:
      Tensor `[batch / prod(block_shape), spatial * block - crops..., rest...]`.
    Raises:
      InvalidArgumentError: The batch is no multiple of the blocks, or crops exceed a dimension.

    >>> tf.batch_to_space([[[1]], [[2]]], [2], [[0, 0]]).numpy().tolist()
    [[[1], [2]]]
    """
    what = "tf.batch_to_space"
    attrs = (("block_shape", _known_ints(block_shape, what)), ("crops", _known_ints(crops, what)))
    return apply(_batch_to_space, (input,), attrs, name)


@export("required_space_to_batch_paddings")
def required_space_to_batch_paddings(
    input_shape: Any, block_shape: Any, base_paddings: Any = None, name: str | None = None
) -> tuple[Any, Any]:
    """The paddings that make dimensions multiples of their blocks, and the crops that undo them.

    Args:
      input_shape: N ints: the sizes of the spatial dimensions.
      block_shape: N ints: their block sizes.
      base_paddings: `[N, 2]` ints: the least padding; default 0.
      name: Not used.
    Returns:
      Pair of int32 tensors `[N, 2]`: paddings and crops.

    >>> paddings, crops = tf.required_space_to_batch_paddings([5], [2])
    >>> paddings.numpy().tolist(), crops.numpy().tolist()
    ([[0, 1]], [[0, 1]])
    """
    what = "tf.required_space_to_batch_paddings"
    sizes, blocks = (np.asarray(_known_ints(v, what), np.int32) for v in (input_shape, block_shape))
    base = np.zeros((len(sizes), 2), np.int32)
    if base_paddings is not None:
        base = np.asarray(_known_ints(base_paddings, what), np.int32)
    extra = -(sizes + base.sum(1)) % blocks
    paddings = np.stack([base[:, 0], base[:, 1] + extra], 1).astype(np.int32)
    crops = np.stack([np.zeros_like(extra), extra], 1).astype(np.int32)
    return convert(paddings), convert(crops)


# -- space and depth --------------------------------------------------------------------------


def _layout(data_format: str) -> tuple[int, int, int]:
    """Positions of height, width and depth."""
    return (1, 2, 3) if data_format == "NHWC" else (2, 3, 1)


def _depth_dims(dims: Sequence[Any], block: int, data_format: str, to_depth: bool) -> list[Any]:
    if len(dims) != 4:
        raise ValueError(f"input must have rank 4, not {len(dims)}")
    result = list(dims)
    *space, depth = _layout(data_format)
    for axis in space:
        if result[axis] is not None:
            if to_depth and result[axis] % block:
                raise ValueError(
                    f"dimension {axis} of size {result[axis]} is no multiple of block {block}"
                )
            result[axis] = result[axis] // block if to_depth else result[axis] * block
    if result[depth] is not None:
        if not to_depth and result[depth] % block**2:
            raise ValueError(
                f"the depth {result[depth]} is no multiple of block_size ** 2, {block**2}"
            )
        result[depth] = result[depth] * block**2 if to_depth else result[depth] // block**2
    return result


def _depth_shape(to_depth: bool) -> Any:
    label = "tf.nn.space_to_depth" if to_depth else "tf.nn.depth_to_space"

    def shape(inputs: Sequence[Any], attrs: Attrs) -> Specs:
        static = inputs[0].shape
        if static.rank is None:
            return [(inputs[0].dtype, TensorShape([None] * 4))]
        try:
            block, layout = attrs["block_size"], attrs["data_format"]
            dims = _depth_dims(static.as_list(), block, layout, to_depth)
        except ValueError as error:
            raise errors.op_error(errors.GraphInvalidArgumentError, label, str(error)) from None
        return [(inputs[0].dtype, TensorShape(dims))]

    return shape


@op("SpaceToDepth", dtypes=ANY, shape=_depth_shape(True), api_name="nn.space_to_depth")
def _space_to_depth(input, *, block_size, data_format):
    dims = _depth_dims(input.shape, block_size, data_format, True)
    b = block_size
    if data_format == "NHWC":
        n, h, w, c = input.shape
        cut = input.reshape(n, h // b, b, w // b, b, c)
        return cut.transpose(0, 1, 3, 2, 4, 5).reshape(dims)
    n, c, h, w = input.shape
    cut = input.reshape(n, c, h // b, b, w // b, b)
    return cut.transpose(0, 3, 5, 1, 2, 4).reshape(dims)


@op("DepthToSpace", dtypes=ANY, shape=_depth_shape(False), api_name="nn.depth_to_space")
def _depth_to_space(input, *, block_size, data_format):
    dims = _depth_dims(input.shape, block_size, data_format, False)
    b = block_size
    if data_format == "NHWC":
        n, h, w, c = input.shape
        cut = input.reshape(n, h, w, b, b, c // b**2)
        return cut.transpose(0, 1, 3, 2, 4, 5).reshape(dims)
    n, c, h, w = input.shape
    cut = input.reshape(n, b, b, c // b**2, h, w)
    return cut.transpose(0, 3, 4, 1, 5, 2).reshape(dims)


def _depth_attrs(block_size: int, data_format: str, what: str) -> tuple[Any, ...]:
    if block_size < 2:
        raise errors.op_error(
            InvalidArgumentError, what, f"block_size must be at least 2, not {block_size}"
        )
    if data_format not in ("NHWC", "NCHW"):
        raise errors.op_error(
            InvalidArgumentError, what, f'data_format must be "NHWC" or "NCHW": {data_format!r}'
        )
    return (("block_size", int(block_size)), ("data_format", data_format))


@export("nn.space_to_depth")
def space_to_depth(
    input: Any, block_size: int, data_format: str = "NHWC", name: str | None = None
) -> Any:
    """Moves blocks of height and width into depth.

    Args:
      input: Tensor `[batch, height, width, depth]` (NHWC) or `[batch, depth, height, width]`.
      block_size: Int, at least 2; height and width must be multiples of it.
      data_format: "NHWC" or "NCHW".
      name: Optional name of the node in graphs.
    Returns:
      Tensor whose depth is `block_size ** 2` times as large: first rows, then columns of a block.
    Raises:
      InvalidArgumentError: The rank is not 4, or a size is no multiple.

    >>> tf.nn.space_to_depth([[[[1], [2]], [[3], [4]]]], 2).numpy().tolist()
    [[[[1, 2, 3, 4]]]]
    """
    attrs = _depth_attrs(block_size, data_format, "tf.nn.space_to_depth")
    return apply(_space_to_depth, (input,), attrs, name)


@export("nn.depth_to_space")
def depth_to_space(
    input: Any, block_size: int, data_format: str = "NHWC", name: str | None = None
) -> Any:
    """Moves depth into blocks of height and width: the reverse of `tf.nn.space_to_depth`.

    Args:
      input: Tensor `[batch, height, width, depth]` (NHWC) or `[batch, depth, height, width]`.
      block_size: Int, at least 2; the depth must be a multiple of its square.
      data_format: "NHWC" or "NCHW".
      name: Optional name of the node in graphs.
    Returns:
      Tensor whose height and width are `block_size` times as large.
    Raises:
      InvalidArgumentError: The rank is not 4, or the depth is no multiple.

    >>> tf.nn.depth_to_space([[[[1, 2, 3, 4]]]], 2).numpy().tolist()
    [[[[1], [2]], [[3], [4]]]]
    """
    attrs = _depth_attrs(block_size, data_format, "tf.nn.depth_to_space")
    return apply(_depth_to_space, (input,), attrs, name)
