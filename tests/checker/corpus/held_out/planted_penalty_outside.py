import tensorflow as tf

w = tf.Variable(tf.random.normal([5, 1]))
b = tf.Variable(tf.zeros([1]))
opt = tf.optimizers.SGD(0.1)


def step(x, y):
    logits = tf.matmul(x, w) + b  # expect: DRS201
    with tf.GradientTape() as t:
        nll = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=y, logits=logits))
    dw, db = t.gradient(nll, [w, b])
    opt.apply_gradients([(dw, w), (db, b)])
    return nll
