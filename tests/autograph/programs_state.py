"""Variables written in branches and loops."""

from __future__ import annotations

from .cases import program


class _Holder:
    """A variable that is made once, as tf.function asks for."""

    def __init__(self):
        self.made = {}

    def get(self, tf, name, value):
        key = (id(tf), name)
        if key not in self.made:
            with tf.init_scope():
                self.made[key] = tf.Variable(value)
        return self.made[key]


_HELD = _Holder()


@program(2.0, -2.0)
def assign_in_branch(tf, x):
    v = _HELD.get(tf, "assign_in_branch", 0.0)
    v.assign(1.0)
    if x > 0:
        v.assign_add(x)
    else:
        v.assign_sub(x * 2.0)
    return v.read_value()


@program(4, 0)
def assign_in_while(tf, n):
    v = _HELD.get(tf, "assign_in_while", 0)
    v.assign(0)
    i = 0
    while i < n:
        v.assign_add(i)
        i += 1
    return v.read_value()


@program(4, 0)
def assign_in_for(tf, n):
    v = _HELD.get(tf, "assign_in_for", 0)
    v.assign(0)
    for i in tf.range(n):
        if i % 2 == 0:
            continue
        v.assign_add(i)
    return v.read_value()


@program(4)
def assign_then_break(tf, n):
    v = _HELD.get(tf, "assign_then_break", 0)
    v.assign(0)
    for i in tf.range(100):
        v.assign_add(i)
        if v > n:
            break
    return v.read_value(), i


@program([1.0, 2.0, 3.0])
def assign_rows(tf, rows):
    v = _HELD.get(tf, "assign_rows", 0.0)
    v.assign(1.0)
    for x in rows:
        v.assign(v * 0.5 + x)
    return v.read_value()


@program(5)
def condition_on_variable(tf, n):
    v = _HELD.get(tf, "condition_on_variable", 0)
    v.assign(0)
    while v < n:
        v.assign_add(2)
    return v.read_value()


@program(2.0, -2.0)
def order_of_reads(tf, x):
    v = _HELD.get(tf, "order_of_reads", 0.0)
    v.assign(x)
    before = v.read_value()
    if x > 0:
        v.assign_add(10.0)
    middle = v.read_value()
    for _ in tf.range(3):
        v.assign(v * 2.0)
    return before, middle, v.read_value()


@program(3)
def two_variables(tf, n):
    a = _HELD.get(tf, "two_variables_a", 0)
    b = _HELD.get(tf, "two_variables_b", 0)
    a.assign(0)
    b.assign(1)
    for _ in tf.range(n):
        t = b.read_value()
        b.assign_add(a)
        a.assign(t)
    return a.read_value(), b.read_value()


@program(True, False)
def bool_variable(tf, flag):
    v = _HELD.get(tf, "bool_variable", False)
    v.assign(flag)
    if v:
        return 1
    return 0


@program(2.0, -2.0)
def early_return_skips_write(tf, x):
    v = _HELD.get(tf, "early_return_skips_write", 0.0)
    v.assign(0.0)
    if x > 0:
        return v.read_value()
    v.assign(5.0)
    return v + x


@program([1.0, -1.0, 2.0])
def write_in_nested(tf, rows):
    v = _HELD.get(tf, "write_in_nested", 0.0)
    v.assign(0.0)
    for x in rows:
        if x > 0:
            k = 0
            while k < 2:
                v.assign_add(x)
                k += 1
        else:
            v.assign(v * 3.0)
    return v.read_value()


@program(3.0)
def gradient_of_variable_in_loop(tf, x):
    v = _HELD.get(tf, "gradient_of_variable_in_loop", 0.0)
    v.assign(2.0)
    with tf.GradientTape() as tape:
        y = x
        for _ in tf.range(3):
            y = y * v
        if y > 10.0:
            y = y * v
    return tape.gradient(y, v)


@program(3.0)
def gradient_inside_loop(tf, x):
    v = _HELD.get(tf, "gradient_inside_loop", 0.0)
    v.assign(x)
    for _ in tf.range(5):
        with tf.GradientTape() as tape:
            loss = (v - 1.0) ** 2
            if loss > 1.0:
                loss = loss * 2.0
        v.assign_sub(0.1 * tape.gradient(loss, v))
    return v.read_value()


@program(4)
def vector_variable(tf, n):
    v = _HELD.get(tf, "vector_variable", [0, 0, 0, 0, 0])
    v.assign([0, 0, 0, 0, 0])
    for i in tf.range(n):
        v.scatter_nd_update([[i]], [i * i])
    return v.read_value()
