#!/usr/bin/env python3
"""Record TensorFlow's random numbers and seed rules in tests/golden/random.npz.

Run it in an environment that has TensorFlow (Deras is not needed there). The rows stand in
tests/ops/random_cases.py. One thread per op: some kernels (categorical, parameterized truncated
normal) give other numbers when several share the work.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "ops"))

import random_cases as cases  # noqa: E402


def fixed(tf: Any, record: Any) -> None:
    seed = cases.SEED
    for name, op, dtype, shape, bounds in cases.fixed_rows():
        if op == "uniform":
            value = tf.random.stateless_uniform(shape, seed, dtype=dtype)
        elif op == "normal":
            value = tf.random.stateless_normal(shape, seed, dtype=dtype)
        elif op == "truncated_normal":
            value = tf.random.stateless_truncated_normal(shape, seed, dtype=dtype)
        elif op == "uniform_full_int":
            value = tf.random.stateless_uniform(shape, seed, None, None, dtype=dtype)
        else:
            value = tf.random.stateless_uniform(shape, seed, *bounds, dtype=dtype)
        record(name, value)


def rejection(tf: Any, record: Any) -> None:
    raw, seed = tf.raw_ops, cases.SEED
    first, second = cases.SEEDS
    key, counter = raw.StatelessRandomGetKeyCounter(seed=seed)
    for dtype in cases.REJECTION_FLOATS:
        alpha = tf.constant(cases.ALPHAS, dtype)
        rate = tf.constant(cases.RATES, dtype)
        counts, probs = tf.constant(cases.COUNTS, dtype), tf.constant(cases.PROBS, dtype)
        shape = [150, len(cases.ALPHAS)]
        record(
            f"gamma/{dtype}",
            raw.StatelessRandomGammaV3(shape=shape, key=key, counter=counter, alg=1, alpha=alpha),
        )
        for out in ("float64", "int32"):
            shape = [150, len(cases.RATES)]
            record(
                f"poisson/{dtype}/{out}",
                raw.StatelessRandomPoisson(shape=shape, seed=seed, lam=rate, dtype=out),
            )
            shape = [150, len(cases.COUNTS)]
            record(
                f"binomial/{dtype}/{out}",
                tf.random.stateless_binomial(shape, seed, counts, probs, output_dtype=out),
            )
        for call in range(2):
            record(
                f"stateful_gamma/{dtype}/{call}",
                raw.RandomGamma(shape=[9], alpha=alpha, seed=first, seed2=second),
            )
            record(
                f"stateful_poisson/{dtype}/{call}",
                raw.RandomPoissonV2(shape=[9], rate=rate, seed=first, seed2=second),
            )
        for index, params in enumerate(cases.TRUNCATIONS):
            mean, stddev, low, high = (tf.constant(value, dtype) for value in params)
            record(
                f"parameterized/{dtype}/{index}",
                tf.random.stateless_parameterized_truncated_normal(
                    [505], seed, mean, stddev, low, high
                ),
            )
            record(
                f"stateful_parameterized/{dtype}/{index}",
                raw.ParameterizedTruncatedNormal(
                    shape=[5, 51], means=mean, stdevs=stddev, minvals=low, maxvals=high,
                    seed=first, seed2=second,
                ),
            )  # fmt: skip
        mean, stddev, low, high = (tf.constant(v, dtype) for v in cases.TRUNCATION_VECTORS)
        record(
            f"parameterized/{dtype}/vector",
            tf.random.stateless_parameterized_truncated_normal(
                [51, 4], seed, mean, stddev, low, high
            ),
        )
        record(
            f"stateful_parameterized/{dtype}/vector",
            raw.ParameterizedTruncatedNormal(
                shape=[4, 51], means=mean, stdevs=stddev, minvals=low, maxvals=high,
                seed=first, seed2=second,
            ),
        )  # fmt: skip


def choosing(tf: Any, record: Any) -> None:
    raw, seed = tf.raw_ops, cases.SEED
    first, second = cases.SEEDS
    for dtype in cases.FLOATS:
        values = tf.constant(cases.logits("float64"), dtype)
        record(f"categorical/{dtype}", tf.random.stateless_categorical(values, 33, seed))
        for call in range(2):
            record(
                f"stateful_categorical/{dtype}/{call}",
                raw.Multinomial(logits=values, num_samples=6, seed=first, seed2=second),
            )
    for size in cases.SHUFFLE_SIZES:
        rows = tf.range(size)
        record(f"shuffle/{size}", tf.random.experimental.stateless_shuffle(rows, seed))
        record(f"stateful_shuffle/{size}", raw.RandomShuffle(value=rows, seed=first, seed2=second))
    for limit in cases.INDEX_LIMITS:
        index = np.arange(min(limit + 1, 50))
        record(
            f"index_shuffle/{limit}",
            tf.random.experimental.index_shuffle(
                tf.constant(index, tf.int64), [1, -2], tf.constant(limit, tf.int64)
            ),
        )
    for index, (pair, dtype) in enumerate(cases.KEY_SEEDS):
        key, counter = raw.StatelessRandomGetKeyCounter(seed=tf.constant(pair, dtype))
        record(f"key_counter/{index}", tf.concat([key, counter], 0))
    for index, (pair, dtype) in enumerate(cases.SPLIT_SEEDS):
        record(f"split/{index}", tf.random.split(tf.constant(pair, dtype), 5))
        record(f"fold_in/{index}", tf.random.fold_in(tf.constant(pair, dtype), 9))
    for index, (shape, limit, pair) in enumerate(cases.INITIALISERS):
        record(f"initialiser/{index}", tf.random.stateless_uniform(shape, pair, -limit, limit))


def seed_programs(tf: Any, record: Any) -> None:
    def draw(op: str, shape: Any, dtype: str, seed: Any) -> Any:
        return getattr(tf.random, op)(shape, dtype=dtype, seed=seed)

    for name, steps in cases.SEED_PROGRAMS.items():
        tf.random.set_seed(None)
        functions = []
        for index, (kind, *rest) in enumerate(steps):
            if kind == "set_seed":
                tf.random.set_seed(rest[0])
            elif kind == "function":
                made = tf.function(lambda draws=tuple(rest[0]): [draw(*step) for step in draws])
                functions.append(made.get_concrete_function())
            elif kind == "call":
                for position, value in enumerate(functions[rest[0]]()):
                    record(f"seeds/{name}/{index}/{position}", value)
            else:
                record(f"seeds/{name}/{index}", draw(kind, *rest))


def generators(tf: Any, record: Any) -> None:
    for index, seed in enumerate(cases.GENERATOR_SEEDS + cases.GENERATOR_SEED_LISTS):
        record(f"generator_seed/{index}", tf.random.Generator.from_seed(seed).state)
    generator = tf.random.Generator.from_key_counter(2**63 + 5, [1, 2**64 - 1], "philox")
    record("generator/start", generator.state)
    for index, (method, rest) in enumerate(cases.GENERATOR_STEPS):
        if method in ("normal", "uniform", "truncated_normal"):
            value = getattr(generator, method)(rest[0], dtype=rest[1])
        elif method == "uniform_int":
            value = generator.uniform(rest[0], rest[2], rest[3], dtype=rest[1])
        elif method == "uniform_full_int":
            value = generator.uniform_full_int(rest[0], dtype=rest[1])
        elif method == "binomial":
            value = generator.binomial(rest[0], tf.constant(rest[1]), tf.constant(rest[2]))
        elif method == "split":
            value = tf.stack([child.state.read_value() for child in generator.split(*rest)])
        else:
            value = getattr(generator, method)(*rest)
        record(f"generator/{index}", value)
        record(f"generator/{index}/state", generator.state)


def main() -> None:
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    results: dict[str, np.ndarray] = {}

    def record(name: str, value: Any) -> None:
        results.update(cases.compact(name, np.asarray(value.numpy())))

    for part in (fixed, rejection, choosing, seed_programs, generators):
        part(tf, record)
    results["tensorflow_version"] = np.array(tf.__version__)
    path = ROOT / "tests" / "golden" / "random.npz"
    np.savez_compressed(path, allow_pickle=False, **results)
    print(f"{path.relative_to(ROOT)}: {len(results)} arrays, {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
