import tensorflow as tf

G = tf.keras.Sequential([tf.keras.layers.Dense(16)])
D = tf.keras.Sequential([tf.keras.layers.Dense(1)])
g_opt = tf.keras.optimizers.Adam(1e-4)
d_opt = tf.keras.optimizers.Adam(1e-4)
bce = tf.keras.losses.BinaryCrossentropy(from_logits=True)


@tf.function
def step(real):
    z = tf.random.normal([32, 8])
    with tf.GradientTape() as g_tape, tf.GradientTape() as d_tape:
        fake = G(z, training=True)
        real_logits = D(real, training=True)
        fake_logits = D(fake, training=True)
        g_loss = bce(tf.ones_like(fake_logits), fake_logits)
        d_loss = bce(tf.ones_like(real_logits), real_logits)
        d_loss += bce(tf.zeros_like(fake_logits), fake_logits)
    g_grads = g_tape.gradient(g_loss, G.trainable_variables)
    d_grads = d_tape.gradient(d_loss, D.trainable_variables)
    g_opt.apply_gradients(zip(g_grads, D.trainable_variables))  # expect: DRS205
    d_opt.apply_gradients(zip(d_grads, D.trainable_variables))
