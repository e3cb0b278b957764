import tensorflow as tf


class Agent:
    def __init__(self):
        self.actor = tf.keras.Sequential([tf.keras.layers.Dense(2, activation="softmax")])
        self.optimizer = tf.keras.optimizers.Adam(1e-3)

    def update(self, states, actions, returns):
        with tf.GradientTape() as tape:
            probs = self.actor(states, training=True)
            log_probs = tf.math.log(tf.gather(probs, actions, batch_dims=1))
        loss = -tf.reduce_mean(log_probs * returns)  # expect: DRS201
        grads = tape.gradient(loss, self.actor.trainable_variables)
        self.optimizer.apply_gradients(zip(grads, self.actor.trainable_variables))
