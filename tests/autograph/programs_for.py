"""`for` loops."""

# ruff: noqa: B007, B905, SIM, A001, C400, RUF059, PIE804, B012, B023
from __future__ import annotations

from .cases import program


@program(5, 0)
def sum_of_range(tf, n):
    total = 0
    for i in tf.range(n):
        total += i
    return total


@program((2, 9), (5, 5))
def range_with_start(tf, a, b):
    total = 0
    for i in tf.range(a, b):
        total += i
    return total


@program((2, 20, 3), (20, 2, -3))
def range_with_step(tf, a, b, c):
    total = 0
    last = 0
    for i in tf.range(a, b, c):
        total += i
        last = i
    return total, last


@program(1.0, grad=True)
def known_range(tf, x):
    for i in tf.range(4):
        x = x * 1.5 + tf.cast(i, tf.float32)
    return x


@program(2.0, grad=True)
def python_range(tf, x):
    for i in range(3):
        x = x * (i + 1.0)
    return x


@program(4, 0)
def builtin_range_of_tensor(tf, n):
    total = 0
    for i in range(n):
        total += i
    return total


@program((1, 8))
def builtin_range_with_bounds(tf, a, b):
    total = 0
    for i in range(a, b, 2):
        total += i
    return total


@program([1.0, 2.0, 3.0], grad=True)
def rows_of_vector(tf, v):
    s = 0.0
    for x in v:
        s += x * x
    return s


@program([[1.0, 2.0], [3.0, 4.0]], grad=True)
def rows_of_matrix(tf, m):
    s = tf.zeros([2])
    for row in m:
        s = s * 0.5 + row
    return s


@program([[1.0, 2.0], [3.0, 4.0]], grad=True)
def nested_rows(tf, m):
    s = 0.0
    for row in m:
        for x in row:
            s += x * x
    return s


@program([[1.0, 2.0], [3.0, 4.0]])
def unpacked_rows(tf, m):
    s = 0.0
    for a, b in [(m[0], m[1])]:
        s = tf.reduce_sum(a * b)
    return s


@program(10, 2)
def with_break(tf, n):
    total = 0
    for i in tf.range(n):
        if i > 4:
            break
        total += i
    return total


@program(10, 1)
def with_continue(tf, n):
    total = 0
    for i in tf.range(n):
        if i % 2 == 0:
            continue
        total += i
    return total


@program(20, 3)
def break_and_continue(tf, n):
    total = 0
    for i in tf.range(n):
        if i % 2 == 0:
            continue
        if i > 9:
            break
        total += i
    return total


@program([1.0, -2.0, 3.0, -4.0], grad=True)
def break_over_rows(tf, v):
    s = 0.0
    for x in v:
        if x < -3.0:
            break
        s += x * x
    return s


@program([1.0, -2.0, 3.0, -4.0], grad=True)
def continue_over_rows(tf, v):
    s = 0.0
    for x in v:
        if x < 0.0:
            continue
        s += x * x
    return s


@program([1.0, -2.0, 3.0], grad=True)
def if_over_rows(tf, v):
    pos, neg = 0.0, 0.0
    for x in v:
        if x > 0:
            pos += x
        else:
            neg += x * x
    return pos, neg


@program(4)
def nested_ranges(tf, n):
    total = 0
    for i in tf.range(n):
        for j in tf.range(i):
            total += i * j
    return total


@program(5)
def nested_with_breaks(tf, n):
    total = 0
    for i in tf.range(n):
        for j in tf.range(n):
            if j > i:
                break
            total += j
        if total > 6:
            break
    return total


@program(5)
def for_in_while(tf, n):
    total = 0
    while total < 20:
        for i in tf.range(n):
            total += i
    return total


@program(3)
def while_in_for(tf, n):
    total = 0
    for i in tf.range(n):
        j = i
        while j < 5:
            total += 1
            j += 1
    return total


@program((3, 1.5), grad=True)
def gradient_through_range(tf, n, x):
    y = x
    for i in tf.range(n):
        y = y * x + tf.cast(i, tf.float32)
    return y


@program((3, 1.5), grad=True)
def gradient_with_if(tf, n, x):
    y = x
    for i in tf.range(n):
        if i % 2 == 0:
            y = y * x
        else:
            y = y + x
    return y


@program(4)
def target_after_loop(tf, n):
    for i in tf.range(n):
        pass
    return i


@program(0, eager=False)
def target_without_trip(tf, n):
    for i in tf.range(n):
        pass
    return i


@program(4)
def value_made_in_body(tf, n):
    for i in tf.range(n):
        last = i * 3
    return last


@program(4)
def none_before(tf, n):
    last = None
    for i in tf.range(n):
        last = i * 3
    return last


@program(3)
def tuple_target(tf, n):
    s = 0
    for i, j in [(n, n + 1), (n * 2, n)]:
        s += i * j
    return s


@program([1.0, 2.0, 3.0], beyond="zip of tensors")
def zip_tensors(tf, v):
    s = 0.0
    for a, b in zip(v, v * 2.0):
        s += a * b
    return s


@program([1.0, 2.0, 3.0], beyond="enumerate of a tensor")
def enumerate_tensor(tf, v):
    s = 0.0
    for i, a in enumerate(v):
        s += tf.cast(i, tf.float32) * a
    return s


@program([1.0, 2.0, 3.0], beyond="enumerate of a tensor")
def enumerate_zip(tf, v):
    s = 0.0
    for i, (a, b) in enumerate(zip(v, v + 1.0)):
        s += tf.cast(i, tf.float32) * a * b
    return s


@program(2.0, grad=True)
def enumerate_list(tf, x):
    s = x * 0.0
    for i, k in enumerate([1.0, 2.0, 3.0]):
        s += x * k * i
    return s


@program((2.0, 3.0), grad=True)
def zip_lists(tf, x, y):
    s = x * 0.0
    for a, b in zip([x, y], [y, x]):
        s += a * a * b
    return s


@program(2.0, grad=True)
def over_dict(tf, x):
    s = x * 0.0
    for key, value in {"a": 1.0, "b": 2.0}.items():
        s += x * value if key == "a" else x * x * value
    return s


@program(2.0, grad=True)
def python_break(tf, x):
    for i in range(10):
        if i == 3:
            break
        x = x * 1.5
    return x


@program(2.0, grad=True)
def python_continue(tf, x):
    for i in range(5):
        if i % 2:
            continue
        x = x * 1.5
    return x


@program(2.0, grad=True)
def python_return(tf, x):
    for i in range(5):
        x = x * 1.5
        if i == 2:
            return x
    return x * 0.0


@program(2.0, grad=True, beyond="for/else")
def python_else(tf, x):
    for i in range(3):
        if i == 7:
            break
        x = x * 1.5
    else:
        x = x + 1.0
    return x


@program(6, 2, beyond="for/else")
def staged_else(tf, n):
    found = 0
    for i in tf.range(n):
        if i == 4:
            found = i
            break
    else:
        found = -1
    return found


@program(10, 3, beyond="a return in a staged loop")
def return_inside(tf, n):
    for i in tf.range(n):
        if i * i > 20:
            return i
    return -1


@program([3.0, 1.0, -2.0, 5.0], [1.0, 2.0, 3.0, 4.0], beyond="a return in a staged loop")
def return_over_rows(tf, v):
    for x in v:
        if x < 0.0:
            return x * 10.0
    return tf.reduce_sum(v)


@program((4, 2.0), grad=True)
def tuple_state(tf, n, x):
    pair = (x, x + 1.0)
    for _ in tf.range(n):
        pair = (pair[1], pair[0] * 0.5)
    return pair


@program((4, 2.0), grad=True)
def element_state(tf, n, x):
    d = {"h": x}
    for _ in tf.range(n):
        d["h"] = tf.tanh(d["h"]) + x
    return d["h"]


@program(5, jit=False, beyond="loop options by way of a parameter called tf")
def growing_vector(tf, n):
    v = tf.zeros([0], tf.int32)
    for i in tf.range(n):
        tf.autograph.experimental.set_loop_options(shape_invariants=[(v, tf.TensorShape([None]))])
        v = tf.concat([v, [i * i]], axis=0)
    return v


@program([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], grad=True)
def recurrent(tf, xs):
    w = tf.constant([[0.1, 0.2], [0.3, 0.4]])
    h = tf.zeros([2])
    for x in xs:
        h = tf.tanh(tf.linalg.matvec(w, h) + x)
    return h


@program([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], grad=True)
def recurrent_by_index(tf, xs):
    h = tf.zeros([2])
    for t in tf.range(3):
        h = tf.tanh(h * 0.5 + xs[t])
    return h


@program([3, 1, 4, 1, 5, 9, 2, 6])
def running_maximum(tf, v):
    best = v[0]
    where = 0
    for i in tf.range(8):
        if v[i] > best:
            best = v[i]
            where = i
    return best, where


@program(30)
def primes_below(tf, n):
    count = 0
    for k in tf.range(2, n):
        prime = True
        for d in tf.range(2, k):
            if k % d == 0:
                prime = False
                break
        if prime:
            count += 1
    return count


@program(12)
def fizz(tf, n):
    a, b, c = 0, 0, 0
    for i in tf.range(1, n + 1):
        if i % 15 == 0:
            c += 1
        elif i % 3 == 0:
            a += 1
        elif i % 5 == 0:
            b += 1
    return a, b, c


@program((5, 0.5), grad=True)
def horner(tf, n, x):
    y = x * 0.0
    for i in tf.range(n):
        y = y * x + tf.cast(i + 1, tf.float32)
    return y


@program((3, 2.0), grad=True)
def branch_around_loop(tf, n, x):
    if x > 1.0:
        for _ in tf.range(n):
            x = x * 0.5
    else:
        for _ in tf.range(n):
            x = x * 2.0
    return x


@program((4, 1.0), grad=True)
def ternary_in_loop(tf, n, x):
    for i in tf.range(n):
        x = x * 2.0 if i % 2 == 0 else x + 1.0
    return x


@program(4)
def float_range(tf, n):
    s = 0.0
    for x in tf.range(0.0, 1.0, 0.25):
        s += x
    return s + tf.cast(n, tf.float32)


@program(5)
def last_items(tf, n):
    a = 0
    b = 0
    for i in tf.range(n):
        a, b = i, a
    return a, b


@program([[True, False], [True, True]])
def bool_rows(tf, m):
    n = 0
    for row in m:
        if tf.reduce_all(row):
            n += 1
    return n


@program(3)
def unused_target(tf, n):
    x = tf.constant(1)
    for _ in tf.range(n):
        x = x * 2
    return x


@program((3, 4))
def two_loops_one_variable(tf, a, b):
    s = 0
    for i in tf.range(a):
        s += i
    for i in tf.range(b):
        s += i * 10
    return s, i


@program((2, 3))
def shadowed_target(tf, a, b):
    i = 100
    for i in tf.range(a):
        pass
    for j in tf.range(b):
        i = i + j
    return i


@program([1.0, 2.0, 3.0, 4.0], grad=True)
def pairwise(tf, v):
    s = 0.0
    for i in tf.range(1, 4):
        s += (v[i] - v[i - 1]) ** 2
    return s


@program((6, 3))
def continue_in_inner(tf, n, k):
    s = 0
    for i in tf.range(n):
        for j in tf.range(k):
            if (i + j) % 2 == 0:
                continue
            s += i * j
    return s


@program([1.0, 2.0], grad=True)
def reversed_list(tf, v):
    s = 0.0
    for k in reversed([1.0, 2.0, 3.0]):
        s = s * 2.0 + k * v
    return s


@program(2.0)
def collected_in_python(tf, x):
    parts = []
    for i in range(4):
        parts.append(x * i)
    return tf.stack(parts)


@program(2.0, grad=True)
def comprehension(tf, x):
    return tf.stack([x * k if k > 1 else x for k in range(3)])


@program(2.0)
def generator_expression(tf, x):
    return tf.add_n(list(x * k for k in range(3)))  # noqa: C400
