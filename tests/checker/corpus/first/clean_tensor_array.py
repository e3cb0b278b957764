import tensorflow as tf


@tf.function
def rollout(state, steps):
    states = tf.TensorArray(tf.float32, size=steps)
    for t in tf.range(steps):
        state = tf.tanh(state)
        states = states.write(t, state)
    return states.stack()
