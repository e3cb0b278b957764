"""Optimizers on variables, and the two operations that keep weights and gradients in bounds."""

from __future__ import annotations

import tensorflow as tf


class Momentum(tf.Module):
    """Stochastic gradient descent with momentum: `v = momentum * v - rate * g; w += v`."""

    def __init__(self, variables, *, rate=0.05, momentum=0.9):
        super().__init__(name="momentum")
        self.rate = rate
        self.momentum = momentum
        self.velocities = [tf.Variable(tf.zeros_like(v), trainable=False) for v in variables]

    def apply(self, gradients, variables):
        for gradient, variable, velocity in zip(gradients, variables, self.velocities, strict=True):
            velocity.assign(self.momentum * velocity - self.rate * gradient)
            variable.assign_add(velocity)


class Adam(tf.Module):
    """Adam (Kingma and Ba, 2015), with the bias correction folded into the rate."""

    def __init__(self, variables, *, rate=2e-3, beta_1=0.9, beta_2=0.999, epsilon=1e-7):
        super().__init__(name="adam")
        self.rate = rate
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.step = tf.Variable(0.0, trainable=False, name="step")
        self.means = [tf.Variable(tf.zeros_like(v), trainable=False) for v in variables]
        self.squares = [tf.Variable(tf.zeros_like(v), trainable=False) for v in variables]

    def apply(self, gradients, variables):
        step = self.step.assign_add(1.0)
        rate = self.rate * tf.sqrt(1.0 - self.beta_2**step) / (1.0 - self.beta_1**step)
        for gradient, variable, mean, square in zip(
            gradients, variables, self.means, self.squares, strict=True
        ):
            mean.assign_add((1.0 - self.beta_1) * (gradient - mean))
            square.assign_add((1.0 - self.beta_2) * (tf.square(gradient) - square))
            variable.assign_sub(rate * mean / (tf.sqrt(square) + self.epsilon))


def limit_column_norms(kernels, limit):
    """Max-norm constraint: scale down each column of a kernel that is longer than `limit`."""
    for kernel in kernels:
        norms = tf.sqrt(tf.reduce_sum(tf.square(kernel), axis=0, keepdims=True))
        kernel.assign(kernel * (tf.minimum(norms, limit) / tf.maximum(norms, 1e-7)))
