import tensorflow as tf


@tf.function
def squares(n):
    count = tf.cast(n, tf.int32)
    return tf.stack([tf.square(i) for i in range(count)])  # expect: DRS108
