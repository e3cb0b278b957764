"""Causal attention block learns to repeat a sequence: einsum, masks, layer norm, dropout, AdamW."""

from __future__ import annotations

from typing import Any

BATCH, TIME, WORDS, WIDTH, HEADS = 8, 10, 12, 16, 2
DEPTH = WIDTH // HEADS
RATE, BETA1, BETA2, EPSILON, DECAY = 0.01, 0.9, 0.999, 1e-7, 0.01


def position_code(tf: Any) -> Any:
    """Sines and cosines of falling frequency, [TIME, WIDTH]."""
    place = tf.cast(tf.range(TIME)[:, tf.newaxis], tf.float32)
    index = tf.cast(tf.range(WIDTH // 2)[tf.newaxis, :], tf.float32)
    angle = place / tf.pow(10000.0, 2.0 * index / float(WIDTH))
    return tf.concat([tf.sin(angle), tf.cos(angle)], axis=-1)


def curves(tf: Any, steps: int, compiled: bool) -> dict[str, list[float]]:
    tf.random.set_seed(7)
    half = tf.random.uniform([BATCH, TIME // 2], 1, WORDS, dtype=tf.int32)
    words = tf.tile(half, [1, 2])
    lengths = tf.random.uniform([BATCH], TIME // 2 + 1, TIME + 1, dtype=tf.int32)

    glorot = (2.0 / (WIDTH + WIDTH)) ** 0.5
    weights = {
        "embedding": tf.Variable(tf.random.normal([WORDS, WIDTH], stddev=0.5)),
        "query": tf.Variable(tf.random.normal([WIDTH, HEADS, DEPTH], stddev=glorot)),
        "key": tf.Variable(tf.random.normal([WIDTH, HEADS, DEPTH], stddev=glorot)),
        "value": tf.Variable(tf.random.normal([WIDTH, HEADS, DEPTH], stddev=glorot)),
        "output": tf.Variable(tf.random.normal([HEADS, DEPTH, WIDTH], stddev=glorot)),
        "up": tf.Variable(tf.random.normal([WIDTH, 2 * WIDTH], stddev=glorot)),
        "down": tf.Variable(tf.random.normal([2 * WIDTH, WIDTH], stddev=glorot)),
        "scale1": tf.Variable(tf.ones([WIDTH])),
        "shift1": tf.Variable(tf.zeros([WIDTH])),
        "scale2": tf.Variable(tf.ones([WIDTH])),
        "shift2": tf.Variable(tf.zeros([WIDTH])),
    }
    variables = list(weights.values())
    means = [tf.Variable(tf.zeros(v.shape), trainable=False) for v in variables]
    squares = [tf.Variable(tf.zeros(v.shape), trainable=False) for v in variables]
    count = tf.Variable(0, dtype=tf.int64, trainable=False)
    places = position_code(tf)
    causal = tf.linalg.band_part(tf.ones([TIME, TIME]), -1, 0)

    def layer_norm(x: Any, scale: Any, shift: Any) -> Any:
        mean, variance = tf.nn.moments(x, axes=[-1], keepdims=True)
        return (x - mean) * tf.math.rsqrt(variance + 1e-6) * scale + shift

    def attend(x: Any, mask: Any) -> Any:
        query = tf.einsum("btd,dhk->bhtk", x, weights["query"]) / DEPTH**0.5
        key = tf.einsum("btd,dhk->bhtk", x, weights["key"])
        value = tf.einsum("btd,dhk->bhtk", x, weights["value"])
        scores = tf.einsum("bhqk,bhsk->bhqs", query, key)
        share = tf.nn.softmax(scores + (1.0 - mask) * -1e9, axis=-1)
        mixed = tf.matmul(share, value)
        return tf.einsum("bhtk,hkd->btd", mixed, weights["output"])

    def predict(tokens: Any, valid: Any, seed: Any) -> Any:
        mask = valid[:, tf.newaxis, tf.newaxis, :] * causal
        x = tf.nn.embedding_lookup(weights["embedding"], tokens) * WIDTH**0.5 + places
        x = tf.nn.experimental.stateless_dropout(x, rate=0.1, seed=seed)
        x = x + attend(layer_norm(x, weights["scale1"], weights["shift1"]), mask)
        y = layer_norm(x, weights["scale2"], weights["shift2"])
        y = tf.nn.gelu(tf.tensordot(y, weights["up"], axes=1))
        x = x + tf.tensordot(y, weights["down"], axes=[[2], [0]])
        return tf.matmul(x, weights["embedding"], transpose_b=True)

    def adamw(gradients: list[Any]) -> None:
        count.assign_add(1)
        t = tf.cast(count, tf.float32)
        rate = RATE * tf.sqrt(1.0 - tf.pow(BETA2, t)) / (1.0 - tf.pow(BETA1, t))
        for v, m, s, g in zip(variables, means, squares, gradients, strict=True):
            g = tf.convert_to_tensor(g)
            m.assign(BETA1 * m + (1.0 - BETA1) * g)
            s.assign(BETA2 * s + (1.0 - BETA2) * tf.square(g))
            v.assign_sub(rate * m / (tf.sqrt(s) + EPSILON) + RATE * DECAY * v)

    def train_step(tokens: Any, sizes: Any, seed: Any) -> tuple[Any, Any]:
        valid = tf.sequence_mask(sizes, maxlen=TIME, dtype=tf.float32)
        with tf.GradientTape() as tape:
            logits = predict(tokens, valid, seed)[:, :-1]
            each = tf.nn.sparse_softmax_cross_entropy_with_logits(tokens[:, 1:], logits)
            counted = valid[:, 1:]
            loss = tf.reduce_sum(each * counted) / tf.reduce_sum(counted)
        gradients = tape.gradient(loss, variables)
        norm = tf.linalg.global_norm(gradients)
        adamw(gradients)
        return loss, norm

    if compiled:
        train_step = tf.function(train_step)

    losses, norms = [], []
    for step in range(steps):
        loss, norm = train_step(words, lengths, tf.constant([step, 40]))
        losses.append(float(loss))
        norms.append(float(norm))
    return {"loss": losses, "gradient_norm": norms}


def run(tf: Any, steps: int = 50, compiled: bool = False) -> list[float]:
    return curves(tf, steps, compiled)["loss"]
