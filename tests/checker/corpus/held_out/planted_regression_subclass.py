import numpy as np
import tensorflow as tf


class Regressor(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.hidden = tf.keras.layers.Dense(32, activation="relu")
        self.out = tf.keras.layers.Dense(1)

    def call(self, x):
        return self.out(self.hidden(x))


x = np.linspace(-1, 1, 200).astype("float32")
y = np.sin(3 * x)
net = Regressor()
opt = tf.keras.optimizers.Adam()
ds = tf.data.Dataset.from_tensor_slices((x[:, None], y)).batch(20)
for epoch in range(5):
    for xb, yb in ds:
        with tf.GradientTape() as tape:
            out = net(xb)
            loss = tf.reduce_mean(tf.math.squared_difference(out, yb))  # expect: DRS304
        grads = tape.gradient(loss, net.trainable_variables)
        opt.apply_gradients(zip(grads, net.trainable_variables))
