import random

import numpy as np
import tensorflow as tf

tf.random.set_seed(42)
order = np.random.permutation(1000)  # expect: DRS307
picks = random.sample(range(1000), 10)  # expect: DRS307
rng = np.random.default_rng()  # expect: DRS307
x = tf.random.normal([1000, 4])
