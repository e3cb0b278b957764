import numpy as np
import tensorflow as tf


class NoisyLayer(tf.keras.layers.Layer):
    def call(self, x, training=None):
        if training:
            noise = np.random.normal(size=(1, 16)).astype("float32")  # expect: DRS103
            x = x + noise
        return x
