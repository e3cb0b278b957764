import tensorflow as tf
from tensorflow.keras import layers


class Block(layers.Layer):
    def __init__(self, dim, heads, rate=0.1):
        super().__init__()
        self.att = layers.MultiHeadAttention(heads, dim // heads)
        self.ffn = tf.keras.Sequential([layers.Dense(4 * dim, "gelu"), layers.Dense(dim)])
        self.norms = [layers.LayerNormalization() for _ in range(2)]
        self.drops = [layers.Dropout(rate) for _ in range(2)]

    def call(self, x, training=False, mask=None):
        steps = tf.shape(x)[1]
        causal = tf.linalg.band_part(tf.ones([steps, steps]), -1, 0)
        a = self.att(x, x, attention_mask=causal)
        x = self.norms[0](x + self.drops[0](a, training=training))
        f = self.ffn(x)
        outs = []
        for norm, drop in zip(self.norms[1:], self.drops[1:]):
            outs.append(norm(x + drop(f, training=training)))
        return outs[0]
