"""`tf.Variable`: values, assignments, scatters, names, copies, specs."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import deras as tf


def test_values_dtypes_and_static_shapes():
    v = tf.Variable([1, 2])
    assert v.dtype == tf.int32
    assert v.shape == [2]
    assert v.trainable
    assert tf.Variable(1.0, dtype=tf.float64).dtype == tf.float64
    assert tf.Variable(lambda: tf.ones([3])).shape == [3]
    with pytest.raises(ValueError, match="initial_value"):
        tf.Variable()
    with pytest.raises(ValueError, match="shape"):
        tf.Variable([1.0, 2.0], shape=[3])
    free = tf.Variable([1.0], shape=tf.TensorShape(None))
    free.assign([[1.0, 2.0]])
    assert free.shape.rank is None
    assert free.numpy().tolist() == [[1.0, 2.0]]


@pytest.mark.parametrize("compiled", [False, True])
def test_assignments(compiled):
    v = tf.Variable([1.0, 2.0])

    def f():
        v.assign([3.0, 4.0])
        v.assign_add([1.0, 1.0])
        v.assign_sub(np.array([0.5, 0.5]))
        return v.assign_add([0.0, 0.0])

    result = (tf.function(f) if compiled else f)()
    assert result.numpy().tolist() == [3.5, 4.5] == v.numpy().tolist()
    with pytest.raises(ValueError, match="Shape mismatch"):
        v.assign([1.0])
    with pytest.raises((TypeError, ValueError)):
        v.assign(tf.constant([1, 2]))


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize(
    ("method", "wanted"),
    [
        ("scatter_add", [[3.0, 3.0], [1.0, 1.0], [6.0, 6.0]]),
        ("scatter_sub", [[-1.0, -1.0], [1.0, 1.0], [-4.0, -4.0]]),
        ("scatter_update", [[2.0, 2.0], [1.0, 1.0], [5.0, 5.0]]),
        ("scatter_max", [[2.0, 2.0], [1.0, 1.0], [5.0, 5.0]]),
        ("scatter_min", [[1.0, 1.0], [1.0, 1.0], [1.0, 1.0]]),
        ("scatter_mul", [[2.0, 2.0], [1.0, 1.0], [5.0, 5.0]]),
        ("scatter_div", [[0.5, 0.5], [1.0, 1.0], [0.2, 0.2]]),
    ],
)
def test_scatters(compiled, method, wanted):
    v = tf.Variable(tf.ones([3, 2]))
    slices = tf.IndexedSlices(tf.constant([[2.0, 2.0], [5.0, 5.0]]), tf.constant([0, 2]))

    def f():
        getattr(v, method)(slices)

    (tf.function(f) if compiled else f)()
    np.testing.assert_allclose(v.numpy(), wanted, rtol=1e-6)


def test_repeated_rows_accumulate_and_rows_out_of_range_raise():
    v = tf.Variable(tf.zeros([3]))
    v.scatter_add(tf.IndexedSlices(tf.constant([1.0, 2.0]), tf.constant([1, 1])))
    assert v.numpy().tolist() == [0.0, 3.0, 0.0]
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"index is 7, not in \[0, 3\)"):
        v.scatter_add(tf.IndexedSlices(tf.constant([1.0]), tf.constant([7])))
    with pytest.raises(TypeError, match="IndexedSlices"):
        v.scatter_add(tf.constant(1.0))
    assert v.numpy().tolist() == [0.0, 3.0, 0.0]


def test_scatter_nd_and_slices():
    v = tf.Variable(tf.zeros([2, 3]))
    v.scatter_nd_update([[0, 1], [1, 2]], [5.0, 6.0])
    v.scatter_nd_add([[0, 1]], [1.0])
    assert v.numpy().tolist() == [[0.0, 6.0, 0.0], [0.0, 0.0, 6.0]]
    v[1, :2].assign([7.0, 8.0])
    assert v.numpy().tolist() == [[0.0, 6.0, 0.0], [7.0, 8.0, 6.0]]

    @tf.function
    def f():
        v[:, 0].assign([1.0, 1.0])

    f()
    assert v.numpy()[:, 0].tolist() == [1.0, 1.0]
    assert v.gather_nd([[0, 1]]).numpy().tolist() == [6.0]
    assert v.sparse_read([1]).shape == [1, 3]


def test_a_tensor_read_earlier_keeps_its_value():
    v = tf.Variable([1.0, 2.0])
    before, view = v.read_value(), v.numpy()
    v.assign_add([10.0, 10.0])
    assert before.numpy().tolist() == view.tolist() == [1.0, 2.0]


def test_operators_and_equality():
    v = tf.Variable([1.0, 2.0])
    assert (2.0 * v + 1.0).numpy().tolist() == [3.0, 5.0]
    assert (v == [1.0, 3.0]).numpy().tolist() == [True, False]
    assert (np.ones(2, np.float32) + v).numpy().tolist() == [2.0, 3.0]
    assert float(tf.Variable(2.0)) == 2.0
    assert int(tf.Variable(3)) == 3
    assert len(v) == 2
    with pytest.raises(TypeError, match="unhashable"):
        {v}  # noqa: B018
    assert {v.ref(): 1}[v.ref()] == 1
    assert v.ref().deref() is v


def test_names_and_text():
    with tf.name_scope("block"):
        v = tf.Variable(1.5, name="w")
    assert v.name == "block/w:0"
    assert repr(v) == "<tf.Variable 'block/w:0' shape=() dtype=float32, numpy=1.5>"


def test_copies_and_pickles_are_independent():
    v = tf.Variable([1.0], name="w", trainable=False)
    twin = copy.deepcopy(v)
    twin.assign([2.0])
    assert v.numpy()[0] == 1.0
    assert not twin.trainable
    assert twin.name == v.name
    loaded = pickle.loads(pickle.dumps(v))
    assert loaded.numpy()[0] == 1.0
    assert not loaded.trainable


def test_constraint_is_kept_for_optimizers():
    v = tf.Variable(1.0, constraint=tf.nn.relu)
    assert v.constraint is tf.nn.relu
    with pytest.raises(ValueError, match="constraint"):
        tf.Variable(1.0, constraint=3)


def test_rows_of_large_variables_are_written_in_place_and_earlier_reads_stay():
    v = tf.Variable(tf.zeros([1000, 64]))
    slices = tf.IndexedSlices(tf.ones([3, 64]), tf.constant([1, 5, 1]))
    v.scatter_sub(slices)
    held = v.read_value()
    v.scatter_sub(slices)
    assert held[1, 0] == -2.0
    assert v[1, 0] == -4.0
    with pytest.raises(tf.errors.InvalidArgumentError, match="1000"):
        v.scatter_sub(tf.IndexedSlices(tf.ones([1, 64]), tf.constant([1000])))

    @tf.function
    def step(indices):
        v.scatter_sub(tf.IndexedSlices(tf.ones([1, 64]), indices))

    step(tf.constant([5]))
    with pytest.raises(tf.errors.InvalidArgumentError, match="-3"):
        step(tf.constant([-3]))
    assert v[5, 0] == -3.0


def test_batch_scatter_update():
    v = tf.Variable(tf.zeros([2, 3]))
    v.batch_scatter_update(tf.IndexedSlices(tf.constant([[1.0], [2.0]]), tf.constant([[0], [2]])))
    assert v.numpy().tolist() == [[1.0, 0.0, 0.0], [0.0, 0.0, 2.0]]
