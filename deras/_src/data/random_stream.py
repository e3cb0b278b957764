"""TensorFlow's stream of 32-bit random numbers for datasets, and the seeds of iterators."""

from __future__ import annotations

from typing import Any

import numpy as np

from deras._src.core.context import state
from deras._src.ops import seed_rules
from deras._src.state.random_stateful import next_seed_pair

_BLOCKS = 256
_LOW = np.uint64(0xFFFFFFFF)
_SHIFT = np.uint64(32)
_MULTIPLIERS = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_WEYL = 0x9E3779B9, 0xBB67AE85
_MAX_INT32 = 2**31 - 1
_MASK32 = 2**32 - 1
_MASK64 = 2**64 - 1


def dataset_seeds(seed: Any) -> tuple[int, int]:
    """The pair of seeds of a dataset; (0, 0) asks for a random start."""
    first, second = next_seed_pair(None if seed is None else int(seed))
    if first is None or second is None:
        return 0, 0
    return (0, _MAX_INT32) if first == 0 and second == 0 else (first, second)


class Stream:
    """Numbers of a Philox generator, one 32-bit word at a time.

    Args:
      seed: Key, 64 bits; `seed2` is the upper half of the counter. Both 0: a random start.

    >>> stream = Stream(1, 2)
    >>> first = stream.next()
    >>> Stream(1, 2).next() == first, stream.drawn
    (True, 1)
    """

    __slots__ = ("_at", "_words", "drawn", "seed", "seed2")

    def __init__(self, seed: int, seed2: int, drawn: int = 0) -> None:
        if seed == 0 and seed2 == 0:
            seed, seed2 = seed_rules.random_uint64(), seed_rules.random_uint64()
        self.seed, self.seed2 = seed & _MASK64, seed2 & _MASK64
        self.drawn = drawn
        self._words: list[int] = []
        self._at = 0
        if drawn % (4 * _BLOCKS):
            self._refill()
            self._at = drawn % (4 * _BLOCKS)

    def next(self) -> int:
        """The next number, from 0 to 2**32 - 1."""
        if self._at == len(self._words):
            self._refill()
        value = self._words[self._at]
        self._at += 1
        self.drawn += 1
        return value

    def take(self, count: int) -> list[int]:
        """The next `count` numbers."""
        found: list[int] = []
        while len(found) < count:
            if self._at == len(self._words):
                self._refill()
            part = self._words[self._at : self._at + count - len(found)]
            self._at += len(part)
            self.drawn += len(part)
            found += part
        return found

    def _refill(self) -> None:
        start = self.drawn // (4 * _BLOCKS) * _BLOCKS
        self._words = _words(self.seed, self.seed2, start, _BLOCKS)
        self._at = 0

    def state(self) -> list[int]:
        """What `of` makes the stream from again."""
        return [self.seed, self.seed2, self.drawn]

    @classmethod
    def of(cls, state: list[int]) -> Stream:
        """The stream of a state."""
        return cls(*state)


def _words(seed: int, seed2: int, start: int, blocks: int) -> list[int]:
    counter = np.arange(start, start + blocks, dtype=np.uint64)
    c0, c1 = counter & _LOW, counter >> _SHIFT
    c2 = np.full(blocks, seed2 & _MASK32, np.uint64)
    c3 = np.full(blocks, seed2 >> 32, np.uint64)
    k0, k1 = seed & _MASK32, seed >> 32
    for _ in range(10):
        p0, p1 = c0 * _MULTIPLIERS[0], c2 * _MULTIPLIERS[1]
        c0, c1, c2, c3 = (
            (p1 >> _SHIFT) ^ c1 ^ np.uint64(k0),
            p1 & _LOW,
            (p0 >> _SHIFT) ^ c3 ^ np.uint64(k1),
            p0 & _LOW,
        )
        k0, k1 = (k0 + _WEYL[0]) & _MASK32, (k1 + _WEYL[1]) & _MASK32
    return np.stack([c0, c1, c2, c3], axis=1).reshape(-1).tolist()  # type: ignore[no-any-return]


class IteratorSeeds:
    """The seeds that each new iterator of one dataset gets.

    Args:
      seeds: The dataset's pair.
      fresh: Whether each iterator gets a new pair; else all get the dataset's.
    """

    def __init__(self, seeds: tuple[int, int], fresh: bool) -> None:
        self._seeds = seeds
        self._fresh = fresh
        self.stream = Stream(*seeds) if fresh else None
        if not fresh and seeds == (0, 0):
            # Chosen once, so that every epoch has the same order.
            self._seeds = seed_rules.random_uint64(), seed_rules.random_uint64()
        self._in_graph = state.graph is not None

    def within(self, env: dict[Any, Any]) -> IteratorSeeds:
        """These seeds; for a dataset made in a graph, those of the graph's present run."""
        if not self._in_graph:
            return self
        found = env.get(("seeds", id(self)))
        if found is None:
            found = env["seeds", id(self)] = IteratorSeeds(self._seeds, self._fresh)
        return found  # type: ignore[no-any-return]

    def next(self) -> tuple[int, int]:
        """The next iterator's pair."""
        if self.stream is None:
            return self._seeds
        return self.stream.next(), self.stream.next()

    def state(self) -> list[int] | None:
        """What `restore` takes."""
        return None if self.stream is None else self.stream.state()

    def restore(self, state: list[int] | None) -> None:
        """Goes on where `state` was taken."""
        if state is not None:
            self.stream = Stream.of(state)
