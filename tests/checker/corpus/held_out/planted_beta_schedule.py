import tensorflow as tf


class VAE:
    def __init__(self, model, opt):
        self.model, self.opt = model, opt

    @tf.function
    def step(self, x, beta):
        with tf.GradientTape() as tape:
            recon, kl = self.model(x, training=True)
            loss = tf.reduce_mean((recon - x) ** 2) + beta * kl
        grads = tape.gradient(loss, self.model.trainable_variables)
        self.opt.apply_gradients(zip(grads, self.model.trainable_variables))
        return loss

    def fit(self, ds, epochs):
        beta = 0.0
        for epoch in range(epochs):
            for x in ds:
                self.step(x, beta)  # expect: DRS115
            beta += 0.1
