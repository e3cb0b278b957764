import random

import tensorflow as tf

cell = tf.keras.layers.GRUCell(32)
head = tf.keras.layers.Dense(8)


@tf.function
def decode(inputs, targets, state):
    total = 0.0
    token = inputs
    for t in tf.range(10):
        out, state = cell(token, state)
        total += tf.reduce_mean(head(out))
        if random.random() < 0.5:  # expect: DRS103
            token = targets[:, t]
        else:
            token = head(out)
    return total
