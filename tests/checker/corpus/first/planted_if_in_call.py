import tensorflow as tf


class Gate(tf.keras.layers.Layer):
    def call(self, x):
        if tf.reduce_mean(x) > 0.0:  # expect: DRS107
            return x
        return tf.zeros_like(x)
