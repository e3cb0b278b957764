"""`tf.autodiff.ForwardAccumulator`; numbers from TensorFlow where it gives any."""

from __future__ import annotations

import numpy as np
import pytest

import deras as tf

Forward = tf.autodiff.ForwardAccumulator


def function(f):
    return tf.function(f, autograph=False)


@pytest.fixture
def x():
    return tf.constant([1.0, 2.0])


def one():
    return tf.constant([1.0, 0.0])


def test_a_product(x):
    with Forward(x, one()) as acc:
        y = x * x
        assert acc.jvp(y).numpy().tolist() == [2.0, 0.0]
    assert acc.jvp(y).numpy().tolist() == [2.0, 0.0]
    assert acc.jvp(x) is not None
    assert acc.jvp(y * 2.0) is None  # computed outside


def test_variables_and_structures(x):
    v = tf.Variable([3.0, 4.0])
    with Forward([x, v], [tf.ones([2]), tf.ones([2]) * 10.0]) as acc:
        y = tf.reduce_sum(x * v)
        v.assign_add([0.0, 0.0])
        z = v * 3.0
    assert float(acc.jvp(y)) == 37.0
    assert float(acc.jvp({"a": [y]})["a"][0]) == 37.0
    assert acc.jvp(v).numpy().tolist() == [10.0, 10.0]
    assert acc.jvp(z).numpy().tolist() == [30.0, 30.0]


def test_what_does_not_depend_on_a_primal(x):
    v, w = tf.Variable([3.0, 4.0]), tf.Variable([0.0, 0.0])
    with Forward(x, tf.ones([2])) as acc:
        y = v * 2.0
        w.assign(x * 2.0)
        z = w * 1.0
        stopped = tf.stop_gradient(x)
        through_numpy = tf.constant((x * x).numpy())
        integers = tf.cast(x, tf.int32)
    for unconnected in (y, v, z, w, stopped, through_numpy, integers, tf.constant(1)):
        assert acc.jvp(unconnected) is None
    assert acc.jvp(y, tf.UnconnectedGradients.ZERO).numpy().tolist() == [0.0, 0.0]
    assert acc.jvp(v, "zero").numpy().tolist() == [0.0, 0.0]


def test_only_inside_of_the_context_and_twice(x):
    acc = Forward(x, tf.ones([2]))
    y = x * x
    assert acc.jvp(y) is None
    with acc:
        y = x * x
    with acc:
        z = y * x
    assert acc.jvp(z).numpy().tolist() == [3.0, 12.0]
    with acc, pytest.raises(ValueError, match=r"Accumulator is already recording\."):
        acc.__enter__()


def test_mistakes(x):
    with pytest.raises(ValueError, match="specified as a primal multiple times"):
        Forward([x, x], [x, x])
    with pytest.raises(ValueError, match="nested structure"):
        Forward([x], [x, x])
    with pytest.raises(ValueError, match="requested dtype float32 for Tensor with dtype float64"):
        Forward(x, tf.ones([2], tf.float64))
    with pytest.raises(TypeError, match="must be Tensors or Variables"):
        Forward(1.0, 2.0)
    with pytest.raises(TypeError, match="jvp is of Tensors"):
        Forward(x, x).jvp(3.0)


def test_ties_go_by_tensorflows_gradient():
    a = tf.constant([1.0, 1.0, 0.0])
    with Forward(a, tf.constant([1.0, 2.0, 3.0])) as acc:
        results = [tf.maximum(a, tf.ones([3])), tf.reduce_max(a), tf.abs(a), tf.sqrt(a)]
    found = [acc.jvp(r).numpy().tolist() for r in results]
    assert found == [[1.0, 2.0, 0.0], 1.5, [1.0, 2.0, 0.0], [0.5, 1.0, np.inf]]


def test_complex():
    c = tf.constant([1 + 2j])
    with Forward(c, tf.constant([1 + 1j])) as acc:
        results = [c * c, tf.math.conj(c), tf.abs(c)]
    found = [acc.jvp(r).numpy()[0] for r in results]
    np.testing.assert_allclose(found, [-2 + 6j, 1 - 1j, 1.34164079])


def test_ops_of_many_kinds(x):
    with Forward(x, one()) as acc:
        results = {
            "softmax": tf.nn.softmax(x), "tanh": tf.tanh(x), "sigmoid": tf.sigmoid(x),
            "exp": tf.exp(x), "max": tf.reduce_max(x), "prod": tf.reduce_prod(x),
            "concat": tf.concat([x, x], 0), "unstack": tf.unstack(x)[0], "pow": x**x,
            "gather": tf.gather(x, [1, 1, 0]), "cast": tf.cast(x, tf.float64),
        }  # fmt: skip
    wanted = {
        "softmax": [0.19661194, -0.19661194], "tanh": [0.41997433, 0], "sigmoid": [0.19661193, 0],
        "exp": [2.7182817, 0], "max": 0, "prod": 2, "concat": [1, 0, 1, 0], "unstack": 1,
        "pow": [1, 0], "gather": [0, 0, 1], "cast": [1, 0],
    }  # fmt: skip
    for name, value in wanted.items():
        np.testing.assert_allclose(acc.jvp(results[name]), value, rtol=1e-6, err_msg=name)
    assert acc.jvp(results["cast"]).dtype is tf.float64


# -- orders ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("call", [lambda f: f, function])
def test_higher_orders(x, call):
    cube = call(lambda x: tf.reduce_sum(x**3))
    with Forward(x, one()) as acc:
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = cube(x)
        g = tape.gradient(y, x)
    assert g.numpy().tolist() == [3.0, 12.0]
    assert acc.jvp(g).numpy().tolist() == [6.0, 0.0]

    with tf.GradientTape() as tape:
        tape.watch(x)
        with Forward(x, one()) as acc:
            y = cube(x)
        j = acc.jvp(y)
    assert float(j) == 3.0
    assert tape.gradient(j, x).numpy().tolist() == [6.0, 0.0]

    with Forward(x, one()) as outer:
        with Forward(x, one()) as inner:
            y = cube(x)
        j = inner.jvp(y)
    assert (float(outer.jvp(y)), float(outer.jvp(j)), inner.jvp(j)) == (3.0, 6.0, None)


def test_what_is_inside_does_not_see_the_products(x):
    with Forward(x, one()) as acc, tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.reduce_sum(x**3)
        j = acc.jvp(y)
    assert tape.gradient(j, x) is None


def test_hessian_vector_products_of_a_model():
    w = tf.Variable([[0.1, 0.2], [0.3, 0.4]])
    b = tf.Variable([0.0, 0.0])
    for _ in range(3):  # the backward pass is compiled when it is met again
        with Forward([w, b], [tf.ones([2, 2]), tf.ones([2])]) as acc:
            with tf.GradientTape() as tape:
                y = tf.tanh(tf.matmul([[1.0, 2.0], [3.0, 4.0]], w) + b)
                loss = tf.reduce_mean(y**2)
            grads = tape.gradient(loss, [w, b])
        found = acc.jvp(grads)
        wanted = [[-3.2829742, -1.6891465], [-4.4583607, -2.666613]], [-1.1753864, -0.9774667]
        for f, expected in zip(found, wanted, strict=True):
            np.testing.assert_allclose(f, expected, rtol=1e-5)


# -- functions and control flow -------------------------------------------------------------------


def test_in_a_function(x):
    def hvp(x):
        with Forward(x, one()) as acc:
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = tf.reduce_sum(x**3)
            g = tape.gradient(y, x)
        return acc.jvp(g)

    assert function(hvp)(x).numpy().tolist() == [6.0, 0.0]


def test_a_call_with_variables(x):
    v = tf.Variable([3.0, 4.0])
    f = function(lambda x: tf.reduce_sum(x * v))
    with Forward([x, v], [tf.ones([2]), tf.ones([2]) * 10.0]) as acc:
        y = f(x)
    assert float(acc.jvp(y)) == 37.0


@pytest.mark.parametrize("value", [3.0, [3.0]])
def test_a_captured_tensor(value):
    a = tf.constant(value)
    f = function(lambda: tf.cond(tf.constant(True), lambda: a * a, lambda: a))
    with Forward(a, tf.ones_like(a)) as acc:
        y = f()
    assert float(tf.reduce_sum(acc.jvp(y))) == 6.0
    with tf.GradientTape() as tape:
        tape.watch(a)
        y = f()
    assert float(tf.reduce_sum(tape.gradient(y, a))) == 6.0


def power_loop(a):
    return tf.while_loop(lambda i, y: i < 3, lambda i, y: (i + 1, y * y), (0, a))[1]


def open_loop(a):
    return tf.while_loop(lambda y: y < 100.0, lambda y: (y * y * 0.9,), (a,))[0]


def branch(a):
    return tf.cond(a > 0.0, lambda: a * a, lambda: a)


@pytest.mark.parametrize(
    ("f", "wanted"), [(power_loop, 1024.0), (open_loop, 489.77588), (branch, 4.0)]
)
def test_control_flow(f, wanted):
    a = tf.constant(2.0)

    def run(f):
        with Forward(a, tf.constant(1.0)) as acc:
            y = f(a)
        return acc.jvp(y)

    for found in (run(f), function(lambda: run(f))(), run(function(f))):
        np.testing.assert_allclose(found, wanted, rtol=1e-6)


@pytest.mark.parametrize(
    ("f", "wanted"), [(power_loop, 3584.0), (open_loop, 1714.2158), (branch, 2.0)]
)
def test_control_flow_at_second_order(f, wanted):
    a = tf.constant(2.0)
    f = function(f)

    def forward_over_reverse():
        with Forward(a, tf.constant(1.0)) as acc:
            with tf.GradientTape() as tape:
                tape.watch(a)
                y = f(a)
            g = tape.gradient(y, a)
        return acc.jvp(g)

    def reverse_over_forward():
        with tf.GradientTape() as tape:
            tape.watch(a)
            with Forward(a, tf.constant(1.0)) as acc:
                y = f(a)
            j = acc.jvp(y)
        return tape.gradient(j, a)

    for run in (forward_over_reverse, reverse_over_forward):
        np.testing.assert_allclose(run(), wanted, rtol=1e-6)


def test_sparse_gradients():
    w = tf.Variable([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    with Forward(w, tf.ones([3, 2])) as acc:
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(tf.gather(w, [0, 0, 2]) ** 2)
        g = tape.gradient(y, w)
    assert float(acc.jvp(y)) == 34.0
    assert acc.jvp(g.values).numpy().tolist() == [[2.0, 2.0]] * 3
