import keras
from keras import ops


class EarlyExit(keras.Model):
    def __init__(self):
        super().__init__()
        self.head = keras.layers.Dense(10)
        self.body = keras.layers.Dense(64)

    def call(self, x):
        logits = self.head(x)
        while ops.max(logits) < 0.9:  # expect: DRS107
            x = self.body(x)
            logits = self.head(x)
        return logits
