import tensorflow as tf


def train(ds):
    best = 1e9

    @tf.function
    def step(x):
        nonlocal best
        value = tf.reduce_mean(x)
        best = tf.minimum(best, value)  # expect: DRS102
        return value

    for x in ds:
        step(x)
    return best
