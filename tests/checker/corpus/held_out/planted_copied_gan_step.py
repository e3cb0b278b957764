import tensorflow as tf


class GAN:
    def __init__(self, generator: tf.keras.Model, discriminator: tf.keras.Model):
        self.generator = tf.keras.Sequential([tf.keras.layers.Dense(10)])
        self.discriminator = tf.keras.Sequential([tf.keras.layers.Dense(1)])
        self.d_opt = tf.keras.optimizers.Adam()
        self.bce = tf.keras.losses.BinaryCrossentropy(from_logits=True)

    @tf.function
    def d_step(self, real):
        with tf.GradientTape() as tape:
            out = self.discriminator(real, training=True)
            loss = self.bce(tf.ones_like(out), out)
        grads = tape.gradient(loss, self.generator.trainable_variables)  # expect: DRS205
        self.d_opt.apply_gradients(zip(grads, self.generator.trainable_variables))
        return loss
