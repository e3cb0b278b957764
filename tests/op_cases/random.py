"""Rows of `tf.random.stateless_*` and dropout: functions of their seed, so values are compared.

Sequences of stateful functions and generators are in `tests/ops/test_random_api.py` and
`tests/state/test_generator.py`.
"""

from __future__ import annotations

from typing import Any

from .case import FLOATS, Case, constant, given, ints, normal, positive, uniform

SEED = given([5, -7], "int32")


def scaled_normal(tf: Any, seed: Any, mean: Any, stddev: Any) -> Any:
    return tf.random.stateless_normal([3, 2], seed, mean, stddev, mean.dtype)


def scaled_truncated(tf: Any, seed: Any, mean: Any, stddev: Any) -> Any:
    return tf.random.stateless_truncated_normal([3, 2], seed, mean, stddev, mean.dtype)


def between(tf: Any, seed: Any, low: Any, high: Any) -> Any:
    return tf.random.stateless_uniform([3, 2], seed, low, high, low.dtype)


def full_range(tf: Any, seed: Any) -> Any:
    return [
        tf.random.stateless_uniform([3], seed, None, None, dtype)
        for dtype in (tf.int32, tf.uint32, tf.int64, tf.uint64)
    ]


def gamma(tf: Any, seed: Any, alpha: Any, beta: Any) -> Any:
    return tf.random.stateless_gamma([2, 3], seed, alpha, beta, alpha.dtype)


def stateless(name: str) -> Any:
    """A call with the seed first."""

    def call(tf: Any, seed: Any, shape: Any, *rest: Any, **attrs: Any) -> Any:
        return getattr(tf.random, name)(shape, seed, *rest, **attrs)

    return call


CASES = [
    Case(
        "random.stateless_normal",
        [SEED, normal(2), positive(2)],
        dtypes=FLOATS,
        call=scaled_normal,
        empty=False,
    ),
    Case(
        "random.stateless_truncated_normal",
        [SEED, normal(2), positive(2)],
        dtypes=FLOATS,
        call=scaled_truncated,
        empty=False,
    ),
    Case(
        "random.stateless_uniform",
        [SEED, normal(2), positive(2)],
        dtypes=FLOATS,
        call=between,
        empty=False,
    ),
    Case(
        "random.stateless_uniform",
        [SEED, constant([4]), ints(-9, -3), ints(3, 99)],
        {"dtype": "int32"},
        id="stateless_uniform-int",
        call=stateless("stateless_uniform"),
        empty=False,
    ),
    Case(
        "random.stateless_uniform",
        [SEED],
        id="stateless_uniform-full",
        call=full_range,
        empty=False,
    ),
    Case(
        "random.stateless_gamma",
        [SEED, positive(3), positive(3)],
        call=gamma,
        dtypes=("float32", "float64"),
        # The sample as the draws make it jumps with alpha; the gradient is the implicit one.
        fd=False,
        order2=False,
        grad_rtol=1e-4,
        empty=False,
    ),
    Case(
        "random.stateless_poisson",
        [SEED, constant([2, 2]), given([0.5, 30.0], "float32")],
        call=stateless("stateless_poisson"),
        empty=False,
    ),
    Case(
        "random.stateless_binomial",
        [SEED, constant([2, 2]), given([9.0, 90.0], "float32"), uniform(0.2, 0.8, (2,))],
        call=stateless("stateless_binomial"),
        dtypes=("float32",),
        grad=None,
        empty=False,
    ),
    Case(
        "random.stateless_parameterized_truncated_normal",
        [SEED, constant([2, 2]), given([0.5, 1.0], "float32")],
        call=stateless("stateless_parameterized_truncated_normal"),
        empty=False,
    ),
    Case(
        "random.stateless_categorical",
        [normal(2, 4), 3, SEED],
        dtypes=("float32", "float64"),
        grad=None,
        empty=False,
    ),
    Case(
        "random.experimental.stateless_shuffle",
        [normal(5, 2), SEED],
        dtypes=("float32", "int32", "bool"),
        grad=None,
        empty=False,
    ),
    Case("random.experimental.index_shuffle", [ints(0, 9, (4,)), SEED, constant(9)], empty=False),
    Case("random.split", [SEED, 3], empty=False),
    Case("random.fold_in", [SEED, given(7, "int64")], empty=False),
    Case(
        "nn.experimental.stateless_dropout",
        [normal(4, 3), 0.4, SEED],
        dtypes=FLOATS,
        empty=False,
    ),
]
