import tensorflow as tf


class Block(tf.keras.layers.Layer):
    def __init__(self, residual=True, rate=0.1):
        super().__init__()
        self.residual = residual
        self.dense = tf.keras.layers.Dense(8)
        self.drop = tf.keras.layers.Dropout(rate) if rate else None

    def call(self, x, mask=None, training=False):
        y = self.dense(x)
        if self.drop is not None:
            y = self.drop(y, training=training)
        if mask is not None:
            y = y * mask
        if training and len(x.shape) == 2:
            y = y + 0.0
        return x + y if self.residual else y
