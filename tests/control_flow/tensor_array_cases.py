"""Programs with TensorArrays, run on any engine: TensorFlow records what they give.

Each takes the namespace `tf`, `x` (float32 `[[1, 2], [3, 4], [5, 6]]`) and `n` (int32, 3), and
returns a structure of tensors and plain values, or raises. `scripts/golden_tensor_array.py` runs
them eagerly and inside `tf.function`.
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


# -- making and looking ------------------------------------------------------------------------


@case
def properties(tf, x, n):
    ta = tf.TensorArray(tf.float32, size=3)
    return [ta.dtype.name, ta.dynamic_size, shape_of(ta.element_shape)]


@case
def properties_given(tf, x, n):
    ta = tf.TensorArray(tf.int32, size=3, dynamic_size=True, element_shape=[2, None])
    return [ta.dtype.name, ta.dynamic_size, shape_of(ta.element_shape)]


@case
def properties_after_write(tf, x, n):
    ta = tf.TensorArray(tf.float32, size=3)
    out = ta.write(0, x[0])
    return [shape_of(ta.element_shape), shape_of(out.element_shape)]


@case
def element_shape_is_not_merged_without_infer_shape(tf, x, n):
    ta = tf.TensorArray(tf.float32, size=3, infer_shape=False).write(0, x[0])
    return [shape_of(ta.element_shape)]


@case
def element_shape_is_merged_with_what_is_given(tf, x, n):
    ta = tf.TensorArray(tf.float32, size=3, element_shape=[None]).write(0, x[0])
    return [shape_of(ta.element_shape)]


@case
def no_size(tf, x, n):
    return tf.TensorArray(tf.float32).size()


@case
def no_size_dynamic(tf, x, n):
    return tf.TensorArray(tf.float32, dynamic_size=True).size()


@case
def dynamic_by_default(tf, x, n):
    return [tf.TensorArray(tf.float32, size=2).dynamic_size]


@case
def handle_given(tf, x, n):
    return tf.TensorArray(tf.float32, handle=tf.constant(1)).size()


@case
def flow_and_size_given(tf, x, n):
    return tf.TensorArray(tf.float32, size=3, flow=tf.constant(1.0)).size()


@case
def handle_and_size_given(tf, x, n):
    return tf.TensorArray(tf.float32, size=3, handle=tf.constant(1)).size()


@case
def handle_and_name_given(tf, x, n):
    return tf.TensorArray(tf.float32, handle=tf.constant(1), tensor_array_name="t").size()


@case
def handle_not_a_tensor(tf, x, n):
    return tf.TensorArray(tf.float32, handle=1).size()


@case
def bad_dtype(tf, x, n):
    return tf.TensorArray("nonsense", size=1).size()


@case
def clear_after_read_not_bool(tf, x, n):
    return tf.TensorArray(tf.float32, size=1, clear_after_read=5).size()


@case
def size_is_int32(tf, x, n):
    size = tf.TensorArray(tf.float32, size=4).size()
    return [size, size.dtype.name, shape_of(size.shape)]


@case
def size_from_tensor(tf, x, n):
    ta = tf.TensorArray(tf.float32, size=n)
    return ta.size()


@case
def size_negative(tf, x, n):
    return tf.TensorArray(tf.float32, size=-2).size()


@case
def size_of_dynamic_after_write(tf, x, n):
    ta = tf.TensorArray(tf.float32, size=0, dynamic_size=True)
    ta = ta.write(4, x[0])
    return ta.size()


@case
def handle_is(tf, x, n):
    ta = tf.TensorArray(tf.float32, size=3)
    return [ta.handle is None]


@case
def flow_dtype(tf, x, n):
    flow = tf.TensorArray(tf.float32, size=3).flow
    return [flow.dtype.name]


@case
def close(tf, x, n):
    ta = tf.TensorArray(tf.float32, size=1).write(0, x[0])
    ta.close()
    return ta.size()


@case
def identity_shares(tf, x, n):
    ta = tf.TensorArray(tf.float32, size=3).unstack(x)
    other = ta.identity()
    other = other.write(0, x[2])
    return [ta.stack(), other.stack()]


@case
def grad_method(tf, x, n):
    return tf.TensorArray(tf.float32, size=1).grad("source")


@case
def dtype_by_name(tf, x, n):
    return tf.TensorArray("float64", size=1).write(0, tf.cast(x[0], tf.float64)).stack()


# -- write, read ------------------------------------------------------------------------------


@case
def write_then_stack(tf, x, n):
    ta = tf.TensorArray(tf.float32, size=3)
    for i in range(3):
        ta = ta.write(i, x[i] * 10.0)
    return ta.stack()


@case
def write_without_keeping_the_result(tf, x, n):
    ta = tf.TensorArray(tf.float32, size=2, element_shape=[2])
    ta.write(0, x[0])
    ta.write(1, x[1])
    return ta.stack()


@case
def write_returns_itself(tf, x, n):
    ta = tf.TensorArray(tf.float32, size=2)
    return [ta.write(0, x[0]) is ta]


@case
def write_converts_python_values(tf, x, n):
    ta = tf.TensorArray(tf.float32, size=2).write(0, [1, 2]).write(1, [3.5, 4.5])
    return ta.stack()


@case
def write_at_tensor_index(tf, x, n):
    return tf.TensorArray(tf.float32, size=3).unstack(x).write(n - 1, x[0]).stack()


@case
def write_wrong_dtype(tf, x, n):
    return tf.TensorArray(tf.float32, size=1).write(0, tf.constant([1])).stack()


@case
def write_float_to_int(tf, x, n):
    return tf.TensorArray(tf.int32, size=1).write(0, 1.5).stack()


@case
def write_wrong_shape_given(tf, x, n):
    return tf.TensorArray(tf.float32, size=2, element_shape=[3]).write(0, x[0]).stack()


@case
def write_wrong_shape_inferred(tf, x, n):
    ta = tf.TensorArray(tf.float32, size=2).write(0, x[0])
    return ta.write(1, x).stack()


@case
def write_other_shape_without_infer_shape(tf, x, n):
    ta = tf.TensorArray(tf.float32, size=2, infer_shape=False).write(0, x[0])
    ta = ta.write(1, x)
    return [ta.read(0), ta.read(1)]


@case
def stack_of_unlike_shapes(tf, x, n):
    ta = tf.TensorArray(tf.float32, size=2, infer_shape=False).write(0, x[0])
    return ta.write(1, x).stack()


@case
def write_out_of_range(tf, x, n):
    return tf.TensorArray(tf.float32, size=2).write(2, x[0]).stack()


@case
def write_out_of_range_tensor(tf, x, n):
    return tf.TensorArray(tf.float32, size=2).unstack(x[:2]).write(n, x[0]).stack()


@case
def write_negative(tf, x, n):
    return tf.TensorArray(tf.float32, size=2).unstack(x[:2]).write(-1, x[0]).stack()


@case
def write_negative_tensor(tf, x, n):
    return tf.TensorArray(tf.float32, size=2).unstack(x[:2]).write(-n, x[0]).stack()


@case
def write_index_float(tf, x, n):
    return tf.TensorArray(tf.float32, size=2).unstack(x[:2]).write(1.0, x[0]).stack()


@case
def write_index_int64(tf, x, n):
    index = tf.constant(1, tf.int64)
    return tf.TensorArray(tf.float32, size=2).unstack(x[:2]).write(index, x[0]).stack()


@case
def write_twice(tf, x, n):
    return tf.TensorArray(tf.float32, size=1).write(0, x[0]).write(0, x[1]).stack()


@case
def write_grows(tf, x, n):
    ta = tf.TensorArray(tf.float32, size=0, dynamic_size=True)
    for i in range(3):
        ta = ta.write(i, x[i])
    return [ta.stack(), ta.size()]


@case
def write_with_a_gap(tf, x, n):
    ta = tf.TensorArray(tf.float32, size=0, dynamic_size=True, element_shape=[2])
    ta = ta.write(2, x[0])
    return [ta.stack(), ta.size()]


@case
def write_with_a_gap_shape_inferred(tf, x, n):
    ta = tf.TensorArray(tf.float32, size=1, dynamic_size=True)
    ta = ta.write(2, x[0])
    return ta.stack()


@case
def write_not_dynamic(tf, x, n):
    return tf.TensorArray(tf.float32, size=0).write(0, x[0]).stack()


@case
def read(tf, x, n):
    ta = tf.TensorArray(tf.float32, size=3).unstack(x)
    value = ta.read(1)
    return [value, shape_of(value.shape)]


@case
def read_at_tensor_index(tf, x, n):
    return tf.TensorArray(tf.float32, size=3).unstack(x).read(n - 2)


@case
def read_out_of_range(tf, x, n):
    return tf.TensorArray(tf.float32, size=3).unstack(x).read(3)


@case
def read_out_of_range_tensor(tf, x, n):
    return tf.TensorArray(tf.float32, size=3).unstack(x).read(n)


@case
def read_negative(tf, x, n):
    return tf.TensorArray(tf.float32, size=3).unstack(x).read(-1)


@case
def read_negative_tensor(tf, x, n):
    return tf.TensorArray(tf.float32, size=3).unstack(x).read(-n)


@case
def read_unwritten(tf, x, n):
    return tf.TensorArray(tf.float32, size=3).read(1)


@case
def read_unwritten_shape_given(tf, x, n):
    return tf.TensorArray(tf.float32, size=3, element_shape=[2]).read(1)


@case
def read_unwritten_shape_partly_given(tf, x, n):
    return tf.TensorArray(tf.float32, size=3, element_shape=[None, 2]).read(1)


@case
def read_unwritten_shape_inferred(tf, x, n):
    return tf.TensorArray(tf.float32, size=3).write(0, x[0]).read(1)


@case
def read_unwritten_of_empty(tf, x, n):
    return tf.TensorArray(tf.float32, size=0, dynamic_size=True).read(0)


@case
def read_twice(tf, x, n):
    ta = tf.TensorArray(tf.float32, size=3).unstack(x)
    return [ta.read(1), ta.read(1)]


@case
def read_twice_kept(tf, x, n):
    ta = tf.TensorArray(tf.float32, size=3, clear_after_read=False).unstack(x)
    return [ta.read(1), ta.read(1)]


@case
def read_then_write_then_read(tf, x, n):
    ta = tf.TensorArray(tf.float32, size=3).unstack(x)
    first = ta.read(1)
    ta = ta.write(1, x[0])
    return [first, ta.read(1)]


@case
def read_then_stack(tf, x, n):
    ta = tf.TensorArray(tf.float32, size=3).unstack(x)
    first = ta.read(1)
    return [first, ta.stack()]


@case
def stack_twice(tf, x, n):
    ta = tf.TensorArray(tf.float32, size=3).unstack(x)
    return [ta.stack(), ta.stack()]


@case
def stack_then_read(tf, x, n):
    ta = tf.TensorArray(tf.float32, size=3).unstack(x)
    return [ta.stack(), ta.read(0)]


@case
def read_index_int64(tf, x, n):
    return tf.TensorArray(tf.float32, size=3).unstack(x).read(tf.constant(1, tf.int64))


# -- stack, gather, scatter, unstack ----------------------------------------------------------


@case
def stack_unwritten(tf, x, n):
    return tf.TensorArray(tf.float32, size=3).stack()


@case
def stack_unwritten_shape_given(tf, x, n):
    return tf.TensorArray(tf.float32, size=3, element_shape=[2]).stack()


@case
def stack_partly_written(tf, x, n):
    return tf.TensorArray(tf.float32, size=3).write(1, x[1]).stack()


@case
def stack_partly_written_without_infer_shape(tf, x, n):
    return tf.TensorArray(tf.float32, size=3, infer_shape=False).write(1, x[1]).stack()


@case
def stack_empty(tf, x, n):
    return tf.TensorArray(tf.float32, size=0).stack()


@case
def stack_empty_shape_given(tf, x, n):
    return tf.TensorArray(tf.float32, size=0, element_shape=[2]).stack()


@case
def stack_static_shape(tf, x, n):
    ta = tf.TensorArray(tf.float32, size=3, element_shape=[2]).unstack(x)
    return shape_of(ta.stack().shape)


@case
def unstack(tf, x, n):
    ta = tf.TensorArray(tf.float32, size=3).unstack(x)
    return [ta.read(2), ta.size(), shape_of(ta.element_shape)]


@case
def unstack_scalars(tf, x, n):
    ta = tf.TensorArray(tf.int32, size=3).unstack([5, 6, 7])
    return [ta.read(2), ta.stack()]


@case
def unstack_scalar(tf, x, n):
    return tf.TensorArray(tf.float32, size=1).unstack(x[0, 0]).size()


@case
def unstack_too_many(tf, x, n):
    return tf.TensorArray(tf.float32, size=2).unstack(x).stack()


@case
def unstack_too_few(tf, x, n):
    ta = tf.TensorArray(tf.float32, size=5).unstack(x)
    return [ta.size(), ta.read(0)]


@case
def unstack_too_many_dynamic(tf, x, n):
    return tf.TensorArray(tf.float32, size=2, dynamic_size=True).unstack(x).stack()


@case
def unstack_wrong_dtype(tf, x, n):
    return tf.TensorArray(tf.float32, size=3).unstack(tf.constant([1, 2, 3])).stack()


@case
def unstack_wrong_shape(tf, x, n):
    return tf.TensorArray(tf.float32, size=3, element_shape=[3]).unstack(x).stack()


@case
def unstack_returns_itself(tf, x, n):
    ta = tf.TensorArray(tf.float32, size=3)
    return [ta.unstack(x) is ta]


@case
def unstack_again(tf, x, n):
    return tf.TensorArray(tf.float32, size=3).unstack(x).unstack(x * 2.0).stack()


@case
def gather(tf, x, n):
    return tf.TensorArray(tf.float32, size=3).unstack(x).gather([2, 0, 2])


@case
def gather_kept(tf, x, n):
    ta = tf.TensorArray(tf.float32, size=3, clear_after_read=False).unstack(x)
    return [ta.gather([2, 0, 2]), ta.stack()]


@case
def gather_static_shape(tf, x, n):
    ta = tf.TensorArray(tf.float32, size=3).unstack(x)
    return shape_of(ta.gather([2, 0]).shape)


@case
def gather_none(tf, x, n):
    ta = tf.TensorArray(tf.float32, size=3).unstack(x)
    return ta.gather(tf.zeros([0], tf.int32))


@case
def gather_tensor(tf, x, n):
    return tf.TensorArray(tf.float32, size=3).unstack(x).gather(tf.range(n - 1))


@case
def gather_out_of_range(tf, x, n):
    return tf.TensorArray(tf.float32, size=3).unstack(x).gather([0, 3])


@case
def gather_out_of_range_tensor(tf, x, n):
    return tf.TensorArray(tf.float32, size=3).unstack(x).gather([0, n])


@case
def gather_negative(tf, x, n):
    return tf.TensorArray(tf.float32, size=3).unstack(x).gather([0, -1])


@case
def gather_unwritten(tf, x, n):
    return tf.TensorArray(tf.float32, size=3).write(0, x[0]).gather([0, 1])


@case
def gather_unwritten_without_infer_shape(tf, x, n):
    ta = tf.TensorArray(tf.float32, size=3, infer_shape=False).write(0, x[0])
    return ta.gather([0, 1])


@case
def gather_matrix_of_indices(tf, x, n):
    return tf.TensorArray(tf.float32, size=3).unstack(x).gather([[0, 1], [1, 2]])


@case
def scatter(tf, x, n):
    return tf.TensorArray(tf.float32, size=3).scatter([2, 0, 1], x).stack()


@case
def scatter_keeps_the_rest(tf, x, n):
    return tf.TensorArray(tf.float32, size=3).unstack(x).scatter([1], x[:1]).stack()


@case
def scatter_twice_the_same(tf, x, n):
    return tf.TensorArray(tf.float32, size=2).unstack(x[:2]).scatter([1, 1, 1], x).stack()


@case
def scatter_out_of_range(tf, x, n):
    return tf.TensorArray(tf.float32, size=3).scatter([0, 1, 3], x).stack()


@case
def scatter_out_of_range_tensor(tf, x, n):
    return tf.TensorArray(tf.float32, size=3).scatter([0, 1, n], x).stack()


@case
def scatter_negative(tf, x, n):
    return tf.TensorArray(tf.float32, size=3).scatter([0, 1, -1], x).stack()


@case
def scatter_grows(tf, x, n):
    ta = tf.TensorArray(tf.float32, size=0, dynamic_size=True).scatter([0, 1, 4], x)
    return [ta.size(), ta.stack()]


@case
def scatter_too_few_indices(tf, x, n):
    return tf.TensorArray(tf.float32, size=3).scatter([0, 1], x).stack()


@case
def scatter_too_many_indices(tf, x, n):
    return tf.TensorArray(tf.float32, size=4).scatter([0, 1, 2, 3], x).stack()


@case
def scatter_wrong_dtype(tf, x, n):
    return tf.TensorArray(tf.float32, size=3).scatter([0], tf.constant([[1, 2]])).stack()


@case
def scatter_wrong_shape(tf, x, n):
    ta = tf.TensorArray(tf.float32, size=3, element_shape=[3])
    return ta.scatter([0, 1, 2], x).stack()


@case
def scatter_scalar(tf, x, n):
    return tf.TensorArray(tf.float32, size=3).scatter([0], x[0, 0]).stack()


@case
def scatter_without_keeping_the_result(tf, x, n):
    ta = tf.TensorArray(tf.float32, size=3, element_shape=[2])
    ta.scatter([2, 0, 1], x)
    return ta.stack()
