import tensorflow as tf


def build(units):
    inp = tf.keras.Input((8,))
    x = tf.keras.layers.Dense(units)(inp)
    x = tf.keras.layers.BatchNormalization()(x)
    return tf.keras.Model(inp, tf.keras.layers.Dense(8)(x))


G, F, DX, DY = build(16), build(16), build(8), build(8)
opts = [tf.keras.optimizers.Adam(2e-4) for _ in range(4)]
mse = tf.keras.losses.MeanSquaredError()


@tf.function
def step(x, y):
    with tf.GradientTape(persistent=True) as tape:
        fake_y, fake_x = G(x, training=True), F(y, training=True)
        cyc = tf.reduce_mean(tf.abs(F(fake_y, training=True) - x))
        cyc += tf.reduce_mean(tf.abs(G(fake_x, training=True) - y))
        dy, dx = DY(fake_y, training=True), DX(fake_x, training=True)
        g_loss = mse(tf.ones_like(dy), dy) + 10.0 * cyc
        f_loss = mse(tf.ones_like(dx), dx) + 10.0 * cyc
        dy_loss = mse(tf.zeros_like(dy), dy) + mse(1.0, DY(y, training=True))
        dx_loss = mse(tf.zeros_like(dx), dx) + mse(1.0, DX(x, training=True))
    for opt, model, loss in zip(opts, (G, F, DX, DY), (g_loss, f_loss, dx_loss, dy_loss)):
        grads = tape.gradient(loss, model.trainable_variables)
        opt.apply_gradients(zip(grads, model.trainable_variables))
