"""Programs that join and split TensorArrays, and arrays of strings and other dtypes.

See tensor_array_cases.py for how they are run.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

CASES: dict[str, Callable[..., Any]] = {}


def case(function: Callable[..., Any]) -> Callable[..., Any]:
    CASES[function.__name__] = function
    return function


def shape_of(value: Any) -> Any:
    return None if value.rank is None else value.as_list()


# -- concat, split ------------------------------------------------------------------------------


@case
def concat(tf, x, n):
    return tf.TensorArray(tf.float32, size=2).write(0, x).write(1, x * 10.0).concat()


@case
def concat_unlike_lengths(tf, x, n):
    ta = tf.TensorArray(tf.float32, size=2, infer_shape=False)
    return ta.write(0, x).write(1, x[:1]).concat()


@case
def concat_unlike_lengths_shape_given(tf, x, n):
    ta = tf.TensorArray(tf.float32, size=2, infer_shape=False, element_shape=[None, 2])
    return ta.write(0, x).write(1, x[:1]).concat()


@case
def concat_unlike_lengths_inferred(tf, x, n):
    ta = tf.TensorArray(tf.float32, size=2)
    return ta.write(0, x).write(1, x[:1]).concat()


@case
def concat_unlike_rows(tf, x, n):
    ta = tf.TensorArray(tf.float32, size=2, infer_shape=False)
    return ta.write(0, x).write(1, x[:, :1]).concat()


@case
def concat_vectors(tf, x, n):
    ta = tf.TensorArray(tf.float32, size=3, infer_shape=False)
    return ta.write(0, x[0]).write(1, x[1, :1]).write(2, x[:0, 0]).concat()


@case
def concat_scalars(tf, x, n):
    return tf.TensorArray(tf.float32, size=3).unstack(x[:, 0]).concat()


@case
def concat_unwritten(tf, x, n):
    return tf.TensorArray(tf.float32, size=2).write(0, x).concat()


@case
def concat_unwritten_shape_given(tf, x, n):
    return tf.TensorArray(tf.float32, size=2, element_shape=[3, 2]).write(0, x).concat()


@case
def concat_empty(tf, x, n):
    return tf.TensorArray(tf.float32, size=0).concat()


@case
def concat_empty_shape_given(tf, x, n):
    return tf.TensorArray(tf.float32, size=0, element_shape=[3, 2]).concat()


@case
def concat_static_shape(tf, x, n):
    return shape_of(tf.TensorArray(tf.float32, size=2).write(0, x).write(1, x).concat().shape)


@case
def split(tf, x, n):
    ta = tf.TensorArray(tf.float32, size=2, infer_shape=False).split(x, [1, 2])
    return [ta.read(0), ta.read(1), ta.size()]


@case
def split_inferred(tf, x, n):
    ta = tf.TensorArray(tf.float32, size=2).split(x, [1, 2])
    return [ta.read(0), ta.read(1)]


@case
def split_equal(tf, x, n):
    ta = tf.TensorArray(tf.float32, size=3).split(x, [1, 1, 1])
    return [ta.read(0), ta.stack()]


@case
def split_then_concat(tf, x, n):
    ta = tf.TensorArray(tf.float32, size=3, infer_shape=False).split(x, [0, 1, 2])
    return ta.concat()


@case
def split_not_all(tf, x, n):
    return tf.TensorArray(tf.float32, size=2, infer_shape=False).split(x, [1, 1]).concat()


@case
def split_too_much(tf, x, n):
    return tf.TensorArray(tf.float32, size=2, infer_shape=False).split(x, [1, 3]).concat()


@case
def split_wrong_count(tf, x, n):
    return tf.TensorArray(tf.float32, size=3, infer_shape=False).split(x, [1, 2]).size()


@case
def split_too_many_lengths(tf, x, n):
    return tf.TensorArray(tf.float32, size=1, infer_shape=False).split(x, [1, 2]).size()


@case
def split_scalar(tf, x, n):
    return tf.TensorArray(tf.float32, size=1).split(x[0, 0], [1]).size()


@case
def split_lengths_scalar(tf, x, n):
    return tf.TensorArray(tf.float32, size=1).split(x, 3).size()


@case
def split_negative_length(tf, x, n):
    return tf.TensorArray(tf.float32, size=2, infer_shape=False).split(x, [4, -1]).size()


@case
def split_wrong_dtype(tf, x, n):
    return tf.TensorArray(tf.float32, size=1).split(tf.constant([1, 2]), [2]).size()


@case
def split_element_shape_mismatch(tf, x, n):
    ta = tf.TensorArray(tf.float32, size=2, element_shape=[2, 3], infer_shape=False)
    return ta.split(x, [1, 2]).size()


@case
def split_tensor_lengths(tf, x, n):
    ta = tf.TensorArray(tf.float32, size=2, infer_shape=False).split(x, [n - 2, 2])
    return [ta.read(0), ta.read(1)]


# -- strings, other dtypes ----------------------------------------------------------------------


@case
def strings(tf, x, n):
    ta = tf.TensorArray(tf.string, size=2).write(0, "a").write(1, "bc")
    return ta.stack()


@case
def strings_unwritten(tf, x, n):
    return tf.TensorArray(tf.string, size=2, element_shape=[]).write(1, "bc").stack()


@case
def strings_loop(tf, x, n):
    ta = tf.TensorArray(tf.string, size=3)
    _, ta = tf.while_loop(
        lambda i, ta: i < n, lambda i, ta: (i + 1, ta.write(i, tf.constant("a"))), (0, ta)
    )
    return ta.stack()


@case
def bools(tf, x, n):
    return tf.TensorArray(tf.bool, size=2).write(0, True).write(1, n > 5).stack()


@case
def complex_numbers(tf, x, n):
    return tf.TensorArray(tf.complex64, size=2).unstack(tf.complex(x[0], x[1])).stack()


@case
def half(tf, x, n):
    return tf.TensorArray(tf.float16, size=3).unstack(tf.cast(x, tf.float16)).concat()
