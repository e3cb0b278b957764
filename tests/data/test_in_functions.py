"""Datasets, iterators and optionals inside of `tf.function`."""

from __future__ import annotations

import numpy as np
import pytest

import deras as tf

D = tf.data.Dataset


def test_for_loop():
    @tf.function
    def total(n):
        s = tf.constant(0, tf.int64)
        for x in D.range(n):
            s += x
        return s

    assert [int(total(tf.constant(n, tf.int64))) for n in (0, 4, 10)] == [0, 6, 45]


def test_for_loop_with_break_and_continue():
    @tf.function
    def total():
        s = tf.constant(0, tf.int64)
        for x in D.range(100):
            if x % 2 == 0:
                continue
            if x > 8:
                break
            s += x
        return s

    assert int(total()) == 1 + 3 + 5 + 7


def test_return_in_a_loop():
    @tf.function
    def first_above(limit):
        for x in D.range(100).map(lambda x: x * x):
            if x > limit:
                return x
        return tf.constant(-1, tf.int64)

    assert int(first_above(tf.constant(50, tf.int64))) == 64


def test_structures_and_several_shapes():
    dataset = D.from_tensor_slices({"a": np.arange(5.0), "b": [1, 2, 3, 4, 5]}).batch(2)

    @tf.function
    def sums(ds):
        s = tf.constant(0.0, tf.float64)
        n = 0
        for batch in ds:
            s += tf.reduce_sum(batch["a"] * tf.cast(batch["b"], tf.float64))
            n += 1
        return s, n

    total, batches = sums(dataset)
    assert float(total) == float((np.arange(5.0) * [1, 2, 3, 4, 5]).sum())
    assert int(batches) == 3


def test_variables_are_updated():
    v = tf.Variable(0.0)
    w = tf.Variable([1.0, 1.0])

    @tf.function
    def train(ds):
        for x in ds:
            v.assign_add(x)
            w.assign(w * 2.0)
        return v.read_value()

    dataset = D.from_tensor_slices([1.0, 2.0, 3.0])
    assert float(train(dataset)) == 6.0
    assert float(train(dataset)) == 12.0
    assert w.numpy().tolist() == [64.0, 64.0]


def test_gradient_steps_in_a_loop():
    w = tf.Variable(0.0)

    @tf.function
    def train(ds):
        loss = tf.constant(0.0)
        for x, y in ds:
            with tf.GradientTape() as tape:
                loss = (w * x - y) ** 2
            w.assign_sub(0.1 * tape.gradient(loss, w))
        return loss

    dataset = D.from_tensor_slices(([1.0, 1.0, 1.0], [2.0, 2.0, 2.0])).repeat(20)
    train(dataset)
    assert abs(float(w) - 2.0) < 1e-3


def test_a_dataset_argument_is_traced_once():
    @tf.function
    def total(ds):
        return ds.reduce(np.int64(0), lambda s, x: s + x)

    assert [int(total(D.range(n))) for n in (3, 4, 5)] == [3, 6, 10]
    assert total.experimental_get_tracing_count() == 1


def test_a_dataset_is_returned():
    @tf.function
    def doubled(ds, k):
        return ds.map(lambda x: x * k)

    made = doubled(D.range(4), tf.constant(3, tf.int64))
    assert isinstance(made, D)
    assert made.element_spec == tf.TensorSpec((), tf.int64)
    assert [int(x) for x in made] == [0, 3, 6, 9]
    assert [int(x) for x in made] == [0, 3, 6, 9]


def test_next_of_an_iterator():
    @tf.function
    def two(it):
        return next(it) * 10 + it.get_next()

    iterator = iter(D.range(5))
    assert [int(two(iterator)), int(two(iterator))] == [1, 23]
    with pytest.raises(tf.errors.OutOfRangeError, match="End of sequence"):
        two(iterator)


def test_next_in_a_loop_of_steps():
    v = tf.Variable(0, dtype=tf.int64)

    @tf.function
    def steps(it, n):
        for _ in tf.range(n):
            v.assign_add(next(it))

    iterator = iter(D.range(10))
    steps(iterator, tf.constant(4))
    assert int(v) == 6
    steps(iterator, tf.constant(2))
    assert int(v) == 15


def test_a_loop_over_an_iterator_goes_on_where_it_stands():
    iterator = iter(D.range(6))

    @tf.function
    def rest():
        s = tf.constant(0, tf.int64)
        for x in iterator:
            s += x
        return s

    next(iterator)
    next(iterator)
    assert int(rest()) == 2 + 3 + 4 + 5
    assert int(rest()) == 0


def test_iter_in_a_function():
    @tf.function
    def first_two(n):
        it = iter(D.range(n, n + 5))
        return next(it), next(it)

    assert [int(x) for x in first_two(tf.constant(7, tf.int64))] == [7, 8]


def test_optional_in_a_function():
    @tf.function
    def drain(it):
        s = tf.constant(0, tf.int64)
        item = it.get_next_as_optional()
        while item.has_value():
            s += item.get_value()
            item = it.get_next_as_optional()
        return s

    assert int(drain(iter(D.range(5)))) == 10


def test_optional_is_an_argument():
    @tf.function
    def value_or(o, default):
        return o.get_value() if o.has_value() else default

    some = tf.experimental.Optional.from_value(3)
    none = tf.experimental.Optional.empty(tf.TensorSpec((), tf.int32))
    assert int(value_or(some, 7)) == 3
    assert int(value_or(none, 7)) == 7


def test_single_element_and_cardinality():
    @tf.function
    def f(x):
        ds = D.from_tensors(x).map(lambda v: v + 1)
        return ds.get_single_element(), D.range(9).cardinality()

    one, size = f(tf.constant(4))
    assert (int(one), int(size)) == (5, 9)


def test_a_loop_without_elements_needs_its_variables():
    @tf.function
    def last():
        for x in D.range(0):
            y = x + 1
        return y

    with pytest.raises(tf.errors.InvalidArgumentError, match="at least once"):
        last()


def test_specs():
    dataset = D.range(3)
    spec = tf.data.DatasetSpec.from_value(dataset)
    assert spec == tf.data.DatasetSpec(tf.TensorSpec((), tf.int64))
    assert spec.is_compatible_with(dataset)
    assert tf.nest.flatten(dataset) == [dataset]
    assert D.range(5).window(2).element_spec == spec
    variant = tf.data.experimental.to_variant(dataset)
    assert variant.dtype == tf.variant
    again = tf.data.experimental.from_variant(variant, dataset.element_spec)
    assert [int(x) for x in again] == [0, 1, 2]


def test_input_signature():
    @tf.function(input_signature=[tf.data.DatasetSpec(tf.TensorSpec((), tf.int64))])
    def total(ds):
        return ds.reduce(np.int64(0), lambda s, x: s + x)

    assert int(total(D.range(4))) == 6
