import tensorflow as tf

model = tf.keras.Sequential([tf.keras.layers.Dense(3)])
vs = model.trainable_variables


def hvp(x, y, vector):
    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            loss = tf.reduce_mean((model(x) - y) ** 2)
        grads = inner.gradient(loss, vs)
        product = tf.add_n([tf.reduce_sum(g * v) for g, v in zip(grads, vector)])
    return outer.gradient(product, vs)
