"""The model, made of layers written by hand on `tf.Module`."""

from __future__ import annotations

import tensorflow as tf


class Dense(tf.Module):
    """`x @ kernel + bias`, with uniform Glorot weights drawn from a stateless generator."""

    def __init__(self, inputs, outputs, *, seed, name=None):
        super().__init__(name=name)
        limit = (6.0 / (inputs + outputs)) ** 0.5
        weights = tf.random.stateless_uniform(
            [inputs, outputs], seed=seed, minval=-limit, maxval=limit
        )
        self.kernel = tf.Variable(weights, name="kernel")
        self.bias = tf.Variable(tf.zeros([outputs]), name="bias")

    def __call__(self, x):
        return tf.matmul(x, self.kernel) + self.bias


class LayerNorm(tf.Module):
    """Zero mean and unit variance along the last axis, then a learned scale and offset."""

    def __init__(self, units, *, epsilon=1e-5, name=None):
        super().__init__(name=name)
        self.epsilon = epsilon
        self.scale = tf.Variable(tf.ones([units]), name="scale")
        self.offset = tf.Variable(tf.zeros([units]), name="offset")

    def __call__(self, x):
        mean = tf.reduce_mean(x, axis=-1, keepdims=True)
        centred = x - mean
        variance = tf.reduce_mean(tf.square(centred), axis=-1, keepdims=True)
        return centred * tf.math.rsqrt(variance + self.epsilon) * self.scale + self.offset


def swish(x):
    """A smooth rectifier."""
    return x * tf.sigmoid(x)


def dropout(x, rate, seed):
    """Zero a share `rate` of `x` and scale up the rest; the same seed drops the same elements."""
    kept = tf.random.stateless_uniform(tf.shape(x), seed=seed) >= rate
    return tf.where(kept, x / (1.0 - rate), tf.zeros_like(x))


class Residual(tf.Module):
    """`x + swish(dense(norm(x)))`, with dropout on the new part while training."""

    def __init__(self, units, *, rate, seed, name=None):
        super().__init__(name=name)
        self.rate = rate
        self.norm = LayerNorm(units)
        self.dense = Dense(units, units, seed=seed)

    def __call__(self, x, dropout_seed=None):
        branch = swish(self.dense(self.norm(x)))
        if dropout_seed is not None:
            branch = dropout(branch, self.rate, dropout_seed)
        return x + branch


class DigitNet(tf.Module):
    """Two heads on one encoder: which digit it is, and the image drawn again from its code.

    Drawing the image again is there to regularise: a code that can do it has not thrown away
    what a new handwriting may need.
    """

    def __init__(self, pixels, classes, *, units=96, blocks=2, rate=0.2, seed=0):
        super().__init__(name="digit_net")
        self.entry = Dense(pixels, units, seed=[seed, 1], name="entry")
        self.blocks = [
            Residual(units, rate=rate, seed=[seed, 10 + index]) for index in range(blocks)
        ]
        self.norm = LayerNorm(units)
        self.classifier = Dense(units, classes, seed=[seed, 2], name="classifier")
        self.decoder = Dense(units, pixels, seed=[seed, 3], name="decoder")

    def __call__(self, images, dropout_seed=None):
        """Logits and redrawn images; dropout only where a seed (int32[2]) is given."""
        code = swish(self.entry(images))
        for index, block in enumerate(self.blocks):
            code = block(code, None if dropout_seed is None else dropout_seed + [0, index])
        code = self.norm(code)
        return self.classifier(code), tf.sigmoid(self.decoder(code))

    @property
    def kernels(self):
        """The weight matrices, for L2 and the norm constraint."""
        return [part.kernel for part in self.submodules if isinstance(part, Dense)]
