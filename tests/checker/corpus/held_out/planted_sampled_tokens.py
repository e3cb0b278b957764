import tensorflow as tf

decoder = tf.keras.Sequential([tf.keras.layers.Dense(50)])
reward_table = tf.random.normal([50])
opt = tf.keras.optimizers.Adam()


def step(h):
    with tf.GradientTape() as tape:
        logits = decoder(h, training=True)
        tokens = tf.random.categorical(logits, 1)  # expect: DRS202
        loss = -tf.reduce_mean(tf.gather(reward_table, tokens) * tf.cast(tokens, tf.float32))
    grads = tape.gradient(loss, decoder.trainable_variables)
    opt.apply_gradients(zip(grads, decoder.trainable_variables))
