"""The workloads in JAX. Eager ones are un-jitted, compiled ones under `jax.jit` with donation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import workloads as spec
from jax import lax
from workloads import Case, dense_weights, integers, normal


def training(step: Callable[..., Any], state: Any, batch: tuple[Any, ...]) -> Case:
    """A step (state, *batch) -> (state, loss); the state is kept here."""
    held = jax.tree.map(jnp.asarray, state)

    def call() -> Any:
        nonlocal held
        held, loss = step(held, *batch)
        return loss

    check = [float(call()) for _ in range(3)]
    return Case(call, lambda loss: jax.block_until_ready((loss, held)), check)


def compiled(step: Callable[..., Any]) -> Callable[..., Any]:
    return jax.jit(step, donate_argnums=0)


def descend(rate: float, weights: Any, slopes: Any) -> Any:
    return jax.tree.map(lambda w, g: w - rate * g, weights, slopes)


def operation(call: Callable[[], Any]) -> Case:
    return Case(call, jax.block_until_ready, [float(jnp.sum(call()))])


def sgd(loss_of: Callable[..., Any], rate: float) -> Callable[..., Any]:
    def step(weights: Any, *batch: Any) -> tuple[Any, Any]:
        loss, slopes = jax.value_and_grad(loss_of)(weights, *batch)
        return descend(rate, weights, slopes), loss

    return step


def cross_entropy(logits: Any, labels: Any) -> Any:
    logs = jax.nn.log_softmax(logits)
    return -jnp.mean(jnp.take_along_axis(logs, labels[:, None], axis=1))


# Single operations.


def add() -> Case:
    x, y = jnp.asarray(normal("x", 100)), jnp.asarray(normal("y", 100))
    return operation(lambda: jnp.add(x, y))


def matmul() -> Case:
    x, y = jnp.asarray(normal("x", 64, 64)), jnp.asarray(normal("y", 64, 64))
    return operation(lambda: jnp.matmul(x, y))


def reduce_mean() -> Case:
    x = jnp.asarray(normal("x", 64, 64))
    return operation(lambda: jnp.mean(x))


def slice_() -> Case:
    x = jnp.asarray(normal("x", 64, 64))
    return operation(lambda: x[1:3, ::2])


# Dense nets.


def small_loss(weights: Any, x: Any, y: Any) -> Any:
    w1, b1, w2, b2 = weights
    return jnp.mean(jnp.square(jnp.tanh(x @ w1 + b1) @ w2 + b2 - y))


def small_data() -> tuple[Any, tuple[Any, Any]]:
    x = jnp.asarray(normal("small.x", spec.SMALL_BATCH, spec.SMALL_SIZES[0]))
    y = jnp.asarray(normal("small.y", spec.SMALL_BATCH, spec.SMALL_SIZES[-1]))
    return dense_weights("small", spec.SMALL_SIZES), (x, y)


def small_mlp_eager() -> Case:
    return training(sgd(small_loss, spec.SMALL_RATE), *small_data())


def small_mlp() -> Case:
    return training(compiled(sgd(small_loss, spec.SMALL_RATE)), *small_data())


def wide_loss(weights: Any, x: Any, labels: Any) -> Any:
    for i in range(0, len(weights) - 2, 2):
        x = jax.nn.relu(x @ weights[i] + weights[i + 1])
    return cross_entropy(x @ weights[-2] + weights[-1], labels)


def wide_data() -> tuple[Any, tuple[Any, Any]]:
    x = jnp.asarray(normal("wide.x", spec.WIDE_BATCH, spec.WIDE_SIZES[0]))
    labels = jnp.asarray(integers("wide.labels", spec.WIDE_SIZES[-1], spec.WIDE_BATCH))
    return dense_weights("wide", spec.WIDE_SIZES), (x, labels)


def wide_mlp_eager() -> Case:
    return training(sgd(wide_loss, spec.WIDE_SGD_RATE), *wide_data())


def wide_mlp() -> Case:
    weights, batch = wide_data()
    beta1, beta2 = spec.ADAM_BETA1, spec.ADAM_BETA2

    def step(state: Any, x: Any, labels: Any) -> tuple[Any, Any]:
        weights, means, squares, count = state
        loss, slopes = jax.value_and_grad(wide_loss)(weights, x, labels)
        count = count + 1.0
        rate = spec.ADAM_RATE * jnp.sqrt(1.0 - beta2**count) / (1.0 - beta1**count)
        means = jax.tree.map(lambda m, g: m + (g - m) * (1.0 - beta1), means, slopes)
        squares = jax.tree.map(lambda s, g: s + (g * g - s) * (1.0 - beta2), squares, slopes)
        weights = jax.tree.map(
            lambda w, m, s: w - rate * m / (jnp.sqrt(s) + spec.ADAM_EPSILON),
            weights,
            means,
            squares,
        )
        return (weights, means, squares, count), loss

    zeros = [0.0 * w for w in weights]
    state = (weights, zeros, [z.copy() for z in zeros], jnp.float32(0.0))
    return training(compiled(step), state, batch)


# Convolution, attention, recurrence.


def max_pool(x: Any) -> Any:
    return lax.reduce_window(x, -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")


def conv() -> Case:
    layout = ("NHWC", "HWIO", "NHWC")

    def loss_of(weights: Any, x: Any, labels: Any) -> Any:
        k1, b1, k2, b2, head, bias = weights
        for kernel, shift in ((k1, b1), (k2, b2)):
            x = lax.conv_general_dilated(x, kernel, (1, 1), "SAME", dimension_numbers=layout)
            x = max_pool(jax.nn.relu(x + shift))
        return cross_entropy(x.reshape(x.shape[0], -1) @ head + bias, labels)

    x = jnp.asarray(normal("conv.x", spec.CONV_BATCH, 28, 28, 1))
    labels = jnp.asarray(integers("conv.labels", 10, spec.CONV_BATCH))
    return training(compiled(sgd(loss_of, spec.CONV_RATE)), spec.conv_weights(), (x, labels))


def transformer() -> Case:
    batch, time, width = spec.ATTENTION_BATCH, spec.ATTENTION_TIME, spec.ATTENTION_WIDTH
    heads = spec.ATTENTION_HEADS
    depth = width // heads

    def norm(x: Any, scale: Any, shift: Any) -> Any:
        mean = jnp.mean(x, -1, keepdims=True)
        variance = jnp.var(x, -1, keepdims=True)
        return (x - mean) * lax.rsqrt(variance + 1e-6) * scale + shift

    def split(x: Any) -> Any:
        return x.reshape(batch, time, heads, depth).transpose(0, 2, 1, 3)

    def loss_of(layers: Any, x: Any, y: Any) -> Any:
        for w in layers:
            z = norm(x, w["scale1"], w["shift1"])
            query, key, value = split(z @ w["query"]), split(z @ w["key"]), split(z @ w["value"])
            share = jax.nn.softmax(query @ key.transpose(0, 1, 3, 2) * depth**-0.5)
            mixed = (share @ value).transpose(0, 2, 1, 3).reshape(batch, time, width)
            x = x + mixed @ w["output"]
            z = norm(x, w["scale2"], w["shift2"])
            x = x + jax.nn.relu(z @ w["up"] + w["up_bias"]) @ w["down"] + w["down_bias"]
        return jnp.mean(jnp.square(x - y))

    x = jnp.asarray(normal("attention.x", batch, time, width))
    y = jnp.asarray(normal("attention.y", batch, time, width))
    step = compiled(sgd(loss_of, spec.ATTENTION_RATE))
    return training(step, spec.attention_weights(), (x, y))


def lstm() -> Case:
    batch, units = spec.LSTM_BATCH, spec.LSTM_UNITS
    kernel = jnp.asarray(normal("lstm.w", 2 * units, 4 * units, scale=0.06))
    bias = jnp.asarray(normal("lstm.b", 4 * units, scale=0.1))
    x = jnp.asarray(normal("lstm.x", spec.LSTM_TIME, batch, units))

    def loss_of(weights: Any, x: Any) -> Any:
        kernel, bias = weights

        def body(state: Any, now: Any) -> tuple[Any, None]:
            hidden, cell = state
            i, f, g, o = jnp.split(jnp.concatenate([now, hidden], 1) @ kernel + bias, 4, axis=1)
            cell = jax.nn.sigmoid(f) * cell + jax.nn.sigmoid(i) * jnp.tanh(g)
            return (jax.nn.sigmoid(o) * jnp.tanh(cell), cell), None

        zero = jnp.zeros([batch, units])
        (hidden, _), _ = lax.scan(body, (zero, zero), x)
        return jnp.mean(jnp.square(hidden))

    both = jax.jit(jax.value_and_grad(loss_of))
    loss, (slope, _) = both((kernel, bias), x)
    check = [float(loss), float(jnp.linalg.norm(slope))]
    return Case(lambda: both((kernel, bias), x), jax.block_until_ready, check)


def while_() -> Case:
    def body(state: Any) -> Any:
        i, x = state
        return i + 1, lax.cond(x > 1.0, lambda x: x * 0.5, lambda x: x + 0.3, x)

    loop = jax.jit(lambda x: lax.while_loop(lambda s: s[0] < spec.TRIPS, body, (0, x))[1])
    x = jnp.float32(0.0)
    return operation(lambda: loop(x))


# Sparse updates.


def embedding_parts() -> tuple[Callable[..., Any], Any, tuple[Any, Any]]:
    """The gradient is taken for the rows read, never for the table."""

    def loss_of(rows: Any, target: Any) -> Any:
        return jnp.mean(jnp.sum(jnp.square(jnp.mean(rows, axis=1) - target), axis=1))

    def step(table: Any, ids: Any, target: Any) -> tuple[Any, Any]:
        loss, slopes = jax.value_and_grad(loss_of)(table[ids], target)
        return table.at[ids].add(-spec.TABLE_RATE * slopes), loss

    ids = jnp.asarray(integers("bags", spec.TABLE_ROWS, spec.BAGS, spec.BAG_SIZE))
    target = jnp.asarray(normal("bags.y", spec.BAGS, spec.TABLE_WIDTH))
    return step, normal("table", spec.TABLE_ROWS, spec.TABLE_WIDTH), (ids, target)


def embedding_eager() -> Case:
    return training(*embedding_parts())


def embedding() -> Case:
    step, table, batch = embedding_parts()
    return training(compiled(step), table, batch)


def jacobian() -> Case:
    w1, b1, w2, b2 = map(jnp.asarray, dense_weights("jacobian", spec.JACOBIAN_SIZES))
    x = jnp.asarray(normal("jacobian.x", spec.JACOBIAN_SIZES[0]))
    slopes = jax.jit(jax.jacrev(lambda x: jnp.tanh(x @ w1 + b1) @ w2 + b2))
    check = [float(jnp.linalg.norm(slopes(x)))]
    return Case(lambda: slopes(x), jax.block_until_ready, check)


# What error checks cost: JAX has none here, and clamps or drops what is out of range.


def checked_data() -> tuple[Any, tuple[Any, Any]]:
    words, width, classes = spec.CHECKED_WORDS, spec.CHECKED_WIDTH, spec.CHECKED_CLASSES
    weights = [
        normal("checked.table", words, width),
        normal("checked.w", width, classes, scale=width**-0.5),
        normal("checked.b", classes, scale=0.1),
    ]
    ids = jnp.asarray(integers("checked.ids", words, spec.CHECKED_BATCH))
    labels = jnp.asarray(integers("checked.labels", classes, spec.CHECKED_BATCH))
    return weights, (ids, labels)


def checked() -> Case:
    def loss_of(weights: Any, ids: Any, labels: Any) -> Any:
        table, kernel, bias = weights
        return cross_entropy(jnp.tanh(table[ids]) @ kernel + bias, labels)

    return training(compiled(sgd(loss_of, spec.CHECKED_RATE)), *checked_data())


def unchecked() -> Case:
    def loss_of(weights: Any, ids: Any, labels: Any) -> Any:
        table, kernel, bias = weights
        rows = jax.nn.one_hot(ids, spec.CHECKED_WORDS) @ table
        logs = jax.nn.log_softmax(jnp.tanh(rows) @ kernel + bias)
        return -jnp.mean(jnp.sum(jax.nn.one_hot(labels, spec.CHECKED_CLASSES) * logs, axis=1))

    return training(compiled(sgd(loss_of, spec.CHECKED_RATE)), *checked_data())


WORKLOADS: dict[str, Callable[[], Case]] = {
    "add": add,
    "matmul": matmul,
    "reduce_mean": reduce_mean,
    "slice": slice_,
    "small_mlp_eager": small_mlp_eager,
    "small_mlp": small_mlp,
    "wide_mlp_eager": wide_mlp_eager,
    "wide_mlp": wide_mlp,
    "conv": conv,
    "transformer": transformer,
    "lstm": lstm,
    "while": while_,
    "embedding_eager": embedding_eager,
    "embedding": embedding,
    "jacobian": jacobian,
    "checked": checked,
    "unchecked": unchecked,
}
