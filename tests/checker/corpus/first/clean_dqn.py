import numpy as np
import tensorflow as tf

q_net = tf.keras.Sequential([tf.keras.layers.Dense(64, "relu"), tf.keras.layers.Dense(4)])
target_net = tf.keras.models.clone_model(q_net)
opt = tf.keras.optimizers.Adam(1e-3)
huber = tf.keras.losses.Huber()


def act(state, epsilon):
    if np.random.rand() < epsilon:
        return np.random.randint(4)
    return int(tf.argmax(q_net(state[None])[0]).numpy())


@tf.function
def learn(s, a, r, s2, done):
    target = r + 0.99 * tf.reduce_max(target_net(s2), axis=1) * (1.0 - done)
    with tf.GradientTape() as tape:
        q = q_net(s)
        best = tf.argmax(q_net(s2), axis=1)
        chosen = tf.reduce_sum(q * tf.one_hot(a, 4), axis=1)
        loss = huber(tf.stop_gradient(target), chosen)
    grads = tape.gradient(loss, q_net.trainable_variables)
    opt.apply_gradients(zip(grads, q_net.trainable_variables))
    return loss, best
