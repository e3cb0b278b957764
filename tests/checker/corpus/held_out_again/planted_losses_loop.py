import tensorflow as tf

model = tf.keras.Sequential([tf.keras.layers.Dense(2)])
opt = tf.keras.optimizers.Adam()


def step(x, targets):
    with tf.GradientTape() as tape:
        p = model(x, training=True)
        losses = [tf.reduce_mean((p - t) ** 2) for t in targets]
    for loss in losses:
        g = tape.gradient(loss, model.trainable_variables)  # expect: DRS206
        opt.apply_gradients(zip(g, model.trainable_variables))
