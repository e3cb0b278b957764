import tensorflow as tf


@tf.function(input_signature=[tf.TensorSpec(shape=[None, 16], dtype=tf.float32)])
def row_sums(x):
    total = 0.0
    for i in range(x.shape[0]):  # expect: DRS108
        total += tf.reduce_sum(x[i])
    return total
