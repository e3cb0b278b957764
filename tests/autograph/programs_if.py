"""`if`, conditional expressions, and early returns."""

from __future__ import annotations

from .cases import program


@program(2.0, -3.0, 0.0, grad=True)
def absolute(tf, x):
    if x < 0:
        x = -x
    return x


@program(2.0, -3.0, grad=True)
def if_else(tf, x):
    if x > 0:
        y = x * 2.0
    else:
        y = x * x
    return y


@program(-2.0, 0.5, 1.5, 7.0, grad=True)
def elif_chain(tf, x):
    if x < 0.0:
        y = -x
    elif x < 1.0:
        y = x * x
    elif x < 2.0:
        y = x**3
    else:
        y = tf.sqrt(x)
    return y


@program(2.0, -3.0, grad=True)
def early_return(tf, x):
    if x > 0:
        return x * 2.0
    return -x


@program(-2.0, 0.5, 7.0, grad=True)
def three_returns(tf, x):
    if x < 0:
        return -x
    if x < 1:
        return x * x
    return x + 1.0


@program(-2.0, 0.5, 7.0, grad=True)
def returns_in_elif(tf, x):
    if x < 0:
        return -x
    elif x < 1:
        return x * x
    else:
        return x + 1.0


@program(0.5, 2.0, -1.0, beyond="a return in one inner branch only")
def partial_return(tf, x):
    if x > 0:
        if x > 1:
            return x * 10.0
    return x


@program(0.5, 2.0, -1.0, beyond="a return in one inner branch only")
def partial_return_with_rest(tf, x):
    y = x
    if x > 0:
        if x > 1:
            return y * 10.0
        y = y + 1.0
    y = y * 2.0
    return y


@program((1.0, 2.0), (2.0, 1.0), grad=True)
def swap(tf, a, b):
    if a > b:
        a, b = b, a
    return a - 2 * b


@program((1.0, 2.0), (2.0, 1.0), grad=True)
def maximum(tf, a, b):
    return a if a > b else b


@program(1.0, -1.0, 4.0, grad=True, beyond="a ternary in a ternary")
def nested_ternary(tf, x):
    return -x if x < 0 else (x if x < 2 else x * x)


@program(3.0, -3.0, grad=True)
def nested_if(tf, x):
    y = tf.zeros([])
    if x > 0:
        if x > 2:
            y = x * 3.0
        else:
            y = x
    else:
        if x < -2:
            y = x * x
    return y


@program(3.0, -3.0)
def two_outputs(tf, x):
    a, b = 1.0, 2.0
    if x > 0:
        a, b = b, a
    return a, b


@program(3.0, -3.0, jit=False)
def unlike_shapes(tf, x):
    if x > 0:
        y = tf.zeros([2])
    else:
        y = tf.ones([3])
    return tf.reduce_sum(y)


@program(3.0, -3.0)
def python_number_becomes_tensor(tf, x):
    n = 0
    if x > 0:
        n = 1
    return n + 1


@program(True, False)
def bool_argument(tf, flag):
    if flag:
        return 1
    return 2


@program(2.0, -1.0)
def not_condition(tf, x):
    if not x > 0:
        return 1
    return 2


@program(2.0, -1.0, 0.5)
def and_or(tf, x):
    if (x > 0 and x < 1) or x < -0.5:
        return 1
    return 2


@program(2.0, -1.0, 0.5)
def chained_comparison(tf, x):
    if 0 < x < 1:
        return 1
    return 2


@program((1, 2, 3), (3, 2, 1), (1, 3, 2))
def chain_of_three(tf, a, b, c):
    return a < b < c


@program(3, 5)
def equality(tf, n):
    if n == 3:
        return n * 10
    return n


@program(3, 5)
def inequality(tf, n):
    if n != 3:
        return n * 10
    return n


@program(2.0, -2.0, grad=True)
def dead_after(tf, x):
    if x > 0:
        t = x * 2.0
        y = t * t
    else:
        y = x
    return y


@program(2.0, -2.0, grad=True)
def tuple_in_branch(tf, x):
    p = (x, x)
    if x > 0:
        p = (p[0] + 1.0, p[1] * 2.0)
    return p


@program(2.0, -2.0, grad=True)
def dict_in_branch(tf, x):
    d = {"a": x, "b": x * 2.0}
    if x > 0:
        d = {"a": d["b"], "b": d["a"]}
    return d


@program(2.0, -2.0, grad=True)
def element_in_branch(tf, x):
    d = {"a": x}
    if x > 0:
        d["a"] = x * x
    else:
        d["a"] = -x
    return d["a"]


class _Box:
    def __init__(self, value):
        self.value = value


@program(2.0, -2.0, grad=True)
def attribute_in_branch(tf, x):
    box = _Box(x)
    if x > 0:
        box.value = box.value * 3.0
    return box.value


@program(2.0, -2.0, grad=True)
def attribute_made_in_both(tf, x):
    box = _Box(0)
    if x > 0:
        box.other = x * 3.0
    else:
        box.other = x
    return box.other


@program(2.0, -2.0)
def string_result(tf, x):
    if x > 0:
        s = "positive"
    else:
        s = "negative"
    return s


@program(2.0, -2.0, grad=True)
def python_condition(tf, x):
    k = 3
    if k > 2:
        x = x * 2.0
    else:
        x = "never"
    return x


@program(2.0, grad=True)
def none_test(tf, x, bias=None):
    if bias is None:
        bias = tf.constant(1.0)
    return x + bias


@program(2.0, -2.0, grad=True)
def mixed_conditions(tf, x):
    train = True
    if train and x > 0:
        x = x * 2.0
    if not train or x < 0:
        x = x - 1.0
    return x


@program(2.0, -2.0)
def side_of_and(tf, x):
    n = tf.cast(tf.abs(x), tf.int32)
    v = tf.constant([10.0, 20.0, 30.0])
    if n < 3 and v[n] > 15.0:
        return v[n]
    return tf.constant(-1.0)


@program([1.0, -2.0, 3.0], [-1.0, -2.0, 0.0], grad=True)
def reduced_condition(tf, v):
    if tf.reduce_sum(v) > 0:
        v = v * 2.0
    return v


@program([[1.0, 2.0], [3.0, 4.0]], grad=True)
def matrix_branch(tf, m):
    if tf.linalg.trace(m) > 4.0:
        m = tf.matmul(m, m)
    else:
        m = tf.transpose(m)
    return m


@program([1.0], [-1.0])
def one_element_condition(tf, v):
    if v > 0:
        return 1
    return 2


@program((2.0, 3), (2.0, 0), grad=True)
def integer_condition(tf, x, n):
    if n > 0:
        return x * tf.cast(n, tf.float32)
    return x


@program(2.0, -2.0, grad=True)
def assigned_before_and_in_one(tf, x):
    y = x * 10.0
    if x > 0:
        y += 1.0
    z = y * 2.0
    return z


@program(2.0, -2.0, grad=True)
def chained_ifs(tf, x):
    if x > 1:
        x = x - 1.0
    if x > 0:
        x = x * 5.0
    if x < 0:
        x = x * x
    return x


@program(2.0, -2.0)
def deleted_local(tf, x):
    y = x
    if x > 0:
        z = y + 1.0
        del y
        y = z
    return y


@program(2.0, -2.0, grad=True)
def ternary_in_call(tf, x):
    return tf.add(x if x > 0 else -x, 1.0 if x > 1 else 2.0)


@program(2.0, -2.0, grad=True)
def ternary_in_list(tf, x):
    parts = [x if x > 0 else 0.0 * x, x * 2.0]
    return tf.stack(parts)


@program((2.0, 1.0), (1.0, 2.0), (-1.0, -2.0), grad=True)
def compare_and_combine(tf, a, b):
    if a > b and a > 0:
        r = a
    elif b >= a or b > 100.0:
        r = b * 2.0
    else:
        r = a + b
    return r


@program(1.5, -1.5, grad=True)
def branch_with_gradient_of_both(tf, x):
    y = tf.sin(x)
    if y > 0:
        z = y * x
    else:
        z = y / x
    return z + x


@program(2, 3, 4)
def switch_on_integer(tf, n):
    if n == 2:
        r = tf.constant([1, 2])
    elif n == 3:
        r = tf.constant([3, 4])
    else:
        r = tf.constant([5, 6])
    return r


@program(2.0, -2.0, grad=True)
def no_else_no_change(tf, x):
    if x > 0:
        pass
    return x


@program(2.0, -2.0, beyond="an assignment expression")
def walrus(tf, x):
    if (y := x * 2.0) > 3.0:
        return y
    return x


@program(2.0, -2.0, beyond="an assignment expression")
def walrus_in_operand(tf, x):
    y = x
    if x > -10.0 and (y := x * 2.0) > 3.0:
        return y
    return y + 1.0


@program(2, 7, beyond="`in` on a tensor")
def in_list(tf, n):
    if n in [1, 2, 3]:
        return 1
    return 0


@program(2, 7, beyond="`in` on a tensor")
def not_in_tuple(tf, n):
    return n not in (1, 2, 3)


@program(2, 7, beyond="`in` on a tensor")
def in_tensor(tf, n):
    return tf.reduce_any(tf.constant([1, 2, 3]) == n), n in tf.constant([1, 2, 3])


@program(2.0, -2.0, beyond="an annotated name in a branch")
def annotated(tf, x):
    y: object = x
    if x > 0:
        y: object = x * 2.0
    return y


@program(2.0, -2.0, beyond="match")
def match_statement(tf, x):
    mode = "scale"
    match mode:
        case "scale":
            if x > 0:
                r = x * 2.0
            else:
                r = x
        case _:
            r = x * 0.0
    return r


@program(2.0, -2.0, beyond="match")
def match_with_return(tf, x):
    match (1, x):
        case (2, y):
            return y
        case (1, y) if y is not None:
            if y > 0:
                return y * 3.0
            return -y
    return x


@program(2.0, beyond="assert on a tensor")
def assertion(tf, x):
    assert x > 0, "must be positive"
    return x * 2.0
