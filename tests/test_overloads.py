"""Tensor's operators and indexing, against NumPy."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import deras as tf

SHAPE = (3, 4, 2)
VALUE = np.arange(24, dtype=np.int32).reshape(SHAPE)


def bounds(size: int) -> st.SearchStrategy[int | None]:
    return st.none() | st.integers(-size - 2, size + 2)


def dimension_item(size: int) -> st.SearchStrategy[Any]:
    steps = st.none() | st.sampled_from([-3, -2, -1, 1, 2, 3])
    return st.integers(-size, size - 1) | st.builds(slice, bounds(size), bounds(size), steps)


@st.composite
def keys(draw: Any) -> tuple[Any, ...]:
    """Indices into SHAPE: some dimensions from the front, some from the back, new axes between."""
    front = draw(st.integers(0, 3))
    items = [draw(dimension_item(SHAPE[d])) for d in range(front)]
    if draw(st.booleans()):
        items.append(Ellipsis)
        back = draw(st.integers(0, 3 - front))
        items += [draw(dimension_item(SHAPE[3 - back + d])) for d in range(back)]
    for _ in range(draw(st.integers(0, 2))):
        items.insert(draw(st.integers(0, len(items))), None)
    return tuple(items)


@settings(max_examples=60, deadline=None)
@given(key=keys())
def test_slices_equal_numpy(key: tuple[Any, ...]) -> None:
    expected = VALUE[key]
    actual = tf.constant(VALUE)[key].numpy()
    np.testing.assert_array_equal(actual, expected)
    assert np.shape(actual) == expected.shape
    # The same through the device, where the values are floats and start positions operands.
    np.testing.assert_array_equal(tf.constant(VALUE.astype(np.float32))[key].numpy(), expected)


@settings(max_examples=20, deadline=None)
@given(key=keys())
def test_gradient_of_a_slice_is_where_it_was_taken(key: tuple[Any, ...]) -> None:
    x = tf.constant(VALUE, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x[key]
    expected = np.zeros(SHAPE, np.float32)
    expected[key] = 1.0
    np.testing.assert_array_equal(tape.gradient(y, x).numpy(), expected)


def test_a_loop_over_rows_compiles_once() -> None:
    from deras._src.dispatch.plans import PLANS

    x = tf.zeros([40, 3]) + 1.0
    _ = x[1], x[2:4]
    before = len(PLANS.plans)
    for i in range(2, 38):
        assert x[i].shape == (3,)
        assert x[i : i + 2].shape == (2, 3)
    assert len(PLANS.plans) == before


@pytest.mark.parametrize(
    ("key", "message"),
    [
        (3, "index 3 is out of bounds: dimension 0 has size 3"),
        (-4, "index -4 is out of bounds"),
        ((0, 0, 0, 0), "4 dimensions are indexed, but the tensor has rank 3"),
        ((..., ...), "only one ellipsis"),
        (slice(None, None, 0), "must not be 0"),
    ],
)
def test_bad_indices(key: Any, message: str) -> None:
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        tf.constant(VALUE)[key]


@pytest.mark.parametrize("key", [1.0, "a", slice(1.0, 2), np.array([0, 1])])
def test_what_is_no_index(key: Any) -> None:
    with pytest.raises(TypeError, match="Only integers, slices"):
        tf.constant(VALUE)[key]


def test_masks() -> None:
    x = tf.constant([1, 2, 3])
    assert x[x > 1].numpy().tolist() == [2, 3]
    assert x[np.array([True, False, True])].numpy().tolist() == [1, 3]
    with pytest.raises(ValueError, match="mask cannot be scalar"):
        x[True]
    with pytest.raises(ValueError, match="incompatible"):
        x[tf.constant([True, False])]


def test_scalar_tensors_are_indices() -> None:
    x = tf.constant([1, 2, 3])
    assert int(x[tf.constant(-1)]) == 3
    assert x[tf.constant(1, tf.int64) :].numpy().tolist() == [2, 3]
    with pytest.raises(tf.errors.InvalidArgumentError, match="index 3 is out of bounds"):
        (tf.constant([1.0, 2.0, 3.0]) + 0.0)[tf.constant([3, 0])[0]]


BINARY = [
    operator.add,
    operator.sub,
    operator.mul,
    operator.truediv,
    operator.floordiv,
    operator.mod,
    operator.pow,
    operator.lt,
    operator.le,
    operator.gt,
    operator.ge,
    operator.eq,
    operator.ne,
]


@pytest.mark.parametrize("function", BINARY, ids=lambda f: f.__name__)
def test_binary_operators(function: Any) -> None:
    a, b = np.array([3.0, 2.0], np.float32), np.array([2.0, 2.0], np.float32)
    expected = function(a, b)
    for left, right in ((tf.constant(a), tf.constant(b)), (tf.constant(a), b), (a, tf.constant(b))):
        result = function(left, right)
        assert isinstance(result, tf.Tensor), "NumPy on the left gives a tensor"
        np.testing.assert_allclose(result.numpy(), expected, rtol=1e-6)
    np.testing.assert_allclose(function(tf.constant(a), 2.0).numpy(), function(a, 2.0), rtol=1e-6)
    np.testing.assert_allclose(function(2.0, tf.constant(a)).numpy(), function(2.0, a), rtol=1e-6)


def test_bitwise_operators_go_by_dtype() -> None:
    flags, numbers = tf.constant([True, False]), tf.constant([5, 3])
    assert (flags & True).numpy().tolist() == [True, False]
    assert (flags | tf.constant([False, True])).numpy().tolist() == [True, True]
    assert (flags ^ True).numpy().tolist() == [False, True]
    assert (~flags).numpy().tolist() == [False, True]
    assert (numbers & 6).numpy().tolist() == [4, 2]
    assert (6 | numbers).numpy().tolist() == [7, 7]
    assert (numbers ^ 6).numpy().tolist() == [3, 5]
    assert (~numbers).numpy().tolist() == [-6, -4]
    with pytest.raises(tf.errors.InvalidArgumentError):
        ~tf.constant([1.0])


def test_equality() -> None:
    x = tf.constant([1, 2])
    assert (x == None) is False  # noqa: E711 - what this tests
    assert (x != None) is True  # noqa: E711
    assert bool(x == tf.constant([1, 2, 3])) is False
    assert bool(x != tf.constant([1, 2, 3])) is True
    assert (tf.constant(["a", "b"]) == "a").numpy().tolist() == [True, False]
    with pytest.raises(TypeError):
        x == 1.5  # noqa: B015
    with pytest.raises(TypeError, match="unhashable"):
        hash(x)


def test_unary_and_matmul() -> None:
    x = tf.constant([[1.0, -2.0]])
    assert (-x).numpy().tolist() == [[-1.0, 2.0]]
    assert abs(x).numpy().tolist() == [[1.0, 2.0]]
    assert (x @ [[1.0], [1.0]]).numpy().tolist() == [[-1.0]]
    assert (np.ones((1, 1), np.float32) @ x).numpy().tolist() == [[1.0, -2.0]]
    assert (tf.constant("a") + "b").numpy() == b"ab"


def test_mixed_dtypes_are_refused_by_either_class() -> None:
    ints = tf.constant([1, 2])
    for function in (lambda: ints + 1.5, lambda: 1.5 + ints, lambda: ints > 1.5):
        with pytest.raises(TypeError, match=r"Cannot convert 1\.5"):
            function()
        with pytest.raises(tf.errors.InvalidArgumentError):
            function()
    with pytest.raises(tf.errors.InvalidArgumentError, match="float32 but x is int32"):
        ints + tf.constant([1.0, 2.0])
    # NumPy values are cast, as TensorFlow does.
    assert (ints + np.array([1.5, 2.5])).numpy().tolist() == [2, 4]


def test_other_libraries_are_asked() -> None:
    class Other:
        def __radd__(self, other: Any) -> str:
            return "other"

    assert tf.constant(1) + Other() == "other"


def test_overloadable_operators_exist() -> None:
    for name in tf.Tensor.OVERLOADABLE_OPERATORS:
        assert callable(getattr(tf.Tensor, name)), name
