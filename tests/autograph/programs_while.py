"""`while` loops."""

from __future__ import annotations

from .cases import program


@program(5, 0)
def count_up(tf, n):
    i = 0
    while i < n:
        i += 1
    return i


@program((2.0, 5), (2.0, 0), grad=True)
def power(tf, x, n):
    y = tf.ones([])
    while n > 0:
        y = y * x
        n = n - 1
    return y


@program(27, 1)
def collatz(tf, n):
    steps = 0
    while n != 1:
        if n % 2 == 0:
            n = n // 2
        else:
            n = 3 * n + 1
        steps += 1
    return steps


@program((48, 36), (7, 3))
def gcd(tf, a, b):
    while b != 0:
        a, b = b, a % b
    return a


@program(2.0, 10.0, grad=True)
def newton_square_root(tf, x):
    y = x
    while tf.abs(y * y - x) > 1e-4:
        y = 0.5 * (y + x / y)
    return y


@program(10, 3)
def with_break(tf, n):
    i = 0
    while i < n:
        if i == 5:
            break
        i += 1
    return i


@program(10, 3)
def with_continue(tf, n):
    i = 0
    total = 0
    while i < n:
        i += 1
        if i % 3 == 0:
            continue
        total += i
    return total


@program(10, 20)
def break_and_continue(tf, n):
    i = 0
    total = 0
    while i < n:
        i += 1
        if i % 2 == 0:
            continue
        if i > 12:
            break
        total += i
    return total, i


@program(4, 1)
def nested(tf, n):
    i = 0
    total = 0
    while i < n:
        j = 0
        while j <= i:
            total += j
            j += 1
        i += 1
    return total


@program(6, 2)
def nested_with_inner_break(tf, n):
    i = 0
    total = 0
    while i < n:
        j = 0
        while j < 10:
            if j > i:
                break
            total += 1
            j += 1
        i += 1
    return total


@program(6)
def nested_with_both_breaks(tf, n):
    i = 0
    total = 0
    while i < n:
        j = 0
        while True if n is None else j < 10:
            if j > i:
                break
            total += j
            j += 1
        if total > 5:
            break
        i += 1
    return total, i


@program(3.0, 0.5, grad=True)
def halve_until_small(tf, x):
    while x > 1.0:
        x = x / 2.0
    return x * x


@program((1.0, 4), grad=True)
def two_variables(tf, x, n):
    a, b = x, x * 2.0
    i = 0
    while i < n:
        a, b = b, a + b
        i += 1
    return a, b


@program([1.0, 2.0, 3.0], grad=True)
def vector_state(tf, v):
    i = 0
    while i < 3:
        v = v * 0.5 + 1.0
        i = i + 1
    return v


@program([1.0, 2.0, 3.0], grad=True)
def python_loop(tf, v):
    i = 0
    while i < 3:
        v = v * 2.0
        i = i + 1
    return v


@program((1.5, 10), (-0.5, 10), grad=True)
def inner_if(tf, x, n):
    i = 0
    y = x * 0.0
    while i < n:
        if y > 3.0:
            y = y - x
        else:
            y = y + x * 2.0
        i += 1
    return y


@program(5)
def temporary_in_body(tf, n):
    i = 0
    s = 0
    while i < n:
        t = i * i
        s += t
        i += 1
    return s


@program(5, eager=True)
def value_made_in_body(tf, n):
    i = 0
    while i < n:
        last = i * 2
        i += 1
    return last


@program(0, eager=False)
def value_never_made(tf, n):
    i = 0
    while i < n:
        last = i * 2
        i += 1
    return last


@program(5)
def none_before(tf, n):
    i = 0
    last = None
    while i < n:
        last = i * 2
        i += 1
    return last


@program(7)
def and_in_test(tf, n):
    i = 0
    total = 0
    while i < n and total < 8:
        total += i
        i += 1
    return i, total


@program(7, 3)
def or_in_test(tf, n):
    i = 0
    while i < n or i < 4:
        i += 1
    return i


@program(7)
def not_in_test(tf, n):
    i = 0
    while not i >= n:
        i += 2
    return i


@program([3.0, 1.0, 2.0])
def index_in_test(tf, v):
    i = 0
    while i < 3 and v[i] > 1.5:
        i += 1
    return i


@program(5, beyond="while/else")
def with_else(tf, n):
    i = 0
    while i < n:
        i += 1
    else:
        i += 100
    return i


@program(5, 2, beyond="while/else")
def with_break_and_else(tf, n):
    i = 0
    while i < n:
        if i == 3:
            break
        i += 1
    else:
        i += 100
    return i


@program(10, 2, beyond="a return in a staged loop")
def return_inside(tf, n):
    i = 0
    while i < n:
        if i == 4:
            return i * 10
        i += 1
    return -1


@program(3, 10, beyond="a return in a staged loop")
def return_from_inner_loop(tf, n):
    i = 0
    while i < n:
        j = 0
        while j < n:
            if i * j == 12:
                return i * 100 + j
            j += 1
        i += 1
    return -1


@program((2.0, 3), grad=True)
def tuple_state(tf, x, n):
    state = (x, x * x)
    i = 0
    while i < n:
        state = (state[1], state[0] + state[1])
        i += 1
    return state


@program((2.0, 3), grad=True)
def list_state(tf, x, n):
    state = [x, x * x]
    i = 0
    while i < n:
        state = [state[1], state[0] + state[1]]
        i += 1
    return state


@program((2.0, 3), grad=True)
def dict_state(tf, x, n):
    state = {"a": x, "b": x * x}
    i = 0
    while i < n:
        state = {"a": state["b"], "b": state["a"] * 0.5}
        i += 1
    return state


@program((2.0, 3), grad=True)
def element_state(tf, x, n):
    state = {"a": x}
    i = 0
    while i < n:
        state["a"] = state["a"] * 1.5
        i += 1
    return state["a"]


class _Counter:
    def __init__(self, value):
        self.value = value
        self.inner = None


@program((2.0, 3), grad=True)
def attribute_state(tf, x, n):
    c = _Counter(x)
    i = 0
    while i < n:
        c.value = c.value * 1.5
        i += 1
    return c.value


@program((2.0, 3), grad=True)
def deep_attribute_state(tf, x, n):
    c = _Counter(x)
    c.inner = _Counter(x)
    i = 0
    while i < n:
        c.inner.value += c.value
        i += 1
    return c.inner.value


@program(9)
def python_value_read_in_body(tf, n):
    step = 2
    i = 0
    while i < n:
        i += step
    return i


@program((1.0, 6), grad=True)
def ternary_in_body(tf, x, n):
    i = 0
    while i < n:
        x = x * 2.0 if x < 5.0 else x - 3.0
        i += 1
    return x


@program((0.1, 100), grad=True)
def many_trips(tf, x, n):
    i = 0
    while i < n:
        x = tf.sin(x) + 0.1
        i += 1
    return x


@program(4, jit=False, beyond="loop options by way of a parameter called tf")
def loop_options(tf, n):
    i = 0
    v = tf.constant([1])
    while i < n:
        tf.autograph.experimental.set_loop_options(shape_invariants=[(v, tf.TensorShape([None]))])
        v = tf.concat([v, [i]], 0)
        i += 1
    return v


@program(3)
def loop_after_loop(tf, n):
    i = 0
    while i < n:
        i += 1
    j = i
    while j < 10:
        j += i
    return i, j


@program((3, 2.0), grad=True)
def loop_in_branch(tf, n, x):
    if n > 2:
        i = 0
        while i < n:
            x = x * 1.5
            i += 1
    return x


@program((5, 2.0), grad=True)
def branch_with_loop_in_loop(tf, n, x):
    i = 0
    while i < n:
        if i % 2 == 0:
            j = 0
            while j < i:
                x = x + 0.5
                j += 1
        else:
            x = x * 1.1
        i += 1
    return x


@program([5, 3, 8, 1])
def bubble_sort_pass(tf, v):
    i = 0
    while i < 3:
        a, b = v[i], v[i + 1]
        if a > b:
            v = tf.tensor_scatter_nd_update(v, [[i], [i + 1]], [b, a])
        i += 1
    return v


@program(20, 1)
def fibonacci_below(tf, n):
    a, b = 0, 1
    while b < n:
        a, b = b, a + b
    return a


@program(12345)
def digit_sum(tf, n):
    s = 0
    while n > 0:
        s += n % 10
        n //= 10
    return s
