import numpy as np
import tensorflow as tf


class ActorCritic(tf.keras.Model):
    def __init__(self, actions):
        super().__init__()
        self.common = tf.keras.layers.Dense(128, activation="relu")
        self.actor = tf.keras.layers.Dense(actions)
        self.critic = tf.keras.layers.Dense(1)

    def call(self, x):
        x = self.common(x)
        return self.actor(x), self.critic(x)


model = ActorCritic(2)
opt = tf.keras.optimizers.Adam(1e-2)
huber = tf.keras.losses.Huber(reduction="sum")
eps = np.finfo(np.float32).eps.item()


def run_episode(state, env_step, steps):
    probs = tf.TensorArray(tf.float32, size=0, dynamic_size=True)
    values = tf.TensorArray(tf.float32, size=0, dynamic_size=True)
    rewards = tf.TensorArray(tf.int32, size=0, dynamic_size=True)
    for t in tf.range(steps):
        logits, value = model(tf.expand_dims(state, 0))
        action = tf.random.categorical(logits, 1)[0, 0]
        values = values.write(t, tf.squeeze(value))
        probs = probs.write(t, tf.nn.softmax(logits)[0, action])
        state, reward, done = env_step(action)
        rewards = rewards.write(t, reward)
        if tf.cast(done, tf.bool):
            break
    return probs.stack(), values.stack(), rewards.stack()


@tf.function
def train_step(state, env_step, steps):
    with tf.GradientTape() as tape:
        probs, values, rewards = run_episode(state, env_step, steps)
        returns = tf.cumsum(tf.cast(rewards, tf.float32), reverse=True)
        probs, values, returns = [tf.expand_dims(x, 1) for x in [probs, values, returns]]
        loss = -tf.math.reduce_sum(tf.math.log(probs) * (returns - values)) + huber(values, returns)
    grads = tape.gradient(loss, model.trainable_variables)
    opt.apply_gradients(zip(grads, model.trainable_variables))
    return tf.math.reduce_sum(rewards)
