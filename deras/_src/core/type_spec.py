"""Specs: what is known of a value before there is one. `TensorSpec` is dtype and shape.

`TypeSpec` is the base for the specs of all values made of tensors (ragged, sparse, a user's own). A
subclass says how it is written down (`_serialize`) and how its values come apart into tensors and
back (`_component_specs`, `_to_components`, `_from_components`); equality, compatibility and common
supertypes follow from `_serialize`.

The classes of the values are defined elsewhere, and tell their spec by `bind_value_type`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, ClassVar

import numpy as np

from deras._src.core import dtypes
from deras._src.core.dtypes import DType, as_dtype
from deras._src.core.tensor_shape import TensorShape, as_shape, from_dims
from deras._src.util import nest
from deras._src.util.export import export


@export("TypeSpec")
class TypeSpec:
    """What is known of a value that holds tensors: its type, and its tensors' dtypes and shapes.

    Subclasses define `value_type`, `_serialize`, `_component_specs`, `_to_components` and
    `_from_components`. Their `__init__` must accept what `_serialize` returns.
    """

    __slots__ = ("__weakref__",)

    # nest.py reads it: the spec stands for a structure of specs when composites are expanded.
    _expands_in_nest: ClassVar[bool] = True
    _value_class: ClassVar[type | None] = None

    @property
    def value_type(self) -> type:
        """The Python type of the values this spec describes."""
        if self._value_class is None:
            raise NotImplementedError(f"{type(self).__name__}: value_type is not defined.")
        return self._value_class

    def _serialize(self) -> tuple[Any, ...]:
        """The arguments that make this spec anew; nested tuples, lists, dicts of plain values."""
        raise NotImplementedError(f"{type(self).__name__}: _serialize is not defined.")

    @property
    def _component_specs(self) -> Any:
        """Structure of the specs of the components."""
        raise NotImplementedError(f"{type(self).__name__}: _component_specs is not defined.")

    def _to_components(self, value: Any) -> Any:
        """Structure of the tensors that `value` is made of."""
        raise NotImplementedError(f"{type(self).__name__}: _to_components is not defined.")

    def _from_components(self, components: Any) -> Any:
        """The value made of these components."""
        raise NotImplementedError(f"{type(self).__name__}: _from_components is not defined.")

    @classmethod
    def _deserialize(cls, serialization: tuple[Any, ...]) -> TypeSpec:
        return cls(*serialization)

    # Flat lists of tensors.

    @property
    def _flat_tensor_specs(self) -> list[TypeSpec]:
        return nest.flatten(self._component_specs, expand_composites=True)

    def _to_tensor_list(self, value: Any) -> list[Any]:
        return nest.flatten(self._to_components(value), expand_composites=True)

    def _from_tensor_list(self, tensors: list[Any]) -> Any:
        components = nest.pack_sequence_as(self._component_specs, tensors, expand_composites=True)
        return self._from_components(components)

    def flatten(self) -> list[TypeSpec]:
        """The TensorSpecs of the tensors that a value is made of."""
        return self._flat_tensor_specs

    def to_tensors(self, value: Any) -> list[Any]:
        """The tensors that `value` is made of, in the order of `flatten`."""
        return self._to_tensor_list(value)

    def from_tensors(self, tensors: Iterable[Any]) -> Any:
        """The value made of the first tensors of an iterator; the inverse of `to_tensors`."""
        iterator = iter(tensors)
        return self._from_tensor_list([next(iterator) for _ in self._flat_tensor_specs])

    def placeholder_value(self, placeholder_context: Any) -> Any:
        """The value made of placeholders, which stands for an argument while it is traced."""
        made = [spec.placeholder_value(placeholder_context) for spec in self._flat_tensor_specs]
        return self._from_tensor_list(made)

    def cast(self, value: Any, cast_context: Any) -> Any:
        """`value`, with what its tensors are made of converted, as one that has this spec.

        Raises:
          TypeError: it cannot have this spec.
        """
        if not self.is_compatible_with(value):
            raise TypeError(f"Can not cast {value!r} to {self!r}")
        return value

    def _without_tensor_names(self) -> TypeSpec:
        """This spec, with no names in the TensorSpecs inside it."""

        def unname(part: Any) -> Any:
            return part._without_tensor_names() if isinstance(part, TypeSpec) else part

        return self._deserialize(nest.map_structure(unname, self._serialize()))

    # Relations between specs.

    def is_compatible_with(self, spec_or_value: Any) -> bool:
        """True if one value could be described by this spec and by `spec_or_value`.

        Args:
          spec_or_value: A TypeSpec, or a value, which stands for its own spec.
        """
        other = spec_or_value
        if not isinstance(other, TypeSpec):
            try:
                other = type_spec_from_value(other)
            except TypeError:
                return False
        return type(self) is type(other) and _compatible(self._serialize(), other._serialize())

    def is_subtype_of(self, other: Any) -> bool:
        """True if every value this spec describes is described by `other`, too."""
        if type(self) is not type(other):
            return False
        return _subtype(self._serialize(), other._serialize())

    def most_specific_common_supertype(self, others: Iterable[Any]) -> TypeSpec | None:
        """The narrowest spec of which this one and all `others` are subtypes; None if none is."""
        merged = self._serialize()
        for other in others:
            if type(other) is not type(self):
                return None
            try:
                merged = _supertype(merged, other._serialize())
            except _NoSupertype:
                return None
        return self._deserialize(merged)

    def most_specific_compatible_type(self, other: TypeSpec) -> TypeSpec:
        """The narrowest spec that is compatible with this one and with `other`.

        Raises:
          ValueError: there is none.
        """
        result = self.most_specific_common_supertype([other])
        if result is None:
            raise ValueError(f"tf.TypeSpec: no spec is compatible with both {self} and {other}.")
        return result

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if type(self) is not type(other):
            return NotImplemented
        return _key(self._serialize()) == _key(other._serialize())

    def __hash__(self) -> int:
        return hash((type(self), _key(self._serialize())))

    def __repr__(self) -> str:
        return f"{type(self).__name__}{self._serialize()!r}"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self._serialize()


class _NoSupertype(Exception):
    """Two serializations have nothing in common. Caught by the method that asked."""


def _key(part: Any) -> Any:
    """A hashable form of a serialization."""
    if isinstance(part, (list, tuple)):
        return tuple([_key(item) for item in part])
    if isinstance(part, dict):
        return tuple([(key, _key(part[key])) for key in sorted(part)])
    if isinstance(part, np.ndarray):
        return part.dtype.str, part.shape, part.tobytes()
    return part


def _parallel(a: Any, b: Any) -> list[tuple[Any, Any]] | None:
    """Pairs of the items of two containers of one form; None if they are not such containers."""
    if type(a) is not type(b) or len(a) != len(b):
        return None
    if isinstance(a, dict):
        return [(a[key], b[key]) for key in a] if a.keys() == b.keys() else None
    return list(zip(a, b, strict=True))


def _compatible(a: Any, b: Any) -> bool:
    if isinstance(a, (list, tuple, dict)):
        pairs = _parallel(a, b)
        return pairs is not None and all(_compatible(x, y) for x, y in pairs)
    if isinstance(a, (TensorShape, TypeSpec)):
        return isinstance(b, (TensorShape, TypeSpec)) and a.is_compatible_with(b)
    return bool(a == b)


def _subtype(a: Any, b: Any) -> bool:
    if isinstance(a, (list, tuple, dict)):
        pairs = _parallel(a, b)
        return pairs is not None and all(_subtype(x, y) for x, y in pairs)
    if hasattr(a, "is_subtype_of"):
        return a.is_subtype_of(b)
    return bool(a == b)


def _supertype(a: Any, b: Any) -> Any:
    if isinstance(a, (list, tuple, dict)):
        pairs = _parallel(a, b)
        if pairs is None:
            raise _NoSupertype
        merged = [_supertype(x, y) for x, y in pairs]
        if isinstance(a, dict):
            return dict(zip(a, merged, strict=True))
        return type(a)(*merged) if hasattr(a, "_fields") else type(a)(merged)
    if hasattr(a, "most_specific_common_supertype"):
        result = a.most_specific_common_supertype([b])
        if result is None:
            raise _NoSupertype
        return result
    if a != b:
        raise _NoSupertype
    return a


def bind_value_type(spec_class: type[TypeSpec], value_class: type) -> None:
    """Tells a spec class the class of its values, which is defined in a module above it."""
    spec_class._value_class = value_class


@export("TensorSpec")
class TensorSpec(TypeSpec):
    """The dtype and (as far as known) shape of a tensor, and perhaps its name.

    Args:
      shape: A TensorShape, or what makes one.
      dtype: A dtype, or what makes one. Default float32.
      name: Optional name of the tensor, an argument's name in saved functions.

    >>> spec = tf.TensorSpec([None, 3], tf.int32)
    >>> spec
    TensorSpec(shape=(None, 3), dtype=tf.int32, name=None)
    >>> spec.is_compatible_with(tf.TensorSpec([2, 3], tf.int32))
    True
    """

    __slots__ = ("_dtype", "_name", "_shape")

    _expands_in_nest = False

    def __init__(self, shape: Any, dtype: Any = dtypes.float32, name: str | None = None) -> None:
        self._shape = as_shape(shape)
        self._dtype = as_dtype(dtype)
        self._name = name

    @property
    def shape(self) -> TensorShape:
        """The shape, whose dims may be unknown."""
        return self._shape

    @property
    def dtype(self) -> DType:
        """The dtype."""
        return self._dtype

    @property
    def name(self) -> str | None:
        """The name, or None."""
        return self._name

    @classmethod
    def from_spec(cls, spec: Any, name: str | None = None) -> TensorSpec:
        """A TensorSpec of the shape and dtype of another spec, and its name if none is given."""
        return cls(spec.shape, spec.dtype, name or spec.name)

    @classmethod
    def from_tensor(cls, tensor: Any, name: str | None = None) -> TensorSpec:
        """The spec of a tensor.

        Raises:
          ValueError: `tensor` is not a tensor.

        >>> tf.TensorSpec.from_tensor(tf.constant([1, 2]))
        TensorSpec(shape=(2,), dtype=tf.int32, name=None)
        """
        if not _is_tensor(tensor):
            raise ValueError(
                f"tf.TensorSpec.from_tensor: a tensor is wanted, not {type(tensor).__name__}."
            )
        return cls(tensor.shape, tensor.dtype, name)

    def is_compatible_with(self, spec_or_value: Any) -> bool:
        """True if a tensor could have this spec and `spec_or_value`, a TensorSpec or a tensor."""
        other = spec_or_value
        if not isinstance(other, TensorSpec) and not _is_tensor(other):
            return False
        return self._dtype is other.dtype and self._shape.is_compatible_with(other.shape)

    def is_subtype_of(self, other: Any) -> bool:
        """True if every tensor with this spec has spec `other`. A name is part of the spec."""
        return (
            isinstance(other, TensorSpec)
            and (not self._name or self._name == other._name)
            and self._dtype is other._dtype
            and self._shape.is_subtype_of(other._shape)
        )

    def _serialize(self) -> tuple[Any, ...]:
        return self._shape, self._dtype, self._name

    def placeholder_value(self, placeholder_context: Any) -> Any:
        """A new placeholder of the graph that is being traced."""
        return placeholder_context.placeholder(self)

    def cast(self, value: Any, cast_context: Any) -> Any:
        """`value` as a tensor that has this spec.

        Raises:
          TypeError: its dtype or shape is another.
        """
        tensor = value
        if not _is_tensor(value):
            try:
                tensor = cast_context.to_tensor(value, self._dtype)
            except ValueError as error:
                raise TypeError(str(error)) from None
        if tensor.dtype is not self._dtype or not self._shape.is_compatible_with(tensor.shape):
            given = TensorSpec(tensor.shape, tensor.dtype)
            raise TypeError(f"Can not cast {given} to {self}")
        return tensor

    @property
    def _component_specs(self) -> TensorSpec:
        return self

    def _to_components(self, value: Any) -> Any:
        if not _is_tensor(value):
            raise TypeError(f"tf.TensorSpec: a tensor is wanted, not {type(value).__name__}.")
        return value

    def _from_components(self, components: Any) -> Any:
        return components

    def _without_tensor_names(self) -> TensorSpec:
        return self if self._name is None else TensorSpec(self._shape, self._dtype)

    def _batch(self, batch_size: int | None) -> TensorSpec:
        """The spec of a batch: one more dim at the front."""
        return TensorSpec(from_dims((batch_size,)).concatenate(self._shape), self._dtype)

    def _unbatch(self) -> TensorSpec:
        """The spec of one element of a batch.

        Raises:
          ValueError: the shape is that of a scalar.
        """
        if self._shape.rank == 0:
            raise ValueError("tf.TensorSpec: a scalar has no batch dim to take away.")
        return TensorSpec(self._shape[1:], self._dtype)

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if type(other) is not type(self):
            return NotImplemented
        return (
            self._dtype is other._dtype
            and self._shape._dims == other._shape._dims
            and self._name == other._name
        )

    def __hash__(self) -> int:
        return hash((self._shape._dims, self._dtype))

    def __repr__(self) -> str:
        return f"TensorSpec(shape={self._shape}, dtype={self._dtype!r}, name={self._name!r})"


def _is_tensor(value: Any) -> bool:
    """Whether a value has a tensor's dtype and shape. NumPy's are of other classes."""
    return (
        getattr(value, "dtype", None).__class__ is DType
        and getattr(value, "shape", None).__class__ is TensorShape
        and not isinstance(value, TypeSpec)
        and not hasattr(type(value), "_type_spec")
    )


@export("IndexedSlicesSpec")
class IndexedSlicesSpec(TypeSpec):
    """The spec of `tf.IndexedSlices`: rows of a larger tensor, and their indices.

    Args:
      shape: Shape of the tensor that the slices are part of.
      dtype: dtype of the values.
      indices_dtype: dtype of the indices: int32 or int64.
      dense_shape_dtype: dtype of the tensor that holds the dense shape, or None if there is none.
      indices_shape: Shape of the indices: a shape of rank 1. Default `[None]`.

    >>> tf.IndexedSlicesSpec([None, 4], indices_dtype=tf.int32).flatten()[1]
    TensorSpec(shape=(None,), dtype=tf.int32, name=None)
    """

    __slots__ = ("_dense_shape_dtype", "_dtype", "_indices_dtype", "_indices_shape", "_shape")

    def __init__(
        self,
        shape: Any = None,
        dtype: Any = dtypes.float32,
        indices_dtype: Any = dtypes.int64,
        dense_shape_dtype: Any = None,
        indices_shape: Any = None,
    ) -> None:
        self._shape = as_shape(shape)
        self._dtype = as_dtype(dtype)
        self._indices_dtype = as_dtype(indices_dtype)
        self._dense_shape_dtype = None if dense_shape_dtype is None else as_dtype(dense_shape_dtype)
        self._indices_shape = as_shape(indices_shape).with_rank(1)

    def _serialize(self) -> tuple[Any, ...]:
        return (
            self._shape,
            self._dtype,
            self._indices_dtype,
            self._dense_shape_dtype,
            self._indices_shape,
        )

    @property
    def _component_specs(self) -> tuple[TensorSpec, ...]:
        values = TensorSpec(self._indices_shape.concatenate(self._shape[1:]), self._dtype)
        indices = TensorSpec(self._indices_shape, self._indices_dtype)
        if self._dense_shape_dtype is None:
            return values, indices
        return values, indices, TensorSpec([self._shape.rank], self._dense_shape_dtype)

    def _to_components(self, value: Any) -> tuple[Any, ...]:
        if value.dense_shape is None:
            return value.values, value.indices
        return value.values, value.indices, value.dense_shape

    def _from_components(self, components: Any) -> Any:
        return self.value_type(*components)


@export("NoneTensorSpec")
class NoneTensorSpec(TypeSpec):
    """The spec of None, which has no tensors.

    >>> tf.NoneTensorSpec().is_compatible_with(None)
    True
    """

    __slots__ = ()

    _value_class = type(None)

    @classmethod
    def from_value(cls, value: None) -> NoneTensorSpec:
        """The spec of None."""
        return cls()

    def _serialize(self) -> tuple[Any, ...]:
        return ()

    @property
    def _component_specs(self) -> list[Any]:
        return []

    def _to_components(self, value: None) -> list[Any]:
        return []

    def _from_components(self, components: Any) -> None:
        return None

    def is_compatible_with(self, spec_or_value: Any) -> bool:
        """True for None and its spec."""
        return spec_or_value is None or isinstance(spec_or_value, NoneTensorSpec)


# Type -> the function that gives the spec of its values.
_spec_makers: dict[type, Callable[[Any], TypeSpec]] = {type(None): NoneTensorSpec.from_value}


def register_type_spec_from_value(value_type: type, make_spec: Callable[[Any], TypeSpec]) -> None:
    """Says how `tf.type_spec_from_value` finds the spec of values of a type and its subtypes."""
    _spec_makers[value_type] = make_spec


@export("type_spec_from_value")
def type_spec_from_value(value: Any) -> TypeSpec:
    """The spec of a value.

    Args:
      value: A tensor, a composite tensor, a variable, None, a NumPy array or number, or a Python
        number, text, or list or tuple of these.
    Returns:
      The narrowest TypeSpec that describes `value`.
    Raises:
      TypeError: there is no spec for such a value.

    >>> tf.type_spec_from_value([1, 2])
    TensorSpec(shape=(2,), dtype=tf.int32, name=None)
    """
    for cls in type(value).__mro__:
        maker = _spec_makers.get(cls)
        if maker is not None:
            return maker(value)
    if hasattr(type(value), "_type_spec"):
        return value._type_spec
    if _is_tensor(value):
        return TensorSpec(value.shape, value.dtype)
    if not isinstance(value, (TypeSpec, DType)):
        try:
            return _spec_of_host_value(value)
        except (TypeError, ValueError) as error:
            raise TypeError(
                "tf.type_spec_from_value: there is no spec for a value of type "
                f"{type(value).__name__}: {error}"
            ) from None
    raise TypeError(
        f"tf.type_spec_from_value: there is no spec for a value of type {type(value).__name__}."
    )


def _spec_of_host_value(value: Any) -> TensorSpec:
    """The spec of the tensor that a NumPy or Python value becomes."""
    if isinstance(value, (np.ndarray, np.generic)):
        return TensorSpec(value.shape, dtypes.from_numpy(value.dtype))
    if isinstance(value, TensorShape):
        value = value.as_list()
    return TensorSpec(_shape_of(value), _common_dtype(nest.flatten(value)))


def _shape_of(value: Any) -> tuple[int | None, ...]:
    if not isinstance(value, (list, tuple, range)):
        if nest.is_nested(value):
            raise TypeError(f"a {type(value).__name__} is no tensor.")
        return tuple(value.shape) if hasattr(value, "shape") else ()
    inner = {_shape_of(item) for item in value}
    if len(inner) > 1:
        raise TypeError("it is nested unevenly.")
    return (len(value), *(inner.pop() if inner else ()))


def _common_dtype(leaves: list[Any]) -> DType:
    """The dtype of a list of these leaves. As in TensorFlow, the first leaf sets the tone."""
    if not leaves:
        return dtypes.float32
    for leaf in leaves:
        if _is_tensor(leaf):
            return leaf.dtype
    kinds = [_leaf_kind(leaf) for leaf in leaves]
    first, others = kinds[0], set(kinds)
    if first in "bU":
        if others == {first}:
            return dtypes.bool_ if first == "b" else dtypes.string
    elif first == "c":
        if others <= {"i", "f", "c"}:
            return dtypes.complex128
    elif others <= {"i", "f"}:
        if first == "f":
            # NumPy's floats keep their width in lists; its integers do not.
            return as_dtype(getattr(leaves[0], "dtype", np.dtype("float32")))
        return dtypes.float32 if "f" in others else _integer_dtype(leaves)
    names = ", ".join(sorted({type(leaf).__name__ for leaf in leaves}))
    raise TypeError(f"one dtype cannot hold {names}.")


# By exact type: bool is a subclass of int, and np.float64 of float.
_LEAF_KINDS = {bool: "b", int: "i", float: "f", complex: "c", str: "U", bytes: "U"}


def _leaf_kind(leaf: Any) -> str:
    kind = _LEAF_KINDS.get(type(leaf))
    if kind is None:
        if not isinstance(leaf, (np.ndarray, np.generic)):
            raise TypeError(f"no dtype holds {type(leaf).__name__}.")
        kind = {"u": "i", "S": "U", "O": "U"}.get(leaf.dtype.kind, leaf.dtype.kind)
    return kind


def _integer_dtype(leaves: list[Any]) -> DType:
    low, high = min(np.min(leaf) for leaf in leaves), max(np.max(leaf) for leaf in leaves)
    for dtype in (dtypes.int32, dtypes.int64):
        if dtype.min <= low and high <= dtype.max:
            return dtype
    raise TypeError("an integer does not fit in 64 bits.")
