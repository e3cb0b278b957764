import tensorflow as tf


class Momentum(tf.Module):
    @tf.function
    def update(self, weights, gradient):
        velocity = tf.Variable(tf.zeros_like(gradient), trainable=False)  # expect: DRS111
        velocity.assign(0.9 * velocity + gradient)
        weights.assign_sub(0.01 * velocity)
        return weights
