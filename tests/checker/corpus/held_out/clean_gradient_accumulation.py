import tensorflow as tf

model = tf.keras.Sequential([tf.keras.layers.Dense(2)])
opt = tf.keras.optimizers.Adam()
accumulated = [tf.Variable(tf.zeros_like(v), trainable=False) for v in model.trainable_variables]


@tf.function
def accumulate(x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model(x, training=True) - y) ** 2) / 4
    grads = tape.gradient(loss, model.trainable_variables)
    for a, g in zip(accumulated, grads):
        a.assign_add(g)
    return loss


@tf.function
def apply():
    opt.apply_gradients(zip(accumulated, model.trainable_variables))
    for a in accumulated:
        a.assign(tf.zeros_like(a))
