"""Nodes, which describe a dataset, and stages, which run it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from deras._src import errors
from deras._src.core.dtypes import from_numpy, string, variant
from deras._src.core.tensor import EagerTensor, SymbolicTensor, aval_of
from deras._src.core.tensor_shape import TensorShape
from deras._src.core.type_spec import TensorSpec
from deras._src.util import nest
from deras._src.util.callsite import user_site

INFINITE = -1
UNKNOWN = -2

# The most rows that stages work ahead, and the most memory they take.
MOST_ROWS = 256
MOST_BYTES = 1 << 20

Element = tuple[Any, ...]
Columns = list[np.ndarray]


class End(Exception):
    """A stage has no more elements."""


class Context:
    """What opening a dataset knows.

    Attributes:
      env: values of the graph tensors that nodes were made with, by id.
      watch: called with a node and its stage, gives the stage to use (for profiles).
      deterministic: whether the order of elements must be kept.
    """

    __slots__ = ("deterministic", "env", "watch")

    def __init__(
        self,
        env: dict[int, Any] | None = None,
        watch: Callable[[Any, Any], Any] | None = None,
        deterministic: bool = True,
    ) -> None:
        self.env = env or {}
        self.watch = watch
        self.deterministic = deterministic

    def within(self, env: dict[int, Any]) -> Context:
        """The same for nodes made in another graph."""
        return Context(env, self.watch, self.deterministic)

    def open(self, node: Node) -> Any:
        """The stage of a node."""
        stage = node.open(self)
        return stage if self.watch is None else self.watch(node, stage)


class Node:
    """One step of a dataset.

    Attributes:
      spec: the structure of its elements, with specs as leaves.
      inputs: the nodes it reads.
      site: the user's line that made it.
    """

    name = "Dataset"

    def __init__(self, spec: Any, *inputs: Node) -> None:
        self.spec = spec
        self.inputs = inputs
        self.site: Any = user_site(2)
        self.flat: list[TensorSpec] = nest.flatten(spec, expand_composites=True)

    def tensors(self) -> Sequence[Any]:
        """The graph tensors among this node's own arguments."""
        return ()

    def symbolics(self) -> list[SymbolicTensor]:
        """The graph tensors that this node and its inputs were made with."""
        found: dict[int, SymbolicTensor] = {}
        for t in self.tensors():
            if isinstance(t, SymbolicTensor) and t.value is None:
                found[id(t)] = t
        for node in self.inputs:
            found.update((id(t), t) for t in node.symbolics())
        return list(found.values())

    def size(self, env: dict[int, Any]) -> int:
        """The number of elements, INFINITE or UNKNOWN."""
        return UNKNOWN

    def open(self, context: Context) -> Stage:
        """A stage at the first element."""
        raise NotImplementedError

    @property
    def label(self) -> str:
        """The step and the line that made it."""
        where = "" if self.site is None else f" at {errors.describe_site(self.site)}"
        return f"{self.name}{where}"


class Stage:
    """Runs one node.

    Attributes:
      blocks: whether `block` may be called.
      pure: whether elements may be made ahead of time: nothing but this pipeline can tell.
      inputs: the stages it reads; closed with it.
    """

    blocks = False
    pure = False
    inputs: tuple[Stage, ...] = ()

    def next(self) -> Element:
        """The next element; End if there is none."""
        raise NotImplementedError

    def block(self, limit: int) -> Columns:
        """The next rows, 1 to `limit` of them, as columns; End if there are none."""
        raise NotImplementedError

    def state(self) -> Any:
        """Plain data, from which `restore` goes on."""
        return {"inputs": [s.state() for s in self.inputs], "own": self.own_state()}

    def restore(self, state: Any) -> None:
        """Goes on where `state` was taken; the stage is new."""
        for stage, part in zip(self.inputs, state["inputs"], strict=True):
            stage.restore(part)
        self.restore_own(state["own"])

    def own_state(self) -> Any:
        """The state without the inputs'."""
        return None

    def restore_own(self, state: Any) -> None:
        """Takes back `own_state`."""

    def close(self) -> None:
        """Ends threads and closes files."""
        for stage in self.inputs:
            stage.close()


class BlockStage(Stage):
    """A stage that makes rows: `make(limit)` gives some, `next` and `block` hand them out."""

    blocks = True

    def __init__(self, rows: int = MOST_ROWS) -> None:
        self._columns: Columns = []
        self._at = self._length = 0
        self._ahead = rows

    def make(self, limit: int) -> Columns:
        """One or more rows, about `limit`; End if there are none."""
        raise NotImplementedError

    def _fill(self, limit: int) -> None:
        self._columns = self.make(limit)
        self._at, self._length = 0, len(self._columns[0])

    def next(self) -> Element:
        if self._at == self._length:
            self._fill(self._ahead if self.pure else 1)
        i = self._at
        self._at = i + 1
        return tuple([column[i, ...] for column in self._columns])

    def block(self, limit: int) -> Columns:
        if self._at == self._length:
            self._fill(limit)
        i = self._at
        self._at = end = min(i + limit, self._length)
        if i == 0 and end == self._length:
            return self._columns
        return [column[i:end] for column in self._columns]

    def state(self) -> Any:
        rest = [c[self._at : self._length] for c in self._columns]
        return {**super().state(), "rest": rest if self._at < self._length else None}

    def restore(self, state: Any) -> None:
        super().restore(state)
        if state["rest"] is not None:
            self._columns, self._at = list(state["rest"]), 0
            self._length = len(self._columns[0])


def rows_ahead(flat: Sequence[Any]) -> int:
    """How many rows of this spec a stage may make ahead."""
    size = 0
    for spec in flat:
        count = spec.shape.num_elements()
        size += 4096 if count is None else count * max(spec.dtype.size, 8)
    return int(max(1, min(MOST_ROWS, MOST_BYTES // max(size, 1))))


def stackable(flat: Sequence[Any]) -> bool:
    """Whether rows of this spec can be one array: there are some, and none is a dataset."""
    return bool(flat) and all(spec.dtype is not variant for spec in flat)


def exactly(stage: Stage, count: int) -> Columns:
    """The next `count` rows of a stage, fewer at its end; End if there are none."""
    first = stage.block(count)
    have = len(first[0])
    if have == count:
        return first
    parts = [first]
    while have < count:
        try:
            more = stage.block(count - have)
        except End:
            break
        parts.append(more)
        have += len(more[0])
    if len(parts) == 1:
        return first
    return [np.concatenate(columns) for columns in zip(*parts, strict=True)]


# -- elements -------------------------------------------------------------------------------------


def host(component: Any) -> np.ndarray:
    """A component of an element as a NumPy array."""
    return component.host_array() if isinstance(component, EagerTensor) else component


def tensor(component: Any) -> Any:
    """A component of an element as a tensor."""
    if isinstance(component, EagerTensor):
        return component
    value = np.asarray(component)
    value.flags.writeable = False
    return EagerTensor(_aval(value), None, value)


_kinds: dict[Any, Any] = {}


def _aval(value: np.ndarray) -> Any:
    kind = _kinds.get(value.dtype)
    if kind is None:
        # Arrays of objects hold byte strings here.
        kind = string if value.dtype.kind == "O" else from_numpy(value.dtype)
        _kinds[value.dtype] = kind
    return aval_of(kind, value.shape)


def variant_tensor(value: Any) -> EagerTensor:
    """A scalar tensor that holds a Python object of this package."""
    array = np.empty((), object)
    array[()] = value
    return EagerTensor(aval_of(variant, ()), None, array)


def object_of(value: Any) -> Any:
    """The object that a variant tensor holds."""
    return value._host[()]


VARIANT = TensorSpec(TensorShape(()), variant)


def look_up(value: Any, env: dict[int, Any]) -> Any:
    """The tensor or value that an argument of a node has now."""
    if isinstance(value, SymbolicTensor):
        found = env.get(id(value))
        if found is not None:
            return found
        if value.value is not None:
            return value.value
        raise errors.InternalError(None, None, f"tf.data: {value!r} has no value here")
    return value


def integer(value: Any, env: dict[int, Any]) -> int:
    """The same for an integer."""
    found = look_up(value, env)
    return found if type(found) is int else int(np.asarray(found))


def integer_or_unknown(value: Any, env: dict[int, Any]) -> int | None:
    """The same; None where it will be known only when the graph runs."""
    if isinstance(value, SymbolicTensor) and id(value) not in env and value.value is None:
        return None
    return integer(value, env)


class Bound(Node):
    """A dataset made inside a graph, with the values of that graph's tensors."""

    name = "Dataset"

    def __init__(self, node: Node, env: dict[int, Any]) -> None:
        super().__init__(node.spec)
        self.node = node
        self.env = env

    def size(self, env: dict[int, Any]) -> int:
        return self.node.size(self.env)

    def open(self, context: Context) -> Stage:
        return context.within(self.env).open(self.node)


class FromVariant(Node):
    """The dataset that a graph's variant tensor will hold."""

    name = "Dataset"

    def __init__(self, source: Any, spec: Any) -> None:
        super().__init__(spec)
        self.source = source

    def tensors(self) -> Sequence[Any]:
        return (self.source,)

    def _node(self, env: dict[int, Any]) -> Node:
        return object_of(look_up(self.source, env))  # type: ignore[no-any-return]

    def size(self, env: dict[int, Any]) -> int:
        if isinstance(self.source, SymbolicTensor) and id(self.source) not in env:
            return UNKNOWN
        return self._node(env).size({})

    def open(self, context: Context) -> Stage:
        return context.within({}).open(self._node(context.env))
