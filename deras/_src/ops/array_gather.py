"""Picking slices of a tensor by index: gather, gather_nd."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from deras._src import errors
from deras._src.core.dtypes import ANY, INDEX, int16, int32
from deras._src.core.indexed_slices import IndexedSlices
from deras._src.core.tensor import Tensor
from deras._src.core.tensor_shape import TensorShape, from_dims
from deras._src.dispatch.apply import apply
from deras._src.dispatch.convert import convert
from deras._src.errors import InvalidArgumentError
from deras._src.graph.checks import require_none
from deras._src.graph.lowering import vjp_lowering
from deras._src.ops.array_join import concat
from deras._src.ops.array_shape import reshape, shape, squeeze
from deras._src.ops.array_slice import spec_slice
from deras._src.ops.array_support import Specs, axis_of, resolve_axis
from deras._src.ops.math_cast import cast
from deras._src.registry import op
from deras._src.util.export import export

Attrs = Mapping[str, Any]


def require_in_range(indices: Any, size: int, what: str) -> None:
    """Reports the first index out of `[0, size)`, negative ones included, after the program."""
    if isinstance(indices, np.ndarray):
        bad = (indices < 0) | (indices >= size)
        if bad.any():
            raise ValueError(f"{what} {int(indices[bad][0])} is not in [0, {size})")
        return
    bad = (indices < 0) | (indices >= size)
    require_none(bad, indices, InvalidArgumentError, f"{what} {{detail}} is not in [0, {size})")


def _gather_axes(params: int, indices: int, axis: int | None, batch_dims: int) -> tuple[int, int]:
    """(axis, batch_dims) counted from the front."""
    if not -indices <= batch_dims <= indices:
        raise ValueError(f"batch_dims {batch_dims} is out of range [-{indices}, {indices}]")
    batch = batch_dims + indices if batch_dims < 0 else batch_dims
    if params == 0:
        raise ValueError("params must have at least 1 dimension")
    at = resolve_axis(batch_dims if axis is None else axis, params)
    if batch > at:
        raise ValueError(f"batch_dims {batch} must not exceed axis {at}")
    return at, batch


def _gather_shape(inputs: Sequence[Any], attrs: Attrs) -> Specs:
    params, indices = inputs[0].shape, inputs[1].shape
    dtype = inputs[0].dtype
    if params.rank is None or indices.rank is None:
        return [(dtype, TensorShape(None))]
    try:
        at, batch = _gather_axes(params.rank, indices.rank, attrs["axis"], attrs["batch_dims"])
        lead = params[:batch].merge_with(indices[:batch])
    except ValueError as error:
        raise errors.op_error(errors.GraphInvalidArgumentError, "tf.gather", str(error)) from None
    return [(dtype, lead + params[batch:at] + indices[batch:] + params[at + 1 :])]


def _gather_host(params, indices, *, axis, batch_dims):
    at, batch = _gather_axes(params.ndim, indices.ndim, axis, batch_dims)
    _check_batch(params.shape, indices.shape, batch)
    _check_indices(params, indices, at)
    if not batch:
        return np.take(params, indices, at)
    lead = params.shape[:batch]
    rest = (math.prod(lead),)
    flat_params = params.reshape(rest + params.shape[batch:])
    flat_indices = indices.reshape(rest + indices.shape[batch:])
    rows = [np.take(p, i, at - batch) for p, i in zip(flat_params, flat_indices, strict=True)]
    inner = params.shape[batch:at] + indices.shape[batch:] + params.shape[at + 1 :]
    return np.stack(rows).reshape(lead + inner) if rows else np.zeros(lead + inner, params.dtype)


def _check_batch(params: Any, indices: Any, batch: int) -> None:
    if params[:batch] != indices[:batch]:
        raise ValueError(
            f"the first {batch} dimensions must be equal: params {list(params)}, indices "
            f"{list(indices)}"
        )


def _check_indices(params: Any, indices: Any, at: int) -> None:
    # A slice without elements is never read, so TensorFlow does not look at its index.
    if math.prod(params.shape[:at] + params.shape[at + 1 :]):
        require_in_range(indices, params.shape[at], "index")


def _gather_gradient(record: Any, grad: Any) -> Any:
    params, indices = record.inputs
    axis, batch_dims = record.attr("axis"), record.attr("batch_dims")
    if axis in (0, None) and batch_dims == 0:
        # The rows that were read, not a dense tensor: a table may be far larger than a batch.
        dense_shape = shape(params)
        rows = reshape(indices, [-1])
        tail = spec_slice(dense_shape, ((1, None, None),), (), "tf.gather")
        values = reshape(grad, concat([shape(rows), tail], 0))
        return IndexedSlices(values, rows, dense_shape), None
    return apply(_gather_grad, (params, indices, grad), record.attrs), None


@op(
    "GatherV2",
    dtypes={"params": ANY, "indices": INDEX},
    shape=_gather_shape,
    numpy=_gather_host,
    host=_gather_host,
    gradient=_gather_gradient,
    api_name="gather",
)
def _gather(params, indices, *, axis, batch_dims):
    at, batch = _gather_axes(params.ndim, indices.ndim, axis, batch_dims)
    _check_batch(params.shape, indices.shape, batch)
    _check_indices(params, indices, at)
    if params.shape[at] == 0 or params.size == 0:
        inner = params.shape[batch:at] + indices.shape[batch:] + params.shape[at + 1 :]
        return jnp.zeros(params.shape[:batch] + inner, params.dtype)
    if not batch:
        return jnp.take(params, indices, at, mode="clip")
    inner = indices.ndim - batch
    # One index array per batch dimension, aligned with the indices; then the axis is gathered.
    index: list[Any] = []
    width = inner + at - batch
    for d in range(batch):
        grid = np.arange(params.shape[d]).reshape((-1,) + (1,) * (batch - 1 - d + width))
        index.append(grid)
    for d in range(batch, at):
        index.append(np.arange(params.shape[d]).reshape((-1,) + (1,) * (at - 1 - d + inner)))
    spread = indices.reshape(indices.shape[:batch] + (1,) * (at - batch) + indices.shape[batch:])
    return params.at[(*index, spread)].get(mode="clip")


@op(
    "GatherV2Grad",
    dtypes={},
    inputs=("params", "indices", "grad"),
    shape=lambda inputs, attrs: [(inputs[0].dtype, inputs[0].shape)],
    api_name="gather",
)
def _gather_grad(params, indices, grad, *, axis, batch_dims):
    attrs = {"axis": axis, "batch_dims": batch_dims}
    return vjp_lowering(_gather, attrs, 2, (0,))(params, indices, grad)[0]


@export("gather")
def gather(
    params: Any,
    indices: Any,
    validate_indices: Any = None,
    axis: Any = None,
    batch_dims: int = 0,
    name: str | None = None,
) -> Any:
    """Slices of a tensor along one dimension, in the order of the indices.

    Args:
      params: Tensor of rank P, any dtype.
      indices: Integer tensor of any shape; each index in `[0, params.shape[axis])`. Negative ones
        are out of range.
      validate_indices: Not used: indices are always checked.
      axis: Dimension of `params` to pick from; default `batch_dims` (-1 is then the last one).
      batch_dims: How many leading dimensions `params` and `indices` share.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of shape `params.shape[:axis] + indices.shape[batch_dims:] + params.shape[axis + 1:]`.
      Its gradient for axis 0 is an IndexedSlices.
    Raises:
      InvalidArgumentError: An index, `axis` or `batch_dims` is out of range.

    >>> tf.gather([10, 20, 30], [2, 0]).numpy()
    array([30, 10], dtype=int32)
    """
    indices = index_tensor(indices)
    at = None if axis is None else axis_of(axis, "tf.gather")
    attrs = (("axis", at), ("batch_dims", axis_of(batch_dims, "tf.gather")))
    return apply(_gather, (params, indices), attrs, name)


def index_tensor(indices: Any) -> Any:
    """Indices as a tensor; int16 ones as int32, which the ops take."""
    if hasattr(type(indices), "__deras_dispatch__"):
        return indices
    tensor = indices if isinstance(indices, Tensor) else convert(indices)
    if tensor.dtype is int16:
        return cast(tensor, int32)
    return tensor


def batch_gather(params: Any, indices: Any, name: str | None = None) -> Any:
    """`tf.gather` with all dimensions of `indices` but the last as batch dimensions.

    >>> tf.gather([[1, 2], [3, 4]], [[1], [0]], batch_dims=-1, axis=-1).numpy()
    array([[2],
           [3]], dtype=int32)
    """
    return gather(params, indices, batch_dims=-1, axis=-1, name=name)


# -- gather_nd --------------------------------------------------------------------------------


def _nd_dims(params: Any, indices: Any) -> tuple[Any, Any]:
    """(dimensions that are indexed, those of a slice)."""
    if not params or not indices:
        raise ValueError("params and indices must have at least 1 dimension")
    depth = indices[-1]
    if depth > len(params):
        raise ValueError(f"an index has {depth} elements, but params has rank {len(params)}")
    return params[:depth], params[depth:]


def _gather_nd_shape(inputs: Sequence[Any], attrs: Attrs) -> Specs:
    params, indices = inputs[0].shape, inputs[1].shape
    if params.rank is None or indices.rank is None or (indices.rank and indices[-1] is None):
        return [(inputs[0].dtype, TensorShape(None))]
    try:
        _, tail = _nd_dims(tuple(params.as_list()), tuple(indices.as_list()))
    except ValueError as error:
        raise errors.op_error(
            errors.GraphInvalidArgumentError, "tf.gather_nd", str(error)
        ) from None
    return [(inputs[0].dtype, indices[:-1] + from_dims(tail))]


def flat_index(indices: Any, dims: Any, what: str, check: bool = True) -> Any:
    """Rows of N indices as one index into the N dimensions flattened."""
    flat = None
    for d, size in enumerate(dims):
        part = indices[..., d].astype(np.int64)
        if check:
            require_in_range(part, size, f"{what}[..., {d}]:")
        flat = part if flat is None else flat * np.int64(size) + part
    return flat if flat is not None else np.zeros(indices.shape[:-1], np.int64)


def outside(indices: Any, dims: Any) -> Any:
    """Which rows of N indices are out of range in some dimension."""
    bad = np.zeros(indices.shape[:-1], np.bool_)
    for d, size in enumerate(dims):
        bad = bad | (indices[..., d] < 0) | (indices[..., d] >= size)
    return bad


def _gather_nd_of(xp, params, indices, policy):
    head, tail = _nd_dims(params.shape, indices.shape)
    out = indices.shape[:-1] + tail
    if not math.prod(out):
        return xp.zeros(out, params.dtype)
    if math.prod(head) == 0:
        raise ValueError(f"params has no elements to pick: its shape is {list(params.shape)}")
    bad = None
    if policy == "IGNORE":
        bad = outside(indices, head)
        indices = xp.where(bad[..., None], np.zeros((), indices.dtype), indices)
    flat = flat_index(indices, head, "indices", bad is None)
    rows = params.reshape((math.prod(head), *tail))
    picked = rows[flat] if xp is np else rows.at[flat].get(mode="clip")
    if bad is not None:
        zero = b"" if params.dtype == object else np.zeros((), params.dtype)
        picked = xp.where(bad.reshape(bad.shape + (1,) * len(tail)), zero, picked)
    return picked


def _gather_nd_host(params, indices, *, policy):
    return _gather_nd_of(np, params, indices, policy)


def _gather_nd_gradient(record: Any, grad: Any) -> Any:
    params, indices = record.inputs
    rank = indices.shape.rank
    if rank == 2 and indices.shape[-1] == 1:
        return IndexedSlices(grad, squeeze(indices, [-1]), shape(params)), None
    return apply(_gather_nd_grad, (params, indices, grad), record.attrs), None


@op(
    "GatherNd",
    dtypes={"params": ANY, "indices": INDEX},
    shape=_gather_nd_shape,
    numpy=_gather_nd_host,
    host=_gather_nd_host,
    gradient=_gather_nd_gradient,
    api_name="gather_nd",
)
def _gather_nd(params, indices, *, policy):
    return _gather_nd_of(jnp, params, indices, policy)


@op(
    "GatherNdGrad",
    dtypes={},
    inputs=("params", "indices", "grad"),
    shape=lambda inputs, attrs: [(inputs[0].dtype, inputs[0].shape)],
    api_name="gather_nd",
)
def _gather_nd_grad(params, indices, grad, *, policy):
    return vjp_lowering(_gather_nd, {"policy": policy}, 2, (0,))(params, indices, grad)[0]


def bad_indices_policy(value: str, what: str) -> str:
    """The policy's name, checked."""
    if value not in ("", "DEFAULT", "ERROR", "IGNORE"):
        raise errors.op_error(
            errors.NotFoundError,
            what,
            f'bad_indices_policy must be "", "DEFAULT", "ERROR" or "IGNORE", not {value!r}',
        )
    return "IGNORE" if value == "IGNORE" else "ERROR"


@export("gather_nd")
def gather_nd(
    params: Any,
    indices: Any,
    batch_dims: int = 0,
    name: str | None = None,
    bad_indices_policy: str = "",
) -> Any:
    """Slices of a tensor, each named by a row of indices into its leading dimensions.

    Args:
      params: Tensor of rank P, any dtype.
      indices: Integer tensor of shape `[..., N]`, N <= P - batch_dims. Negative indices are out of
        range.
      batch_dims: How many leading dimensions `params` and `indices` share.
      name: Optional name of the node in graphs.
      bad_indices_policy: "IGNORE" gives zeros for indices out of range; else they raise.
    Returns:
      Tensor of shape `indices.shape[:-1] + params.shape[batch_dims + N:]`.
    Raises:
      InvalidArgumentError: An index is out of range, or N is too large.

    >>> tf.gather_nd([[1, 2], [3, 4]], [[0, 1], [1, 0]]).numpy()
    array([2, 3], dtype=int32)
    """
    policy = _policy(bad_indices_policy)
    indices = index_tensor(indices)
    batch = axis_of(batch_dims, "tf.gather_nd")
    if batch:
        indices = _with_batch_indices(indices, batch)
    return apply(_gather_nd, (params, indices), (("policy", policy),), name)


def _policy(value: str) -> str:
    return bad_indices_policy(value, "tf.gather_nd")


def _with_batch_indices(indices: Any, batch: int) -> Any:
    """Indices with their own place in the batch dimensions put in front of each row."""
    rank = indices.shape.rank
    if rank is None or not 0 <= batch < rank:
        raise ValueError(
            f"tf.gather_nd: batch_dims {batch} must be less than the rank of indices, {rank}."
        )
    return apply(_batch_indices, (indices,), (("batch", batch),))


def _batch_indices_shape(inputs: Sequence[Any], attrs: Attrs) -> Specs:
    dims = inputs[0].shape.as_list()
    dims[-1] = None if dims[-1] is None else dims[-1] + attrs["batch"]
    return [(inputs[0].dtype, TensorShape(dims))]


@op("BatchIndices", dtypes=INDEX, shape=_batch_indices_shape, api_name="gather_nd")
def _batch_indices(indices, *, batch):
    lead = indices.shape[:-1]
    places = [lax.broadcasted_iota(indices.dtype, lead, d)[..., None] for d in range(batch)]
    return jnp.concatenate([*places, indices], -1)
