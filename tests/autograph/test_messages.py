"""What converted code tells its user: printed tensors, failed assertions, and errors."""

from __future__ import annotations

import inspect

import pytest

import deras as tf


def line_of(function, text):
    lines, first = inspect.getsourcelines(function)
    return first + next(i for i, line in enumerate(lines) if text in line)


# -- statements that talk ---------------------------------------------------------------------


def test_print_of_tensors_prints_at_each_call(capfd):
    @tf.function
    def f(x):
        print("tracing")  # noqa: T201
        if x > 0:
            print("x is", x, sep="=", end="!\n")  # noqa: T201
        return x

    f(tf.constant(2.0))
    f(tf.constant(3.0))
    f(tf.constant(-3.0))
    out = capfd.readouterr().out
    assert out.count("tracing") == 1
    assert "x is=2!" in out
    assert "x is=3!" in out
    assert "-3" not in out


def test_assert_of_a_tensor():
    @tf.function
    def f(x):
        assert x > 0, "x must be positive"
        return x

    assert float(f(tf.constant(1.0))) == 1.0
    with pytest.raises(tf.errors.InvalidArgumentError, match="x must be positive"):
        f(tf.constant(-1.0))


def test_assert_of_a_python_value():
    @tf.function
    def f(x, k):
        assert k > 0, f"bad {k}"
        return x

    with pytest.raises(AssertionError, match="bad -1"):
        f(tf.constant(1.0), -1)


# -- messages ---------------------------------------------------------------------------------


def test_dtype_error_names_the_variable_both_lines_and_dtypes():
    @tf.function
    def f(x):
        if x > 0:
            y = tf.zeros([2], tf.int32)
        else:
            y = x * 2.0
        return y

    with pytest.raises(TypeError) as caught:
        f(tf.constant(1.0))
    text = str(caught.value)
    assert "'y' has dtype int32 in the main branch, but dtype float32 in the else" in text
    assert "int32[2], made at" in text
    assert "y = tf.zeros([2], tf.int32)" in text
    assert "y = x * 2.0" in text
    assert ".f:  if x > 0:" in text


def test_undefined_error_names_the_variable():
    @tf.function
    def f(x):
        if x > 0:
            y = x
        return y

    with pytest.raises(ValueError, match="'y' must also be initialized in the else branch"):
        f(tf.constant(1.0))


def test_loop_errors_name_variable_and_lines():
    @tf.function
    def f(n):
        s = tf.zeros([1])
        for _ in tf.range(n):
            s = tf.concat([s, s], 0)
        return s

    with pytest.raises(ValueError, match=r"'s' has shape \(1,\).*\(2,\) after one") as caught:
        f(tf.constant(1))
    assert "shape_invariants" in str(caught.value)
    assert "s = tf.concat([s, s], 0)" in str(caught.value)


def test_zero_trips_error_names_the_variable():
    @tf.function
    def f(n):
        i = 0
        while i < n:
            last = i
            i += 1
        return last

    with pytest.raises(tf.errors.InvalidArgumentError, match="at least once to initialize 'last'"):
        f(tf.constant(0))


def test_return_of_none_beside_a_tensor_is_refused():
    @tf.function
    def f(x):
        for _ in tf.range(3):
            if x > 100:
                return None
        return x

    with pytest.raises(ValueError, match="must also have a return statement"):
        f(tf.constant(1.0))


def test_unbound_name_is_pythons_error():
    @tf.function
    def f(x):
        if x > 0:
            z = y + 1.0  # noqa: F821
            y = z  # noqa: F841
        return x

    with pytest.raises(UnboundLocalError, match="'y'"):
        f(tf.constant(1.0))


def test_python_loop_with_a_tensor_break_says_what_to_do():
    @tf.function
    def f(x):
        for _ in range(3):
            if x > 0:
                break
        return x

    with pytest.raises(NotImplementedError, match=r"tf\.range"):
        f(tf.constant(1.0))
