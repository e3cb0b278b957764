"""Training through tf.cond, tf.case, tf.switch_case, tf.map_fn, tf.scan and tf.while_loop."""

from __future__ import annotations

from typing import Any

TIME, BATCH, STATE, EXPERTS, RATE = 8, 6, 4, 3, 0.1


def curves(tf: Any, steps: int, compiled: bool) -> dict[str, list[float]]:
    tf.random.set_seed(12)
    signal = tf.random.normal([TIME, BATCH, STATE])
    drift = tf.Variable(tf.random.normal([STATE, STATE], stddev=0.4))
    experts = [tf.Variable(tf.random.normal([STATE, 1], stddev=0.5)) for _ in range(EXPERTS)]
    power = tf.Variable(1.5)
    rate = tf.Variable(RATE, trainable=False)
    worst = tf.Variable(0.0, trainable=False)

    def filtered(x: Any) -> Any:
        """A leaky state through time, [TIME, BATCH, STATE]."""

        def advance(state: Any, now: Any) -> Any:
            return 0.6 * state + 0.4 * tf.tanh(tf.matmul(now, drift))

        return tf.scan(advance, x, initializer=tf.zeros([BATCH, STATE]))

    def by_expert(states: Any, which: Any) -> Any:
        def branch(i: int) -> Any:
            return lambda: tf.reduce_mean(tf.matmul(states, experts[i])) * float(i + 1)

        return tf.switch_case(which, {i: branch(i) for i in range(EXPERTS)})

    def roots(values: Any) -> Any:
        """Solve y + y^3 = v for each v by Newton's method, in a loop inside a map."""

        def solve(v: Any) -> Any:
            def body(i: Any, y: Any) -> tuple[Any, Any]:
                return i + 1, y - (y + y**3 - v) / (1.0 + 3.0 * y**2)

            start = (tf.constant(0), tf.zeros_like(v))
            return tf.while_loop(lambda i, _: i < 6, body, start, maximum_iterations=6)[1]

        return tf.map_fn(solve, values)

    def train_step(x: Any, which: Any, warm: Any) -> tuple[Any, Any]:
        weights = [drift, power, *experts]
        with tf.GradientTape() as tape:
            states = filtered(x)
            score = by_expert(states, which)
            solved = roots(tf.reduce_mean(states, axis=[0, 2]) * 3.0 + power)
            penalty = tf.cond(
                warm,
                lambda: tf.reduce_sum(tf.square(drift)),
                lambda: tf.reduce_sum(tf.abs(drift)) * 0.5,
            )
            bend = tf.case(
                [
                    (power > 1.4, lambda: tf.square(power)),
                    (power > 0.9, lambda: 2.0 * power),
                ],
                default=lambda: tf.exp(power),
            )
            loss = tf.square(score - 0.5) + tf.reduce_mean(tf.square(solved - 0.3))
            loss += 0.05 * penalty + 0.02 * bend
        slopes = tape.gradient(loss, weights, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        for w, g in zip(weights, slopes, strict=True):
            w.assign_sub(rate * g)
        top = tf.cond(loss > worst, lambda: worst.assign(loss), lambda: tf.identity(worst))
        return loss, top

    if compiled:
        train_step = tf.function(train_step)

    losses, tops = [], []
    for step in range(steps):
        loss, top = train_step(signal, tf.constant(step % EXPERTS), tf.constant(step < steps // 2))
        losses.append(float(loss))
        tops.append(float(top))
    return {"loss": losses, "worst": tops}


def run(tf: Any, steps: int = 50, compiled: bool = False) -> list[float]:
    return curves(tf, steps, compiled)["loss"]
