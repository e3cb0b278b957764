"""Which two seeds an op gets, and where a stateful kernel stands in its sequence.

TensorFlow gives every stateful random op a pair (seed, seed2): the Philox key and the upper half
of the counter. The rules, each with where it was found (TensorFlow 2.21's own behaviour;
`tests/golden/random.npz` records it):

1. Neither seed: (None, None), a random start. `random_seed.get_seed`.
2. Op seed only: (87654321, op seed).
3. Global seed only, eager: (global, r), r the next `randint(0, 2**31 - 1)` of a Python
   `random.Random` seeded with the global seed. `context._internal_operation_seed`; the recorded
   pairs equal `random.Random(7)`.
4. Global seed only, in a graph: (global, n), n counting such ops of that very graph from 0. A
   nested function or a branch of a cond is a graph of its own and counts from 0 again. The
   graph's global seed is the one in force when the graph was made: a later `set_seed` does not
   change a function that is already traced.
5. Both: (global, op seed).
6. Each of the two is taken modulo 2**31 - 1 (Python's modulo, so -5 is 2147483642).
7. (0, 0) would mean "random" to a kernel and becomes (0, 2**31 - 1).
8. Eager kernels are cached by op, attributes (the seeds and all dtypes among them) and device,
   not by shape; equal calls share one counter and continue its sequence. A shape given as int64
   is another attribute, so another kernel. In a function each node has its own counter.
9. `set_seed` restarts the generator of rule 3 and drops every kernel with its counter, those of
   functions too. `set_seed(None)` goes back to rules 1 and 2.
10. With op determinism on, rule 1 is an error.
"""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Callable, Hashable
from typing import Any

import numpy as np

from deras._src.ops import philox

DEFAULT_GRAPH_SEED = 87654321
_MAX_INT32 = 2**31 - 1


def _truncate(seed: Any) -> int:
    return int(seed % _MAX_INT32)


class SeedState:
    """The global seed of a process and the generator of operation seeds that hangs on it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seed: int | float | None = None
        self._operation_seeds = random.Random()
        self._listeners: list[Callable[[], None]] = []

    @property
    def global_seed(self) -> int | float | None:
        return self._seed

    def on_set_seed(self, reset: Callable[[], None]) -> None:
        """Have `reset()` called by every later `set_seed` (rule 9)."""
        self._listeners.append(reset)

    def set_seed(self, seed: Any) -> None:
        """Set or, with None, clear the global seed; restart everything that depends on it."""
        with self._lock:
            # `random.Random` refuses NumPy scalars and tensors. What it takes, floats among
            # them, seeds it as it is.
            if seed is not None and not isinstance(seed, (int, float)):
                seed = int(np.array(seed))
            self._seed = seed
            self._operation_seeds = random.Random(seed)
        for reset in self._listeners:
            reset()

    def next_operation_seed(self) -> int:
        """The next seed of rule 3."""
        with self._lock:
            return self._operation_seeds.randint(0, _MAX_INT32)

    def snapshot(self) -> list[Any]:
        """The seed and where the operation seeds stand, as JSON can hold it."""
        with self._lock:
            version, words, gauss = self._operation_seeds.getstate()
            return [self._seed, [version, list(words), gauss]]

    def restore(self, kept: list[Any]) -> None:
        """Sets what `snapshot` gave; everything that depends on the seed restarts."""
        seed, (version, words, gauss) = kept
        self.set_seed(seed)
        with self._lock:
            self._operation_seeds.setstate((version, tuple(words), gauss))


_SEEDS = SeedState()


def set_seed(seed: Any) -> None:
    """`tf.random.set_seed`: rules 3 and 9."""
    _SEEDS.set_seed(seed)


def global_seed() -> int | float | None:
    """The seed given to `set_seed`; a new graph remembers it (rule 4)."""
    return _SEEDS.global_seed


_USE_GLOBAL = object()


def get_seed(
    op_seed: Any,
    *,
    graph_next_id: int | Callable[[], int] | None = None,
    graph_seed: Any = _USE_GLOBAL,
    deterministic: bool = False,
) -> tuple[int, int] | tuple[None, None]:
    """The pair of seeds for an op, by the rules above.

    Args:
      op_seed: The `seed` argument of the op, or None.
      graph_next_id: None in eager mode. In a graph, the number of ops there that rule 4 gave a
        seed before, or a function that counts and returns it. The function is called only where
        the rule applies, so the count stays right.
      graph_seed: In a graph, its own global seed; without it the current global seed.
      deterministic: Whether op determinism is on.
    Returns:
      (seed, seed2); (None, None) asks for a random start.
    Raises:
      RuntimeError: `deterministic`, and no seed.

    >>> get_seed(5)
    (87654321, 5)
    >>> get_seed(None, graph_next_id=2, graph_seed=7)
    (7, 2)
    >>> get_seed(None)
    (None, None)
    """
    base = global_seed() if graph_seed is _USE_GLOBAL else graph_seed
    if base is None:
        if op_seed is None:
            if deterministic:
                raise RuntimeError(
                    "random op without a seed while op determinism is on: pass seed=, or call "
                    "tf.random.set_seed(1) first."
                )
            return None, None
        pair = DEFAULT_GRAPH_SEED, _truncate(op_seed)
    else:
        if op_seed is None:
            if graph_next_id is None:
                op_seed = _SEEDS.next_operation_seed()
            else:
                op_seed = graph_next_id() if callable(graph_next_id) else graph_next_id
        pair = _truncate(base), _truncate(op_seed)
    return (0, _MAX_INT32) if pair == (0, 0) else pair


def random_uint64() -> int:
    """64 bits of the operating system's randomness."""
    return int.from_bytes(os.urandom(8), "little")


class EagerKernelStates:
    """Counters of stateful kernels, each under the key that would find the kernel (rule 8).

    A key holds what TensorFlow's kernel cache would compare: op name, attributes, dtypes,
    device; for a node of a function, something that is that node's own.

    >>> states = EagerKernelStates()
    >>> key, counter = states.reserve(("RandomUniform", "float32"), 87654321, 1, 256)
    >>> key.tolist(), counter.tolist()
    ([87654321, 0], [0, 0, 1, 0])
    >>> states.reserve(("RandomUniform", "float32"), 87654321, 1, 256)[1].tolist()
    [256, 0, 1, 0]
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._states: dict[Hashable, tuple[int, int]] = {}

    def reserve(
        self, key_tuple: Hashable, seed: int | None, seed2: int | None, n: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Key (uint32[2]) and counter (uint32[4]) to draw from now; the state moves `n` blocks.

        The seeds matter once, when the state is made, and are part of its key. (None, None) and
        (0, 0) start at a random place. Safe to call from any thread.
        """
        name = (key_tuple, seed, seed2)
        with self._lock:
            state = self._states.get(name)
            if state is None:
                state = self._start(seed or 0, seed2 or 0)
            key, counter = state
            self._states[name] = key, (counter + n) % 2**128
        return _words(key, 2), _words(counter, 4)

    @staticmethod
    def _start(seed: int, seed2: int) -> tuple[int, int]:
        if seed == 0 and seed2 == 0:
            seed, seed2 = random_uint64(), random_uint64()
        key, counter = philox.key_counter_from_seed_pair(seed, seed2)
        return _number(key), _number(counter)

    def reset(self) -> None:
        """Forget every state, as `set_seed` does."""
        with self._lock:
            self._states.clear()

    def snapshot(self) -> list[Any]:
        """Every state with its key, as JSON can hold it."""
        with self._lock:
            return [[name, list(state)] for name, state in self._states.items()]

    def restore(self, kept: list[Any]) -> None:
        """Sets what `snapshot` gave, in place of what there is."""
        with self._lock:
            self._states = {_tuples(name): (key, counter) for name, (key, counter) in kept}


def _tuples(value: Any) -> Any:
    """Lists, at any depth, as the tuples that they were before they went through JSON."""
    return tuple(_tuples(v) for v in value) if isinstance(value, (list, tuple)) else value


def _words(number: int, count: int) -> np.ndarray:
    return np.frombuffer(number.to_bytes(4 * count, "little"), "<u4").astype(np.uint32)


def _number(words: np.ndarray) -> int:
    return int.from_bytes(words.astype("<u4").tobytes(), "little")


EAGER_KERNEL_STATES = EagerKernelStates()
_SEEDS.on_set_seed(EAGER_KERNEL_STATES.reset)


def snapshot() -> dict[str, Any]:
    """The global seed, and the states of eager kernels, as JSON can hold them."""
    return {"seed": _SEEDS.snapshot(), "eager": EAGER_KERNEL_STATES.snapshot()}


def restore(kept: dict[str, Any]) -> None:
    """Sets what `snapshot` gave."""
    _SEEDS.restore(kept["seed"])
    EAGER_KERNEL_STATES.restore(kept["eager"])


def on_set_seed(reset: Callable[[], None]) -> None:
    """Have `reset()` called by every later `set_seed`: for states kept elsewhere."""
    _SEEDS.on_set_seed(reset)
