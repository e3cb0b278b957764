import tensorflow as tf

W = tf.Variable(tf.random.normal([784, 10]))


def loss_of(x, y):
    probabilities = tf.nn.softmax(x @ W)
    return tf.reduce_mean(
        tf.nn.softmax_cross_entropy_with_logits(labels=y, logits=probabilities)  # expect: DRS306
    )
