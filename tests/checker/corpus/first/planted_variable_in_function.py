import tensorflow as tf


@tf.function
def count(x):
    total = tf.Variable(0.0)  # expect: DRS111
    total.assign_add(tf.reduce_sum(x))
    return total
