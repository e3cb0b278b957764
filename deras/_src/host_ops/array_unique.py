"""Ops on the host whose result has as many elements as the data say: unique, partitions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from deras._src import errors
from deras._src.core.dtypes import ANY, INDEX, as_dtype, int32
from deras._src.core.tensor import EagerTensor, Tensor
from deras._src.core.tensor_shape import TensorShape
from deras._src.dispatch.apply import apply
from deras._src.dispatch.convert import convert
from deras._src.errors import InvalidArgumentError
from deras._src.graph.checks import require
from deras._src.ops.array_gather import gather, index_tensor
from deras._src.ops.array_join import concat
from deras._src.ops.array_shape import reshape
from deras._src.ops.array_shape import shape as shape_of
from deras._src.ops.array_slice import spec_slice
from deras._src.ops.array_support import Specs, known_array, partial_ints, type_var
from deras._src.registry import NONE, op
from deras._src.util.export import export

Attrs = Mapping[str, Any]


# -- unique -----------------------------------------------------------------------------------


class Unique(NamedTuple):
    """Distinct elements, and for each element which one of them it is."""

    y: Any
    idx: Any


class UniqueWithCounts(NamedTuple):
    """Distinct elements, which one each element is, and how often each occurs."""

    y: Any
    idx: Any
    count: Any


def _first_seen(x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Distinct values in order of first appearance, index of each element, counts.

    NaNs are unlike each other, as in TensorFlow.
    """
    if x.ndim != 1:
        raise ValueError(f"the tensor must be a vector, its shape is {list(x.shape)}")
    if x.dtype == object:
        seen: dict[Any, int] = {}
        inverse = np.array([seen.setdefault(v, len(seen)) for v in x.tolist()], np.int64)
        values = np.array(list(seen), dtype=object)
        return values, inverse, np.bincount(inverse, minlength=len(seen))
    keys = x.astype(np.float32) if x.dtype.kind == "V" else x  # bfloat16 is exact in float32
    options = {} if keys.dtype.kind not in "fc" else {"equal_nan": False}
    _, first, inverse, counts = np.unique(
        keys, return_index=True, return_inverse=True, return_counts=True, **options
    )
    order = np.argsort(first, kind="stable")
    rank = np.empty_like(order)
    rank[order] = np.arange(order.size)
    return x[first[order]], rank[inverse.reshape(-1)], counts[order]


def _unique_shape(inputs: Sequence[Any], attrs: Attrs) -> Specs:
    shape = inputs[0].shape
    if shape.rank not in (None, 1):
        raise errors.op_error(
            errors.GraphInvalidArgumentError, "tf.unique", f"x must be a vector, not {shape}"
        )
    specs = [(inputs[0].dtype, TensorShape([None])), (attrs["out_idx"], shape)]
    if attrs.get("counts"):
        specs.append((attrs["out_idx"], TensorShape([None])))
    return specs


@op("Unique", dtypes=ANY, host=True, gradient=NONE, shape=_unique_shape, api_name="unique")
def _unique(x, *, out_idx):
    values, inverse, _ = _first_seen(x)
    return values, inverse.astype(out_idx.np_dtype)


@op(
    "UniqueWithCounts",
    dtypes=ANY,
    host=True,
    gradient=NONE,
    shape=lambda inputs, attrs: _unique_shape(inputs, {**attrs, "counts": True}),
    api_name="unique_with_counts",
)
def _unique_with_counts(x, *, out_idx):
    values, inverse, counts = _first_seen(x)
    return values, inverse.astype(out_idx.np_dtype), counts.astype(out_idx.np_dtype)


def _index_dtype(dtype: Any, what: str) -> Any:
    wanted = as_dtype(dtype)
    if wanted not in INDEX:
        raise errors.op_error(
            InvalidArgumentError, what, f"out_idx must be int32 or int64, not {wanted.name}"
        )
    return wanted


@export("unique")
def unique(x: Any, out_idx: Any = int32, name: str | None = None) -> Unique:
    """The distinct elements of a vector, in order of first appearance.

    Args:
      x: 1-D tensor of any dtype.
      out_idx: int32 or int64, the dtype of the indices.
      name: Optional name of the node in graphs.
    Returns:
      Pair `(y, idx)` with `y[idx[i]] == x[i]`. NaNs are all distinct.
    Raises:
      InvalidArgumentError: `x` is no vector.

    >>> y, idx = tf.unique([3, 1, 3, 2])
    >>> y.numpy().tolist(), idx.numpy().tolist()
    ([3, 1, 2], [0, 1, 0, 2])
    """
    return Unique(*apply(_unique, (x,), (("out_idx", _index_dtype(out_idx, "tf.unique")),), name))


@export("unique_with_counts")
def unique_with_counts(x: Any, out_idx: Any = int32, name: str | None = None) -> UniqueWithCounts:
    """The distinct elements of a vector, in order of first appearance, and how often they occur.

    Args:
      x: 1-D tensor of any dtype.
      out_idx: int32 or int64, the dtype of indices and counts.
      name: Optional name of the node in graphs.
    Returns:
      Triple `(y, idx, count)`; see `tf.unique`.
    Raises:
      InvalidArgumentError: `x` is no vector.

    >>> tf.unique_with_counts([3, 1, 3]).count.numpy()
    array([2, 1], dtype=int32)
    """
    attrs = (("out_idx", _index_dtype(out_idx, "tf.unique_with_counts")),)
    return UniqueWithCounts(*apply(_unique_with_counts, (x,), attrs, name))


class ListDiff(NamedTuple):
    """Elements of a list that are not in another, and their positions."""

    out: Any
    idx: Any


def _list_diff_shape(inputs: Sequence[Any], attrs: Attrs) -> Specs:
    return [(inputs[0].dtype, TensorShape([None])), (attrs["out_idx"], TensorShape([None]))]


@op("ListDiff", dtypes=ANY, host=True, gradient=NONE, shape=_list_diff_shape, api_name="setdiff1d")
def _list_diff(x, y, *, out_idx):
    if x.ndim != 1 or y.ndim != 1:
        raise ValueError(f"x and y must be vectors, not {list(x.shape)} and {list(y.shape)}")
    known = set(y.tolist())
    kept = np.array([i for i, v in enumerate(x.tolist()) if v not in known], np.int64)
    return x[kept], kept.astype(out_idx.np_dtype)


def setdiff1d(x: Any, y: Any, index_dtype: Any = int32, name: str | None = None) -> ListDiff:
    """The elements of vector `x` that are not in `y`, in their order, and where they stand."""
    attrs = (("out_idx", _index_dtype(index_dtype, "tf.setdiff1d")),)
    return ListDiff(*apply(_list_diff, (x, y), attrs, name))


# -- dynamic_partition ------------------------------------------------------------------------


def _partition_shape(inputs: Sequence[Any], attrs: Attrs) -> Specs:
    return [(int32, TensorShape([None]))] * attrs["num"]


@op(
    "DynamicPartitionIndices",
    dtypes=frozenset({int32}),
    host=True,
    gradient=NONE,
    shape=_partition_shape,
    api_name="dynamic_partition",
)
def _partition_indices(partitions, *, num):
    flat = partitions.reshape(-1)
    bad = (flat < 0) | (flat >= num)
    if bad.any():
        raise ValueError(f"partitions hold {int(flat[bad][0])}, which is not in [0, {num})")
    return tuple(np.flatnonzero(flat == p).astype(np.int32) for p in range(num))


@export("dynamic_partition")
def dynamic_partition(
    data: Any, partitions: Any, num_partitions: int, name: str | None = None
) -> list[Any]:
    """Sorts elements (or slices) into `num_partitions` tensors, keeping their order.

    Args:
      data: Tensor of any dtype; its shape begins with that of `partitions`.
      partitions: int32 tensor: the number of the partition of each element.
      num_partitions: Python int, at least 1.
      name: Optional name of the node in graphs.
    Returns:
      List of tensors `[count, data.shape[partitions.ndim:]...]`.
    Raises:
      InvalidArgumentError: A number is out of range, or the shapes do not fit.

    >>> [t.numpy().tolist() for t in tf.dynamic_partition([10, 20, 30], [1, 0, 1], 2)]
    [[20], [10, 30]]
    """
    what = "tf.dynamic_partition"
    data = data if isinstance(data, Tensor) else convert(data)
    partitions = partitions if isinstance(partitions, Tensor) else convert(partitions, int32)
    rank = partitions.shape.rank
    if rank is None:
        raise ValueError(f"{what}: the rank of partitions must be known.")
    if data.shape.rank is not None and not data.shape[:rank].is_compatible_with(partitions.shape):
        raise errors.op_error(
            errors.GraphInvalidArgumentError,
            what,
            f"data of shape {data.shape} must begin with the shape of partitions, "
            f"{partitions.shape}",
        )
    # Reshaped even where it is flat already: the gradient is then dense, as TensorFlow's.
    tail = spec_slice(shape_of(data), ((rank, None, None),), (), what)
    static = data.shape
    flat = reshape(data, concat([[-1], tail], 0))
    if static.rank is not None and not isinstance(flat, EagerTensor):
        flat.set_shape([None, *static[rank:]])
    indices = apply(_partition_indices, (partitions,), (("num", int(num_partitions)),), name)
    indices = indices if type(indices) is tuple else (indices,)
    return [gather(flat, i) for i in indices]


# -- dynamic_stitch ---------------------------------------------------------------------------


@op(
    "DynamicStitchSize",
    dtypes=frozenset({int32}),
    host=True,
    gradient=NONE,
    shape=lambda inputs, attrs: [(int32, TensorShape([]))],
    api_name="dynamic_stitch",
)
def _stitch_size(*indices):
    return np.int32(_size_of(indices))


def _size_of(indices: Sequence[Any]) -> int:
    return max((int(i.max()) for i in indices if i.size), default=-1) + 1


def _stitch_shape(inputs: Sequence[Any], attrs: Attrs) -> Specs:
    count = attrs["count"]
    size = partial_ints(inputs[2 * count])
    tail = TensorShape(None)
    for i in range(count):
        index, data = inputs[i].shape, inputs[count + i].shape
        if index.rank is None or data.rank is None:
            continue
        if not data[: index.rank].is_compatible_with(index):
            raise errors.op_error(
                errors.GraphInvalidArgumentError,
                "tf.dynamic_stitch",
                f"data[{i}] of shape {data} must begin with the shape of indices[{i}], {index}",
            )
        tail = tail.merge_with(data[index.rank :])
    lead = TensorShape([size[0] if size else None])
    return [(inputs[count].dtype, lead + tail if tail.rank is not None else tail)]


def _stitch_gradient(record: Any, grad: Any) -> Any:
    # Every piece gets the gradient of its place, even if a later one has overwritten it.
    count = record.attr("count")
    pieces = [gather(grad, i) for i in record.inputs[:count]]
    return (*(None,) * count, *pieces, None)


_DATA = type_var()


def _stitched(xp, inputs, count):
    indices, data, size = inputs[:count], inputs[count : 2 * count], int(inputs[2 * count])
    tail = data[0].shape[indices[0].ndim :]
    rows, places = [], []
    for i, (index, piece) in enumerate(zip(indices, data, strict=True)):
        if piece.shape != index.shape + tail:
            raise ValueError(
                f"data[{i}] must have shape {list(index.shape + tail)}, not {list(piece.shape)}"
            )
        places.append(index.reshape(-1))
        rows.append(piece.reshape((index.size, *tail)))
    return xp.concatenate(places), xp.concatenate(rows), size, tail


def _stitch_host(*inputs, count):
    places, rows, size, tail = _stitched(np, inputs, count)
    if places.size and places.min() < 0:
        raise ValueError(f"index {int(places.min())} is negative")
    fill = b"" if rows.dtype == object else np.zeros((), rows.dtype)
    result = np.full((size, *tail), fill, rows.dtype)
    for place, row in zip(places, rows, strict=True):
        result[place] = row
    return result


def _stitch_lowering(*inputs, count):
    places, rows, size, tail = _stitched(jnp, inputs, count)
    require(jnp.all(places >= 0), InvalidArgumentError, "an index is negative")
    if not size:
        return jnp.zeros((0, *tail), rows.dtype)
    # The last of several pieces for one place wins: the largest position in the list is looked up.
    order = jnp.arange(1, places.shape[0] + 1, dtype=np.int32)
    winner = jnp.zeros(size, np.int32).at[places].max(order, mode="drop")
    picked = rows.at[jnp.maximum(winner - 1, 0)].get(mode="clip")
    written = (winner > 0).reshape((size,) + (1,) * len(tail))
    return jnp.where(written, picked, jnp.zeros((), rows.dtype))


_stitch_ops: dict[int, Any] = {}


def _stitch_op(count: int) -> Any:
    """The op for `count` pieces: its inputs are indices, pieces, and the size (on the host)."""
    found = _stitch_ops.get(count)
    if found is None:
        names = [f"indices{i}" for i in range(count)] + [f"data{i}" for i in range(count)]
        dtypes: dict[str, Any] = {f"indices{i}": frozenset({int32}) for i in range(count)}
        dtypes |= {f"data{i}": _DATA for i in range(count)}
        dtypes["size"] = INDEX
        declared = op(
            "DynamicStitch" if count == 1 else f"DynamicStitch{count}",
            inputs=(*names, "size"),
            dtypes=dtypes,
            host_args=("size",),
            shape=_stitch_shape,
            host=_stitch_host,
            gradient=_stitch_gradient,
            api_name="dynamic_stitch",
        )
        found = _stitch_ops[count] = declared(_stitch_lowering)
    return found


_stitch_op(1)


@export("dynamic_stitch")
def dynamic_stitch(indices: Any, data: Any, name: str | None = None) -> Any:
    """Puts pieces together: `result[indices[i][...]] = data[i][...]`.

    Args:
      indices: List of int32 tensors.
      data: List of tensors of one dtype; the shape of each begins with that of its indices.
      name: Optional name of the node in graphs.
    Returns:
      Tensor whose first dimension is the largest index plus 1. Of repeated indices the last piece
      wins; places never written are 0.
    Raises:
      InvalidArgumentError: The shapes do not fit, or an index is negative.

    >>> tf.dynamic_stitch([[0, 2], [1]], [[10, 30], [20]]).numpy()
    array([10, 20, 30], dtype=int32)
    """
    places = [index_tensor(i) for i in indices]
    pieces = list(data)
    if len(places) != len(pieces) or not places:
        raise ValueError(
            f"tf.dynamic_stitch: as many indices as data are needed, at least one of each; got "
            f"{len(places)} and {len(pieces)}."
        )
    known = [known_array(p) for p in places]
    if all(k is not None for k in known):
        size: Any = convert(_size_of(known))
    else:
        size = apply(_stitch_size, tuple(places))
    attrs = (("count", len(places)),)
    return apply(_stitch_op(len(places)), (*places, *pieces, size), attrs, name)
