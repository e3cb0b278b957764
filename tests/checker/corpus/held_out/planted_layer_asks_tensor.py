import tensorflow as tf
from tensorflow.keras.layers import Dense, Layer


class Adaptive(Layer):
    def __init__(self):
        super().__init__()
        self.small = Dense(4)
        self.large = Dense(4)

    def call(self, inputs, training=None):
        energy = tf.reduce_sum(tf.square(inputs))
        if training and energy > 10.0:  # expect: DRS107
            return self.large(inputs)
        out = self.small(inputs)
        return out if tf.reduce_max(out) < 1.0 else tf.nn.tanh(out)  # expect: DRS107
