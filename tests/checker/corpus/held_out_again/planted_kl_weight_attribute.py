import tensorflow as tf


class Annealed(tf.keras.Model):
    def __init__(self, net):
        super().__init__()
        self.net = net
        self.kl_weight = 0.0

    def train_step(self, x):
        with tf.GradientTape() as tape:
            recon, kl = self.net(x, training=True)
            loss = tf.reduce_mean((recon - x) ** 2) + self.kl_weight * tf.reduce_mean(kl)
        grads = tape.gradient(loss, self.net.trainable_variables)
        self.optimizer.apply_gradients(zip(grads, self.net.trainable_variables))
        return {"loss": loss}

    def anneal(self):
        self.kl_weight += 0.01  # expect: DRS116
