"""Scatters: updates at N-D indices. (Started for variables; the array family completes it.)"""

from __future__ import annotations

from typing import Any

from deras._src.core.dtypes import ANY, INDEX
from deras._src.dispatch.apply import apply
from deras._src.ops.array_gather import flat_index
from deras._src.ops.shapes import same_as_first
from deras._src.registry import TypeVar, op
from deras._src.util.export import export

_T = TypeVar("T", ANY)


@op(
    "TensorScatterUpdate",
    dtypes={"tensor": _T, "indices": INDEX, "updates": _T},
    shape=same_as_first,
    api_name="tensor_scatter_nd_update",
)
def _update(tensor, indices, updates):
    depth = indices.shape[-1]
    flat = tensor.reshape((-1, *tensor.shape[depth:]))
    at = flat_index(indices, tensor.shape[:depth], "tensor_scatter_nd_update")
    rows = updates.reshape((-1, *tensor.shape[depth:]))
    return flat.at[at.reshape(-1)].set(rows).reshape(tensor.shape)


@export("tensor_scatter_nd_update")
def tensor_scatter_nd_update(tensor: Any, indices: Any, updates: Any, name: Any = None) -> Any:
    """`tensor` with `updates` written at `indices`."""
    return apply(_update, (tensor, indices, updates), (), name)
