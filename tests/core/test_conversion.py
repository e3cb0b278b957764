"""What becomes which tensor: the rules of tf.constant and tf.convert_to_tensor."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import deras as tf

NAN = float("nan")

# (value, dtype asked for, dtype of the result, its values), as TensorFlow 2.21 gives them.
TAKEN: list[tuple[Any, Any, str, Any]] = [
    (1, None, "int32", 1),
    (2**31, None, "int64", 2**31),
    (-(2**31) - 1, None, "int64", -(2**31) - 1),
    (1.5, None, "float32", 1.5),
    (True, None, "bool", True),
    (1 + 2j, None, "complex128", 1 + 2j),
    ("é", None, "string", "é".encode()),
    ([], None, "float32", []),
    ([[], []], None, "float32", [[], []]),
    ([1, 2.5], None, "float32", [1, 2.5]),
    ([1, True], None, "int32", [1, 1]),
    ([1.0, True], None, "float32", [1, 1]),
    ([1, 2**40], None, "int64", [1, 2**40]),
    ([1.0, 2**40], None, "float32", [1.0, 2.0**40]),
    ([2j, 1], None, "complex128", [2j, 1]),
    (range(3), None, "int32", [0, 1, 2]),
    (bytearray(b"ab"), None, "int32", [97, 98]),
    # NumPy values keep their dtype; in a list the first one decides, integers count as Python's.
    (np.float64(1.5), None, "float64", 1.5),
    (np.int8(1), None, "int8", 1),
    (np.array([1, 2]), None, "int64", [1, 2]),
    ([np.float64(3), 1.0], None, "float64", [3, 1]),
    ([1.0, np.float64(3)], None, "float32", [1, 3]),
    ([np.float16(2)], None, "float16", [2]),
    ([np.int64(3)], None, "int32", [3]),
    ([np.array([1, 2]), [3, 4]], None, "int32", [[1, 2], [3, 4]]),
    (np.array(["a", "bb"]), None, "string", [b"a", b"bb"]),
    (np.array(["a", b"b"], dtype=object), None, "string", [b"a", b"b"]),
    (np.array(5, dtype=">i4"), None, "int32", 5),
    # A dtype asked for.
    (1, "float32", "float32", 1.0),
    (True, "int32", "int32", 1),
    ([True, 1.5], "float32", "float32", [1, 1.5]),
    (2**70, "float64", "float64", 2.0**70),
    (2**64 - 1, "uint64", "uint64", 2**64 - 1),
    (1e300, "float32", "float32", np.inf),
    (300, "int8", "int8", 44),
    (-1, "uint8", "uint8", 255),
    (np.float64(1.5), "int32", "int32", 1),
    (np.array([NAN, np.inf, -1e20]), "int32", "int32", [-(2**31)] * 3),
    (np.array([NAN, 300.5, -1.0]), "uint8", "uint8", [0, 44, 255]),
    (np.array([1, 0]), "bool", "bool", [True, False]),
    (np.array([1j]), "float32", "float32", [0.0]),
    ([], "string", "string", []),
]


@pytest.mark.parametrize(("value", "dtype", "expected", "numbers"), TAKEN, ids=repr)
def test_taken(value: Any, dtype: Any, expected: str, numbers: Any) -> None:
    for make in (tf.constant, tf.convert_to_tensor):
        tensor = make(value, dtype)
        assert tensor.dtype.name == expected
        assert np.asarray(tensor.numpy()).tolist() == numbers


REFUSED: list[tuple[Any, Any, type, str]] = [
    (None, None, ValueError, "unsupported type"),
    ([1, None], None, ValueError, "Tensor|mixed"),
    pytest.param(object(), None, ValueError, "unsupported type", id="object"),
    ({"a": 1}, None, ValueError, "unsupported type"),
    ({1, 2}, None, ValueError, "unsupported type"),
    ([[1, 2], [3]], None, ValueError, "non-rectangular"),
    ([True, 1], None, ValueError, "mixed types"),
    ([1, 2j], None, ValueError, "mixed types"),
    ([1, "a"], None, ValueError, "mixed types"),
    (["a", 1], None, ValueError, "mixed types"),
    (2**63, None, ValueError, "out-of-range"),
    (-(2**63) - 1, None, ValueError, "out-of-range"),
    (2**64, "int32", ValueError, "out-of-range"),
    (-1, "uint64", ValueError, "out-of-range"),
    ([1e300], None, ValueError, "out of range"),
    (np.datetime64("2020-01-01"), None, ValueError, "Unsupported numpy type"),
    (np.array([1, "a"], dtype=object), None, ValueError, "mixed types"),
    (np.array(["a"]), "float32", ValueError, "text"),
    (1.5, "int32", TypeError, "Cannot convert 1.5 to EagerTensor of dtype int32"),
    ([1, 1.5], "int32", TypeError, "Cannot convert"),
    (1, "bool", TypeError, "Cannot convert"),
    (1j, "float32", TypeError, "Cannot convert"),
    ("a", "float32", TypeError, "Cannot convert"),
    (1, "string", TypeError, "Cannot convert"),
    ([True], "complex64", TypeError, "Cannot convert"),
    (1, int, TypeError, "int"),
    (tf.TensorShape([1, None]), None, ValueError, "Tensor"),
]


@pytest.mark.parametrize(("value", "dtype", "error", "match"), REFUSED, ids=repr)
def test_refused(value: Any, dtype: Any, error: type, match: str) -> None:
    for make in (tf.constant, tf.convert_to_tensor):
        with pytest.raises(error, match=match):
            make(value, dtype)


def test_shapes_given_to_constant() -> None:
    assert tf.constant(1, shape=[2, 2]).numpy().tolist() == [[1, 1], [1, 1]]
    assert tf.constant([1, 2, 3, 4], shape=[2, 2]).numpy().tolist() == [[1, 2], [3, 4]]
    assert tf.constant("a", shape=[2]).numpy().tolist() == [b"a", b"a"]
    with pytest.raises(TypeError, match="does not fill shape"):
        tf.constant([1, 2, 3], shape=[2, 2])


def test_tensors_are_never_cast() -> None:
    x = tf.constant([1, 2])
    assert tf.convert_to_tensor(x) is x
    assert tf.convert_to_tensor(x, dtype_hint=tf.float32) is x
    with pytest.raises(ValueError, match="requested dtype float32"):
        tf.convert_to_tensor(x, tf.float32)
    with pytest.raises(TypeError, match=r"use tf\.cast"):
        tf.constant(x, tf.float32)


def test_hints_are_used_where_the_value_allows() -> None:
    assert tf.convert_to_tensor(1, dtype_hint=tf.float32).dtype is tf.float32
    assert tf.convert_to_tensor(1.5, dtype_hint=tf.int32).dtype is tf.float32
    assert tf.convert_to_tensor("a", dtype_hint=tf.int32).dtype is tf.string


def test_lists_that_hold_tensors() -> None:
    assert tf.convert_to_tensor([tf.constant(1.0), 2]).numpy().tolist() == [1.0, 2.0]
    assert tf.convert_to_tensor([2, tf.constant(1.0)]).dtype is tf.float32
    assert tf.convert_to_tensor([tf.constant(1), 2], tf.float32).dtype is tf.float32
    with pytest.raises(TypeError):
        tf.convert_to_tensor([2.0, tf.constant(1)])
    with pytest.raises(tf.errors.InvalidArgumentError):
        tf.convert_to_tensor([tf.constant(1), tf.constant(1.0)])
    with pytest.raises(ValueError, match=r"tf\.stack"):
        tf.constant([tf.constant(1), 2])


def test_tensor_shapes() -> None:
    assert tf.convert_to_tensor(tf.TensorShape([1, 2])).dtype is tf.int32
    assert tf.convert_to_tensor(tf.TensorShape([])).dtype is tf.int32
    assert tf.convert_to_tensor(tf.TensorShape([2**31])).dtype is tf.int64
    with pytest.raises(TypeError, match="int32 or int64"):
        tf.convert_to_tensor(tf.TensorShape([1]), tf.float32)


def test_a_tensor_does_not_share_the_users_array() -> None:
    array = np.array([1.0, 2.0])
    tensor = tf.constant(array)
    array[0] = 9.0
    assert tensor.numpy().tolist() == [1.0, 2.0]
    assert array.flags.writeable


def test_indexed_slices_become_dense() -> None:
    slices = tf.IndexedSlices(tf.constant([[1.0], [2.0]]), tf.constant([0, 0]), tf.constant([2, 1]))
    assert tf.convert_to_tensor(slices).numpy().tolist() == [[3.0], [0.0]]


def test_is_tensor() -> None:
    assert tf.is_tensor(tf.constant(1))
    assert not tf.is_tensor(1)
    assert not tf.is_tensor(np.array(1))
    assert not tf.is_symbolic_tensor(tf.constant(1))
    assert tf.get_static_value(tf.constant([1, 2])).tolist() == [1, 2]
