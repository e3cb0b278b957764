import tensorflow as tf


class Autoencoder(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.code = tf.keras.layers.Dense(4)
        self.out = tf.keras.layers.Dense(16)
        self.opt = tf.keras.optimizers.Adam()
        self.history_of_losses = []

    def call(self, x):
        return self.out(self.code(x))

    def train_step(self, x):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(self(x) - x))
        grads = tape.gradient(loss, self.trainable_variables)
        self.opt.apply_gradients(zip(grads, self.trainable_variables))
        self.history_of_losses.append(loss.numpy())
        return loss


model = Autoencoder()
for step in range(100):
    loss = model.train_step(tf.zeros([8, 16]))
    print(step, float(loss))
