"""State behind variables and generators, and the ops that read and write it.

In a graph every read and write is a node, in program order; the lowering keeps the current array
of each handle in its context. Outside of graphs a handle simply holds its value.
"""

from __future__ import annotations

import sys
import weakref
from typing import Any

from deras._src.core.context import state
from deras._src.core.dtypes import DType
from deras._src.core.tensor import EagerTensor, SymbolicTensor, register_describer
from deras._src.core.tensor_shape import TensorShape
from deras._src.dispatch.apply import apply
from deras._src.registry import NONE, op
from deras._src.util.callsite import user_site


class Handle:
    """One piece of state: a variable's or a random generator's.

    Attributes:
      value: the current value, an eager tensor that nothing else owns; None before the first.
      dtype, shape: of every value it may take.
      name: for people.
      trainable: whether tapes watch it by themselves.
      site: the user's line that made it.
    """

    __slots__ = (
        "__weakref__",
        "dtype",
        "graph_made_in",
        "name",
        "owner",
        "shape",
        "site",
        "trainable",
        "value",
    )

    def __init__(self, name: str, dtype: DType, shape: TensorShape, trainable: bool) -> None:
        self.name = name
        self.dtype = dtype
        self.shape = shape
        self.trainable = trainable
        self.value: EagerTensor | None = None
        self.owner: weakref.ref[Any] | None = None
        self.site = user_site(2)
        self.graph_made_in: Any = None

    def variable(self) -> Any:
        """The variable that owns this state."""
        return None if self.owner is None else self.owner()

    def read(self) -> Any:
        """The current value as a tensor that later writes do not change."""
        if state.graph is None:
            tensor: Any = self.value
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

    def take(self) -> Any:
        """The array, to be donated to a program that writes this handle.

        The caller writes a new value right after. An array that a tensor outside still uses is
        copied, so that a tensor read earlier keeps its value.
        """
        value = self.value
        array = value.device_array()  # type: ignore[union-attr]
        if sys.getrefcount(value) > _OWN_TENSOR or sys.getrefcount(array) > _OWN_ARRAY:
            return array.copy()
        return array

    def __repr__(self) -> str:
        return f"<state {self.name!r} {self.dtype.name}{self.shape}>"


# What sys.getrefcount gives in `take` when nothing outside holds the tensor or its array.
_OWN_TENSOR = 3
_OWN_ARRAY = 3


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
    context.values[handle] = value
    return ()


register_describer(Handle, repr)
