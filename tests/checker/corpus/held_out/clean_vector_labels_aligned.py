import numpy as np
import tensorflow as tf

x = np.random.rand(64, 3).astype("float32")
y = np.random.rand(64, 1).astype("float32")
t = np.random.rand(64).astype("float32")
model = tf.keras.Sequential([tf.keras.layers.Dense(1)])
with tf.GradientTape() as tape:
    out = model(x)
    loss = tf.reduce_mean((y - out) ** 2)
    loss += tf.reduce_mean(tf.keras.losses.mean_squared_error(t, out))
    loss += tf.reduce_mean(tf.square(t - out[:, 0]))
    loss += tf.reduce_mean(tf.square(tf.reshape(t, [-1, 1]) - out))
grads = tape.gradient(loss, model.trainable_variables)
print([g.shape for g in grads])
