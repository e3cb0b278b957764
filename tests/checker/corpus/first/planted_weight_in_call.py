import tensorflow as tf


class Scale(tf.keras.layers.Layer):
    def call(self, x):
        s = self.add_weight(shape=(), initializer="ones", name="s")  # expect: DRS111
        return x * s
