import tensorflow as tf


@tf.function(autograph=False)
def relu(x):
    while tf.norm(x) > 1.0:  # expect: DRS107
        x = x / 2.0
    return x if tf.reduce_sum(x) > 0 else -x  # expect: DRS107
