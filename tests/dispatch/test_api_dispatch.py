"""`tf.experimental.dispatch_for_*`: targets of public functions, and functions left alone."""

from __future__ import annotations

import inspect
from typing import List, Union  # noqa: UP035

import pytest

import deras as tf


class Masked(tf.experimental.ExtensionType):
    v: tf.Tensor
    m: tf.Tensor


@pytest.fixture
def register():
    """Registers targets for one test."""
    targets = []

    def decorated(decorator, target):
        targets.append(target)
        return decorator(target)

    yield decorated
    for target in dict.fromkeys(targets):
        tf.experimental.unregister_dispatch_for(target)


A = Masked([1.0, 2.0], [True, False])
B = Masked([10.0, 20.0], [True, True])


def test_a_target_is_called_where_all_its_types_match(register):
    def add(x: Masked, y: Masked, name=None):
        return Masked(x.v + y.v, x.m & y.m)

    assert register(tf.experimental.dispatch_for_api(tf.add), add) is add
    for result in (tf.add(A, B), tf.math.add(A, y=B), tf.add(x=A, y=B, name="q")):
        assert result.v.numpy().tolist() == [11.0, 22.0]
        assert result.m.numpy().tolist() == [True, False]
    inside = tf.function(lambda a, b: tf.add(a, b))(A, B)
    assert inside.v.numpy().tolist() == [11.0, 22.0]
    with pytest.raises(ValueError, match="unsupported type"):
        tf.add(A, 1.0)
    assert float(tf.add(1.0, y=2.0)) == 3.0
    assert float(tf.constant(1.0) + 2.0) == 3.0
    with pytest.raises(TypeError, match="missing"):
        tf.add(A)


def test_lists_unions_and_signatures(register):
    def concat(values: List[Masked], axis, name="c"):  # noqa: UP006
        return Masked(
            tf.concat([x.v for x in values], axis), tf.concat([x.m for x in values], axis)
        )

    register(tf.experimental.dispatch_for_api(tf.concat), concat)
    assert tf.concat([A, B], 0).v.shape == [4]
    assert tf.concat((A, B), 0).v.shape == [4]
    with pytest.raises(ValueError):
        tf.concat([A, [1.0]], 0)
    assert tf.concat([[1], [2]], 0).shape == [2]

    def either(x, y, name=None):
        return "either"

    decorator = tf.experimental.dispatch_for_api(tf.subtract, {"x": Masked}, {1: Masked})
    register(decorator, either)
    assert tf.subtract(A, 1.0) == tf.subtract(1.0, A) == "either"

    def larger(x: Union[Masked, tf.Tensor], y: Union[Masked, tf.Tensor]):  # noqa: UP007
        return "larger"

    register(tf.experimental.dispatch_for_api(tf.maximum), larger)
    assert tf.maximum(A, tf.constant(1.0)) == "larger"
    assert float(tf.maximum(tf.constant(1.0), tf.constant(2.0))) == 2.0

    def gives_up(x: Masked, name=None):
        return NotImplemented

    register(tf.experimental.dispatch_for_api(tf.square), gives_up)
    with pytest.raises(ValueError, match="unsupported type"):
        tf.square(A)


def test_what_is_refused(register):
    decorate = tf.experimental.dispatch_for_api
    with pytest.raises(ValueError, match=r"\(p, q, name\) does not match API's signature"):
        decorate(tf.multiply)(lambda p, q, name=None: 1)
    with pytest.raises(ValueError, match="at least one signature"):
        decorate(tf.multiply)(lambda x, y, name=None: 1)
    with pytest.raises(ValueError, match="unknown parameter 'zz'"):
        decorate(tf.multiply, {"zz": Masked})
    with pytest.raises(ValueError, match="Type annotation 3 is not supported"):
        decorate(tf.multiply, {"x": 3})
    with pytest.raises(ValueError, match="does not support dispatch"):
        decorate(len)
    with pytest.raises(ValueError, match="not registered"):
        tf.experimental.unregister_dispatch_for(lambda: 0)
    first, second = (lambda x, name=None: 1), (lambda x, name=None: 2)
    for target in (first, second):
        register(decorate(tf.sqrt, {"x": Masked}), target)
    with pytest.raises(ValueError, match="Multiple dispatch targets match"):
        tf.sqrt(A)


def test_elementwise_handlers(register):
    def unary(api, x):
        return Masked(api(x.v), x.m)

    decorate = tf.experimental.dispatch_for_unary_elementwise_apis
    register(decorate(Masked), unary)
    assert tf.abs(A).v.numpy().tolist() == [1.0, 2.0]
    assert tf.cast(A, tf.int32).v.dtype is tf.int32
    assert tf.cast(x=A, dtype=tf.int32).v.dtype is tf.int32
    assert tf.ones_like(A, dtype=tf.int32).v.numpy().tolist() == [1, 1]
    assert tf.clip_by_value(A, 0.0, 1.0).v.numpy().tolist() == [1.0, 1.0]
    assert tf.nn.relu(A).m is A.m
    with pytest.raises(ValueError, match="has already been registered for Masked"):
        decorate(Masked)(unary)

    def binary(api, x, y):
        return api.__name__, api(x.v, y.v)

    register(tf.experimental.dispatch_for_binary_elementwise_apis(Masked, Masked), binary)
    name, value = tf.pow(A, B)
    assert name == "pow"
    assert value.numpy()[0] == 1.0
    assert tf.greater(B, A)[1].numpy().all()
    with pytest.raises(ValueError, match="unsupported type"):
        tf.pow(A, 2.0)

    def both(check, x, y):
        return check(x.v[x.m], y.v[x.m])

    register(tf.experimental.dispatch_for_binary_elementwise_assert_apis(Masked, Masked), both)
    tf.debugging.assert_less(A, B)
    with pytest.raises(tf.errors.InvalidArgumentError):
        tf.debugging.assert_equal(A, B)


def test_a_function_without_targets_is_what_it_was():
    before = tf.exp.__code__, inspect.signature(tf.exp)
    target = tf.experimental.dispatch_for_api(tf.exp, {"x": Masked})(lambda x, name=None: "own")
    assert tf.exp.__code__ is not before[0]
    assert inspect.signature(tf.exp) == before[1]
    assert tf.exp(A) == "own"
    tf.experimental.unregister_dispatch_for(target)
    assert tf.exp.__code__ is before[0]
    assert "__signature__" not in vars(tf.exp)
    assert not [name for name in tf.exp.__globals__ if name.startswith("__deras_dispatch")]
    assert float(tf.exp(0.0)) == 1.0
