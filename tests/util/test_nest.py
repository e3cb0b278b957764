"""tf.nest. Literals and error classes were read off TensorFlow 2.21."""

from __future__ import annotations

import collections
import dataclasses
import types
from collections import OrderedDict, defaultdict, namedtuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deras._src.util import nest

Point = namedtuple("Point", "x y")
SamePoint = namedtuple("Point", "x y")
Other = namedtuple("Other", "x y")


class MyList(list):
    pass


class MyTuple(tuple):
    __slots__ = ()


class MyDict(dict):
    pass


class FrozenMapping(collections.abc.Mapping):
    def __init__(self, pairs):
        self.held = dict(pairs)

    def __getitem__(self, key):
        return self.held[key]

    def __iter__(self):
        return iter(self.held)

    def __len__(self):
        return len(self.held)


@dataclasses.dataclass
class Data:
    a: object
    b: object
    label: str = "label"

    def __tf_flatten__(self):
        return (self.label,), (self.a, self.b)

    @classmethod
    def __tf_unflatten__(cls, metadata, leaves):
        return cls(*leaves, label=metadata[0])


@dataclasses.dataclass
class PlainData:
    a: int


class Attrs:
    """What attrs makes of a class, as far as nest looks."""

    __attrs_attrs__ = (types.SimpleNamespace(name="y"), types.SimpleNamespace(name="x"))

    def __init__(self, y, x):
        self.y, self.x = y, x


class Proxy:
    """What wrapt.ObjectProxy does, as far as nest looks."""

    def __init__(self, wrapped):
        object.__setattr__(self, "__wrapped__", wrapped)

    @property
    def __class__(self):
        return type(self.__wrapped__)


class PairSpec:
    _expands_in_nest = True
    value_type = property(lambda self: Pair)
    _component_specs = ("first", "second")

    def __init__(self, kind="pair"):
        self.kind = kind

    def _to_components(self, value):
        return value.first, value.second

    def _from_components(self, components):
        return Pair(*components, self.kind)

    def most_specific_common_supertype(self, others):
        return self if all(self.kind == other.kind for other in others) else None


class Pair:
    """A composite tensor."""

    def __init__(self, first, second, kind="pair"):
        self.first, self.second, self.kind = first, second, kind

    @property
    def _type_spec(self):
        return PairSpec(self.kind)


MIXED = {"b": 1, "a": 2}


@pytest.mark.parametrize(
    ("structure", "leaves"),
    [
        (3, [3]),
        (None, [None]),
        ("ab", ["ab"]),
        (b"ab", [b"ab"]),
        ([], []),
        ({}, []),
        ([1, [2, (3,)], {"b": 5, "a": 4}], [1, 2, 3, 4, 5]),
        ({2: "x", 1: "y"}, ["y", "x"]),
        ({(1, 2): 1, (0, 5): 2}, [2, 1]),
        (Point(1, [2]), [1, 2]),
        (OrderedDict([("b", 1), ("a", 2)]), [2, 1]),
        (defaultdict(list, MIXED), [2, 1]),
        (FrozenMapping(MIXED), [2, 1]),
        (types.MappingProxyType(MIXED), [2, 1]),
        (MIXED.keys(), ["b", "a"]),
        (MIXED.values(), [1, 2]),
        (MIXED.items(), ["b", 1, "a", 2]),
        ({1, 2}, [{1, 2}]),
        (range(3), [0, 1, 2]),
        (bytearray(b"ab"), [97, 98]),
        (collections.deque([1, 2]), [1, 2]),
        (collections.UserList([1]), [1]),
        (collections.UserDict({"a": 1}), [1]),
        (MyList([1, 2]), [1, 2]),
        (MyTuple([1, 2]), [1, 2]),
        (Data(1, [2, 3]), [1, 2, 3]),
        (PlainData(1), [PlainData(1)]),
        (Attrs(1, [2, 3]), [1, 2, 3]),
        pytest.param(Proxy([1, (2,)]), [1, 2], id="proxy-list"),
        pytest.param(Proxy(7), None, id="proxy-leaf"),
        (np.float32(1), [np.float32(1)]),
    ],
)
def test_flatten(structure, leaves):
    expected = [structure] if leaves is None else leaves
    assert nest.flatten(structure) == expected
    assert nest.is_nested(structure) == (expected != [structure])


def test_arrays_and_generators_are_leaves():
    array = np.zeros(2)
    generator = (x for x in [1])
    assert nest.flatten([array])[0] is array
    assert nest.flatten(generator) == [generator]
    assert not nest.is_nested(array)


def test_keys_that_cannot_be_sorted():
    with pytest.raises(TypeError, match=r"must be sortable.* int, str"):
        nest.flatten({1: "x", "a": "y"})


@pytest.mark.parametrize(
    ("structure", "flat", "packed"),
    [
        (3, [4], 4),
        ([], [], []),
        ([1, [2, (3,)], {"b": 5, "a": 4}], [1, 2, 3, 4, 5], [1, [2, (3,)], {"b": 5, "a": 4}]),
        ([1, 2], (3, 4), [3, 4]),
        (Point(1, 2), [3, 4], Point(3, 4)),
        (MyTuple([1, 2]), [3, 4], MyTuple([3, 4])),
        (MyList([1, 2]), [3, 4], MyList([3, 4])),
        (MyDict(MIXED), [10, 20], MyDict({"b": 20, "a": 10})),
        (collections.deque([1, 2]), [3, 4], collections.deque([3, 4])),
        (collections.UserList([1, 2]), [3, 4], collections.UserList([3, 4])),
        (MIXED.values(), [3, 4], [3, 4]),
        (MIXED.keys(), [3, 4], [3, 4]),
        (MIXED.items(), [3, 4, 5, 6], [(3, 4), (5, 6)]),
        (range(2), [3, 4], [3, 4]),
        (np.zeros(2), [3], 3),
        (Data(1, [2, 3], "mine"), [3, 4, 5], Data(3, [4, 5], "mine")),
    ],
)
def test_pack(structure, flat, packed):
    result = nest.pack_sequence_as(structure, flat)
    assert result == packed
    assert type(result) is type(packed)


def test_pack_mappings():
    ordered = nest.pack_sequence_as(OrderedDict([("b", 1), ("a", 2)]), [10, 20])
    assert list(ordered.items()) == [("b", 20), ("a", 10)]
    assert list(nest.pack_sequence_as(MIXED, [10, 20])) == ["b", "a"]
    default = nest.pack_sequence_as(defaultdict(list, MIXED), [10, 20])
    assert default == {"b": 20, "a": 10}
    assert default.default_factory is list
    frozen = nest.pack_sequence_as(FrozenMapping(MIXED), [3, 4])
    assert frozen.held == {"b": 4, "a": 3}
    with pytest.raises(TypeError, match="cannot make another mappingproxy"):
        nest.pack_sequence_as(types.MappingProxyType(MIXED), [3, 4])


def test_pack_attrs_and_proxies():
    packed = nest.pack_sequence_as(Attrs(1, [2]), [3, 4])
    assert (type(packed), packed.y, packed.x) == (Attrs, 3, [4])
    packed = nest.pack_sequence_as(Proxy((1, 2)), [3, 4])
    assert (type(packed), packed.__wrapped__) == (Proxy, (3, 4))


@pytest.mark.parametrize(
    ("structure", "flat"), [([1, 2], [3]), ([1, 2], [3, 4, 5]), ([], [1]), (3, [4, 5])]
)
def test_pack_wrong_number(structure, flat):
    with pytest.raises(ValueError, match=rf"has \d leaves and flat_sequence {len(flat)}"):
        nest.pack_sequence_as(structure, flat)


@pytest.mark.parametrize("flat", [4, "ab", np.array([3, 4]), {"a": 1, "b": 2}])
def test_pack_wrong_type(flat):
    with pytest.raises(TypeError, match="must be a list or tuple of leaves"):
        nest.pack_sequence_as([1, 2], flat)


def test_map_structure():
    assert nest.map_structure(lambda x: x + 1, [1, (2, {"a": 3})]) == [2, (3, {"a": 4})]
    assert nest.map_structure(lambda x, y: x + y, [1, 2], [3, 4]) == [4, 6]
    pairs = nest.map_structure(lambda x, y: (x, y), {"b": 1, "a": 2}, {"a": 3, "b": 4})
    assert list(pairs.items()) == [("b", (1, 4)), ("a", (2, 3))]
    assert nest.map_structure(lambda x, y: x + y, [1, 2], (3, 4), check_types=False) == [4, 6]
    mapped = nest.map_structure(lambda x, y: x + y, Point(1, 2), SamePoint(3, 4))
    assert type(mapped) is Point
    assert nest.map_structure(lambda x, y: x + y, Data(1, 2, "first"), Data(3, 4)) == Data(
        4, 6, "first"
    )
    order: list[int] = []
    nest.map_structure(order.append, {"b": 1, "a": [2, 3]})
    assert order == [2, 3, 1]


def test_map_structure_refuses():
    with pytest.raises(TypeError, match="func must be callable; got 3"):
        nest.map_structure(3, [1])
    with pytest.raises(ValueError, match="at least one structure"):
        nest.map_structure(len)
    with pytest.raises(ValueError, match=r"keywords are .* got foo"):
        nest.map_structure(len, [1], foo=3)
    with pytest.raises(TypeError, match="type list, the second of tuple"):
        nest.map_structure(lambda x, y: x, [1], (1,))


SAME = [
    ([1, 2], [3, 4]),
    (1, 2),
    ("a", 2),
    ([None], [3]),
    ({"a": 1}, MyDict({"a": 1})),
    ({"a": 1}, FrozenMapping({"a": 1})),
    ({"a": 1}, types.MappingProxyType({"a": 1})),
    (OrderedDict(a=1), defaultdict(int, {"a": 1})),
    ([1], MyList([1])),
    (Point(1, 2), SamePoint(1, 2)),
    (Proxy([1]), [1]),
    (MIXED.values(), MIXED.values()),
]
DIFFERENT = [
    (ValueError, [1, 2], [3], "the first has 2 elements, the second 1"),
    (ValueError, 1, [3], "one int, the second a list of 1"),
    (ValueError, [1], 3, "a list of 1, the second one int"),
    (ValueError, {"a": 1}, {"b": 1}, "keys are .'a'. in the first, .'b'. in the second"),
    (ValueError, {"a": 1}, {"a": 1, "b": 2}, "the keys are"),
    (ValueError, {"a": 1, "b": [2]}, {"a": 1, "b": 2}, r"at \['b'\], the first has a list"),
    (ValueError, [[1], [2, 3]], [[1, 2], [3]], r"at \[0\], the first has 1 elements"),
    (ValueError, Data(1, 2), Data(1, [2]), r"at \[1\], the first has one int"),
    (ValueError, Point(1, {"k": (2,)}), Point(1, {"k": 2}), r"at \['y'\]\['k'\], "),
    (TypeError, [1, 2], (3, 4), "type list, the second of tuple"),
    (TypeError, (1,), MyTuple([1]), "type tuple, the second of MyTuple"),
    (TypeError, Point(1, 2), Other(1, 2), "type Point, the second of Other"),
    (TypeError, {"a": 1}, [1], "type dict, the second of list"),
    (TypeError, [1], collections.UserList([1]), "type list, the second of UserList"),
]


@pytest.mark.parametrize(("one", "two"), SAME)
def test_same_structure(one, two):
    nest.assert_same_structure(one, two)
    nest.assert_same_structure(two, one)


@pytest.mark.parametrize(("cls", "one", "two", "text"), DIFFERENT)
def test_different_structure(cls, one, two, text):
    with pytest.raises(cls, match=text):
        nest.assert_same_structure(one, two)
    if cls is TypeError:
        nest.assert_same_structure(one, two, check_types=False)


def test_keys_are_types():
    nest.assert_same_structure({"a": 1}, {"b": 1}, check_types=False)


def test_difference_shows_both_outlines():
    with pytest.raises(ValueError, match="same nested structure") as caught:
        nest.assert_same_structure({"a": (1,), "b": Point(1, 2)}, [1] * 100, check_types=False)
    first, second = str(caught.value).splitlines()[1:]
    assert first == "  first: {'a': (.,), 'b': Point(x=., y=.)}"
    assert second.startswith("  second: [., ., ")
    assert second.endswith("...")
    assert len(second) < 220


def test_composites():
    pair = Pair(1, 2)
    assert nest.flatten([pair, 3]) == [pair, 3]
    assert nest.flatten([pair, 3], expand_composites=True) == [1, 2, 3]
    assert nest.flatten(PairSpec(), expand_composites=True) == ["first", "second"]
    assert not nest.is_nested(pair)
    assert nest.is_nested_or_composite(pair)
    (packed,) = nest.pack_sequence_as([pair], [5, 6], expand_composites=True)
    assert (type(packed), packed.first, packed.second) == (Pair, 5, 6)
    packed = nest.pack_sequence_as(PairSpec(), [5, 6], expand_composites=True)
    assert (packed.first, packed.second) == (5, 6)
    doubled = nest.map_structure(lambda x: 2 * x, [pair], expand_composites=True)
    assert (doubled[0].first, doubled[0].second) == (2, 4)
    assert nest.map_structure(lambda x: x, pair) is pair
    assert nest.flatten_with_joined_string_paths([pair], expand_composites=True) == [
        ("0/Pair/0", 1),
        ("0/Pair/1", 2),
    ]


def test_composites_compared():
    nest.assert_same_structure(Pair(1, 2), 3)
    nest.assert_same_structure(Pair(1, 2), Pair(3, 4), expand_composites=True)
    nest.assert_same_structure(Pair(1, 2), PairSpec(), expand_composites=True)
    for other, text in [
        (3, "one int"),
        ([1, 2], "a list of 2"),
        (Pair(1, 2, "other"), "are not compatible"),
    ]:
        with pytest.raises(ValueError, match=text):
            nest.assert_same_structure(Pair(1, 2), other, expand_composites=True)


def test_paths():
    structure = [1, {"b": 2, "a": (3,)}]
    assert nest.flatten_with_tuple_paths(structure) == [
        ((0,), 1),
        ((1, "a", 0), 3),
        ((1, "b"), 2),
    ]
    assert nest.flatten_with_joined_string_paths(structure) == [("0", 1), ("1/a/0", 3), ("1/b", 2)]
    assert nest.flatten_with_joined_string_paths(3) == [("", 3)]
    assert nest.flatten_with_joined_string_paths([Data(1, 2)]) == [("0/0", 1), ("0/1", 2)]
    assert nest.flatten_with_joined_string_paths(Point(1, Attrs(2, 3))) == [
        ("x", 1),
        ("y/y", 2),
        ("y/x", 3),
    ]
    assert list(nest.yield_flattened_paths(structure)) == [(0,), (1, "a", 0), (1, "b")]
    assert nest.flatten_with_tuple_paths(Proxy({"k": 1})) == [(("k",), 1)]


def test_map_with_paths():
    mapped = nest.map_structure_with_paths(lambda p, x: (p, x), {"b": 1, "a": [2]})
    assert mapped == {"b": ("b", 1), "a": [("a/0", 2)]}
    mapped = nest.map_structure_with_tuple_paths(lambda p, x, y: (p, x, y), [1], [2])
    assert mapped == [((0,), 1, 2)]
    with pytest.raises(ValueError, match="has 1 elements, the input 2"):
        nest.map_structure_with_paths(lambda p, x, y: x, [1], [2, 3])
    with pytest.raises(TypeError, match="of type list, the input of tuple"):
        nest.map_structure_with_paths(lambda p, x, y: x, [1], (2,))
    with pytest.raises(ValueError, match="at least one structure"):
        nest.map_structure_with_paths(len)


@pytest.mark.parametrize(
    ("shallow", "value", "parts"),
    [
        ([1, [2]], [[1, 2], [3]], [[1, 2], 3]),
        ([1, 2], [[1, 2], {"a": 3}], [[1, 2], {"a": 3}]),
        (1, [1, 2], [[1, 2]]),
        ([], [], []),
        (Point(1, 2), SamePoint(1, [2]), [1, [2]]),
        ({"a": 1}, OrderedDict(a=[1]), [[1]]),
        (MyList([1]), [1], [1]),
        ([1], MyList([1]), [1]),
    ],
)
def test_flatten_up_to(shallow, value, parts):
    assert nest.flatten_up_to(shallow, value) == parts
    nest.assert_shallow_structure(shallow, value)


@pytest.mark.parametrize(
    ("cls", "shallow", "value", "text"),
    [
        (ValueError, [1, 2], [3], "has 2 elements, the input 1"),
        (ValueError, {"a": 1}, {"b": 1}, "lacks keys of the shallow structure: .'a'."),
        (ValueError, {"a": 1}, {"a": 1, "b": 2}, "has 1 elements, the input 2"),
        (TypeError, [1], (3,), "of type list, the input of tuple"),
        (TypeError, Point(1, 2), Other(1, [2]), "of type Point, the input of Other"),
        (TypeError, [1, [2]], [1, 2], r"at \[1\], .* must be nested, too; it has one int"),
    ],
)
def test_flatten_up_to_refuses(cls, shallow, value, text):
    with pytest.raises(cls, match=text):
        nest.flatten_up_to(shallow, value)


def test_up_to():
    assert nest.flatten_up_to([1], (3,), check_types=False) == [3]
    assert nest.flatten_with_tuple_paths_up_to([1, 2], [[1], 2]) == [((0,), [1]), ((1,), 2)]
    mapped = nest.map_structure_up_to([1, 2], lambda x, y: (x, y), [[1], 2], [3, (4,)])
    assert mapped == [([1], 3), (2, (4,))]
    mapped = nest.map_structure_up_to({"b": 1, "a": 1}, lambda x: x, {"a": [1], "b": (2, 3)})
    assert mapped == {"b": (2, 3), "a": [1]}
    with pytest.raises(ValueError, match="at least one structure"):
        nest.map_structure_up_to([1], len)


# Round trips.

structures = st.recursive(
    st.integers() | st.none() | st.text(max_size=3),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(st.text(max_size=2), inner, max_size=3),
        st.tuples(inner, inner).map(lambda pair: Point(*pair)),
        st.dictionaries(st.integers(), inner, max_size=3).map(OrderedDict),
    ),
    max_leaves=12,
)


@given(structures)
def test_pack_undoes_flatten(structure):
    again = nest.pack_sequence_as(structure, nest.flatten(structure))
    assert again == structure
    assert repr(again) == repr(structure)
    assert nest.map_structure(lambda leaf: leaf, structure) == structure


@given(structures)
def test_paths_lead_to_the_leaves(structure):
    assert [leaf for _, leaf in nest.flatten_with_tuple_paths(structure)] == nest.flatten(structure)
    for path, leaf in nest.flatten_with_tuple_paths(structure):
        place = structure
        for key in path:
            place = getattr(place, key) if isinstance(place, Point) else place[key]
        assert place == leaf


@given(structures)
def test_a_structure_is_like_itself_mapped(structure):
    nest.assert_same_structure(structure, nest.map_structure(lambda _: 0, structure))
    assert nest.flatten_up_to(structure, structure) == nest.flatten(structure)


@given(structures, structures)
def test_same_structure_is_symmetric(one, two):
    def fault(a, b):
        try:
            nest.assert_same_structure(a, b)
        except (TypeError, ValueError) as error:
            return type(error)
        return None

    assert fault(one, two) is fault(two, one)
