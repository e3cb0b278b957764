"""`tf.debugging.enable_check_numerics`: the first NaN or infinity is traced to its op and line."""

import linecache

import numpy as np
import pytest

import deras as tf

CASES = []


@pytest.fixture(autouse=True)
def watch():
    tf.debugging.enable_check_numerics()
    yield
    tf.debugging.disable_check_numerics()


def planted(op, backward=False):
    """The case's function makes its first NaN or Inf in `op`, on the line marked `# here`."""

    def add(case):
        CASES.append(pytest.param(case, op, backward, id=case.__name__))
        return case

    return add


def grad(f, x):
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = f(x)
    return tape.gradient(y, x)


X = [0.0, 1.0, 4.0]


@planted("tf.math.log")
def log_of_zero(x):
    y = tf.math.log(x)  # here
    return tf.reduce_sum(y * 2.0)


@planted("tf.math.log")
def hidden_by_a_later_where(x):
    y = tf.math.log(x - 1.0)  # here
    return tf.reduce_sum(y) + 1.0


@planted("tf.divide")
def division(x):
    return tf.reduce_mean(x / (x - 1.0))  # here


@planted("tf.exp")
def overflow(x):
    return tf.exp(x * 30.0)  # here


@planted("tf.sqrt")
def sqrt_of_negative(x):
    return tf.sqrt(x - 0.5)  # here


@planted("tf.cast")
def half_precision_overflow(x):
    return tf.cast(x * 30000.0, tf.float16)  # here


@planted("tf.multiply")
def half_precision_product(x):
    half = tf.cast(x * 100.0, tf.float16)
    return half * half  # here


@planted("tf.sqrt", backward=True)
def gradient_of_sqrt_at_zero(x):
    return grad(lambda v: tf.reduce_sum(tf.sqrt(v)), x)  # here


@planted("tf.norm", backward=True)
def gradient_of_norm_at_zero(x):
    return grad(lambda v: tf.norm(v * 0.0), x)  # here


@planted("tf.asin", backward=True)
def gradient_of_asin_at_one(x):
    return grad(lambda v: tf.reduce_sum(tf.asin(v[:2])), x)  # here


@planted("tf.pow", backward=True)
def gradient_of_pow(x):
    return grad(lambda v: tf.reduce_sum(v**0.5), x)  # here


@planted("tf.math.log")
def in_a_while_loop(x):
    def body(i, v):
        return i + 1, tf.math.log(v + 0.5)  # here

    return tf.while_loop(lambda i, v: i < 9, body, (0, x))[1]


@planted("tf.divide")
def in_a_branch(x):
    return tf.cond(tf.reduce_sum(x) > 0.0, lambda: 1.0 / x, lambda: x)  # here


@planted("tf.sqrt", backward=True)
def in_the_gradient_of_a_loop(x):
    def f(v):
        def body(i, t):
            return i + 1, t + tf.sqrt(v)  # here

        return tf.reduce_sum(tf.while_loop(lambda i, t: i < 3, body, (0, v))[1])

    return grad(f, x)


@planted("tf.exp")
def in_a_scan(x):
    return tf.scan(lambda total, row: tf.exp(total + row * 20.0), x)  # here


@planted("tf.math.log")
def in_an_inner_function(x):
    @tf.function
    def inner(v):
        return tf.math.log(v) * 2.0  # here

    return inner(x) + 1.0


@planted("tf.sqrt", backward=True)
def in_the_gradient_of_an_inner_function(x):
    @tf.function
    def inner(v):
        return tf.sqrt(v) * 2.0  # here

    return grad(lambda v: tf.reduce_sum(inner(v)), x)


@planted("tf.math.reciprocal")
def in_a_python_helper(x):
    return helper(x) * 3.0


def helper(x):
    return tf.math.reciprocal(x)  # here


@planted("tf.math.log", backward=True)
def second_derivative(x):
    def f(v):
        return tf.reduce_sum(grad(lambda u: tf.reduce_sum(u * tf.math.log(u + 1e-30)), v))  # here

    return grad(f, x)


@planted("tf.matmul")
def product_of_large_matrices(x):
    matrix = tf.reshape(x, [3, 1]) * 1e20
    return tf.matmul(matrix, matrix, transpose_b=True)  # here


@planted("tf.math.log")
def written_to_a_variable_only(x):
    STATE.assign(tf.math.log(x))  # here
    return tf.reduce_sum(x)


STATE = tf.Variable([1.0, 1.0, 1.0])


def marked_lines():
    lines = linecache.getlines(__file__)
    return [i for i, line in enumerate(lines, 1) if line.rstrip().endswith("# here")]


@pytest.mark.parametrize(("case", "op", "backward"), CASES)
@pytest.mark.parametrize("how", ["eager", "function", "jit"])
def test_planted_nan_is_found(case, op, backward, how):
    STATE.assign([1.0, 1.0, 1.0])
    run = case if how == "eager" else tf.function(case, jit_compile=how == "jit" or None)
    with pytest.raises(tf.errors.InvalidArgumentError) as caught:
        run(tf.constant(X))
    text = str(caught.value)
    start = case.__code__.co_firstlineno
    marks = [line for line in marked_lines() if line >= start]
    if case is not in_a_python_helper:
        assert f"test_numerics.py:{marks[0]} " in text, text
    assert ("in the gradient of" in text) == backward, text
    assert text.startswith(op) or f"gradient of {op}" in text, text
    if how != "eager":
        assert "in call 1 of" in text
    np.testing.assert_array_equal(STATE.numpy(), [1.0, 1.0, 1.0])


def test_the_call_is_counted_and_state_kept():
    total = tf.Variable(0.0)

    @tf.function
    def step(x):
        total.assign_add(1.0)
        return tf.math.log(x) * total

    for _ in range(4):
        step(tf.constant(2.0))
    with pytest.raises(tf.errors.InvalidArgumentError, match="in call 5 of 'step'"):
        step(tf.constant(0.0))
    assert float(total) == 4.0
    step(tf.constant(2.0))
    assert float(total) == 5.0


def test_values_that_came_in_are_named():
    weight = tf.Variable(1.0)
    step = tf.function(lambda x: x * weight)
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"argument .* 1 of 1 values NaN"):
        step(tf.constant(np.nan, tf.float32))
    tf.debugging.disable_check_numerics()
    weight.assign(np.inf)
    tf.debugging.enable_check_numerics()
    with pytest.raises(tf.errors.InvalidArgumentError, match="variable 'Variable' before"):
        step(tf.constant(1.0))


def test_nothing_is_checked_once_it_is_disabled():
    step = tf.function(lambda x: tf.math.log(x))
    step(tf.constant(1.0))
    tf.debugging.disable_check_numerics()
    assert float(step(tf.constant(0.0))) == -np.inf


def test_calls_are_counted_over_all_traces():
    f = tf.function(lambda x, n: tf.sqrt(x - n))
    f(tf.constant(5.0), 1.0)
    f(tf.constant(5.0), 2.0)
    with pytest.raises(tf.errors.InvalidArgumentError, match="in call 3 of"):
        f(tf.constant(5.0), 9.0)
