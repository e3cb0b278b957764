import tensorflow as tf


@tf.function
def unrolled(x):
    outs = []
    for i in range(4):
        x = tf.tanh(x)
        outs.append(x)
    cache = {}
    cache["first"] = outs[0]
    return tf.stack(outs), cache["first"]
