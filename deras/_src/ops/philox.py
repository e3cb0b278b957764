"""TensorFlow's random bits as pure functions: Philox4x32-10 and what TensorFlow makes of it.

Nothing here holds state. Every sampler takes a key and a counter and returns an array whose
elements equal those of TensorFlow's CPU kernel for the same key, counter, shape and dtype.
`skip` and the `reserved_*` functions say where TensorFlow continues after an op, which is all a
stateful caller needs.

* **key**: uint64 scalar or `[1]`, or uint32 `[2]` (low word first).
* **counter**: uint64 `[2]` (low half first), or uint32 `[4]` (lowest word first).
* One *block* is one step of the counter and yields four 32-bit words. TensorFlow counts skips
  and reservations in blocks.

The functions run under `jax.jit` with x64 on. Values are exact for integers and uniforms. Normal
values are computed in float64 and rounded once, because a result correctly rounded to float32 is
what glibc's `logf`/`sincosf` (TensorFlow's choice) give in nearly all cases, while XLA's own
float32 functions are up to 2 ulp away.

Rejection samplers with more state (gamma, Poisson, binomial, parameterized truncated normal) are
in `philox_rejection.py`.

Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", 2011.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from deras._src.ops import libm

ArrayLike = Any  # numpy or JAX array, or a tracer of one
Words = tuple[jax.Array, jax.Array, jax.Array, jax.Array]

_U32 = np.uint32
_U64 = np.uint64

# Multipliers and key increments of Philox4x32 as published.
_MULTIPLIER_0 = _U64(0xD2511F53)
_MULTIPLIER_1 = _U64(0xCD9E8D57)
_WEYL_0 = _U32(0x9E3779B9)
_WEYL_1 = _U32(0xBB67AE85)
_ROUNDS = 10

# TensorFlow sets aside this many blocks per output of an op, however many the op really draws.
BLOCKS_PER_OUTPUT = 256

# Key with which TensorFlow scrambles the user's two-element seed into a key and a counter.
_SCRAMBLE_KEY = (_U32(0x3EC8F720), _U32(0x02461E29))

FLOATING = frozenset({"float16", "bfloat16", "float32", "float64"})
INTEGERS = frozenset({"int32", "int64", "uint32", "uint64"})


# ---------------------------------------------------------------------------------------------
# Keys and counters
# ---------------------------------------------------------------------------------------------


def key_words(key: ArrayLike) -> tuple[jax.Array, jax.Array]:
    """The two 32-bit words of a key given in either form."""
    key = jnp.asarray(key)
    if key.dtype == np.uint32 and key.shape == (2,):
        return key[0], key[1]
    if key.dtype == np.uint64 and key.shape in ((), (1,)):
        key = key.reshape(())
        return key.astype(_U32), (key >> _U64(32)).astype(_U32)
    raise ValueError(
        f"philox: key must be uint64[], uint64[1] or uint32[2], got {key.dtype}{list(key.shape)}"
    )


def counter_halves(counter: ArrayLike) -> tuple[jax.Array, jax.Array]:
    """The low and the high 64 bits of a counter given in either form."""
    counter = jnp.asarray(counter)
    if counter.dtype == np.uint64 and counter.ndim == 1 and counter.shape[0] >= 2:
        return counter[0], counter[1]
    if counter.dtype == np.uint32 and counter.shape == (4,):
        wide = counter.astype(_U64)
        return wide[0] | (wide[1] << _U64(32)), wide[2] | (wide[3] << _U64(32))
    raise ValueError(
        f"philox: counter must be uint64[2] or uint32[4], got {counter.dtype}{list(counter.shape)}"
    )


def skip(counter: ArrayLike, blocks: ArrayLike) -> jax.Array:
    """The counter `blocks` blocks later, in the form it was given in.

    `blocks` counts modulo 2**64, so a negative number of blocks goes back within the counter's
    lower half. Like TensorFlow this loses the carry into the upper half where the lowest word
    of the sum overflows and the upper word of `blocks` is all ones: `Generator.skip(-1)` from
    block 769 gives block 513 and leaves the upper half alone.
    """
    low, high = counter_halves(counter)
    blocks = jnp.asarray(blocks).astype(_U64)
    moved = low + blocks
    word_overflows = moved.astype(_U32) < blocks.astype(_U32)
    loses_carry = word_overflows & (blocks >> _U64(32) == _U64(0xFFFFFFFF))
    high = high + ((moved < low) & ~loses_carry).astype(_U64)
    if jnp.asarray(counter).dtype == np.uint64:
        return jnp.stack([moved, high])
    words = [moved, moved >> _U64(32), high, high >> _U64(32)]
    return jnp.stack([word.astype(_U32) for word in words])


def key_counter_from_seed(seed: ArrayLike) -> tuple[jax.Array, jax.Array]:
    """Key (uint64[1]) and counter (uint64[2]) of a stateless op's two-element seed.

    The op `StatelessRandomGetKeyCounter`, and also what `alg="philox"` computes: the seed is the
    counter of one Philox block under a fixed key; the block's first half becomes the key, its
    second half the upper half of the counter. Signed seeds are sign-extended to 64 bits.
    """
    seed = jnp.asarray(seed)
    if seed.shape != (2,) or seed.dtype.kind not in "iu":
        raise ValueError(
            f"philox: seed must be an integer array of shape [2], got {seed.dtype}"
            f"{list(seed.shape)}"
        )
    wide = seed.astype(_U64)
    words = [wide[0], wide[0] >> _U64(32), wide[1], wide[1] >> _U64(32)]
    key0, key1 = (jnp.asarray(word) for word in _SCRAMBLE_KEY)
    mixed = philox_4x32(key0, key1, *(word.astype(_U32) for word in words))
    m0, m1, m2, m3 = (word.astype(_U64) for word in mixed)
    key = (m0 | (m1 << _U64(32))).reshape(1)
    counter = jnp.stack([jnp.zeros((), _U64), m2 | (m3 << _U64(32))])
    return key, counter


def key_counter_from_seed_pair(seed: int, seed2: int) -> tuple[np.ndarray, np.ndarray]:
    """Initial key (uint32[2]) and counter (uint32[4]) of a stateful kernel, on the host.

    Stateful kernels do not scramble: `seed` is the key, `seed2` the upper half of the counter.
    (0, 0) means "pick at random" in TensorFlow; the caller resolves that first.
    """
    mask = 0xFFFFFFFF
    key = np.array([seed & mask, (seed >> 32) & mask], _U32)
    counter = np.array([0, 0, seed2 & mask, (seed2 >> 32) & mask], _U32)
    return key, counter


# ---------------------------------------------------------------------------------------------
# What a stateful op reserves, in blocks
# ---------------------------------------------------------------------------------------------


def reserved_blocks(num_outputs: int) -> int:
    """Blocks reserved by uniform, normal, truncated normal, gamma and Poisson ops.

    Also what `Generator` methods advance by: `RngReadAndSkip` multiplies its delta by 256.
    """
    return num_outputs * BLOCKS_PER_OUTPUT


def reserved_blocks_shuffle(num_rows: int) -> int:
    """Blocks reserved by `RandomShuffle`: one word per swap, rounded up to blocks."""
    return (num_rows - 1 + 3) // 4 if num_rows > 1 else 0


def reserved_blocks_categorical(batch: int, num_samples: int) -> int:
    """Blocks reserved by `Multinomial` on CPU; nothing for an empty output."""
    return batch * ((num_samples + 3) // 4 * 4) * 2 * BLOCKS_PER_OUTPUT


def reserved_blocks_binomial(num_batches: int, samples_per_batch: int) -> int:
    """Blocks by which `Generator.binomial` advances: not the rule of the other methods."""
    return num_batches * 2 * 100 * (samples_per_batch + 3) // 4 * BLOCKS_PER_OUTPUT


# ---------------------------------------------------------------------------------------------
# The generator
# ---------------------------------------------------------------------------------------------


def _multiply_high_low(factor: np.uint64, word: jax.Array) -> tuple[jax.Array, jax.Array]:
    # One 64-bit product; XLA's CPU and GPU compilers turn it into their widening multiply.
    product = word.astype(_U64) * factor
    return (product >> _U64(32)).astype(_U32), product.astype(_U32)


def philox_4x32(
    key0: jax.Array,
    key1: jax.Array,
    c0: jax.Array,
    c1: jax.Array,
    c2: jax.Array,
    c3: jax.Array,
) -> Words:
    """Ten Philox rounds on uint32 words; arrays of counters give arrays of outputs."""
    for index in range(_ROUNDS):
        if index:
            key0 = key0 + _WEYL_0
            key1 = key1 + _WEYL_1
        high0, low0 = _multiply_high_low(_MULTIPLIER_0, c0)
        high1, low1 = _multiply_high_low(_MULTIPLIER_1, c2)
        c0, c1, c2, c3 = high1 ^ c1 ^ key0, low1, high0 ^ c3 ^ key1, low0
    return c0, c1, c2, c3


def blocks_at(key: ArrayLike, counter: ArrayLike, offsets: jax.Array) -> Words:
    """The four words of the blocks `counter + offsets`, each word an array of `offsets`' shape."""
    key0, key1 = key_words(key)
    low, high = counter_halves(counter)
    moved = low + offsets.astype(_U64)
    high = high + (moved < low).astype(_U64)
    words = (moved, moved >> _U64(32), high, high >> _U64(32))
    return philox_4x32(key0, key1, *(word.astype(_U32) for word in words))


def _consecutive(key: ArrayLike, counter: ArrayLike, num_blocks: int) -> Words:
    return blocks_at(key, counter, lax.iota(jnp.uint64, num_blocks))


def interleave(columns: Sequence[jax.Array]) -> jax.Array:
    """`columns[j][i]` at position `i * len(columns) + j`: samples in TensorFlow's order.

    Selects on a lane index instead of stacking: XLA's CPU backend copies a stack element by
    element (12-40 ns per word against 5 ns, 4M words, 2 cores). The barrier keeps it from
    computing each column once per lane.
    """
    width = len(columns)
    if width == 1:
        return columns[0]
    columns = lax.optimization_barrier(tuple(columns))
    shape = (columns[0].shape[0], width)
    lane = lax.broadcasted_iota(jnp.int32, shape, 1)
    wide = [jnp.broadcast_to(column[:, None], shape) for column in columns]
    result = wide[-1]
    for index in range(width - 2, -1, -1):
        result = jnp.where(lane == np.int32(index), wide[index], result)
    return result.reshape(-1)


def _fill(columns: Sequence[jax.Array], shape: tuple[int, ...]) -> jax.Array:
    return interleave(columns)[: math.prod(shape)].reshape(shape)


def random_bits(key: ArrayLike, counter: ArrayLike, num_blocks: int) -> jax.Array:
    """uint32[num_blocks, 4]: the words of `num_blocks` consecutive blocks."""
    if num_blocks == 0:
        return jnp.zeros((0, 4), jnp.uint32)
    return interleave(_consecutive(key, counter, num_blocks)).reshape(num_blocks, 4)


# ---------------------------------------------------------------------------------------------
# Words to values
# ---------------------------------------------------------------------------------------------


def _unit_float32(word: jax.Array) -> jax.Array:
    # 23 random mantissa bits under the exponent of [1, 2), less one: exact.
    bits = (word & _U32(0x7FFFFF)) | _U32(0x3F800000)
    return lax.bitcast_convert_type(bits, jnp.float32) - np.float32(1)


def _unit_small(word: jax.Array, mantissa_bits: int, dtype: Any) -> jax.Array:
    # The same construction with few bits. All intermediate values are exact in float32, and TPU
    # and old GPU back ends lack 16-bit bitcasts.
    value = (word & _U32((1 << mantissa_bits) - 1)).astype(jnp.float32)
    return (value * np.float32(2.0**-mantissa_bits)).astype(dtype)


def unit_float64(high: jax.Array, low: jax.Array) -> jax.Array:
    """[0, 1) in float64 from 52 bits: 20 of `high` above the 32 of `low`; exact."""
    upper = (high & _U32(0xFFFFF)).astype(jnp.float64) * np.float64(2.0**-20)
    return upper + low.astype(jnp.float64) * np.float64(2.0**-52)


def _join(low: jax.Array, high: jax.Array) -> jax.Array:
    return low.astype(_U64) | (high.astype(_U64) << _U64(32))


_TINY_UNIFORM = 1.0e-7  # TensorFlow never takes the logarithm of less


def _box_muller_float32(word0: jax.Array, word1: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Two float32 normals, sine first; each intermediate rounded where TensorFlow rounds it."""
    uniform = jnp.maximum(_unit_float32(word0), np.float32(_TINY_UNIFORM))
    # sqrt and products in float32 are correctly rounded everywhere.
    radius = lax.sqrt(libm.logf(uniform) * np.float32(-2.0))
    turn = _unit_float32(word1).astype(jnp.float64) * np.float64(2.0 * math.pi)
    sine, cosine = libm.sincosf(turn.astype(jnp.float32))
    return sine * radius, cosine * radius


def box_muller_float64(words: Words) -> tuple[jax.Array, jax.Array]:
    """Two float64 normals from one block, sine first."""
    uniform = jnp.maximum(unit_float64(words[0], words[1]), np.float64(_TINY_UNIFORM))
    angle = unit_float64(words[2], words[3]) * np.float64(2.0 * math.pi)
    radius = lax.sqrt(lax.log(uniform) * np.float64(-2.0))
    return lax.sin(angle) * radius, lax.cos(angle) * radius


def _uniform_columns(words: Words, name: str) -> list[jax.Array]:
    if name == "float64":
        return [unit_float64(words[0], words[1]), unit_float64(words[2], words[3])]
    if name == "float32":
        return [_unit_float32(word) for word in words]
    if name == "float16":
        return [_unit_small(word, 10, jnp.float16) for word in words]
    return [_unit_small(word, 7, jnp.bfloat16) for word in words]


def normals_of_block(words: Words, dtype: Any) -> list[jax.Array]:
    """The normals TensorFlow makes of one block: two of float64, four of a smaller type."""
    if np.dtype(dtype) == np.float64:
        return list(box_muller_float64(words))
    pairs = _box_muller_float32(words[0], words[1]) + _box_muller_float32(words[2], words[3])
    return [value.astype(dtype) for value in pairs]


def uniforms_of_block(words: Words, dtype: Any) -> list[jax.Array]:
    """The [0, 1) values TensorFlow makes of one block: two of float64, four of a smaller type."""
    return _uniform_columns(words, np.dtype(dtype).name)


def _dtype_name(dtype: Any, allowed: frozenset[str], what: str) -> str:
    name = np.dtype(dtype).name
    if name not in allowed:
        raise ValueError(f"philox: {what} has no dtype {name}; wanted one of {sorted(allowed)}")
    return name


def values_per_block(dtype: Any) -> int:
    """Values one block yields: two of 64 bits, else four (16-bit types waste half the word)."""
    return 2 if np.dtype(dtype).itemsize == 8 else 4


# ---------------------------------------------------------------------------------------------
# Distributions with a fixed number of words per value
# ---------------------------------------------------------------------------------------------


def _num_blocks(shape: tuple[int, ...], dtype: Any) -> int:
    return -(-math.prod(shape) // values_per_block(dtype))


def uniform(key: ArrayLike, counter: ArrayLike, shape: tuple[int, ...], dtype: Any) -> jax.Array:
    """[0, 1) of a floating dtype: `RandomUniform`, `StatelessRandomUniformV2`."""
    name = _dtype_name(dtype, FLOATING, "uniform")
    if math.prod(shape) == 0:
        return jnp.zeros(shape, dtype)
    words = _consecutive(key, counter, _num_blocks(shape, dtype))
    return _fill(_uniform_columns(words, name), shape)


def normal(key: ArrayLike, counter: ArrayLike, shape: tuple[int, ...], dtype: Any) -> jax.Array:
    """Standard normal: `RandomStandardNormal`, `StatelessRandomNormalV2`."""
    _dtype_name(dtype, FLOATING, "normal")
    if math.prod(shape) == 0:
        return jnp.zeros(shape, dtype)
    words = _consecutive(key, counter, _num_blocks(shape, dtype))
    return _fill(normals_of_block(words, dtype), shape)


def uniform_full_int(
    key: ArrayLike, counter: ArrayLike, shape: tuple[int, ...], dtype: Any
) -> jax.Array:
    """All values of an integer dtype alike: `StatelessRandomUniformFullIntV2`."""
    _dtype_name(dtype, INTEGERS, "uniform_full_int")
    if math.prod(shape) == 0:
        return jnp.zeros(shape, dtype)
    words = _consecutive(key, counter, _num_blocks(shape, dtype))
    return _fill(_integer_columns(words, dtype), shape).astype(dtype)


def _integer_columns(words: Words, dtype: Any) -> list[jax.Array]:
    if np.dtype(dtype).itemsize == 8:
        return [_join(words[0], words[1]), _join(words[2], words[3])]
    return list(words)


def uniform_int(
    key: ArrayLike,
    counter: ArrayLike,
    shape: tuple[int, ...],
    dtype: Any,
    minval: ArrayLike,
    maxval: ArrayLike,
) -> jax.Array:
    """Integers in [minval, maxval): `RandomUniformInt`, `StatelessRandomUniformIntV2`.

    TensorFlow takes the random word modulo the range, bias included, and so does this. The
    caller has checked `minval < maxval` where the values are known; with an empty range the
    result is unspecified. TensorFlow has this op for int32 and int64 only; unsigned types
    follow the same rule here.
    """
    _dtype_name(dtype, INTEGERS, "uniform_int")
    if math.prod(shape) == 0:
        return jnp.zeros(shape, dtype)
    unsigned = np.uint64 if np.dtype(dtype).itemsize == 8 else np.uint32
    low = jnp.asarray(minval, dtype).astype(unsigned)
    span = jnp.asarray(maxval, dtype).astype(unsigned) - low
    words = _consecutive(key, counter, _num_blocks(shape, dtype))
    # Unsigned wrap-around gives the same bits as TensorFlow's overflow-free signed addition.
    columns = [
        low + lax.rem(v, jnp.broadcast_to(span, v.shape)) for v in _integer_columns(words, dtype)
    ]
    return _fill(columns, shape).astype(dtype)


# ---------------------------------------------------------------------------------------------
# Truncated normal
# ---------------------------------------------------------------------------------------------


def truncated_normal(
    key: ArrayLike, counter: ArrayLike, shape: tuple[int, ...], dtype: Any
) -> jax.Array:
    """Standard normal within (-2, 2): `TruncatedNormal`, `StatelessTruncatedNormalV2`.

    TensorFlow cuts the output into groups as large as one block's worth of values, gives each
    group its own stretch of blocks (256 per 4 values) so that groups do not depend on each
    other, and within a group keeps the values that pass, in order. Each step of the loop draws
    one block for every group; three steps nearly always do. The comparison is made before
    rounding to 16 bits, so those types can return exactly 2.
    """
    _dtype_name(dtype, FLOATING, "truncated_normal")
    if math.prod(shape) == 0:
        return jnp.zeros(shape, dtype)
    wide = np.dtype(np.float64) if np.dtype(dtype) == np.float64 else np.dtype(np.float32)
    width = values_per_block(dtype)
    groups = _num_blocks(shape, dtype)
    start = lax.iota(jnp.uint64, groups) * _U64(width * BLOCKS_PER_OUTPUT // 4)
    two = wide.type(2)

    def unfinished(state: Any) -> jax.Array:
        return jnp.any(state[1] < np.int32(width))

    def draw(state: Any) -> Any:
        step, filled, slots = state
        words = blocks_at(key, counter, start + step)
        # The barrier keeps XLA from computing every value again for every slot.
        for value in lax.optimization_barrier(tuple(normals_of_block(words, wide))):
            passed = lax.abs(value) < two
            slots = tuple(
                jnp.where(passed & (filled == np.int32(index)), value, slot)
                for index, slot in enumerate(slots)
            )
            filled = filled + passed.astype(jnp.int32)
        return step + _U64(1), filled, slots

    empty = (jnp.zeros((groups,), wide),) * width
    state = (jnp.zeros((), jnp.uint64), jnp.zeros((groups,), jnp.int32), empty)
    _, _, slots = lax.while_loop(unfinished, draw, state)
    return _fill(list(slots), shape).astype(dtype)


# ---------------------------------------------------------------------------------------------
# Shuffling and choosing
# ---------------------------------------------------------------------------------------------


def shuffle_permutation(key: ArrayLike, counter: ArrayLike, num_rows: int) -> jax.Array:
    """int32[num_rows] such that `value[permutation]` is TensorFlow's shuffle of `value`.

    `RandomShuffle` and `StatelessShuffle`: for i from the front, swap row i with row
    i + word_i % (rows left).
    """
    order = lax.iota(jnp.int32, num_rows)
    if num_rows <= 1:
        return order
    words = random_bits(key, counter, (num_rows + 2) // 4).reshape(-1)[: num_rows - 1]
    here = lax.iota(jnp.int32, num_rows - 1)
    left = _U32(num_rows) - lax.iota(jnp.uint32, num_rows - 1)
    there = here + lax.rem(words, left).astype(jnp.int32)
    pairs = jnp.stack([here, there], axis=1)

    def swap(index: Any, order: jax.Array) -> jax.Array:
        # One gather and one scatter of two: XLA does these in place. Two separate updates make
        # it copy `order` in every step (60,000 rows: 9 ms against 940 ms, CPU).
        pair = pairs[index]
        return order.at[pair].set(order[pair[::-1]])

    return lax.fori_loop(0, num_rows - 1, swap, order)


def shuffle(key: ArrayLike, counter: ArrayLike, value: jax.Array) -> jax.Array:
    """`value` with its rows shuffled; scalars and empty arrays come back as they are."""
    if value.ndim == 0 or value.size <= 1 or value.shape[0] <= 1:
        return value
    return jnp.take(value, shuffle_permutation(key, counter, value.shape[0]), axis=0)


def categorical(
    key: ArrayLike, counter: ArrayLike, logits: jax.Array, num_samples: int, dtype: Any
) -> jax.Array:
    """Class indices [batch, num_samples] drawn by `logits` [batch, classes].

    `Multinomial`, `StatelessMultinomial`: float64 running sums of exp(logit - row maximum),
    non-finite logits counting nothing, and the first sum above u * total. Row b draws doubles
    b * num_samples onwards from one stream. TensorFlow does the same as long as one thread
    serves all rows; with several, its numbers depend on how it cut the batch. The sums are
    formed in another order than TensorFlow's, which moves a sample with probability near 1e-15.
    """
    batch = logits.shape[0]
    if batch * num_samples == 0:
        return jnp.zeros((batch, num_samples), dtype)
    finite = jnp.isfinite(logits)
    lowest = jnp.full_like(logits, jnp.finfo(logits.dtype).min)
    peak = jnp.max(jnp.where(finite, logits, lowest), axis=1, keepdims=True)
    weights = jnp.exp(logits.astype(jnp.float64) - peak.astype(jnp.float64))
    sums = lax.cumsum(jnp.where(finite, weights, jnp.zeros_like(weights)), axis=1)
    sums = lax.cummax(sums, axis=1)  # rounding must not make the sums step back
    draws = uniform(key, counter, (batch, num_samples), np.float64) * sums[:, -1:]
    found = jax.vmap(lambda row, wanted: jnp.searchsorted(row, wanted, side="right"))(sums, draws)
    return found.astype(dtype)


# ---------------------------------------------------------------------------------------------
# Permuting an index without a table
# ---------------------------------------------------------------------------------------------

INDEX_SHUFFLE_ROUNDS = 4
INDEX_SHUFFLE_SEED_PAD = 498247692  # first of the three key words; the user gives the others
_MIN_INDEX_BITS = 16


def index_shuffle(index: jax.Array, seed: jax.Array, max_index: jax.Array) -> jax.Array:
    """Where `index` goes in a pseudorandom permutation of 0..max_index: `RandomIndexShuffle`.

    Args:
      index: integer array, all values in [0, max_index].
      seed: integer array [..., 3], or [3] for all; broadcast against `index` without its
        last axis. `tf.random.experimental.index_shuffle` puts INDEX_SHUFFLE_SEED_PAD first.
      max_index: integer array that broadcasts against `index`.
    Returns:
      uint64 array of the broadcast shape.

    Four Simon-like Feistel rounds on a word of the smallest even width that holds max_index
    (at least 16 bits), repeated until the result is in range.
    Source: Beaulieu et al., "The Simon and Speck families of lightweight block ciphers", 2013.
    """
    index = jnp.asarray(index).astype(_U64)
    limit = jnp.asarray(max_index).astype(_U64)
    keys = [jnp.asarray(seed)[..., j].astype(_U32).astype(_U64) for j in range(3)]
    index, limit, *keys = jnp.broadcast_arrays(index, limit, *keys)

    # Bits of max_index - 1, that is ceil(log2(max_index)).
    bits = _U64(64) - lax.clz(limit - jnp.minimum(limit, _U64(1)))
    bits = jnp.maximum(bits + (bits & _U64(1)), _U64(_MIN_INDEX_BITS))
    half = bits >> _U64(1)
    mask = (_U64(1) << half) - _U64(1)

    def rotate_left(word: jax.Array, by: int) -> jax.Array:
        return ((word << _U64(by)) | (word >> (half - _U64(by)))) & mask

    def rotate_right(word: jax.Array, by: int) -> jax.Array:
        return ((word >> _U64(by)) | (word << (half - _U64(by)))) & mask

    def mix(word: jax.Array) -> jax.Array:
        return (rotate_left(word, 1) & rotate_left(word, 8)) ^ rotate_left(word, 2)

    k0, k1, k2 = (word & mask for word in keys)
    constant = _U64(0xFFFFFFFC ^ 1)
    k3 = (constant & mask) ^ k0 ^ rotate_right(k2, 3) ^ rotate_right(k2, 4)

    def encrypt(value: jax.Array) -> jax.Array:
        left, right = (value >> half) & mask, value & mask
        for first, second in ((k0, k1), (k2, k3)):
            left = left ^ mix(right) ^ first
            right = right ^ mix(left) ^ second
        return (left << half) | right

    def walk(value: jax.Array) -> jax.Array:
        return jnp.where(value > limit, encrypt(value), value)

    result = lax.while_loop(lambda v: jnp.any(v > limit), walk, encrypt(index))
    return jnp.where(limit == _U64(0), jnp.zeros_like(result), result)
