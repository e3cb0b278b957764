import tensorflow as tf


@tf.function
def train_step(model, x, y):
    opt = tf.keras.optimizers.Adam(1e-3)  # expect: DRS112
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.keras.losses.mse(y, model(x, training=True)))
    grads = tape.gradient(loss, model.trainable_variables)
    opt.apply_gradients(zip(grads, model.trainable_variables))
    return loss
