from tensorflow import keras
import tensorflow as tf


class Attention(keras.layers.Layer):
    def __init__(self, units):
        super().__init__()
        self.query = keras.layers.Dense(units)
        self.key = keras.layers.Dense(units)

    def call(self, x):
        scores = tf.matmul(self.query(x), self.key(x), transpose_b=True)
        self.last_scores = tf.nn.softmax(scores)  # expect: DRS102
        return tf.matmul(self.last_scores, x)
