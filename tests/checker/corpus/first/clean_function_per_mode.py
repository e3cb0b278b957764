import tensorflow as tf


def work(x):
    return tf.reduce_sum(x * x)


functions = {}
for jit in (False, True):
    functions[jit] = tf.function(work, jit_compile=jit)
for name, f in functions.items():
    print(name, float(f(tf.ones([3]))))
