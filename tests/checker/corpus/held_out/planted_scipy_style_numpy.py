import numpy as np
import tensorflow as tf


def gaussian(x, mu, sigma):
    return np.exp(-((x - mu) ** 2) / (2 * sigma**2))  # expect: DRS105


@tf.function
def density(points):
    return gaussian(points, 0.0, 1.0)
