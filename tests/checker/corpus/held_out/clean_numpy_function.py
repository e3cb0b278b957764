import numpy as np
import tensorflow as tf


def mixup(x):
    lam = np.random.beta(0.2, 0.2)
    order = np.random.permutation(len(x))
    return (lam * x + (1 - lam) * x[order]).astype(np.float32)


ds = tf.data.Dataset.from_tensor_slices(tf.zeros([16, 3])).batch(4)
ds = ds.map(lambda x: tf.numpy_function(func=mixup, inp=[x], Tout=tf.float32))
