import numpy as np
import tensorflow as tf


def load(path):
    name = path.numpy().decode()
    print("loading", name)
    return np.load(name).astype(np.float32)


def wrapped(path):
    image = tf.py_function(load, [path], tf.float32)
    image.set_shape([None, None, 3])
    return image


ds = tf.data.Dataset.list_files("*.npy").map(wrapped)
