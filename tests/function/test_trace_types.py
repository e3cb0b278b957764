"""`tf.types.experimental.TraceType`: objects of the user's as arguments of functions."""

from __future__ import annotations

import pytest

import deras as tf
from deras._src.function.trace_type import CastContext, Literal, Structure, Weakref, type_of

E = tf.types.experimental
S = tf.constant(3.0)


class LevelType(E.TraceType):
    """Fixed in the trace; of unlike levels the common type is level None."""

    def __init__(self, level):
        self.level = level

    def is_subtype_of(self, other):
        return isinstance(other, LevelType) and other.level in (None, self.level)

    def most_specific_common_supertype(self, others):
        return self if all(self == other for other in others) else LevelType(None)

    def placeholder_value(self, placeholder_context):
        return Gauge(self.level)

    def __eq__(self, other):
        return isinstance(other, LevelType) and self.level == other.level

    def __hash__(self):
        return hash(self.level)

    def __repr__(self):
        return f"LevelType({self.level})"


class Gauge:
    def __init__(self, level):
        self.level = level

    def __tf_tracing_type__(self, context):
        return LevelType(self.level)


class BoxType(E.TraceType):
    """A tensor with a label."""

    def __init__(self, spec, label):
        self.spec, self.label = spec, label

    def is_subtype_of(self, other):
        same = isinstance(other, BoxType) and self.label == other.label
        return same and self.spec.is_subtype_of(other.spec)

    def most_specific_common_supertype(self, others):
        if any(not isinstance(o, BoxType) or o.label != self.label for o in others):
            return None
        spec = self.spec.most_specific_common_supertype([o.spec for o in others])
        return None if spec is None else BoxType(spec, self.label)

    def placeholder_value(self, placeholder_context):
        return Box(self.spec.placeholder_value(placeholder_context), self.label)

    def to_tensors(self, value):
        return self.spec.to_tensors(value.x)

    def from_tensors(self, tensors):
        return Box(self.spec.from_tensors(tensors), self.label)

    def flatten(self):
        return self.spec.flatten()

    def cast(self, value, cast_context):
        if not isinstance(value, Box) or value.label != self.label:
            raise TypeError(f"{value!r} is no box with label {self.label!r}")
        return Box(self.spec.cast(value.x, cast_context), self.label)

    def __eq__(self, other):
        return isinstance(other, BoxType) and (self.spec, self.label) == (other.spec, other.label)

    def __hash__(self):
        return hash((self.spec, self.label))


class Box:
    def __init__(self, x, label="d"):
        self.x, self.label = x, label

    def __tf_tracing_type__(self, context):
        return BoxType(tf.TensorSpec(self.x.shape, self.x.dtype), self.label)


def test_calls_share_the_trace_of_an_equal_type():
    seen = []

    @tf.function
    def f(gauge, x):
        seen.append(gauge.level)
        return x * (gauge.level or 0.0)

    assert [float(f(Gauge(n), S)) for n in (1.0, 1.0, 2.0, 1.0)] == [3.0, 3.0, 6.0, 3.0]
    assert seen == [1.0, 2.0]
    text = f.get_concrete_function(Gauge(1.0), S).pretty_printed_signature()
    assert "gauge (POSITIONAL_OR_KEYWORD): LevelType(1.0)" in text


def test_reduce_retracing_asks_for_a_supertype():
    seen = []

    @tf.function(reduce_retracing=True)
    def f(gauge, x):
        seen.append(gauge.level)
        return x * (gauge.level or 0.0)

    assert [float(f(Gauge(n), S)) for n in (1.0, 2.0, 3.0)] == [3.0, 0.0, 0.0]
    assert seen == [1.0, None]


def test_types_with_tensors():
    traced = []

    @tf.function(reduce_retracing=True)
    def f(box):
        traced.append((box.x.shape.rank and box.x.shape.as_list(), box.label))
        return box.x * 2 if box.label == "d" else box.x

    assert [float(f(Box(tf.constant(v)))) for v in (1.0, 5.0)] == [2.0, 10.0]
    assert traced == [(0, "d")]
    for n in (1, 2, 3):
        assert f(Box(tf.ones([2, n]))).numpy().tolist() == [[2.0] * n] * 2
    assert float(f(Box(S, "e"))) == 3.0
    assert len(traced) == 3  # a scalar, all ranks, the other label
    nested = tf.function(lambda boxes: boxes[0].x - boxes[1]["a"].x)
    assert float(nested([Box(S), {"a": Box(tf.constant(1.0))}])) == 2.0
    concrete = nested.get_concrete_function([Box(S), {"a": Box(S)}])
    assert [t.name for t in concrete.inputs] == ["boxes:0", "boxes_1:0"]
    assert float(concrete([Box(S), {"a": Box(tf.constant(1.0))}])) == 2.0
    with pytest.raises(TypeError, match="no box with label"):
        concrete([Box(S, "e"), {"a": Box(S)}])


def test_gradients_reach_the_tensors():
    v = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        y = tf.function(lambda box: box.x * box.x)(Box(v * 2.0))
    assert float(tape.gradient(y, v)) == 24.0


def test_what_is_wrong_is_told():
    class NoType:
        def __tf_tracing_type__(self, context):
            return 3

    class Forgetful(BoxType):
        def to_tensors(self, value):
            return []

    class Forgotten(Box):
        def __tf_tracing_type__(self, context):
            return Forgetful(tf.TensorSpec([]), "d")

    f = tf.function(lambda q, x: x)
    with pytest.raises(TypeError, match="Expected an instance of TraceType"):
        f(NoType(), S)
    with pytest.raises(TypeError, match="1 were made, to_tensors gives 0"):
        f(Forgotten(S), S)
    with pytest.raises(TypeError, match="abstract"):
        E.TraceType()
    with pytest.raises(TypeError, match="must return zero or more Tensors"):
        tf.function(lambda box: box)(Box(S))
    with pytest.raises(TypeError, match="Can not cast"):
        LevelType(1.0).cast(Gauge(2.0), CastContext())


def test_protocols():
    assert isinstance(Gauge(1), E.SupportsTracingProtocol)
    assert not isinstance(3, E.SupportsTracingProtocol)
    assert issubclass(tf.TypeSpec, E.TraceType)
    assert isinstance(tf.TensorSpec([]), E.TraceType)
    assert int in E.TensorLike.__args__
    level = LevelType(1.0)
    assert level.flatten() == level.to_tensors(Gauge(1.0)) == []
    assert level.from_tensors(iter([])).level == 1.0


def test_types_of_python_values():
    spec = tf.TensorSpec([2])
    described = {"a": [spec, 1], "b": (None, "t")}
    kind = type_of(described)
    assert repr(kind) == (
        f"Dict[['a', List[{spec}, Literal[1]]], ['b', Tuple[Literal[None], Literal['t']]]]"
    )
    assert kind == type_of(described)
    assert hash(kind) == hash(type_of(described))
    other = type_of({"a": [tf.TensorSpec([3]), 1], "b": (None, "t")})
    common = kind.most_specific_common_supertype([other])
    assert common == type_of({"a": [tf.TensorSpec([None]), 1], "b": (None, "t")})
    assert kind.is_subtype_of(common)
    assert not common.is_subtype_of(kind)
    assert (
        kind.most_specific_common_supertype([type_of({"a": [spec, 2], "b": (None, "t")})]) is None
    )
    value = {"a": [tf.ones([2]), 1], "b": (None, "t")}
    tensors = kind.to_tensors(kind.cast(value, CastContext()))
    assert [t.shape for t in tensors] == [[2]]
    assert kind.from_tensors(iter(tensors))["b"] == (None, "t")
    assert kind.flatten() == [spec]
    with pytest.raises(TypeError, match="structure"):
        kind.cast([1], CastContext())
    assert Literal(float("nan")) == Literal(float("nan"))
    assert Literal(1) != Literal(1.0)
    with pytest.raises(TypeError, match="Can not cast"):
        spec.cast(tf.ones([3]), CastContext())
    assert isinstance(kind, Structure)
    assert Weakref is not None
