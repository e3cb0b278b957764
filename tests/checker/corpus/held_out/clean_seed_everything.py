import random

import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(812)
a = np.random.rand(3)
b = random.random()
c = tf.random.uniform([3])
g = tf.random.Generator.from_seed(1)
rng = np.random.default_rng(seed=4)
ds = tf.data.Dataset.range(10).shuffle(10)
