import tensorflow as tf


class Meta:
    def __init__(self):
        self.w = tf.Variable(tf.random.normal([3, 1]))
        self.lr = tf.Variable(0.1)

    def outer(self, x, y):
        with tf.GradientTape() as tape:
            inner = tf.reduce_mean((x @ self.w - y) ** 2)
            self.w.assign_sub(self.lr * inner * self.w)  # expect: DRS204
            outer = tf.reduce_mean((x @ self.w - y) ** 2)
        return tape.gradient(outer, self.lr)
