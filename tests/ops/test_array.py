"""What the op table cannot say of the array ops."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import deras as tf
from deras._src.host_ops.array_unique import setdiff1d
from deras._src.ops.array_constant import prevent_gradient


def test_setdiff1d_keeps_the_order() -> None:
    out, idx = setdiff1d([5, 1, 4, 1, 3], [4, 5])
    assert out.numpy().tolist() == [1, 1, 3]
    assert idx.numpy().tolist() == [1, 3, 4]
    assert setdiff1d(["b", "a"], ["b"]).out.numpy().tolist() == [b"a"]
    with pytest.raises(tf.errors.InvalidArgumentError, match="must be vectors"):
        setdiff1d([[1]], [1])


def test_prevent_gradient() -> None:
    x = tf.constant(1.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = prevent_gradient(x, "not this way")
    with pytest.raises(LookupError, match="not this way"):
        tape.gradient(y, x)


def shapes_of(function: Any, *specs: tf.TensorSpec) -> Any:
    """The static shapes of what a function gives for arguments of partly unknown shapes."""
    found: list[Any] = []

    @tf.function(input_signature=specs)
    def traced(*args: Any) -> Any:
        results = function(*args)
        found.append([r.shape for r in tf.nest.flatten(results)])
        return results

    traced.get_concrete_function()
    return [None if s.rank is None else s.as_list() for s in found[-1]]


def test_size_and_rank_of_unknown_shapes() -> None:
    @tf.function(input_signature=[tf.TensorSpec(None)])
    def measure(x: Any) -> Any:
        return tf.size(x), tf.rank(x), tf.shape(x)

    size, rank, shape = measure(tf.zeros([2, 3]))
    assert (int(size), int(rank), shape.numpy().tolist()) == (6, 2, [2, 3])
    assert shapes_of(lambda x: (tf.size(x), tf.rank(x), tf.shape(x)), tf.TensorSpec(None)) == [
        [],
        [],
        [None],
    ]


@pytest.mark.parametrize(
    ("function", "shape", "expected"),
    [
        (lambda x: x[1:], [None, 3], [None, 3]),
        (lambda x: x[:, ::2], [None, 3], [None, 2]),
        (lambda x: tf.slice(x, [1, 0], [2, -1]), [None, 3], [2, 3]),
        (lambda x: tf.reshape(x, [tf.shape(x)[0], 8]), [None, 2, 4], [None, 8]),
        (lambda x: tf.reshape(x, [-1, tf.shape(x)[2]]), [None, 2, 4], [None, 4]),
        (lambda x: tf.reshape(x, [4, 5]), [None], [4, 5]),
        (lambda x: tf.squeeze(x), [None, 1], None),
        (lambda x: tf.transpose(x, [1, 0, 2]), None, [None, None, None]),
        (lambda x: tf.concat([x, tf.ones([3, 2])], 1), [None, 2], [3, 4]),
        (lambda x: tf.range(tf.shape(x)[1]), [None, 2], [2]),
        (lambda x: tf.fill([tf.shape(x)[0], 3], 1.0), [None], [None, 3]),
        (lambda x: tf.pad(x, [[0, 0], [0, 1]]), [None, 2], [None, 3]),
        (lambda x: tf.one_hot(tf.cast(x, tf.int32), 3), [None, 2], [None, 2, 3]),
    ],
)
def test_static_shapes(function: Any, shape: Any, expected: Any) -> None:
    assert shapes_of(function, tf.TensorSpec(shape)) == [expected]


def test_a_value_bounded_by_a_constant_is_not_taken_for_known() -> None:
    def head(x: Any) -> Any:
        return tf.range(tf.minimum(tf.shape(x)[0], 100))

    assert shapes_of(head, tf.TensorSpec([None])) == [[None]]


def test_nan_is_the_largest_number_when_sorted() -> None:
    x = tf.constant([np.nan, 3.0, -np.inf, np.inf])
    np.testing.assert_array_equal(tf.sort(x).numpy(), [-np.inf, 3.0, np.inf, np.nan])
    descending = tf.sort(x, direction="DESCENDING").numpy()
    np.testing.assert_array_equal(descending, [np.nan, np.inf, 3.0, -np.inf])
    np.testing.assert_array_equal(tf.math.top_k(x, 2).indices.numpy(), [0, 3])


@pytest.mark.parametrize("dtype", ["int64", "uint64", "float64", "uint32", "float16"])
@pytest.mark.parametrize("direction", ["ASCENDING", "DESCENDING"])
def test_sort_of_many_elements(dtype: str, direction: str) -> None:
    random = np.random.RandomState(0)
    values = (random.standard_normal((3, 50)) * 100).astype("float32").astype(dtype)
    expected = np.sort(values, -1)
    if direction == "DESCENDING":
        expected = expected[:, ::-1]
    np.testing.assert_array_equal(tf.sort(values, direction=direction).numpy(), expected)
    order = tf.argsort(values, direction=direction).numpy()
    np.testing.assert_array_equal(np.take_along_axis(values, order, -1), expected)


def test_repeated_indices_of_one_gather_are_slices() -> None:
    table = tf.constant(np.arange(6.0).reshape(3, 2))
    with tf.GradientTape() as tape:
        tape.watch(table)
        rows = tf.gather(table, [[2, 0], [2, 1]])
    gradient = tape.gradient(rows, table)
    assert isinstance(gradient, tf.IndexedSlices)
    assert gradient.indices.numpy().tolist() == [2, 0, 2, 1]
    assert tf.convert_to_tensor(gradient).numpy().tolist() == [[1, 1], [1, 1], [2, 2]]


def test_identity_is_another_tensor_of_the_same_memory() -> None:
    x = tf.constant([1.0]) + 1.0
    y = tf.identity(x)
    assert y is not x
    assert y._array is x._array
