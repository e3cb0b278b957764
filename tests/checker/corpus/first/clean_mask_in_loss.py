import tensorflow as tf

model = tf.keras.Sequential([tf.keras.layers.Dense(100)])
opt = tf.keras.optimizers.Adam()
ce = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="none")


@tf.function
def step(tokens, targets):
    with tf.GradientTape() as tape:
        logits = model(tokens, training=True)
        mask = tf.cast(tf.not_equal(targets, 0), tf.float32)
        losses = ce(targets, logits) * mask
        loss = tf.reduce_sum(losses) / tf.reduce_sum(mask)
        hits = tf.cast(tf.equal(tf.argmax(logits, -1), tf.cast(targets, tf.int64)), tf.float32)
        accuracy = tf.reduce_sum(hits * mask)
    grads = tape.gradient(loss, model.trainable_variables)
    opt.apply_gradients(zip(grads, model.trainable_variables))
    return loss, accuracy
