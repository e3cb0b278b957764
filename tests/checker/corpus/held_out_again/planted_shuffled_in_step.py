import random

import tensorflow as tf


@tf.function
def contrastive(anchors, pool):
    order = list(range(8))
    random.shuffle(order)  # expect: DRS103
    negatives = tf.gather(pool, order)
    return tf.reduce_mean(tf.matmul(anchors, negatives, transpose_b=True))
