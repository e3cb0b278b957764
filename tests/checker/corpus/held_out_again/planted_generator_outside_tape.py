import tensorflow as tf

gen = tf.keras.Sequential([tf.keras.layers.Dense(32)])
disc = tf.keras.Sequential([tf.keras.layers.Dense(1)])
opt = tf.keras.optimizers.Adam(1e-4)
bce = tf.keras.losses.BinaryCrossentropy(from_logits=True)


@tf.function
def gen_step(noise):
    fake_logits = disc(gen(noise, training=True), training=True)  # expect: DRS201
    with tf.GradientTape() as tape:
        g_loss = bce(tf.ones_like(fake_logits), fake_logits)
    grads = tape.gradient(g_loss, gen.trainable_variables)
    opt.apply_gradients(zip(grads, gen.trainable_variables))
