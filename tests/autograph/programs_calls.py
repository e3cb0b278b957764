"""Calls: helpers, lambdas, methods, closures, builtins."""

# ruff: noqa: C417, E731, SIM, A001, C400, RUF059, PIE804, B012, B023
from __future__ import annotations

import functools

from .cases import program


def _double_if_positive(x):
    if x > 0:
        return x * 2.0
    return x


def _grow(x, limit=10.0, *, rate=2.0):
    while x < limit:
        x = x * rate
    return x


@program(2.0, -2.0, grad=True)
def helper(tf, x):
    return _double_if_positive(x) + 1.0


@program(2.0, grad=True)
def helper_with_loop(tf, x):
    return _grow(x) + _grow(x, 5.0) + _grow(x, rate=3.0)


@program(2.0, -2.0, grad=True)
def helper_in_branch(tf, x):
    if x > 1:
        y = _double_if_positive(x - 1.5)
    else:
        y = _double_if_positive(-x)
    return y


@program(2.0, -2.0, grad=True)
def partial(tf, x):
    grow = functools.partial(_grow, limit=7.0)
    return grow(tf.abs(x), rate=1.5)


@program(2.0, -2.0, grad=True)
def local_function(tf, x):
    def inner(y):
        if y > 0:
            return y * 3.0
        return y - 1.0

    return inner(x) + inner(-x)


@program(2.0, -2.0, grad=True)
def closure(tf, x):
    k = 3.0

    def inner(y):
        if y > 0:
            return y * k + x
        return y - k

    return inner(x)


@program(2.0, -2.0, grad=True)
def closure_sees_later_value(tf, x):
    k = 3.0

    def inner(y):
        return y * k if y > 0 else y

    k = 5.0
    return inner(x)


@program(3, 0, beyond="what a local function rebinds")
def nonlocal_counter(tf, n):
    count = 0

    def step():
        nonlocal count
        count += 2

    for _ in tf.range(n):
        step()
    return count


@program(2.0, -2.0, beyond="what a local function rebinds")
def nonlocal_in_branch(tf, x):
    hits = 0

    def hit():
        nonlocal hits
        if x > 0:
            hits += 1

    hit()
    hit()
    return hits


@program(2.0, -2.0, grad=True)
def local_lambda(tf, x):
    f = lambda a: a * 2.0 if a > 0 else a * a
    return f(x) + f(-x)


@program(2.0, -2.0, grad=True)
def lambda_in_map(tf, x):
    return tf.stack(list(map(lambda a: a if a > 0 else -a, [x, -x, x * 2.0])))


@program([1.0, -2.0, 3.0], grad=True)
def map_fn(tf, v):
    return tf.map_fn(lambda a: a * 2.0 if a > 0 else a * a, v)


@program(5)
def recursion_on_python_value(tf, n):
    def power(x, k):
        if k == 0:
            return tf.ones_like(x)
        return x * power(x, k - 1)

    return power(n, 3)


class _Model:
    def __init__(self, scale):
        self.scale = scale
        self.calls = 0

    def __call__(self, x):
        self.calls = self.calls + 1
        return self.activate(x) * self.scale

    def activate(self, x):
        if x > 0:
            return x
        return 0.1 * x

    @staticmethod
    def static(x):
        return x if x > 0 else -x

    @classmethod
    def build(cls, x):
        return cls(2.0)(x)

    @property
    def doubled(self):
        return self.scale * 2


class _Child(_Model):
    def activate(self, x):
        if x > 1:
            return super().activate(x - 1.0)
        return super().activate(x) * 3.0


@program(2.0, -2.0, grad=True)
def callable_object(tf, x):
    return _Model(3.0)(x)


@program(2.0, 0.5, -2.0, grad=True)
def super_call(tf, x):
    return _Child(3.0)(x)


@program(2.0, -2.0, grad=True)
def static_and_class_methods(tf, x):
    return _Model.static(x) + _Model.build(x) + _Model(1.0).doubled


@program(2.0, -2.0, grad=True)
def bound_method(tf, x):
    f = _Model(2.0).activate
    return f(x) + f(x - 1.0)


def _decorator(function):
    @functools.wraps(function)
    def wrapper(x, *args, **kwargs):
        if x > 0:
            return function(x, *args, **kwargs)
        return function(-x, *args, **kwargs) * 0.5

    return wrapper


@_decorator
def _decorated(x, power=2):
    if x > 1:
        return x**power
    return x


@program(2.0, -2.0, 0.5, grad=True)
def decorated(tf, x):
    return _decorated(x) + _decorated(x, power=3)


@program((2.0, 3.0), grad=True)
def star_arguments(tf, x, y):
    def total(*values, **named):
        s = x * 0.0
        for v in values:
            s += v
        for v in named.values():
            s += v * 2.0
        if s > 3.0:
            s = s * 2.0
        return s

    return total(x, y, z=x) + total(*[x, y], w=y)


@program(2.0, -2.0, grad=True)
def default_arguments(tf, x):
    def f(a, b=x, *, c=1.0):
        return a + b if a > 0 else a * c

    return f(x) + f(-x, c=2.0)


@program(2.0, -2.0, grad=True)
def nested_function_of_tensorflow(tf, x):
    @tf.function
    def inner(y):
        if y > 0:
            return y * 2.0
        return y

    return inner(x) + inner(-x)


@program(2.0, -2.0, grad=True)
def function_chosen_in_python(tf, x):
    table = {"a": lambda v: v if v > 0 else -v, "b": lambda v: v * 2.0}
    return table["a"](x) + table["b"](x)


@program(2.7, -2.7)
def int_and_float(tf, x):
    return int(x), float(int(x)), abs(x)


@program([1.0, 2.0, 3.0])
def length(tf, v):
    return len(v), len([v, v])


@program(2.0)
def sum_of_list(tf, x):
    return sum([x, x * 2.0, 1.0])


@program([1.0, 5.0, 3.0], beyond="sum, min, max, sorted of a tensor")
def reductions(tf, v):
    return sum(v), min(v), max(v), sorted(v)


@program((1.0, 5.0), (5.0, 1.0), beyond="min and max of tensors")
def extremes(tf, a, b):
    return min(a, b), max(a, b), min([a, b, 3.0]), max(a, 2.0)


@program((1.0, 5.0), beyond="any and all of tensors")
def any_and_all(tf, a, b):
    return any([a > b, b > a]), all([a > b, b > a]), any([]), all([a < b])


@program([1.0, 2.0, 3.0], beyond="iter and next of a tensor")
def iterators(tf, v):
    rows = iter(v)
    first = next(rows)
    return first + next(rows) * 10.0


@program([1.0, -2.0, 3.0], beyond="map of a tensor")
def map_over_tensor(tf, v):
    s = 0.0
    for a in map(lambda x: x if x > 0 else -x, v):
        s += a
    return s


@program(2.0)
def formatting(tf, x):
    name = f"scale_{3 if True else 4}"
    return x * (2.0 if name == "scale_3" else 5.0)


@program(2.0, -2.0, grad=True)
def varying_callee(tf, x):
    fs = [tf.sin, tf.cos, _double_if_positive]
    s = x * 0.0
    for f in fs:
        s += f(x)
    return s


@program(3)
def keyword_only(tf, n):
    def f(*, a, b=2):
        if a > b:
            return a * b
        return a + b

    return f(a=n) + f(a=n, b=5)


@program(2.0, -2.0, grad=True)
def conditional_callee(tf, x):
    f = tf.abs if x is not None else tf.square
    return f(x)


@program((2.0, 4), grad=True)
def helper_with_tensor_loop(tf, x, n):
    def body(y, i):
        if i % 2 == 0:
            y = y + 1.0
        return y * 1.1

    for i in tf.range(n):
        x = body(x, i)
    return x


@program(5)
def helper_returning_from_loop_of_python(tf, n):
    def first_larger(values, limit):
        for v in values:
            if v > limit:
                return v
        return -1

    return n + first_larger([1, 5, 9], 4)
