"""Steps that choose, count, join or repeat elements."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from deras._src import errors
from deras._src.core.dtypes import DType
from deras._src.core.type_spec import TensorSpec
from deras._src.data.functions import ElementFunction, at_element
from deras._src.data.node import (
    INFINITE,
    UNKNOWN,
    BlockStage,
    Columns,
    Context,
    Element,
    End,
    Node,
    Stage,
    exactly,
    host,
    integer,
    integer_or_unknown,
    rows_ahead,
    stackable,
)
from deras._src.data.structure import same_kind
from deras._src.util.logger import get_logger

_LOGGER = get_logger()


class Through(Stage):
    """A stage over one input, which it passes on."""

    def __init__(self, inner: Stage) -> None:
        self.inner = inner
        self.inputs = (inner,)
        self.blocks, self.pure = inner.blocks, inner.pure

    def next(self) -> Element:
        return self.inner.next()

    def block(self, limit: int) -> Columns:
        return self.inner.block(limit)


class Counted(Node):
    """A step with one integer argument."""

    def __init__(self, source: Node, count: Any) -> None:
        super().__init__(source.spec, source)
        self.count = count

    def tensors(self) -> Sequence[Any]:
        return (self.count,)


class Take(Counted):
    """The first elements; all if `count` is -1."""

    name = "Take"

    def size(self, env: dict[int, Any]) -> int:
        n, count = self.inputs[0].size(env), integer_or_unknown(self.count, env)
        if count is None or n == UNKNOWN:
            return UNKNOWN
        if count < 0:
            return n
        return count if n == INFINITE else min(n, count)

    def open(self, context: Context) -> Stage:
        count = integer(self.count, context.env)
        return _Take(context.open(self.inputs[0]), sys.maxsize if count < 0 else count)


class _Take(Through):
    def __init__(self, inner: Stage, count: int) -> None:
        super().__init__(inner)
        self._left = count

    def next(self) -> Element:
        if self._left <= 0:
            raise End
        element = self.inner.next()
        self._left -= 1
        return element

    def block(self, limit: int) -> Columns:
        if self._left <= 0:
            raise End
        columns = self.inner.block(min(limit, self._left))
        self._left -= len(columns[0])
        return columns

    def own_state(self) -> Any:
        return self._left

    def restore_own(self, state: Any) -> None:
        self._left = state


class Skip(Counted):
    """All but the first elements; none if `count` is -1."""

    name = "Skip"

    def size(self, env: dict[int, Any]) -> int:
        n, count = self.inputs[0].size(env), integer_or_unknown(self.count, env)
        if count is None:
            return UNKNOWN
        if count < 0:
            return 0
        return n if n < 0 else max(0, n - count)

    def open(self, context: Context) -> Stage:
        count = integer(self.count, context.env)
        return _Skip(context.open(self.inputs[0]), sys.maxsize if count < 0 else count)


class _Skip(Through):
    def __init__(self, inner: Stage, count: int) -> None:
        super().__init__(inner)
        self._left = count

    def _skip(self) -> None:
        if self._left == sys.maxsize:
            raise End
        while self._left:
            if self.blocks:
                self._left -= len(self.inner.block(min(self._left, 4096))[0])
            else:
                self.inner.next()
                self._left -= 1

    def next(self) -> Element:
        if self._left:
            self._skip()
        return self.inner.next()

    def block(self, limit: int) -> Columns:
        if self._left:
            self._skip()
        return self.inner.block(limit)

    def own_state(self) -> Any:
        return self._left

    def restore_own(self, state: Any) -> None:
        self._left = state


class Repeat(Counted):
    """The elements again and again; without end if `count` is -1."""

    name = "Repeat"

    def size(self, env: dict[int, Any]) -> int:
        n, count = self.inputs[0].size(env), integer_or_unknown(self.count, env)
        if count is None:
            return UNKNOWN
        if count < 0:
            return 0 if n == 0 else INFINITE
        if count == 0:
            return 0
        return n if n < 0 else n * count

    def open(self, context: Context) -> Stage:
        return _Repeat(self.inputs[0], context, integer(self.count, context.env))


class _Repeat(Stage):
    def __init__(self, node: Node, context: Context, count: int) -> None:
        self._node, self._context, self._count = node, context, count
        self._epoch = 0
        self._any = False
        self._inner = context.open(node)
        self.inputs = (self._inner,)
        self.blocks, self.pure = self._inner.blocks, self._inner.pure

    def _again(self) -> None:
        self._epoch += 1
        # Without an element in an epoch there will be none in the next ones either.
        if (self._count >= 0 and self._epoch >= self._count) or not self._any:
            raise End
        self._any = False
        self._inner.close()
        self._inner = self._context.open(self._node)
        self.inputs = (self._inner,)

    def next(self) -> Element:
        if self._count >= 0 and self._epoch >= self._count:
            raise End
        while True:
            try:
                element = self._inner.next()
            except End:
                self._again()
                continue
            self._any = True
            return element

    def block(self, limit: int) -> Columns:
        if self._count >= 0 and self._epoch >= self._count:
            raise End
        while True:
            try:
                columns = self._inner.block(limit)
            except End:
                self._again()
                continue
            self._any = True
            return columns

    def own_state(self) -> Any:
        return [self._epoch, self._any]

    def restore_own(self, state: Any) -> None:
        self._epoch, self._any = state


class Shard(Node):
    """Every `count`-th element, from the `index`-th on."""

    name = "Shard"

    def __init__(self, source: Node, count: Any, index: Any) -> None:
        super().__init__(source.spec, source)
        self.count, self.index = count, index
        if isinstance(count, int) and isinstance(index, int):
            self._check(count, index)

    @staticmethod
    def _check(count: int, index: int) -> None:
        if count < 1:
            raise errors.InvalidArgumentError(
                None, None, f"Dataset.shard: num_shards must be >= 1, got {count}"
            )
        if not 0 <= index < count:
            raise errors.InvalidArgumentError(
                None,
                None,
                f"Dataset.shard: index must be >= 0 and < num_shards ({count}), got {index}",
            )

    def tensors(self) -> Sequence[Any]:
        return (self.count, self.index)

    def size(self, env: dict[int, Any]) -> int:
        n = self.inputs[0].size(env)
        count, index = (integer_or_unknown(x, env) for x in (self.count, self.index))
        if count is None or index is None:
            return UNKNOWN
        return n if n < 0 else len(range(index, n, count))

    def open(self, context: Context) -> Stage:
        count, index = integer(self.count, context.env), integer(self.index, context.env)
        self._check(count, index)
        return _Shard(context.open(self.inputs[0]), count, index)


class _Shard(Through):
    def __init__(self, inner: Stage, count: int, index: int) -> None:
        super().__init__(inner)
        self._count, self._at, self._index = count, 0, index

    def next(self) -> Element:
        while True:
            element = self.inner.next()
            mine = self._at % self._count == self._index
            self._at += 1
            if mine:
                return element

    def block(self, limit: int) -> Columns:
        while True:
            columns = self.inner.block(limit)
            first = (self._index - self._at) % self._count
            self._at += len(columns[0])
            if first < len(columns[0]):
                return [c[first :: self._count] for c in columns]

    def own_state(self) -> Any:
        return self._at

    def restore_own(self, state: Any) -> None:
        self._at = state


class Concatenate(Node):
    """The elements of one dataset after those of another."""

    name = "Concatenate"

    def __init__(self, first: Node, second: Node) -> None:
        spec = same_kind(first.spec, second.spec)
        if spec is None:
            raise TypeError(
                f"Dataset.concatenate: the element specs do not fit: {first.spec} and {second.spec}"
            )
        super().__init__(spec, first, second)

    def size(self, env: dict[int, Any]) -> int:
        sizes = [n.size(env) for n in self.inputs]
        if INFINITE in sizes:
            return INFINITE
        return UNKNOWN if UNKNOWN in sizes else sum(sizes)

    def open(self, context: Context) -> Stage:
        same = all(s.shape.is_fully_defined() for s in self.flat)
        return _Concatenate([context.open(n) for n in self.inputs], same)


class _Concatenate(Stage):
    def __init__(self, stages: Sequence[Stage], same_shape: bool) -> None:
        self.inputs = tuple(stages)
        # Rows of both are one block only where they have one shape.
        self.blocks = same_shape and all(s.blocks for s in stages)
        self.pure = all(s.pure for s in stages)
        self._at = 0

    def next(self) -> Element:
        while self._at < len(self.inputs):
            try:
                return self.inputs[self._at].next()
            except End:
                self._at += 1
        raise End

    def block(self, limit: int) -> Columns:
        while self._at < len(self.inputs):
            try:
                return self.inputs[self._at].block(limit)
            except End:
                self._at += 1
        raise End

    def own_state(self) -> Any:
        return self._at

    def restore_own(self, state: Any) -> None:
        self._at = state


class Zip(Node):
    """Elements of several datasets side by side."""

    name = "Zip"

    def __init__(self, spec: Any, nodes: Sequence[Node]) -> None:
        super().__init__(spec, *nodes)

    def size(self, env: dict[int, Any]) -> int:
        sizes = [n.size(env) for n in self.inputs]
        if UNKNOWN in sizes:
            return UNKNOWN
        finite = [n for n in sizes if n != INFINITE]
        return min(finite) if finite else INFINITE

    def open(self, context: Context) -> Stage:
        return _Zip([context.open(n) for n in self.inputs])


class _Zip(Stage):
    def __init__(self, stages: Sequence[Stage]) -> None:
        self.inputs = tuple(stages)
        self.pure = all(s.pure for s in stages)
        self.blocks = self.pure and all(s.blocks for s in stages)

    def next(self) -> Element:
        return tuple([x for stage in self.inputs for x in stage.next()])

    def block(self, limit: int) -> Columns:
        columns = self.inputs[0].block(limit)
        count = len(columns[0])
        for stage in self.inputs[1:]:
            more = exactly(stage, count)
            if len(more[0]) < count:
                count = len(more[0])
                columns = [c[:count] for c in columns]
            columns = [*columns, *more]
        return columns


class Enumerate(Node):
    """Elements with their number before them."""

    name = "Enumerate"

    def __init__(self, source: Node, start: Any, dtype: DType) -> None:
        super().__init__((TensorSpec((), dtype), source.spec), source)
        self.start = start

    def tensors(self) -> Sequence[Any]:
        return (self.start,)

    def size(self, env: dict[int, Any]) -> int:
        return self.inputs[0].size(env)

    def open(self, context: Context) -> Stage:
        start = integer(self.start, context.env)
        return _Enumerate(context.open(self.inputs[0]), start, self.flat[0].dtype.np_dtype)


class _Enumerate(Through):
    def __init__(self, inner: Stage, start: int, dtype: Any) -> None:
        super().__init__(inner)
        self._at, self._dtype = start, dtype

    def next(self) -> Element:
        element = self.inner.next()
        self._at += 1
        return (np.array(self._at - 1, self._dtype), *element)

    def block(self, limit: int) -> Columns:
        columns = self.inner.block(limit)
        start = self._at
        self._at += len(columns[0])
        return [np.arange(start, self._at).astype(self._dtype), *columns]

    def own_state(self) -> Any:
        return self._at

    def restore_own(self, state: Any) -> None:
        self._at = state


class Predicate(Node):
    """A step with a function that says yes or no."""

    what = ""

    def __init__(self, source: Node, predicate: Any) -> None:
        super().__init__(source.spec, source)
        self.function = ElementFunction(self.what, predicate, source.spec)
        flat = self.function.flat
        scalar = len(flat) == 1 and flat[0].shape.is_compatible_with(())
        if not scalar or flat[0].dtype.name != "bool":
            raise ValueError(
                f"{self.what}: the predicate must return a scalar boolean tensor, it returns "
                f"{self.function.spec}"
            )

    def tensors(self) -> Sequence[Any]:
        return self.function.captured


class Filter(Predicate):
    """The elements for which a function says yes."""

    name, what = "Filter", "Dataset.filter"

    def size(self, env: dict[int, Any]) -> int:
        return 0 if self.inputs[0].size(env) == 0 else UNKNOWN

    def open(self, context: Context) -> Stage:
        inner = context.open(self.inputs[0])
        function = self.function
        if inner.blocks and inner.pure and function.may_vectorize and stackable(self.flat):
            return _FilterBlocks(self, inner, context.env)
        return _Filter(self, inner, context.env)


def asked(function: ElementFunction, element: Element, env: dict[int, Any], number: int) -> bool:
    """What a predicate says of an element."""
    try:
        return bool(host(function(element, env)[0]))
    except Exception as error:
        raise at_element(error, function.what, number, function.site) from error


class _Filter(Through):
    def __init__(self, node: Predicate, inner: Stage, env: dict[int, Any]) -> None:
        super().__init__(inner)
        self.blocks = False
        self._function, self._env, self._seen = node.function, env, 0

    def next(self) -> Element:
        while True:
            element = self.inner.next()
            self._seen += 1
            if asked(self._function, element, self._env, self._seen - 1):
                return element

    def own_state(self) -> Any:
        return self._seen

    def restore_own(self, state: Any) -> None:
        self._seen = state


class _FilterBlocks(BlockStage):
    """Asks for a block of rows at once; row by row where that fails."""

    pure = True

    def __init__(self, node: Filter, inner: Stage, env: dict[int, Any]) -> None:
        rows = rows_ahead(node.flat)
        super().__init__(rows)
        self.inner, self.inputs = inner, (inner,)
        self._rows = rows
        self._function, self._env, self._seen = node.function, env, 0
        self._many = node.function.block_function(env)
        self._waiting: list[Columns] = []

    def make(self, limit: int) -> Columns:
        while True:
            if self._waiting:
                found = self._one_by_one()
            else:
                columns = self.inner.block(self._rows)
                answers = self._many(columns, self._rows)
                if answers is None:
                    self._waiting = [columns]
                    continue
                self._seen += len(columns[0])
                mask = answers[0].reshape(-1)
                found = columns if mask.all() else [c[mask] for c in columns]
            if len(found[0]):
                return found

    def _one_by_one(self) -> Columns:
        """The next row that was left over, if it passes."""
        (columns,) = self._waiting
        row = tuple([c[0, ...] for c in columns])
        self._waiting = [[c[1:] for c in columns]] if len(columns[0]) > 1 else []
        self._seen += 1
        kept = asked(self._function, row, self._env, self._seen - 1)
        return [c[: int(kept)] for c in columns]

    def own_state(self) -> Any:
        return [self._seen, self._waiting]

    def restore_own(self, state: Any) -> None:
        self._seen, self._waiting = state


class TakeWhile(Predicate):
    """The elements before the first for which a function says no."""

    name, what = "TakeWhile", "Dataset.take_while"

    def open(self, context: Context) -> Stage:
        return _TakeWhile(self, context.open(self.inputs[0]), context.env)


class _TakeWhile(_Filter):
    def next(self) -> Element:
        if self._seen < 0:
            raise End
        element = self.inner.next()
        self._seen += 1
        if asked(self._function, element, self._env, self._seen - 1):
            return element
        self._seen = -1
        raise End


class Unique(Node):
    """Each scalar once, where it comes first."""

    name = "Unique"

    def __init__(self, source: Node) -> None:
        super().__init__(source.spec, source)
        kinds = {"int32", "int64", "string"}
        if len(self.flat) != 1 or self.flat[0].dtype.name not in kinds:
            raise TypeError(
                "Dataset.unique: elements must be one scalar of int32, int64 or string, got "
                f"{self.spec}"
            )

    def open(self, context: Context) -> Stage:
        return _Unique(context.open(self.inputs[0]))


class _Unique(Through):
    def __init__(self, inner: Stage) -> None:
        super().__init__(inner)
        self.blocks = False
        self._seen: dict[Any, None] = {}

    def next(self) -> Element:
        while True:
            element = self.inner.next()
            value = host(element[0]).item()
            if value not in self._seen:
                self._seen[value] = None
                return element

    def own_state(self) -> Any:
        return list(self._seen)

    def restore_own(self, state: Any) -> None:
        self._seen = dict.fromkeys(state)


class IgnoreErrors(Node):
    """Without the elements that fail."""

    name = "IgnoreErrors"

    def __init__(self, source: Node, log: bool) -> None:
        super().__init__(source.spec, source)
        self.log = log

    def open(self, context: Context) -> Stage:
        return _IgnoreErrors(context.open(self.inputs[0]), self.log)


class _IgnoreErrors(Through):
    def __init__(self, inner: Stage, log: bool) -> None:
        super().__init__(inner)
        self.blocks = False
        self._log = log

    def next(self) -> Element:
        while True:
            try:
                return self.inner.next()
            except errors.OpError as error:
                if self._log:
                    _LOGGER.warning("tf.data: an element was left out: %s", error)


class AssertCardinality(Counted):
    """The same elements, of which there must be `count`."""

    name = "AssertCardinality"

    def size(self, env: dict[int, Any]) -> int:
        count = integer_or_unknown(self.count, env)
        return UNKNOWN if count is None else count

    def open(self, context: Context) -> Stage:
        return _AssertCardinality(context.open(self.inputs[0]), self.size(context.env))


class _AssertCardinality(Through):
    def __init__(self, inner: Stage, count: int) -> None:
        super().__init__(inner)
        self.blocks = False
        self._count, self._seen = count, 0

    def next(self) -> Element:
        try:
            element = self.inner.next()
        except End:
            if self._count not in (UNKNOWN, self._seen):
                raise self._wrong(str(self._seen)) from None
            raise
        self._seen += 1
        if self._count >= 0 and self._seen > self._count:
            raise self._wrong(f"at least {self._seen}")
        return element

    def _wrong(self, found: str) -> Exception:
        wanted = "an infinite number of" if self._count == INFINITE else str(self._count)
        return errors.FailedPreconditionError(
            None,
            None,
            f"tf.data.experimental.assert_cardinality: Input dataset was expected to contain "
            f"{wanted} elements but contained {found} elements.",
        )

    def own_state(self) -> Any:
        return self._seen

    def restore_own(self, state: Any) -> None:
        self._seen = state


class WithOptions(Node):
    """The same elements, with options."""

    name = "Options"

    def __init__(self, source: Node, options: Any) -> None:
        super().__init__(source.spec, source)
        self.options = options

    def size(self, env: dict[int, Any]) -> int:
        return self.inputs[0].size(env)

    def open(self, context: Context) -> Stage:
        return context.open(self.inputs[0])
