"""State behind variables and generators, and the ops that read and write it.

In a graph every read and write is a node, in program order; the lowering keeps the current array
of each handle in its context. Outside of graphs a handle simply holds its value.
"""

from __future__ import annotations

import sys
import threading
import weakref
from typing import Any

import jax
import jax.numpy as jnp

from deras._src.core.context import state
from deras._src.core.dtypes import DType, float32
from deras._src.core.tensor import EagerTensor, SymbolicTensor, aval_of, register_describer
from deras._src.core.tensor_shape import TensorShape
from deras._src.dispatch.apply import apply
from deras._src.registry import NONE, op
from deras._src.util.callsite import user_site

# Held by a thread from its look at a state's array to the write of the next one. A program takes
# arrays over and deletes them, so no other thread may pick one up in between.
STATE_LOCK = threading.RLock()


class Handle:
    """One piece of state: a variable's or a random generator's.

    Attributes:
      held: the current value: an eager tensor that nothing else owns, or the bare JAX array that
        a compiled program left (a step that runs again needs no tensors around its state); None
        before the first.
      dtype, shape: of every value it may take.
      name: for people.
      trainable: whether tapes watch it by themselves.
      site: the user's line that made it.
    """

    __slots__ = (
        "__weakref__",
        "dtype",
        "graph_made_in",
        "held",
        "name",
        "owner",
        "shape",
        "site",
        "trainable",
    )

    def __init__(self, name: str, dtype: DType, shape: TensorShape, trainable: bool) -> None:
        self.name = name
        self.dtype = dtype
        self.shape = shape
        self.trainable = trainable
        self.held: Any = None
        self.owner: weakref.ref[Any] | None = None
        self.site = user_site(2)
        self.graph_made_in: Any = None

    @property
    def value(self) -> Any:
        """The current value as an eager tensor; None before the first."""
        with STATE_LOCK:
            held = self.held
        if held is None or type(held) is EagerTensor:
            return held
        # Not kept: another thread may have written meanwhile.
        return EagerTensor(aval_of(self.dtype, held.shape), held)

    @value.setter
    def value(self, tensor: EagerTensor) -> None:
        self.held = tensor

    def variable(self) -> Any:
        """The variable that owns this state."""
        return None if self.owner is None else self.owner()

    def read(self) -> Any:
        """The current value as a tensor that later writes do not change."""
        if state.graph is None:
            with STATE_LOCK:
                tensor: Any = self.held
                if type(tensor) is not EagerTensor:
                    tensor = self.value
        else:
            tensor = apply(read_op, (), (("handle", self),))
        for recorder in state.recorders:
            recorder.reads(self, tensor)
        return tensor

    def write(self, value: Any) -> None:
        """Replaces the value; `value` is a tensor of the handle's dtype and a fitting shape."""
        if state.graph is None:
            if isinstance(value, SymbolicTensor):
                raise ValueError(
                    f"Variable {self.name!r} cannot be assigned the symbolic tensor {value!r} "
                    "outside of the function that is being traced."
                )
            self.value = EagerTensor(value.aval, value._array, value._host)
        else:
            apply(assign_op, (value,), (("handle", self),))

    def keep(self, value: Any) -> None:
        """Replaces the value by one that was just computed for this, and that nobody else has."""
        # A tape that saw it computed has it: gradients would go through the assignment.
        if type(value) is EagerTensor and state.graph is None and not state.recorders:
            self.held = value
        else:
            self.write(value)

    def take(self) -> Any:
        """The array, to be donated to a program that writes this handle.

        The caller writes a new value right after. An array that a tensor outside still uses is
        copied, so that a tensor read earlier keeps its value.
        """
        held = self.held
        if type(held) is not EagerTensor:
            return _copy(held) if sys.getrefcount(held) > OWN else held
        array = held.device_array()
        if sys.getrefcount(held) > OWN or sys.getrefcount(array) > OWN:
            return _copy(array)
        return array

    def __repr__(self) -> str:
        return f"<state {self.name!r} {self.dtype.name}{self.shape}>"


def _own() -> int:
    """What sys.getrefcount gives in `take` when nothing outside holds the tensor or its array."""
    handle = Handle("", float32, TensorShape([]), False)
    handle.held = object()
    held = handle.held
    return sys.getrefcount(held)


OWN = _own()

_copiers: dict[Any, Any] = {}
_MOST_COPIERS = 1024


def _copy(array: Any) -> Any:
    """`array.copy()` by a program kept for its dtype and shape: five times as fast."""
    key = (array.dtype, array.shape, array.sharding)
    copier = _copiers.get(key)
    if copier is None:
        spec = jax.ShapeDtypeStruct(array.shape, array.dtype, sharding=array.sharding)
        with jax.enable_x64(True):
            copier = jax.jit(jnp.copy).lower(spec).compile()
        if len(_copiers) >= _MOST_COPIERS:
            _copiers.pop(next(iter(_copiers)))
        _copiers[key] = copier
    return copier(array)


def _reads(attrs: dict[str, Any]) -> list[tuple[Any, bool]]:
    return [(attrs["handle"], False)]


def _writes(attrs: dict[str, Any]) -> list[tuple[Any, bool]]:
    return [(attrs["handle"], True)]


@op(
    "ReadVariableOp",
    gradient=NONE,
    contextual=True,
    state_of=_reads,
    shape=lambda inputs, attrs: [(attrs["handle"].dtype, attrs["handle"].shape)],
    run=lambda inputs, attrs: attrs["handle"].read(),
)
def read_op(context, *, handle):
    return context.values[handle]


@op(
    "AssignVariableOp",
    gradient=NONE,
    contextual=True,
    stateful=True,
    state_of=_writes,
    shape=lambda inputs, attrs: [],
    run=lambda inputs, attrs: attrs["handle"].write(inputs[0]) or (),
)
def assign_op(context, value, *, handle):
    if context.differentiate and handle.dtype.is_floating | handle.dtype.is_complex:
        value = _replaced(jnp.asarray(context.values[handle]), jnp.asarray(value))
    context.values[handle] = value
    return ()


@jax.custom_jvp
def _replaced(old: Any, value: Any) -> Any:
    """`value`; to gradients, `old`.

    As with a tape outside of programs, none goes through an assignment to what was assigned, and
    every read counts as one of the variable.
    """
    return value


@_replaced.defjvp
def _replaced_tangent(primals: Any, tangents: Any) -> Any:
    return primals[1], tangents[0]


register_describer(Handle, repr)
