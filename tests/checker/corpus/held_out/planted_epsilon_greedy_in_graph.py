import numpy as np
import tensorflow as tf

q = tf.keras.Sequential([tf.keras.layers.Dense(4)])
rng = np.random.default_rng(7)


@tf.function
def policy(obs, epsilon):
    greedy = tf.argmax(q(obs), axis=-1)
    explore = rng.random() < epsilon  # expect: DRS103
    return tf.where(explore, tf.zeros_like(greedy), greedy)
