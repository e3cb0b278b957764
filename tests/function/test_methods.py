"""`tf.function` on methods and other callables; copies and pickles; threads."""

from __future__ import annotations

import copy
import functools
import gc
import pickle
import sys
import threading
import weakref

import pytest

import deras as tf

S = tf.constant(3.0)


class Scaled:
    factor = 5.0

    def __init__(self, k):
        self.k = k
        self.traced = 0

    @tf.function
    def scale(self, x, b=1.0, *args, c=2.0, **kw):
        self.traced += 1
        return x * self.k + b + c

    @staticmethod
    @tf.function
    def plus_one(x):
        return x + 1

    @classmethod
    @tf.function
    def plus_factor(cls, x):
        return x + cls.factor


class Larger(Scaled):
    factor = 7.0

    @tf.function
    def scale(self, x):
        return super().scale(x) * 10


def test_methods():
    a, b = Scaled(2.0), Scaled(3.0)
    assert [float(a.scale(S)), float(b.scale(S)), float(a.scale(S, c=1.0))] == [9.0, 12.0, 8.0]
    assert (a.traced, b.traced) == (2, 1)
    assert a.scale is a.scale
    assert type(a.scale) is type(Scaled.scale)
    assert float(Scaled.scale(a, S)) == 9.0
    assert [float(Scaled.plus_one(S)), float(a.plus_one(S))] == [4.0, 4.0]
    assert [float(Scaled.plus_factor(S)), float(Larger.plus_factor(S))] == [8.0, 10.0]
    larger = Larger(2.0)
    assert float(larger.scale(S)) == 90.0
    concrete = a.scale.get_concrete_function(tf.TensorSpec([]))
    assert [t.name for t in concrete.inputs] == ["x:0"]
    assert concrete.structured_input_signature[0][1:] == (1.0,)
    assert list(a.scale.function_type.parameters) == ["x", "b", "args", "c", "kw"]


def test_methods_do_not_keep_their_instance():
    a = Scaled(2.0)
    a.scale(S)
    method, reference = a.scale, weakref.ref(a)
    del a
    gc.collect()
    assert reference() is None
    assert float(method(S)) == 9.0  # the trace is all it needs
    with pytest.raises(ReferenceError, match="'scale' belonged to is gone"):
        method(tf.ones([2]))


def test_equal_instances_are_not_mixed_up():
    class Equal(Scaled):
        def __eq__(self, other):
            return True

        def __hash__(self):
            return 0

    class Unhashable(Scaled):
        __hash__ = None

    for kind in (Equal, Unhashable):
        a, b = kind(2.0), kind(3.0)
        assert [float(a.scale(S)), float(b.scale(S))] == [9.0, 12.0]


def test_instances_that_cannot_be_held_weakly():
    class Slotted:
        __slots__ = ("k",)

        @tf.function
        def f(self, x):
            return x

    with pytest.raises(TypeError, match="__weakref__"):
        Slotted().f(S)


def test_other_callables():
    def scaled(x, y, z=1.0):
        return x * y + z

    class Double:
        def __call__(self, x):
            return x * 2

    def plus_one(function):
        @functools.wraps(function)
        def wrapper(*args, **kwargs):
            return function(*args, **kwargs) + 1

        return wrapper

    assert float(tf.function(functools.partial(scaled, y=2.0))(S)) == 7.0
    assert float(tf.function(functools.partial(scaled, S))(y=2.0)) == 7.0
    assert float(tf.function(Double())(S)) == 6.0
    assert float(tf.function(abs)(-S)) == 3.0
    assert float(tf.function(tf.function(scaled))(S, 2.0)) == 7.0
    decorated = tf.function(plus_one(scaled))
    assert float(decorated(S, 2.0)) == 8.0
    assert decorated.__name__ == decorated.name == "scaled"
    assert list(decorated.function_type.parameters) == ["x", "y", "z"]
    assert decorated.__wrapped__.__wrapped__ is scaled


def test_parameters_of_all_kinds():
    @tf.function
    def f(a, /, b, *, c=1.0):
        return a + b + c

    assert [float(f(S, b=S)), float(f(S, S, c=2.0))] == [7.0, 8.0]
    with pytest.raises(TypeError, match=r"positional.only"):
        f(a=S, b=S)
    g = tf.function(lambda x, y=2.0, z=None: x * y)
    for result in (g(S), g(S, 2.0), g(S, y=2.0), g(x=S), g(S, 2.0, None)):
        assert float(result) == 6.0
    assert g.experimental_get_tracing_count() == 1


# -- copies and pickles -----------------------------------------------------------------------


@tf.function
def module_level(x):
    return x * 2


def plain(x):
    return x * 3


class Net(tf.Module):
    def __init__(self):
        super().__init__()
        self.v = tf.Variable(2.0)
        self.bound = tf.function(self.plain)
        self.method = self.go

    def plain(self, x):
        return x * self.v

    @tf.function
    def go(self, x):
        return x * self.v


def test_functions_are_copied_without_traces():
    f = tf.function(plain, reduce_retracing=True)
    f(S)
    for duplicate in (copy.copy(f), copy.deepcopy(f), pickle.loads(pickle.dumps(f))):
        assert duplicate is not f
        assert duplicate.experimental_get_tracing_count() == 0
        assert float(duplicate(S)) == 9.0
        assert duplicate._reduce_retracing
    assert pickle.loads(pickle.dumps(module_level)) is module_level
    with pytest.raises((pickle.PicklingError, AttributeError), match="lambda"):
        pickle.dumps(tf.function(lambda x: x))


def test_a_copied_module_has_functions_of_its_own():
    net = Net()
    for f in (net.go, net.bound, net.method):
        assert float(f(S)) == 6.0
    other = copy.deepcopy(net)
    other.v.assign(10.0)
    for name in ("go", "bound", "method"):
        assert float(getattr(other, name)(S)) == 30.0
        assert float(getattr(net, name)(S)) == 6.0
    again = pickle.loads(pickle.dumps(net))
    again.v.assign(1.0)
    assert [float(again.go(S)), float(again.bound(S)), float(net.go(S))] == [3.0, 3.0, 6.0]


def test_traces_are_not_pickled():
    concrete = module_level.get_concrete_function(S)
    for act in (pickle.dumps, copy.deepcopy):
        with pytest.raises(TypeError, match="cannot be pickled"):
            act(concrete)
    assert float(copy.copy(concrete)(S)) == 6.0


# -- threads ----------------------------------------------------------------------------------


def in_threads(work, count=16):
    barrier = threading.Barrier(count)
    results, errors = [None] * count, []

    def run(number):
        try:
            barrier.wait()
            results[number] = work(number)
        except Exception as error:  # noqa: BLE001  (raised again below)
            errors.append(error)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        threads = [threading.Thread(target=run, args=(i,)) for i in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    if errors:
        raise errors[0]
    return results


def test_threads_share_one_trace_per_signature():
    inner_traces, outer_traces = [], []

    @tf.function
    def inner(x):
        inner_traces.append(x.shape)
        return x * x

    @tf.function
    def outer(x):
        outer_traces.append(x.shape)
        return tf.reduce_sum(inner(x))

    def work(number):
        return [float(outer(tf.fill([n], float(number)))) for n in (1, 2, 3)]

    results = in_threads(work)
    assert results == [[n * i**2 for n in (1.0, 2.0, 3.0)] for i in range(16)]
    assert len(outer_traces) == len(inner_traces) == 3


def test_threads_create_variables_once():
    made = []

    @tf.function
    def count():
        if not made:
            made.append(tf.Variable(0))
        return made[0].assign_add(1)

    def work(number):
        return [count() is not None for _ in range(3)]

    assert all(all(seen) for seen in in_threads(work))
    assert len(made) == 1
    assert int(made[0]) == 48


@pytest.mark.parametrize("size", [1, 100_000])
def test_threads_lose_no_update(size):
    v = tf.Variable(tf.zeros([size]))
    one = tf.ones([size])

    @tf.function
    def add(x):
        v.assign_add(x)
        return x[0]

    @tf.function
    def read():
        return v[0] - v[-1]

    def work(number):
        for _ in range(10):
            add(one)
            v.assign_add(one)
            with tf.GradientTape() as tape:
                tape.watch(one)
                y = add(one)
            assert float(tape.gradient(y, one)[0]) == 1.0
            assert float(read()) == float(v[0] * 0.0) == 0.0

    in_threads(work, 8)
    assert v.numpy().tolist() == [240.0] * size


def test_threads_share_one_function_per_instance():
    a = Scaled(2.0)
    results = in_threads(lambda number: float(a.scale(tf.constant(float(number)))))
    assert results == [2.0 * i + 3.0 for i in range(16)]
    assert a.traced == 1
