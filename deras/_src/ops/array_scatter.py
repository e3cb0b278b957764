"""Writing by index: scatter_nd and tensor_scatter_nd_*."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from deras._src import errors
from deras._src.core.dtypes import ANY, BOOLEAN, INDEX, NUMERIC, REAL, STRING
from deras._src.core.tensor_shape import TensorShape, from_dims
from deras._src.dispatch.apply import apply
from deras._src.ops.array_fill import zeros_like
from deras._src.ops.array_gather import bad_indices_policy as checked_policy
from deras._src.ops.array_gather import flat_index, gather_nd, index_tensor, outside
from deras._src.ops.array_support import (
    Specs,
    apply_ints,
    dynamic_twin,
    ints_of,
    type_var,
)
from deras._src.ops.math_cast import cast
from deras._src.ops.math_compare import equal_op
from deras._src.registry import op
from deras._src.util.export import export

Attrs = Mapping[str, Any]
_STRICT = (("incompatible_shape_error", True),)


def _check_scatter(dims: Any, indices: Any, updates: Any) -> int:
    """How many leading dimensions of `dims` an index names; ValueError where shapes do not fit."""
    if not indices:
        raise ValueError("indices must have at least 1 dimension")
    depth = indices[-1]
    if depth is None:
        return -1
    if depth > len(dims):
        raise ValueError(f"an index has {depth} elements, but the result has rank {len(dims)}")
    wanted = from_dims(tuple(indices[:-1]) + tuple(dims[depth:]))
    if not wanted.is_compatible_with(TensorShape(updates)):
        raise ValueError(
            f"updates must have shape {wanted}, indices.shape[:-1] + shape[{depth}:], not "
            f"{TensorShape(updates)}"
        )
    return depth


def _checked_static(dims: Any, indices: Any, updates: Any, label: str) -> None:
    if None in (dims, indices.dims, updates.dims):
        return
    try:
        _check_scatter(tuple(dims), indices.as_list(), updates.as_list())
    except ValueError as error:
        raise errors.op_error(errors.GraphInvalidArgumentError, label, str(error)) from None


def _rows(target: Any, indices: Any, updates: Any, policy: str) -> Any:
    """Target as [N, slice], a row number for each update, and the updates as [count, slice].

    With policy IGNORE an index out of range becomes N, which is dropped.
    """
    depth = _check_scatter(target.shape, indices.shape, updates.shape)
    head, tail = target.shape[:depth], target.shape[depth:]
    size = math.prod(head)
    if policy == "IGNORE":
        bad = outside(indices, head)
        rows = jnp.where(bad, np.int64(size), flat_index(indices, head, "indices", False))
    else:
        if not size and math.prod(indices.shape[:-1]):
            raise ValueError(f"there is nothing to write to: the shape is {list(target.shape)}")
        rows = flat_index(indices, head, "indices")
    width = math.prod(tail)
    return (
        target.reshape(size, width),
        jnp.asarray(rows).reshape(-1),
        updates.reshape(-1, width) if width else updates.reshape(rows.size, 0),
    )


def _scatter_shape(inputs: Sequence[Any], attrs: Attrs) -> Specs:
    dims = attrs["shape"]
    _checked_static(dims, inputs[0].shape, inputs[1].shape, "tf.scatter_nd")
    return [(inputs[1].dtype, TensorShape(None if dims is None else list(dims)))]


def _scatter_host(indices, updates, *, shape, policy):
    """Strings: repeated indices join."""
    depth = _check_scatter(shape, indices.shape, updates.shape)
    result = np.full(shape, b"", object)
    flat_updates = updates.reshape((-1, *shape[depth:]))
    for row, value in zip(indices.reshape(-1, depth), flat_updates, strict=True):
        if any(not 0 <= i < s for i, s in zip(row, shape, strict=False)):
            if policy == "IGNORE":
                continue
            raise ValueError(f"indices {row.tolist()} are out of range of {list(shape)}")
        result[tuple(row)] = result[tuple(row)] + value
    return result


def _scatter_gradient(record: Any, grad: Any) -> Any:
    policy = record.attr("policy")
    picked = gather_nd(grad, record.inputs[0], bad_indices_policy=policy)
    return (None, picked, None)[: len(record.inputs)]


@op(
    "ScatterNd",
    dtypes={"indices": INDEX, "updates": NUMERIC | BOOLEAN | STRING},
    shape=_scatter_shape,
    host=_scatter_host,
    gradient=_scatter_gradient,
    api_name="scatter_nd",
)
def _scatter(indices, updates, *, shape, policy):
    zeros = jnp.zeros(shape, updates.dtype)
    target, rows, values = _rows(zeros, indices, updates, policy)
    # Bools are or-ed: the sum of bools.
    place = target.at[rows]
    if target.dtype == np.bool_:
        return place.max(values, mode="drop").reshape(shape)
    return place.add(values, mode="drop").reshape(shape)


_scatter_dynamic = dynamic_twin(_scatter, "shape")


@export("scatter_nd")
def scatter_nd(
    indices: Any,
    updates: Any,
    shape: Any,
    bad_indices_policy: str = "",
    name: str | None = None,
) -> Any:
    """Zeros, with updates added at indices; repeated indices add up.

    Args:
      indices: Integer tensor `[..., N]`: each row names an element or slice of the result.
      updates: Tensor of shape `indices.shape[:-1] + shape[N:]`.
      shape: Ints or 1-D integer tensor: the shape of the result.
      bad_indices_policy: "IGNORE" drops updates out of range; else they raise.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of shape `shape`.
    Raises:
      InvalidArgumentError: An index is out of range, or the shapes do not fit.

    >>> tf.scatter_nd([[0], [2], [0]], [1.0, 2.0, 3.0], [4]).numpy()
    array([4., 0., 2., 0.], dtype=float32)
    """
    policy = checked_policy(bad_indices_policy, "tf.scatter_nd")
    ints = ints_of(shape, "tf.scatter_nd")
    inputs = (index_tensor(indices), updates)
    attrs = (("policy", policy),)
    return apply_ints(_scatter, _scatter_dynamic, inputs, "shape", ints, attrs, name)


# -- into a given tensor ----------------------------------------------------------------------

_T = type_var(ANY)
_T_NUMERIC = type_var(NUMERIC)
_T_REAL = type_var(REAL)


def _into_shape(inputs: Sequence[Any], attrs: Attrs) -> Specs:
    tensor, indices, updates = inputs
    _checked_static(tensor.shape.dims, indices.shape, updates.shape, "tf.tensor_scatter_nd")
    return [(tensor.dtype, tensor.shape)]


def _into(tensor: Any, indices: Any, updates: Any, write: Any, policy: str = "ERROR") -> Any:
    target, rows, values = _rows(tensor, indices, updates, policy)
    return write(target.at[rows], values).reshape(tensor.shape)


def _declare(name: str, type_variable: Any, gradient: Any, api_name: str, **more: Any) -> Any:
    return op(
        name,
        dtypes={"tensor": type_variable, "indices": INDEX, "updates": type_variable},
        shape=_into_shape,
        gradient=gradient,
        api_name=api_name,
        **more,
    )


def _picked(tensor: Any, record: Any) -> Any:
    """The elements of `tensor` at the record's indices, 0 for those that are to be ignored."""
    return gather_nd(tensor, record.inputs[1], bad_indices_policy=record.attr("policy"))


def _add_gradient(record: Any, grad: Any) -> Any:
    return grad, None, _picked(grad, record)


@_declare("TensorScatterAdd", _T_NUMERIC, _add_gradient, "tensor_scatter_nd_add")
def _scatter_add(tensor, indices, updates, *, policy):
    return _into(tensor, indices, updates, lambda at, v: at.add(v, mode="drop"), policy)


def _sub_gradient(record: Any, grad: Any) -> Any:
    return grad, None, -_picked(grad, record)


@_declare("TensorScatterSub", _T_NUMERIC, _sub_gradient, "tensor_scatter_nd_sub")
def _scatter_sub(tensor, indices, updates, *, policy):
    return _into(tensor, indices, updates, lambda at, v: at.add(-v, mode="drop"), policy)


def _update_gradient(record: Any, grad: Any) -> Any:
    # A repeated index sends the gradient to each of its updates, though the last one has won.
    _, indices, updates = record.inputs
    kept = tensor_scatter_nd_update(grad, indices, zeros_like(updates))
    return kept, None, gather_nd(grad, indices)


def _update_host(tensor, indices, updates):
    depth = _check_scatter(tensor.shape, indices.shape, updates.shape)
    result = tensor.copy()
    flat = updates.reshape((-1, *tensor.shape[depth:]))
    for row, value in zip(indices.reshape(-1, depth), flat, strict=True):
        if any(not 0 <= i < s for i, s in zip(row, tensor.shape, strict=False)):
            raise ValueError(f"indices {row.tolist()} are out of range of {list(tensor.shape)}")
        result[tuple(row)] = value
    return result


@_declare(
    "TensorScatterUpdate",
    _T,
    _update_gradient,
    "tensor_scatter_nd_update",
    numpy=_update_host,
    host=_update_host,
)
def _scatter_update(tensor, indices, updates):
    return _into(tensor, indices, updates, lambda at, v: at.set(v, mode="clip"))


def _extreme_gradient(record: Any, grad: Any) -> Any:
    # Shared evenly by all that equal the result: the tensor's own element and updates.
    tensor, indices, updates = record.inputs
    output = record.outputs[0]
    dtype = grad.dtype
    own = cast(apply(equal_op, (tensor, output), _STRICT), dtype)
    theirs = cast(apply(equal_op, (updates, _picked(output, record)), _STRICT), dtype)
    share = grad / apply(_scatter_add, (own, indices, theirs), record.attrs)
    return own * share, None, theirs * _picked(share, record)


def _without_nan(values: Any, worst: float) -> Any:
    """Updates that are NaN do nothing: the comparison with the old value fails."""
    if not jnp.issubdtype(values.dtype, jnp.floating):
        return values
    return jnp.where(jnp.isnan(values), jnp.asarray(worst, values.dtype), values)


@_declare("TensorScatterMax", _T_REAL, _extreme_gradient, "tensor_scatter_nd_max")
def _scatter_max(tensor, indices, updates, *, policy):
    values = _without_nan(updates, -np.inf)
    return _into(tensor, indices, values, lambda at, v: at.max(v, mode="drop"), policy)


@_declare("TensorScatterMin", _T_REAL, _extreme_gradient, "tensor_scatter_nd_min")
def _scatter_min(tensor, indices, updates, *, policy):
    values = _without_nan(updates, np.inf)
    return _into(tensor, indices, values, lambda at, v: at.min(v, mode="drop"), policy)


def _policy_attrs(policy: str, what: str) -> tuple[Any, ...]:
    return (("policy", checked_policy(policy, what)),)


@export("tensor_scatter_nd_add")
def tensor_scatter_nd_add(
    tensor: Any, indices: Any, updates: Any, bad_indices_policy: str = "", name: str | None = None
) -> Any:
    """A tensor with updates added at indices; repeated indices add up.

    Args:
      tensor: Tensor of rank R.
      indices: Integer tensor `[..., N]`, N <= R: each row names an element or slice.
      updates: Tensor of shape `indices.shape[:-1] + tensor.shape[N:]`.
      bad_indices_policy: "IGNORE" drops updates out of range; else they raise.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `tensor`'s shape and dtype.
    Raises:
      InvalidArgumentError: An index is out of range, or the shapes do not fit.

    >>> tf.tensor_scatter_nd_add([1.0, 2.0], [[0], [0]], [5.0, 6.0]).numpy()
    array([12.,  2.], dtype=float32)
    """
    attrs = _policy_attrs(bad_indices_policy, "tf.tensor_scatter_nd_add")
    return apply(_scatter_add, (tensor, index_tensor(indices), updates), attrs, name)


@export("tensor_scatter_nd_sub")
def tensor_scatter_nd_sub(
    tensor: Any, indices: Any, updates: Any, bad_indices_policy: str = "", name: str | None = None
) -> Any:
    """A tensor with updates subtracted at indices; see `tf.tensor_scatter_nd_add`.

    >>> tf.tensor_scatter_nd_sub([1.0, 2.0], [[0]], [5.0]).numpy()
    array([-4.,  2.], dtype=float32)
    """
    attrs = _policy_attrs(bad_indices_policy, "tf.tensor_scatter_nd_sub")
    return apply(_scatter_sub, (tensor, index_tensor(indices), updates), attrs, name)


@export("tensor_scatter_nd_update")
def tensor_scatter_nd_update(
    tensor: Any, indices: Any, updates: Any, name: str | None = None
) -> Any:
    """A tensor with elements or slices replaced; of repeated indices the last one wins on CPU.

    Args:
      tensor: Tensor of rank R, any dtype.
      indices: Integer tensor `[..., N]`, N <= R: each row names an element or slice.
      updates: Tensor of shape `indices.shape[:-1] + tensor.shape[N:]`.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `tensor`'s shape and dtype.
    Raises:
      InvalidArgumentError: An index is out of range, or the shapes do not fit.

    >>> tf.tensor_scatter_nd_update([1, 2, 3], [[0], [2]], [7, 9]).numpy()
    array([7, 2, 9], dtype=int32)
    """
    return apply(_scatter_update, (tensor, index_tensor(indices), updates), (), name)


@export("tensor_scatter_nd_max")
def tensor_scatter_nd_max(
    tensor: Any, indices: Any, updates: Any, bad_indices_policy: str = "", name: str | None = None
) -> Any:
    """A tensor, at indices the larger of its element and the updates.

    The gradient is shared evenly by all that equal the maximum. NaN updates do nothing.

    >>> tf.tensor_scatter_nd_max([1, 2], [[0], [1]], [5, 1]).numpy()
    array([5, 2], dtype=int32)
    """
    attrs = _policy_attrs(bad_indices_policy, "tf.tensor_scatter_nd_max")
    return apply(_scatter_max, (tensor, index_tensor(indices), updates), attrs, name)


@export("tensor_scatter_nd_min")
def tensor_scatter_nd_min(
    tensor: Any, indices: Any, updates: Any, bad_indices_policy: str = "", name: str | None = None
) -> Any:
    """A tensor, at indices the smaller of its element and the updates.

    The gradient is shared evenly by all that equal the minimum. NaN updates do nothing.

    >>> tf.tensor_scatter_nd_min([1, 2], [[0], [1]], [5, 1]).numpy()
    array([1, 1], dtype=int32)
    """
    attrs = _policy_attrs(bad_indices_policy, "tf.tensor_scatter_nd_min")
    return apply(_scatter_min, (tensor, index_tensor(indices), updates), attrs, name)
