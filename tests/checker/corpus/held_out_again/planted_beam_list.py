import tensorflow as tf


@tf.function
def greedy(model, token, limit):
    words = []
    done = tf.constant(False)
    while not done:
        logits = model(token)
        token = tf.argmax(logits, axis=-1)
        words.append(token)  # expect: DRS109
        done = tf.reduce_all(token == 0)
    return token
