"""TensorFlow's own gradients of ops inside of programs that JAX differentiates."""

from __future__ import annotations

import pytest

import deras as tf


def function(f):
    return tf.function(f, autograph=False)


@pytest.mark.parametrize("as_argument", [True, False])
def test_integer_inputs_reach_the_backward_program(as_argument):
    table = tf.Variable(tf.ones([4, 2]))
    ids = tf.constant([1, 1, 3])
    if as_argument:
        f = function(lambda ids: tf.gather(table, ids) * 2.0)
    else:
        f = function(lambda unused: tf.gather(table, ids) * 2.0)
    for _ in range(3):  # the whole backward pass is compiled when it is met again
        with tf.GradientTape() as tape:
            y = f(ids)
        found = tf.convert_to_tensor(tape.gradient(y, table))
        assert found.numpy().tolist() == [[0, 0], [4, 4], [0, 0], [2, 2]]


def test_they_hold_at_second_order():
    # TensorFlow's gradient of maximum sends all to the first argument where they are equal.
    f = function(lambda x: tf.maximum(x, tf.ones_like(x)) ** 2)
    x = tf.constant([1.0, 2.0])
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = f(x)
        first = inner.gradient(y, x)
    assert first.numpy().tolist() == [2.0, 4.0]
    assert outer.gradient(first, x).numpy().tolist() == [2.0, 2.0]
