"""Steps whose function gives datasets, and those that choose among datasets."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from deras._src import errors
from deras._src.data.batching import Elements
from deras._src.data.functions import ElementFunction
from deras._src.data.mapping import applied
from deras._src.data.node import (
    INFINITE,
    UNKNOWN,
    Context,
    Element,
    End,
    Node,
    Stage,
    host,
    integer,
    object_of,
    variant_tensor,
)
from deras._src.data.structure import same_kind


def _inner_spec(function: ElementFunction) -> Any:
    """The element spec of the datasets that a function returns."""
    if not getattr(function.spec, "is_dataset", False):
        raise TypeError(
            f"{function.what}: the function must return a `Dataset` object, it returns "
            f"{function.spec}"
        )
    return function.spec.element_spec


class _Nested:
    """A dataset made of an element, being read."""

    def __init__(
        self, function: ElementFunction, context: Context, element: Element, number: int
    ) -> None:
        self.element, self.number = element, number
        made = applied(function, element, context.env, number)
        self.stage = context.within({}).open(object_of(made[0]))

    def state(self) -> Any:
        return [self.element, self.number, self.stage.state()]


class FlatMap(Node):
    """The elements of the datasets that a function gives, one dataset after the other."""

    name = "FlatMap"

    def __init__(self, source: Node, function: Any) -> None:
        self.function = ElementFunction("Dataset.flat_map", function, source.spec)
        super().__init__(_inner_spec(self.function), source)
        self.site = self.function.site or self.site

    def tensors(self) -> Sequence[Any]:
        return self.function.captured

    def size(self, env: dict[int, Any]) -> int:
        return 0 if self.inputs[0].size(env) == 0 else UNKNOWN

    def open(self, context: Context) -> Stage:
        return _FlatMap(self, context)


class _FlatMap(Stage):
    def __init__(self, node: FlatMap, context: Context) -> None:
        self.inner = context.open(node.inputs[0])
        self.inputs = (self.inner,)
        self._function, self._context = node.function, context
        self._current: _Nested | None = None
        self._seen = 0

    def next(self) -> Element:
        while True:
            if self._current is None:
                element = self.inner.next()
                self._seen += 1
                self._current = _Nested(self._function, self._context, element, self._seen - 1)
            try:
                return self._current.stage.next()  # type: ignore[no-any-return]
            except End:
                self._current.stage.close()
                self._current = None

    def own_state(self) -> Any:
        return [self._seen, None if self._current is None else self._current.state()]

    def restore_own(self, state: Any) -> None:
        self._seen, current = state
        self._current = None if current is None else _restored(self, current)

    def close(self) -> None:
        if self._current is not None:
            self._current.stage.close()
        super().close()


def _restored(stage: Any, state: Any) -> _Nested:
    element, number, inner = state
    nested = _Nested(stage._function, stage._context, tuple(element), number)
    nested.stage.restore(inner)
    return nested


class Interleave(Node):
    """The same, several datasets at a time in turn."""

    name = "Interleave"

    def __init__(self, source: Node, function: Any, cycle: Any, block: Any) -> None:
        self.function = ElementFunction("Dataset.interleave", function, source.spec)
        super().__init__(_inner_spec(self.function), source)
        self.site = self.function.site or self.site
        self.cycle, self.length = cycle, block
        for name, value in (("cycle_length", cycle), ("block_length", block)):
            if isinstance(value, int) and value < 1 and not (name[0] == "c" and value == -1):
                raise errors.InvalidArgumentError(
                    None, None, f"Dataset.interleave: {name} must be greater than zero, got {value}"
                )

    def tensors(self) -> Sequence[Any]:
        return (*self.function.captured, self.cycle, self.length)

    def size(self, env: dict[int, Any]) -> int:
        return 0 if self.inputs[0].size(env) == 0 else UNKNOWN

    def open(self, context: Context) -> Stage:
        cycle = integer(self.cycle, context.env)
        cycle = cycle if cycle > 0 else os.cpu_count() or 1
        return _Interleave(self, context, cycle, integer(self.length, context.env))


class _Interleave(Stage):
    def __init__(self, node: Interleave, context: Context, cycle: int, length: int) -> None:
        self.inner = context.open(node.inputs[0])
        self.inputs = (self.inner,)
        self._function, self._context, self._length = node.function, context, length
        self._open: list[_Nested | None] = [None] * cycle
        self._at = self._taken = self._seen = 0
        self._ended = False

    def _advance(self) -> None:
        self._taken = 0
        self._at = (self._at + 1) % len(self._open)

    def next(self) -> Element:
        while True:
            current = self._open[self._at]
            if current is not None:
                try:
                    element: Element = current.stage.next()
                except End:
                    current.stage.close()
                    self._open[self._at] = None
                    self._advance()
                    continue
                self._taken += 1
                if self._taken == self._length:
                    self._advance()
                return element
            if self._ended:
                if not any(self._open):
                    raise End
                self._advance()
                continue
            try:
                element = self.inner.next()
            except End:
                self._ended = True
                continue
            self._seen += 1
            nested = _Nested(self._function, self._context, element, self._seen - 1)
            self._open[self._at] = nested

    def own_state(self) -> Any:
        opened = [None if n is None else n.state() for n in self._open]
        return [self._at, self._taken, self._seen, self._ended, opened]

    def restore_own(self, state: Any) -> None:
        self._at, self._taken, self._seen, self._ended, opened = state
        self._open = [None if n is None else _restored(self, n) for n in opened]

    def close(self) -> None:
        for nested in self._open:
            if nested is not None:
                nested.stage.close()
        super().close()


class GroupByWindow(Node):
    """Elements gathered by key; a function makes a dataset of each group that is full."""

    name = "GroupByWindow"

    def __init__(self, source: Node, key: Any, reduce: Any, window: Any, dataset_spec: Any) -> None:
        what = "Dataset.group_by_window"
        self.key = ElementFunction(f"{what} key_func", key, source.spec)
        kind = self.key.flat
        if len(kind) != 1 or not kind[0].dtype.is_integer or kind[0].shape.rank not in (0, None):
            raise ValueError(f"{what}: key_func must return a scalar int64, got {self.key.spec}")
        self.window = ElementFunction(f"{what} window_size_func", window, self.key.spec)
        self.function = ElementFunction(
            what, reduce, self.key.spec, dataset_spec(source.spec), unpack=False
        )
        super().__init__(_inner_spec(self.function), source)

    def tensors(self) -> Sequence[Any]:
        return (*self.key.captured, *self.window.captured, *self.function.captured)

    def size(self, env: dict[int, Any]) -> int:
        return UNKNOWN

    def open(self, context: Context) -> Stage:
        return _GroupByWindow(self, context)


class _GroupByWindow(Stage):
    def __init__(self, node: GroupByWindow, context: Context) -> None:
        self.inner = context.open(node.inputs[0])
        self.inputs = (self.inner,)
        self._node, self._context = node, context
        self._groups: dict[int, list[Element]] = {}
        self._sizes: dict[int, int] = {}
        self._current: tuple[int, list[Element], Stage] | None = None
        self._seen = 0
        self._ended = False

    def next(self) -> Element:
        while True:
            if self._current is not None:
                try:
                    return self._current[2].next()
                except End:
                    self._current[2].close()
                    self._current = None
            if self._ended:
                if not self._groups:
                    raise End
                self._start(min(self._groups))
                continue
            try:
                element = self.inner.next()
            except End:
                self._ended = True
                continue
            self._gather(element)

    def _gather(self, element: Element) -> None:
        env, node = self._context.env, self._node
        self._seen += 1
        found = applied(node.key, element, env, self._seen - 1)
        key = int(host(found[0]))
        if key not in self._groups:
            size = int(host(applied(node.window, found, env, self._seen - 1)[0]))
            if size < 1:
                raise errors.InvalidArgumentError(
                    None,
                    None,
                    "Dataset.group_by_window: window size must be greater than zero, got "
                    f"{size} for key {key}",
                )
            self._groups[key], self._sizes[key] = [], size
        group = self._groups[key]
        group.append(element)
        if len(group) == self._sizes[key]:
            self._start(key)

    def _start(self, key: int) -> None:
        group = self._groups.pop(key)
        self._current = (key, group, self._opened(key, group))

    def _opened(self, key: int, group: list[Element]) -> Stage:
        node = self._node
        kind = node.key.flat[0].dtype.np_dtype
        window = variant_tensor(Elements(node.inputs[0].spec, group))
        number = np.array(key, kind)
        made = applied(node.function, (number, window), self._context.env, self._seen - 1)
        return self._context.within({}).open(object_of(made[0]))  # type: ignore[no-any-return]

    def own_state(self) -> Any:
        current = None
        if self._current is not None:
            key, group, stage = self._current
            current = [key, group, stage.state()]
        return [self._groups, self._sizes, self._seen, self._ended, current]

    def restore_own(self, state: Any) -> None:
        self._groups, self._sizes, self._seen, self._ended, current = state
        if current is not None:
            key, group, inner = current
            stage = self._opened(key, group)
            stage.restore(inner)
            self._current = (key, group, stage)

    def close(self) -> None:
        if self._current is not None:
            self._current[2].close()
        super().close()


class Choose(Node):
    """From several datasets, the one whose number comes next from another dataset."""

    name = "ChooseFromDatasets"

    def __init__(self, selector: Node, sources: Sequence[Node], stop_on_empty: bool) -> None:
        spec = sources[0].spec
        for node in sources[1:]:
            spec = same_kind(spec, node.spec)
            if spec is None:
                raise TypeError(
                    "choose_from_datasets: the datasets must have compatible elements, got "
                    f"{sources[0].spec} and {node.spec}"
                )
        super().__init__(spec, selector, *sources)
        self.stop_on_empty = stop_on_empty

    def size(self, env: dict[int, Any]) -> int:
        sizes = [n.size(env) for n in self.inputs[1:]]
        return INFINITE if INFINITE in sizes else UNKNOWN

    def open(self, context: Context) -> Stage:
        return _Choose([context.open(n) for n in self.inputs], self.stop_on_empty)


class _Choose(Stage):
    def __init__(self, stages: Sequence[Stage], stop: bool) -> None:
        self.inputs = tuple(stages)
        self._stop = stop
        self._over = [False] * (len(stages) - 1)

    def next(self) -> Element:
        while not all(self._over):
            choice = int(host(self.inputs[0].next()[0]))
            if not 0 <= choice < len(self._over):
                raise errors.InvalidArgumentError(
                    None,
                    None,
                    f"choose_from_datasets: Selector index out of range: {choice} >= "
                    f"{len(self._over)}",
                )
            if self._over[choice]:
                continue
            try:
                return self.inputs[1 + choice].next()
            except End:
                self._over[choice] = True
                if self._stop:
                    self._over = [True] * len(self._over)
        raise End

    def own_state(self) -> Any:
        return self._over

    def restore_own(self, state: Any) -> None:
        self._over = state
