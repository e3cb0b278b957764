"""Adagrad on an embedding: repeated rows are joined by tf.unique before the sparse update.

The number of distinct rows is known only from the data, so a compiled step has a shape in it
that depends on values.
"""

from __future__ import annotations

from typing import Any

ITEMS, WIDTH, BATCH, BAG, RATE = 200, 6, 12, 5, 0.3


def curves(tf: Any, steps: int, compiled: bool) -> dict[str, list[float]]:
    tf.random.set_seed(41)
    table = tf.Variable(tf.random.normal([ITEMS, WIDTH], stddev=0.4))
    squares = tf.Variable(tf.fill([ITEMS, WIDTH], 0.1), trainable=False)
    head = tf.Variable(tf.random.normal([WIDTH, 1], stddev=0.4))
    truth = tf.random.normal([ITEMS], stddev=1.5)

    def update_sparse(slope: Any) -> Any:
        rows, place = tf.unique(slope.indices)
        joined = tf.math.unsorted_segment_sum(slope.values, place, tf.size(rows))
        squares.scatter_add(tf.IndexedSlices(tf.square(joined), rows))
        scale = RATE * tf.math.rsqrt(tf.gather(squares, rows) + 1e-7)
        table.scatter_sub(tf.IndexedSlices(scale * joined, rows))
        return tf.size(rows)

    def train_step(bags: Any) -> tuple[Any, Any]:
        target = tf.reduce_mean(tf.gather(truth, bags), axis=1)
        with tf.GradientTape() as tape:
            mean = tf.reduce_mean(tf.gather(table, bags), axis=1)
            output = tf.squeeze(tf.tanh(mean) @ head, axis=1)
            loss = tf.reduce_mean(tf.math.squared_difference(output, target))
        slope, head_slope = tape.gradient(loss, [table, head])
        distinct = update_sparse(slope)
        head.assign_sub(0.1 * head_slope)
        return loss, distinct

    if compiled:
        train_step = tf.function(train_step)

    losses, distinct = [], []
    for step in range(steps):
        bags = tf.random.stateless_uniform([BATCH, BAG], [step, 8], 0, 40, dtype=tf.int32)
        loss, rows = train_step(bags)
        losses.append(float(loss))
        distinct.append(float(rows))
    return {"loss": losses, "distinct_rows": distinct}


def run(tf: Any, steps: int = 50, compiled: bool = False) -> list[float]:
    return curves(tf, steps, compiled)["loss"]
