"""Plain Python if, while, for, break and continue on tensors, as AutoGraph turns them."""

from __future__ import annotations

from typing import Any

BATCH, WIDTH, INNER = 10, 4, 6


def curves(tf: Any, steps: int, compiled: bool) -> dict[str, list[float]]:
    tf.random.set_seed(21)
    x = tf.random.normal([BATCH, WIDTH])
    y = tf.reduce_sum(tf.abs(x), axis=1)
    w = tf.Variable(tf.random.normal([WIDTH], stddev=0.3))
    b = tf.Variable(0.0)
    skipped = tf.Variable(0, trainable=False)

    def huber(error: Any, limit: Any) -> Any:
        if tf.abs(error) <= limit:
            return 0.5 * error * error
        return limit * (tf.abs(error) - 0.5 * limit)

    def loss_of(limit: Any) -> Any:
        total = 0.0
        for i in tf.range(BATCH):
            error = tf.tensordot(tf.abs(x[i]), w, 1) + b - y[i]
            if tf.abs(error) < 1e-3:
                skipped.assign_add(1)
                continue
            total += huber(error, limit)
        return total / BATCH

    def train_step(limit: Any) -> tuple[Any, Any]:
        with tf.GradientTape() as tape:
            loss = loss_of(limit)
        slope_w, slope_b = tape.gradient(loss, [w, b])
        # Halve the step until the loss falls: a backtracking line search.
        rate = tf.constant(1.0)
        tries = tf.constant(0)
        old_w, old_b = w.read_value(), b.read_value()
        while tries < INNER:
            w.assign(old_w - rate * slope_w)
            b.assign(old_b - rate * slope_b)
            if loss_of(limit) < loss and rate < 0.9:
                break
            rate *= 0.5
            tries += 1
        return loss, rate

    if compiled:
        train_step = tf.function(train_step)

    losses, rates = [], []
    for step in range(steps):
        loss, rate = train_step(tf.constant(1.0 if step % 2 else 0.8))
        losses.append(float(loss))
        rates.append(float(rate))
    return {"loss": losses, "rate": rates}


def run(tf: Any, steps: int = 50, compiled: bool = False) -> list[float]:
    return curves(tf, steps, compiled)["loss"]
