import tensorflow as tf

actor = tf.keras.Sequential([tf.keras.layers.Dense(2)])
critic = tf.keras.Sequential([tf.keras.layers.Dense(1)])
a_opt = tf.keras.optimizers.Adam(1e-4)
c_opt = tf.keras.optimizers.Adam(1e-3)


def update(s, target):
    with tf.GradientTape() as tape:
        v = critic(s, training=True)
        c_loss = tf.reduce_mean(tf.square(target - v))
    c_grads = tape.gradient(c_loss, critic.trainable_variables)
    c_opt.apply_gradients(zip(c_grads, actor.trainable_variables))  # expect: DRS205
