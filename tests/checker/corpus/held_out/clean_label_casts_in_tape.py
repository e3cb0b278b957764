import tensorflow as tf

model = tf.keras.Sequential([tf.keras.layers.Dense(10)])
opt = tf.keras.optimizers.Adam()


@tf.function
def step(x, y):
    with tf.GradientTape() as tape:
        labels = tf.one_hot(tf.cast(tf.round(y), tf.int32), 10)
        logits = model(x, training=True)
        loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(labels, logits))
        correct = tf.reduce_mean(
            tf.cast(tf.argmax(logits, 1) == tf.argmax(labels, 1), tf.float32)
        )
    grads = tape.gradient(loss, model.trainable_variables)
    grads = [tf.clip_by_norm(g, 1.0) for g in grads]
    opt.apply_gradients(zip(grads, model.trainable_variables))
    return loss, correct
