import tensorflow as tf

W = tf.Variable(tf.random.normal([3, 1]))
b = tf.Variable(0.0)
x = tf.random.normal([10, 3])
y = tf.random.normal([10, 1])
for _ in range(100):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((x @ W + b - y) ** 2)
    dW, db = tape.gradient(loss, [W, b])
    W = W - 0.1 * dW  # expect: DRS309
    b -= 0.1 * db  # expect: DRS309
