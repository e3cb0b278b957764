"""A tf.Module model: accumulated gradients, clipping by global norm, a rate in a variable, early
stopping that gives the best weights back.
"""

from __future__ import annotations

import math
from typing import Any

EXAMPLES, FEATURES, MICRO, PARTS = 48, 5, 8, 3
PEAK_RATE, WARMUP, PATIENCE = 0.2, 5, 6


def make_model(tf: Any) -> Any:
    """The classes are made here, since their base comes with the namespace."""

    class Dense(tf.Module):
        def __init__(self, width: int, activation: Any = None, name: str | None = None) -> None:
            super().__init__(name=name)
            self.width = width
            self.activation = activation
            self.is_built = False

        @tf.Module.with_name_scope
        def __call__(self, x: Any) -> Any:
            if not self.is_built:
                size = [x.shape[-1], self.width]
                self.w = tf.Variable(tf.random.normal(size, stddev=0.5, seed=9), name="w")
                self.b = tf.Variable(tf.zeros([self.width]), name="b")
                self.is_built = True
            y = tf.matmul(x, self.w) + self.b
            return y if self.activation is None else self.activation(y)

    class Model(tf.Module):
        def __init__(self) -> None:
            super().__init__(name="model")
            self.layers = [Dense(12, tf.nn.selu, name="first"), Dense(8, tf.tanh, name="second")]
            self.heads = {"mean": Dense(1, name="mean"), "spread": Dense(1, name="spread")}
            with self.name_scope:
                self.steps = tf.Variable(0, trainable=False, name="steps")

        def __call__(self, x: Any) -> tuple[Any, Any]:
            for layer in self.layers:
                x = layer(x)
            return self.heads["mean"](x), tf.nn.softplus(self.heads["spread"](x)) + 0.1

    return Model()


def curves(tf: Any, steps: int, compiled: bool) -> dict[str, list[float]]:
    tf.random.set_seed(60)
    x = tf.random.uniform([EXAMPLES, FEATURES], -1.0, 1.0)
    noise = tf.random.normal([EXAMPLES, 1]) * 0.2
    y = tf.reduce_prod(1.0 + x[:, :2], axis=1, keepdims=True) + noise
    train = (x[: MICRO * PARTS], y[: MICRO * PARTS])
    held = (x[MICRO * PARTS :], y[MICRO * PARTS :])

    model = make_model(tf)
    model(x[:1])
    weights = model.trainable_variables
    # Attributes in sorted order: heads, layers, steps; own attributes before those of submodules.
    expected = ["model/steps:0"] + [
        f"{layer}/{variable}:0"
        for layer in ("mean", "spread", "first", "second")
        for variable in ("b", "w")
    ]
    if [v.name for v in model.variables] != expected or len(weights) != 8:
        raise ValueError(f"tf.Module lost variables: {[v.name for v in model.variables]}")
    sums = [tf.Variable(tf.zeros_like(w), trainable=False) for w in weights]
    rate = tf.Variable(0.0, trainable=False)

    def loss_of(inputs: Any, target: Any) -> Any:
        mean, spread = model(inputs)
        each = tf.math.log(spread) + 0.5 * tf.square((target - mean) / spread)
        return tf.reduce_mean(each)

    def accumulate(inputs: Any, target: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = loss_of(inputs, target) / PARTS
        for total, g in zip(sums, tape.gradient(loss, weights), strict=True):
            total.assign_add(g)
        return loss

    def apply_sums() -> Any:
        clipped, norm = tf.clip_by_global_norm([s.read_value() for s in sums], 1.0)
        for w, g, total in zip(weights, clipped, sums, strict=True):
            w.assign_sub(rate * g)
            total.assign(tf.zeros_like(total))
        model.steps.assign_add(1)
        return norm

    if compiled:
        accumulate = tf.function(accumulate)
        apply_sums = tf.function(apply_sums)
        loss_of = tf.function(loss_of)

    best, waited = math.inf, 0
    kept = [w.numpy() for w in weights]
    losses, held_losses, norms = [], [], []
    for step in range(steps):
        if waited < PATIENCE:
            warm = min(1.0, (step + 1) / WARMUP)
            rate.assign(PEAK_RATE * warm * 0.5 * (1.0 + math.cos(math.pi * step / steps)))
            loss = tf.constant(0.0)
            for part in range(PARTS):
                some = slice(part * MICRO, (part + 1) * MICRO)
                loss += accumulate(train[0][some], train[1][some])
            norms.append(float(apply_sums()))
            losses.append(float(loss))
            held_losses.append(float(loss_of(*held)))
            if held_losses[-1] < best - 1e-3:
                best, waited = held_losses[-1], 0
                kept = [w.numpy() for w in weights]
            else:
                waited += 1
    for w, value in zip(weights, kept, strict=True):
        w.assign(value)
    held_losses.append(float(loss_of(*held)))
    if int(model.steps) != len(losses):
        raise ValueError("the step counter disagrees with the steps made")
    return {"loss": losses, "held_out": held_losses, "norm": norms}


def run(tf: Any, steps: int = 50, compiled: bool = False) -> list[float]:
    return curves(tf, steps, compiled)["loss"]
