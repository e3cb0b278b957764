import tensorflow as tf

w = tf.Variable(5.0)
lr = tf.Variable(0.1, trainable=False)
DECAY = 0.9


@tf.function
def step():
    with tf.GradientTape() as tape:
        loss = w * w
    w.assign_sub(lr * tape.gradient(loss, w))
    lr.assign(lr * DECAY)
    return loss


for epoch in range(10):
    step()
