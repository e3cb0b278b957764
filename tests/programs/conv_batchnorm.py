"""Small convolution net with batch normalisation and its moving averages, on drawn stripes."""

from __future__ import annotations

from typing import Any

SIZE, BATCH, CLASSES = 12, 24, 3
RATE, KEEP, EPSILON = 0.1, 0.9, 1e-3


def make_images(tf: Any) -> tuple[Any, Any]:
    """Noisy horizontal, vertical and diagonal stripes, a phase drawn for each image."""
    labels = tf.random.uniform([BATCH], maxval=CLASSES, dtype=tf.int32, seed=3)
    phase = tf.random.uniform([BATCH, 1, 1], maxval=6.28)
    rows, columns = tf.meshgrid(tf.range(SIZE), tf.range(SIZE), indexing="ij")
    rows = tf.cast(rows, tf.float32)
    columns = tf.cast(columns, tf.float32)
    slopes = tf.gather(tf.constant([[1.0, 0.0], [0.0, 1.0], [0.7, 0.7]]), labels)
    waves = tf.sin(
        slopes[:, 0, tf.newaxis, tf.newaxis] * rows
        + slopes[:, 1, tf.newaxis, tf.newaxis] * columns
        + phase
    )
    images = waves[..., tf.newaxis] + tf.random.normal([BATCH, SIZE, SIZE, 1], stddev=0.3)
    return images, labels


class BatchNorm:
    """Normalisation over all axes but the last, by tf.nn.moments."""

    def __init__(self, tf: Any, channels: int) -> None:
        self.tf = tf
        self.gamma = tf.Variable(tf.ones([channels]))
        self.beta = tf.Variable(tf.zeros([channels]))
        self.mean = tf.Variable(tf.zeros([channels]), trainable=False)
        self.variance = tf.Variable(tf.ones([channels]), trainable=False)

    def __call__(self, x: Any, training: bool) -> Any:
        tf = self.tf
        if training:
            mean, variance = tf.nn.moments(x, axes=[0, 1, 2])
            self.mean.assign_sub((self.mean - mean) * (1.0 - KEEP))
            self.variance.assign_sub((self.variance - variance) * (1.0 - KEEP))
        else:
            mean, variance = self.mean, self.variance
        return tf.nn.batch_normalization(x, mean, variance, self.beta, self.gamma, EPSILON)


def curves(tf: Any, steps: int, compiled: bool) -> dict[str, list[float]]:
    tf.random.set_seed(99)
    images, labels = make_images(tf)
    held_images, held_labels = make_images(tf)

    first = tf.Variable(tf.random.normal([3, 3, 1, 6], stddev=0.3))
    second = tf.Variable(tf.random.normal([3, 3, 6, 8], stddev=0.2))
    head = tf.Variable(tf.random.normal([8, CLASSES], stddev=0.3))
    bias = tf.Variable(tf.zeros([CLASSES]))
    norms = [BatchNorm(tf, 6), BatchNorm(tf, 8)]
    weights = [first, second, head, bias]
    for norm in norms:
        weights += [norm.gamma, norm.beta]

    def predict(x: Any, training: bool) -> Any:
        x = tf.nn.conv2d(x, first, strides=1, padding="SAME")
        x = tf.nn.relu(norms[0](x, training))
        x = tf.nn.max_pool2d(x, ksize=2, strides=2, padding="VALID")
        x = tf.nn.conv2d(x, second, strides=[1, 2, 2, 1], padding="SAME")
        x = tf.nn.relu(norms[1](x, training))
        x = tf.reduce_mean(x, axis=[1, 2])
        return tf.nn.bias_add(tf.matmul(x, head), bias)

    def loss_of(logits: Any, target: Any) -> Any:
        return tf.reduce_mean(
            tf.nn.sparse_softmax_cross_entropy_with_logits(labels=target, logits=logits)
        )

    def train_step(x: Any, target: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = loss_of(predict(x, True), target)
        for w, g in zip(weights, tape.gradient(loss, weights), strict=True):
            w.assign_sub(RATE * g)
        return loss

    def evaluate(x: Any, target: Any) -> Any:
        return loss_of(predict(x, False), target)

    if compiled:
        train_step = tf.function(train_step)
        evaluate = tf.function(evaluate)

    losses, held = [], []
    for _ in range(steps):
        losses.append(float(train_step(images, labels)))
        held.append(float(evaluate(held_images, held_labels)))
    return {"loss": losses, "held_out": held}


def run(tf: Any, steps: int = 50, compiled: bool = False) -> list[float]:
    return curves(tf, steps, compiled)["loss"]
