import tensorflow as tf


@tf.function(input_signature=[tf.TensorSpec([], tf.int32)])
def double(n):
    return n * 2


for n in range(1000):
    double(n)
