"""What AutoGraph's loops cost beside hand-written ones: ratios, and the time of a conversion.

python benchmarks/autograph_loops.py
"""

from __future__ import annotations

import linecache
import statistics
import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

import deras as tf

TRIPS, STEPS, BATCH, WIDTH = 10_000, 100, 32, 64


def seconds(run: Callable[[], Any], other: Callable[[], Any], rounds: int = 15) -> tuple[Any, Any]:
    """Median time of each of two callables, run in turns so that both see the same machine."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(3):
        run(), other()
    for _ in range(rounds):
        for kept, function in zip(times, (run, other), strict=True):
            start = time.perf_counter()
            function()
            kept.append(time.perf_counter() - start)
    return statistics.median(times[0]), statistics.median(times[1])


def while_with_if() -> tuple[float, float]:
    """10,000 trips with an `if` inside."""

    @tf.function
    def ours(n):
        i, total = tf.constant(0), tf.constant(0.0)
        while i < n:
            if total > 100.0:
                total = total - 100.0
            else:
                total = total + tf.cast(i, tf.float32) * 0.5
            i += 1
        return total

    @jax.jit
    def theirs(n):
        def body(carry):
            i, total = carry
            total = lax.cond(
                total > 100.0,
                lambda: total - 100.0,
                lambda: total + i.astype(jnp.float32) * 0.5,
            )
            return i + 1, total

        return lax.while_loop(lambda c: c[0] < n, body, (jnp.int32(0), jnp.float32(0)))[1]

    ours_n, theirs_n = tf.constant(TRIPS), jnp.int32(TRIPS)
    assert float(ours(ours_n)) == float(theirs(theirs_n))
    return seconds(lambda: ours(ours_n).numpy(), lambda: np.asarray(theirs(theirs_n)))


def recurrent() -> tuple[float, float]:
    """A recurrent net over time: forward and gradient."""
    rng = np.random.default_rng(0)
    xs = rng.normal(size=(STEPS, BATCH, WIDTH)).astype(np.float32)
    w = (rng.normal(size=(WIDTH, WIDTH)) * 0.1).astype(np.float32)
    u = (rng.normal(size=(WIDTH, WIDTH)) * 0.1).astype(np.float32)
    vw, vu = tf.Variable(w), tf.Variable(u)

    @tf.function
    def ours(rows):
        with tf.GradientTape() as tape:
            h = tf.zeros([BATCH, WIDTH])
            for x in rows:
                h = tf.tanh(tf.matmul(x, vw) + tf.matmul(h, vu))
            loss = tf.reduce_sum(h * h)
        return tape.gradient(loss, [vw, vu])

    def loss(parameters, rows):
        def step(h, x):
            return jnp.tanh(x @ parameters[0] + h @ parameters[1]), None

        h, _ = lax.scan(step, jnp.zeros((BATCH, WIDTH)), rows)
        return jnp.sum(h * h)

    theirs = jax.jit(jax.grad(loss))
    ours_rows, theirs_rows, parameters = tf.constant(xs), jnp.asarray(xs), (w, u)
    for mine, other in zip(ours(ours_rows), theirs(parameters, theirs_rows), strict=True):
        np.testing.assert_allclose(mine.numpy(), other, rtol=2e-3, atol=2e-3)
    return seconds(
        lambda: ours(ours_rows)[0].numpy(), lambda: np.asarray(theirs(parameters, theirs_rows)[0])
    )


def conversion() -> float:
    """The time to convert a function of 100 lines, nothing of its file known before."""
    lines = ["def long(x, n):\n"]
    for k in range(24):
        lines += [
            f"    if x > {k}.0:\n",
            f"        x = helper(x - {k}.0) * 2.0 + other(x, n)\n",
            "    else:\n",
            f"        x = x + {k}.0 if n > {k} and x < 3.0 else -x\n",
        ]
    lines += ["    for i in tf.range(n):\n", "        x = x + 1.0\n", "    return x\n"]
    times = []
    for attempt in range(5):
        name = f"<conversion {attempt}>"
        linecache.cache[name] = (sum(map(len, lines)), None, lines, name)
        names: dict[str, Any] = {}
        exec(compile("".join(lines), name, "exec"), names)
        start = time.perf_counter()
        tf.autograph.to_graph(names["long"])
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def main() -> None:
    for title, run, target in (
        (f"while of {TRIPS} trips with an if, beside lax.while_loop", while_with_if, 1.3),
        ("RNN forward and gradient, beside lax.scan under jax.grad", recurrent, 1.5),
    ):
        ours, theirs = run()
        print(
            f"{title}: {ours * 1e3:.3f} ms / {theirs * 1e3:.3f} ms = {ours / theirs:.2f} "
            f"(target {target})"
        )
    print(f"conversion of a function of 100 lines: {conversion() * 1e3:.1f} ms (target 100)")


if __name__ == "__main__":
    main()
