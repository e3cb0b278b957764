import numpy as np
import tensorflow as tf

model = tf.keras.Sequential([tf.keras.layers.Dense(1)])
opt = tf.keras.optimizers.SGD()


def train_step(x, y):
    with tf.GradientTape() as tape:
        p = model(x, training=True)
        loss = np.mean((p - y) ** 2)  # expect: DRS203
        loss = tf.convert_to_tensor(loss)
    grads = tape.gradient(loss, model.trainable_variables)
    opt.apply_gradients(zip(grads, model.trainable_variables))
