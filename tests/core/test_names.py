"""`tf.name_scope`, `tf.init_scope`, and what orders ops."""

from __future__ import annotations

import pytest

import deras as tf

BAD_IN_GRAPHS = ["a b", "_a", "é", "-a", "/"]


def trace(body):
    """Runs `body` while a function is traced; what it returned."""
    found = []

    @tf.function(autograph=False)
    def f(x):
        found.append(body(x))
        return x

    f(tf.constant(1.0))
    return found[0]


def test_eager_scopes_nest_and_are_not_numbered():
    with tf.name_scope("a") as a:
        with tf.name_scope("b") as b:
            names = [tf.Variable(1.0, name="v").name, tf.Variable(1.0).name]
        with tf.name_scope("b") as again:
            pass
        with tf.name_scope("x/") as absolute:
            pass
        with tf.name_scope("") as root:
            rooted = tf.Variable(1.0, name="q").name
    assert (a, b, again, absolute, root) == ("a/", "a/b/", "a/b/", "x/", "")
    assert names == ["a/b/v:0", "a/b/Variable:0"]
    assert rooted == "q:0"


@pytest.mark.parametrize("name", BAD_IN_GRAPHS)
def test_eager_takes_every_string(name):
    with tf.name_scope(name) as scope:
        assert scope == (name if name.endswith("/") else name + "/")


@pytest.mark.parametrize("name", [None, 5])
def test_a_name_is_a_string(name):
    with pytest.raises(ValueError, match=r"name for name_scope must be a string\."):
        tf.name_scope(name)


def test_graph_scopes_are_numbered():
    def body(x):
        found = []

        def op(name="op"):
            found.append(tf.add(x, 1.0, name=name).name)

        def scope(name):
            entered = tf.name_scope(name)
            found.append(entered.__enter__())
            return entered

        a = scope("a")
        op()
        for _ in range(2):
            b = scope("b")
            op()
            op()
            b.__exit__()
        a.__exit__()
        for name in ("a", "a/", "", "op", "A"):
            s = scope(name)
            op()
            s.__exit__()
        op("a")
        return found

    assert trace(body) == [
        "a/", "a/op:0", "a/b/", "a/b/op:0", "a/b/op_1:0", "a/b_1/", "a/b_1/op:0", "a/b_1/op_1:0",
        "a_1/", "a_1/op:0", "a/", "a/op_1:0", "", "op:0", "op_1/", "op_1/op:0", "A_2/", "A_2/op:0",
        "a_3:0",
    ]  # fmt: skip


def test_the_same_scope_object_is_numbered_anew():
    def body(x):
        scope = tf.name_scope("c")
        with scope as first:
            pass
        with scope as second:
            pass
        return first, second, scope.name

    assert trace(body) == ("c/", "c_1/", "c")


@pytest.mark.parametrize("name", BAD_IN_GRAPHS)
def test_graph_scopes_check_their_characters(name):
    def body(x):
        with pytest.raises(ValueError, match="is not a valid root scope name"):
            tf.name_scope(name).__enter__()

    trace(body)


def test_a_function_starts_at_the_root_and_init_scope_keeps_the_scope():
    def body(x):
        name = tf.add(x, 1.0, name="k").name
        with tf.name_scope("s"), tf.init_scope(), tf.name_scope("k") as inner:
            pass
        return name, inner

    with tf.name_scope("outer"):
        assert trace(body) == ("k:0", "s/k/")


def test_where_ops_run():
    def body(x):
        inside = tf.inside_function(), tf.executing_eagerly()
        with tf.init_scope():
            return inside, (tf.inside_function(), tf.executing_eagerly())

    assert trace(body) == ((True, False), (False, True))
    assert (tf.inside_function(), tf.executing_eagerly()) == (False, True)


# -- order and groups -----------------------------------------------------------------------------


def test_control_dependencies_take_what_tensorflow_takes():
    x, calls = tf.constant(1), []
    for inputs in (None, [], [x], [1], ["a"], [None], [tf.Variable(1)]):
        with tf.control_dependencies(inputs):
            pass
    with tf.control_dependencies([lambda: calls.append(1)]):
        assert calls == [1]
    for inputs in (5, lambda: 1, x):
        with pytest.raises(TypeError, match="iter"):
            tf.control_dependencies(inputs)


def test_control_dependencies_in_a_function():
    v = tf.Variable(1.0)

    @tf.function(autograph=False)
    def f():
        with pytest.raises(TypeError, match="Can not convert a NoneType"):
            tf.control_dependencies([None])
        with tf.control_dependencies([v.assign_add(1.0)]):
            return v * 10.0

    assert float(f()) == 20.0


def test_group_and_no_op():
    assert tf.group("anything", foo=1) is None
    assert tf.no_op() is None

    def body(x):
        assert tf.group(x, [x, {"a": x}], name="all").name == "all"
        assert tf.group().name == "group_deps"
        assert tf.no_op().name == "NoOp"
        with pytest.raises(ValueError, match="Unknown keyword arguments: foo"):
            tf.group(x, foo=1)
        for bad in ("a", None, 1):
            with pytest.raises(TypeError, match=r"should be zero or more \(nested\) Tensors"):
                tf.group(bad)

    trace(body)


def test_a_function_that_returns_an_operation_returns_none():
    v = tf.Variable(1.0)
    f = tf.function(lambda: tf.group(v.assign_add(1.0)), autograph=False)
    assert f() is None
    assert float(v) == 2.0
    assert tf.function(lambda: (tf.no_op(), 1), autograph=False)()[0] is None


def test_tuple():
    x = tf.constant(1.0)
    assert tf.tuple([x, None])[0] is x
    assert tf.tuple([None]) == [None]

    def body(x):
        first, second = tf.tuple([x, None], control_inputs=[x])
        assert first is not x
        assert second is None
        with pytest.raises(ValueError, match="must have at least one Tensor"):
            tf.tuple([None])

    trace(body)


def test_versions_and_logger():
    assert tf.version.VERSION == "2.21.0"
    assert tf.version.GRAPH_DEF_VERSION == 2474
    assert tf.get_logger().name == "deras"
