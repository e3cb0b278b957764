import numpy as np
import tensorflow as tf

policy = tf.keras.Sequential([tf.keras.layers.Dense(32, "tanh"), tf.keras.layers.Dense(2)])
optimizer = tf.keras.optimizers.Adam(1e-2)


def discount(rewards, gamma=0.99):
    total, out = 0.0, []
    for r in reversed(rewards):
        total = r + gamma * total
        out.insert(0, total)
    out = np.array(out, dtype=np.float32)
    return (out - out.mean()) / (out.std() + 1e-8)


def episode(env):
    states, actions, rewards = [], [], []
    state, done = env.reset(), False
    while not done:
        logits = policy(state[None])
        action = int(tf.random.categorical(logits, 1)[0, 0].numpy())
        states.append(state)
        actions.append(action)
        state, reward, done, _ = env.step(action)
        rewards.append(reward)
    return np.array(states), np.array(actions), rewards


def train(env):
    for i in range(500):
        states, actions, rewards = episode(env)
        returns = discount(rewards)
        with tf.GradientTape() as tape:
            logits = policy(states)
            nll = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=actions, logits=logits)
            loss = tf.reduce_mean(nll * returns)
        grads = tape.gradient(loss, policy.trainable_variables)
        optimizer.apply_gradients(zip(grads, policy.trainable_variables))
        if i % 10 == 0:
            print(i, sum(rewards), loss.numpy())
