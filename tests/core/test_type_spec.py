"""TypeSpec and its kin. Literals were read off TensorFlow 2.21."""

from __future__ import annotations

import copy
from collections import namedtuple

import numpy as np
import pytest

from deras._src.core import dtypes, type_spec
from deras._src.core.dtypes import float32, float64, int32, int64
from deras._src.core.tensor_shape import TensorShape
from deras._src.core.type_spec import (
    IndexedSlicesSpec,
    NoneTensorSpec,
    TensorSpec,
    TypeSpec,
    register_type_spec_from_value,
    type_spec_from_value,
)
from deras._src.util import nest

Fields = namedtuple("Fields", "one two")


class FakeTensor:
    def __init__(self, shape, dtype=float32):
        self.shape = TensorShape(shape)
        self.dtype = dtype


class Box:
    """A composite tensor with one component."""

    def __init__(self, inside, label):
        self.inside, self.label = inside, label

    @property
    def _type_spec(self):
        return BoxSpec(self.label, TensorSpec.from_tensor(self.inside))


class BoxSpec(TypeSpec):
    value_type = property(lambda self: Box)

    def __init__(self, label, inside):
        self.label, self.inside = label, inside

    def _serialize(self):
        return self.label, self.inside

    @property
    def _component_specs(self):
        return [self.inside]

    def _to_components(self, value):
        return [value.inside]

    def _from_components(self, components):
        return Box(components[0], self.label)


def shape(*dims):
    return TensorShape(dims)


# TensorSpec.


def test_construct_and_print():
    text = "TensorSpec(shape=(1, None), dtype=tf.float32, name=None)"
    assert repr(TensorSpec([1, None])) == str(TensorSpec([1, None])) == text
    text = "TensorSpec(shape=<unknown>, dtype=tf.int32, name='x')"
    assert repr(TensorSpec(None, int32, "x")) == text
    assert TensorSpec(3, "float64").shape == [3]
    assert TensorSpec(3, "float64").dtype is float64


def test_equality():
    assert TensorSpec([1], name="a") == TensorSpec([1], name="a")
    assert TensorSpec([1], name="a") != TensorSpec([1], name="b")
    assert TensorSpec([1]) != TensorSpec([None])
    assert TensorSpec([1]) != 3
    assert hash(TensorSpec([1], name="a")) == hash(TensorSpec([1], name="b"))
    assert TensorSpec([]) == TensorSpec(())


def test_from():
    spec = TensorSpec([1], name="z")
    assert TensorSpec.from_spec(spec) == spec
    assert TensorSpec.from_spec(spec, "y").name == "y"
    assert TensorSpec.from_tensor(FakeTensor([1], int32)) == TensorSpec([1], int32)
    assert TensorSpec.from_tensor(FakeTensor([1]), name="q") == TensorSpec([1], name="q")
    for value in (3, np.zeros(3), spec):
        with pytest.raises(ValueError, match="a tensor is wanted"):
            TensorSpec.from_tensor(value)


def test_compatible():
    some = TensorSpec([None])
    assert some.is_compatible_with(TensorSpec([1]))
    assert TensorSpec([1]).is_compatible_with(some)
    assert some.is_compatible_with(FakeTensor([1]))
    assert not some.is_compatible_with(FakeTensor([1], int32))
    assert not TensorSpec([2]).is_compatible_with(FakeTensor([3]))
    for value in (np.zeros(2, "f"), [1.0, 2.0], "abc", None, BoxSpec("a", some)):
        assert not some.is_compatible_with(value)


def test_subtype():
    two = TensorSpec([2])
    assert two.is_subtype_of(TensorSpec([None]))
    assert not TensorSpec([None]).is_subtype_of(two)
    assert two.is_subtype_of(TensorSpec([2], name="b"))
    assert not TensorSpec([2], name="a").is_subtype_of(TensorSpec([2], name="b"))
    assert not TensorSpec([2], name="a").is_subtype_of(two)
    assert not two.is_subtype_of(TensorSpec([2], int32))
    assert not two.is_subtype_of("a")


def test_supertype():
    two, a = TensorSpec([2]), TensorSpec([2], name="a")
    assert two.most_specific_common_supertype([TensorSpec([3])]) == TensorSpec([None])
    assert two.most_specific_common_supertype([TensorSpec([3, 4])]) == TensorSpec(None)
    assert two.most_specific_common_supertype([]) == two
    named = TensorSpec([None], name="a")
    assert a.most_specific_common_supertype([TensorSpec([3], name="a")]) == named
    for other in (TensorSpec([2], name="b"), two, TensorSpec([2], int32, "a"), 3):
        assert a.most_specific_common_supertype([other]) is None
    assert two.most_specific_compatible_type(TensorSpec([3])) == TensorSpec([None])
    with pytest.raises(ValueError, match="no spec is compatible with both TensorSpec"):
        two.most_specific_compatible_type(TensorSpec([3], int32))


def test_batches():
    assert TensorSpec([2])._batch(5) == TensorSpec([5, 2])
    assert TensorSpec([2])._batch(None) == TensorSpec([None, 2])
    assert TensorSpec(None)._batch(3) == TensorSpec(None)
    assert TensorSpec([2])._unbatch() == TensorSpec([])
    assert TensorSpec(None)._unbatch() == TensorSpec(None)
    with pytest.raises(ValueError, match="no batch dim"):
        TensorSpec([])._unbatch()


def test_tensors():
    tensor = FakeTensor([2])
    spec = TensorSpec([2], name="a")
    assert spec.to_tensors(tensor) == [tensor]
    assert spec.from_tensors([tensor, 5]) is tensor
    assert spec.flatten() == [spec]
    assert spec._without_tensor_names() == TensorSpec([2])
    assert nest.flatten([spec], expand_composites=True) == [spec]
    with pytest.raises(TypeError, match="a tensor is wanted, not int"):
        spec.to_tensors(3)


@pytest.mark.parametrize(
    "spec",
    [
        TensorSpec([1, None], int32, "a"),
        IndexedSlicesSpec([3, 4], dense_shape_dtype=int32),
        NoneTensorSpec(),
        BoxSpec("a", TensorSpec([1])),
    ],
)
def test_copies(spec):
    rebuild, arguments = spec.__reduce__()
    assert rebuild(*arguments) == copy.deepcopy(spec) == spec
    assert hash(copy.deepcopy(spec)) == hash(spec)


# A spec of one's own.


def test_own_spec():
    box = Box(FakeTensor([2]), "a")
    spec = type_spec_from_value(box)
    assert spec == BoxSpec("a", TensorSpec([2]))
    assert spec != BoxSpec("b", TensorSpec([2]))
    assert repr(spec) == "BoxSpec('a', TensorSpec(shape=(2,), dtype=tf.float32, name=None))"
    assert spec.flatten() == [TensorSpec([2])]
    assert spec.to_tensors(box) == [box.inside]
    assert spec.from_tensors([box.inside]).inside is box.inside
    assert nest.flatten(box, expand_composites=True) == [box.inside]
    assert spec.is_compatible_with(box)
    assert BoxSpec("a", TensorSpec([2], name="x"))._without_tensor_names() == spec


@pytest.mark.parametrize(
    ("one", "two", "above"),
    [
        (shape(2), shape(3), shape(None)),
        (TensorSpec([2]), TensorSpec([3]), TensorSpec([None])),
        ({"k": shape(2)}, {"k": shape(3)}, {"k": shape(None)}),
        ((1, [shape(2)]), (1, [shape(3)]), (1, [shape(None)])),
        (Fields(1, shape(2)), Fields(1, shape(3)), Fields(1, shape(None))),
    ],
)
def test_own_spec_supertypes(one, two, above):
    result = BoxSpec("a", one).most_specific_common_supertype([BoxSpec("a", two)])
    assert result == BoxSpec("a", above)
    assert type(result.inside) is type(above)
    for below in (one, two):
        assert BoxSpec("a", below).is_subtype_of(BoxSpec("a", above))
        assert not BoxSpec("a", above).is_subtype_of(BoxSpec("a", below))
        assert BoxSpec("a", above).is_compatible_with(BoxSpec("a", below))
    assert BoxSpec("a", one).most_specific_common_supertype([BoxSpec("b", one)]) is None
    assert not BoxSpec("a", one).is_compatible_with(BoxSpec("b", one))


@pytest.mark.parametrize(("one", "two"), [([1], [1, 2]), ({"a": 1}, {"b": 1}), ((1,), [1])])
def test_own_spec_without_supertype(one, two):
    a, b = BoxSpec("a", one), BoxSpec("a", two)
    assert a.most_specific_common_supertype([b]) is None
    assert not a.is_compatible_with(b)
    assert not a.is_subtype_of(b)
    assert a.most_specific_common_supertype([3]) is None
    assert not a.is_subtype_of(3)
    assert not a.is_compatible_with(object())


def test_hash_of_nested_serialization():
    one, two = (BoxSpec([1, {"k": np.zeros(2)}], {"a": [2]}) for _ in range(2))
    assert one == two
    assert hash(one) == hash(two)


def test_base_class_names_what_is_missing():
    spec = TypeSpec()
    for name in ("value_type", "_component_specs"):
        with pytest.raises(NotImplementedError, match=f"{name} is not defined"):
            getattr(spec, name)
    for call in (spec._serialize, lambda: spec._to_components(1), lambda: spec._from_components(1)):
        with pytest.raises(NotImplementedError, match="is not defined"):
            call()


# IndexedSlicesSpec, NoneTensorSpec.


def test_indexed_slices_spec():
    assert repr(IndexedSlicesSpec()) == (
        "IndexedSlicesSpec(TensorShape(None), tf.float32, tf.int64, None, TensorShape([None]))"
    )
    spec = IndexedSlicesSpec([1, 2])
    assert spec.flatten() == [TensorSpec([None, 2]), TensorSpec([None], int64)]
    dense = IndexedSlicesSpec(dense_shape_dtype=int32)
    assert dense.flatten()[2] == TensorSpec([None], int32)
    assert spec.is_compatible_with(IndexedSlicesSpec([None, 2]))
    assert spec.is_subtype_of(IndexedSlicesSpec([None, 2]))
    merged = spec.most_specific_compatible_type(IndexedSlicesSpec([3, 2]))
    assert merged == IndexedSlicesSpec([None, 2])


def test_indexed_slices_components(monkeypatch):
    slices = namedtuple("slices", "values indices dense_shape", defaults=[None])
    monkeypatch.setattr(IndexedSlicesSpec, "_value_class", None)
    type_spec.bind_value_type(IndexedSlicesSpec, slices)
    spec = IndexedSlicesSpec()
    assert spec.value_type is slices
    for value in (slices(1, 2), slices(1, 2, 3)):
        assert spec._from_components(spec._to_components(value)) == value


def test_none_spec():
    spec = NoneTensorSpec()
    assert spec == NoneTensorSpec.from_value(None) == type_spec_from_value(None)
    assert repr(spec) == "NoneTensorSpec()"
    assert spec.is_compatible_with(None)
    assert not spec.is_compatible_with(3)
    assert spec.flatten() == spec.to_tensors(None) == []
    assert spec.from_tensors([]) is None
    with pytest.raises(ValueError, match="no spec is compatible"):
        spec.most_specific_compatible_type(TensorSpec([1]))


# type_spec_from_value.


@pytest.mark.parametrize(
    ("value", "dims", "dtype"),
    [
        (FakeTensor([2], float64), [2], "float64"),
        (np.zeros((2, 3)), [2, 3], "float64"),
        (np.float16(1), [], "float16"),
        (np.array(["a"]), [1], "string"),
        (3, [], "int32"),
        (3.5, [], "float32"),
        (True, [], "bool"),
        (1 + 2j, [], "complex128"),
        ("a", [], "string"),
        (b"a", [], "string"),
        ([1, 2], [2], "int32"),
        ((1, 2), [2], "int32"),
        ([2**40], [1], "int64"),
        ([1, 2.5], [2], "float32"),
        ([2**40, 1.5], [2], "float32"),
        ([1j, 1], [2], "complex128"),
        (["a", b"b"], [2], "string"),
        ([], [0], "float32"),
        ([[], []], [2, 0], "float32"),
        (range(3), [3], "int32"),
        (TensorShape([1]), [1], "int32"),
        ([np.zeros(3), np.zeros(3)], [2, 3], "float64"),
        ([[1, 2], np.zeros(2, "i8")], [2, 2], "int32"),
        ([np.int64(1)], [1], "int32"),
        ([np.float64(1), np.float32(1)], [2], "float64"),
        ([1.0, np.float64(1)], [2], "float32"),
        ([np.float16(1), 1], [2], "float16"),
        ([1, np.float16(1)], [2], "float32"),
        ([np.bool_(True), True], [2], "bool"),
        ([FakeTensor([], int64), 2], [2], "int64"),
    ],
)
def test_from_value(value, dims, dtype):
    assert type_spec_from_value(value) == TensorSpec(dims, dtype)


@pytest.mark.parametrize(
    "value",
    [
        [1, "a"],
        [[1], [2, 3]],
        [True, 1],
        [1, True],
        [1, None],
        [1, 1j],
        2**70,
        {"a": 1},
        [{"a": 1}],
        object(),
        np.datetime64("2020"),
        [np.datetime64("2020")],
        TensorSpec([1]),
        dtypes.float32,
    ],
)
def test_from_value_refuses(value):
    with pytest.raises(TypeError, match="there is no spec for a value of type"):
        type_spec_from_value(value)


def test_registered(monkeypatch):
    class Mine:
        pass

    class Narrower(Mine):
        pass

    monkeypatch.setattr(type_spec, "_spec_makers", {})
    register_type_spec_from_value(Mine, lambda value: TensorSpec([7]))
    assert type_spec_from_value(Narrower()) == TensorSpec([7])
