import keras
from keras import ops


class Noise(keras.layers.Layer):
    def __init__(self, scale=0.1, seed=None):
        super().__init__()
        self.scale = scale
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, x, training=False):
        if not training or self.scale == 0:
            return x
        noise = keras.random.normal(ops.shape(x), seed=self.seed_generator)
        return x + self.scale * noise
