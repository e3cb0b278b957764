import tensorflow as tf


@tf.function(autograph=False)
def powers(x, n):
    total = x
    for _ in range(tf.shape(x)[0]):  # expect: DRS108
        total = total * x
    return total
