import tensorflow as tf


def square(x):
    return x * x


total = 0.0
for i in range(100):
    f = tf.function(square)  # expect: DRS114
    total += f(tf.constant(2.0))
