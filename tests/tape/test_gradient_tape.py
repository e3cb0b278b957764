"""`tf.GradientTape`: what it follows, orders, jacobians, sparse gradients, explanations."""

from __future__ import annotations

import numpy as np
import pytest

import deras as tf


def twice(step):
    """Runs a step three times: op by op, compiled, from the cache; results must agree."""
    first, second, third = (np.asarray(step()) for _ in range(3))
    np.testing.assert_allclose(second, first, rtol=1e-6)
    np.testing.assert_array_equal(third, second)
    return first


def test_gradient_of_watched_tensors_and_variables():
    x, w = tf.constant([1.0, 2.0]), tf.Variable([3.0, 4.0])

    def step():
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.reduce_sum(x * w * w)
        dx, dw = tape.gradient(y, [x, w])
        return np.stack([dx, dw])

    assert twice(step).tolist() == [[9.0, 16.0], [6.0, 16.0]]


def test_structures_and_unconnected_sources():
    x, y = tf.Variable(2.0), tf.Variable(5.0)
    with tf.GradientTape(persistent=True) as tape:
        z = x * x
    grads = tape.gradient(z, {"a": x, "b": [y]})
    assert float(grads["a"]) == 4.0
    assert grads["b"] == [None]
    zeros = tape.gradient(z, [y], unconnected_gradients=tf.UnconnectedGradients.ZERO)
    assert float(zeros[0]) == 0.0
    assert tape.gradient(z, tf.constant(1.0)) is None


def test_several_targets_are_summed_and_output_gradients_weigh_them():
    x = tf.Variable(3.0)
    with tf.GradientTape(persistent=True) as tape:
        a, b = x * x, 2.0 * x
    assert float(tape.gradient([a, b], x)) == 8.0
    assert float(tape.gradient([a, b], x, output_gradients=[tf.constant(0.5), None])) == 5.0


def test_a_tape_is_used_once_unless_persistent():
    x = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        y = x * x
    tape.gradient(y, x)
    with pytest.raises(RuntimeError, match="persistent"):
        tape.gradient(y, x)


def test_what_is_watched():
    frozen = tf.Variable(1.0, trainable=False)
    v = tf.Variable(2.0)
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        y = v * frozen
    assert tape.gradient(y, v) is None
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(frozen)
        y = v * frozen
    assert float(tape.gradient(y, frozen)) == 2.0
    with tf.GradientTape() as tape:
        y = v * frozen
    assert [w.name for w in tape.watched_variables()] == [v.name]
    with pytest.raises(ValueError, match=r"not tf.Tensor"):
        tape.watch("x")


def test_stop_recording_and_reset():
    x = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        y = x * x
        with tape.stop_recording():
            z = y * y
        t = y * tf.constant(2.0)
    assert z.shape == []
    assert float(tape.gradient(t, x)) == 12.0
    with tf.GradientTape() as tape:
        y = x * x
        tape.reset()
        z = 5.0 * x
    assert float(tape.gradient(z, x)) == 5.0
    with pytest.raises(RuntimeError), tape.stop_recording():
        pass


def test_reads_before_and_after_an_assignment_both_count():
    x = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        y = x * 2.0
        x.assign(10.0)
        z = y + x * 5.0
    assert float(tape.gradient(z, x)) == 7.0


def test_higher_orders():
    x = tf.constant(2.0)
    with tf.GradientTape() as third:
        third.watch(x)
        with tf.GradientTape() as second:
            second.watch(x)
            with tf.GradientTape() as first:
                first.watch(x)
                y = x**4
            dy = first.gradient(y, x)
        d2y = second.gradient(dy, x)
    assert [float(dy), float(d2y), float(third.gradient(d2y, x))] == [32.0, 48.0, 48.0]


def test_gradient_with_respect_to_an_intermediate_tensor():
    x = tf.constant(3.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * x
        z = y * y
    dy, dx = tape.gradient(z, [y, x])
    assert [float(dy), float(dx)] == [18.0, 108.0]


def test_gathers_give_indexed_slices_that_are_never_made_dense():
    table = tf.Variable(tf.ones([5, 2]))

    def step():
        with tf.GradientTape() as tape:
            rows = tf.gather(table, [1, 3, 1])
            loss = tf.reduce_sum(rows * rows) + tf.reduce_sum(tf.gather(table, [0]))
        grad = tape.gradient(loss, table)
        assert isinstance(grad, tf.IndexedSlices)
        assert sorted(grad.indices.numpy().tolist()) == [0, 1, 1, 3]
        return tf.convert_to_tensor(grad)

    assert twice(step).tolist() == [[1.0, 1.0], [4.0, 4.0], [0.0, 0.0], [2.0, 2.0], [0.0, 0.0]]


def test_complex_gradients_follow_tensorflow():
    z = tf.constant(1.0 + 2.0j, tf.complex64)
    with tf.GradientTape() as tape:
        tape.watch(z)
        y = z * z
    assert complex(tape.gradient(y, z)) == pytest.approx(2.0 - 4.0j)


def test_integer_sources_have_no_gradient(caplog):
    n = tf.constant(3)
    with tf.GradientTape() as tape:
        tape.watch(n)
        y = n * n
    assert tape.gradient(y, n) is None
    assert "must be floating" in caplog.text


@pytest.mark.parametrize("compiled", [False, True])
def test_jacobians(compiled):
    x = tf.constant([[1.0, 2.0], [3.0, 4.0]])
    w = tf.Variable([[1.0, 0.5, 0.0], [0.0, 1.0, 2.0]])

    def f():
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = tf.tanh(tf.matmul(x, w))
        return (
            tape.jacobian(y, x),
            tape.batch_jacobian(y, x),
            tape.jacobian(y, [w, tf.constant(1.0)])[0],
        )

    full, batch, by_w = (tf.function(f) if compiled else f)()
    slope = 1 - np.tanh(x.numpy().astype(np.float64) @ w.numpy()) ** 2
    wanted = np.einsum("bo,io->boi", slope, w.numpy())
    np.testing.assert_allclose(batch.numpy(), wanted, rtol=1e-3, atol=1e-6)
    np.testing.assert_allclose(full.numpy()[0, :, 0], wanted[0], rtol=1e-3, atol=1e-6)
    assert not full.numpy()[0, :, 1].any()
    assert by_w.shape == [2, 3, 2, 3]


def test_second_derivatives_through_a_jacobian():
    x = tf.constant([1.0, 2.0])
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = x * x * x
        jacobian = inner.jacobian(y, x)
    assert outer.gradient(jacobian, x).numpy().tolist() == [6.0, 12.0]


@pytest.mark.parametrize(
    ("cut", "op", "word"),
    [
        (lambda y: tf.constant(y.numpy()), "numpy", "NumPy array"),
        (lambda y: tf.cast(tf.cast(y, tf.int32), tf.float32), "tf.cast", "int32"),
        (lambda y: tf.stop_gradient(y), "stop_gradient", "on purpose"),
        (lambda y: tf.cast(tf.argmax(tf.stack([y, y])), tf.float32), "argmax", "int64"),
    ],
)
def test_explain_names_what_cut_the_path(cut, op, word):
    x = tf.Variable(2.0)
    with tf.GradientTape(persistent=True) as tape:
        y = x * x
        z = cut(y) + 1.0
    assert tape.gradient(z, x) is None
    explanation = tape.explain(z, x)
    assert not explanation.connected
    assert any(op in c.op for c in explanation.cuts), explanation
    assert word in str(explanation)
    assert "test_gradient_tape.py" in str(explanation)


def test_explain_of_connected_and_unwatched_sources():
    x, y = tf.Variable(2.0), tf.Variable(1.0)
    with tf.GradientTape(persistent=True) as tape:
        z = tf.tanh(x * x)
    explanation = tape.explain(z, x)
    assert explanation.connected
    assert "tanh" in str(explanation)
    assert "not used by any op" in str(tape.explain(z, y))


def test_a_step_whose_structure_changes_stays_right():
    x = tf.Variable(2.0)
    for power in (1, 2, 3, 2, 3, 3, 1):
        with tf.GradientTape() as tape:
            y = tf.constant(1.0)
            for _ in range(power):
                y = y * x
        assert float(tape.gradient(y, x)) == pytest.approx(power * 2.0 ** (power - 1))


def test_shapes_may_change_between_runs_of_one_structure():
    w = tf.Variable(2.0)
    for n in (3, 3, 5, 5, 4):
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(tf.ones([n]) * w)
        assert float(tape.gradient(y, w)) == n


def test_gathers_by_unlike_index_dtypes_add_up():
    v = tf.Variable([1.0, 2.0, 3.0])
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(tf.gather(v, tf.constant([0]))) + tf.reduce_sum(
            tf.gather(v, tf.constant([1], tf.int64))
        )
    grad = tape.gradient(y, v)
    assert grad.indices.dtype == tf.int64
    assert tf.convert_to_tensor(grad).numpy().tolist() == [1.0, 1.0, 0.0]


def test_jacobians_of_unconnected_sources_may_be_zeros():
    x, other = tf.constant([[1.0, 2.0]]), tf.constant([[3.0, 4.0, 5.0]])
    zero = tf.UnconnectedGradients.ZERO
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([x, other])
        y = x * x
    assert tape.jacobian(y, other) is None
    assert tape.jacobian(y, other, unconnected_gradients=zero).shape == [1, 2, 1, 3]
    assert tape.batch_jacobian(y, other, unconnected_gradients=zero).shape == [1, 2, 3]


def test_one_structure_gives_slices_for_one_shape_and_a_dense_gradient_for_another():
    x = tf.Variable(tf.ones([3, 4]))

    def gradient(indices):
        with tf.GradientTape() as tape:
            y = tf.gather_nd(x, indices)
        return tape.gradient(y, x)

    rows, cells = tf.constant([[2], [0]]), tf.constant([[2, 1], [0, 3]])
    for _ in range(3):
        assert gradient(rows).values.shape == [2, 4]
        assert gradient(cells).shape == [3, 4]
