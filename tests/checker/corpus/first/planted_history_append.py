import tensorflow as tf

history = []
w = tf.Variable([1.0, 2.0])


@tf.function
def step(x):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(w * x))
    w.assign_sub(0.1 * tape.gradient(loss, w))
    history.append(loss)  # expect: DRS102
    return loss


for _ in range(20):
    step(tf.constant([1.0, 2.0]))
