"""Custom training of a multi-layer perceptron: SGD with momentum, L2, streaming metrics."""

from __future__ import annotations

from typing import Any

EXAMPLES, FEATURES, CLASSES, HIDDEN, BATCH = 96, 8, 3, 24, 32
RATE, MOMENTUM, DECAY = 0.05, 0.9, 1e-3


def make_data(tf: Any) -> tuple[Any, Any]:
    """Gaussian features, labels by a random linear rule."""
    features = tf.random.normal([EXAMPLES, FEATURES])
    rule = tf.random.normal([FEATURES, CLASSES], seed=11)
    labels = tf.argmax(tf.matmul(features, rule), axis=1, output_type=tf.int32)
    order = tf.random.shuffle(tf.range(EXAMPLES), seed=5)
    return tf.gather(features, order), tf.gather(labels, order)


def curves(tf: Any, steps: int, compiled: bool) -> dict[str, list[float]]:
    tf.random.set_seed(2024)
    features, labels = make_data(tf)

    kernels = [
        tf.Variable(tf.random.truncated_normal([FEATURES, HIDDEN], stddev=0.4), name="hidden"),
        tf.Variable(tf.random.truncated_normal([HIDDEN, CLASSES], stddev=0.3), name="head"),
    ]
    biases = [
        tf.Variable(tf.random.uniform([HIDDEN], -0.1, 0.1)),
        tf.Variable(tf.zeros([CLASSES])),
    ]
    weights = kernels + biases
    velocities = [tf.Variable(tf.zeros_like(w), trainable=False) for w in weights]
    right = tf.Variable(0, dtype=tf.int32, trainable=False)
    seen = tf.Variable(0, dtype=tf.int32, trainable=False)

    def predict(batch: Any) -> Any:
        hidden = tf.nn.relu(batch @ kernels[0] + biases[0])
        return tf.matmul(hidden, kernels[1]) + biases[1]

    def train_step(batch: Any, target: Any) -> Any:
        smooth = tf.one_hot(target, CLASSES, on_value=0.95, off_value=0.025)
        with tf.GradientTape() as tape:
            logits = predict(batch)
            data_loss = tf.reduce_mean(
                tf.nn.softmax_cross_entropy_with_logits(labels=smooth, logits=logits)
            )
            loss = data_loss + DECAY * tf.add_n([tf.nn.l2_loss(k) for k in kernels])
        for w, v, g in zip(weights, velocities, tape.gradient(loss, weights), strict=True):
            v.assign(MOMENTUM * v + g)
            w.assign_sub(RATE * v)
        hits = tf.equal(tf.argmax(logits, axis=1, output_type=tf.int32), target)
        right.assign_add(tf.reduce_sum(tf.cast(hits, tf.int32)))
        seen.assign_add(tf.shape(batch)[0])
        return loss

    if compiled:
        train_step = tf.function(train_step)

    losses, accuracy = [], []
    for step in range(steps):
        first = step * BATCH % EXAMPLES
        if first == 0:
            right.assign(0)
            seen.assign(0)
        batch = features[first : first + BATCH]
        losses.append(float(train_step(batch, labels[first : first + BATCH])))
        accuracy.append(float(right / seen))
    return {"loss": losses, "accuracy": accuracy}


def run(tf: Any, steps: int = 50, compiled: bool = False) -> list[float]:
    return curves(tf, steps, compiled)["loss"]
