"""The workloads in TensorFlow's API: for TensorFlow itself and for Deras, `tf` being either.

`compile` is `tf.function`, or `tf.function` with jit_compile=True for TensorFlow's XLA column;
eager workloads leave it unused.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import workloads as spec
from workloads import Case, dense_weights, integers, normal

Compile = Callable[[Callable[..., Any]], Callable[..., Any]]


def wait(result: Any) -> None:
    result.numpy()


def training(step: Callable[[], Any], variables: list[Any]) -> Case:
    """A step that returns its loss and leaves its state in variables."""
    check = [float(step()) for _ in range(3)]

    def sync(loss: Any) -> None:
        loss.numpy()
        # The last variable to be written; one number of it, since a table is large.
        last = variables[-1]
        last[(0,) * len(last.shape)].numpy()

    return Case(step, sync, check)


# Single operations.


def add(tf: Any, compile: Compile) -> Case:
    x, y = tf.constant(normal("x", 100)), tf.constant(normal("y", 100))
    return Case(lambda: tf.add(x, y), wait, [float(tf.reduce_sum(tf.add(x, y)))])


def matmul(tf: Any, compile: Compile) -> Case:
    x, y = tf.constant(normal("x", 64, 64)), tf.constant(normal("y", 64, 64))
    return Case(lambda: tf.matmul(x, y), wait, [float(tf.reduce_sum(tf.matmul(x, y)))])


def reduce_mean(tf: Any, compile: Compile) -> Case:
    x = tf.constant(normal("x", 64, 64))
    return Case(lambda: tf.reduce_mean(x), wait, [float(tf.reduce_mean(x))])


def slice_(tf: Any, compile: Compile) -> Case:
    x = tf.constant(normal("x", 64, 64))
    return Case(lambda: x[1:3, ::2], wait, [float(tf.reduce_sum(x[1:3, ::2]))])


# Dense nets.


def small_mlp_step(tf: Any) -> tuple[Callable[..., Any], list[Any], tuple[Any, Any]]:
    weights = [tf.Variable(w) for w in dense_weights("small", spec.SMALL_SIZES)]
    w1, b1, w2, b2 = weights
    x = tf.constant(normal("small.x", spec.SMALL_BATCH, spec.SMALL_SIZES[0]))
    y = tf.constant(normal("small.y", spec.SMALL_BATCH, spec.SMALL_SIZES[-1]))

    def step(x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            hidden = tf.tanh(tf.matmul(x, w1) + b1)
            loss = tf.reduce_mean(tf.square(tf.matmul(hidden, w2) + b2 - y))
        for w, g in zip(weights, tape.gradient(loss, weights), strict=True):
            w.assign_sub(spec.SMALL_RATE * g)
        return loss

    return step, weights, (x, y)


def small_mlp_eager(tf: Any, compile: Compile) -> Case:
    step, weights, batch = small_mlp_step(tf)
    return training(lambda: step(*batch), weights)


def small_mlp(tf: Any, compile: Compile) -> Case:
    step, weights, batch = small_mlp_step(tf)
    compiled = compile(step)
    return training(lambda: compiled(*batch), weights)


def wide_mlp_loss(tf: Any) -> tuple[Callable[..., Any], list[Any], tuple[Any, Any]]:
    weights = [tf.Variable(w) for w in dense_weights("wide", spec.WIDE_SIZES)]
    x = tf.constant(normal("wide.x", spec.WIDE_BATCH, spec.WIDE_SIZES[0]))
    labels = tf.constant(integers("wide.labels", spec.WIDE_SIZES[-1], spec.WIDE_BATCH))

    def loss_of(x: Any, labels: Any) -> Any:
        for i in range(0, len(weights) - 2, 2):
            x = tf.nn.relu(tf.matmul(x, weights[i]) + weights[i + 1])
        logits = tf.matmul(x, weights[-2]) + weights[-1]
        return tf.reduce_mean(
            tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
        )

    return loss_of, weights, (x, labels)


def wide_mlp_eager(tf: Any, compile: Compile) -> Case:
    loss_of, weights, batch = wide_mlp_loss(tf)

    def step() -> Any:
        with tf.GradientTape() as tape:
            loss = loss_of(*batch)
        for w, g in zip(weights, tape.gradient(loss, weights), strict=True):
            w.assign_sub(spec.WIDE_SGD_RATE * g)
        return loss

    return training(step, weights)


def wide_mlp(tf: Any, compile: Compile) -> Case:
    loss_of, weights, batch = wide_mlp_loss(tf)
    means = [tf.Variable(tf.zeros_like(w), trainable=False) for w in weights]
    squares = [tf.Variable(tf.zeros_like(w), trainable=False) for w in weights]
    count = tf.Variable(0.0, trainable=False)
    beta1, beta2 = spec.ADAM_BETA1, spec.ADAM_BETA2

    def step(x: Any, labels: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = loss_of(x, labels)
        gradients = tape.gradient(loss, weights)
        t = count.assign_add(1.0)
        rate = spec.ADAM_RATE * tf.sqrt(1.0 - beta2**t) / (1.0 - beta1**t)
        for w, m, s, g in zip(weights, means, squares, gradients, strict=True):
            m.assign_add((g - m) * (1.0 - beta1))
            s.assign_add((tf.square(g) - s) * (1.0 - beta2))
            w.assign_sub(rate * m / (tf.sqrt(s) + spec.ADAM_EPSILON))
        return loss

    compiled = compile(step)
    return training(lambda: compiled(*batch), weights)


# Convolution, attention, recurrence.


def conv(tf: Any, compile: Compile) -> Case:
    weights = [tf.Variable(w) for w in spec.conv_weights()]
    k1, b1, k2, b2, head, bias = weights
    images = tf.constant(normal("conv.x", spec.CONV_BATCH, 28, 28, 1))
    labels = tf.constant(integers("conv.labels", 10, spec.CONV_BATCH))

    def step(x: Any, labels: Any) -> Any:
        with tf.GradientTape() as tape:
            x = tf.nn.relu(tf.nn.conv2d(x, k1, 1, "SAME") + b1)
            x = tf.nn.max_pool2d(x, 2, 2, "VALID")
            x = tf.nn.relu(tf.nn.conv2d(x, k2, 1, "SAME") + b2)
            x = tf.nn.max_pool2d(x, 2, 2, "VALID")
            logits = tf.matmul(tf.reshape(x, [-1, 7 * 7 * 64]), head) + bias
            loss = tf.reduce_mean(
                tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
            )
        for w, g in zip(weights, tape.gradient(loss, weights), strict=True):
            w.assign_sub(spec.CONV_RATE * g)
        return loss

    compiled = compile(step)
    return training(lambda: compiled(images, labels), weights)


def transformer(tf: Any, compile: Compile) -> Case:
    layers = [
        {key: tf.Variable(value) for key, value in layer.items()}
        for layer in spec.attention_weights()
    ]
    weights = [w for layer in layers for w in layer.values()]
    batch, time, width = spec.ATTENTION_BATCH, spec.ATTENTION_TIME, spec.ATTENTION_WIDTH
    heads = spec.ATTENTION_HEADS
    depth = width // heads
    x = tf.constant(normal("attention.x", batch, time, width))
    y = tf.constant(normal("attention.y", batch, time, width))

    def norm(x: Any, scale: Any, shift: Any) -> Any:
        mean, variance = tf.nn.moments(x, [-1], keepdims=True)
        return (x - mean) * tf.math.rsqrt(variance + 1e-6) * scale + shift

    def split(x: Any) -> Any:
        return tf.transpose(tf.reshape(x, [-1, time, heads, depth]), [0, 2, 1, 3])

    def encode(x: Any) -> Any:
        for w in layers:
            z = norm(x, w["scale1"], w["shift1"])
            query = split(tf.matmul(z, w["query"]))
            key = split(tf.matmul(z, w["key"]))
            value = split(tf.matmul(z, w["value"]))
            share = tf.nn.softmax(tf.matmul(query, key, transpose_b=True) * depth**-0.5)
            mixed = tf.transpose(tf.matmul(share, value), [0, 2, 1, 3])
            x = x + tf.matmul(tf.reshape(mixed, [-1, time, width]), w["output"])
            z = norm(x, w["scale2"], w["shift2"])
            z = tf.nn.relu(tf.matmul(z, w["up"]) + w["up_bias"])
            x = x + tf.matmul(z, w["down"]) + w["down_bias"]
        return x

    def step(x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(encode(x) - y))
        for w, g in zip(weights, tape.gradient(loss, weights), strict=True):
            w.assign_sub(spec.ATTENTION_RATE * g)
        return loss

    compiled = compile(step)
    return training(lambda: compiled(x, y), weights)


def lstm(tf: Any, compile: Compile) -> Case:
    time, batch, units = spec.LSTM_TIME, spec.LSTM_BATCH, spec.LSTM_UNITS
    kernel = tf.Variable(normal("lstm.w", 2 * units, 4 * units, scale=0.06))
    bias = tf.Variable(normal("lstm.b", 4 * units, scale=0.1))
    x = tf.constant(normal("lstm.x", time, batch, units))

    def forward(x: Any) -> Any:
        def body(t: Any, hidden: Any, cell: Any) -> tuple[Any, Any, Any]:
            both = tf.matmul(tf.concat([tf.gather(x, t), hidden], 1), kernel) + bias
            i, f, g, o = tf.split(both, 4, axis=1)
            cell = tf.sigmoid(f) * cell + tf.sigmoid(i) * tf.tanh(g)
            return t + 1, tf.sigmoid(o) * tf.tanh(cell), cell

        zero = tf.zeros([batch, units])
        start = (tf.constant(0), zero, zero)
        state = tf.while_loop(lambda t, *_: t < time, body, start, maximum_iterations=time)
        return tf.reduce_mean(tf.square(state[1]))

    def loss_and_gradients(x: Any) -> tuple[Any, ...]:
        with tf.GradientTape() as tape:
            loss = forward(x)
        return loss, *tape.gradient(loss, [kernel, bias])

    compiled = compile(loss_and_gradients)
    loss, slope, _ = compiled(x)
    return Case(
        lambda: compiled(x),
        lambda result: [r.numpy() for r in result],
        [float(loss), float(tf.norm(slope))],
    )


def while_(tf: Any, compile: Compile) -> Case:
    def body(i: Any, x: Any) -> tuple[Any, Any]:
        return i + 1, tf.cond(x > 1.0, lambda: x * 0.5, lambda: x + 0.3)

    def loop(x: Any) -> Any:
        start = (tf.constant(0), x)
        return tf.while_loop(lambda i, _: i < spec.TRIPS, body, start)[1]

    compiled = compile(loop)
    x = tf.constant(0.0)
    return Case(lambda: compiled(x), wait, [float(compiled(x))])


# Sparse updates.


def embedding_step(tf: Any) -> tuple[Callable[..., Any], list[Any], tuple[Any, Any]]:
    table = tf.Variable(normal("table", spec.TABLE_ROWS, spec.TABLE_WIDTH))
    ids = tf.constant(integers("bags", spec.TABLE_ROWS, spec.BAGS, spec.BAG_SIZE))
    target = tf.constant(normal("bags.y", spec.BAGS, spec.TABLE_WIDTH))

    def step(ids: Any, target: Any) -> Any:
        with tf.GradientTape() as tape:
            mean = tf.reduce_mean(tf.nn.embedding_lookup(table, ids), axis=1)
            loss = tf.reduce_mean(tf.reduce_sum(tf.square(mean - target), axis=1))
        slope = tape.gradient(loss, table)
        table.scatter_sub(tf.IndexedSlices(spec.TABLE_RATE * slope.values, slope.indices))
        return loss

    return step, [table], (ids, target)


def embedding_eager(tf: Any, compile: Compile) -> Case:
    step, variables, batch = embedding_step(tf)
    return training(lambda: step(*batch), variables)


def embedding(tf: Any, compile: Compile) -> Case:
    step, variables, batch = embedding_step(tf)
    compiled = compile(step)
    return training(lambda: compiled(*batch), variables)


def jacobian(tf: Any, compile: Compile) -> Case:
    w1, b1, w2, b2 = (tf.Variable(w) for w in dense_weights("jacobian", spec.JACOBIAN_SIZES))
    x = tf.constant(normal("jacobian.x", spec.JACOBIAN_SIZES[0]))

    def slopes(x: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(x)
            hidden = tf.tanh(tf.matmul(x[tf.newaxis], w1) + b1)
            y = (tf.matmul(hidden, w2) + b2)[0]
        return tape.jacobian(y, x)

    compiled = compile(slopes)
    return Case(lambda: compiled(x), wait, [float(tf.norm(compiled(x)))])


# What error checks cost.


def checked_data(tf: Any) -> tuple[list[Any], tuple[Any, Any]]:
    words, width, classes = spec.CHECKED_WORDS, spec.CHECKED_WIDTH, spec.CHECKED_CLASSES
    weights = [
        tf.Variable(normal("checked.table", words, width)),
        tf.Variable(normal("checked.w", width, classes, scale=width**-0.5)),
        tf.Variable(normal("checked.b", classes, scale=0.1)),
    ]
    ids = tf.constant(integers("checked.ids", words, spec.CHECKED_BATCH))
    labels = tf.constant(integers("checked.labels", classes, spec.CHECKED_BATCH))
    return weights, (ids, labels)


def checked(tf: Any, compile: Compile) -> Case:
    weights, batch = checked_data(tf)
    table, kernel, bias = weights

    def step(ids: Any, labels: Any) -> Any:
        with tf.GradientTape() as tape:
            logits = tf.matmul(tf.tanh(tf.gather(table, ids)), kernel) + bias
            logits = tf.debugging.check_numerics(logits, "logits")
            loss = tf.reduce_mean(
                tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
            )
        for w, g in zip(weights, tape.gradient(loss, weights), strict=True):
            g = tf.debugging.check_numerics(tf.convert_to_tensor(g), "gradient")
            w.assign_sub(spec.CHECKED_RATE * g)
        return loss

    compiled = compile(step)
    return training(lambda: compiled(*batch), weights)


def unchecked(tf: Any, compile: Compile) -> Case:
    weights, batch = checked_data(tf)
    table, kernel, bias = weights

    def step(ids: Any, labels: Any) -> Any:
        hot_ids = tf.one_hot(ids, spec.CHECKED_WORDS)
        hot_labels = tf.one_hot(labels, spec.CHECKED_CLASSES)
        with tf.GradientTape() as tape:
            logits = tf.matmul(tf.tanh(tf.matmul(hot_ids, table)), kernel) + bias
            loss = tf.reduce_mean(
                tf.nn.softmax_cross_entropy_with_logits(labels=hot_labels, logits=logits)
            )
        for w, g in zip(weights, tape.gradient(loss, weights), strict=True):
            w.assign_sub(spec.CHECKED_RATE * g)
        return loss

    compiled = compile(step)
    return training(lambda: compiled(*batch), weights)


WORKLOADS: dict[str, Callable[[Any, Compile], Case]] = {
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
