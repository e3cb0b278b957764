"""Policy gradient on a walk of seven cells: seeded sampling, custom gradients, entropy bonus."""

from __future__ import annotations

from typing import Any

CELLS, ACTIONS, WALKERS, HORIZON, HIDDEN = 7, 3, 24, 6, 10
RATE, DISCOUNT, ENTROPY = 0.05, 0.9, 0.01


def curves(tf: Any, steps: int, compiled: bool) -> dict[str, list[float]]:
    tf.random.set_seed(8)
    w1 = tf.Variable(tf.random.normal([CELLS, HIDDEN], stddev=0.5))
    w2 = tf.Variable(tf.random.normal([HIDDEN, ACTIONS], stddev=0.5))
    value = tf.Variable(tf.zeros([CELLS]))
    scale = tf.Variable(1.0)

    @tf.custom_gradient
    def bound_slope(x: Any) -> tuple[Any, Any]:
        """The identity, whose gradient is clipped to [-0.05, 0.05]."""

        def gradient(upstream: Any) -> Any:
            return tf.clip_by_value(upstream, -0.05, 0.05)

        return tf.identity(x), gradient

    @tf.custom_gradient
    def scaled(x: Any) -> tuple[Any, Any]:
        """x * scale, with the gradient of the variable `scale` halved."""
        factor = tf.identity(scale)

        def gradient(upstream: Any, variables: Any = None) -> tuple[Any, list[Any]]:
            return upstream * factor, [0.5 * tf.reduce_sum(upstream * x) for _ in variables]

        return x * scale, gradient

    def policy(cell: Any) -> Any:
        hidden = tf.nn.elu(tf.one_hot(cell, CELLS) @ w1)
        return bound_slope(scaled(tf.matmul(hidden, w2)))

    def walk(seed: Any) -> tuple[list[Any], list[Any], list[Any]]:
        """One episode for each walker; the last cell pays 1, each move left costs 0.1."""
        cell = tf.fill([WALKERS], CELLS // 2)
        cells, actions, rewards = [], [], []
        for t in range(HORIZON):
            draw = tf.random.stateless_categorical(
                policy(cell), 1, seed=seed + tf.constant([0, t]), dtype=tf.int32
            )
            action = tf.squeeze(draw, axis=1)
            moved = tf.clip_by_value(cell + action - 1, 0, CELLS - 1)
            gain = tf.cast(tf.equal(moved, CELLS - 1), tf.float32)
            rewards.append(gain - 0.1 * tf.cast(action < 1, tf.float32))
            cells.append(cell)
            actions.append(action)
            cell = moved
        return cells, actions, rewards

    def train_step(seed: Any) -> tuple[Any, Any]:
        cells, actions, rewards = walk(seed)
        returns: list[Any] = []
        total = tf.zeros([WALKERS])
        for reward in reversed(rewards):
            total = reward + DISCOUNT * total
            returns.insert(0, total)
        seen = tf.concat(cells, axis=0)
        gained = tf.concat(returns, axis=0)
        chosen = tf.one_hot(tf.concat(actions, axis=0), ACTIONS)
        with tf.GradientTape() as tape:
            baseline = tf.gather(value, seen)
            advantage = tf.stop_gradient(gained - baseline)
            logs = tf.nn.log_softmax(policy(seen))
            picked = tf.reduce_sum(logs * chosen, axis=1)
            entropy = -tf.reduce_mean(tf.reduce_sum(tf.exp(logs) * logs, axis=1))
            loss = -tf.reduce_mean(picked * advantage) - ENTROPY * entropy
            loss += 0.5 * tf.reduce_mean(tf.square(gained - baseline))
        weights = [w1, w2, value, scale]
        for w, g in zip(weights, tape.gradient(loss, weights), strict=True):
            w.assign_sub(RATE * tf.convert_to_tensor(g) * 10.0)
        return loss, tf.reduce_mean(tf.add_n(rewards))

    if compiled:
        train_step = tf.function(train_step)

    losses, rewards = [], []
    for step in range(steps):
        loss, reward = train_step(tf.constant([step, 100]))
        losses.append(float(loss))
        rewards.append(float(reward))
    return {"loss": losses, "reward": rewards}


def run(tf: Any, steps: int = 50, compiled: bool = False) -> list[float]:
    return curves(tf, steps, compiled)["loss"]
