import tensorflow as tf


class WGAN(tf.keras.Model):
    def __init__(self, critic, generator, latent=128, n_critic=5):
        super().__init__()
        self.critic = critic
        self.generator = generator
        self.latent = latent
        self.n_critic = n_critic

    def compile(self, c_opt, g_opt):
        super().compile()
        self.c_opt = c_opt
        self.g_opt = g_opt

    def train_step(self, real):
        if isinstance(real, tuple):
            real = real[0]
        batch = tf.shape(real)[0]
        for _ in range(self.n_critic):
            z = tf.random.normal([batch, self.latent])
            with tf.GradientTape() as tape:
                fake = self.generator(z, training=True)
                c_loss = tf.reduce_mean(self.critic(fake, training=True))
                c_loss -= tf.reduce_mean(self.critic(real, training=True))
            grads = tape.gradient(c_loss, self.critic.trainable_variables)
            self.c_opt.apply_gradients(zip(grads, self.critic.trainable_variables))
        z = tf.random.normal([batch, self.latent])
        with tf.GradientTape() as tape:
            g_loss = -tf.reduce_mean(self.critic(self.generator(z, training=True), training=True))
        grads = tape.gradient(g_loss, self.generator.trainable_variables)
        self.g_opt.apply_gradients(zip(grads, self.generator.trainable_variables))
        return {"c": c_loss, "g": g_loss}
