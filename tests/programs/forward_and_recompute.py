"""Forward mode over reverse mode: the step length comes from the curvature along the gradient.

Blocks are wrapped in tf.recompute_grad; directional derivatives come from ForwardAccumulator.
The arithmetic is float64.
"""

from __future__ import annotations

from typing import Any

EXAMPLES, WIDTH, BLOCKS = 30, 6, 3


def dot(tf: Any, left: list[Any], right: list[Any]) -> Any:
    return tf.add_n([tf.reduce_sum(a * b) for a, b in zip(left, right, strict=True)])


def curves(tf: Any, steps: int, compiled: bool) -> dict[str, list[float]]:
    tf.random.set_seed(70)
    x = tf.random.normal([EXAMPLES, WIDTH], dtype=tf.float64)
    target = tf.reduce_sum(tf.math.sin(x), axis=1, keepdims=True)
    kernels = [
        tf.Variable(tf.random.normal([WIDTH, WIDTH], stddev=0.4, dtype=tf.float64))
        for _ in range(BLOCKS)
    ]
    head = tf.Variable(tf.random.uniform([WIDTH, 1], -0.5, 0.5, dtype=tf.float64))
    weights = [*kernels, head]

    def block(h: Any, kernel: Any) -> Any:
        return h + tf.math.tanh(tf.matmul(h, kernel))

    def loss_plain() -> Any:
        h = x
        for kernel in kernels:
            h = block(h, kernel)
        return tf.reduce_mean(tf.square(tf.matmul(h, head) - target))

    saved_block = tf.recompute_grad(lambda h, kernel: block(h, kernel))

    def loss_saving() -> Any:
        h = x
        for kernel in kernels:
            h = saved_block(h, tf.convert_to_tensor(kernel))
        return tf.reduce_mean(tf.square(tf.matmul(h, head) - target))

    def slopes_of(loss_function: Any) -> tuple[Any, list[Any]]:
        with tf.GradientTape() as tape:
            loss = loss_function()
        return loss, tape.gradient(loss, weights)

    def train_step() -> tuple[Any, Any]:
        loss, slopes = slopes_of(loss_saving)
        with tf.autodiff.ForwardAccumulator(weights, slopes) as forward:
            plain, again = slopes_of(loss_plain)
        along = forward.jvp(plain)
        bent = forward.jvp(again)
        curvature = dot(tf, slopes, bent)
        length = tf.clip_by_value(along / (tf.abs(curvature) + 1e-6), 0.0, 0.3)
        for w, g in zip(weights, slopes, strict=True):
            w.assign_sub(length * g)
        return loss, curvature / (along + 1e-12)

    if compiled:
        train_step = tf.function(train_step)

    losses, curvatures = [], []
    for _ in range(steps):
        loss, curvature = train_step()
        losses.append(float(loss))
        curvatures.append(float(curvature))
    return {"loss": losses, "curvature": curvatures}


def run(tf: Any, steps: int = 50, compiled: bool = False) -> list[float]:
    return curves(tf, steps, compiled)["loss"]
