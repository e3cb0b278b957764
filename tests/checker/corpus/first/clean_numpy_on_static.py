import math

import numpy as np
import tensorflow as tf


class Patches(tf.keras.layers.Layer):
    def __init__(self, size):
        super().__init__()
        self.size = size
        self.scale = np.sqrt(size)

    def call(self, x):
        width = int(np.prod(x.shape[1:]))
        x = tf.reshape(x, [-1, width])
        return x * np.float32(1.0 / math.sqrt(width)) * np.pi / self.scale
