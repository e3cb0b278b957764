import tensorflow as tf

w = tf.Variable([[1.0, 2.0], [3.0, 4.0]])
u = tf.Variable([1.0, 1.0])


def loss_of(x):
    with tf.GradientTape() as tape:
        w.assign(w / tf.norm(w))  # expect: DRS204
        loss = tf.reduce_sum(tf.linalg.matvec(w, x) * u)
    return tape.gradient(loss, [w, u])
