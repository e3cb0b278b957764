import tensorflow as tf

model = tf.keras.Sequential([tf.keras.layers.Dense(10)])
opt = tf.keras.optimizers.Adam()


@tf.function
def step(x, y):
    with tf.GradientTape() as tape:
        logits = model(x, training=True)
        predicted = tf.cast(tf.argmax(logits, axis=-1), tf.float32)  # expect: DRS202
        loss = tf.reduce_mean(tf.square(predicted - tf.cast(y, tf.float32)))
    grads = tape.gradient(loss, model.trainable_variables)
    opt.apply_gradients(zip(grads, model.trainable_variables))
