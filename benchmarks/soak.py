#!/usr/bin/env python3
"""Does memory stay flat? Many eager steps, then many functions made and dropped.

    python benchmarks/soak.py --engine deras
    python benchmarks/soak.py --engine tf --steps 20000 --functions 2000
    python benchmarks/soak.py --limit 20      # fails if the second half grows by more than 20 MB

Run it with the Python of the engine's environment. It prints resident memory as it goes; what
counts is the second half of each part, after caches have filled.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
POINTS = 20


def steps_tf(tf: Any) -> Callable[[int], None]:
    """An eager step on a batch that is new each time, its shape among five."""
    w1 = tf.Variable(tf.random.stateless_normal([8, 30], [1, 1], stddev=0.3))
    w2 = tf.Variable(tf.random.stateless_normal([30, 1], [1, 2], stddev=0.3))

    def step(i: int) -> None:
        x = tf.random.stateless_normal([28 + i % 5, 8], [i, 3])
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(tf.matmul(tf.tanh(tf.matmul(x, w1)), w2) - x[:, :1]))
        for w, g in zip([w1, w2], tape.gradient(loss, [w1, w2]), strict=True):
            w.assign_sub(0.05 * g)
        if i % 100 == 0:
            float(loss)

    return step


def functions_tf(tf: Any) -> Callable[[int], None]:
    """A model and a compiled step of its own, used once."""

    def make(i: int) -> None:
        w = tf.Variable(tf.ones([16, 16]))

        @tf.function
        def step(x: Any) -> Any:
            with tf.GradientTape() as tape:
                loss = tf.reduce_sum(tf.tanh(tf.matmul(x, w)))
            w.assign_sub(0.01 * tape.gradient(loss, w))
            return loss

        float(step(tf.ones([4, 16])))

    return make


def steps_jax(jax: Any) -> Callable[[int], None]:
    jnp = jax.numpy
    weights = [
        0.3 * jax.random.normal(jax.random.key(1), (8, 30)),
        0.3 * jax.random.normal(jax.random.key(2), (30, 1)),
    ]

    def loss_of(weights: Any, x: Any) -> Any:
        return jnp.mean(jnp.square(jnp.tanh(x @ weights[0]) @ weights[1] - x[:, :1]))

    def step(i: int) -> None:
        nonlocal weights
        x = jax.random.normal(jax.random.key(i), (28 + i % 5, 8))
        loss, slopes = jax.value_and_grad(loss_of)(weights, x)
        weights = [w - 0.05 * g for w, g in zip(weights, slopes, strict=True)]
        if i % 100 == 0:
            float(loss)

    return step


def functions_jax(jax: Any) -> Callable[[int], None]:
    jnp = jax.numpy

    def make(i: int) -> None:
        @jax.jit
        def step(w: Any, x: Any) -> Any:
            loss, slope = jax.value_and_grad(lambda w: jnp.sum(jnp.tanh(x @ w)))(w)
            return w - 0.01 * slope, loss

        float(step(jnp.ones([16, 16]), jnp.ones([4, 16]))[1])

    return make


def steps_torch(torch: Any) -> Callable[[int], None]:
    torch.manual_seed(1)
    weights = [
        (0.3 * torch.randn(8, 30)).requires_grad_(),
        (0.3 * torch.randn(30, 1)).requires_grad_(),
    ]

    def step(i: int) -> None:
        x = torch.randn(28 + i % 5, 8)
        loss = torch.mean(torch.square(torch.tanh(x @ weights[0]) @ weights[1] - x[:, :1]))
        slopes = torch.autograd.grad(loss, weights)
        with torch.no_grad():
            for w, g in zip(weights, slopes, strict=True):
                w.sub_(g, alpha=0.05)
        if i % 100 == 0:
            float(loss.detach())

    return step


def measure(
    title: str, work: Callable[[int], None], count: int, memory: Callable[[], float]
) -> float:
    """Run `work` `count` times, print the curve, return megabytes gained in the second half."""
    print(f"{title}: {count}", flush=True)
    curve: list[float] = []
    began = time.perf_counter()
    each = max(1, count // POINTS)
    for i in range(count):
        work(i)
        if (i + 1) % each == 0:
            gc.collect()
            curve.append(memory())
            print(f"  {i + 1:7d}  {curve[-1]:8.1f} MB", flush=True)
    seconds = time.perf_counter() - began
    growth = curve[-1] - curve[len(curve) // 2 - 1] if len(curve) > 1 else 0.0
    rate = 1000.0 * growth / (count / 2)
    print(
        f"  second half: {growth:+.1f} MB ({rate:+.2f} MB per thousand), "
        f"{1e6 * seconds / count:.0f} µs each",
        flush=True,
    )
    return growth


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--engine", choices=["deras", "tf", "jax", "torch"], default="deras")
    parser.add_argument("--steps", type=int, default=20_000)
    parser.add_argument("--functions", type=int, default=2_000)
    parser.add_argument("--limit", type=float, help="MB a second half may gain before it fails")
    options = parser.parse_args()

    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # The clone's own Deras, installed or not.
    sys.path.insert(0, str(HERE.parent))
    sys.path.insert(0, str(HERE))
    memory = importlib.import_module("process").resident_megabytes
    module = importlib.import_module({"tf": "tensorflow"}.get(options.engine, options.engine))
    print(f"{options.engine} {getattr(module, '__version__', '?')}: {memory():.1f} MB", flush=True)

    steps = {"deras": steps_tf, "tf": steps_tf, "jax": steps_jax, "torch": steps_torch}
    functions = {"deras": functions_tf, "tf": functions_tf, "jax": functions_jax}
    growths = []
    if options.steps:
        growths.append(measure("eager steps", steps[options.engine](module), options.steps, memory))
    if options.functions and options.engine in functions:
        growths.append(
            measure(
                "functions made and dropped",
                functions[options.engine](module),
                options.functions,
                memory,
            )
        )
    elif options.functions:
        print("functions made and dropped: not measured for this engine")
    if options.limit is not None and any(growth > options.limit for growth in growths):
        print(f"FAILED: more than {options.limit:g} MB in a second half", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
