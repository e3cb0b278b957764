import tensorflow as tf


@tf.function
def step(x, i, training=True):
    return x * tf.cast(i, tf.float32)


for i in range(100):
    step(tf.ones([2]), tf.constant(i), training=True)
for j in tf.range(100):
    step(tf.ones([2]), j)
