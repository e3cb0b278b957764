import tensorflow as tf

unet = tf.keras.Sequential([tf.keras.layers.Conv2D(1, 3, padding="same", activation="sigmoid")])
opt = tf.keras.optimizers.Adam()


def dice(a, b):
    return 1.0 - 2.0 * tf.reduce_sum(a * b) / (tf.reduce_sum(a) + tf.reduce_sum(b))


@tf.function
def step(image, mask):
    with tf.GradientTape() as tape:
        p = unet(image, training=True)
        p = tf.cast(p > 0.5, tf.float32)  # expect: DRS202
        loss = dice(p, mask)
    grads = tape.gradient(loss, unet.trainable_variables)
    opt.apply_gradients(zip(grads, unet.trainable_variables))
    return loss
