"""`tf.test`: assertions and `compute_gradient`; numbers from TensorFlow."""

from __future__ import annotations

import numpy as np
import pytest

import deras as tf

CASE = tf.test.TestCase()


def fails(match=None):
    return pytest.raises(AssertionError, match=match)


def test_jacobians_of_several_arguments():
    both = tf.test.compute_gradient(lambda x, y: x * x * y, [[1.0, 2.0], [3.0, 4.0]])
    for jacobians in both:
        assert [j.tolist() for j in jacobians] == [
            [[6.0, 0.0], [0.0, 16.0]], [[1.0, 0.0], [0.0, 4.0]]
        ]  # fmt: skip
        assert jacobians[0].dtype == np.float32


@pytest.mark.parametrize(
    ("f", "x", "wanted"),
    [
        (tf.square, 2.0, [[4.0]]),
        (lambda x: x * x, np.array([1 + 2j]), [[2.0, -4.0], [4.0, 2.0]]),
        (tf.abs, np.array([1 + 2j]), [[0.4472136, 0.89442719]]),
        (lambda x: tf.constant(1.0), 2.0, [[0.0]]),
        (lambda x: tf.gather(x, [0, 0]), np.ones((2, 1), np.float32), [[1.0, 0.0], [1.0, 0.0]]),
        (lambda x: x * x, np.zeros((0, 2), np.float32), np.zeros((0, 0))),
    ],
)
def test_jacobians(f, x, wanted):
    for (jacobian,) in tf.test.compute_gradient(f, [x]):
        np.testing.assert_allclose(jacobian, wanted, rtol=1e-6)


def test_jacobians_of_what_has_none():
    with fails("Cannot compute gradient for unsupported type int64 of argument 0"):
        tf.test.compute_gradient(lambda x: tf.cast(x, tf.float32), [np.array([1, 2])])
    with pytest.raises(ValueError, match="`x` must be a list or tuple"):
        tf.test.compute_gradient(tf.square, tf.constant([2.0]))


def test_close_and_equal():
    x = tf.constant([1.0, 2.0])
    CASE.assertAllClose(x, [1.0, 2.0 + 1e-7])
    CASE.assertAllClose({"a": [x, 3]}, {"a": [np.array([1.0, 2.0]), 3]})
    CASE.assertAllEqual(tf.constant([1.0, np.nan]), [1.0, np.nan])
    CASE.assertNotAllClose(x, [1.0, 2.1])
    CASE.assertNotAllEqual(x, [1.0])
    CASE.assertAllCloseAccordingToType(tf.cast(x, tf.bfloat16), [1.0, 2.01])
    with fails(r"1 of 2 elements differ, at \[\[1\]\]"):
        CASE.assertAllClose(x, [1.0, 2.1])
    with fails("Shape mismatch"):
        CASE.assertAllEqual(x, [[1.0, 2.0]])
    with fails("Arrays are not equal"):
        CASE.assertAllEqual(x, [1.0, 3.0])
    with fails("Can't compare"):
        CASE.assertAllClose({"a": x}, x)
    with fails("at \\['a'\\]"):
        CASE.assertAllClose({"a": x}, {"a": x + 1.0})


def test_bounds_shapes_and_dtypes():
    x = tf.constant([1.0, 2.0])
    CASE.assertAllGreater(x, 0.5)
    CASE.assertAllLessEqual(x, 2.0)
    CASE.assertAllInRange(x, 1.0, 2.0)
    CASE.assertAllInSet(x, {1.0, 2.0, 3.0})
    CASE.assertShapeEqual(np.zeros(2), x)
    CASE.assertDTypeEqual(x, np.float32)
    CASE.assertNear(1.0, 1.05, 0.1)
    with fails("outside of the range \\(1.0, 2.0\\]: \\[1.0\\]"):
        CASE.assertAllInRange(x, 1.0, 2.0, open_lower_bound=True)
    with fails("not in the set"):
        CASE.assertAllInSet(x, {1.0})
    with fails():
        CASE.assertAllLess(x, 2.0)


def test_errors_and_values():
    with CASE.assertRaisesOpError("accepted"):
        tf.exp(tf.constant([1]))
    with fails("OpError not raised"), CASE.assertRaisesOpError("x"):
        pass
    assert CASE.evaluate([tf.constant(1), 2]) == [1, 2]
