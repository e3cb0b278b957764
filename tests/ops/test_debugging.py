"""What the op table does not hold of `tf.debugging`: the switch that checks every op."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import deras as tf


@pytest.fixture
def checked() -> Iterator[None]:
    tf.debugging.enable_check_numerics()
    tf.debugging.enable_check_numerics()  # twice is as once
    yield
    tf.debugging.disable_check_numerics()


def test_every_eager_op_is_checked(checked: None) -> None:
    x = tf.constant([1.0, 0.0])
    with pytest.raises(
        tf.errors.InvalidArgumentError, match=r"log: its result float32\[2\] has Inf values"
    ):
        tf.math.log(x)
    assert float(tf.reduce_sum(x)) == 1.0


def test_ops_under_a_tape_are_checked(checked: None) -> None:
    x = tf.constant(-1.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        with pytest.raises(
            tf.errors.InvalidArgumentError, match=r"its result float32\[\] has NaN values"
        ):
            tf.sqrt(x)
        y = x * 2.0
    assert float(tape.gradient(y, x)) == 2.0


def test_checks_end() -> None:
    tf.debugging.enable_check_numerics()
    tf.debugging.disable_check_numerics()
    tf.math.log(tf.constant(0.0))
