"""`cond`, `case`, `switch_case`, `while_loop`, `map_fn`, `scan`, folds, `vectorized_map`."""

from __future__ import annotations

import numpy as np
import pytest

import deras as tf

MODES = ["eager", "function", "jit"]


def in_mode(mode, fn):
    if mode == "eager":
        return fn
    return tf.function(fn, jit_compile=True) if mode == "jit" else tf.function(fn)


@pytest.mark.parametrize("mode", MODES)
def test_cond_runs_one_branch_and_its_gradient(mode):
    def f(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.cond(x > 1.0, lambda: x * x * x, lambda: -2.0 * x)
        return y, tape.gradient(y, x)

    run = in_mode(mode, f)
    assert [float(v) for v in run(tf.constant(2.0))] == [8.0, 12.0]
    assert [float(v) for v in run(tf.constant(0.5))] == [-1.0, -2.0]


@pytest.mark.parametrize("mode", MODES)
def test_only_the_chosen_branch_checks_and_writes(mode):
    v = tf.Variable(0.0)
    table = tf.constant([1.0, 2.0])

    def f(i):
        def inside():
            v.assign_add(1.0)
            return tf.gather(table, i)

        return tf.cond(i < 2, inside, lambda: tf.constant(-1.0))

    run = in_mode(mode, f)
    assert float(run(tf.constant(5))) == -1.0
    assert float(v) == 0.0
    assert float(run(tf.constant(1))) == 2.0
    assert float(v) == 1.0
    with pytest.raises(tf.errors.InvalidArgumentError, match="index -1"):
        run(tf.constant(-1))


def test_cond_in_a_function_wants_equal_branches():
    def of(true_fn, false_fn):
        return tf.function(lambda x: tf.cond(x > 0, true_fn, false_fn))(tf.constant(1.0))

    with pytest.raises(TypeError, match="same dtypes"):
        of(lambda: tf.constant(1), lambda: tf.constant(1.0))
    with pytest.raises(TypeError, match="same structure"):
        of(lambda: (tf.constant(1), tf.constant(1)), lambda: tf.constant(1))
    with pytest.raises(TypeError, match="callable"):
        tf.cond(True, 1, lambda: 2)


def test_branches_with_unlike_shapes_run_from_the_host():
    f = tf.function(lambda x: tf.cond(tf.reduce_sum(x) > 0, lambda: x, lambda: x[:1]))
    assert f(tf.constant([1.0, 2.0])).shape == [2]
    assert f(tf.constant([-1.0, -2.0])).shape == [1]


@pytest.mark.parametrize("mode", MODES)
def test_switch_case_and_case(mode):
    def switch(i):
        return tf.switch_case(
            i,
            {0: lambda: tf.constant(10), 2: lambda: tf.constant(20)},
            default=lambda: tf.constant(-1),
        )

    run = in_mode(mode, switch)
    assert [int(run(tf.constant(i))) for i in (0, 1, 2, 9)] == [10, -1, 20, -1]

    def first_true(x):
        return tf.case(
            [(x < 2, lambda: tf.constant(1)), (x < 5, lambda: tf.constant(2))],
            default=lambda: tf.constant(3),
        )

    run = in_mode(mode, first_true)
    assert [int(run(tf.constant(i))) for i in (0, 3, 8)] == [1, 2, 3]


def test_case_without_default_or_exclusive():
    def f(x):
        return tf.case([(x > 1, lambda: x), (x > 2, lambda: x)], exclusive=True)

    for run in (f, tf.function(f)):
        assert int(run(tf.constant(2))) == 2
        with pytest.raises(tf.errors.InvalidArgumentError):
            run(tf.constant(5))
        with pytest.raises(tf.errors.InvalidArgumentError):
            run(tf.constant(0))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("trips", [0, 3, 40])
def test_while_loop_with_a_trip_count_from_data(mode, trips):
    def f(x, n):
        with tf.GradientTape() as tape:
            tape.watch(x)
            _, y = tf.while_loop(lambda i, y: i < n, lambda i, y: (i + 1, y * x), (0, x))
        return y, tape.gradient(y, x)

    y, dy = in_mode(mode, f)(tf.constant(1.1), tf.constant(trips))
    assert float(y) == pytest.approx(1.1 ** (trips + 1), rel=1e-5)
    assert float(dy) == pytest.approx((trips + 1) * 1.1**trips, rel=1e-5)


@pytest.mark.parametrize("mode", MODES)
def test_second_order_through_a_loop(mode):
    def f(x):
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                _, y = tf.while_loop(lambda i, y: i < 3, lambda i, y: (i + 1, y * x), (0, x))
            dy = inner.gradient(y, x)
        return dy, outer.gradient(dy, x)

    dy, d2y = in_mode(mode, f)(tf.constant(2.0))
    assert [float(dy), float(d2y)] == [32.0, 48.0]


def test_gradients_through_a_loop_reach_variables_used_inside():
    w = tf.Variable([[0.5, 0.1], [0.2, 0.3]])

    def f(x):
        with tf.GradientTape() as tape:
            _, y = tf.while_loop(
                lambda i, y: i < 3, lambda i, y: (i + 1, tf.tanh(tf.matmul(y, w))), (0, x)
            )
            loss = tf.reduce_sum(y)
        return tape.gradient(loss, w)

    x = tf.constant([[1.0, 2.0]])
    np.testing.assert_allclose(tf.function(f)(x).numpy(), f(x).numpy(), rtol=1e-5)


def test_eager_tape_around_a_compiled_loop_with_more_trips_each_call():
    @tf.function
    def power(x, n):
        return tf.while_loop(lambda i, y: i < n, lambda i, y: (i + 1, y * x), (0, x))[1]

    x = tf.constant(1.01)
    for n in (2, 50, 200, 3):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = power(x, tf.constant(n))
        assert float(tape.gradient(y, x)) == pytest.approx((n + 1) * 1.01**n, rel=1e-4)


def test_state_written_in_a_loop():
    v = tf.Variable(0.0)

    @tf.function
    def f(n):
        def body(i):
            v.assign_add(tf.cast(i, tf.float32))
            return (i + 1,)

        return tf.while_loop(lambda i: i < n, body, (0,))

    f(tf.constant(5))
    assert float(v) == 10.0


def test_checks_inside_loops_name_their_line():
    @tf.function
    def f(n):
        table = tf.constant([1.0, 2.0, 3.0])
        return tf.while_loop(
            lambda i, s: i < n, lambda i, s: (i + 1, s + tf.gather(table, i)), (0, 0.0)
        )

    assert float(f(tf.constant(3))[1]) == 6.0
    with pytest.raises(tf.errors.InvalidArgumentError, match="index 3 is not in"):
        f(tf.constant(6))


def test_loop_rules():
    def looped(body, start, **options):
        return tf.function(lambda: tf.while_loop(lambda *a: a[0] < 3, body, start, **options))()

    with pytest.raises(TypeError, match="keep their dtype"):
        looped(lambda i: (tf.cast(i, tf.float32),), (0,))
    with pytest.raises(ValueError, match="shape_invariants"):
        looped(lambda i, x: (i + 1, tf.concat([x, x], 0)), (0, tf.ones([1])))
    i, x = looped(
        lambda i, x: (i + 1, tf.concat([x, x], 0)),
        (0, tf.ones([1])),
        shape_invariants=(tf.TensorShape([]), tf.TensorShape([None])),
    )
    assert int(i) == 3
    assert x.shape == [8]
    assert int(looped(lambda i: (i + 1,), (0,), maximum_iterations=2)[0]) == 2


@pytest.mark.parametrize("mode", MODES)
def test_map_scan_and_folds(mode):
    x = tf.constant([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])

    def f(x):
        return (
            tf.map_fn(lambda r: tf.reduce_sum(r * r), x),
            tf.scan(lambda c, r: c + r, x),
            tf.scan(lambda c, r: c + r, x, reverse=True),
            tf.foldl(lambda c, r: c * 2.0 + r, x, tf.zeros([2])),
            tf.foldr(lambda c, r: c - r, x),
            tf.vectorized_map(lambda r: tf.reduce_max(r) * r, x),
        )

    got = [v.numpy() for v in in_mode(mode, f)(x)]
    array = x.numpy()
    np.testing.assert_allclose(got[0], (array**2).sum(1))
    np.testing.assert_allclose(got[1], array.cumsum(0))
    np.testing.assert_allclose(got[2], array[::-1].cumsum(0)[::-1])
    np.testing.assert_allclose(got[3], array[0] * 4 + array[1] * 2 + array[2])
    np.testing.assert_allclose(got[4], array[2] - array[1] - array[0])
    np.testing.assert_allclose(got[5], array.max(1, keepdims=True) * array)


@pytest.mark.parametrize("mode", MODES)
def test_gradients_through_map_and_scan(mode):
    def f(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.reduce_sum(tf.scan(lambda c, r: c * r, x)) + tf.reduce_sum(
                tf.map_fn(lambda r: r * r, x)
            )
        return tape.gradient(y, x)

    got = in_mode(mode, f)(tf.constant([2.0, 3.0, 4.0])).numpy()
    # d/dx of x0 + x0 x1 + x0 x1 x2 + sum x^2
    np.testing.assert_allclose(got, [1 + 3 + 12 + 4, 2 + 8 + 6, 6 + 8])


def test_map_fn_wants_its_signature():
    with pytest.raises(TypeError, match="fn_output_signature"):
        tf.map_fn(lambda r: tf.cast(r, tf.int32), tf.constant([1.0, 2.0]))
    got = tf.map_fn(
        lambda r: tf.cast(r, tf.int32), tf.constant([1.5, 2.5]), fn_output_signature=tf.int32
    )
    assert got.numpy().tolist() == [1, 2]
    with pytest.raises(ValueError, match="scalars"):
        tf.map_fn(lambda r: r, tf.constant(1.0))


def test_ten_thousand_trips():
    @tf.function
    def f():
        def body(i, s):
            return i + 1, tf.cond(i % 2 == 0, lambda: s + 1.0, lambda: s * 1.0001)

        return tf.while_loop(lambda i, s: i < 10_000, body, (0, 0.0))

    assert int(f()[0]) == 10_000
