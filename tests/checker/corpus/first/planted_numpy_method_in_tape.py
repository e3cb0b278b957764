import tensorflow as tf

actor = tf.keras.Sequential([tf.keras.layers.Dense(2)])
opt = tf.keras.optimizers.Adam(3e-4)


def learn(states, returns):
    with tf.GradientTape() as tape:
        logits = actor(states, training=True).numpy()  # expect: DRS203
        loss = -tf.reduce_mean(tf.nn.log_softmax(logits) * returns)
    grads = tape.gradient(loss, actor.trainable_variables)
    opt.apply_gradients(zip(grads, actor.trainable_variables))
