import tensorflow as tf

shared = tf.keras.Sequential([tf.keras.layers.Dense(8)])
heads = [tf.keras.layers.Dense(1) for _ in range(3)]


def per_task(x, ys):
    with tf.GradientTape() as tape:
        h = shared(x, training=True)
        losses = [tf.reduce_mean((head(h) - y) ** 2) for head, y in zip(heads, ys)]
    return [tape.gradient(loss, shared.trainable_variables) for loss in losses]  # expect: DRS206
