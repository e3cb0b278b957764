import tensorflow as tf


class Adam:
    def __init__(self, variables):
        self.variables = variables
        self.m = [tf.Variable(tf.zeros_like(v)) for v in variables]
        self.t = tf.Variable(0.0)

    def step(self, grads):
        self.t = self.t + 1.0  # expect: DRS309
        for v, m, g in zip(self.variables, self.m, grads):
            m.assign(0.9 * m + 0.1 * g)
            v.assign_sub(0.001 * m / (1.0 - 0.9**self.t))
