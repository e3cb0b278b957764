"""Sorting: sort, argsort, top_k, in_top_k, searchsorted.

XLA's CPU sort calls its comparison for every pair, and for floats with several operands that takes
ten times as long as for one integer operand (10^5 float32: 52 ms against 10 ms on 2 cores). So
values are mapped to integers in the same order, and where the index fits into the low bits of the
same integer, one operand is sorted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import lax

from deras._src import errors
from deras._src.core.dtypes import (
    INDEX,
    REAL,
    as_dtype,
    float32,
    int16,
    int32,
)
from deras._src.core.dtypes import bool_ as bool_dtype
from deras._src.core.tensor import Tensor
from deras._src.core.tensor_shape import TensorShape
from deras._src.dispatch.apply import apply
from deras._src.dispatch.convert import convert
from deras._src.graph.checks import require
from deras._src.ops.array_support import (
    Specs,
    apply_ints,
    axis_of,
    dynamic_twin,
    ints_of,
    resolve_axis,
    run_check,
    same_shape_if,
)
from deras._src.ops.math_support import like_first_of_two
from deras._src.registry import NONE, op
from deras._src.util.export import export

Attrs = Mapping[str, Any]


def _keys(x: Any, descending: bool) -> Any:
    """Integers whose ascending order is the order of `x`; equal values have equal keys.

    NaN counts as the largest number, -0.0 equals 0.0.
    """
    if jnp.issubdtype(x.dtype, jnp.floating):
        wide = np.float64 if x.dtype == np.float64 else np.float32
        bits, flip = (np.int64, 2**63 - 1) if wide == np.float64 else (np.int32, 2**31 - 1)
        x = x.astype(wide)
        x = jnp.where(
            x == 0, np.zeros((), wide), jnp.where(jnp.isnan(x), np.full((), np.nan, wide), x)
        )
        key = lax.bitcast_convert_type(x, bits)
        key = jnp.where(key < 0, key ^ np.asarray(flip, bits), key)
    elif x.dtype == np.uint64:
        key = lax.bitcast_convert_type(x ^ np.uint64(2**63), np.int64)
    elif x.dtype == np.uint32:
        key = (x.astype(np.int64) - 2**31).astype(np.int32)
    else:
        key = x if x.dtype == np.int64 else x.astype(np.int32)
    return ~key if descending else key


def _permutation(x: Any, descending: bool) -> Any:
    """Indices (int32) that sort the last dimension, stably."""
    keys = _keys(x, descending)
    if keys.dtype == np.int32:
        places = lax.broadcasted_iota(np.int64, x.shape, x.ndim - 1)
        packed = lax.sort((keys.astype(np.int64) << 32) | places, is_stable=False)
        return (packed & (2**32 - 1)).astype(np.int32)
    places = lax.broadcasted_iota(np.int32, x.shape, x.ndim - 1)
    return lax.sort((keys, places), num_keys=1)[1]


def _along(function: Any, x: Any, axis: int) -> Any:
    """`function` on the last dimension, with `axis` moved there and back."""
    at = resolve_axis(axis, x.ndim)
    if at == x.ndim - 1:
        return function(x)
    return jnp.moveaxis(function(jnp.moveaxis(x, at, -1)), -1, at)


def _take(x: Any, index: Any) -> Any:
    return jnp.take_along_axis(x, index, -1, mode="clip")


def _sort_gradient(record: Any, grad: Any) -> Any:
    return (apply(_sort_grad, (record.inputs[0], grad), record.attrs),)


def _check_axis(dims: Any, attrs: Attrs) -> None:
    resolve_axis(attrs["axis"], len(dims))


@op(
    "Sort",
    dtypes=REAL,
    shape=same_shape_if(_check_axis, "tf.sort"),
    gradient=_sort_gradient,
    api_name="sort",
)
def _sort(values, *, axis, descending):
    return _along(lambda x: _take(x, _permutation(x, descending)), values, axis)


@op("SortGrad", dtypes=REAL, shape=like_first_of_two, api_name="sort")
def _sort_grad(values, grad, *, axis, descending):
    """The gradient goes back to where each element came from: the inverse permutation."""
    at = resolve_axis(axis, values.ndim)
    permutation = _permutation(jnp.moveaxis(values, at, -1), descending)
    back = _take(jnp.moveaxis(grad, at, -1), _permutation(permutation, False))
    return jnp.moveaxis(back, -1, at)


def _int32_like(inputs: Sequence[Any], attrs: Attrs) -> Specs:
    run_check(_check_axis, inputs[0].shape, attrs, "tf.argsort")
    return [(int32, inputs[0].shape)]


@op("ArgSort", dtypes=REAL, gradient=NONE, shape=_int32_like, api_name="argsort")
def _argsort(values, *, axis, descending):
    return _along(lambda x: _permutation(x, descending), values, axis)


def _order_attrs(values: Any, axis: Any, direction: str, what: str) -> tuple[Any, ...]:
    if direction not in ("ASCENDING", "DESCENDING"):
        raise ValueError(f'{what}: direction must be "ASCENDING" or "DESCENDING": {direction!r}')
    return (("axis", axis_of(axis, what)), ("descending", direction == "DESCENDING"))


@export("sort")
def sort(values: Any, axis: Any = -1, direction: str = "ASCENDING", name: str | None = None) -> Any:
    """Sorts along a dimension.

    NaN counts as the largest number: last when ascending, first when descending. (TensorFlow's
    place for NaN depends on the order of the other elements.)

    Args:
      values: Tensor of rank 1 or more, a real dtype.
      axis: The dimension, known here.
      direction: "ASCENDING" or "DESCENDING".
      name: Optional name of the node in graphs.
    Returns:
      Tensor of the same shape and dtype.
    Raises:
      ValueError: `direction` is neither.
      InvalidArgumentError: The dtype is not real, or `axis` is out of range.

    >>> tf.sort([3, 1, 2]).numpy()
    array([1, 2, 3], dtype=int32)
    """
    return apply(_sort, (values,), _order_attrs(values, axis, direction, "tf.sort"), name)


@export("argsort")
def argsort(
    values: Any,
    axis: Any = -1,
    direction: str = "ASCENDING",
    stable: bool = False,
    name: str | None = None,
) -> Any:
    """The indices that sort a tensor along a dimension; see `tf.sort`.

    Args:
      values: Tensor of rank 1 or more, a real dtype.
      axis: The dimension, known here.
      direction: "ASCENDING" or "DESCENDING".
      stable: Not used: of equal elements the earlier always comes first.
      name: Optional name of the node in graphs.
    Returns:
      int32 tensor of the same shape.

    >>> tf.argsort([3, 1, 2]).numpy()
    array([1, 2, 0], dtype=int32)
    """
    return apply(_argsort, (values,), _order_attrs(values, axis, direction, "tf.argsort"), name)


# -- top_k ------------------------------------------------------------------------------------


class TopK(NamedTuple):
    """Values and indices of the largest elements."""

    values: Any
    indices: Any


def _check_k(last: Any, rank: int, k: Any) -> None:
    if rank == 0:
        raise ValueError("input must have at least 1 dimension")
    if k is not None and k < 0:
        raise ValueError(f"k must not be negative: {k}")
    if k is not None and last is not None and k > last:
        raise ValueError(f"the last dimension must hold at least k = {k} elements, it has {last}")


def _top_k_shape(inputs: Sequence[Any], attrs: Attrs) -> Specs:
    shape, k = inputs[0].shape, attrs["k"]
    k = (k[0] if k else None) if isinstance(k, tuple) else k
    if shape.rank is None:
        result = shape
    else:
        try:
            _check_k(shape[-1] if shape.rank else None, shape.rank, k)
        except ValueError as error:
            raise errors.op_error(
                errors.GraphInvalidArgumentError, "tf.math.top_k", str(error)
            ) from None
        result = shape[:-1] + TensorShape([k])
    return [(inputs[0].dtype, result), (attrs["index_type"], result)]


@op("TopKV2", dtypes=REAL, shape=_top_k_shape, api_name="math.top_k")
def _top_k(input, *, k, index_type):
    _check_k(input.shape[-1] if input.ndim else None, input.ndim, k)
    keys = lax.stop_gradient(input)
    if jnp.issubdtype(input.dtype, jnp.floating):
        keys = jnp.where(keys == 0, np.zeros((), keys.dtype), keys)  # top_k puts 0.0 before -0.0
    if k * 8 < input.shape[-1]:
        index = lax.top_k(keys, k)[1]
    else:
        index = _permutation(keys, True)[..., :k]
    return _take(input, index), index.astype(index_type.np_dtype)


_top_k_dynamic = dynamic_twin(_top_k, "k")


@export("math.top_k", "nn.top_k")
def top_k(
    input: Any, k: Any = 1, sorted: bool = True, index_type: Any = int32, name: str | None = None
) -> TopK:
    """The `k` largest elements of the last dimension, largest first.

    Of equal elements the one with the lower index comes first. NaN counts as the largest number.

    Args:
      input: Tensor of rank 1 or more, a real dtype.
      k: How many, an int or a scalar tensor.
      sorted: Not used: the result is always sorted.
      index_type: int16, int32 or int64, the dtype of the indices.
      name: Optional name of the node in graphs.
    Returns:
      Pair `(values, indices)`, each of shape `input.shape[:-1] + [k]`.
    Raises:
      InvalidArgumentError: `k` is negative or larger than the dimension.

    >>> values, indices = tf.math.top_k([1, 5, 3, 5], 2)
    >>> values.numpy().tolist(), indices.numpy().tolist()
    ([5, 5], [1, 3])
    """
    dtype = as_dtype(index_type)
    if dtype not in INDEX | {int16}:
        raise errors.op_error(
            errors.InvalidArgumentError,
            "tf.math.top_k",
            f"index_type must be int16, int32 or int64, not {dtype.name}",
        )
    attrs = (("index_type", dtype),)
    count = ints_of(k, "tf.math.top_k")
    return TopK(*apply_ints(_top_k, _top_k_dynamic, (input,), "k", count, attrs, name))


def _in_top_k_shape(inputs: Sequence[Any], attrs: Attrs) -> Specs:
    rows = TensorShape([None]).merge_with(inputs[0].shape)
    return [(bool_dtype, rows)]


@op(
    "InTopKV2",
    dtypes={"targets": INDEX, "predictions": frozenset({float32}), "k": INDEX},
    gradient=NONE,
    shape=_in_top_k_shape,
    api_name="math.in_top_k",
)
def _in_top_k(targets, predictions, k):
    if predictions.ndim != 2 or targets.shape != predictions.shape[:1]:
        raise ValueError(
            "predictions must be a matrix and targets a vector with an element for each row, not "
            f"{list(predictions.shape)} and {list(targets.shape)}"
        )
    classes = predictions.shape[1]
    inside = (targets >= 0) & (targets < classes)
    target = _take(predictions, jnp.where(inside, targets, 0).astype(np.int32)[:, None])
    above = jnp.sum((predictions > target).astype(np.int64), 1)
    return inside & jnp.all(jnp.isfinite(predictions), 1) & (above < k.reshape(()).astype(np.int64))


@export("math.in_top_k", "nn.in_top_k")
def in_top_k(targets: Any, predictions: Any, k: Any, name: str | None = None) -> Any:
    """Whether the prediction for each target class is among the `k` largest of its row.

    Classes tied with the k-th count as in. A row with infinities or NaN, or a target that is no
    class, gives False.

    Args:
      targets: Integer tensor `[batch]`: class of each row.
      predictions: float32 tensor `[batch, classes]`.
      k: Int or scalar integer tensor.
      name: Optional name of the node in graphs.
    Returns:
      bool tensor `[batch]`.
    Raises:
      InvalidArgumentError: The shapes do not fit.

    >>> tf.math.in_top_k([1, 0], [[0.1, 0.9], [0.2, 0.8]], 1).numpy()
    array([ True, False])
    """
    return apply(_in_top_k, (targets, predictions, k), (), name)


# -- searchsorted -----------------------------------------------------------------------------


def _search_shape(inputs: Sequence[Any], attrs: Attrs) -> Specs:
    return [(attrs["out_type"], inputs[1].shape)]


@op("SearchSorted", dtypes=REAL, gradient=NONE, shape=_search_shape, api_name="searchsorted")
def _search(sorted_sequence, values, *, side, out_type):
    """Binary search step by step as std::lower_bound, so that unsorted input and NaN agree too."""
    if values.ndim == 0 or sorted_sequence.ndim == 0:
        raise ValueError("sorted_sequence and values must have at least 1 dimension")
    if sorted_sequence.shape[:-1] != values.shape[:-1]:
        raise ValueError(
            "all dimensions but the last must be equal: sorted_sequence "
            f"{list(sorted_sequence.shape)}, values {list(values.shape)}"
        )
    size = sorted_sequence.shape[-1]
    first = jnp.zeros(values.shape, np.int64)
    length = jnp.full(values.shape, size, np.int64)
    for _ in range(size.bit_length()):
        half = length >> 1
        middle = first + half
        probe = _take(sorted_sequence, middle) if size else values
        go_right = ((probe < values) if side == "left" else ~(values < probe)) & (length > 0)
        first = jnp.where(go_right, middle + 1, first)
        length = jnp.where(go_right, length - half - 1, half)
    return first.astype(out_type.np_dtype)


@export("searchsorted")
def searchsorted(
    sorted_sequence: Any,
    values: Any,
    side: str = "left",
    out_type: Any = int32,
    name: str | None = None,
) -> Any:
    """Where values would go into sorted rows so that they stay sorted.

    Args:
      sorted_sequence: Tensor `[..., N]`, each row ascending; a real dtype.
      values: Tensor `[..., M]` of the same dtype and leading dimensions.
      side: "left": before equal elements; "right": after them.
      out_type: int32 or int64.
      name: Optional name of the node in graphs.
    Returns:
      Integer tensor of `values`' shape.
    Raises:
      ValueError: `side` is neither.
      InvalidArgumentError: The shapes or dtypes do not fit.

    >>> tf.searchsorted([1, 3, 5], [0, 3, 6]).numpy()
    array([0, 1, 3], dtype=int32)
    """
    if side not in ("left", "right"):
        raise ValueError(f'tf.searchsorted: side must be "left" or "right", not {side!r}.')
    dtype = as_dtype(out_type)
    if dtype not in INDEX:
        raise errors.op_error(
            errors.InvalidArgumentError,
            "tf.searchsorted",
            f"out_type must be int32 or int64, not {dtype.name}",
        )
    attrs = (("side", side), ("out_type", dtype))
    return apply(_search, (sorted_sequence, values), attrs, name)


# -- index arithmetic -------------------------------------------------------------------------


def _unravel_shape(inputs: Sequence[Any], attrs: Attrs) -> Specs:
    indices, dims = inputs[0].shape, inputs[1].shape
    rank = dims[0] if dims.rank == 1 else None
    if indices.rank is None:
        return [(inputs[0].dtype, TensorShape(None))]
    if indices.rank == 0:
        return [(inputs[0].dtype, TensorShape([rank]))]
    return [(inputs[0].dtype, TensorShape([rank, indices.num_elements()]))]


@op("UnravelIndex", dtypes=INDEX, gradient=NONE, shape=_unravel_shape, api_name="unravel_index")
def _unravel(indices, dims):
    if dims.ndim != 1 or indices.ndim > 1:
        raise ValueError("indices must be a scalar or vector, dims a vector")
    total = jnp.prod(dims.astype(np.int64))
    require(
        jnp.all(indices.astype(np.int64) < total),
        errors.InvalidArgumentError,
        "an index is not less than the product of dims, {detail}",
        total,
    )
    sizes = jnp.where(dims == 0, np.ones((), dims.dtype), dims)
    after = jnp.concatenate([sizes[1:], jnp.ones(1, dims.dtype)])
    strides = jnp.flip(jnp.cumprod(jnp.flip(after), dtype=dims.dtype))
    shape = (dims.shape[0], *indices.shape)
    columns = (-1,) + (1,) * indices.ndim
    numbers = jnp.broadcast_to(indices, shape)
    quotient = lax.div(numbers, jnp.broadcast_to(strides.reshape(columns), shape))
    return lax.rem(quotient, jnp.broadcast_to(sizes.reshape(columns), shape))


@export("unravel_index")
def unravel_index(indices: Any, dims: Any, name: str | None = None) -> Any:
    """Coordinates of flat indices into an array of shape `dims`, in row-major order.

    Args:
      indices: Integer scalar or vector.
      dims: 1-D integer tensor of the same dtype.
      name: Optional name of the node in graphs.
    Returns:
      Tensor `[rank]`, or `[rank, count]` for a vector.
    Raises:
      InvalidArgumentError: An index is too large.

    >>> tf.unravel_index([5, 1], [2, 3]).numpy()
    array([[1, 0],
           [2, 1]], dtype=int32)
    """
    tensor = indices if isinstance(indices, Tensor) else convert(indices)
    return apply(_unravel, (tensor, dims), (), name)
