"""Two tasks, one trunk: a persistent tape gives a gradient for each task, conflicts are projected.

Also used: learned task weights, output_gradients, unconnected gradients as zeros, recording
stopped for a metric, and a gradient with respect to an activation in the middle.
"""

from __future__ import annotations

from typing import Any

EXAMPLES, FEATURES, TRUNK, RATE = 40, 6, 14, 0.05


def flat(tf: Any, tensors: list[Any]) -> Any:
    return tf.concat([tf.reshape(t, [-1]) for t in tensors], axis=0)


def curves(tf: Any, steps: int, compiled: bool) -> dict[str, list[float]]:
    tf.random.set_seed(3)
    x = tf.random.normal([EXAMPLES, FEATURES])
    wanted = tf.sin(tf.reduce_sum(x[:, :3], axis=1, keepdims=True))
    flag = tf.cast(x[:, 2:3] * x[:, 3:4] > 0.0, tf.float32)

    trunk = [
        tf.Variable(tf.random.normal([FEATURES, TRUNK], stddev=0.4)),
        tf.Variable(tf.zeros([TRUNK])),
    ]
    regress = tf.Variable(tf.random.normal([TRUNK, 1], stddev=0.3))
    classify = tf.Variable(tf.random.normal([TRUNK, 1], stddev=0.3))
    log_scales = tf.Variable([0.0, 0.0])

    def project(mine: list[Any], other: list[Any]) -> list[Any]:
        """Take from `mine` what points against `other`."""
        inner = tf.tensordot(flat(tf, mine), flat(tf, other), axes=1)
        size = tf.reduce_sum(tf.square(flat(tf, other)))
        share = tf.where(inner < 0.0, inner / size, 0.0)
        return [m - share * o for m, o in zip(mine, other, strict=True)]

    def train_step() -> tuple[Any, Any, Any]:
        with tf.GradientTape(persistent=True) as tape:
            hidden = tf.nn.swish(tf.matmul(x, trunk[0]) + trunk[1])
            first = tf.reduce_mean(tf.square(tf.matmul(hidden, regress) - wanted))
            logits = tf.matmul(hidden, classify)
            second = tf.reduce_mean(
                tf.nn.sigmoid_cross_entropy_with_logits(labels=flag, logits=logits)
            )
            with tape.stop_recording():
                hits = tf.cast(logits > 0.0, tf.float32) * flag
                overlap = tf.reduce_sum(hits) / tf.reduce_sum(flag)
            tasks = tf.stack([first, second])
            joint = tf.reduce_sum(tasks * tf.exp(-log_scales) + log_scales)
        zero = tf.UnconnectedGradients.ZERO
        one = tape.gradient(first, trunk)
        two = tape.gradient(second, trunk)
        regress_slope = tape.gradient(first, regress)
        # The regression does not reach this head: zeros, not None.
        cross = tape.gradient(first, classify, unconnected_gradients=zero)
        classify_slope = tape.gradient(second, classify) + cross
        scale_slope = tape.gradient(joint, log_scales)
        pull = tape.gradient(tasks, hidden, output_gradients=tf.constant([1.0, -1.0]))
        del tape
        for w, a, b in zip(trunk, project(one, two), project(two, one), strict=True):
            w.assign_sub(RATE * (a + b))
        regress.assign_sub(RATE * regress_slope)
        classify.assign_sub(RATE * classify_slope)
        log_scales.assign_sub(RATE * scale_slope)
        return joint, tf.norm(pull), overlap

    if compiled:
        train_step = tf.function(train_step)

    losses, pulls, overlaps = [], [], []
    for _ in range(steps):
        loss, pull, overlap = train_step()
        losses.append(float(loss))
        pulls.append(float(pull))
        overlaps.append(float(overlap))
    return {"loss": losses, "pull": pulls, "overlap": overlaps}


def run(tf: Any, steps: int = 50, compiled: bool = False) -> list[float]:
    return curves(tf, steps, compiled)["loss"]
