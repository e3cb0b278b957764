import numpy as np
import tensorflow as tf

(x, y), (x_test, y_test) = tf.keras.datasets.cifar10.load_data()
x = x.astype(np.float32) / 255.0
mean, std = np.mean(x, axis=(0, 1, 2)), np.std(x, axis=(0, 1, 2))
x = (x - mean) / std
order = np.random.permutation(len(x))
x, y = x[order], y[order].ravel()
split = int(0.9 * len(x))
train = tf.data.Dataset.from_tensor_slices((x[:split], y[:split])).shuffle(1000).batch(64)
val = tf.data.Dataset.from_tensor_slices((x[split:], y[split:])).batch(64).cache()
