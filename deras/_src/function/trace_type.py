"""Trace types: what of an argument is fixed in a trace, and when a trace serves another argument.

`TraceType` is the protocol of the public `tf.types.experimental`. A class of the user's own gives
its values a trace type by the method `__tf_tracing_type__`. `TensorSpec` and the specs of composite
tensors are trace types, too; those of Python values and containers are here.
"""

from __future__ import annotations

import abc
import math
import weakref
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol, Union, runtime_checkable

import numpy as np

from deras._src.core.tensor import Tensor
from deras._src.core.type_spec import TensorSpec, TypeSpec
from deras._src.dispatch.convert import convert
from deras._src.util import nest
from deras._src.util.export import export, export_value

TensorLike = export_value(
    Union[Tensor, int, float, bool, str, bytes, complex, tuple, list, np.ndarray, np.generic],  # noqa: UP007
    "types.experimental.TensorLike",
)


class TracingContext:
    """What `__tf_tracing_type__` is called with."""


class PlaceholderContext:
    """What `placeholder_value` is called with: makes the placeholders of tensors.

    Args:
      graph: The graph being traced, or None where there is none.
      name: Name of the placeholders made.
    """

    def __init__(self, graph: Any = None, name: str = "input") -> None:
        self._graph = graph
        self._name = name
        self.made: list[Any] = []

    def placeholder(self, spec: TensorSpec) -> Any:
        """A new placeholder of the graph."""
        if self._graph is None:
            raise ValueError(
                f"placeholder_value({spec}): a placeholder can be made only while a function is "
                "traced, with the context that is given then."
            )
        tensor = self._graph.placeholder(spec.dtype, spec.shape, spec.name or self._name)
        self.made.append(tensor)
        return tensor


class CastContext:
    """What `cast` is called with: converts values to tensors."""

    def to_tensor(self, value: Any, dtype: Any) -> Any:
        """`value` as a tensor of `dtype`."""
        return convert(value, dtype)


@export("types.experimental.TraceType")
class TraceType(abc.ABC):
    """What is known of an argument while a function is traced; decides which calls share a trace.

    Derive from it for the values of a class of your own, and give it out by the class's method
    `__tf_tracing_type__(self, context)`. A call uses the trace of an equal type, else that of the
    most specific supertype, else a new trace is made.

    >>> class Level(tf.types.experimental.TraceType):
    ...     def __init__(self, name):
    ...         self.name = name
    ...     def is_subtype_of(self, other):
    ...         return self == other
    ...     def most_specific_common_supertype(self, others):
    ...         return self if all(self == other for other in others) else None
    ...     def placeholder_value(self, placeholder_context):
    ...         return Gauge(self.name)
    ...     def __eq__(self, other):
    ...         return isinstance(other, Level) and self.name == other.name
    ...     def __hash__(self):
    ...         return hash(self.name)
    >>> class Gauge:
    ...     def __init__(self, name):
    ...         self.name = name
    ...     def __tf_tracing_type__(self, context):
    ...         return Level(self.name)
    >>> f = tf.function(lambda gauge, x: x + 1)
    >>> _ = f(Gauge("low"), tf.constant(1)), f(Gauge("low"), tf.constant(2))
    >>> f.experimental_get_tracing_count()
    1
    """

    @abc.abstractmethod
    def is_subtype_of(self, other: TraceType) -> bool:
        """Whether every value of this type is one of `other`, too."""

    @abc.abstractmethod
    def most_specific_common_supertype(self, others: Sequence[TraceType]) -> TraceType | None:
        """The narrowest type of which this one and `others` are subtypes; None if none is."""

    @abc.abstractmethod
    def placeholder_value(self, placeholder_context: Any) -> Any:
        """What the Python function gets while it is traced."""

    def to_tensors(self, value: Any) -> list[Any]:
        """The tensors of a value, in the order of `flatten`. Default: none."""
        return []

    def from_tensors(self, tensors: Iterator[Any]) -> Any:
        """The value made of these tensors. Default: the placeholder value."""
        return self.placeholder_value(PlaceholderContext())

    def flatten(self) -> list[Any]:
        """The types of the tensors of a value. Default: none."""
        return []

    def cast(self, value: Any, cast_context: Any) -> Any:
        """`value` as one of this type; TypeError where it is none. Default: must be equal."""
        own = self.placeholder_value(PlaceholderContext())
        if own is not value and own != value:
            raise TypeError(f"Can not cast {value!r} to type {self!r}")
        return value

    @abc.abstractmethod
    def __hash__(self) -> int:
        """Equal types have equal hashes."""

    @abc.abstractmethod
    def __eq__(self, other: object) -> bool:
        """Whether calls with these types share a trace."""


TraceType.register(TypeSpec)


@export("types.experimental.SupportsTracingProtocol")
@runtime_checkable
class SupportsTracingProtocol(Protocol):
    """A class whose values have a trace type of their own.

    >>> isinstance(3, tf.types.experimental.SupportsTracingProtocol)
    False
    """

    def __tf_tracing_type__(self, context: Any) -> TraceType:
        """The trace type of this value."""
        ...


def custom_trace_type(value: Any) -> TraceType | None:
    """The trace type that a value's class gives it; None where the class gives none.

    Raises:
      TypeError: it gives something else.
    """
    method = getattr(type(value), "__tf_tracing_type__", None)
    if method is None:
        return None
    found = method(value, TracingContext())
    if not isinstance(found, TraceType):
        raise TypeError(
            f"Expected an instance of TraceType for Tracing Protocol call to {value!r} but got "
            f"{found!r}"
        )
    return found


class Object:
    """Stands for an argument that is an object: held weakly, so that a trace keeps none alive."""

    __slots__ = ("_kind", "_ref")

    def __init__(self, value: Any) -> None:
        self._kind = type(value).__name__
        try:
            self._ref: Any = weakref.ref(value)
        except TypeError:
            self._ref = lambda: value

    def deref(self) -> Any:
        """The object, or None where it is gone."""
        return self._ref()

    def __repr__(self) -> str:
        return f"<{self._kind} object>"


# Types of Python values.


class Literal(TraceType):
    """A Python value that is part of the trace."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def is_subtype_of(self, other: Any) -> bool:
        """Whether it is the same value."""
        return self == other

    def most_specific_common_supertype(self, others: Sequence[Any]) -> Literal | None:
        """Itself, if all are equal."""
        return self if all(self == other for other in others) else None

    def placeholder_value(self, placeholder_context: Any) -> Any:
        """The value."""
        return self.value

    def cast(self, value: Any, cast_context: Any) -> Any:
        """The value; TypeError if the one given is another."""
        if isinstance(value, Tensor) or same_literal(self.value) != same_literal(value):
            raise TypeError(f"Can not cast {value!r} to {self!r}")
        return value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Literal) and same_literal(self.value) == same_literal(other.value)

    def __hash__(self) -> int:
        return hash(same_literal(self.value))

    def __repr__(self) -> str:
        return f"Literal[{self.value!r}]"


def same_literal(value: Any) -> Any:
    """A key that is equal for the Python values that share a trace: by type and value."""
    kind = type(value)
    if kind is float and math.isnan(value):
        return kind, "nan"  # unlike itself, so that every call would be traced
    return kind, value


class Weakref(TraceType):
    """An object, told apart by equality."""

    def __init__(self, value: Object) -> None:
        self._object = value

    def is_subtype_of(self, other: Any) -> bool:
        """Whether it is an equal object."""
        return self == other

    def most_specific_common_supertype(self, others: Sequence[Any]) -> Weakref | None:
        """Itself, if all are equal."""
        return self if all(self == other for other in others) else None

    def placeholder_value(self, placeholder_context: Any) -> Any:
        """The object, or None where it is gone."""
        return self._object.deref()

    def cast(self, value: Any, cast_context: Any) -> Any:
        """The object given; TypeError if it is another."""
        own = self._object.deref()
        if own is not value and (own is None or own != value):
            raise TypeError(f"Can not cast {value!r} to {self!r}")
        return value

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Weakref):
            return False
        mine = self._object.deref()
        return mine is not None and bool(mine == other._object.deref())

    def __hash__(self) -> int:
        return hash(repr(self._object))

    def __repr__(self) -> str:
        return f"Weakref[{self._object!r}]"


class Structure(TraceType):
    """A list, tuple, dict or other structure of arguments.

    Args:
      items: The structure, with trace types as leaves.
    """

    def __init__(self, items: Any) -> None:
        self.items = items
        self._types = nest.flatten(items)

    def is_subtype_of(self, other: Any) -> bool:
        """Whether structures are the same and each leaf is a subtype."""
        return self._is_like(other) and all(
            a.is_subtype_of(b) for a, b in zip(self._types, other._types, strict=True)
        )

    def _is_like(self, other: Any) -> bool:
        if not isinstance(other, Structure):
            return False
        try:
            nest.assert_same_structure(self.items, other.items)
        except (TypeError, ValueError):
            return False
        return True

    def most_specific_common_supertype(self, others: Sequence[Any]) -> Structure | None:
        """The structure of the supertypes of the leaves."""
        if not all(self._is_like(other) for other in others):
            return None
        merged = [
            mine.most_specific_common_supertype([other._types[i] for other in others])
            for i, mine in enumerate(self._types)
        ]
        if any(m is None for m in merged):
            return None
        return Structure(nest.pack_sequence_as(self.items, merged))

    def placeholder_value(self, placeholder_context: Any) -> Any:
        """The structure of the placeholders of the leaves."""
        return nest.map_structure(lambda t: t.placeholder_value(placeholder_context), self.items)

    def to_tensors(self, value: Any) -> list[Any]:
        """The tensors of all leaves."""
        flat = zip(self._types, nest.flatten(value), strict=True)
        return [tensor for kind, leaf in flat for tensor in kind.to_tensors(leaf)]

    def from_tensors(self, tensors: Iterator[Any]) -> Any:
        """The structure made of tensors."""
        return nest.map_structure(lambda t: t.from_tensors(tensors), self.items)

    def flatten(self) -> list[Any]:
        """The tensors' specs of all leaves."""
        return [spec for kind in self._types for spec in kind.flatten()]

    def cast(self, value: Any, cast_context: Any) -> Any:
        """The structure with its leaves cast; TypeError where the structure is another."""
        try:
            nest.assert_same_structure(self.items, value)
        except (TypeError, ValueError):
            raise TypeError(f"{value!r} has not the structure of {self!r}") from None
        flat = zip(self._types, nest.flatten(value), strict=True)
        return nest.pack_sequence_as(
            self.items, [kind.cast(leaf, cast_context) for kind, leaf in flat]
        )

    def __eq__(self, other: object) -> bool:
        return self._is_like(other) and self._types == other._types  # type: ignore[attr-defined]

    def __hash__(self) -> int:
        return hash(tuple(self._types))

    def __repr__(self) -> str:
        return _shown(self.items)


def _shown(items: Any) -> str:
    if not nest.is_nested(items):
        return repr(items)
    if isinstance(items, Mapping):
        return f"Dict[{', '.join(f'[{key!r}, {_shown(items[key])}]' for key in items)}]"
    names = getattr(items, "_fields", None)
    if names:
        pairs = ", ".join(f"[{n!r}, {_shown(v)}]" for n, v in zip(names, items, strict=True))
        return f"NamedTuple[{type(items).__name__}, [{pairs}]]"
    known: dict[type, str] = {list: "List", tuple: "Tuple"}
    kind = known.get(type(items), type(items).__name__)
    if not isinstance(items, (list, tuple)):
        items = nest.flatten(items)
    return f"{kind}[{', '.join(map(_shown, items))}]"


def type_of(described: Any) -> Any:
    """The trace type of an argument, whose tensors and composites are given as specs."""
    if nest.is_nested(described):
        return Structure(nest.map_structure(type_of, described))
    if isinstance(described, (TypeSpec, TraceType)):
        return described
    return Weakref(described) if isinstance(described, Object) else Literal(described)
