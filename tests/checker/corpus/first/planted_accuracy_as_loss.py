import tensorflow as tf

w = tf.Variable(tf.random.normal([4, 1]))


def objective(x, y):
    p = tf.sigmoid(x @ w)
    hit = tf.equal(tf.round(p), y)  # expect: DRS202
    return 1.0 - tf.reduce_mean(tf.cast(hit, tf.float32))


x = tf.random.normal([32, 4])
y = tf.ones([32, 1])
for _ in range(10):
    with tf.GradientTape() as tape:
        loss = objective(x, y)
    w.assign_sub(0.1 * tape.gradient(loss, w))
