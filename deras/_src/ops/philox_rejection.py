"""TensorFlow's rejection samplers on Philox: gamma, Poisson, binomial, truncated normal.

Each output draws an unknown number of words, so TensorFlow gives each its own stretch of the
counter (256 blocks; binomial inversion 42) and draws from there in sequence. The samplers here
run all outputs side by side, one attempt per loop step, until every one has accepted. They
compute in float64 as TensorFlow does and round the result once. XLA's `log`, `pow` and `lgamma`
may differ from glibc's in the last bits, which changes an accept decision with probability near
1e-15 per attempt.

The parameterized truncated normal draws its outputs from one stream per op, so it is sequential
by definition; it walks the stream in chunks.

Keys and counters are as in `philox.py`. TensorFlow hands two values of a block out backwards:
the second first.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from deras._src.ops import libm, philox
from deras._src.ops.philox import ArrayLike, blocks_at, box_muller_float64, unit_float64

_U64 = np.uint64
_F64 = np.float64
_INVERSION_BLOCKS = 42  # blocks per output of binomial inversion

TRUNCATED_NORMAL_MAX_REJECTIONS = 1000


def _uniform_pair(key: ArrayLike, counter: ArrayLike, at: jax.Array) -> tuple[Any, Any]:
    """The two float64 uniforms of each block, in the order TensorFlow uses them."""
    words = blocks_at(key, counter, at)
    return unit_float64(words[2], words[3]), unit_float64(words[0], words[1])


def _output_numbers(num_params: int, num_samples: int) -> jax.Array:
    """TensorFlow's number of each output [samples, params]: it counts parameter by parameter."""
    sample = lax.broadcasted_iota(jnp.uint64, (num_samples, num_params), 0)
    param = lax.broadcasted_iota(jnp.uint64, (num_samples, num_params), 1)
    return param * _U64(num_samples) + sample


def _per_output(params: jax.Array, num_samples: int) -> jax.Array:
    return jnp.broadcast_to(params.reshape(1, -1), (num_samples, params.size))


# ---------------------------------------------------------------------------------------------
# Gamma
# ---------------------------------------------------------------------------------------------


class _GammaState(NamedTuple):
    done: jax.Array
    result: jax.Array
    at: jax.Array  # next block of each output
    normal: jax.Array  # unused normal of the last block, if `has_normal`
    has_normal: jax.Array
    uniform: jax.Array
    has_uniform: jax.Array


def gamma(key: ArrayLike, counter: ArrayLike, alpha: jax.Array, num_samples: int) -> jax.Array:
    """[num_samples, *alpha.shape] of alpha's dtype: `RandomGamma`, `StatelessRandomGammaV3`.

    Scale 1. Marsaglia and Tsang's method with the boost u**(1/alpha) below 1, and an exponential
    for alpha = 1. An alpha below -2/3 or NaN gives NaN.
    Source: Marsaglia, Tsang, "A simple method for generating gamma variables", 2000.
    """
    shape = (num_samples, *alpha.shape)
    if math.prod(shape) == 0:
        return jnp.zeros(shape, alpha.dtype)
    wide = _per_output(alpha.astype(jnp.float64), num_samples)
    start = _output_numbers(alpha.size, num_samples) * _U64(philox.BLOCKS_PER_OUTPUT)
    boosted = wide < _F64(1)
    shift = wide + jnp.where(boosted, _F64(2.0 / 3), _F64(-1.0 / 3))
    scale = _F64(1.0 / 3) / lax.sqrt(shift)
    hopeless = jnp.isnan(scale)

    first_uniform, _ = _uniform_pair(key, counter, start)
    exponential = -lax.log1p(-first_uniform)
    is_exponential = wide == _F64(1)

    def attempt(state: _GammaState) -> _GammaState:
        active = ~state.done
        second, first = box_muller_float64(blocks_at(key, counter, state.at))
        fresh = active & ~state.has_normal
        x = jnp.where(state.has_normal, state.normal, first)
        at = state.at + fresh.astype(_U64)
        v = _F64(1) + scale * x
        possible = active & (v > _F64(0))

        u_first, u_second = _uniform_pair(key, counter, at)
        fresh_uniform = possible & ~state.has_uniform
        u = jnp.where(state.has_uniform, state.uniform, u_first)
        at = at + fresh_uniform.astype(_U64)
        kept = jnp.where(fresh_uniform, u_second, state.uniform)
        has_uniform = state.has_uniform ^ possible

        v = v * v * v
        squeeze = u < _F64(1) - _F64(0.0331) * (x * x) * (x * x)
        bound = _F64(0.5) * x * x + shift * (_F64(1) - v + lax.log(v))
        accept = possible & (squeeze | (lax.log(u) < bound))

        # For alpha < 1 one more uniform, from the pair at hand or from a new block.
        b_first, _ = _uniform_pair(key, counter, at)
        boost = lax.pow(jnp.where(has_uniform, kept, b_first), _F64(1) / wide)
        value = shift * v
        value = jnp.where(boosted, value * boost, value)
        return _GammaState(
            done=state.done | accept,
            result=jnp.where(accept, value, state.result),
            at=at,
            normal=jnp.where(fresh, second, state.normal),
            has_normal=state.has_normal ^ active,
            uniform=kept,
            has_uniform=has_uniform,
        )

    nothing = jnp.zeros_like(wide)
    state = _GammaState(
        done=is_exponential | hopeless,
        result=jnp.where(hopeless, _F64(np.nan), exponential),
        at=start,
        normal=nothing,
        has_normal=jnp.zeros(wide.shape, bool),
        uniform=nothing,
        has_uniform=jnp.zeros(wide.shape, bool),
    )
    state = lax.while_loop(lambda s: ~jnp.all(s.done), attempt, state)
    return state.result.astype(alpha.dtype).reshape(shape)


# ---------------------------------------------------------------------------------------------
# Poisson
# ---------------------------------------------------------------------------------------------


def poisson(
    key: ArrayLike, counter: ArrayLike, rate: jax.Array, num_samples: int, dtype: Any
) -> jax.Array:
    """[num_samples, *rate.shape] of `dtype`: `RandomPoissonV2`, `StatelessRandomPoisson`.

    Knuth's product of uniforms below rate 10, Hörmann's transformed rejection from there.
    Negative rates give 0, an infinite one infinity. A NaN rate gives NaN; TensorFlow does not
    return then.
    Source: Hörmann, "The transformed rejection method for generating Poisson random variables",
    1993.
    """
    shape = (num_samples, *rate.shape)
    if math.prod(shape) == 0:
        return jnp.zeros(shape, dtype)
    wide = _per_output(rate.astype(jnp.float64), num_samples)
    start = _output_numbers(rate.size, num_samples) * _U64(philox.BLOCKS_PER_OUTPUT)
    settled = jnp.isnan(wide) | (wide == _F64(np.inf))
    small = wide < _F64(10)
    floor_product = lax.exp(-wide)
    log_rate = lax.log(wide)
    b = _F64(0.931) + _F64(2.53) * lax.sqrt(wide)
    a = _F64(-0.059) + _F64(0.02483) * b
    inverse_alpha = _F64(1.1239) + _F64(1.1328) / (b - _F64(3.4))
    sure = _F64(0.9277) - _F64(3.6224) / (b - _F64(2))

    def attempt(state: Any) -> Any:
        step, done, result, product, count = state
        first, second = _uniform_pair(key, counter, start + step)

        # Knuth: two factors per block.
        once = product * first
        twice = once * second
        stop_once = once <= floor_product
        stop_small = stop_once | (twice <= floor_product)
        small_value = jnp.where(stop_once, count, count + _F64(1))

        # Hörmann: one attempt per block.
        u = first - _F64(0.5)
        v = second
        us = _F64(0.5) - lax.abs(u)
        k = lax.floor((_F64(2) * a / us + b) * u + wide + _F64(0.43))
        quick = (us >= _F64(0.07)) & (v <= sure)
        reject = (k < _F64(0)) | ((us < _F64(0.013)) & (v > us))
        s = lax.log(v * inverse_alpha / (a / (us * us) + b))
        t = -wide + k * log_rate - lax.lgamma(k + _F64(1))
        accept = quick | (~reject & (s <= t))

        finished = ~done & jnp.where(small, stop_small, accept)
        result = jnp.where(finished, jnp.where(small, small_value, k), result)
        return step + _U64(1), done | finished, result, twice, count + _F64(2)

    state = (
        jnp.zeros((), jnp.uint64),
        settled,
        jnp.where(settled, wide, jnp.zeros_like(wide)),
        jnp.ones_like(wide),
        jnp.zeros_like(wide),
    )
    state = lax.while_loop(lambda s: ~jnp.all(s[1]), attempt, state)
    return _to_dtype(state[2], dtype).reshape(shape)


def _to_dtype(value: jax.Array, dtype: Any) -> jax.Array:
    """`value` converted as x86 does it: what does not fit becomes the smallest integer."""
    dtype = np.dtype(dtype)
    if not np.issubdtype(dtype, np.integer):
        return value.astype(dtype)
    smallest = jnp.full(value.shape, np.iinfo(dtype).min, dtype)
    fits = lax.abs(value) < _F64(-float(np.iinfo(dtype).min))
    return jnp.where(fits, value.astype(dtype), smallest)


# ---------------------------------------------------------------------------------------------
# Binomial
# ---------------------------------------------------------------------------------------------

_STIRLING_TAIL = np.array(
    [
        0.0810614667953272, 0.0413406959554092, 0.0276779256849983, 0.02079067210376509,
        0.0166446911898211, 0.0138761288230707, 0.0118967099458917, 0.0104112652619720,
        0.00925546218271273, 0.00833056343336287,
    ]
)  # fmt: skip


def _stirling_tail(k: jax.Array) -> jax.Array:
    """What Stirling's formula lacks of log k!: a table up to 9, the series above."""
    small = jnp.asarray(_STIRLING_TAIL)[jnp.clip(k, _F64(0), _F64(9)).astype(jnp.int32)]
    square = (k + _F64(1)) * (k + _F64(1))
    series = _F64(1.0 / 360) - _F64(1.0 / 1260) / square
    series = (_F64(1.0 / 12) - series / square) / (k + _F64(1))
    return jnp.where(k <= _F64(9), small, series)


def binomial(
    key: ArrayLike,
    counter: ArrayLike,
    shape: tuple[int, ...],
    counts: jax.Array,
    probs: jax.Array,
    dtype: Any,
) -> jax.Array:
    """`shape` of `dtype`: `StatefulRandomBinomial`, `StatelessRandomBinomial`.

    `shape` ends with the broadcast shape of `counts` and `probs` (one floating dtype). Below a
    mean of 10 of the rarer outcome sums of geometric waits, else Hörmann's BTRS.
    Source: Hörmann, "The generation of binomial random variates", 1993.
    """
    counts, probs = jnp.broadcast_arrays(counts, probs)
    batch = counts.shape
    if shape[len(shape) - len(batch) :] != batch:
        raise ValueError(
            f"binomial: shape {list(shape)} does not end with the shape of counts and probs, "
            f"{list(batch)}"
        )
    if math.prod(shape) == 0:
        return jnp.zeros(shape, dtype)
    num_samples = math.prod(shape[: len(shape) - len(batch)])
    kind = counts.dtype.type
    flipped = probs > kind(0.5)
    rarer = jnp.where(flipped, _exactly(kind(1) - probs), probs)
    use_btrs = _exactly(counts * rarer) >= kind(10)
    count = _per_output(counts.astype(jnp.float64), num_samples)
    prob = _per_output(rarer.astype(jnp.float64), num_samples)
    flip = _per_output(flipped, num_samples)
    btrs = _per_output(use_btrs, num_samples)

    none = (count <= _F64(0)) | (_per_output(probs, num_samples) <= kind(0))
    every = ~none & (_per_output(probs, num_samples) >= kind(1))
    wrong = ~none & ~every & _per_output(jnp.isnan(probs) | jnp.isnan(counts), num_samples)
    number = _output_numbers(counts.size, num_samples)
    stride = jnp.where(btrs, _U64(philox.BLOCKS_PER_OUTPUT), _U64(_INVERSION_BLOCKS))
    start = number * stride

    log_miss = lax.log1p(-prob)
    deviation = lax.sqrt(count * prob * (_F64(1) - prob))
    b = _F64(1.15) + _F64(2.53) * deviation
    a = _F64(-0.0873) + _F64(0.0248) * b + _F64(0.01) * prob
    c = count * prob + _F64(0.5)
    sure = _F64(0.92) - _F64(4.2) / b
    odds = prob / (_F64(1) - prob)
    alpha = (_F64(2.83) + _F64(5.1) / b) * deviation
    mode = lax.floor((count + _F64(1)) * prob)

    def log_ratio(k: jax.Array) -> jax.Array:
        rest = count - k + _F64(1)
        mode_rest = count - mode + _F64(1)
        return (
            (mode + _F64(0.5)) * lax.log((mode + _F64(1)) / (odds * mode_rest))
            + (count + _F64(1)) * lax.log(mode_rest / rest)
            + (k + _F64(0.5)) * lax.log(odds * rest / (k + _F64(1)))
            + _stirling_tail(mode)
            + _stirling_tail(count - mode)
            - _stirling_tail(k)
            - _stirling_tail(count - k)
        )

    def attempt(state: Any) -> Any:
        step, done, result, waited, successes = state
        first, second = _uniform_pair(key, counter, start + step)

        # Inversion: two geometric waits per block.
        once = waited + lax.ceil(lax.log(first) / log_miss)
        twice = once + lax.ceil(lax.log(second) / log_miss)
        stop_once = once > count
        stop_waits = stop_once | (twice > count)
        waits_value = jnp.where(stop_once, successes, successes + _F64(1))

        u = first - _F64(0.5)
        us = _F64(0.5) - lax.abs(u)
        k = lax.floor((_F64(2) * a / us + b) * u + c)
        quick = (us >= _F64(0.07)) & (second <= sure)
        sensible = (k >= _F64(0)) & (k <= count)
        v = lax.log(second * alpha / (a / (us * us) + b))
        accept = quick | (sensible & (v <= log_ratio(k)))

        finished = ~done & jnp.where(btrs, accept, stop_waits)
        result = jnp.where(finished, jnp.where(btrs, k, waits_value), result)
        return step + _U64(1), done | finished, result, twice, successes + _F64(2)

    zero = jnp.zeros_like(count)
    state = (jnp.zeros((), jnp.uint64), none | every | wrong, zero, zero, zero)
    value = lax.while_loop(lambda s: ~jnp.all(s[1]), attempt, state)[2]
    value = jnp.where(flip, count - value, value)
    value = jnp.where(none, zero, jnp.where(every, count, value))
    value = jnp.where(wrong, _F64(np.nan), value)
    return _to_dtype(value, dtype).reshape(shape)


def _exactly(value: jax.Array) -> jax.Array:
    """`value` really rounded to float16 where it has that type: XLA may keep excess bits."""
    if value.dtype == np.float16:
        return lax.reduce_precision(value, 5, 10)
    return value


# ---------------------------------------------------------------------------------------------
# Parameterized truncated normal
# ---------------------------------------------------------------------------------------------

_RANDN, _UNIFORM, _EXPONENTIAL = np.int32(0), np.int32(1), np.int32(2)


class _Rounded:
    """Arithmetic that rounds every result to `dtype`, as TensorFlow's scalar code does.

    float16 runs in float32, rounded after each operation. The functions go through float64:
    what they return, rounded, is what glibc's float32 functions return nearly always.
    """

    def __init__(self, dtype: Any) -> None:
        self.dtype = np.dtype(dtype)
        self.half = self.dtype == np.float16
        self.type = np.float32 if self.half else self.dtype.type

    def enter(self, value: jax.Array) -> jax.Array:
        return value.astype(self.type)

    def __call__(self, value: jax.Array) -> jax.Array:
        return lax.reduce_precision(value, 5, 10) if self.half else value

    def function(self, fn: Any, value: jax.Array) -> jax.Array:
        if self.type is np.float64:
            return fn(value)
        return self(fn(value.astype(jnp.float64)).astype(self.type))

    def log(self, value: jax.Array) -> jax.Array:
        if self.type is np.float64:
            return lax.log(value)
        positive = jnp.where(value > self.type(0), value, self.type(1))
        logarithm = self(libm.logf(positive))
        return jnp.where(value > self.type(0), logarithm, self.type(-np.inf))

    def multiply_add(self, value: jax.Array, factor: jax.Array, term: jax.Array) -> jax.Array:
        # Through float64, where the product is exact: XLA would fuse the two in float32.
        if self.type is np.float64:
            return value * factor + term
        product = value.astype(jnp.float64) * factor.astype(jnp.float64)
        return self(self(product.astype(self.type)) + term)


def _split_params(ops: _Rounded, params: list[jax.Array]) -> dict[str, jax.Array]:
    """Per batch: the bounds in standard deviations and which of the three samplers serves it."""
    one = ops.type
    mean, deviation, low, high = params
    valid = (deviation > one(0)) & (low < high) & (jnp.isfinite(low) | jnp.isfinite(high))
    turned = (jnp.isinf(low) & (low < one(0))) | (high < mean)
    low, high = jnp.where(turned, high, low), jnp.where(turned, low, high)
    deviation = jnp.where(turned, -deviation, deviation)
    low = ops(ops(low - mean) / deviation)
    high = ops(ops(high - mean) / deviation)
    root = ops.function(lax.sqrt, ops(ops(low * low) + one(4)))
    exponent = ops(one(0.5) + ops(ops(low * ops(low - root)) / one(4)))
    cutoff = ops(ops(one(2) * ops.function(lax.exp, exponent)) / ops(low + root))
    reach = ops(jnp.asarray(1.3, ops.type))
    by_randn = ((low < -reach) & (high >= one(0))) | ((high > reach) & (low <= one(0)))
    span = ops(high - low)
    sampler = jnp.where(by_randn, _RANDN, jnp.where(span < cutoff, _UNIFORM, _EXPONENTIAL))
    return {
        "mean": mean,
        "deviation": deviation,
        "low": low,
        "high": high,
        "span": span,
        "alpha": ops(ops(low + root) / one(2)),
        "plus": jnp.where(low < one(0), one(0), ops(low * low)),
        "sampler": sampler,
        "valid": valid,
    }


def _candidates(
    ops: _Rounded, key: ArrayLike, counter: ArrayLike, at: jax.Array, p: dict[str, jax.Array]
) -> tuple[jax.Array, jax.Array]:
    """Values and acceptance [groups, width] of the groups of draws that begin at blocks `at`."""
    one = ops.type
    dtype = ops.dtype

    def table(columns: list[jax.Array]) -> jax.Array:
        return jnp.stack([ops.enter(column) for column in columns], axis=-1)

    # One call for both blocks of a group: half the code to compile.
    words = blocks_at(key, counter, jnp.stack([at, at + _U64(1)]))
    rand, rand_2 = table(philox.uniforms_of_block(words, dtype))
    w0, w1, w2, w3 = (word[0] for word in words)
    normal = table(philox.normals_of_block((w0, w1, w2, w3), dtype))

    normal_ok = (normal >= p["low"]) & (normal <= p["high"])

    z = ops.multiply_add(rand, p["span"], p["low"])
    weight = ops(ops(p["plus"] - ops(z * z)) / one(2))
    uniform_ok = rand_2 <= ops.function(lax.exp, weight)

    # Pairs (proposal, uniform) within one block: half as many candidates.
    proposal, u = rand[:, 0::2], rand[:, 1::2]
    e = ops(ops(-ops.log(proposal) / p["alpha"]) + p["low"])
    x = jnp.where(p["low"] < p["alpha"], ops(p["alpha"] - e), ops(p["low"] - p["alpha"]))
    density = ops.function(lax.exp, ops(ops(-x * x) / one(2)))
    exponential_ok = (u <= density) & (e < p["high"])
    e = jnp.concatenate([e, e], axis=1)
    exponential_ok = jnp.concatenate([exponential_ok, jnp.zeros_like(exponential_ok)], axis=1)

    by = p["sampler"]
    value = jnp.where(by == _RANDN, normal, jnp.where(by == _UNIFORM, z, e))
    accept = jnp.where(
        by == _RANDN, normal_ok, jnp.where(by == _UNIFORM, uniform_ok, exponential_ok)
    )
    return value, accept


def _sample_batches(
    key: ArrayLike,
    counter: ArrayLike,
    params: list[jax.Array],
    samples: int,
    last_samples: int,
    dtype: Any,
) -> jax.Array:
    """[batches, samples]: one stream through all batches, each starting at a fresh group."""
    ops = _Rounded(dtype)
    batches = params[0].shape[0]
    all_params = _split_params(ops, [ops.enter(param) for param in params])
    width = philox.values_per_block(dtype)
    groups = min(512, samples * 3 // (2 * width) + 2)
    group_of = lax.iota(jnp.int32, groups * width) // np.int32(width)

    def one_batch(index: jax.Array, state: Any) -> Any:
        block, output = state
        p = {name: values[index] for name, values in all_params.items()}
        is_last = index == np.int32(batches - 1)
        wanted = jnp.where(is_last, np.int32(last_samples), np.int32(samples))
        per_group = jnp.where(p["sampler"] == _UNIFORM, _U64(2), _U64(1))

        def chunk(state: Any) -> Any:
            block, filled, rejected, row = state
            at = block + lax.iota(jnp.uint64, groups) * per_group
            value, accept = _candidates(ops, key, counter, at, p)
            value, accept = value.reshape(-1), accept.reshape(-1)
            rank = filled + lax.cumsum(accept.astype(jnp.int32))
            place = jnp.where(accept & (rank <= wanted), rank - np.int32(1), np.int32(samples))
            row = row.at[place].set(value, mode="drop")
            now = jnp.minimum(rank[-1], wanted)
            # The group that gave the last sample is used up; what follows it is drawn again.
            last_group = group_of[jnp.argmax(rank >= wanted)]
            used = jnp.where(rank[-1] >= wanted, last_group + np.int32(1), np.int32(groups))
            trailing = jnp.sum(rank == rank[-1], dtype=jnp.int32)
            rejected = jnp.where(rank[-1] > filled, trailing, rejected + trailing)
            return block + used.astype(_U64) * per_group, now, rejected, row

        def unfinished(state: Any) -> jax.Array:
            limit = np.int32(TRUNCATED_NORMAL_MAX_REJECTIONS * width)
            return p["valid"] & (state[1] < wanted) & (state[2] <= limit)

        row = jnp.full((samples,), np.nan, ops.type)
        start = (block, jnp.zeros((), jnp.int32), jnp.zeros((), jnp.int32), row)
        block, _, _, row = lax.while_loop(unfinished, chunk, start)
        row = ops.multiply_add(row, p["deviation"], p["mean"])
        return block, output.at[index].set(row)

    output = jnp.zeros((batches, samples), ops.type)
    state = (jnp.zeros((), jnp.uint64), output)
    return lax.fori_loop(np.int32(0), np.int32(batches), one_batch, state)[1].astype(dtype)


_TRUNCATED_DTYPES = frozenset({"float16", "float32", "float64"})


def _check_truncated(dtype: Any) -> None:
    if np.dtype(dtype).name not in _TRUNCATED_DTYPES:
        raise ValueError(
            f"parameterized_truncated_normal: no dtype {np.dtype(dtype).name}; wanted one of "
            f"{sorted(_TRUNCATED_DTYPES)}"
        )


def parameterized_truncated_normal(
    key: ArrayLike,
    counter: ArrayLike,
    shape: tuple[int, ...],
    means: jax.Array,
    stddevs: jax.Array,
    minvals: jax.Array,
    maxvals: jax.Array,
) -> jax.Array:
    """`StatelessParameterizedTruncatedNormal`; `shape` ends with the parameters' broadcast shape.

    Normal, uniform or exponential proposals, whichever the bounds favour. All outputs share one
    stream; TensorFlow cuts it by threads once an op is large, and its numbers then depend on
    how many threads it has. These are the numbers of one thread.

    A batch whose parameters TensorFlow refuses (stddev <= 0, minval >= maxval, both bounds
    infinite) or gives up on is NaN here: a pure kernel cannot raise.
    Source: Robert, "Simulation of truncated normal variables", 1995.
    """
    dtype = means.dtype
    _check_truncated(dtype)
    params = jnp.broadcast_arrays(means, stddevs, minvals, maxvals)
    batch = params[0].shape
    if shape[len(shape) - len(batch) :] != batch:
        raise ValueError(
            f"parameterized_truncated_normal: shape {list(shape)} does not end with the shape "
            f"of the parameters, {list(batch)}"
        )
    if math.prod(shape) == 0:
        return jnp.zeros(shape, dtype)
    samples = math.prod(shape[: len(shape) - len(batch)])
    flat = [param.reshape(-1) for param in params]
    return _sample_batches(key, counter, flat, samples, samples, dtype).T.reshape(shape)


_DESIRED_BATCH = 100


def _stateful_batches(
    shape: tuple[int, ...], param_shapes: list[tuple[int, ...]]
) -> tuple[int, int]:
    """(batches, samples per batch) as `ParameterizedTruncatedNormal` cuts its output."""
    size = math.prod(shape)
    shared = all(math.prod(s) == 1 for s in param_shapes[:2]) and not any(param_shapes[2:])
    if shared:
        return -(-size // _DESIRED_BATCH), _DESIRED_BATCH
    return shape[0], size // shape[0] if shape[0] else 0


def reserved_blocks_truncated(shape: tuple[int, ...], param_shapes: list[tuple[int, ...]]) -> int:
    """Blocks `ParameterizedTruncatedNormal` reserves for parameters of these shapes."""
    batches, samples = _stateful_batches(shape, param_shapes)
    return batches * 2 * TRUNCATED_NORMAL_MAX_REJECTIONS * (samples + 3) // 4


def parameterized_truncated_normal_stateful(
    key: ArrayLike,
    counter: ArrayLike,
    shape: tuple[int, ...],
    means: jax.Array,
    stddevs: jax.Array,
    minvals: jax.Array,
    maxvals: jax.Array,
) -> jax.Array:
    """`ParameterizedTruncatedNormal`: parameters are scalars or have one value per shape[0].

    Another cut of the output than the stateless op's: batches of 100 if the parameters are
    shared, else one per row. Else as `parameterized_truncated_normal`.
    """
    dtype = means.dtype
    _check_truncated(dtype)
    params = [means, stddevs, minvals, maxvals]
    size = math.prod(shape)
    if size == 0:
        return jnp.zeros(shape, dtype)
    batches, samples = _stateful_batches(shape, [param.shape for param in params])
    flat = [jnp.broadcast_to(param.reshape(-1), (batches,)) for param in params]
    last = size - (batches - 1) * samples
    rows = _sample_batches(key, counter, flat, samples, last, dtype)
    return rows.reshape(-1)[:size].reshape(shape)
