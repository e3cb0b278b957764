"""`tf.experimental.ExtensionType`: fields, specs, structures, functions, control flow, batches."""

# ruff: noqa: UP007, UP045  (the old forms are tested, too)

from __future__ import annotations

import copy
import inspect
import pickle
from collections.abc import Mapping
from typing import Any, Literal, Optional, Union

import numpy as np
import pytest

import deras as tf
from deras._src.composite.extension_type import AnonymousExtensionType, reinterpret


class Masked(tf.experimental.ExtensionType):
    values: tf.Tensor
    mask: tf.Tensor
    name: str = "d"

    def total(self):
        return tf.reduce_sum(tf.where(self.mask, self.values, 0.0))


class Group(tf.experimental.ExtensionType):
    one: Masked
    several: tuple[Masked, ...]
    by_name: Mapping[str, Masked]


class Rows(tf.experimental.BatchableExtensionType):
    v: tf.Tensor
    k: tf.Tensor


class Checked(tf.experimental.ExtensionType):
    v: tf.Tensor

    def __validate__(self):
        self.v.shape.assert_has_rank(1)


class Complex(tf.experimental.ExtensionType):
    real: tf.Tensor
    imaginary: tf.Tensor

    def __init__(self, pair):
        self.real = pair[0]
        self.imaginary = pair[1]

    class Spec:
        def __init__(self, shape):
            self.real = tf.TensorSpec(shape)
            self.imaginary = tf.TensorSpec(shape)

        def __repr__(self):
            return f"Complex of {self.real.shape}"


def masked(name="d"):
    return Masked([1.0, 2.0], [True, False], name)


def typed(annotation):
    """An extension type with one field `x` of this annotation."""
    return type(tf.experimental.ExtensionType)(
        "K", (tf.experimental.ExtensionType,), {"__annotations__": {"x": annotation}}
    )


def test_fields_are_converted_shown_and_kept():
    m = masked()
    assert m.values.dtype is tf.float32
    assert repr(m).startswith("Masked(values=<tf.Tensor: shape=(2,), dtype=float32")
    assert repr(m).endswith("name='d')")
    for name in ("values", "other"):
        with pytest.raises(AttributeError, match="do not change"):
            setattr(m, name, 1)
    with pytest.raises(AttributeError, match="do not change"):
        del m.values
    with pytest.raises(TypeError, match="unhashable"):
        hash(m)
    assert list(inspect.signature(Masked).parameters) == ["values", "mask", "name"]


def test_constructor_arguments():
    assert Masked(values=[1.0], mask=[True], name="a").name == "a"
    for args, kwargs, match in [
        (([1.0],), {}, "missing a required argument: 'mask'"),
        (([1.0], [True], "a", 4), {}, "too many positional"),
        (([1.0], [True]), {"foo": 1}, "unexpected keyword"),
        (([1.0], [True], 3), {}, "name: expected 'str', got 'int'"),
        ((None, [True]), {}, "values: expected a Tensor, got 'NoneType'"),
    ]:
        with pytest.raises(TypeError, match=match):
            Masked(*args, **kwargs)


def test_equality_is_a_tensor_where_types_agree():
    m = masked()
    assert bool(m == masked())
    assert not bool(m != masked())
    assert not bool(m == Masked([1.0, 3.0], [True, False]))
    assert (m == masked("e")) is False
    assert (m == Masked([1.0], [True])) is False
    assert (m == Masked([1, 2], [True, False])) is False
    assert (m == 3) is False
    assert bool(tf.function(lambda a, b: a == b)(m, m))


@pytest.mark.parametrize(
    ("annotation", "value", "wanted"),
    [
        (int, 3, 3),
        (int, True, True),
        (bytes, b"b", b"b"),
        (None, None, None),
        (tuple[int, str], [1, "a"], (1, "a")),
        (tuple[int, ...], [], ()),
        (Mapping[str, int], {"a": 1}, {"a": 1}),
        (Mapping[int, int], {1: 2}, {1: 2}),
        (Optional[int], None, None),
        (int | None, 4, 4),
        (tf.DType, "int32", tf.int32),
        (tf.DType, np.float64, tf.float64),
        (tf.TensorShape, [1, None], tf.TensorShape([1, None])),
        ("Masked", masked(), None),
        ("tf.TensorShape", 3, tf.TensorShape([3])),
    ],
)
def test_annotations_convert(annotation, value, wanted):
    got = typed(annotation)(value).x
    if wanted is None and value is not None:
        assert got is value
    else:
        assert got == wanted


def test_annotations_with_tensors():
    pair = typed(tuple[tf.Tensor, int])([[1], 2]).x
    assert pair[0].numpy().tolist() == [1]
    assert typed(Mapping[str, tf.Tensor])({"a": 1}).x["a"].dtype is tf.int32
    assert int(typed(Union[tf.Tensor, int])(1).x) == 1
    assert typed(Union[tf.Tensor, int])(1).x.dtype is tf.int32
    assert typed(Optional[tf.Tensor])(None).x is None
    assert isinstance(typed(tf.Tensor)(tf.Variable(1.0)).x, tf.Tensor)


@pytest.mark.parametrize(
    ("annotation", "value", "match"),
    [
        (float, 2, "x: expected 'float', got 'int'"),
        (int, np.int64(1), "x: expected 'int', got 'int64'"),
        (tuple[tf.Tensor, int], (1,), "x: expected tuple with length 2"),
        (tuple[int, ...], 3, "x: expected tuple, got 'int'"),
        (Mapping[str, int], {1: 2}, r"x\[<key>\]: expected 'str', got 'int'"),
        (Mapping[str, int], 3, "x: expected mapping, got 'int'"),
        (Masked, 3, "x: expected 'Masked', got 'int'"),
        (int | None, "a", "x: expected one of int, NoneType"),
        ("Nowhere", 3, "x: Unsupported type annotation 'Nowhere'"),
    ],
)
def test_values_that_do_not_fit(annotation, value, match):
    with pytest.raises(TypeError, match=match):
        typed(annotation)(value)


@pytest.mark.parametrize(
    "annotation",
    [list, list[int], dict[str, int], Any, object, np.ndarray, Literal["a"], set[int], tf.Variable]
    + [tf.TensorSpec([1]), Masked.Spec, 3],
)
def test_annotations_that_are_not_supported(annotation):
    with pytest.raises(TypeError, match="In field 'x': Unsupported type annotation"):
        typed(annotation)


def test_names_of_fields():
    base = tf.experimental.ExtensionType
    for name in ("self", "Spec", "_type_spec", "_tf_extension_type_x"):
        with pytest.raises(ValueError, match=f"Field '{name}' is reserved"):
            type(base)("K", (base,), {"__annotations__": {name: int}})
    with pytest.raises(ValueError, match="Field x is missing a type annotation"):
        type(base)("K", (base,), {"x": 3})
    with pytest.raises(AssertionError, match="abstract"):
        base()


def test_defaults_and_inheritance():
    class Base(tf.experimental.ExtensionType):
        a: tf.Tensor = 3

    class Sub(Base):
        b: int

    assert int(Base().a) == 3
    assert int(Sub(b=1).a) == 3  # after a default, by keyword
    with pytest.raises(TypeError, match="default value for a: expected 'int', got 'str'"):

        class _Wrong(tf.experimental.ExtensionType):
            a: int = "x"


def test_own_constructor_and_validation():
    c = Complex(tf.constant([1.0, 2.0]))
    assert [float(c.real), float(c.imaginary)] == [1.0, 2.0]
    assert Checked([1]).v.shape == [1]
    with pytest.raises(ValueError, match="rank"):
        Checked(1)

    class Missing(tf.experimental.ExtensionType):
        a: int
        b: int = 3

        def __init__(self):
            self.a = 1

    with pytest.raises(ValueError, match=r"Missing required fields: \{'b'\}"):
        Missing()

    class Extra(tf.experimental.ExtensionType):
        a: int

        def __init__(self):
            self.a, self.q = 1, 2

    with pytest.raises(AttributeError, match="'q' cannot be set: it is not a field"):
        Extra()


def test_specs():
    general = Masked.Spec(tf.TensorSpec([None]), tf.TensorSpec([None], tf.bool), "d")
    m = masked()
    spec = m._type_spec
    assert repr(spec) == (
        "Masked.Spec(values=TensorSpec(shape=(2,), dtype=tf.float32, name=None), "
        "mask=TensorSpec(shape=(2,), dtype=tf.bool, name=None), name='d')"
    )
    assert tf.type_spec_from_value(m) == spec == masked()._type_spec
    assert spec.is_compatible_with(m)
    assert general.is_compatible_with(m)
    assert spec.is_subtype_of(general)
    assert not general.is_subtype_of(spec)
    assert not general.is_compatible_with(masked("e"))
    other = Masked([1.0], [True])._type_spec
    assert spec.most_specific_common_supertype([other]) == general
    assert bool(spec.from_tensors(spec.to_tensors(m)) == m)
    with pytest.raises(TypeError, match="missing a required argument: 'name'"):
        Masked.Spec(tf.TensorSpec([]), tf.TensorSpec([]))
    with pytest.raises(TypeError, match="values: expected a TensorSpec, got 'int'"):
        Masked.Spec(3, tf.TensorSpec([]), "d")
    assert Masked.Spec.__qualname__ == "Masked.Spec"
    assert issubclass(Masked.Spec, tf.experimental.ExtensionTypeSpec)


def test_a_spec_class_of_ones_own():
    spec = Complex([tf.zeros([3]), tf.zeros([3])])._type_spec
    assert spec == Complex.Spec([3])
    assert repr(spec) == "Complex of (3,)"


def test_structures():
    m = masked()
    g = Group(m, (m, m), {"k": m})
    assert [x.shape[0] for x in tf.nest.flatten(g, expand_composites=True)] == [2] * 8
    assert tf.nest.flatten(g)[0] is g
    doubled = tf.nest.map_structure(lambda x: tf.cast(x, tf.int32) * 2, g, expand_composites=True)
    assert doubled.by_name["k"].values.numpy().tolist() == [2, 4]
    assert doubled.several[1].name == "d"
    assert bool(g == Group(m, [m, m], {"k": m}))
    again = pickle.loads(pickle.dumps(g))
    assert bool(again == g)
    assert pickle.loads(pickle.dumps(g._type_spec)) == g._type_spec
    assert bool(copy.deepcopy(m) == m)


def test_functions_trace_once_per_spec():
    traces = []

    @tf.function
    def f(x, scale=1.0):
        traces.append(x.name)
        return Masked(x.values * scale, x.mask, x.name), x.total()

    result, total = f(masked())
    assert result.values.numpy().tolist() == [1.0, 2.0]
    assert float(total) == 1.0
    f(Masked([5.0, 6.0], [True, True]))
    assert traces == ["d"]
    assert f(masked("e"))[0].name == "e"
    assert traces == ["d", "e"]
    concrete = f.get_concrete_function(masked())
    assert [t.name for t in concrete.inputs] == ["x:0", "x_1:0"]
    assert concrete.structured_outputs[0] == masked()._type_spec
    assert float(concrete(masked())[1]) == 1.0


def test_functions_with_unknown_sizes():
    spec = Masked.Spec(tf.TensorSpec([None]), tf.TensorSpec([None], tf.bool), "d")
    longer = Masked([1.0, 2.0, 3.0], [True, False, True])
    relaxed = tf.function(lambda x: x.total(), reduce_retracing=True)
    fixed = tf.function(lambda x: x.total(), input_signature=[spec])
    for f, count in ((relaxed, 2), (fixed, 1)):
        assert [float(f(m)) for m in (masked(), longer, Masked([7.0], [True]))] == [1.0, 4.0, 7.0]
        assert f.experimental_get_tracing_count() == count
    assert fixed.get_concrete_function().structured_input_signature == ((spec,), {})
    with pytest.raises(TypeError, match="input_signature"):
        fixed(masked("e"))
    general = tf.function(lambda x: x.total())
    general.get_concrete_function(spec)
    general(masked())
    assert general.experimental_get_tracing_count() == 1


def test_branches_and_loops():
    other = Masked([3.0, 4.0], [True, True])

    def choose(c):
        return tf.cond(c, masked, lambda: other)

    for f in (choose, tf.function(choose)):
        assert f(tf.constant(False)).values.numpy().tolist() == [3.0, 4.0]
    with pytest.raises(TypeError, match="structure"):
        tf.function(lambda c: tf.cond(c, masked, lambda: masked("other")))(tf.constant(True))

    def loop():
        body = lambda i, x: (i + 1, Masked(x.values * 2.0, x.mask))  # noqa: E731
        return tf.while_loop(lambda i, x: i < 3, body, [0, masked()])[1]

    for f in (loop, tf.function(loop)):
        assert f().values.numpy().tolist() == [8.0, 16.0]

    @tf.function
    def plain_python(x, n):
        for _ in tf.range(n):
            x = Masked(x.values * 2.0, x.mask)
        if n > 2:
            x = Masked(x.values + 1.0, x.mask)
        return x

    assert plain_python(masked(), tf.constant(3)).values.numpy().tolist() == [9.0, 17.0]


def test_gradients_reach_the_fields():
    v = tf.constant([1.0, 2.0])
    with tf.GradientTape() as tape:
        tape.watch(v)
        y = tf.function(lambda x: tf.reduce_sum(x.values**2))(Masked(v * 2.0, [True, True]))
    assert tape.gradient(y, v).numpy().tolist() == [8.0, 16.0]


def test_batches():
    b = Rows([[1, 2], [3, 4]], [5.0, 6.0])
    spec = b._type_spec
    assert spec._batch(3).v.shape == [3, 2, 2]
    assert spec._unbatch() == Rows.Spec(tf.TensorSpec([2], tf.int32), tf.TensorSpec([]))
    double = lambda r: Rows(r.v * 2, r.k + 1.0)  # noqa: E731
    call = lambda rows: tf.map_fn(double, rows, fn_output_signature=spec._unbatch())  # noqa: E731
    for f in (call, tf.function(call)):
        result = f(b)
        assert result.v.numpy().tolist() == [[2, 4], [6, 8]]
        assert result.k.numpy().tolist() == [6.0, 7.0]
    assert tf.vectorized_map(lambda r: r.k * 2.0, b).numpy().tolist() == [10.0, 12.0]
    encoder = Rows.__batch_encoder__
    assert bool(encoder.decode(spec, encoder.encode(spec, b)) == b)
    assert encoder.encoding_specs(spec) == spec.flatten()


def test_reinterpreting():
    m = masked()
    loose = reinterpret(m, AnonymousExtensionType)
    assert loose.name == "d"
    assert float(tf.function(lambda a: tf.reduce_sum(a.values))(loose)) == 3.0
    assert bool(reinterpret(loose, Masked) == m)
    assert bool(loose == reinterpret(masked(), AnonymousExtensionType))
    assert AnonymousExtensionType(x=(1, 2), y={"a": 1})._type_spec is not None
    with pytest.raises(ValueError, match="Missing required fields"):
        reinterpret(AnonymousExtensionType(values=tf.constant([1.0])), Masked)
    with pytest.raises(ValueError, match=r"Got unexpected fields: \{'more'\}"):
        reinterpret(AnonymousExtensionType(v=tf.constant([1.0]), more=1), Checked)
    with pytest.raises(ValueError, match="unsupported"):
        AnonymousExtensionType(x=[1, 2])
    with pytest.raises(AttributeError, match="do not change"):
        loose.name = "e"


def test_a_type_is_no_tensor():
    for call in (tf.convert_to_tensor, tf.shape, lambda x: tf.add(x, 1.0)):
        with pytest.raises(ValueError, match="unsupported type"):
            call(masked())
