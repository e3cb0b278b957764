"""Streaming metrics: fed batch by batch, read at the end of an epoch."""

from __future__ import annotations

import tensorflow as tf


class StreamingMean(tf.Module):
    """The mean of every value seen since the last reset."""

    def __init__(self, name=None):
        super().__init__(name=name)
        self.total = tf.Variable(0.0, trainable=False, name="total")
        self.count = tf.Variable(0.0, trainable=False, name="count")

    def update(self, value):
        self.total.assign_add(value)
        self.count.assign_add(1.0)

    def result(self):
        return tf.math.divide_no_nan(self.total, self.count)

    def reset(self):
        self.total.assign(0.0)
        self.count.assign(0.0)


class Confusion(tf.Module):
    """Counts of (true class, predicted class), and what can be read from them."""

    def __init__(self, classes, name=None):
        super().__init__(name=name)
        self.classes = classes
        self.counts = tf.Variable(tf.zeros([classes, classes]), trainable=False, name="counts")

    def update(self, labels, logits):
        predicted = tf.argmax(logits, axis=-1, output_type=tf.int32)
        self.counts.assign_add(
            tf.matmul(
                tf.one_hot(labels, self.classes),
                tf.one_hot(predicted, self.classes),
                transpose_a=True,
            )
        )

    def accuracy(self):
        """Share of examples on the diagonal."""
        return tf.math.divide_no_nan(tf.linalg.trace(self.counts), tf.reduce_sum(self.counts))

    def macro_f1(self):
        """F1 of each class, averaged with equal weight."""
        hits = tf.linalg.diag_part(self.counts)
        predicted = tf.reduce_sum(self.counts, axis=0)
        actual = tf.reduce_sum(self.counts, axis=1)
        return tf.reduce_mean(tf.math.divide_no_nan(2.0 * hits, predicted + actual))

    def reset(self):
        self.counts.assign(tf.zeros_like(self.counts))
