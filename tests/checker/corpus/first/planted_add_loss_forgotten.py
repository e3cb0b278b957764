import tensorflow as tf


class Encoder(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.mean = tf.keras.layers.Dense(2)
        self.out = tf.keras.layers.Dense(784)

    def call(self, x):
        z = self.mean(x)
        self.add_loss(0.5 * tf.reduce_mean(z**2))
        return self.out(z)


vae = Encoder()
opt = tf.keras.optimizers.Adam()


def train(ds):
    for x in ds:
        with tf.GradientTape() as tape:
            recon = vae(x)  # expect: DRS303
            loss = tf.reduce_mean(tf.square(recon - x))
        grads = tape.gradient(loss, vae.trainable_variables)
        opt.apply_gradients(zip(grads, vae.trainable_variables))
