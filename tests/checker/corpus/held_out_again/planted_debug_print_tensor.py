import tensorflow.compat.v2 as tf


def attention(q, k, v):
    w = tf.nn.softmax(tf.matmul(q, k, transpose_b=True))
    print("weights:", w)  # expect: DRS101
    return tf.matmul(w, v)


class Model(tf.Module):
    @tf.function
    def __call__(self, x):
        return attention(x, x, x)
