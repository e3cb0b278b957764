"""`shuffle`, in TensorFlow's order.

The buffer is a ring. A draw takes a random element of it, and puts the ring's first one in its
place. The generator's words are used one a draw, modulo the number of elements in the ring.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from deras._src import errors
from deras._src.data.node import (
    MOST_ROWS,
    UNKNOWN,
    BlockStage,
    Columns,
    Context,
    Element,
    End,
    Node,
    Stage,
    integer,
    rows_ahead,
    stackable,
)
from deras._src.data.random_stream import IteratorSeeds, Stream


class Shuffle(Node):
    """The elements in random order, drawn from a buffer."""

    name = "Shuffle"

    def __init__(self, source: Node, size: Any, seeds: tuple[int, int], fresh: bool) -> None:
        super().__init__(source.spec, source)
        self.buffer_size = size
        self.seeds = IteratorSeeds(seeds, fresh)
        if isinstance(size, int):
            _check(size)

    def tensors(self) -> Sequence[Any]:
        return (self.buffer_size,)

    def size(self, env: dict[int, Any]) -> int:
        return self.inputs[0].size(env)

    def open(self, context: Context) -> Stage:
        size = integer(self.buffer_size, context.env)
        _check(size)
        if size == UNKNOWN:
            size = sys.maxsize
        inner = context.open(self.inputs[0])
        seeds = self.seeds.within(context.env)
        if inner.blocks and inner.pure and stackable(self.flat):
            return _ShuffleRows(self, inner, size, seeds)
        return _ShuffleElements(inner, size, seeds)


def _check(size: int) -> None:
    if size < 1 and size != UNKNOWN:
        raise errors.InvalidArgumentError(
            None,
            None,
            f"Dataset.shuffle: buffer_size must be greater than zero, or "
            f"tf.data.UNKNOWN_CARDINALITY, got {size}",
        )


class _Ring:
    """The buffer's order: places in it, from `first` on."""

    def __init__(self) -> None:
        self.items: list[Any] = []
        self.first = 0

    def __len__(self) -> int:
        return len(self.items) - self.first

    def draw(self, word: int) -> Any:
        items, first = self.items, self.first
        index = first + word % (len(items) - first)
        item = items[index]
        items[index] = items[first]
        items[first] = None
        self.first = first = first + 1
        if first >= 1024 and first * 2 > len(items):
            del items[:first]
            self.first = 0
        return item

    def rest(self) -> list[Any]:
        return self.items[self.first :]


class _ShuffleElements(Stage):
    def __init__(self, inner: Stage, size: int, seeds: IteratorSeeds) -> None:
        self.inner, self.inputs = inner, (inner,)
        self._seeds, self._size = seeds, size
        self._stream = Stream(*seeds.next())
        self._ring = _Ring()
        self._ended = False

    def next(self) -> Element:
        ring = self._ring
        while not self._ended and len(ring) < self._size:
            try:
                ring.items.append(self.inner.next())
            except End:
                self._ended = True
        if not len(ring):
            raise End
        return ring.draw(self._stream.next())  # type: ignore[no-any-return]

    def own_state(self) -> Any:
        seeds = self._seeds.state()
        return [self._stream.state(), seeds, self._ended, self._ring.rest()]

    def restore_own(self, state: Any) -> None:
        stream, seeds, self._ended, self._ring.items = state
        self._stream = Stream.of(stream)
        self._seeds.restore(seeds)


class _ShuffleRows(BlockStage):
    """The same with rows kept in arrays: what is drawn are their places."""

    pure = True

    def __init__(self, node: Shuffle, inner: Stage, size: int, seeds: IteratorSeeds) -> None:
        super().__init__(rows_ahead(node.flat))
        self.inner, self.inputs = inner, (inner,)
        self._seeds, self._size = seeds, size
        self._stream = Stream(*seeds.next())
        self._ring = _Ring()
        self._store: Columns = []
        self._free: list[int] = []
        self._ended = False

    def _take_in(self, limit: int) -> list[int]:
        """Puts up to `limit` rows of the input into the store; their places."""
        try:
            columns = self.inner.block(limit)
        except End:
            self._ended = True
            return []
        count = len(columns[0])
        if len(self._free) < count:
            self._grow(columns, count)
        places = self._free[-count:]
        del self._free[-count:]
        for kept, column in zip(self._store, columns, strict=True):
            kept[places] = column
        return places

    def _grow(self, like: Columns, count: int) -> None:
        have = len(self._store[0]) if self._store else 0
        most = min(self._size, sys.maxsize - MOST_ROWS) + MOST_ROWS
        room = max(have + count, min(2 * have, most))
        if not self._store:
            self._store = [np.empty((0, *c.shape[1:]), c.dtype) for c in like]
        self._store = [
            np.concatenate([c, np.empty((room - have, *c.shape[1:]), c.dtype)]) for c in self._store
        ]
        self._free = [*range(room - 1, have - 1, -1), *self._free]

    def make(self, limit: int) -> Columns:
        ring, items = self._ring, self._ring.items
        while not self._ended and len(ring) < self._size - 1:
            items.extend(self._take_in(min(MOST_ROWS, self._size - 1 - len(ring))))
        limit = min(limit, MOST_ROWS)
        coming = [] if self._ended else self._take_in(limit)
        count = len(coming) if coming else min(limit, len(ring))
        if not count:
            raise End
        words = self._stream.take(count)
        # `draw`, written out for rows: this loop is most of what a shuffle costs.
        places, first, waiting = [], ring.first, len(ring)
        for number, word in enumerate(words):
            if coming:
                items.append(coming[number])
                index = first + word % (waiting + 1)
            else:
                index = first + word % (waiting - number)
            places.append(items[index])
            items[index] = items[first]
            first += 1
        ring.first = first
        if first >= 1024 and first * 2 > len(items):
            del items[:first]
            ring.first = 0
        rows = [c[places] for c in self._store]
        self._free += places
        return rows

    def own_state(self) -> Any:
        places = self._ring.rest()
        rows = [c[places] for c in self._store]
        return [self._stream.state(), self._seeds.state(), self._ended, rows]

    def restore_own(self, state: Any) -> None:
        stream, seeds, self._ended, rows = state
        self._stream = Stream.of(stream)
        self._seeds.restore(seeds)
        if rows:
            self._store = [np.array(c) for c in rows]
            self._ring.items = list(range(len(rows[0])))
