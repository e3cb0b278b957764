import tensorflow as tf

policy = tf.keras.Sequential([tf.keras.layers.Dense(4)])
value = tf.keras.Sequential([tf.keras.layers.Dense(1)])
p_opt = tf.keras.optimizers.Adam()
v_opt = tf.keras.optimizers.Adam()


@tf.function
def learn(obs, adv, ret):
    with tf.GradientTape() as tape:
        logits = policy(obs, training=True)
        v = value(obs, training=True)
        p_loss = -tf.reduce_mean(tf.nn.log_softmax(logits) * adv)
        v_loss = tf.reduce_mean((v - ret) ** 2)
    pg = tape.gradient(p_loss, policy.trainable_variables)
    vg = tape.gradient(v_loss, value.trainable_variables)  # expect: DRS206
    p_opt.apply_gradients(zip(pg, policy.trainable_variables))
    v_opt.apply_gradients(zip(vg, value.trainable_variables))
