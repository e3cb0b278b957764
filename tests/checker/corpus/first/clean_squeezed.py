import numpy as np
import tensorflow as tf

x = np.random.rand(200, 3).astype("float32")
y = x[:, 0] * 2.0
model = tf.keras.Sequential([tf.keras.layers.Dense(1)])
mse = tf.keras.losses.MeanSquaredError()
with tf.GradientTape() as tape:
    pred = tf.squeeze(model(x), -1)
    loss = tf.reduce_mean((y - pred) ** 2)
    loss += mse(y, model(x))
    loss += tf.reduce_mean((y[:, None] - model(x)) ** 2)
print(tape.gradient(loss, model.trainable_variables))
