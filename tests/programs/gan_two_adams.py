"""Adversarial nets on a ring of points: two tapes, two Adams by hand, noise from a Generator."""

from __future__ import annotations

import math
from typing import Any

BATCH, NOISE, HIDDEN, MODES = 32, 4, 16, 6


class Adam:
    """Adam with its slots in variables, one object for each net."""

    def __init__(self, tf: Any, variables: list[Any], rate: float, beta1: float) -> None:
        self.tf, self.variables, self.rate, self.beta1 = tf, variables, rate, beta1
        self.step = tf.Variable(0.0, trainable=False)
        self.first = [tf.Variable(tf.zeros_like(v), trainable=False) for v in variables]
        self.second = [tf.Variable(tf.zeros_like(v), trainable=False) for v in variables]

    def apply(self, gradients: list[Any]) -> None:
        tf = self.tf
        t = self.step.assign_add(1.0)
        rate = self.rate * tf.sqrt(1.0 - 0.999**t) / (1.0 - self.beta1**t)
        for v, m, s, g in zip(self.variables, self.first, self.second, gradients, strict=True):
            m.assign_add((g - m) * (1.0 - self.beta1))
            s.assign_add((g * g - s) * 0.001)
            v.assign_sub(rate * m / (tf.sqrt(s) + 1e-7))


class Net:
    """Two dense layers with a leaky rectifier between."""

    def __init__(self, tf: Any, inputs: int, outputs: int) -> None:
        self.tf = tf
        self.w1 = tf.Variable(tf.random.uniform([inputs, HIDDEN], -0.6, 0.6))
        self.b1 = tf.Variable(tf.zeros([HIDDEN]))
        self.w2 = tf.Variable(tf.random.uniform([HIDDEN, outputs], -0.4, 0.4))
        self.b2 = tf.Variable(tf.zeros([outputs]))
        self.variables = [self.w1, self.b1, self.w2, self.b2]

    def __call__(self, x: Any) -> Any:
        hidden = self.tf.nn.leaky_relu(x @ self.w1 + self.b1, alpha=0.2)
        return hidden @ self.w2 + self.b2


def curves(tf: Any, steps: int, compiled: bool) -> dict[str, list[float]]:
    tf.random.set_seed(1234)
    generator, critic = Net(tf, NOISE, 2), Net(tf, 2, 1)
    generator_adam = Adam(tf, generator.variables, rate=0.01, beta1=0.5)
    critic_adam = Adam(tf, critic.variables, rate=0.01, beta1=0.5)
    draws = tf.random.Generator.from_seed(77)

    def real_points() -> Any:
        mode = draws.uniform([BATCH], 0, MODES, dtype=tf.int32)
        angle = tf.cast(mode, tf.float32) * (2.0 * math.pi / MODES)
        centre = tf.stack([tf.cos(angle), tf.sin(angle)], axis=1)
        return centre + draws.normal([BATCH, 2], stddev=0.05)

    def cross_entropy(logits: Any, wanted: float) -> Any:
        labels = tf.fill(tf.shape(logits), wanted)
        return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels, logits))

    def train_step() -> tuple[Any, Any]:
        real = real_points()
        noise = draws.normal([BATCH, NOISE])
        with tf.GradientTape() as critic_tape, tf.GradientTape() as generator_tape:
            fake = generator(noise)
            real_score, fake_score = critic(real), critic(fake)
            critic_loss = cross_entropy(real_score, 0.9) + cross_entropy(fake_score, 0.0)
            generator_loss = cross_entropy(fake_score, 1.0)
        critic_adam.apply(critic_tape.gradient(critic_loss, critic.variables))
        generator_adam.apply(generator_tape.gradient(generator_loss, generator.variables))
        return critic_loss, generator_loss

    if compiled:
        train_step = tf.function(train_step)

    critic_losses, generator_losses = [], []
    for _ in range(steps):
        critic_loss, generator_loss = train_step()
        critic_losses.append(float(critic_loss))
        generator_losses.append(float(generator_loss))
    return {"loss": critic_losses, "generator": generator_losses}


def run(tf: Any, steps: int = 50, compiled: bool = False) -> list[float]:
    return curves(tf, steps, compiled)["loss"]
