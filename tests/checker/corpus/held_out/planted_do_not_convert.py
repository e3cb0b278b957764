import tensorflow as tf


@tf.autograph.experimental.do_not_convert
def normalise(x):
    total = tf.reduce_sum(x)
    if total == 0:  # expect: DRS107
        return x
    for _ in range(tf.rank(x)):  # expect: DRS108
        x = x / total
    return x


ds = tf.data.Dataset.from_tensor_slices(tf.ones([4, 3])).map(normalise)
