import tensorflow as tf

actor = tf.keras.Sequential([tf.keras.layers.Dense(64, "tanh"), tf.keras.layers.Dense(4)])
critic = tf.keras.Sequential([tf.keras.layers.Dense(64, "tanh"), tf.keras.layers.Dense(1)])
opt = tf.keras.optimizers.Adam(3e-4)


@tf.function
def update(obs, actions, old_logp, adv, ret, clip=0.2):
    with tf.GradientTape() as tape:
        logp_all = tf.nn.log_softmax(actor(obs))
        logp = tf.reduce_sum(logp_all * tf.one_hot(actions, 4), axis=-1)
        ratio = tf.exp(logp - old_logp)
        clipped = tf.clip_by_value(ratio, 1 - clip, 1 + clip)
        policy_loss = -tf.reduce_mean(tf.minimum(ratio * adv, clipped * adv))
        value_loss = tf.reduce_mean((tf.squeeze(critic(obs), -1) - ret) ** 2)
        entropy = -tf.reduce_mean(tf.reduce_sum(tf.exp(logp_all) * logp_all, -1))
        loss = policy_loss + 0.5 * value_loss - 0.01 * entropy
    variables = actor.trainable_variables + critic.trainable_variables
    grads, norm = tf.clip_by_global_norm(tape.gradient(loss, variables), 0.5)
    opt.apply_gradients(zip(grads, variables))
    kl = tf.reduce_mean(old_logp - logp)
    return loss, kl, norm
