"""Physics-informed nets: derivatives with respect to the inputs stand inside the loss.

The first solves u'' = -pi^2 sin(pi x), u(-1) = u(1) = 0, by three nested tapes. The second
solves the oscillator q' = p, p' = -q with one net of two outputs, by batch_jacobian.
"""

from __future__ import annotations

import math
from typing import Any

POINTS, HIDDEN, RATE = 20, 12, 2e-3


class Field:
    """A net of two tanh layers, from one input to `outputs`."""

    def __init__(self, tf: Any, outputs: int, seed: int) -> None:
        self.tf = tf
        sizes = [(1, HIDDEN), (HIDDEN, HIDDEN), (HIDDEN, outputs)]
        self.kernels = [
            tf.Variable(tf.random.stateless_normal(size, [seed, i], stddev=1.0 / size[0] ** 0.5))
            for i, size in enumerate(sizes)
        ]
        self.biases = [tf.Variable(tf.zeros([size[1]])) for size in sizes]
        self.weights = self.kernels + self.biases

    def __call__(self, x: Any) -> Any:
        for kernel, bias in zip(self.kernels[:-1], self.biases[:-1], strict=True):
            x = self.tf.tanh(self.tf.linalg.matmul(x, kernel) + bias)
        return self.tf.linalg.matmul(x, self.kernels[-1]) + self.biases[-1]


def curves(tf: Any, steps: int, compiled: bool) -> dict[str, list[float]]:
    tf.random.set_seed(1)
    space = tf.reshape(tf.linspace(-1.0, 1.0, POINTS), [-1, 1])
    times = tf.sort(tf.random.uniform([POINTS, 1], 0.0, 2.0), axis=0)
    potential = Field(tf, 1, seed=3)
    motion = Field(tf, 2, seed=4)
    source = -(math.pi**2) * tf.sin(math.pi * space)

    def descend(tape: Any, loss: Any, weights: list[Any]) -> None:
        slopes, _ = tf.clip_by_global_norm(tape.gradient(loss, weights), 20.0)
        for w, g in zip(weights, slopes, strict=True):
            w.assign_sub(RATE * g)

    def poisson_step(x: Any) -> Any:
        edges = tf.constant([[-1.0], [1.0]])
        with tf.GradientTape() as tape:
            with tf.GradientTape() as second:
                second.watch(x)
                with tf.GradientTape() as first:
                    first.watch(x)
                    u = potential(x)
                slope = first.gradient(u, x)
            curvature = second.gradient(slope, x)
            inside = tf.reduce_mean(tf.square(curvature - source))
            outside = tf.reduce_mean(tf.square(potential(edges)))
            loss = inside + 10.0 * outside
        descend(tape, loss, potential.weights)
        return loss

    def oscillator_step(t: Any) -> Any:
        with tf.GradientTape() as tape:
            with tf.GradientTape() as inner:
                inner.watch(t)
                state = motion(t)
            rates = tf.squeeze(inner.batch_jacobian(state, t), axis=-1)
            q, p = tf.unstack(state, axis=1)
            wanted = tf.stack([p, -q], axis=1)
            start = motion(tf.zeros([1, 1])) - tf.constant([[1.0, 0.0]])
            loss = tf.reduce_mean((rates - wanted) ** 2) + tf.reduce_sum(start**2)
        descend(tape, loss, motion.weights)
        return loss

    if compiled:
        poisson_step = tf.function(poisson_step)
        oscillator_step = tf.function(oscillator_step)

    poisson, oscillator = [], []
    for _ in range(steps):
        poisson.append(float(poisson_step(space)))
        oscillator.append(float(oscillator_step(times)))
    return {"loss": poisson, "oscillator": oscillator}


def run(tf: Any, steps: int = 50, compiled: bool = False) -> list[float]:
    return curves(tf, steps, compiled)["loss"]
