"""What `scripts/golden_random.py` records from TensorFlow and `test_philox.py` compares.

Rows are data, so that both sides read the same ones: one runs them in TensorFlow, the other in
the kernels.
"""

from __future__ import annotations

import hashlib
import math
from typing import Any

import numpy as np

FLOATS = ("float16", "bfloat16", "float32", "float64")
REJECTION_FLOATS = ("float16", "float32", "float64")
SHAPES = ((), (0,), (1,), (7,), (3, 5), (1000,), (100_000,))
SEED = (5, -7)  # of stateless ops
SEEDS = (5, 2**31 - 3)  # attributes seed, seed2 of stateful ops
LARGE = 2000  # larger results are kept as hash and sample
SAMPLE_STEP = 499


def name_of(*parts: Any) -> str:
    return "/".join(str(part).replace(" ", "") for part in parts)


# (name, sampler, dtype, shape, extra arguments)
def fixed_rows() -> list[tuple[str, str, str, tuple[int, ...], tuple[int, ...]]]:
    """Distributions with a fixed number of words per value."""
    rows = []
    for shape in SHAPES:
        for dtype in FLOATS:
            for op in ("uniform", "normal", "truncated_normal"):
                rows.append((name_of(op, dtype, shape), op, dtype, shape, ()))
        for dtype in ("int32", "int64", "uint32", "uint64"):
            op = "uniform_full_int"
            rows.append((name_of(op, dtype, shape), op, dtype, shape, ()))
        for dtype in ("int32", "int64"):
            info = np.iinfo(dtype)
            for bounds in ((0, 10), (-7, 1_000_003), (int(info.min), int(info.max))):
                op = "uniform_int"
                rows.append((name_of(op, dtype, shape, bounds), op, dtype, shape, bounds))
    return rows


ALPHAS = (0.05, 0.3, 1.0, 1.5, 7.0, 1000.0, 0.0)
RATES = (0.1, 0.0, 3.0, 9.9, 10.0, 11.5, 100.0, 3000.0, -1.0)
COUNTS = (10, 10, 10, 100, 100, 1000, 0, -3, 10, 10, 10, 5.5)
PROBS = (0.1, 0.5, 0.9, 0.05, 0.3, 0.7, 0.5, 0.5, 1, 0, -0.5, 0.5)
TRUNCATIONS = (
    (0, 1, -2, 2),
    (0, 1, -1, 1),
    (0, 1, 3, 9),
    (0, 1, -math.inf, -2),
    (1, 2, 2, math.inf),
    (3, 0.5, 1, 2),
    (0, 1, 0.5, 0.6),
)
TRUNCATION_VECTORS = ((0, 1, 2, -1.0), (1, 1, 1, 1), (-1, -2, 3, -3), (2, 4, 5, -2))
SHUFFLE_SIZES = (0, 1, 2, 3, 4, 5, 6, 1001)
INDEX_LIMITS = (0, 1, 4, 300, 65535, 65536, 70000, 2**20, 2**31 - 1, 2**40)
SPLIT_SEEDS = (((1, 2), "int32"), ((-1, 2**40), "int64"))
KEY_SEEDS = (
    ((0, 0), "int32"), ((1, 2), "int32"), ((-1, 7), "int32"), ((2**31 - 1, -(2**31)), "int32"),
    ((2**40 + 3, -(2**50)), "int64"), ((1337, 0), "int32"), ((42, 42), "int64"),
)  # fmt: skip


def logits(dtype: str) -> np.ndarray:
    rows = np.random.default_rng(3).normal(size=(7, 50)) * 3
    rows[1, 5], rows[2, :40], rows[3, 0] = -np.inf, -np.inf, np.nan
    return rows.astype(dtype)


# Programs with stateful ops. A step is ("set_seed", seed), a draw (op, shape, dtype, seed), or
# ("function", draws): trace the draws into a function; ("call", index): run the index-th one.
SEED_PROGRAMS: dict[str, list[tuple[Any, ...]]] = {
    "global_only": [
        ("set_seed", 7),
        ("uniform", (3,), "float32", None),
        ("uniform", (3,), "float32", None),
        ("normal", (5,), "float32", None),
        ("truncated_normal", (5,), "float32", None),
        ("uniform", (2, 2), "float64", None),
    ],
    "op_only": [
        ("set_seed", None),
        ("uniform", (3,), "float32", 1),
        ("uniform", (5,), "float32", 1),
        ("normal", (3,), "float32", 1),
        ("normal", (3,), "float16", 1),
        ("uniform", (3,), "float32", 2),
        ("uniform", (3,), "float32", 1),
        ("uniform", (3,), "float32", -5),
        ("uniform", (3,), "float32", 0),
    ],
    "both": [
        ("set_seed", 2**40 + 3),
        ("uniform", (3,), "float32", 1),
        ("uniform", (3,), "float32", None),
        ("uniform", (3,), "float32", 1),
    ],
    "zeros": [("set_seed", 0), ("uniform", (3,), "float32", 0), ("normal", (3,), "float32", None)],
    "negative": [("set_seed", -3), ("uniform", (3,), "float32", None)],
    "set_twice": [
        ("set_seed", 7),
        ("uniform", (3,), "float32", 1),
        ("uniform", (3,), "float32", None),
        ("set_seed", 7),
        ("uniform", (3,), "float32", 1),
        ("uniform", (3,), "float32", None),
        ("uniform", (3,), "float32", 1),
    ],
    "functions": [
        ("set_seed", 7),
        (
            "function",
            [
                ("uniform", (3,), "float32", None),
                ("uniform", (3,), "float32", 3),
                ("uniform", (3,), "float32", 3),
                ("normal", (3,), "float32", None),
            ],
        ),
        ("call", 0),
        ("call", 0),
        ("function", [("uniform", (3,), "float32", None)]),
        ("call", 1),
        ("set_seed", 8),
        ("call", 0),
        ("call", 1),
        ("uniform", (3,), "float32", None),
    ],
}

# Steps on one generator: (method, arguments). After each the state is recorded.
GENERATOR_STEPS: list[tuple[str, tuple[Any, ...]]] = [
    ("normal", ((3,), "float32")),
    ("normal", ((), "float64")),
    ("uniform", ((0,), "float32")),
    ("uniform", ((5, 2), "float16")),
    ("truncated_normal", ((7,), "float32")),
    ("uniform_int", ((4,), "int32", -3, 100)),
    ("uniform_full_int", ((4,), "uint64")),
    ("skip", (3,)),
    ("skip", (-1,)),
    ("binomial", ((4, 2), (10.0, 20.0), (0.5, 0.2))),
    ("make_seeds", (3,)),
    ("split", (2,)),
    ("uniform", ((5,), "float64")),
]
GENERATOR_SEEDS: list[Any] = [1, 0, -1, 2**63, 12345678901234567890123456789012345678901234567890]
GENERATOR_SEED_LISTS = [[1, 2], [1, 2, 3], [1, 2, 3, 4], [2**63 + 5]]

# Uniform initialisers as Keras makes them: (shape, limit, seed).
INITIALISERS = [((5, 3), 0.5, (1337, 0)), ((64, 32), 0.25, (42, 1)), ((3, 3, 4, 8), 0.1, (7, 7))]


def compact(prefix: str, value: np.ndarray) -> dict[str, np.ndarray]:
    """`value` itself, or of a large one its hash and a sample."""
    value = np.ascontiguousarray(value)
    if value.dtype.name == "bfloat16":
        value = value.view(np.uint16)
    if value.size <= LARGE:
        return {prefix: value}
    digest = np.frombuffer(hashlib.sha256(value.tobytes()).digest(), np.uint8)
    flat = value.reshape(-1)
    sample = np.concatenate([flat[:8], flat[::SAMPLE_STEP], flat[-8:]])
    return {f"{prefix}#sha256": digest, f"{prefix}#sample": sample}
