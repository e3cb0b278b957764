"""Updates of parts of variables: rows, batches of rows, slices."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from deras._src import errors
from deras._src.core.context import state
from deras._src.core.dtypes import ANY, INDEX, int64
from deras._src.core.tensor import EagerTensor, host_tensor
from deras._src.dispatch.apply import apply
from deras._src.dispatch.convert import convert
from deras._src.graph.checks import require_none
from deras._src.graph.lowering import compiling
from deras._src.ops.shapes import same_as_first
from deras._src.registry import NONE, TypeVar, op

_T = TypeVar("T", ANY)


def check_rows(indices: Any, rows: int) -> None:
    """Row numbers must lie in `[0, rows)`, as on TensorFlow's CPU."""
    bad = (indices < 0) | (indices >= rows)
    message = f"an index is {{detail}}, not in [0, {rows})"
    require_none(bad, indices, errors.InvalidArgumentError, message)


@op(
    "ResourceScatter",
    dtypes={"tensor": _T, "indices": INDEX, "updates": _T},
    gradient=NONE,
    shape=same_as_first,
    api_name="Variable.scatter",
)
def _scatter_rows(tensor, indices, updates, *, kind):
    check_rows(indices, tensor.shape[0])
    updates = jnp.broadcast_to(updates, indices.shape + tensor.shape[1:])
    at = tensor.at[indices]
    if kind == "sub":
        return at.add(-updates)
    if kind == "div":
        return at.divide(updates)
    methods = {"add": at.add, "update": at.set, "max": at.max, "min": at.min, "mul": at.multiply}
    return methods[kind](updates)


def scatter_rows(kind: str, tensor: Any, indices: Any, updates: Any) -> Any:
    """`tensor` with rows updated; `kind` is add, sub, update, max, min, mul or div."""
    return apply(_scatter_rows, (tensor, indices, updates), (("kind", kind),))


# From this size on, rows are written into the variable's own buffer: a copy of the table for every
# step would cost more than the step.
_IN_PLACE_BYTES = 1 << 16
_in_place: dict[Any, Any] = {}


def scatter_into(handle: Any, kind: str, indices: Any, updates: Any) -> None:
    """Updates rows of the state behind `handle`, in place where it is large and nobody looks on."""
    current = handle.value
    index_tensor = convert(indices)
    if (
        state.graph is not None
        or state.device is not None
        or current.aval.shape.num_elements() * current.aval.dtype.size < _IN_PLACE_BYTES
        or index_tensor.dtype not in INDEX
    ):
        handle.write(scatter_rows(kind, handle.read(), index_tensor, updates))
        return
    rows, numbers = current.aval.dims[0], index_tensor.host_array()
    if numbers.size and (int(numbers.min()) < 0 or int(numbers.max()) >= rows):
        # The op itself raises, with the first row that is out of range.
        scatter_rows(kind, handle.read(), index_tensor, updates)
    key = (kind, current.aval, index_tensor.aval, updates.aval)
    program = _in_place.get(key)
    if program is None:
        specs = [
            jax.ShapeDtypeStruct(t.aval.dims, t.aval.dtype.np_dtype)
            for t in (current, index_tensor, updates)
        ]

        def lowering(*arrays: Any) -> Any:
            return _scatter_rows.lowering(*arrays, kind=kind)  # type: ignore[misc]

        with compiling(None):
            program = jax.jit(lowering, donate_argnums=0).lower(*specs).compile()
        if len(_in_place) >= _MOST_PROGRAMS:
            _in_place.pop(next(iter(_in_place)))
        _in_place[key] = program
    aval = current.aval
    del current
    result = program(handle.take(), index_tensor.device_array(), updates.device_array())
    handle.value = EagerTensor(aval, result)


_MOST_PROGRAMS = 256


@op(
    "BatchScatterUpdate",
    dtypes={"tensor": _T, "indices": INDEX, "updates": _T},
    gradient=NONE,
    shape=same_as_first,
    api_name="Variable.batch_scatter_update",
)
def _batch_scatter_update(tensor, indices, updates):
    batch = indices.ndim - 1
    check_rows(indices, tensor.shape[batch])
    grid = jnp.meshgrid(*(jnp.arange(n) for n in indices.shape), indexing="ij")
    return tensor.at[(*grid[:batch], indices)].set(updates)


def batch_scatter_update(tensor: Any, indices: Any, updates: Any) -> Any:
    """`tensor[b, indices[b, i]] = updates[b, i]` for every batch index b."""
    return apply(_batch_scatter_update, (tensor, indices, updates))


@op(
    "ScatterFlat",
    dtypes={"tensor": _T, "positions": frozenset({int64}), "updates": _T},
    gradient=NONE,
    shape=same_as_first,
    api_name="Variable.__getitem__.assign",
)
def _scatter_flat(tensor, positions, updates):
    updates = jnp.broadcast_to(updates, positions.shape).reshape(-1)
    return tensor.reshape(-1).at[positions.reshape(-1)].set(updates).reshape(tensor.shape)


def assign_slice(variable: Any, key: Any, value: Any) -> Any:
    """`variable[key] = value` as a new value of the variable."""
    handle = variable._handle
    dims = [int(d) for d in variable.shape]
    numbers = np.arange(int(np.prod(dims, dtype=np.int64)), dtype=np.int64).reshape(dims)
    positions = host_tensor(numbers)[key]  # type: ignore[index]
    updates = convert(value, handle.dtype)
    handle.write(apply(_scatter_flat, (variable._now(), positions, updates)))
    return variable


def assignable_slice(part: Any, variable: Any, key: Any) -> Any:
    """`part`, read from `variable[key]`, with TensorFlow's `assign` method for that slice."""
    part.assign = lambda value, use_locking=False, name=None: assign_slice(variable, key, value)
    return part
