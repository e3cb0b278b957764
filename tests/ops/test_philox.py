"""Random kernels, seed rules and generator states against TensorFlow's own numbers."""

from __future__ import annotations

import functools
import threading
from pathlib import Path
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from deras._src.errors import UnimplementedError
from deras._src.ops import generator_state, philox, seed_rules
from deras._src.ops import philox_rejection as rejection
from tests.ops import random_cases as cases

GOLDEN = np.load(Path(__file__).parent.parent / "golden" / "random.npz", allow_pickle=False)

# Units in the last place allowed. Box-Muller in float32 repeats glibc's functions and is exact
# but for once in some hundred million values; float64 uses XLA's log, sin and cos.
ULPS = {"normal": 2, "truncated_normal": 2, "parameterized": 2, "gamma": 8}
# pow with exponents up to 20 on top of XLA's log and exp.
ULPS_GAMMA_FLOAT64 = 256

# Compiled: run op by op, every call of a sampler with a loop would compile that loop anew.
gamma = jax.jit(rejection.gamma, static_argnums=3)
poisson = jax.jit(rejection.poisson, static_argnums=(3, 4))
binomial = jax.jit(rejection.binomial, static_argnums=(2, 5))
parameterized = jax.jit(rejection.parameterized_truncated_normal, static_argnums=2)
parameterized_stateful = jax.jit(
    rejection.parameterized_truncated_normal_stateful, static_argnums=2
)

SAMPLERS: dict[str, Any] = {
    "uniform": philox.uniform,
    "normal": philox.normal,
    "truncated_normal": philox.truncated_normal,
    "uniform_full_int": philox.uniform_full_int,
    "uniform_int": philox.uniform_int,
}


@pytest.fixture(autouse=True)
def as_the_dispatcher_runs_kernels():
    with jax.enable_x64(True), jax.numpy_dtype_promotion("strict"):
        yield


@pytest.fixture
def key_counter():
    return philox.key_counter_from_seed(np.array(cases.SEED, np.int32))


def ordered(value: np.ndarray) -> np.ndarray:
    """Integers in the order of the floats, so that a difference counts ulps."""
    bits = value.view(f"i{value.dtype.itemsize}").astype(np.int64)
    return np.where(bits < 0, np.iinfo(f"i{value.dtype.itemsize}").min - bits, bits)


def assert_close(got: np.ndarray, want: np.ndarray, ulps: int) -> None:
    assert got.dtype == want.dtype
    assert got.shape == want.shape
    if ulps == 0 or got.dtype.kind != "f":
        np.testing.assert_array_equal(got, want)
        return
    np.testing.assert_array_equal(np.isnan(got), np.isnan(want))
    numbers = ~np.isnan(got)
    apart = np.abs(ordered(got)[numbers] - ordered(want)[numbers])
    assert apart.max(initial=0) <= ulps


def check(name: str, value: Any, ulps: int = 0) -> None:
    """Compare with the recorded result `name`, whole or by hash and sample."""
    for key, got in cases.compact(name, np.asarray(value)).items():
        if key.endswith("#sha256") and ulps:
            continue
        assert_close(got, GOLDEN[key], ulps)


def as_dtype(values: Any, dtype: str) -> jax.Array:
    return jnp.asarray(np.asarray(values, np.float64).astype(jnp.dtype(dtype)))


@functools.cache
def largest(op: str, dtype: str, bounds: tuple[int, ...]) -> np.ndarray:
    key, counter = philox.key_counter_from_seed(np.array(cases.SEED, np.int32))
    sample = jax.jit(SAMPLERS[op], static_argnums=(2, 3))
    return np.asarray(sample(key, counter, (100_000,), jnp.dtype(dtype), *bounds))


@pytest.mark.parametrize("row", cases.fixed_rows(), ids=lambda row: row[0])
def test_fixed_distributions(row, key_counter):
    name, op, dtype, shape, bounds = row
    if dtype in ("float32", "int64") or shape == (7,):
        sample = jax.jit(SAMPLERS[op], static_argnums=(2, 3))
        value = sample(*key_counter, shape, jnp.dtype(dtype), *bounds)
    else:  # a small result is the beginning of a large one, and compiling takes long
        value = largest(op, dtype, bounds)[: int(np.prod(shape))].reshape(shape)
    assert value.shape == shape
    if dtype == "bfloat16":  # kept as bits: exact, or one rounding apart
        bits = np.asarray(value).view(np.uint16)
        for key, got in cases.compact(name, bits).items():
            np.testing.assert_array_equal(got, GOLDEN[key])
    else:
        check(name, value, ULPS.get(op, 0))


@pytest.mark.parametrize("dtype", cases.REJECTION_FLOATS)
def test_gamma(dtype, key_counter):
    alpha = as_dtype(cases.ALPHAS, dtype)
    ulps = ULPS_GAMMA_FLOAT64 if dtype == "float64" else ULPS["gamma"]
    check(f"gamma/{dtype}", gamma(*key_counter, alpha, 150), ulps)
    states = seed_rules.EagerKernelStates()
    for call in range(2):
        blocks = philox.reserved_blocks(9 * alpha.size)
        key, counter = states.reserve("RandomGamma", *cases.SEEDS, blocks)
        check(f"stateful_gamma/{dtype}/{call}", gamma(key, counter, alpha, 9), ulps)


@pytest.mark.parametrize("dtype", cases.REJECTION_FLOATS)
def test_poisson(dtype, key_counter):
    rate = as_dtype(cases.RATES, dtype)
    for out in ("float64", "int32"):
        value = poisson(*key_counter, rate, 150, out)
        check(f"poisson/{dtype}/{out}", value)
    states = seed_rules.EagerKernelStates()
    for call in range(2):
        blocks = philox.reserved_blocks(9 * rate.size)
        key, counter = states.reserve("RandomPoissonV2", *cases.SEEDS, blocks)
        value = poisson(key, counter, rate, 9, "int64")
        check(f"stateful_poisson/{dtype}/{call}", value)


def test_poisson_of_nan_and_infinity(key_counter):
    value = poisson(*key_counter, jnp.array([np.nan, np.inf]), 2, "float32")
    np.testing.assert_array_equal(value, [[np.nan, np.inf]] * 2)
    value = poisson(*key_counter, jnp.array([np.nan]), 1, "int32")
    assert int(value[0, 0]) == np.iinfo(np.int32).min


@pytest.mark.parametrize("dtype", cases.REJECTION_FLOATS)
def test_binomial(dtype, key_counter):
    counts, probs = as_dtype(cases.COUNTS, dtype), as_dtype(cases.PROBS, dtype)
    for out in ("float64", "int32"):
        value = binomial(*key_counter, (150, counts.size), counts, probs, out)
        check(f"binomial/{dtype}/{out}", value)


def test_binomial_of_nan(key_counter):
    probs = jnp.array([np.nan, 0.5])
    counts = jnp.array([5.0, np.nan])
    value = binomial(*key_counter, (3, 2), counts, probs, "float32")
    assert np.isnan(value).all()


def test_binomial_wants_a_shape_that_ends_with_the_batch(key_counter):
    counts = jnp.array([5.0, 6.0])
    with pytest.raises(ValueError, match=r"binomial: shape \[3\] does not end with .* \[2\]"):
        rejection.binomial(*key_counter, (3,), counts, counts / 10.0, "float32")


@pytest.mark.parametrize(
    "dtype",
    ["float32", *(pytest.param(d, marks=pytest.mark.slow) for d in ("float16", "float64"))],
)
def test_parameterized_truncated_normal(dtype, key_counter):
    ulps = ULPS["parameterized"]
    states = seed_rules.EagerKernelStates()

    def stateful(name: str, shape: tuple[int, ...], params: list[jax.Array]) -> None:
        blocks = rejection.reserved_blocks_truncated(shape, [param.shape for param in params])
        key, counter = states.reserve("ParameterizedTruncatedNormal", *cases.SEEDS, blocks)
        value = parameterized_stateful(key, counter, shape, *params)
        check(f"stateful_parameterized/{dtype}/{name}", value, ulps)

    for index, numbers in enumerate(cases.TRUNCATIONS):
        params = [as_dtype(number, dtype) for number in numbers]
        check(f"parameterized/{dtype}/{index}", parameterized(*key_counter, (505,), *params), ulps)
        stateful(str(index), (5, 51), params)
    params = [as_dtype(numbers, dtype) for numbers in cases.TRUNCATION_VECTORS]
    check(f"parameterized/{dtype}/vector", parameterized(*key_counter, (51, 4), *params), ulps)
    stateful("vector", (4, 51), params)


@pytest.mark.parametrize(
    "params", [(0.0, 0.0, -1.0, 1.0), (0.0, 1.0, 1.0, 1.0), (0.0, 1.0, -np.inf, np.inf)]
)
def test_parameters_that_tensorflow_refuses_give_nan(params, key_counter):
    arrays = [jnp.float32(number) for number in params]
    value = parameterized(*key_counter, (3,), *arrays)
    assert np.isnan(value).all()


def test_parameterized_refuses_bfloat16(key_counter):
    arrays = [jnp.asarray(number, jnp.bfloat16) for number in (0.0, 1.0, -1.0, 1.0)]
    with pytest.raises(ValueError, match="no dtype bfloat16"):
        rejection.parameterized_truncated_normal(*key_counter, (3,), *arrays)
    with pytest.raises(ValueError, match="no dtype bfloat16"):
        rejection.parameterized_truncated_normal_stateful(*key_counter, (3,), *arrays)
    f32 = [array.astype(jnp.float32).reshape(1) for array in arrays]
    with pytest.raises(ValueError, match=r"does not end with .* \[1\]"):
        rejection.parameterized_truncated_normal(*key_counter, (3,), *f32)


@pytest.mark.parametrize("dtype", cases.FLOATS)
def test_categorical(dtype, key_counter):
    logits = as_dtype(cases.logits("float64"), dtype)
    value = philox.categorical(*key_counter, logits, 33, np.int64)
    check(f"categorical/{dtype}", value)
    states = seed_rules.EagerKernelStates()
    for call in range(2):
        blocks = philox.reserved_blocks_categorical(logits.shape[0], 6)
        key, counter = states.reserve("Multinomial", *cases.SEEDS, blocks)
        value = philox.categorical(key, counter, logits, 6, np.int64)
        check(f"stateful_categorical/{dtype}/{call}", value)


def test_shuffle(key_counter):
    states = seed_rules.EagerKernelStates()
    for size in cases.SHUFFLE_SIZES:
        rows = jnp.arange(size, dtype=jnp.int32)
        check(f"shuffle/{size}", philox.shuffle(*key_counter, rows))
        blocks = philox.reserved_blocks_shuffle(size)
        key, counter = states.reserve("RandomShuffle", *cases.SEEDS, blocks)
        check(f"stateful_shuffle/{size}", philox.shuffle(key, counter, rows))
    table = jnp.arange(2002).reshape(1001, 2)
    order = philox.shuffle_permutation(*key_counter, 1001)
    np.testing.assert_array_equal(philox.shuffle(*key_counter, table), np.asarray(table)[order])


@pytest.mark.parametrize("limit", cases.INDEX_LIMITS)
def test_index_shuffle(limit):
    index = np.arange(min(limit + 1, 50))
    seed = np.array([philox.INDEX_SHUFFLE_SEED_PAD, 1, -2])
    value = philox.index_shuffle(index, seed, np.int64(limit))
    check(f"index_shuffle/{limit}", value.astype(jnp.int64))


def test_index_shuffle_is_a_permutation():
    seed = np.array([[1, 2, 3], [4, 5, 6]])[:, None]
    value = philox.index_shuffle(np.arange(301), seed, 300)
    np.testing.assert_array_equal(np.sort(value, axis=1), [np.arange(301)] * 2)


def test_keys_and_counters_from_seeds():
    for index, (pair, dtype) in enumerate(cases.KEY_SEEDS):
        key, counter = philox.key_counter_from_seed(np.array(pair, dtype))
        check(f"key_counter/{index}", jnp.concatenate([key, counter]))
    for index, (pair, dtype) in enumerate(cases.SPLIT_SEEDS):
        seed = np.array(pair, dtype)
        check(f"split/{index}", generator_state.split_seed(seed, 5))
        check(f"fold_in/{index}", generator_state.fold_in(seed, np.int32(9)))


def test_initialisers():
    for index, (shape, limit, pair) in enumerate(cases.INITIALISERS):
        key, counter = philox.key_counter_from_seed(np.array(pair, np.int32))
        unit = np.asarray(philox.uniform(key, counter, shape, np.float32))
        low, high = np.float32(-limit), np.float32(limit)
        check(f"initialiser/{index}", unit * (high - low) + low)


def test_both_forms_of_keys_and_counters_agree():
    key, counter = philox.key_counter_from_seed_pair(2**40 + 3, 2**50 + 1)
    wide_key = np.uint64(2**40 + 3)
    wide_counter = np.array([0, 2**50 + 1], np.uint64)
    np.testing.assert_array_equal(
        philox.random_bits(key, counter, 5), philox.random_bits(wide_key, wide_counter, 5)
    )
    assert philox.random_bits(key, counter, 0).shape == (0, 4)


@pytest.mark.parametrize(
    ("key", "counter", "match"),
    [
        (np.zeros(3, np.uint32), np.zeros(4, np.uint32), r"key must be .* got uint32\[3\]"),
        (np.uint64(1), np.zeros(2, np.int64), r"counter must be .* got int64\[2\]"),
    ],
)
def test_wrong_keys_and_counters(key, counter, match):
    with pytest.raises(ValueError, match=match):
        philox.random_bits(key, counter, 1)


def test_wrong_seeds_and_dtypes(key_counter):
    with pytest.raises(ValueError, match=r"shape \[2\], got int64\[3\]"):
        philox.key_counter_from_seed(np.zeros(3, np.int64))
    with pytest.raises(ValueError, match="uniform has no dtype int32"):
        philox.uniform(*key_counter, (2,), np.int32)


@pytest.mark.parametrize("start", [0, 2**32 - 1, 2**64 - 1, 2**96 - 1, 2**128 - 1])
@pytest.mark.parametrize("blocks", [0, 1, 256, 2**32, 2**40 + 7])
def test_skip_carries_and_agrees_with_the_stream(start, blocks):
    counter = np.frombuffer(start.to_bytes(16, "little"), "<u4").astype(np.uint32)
    wide = np.frombuffer(start.to_bytes(16, "little"), "<u8").astype(np.uint64)
    want = (start + blocks) % 2**128
    moved = np.asarray(philox.skip(counter, np.uint64(blocks)))
    assert int.from_bytes(moved.tobytes(), "little") == want
    moved = np.asarray(philox.skip(wide, np.uint64(blocks)))
    assert int.from_bytes(moved.tobytes(), "little") == want


# ------------------------------------------------------------------------------- seed rules


class Runner:
    """Runs the seed programs on the kernels as a dispatcher would."""

    OPS: ClassVar[dict[str, Any]] = {
        "uniform": ("RandomUniform", philox.uniform),
        "normal": ("RandomStandardNormal", philox.normal),
        "truncated_normal": ("TruncatedNormal", philox.truncated_normal),
    }

    def __init__(self) -> None:
        self.states = seed_rules.EagerKernelStates()
        self.functions: list[list[tuple[Any, ...]]] = []

    def set_seed(self, seed: Any) -> None:
        seed_rules.set_seed(seed)
        self.states.reset()

    def draw(self, op: str, shape: Any, dtype: str, seeds: Any, node: Any = None) -> jax.Array:
        op_name, sample = self.OPS[op]
        blocks = philox.reserved_blocks(int(np.prod(shape)))
        key, counter = self.states.reserve((op_name, dtype, node), *seeds, blocks)
        return sample(key, counter, shape, jnp.dtype(dtype))

    def trace(self, draws: list[tuple[Any, ...]]) -> None:
        count = iter(range(100))
        nodes = []
        for op, shape, dtype, seed in draws:
            seeds = seed_rules.get_seed(
                seed, graph_next_id=lambda: next(count), graph_seed=seed_rules.global_seed()
            )
            nodes.append((op, shape, dtype, seeds))
        self.functions.append(nodes)

    def call(self, index: int) -> list[jax.Array]:
        return [
            self.draw(*node, node=(index, position))
            for position, node in enumerate(self.functions[index])
        ]


@pytest.fixture
def no_global_seed():
    seed_rules.set_seed(None)
    yield
    seed_rules.set_seed(None)


@pytest.mark.parametrize("name", cases.SEED_PROGRAMS)
def test_seed_programs(name, no_global_seed):
    runner = Runner()
    for index, (kind, *rest) in enumerate(cases.SEED_PROGRAMS[name]):
        if kind == "set_seed":
            runner.set_seed(rest[0])
        elif kind == "function":
            runner.trace(rest[0])
        elif kind == "call":
            for position, value in enumerate(runner.call(rest[0])):
                check(f"seeds/{name}/{index}/{position}", value, 2)
        else:
            shape, dtype, seed = rest
            value = runner.draw(kind, shape, dtype, seed_rules.get_seed(seed))
            check(f"seeds/{name}/{index}", value, 2)


def test_seed_pairs(no_global_seed):
    assert seed_rules.get_seed(None) == (None, None)
    assert seed_rules.get_seed(-5) == (87654321, 2147483642)
    assert seed_rules.get_seed(2**40) == (87654321, 512)
    for seed in (7, np.int64(7), np.array(7)):
        seed_rules.set_seed(seed)
        pairs = [seed_rules.get_seed(None) for _ in range(3)]
        assert pairs == [(7, 1390851128), (7, 647892279), (7, 1695753998)]
    seed_rules.set_seed(0)
    assert seed_rules.get_seed(0) == (0, 2**31 - 1)
    assert seed_rules.get_seed(None, graph_next_id=0) == (0, 2**31 - 1)
    assert seed_rules.get_seed(None, graph_next_id=4, graph_seed=9) == (9, 4)
    assert seed_rules.get_seed(None, graph_next_id=4, graph_seed=None) == (None, None)


def test_graph_counter_is_asked_only_where_it_counts(no_global_seed):
    def refuse() -> int:
        raise AssertionError("asked")

    assert seed_rules.get_seed(3, graph_next_id=refuse) == (87654321, 3)
    assert seed_rules.get_seed(3, graph_next_id=refuse, graph_seed=7) == (7, 3)
    assert seed_rules.get_seed(None, graph_next_id=refuse) == (None, None)


def test_determinism_wants_a_seed(no_global_seed):
    with pytest.raises(RuntimeError, match="without a seed while op determinism is on"):
        seed_rules.get_seed(None, deterministic=True)
    assert seed_rules.get_seed(1, deterministic=True) == (87654321, 1)


def test_set_seed_resets_the_shared_states_and_listeners(no_global_seed):
    calls: list[int] = []
    seed_rules.on_set_seed(lambda: calls.append(1))
    states = seed_rules.EAGER_KERNEL_STATES
    first = states.reserve("test_op", 1, 2, 10)[1].tolist()
    assert states.reserve("test_op", 1, 2, 10)[1].tolist() != first
    seed_rules.set_seed(None)
    assert states.reserve("test_op", 1, 2, 10)[1].tolist() == first
    assert calls == [1]


def test_states_without_seeds_start_anywhere_and_go_on():
    states = seed_rules.EagerKernelStates()
    key, counter = states.reserve("op", None, None, 2**33)
    again, later = states.reserve("op", None, None, 1)
    np.testing.assert_array_equal(key, again)
    np.testing.assert_array_equal(philox.skip(counter, np.uint64(2**33)), later)
    assert seed_rules.EagerKernelStates().reserve("op", 0, 0, 1)[0].tolist() != key.tolist()


def test_threads_never_get_the_same_stretch():
    states = seed_rules.EagerKernelStates()
    starts: list[int] = []

    def work() -> None:
        for _ in range(200):
            starts.append(int(states.reserve("op", 1, 2, 3)[1][0]))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(starts) == list(range(0, 2400, 3))


# ------------------------------------------------------------------------------- generators


def test_generator_states_from_seeds():
    for index, seed in enumerate(cases.GENERATOR_SEEDS + cases.GENERATOR_SEED_LISTS):
        check(f"generator_seed/{index}", generator_state.state_from_seed(seed))


def step_generator(method: str, rest: tuple[Any, ...], state: Any) -> tuple[Any, Any]:
    if method == "skip":
        return state, generator_state.skip(state, rest[0])
    if method in ("make_seeds", "split"):
        return getattr(generator_state, method)(state, *rest)
    if method == "binomial":
        shape, counts, probs = rest
        key, counter, state = generator_state.read_and_skip_binomial(state, shape, (2,))
        counts, probs = jnp.array(counts, jnp.float32), jnp.array(probs, jnp.float32)
        return binomial(key, counter, shape, counts, probs, "int32"), state
    shape, dtype, *bounds = rest
    key, counter, state = generator_state.read_and_skip(state, int(np.prod(shape)))
    return SAMPLERS[method](key, counter, shape, jnp.dtype(dtype), *bounds), state


def test_generator_sequence():
    state = generator_state.state_from_key_counter(2**63 + 5, [1, 2**64 - 1], "philox")
    check("generator/start", state)
    for index, (method, rest) in enumerate(cases.GENERATOR_STEPS):
        value, state = step_generator(method, rest, state)
        check(f"generator/{index}", value, 2)
        check(f"generator/{index}/state", state)


def test_non_deterministic_states_differ():
    first, second = (generator_state.non_deterministic_state() for _ in range(2))
    assert first.dtype == np.int64
    assert first.tolist() != second.tolist()


def test_algorithms():
    assert generator_state.algorithm_number("Auto_Select") == 3
    assert generator_state.algorithm_number(generator_state.Algorithm.PHILOX) == 1
    assert generator_state.runnable_algorithm("auto_select") == 1
    assert generator_state.state_size("threefry") == 2
    with pytest.raises(UnimplementedError, match="ThreeFry algorithm is not supported"):
        generator_state.runnable_algorithm("threefry")
    with pytest.raises(ValueError, match="unknown algorithm 'mersenne'"):
        generator_state.algorithm_number("mersenne")
    with pytest.raises(TypeError, match="got float"):
        generator_state.algorithm_number(1.0)
    with pytest.raises(ValueError, match="got 4"):
        generator_state.runnable_algorithm(4)
    with pytest.raises(ValueError, match="got 4"):
        generator_state.state_size(4)


def test_wrong_keys_for_generators():
    with pytest.raises(ValueError, match=r"counter must have shape \[2\], got \[3\]"):
        generator_state.state_from_key_counter(1, [1, 2, 3], "philox")
    with pytest.raises(ValueError, match=r"key must be a scalar, got shape \[1\]"):
        generator_state.state_from_key_counter([1], [1, 2], "philox")
