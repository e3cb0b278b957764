import tensorflow as tf


@tf.function
def f(x):
    print("Tracing with", x)
    tf.print("running with", x)
    return x + 1
