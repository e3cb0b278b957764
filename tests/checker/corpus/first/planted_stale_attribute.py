import tensorflow as tf


class VAE(tf.Module):
    def __init__(self):
        super().__init__()
        self.beta = 0.0

    @tf.function
    def loss(self, kl, reconstruction):
        return reconstruction + self.beta * kl

    def warm_up(self, epoch):
        self.beta = min(1.0, epoch / 10)  # expect: DRS116
