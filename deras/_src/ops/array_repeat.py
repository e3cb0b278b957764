"""Repeating and extending tensors: tile, repeat, pad."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from deras._src import errors
from deras._src.core.dtypes import ANY, INDEX, int32
from deras._src.core.tensor import Tensor
from deras._src.core.tensor_shape import TensorShape
from deras._src.dispatch.apply import apply
from deras._src.dispatch.convert import convert
from deras._src.errors import InvalidArgumentError
from deras._src.ops.array_shape import broadcast_to, reshape, shape
from deras._src.ops.array_slice import spec_slice
from deras._src.ops.array_support import (
    Specs,
    apply_ints,
    axis_of,
    dynamic_twin,
    ints_of,
    partial_ints,
    resolve_axis,
    type_var,
)
from deras._src.ops.math_binary import maximum
from deras._src.ops.math_reduce import reduce_sum
from deras._src.registry import op
from deras._src.util.export import export

Attrs = Mapping[str, Any]


# -- tile -------------------------------------------------------------------------------------


def _check_multiples(rank: int, multiples: Any) -> None:
    if not isinstance(multiples, tuple) or len(multiples) != rank:
        raise ValueError(f"multiples must have {rank} elements, one a dimension: {multiples}")
    if any(m is not None and m < 0 for m in multiples):
        raise ValueError(f"multiples must not be negative: {list(multiples)}")


def _tile_shape(inputs: Sequence[Any], attrs: Attrs) -> Specs:
    shape, multiples = inputs[0].shape, attrs["multiples"]
    if multiples is None or shape.rank is None:
        rank = shape.rank if multiples is None else len(multiples)
        return [(inputs[0].dtype, TensorShape(None if rank is None else [None] * rank))]
    try:
        _check_multiples(shape.rank, multiples)
    except ValueError as error:
        raise errors.op_error(errors.GraphInvalidArgumentError, "tf.tile", str(error)) from None
    dims = [
        None if d is None or m is None else d * m
        for d, m in zip(shape.as_list(), multiples, strict=True)
    ]
    return [(inputs[0].dtype, TensorShape(dims))]


def _tile_host(input, *, multiples):
    _check_multiples(input.ndim, multiples)
    return np.tile(input, multiples)


@op("Tile", dtypes=ANY, shape=_tile_shape, numpy=_tile_host, host=_tile_host, api_name="tile")
def _tile(input, *, multiples):
    _check_multiples(input.ndim, multiples)
    return jnp.tile(input, multiples)


_tile_dynamic = dynamic_twin(_tile, "multiples")


@export("tile")
def tile(input: Any, multiples: Any, name: str | None = None) -> Any:
    """Repeats a whole tensor along each dimension.

    Args:
      input: Tensor of rank R, any dtype.
      multiples: R ints or a 1-D integer tensor: how often along each dimension.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of shape `input.shape * multiples`.
    Raises:
      InvalidArgumentError: `multiples` has not R elements, or a negative one.

    >>> tf.tile([1, 2], [2]).numpy()
    array([1, 2, 1, 2], dtype=int32)
    """
    ints = ints_of(multiples, "tf.tile")
    return apply_ints(_tile, _tile_dynamic, (input,), "multiples", ints, (), name)


# -- repeat -----------------------------------------------------------------------------------


def _repeat_each_shape(inputs: Sequence[Any], attrs: Attrs) -> Specs:
    shape = inputs[0].shape
    if shape.rank is None:
        return [(inputs[0].dtype, shape)]
    axis = resolve_axis(attrs["axis"], shape.rank)
    dims = shape.as_list()
    dims[axis] = None if dims[axis] is None else dims[axis] * attrs["repeats"]
    return [(inputs[0].dtype, TensorShape(dims))]


def _repeat_each_host(input, *, repeats, axis):
    return np.repeat(input, repeats, axis)


@op(
    "RepeatEach",
    dtypes=ANY,
    shape=_repeat_each_shape,
    numpy=_repeat_each_host,
    host=_repeat_each_host,
    api_name="repeat",
)
def _repeat_each(input, *, repeats, axis):
    """Every element equally often: a broadcast, where separate counts need a gather."""
    axis = resolve_axis(axis, input.ndim)
    dims = input.shape
    wide = jnp.broadcast_to(
        jnp.expand_dims(input, axis + 1), (*dims[: axis + 1], repeats, *dims[axis + 1 :])
    )
    return wide.reshape((*dims[:axis], dims[axis] * repeats, *dims[axis + 1 :]))


def _repeat_shape(inputs: Sequence[Any], attrs: Attrs) -> Specs:
    shape = inputs[0].shape
    if shape.rank is None:
        return [(inputs[0].dtype, shape)]
    total = partial_ints(inputs[2])
    dims = shape.as_list()
    dims[resolve_axis(attrs["axis"], shape.rank)] = total[0] if total else None
    return [(inputs[0].dtype, TensorShape(dims))]


def _repeat_host(input, repeats, total, *, axis):
    return np.repeat(input, np.maximum(repeats, 0), axis)


@op(
    "Repeat",
    dtypes={"input": ANY, "repeats": INDEX, "total": INDEX},
    host_args=("total",),
    shape=_repeat_shape,
    numpy=_repeat_host,
    host=_repeat_host,
    api_name="repeat",
)
def _repeat(input, repeats, total, *, axis):
    # The counts are an operand, so a program is compiled for their sum, not for each set of them.
    return jnp.repeat(input, jnp.maximum(repeats, 0), axis, total_repeat_length=int(total))


@export("repeat")
def repeat(input: Any, repeats: Any, axis: Any = None, name: str | None = None) -> Any:
    """Repeats each element along a dimension.

    Args:
      input: Tensor of any dtype.
      repeats: How often: one int, or one for each element along `axis`. Negative counts in a list
        are 0.
      axis: The dimension; by default the tensor is flattened first.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of the same rank (1-D without `axis`).
    Raises:
      InvalidArgumentError: `repeats` is one negative number.
      ValueError: `axis` is out of range, or `repeats` has the wrong length.

    >>> tf.repeat([1, 2, 3], [1, 0, 2]).numpy()
    array([1, 3, 3], dtype=int32)
    """
    what = "tf.repeat"
    tensor = input if isinstance(input, Tensor) else convert(input)
    if axis is None:
        tensor, at = reshape(tensor, [-1]), 0
    else:
        at = axis_of(axis, what)
        rank = tensor.shape.rank
        if rank is not None and not -rank <= at < rank:
            raise ValueError(f"{what}: axis {at} is out of range [-{rank}, {rank}).")
    counts = ints_of(repeats, what)
    if isinstance(counts, tuple) and len(counts) == 1:
        counts = counts[0]
    if isinstance(counts, int):
        if counts < 0:
            raise errors.op_error(
                InvalidArgumentError, what, f"repeats must not be negative: {counts}"
            )
        return apply(_repeat_each, (tensor,), (("repeats", counts), ("axis", at)), name)
    vector = counts if isinstance(counts, Tensor) else convert(counts)
    length = tensor.shape[at] if tensor.shape.rank is not None else None
    if vector.shape.rank == 0:
        vector = broadcast_to(vector, [_length(tensor, at)])
    elif vector.shape.rank == 1 and length is not None and vector.shape[0] not in (None, length):
        raise ValueError(
            f"{what}: repeats has {vector.shape[0]} elements, but dimension {at} has {length}."
        )
    if not isinstance(counts, Tensor):
        total: Any = sum(max(c, 0) for c in counts)
    else:
        total = reduce_sum(maximum(vector, convert(0, vector.dtype)))
    return apply(_repeat, (tensor, vector, total), (("axis", at),), name)


def _length(tensor: Any, axis: int) -> Any:
    return spec_slice(shape(tensor, int32), (axis,), (), "tf.repeat")


# -- pad --------------------------------------------------------------------------------------

_T = type_var()


def _pairs(paddings: Any) -> Any:
    """Paddings as pairs; what is known of a tensor comes as a flat tuple."""
    if paddings is None or not paddings or isinstance(paddings[0], tuple):
        return paddings
    return tuple(zip(paddings[::2], paddings[1::2], strict=True))


def _check_paddings(dims: Sequence[int | None], paddings: Any, mode: str) -> None:
    if not isinstance(paddings, tuple) or any(
        not isinstance(p, tuple) or len(p) != 2 for p in paddings
    ):
        raise ValueError(f"paddings must have shape [{len(dims)}, 2]: {paddings}")
    if len(paddings) != len(dims):
        raise ValueError(f"paddings has {len(paddings)} rows, but the tensor has rank {len(dims)}")
    for axis, (size, pair) in enumerate(zip(dims, paddings, strict=True)):
        for p in pair:
            if p is not None and p < 0:
                raise ValueError(f"paddings must not be negative: {list(pair)} in row {axis}")
            if p is not None and size is not None and mode != "CONSTANT":
                most = size - 1 if mode == "REFLECT" else size
                if p > most:
                    raise ValueError(
                        f"{mode} paddings of dimension {axis} must not exceed {most}: {list(pair)}"
                    )


def _pad_shape(inputs: Sequence[Any], attrs: Attrs) -> Specs:
    shape, paddings = inputs[0].shape, _pairs(attrs["paddings"])
    if paddings is None:
        rank = shape.rank
        return [(inputs[0].dtype, TensorShape(None if rank is None else [None] * rank))]
    if shape.rank is None:
        return [(inputs[0].dtype, TensorShape([None] * len(paddings)))]
    try:
        _check_paddings(shape.as_list(), paddings, attrs["mode"])
    except ValueError as error:
        raise errors.op_error(errors.GraphInvalidArgumentError, "tf.pad", str(error)) from None
    dims = [
        None if d is None or a is None or b is None else d + a + b
        for d, (a, b) in zip(shape.as_list(), paddings, strict=True)
    ]
    return [(inputs[0].dtype, TensorShape(dims))]


def _pad_host(tensor, constant_values, *, paddings, mode):
    _check_paddings(tensor.shape, paddings, mode)
    if not paddings:
        return tensor.copy()
    if mode == "CONSTANT":
        dims = [d + a + b for d, (a, b) in zip(tensor.shape, paddings, strict=True)]
        result = np.full(dims, constant_values.reshape(())[()], tensor.dtype)
        result[tuple(slice(a, a + d) for d, (a, _) in zip(tensor.shape, paddings, strict=True))] = (
            tensor
        )
        return result
    return np.pad(tensor, paddings, mode.lower())


@op(
    "PadV2",
    dtypes={"tensor": _T, "constant_values": _T},
    shape=_pad_shape,
    numpy=_pad_host,
    host=_pad_host,
    api_name="pad",
)
def _pad(tensor, constant_values, *, paddings, mode):
    _check_paddings(tensor.shape, paddings, mode)
    if mode == "CONSTANT":
        low_high = [(a, b, 0) for a, b in paddings]
        return lax.pad(tensor, jnp.asarray(constant_values).reshape(()), low_high)
    skip = 1 if mode == "REFLECT" else 0
    for axis, (before, after) in enumerate(paddings):
        size = tensor.shape[axis]
        parts = [tensor]
        if before:
            head = lax.slice_in_dim(tensor, skip, skip + before, axis=axis)
            parts.insert(0, lax.rev(head, [axis]))
        if after:
            tail = lax.slice_in_dim(tensor, size - skip - after, size - skip, axis=axis)
            parts.append(lax.rev(tail, [axis]))
        if len(parts) > 1:
            tensor = lax.concatenate(parts, axis)
    return tensor


_pad_dynamic = dynamic_twin(_pad, "paddings")


@export("pad")
def pad(
    tensor: Any,
    paddings: Any,
    mode: str = "CONSTANT",
    constant_values: Any = 0,
    name: str | None = None,
) -> Any:
    """Adds elements before and after each dimension.

    Args:
      tensor: Tensor of rank R, any dtype.
      paddings: `[R, 2]` ints or integer tensor: how many before and after, for each dimension.
      mode: "CONSTANT", "REFLECT" (mirrored without the edge) or "SYMMETRIC" (with it); any case.
      constant_values: Scalar that "CONSTANT" adds.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of the same rank and dtype.
    Raises:
      ValueError: `mode` is unknown.
      InvalidArgumentError: The paddings do not fit the rank, are negative, or exceed what can be
        mirrored.

    >>> tf.pad([1, 2, 3], [[1, 2]]).numpy()
    array([0, 1, 2, 3, 0, 0], dtype=int32)
    >>> tf.pad([1, 2, 3], [[2, 0]], "REFLECT").numpy()
    array([3, 2, 1, 2, 3], dtype=int32)
    """
    upper = mode.upper()
    if upper not in ("CONSTANT", "REFLECT", "SYMMETRIC"):
        raise ValueError(
            f'tf.pad: mode must be "CONSTANT", "REFLECT" or "SYMMETRIC", not {mode!r}.'
        )
    ints = ints_of(paddings, "tf.pad")
    tensor = tensor if isinstance(tensor, Tensor) else convert(tensor)
    if type(constant_values) is int and constant_values == 0:
        zero = np.zeros((), tensor.dtype.np_dtype)
        constant_values = b"" if zero.dtype == object else zero
    attrs = (("mode", upper),)
    inputs = (tensor, constant_values)
    return apply_ints(_pad, _pad_dynamic, inputs, "paddings", ints, attrs, name)
