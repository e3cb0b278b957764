"""The algebra of `tf.random.Generator` states, as functions from states to states.

A Philox state is int64[3]: counter low, counter high, key. Nothing here knows of variables; the
`Generator` class reads its variable, calls these, writes the new state back. Functions that
build states run on the host (NumPy); those that advance one also run under `jax.jit`.

Found in TensorFlow 2.21's `stateful_random_ops.py` and by its results:

* every sampling method but `binomial` reads the state, then advances the counter by 256 blocks
  for each element of `shape`, whatever the dtype (`RngReadAndSkip` multiplies its delta by 256;
  an empty shape advances by nothing);
* `binomial` advances by its own rule (`philox.reserved_blocks_binomial`);
* the method then is the stateless op on the key and counter read, without scrambling;
* `make_seeds(n)` and `split(n)` draw n full-range int64 like any other method; a seed is
  (drawn, 0), a child's state is (0, 0, drawn).
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from deras._src.errors import UnimplementedError, op_error
from deras._src.ops import philox, seed_rules
from deras._src.util.export import export

ArrayLike = Any


@export("random.Algorithm", "random.experimental.Algorithm")
class Algorithm(enum.IntEnum):
    """Numbers of the random algorithms, as in `tf.random.Algorithm`."""

    PHILOX = 1
    THREEFRY = 2
    AUTO_SELECT = 3


_STATE_SIZES = {Algorithm.PHILOX: 3, Algorithm.THREEFRY: 2, Algorithm.AUTO_SELECT: 3}
_NAMES = {
    "philox": Algorithm.PHILOX,
    "threefry": Algorithm.THREEFRY,
    "autoselect": Algorithm.AUTO_SELECT,
}


def algorithm_number(alg: Any) -> int:
    """The number of an algorithm given as number, enum member or name."""
    if isinstance(alg, enum.Enum):
        alg = alg.value
    if isinstance(alg, str):
        found = _NAMES.get(alg.lower().replace("-", "").replace("_", ""))
        if found is None:
            raise ValueError(
                f"random: unknown algorithm {alg!r}; wanted 'philox', 'threefry' or 'auto_select'."
            )
        return int(found)
    if isinstance(alg, (int, np.integer)) and not isinstance(alg, bool):
        return int(alg)
    raise TypeError(f"random: alg must be an int, a str or an Algorithm, got {type(alg).__name__}.")


def runnable_algorithm(alg: Any, op_name: str = "tf.random") -> int:
    """The algorithm that runs for `alg`: automatic selection means Philox.

    Raises:
      UnimplementedError: ThreeFry, which TensorFlow refuses outside XLA as well.
      ValueError: a number that stands for no algorithm.
    """
    number = algorithm_number(alg)
    if number in (Algorithm.PHILOX, Algorithm.AUTO_SELECT):
        return int(Algorithm.PHILOX)
    if number == Algorithm.THREEFRY:
        raise op_error(
            UnimplementedError,
            op_name,
            "the ThreeFry algorithm is not supported.",
            hint="use alg='philox' or alg='auto_select'.",
        )
    raise ValueError(f"random: alg must be 1 (philox), 2 (threefry) or 3 (auto), got {number}.")


def state_size(alg: Any) -> int:
    """Number of int64 in a state of this algorithm."""
    number = algorithm_number(alg)
    if number not in tuple(Algorithm):
        raise ValueError(f"random: alg must be 1 (philox), 2 (threefry) or 3 (auto), got {number}.")
    return _STATE_SIZES[Algorithm(number)]


def _signed(value: int) -> int:
    value &= 2**64 - 1
    return value - 2**64 if value >= 2**63 else value


def state_from_seed(seed: Any, alg: Any = Algorithm.PHILOX) -> np.ndarray:
    """`create_rng_state`: int64 state of an integer of any size, or of integers.

    An integer is cut into 64-bit words, lowest first, the rest dropped. A sequence is cut after
    the state's size, or filled up with zeros in front.

    >>> state_from_seed(1).tolist(), state_from_seed([1, 2]).tolist()
    ([1, 0, 0], [0, 1, 2])
    """
    size = state_size(alg)
    if isinstance(seed, (int, np.integer)) and not isinstance(seed, bool):
        whole = int(seed)
        words = [_signed(whole >> (64 * index)) for index in range(size)]
        return np.array(words, np.int64)
    flat = _as_int64(seed).reshape(-1)[:size]
    return np.concatenate([np.zeros(size - flat.size, np.int64), flat])


def _as_int64(values: Any) -> np.ndarray:
    if isinstance(values, (list, tuple)):
        return np.array([_signed(int(value)) for value in values], np.int64)
    if isinstance(values, int):
        return np.array(_signed(values), np.int64)
    return np.asarray(values).astype(np.int64)


def state_from_key_counter(key: Any, counter: Any, alg: Any) -> np.ndarray:
    """State of an integer key and a counter of `state_size(alg) - 1` integers."""
    counter_words, key_word = _as_int64(counter), _as_int64(key)
    wanted = state_size(alg) - 1
    if counter_words.shape != (wanted,):
        raise ValueError(
            f"random.Generator: counter must have shape [{wanted}], got "
            f"{list(counter_words.shape)}."
        )
    if key_word.shape != ():
        raise ValueError(
            f"random.Generator: key must be a scalar, got shape {list(key_word.shape)}."
        )
    return np.concatenate([counter_words, key_word.reshape(1)])


def non_deterministic_state(alg: Any = Algorithm.PHILOX) -> np.ndarray:
    """A state of the operating system's randomness."""
    words = [_signed(seed_rules.random_uint64()) for _ in range(state_size(alg))]
    return np.array(words, np.int64)


def key_counter(state: ArrayLike) -> tuple[jax.Array, jax.Array]:
    """Key (uint64[1]) and counter (uint64[2]) to hand to a sampler."""
    words = lax.bitcast_convert_type(jnp.asarray(state), jnp.uint64)
    return words[2:3], words[0:2]


def advance_blocks(state: ArrayLike, blocks: ArrayLike) -> jax.Array:
    """The state `blocks` blocks later."""
    state = jnp.asarray(state)
    words = lax.bitcast_convert_type(state, jnp.uint64)
    counter = philox.skip(words[:2], blocks)
    return jnp.concatenate([lax.bitcast_convert_type(counter, jnp.int64), state[2:]])


def skip(state: ArrayLike, delta: ArrayLike) -> jax.Array:
    """`Generator.skip`: as if `delta` values had been drawn, 256 blocks each.

    A negative delta goes back, as `philox.skip` says.
    """
    return advance_blocks(state, jnp.asarray(delta).astype(np.uint64) * np.uint64(256))


def read_and_skip(state: ArrayLike, num_outputs: int) -> tuple[jax.Array, jax.Array, jax.Array]:
    """(key, counter, new state) for a method with `num_outputs` outputs (`RngReadAndSkip`)."""
    key, counter = key_counter(state)
    return key, counter, advance_blocks(state, np.uint64(philox.reserved_blocks(num_outputs)))


def read_and_skip_binomial(
    state: ArrayLike, shape: Sequence[int], batch_shape: Sequence[int]
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """(key, counter, new state) for `Generator.binomial`.

    `batch_shape` is the broadcast shape of counts and probs, with which `shape` ends.
    """
    sample_dims = len(shape) - len(batch_shape)
    samples = int(np.prod(shape[:sample_dims], dtype=np.int64))
    batches = int(np.prod(shape[sample_dims:], dtype=np.int64))
    key, counter = key_counter(state)
    blocks = philox.reserved_blocks_binomial(batches, samples)
    return key, counter, advance_blocks(state, np.uint64(blocks))


def make_seeds(state: ArrayLike, count: int) -> tuple[jax.Array, jax.Array]:
    """(int64[2, count], new state): column j is a seed for a stateless op."""
    key, counter, state = read_and_skip(state, count)
    drawn = philox.uniform_full_int(key, counter, (count,), np.int64)
    return jnp.stack([drawn, jnp.zeros_like(drawn)]), state


def split(state: ArrayLike, count: int) -> tuple[jax.Array, jax.Array]:
    """(int64[count, 3], new state): row j is the state of child j."""
    seeds, state = make_seeds(state, count)
    zeros = jnp.zeros((count, 2), jnp.int64)
    return jnp.concatenate([zeros, seeds[0][:, None]], axis=1), state


def split_seed(seed: ArrayLike, num: int) -> jax.Array:
    """`tf.random.split`: [num, 2] seeds of the dtype of `seed` (int32 or int64)."""
    seed = jnp.asarray(seed)
    key, counter = philox.key_counter_from_seed(seed)
    return philox.uniform_full_int(key, counter, (num, 2), seed.dtype)


def fold_in(seed: ArrayLike, data: ArrayLike) -> jax.Array:
    """`tf.random.fold_in`: (drawn, data) in the dtype of `data`."""
    data = jnp.asarray(data)
    key, counter = philox.key_counter_from_seed(seed)
    drawn = philox.uniform_full_int(key, counter, (), data.dtype)
    return jnp.stack([drawn, data])
