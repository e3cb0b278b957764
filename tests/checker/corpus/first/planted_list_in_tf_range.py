import tensorflow as tf


@tf.function
def rollout(state, steps):
    states = []
    for _ in tf.range(steps):
        state = tf.tanh(state) + 0.1
        states.append(state)  # expect: DRS109
    return tf.stack(states)
