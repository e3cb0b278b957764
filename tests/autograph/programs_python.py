"""`try`, `with`, `del`, `global`, unpacking and other statements around control flow."""

# ruff: noqa: E731, SIM, A001, C400, RUF059, PIE804, B012, B023
from __future__ import annotations

import contextlib

from .cases import program

_STEPS = 0


@program(2.0, -2.0, grad=True)
def with_block(tf, x):
    with tf.name_scope("scope"):
        if x > 0:
            y = x * 2.0
        else:
            y = x
    return y


@program(2.0, -2.0, grad=True)
def return_in_with(tf, x):
    with tf.name_scope("scope"):
        if x > 0:
            return x * 2.0
        return -x


@program(2.0)
def suppress(tf, x):
    y = x
    with contextlib.suppress(KeyError):
        y = {"a": x}["b"]
    return y * 2.0


@program(2.0, -2.0, grad=True)
def try_finally(tf, x):
    try:
        if x > 0:
            y = x * 2.0
        else:
            y = x
    finally:
        z = 1.0
    return y + z


@program(2.0, -2.0, grad=True, beyond="except ... as in converted code")
def try_except_as(tf, x):
    try:
        raise ValueError("no")
    except ValueError as error:
        k = 2.0 if str(error) == "no" else 3.0
        if x > 0:
            x = x * k
    return x


@program(2.0, -2.0, grad=True, beyond="try with else")
def try_except_else(tf, x):
    try:
        y = {"a": x}["a"]
    except KeyError:
        y = x * 0.0
    else:
        if x > 0:
            y = y * 2.0
    return y


@program(2.0, -2.0, beyond="return in try")
def return_in_try(tf, x):
    try:
        if x > 0:
            return x * 2.0
        y = x
    except KeyError:
        return x
    else:
        y = y - 1.0
    finally:
        x = x * 0.0
    return y


@program(2.0)
def break_in_try(tf, x):
    for i in range(5):
        try:
            if i == 2:
                break
            x = x * 2.0
        finally:
            x = x + 1.0
    return x


@program(2.0)
def continue_in_except(tf, x):
    for key in ["a", "z", "b"]:
        try:
            value = {"a": 1.0, "b": 2.0}[key]
        except KeyError:
            continue
        x = x + value
    return x


@program((1.0, 2.0), (-1.0, 2.0), grad=True)
def starred_unpacking(tf, a, b):
    first, *rest = [a, b, a * b]
    if first > 0:
        rest = [r * 2.0 for r in rest]
    return tf.add_n(rest)


@program((1.0, 2.0), (-1.0, 2.0), grad=True)
def nested_unpacking(tf, a, b):
    (p, (q, r)) = (a, (b, a + b))
    if p > 0:
        (p, (q, r)) = (r, (p, q))
    return p - q * r


@program(2.0, -2.0, grad=True)
def augmented(tf, x):
    y = x
    if x > 0:
        y += 1.0
        y *= 2.0
        y -= x
        y /= 3.0
        y **= 2.0
    return y


@program(2.0)
def list_append_in_python_loop(tf, x):
    parts = []
    i = 0
    while i < 3:
        if i != 1:
            parts.append(x * i)
        i += 1
    return tf.stack(parts)


@program(2.0, -2.0, grad=True)
def class_in_function(tf, x):
    class Local:
        factor = 2.0

        def apply(self, v):
            if v > 0:
                return v * self.factor
            return v

    return Local().apply(x)


@program(2.0, -2.0, grad=True)
def delete_element(tf, x):
    d = {"a": x, "b": x * 2.0}
    del d["b"]
    if x > 0:
        d["a"] = x * 3.0
    return d["a"]


@program(2.0, -2.0, grad=True)
def import_in_function(tf, x):
    import math

    if x > 0:
        x = x * math.pi
    return x


@program(2.0, -2.0)
def conditional_import(tf, x):
    if True:
        import math as m
    return x * m.e


@program(2.0, -2.0, grad=True)
def docstring_and_pass(tf, x):
    """A docstring is no statement."""
    if x > 0:
        pass
    else:
        x = x * 2.0
    return x


@program(3)
def while_true_on_python(tf, n):
    i = 0
    while True:
        i += 1
        if i == 4:
            break
    return n * i


@program(2.0, -2.0, grad=True)
def raise_in_python_branch(tf, x):
    mode = "ok"
    if mode == "bad":
        raise ValueError("bad mode")
    if x > 0:
        return x
    return -x


@program(2.0)
def generator_left_alone(tf, x):
    def parts():
        for i in range(3):
            yield x * i

    return tf.add_n(list(parts()))


@program(2.0)
def set_and_dict_comprehension(tf, x):
    keys = {k for k in "abc" if k != "b"}
    values = {k: x * i for i, k in enumerate(sorted(keys))}
    return values["c"]


@program(2.0, -2.0, grad=True)
def constant_conditions(tf, x):
    if 1:
        x = x + 1.0
    if not None and x > 0:
        x = x * 2.0
    if 0 or x < 0:
        x = x * 3.0
    return x


@program(2.0, -2.0)
def empty_return_value(tf, x):
    if x is None:
        return
    if x > 0:
        return x
    return -x


@program(2.0, -2.0, beyond="a bare return under a tensor")
def bare_return(tf, x):
    if x > 0:
        return
    tf.abs(x)


@program(2.0, -2.0, grad=True)
def long_chain(tf, x):
    if x > 10:
        r = x
    elif x > 8:
        r = x * 2.0
    elif x > 6:
        r = x * 3.0
    elif x > 4:
        r = x * 4.0
    elif x > 1:
        r = x * 5.0
    else:
        r = x * 6.0
    return r


@program(9.0, 7.0, 1.5, -2.0, grad=True)
def long_chain_of_returns(tf, x):
    if x > 10:
        return x
    if x > 8:
        return x * 2.0
    if x > 6:
        return x * 3.0
    if x > 4:
        return x * 4.0
    if x > 1:
        return x * 5.0
    return x * 6.0


@program(2.0, -2.0, grad=True)
def multiple_targets(tf, x):
    a = b = x
    if x > 0:
        a = b = x * 2.0
    return a + b


@program(2.0, -2.0)
def shadowed_builtin(tf, x):
    len = lambda v: v * 2.0
    if x > 0:
        return len(x)
    return len(-x)
