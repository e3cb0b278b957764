import tensorflow as tf


def run_step(model, x):
    compiled = tf.function(lambda t: model(t, training=False), jit_compile=True)  # expect: DRS114
    return compiled(x)


def predict(model, batches):
    out = []
    for x in batches:
        out.append(run_step(model, x))
    return tf.concat(out, axis=0)
