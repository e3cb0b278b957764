import random

import numpy as np
import tensorflow as tf


def set_seed(seed):
    random.seed(seed)
    np.random.seed(seed)
    tf.random.set_seed(seed)


set_seed(0)
rng = np.random.default_rng(0)
x = np.random.rand(10, 2) + rng.normal(size=(10, 2))
y = random.random() + tf.random.normal([10])
