"""`tf.gradients` and `tf.hessians`, in functions; numbers from TensorFlow."""

from __future__ import annotations

import numpy as np
import pytest

import deras as tf


def run(f, x=(1.0, 2.0)):
    return tf.function(f, autograph=False)(tf.constant(x))


def values(tensors):
    return [t.numpy().tolist() for t in tensors]


def test_they_need_a_function():
    x = tf.constant(1.0)
    for call in (tf.gradients, tf.hessians):
        with pytest.raises(RuntimeError, match="not supported when eager execution is enabled"):
            call(x, x)


def test_sums_over_targets_and_paths():
    assert values(run(lambda x: tf.gradients(x * x, x))) == [[2.0, 4.0]]
    assert values(run(lambda x: tf.gradients([x * x, x], [x]))) == [[3.0, 5.0]]


def test_variables():
    v = tf.Variable([3.0, 4.0])
    assert values(run(lambda x: tf.gradients(x * v, [v, x]))) == [[1.0, 2.0], [3.0, 4.0]]

    def sparse(x):
        (g,) = tf.gradients(tf.gather(v, [0, 0]), v)
        assert isinstance(g, tf.IndexedSlices)
        return tf.convert_to_tensor(g)

    assert run(sparse).numpy().tolist() == [2.0, 0.0]


def test_unconnected():
    v = tf.Variable([3.0, 4.0])

    def f(x):
        assert tf.gradients(x * x, [v, x])[0] is None
        assert tf.gradients(x * x, tf.constant(1.0)) == [None]
        assert tf.gradients(tf.cast(x, tf.int32), x) == [None]
        return tf.gradients(x * x, v, unconnected_gradients="zero")

    assert values(run(f)) == [[0.0, 0.0]]


def test_stop_gradients():
    def f(x):
        y = x * x
        z = y * x
        partial = tf.gradients(z, x, stop_gradients=y)
        both = tf.gradients(z, [x, y], stop_gradients=[x, y])
        return partial + both

    assert values(run(f)) == [[1.0, 4.0], [1.0, 4.0], [1.0, 2.0]]


def test_stopping_one_output_of_an_op():
    def f(x):
        a, b = tf.unstack(x)
        return tf.gradients(a * 2.0 + b * 3.0, x, stop_gradients=a)

    assert values(run(f)) == [[0.0, 3.0]]


def test_output_gradients():
    def f(x):
        z = x**3
        found = tf.gradients(z, x, grad_ys=[tf.constant([1.0, 0.0])])
        found += tf.gradients(z, x, grad_ys=[None])
        with pytest.raises(ValueError, match=r"Length mismatch\. Passed 2 grad_ys for 1 ys"):
            tf.gradients(z, x, grad_ys=[None, None])
        with pytest.raises(TypeError, match="grad_ys has dtype int32, its y float32"):
            tf.gradients(z, x, grad_ys=[tf.constant([1, 0])])
        return found

    assert values(run(f)) == [[3.0, 0.0], [3.0, 12.0]]


def test_mistakes():
    def f(x):
        with pytest.raises(ValueError, match="Invalid `aggregation_method` specified 5"):
            tf.gradients(x * x, x, aggregation_method=5)
        with pytest.raises(ValueError, match="Unknown value for unconnected_gradients: 'foo'"):
            tf.gradients(x * x, x, unconnected_gradients="foo")
        with pytest.raises(TypeError, match="is of Tensors and Variables"):
            tf.gradients(x * x, 3.0)
        return x

    run(f)
    assert tf.AggregationMethod.DEFAULT == tf.AggregationMethod.ADD_N == 0


def test_through_control_flow():
    def f(x):
        y = tf.while_loop(lambda i, y: i < 2, lambda i, y: (i + 1, y * y), (0, x))[1]
        z = tf.cond(tf.reduce_sum(x) > 0.0, lambda: y * 2.0, lambda: y)
        return tf.gradients(z, x)

    assert values(run(f)) == [[8.0, 64.0]]


def test_hessians():
    def cubes(x):
        return tf.hessians(tf.reduce_sum(x**3), x)[0]

    assert run(cubes).numpy().tolist() == [[6.0, 0.0], [0.0, 12.0]]
    found = run(cubes, np.ones([2, 2], np.float32)).numpy()
    np.testing.assert_array_equal(found.reshape(4, 4), 6.0 * np.eye(4))
    both = run(
        lambda x: tf.hessians([tf.reduce_sum(x**3), tf.reduce_sum(x**2)], [x])[0], (1.0, 1.0)
    )
    assert both.numpy().tolist() == [[8.0, 0.0], [0.0, 8.0]]


def test_hessians_of_what_does_not_depend():
    def f(x):
        with pytest.raises(ValueError, match="do not depend on"):
            tf.hessians(tf.constant(2.0), x)
        return x

    run(f)
