import numpy as np
import tensorflow as tf

net = tf.keras.Sequential([tf.keras.layers.Dense(20, "tanh"), tf.keras.layers.Dense(1)])
opt = tf.keras.optimizers.Adam()
points = tf.constant(np.linspace(0, 1, 100)[:, None], dtype=tf.float32)


@tf.function
def residual(t):
    with tf.GradientTape() as t2:
        t2.watch(t)
        with tf.GradientTape() as t1:
            t1.watch(t)
            u = net(t)
        du = t1.gradient(u, t)
    d2u = t2.gradient(du, t)
    return d2u + u


for step in range(1000):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(residual(points) ** 2)
    grads = tape.gradient(loss, net.trainable_variables)
    opt.apply_gradients(zip(grads, net.trainable_variables))
