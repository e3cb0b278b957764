import tensorflow as tf


@tf.function
def newton(x):
    trail = []
    error = tf.abs(x**2 - 2.0)
    while error > 1e-6:
        x = 0.5 * (x + 2.0 / x)
        error = tf.abs(x**2 - 2.0)
        trail.append(x)  # expect: DRS109
    return x
