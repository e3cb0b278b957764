import numpy as np
import tensorflow as tf

x = np.random.rand(200, 3).astype("float32")
y = x[:, 0] * 2.0 + x[:, 1]
model = tf.keras.Sequential([tf.keras.layers.Dense(16, "relu"), tf.keras.layers.Dense(1)])
opt = tf.keras.optimizers.Adam(0.01)
for epoch in range(100):
    with tf.GradientTape() as tape:
        pred = model(x, training=True)
        loss = tf.reduce_mean(tf.square(y - pred))  # expect: DRS304
    grads = tape.gradient(loss, model.trainable_variables)
    opt.apply_gradients(zip(grads, model.trainable_variables))
