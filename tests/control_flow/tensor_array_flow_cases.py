"""Programs that carry TensorArrays through loops, branches, functions and gradients; and specs.

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


# -- loops ------------------------------------------------------------------------------------


@case
def loop_squares(tf, x, n):
    ta = tf.TensorArray(tf.int32, size=5)
    _, ta = tf.while_loop(lambda i, ta: i < 5, lambda i, ta: (i + 1, ta.write(i, i * i)), (0, ta))
    return ta.stack()


@case
def loop_unknown_element_shape(tf, x, n):
    ta = tf.TensorArray(tf.float32, size=n)
    _, ta = tf.while_loop(
        lambda i, ta: i < n, lambda i, ta: (i + 1, ta.write(i, x[i] * 2.0)), (0, ta)
    )
    return [ta.stack(), shape_of(ta.element_shape)]


@case
def loop_no_trips(tf, x, n):
    ta = tf.TensorArray(tf.float32, size=2, element_shape=[2])
    _, ta = tf.while_loop(lambda i, ta: i < n, lambda i, ta: (i + 1, ta.write(0, x[0])), (n, ta))
    return ta.stack()


@case
def loop_grows(tf, x, n):
    ta = tf.TensorArray(tf.int32, size=0, dynamic_size=True)
    _, ta = tf.while_loop(
        lambda i, ta: i < n * 2, lambda i, ta: (i + 1, ta.write(i, i * i)), (0, ta)
    )
    return [ta.stack(), ta.size()]


@case
def loop_reads_and_writes(tf, x, n):
    source = tf.TensorArray(tf.float32, size=3).unstack(x)
    out = tf.TensorArray(tf.float32, size=3)
    _, total, out = tf.while_loop(
        lambda i, total, out: i < n,
        lambda i, total, out: (i + 1, total + source.read(i), out.write(i, total)),
        (0, tf.zeros([2]), out),
    )
    return [total, out.stack()]


@case
def loop_carries_both(tf, x, n):
    source = tf.TensorArray(tf.float32, size=3, clear_after_read=False).unstack(x)
    out = tf.TensorArray(tf.float32, size=3)

    def body(i, source, out):
        return i + 1, source, out.write(i, source.read(i) + source.read(0))

    _, _, out = tf.while_loop(lambda i, *_: i < n, body, (0, source, out))
    return out.stack()


@case
def loop_fibonacci(tf, x, n):
    ta = tf.TensorArray(tf.int32, size=10, clear_after_read=False)
    ta = ta.write(0, 1).write(1, 1)
    _, ta = tf.while_loop(
        lambda i, ta: i < 10,
        lambda i, ta: (i + 1, ta.write(i, ta.read(i - 1) + ta.read(i - 2))),
        (2, ta),
    )
    return ta.stack()


@case
def loop_write_out_of_range(tf, x, n):
    ta = tf.TensorArray(tf.float32, size=2)
    _, ta = tf.while_loop(lambda i, ta: i < n, lambda i, ta: (i + 1, ta.write(i, x[i])), (0, ta))
    return ta.stack()


@case
def loop_read_out_of_range(tf, x, n):
    ta = tf.TensorArray(tf.float32, size=3, clear_after_read=False).unstack(x)
    return tf.while_loop(
        lambda i, s: i < n + 1, lambda i, s: (i + 1, s + ta.read(i)), (0, tf.zeros([2]))
    )[1]


@case
def loop_wrong_shape_after_first(tf, x, n):
    ta = tf.TensorArray(tf.float32, size=3).write(0, x)
    _, ta = tf.while_loop(lambda i, ta: i < n, lambda i, ta: (i + 1, ta.write(i, x[i])), (1, ta))
    return ta.stack()


@case
def loop_nested(tf, x, n):
    def outer(i, ta):
        _, ta = tf.while_loop(
            lambda j, ta: j < 2,
            lambda j, ta: (j + 1, ta.write(i * 2 + j, x[i, j])),
            (0, ta),
        )
        return i + 1, ta

    ta = tf.TensorArray(tf.float32, size=6)
    return tf.while_loop(lambda i, ta: i < n, outer, (0, ta))[1].stack()


@case
def loop_nested_own_array(tf, x, n):
    def outer(i, out):
        row = tf.TensorArray(tf.float32, size=2)
        _, row = tf.while_loop(
            lambda j, row: j < 2, lambda j, row: (j + 1, row.write(j, x[i, j] * 2.0)), (0, row)
        )
        return i + 1, out.write(i, row.stack())

    out = tf.TensorArray(tf.float32, size=n)
    return tf.while_loop(lambda i, out: i < n, outer, (0, out))[1].stack()


@case
def loop_maximum_iterations(tf, x, n):
    ta = tf.TensorArray(tf.float32, size=3, element_shape=[2])
    _, ta = tf.while_loop(
        lambda i, ta: i < n,
        lambda i, ta: (i + 1, ta.write(i, x[i])),
        (0, ta),
        maximum_iterations=2,
    )
    return ta.stack()


@case
def loop_concat(tf, x, n):
    ta = tf.TensorArray(tf.float32, size=n)
    _, ta = tf.while_loop(
        lambda i, ta: i < n, lambda i, ta: (i + 1, ta.write(i, x * tf.cast(i, tf.float32))), (0, ta)
    )
    return ta.concat()


@case
def loop_in_structure(tf, x, n):
    start = {"i": 0, "ta": tf.TensorArray(tf.float32, size=3), "pair": (x[0], x[1])}

    def body(v):
        return [
            {"i": v["i"] + 1, "ta": v["ta"].write(v["i"], v["pair"][0]), "pair": v["pair"][::-1]}
        ]

    return tf.while_loop(lambda v: v["i"] < 3, body, [start])[0]["ta"].stack()


@case
def loop_scatter(tf, x, n):
    ta = tf.TensorArray(tf.float32, size=6)

    def body(i, ta):
        return i + 1, ta.scatter([i * 2, i * 2 + 1], x[:2] + tf.cast(i, tf.float32))

    return tf.while_loop(lambda i, ta: i < n, body, (0, ta))[1].stack()


@case
def loop_body_returns_a_tensor(tf, x, n):
    ta = tf.TensorArray(tf.float32, size=3)
    return tf.while_loop(lambda i, ta: i < n, lambda i, ta: (i + 1, x[0]), (0, ta))


# -- branches ---------------------------------------------------------------------------------


@case
def cond_writes(tf, x, n):
    ta = tf.TensorArray(tf.float32, size=2, element_shape=[2])
    ta = tf.cond(n > 2, lambda: ta.write(0, x[0]), lambda: ta.write(1, x[1]))
    return ta.stack()


@case
def cond_one_writes(tf, x, n):
    ta = tf.TensorArray(tf.float32, size=2).unstack(x[:2])
    ta = tf.cond(n > 5, lambda: ta.write(0, x[2]), lambda: ta)
    return ta.stack()


@case
def cond_grows(tf, x, n):
    ta = tf.TensorArray(tf.float32, size=1, dynamic_size=True).write(0, x[0])
    ta = tf.cond(n > 2, lambda: ta.write(1, x[1]), lambda: ta)
    return [ta.stack(), ta.size()]


@case
def cond_in_loop(tf, x, n):
    ta = tf.TensorArray(tf.float32, size=3, element_shape=[2])

    def body(i, ta):
        return i + 1, tf.cond(i % 2 == 0, lambda: ta.write(i, x[i]), lambda: ta)

    return tf.while_loop(lambda i, ta: i < n, body, (0, ta))[1].stack()


@case
def cond_read(tf, x, n):
    ta = tf.TensorArray(tf.float32, size=3).unstack(x)
    return tf.cond(n > 2, lambda: ta.read(0), lambda: ta.read(1))


@case
def switch_case_writes(tf, x, n):
    ta = tf.TensorArray(tf.float32, size=3, element_shape=[2])
    branches = [lambda i=i: ta.write(i, x[i]) for i in range(3)]
    return tf.switch_case(n - 2, branches).stack()


# -- functions ----------------------------------------------------------------------------------


@case
def function_argument(tf, x, n):
    @tf.function(autograph=False)
    def inner(ta):
        return ta.read(0) + ta.read(1)

    return inner(tf.TensorArray(tf.float32, size=3, clear_after_read=False).unstack(x))


@case
def function_result(tf, x, n):
    @tf.function(autograph=False)
    def inner(v):
        return tf.TensorArray(tf.float32, size=3).unstack(v).write(0, v[1])

    return inner(x).stack()


@case
def function_through(tf, x, n):
    @tf.function(autograph=False)
    def inner(ta, v):
        return ta.write(1, v)

    ta = tf.TensorArray(tf.float32, size=3).unstack(x)
    return inner(ta, x[0]).stack()


@case
def function_captures(tf, x, n):
    ta = tf.TensorArray(tf.float32, size=3, clear_after_read=False).unstack(x)

    @tf.function(autograph=False)
    def inner():
        return ta.read(2)

    return inner()


# -- gradients ----------------------------------------------------------------------------------


def gradient(tf, x, make):
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = make(x)
    return [y, tape.gradient(y, x)]


@case
def gradient_write_stack(tf, x, n):
    def make(x):
        ta = tf.TensorArray(tf.float32, size=3)
        for i in range(3):
            ta = ta.write(i, x[i] * x[0])
        return ta.stack()

    return gradient(tf, x, make)


@case
def gradient_overwritten(tf, x, n):
    def make(x):
        ta = tf.TensorArray(tf.float32, size=2).write(0, x[0]).write(1, x[1]).write(0, x[2])
        return ta.stack()

    return gradient(tf, x, make)


@case
def gradient_unstack_read(tf, x, n):
    def make(x):
        ta = tf.TensorArray(tf.float32, size=3).unstack(x)
        return ta.read(0) * ta.read(1)

    return gradient(tf, x, make)


@case
def gradient_gather(tf, x, n):
    def make(x):
        ta = tf.TensorArray(tf.float32, size=3, clear_after_read=False).unstack(x)
        return ta.gather([2, 0, 2]) * 3.0

    return gradient(tf, x, make)


@case
def gradient_scatter(tf, x, n):
    def make(x):
        return tf.TensorArray(tf.float32, size=3).scatter([2, 0, 1], x).stack() * x

    return gradient(tf, x, make)


@case
def gradient_concat(tf, x, n):
    def make(x):
        ta = tf.TensorArray(tf.float32, size=2, infer_shape=False, element_shape=[None, 2])
        return ta.write(0, x * x).write(1, x[:1]).concat() * 2.0

    return gradient(tf, x, make)


@case
def gradient_split(tf, x, n):
    def make(x):
        ta = tf.TensorArray(tf.float32, size=2, infer_shape=False).split(x * x, [1, 2])
        return tf.reduce_sum(ta.read(0)) * ta.read(1)

    return gradient(tf, x, make)


@case
def gradient_zeros(tf, x, n):
    def make(x):
        ta = tf.TensorArray(tf.float32, size=3, element_shape=[2]).write(1, x[0] * x[1])
        return ta.stack() * x

    return gradient(tf, x, make)


@case
def gradient_loop(tf, x, n):
    def make(x):
        ta = tf.TensorArray(tf.float32, size=n)
        _, _, ta = tf.while_loop(
            lambda i, h, ta: i < n,
            lambda i, h, ta: (i + 1, tf.tanh(h + x[i] * 0.1), ta.write(i, h * x[i])),
            (0, x[0], ta),
        )
        return ta.stack()

    return gradient(tf, x, make)


@case
def gradient_loop_reads(tf, x, n):
    def make(x):
        source = tf.TensorArray(tf.float32, size=3).unstack(x)
        return tf.while_loop(
            lambda i, h: i < n,
            lambda i, h: (i + 1, h * source.read(i)),
            (0, tf.ones([2])),
        )[1]

    return gradient(tf, x, make)


@case
def gradient_loop_grows(tf, x, n):
    def make(x):
        ta = tf.TensorArray(tf.float32, size=0, dynamic_size=True, element_shape=[2])
        _, ta = tf.while_loop(
            lambda i, ta: i < n, lambda i, ta: (i + 1, ta.write(i, x[i] * x[i])), (0, ta)
        )
        return ta.stack()

    return gradient(tf, x, make)


@case
def gradient_second_order(tf, x, n):
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            ta = tf.TensorArray(tf.float32, size=3)
            _, _, ta = tf.while_loop(
                lambda i, h, ta: i < 3,
                lambda i, h, ta: (i + 1, h * x[i], ta.write(i, h * x[i] * x[i])),
                (0, tf.ones([2]), ta),
            )
            y = tf.reduce_sum(ta.stack())
        first = inner.gradient(y, x)
        total = tf.reduce_sum(first * first)
    return [y, first, outer.gradient(total, x)]


@case
def gradient_cond(tf, x, n):
    def make(x):
        ta = tf.TensorArray(tf.float32, size=2, element_shape=[2])
        ta = tf.cond(n > 2, lambda: ta.write(0, x[0] * x[1]), lambda: ta.write(1, x[1]))
        return ta.stack()

    return gradient(tf, x, make)


@case
def gradient_function(tf, x, n):
    @tf.function(autograph=False)
    def inner(ta, v):
        return ta.write(1, v * v)

    def make(x):
        return inner(tf.TensorArray(tf.float32, size=3).unstack(x), x[0]).stack()

    return gradient(tf, x, make)


# -- specs --------------------------------------------------------------------------------------


@case
def spec_of_value(tf, x, n):
    ta = tf.TensorArray(tf.float32, size=3, element_shape=[2], dynamic_size=True)
    return [repr(tf.type_spec_from_value(ta))]


@case
def spec_repr(tf, x, n):
    return [
        repr(tf.TensorArraySpec()),
        repr(tf.TensorArraySpec([None, 2], tf.int32, True, False)),
    ]


@case
def spec_compatible(tf, x, n):
    spec = tf.TensorArraySpec([None, 2], tf.float32)
    return [
        spec.is_compatible_with(tf.TensorArraySpec([3, 2], tf.float32)),
        spec.is_compatible_with(tf.TensorArraySpec([3, 3], tf.float32)),
        spec.is_compatible_with(tf.TensorArraySpec([3, 2], tf.int32)),
        spec.is_compatible_with(tf.TensorArraySpec([3, 2], tf.float32, True)),
        spec.is_compatible_with(tf.TensorArraySpec([3, 2], tf.float32, False, False)),
        spec.is_compatible_with(tf.TensorArray(tf.float32, size=1, element_shape=[1, 2])),
        spec.is_compatible_with(1),
    ]


@case
def spec_relations(tf, x, n):
    spec, narrow = tf.TensorArraySpec([None, 2]), tf.TensorArraySpec([3, 2])
    return [
        spec.is_subtype_of(narrow),
        narrow.is_subtype_of(spec),
        repr(spec.most_specific_common_supertype([narrow])),
        repr(spec.most_specific_compatible_type(narrow)),
        spec == tf.TensorArraySpec([None, 2]),
        hash(spec) == hash(tf.TensorArraySpec([None, 2])),
        spec == narrow,
        spec.value_type is tf.TensorArray,
    ]


@case
def spec_incompatible(tf, x, n):
    return [
        repr(
            tf.TensorArraySpec([2]).most_specific_compatible_type(tf.TensorArraySpec([2], tf.int32))
        )
    ]


@case
def spec_common_none(tf, x, n):
    return [
        tf.TensorArraySpec([2]).most_specific_common_supertype([tf.TensorArraySpec([2], tf.int32)]),
        repr(tf.TensorArraySpec([2]).most_specific_common_supertype([tf.TensorArraySpec([3])])),
    ]


@case
def spec_components(tf, x, n):
    return [repr(s) for s in tf.TensorArraySpec([2]).flatten()]


@case
def spec_round_trip(tf, x, n):
    ta = tf.TensorArray(tf.float32, size=3).unstack(x)
    flat = tf.nest.flatten(ta, expand_composites=True)
    again = tf.nest.pack_sequence_as(ta, flat, expand_composites=True)
    return [len(flat), again.stack()]


@case
def spec_from_value(tf, x, n):
    ta = tf.TensorArray(tf.float32, size=3).unstack(x)
    return [repr(tf.TensorArraySpec.from_value(ta))]


@case
def spec_from_value_of_tensor(tf, x, n):
    return [repr(tf.TensorArraySpec.from_value(x))]


@case
def input_signature(tf, x, n):
    spec = tf.TensorArraySpec([2], tf.float32)

    @tf.function(autograph=False, input_signature=[spec])
    def inner(ta):
        return ta.stack()

    return inner(tf.TensorArray(tf.float32, size=3, element_shape=[2]).unstack(x))
