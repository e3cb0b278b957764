"""Critic with gradient penalty: the loss holds a gradient, so training is second order."""

from __future__ import annotations

from typing import Any

BATCH, FEATURES, HIDDEN, WEIGHT, RATE = 24, 5, 16, 10.0, 0.02


def curves(tf: Any, steps: int, compiled: bool) -> dict[str, list[float]]:
    tf.random.set_seed(5)
    w1 = tf.Variable(tf.random.normal([FEATURES, HIDDEN], stddev=0.5))
    b1 = tf.Variable(tf.zeros([HIDDEN]))
    w2 = tf.Variable(tf.random.normal([HIDDEN, HIDDEN], stddev=0.3))
    w3 = tf.Variable(tf.random.normal([HIDDEN, 1], stddev=0.3))
    weights = [w1, b1, w2, w3]

    def critic(x: Any) -> Any:
        hidden = tf.nn.softplus(tf.matmul(x, w1) + b1)
        hidden = tf.tanh(tf.matmul(hidden, w2))
        return tf.squeeze(tf.matmul(hidden, w3), -1)

    def penalty_at(points: Any) -> Any:
        with tf.GradientTape(watch_accessed_variables=False) as inner:
            inner.watch(points)
            scores = critic(points)
        slopes = inner.gradient(scores, points)
        norms = tf.sqrt(tf.reduce_sum(tf.square(slopes), axis=1) + 1e-12)
        return tf.reduce_mean((norms - 1.0) ** 2)

    def train_step(real: Any, fake: Any, seed: Any) -> tuple[Any, Any]:
        mix = tf.random.stateless_uniform([BATCH, 1], seed=seed)
        with tf.GradientTape() as outer:
            penalty = penalty_at(mix * real + (1.0 - mix) * fake)
            distance = tf.reduce_mean(critic(fake)) - tf.reduce_mean(critic(real))
            loss = distance + WEIGHT * penalty
        for w, g in zip(weights, outer.gradient(loss, weights), strict=True):
            w.assign_sub(RATE * g)
        return loss, penalty

    if compiled:
        train_step = tf.function(train_step)

    losses, penalties = [], []
    for step in range(steps):
        real = tf.random.stateless_normal([BATCH, FEATURES], seed=[step, 1], mean=0.8)
        fake = tf.random.stateless_normal([BATCH, FEATURES], seed=[step, 2], stddev=0.5)
        loss, penalty = train_step(real, fake, tf.constant([step, 3], dtype=tf.int64))
        losses.append(float(loss))
        penalties.append(float(penalty))
    return {"loss": losses, "penalty": penalties}


def run(tf: Any, steps: int = 50, compiled: bool = False) -> list[float]:
    return curves(tf, steps, compiled)["loss"]
