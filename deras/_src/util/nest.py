"""Nested structures: lists, tuples, dicts and their kin, whose leaves are anything else.

Rules are TensorFlow's. Nested are: sequences except str and bytes, mappings, views of mappings,
attrs classes, and dataclasses with `__tf_flatten__` and `__tf_unflatten__`. All else is a leaf:
None, sets, generators, NumPy arrays, tensors. Mappings are flattened in the order of their sorted
keys and packed back in their own order.

Composite tensors (ragged, sparse, ...) are leaves, unless `expand_composites` asks for the tensors
they are made of. A class is composite if it has an attribute `_type_spec`: a spec with the methods
`_to_components(value)` and `_from_components(components)`. The specs themselves are expanded into
`_component_specs` if their class says `_expands_in_nest = True`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import (
    Callable,
    Iterable,
    Iterator,
    Mapping,
    MappingView,
    MutableMapping,
    Sequence,
)
from typing import Any, Final

from deras._src.util.export import export

# What a type is to this module. LEAF is 0, so that `if kind:` asks "nested?".
_LEAF: Final = 0
_LIST: Final = 1  # list and its subclasses
_SEQUENCE: Final = 2  # tuple, deque, range, ...
_NAMEDTUPLE: Final = 3
_MAPPING: Final = 4
_VIEW: Final = 5
_ATTRS: Final = 6
_DATACLASS: Final = 7
_PROXY: Final = 8  # poses as another type through __class__, as wrapt.ObjectProxy does
_COMPOSITE: Final = -1  # leaves, but with expand_composites
_SPEC: Final = -2

_kinds: dict[type, int] = {
    int: _LEAF,
    float: _LEAF,
    str: _LEAF,
    bytes: _LEAF,
    type(None): _LEAF,
    list: _LIST,
    tuple: _SEQUENCE,
    dict: _MAPPING,
}
# Bounds programs that make classes without end.
_MOST_TYPES = 10_000


def _classify(cls: type, value: Any) -> int:
    if len(_kinds) >= _MOST_TYPES:
        _kinds.clear()
    if value.__class__ is not cls and hasattr(value, "__wrapped__"):
        kind = _PROXY
    elif issubclass(cls, (str, bytes)):
        kind = _LEAF
    elif issubclass(cls, list):
        kind = _LIST
    elif issubclass(cls, tuple):
        fields = getattr(cls, "_fields", None)
        named = isinstance(fields, tuple) and all(isinstance(name, str) for name in fields)
        kind = _NAMEDTUPLE if named else _SEQUENCE
    elif issubclass(cls, Mapping):
        kind = _MAPPING
    elif issubclass(cls, MappingView):
        kind = _VIEW
    elif issubclass(cls, Sequence):
        kind = _SEQUENCE
    elif hasattr(cls, "__attrs_attrs__"):
        kind = _ATTRS
    elif hasattr(cls, "__dataclass_fields__") and hasattr(cls, "__tf_flatten__"):
        kind = _DATACLASS
    elif getattr(cls, "_expands_in_nest", False):
        kind = _SPEC
    elif hasattr(cls, "_type_spec"):
        kind = _COMPOSITE
    else:
        kind = _LEAF
    _kinds[cls] = kind
    return kind


def _kind(value: Any, expand: bool) -> int:
    """The kind of a value; 0 if it is a leaf."""
    cls = type(value)
    kind = _kinds.get(cls)
    if kind is None:
        kind = _classify(cls, value)
    if kind == _PROXY and not _kind(value.__wrapped__, expand):
        return _LEAF
    return kind if kind > 0 or expand else _LEAF


def _sorted_keys(mapping: Mapping[Any, Any]) -> list[Any]:
    try:
        return sorted(mapping)
    except TypeError:
        kinds = sorted({type(key).__name__ for key in mapping})
        raise TypeError(
            "tf.nest: the keys of a dict must be sortable, since their order is the order of its "
            f"leaves; these keys are of types {', '.join(kinds)}."
        ) from None


def _children(value: Any, kind: int) -> Iterable[Any]:
    """The values one level down, in flattening order."""
    if kind == _MAPPING:
        return [value[key] for key in _sorted_keys(value)]
    if kind == _ATTRS:
        return [getattr(value, field.name) for field in type(value).__attrs_attrs__]
    if kind == _DATACLASS:
        return value.__tf_flatten__()[1]
    if kind == _PROXY:
        return _children(value.__wrapped__, _kind(value.__wrapped__, True))
    if kind == _COMPOSITE:
        return (value._type_spec._to_components(value),)
    if kind == _SPEC:
        return (value._component_specs,)
    return value


def _keys(value: Any, kind: int) -> Iterable[Any]:
    """What leads to each of `_children`, in the same order."""
    if kind == _MAPPING:
        return _sorted_keys(value)
    if kind == _NAMEDTUPLE:
        return value._fields
    if kind == _ATTRS:
        return [field.name for field in type(value).__attrs_attrs__]
    if kind == _PROXY:
        return _keys(value.__wrapped__, _kind(value.__wrapped__, True))
    if kind == _COMPOSITE:
        return (type(value).__name__,)
    if kind == _SPEC:
        return (value.value_type.__name__,)
    return range(len(tuple(_children(value, kind))))


def _rebuild(like: Any, kind: int, children: list[Any]) -> Any:
    """A structure of the type and keys of `like`, with these children (in flattening order)."""
    cls = type(like)
    if cls is list or kind == _VIEW or cls is range:
        return children
    if cls is tuple:
        return tuple(children)
    if kind == _MAPPING:
        return _rebuild_mapping(like, dict(zip(_sorted_keys(like), children, strict=True)))
    if kind in (_NAMEDTUPLE, _ATTRS):
        return cls(*children)
    if kind == _DATACLASS:
        return cls.__tf_unflatten__(like.__tf_flatten__()[0], tuple(children))
    if kind == _PROXY:
        return cls(_rebuild(like.__wrapped__, _kind(like.__wrapped__, True), children))
    if kind == _COMPOSITE:
        return like._type_spec._from_components(children[0])
    if kind == _SPEC:
        return like._from_components(children[0])
    return cls(children)


def _rebuild_mapping(like: Mapping[Any, Any], values: dict[Any, Any]) -> Any:
    cls = type(like)
    if cls is dict:
        return {key: values[key] for key in like}
    try:
        if not isinstance(like, MutableMapping):
            return cls((key, values[key]) for key in like)  # type: ignore[call-arg]
        result: Any
        if isinstance(like, defaultdict):
            result = defaultdict(like.default_factory)
        else:
            result = cls()
    except TypeError as error:
        raise TypeError(
            f"tf.nest: cannot make another {cls.__name__}: {error}. A mapping must be callable "
            "with no argument if it is mutable, else with an iterable of (key, value) pairs."
        ) from error
    for key in like:
        result[key] = values[key]
    return result


def _flatten_into(leaves: list[Any], children: Iterable[Any], expand: bool) -> None:
    append = leaves.append
    kinds = _kinds
    for child in children:
        # The inner loop of everything here: leaves, lists, tuples and dicts of known types take no
        # call but their own.
        kind = kinds.get(type(child))
        if kind is None:
            kind = _kind(child, expand)
        if kind == _LEAF:
            append(child)
        elif _LEAF < kind <= _SEQUENCE:
            _flatten_into(leaves, child, expand)
        elif kind == _MAPPING:
            _flatten_into(leaves, [child[key] for key in _sorted_keys(child)], expand)
        elif kind := _kind(child, expand):  # composites and proxies depend on more than the type
            _flatten_into(leaves, _children(child, kind), expand)
        else:
            append(child)


@export("nest.flatten")
def flatten(structure: Any, expand_composites: bool = False) -> list[Any]:
    """The leaves of a structure, in one list.

    Args:
      structure: A nested structure, or a leaf.
      expand_composites: Whether ragged, sparse and other composite tensors are taken apart into the
        tensors they are made of.
    Returns:
      List of the leaves; values of dicts in the order of their sorted keys.
    Raises:
      TypeError: a dict has keys that cannot be sorted.

    >>> tf.nest.flatten([1, (2, [3]), {"b": 5, "a": 4}])
    [1, 2, 3, 4, 5]
    """
    leaves: list[Any] = []
    _flatten_into(leaves, (structure,), expand_composites)
    return leaves


@export("nest.is_nested")
def is_nested(seq: Any) -> bool:
    """True if `seq` is a structure that `flatten` would take apart, even an empty one.

    >>> tf.nest.is_nested([]), tf.nest.is_nested("text"), tf.nest.is_nested(None)
    (True, False, False)
    """
    return _kind(seq, False) != _LEAF


def is_nested_or_composite(value: Any) -> bool:
    """True if `flatten` with `expand_composites` would take `value` apart."""
    return _kind(value, True) != _LEAF


def _pack(like: Any, leaves: Iterator[Any], expand: bool) -> Any:
    kind = _kind(like, expand)
    if not kind:
        return next(leaves)
    children = [_pack(child, leaves, expand) for child in _children(like, kind)]
    return _rebuild(like, kind, children)


@export("nest.pack_sequence_as")
def pack_sequence_as(structure: Any, flat_sequence: Any, expand_composites: bool = False) -> Any:
    """The inverse of `flatten`: leaves put into a structure.

    Args:
      structure: What gives the form; its leaves do not matter.
      flat_sequence: List or tuple of the new leaves.
      expand_composites: Whether composite tensors in `structure` are made anew from components.
    Returns:
      A structure of the types and keys of `structure`, with the leaves of `flat_sequence`.
    Raises:
      ValueError: the number of leaves is not that of `structure`.
      TypeError: `flat_sequence` is not a sequence.

    >>> tf.nest.pack_sequence_as({"b": 0, "a": (0, 0)}, [1, 2, 3])
    {'b': 3, 'a': (1, 2)}
    """
    if not is_nested(flat_sequence) or isinstance(flat_sequence, Mapping):
        raise TypeError(
            "tf.nest.pack_sequence_as: flat_sequence must be a list or tuple of leaves, not "
            f"{type(flat_sequence).__name__}."
        )
    given = list(flat_sequence)
    wanted = len(flatten(structure, expand_composites))
    if len(given) != wanted:
        raise ValueError(
            f"tf.nest.pack_sequence_as: structure has {wanted} leaves and flat_sequence "
            f"{len(given)}.\n  structure: {_outline(structure, expand_composites)}"
        )
    return _pack(structure, iter(given), expand_composites)


@export("nest.map_structure")
def map_structure(func: Callable[..., Any], *structure: Any, **kwargs: Any) -> Any:
    """A structure of the results of `func` on the leaves of one or more structures.

    Args:
      func: Called with one leaf of each structure, in the order of `flatten`.
      *structure: One or more structures of the same form.
      check_types: Whether the structures must also agree in types (list or tuple, dict keys, ...).
        By keyword. Default True.
      expand_composites: Whether composite tensors are taken apart. By keyword. Default False.
    Returns:
      A structure of the form and types of the first.
    Raises:
      TypeError: `func` cannot be called, or types of the structures differ.
      ValueError: the structures differ in form, or there is none.

    >>> tf.nest.map_structure(lambda x, y: x + y, {"a": [1, 2]}, {"a": [10, 20]})
    {'a': [11, 22]}
    """
    if not callable(func):
        raise TypeError(f"tf.nest.map_structure: func must be callable; got {func!r}.")
    if not structure:
        raise ValueError("tf.nest.map_structure: at least one structure is needed.")
    check_types, expand = True, False
    if kwargs:
        check_types = kwargs.pop("check_types", True)
        expand = kwargs.pop("expand_composites", False)
        _refuse_keywords("map_structure", kwargs)
    first = structure[0]
    if len(structure) == 1:
        return _map(func, first, expand)
    for other in structure[1:]:
        assert_same_structure(first, other, check_types, expand)
    columns = [flatten(one, expand) for one in structure]
    return _pack(first, iter([func(*leaves) for leaves in zip(*columns, strict=True)]), expand)


def _map(func: Callable[[Any], Any], value: Any, expand: bool) -> Any:
    kind = _kind(value, expand)
    if not kind:
        return func(value)
    children = [_map(func, child, expand) for child in _children(value, kind)]
    return _rebuild(value, kind, children)


def _refuse_keywords(name: str, kwargs: dict[str, Any]) -> None:
    if kwargs:
        raise ValueError(
            f"tf.nest.{name}: the keywords are check_types and expand_composites; got "
            f"{', '.join(kwargs)}."
        )


# Comparing.


@export("nest.assert_same_structure")
def assert_same_structure(
    nest1: Any, nest2: Any, check_types: bool = True, expand_composites: bool = False
) -> None:
    """Raises if two structures differ in form.

    Args:
      nest1: A structure.
      nest2: A structure.
      check_types: Whether types must agree as well. All lists count as one type, so do all mappings
        (which must then have the same keys) and namedtuples of the same name and fields.
      expand_composites: Whether composite tensors are taken apart and compared, too.
    Raises:
      ValueError: the structures are not nested in the same way, or the keys of two dicts differ.
      TypeError: the types of two substructures differ.

    >>> tf.nest.assert_same_structure([1, (2,)], [3, (4,)])
    >>> tf.nest.assert_same_structure([1, (2,)], [3, 4])  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ValueError: tf.nest: the two structures don't have the same nested structure: at [1], ...
    """
    fault = _difference(nest1, nest2, check_types, expand_composites, ())
    if fault is None:
        return
    cls, path, reason = fault
    place = "".join(f"[{key!r}]" for key in path)
    where = f"at {place}, " if place else ""
    raise cls(
        "tf.nest: the two structures don't have the same nested structure: "
        f"{where}{reason}\n"
        f"  first: {_outline(nest1, expand_composites)}\n"
        f"  second: {_outline(nest2, expand_composites)}"
    )


_Fault = tuple[type[Exception], tuple[Any, ...], str]


def _difference(
    one: Any, two: Any, check_types: bool, expand: bool, path: tuple[Any, ...]
) -> _Fault | None:
    kind_one, kind_two = _kind(one, expand), _kind(two, expand)
    if bool(kind_one) != bool(kind_two):
        reason = f"the first has {_noun(one, expand)}, the second {_noun(two, expand)}."
        return ValueError, path, reason
    if not kind_one:
        return None
    if kind_one < 0 or kind_two < 0:
        return _difference_of_composites(one, two, kind_one, kind_two, path)
    if check_types:
        if not _same_type(one, two):
            names = type(one).__name__, type(two).__name__
            return TypeError, path, "the first is of type {}, the second of {}.".format(*names)
        if isinstance(one, Mapping) and set(one) != set(two):
            reason = f"the keys are {list(one)} in the first, {list(two)} in the second."
            return ValueError, path, reason
    below_one, below_two = list(_children(one, kind_one)), list(_children(two, kind_two))
    if len(below_one) != len(below_two):
        reason = f"the first has {len(below_one)} elements, the second {len(below_two)}."
        return ValueError, path, reason
    for index, (child_one, child_two) in enumerate(zip(below_one, below_two, strict=True)):
        fault = _difference(child_one, child_two, check_types, expand, path)
        if fault is not None:
            # The path is worked out on the way back from a fault, so that equal structures pay
            # nothing for it.
            cls, rest, reason = fault
            return cls, (list(_keys(one, kind_one))[index], *rest), reason
    return None


def _difference_of_composites(
    one: Any, two: Any, kind_one: int, kind_two: int, path: tuple[Any, ...]
) -> _Fault | None:
    if kind_one > 0 or kind_two > 0:
        return ValueError, path, f"the first has {_noun(one, True)}, the second {_noun(two, True)}."
    spec_one = one if kind_one == _SPEC else one._type_spec
    spec_two = two if kind_two == _SPEC else two._type_spec
    if spec_one.most_specific_common_supertype([spec_two]) is None:
        return ValueError, path, f"{spec_one} and {spec_two} are not compatible."
    return None


def _same_type(one: Any, two: Any) -> bool:
    one, two = _unwrap(one), _unwrap(two)
    if type(one) is type(two):
        return True
    if isinstance(one, list) and isinstance(two, list):
        return True
    if isinstance(one, Mapping) and isinstance(two, Mapping):
        return True
    return same_namedtuples(one, two)


def same_namedtuples(one: Any, two: Any) -> bool:
    """True for two namedtuples whose types have the same name and fields."""
    return (
        _kind(one, False) == _NAMEDTUPLE
        and _kind(two, False) == _NAMEDTUPLE
        and type(one).__name__ == type(two).__name__
        and one._fields == two._fields
    )


def _unwrap(value: Any) -> Any:
    return value.__wrapped__ if _kinds.get(type(value)) == _PROXY else value


def _noun(value: Any, expand: bool) -> str:
    kind = _kind(value, expand)
    name = type(value).__name__
    return f"a {name} of {len(list(_children(value, kind)))}" if kind > 0 else f"one {name}"


def _outline(value: Any, expand: bool, room: int = 200) -> str:
    """The form of a structure, with a dot for each leaf, cut at `room` characters."""
    text = _dots(value, expand)
    return text if len(text) <= room else text[: room - 3] + "..."


def _dots(value: Any, expand: bool) -> str:
    kind = _kind(value, expand)
    if not kind:
        return "."
    if kind < 0:
        return type(value).__name__
    parts = [_dots(child, expand) for child in _children(value, kind)]
    if kind == _MAPPING:
        parts = [f"{key!r}: {part}" for key, part in zip(_sorted_keys(value), parts, strict=True)]
        return "{" + ", ".join(parts) + "}"
    if kind in (_NAMEDTUPLE, _ATTRS):
        pairs = zip(_keys(value, kind), parts, strict=True)
        return f"{type(value).__name__}({', '.join(f'{key}={part}' for key, part in pairs)})"
    if type(value) is tuple:
        return f"({', '.join(parts)}{',' if len(parts) == 1 else ''})"
    inside = f"[{', '.join(parts)}]"
    return inside if kind == _LIST else f"{type(value).__name__}({inside})"


# Paths.


def flatten_with_tuple_paths(
    structure: Any, expand_composites: bool = False
) -> list[tuple[tuple[Any, ...], Any]]:
    """Pairs of each leaf's path, a tuple of keys and indices, and the leaf.

    >>> flatten_with_tuple_paths([1, {"b": 2}])
    [((0,), 1), ((1, 'b'), 2)]
    """
    return list(_walk(structure, expand_composites, ()))


def flatten_with_joined_string_paths(
    structure: Any, separator: str = "/", expand_composites: bool = False
) -> list[tuple[str, Any]]:
    """Pairs of each leaf's path as text, and the leaf.

    >>> flatten_with_joined_string_paths([1, {"b": 2}])
    [('0', 1), ('1/b', 2)]
    """
    return [
        (separator.join(map(str, path)), leaf)
        for path, leaf in _walk(structure, expand_composites, ())
    ]


def yield_flattened_paths(
    structure: Any, expand_composites: bool = False
) -> Iterator[tuple[Any, ...]]:
    """The path of each leaf, in the order of `flatten`."""
    for path, _ in _walk(structure, expand_composites, ()):
        yield path


def _walk(value: Any, expand: bool, path: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], Any]]:
    kind = _kind(value, expand)
    if not kind:
        yield path, value
        return
    for key, child in zip(_keys(value, kind), _children(value, kind), strict=True):
        yield from _walk(child, expand, (*path, key))


# Down to the leaves of a shallow structure, and no further.


def assert_shallow_structure(
    shallow_tree: Any, input_tree: Any, check_types: bool = True, expand_composites: bool = False
) -> None:
    """Raises if `input_tree` does not have the form of `shallow_tree` down to the latter's leaves.

    Raises:
      TypeError: types differ, or the input has a leaf where the shallow tree is nested.
      ValueError: lengths or keys differ.
    """
    for _ in _walk_up_to(shallow_tree, input_tree, check_types, expand_composites, ()):
        pass


def flatten_up_to(
    shallow_tree: Any, input_tree: Any, check_types: bool = True, expand_composites: bool = False
) -> list[Any]:
    """The parts of `input_tree` that stand where `shallow_tree` has its leaves.

    >>> flatten_up_to([0, [0]], [[1, 2], [{"a": 3}]])
    [[1, 2], {'a': 3}]
    """
    walk = _walk_up_to(shallow_tree, input_tree, check_types, expand_composites, ())
    return [part for _, part in walk]


def flatten_with_tuple_paths_up_to(
    shallow_tree: Any, input_tree: Any, check_types: bool = True, expand_composites: bool = False
) -> list[tuple[tuple[Any, ...], Any]]:
    """As `flatten_up_to`, with each part's path before it."""
    return list(_walk_up_to(shallow_tree, input_tree, check_types, expand_composites, ()))


def _walk_up_to(
    shallow: Any, value: Any, check_types: bool, expand: bool, path: tuple[Any, ...]
) -> Iterator[tuple[tuple[Any, ...], Any]]:
    kind = _kind(shallow, expand)
    if not kind:
        yield path, value
        return
    place = f"at {''.join(f'[{key!r}]' for key in path)}, " if path else ""
    value_kind = _kind(value, expand)
    if not value_kind:
        raise TypeError(
            f"tf.nest: {place}the shallow structure has {_noun(shallow, expand)}, so the input "
            f"must be nested, too; it has {_noun(value, expand)}."
        )
    fits = not check_types or isinstance(value, type(shallow)) or _same_type(shallow, value)
    if not fits and not (kind < 0 and value_kind < 0):
        raise TypeError(
            f"tf.nest: {place}the shallow structure is of type {type(shallow).__name__}, the input "
            f"of {type(value).__name__}."
        )
    below, input_below = list(_children(shallow, kind)), list(_children(value, value_kind))
    if len(below) != len(input_below):
        raise ValueError(
            f"tf.nest: {place}the shallow structure has {len(below)} elements, the input "
            f"{len(input_below)}."
        )
    keys = list(_keys(shallow, kind))
    if kind == _MAPPING and check_types and set(keys) != set(value):
        missing = [key for key in keys if key not in value]
        raise ValueError(
            f"tf.nest: {place}the input lacks keys of the shallow structure: {missing}."
        )
    for key, child, part in zip(keys, below, input_below, strict=True):
        yield from _walk_up_to(child, part, check_types, expand, (*path, key))


def map_structure_up_to(
    shallow_tree: Any, func: Callable[..., Any], *inputs: Any, **kwargs: Any
) -> Any:
    """Maps `func` over the parts of `inputs` that stand at the leaves of `shallow_tree`.

    >>> map_structure_up_to([0, 0], lambda x, y: (x, y), [[1], 2], [3, 4])
    [([1], 3), (2, 4)]
    """
    return map_structure_with_tuple_paths_up_to(
        shallow_tree, lambda _, *parts: func(*parts), *inputs, **kwargs
    )


def map_structure_with_tuple_paths_up_to(
    shallow_tree: Any, func: Callable[..., Any], *inputs: Any, **kwargs: Any
) -> Any:
    """As `map_structure_up_to`, where `func` gets the path, a tuple, before the parts."""
    if not inputs:
        raise ValueError("tf.nest: at least one structure is needed to map over.")
    check_types = kwargs.pop("check_types", True)
    expand = kwargs.pop("expand_composites", False)
    _refuse_keywords("map_structure_up_to", kwargs)
    columns = [
        flatten_with_tuple_paths_up_to(shallow_tree, one, check_types, expand) for one in inputs
    ]
    results = [func(row[0][0], *[part for _, part in row]) for row in zip(*columns, strict=True)]
    return _pack(shallow_tree, iter(results), expand)


def map_structure_with_tuple_paths(func: Callable[..., Any], *structure: Any, **kwargs: Any) -> Any:
    """As `map_structure`, where `func` gets the leaf's path, a tuple, as its first argument.

    >>> map_structure_with_tuple_paths(lambda path, x: (path, x), {"a": [5]})
    {'a': [(('a', 0), 5)]}
    """
    if not structure:
        raise ValueError("tf.nest: at least one structure is needed to map over.")
    return map_structure_with_tuple_paths_up_to(structure[0], func, *structure, **kwargs)


def map_structure_with_paths(func: Callable[..., Any], *structure: Any, **kwargs: Any) -> Any:
    """As `map_structure`, where `func` gets the leaf's path as text, such as `"a/0"`, first.

    >>> map_structure_with_paths(lambda path, x: (path, x), {"a": [5]})
    {'a': [('a/0', 5)]}
    """
    return map_structure_with_tuple_paths(
        lambda path, *leaves: func("/".join(map(str, path)), *leaves), *structure, **kwargs
    )
