"""`tf.Module`: names, scopes and the order in which variables and modules are found."""

from __future__ import annotations

import copy
from collections import OrderedDict, namedtuple

import pytest

import deras as tf

Pair = namedtuple("Pair", "y x")


class Leaf(tf.Module):
    def __init__(self, name=None):
        super().__init__(name)
        self.v = tf.Variable(1.0, name="v")


class Branch(tf.Module):
    def __init__(self, name=None):
        super().__init__(name)
        self.w = tf.Variable(1.0, name="w")
        self.c = Leaf()


class Tree(tf.Module):
    def __init__(self, name=None):
        super().__init__(name)
        self.z = tf.Variable(1.0, name="z")
        self.a = tf.Variable(2.0, name="a", trainable=False)
        self.items = [
            tf.Variable(3.0, name="i0"),
            {"k2": tf.Variable(4.0, name="k2"), "k1": tf.Variable(4.0, name="k1")},
        ]
        self.sub = Branch()
        self.tup = (Branch(), self.sub, self.z)


def names(variables):
    return [v.name for v in variables]


def is_variable(leaf):
    return isinstance(leaf, tf.Variable)


def test_variables_come_by_attribute_name_own_before_those_below():
    tree = Tree()
    assert names(tree.variables) == [
        "a:0", "i0:0", "k1:0", "k2:0", "z:0", "w:0", "v:0", "w:0", "v:0"
    ]  # fmt: skip
    assert names(tree.trainable_variables)[0] == "i0:0"
    assert names(tree.non_trainable_variables) == ["a:0"]
    assert isinstance(tree.variables, tuple)


def test_submodules_come_level_by_level_each_once():
    assert [type(m).__name__ for m in Tree().submodules] == ["Branch", "Branch", "Leaf", "Leaf"]


def test_paths():
    paths = [p for p, _ in Tree()._flatten(predicate=is_variable, with_path=True)]
    assert paths == [
        ("a",), ("items", 0), ("items", 1, "k1"), ("items", 1, "k2"), ("tup", 2), ("z",),
        ("sub", "w"), ("sub", "c", "v"), ("tup", 0, "w"), ("tup", 0, "c", "v"),
        ("tup", 1, "w"), ("tup", 1, "c", "v"),
    ]  # fmt: skip
    own = [p for p, _ in Tree()._flatten(predicate=is_variable, with_path=True, recursive=False)]
    assert own == paths[:6]


def test_a_cycle_ends():
    a, b = tf.Module("a"), tf.Module("b")
    a.self, a.v, a.b, b.a = a, tf.Variable(1.0), b, a

    def wanted(leaf):
        return isinstance(leaf, (tf.Variable, tf.Module))

    assert [p for p, _ in a._flatten(with_path=True, predicate=wanted)] == [
        ("b",), ("self",), ("v",), ("b", "a"), ("b", "a", "b"), ("b", "a", "self"),
        ("b", "a", "v"), ("self", "b"), ("self", "self"), ("self", "v"),
    ]  # fmt: skip
    assert list(a._flatten(predicate=wanted)) == [b, a.v]
    assert a.submodules == (b,)


def test_mappings_are_sorted_and_named_tuples_are_not():
    m = tf.Module()
    m.p = Pair(tf.Variable(1.0, name="y"), tf.Variable(1.0, name="x"))
    m.o = OrderedDict([("b", tf.Variable(1.0, name="b")), ("a", tf.Variable(1.0, name="a"))])
    assert names(m.variables) == ["a:0", "b:0", "y:0", "x:0"]


def test_keys_that_cannot_be_sorted_are_an_error():
    m = tf.Module()
    m.d = {1: tf.Variable(1.0), "a": tf.Variable(2.0)}
    with pytest.raises(ValueError, match="Error processing property 'd'"):
        _ = m.variables


def test_ignored_attributes_and_traversal_order():
    class Some(Tree):
        _TF_MODULE_IGNORED_PROPERTIES = frozenset({"items", "tup", "sub"})

    assert names(Some().variables) == ["a:0", "z:0"]
    leaves = Some()._flatten(predicate=is_variable, attribute_traversal_key=lambda n: -ord(n[0]))
    assert names(leaves) == ["z:0", "a:0"]


@pytest.mark.parametrize(
    ("class_name", "wanted"),
    [
        ("MyModule", "my_module"), ("HTTPServer", "http_server"), ("Foo2Bar", "foo2_bar"),
        ("ResNet50V2", "res_net50_v2"), ("aB", "a_b"), ("ABC", "abc"), ("X1", "x1"),
        ("_Foo", "__foo"), ("MLP2d", "mlp2d"), ("A1B", "a1_b"),
    ],
)  # fmt: skip
def test_default_names(class_name, wanted):
    assert type(class_name, (tf.Module,), {})().name == wanted


@pytest.mark.parametrize("name", ["1a", "a b", "a/b", "", "a.b", "a-b", "é", "x:y"])
def test_names_that_are_no_identifiers(name):
    with pytest.raises(ValueError, match="is not a valid module name"):
        tf.Module(name=name)


def test_name_scopes():
    class Inner(tf.Module):
        def __init__(self):
            super().__init__()
            self.v = tf.Variable(1.0, name="v")

    class Outer(tf.Module):
        def __init__(self, name=None):
            super().__init__(name)
            with self.name_scope:
                self.v = tf.Variable(1.0, name="v")
                self.inner = Inner()

        @tf.Module.with_name_scope
        def build(self):
            """The docstring."""
            self.u = tf.Variable(1.0, name="u")

    outer = Outer("foo")
    outer.build()
    assert names(outer.variables) == ["foo/u:0", "foo/v:0", "foo/v:0"]
    assert outer.inner.name_scope.name == "foo/inner/"
    assert Outer.build.__doc__ == "The docstring."
    with tf.name_scope("out"):
        outer = Outer("foo")
    assert outer.name_scope.name == "out/foo/"
    outer.build()
    assert outer.u.name == "out/foo/u:0"


def test_without_super_init_variables_are_found_but_there_is_no_name():
    class Bare(tf.Module):
        def __init__(self):
            self.v = tf.Variable(1.0)

    assert len(Bare().variables) == 1
    with pytest.raises(AttributeError, match="_name"):
        _ = Bare().name


def test_deepcopy_keeps_sharing_and_names():
    tree = Tree()
    other = copy.deepcopy(tree)
    assert names(other.variables) == names(tree.variables)
    assert other.z is not tree.z
    assert other.tup[1] is other.sub
    other.z.assign(9.0)
    assert float(tree.z) == 1.0
