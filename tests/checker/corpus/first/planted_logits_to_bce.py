import tensorflow as tf

D = tf.keras.Sequential([tf.keras.layers.Dense(64, "relu"), tf.keras.layers.Dense(1)])
bce = tf.keras.losses.BinaryCrossentropy()  # expect: DRS306
opt = tf.keras.optimizers.Adam()


def d_step(real, fake):
    with tf.GradientTape() as tape:
        r = D(real, training=True)
        f = D(fake, training=True)
        loss = bce(tf.ones_like(r), r) + bce(tf.zeros_like(f), f)
    grads = tape.gradient(loss, D.trainable_variables)
    opt.apply_gradients(zip(grads, D.trainable_variables))
