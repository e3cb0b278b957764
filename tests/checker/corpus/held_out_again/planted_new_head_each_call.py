from tensorflow import keras as K


class Multi(K.Model):
    def __init__(self, n):
        super().__init__()
        self.n = n

    def call(self, x, training=False):
        outs = [K.layers.Dense(1)(x) for _ in range(self.n)]  # expect: DRS112
        return K.layers.concatenate(outs)
