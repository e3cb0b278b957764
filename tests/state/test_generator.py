"""`tf.random.Generator` against TensorFlow's numbers and states."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

import deras as tf
from deras._src.core.settings import settings

Generator = tf.random.Generator


def draws(g: Any) -> list[Any]:
    return [
        g.normal([2]),
        g.normal([], 10.0, 2.0, tf.float64),
        g.truncated_normal([3], 1.0),
        g.uniform([0]),
        g.uniform([2, 2], -1.0, 1.0),
        g.uniform([3], 0, 100, tf.int32),
        g.uniform([2], None, None, tf.int64),
        g.uniform_full_int([2]),
        g.binomial([3, 2], [10.0, 20.0], [0.5, 0.2]),
        g.skip(5),
        g.skip(-2),
        g.make_seeds(2),
        g.key,
        g.state.read_value(),
    ]


def eager() -> list[Any]:
    return draws(Generator.from_seed(2**70 + 5))


def in_function() -> list[Any]:
    g = Generator.from_seed(2**70 + 5)
    function = tf.function(lambda: draws(g))
    return [*function(), *function(), g.state.read_value()]


def in_loop() -> list[Any]:
    g = Generator.from_seed(5)

    def body(i: Any, total: Any) -> Any:
        return i + 1, total + g.normal([2])

    def run() -> Any:
        return tf.while_loop(lambda i, _: i < 3, body, (tf.constant(0), tf.zeros([2])))[1]

    return [tf.function(run)(), g.state.read_value(), run(), g.state.read_value()]


def in_branch() -> list[Any]:
    g = Generator.from_seed(5)
    function = tf.function(lambda p: tf.cond(p, lambda: g.normal([2]), lambda: tf.zeros([2])))
    return [function(tf.constant(p)) for p in (False, True, False, True)] + [g.state.read_value()]


def in_reset() -> list[Any]:
    g = Generator.from_seed(1)

    def run(seed: Any, key: Any, counter: Any) -> list[Any]:
        g.reset_from_seed(seed)
        first = g.normal([2])
        g.reset_from_key_counter(key, counter)
        second = g.normal([2])
        g.reset([4, 5, 6])
        return [first, second, g.normal([2])]

    inputs = (tf.constant([3, 4]), tf.constant(9), tf.constant([7, 2**40], tf.int64))
    return [*run(*inputs), *tf.function(run)(*inputs), g.state.read_value()]


def states() -> list[Any]:
    make = tf.random.create_rng_state
    children = Generator.from_seed(1).split(2)
    return [
        make(1, "philox"),
        make(-1, "auto_select"),
        make(2**70 + 5, tf.random.Algorithm.PHILOX),
        make([1, 2, 3, 4], "threefry"),
        make(np.int32(4), 1),
        make(np.array([4, 5]), 1),
        make(tf.constant([1, 2]), 1),
        make([], 1),
        tf.function(lambda seed: make(seed, 1))(tf.constant([1, 2])),
        Generator(state=[2**64 - 1, 2, 3], alg=1).state.read_value(),
        Generator.from_state(tf.constant([1, 2, 3], tf.uint64), "philox").state.read_value(),
        Generator.from_key_counter(5, [1, 2], "philox").state.read_value(),
        Generator.from_seed([3, 4], "threefry").state.read_value(),
        Generator(copy_from=Generator.from_seed(8)).state.read_value(),
        *(child.state.read_value() for child in children),
        children[1].uniform([2]),
        Generator.from_seed(1, "auto_select").uniform([2]),
    ]


def programs() -> dict[str, Any]:
    """Everything recorded: a function that returns tensors, under each name."""
    return {p.__name__: p for p in (eager, in_function, in_loop, in_branch, in_reset, states)}


# TensorFlow 2.21's answers on one CPU.
EXPECTED: dict[str, Any] = {
    "eager": [
        ("float32", [0.63881, -1.235993]),
        ("float64", 12.16737383),
        ("float32", [1.861456, 0.5823089, 1.534893]),
        ("float32", []),
        ("float32", [[-0.9451842, -0.5128973], [0.3764033, -0.6412148]]),
        ("int32", [17, 71, 37]),
        ("int64", [3389477045766486406, -588958103449934508]),
        ("uint64", [5460417427653892770, 6082706894008859431]),
        ("int32", [[3, 0], [4, 6], [3, 5]]),
        ("int64", [157957, 64, 0]),
        ("int64", [159237, 64, 0]),
        ("int64", [[2935962777184696678, -1528144333876711192], [0, 0]]),
        ("int64", 0),
        ("int64", [159237, 64, 0]),
    ],
    "in_function": [
        ("float32", [0.63881, -1.235993]),
        ("float64", 12.16737383),
        ("float32", [1.861456, 0.5823089, 1.534893]),
        ("float32", []),
        ("float32", [[-0.9451842, -0.5128973], [0.3764033, -0.6412148]]),
        ("int32", [17, 71, 37]),
        ("int64", [3389477045766486406, -588958103449934508]),
        ("uint64", [5460417427653892770, 6082706894008859431]),
        ("int32", [[3, 0], [4, 6], [3, 5]]),
        ("int64", [157957, 64, 0]),
        ("int64", [159237, 64, 0]),
        ("int64", [[2935962777184696678, -1528144333876711192], [0, 0]]),
        ("int64", 0),
        ("int64", [159237, 64, 0]),
        ("float32", [0.5355898, 0.995264]),
        ("float64", 14.07224097),
        ("float32", [-0.477497, 0.5698991, 0.5759435]),
        ("float32", []),
        ("float32", [[0.04894543, 0.677758], [-0.1009877, -0.238215]]),
        ("int32", [46, 25, 28]),
        ("int64", [887423626138125461, -8103113548993732743]),
        ("uint64", [494456549744358346, 5592685447420837604]),
        ("int32", [[4, 4], [2, 3], [3, 9]]),
        ("int64", [317189, 64, 0]),
        ("int64", [318469, 64, 0]),
        ("int64", [[-3075520779854149859, 6000784816553682585], [0, 0]]),
        ("int64", 0),
        ("int64", [318469, 64, 0]),
        ("int64", [318469, 64, 0]),
    ],
    "in_loop": [
        ("float32", [-1.224941, 2.014492]),
        ("int64", [1541, 0, 0]),
        ("float32", [0.09850723, -2.183527]),
        ("int64", [3077, 0, 0]),
    ],
    "in_branch": [
        ("float32", [0.0, 0.0]),
        ("float32", [1.027852, 0.2797411]),
        ("float32", [0.0, 0.0]),
        ("float32", [-0.603774, 0.08436535]),
        ("int64", [1029, 0, 0]),
    ],
    "in_reset": [
        ("float32", [-0.3387287, -0.1513817]),
        ("float32", [-1.8066, -0.3567901]),
        ("float32", [0.3410534, -0.956139]),
        ("float32", [-0.3387287, -0.1513817]),
        ("float32", [-1.8066, -0.3567901]),
        ("float32", [0.3410534, -0.956139]),
        ("int64", [516, 5, 6]),
    ],
    "states": [
        ("int64", [1, 0, 0]),
        ("int64", [-1, -1, -1]),
        ("int64", [5, 64, 0]),
        ("int64", [1, 2]),
        ("int64", [0, 0, 4]),
        ("int64", [0, 4, 5]),
        ("int64", [0, 1, 2]),
        ("int64", [0, 0, 0]),
        ("int64", [0, 1, 2]),
        ("int64", [-1, 2, 3]),
        ("int64", [1, 2, 3]),
        ("int64", [1, 2, 5]),
        ("int64", [3, 4]),
        ("int64", [8, 0, 0]),
        ("int64", [0, 0, 6679402142117448868]),
        ("int64", [0, 0, 684265014234019051]),
        ("float32", [0.6289157, 0.381231]),
        ("float32", [0.7874951, 0.3906511]),
    ],
}


def plain(tensor: Any) -> Any:
    return [tensor.dtype.name, tensor.numpy().tolist()]


def assert_recorded(values: list[Any], name: str) -> None:
    wanted = EXPECTED[name]
    assert len(values) == len(wanted)
    for number, (value, (dtype, numbers)) in enumerate(zip(values, wanted, strict=True)):
        found_dtype, found = plain(value)
        assert found_dtype == dtype
        what = f"{name}, result {number}"
        if dtype.startswith("float"):
            np.testing.assert_allclose(found, numbers, rtol=2e-6, atol=1e-6, err_msg=what)
        else:
            assert found == numbers, what


@pytest.mark.parametrize("name", list(programs()))
def test_numbers_and_states_are_tensorflows(name):
    assert_recorded(programs()[name](), name)


def test_the_state_is_a_variable_that_may_be_shared():
    g = Generator.from_seed(1)
    assert isinstance(g.state, tf.Variable)
    assert (g.state.name, g.state.dtype, g.state.trainable) == ("StateVar:0", tf.int64, False)
    twin = Generator(state=g.state, alg=g.algorithm)
    assert twin.state is g.state
    first = g.normal([2]).numpy()
    assert not np.array_equal(twin.normal([2]).numpy(), first)
    apart = copy.deepcopy(g)
    np.testing.assert_array_equal(apart.normal([2]), g.normal([2]))
    assert apart.state is not g.state


def test_a_generator_may_be_made_in_a_functions_first_call():
    made: list[Any] = []

    @tf.function
    def function():
        if not made:
            made.append(Generator.from_seed(3))
        return made[0].normal([2])

    wanted = Generator.from_seed(3)
    for _ in range(2):
        np.testing.assert_array_equal(function(), wanted.normal([2]))


def test_the_global_generator_is_made_once_and_can_be_replaced():
    assert tf.random.get_global_generator() is tf.random.get_global_generator()
    mine = Generator.from_seed(4)
    tf.random.set_global_generator(mine)
    assert tf.random.experimental.get_global_generator() is mine


def test_random_starts_differ():
    one, other = (Generator.from_non_deterministic_state() for _ in range(2))
    assert one.state.numpy().tolist() != other.state.numpy().tolist()


def test_determinism_refuses_random_starts(monkeypatch):
    monkeypatch.setattr(settings, "deterministic", True)
    with pytest.raises(RuntimeError, match="determinism"):
        Generator.from_non_deterministic_state()


def test_a_refused_call_leaves_the_state():
    g = Generator.from_seed(1)
    with pytest.raises(tf.errors.InvalidArgumentError, match="bfloat16"):
        g.binomial([2], 10.0, 0.5, tf.bfloat16)
    with pytest.raises(tf.errors.InvalidArgumentError, match="must end with"):
        g.binomial([3], [10.0, 20.0], 0.5)
    assert g.state.numpy().tolist() == [1, 0, 0]


invalid = tf.errors.InvalidArgumentError


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (lambda g: Generator(), AssertionError, "state and alg"),
        (lambda g: Generator(copy_from=g, alg=1), AssertionError, "copy_from"),
        (lambda g: Generator(state=[1, 2], alg=1), ValueError, "state must have shape \\[3\\]"),
        (lambda g: Generator.from_seed(1, 7), ValueError, "alg must be 1"),
        (lambda g: Generator.from_key_counter(5, [1], 1), ValueError, "counter must have shape"),
        (lambda g: Generator.from_key_counter([5], [1, 2], 1), ValueError, "key must have shape"),
        (lambda g: g.reset([7, 8]), ValueError, "state must have shape"),
        (lambda g: g.uniform([2], 0, None, tf.int32), ValueError, "both None"),
        (lambda g: g.uniform([2], 5, 5, tf.int32), invalid, "minval < maxval"),
        (lambda g: g.uniform([2], 0, 5, tf.int8), invalid, "int8"),
        (lambda g: g.uniform_full_int([2], tf.float32), invalid, "float32"),
        (lambda g: g.normal(3), invalid, "shape must be a vector"),
        (lambda g: g.binomial([2], [1, 2], [0, 1]), invalid, "counts is int32"),
        (
            lambda g: Generator.from_seed(1, "threefry").normal([2]),
            tf.errors.UnimplementedError,
            "ThreeFry",
        ),
        (lambda g: Generator.from_seed(1, 3).binomial([1], 1.0, 0.5), invalid, "algorithm id 3"),
    ],
)
def test_errors(call, error, match):
    with pytest.raises(error, match=match):
        call(Generator.from_seed(1))
