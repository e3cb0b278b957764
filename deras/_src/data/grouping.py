"""`group_by_reducer`: elements reduced by key."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from deras._src.data.functions import ElementFunction
from deras._src.data.mapping import applied, relaxed
from deras._src.data.node import UNKNOWN, Context, Element, End, Node, Stage, host
from deras._src.util.export import export


@export("data.experimental.Reducer")
class Reducer:
    """Three functions that reduce a set of elements.

    Args:
      init_func: Of a key, gives the first state.
      reduce_func: Of a state and an element, gives the next state.
      finalize_func: Of the last state, gives the result.
    """

    def __init__(
        self,
        init_func: Callable[..., Any],
        reduce_func: Callable[..., Any],
        finalize_func: Callable[..., Any],
    ) -> None:
        self.init_func = init_func
        self.reduce_func = reduce_func
        self.finalize_func = finalize_func


class GroupByReducer(Node):
    """One result for each key, in the order of the keys."""

    name = "GroupByReducer"

    def __init__(self, source: Node, key: Callable[..., Any], reducer: Reducer) -> None:
        what = "tf.data.experimental.group_by_reducer"
        self.key = ElementFunction(f"{what} key_func", key, source.spec)
        kind = self.key.flat
        if len(kind) != 1 or kind[0].dtype.name != "int64" or kind[0].shape.rank not in (0, None):
            raise ValueError(f"{what}: key_func must return a scalar int64, got {self.key.spec}")
        self.first = ElementFunction(f"{what} init_func", reducer.init_func, self.key.spec)
        spec: Any = self.first.spec
        while True:
            self.function = ElementFunction(what, reducer.reduce_func, spec, source.spec)
            wider = relaxed(spec, self.function.spec, what)
            if wider is None:
                break
            spec = wider
        self.last = ElementFunction(f"{what} finalize_func", reducer.finalize_func, spec)
        super().__init__(self.last.spec, source)

    def tensors(self) -> Sequence[Any]:
        functions = (self.key, self.first, self.function, self.last)
        return [t for function in functions for t in function.captured]

    def size(self, env: dict[int, Any]) -> int:
        return UNKNOWN

    def open(self, context: Context) -> Stage:
        return _GroupByReducer(self, context)


class _GroupByReducer(Stage):
    def __init__(self, node: GroupByReducer, context: Context) -> None:
        self.inner = context.open(node.inputs[0])
        self.inputs = (self.inner,)
        self._node, self._env = node, context.env
        self._states: dict[int, Element] | None = None
        self._keys: list[int] = []

    def next(self) -> Element:
        if self._states is None:
            self._states = self._reduce()
            self._keys = sorted(self._states)
        if not self._keys:
            raise End
        key = self._keys.pop(0)
        return applied(self._node.last, self._states.pop(key), self._env, key)

    def _reduce(self) -> dict[int, Element]:
        node, env = self._node, self._env
        states: dict[int, Element] = {}
        number = 0
        while True:
            try:
                element = self.inner.next()
            except End:
                return states
            key = int(host(applied(node.key, element, env, number)[0]))
            if key not in states:
                states[key] = applied(node.first, (np.array(key, np.int64),), env, number)
            states[key] = applied(node.function, (*states[key], *element), env, number)
            number += 1

    def own_state(self) -> Any:
        return [self._states, self._keys]

    def restore_own(self, state: Any) -> None:
        states, self._keys = state
        self._states = None if states is None else {k: tuple(v) for k, v in states.items()}
