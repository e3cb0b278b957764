"""Recurrent nets by tf.while_loop: one with a known number of trips, one without.

The known one sums a sequence of fixed length; the other reads sequences of differing lengths and
stops at the longest of the batch, so the number of trips is known only when the step runs.
Outputs are written into a tensor by tensor_scatter_nd_update, without TensorArray.
"""

from __future__ import annotations

from typing import Any

TIME, BATCH, INPUTS, UNITS = 9, 8, 3, 10
RATE = 0.1


class Cell:
    """A gated recurrent unit, written out."""

    def __init__(self, tf: Any) -> None:
        self.tf = tf
        self.gate = tf.Variable(tf.random.normal([INPUTS + UNITS, 2 * UNITS], stddev=0.3))
        self.gate_bias = tf.Variable(tf.ones([2 * UNITS]))
        self.candidate = tf.Variable(tf.random.normal([INPUTS + UNITS, UNITS], stddev=0.3))
        self.head = tf.Variable(tf.random.normal([UNITS, 1], stddev=0.3))
        self.weights = [self.gate, self.gate_bias, self.candidate, self.head]

    def __call__(self, x: Any, state: Any) -> Any:
        tf = self.tf
        both = tf.matmul(tf.concat([x, state], axis=1), self.gate) + self.gate_bias
        reset, update = tf.split(tf.sigmoid(both), 2, axis=1)
        fresh = tf.tanh(tf.matmul(tf.concat([x, reset * state], axis=1), self.candidate))
        return update * state + (1.0 - update) * fresh


def curves(tf: Any, steps: int, compiled: bool) -> dict[str, list[float]]:
    tf.random.set_seed(31)
    known = Cell(tf)
    unknown = Cell(tf)
    sequences = tf.random.uniform([TIME, BATCH, INPUTS], -1.0, 1.0)
    sums = tf.cumsum(tf.reduce_sum(sequences, axis=2), axis=0) / 3.0

    def run_known(x: Any) -> Any:
        """Outputs of every step, [TIME, BATCH]: the loop always makes TIME trips."""

        def body(i: Any, state: Any, outputs: Any) -> tuple[Any, Any, Any]:
            state = known(x[i], state)
            value = tf.squeeze(tf.matmul(state, known.head), axis=1)
            return i + 1, state, tf.tensor_scatter_nd_update(outputs, [[i]], [value])

        start = (tf.constant(0), tf.zeros([BATCH, UNITS]), tf.zeros([TIME, BATCH]))
        return tf.while_loop(lambda i, *_: i < TIME, body, start)[2]

    def run_unknown(x: Any, lengths: Any) -> Any:
        """Final output of each sequence, [BATCH]: a state stops changing at its own end."""
        longest = tf.reduce_max(lengths)

        def body(i: Any, state: Any) -> tuple[Any, Any]:
            alive = tf.expand_dims(i < lengths, 1)
            return i + 1, tf.where(alive, unknown(tf.gather(x, i), state), state)

        start = (tf.constant(0), tf.zeros([BATCH, UNITS]))
        state = tf.while_loop(lambda i, _: tf.less(i, longest), body, start)[1]
        return tf.reshape(tf.matmul(state, unknown.head), [-1])

    def descend(tape: Any, loss: Any, weights: list[Any]) -> None:
        for w, g in zip(weights, tape.gradient(loss, weights), strict=True):
            w.assign_sub(RATE * tf.clip_by_norm(g, 1.0))

    def known_step(x: Any, target: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.math.squared_difference(run_known(x), target))
        descend(tape, loss, known.weights)
        return loss

    def unknown_step(x: Any, target: Any, lengths: Any) -> Any:
        with tf.GradientTape() as tape:
            wanted = tf.gather_nd(target, tf.stack([lengths - 1, tf.range(BATCH)], axis=1))
            loss = tf.reduce_mean(tf.square(run_unknown(x, lengths) - wanted))
        descend(tape, loss, unknown.weights)
        return loss

    if compiled:
        known_step = tf.function(known_step)
        unknown_step = tf.function(unknown_step)

    fixed, varying = [], []
    for step in range(steps):
        limit = 3 + step % (TIME - 2)
        lengths = tf.random.stateless_uniform([BATCH], [step, 5], 1, limit, dtype=tf.int32)
        fixed.append(float(known_step(sequences, sums)))
        varying.append(float(unknown_step(sequences, sums, lengths)))
    return {"loss": fixed, "varying_lengths": varying}


def run(tf: Any, steps: int = 50, compiled: bool = False) -> list[float]:
    return curves(tf, steps, compiled)["loss"]
