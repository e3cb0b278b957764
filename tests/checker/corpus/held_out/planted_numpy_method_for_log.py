import tensorflow as tf

writer = tf.summary.create_file_writer("logs")
model = tf.keras.applications.MobileNetV2(weights=None)
opt = tf.keras.optimizers.RMSprop()


@tf.function
def train_step(images, labels):
    with tf.GradientTape() as tape:
        p = model(images, training=True)
        loss = tf.reduce_mean(tf.keras.losses.sparse_categorical_crossentropy(labels, p))
    g = tape.gradient(loss, model.trainable_weights)
    opt.apply_gradients(zip(g, model.trainable_weights))
    history = {"loss": loss.numpy()}  # expect: DRS106
    return history
