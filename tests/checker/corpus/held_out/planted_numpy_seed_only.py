import numpy as np
import tensorflow as tf

np.random.seed(1)
noise = tf.random.normal([64, 100])  # expect: DRS307
idx = np.random.randint(0, 100, size=10)
