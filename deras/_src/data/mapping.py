"""`map` and `scan`: the user's function on every element."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

import numpy as np

from deras._src import errors
from deras._src.core.tensor_shape import TensorShape
from deras._src.core.type_spec import TensorSpec
from deras._src.data.functions import ElementFunction, at_element
from deras._src.data.node import (
    BlockStage,
    Columns,
    Context,
    Element,
    End,
    Node,
    Stage,
    host,
    integer,
    look_up,
    rows_ahead,
    stackable,
)
from deras._src.data.structure import flat_tensors, normalized, spec_of
from deras._src.util import nest


class Map(Node):
    """A function of each element."""

    name = "Map"

    def __init__(
        self,
        source: Node,
        function: Any,
        calls: Any = None,
        deterministic: bool | None = None,
        what: str = "Dataset.map",
    ) -> None:
        self.function = ElementFunction(what, function, source.spec)
        super().__init__(self.function.spec, source)
        self.site = self.function.site or self.site
        self.calls, self.deterministic = calls, deterministic

    def tensors(self) -> Sequence[Any]:
        return (*self.function.captured, self.calls)

    def size(self, env: dict[int, Any]) -> int:
        return self.inputs[0].size(env)

    def open(self, context: Context) -> Stage:
        inner = context.open(self.inputs[0])
        function = self.function
        if (
            function.may_vectorize
            and stackable(self.flat)
            and stackable(self.inputs[0].flat)
            and all(s.shape.is_fully_defined() for s in (*self.flat, *self.inputs[0].flat))
        ):
            return _MapBlocks(self, inner, context.env)
        if self.calls is not None and function.on_host:
            calls = integer(self.calls, context.env)
            workers = calls if calls > 0 else min(16, os.cpu_count() or 1)
            ordered = context.deterministic if self.deterministic is None else self.deterministic
            if workers > 1:
                return _MapPool(self, inner, context.env, workers, ordered)
        return _Map(self, inner, context.env)


class _Map(Stage):
    """One element after the other."""

    def __init__(self, node: Map, inner: Stage, env: dict[int, Any]) -> None:
        self.inner, self.inputs = inner, (inner,)
        self._function, self._env, self._seen = node.function, env, 0

    def next(self) -> Element:
        element = self.inner.next()
        self._seen += 1
        return applied(self._function, element, self._env, self._seen - 1)

    def own_state(self) -> Any:
        return self._seen

    def restore_own(self, state: Any) -> None:
        self._seen = state


def applied(
    function: ElementFunction, element: Element, env: dict[int, Any], number: int
) -> Element:
    """The results for an element; errors say which one it was."""
    try:
        return function(element, env)
    except Exception as error:
        raise at_element(error, function.what, number, function.site) from error


class _MapBlocks(BlockStage):
    """A block of rows in one program; row by row where that gives other values or fails."""

    def __init__(self, node: Map, inner: Stage, env: dict[int, Any]) -> None:
        rows = min(rows_ahead(node.flat), rows_ahead(node.inputs[0].flat))
        super().__init__(rows)
        self.inner, self.inputs = inner, (inner,)
        self.pure = inner.pure
        self._rows = rows
        self._function, self._env, self._seen = node.function, env, 0
        self._many = node.function.block_function(env)
        self._waiting: list[Columns] = []

    def next(self) -> Element:
        if self._at == self._length and not self._waiting and not self._ahead_of_time():
            element = self.inner.next()
            self._seen += 1
            return applied(self._function, element, self._env, self._seen - 1)
        return super().next()

    def _ahead_of_time(self) -> bool:
        return self.pure and self.inner.blocks and self._many.works

    def make(self, limit: int) -> Columns:
        if not self._waiting:
            columns = self._input(limit)
            if self._many.works:
                results = self._many(columns, self._rows)
                if results is not None:
                    self._seen += len(columns[0])
                    return results
            self._waiting = [columns]
        (columns,) = self._waiting
        row = tuple([c[0, ...] for c in columns])
        self._waiting = [[c[1:] for c in columns]] if len(columns[0]) > 1 else []
        self._seen += 1
        made = applied(self._function, row, self._env, self._seen - 1)
        return [host(x)[None] for x in made]

    def _input(self, limit: int) -> Columns:
        ahead = self._ahead_of_time()
        limit = self._rows if ahead else min(limit, self._rows)
        if self.inner.blocks:
            return self.inner.block(limit)
        return rows_of(self.inner, limit)

    def own_state(self) -> Any:
        return [self._seen, self._waiting]

    def restore_own(self, state: Any) -> None:
        self._seen, self._waiting = state


def rows_of(stage: Stage, limit: int) -> Columns:
    """The next elements of a stage as columns; End if there are none."""
    elements = [stage.next()]
    try:
        while len(elements) < limit:
            elements.append(stage.next())
    except End:
        pass  # what is there is a block; the stage says End again when it is asked next
    return [np.stack([host(x) for x in column]) for column in zip(*elements, strict=True)]


class _MapPool(Stage):
    """Host work on threads. Results come in the elements' order, if it must be kept."""

    def __init__(
        self, node: Map, inner: Stage, env: dict[int, Any], workers: int, ordered: bool
    ) -> None:
        self.inner, self.inputs = inner, (inner,)
        self._function, self._env, self._seen = node.function, env, 0
        self._workers, self._ordered = workers, ordered
        self._pool: ThreadPoolExecutor | None = None
        self._running: deque[Future[Element]] = deque()
        self._ended = False
        self._failed: Exception | None = None

    def _start(self) -> None:
        while not self._ended and self._failed is None and len(self._running) < self._workers:
            try:
                element = self.inner.next()
            except End:
                self._ended = True
                return
            except errors.OpError as error:
                self._failed = error
                return
            if self._pool is None:
                self._pool = ThreadPoolExecutor(self._workers, "deras-data-map")
            self._seen += 1
            future = self._pool.submit(applied, self._function, element, self._env, self._seen - 1)
            self._running.append(future)

    def next(self) -> Element:
        self._start()
        if not self._running:
            if self._failed is not None:
                error, self._failed = self._failed, None
                raise error
            self._stop()
            raise End
        if self._ordered:
            future = self._running.popleft()
        else:
            future = next((f for f in self._running if f.done()), self._running[0])
            self._running.remove(future)
        element = future.result()
        self._start()
        return element

    def own_state(self) -> Any:
        wait(self._running)
        done: list[Any] = []
        for future in self._running:
            error = future.exception()
            if error is not None:
                raise errors.FailedPreconditionError(
                    None, None, f"tf.data: an element that failed waits to be taken: {error}"
                )
            done.append(future.result())
        return [self._seen, self._ended, done]

    def restore_own(self, state: Any) -> None:
        self._seen, self._ended, done = state
        for element in done:
            future: Future[Element] = Future()
            future.set_result(element)
            self._running.append(future)

    def _stop(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None

    def close(self) -> None:
        self._stop()
        super().close()


class Scan(Node):
    """A function of a state and each element, giving the next state and an element."""

    name = "Scan"

    def __init__(self, source: Node, initial: Any, function: Any) -> None:
        initial = normalized(initial)
        self.initial = flat_tensors(initial)
        spec = spec_of(initial)
        for _ in range(8):  # until the state's shape no longer changes
            self.function = ElementFunction("Dataset.scan", function, spec, source.spec)
            made = self.function.spec
            if not (isinstance(made, tuple) and len(made) == 2):
                raise TypeError(
                    "Dataset.scan: the function must return a pair (new state, element), it "
                    f"returns {made}"
                )
            wider = relaxed(spec, made[0], "Dataset.scan")
            if wider is None:
                break
            spec = wider
        self._count = len(nest.flatten(spec, expand_composites=True))
        super().__init__(made[1], source)
        self.site = self.function.site or self.site

    def tensors(self) -> Sequence[Any]:
        return (*self.initial, *self.function.captured)

    def size(self, env: dict[int, Any]) -> int:
        return self.inputs[0].size(env)

    def open(self, context: Context) -> Stage:
        start = tuple([look_up(t, context.env) for t in self.initial])
        return _Scan(self, context.open(self.inputs[0]), context.env, start, self._count)


def relaxed(spec: Any, after: Any, what: str) -> Any:
    """A wider spec for a state that changes its shape; None if it stays the same.

    Raises:
      TypeError: its structure or a dtype changes.
    """
    try:
        nest.assert_same_structure(spec, after)
    except (TypeError, ValueError):
        raise TypeError(f"{what}: the state was {spec}, and is {after} after an element") from None
    changed = False
    wider = []
    for one, other in zip(nest.flatten(spec), nest.flatten(after), strict=True):
        if not isinstance(one, TensorSpec) or not isinstance(other, TensorSpec):
            wider.append(one)
            continue
        if one.dtype is not other.dtype:
            raise TypeError(
                f"{what}: the state had dtype {one.dtype.name}, and has {other.dtype.name} after "
                "an element: start with a tensor of that dtype, or use tf.cast"
            )
        if other.shape.is_subtype_of(one.shape):
            wider.append(one)
            continue
        changed = True
        common = one.most_specific_common_supertype([other])
        wider.append(common or TensorSpec(TensorShape(None), one.dtype))
    return nest.pack_sequence_as(spec, wider) if changed else None


class _Scan(Stage):
    def __init__(
        self, node: Scan, inner: Stage, env: dict[int, Any], start: Element, count: int
    ) -> None:
        self.inner, self.inputs = inner, (inner,)
        self._function, self._env, self._seen = node.function, env, 0
        self._carried, self._count = start, count

    def next(self) -> Element:
        element = self.inner.next()
        self._seen += 1
        made = applied(self._function, (*self._carried, *element), self._env, self._seen - 1)
        self._carried = made[: self._count]
        return made[self._count :]

    def own_state(self) -> Any:
        return [self._seen, self._carried]

    def restore_own(self, state: Any) -> None:
        self._seen, self._carried = state[0], tuple(state[1])
