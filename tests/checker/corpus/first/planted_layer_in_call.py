from tensorflow import keras
from tensorflow.keras import layers


class Block(keras.Model):
    def __init__(self, units):
        super().__init__()
        self.first = layers.Dense(units, activation="relu")

    def call(self, x):
        x = self.first(x)
        return layers.Dense(10)(x)  # expect: DRS112
