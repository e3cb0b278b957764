import tensorflow as tf

w = tf.Variable(5.0)
lr = 0.1


@tf.function
def step():
    with tf.GradientTape() as tape:
        loss = w * w
    w.assign_sub(lr * tape.gradient(loss, w))
    return loss


for epoch in range(100):
    step()
    if epoch == 50:
        lr = 0.01  # expect: DRS116
