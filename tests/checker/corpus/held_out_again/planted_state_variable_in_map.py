import tensorflow as tf


def running(x):
    total = tf.Variable(0.0)  # expect: DRS111
    total.assign_add(x)
    return total


ds = tf.data.Dataset.range(10).map(lambda v: running(tf.cast(v, tf.float32)))
