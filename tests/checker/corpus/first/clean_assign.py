import tensorflow as tf


class Average(tf.Module):
    def __init__(self):
        super().__init__()
        self.total = tf.Variable(0.0)
        self.steps = 0

    def update(self, value):
        self.total.assign_add(value)
        self.steps += 1

    def result(self):
        total = self.total
        total = total / self.steps
        return total
