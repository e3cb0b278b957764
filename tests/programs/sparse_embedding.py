"""Word vectors by negative sampling: gradients of a large table stay IndexedSlices.

The table is read twice in a step (centre words and context words), so the tape has to join two
sparse gradients. Updates are sparse too: scatter_sub, and scatter_add for the counts.
"""

from __future__ import annotations

from typing import Any

WORDS, WIDTH, BATCH, NEGATIVES, RATE = 500, 8, 16, 4, 0.5


def curves(tf: Any, steps: int, compiled: bool) -> dict[str, list[float]]:
    tf.random.set_seed(17)
    table = tf.Variable(tf.random.uniform([WORDS, WIDTH], -0.5, 0.5), name="table")
    bias = tf.Variable(tf.zeros([WORDS]), name="bias")
    counts = tf.Variable(tf.zeros([WORDS]), trainable=False, name="counts")

    def train_step(centre: Any, context: Any, negative: Any) -> Any:
        with tf.GradientTape() as tape:
            middle = tf.nn.embedding_lookup(table, centre)
            near = tf.gather(table, context)
            far = tf.gather(table, negative)
            near_score = tf.reduce_sum(middle * near, axis=1) + tf.gather(bias, context)
            far_score = tf.einsum("bd,bnd->bn", middle, far)
            loss = -tf.reduce_mean(tf.math.log_sigmoid(near_score))
            loss -= tf.reduce_mean(tf.reduce_sum(tf.math.log_sigmoid(-far_score), axis=1))
        table_slope, bias_slope = tape.gradient(loss, [table, bias])
        for slope in (table_slope, bias_slope):
            if not isinstance(slope, tf.IndexedSlices):
                raise TypeError(f"gradient of a gathered variable became dense: {type(slope)}")
        table.scatter_sub(tf.IndexedSlices(RATE * table_slope.values, table_slope.indices))
        bias.scatter_sub(tf.IndexedSlices(RATE * bias_slope.values, bias_slope.indices))
        counts.scatter_add(tf.IndexedSlices(tf.ones([BATCH]), centre))
        return loss

    if compiled:
        train_step = tf.function(train_step)

    losses, norms = [], []
    for step in range(steps):
        # Few words, many times: repeated indices within a step must add up.
        centre = tf.random.stateless_uniform([BATCH], [step, 1], 0, 12, dtype=tf.int32)
        context = (centre * 7 + 3) % WORDS
        negative = tf.random.stateless_uniform(
            [BATCH, NEGATIVES], [step, 2], 0, WORDS, dtype=tf.int64
        )
        losses.append(float(train_step(centre, context, negative)))
        norms.append(float(tf.norm(table)))
    if float(tf.reduce_sum(counts)) != steps * BATCH:
        raise ValueError("scatter_add lost counts of repeated indices")
    return {"loss": losses, "table_norm": norms}


def run(tf: Any, steps: int = 50, compiled: bool = False) -> list[float]:
    return curves(tf, steps, compiled)["loss"]
