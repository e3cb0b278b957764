import keras
from keras import layers


class Residual(layers.Layer):
    def __init__(self, filters):
        super().__init__()
        self.filters = filters

    def call(self, inputs):
        x = layers.Conv2D(self.filters, 3, padding="same")(inputs)  # expect: DRS112
        x = layers.BatchNormalization()(x)  # expect: DRS112
        x = layers.ReLU()(x)
        return keras.layers.Add()([x, inputs])
