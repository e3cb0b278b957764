"""Programs that TensorFlow refuses, with the class of its error."""

# ruff: noqa: F821, F841, SIM, A001, C400, RUF059, PIE804, B012, B023
from __future__ import annotations

from .cases import program


def refused(*calls):
    return program(*calls, eager=False, jit=False)


@refused(2.0)
def undefined_in_else(tf, x):
    if x > 0:
        y = x
    return y


@refused(2.0)
def undefined_in_main(tf, x):
    if x > 0:
        pass
    else:
        y = x
    return y


@refused(2.0)
def unlike_dtypes(tf, x):
    if x > 0:
        y = 1
    else:
        y = 1.0
    return y


@refused(2.0)
def unlike_dtypes_of_returns(tf, x):
    if x > 0:
        return 1
    return x


@refused(2.0)
def unlike_structures(tf, x):
    if x > 0:
        y = (x, x)
    else:
        y = x
    return y


@refused(2.0)
def list_and_tuple(tf, x):
    if x > 0:
        y = [x, x]
    else:
        y = (x, x)
    return y


@refused(2.0)
def none_in_else(tf, x):
    y = None
    if x > 0:
        y = x
    return y


@refused(2.0)
def none_in_both(tf, x):
    if x > 0:
        y = None
    else:
        y = None
    return y


@refused(2.0)
def none_in_structure(tf, x):
    y = (None, x)
    if x > 0:
        y = (None, x + 1.0)
    return y


@refused(2.0)
def missing_return(tf, x):
    if x > 0:
        return x


@refused(2.0)
def return_none_and_tensor(tf, x):
    if x > 0:
        return None
    return x


@refused(2.0)
def float_condition(tf, x):
    if x:
        return 1
    return 2


@refused(2)
def integer_condition(tf, n):
    if n:
        return 1
    return 2


@refused([1.0, 2.0])
def vector_condition(tf, v):
    if v > 0:
        return 1
    return 2


@refused(2.0)
def float_while_condition(tf, x):
    while x:
        x = x - 1.0
    return x


@refused(2.0)
def ternary_dtypes(tf, x):
    return 1 if x > 0 else 1.0


@refused(2.0)
def ternary_none(tf, x):
    return None if x > 0 else x


@refused(2.0)
def deleted_in_branch(tf, x):
    y = x
    if x > 0:
        del y
    return y


@refused(2.0)
def attribute_in_one_branch(tf, x):
    class Box:
        pass

    box = Box()
    if x > 0:
        box.value = x
    return x


@refused(2.0)
def object_in_branches(tf, x):
    class Box:
        pass

    if x > 0:
        y = Box()
    else:
        y = Box()
    return x if y is None else x + 1.0


@refused(3)
def loop_changes_dtype(tf, n):
    s = 0
    for _ in tf.range(n):
        s = tf.constant(1.5)
    return s


@refused(3)
def loop_mixes_dtypes(tf, n):
    s = 0
    for _ in tf.range(n):
        s = s + tf.constant(1.5)
    return s


@refused(3)
def loop_changes_shape(tf, n):
    s = tf.zeros([1])
    for _ in tf.range(n):
        s = tf.concat([s, s], 0)
    return s


@refused(3)
def while_changes_shape(tf, n):
    s = tf.zeros([1])
    while tf.size(s) < n:
        s = tf.concat([s, s], 0)
    return s


@refused(3)
def loop_changes_structure(tf, n):
    s = [0]
    for i in tf.range(n):
        s = s + [i]
    return s


@refused(3)
def loop_makes_none(tf, n):
    s = tf.constant(0)
    for _ in tf.range(n):
        s = None
    return s


@refused(3)
def loop_carries_object(tf, n):
    s = object()
    for _ in tf.range(n):
        s = object()
    return 1 if s is None else 2


@refused(2.0)
def scalar_iterated(tf, x):
    s = 0.0
    for i in x:
        s += i
    return s


@refused(2.0)
def while_becomes_tensor(tf, x):
    i = 0
    while i < 3:
        i = i + tf.cast(x, tf.int32)
    return i


@refused(2.0)
def while_true_with_tensor_break(tf, x):
    while True:
        x = x + 1.0
        if x > 5.0:
            break
    return x


@refused(2.0)
def python_for_with_tensor_break(tf, x):
    for _ in range(3):
        x = x + 1.0
        if x > 3.0:
            break
    return x


@refused([1.0, 2.0])
def comprehension_over_tensor(tf, v):
    return [x * 2.0 for x in v]


@refused(2.0)
def item_assignment(tf, x):
    y = tf.zeros([3])
    y[1] = x
    return y


@refused(2.0)
def and_of_numbers(tf, x):
    return x and 3


@refused(2.0)
def not_of_number(tf, x):
    return not x


@refused(2.0)
def raised_in_staged_branch(tf, x):
    if x > 5.0:
        raise ValueError("too large")
    return x


@refused(2.0)
def raised_in_python_branch(tf, x):
    mode = "bad"
    if mode == "bad":
        raise KeyError(mode)
    return x


@refused(2.0)
def generator_decided_by_tensor(tf, x):
    def parts():
        if x > 0:
            yield x

    return list(parts())


@refused(2.0)
def filter_decided_by_tensor(tf, x):
    return list(filter(lambda a: a > 0, [x]))


@refused(2.0)
def unbound_local(tf, x):
    if False:
        y = x
    return y


@refused(2.0)
def unbound_read_in_branch(tf, x):
    if x > 0:
        z = y + 1.0
        y = z
    return x


@refused([1.0, 2.0])
def numpy_function_on_tensor(tf, v):
    import numpy as np

    return np.sin(v)


@refused(2.0)
def float_of_tensor_in_math(tf, x):
    import math

    return math.sin(x)
