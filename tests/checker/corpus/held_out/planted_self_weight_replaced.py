import tensorflow as tf


class Perceptron(tf.Module):
    def __init__(self, n):
        super().__init__()
        self.w = tf.Variable(tf.zeros([n, 1]))
        self.b = tf.Variable(0.0)

    def fit_one(self, x, y, lr=0.01):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((tf.matmul(x, self.w) + self.b - y) ** 2)
        dw, db = tape.gradient(loss, [self.w, self.b])
        self.w = self.w - lr * dw  # expect: DRS309
        self.b.assign_sub(lr * db)
        return loss
