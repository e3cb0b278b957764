import numpy as np
import tensorflow as tf


@tf.function
def normalise(x):
    mean = np.mean(x, axis=0)  # expect: DRS105
    centred = x - mean
    return centred / np.sqrt(tf.reduce_mean(centred**2))  # expect: DRS105
