"""Losses written by hand. Each returns one number per example or, if named so, one in all."""

from __future__ import annotations

import tensorflow as tf


def cross_entropy(labels, logits, *, smoothing=0.0):
    """Softmax cross-entropy from logits; `smoothing` spreads a share of the label evenly."""
    classes = logits.shape[-1]
    log_probabilities = logits - tf.reduce_logsumexp(logits, axis=-1, keepdims=True)
    wanted = tf.one_hot(labels, classes) * (1.0 - smoothing) + smoothing / classes
    return -tf.reduce_sum(wanted * log_probabilities, axis=-1)


def huber(target, prediction, *, delta=0.25):
    """Quadratic up to an error of `delta`, linear beyond it; mean over the last axis."""
    error = tf.abs(target - prediction)
    quadratic = tf.minimum(error, delta)
    return tf.reduce_mean(0.5 * quadratic**2 + delta * (error - quadratic), axis=-1)


def l2_total(variables, weight):
    """`weight / 2` times the sum of all squares."""
    return weight * tf.add_n([tf.nn.l2_loss(variable) for variable in variables])


class CombinedLoss:
    """Cross-entropy of the digit plus `redraw` times the Huber loss of the redrawn image."""

    def __init__(self, *, redraw=2.0, smoothing=0.05):
        self.redraw = redraw
        self.smoothing = smoothing

    def __call__(self, labels, images, logits, redrawn):
        digit = cross_entropy(labels, logits, smoothing=self.smoothing)
        return tf.reduce_mean(digit + self.redraw * huber(images, redrawn))
