"""The ops on buffers: the rows of one tensor as the elements of a TensorArray.

A write is a dynamic update of one row, which XLA does in place, in loops too. Its derivative takes
one row out of the gradient, in place as well. No op keeps the buffer for its gradient.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from deras._src import errors
from deras._src.control_flow.loops import next_bucket
from deras._src.control_flow.tensor_array_shapes import (
    UNSHAPED,
    fit_buffer,
    is_unshaped,
    rows_and,
)
from deras._src.core.context import state
from deras._src.core.dtypes import INTEGER, int32, string
from deras._src.core.tensor import host_tensor
from deras._src.core.tensor_shape import TensorShape, unknown_shape
from deras._src.dispatch.apply import apply
from deras._src.graph.checks import require
from deras._src.ops.array_join import concat
from deras._src.registry import NONE, OpDef, op

Specs = list[tuple[Any, TensorShape]]


def _rows_of(buffer: Any) -> int | None:
    return None if buffer.shape.rank is None else buffer.shape[0]


def _element_of(buffer: Any, attrs: dict[str, Any]) -> TensorShape:
    """Static shape of an element, from the buffer or from what the family knows."""
    family = attrs["family"]
    if buffer.shape.rank is not None:
        return buffer.shape[1:]
    if family.shape.rank is None:
        family.guessed = True
    return family.shape  # type: ignore[no-any-return]


def _fault(what: str, message: str, hint: str | None = None, cls: Any = None) -> Any:
    """An error found while lowering: it names the line that made the node."""
    site = None if state.collector is None else state.collector.site
    kind = errors.InvalidArgumentError if cls is None else cls
    return errors.op_error(kind, f"tf.TensorArray.{what}", message, site=site, hint=hint)


def _shaped(buffer: Any, what: str) -> None:
    if is_unshaped(buffer):
        raise _fault(
            what,
            "no element was written, so that the shape of the zeros to give is not known",
            hint="write first, or give element_shape",
        )


def _within(index: Any, rows: int, size: Sequence[Any], what: str) -> Any:
    """Checks an index, or several; gives it in the range of the rows."""
    if size:
        limit = size[0]
        message = f"cannot {what} element {{detail}}: the TensorArray has fewer elements"
    else:
        limit = rows
        message = f"cannot {what} element {{detail}} of a TensorArray with {rows} elements"
    bad = (index < 0) | (index >= limit)
    worst = index if index.ndim == 0 else index[jnp.argmax(bad)] if index.size else 0
    require(jnp.logical_not(jnp.any(bad)), errors.InvalidArgumentError, message, worst)
    return jnp.clip(index, 0, max(rows - 1, 0))


def _host_within(index: np.ndarray, rows: int, what: str) -> None:
    for i in index.reshape(-1).tolist():
        if not 0 <= i < rows:
            raise _fault(
                what,
                f"cannot {what} element {i} of a TensorArray with {rows} elements",
            )


# -- making -----------------------------------------------------------------------------------


def _reserve_shape(inputs: Sequence[Any], attrs: dict[str, Any]) -> Specs:
    return [(attrs["dtype"], rows_and(attrs["family"].size, attrs["family"].shape))]


@op(
    "TensorArrayReserve",
    host_args=("size",),
    gradient=NONE,
    shape=_reserve_shape,
    api_name="TensorArray",
)
def reserve_op(size, *, dtype, family):
    shape = family.shape
    element = tuple(shape.as_list()) if shape.is_fully_defined() else UNSHAPED
    return jnp.zeros((max(int(size), 0), *element), dtype.np_dtype)


@op(
    "TensorArrayReserveStrings",
    host=True,
    gradient=NONE,
    shape=_reserve_shape,
    api_name="TensorArray",
)
def reserve_strings_op(size, *, dtype, family):
    shape = family.shape
    element = tuple(shape.as_list()) if shape.is_fully_defined() else UNSHAPED
    return np.full((max(int(size), 0), *element), b"", object)


# -- one row ----------------------------------------------------------------------------------


def _write_shape(inputs: Sequence[Any], attrs: dict[str, Any]) -> Specs:
    buffer, value = inputs[0], inputs[1]
    rows = _rows_of(buffer)
    if rows is None:
        rows = attrs["family"].size
    element = value.shape
    if buffer.shape.rank is not None and element.is_compatible_with(buffer.shape[1:]):
        element = element.merge_with(buffer.shape[1:])
    return [(buffer.dtype, rows_and(rows, element))]


def _host_write(buffer, value, index, *, family):
    _host_within(index, len(buffer), "write")
    if is_unshaped(buffer):
        buffer = np.full((len(buffer), *value.shape), b"", object)
    result = buffer.copy()
    result[int(index)] = value if value.ndim else value[()]
    return result


def _same_shape(buffer: Any, shape: Sequence[int], what: str) -> None:
    if tuple(buffer.shape[1:]) != tuple(shape):
        raise _fault(
            what,
            f"an element of shape {tuple(shape)} is written, but the elements have shape "
            f"{tuple(buffer.shape[1:])}",
            hint="in a function, an array that is indexed by a tensor has elements of one shape",
        )


def _write(buffer, value, index, *, family):
    if is_unshaped(buffer):
        buffer = jnp.zeros((buffer.shape[0], *value.shape), buffer.dtype)
    _same_shape(buffer, value.shape, "write")
    rows = buffer.shape[0]
    index = _within(index, rows, (), "write")
    if rows == 0:
        return buffer
    if not jnp.issubdtype(buffer.dtype, jnp.inexact):
        return lax.dynamic_update_index_in_dim(buffer, value, index, 0)
    return _put(buffer, value, index)


@jax.custom_vjp
def _put(buffer: Any, row: Any, index: Any) -> Any:
    return lax.dynamic_update_index_in_dim(buffer, row, index, 0)


@jax.custom_vjp
def _take(buffer: Any, index: Any) -> tuple[Any, Any]:
    """The buffer with zeros in one row, and what was there. The transpose of `_put`.

    XLA copies the whole buffer where it cannot tell that the row is read before it is overwritten.
    On a CPU it can tell if the zeros depend on the row, and the row is the result of something that
    it does not merge with its users: a loop of one trip, which it cannot know to be one. Without
    that, the gradient of 2,000 writes of 8 KB takes 20 s instead of 10 ms.
    """
    row = lax.platform_dependent(buffer, index, cpu=_row_apart, default=_row)
    nothing = jnp.zeros_like(row)
    zeros = jnp.where(jnp.real(row) > jnp.inf, row, nothing)
    return lax.dynamic_update_index_in_dim(buffer, zeros, index, 0), row


def _row(buffer: Any, index: Any) -> Any:
    return lax.dynamic_index_in_dim(buffer, index, 0, keepdims=False)


def _row_apart(buffer: Any, index: Any) -> Any:
    once = jnp.where(index < -1, 2, 1)
    nothing = jnp.zeros(buffer.shape[1:], buffer.dtype)
    return lax.fori_loop(0, once, lambda _, row: _row(buffer, index), nothing)


_put.defvjp(
    lambda buffer, row, index: (_put(buffer, row, index), index),
    lambda index, g: (*_take(g, index), None),
)
_take.defvjp(
    lambda buffer, index: (_take(buffer, index), index),
    lambda index, g: (_put(g[0], g[1], index), None),
)

# Not in the registry: its lowering has a reverse rule alone, as programs made at run time have.
write_op = OpDef(
    "TensorArrayWrite",
    _write,
    dtypes={"index": INTEGER},
    shape=_write_shape,
    host=_host_write,
    api_name="TensorArray.write",
)


def _read_shape(inputs: Sequence[Any], attrs: dict[str, Any]) -> Specs:
    return [(inputs[0].dtype, _element_of(inputs[0], attrs))]


def _host_read(buffer, index, *size, family):
    _shaped(buffer, "read")
    _host_within(index, int(size[0]) if size else len(buffer), "read")
    return np.asarray(buffer[int(index)], object)


@op(
    "TensorArrayRead",
    inputs=("buffer", "index", "*size"),
    dtypes={"index": INTEGER, "size": INTEGER},
    shape=_read_shape,
    host=_host_read,
    api_name="TensorArray.read",
)
def read_op(buffer, index, *size, family):
    _shaped(buffer, "read")
    rows = buffer.shape[0]
    index = _within(index, rows, size, "read")
    return _row(buffer, index) if rows else jnp.zeros(buffer.shape[1:], buffer.dtype)


# -- several rows -----------------------------------------------------------------------------


def _gather_shape(inputs: Sequence[Any], attrs: dict[str, Any]) -> Specs:
    element = _element_of(inputs[0], attrs)
    indices = inputs[1].shape
    return [(inputs[0].dtype, rows_and(None if indices.rank != 1 else indices[0], element))]


def _host_gather(buffer, indices, *size, family):
    _shaped(buffer, "gather")
    _host_within(indices, int(size[0]) if size else len(buffer), "gather")
    return buffer[indices]


@op(
    "TensorArrayGather",
    inputs=("buffer", "indices", "*size"),
    dtypes={"indices": INTEGER, "size": INTEGER},
    shape=_gather_shape,
    host=_host_gather,
    api_name="TensorArray.gather",
)
def gather_op(buffer, indices, *size, family):
    _shaped(buffer, "gather")
    rows = buffer.shape[0]
    indices = _within(indices, rows, size, "gather")
    if rows == 0:
        return jnp.zeros((indices.shape[0], *buffer.shape[1:]), buffer.dtype)
    return buffer[indices]


def _scatter_shape(inputs: Sequence[Any], attrs: dict[str, Any]) -> Specs:
    rows = _rows_of(inputs[0])
    if rows is None:
        rows = attrs["family"].size
    values = inputs[1].shape
    return [(inputs[0].dtype, rows_and(rows, values if values.rank is None else values[1:]))]


def _host_scatter(buffer, values, indices, *, family):
    _host_within(indices, len(buffer), "scatter")
    _same_count(indices, values)
    if is_unshaped(buffer):
        buffer = np.full((len(buffer), *values.shape[1:]), b"", object)
    result = buffer.copy()
    for i, value in zip(indices.tolist(), values, strict=True):
        result[i] = value
    return result


def _same_count(indices: Any, values: Any) -> None:
    if indices.shape[0] != values.shape[0]:
        raise _fault(
            "scatter",
            f"there are {indices.shape[0]} indices but {values.shape[0]} values",
        )


# Pairs of equal indices are looked for one by one up to this many.
_FEW = 64


@op(
    "TensorArrayScatter",
    dtypes={"indices": INTEGER},
    shape=_scatter_shape,
    host=_host_scatter,
    api_name="TensorArray.scatter",
)
def scatter_op(buffer, values, indices, *, family):
    _same_count(indices, values)
    if is_unshaped(buffer):
        buffer = jnp.zeros((buffer.shape[0], *values.shape[1:]), buffer.dtype)
    _same_shape(buffer, values.shape[1:], "scatter")
    rows, count = buffer.shape[0], indices.shape[0]
    indices = _within(indices, rows, (), "scatter").astype(jnp.int64)
    if rows == 0 or count == 0:
        return buffer
    # Of several values for one row the last stays; the others go to rows that do not exist.
    order = jnp.arange(count, dtype=jnp.int64)
    if count <= _FEW:
        later = (indices[:, None] == indices[None, :]) & (order[None, :] > order[:, None])
        is_last = jnp.logical_not(jnp.any(later, axis=1))
    else:
        last = jnp.full(rows, -1, jnp.int64).at[indices].max(order)
        is_last = last[indices] == order
    target = jnp.where(is_last, indices, rows + order)
    return buffer.at[target].set(values, mode="drop", unique_indices=True)


def _all_shape(inputs: Sequence[Any], attrs: dict[str, Any]) -> Specs:
    element = _element_of(inputs[0], attrs)
    rows = _rows_of(inputs[0])
    return [(inputs[0].dtype, rows_and(attrs["family"].size if rows is None else rows, element))]


def _host_all(buffer, *, family):
    _shaped(buffer, "stack")
    return buffer


@op("TensorArrayStack", shape=_all_shape, host=_host_all, api_name="TensorArray.stack")
def stack_op(buffer, *, family):
    _shaped(buffer, "stack")
    return buffer


def _first_shape(inputs: Sequence[Any], attrs: dict[str, Any]) -> Specs:
    rows = getattr(inputs[1], "value", None)
    if rows is None:
        rows = getattr(inputs[1], "_host", None)
    element = _element_of(inputs[0], attrs)
    return [(inputs[0].dtype, rows_and(None if rows is None else int(rows), element))]


def _host_first(buffer, size, *, family):
    return buffer[: int(size)]


@op(
    "TensorArrayFirst",
    host_args=("size",),
    shape=_first_shape,
    host=_host_first,
    api_name="TensorArray.stack",
)
def first_op(buffer, size, *, family):
    return buffer[: int(size)]


def _concat_shape(inputs: Sequence[Any], attrs: dict[str, Any]) -> Specs:
    rows = inputs[0].shape
    if rows.rank is None:
        return [(inputs[0].dtype, unknown_shape())]
    return [(inputs[0].dtype, TensorShape([None]).concatenate(rows[2:]))]


def _joined(buffer: Any) -> Any:
    if buffer.ndim < 2:
        raise _fault(
            "concat",
            "the elements are scalars, which have no dimension to be joined along",
            "use stack",
            errors.GraphInvalidArgumentError,
        )
    return buffer.reshape((buffer.shape[0] * buffer.shape[1], *buffer.shape[2:]))


@op(
    "TensorArrayConcat",
    shape=_concat_shape,
    host=_joined,
    api_name="TensorArray.concat",
)
def concat_op(buffer):
    return _joined(buffer)


# -- sizes ------------------------------------------------------------------------------------


@op(
    "TensorArraySize",
    static=lambda dims: np.array(dims[0][0], np.int32),
    shape=lambda inputs, attrs: [(int32, TensorShape([]))],
    gradient=NONE,
    api_name="TensorArray.size",
)
def size_op(buffer):
    return jnp.int32(buffer.shape[0])


@op(
    "TensorArraySizeAfterWrite",
    dtypes=INTEGER,
    shape=lambda inputs, attrs: [(int32, TensorShape([]))],
    numpy=lambda size, index: np.maximum(size, index + 1).astype(np.int32),
    gradient=NONE,
    api_name="TensorArray.write",
)
def size_after_op(size, index):
    return jnp.maximum(size, index + 1).astype(jnp.int32)


def _with_rows_run(inputs: Sequence[Any], attrs: dict[str, Any]) -> Any:
    """Outside of a program the index is known: exactly the rows needed, in powers of two."""
    buffer, index = inputs
    needed, rows = int(index) + 1, int(buffer.shape[0])
    if needed <= rows:
        return buffer
    shape = (next_bucket(needed) - rows, *buffer.aval.dims[1:])
    if buffer.dtype is string:
        return concat([buffer, host_tensor(np.full(shape, b"", object), string)], 0)
    return concat([buffer, host_tensor(np.zeros(shape, buffer.dtype.np_dtype), buffer.dtype)], 0)


def _with_rows_gradient(record: Any, grad: Any) -> Any:
    return (apply(_without_rows_op, (grad, record.inputs[0])), None)


@op(
    "TensorArrayWithRows",
    contextual=True,
    dtypes={"index": INTEGER},
    gradient=_with_rows_gradient,
    shape=lambda inputs, attrs: [
        (
            inputs[0].dtype,
            inputs[0].shape
            if inputs[0].shape.rank is None
            else rows_and(None, inputs[0].shape[1:]),
        )
    ],
    run=_with_rows_run,
    api_name="TensorArray.write",
)
def with_rows_op(context, buffer, index, *, bound):
    """Room for row `index` in an array that grows: a power of two of rows, and a check."""
    rows = max(int(buffer.shape[0]), bound.rows)
    if state.collector is not None:
        index = jnp.asarray(index)
        state.collector.add(index < rows, bound, "more elements than rows", index + 1)
    return fit_buffer(jnp.asarray(buffer), (rows, *buffer.shape[1:]))


@op(
    "TensorArrayWithoutRows",
    dtypes={},
    shape=lambda inputs, attrs: [(inputs[0].dtype, inputs[1].shape)],
)
def _without_rows_op(gradient, buffer):
    return gradient[: buffer.shape[0]]
