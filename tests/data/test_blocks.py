"""Functions on blocks of rows: the same values as on single ones, or not used at all."""

from __future__ import annotations

import numpy as np
import pytest

import deras as tf

D = tf.data.Dataset
ROWS = np.random.default_rng(0).normal(size=(100, 8)).astype(np.float32)
WEIGHTS = np.random.default_rng(1).normal(size=(8, 8)).astype(np.float32)

FUNCTIONS = {
    "arithmetic": lambda x: x * 2.0 + 1.0,
    "transcendental": lambda x: tf.exp(tf.sin(x)) / (1.0 + tf.abs(x)),
    "reduce": lambda x: tf.reduce_sum(x * x),
    "softmax": tf.nn.softmax,
    "matmul": lambda x: tf.linalg.matvec(WEIGHTS, x),
    "cond": lambda x: tf.cond(x[0] > 0, lambda: x, lambda: -x),
    "while": lambda x: tf.while_loop(lambda i, y: i < 3, lambda i, y: (i + 1, y * 0.5), (0, x))[1],
    "sort": tf.sort,
    "gather": lambda x: tf.gather(x, [3, 1]),
    "mean_and_scale": lambda x: (x - tf.reduce_mean(x)) / tf.math.reduce_std(x),
    "structure": lambda x: {"a": x[:2], "b": (tf.argmax(x), x > 0)},
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_same_bits_as_single_elements(name):
    function = FUNCTIONS[name]
    blocks = list(D.from_tensor_slices(ROWS).map(function).as_numpy_iterator())
    compiled = tf.function(function)
    for row, found in zip(ROWS, blocks, strict=True):
        alone = tf.nest.map_structure(lambda t: t.numpy(), compiled(tf.constant(row)))
        pairs = zip(tf.nest.flatten(found), tf.nest.flatten(alone), strict=True)
        for a, b in pairs:
            assert np.asarray(a).tobytes() == np.asarray(b).tobytes()


def test_an_error_names_the_element():
    dataset = D.range(300).map(lambda i: tf.gather(tf.range(200), i))
    iterator = iter(dataset)
    assert [int(next(iterator)) for _ in range(200)] == list(range(200))
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"(?s)element 200.*test_blocks.py"):
        next(iterator)


def test_elements_after_an_error_are_there():
    dataset = D.from_tensor_slices([0, 9, 1]).map(lambda i: tf.gather(tf.constant([5, 6]), i))
    assert [int(x) for x in dataset.ignore_errors()] == [5, 6]


def test_an_infinite_source_is_no_problem():
    dataset = D.counter().map(lambda x: x * 2).filter(lambda x: x % 1000 == 8)
    assert [int(x) for x in dataset.take(2)] == [1008 - 1000, 1008]


def test_traced_once():
    count = []

    def function(x):
        count.append(1)
        return x + 1

    dataset = D.range(1000).map(function).batch(10)
    assert len(list(dataset)) == len(list(dataset)) == 100
    assert count == [1]


def test_state_is_read_at_each_element():
    v = tf.Variable(1, dtype=tf.int64)
    iterator = iter(D.range(5).map(lambda x: x + v))
    assert int(next(iterator)) == 1
    v.assign(10)
    assert int(next(iterator)) == 11


def test_a_printing_function_is_not_run_ahead(capfd):
    def function(x):
        tf.print("at", x)
        return x

    iterator = iter(D.range(50).map(function))
    next(iterator)
    assert capfd.readouterr().err.split() == ["at", "0"]


def test_a_random_function_draws_for_each_element():
    values = [float(x) for x in D.range(4).map(lambda x: tf.random.uniform([]))]
    assert len(set(values)) == 4


def test_debug_mode_runs_python():
    from deras._src.data.functions import _set_debug_mode

    seen = []

    def function(x):
        seen.append(int(x) if hasattr(x, "numpy") else None)
        return x + 1

    tf.data.experimental.enable_debug_mode()
    try:
        assert [int(x) for x in D.range(3).map(function)] == [1, 2, 3]
    finally:
        _set_debug_mode(False)
    assert seen == [None, 0, 1, 2]


def test_graph_tensors_in_a_block():
    @tf.function
    def total(scale):
        return D.range(300).map(lambda x: x * scale).reduce(np.int64(0), lambda s, x: s + x)

    assert int(total(tf.constant(2, tf.int64))) == 2 * sum(range(300))
    assert int(total(tf.constant(3, tf.int64))) == 3 * sum(range(300))
