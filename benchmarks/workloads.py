"""What is measured: names, sizes and data, the same for every engine.

An engine's file (`workloads_tf.py`, `workloads_jax.py`, `workloads_torch.py`) holds a function for
each name in CATALOG. It takes a namespace of that engine and a way to compile, and gives a `Case`.
All engines begin from the same numbers, made here by NumPy, so that `Case.check` (the first
losses, as a rule) must agree between them: a fast wrong answer shows.
"""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Work:
    """A row of the table."""

    title: str
    compiled: bool
    note: str = ""


CATALOG: dict[str, Work] = {
    "add": Work("eager add, 100 elements", False),
    "matmul": Work("eager matmul 64×64", False),
    "reduce_mean": Work("eager reduce_mean 64×64", False),
    "slice": Work("eager slice `x[1:3, ::2]` of 64×64", False),
    "small_mlp_eager": Work("small MLP (8-30-1, batch 32) step, SGD, eager", False),
    "small_mlp": Work("small MLP step, SGD, compiled", True),
    "wide_mlp_eager": Work("wide MLP (784-512-512-10, batch 256) step, SGD, eager", False),
    "wide_mlp": Work("wide MLP step, Adam, compiled", True),
    "conv": Work("convolution net (28×28×1, batch 64) step, compiled", True),
    "transformer": Work("transformer encoder (B8 S128 D256 H4, 2 layers) step, compiled", True),
    "lstm": Work("LSTM loop (T100 B32 H128), loss and gradients, compiled", True),
    "while": Work("while of 10,000 trips with an `if` inside", True),
    "embedding_eager": Work("embedding bag (100,000×64, batch 256×20), sparse SGD, eager", False),
    "embedding": Work("embedding bag, sparse SGD, compiled", True),
    "jacobian": Work("Jacobian of a 10-50-10 MLP, compiled", True),
    "checked": Work(
        "step with gather, sparse cross entropy, check_numerics",
        True,
        "out-of-range indices and labels, NaN and Inf must raise where the engine checks them",
    ),
    "unchecked": Work(
        "the same step with one-hot products, nothing to check",
        True,
        "against the row above: what the checks cost, less what JAX (which has none) says that "
        "the two ways of writing it differ by",
    ),
}


@dataclass
class Case:
    """One workload, ready to be timed.

    Attributes:
      call: Does the work once and returns the engine's result; it need not wait for it.
      sync: Waits until the given result, and all state behind it, is computed.
      check: Numbers that every engine must agree on, to CHECK_TOLERANCE.
    """

    call: Callable[[], Any]
    sync: Callable[[Any], Any]
    check: list[float] = field(default_factory=list)


# Relative and absolute. Engines sum in other orders; a mistaken workload is off by far more.
CHECK_TOLERANCE = 1e-3

SMALL_SIZES = (8, 30, 1)
SMALL_BATCH = 32
SMALL_RATE = 0.05
WIDE_SIZES = (784, 512, 512, 10)
WIDE_BATCH = 256
WIDE_SGD_RATE = 0.05
ADAM_RATE, ADAM_BETA1, ADAM_BETA2, ADAM_EPSILON = 1e-3, 0.9, 0.999, 1e-7
CONV_BATCH, CONV_RATE = 64, 0.05
ATTENTION_BATCH, ATTENTION_TIME, ATTENTION_WIDTH, ATTENTION_HEADS = 8, 128, 256, 4
ATTENTION_LAYERS, ATTENTION_HIDDEN, ATTENTION_RATE = 2, 1024, 0.05
LSTM_TIME, LSTM_BATCH, LSTM_UNITS = 100, 32, 128
TRIPS = 10_000
TABLE_ROWS, TABLE_WIDTH, BAGS, BAG_SIZE, TABLE_RATE = 100_000, 64, 256, 20, 1.0
JACOBIAN_SIZES = (10, 50, 10)
CHECKED_WORDS, CHECKED_WIDTH, CHECKED_BATCH, CHECKED_CLASSES, CHECKED_RATE = 64, 32, 128, 10, 0.1


def _generator(name: str) -> np.random.Generator:
    return np.random.default_rng(zlib.crc32(name.encode()))


def normal(name: str, *shape: int, scale: float = 1.0) -> np.ndarray:
    """Normal float32 numbers that depend on `name` alone."""
    return (_generator(name).standard_normal(shape) * scale).astype(np.float32)


def integers(name: str, limit: int, *shape: int) -> np.ndarray:
    """Uniform int32 numbers below `limit` that depend on `name` alone."""
    return _generator(name).integers(0, limit, shape).astype(np.int32)


def dense_weights(name: str, sizes: tuple[int, ...]) -> list[np.ndarray]:
    """Kernel and bias of each layer in turn."""
    weights = []
    for i, (rows, columns) in enumerate(itertools.pairwise(sizes)):
        weights.append(normal(f"{name}.w{i}", rows, columns, scale=rows**-0.5))
        weights.append(np.zeros([columns], np.float32))
    return weights


def conv_weights() -> list[np.ndarray]:
    """Kernels (height, width, in, out) and biases of two convolutions, then the dense head."""
    return [
        normal("conv.k1", 3, 3, 1, 32, scale=0.3),
        np.zeros([32], np.float32),
        normal("conv.k2", 3, 3, 32, 64, scale=0.06),
        np.zeros([64], np.float32),
        normal("conv.head", 7 * 7 * 64, 10, scale=0.02),
        np.zeros([10], np.float32),
    ]


def attention_weights() -> list[dict[str, np.ndarray]]:
    """One dictionary a layer."""
    width, hidden = ATTENTION_WIDTH, ATTENTION_HIDDEN
    layers = []
    for i in range(ATTENTION_LAYERS):
        shapes = {
            "query": (width, width),
            "key": (width, width),
            "value": (width, width),
            "output": (width, width),
            "up": (width, hidden),
            "down": (hidden, width),
        }
        layer = {
            key: normal(f"attention{i}.{key}", *shape, scale=shape[0] ** -0.5)
            for key, shape in shapes.items()
        }
        layer |= {"up_bias": np.zeros([hidden], np.float32)}
        layer |= {"down_bias": np.zeros([width], np.float32)}
        layer |= {"scale1": np.ones([width], np.float32), "shift1": np.zeros([width], np.float32)}
        layer |= {"scale2": np.ones([width], np.float32), "shift2": np.zeros([width], np.float32)}
        layers.append(layer)
    return layers
