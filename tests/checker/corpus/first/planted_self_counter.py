import tensorflow as tf


class Trainer:
    def __init__(self, model):
        self.model = model
        self.steps = 0
        self.seen = {}

    @tf.function
    def train_step(self, x):
        self.steps += 1  # expect: DRS102
        y = self.model(x)
        self.seen["last"] = y  # expect: DRS102
        return y
