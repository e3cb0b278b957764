import tensorflow as tf

critic = tf.keras.Sequential([tf.keras.layers.Dense(1)])
opt = tf.keras.optimizers.Adam()


@tf.function
def step(real, fake):
    eps = tf.random.uniform([tf.shape(real)[0], 1])
    with tf.GradientTape() as tape:
        mixed = eps * real + (1.0 - eps) * fake
        with tf.GradientTape() as inner:
            inner.watch(mixed)
            score = critic(mixed, training=True)
        g = inner.gradient(score, mixed)
        norm = tf.sqrt(tf.reduce_sum(g**2, axis=1))
        penalty = tf.reduce_mean((norm - 1.0) ** 2)
        loss = tf.reduce_mean(critic(fake, training=True)) - tf.reduce_mean(critic(real, training=True))
        loss += 10.0 * penalty
    grads = tape.gradient(loss, critic.trainable_variables)
    opt.apply_gradients(zip(grads, critic.trainable_variables))
