"""`tf.experimental.ExtensionType`: the user's own composite tensors, declared as dataclasses are.

A class's annotations are its fields. Its spec, `cls.Spec`, is made along with it and has the same
fields, with specs in the place of tensors. Instances never change.
"""

from __future__ import annotations

import abc
import inspect
import sys
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from deras._src.composite.extension_fields import (
    Field,
    ImmutableDict,
    fields_of,
    frozen,
    is_part,
    leaves,
    map_leaves,
    plain,
    signature_of,
)
from deras._src.core.dtypes import DType
from deras._src.core.tensor import Tensor
from deras._src.core.tensor_shape import TensorShape
from deras._src.core.type_spec import TensorSpec, TypeSpec, register_type_spec_from_value
from deras._src.dispatch.convert import convert
from deras._src.ops.math_compare import equal, logical_and, logical_not
from deras._src.ops.math_reduce import reduce_all
from deras._src.util.export import export

_BUILDING = "_tf_extension_type_building"
_SPEC = "_tf_extension_type_spec"


@export("experimental.ExtensionTypeSpec")
class ExtensionTypeSpec(TypeSpec):
    """Base class of the specs of extension types; `MyType.Spec` is made along with `MyType`.

    A spec has the fields of its type: a `TensorSpec` for a tensor, a spec for a composite, and
    other values as they are.

    >>> class Masked(tf.experimental.ExtensionType):
    ...     values: tf.Tensor
    ...     name: str
    >>> Masked.Spec(tf.TensorSpec([None]), "a").is_compatible_with(Masked([1.0, 2.0], "a"))
    True
    """

    _tf_extension_type_fields: ClassVar[tuple[Field, ...]] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        cls = type(self)
        bound = signature_of(cls._tf_extension_type_fields, None, False).bind(*args, **kwargs)
        for field in cls._tf_extension_type_fields:
            self.__dict__[field.name] = field.fit_spec(bound.arguments[field.name])

    @classmethod
    def from_value(cls, value: Any) -> ExtensionTypeSpec:
        """The spec of an extension type's value."""
        return value._type_spec  # type: ignore[no-any-return]

    @classmethod
    def _of_fields(cls, fields: Mapping[str, Any]) -> Any:
        spec = cls.__new__(cls)
        spec.__dict__.update(fields)
        return spec

    def _fields(self) -> dict[str, Any]:
        return {
            field.name: self.__dict__[field.name]
            for field in type(self)._tf_extension_type_fields
            if field.name in self.__dict__
        }

    def _serialize(self) -> tuple[Any, ...]:
        return tuple((name, plain(value)) for name, value in self._fields().items())

    @classmethod
    def _deserialize(cls, serialization: tuple[Any, ...]) -> Any:
        return cls._of_fields({name: frozen(value) for name, value in serialization})

    def __reduce__(self) -> tuple[Any, ...]:
        return _spec_again, (type(self), self._serialize())

    @property
    def _component_specs(self) -> tuple[Any, ...]:
        return _parts(self._fields())

    def _to_components(self, value: Any) -> tuple[Any, ...]:
        return _parts(_values(value))

    def _from_components(self, components: Any) -> Any:
        rest = iter(components)

        def part(leaf: Any) -> Any:
            return next(rest) if is_part(leaf) else leaf

        values = {name: map_leaves(part, value) for name, value in self._fields().items()}
        if any(isinstance(component, TypeSpec) for component in components):
            return self._of_fields(values)
        return _bare(self.value_type, values)

    def __repr__(self) -> str:
        text = ", ".join(f"{name}={plain(value)!r}" for name, value in self._fields().items())
        return f"{type(self).__qualname__.rpartition('<locals>.')[2]}({text})"


def _spec_again(cls: type[ExtensionTypeSpec], serialization: tuple[Any, ...]) -> Any:
    return cls._deserialize(serialization)


def _parts(fields: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(leaf for value in fields.values() for leaf in leaves(value) if is_part(leaf))


def _values(value: Any) -> dict[str, Any]:
    return value._tf_extension_type_values()  # type: ignore[no-any-return]


def _fields_of(value: Any) -> tuple[Field, ...]:
    return type(value)._tf_extension_type_fields  # type: ignore[no-any-return]


def _bare(cls: Any, fields: Mapping[str, Any]) -> Any:
    """A value with these fields, as they are: no constructor, no conversion, no validation."""
    value = cls.__new__(cls)
    value.__dict__.update(fields)
    return value


class _ExtensionTypeMeta(abc.ABCMeta):
    """Reads a class's annotations, makes its spec, and keeps its instances from changing."""

    def __init__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> None:
        super().__init__(name, bases, namespace)
        cls._tf_extension_type_fields: tuple[Field, ...] = ()
        if "_tf_extension_type_is_base" not in namespace:
            # Names in annotations are those that the class statement sees.
            cls._tf_extension_type_fields = fields_of(cls, sys._getframe(1))
            # Where an own constructor is missing the fields are the arguments, inherited or not.
            if "__init__" not in namespace:
                cls.__init__ = _default_init  # type: ignore[misc]
            cls.Spec = _make_spec(cls, namespace.get("Spec"))

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        if "_tf_extension_type_is_base" in cls.__dict__:
            raise AssertionError(
                f"Cannot create an instance of {cls.__name__} because {cls.__name__} is an "
                "abstract base class: derive a class from it."
            )
        new: Any = cls.__new__
        value = new(cls)
        value.__dict__[_BUILDING] = True
        try:
            value.__init__(*args, **kwargs)
        finally:
            value.__dict__.pop(_BUILDING, None)
        fields = cls._tf_extension_type_fields
        missing = {field.name for field in fields} - value.__dict__.keys()
        if missing:
            raise ValueError(f"Missing required fields: {missing}")
        for field in fields:
            value.__dict__[field.name] = field.fit(value.__dict__[field.name])
        value.__validate__()
        return value

    @property
    def __signature__(cls) -> inspect.Signature:
        if cls.__init__ is _default_init:  # type: ignore[misc]
            return signature_of(cls._tf_extension_type_fields, cls, True)
        own = inspect.signature(cls.__init__)  # type: ignore[misc]
        return own.replace(parameters=list(own.parameters.values())[1:])


def _default_init(self: Any, *args: Any, **kwargs: Any) -> None:
    bound = signature_of(_fields_of(self), None, True).bind(*args, **kwargs)
    bound.apply_defaults()
    for name, value in bound.arguments.items():
        setattr(self, name, value)


def _make_spec(cls: Any, given: Any) -> type[ExtensionTypeSpec]:
    """The spec class of an extension type, with what its own nested class `Spec` defines."""
    bases: tuple[type, ...] = (cls._tf_extension_type_spec_base,)
    namespace: dict[str, Any] = {}
    if given is not None:
        if not isinstance(given, type):
            raise ValueError(f"{cls.__name__}.Spec must be a nested class; got {given!r}.")
        dropped = ("__dict__", "__weakref__")
        namespace = {k: v for k, v in vars(given).items() if k not in dropped}
        bases = tuple(b for b in given.__bases__ if b is not object and b not in bases) + bases
    namespace |= {
        "__module__": cls.__module__,
        "__qualname__": f"{cls.__qualname__}.Spec",
        "_value_class": cls,
        "_tf_extension_type_fields": cls._tf_extension_type_fields,
    }
    return type(f"{cls.__name__}.Spec", bases, namespace)


@export("experimental.ExtensionType")
class ExtensionType(metaclass=_ExtensionTypeMeta):
    """Base class of your own types made of tensors; they work wherever tensors in structures do.

    Annotations are the fields, as in a dataclass: `tf.Tensor`, other extension types, int, float,
    bool, str, bytes, None, `tf.DType`, `tf.TensorShape`, and Tuple, Mapping, Union and Optional of
    these. Values are checked, converted (lists to tensors), and never change afterwards. Define
    `__validate__` to check more, `__init__` for a constructor of another form.

    Values can be arguments and results of `tf.function`, loop variables, results of branches, and
    `tf.nest` takes them apart with `expand_composites=True`. Fields that are no tensors are part of
    the spec: another value is another trace.

    Raises:
      TypeError: a value does not fit its annotation.

    >>> class Masked(tf.experimental.ExtensionType):
    ...     values: tf.Tensor
    ...     mask: tf.Tensor
    ...     def __validate__(self):
    ...         self.values.shape.assert_is_compatible_with(self.mask.shape)
    ...     def total(self):
    ...         return tf.reduce_sum(tf.where(self.mask, self.values, 0.0))
    >>> m = Masked([1.0, 2.0, 3.0], [True, False, True])
    >>> tf.function(lambda x: x.total())(m).numpy()
    np.float32(4.0)
    >>> m.values = [0.0]
    Traceback (most recent call last):
    AttributeError: Masked: 'values' cannot be set: extension types do not change.
    """

    _tf_extension_type_is_base: ClassVar[bool] = True
    _tf_extension_type_spec_base: ClassVar[type] = ExtensionTypeSpec

    Spec: ClassVar[type[ExtensionTypeSpec]]

    def _tf_extension_type_values(self) -> dict[str, Any]:
        return {field.name: self.__dict__[field.name] for field in _fields_of(self)}

    def __validate__(self) -> None:
        """Called when a value has been made; raise an exception where something is wrong."""

    @property
    def _type_spec(self) -> ExtensionTypeSpec:
        found = self.__dict__.get(_SPEC)
        if found is None:
            fields = {name: map_leaves(_spec_of, value) for name, value in _values(self).items()}
            found = self.__dict__[_SPEC] = type(self).Spec._of_fields(fields)
        return found  # type: ignore[no-any-return]

    def __setattr__(self, name: str, value: Any) -> None:
        known = {field.name for field in _fields_of(self)}
        if _BUILDING not in self.__dict__ or name not in known:
            reason = "extension types do not change"
            if _BUILDING in self.__dict__:
                reason = "it is not a field (a field has an annotation in the class)"
            raise AttributeError(f"{type(self).__name__}: {name!r} cannot be set: {reason}.")
        self.__dict__[name] = value

    def __delattr__(self, name: str) -> None:
        raise AttributeError(
            f"{type(self).__name__}: {name!r} cannot be deleted: extension types do not change."
        )

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> Any:
        if type(self) is not type(other) or self._type_spec != other._type_spec:  # type: ignore[attr-defined]
            return False
        result: Any = convert(True)
        for mine, its in zip(_parts(_values(self)), _parts(_values(other)), strict=True):
            same = reduce_all(equal(mine, its)) if isinstance(mine, Tensor) else mine == its
            result = logical_and(result, same)
        return result

    def __ne__(self, other: object) -> Any:
        same = self == other
        return logical_not(same) if isinstance(same, Tensor) else not same

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != _SPEC}

    def __repr__(self) -> str:
        text = ", ".join(f"{name}={value!r}" for name, value in _values(self).items())
        return f"{type(self).__name__}({text})"


def _spec_of(leaf: Any) -> Any:
    if isinstance(leaf, Tensor):
        return TensorSpec(leaf.shape, leaf.dtype)
    return leaf._type_spec if is_part(leaf) and not isinstance(leaf, TypeSpec) else leaf


# Batches.


@export("experimental.ExtensionTypeBatchEncoder")
class ExtensionTypeBatchEncoder:
    """How a batchable extension type is batched; derive from it for another way.

    `batch` and `unbatch` give the spec of a batch of values and of one of its elements. `encode`
    takes a value apart into tensors whose first dimension is the batch, and `decode` puts it
    together again.

    >>> class Point(tf.experimental.BatchableExtensionType):
    ...     x: tf.Tensor
    >>> encoder = tf.experimental.ExtensionTypeBatchEncoder()
    >>> encoder.batch(Point([1.0, 2.0])._type_spec, 3)
    Point.Spec(x=TensorSpec(shape=(3, 2), dtype=tf.float32, name=None))
    """

    def batch(self, spec: Any, batch_size: int | None) -> Any:
        """The spec of a batch of values that have `spec`."""
        return _map_spec(spec, lambda leaf: _batched(leaf, batch_size))

    def unbatch(self, spec: Any) -> Any:
        """The spec of one element of a batch that has `spec`."""
        return _map_spec(spec, _unbatched)

    def encode(self, spec: Any, value: Any, minimum_rank: int = 0) -> list[Any]:
        """The tensors of `value`, each of rank `minimum_rank` or more."""
        return spec._to_tensor_list(value)  # type: ignore[no-any-return]

    def decode(self, spec: Any, encoded_value: Any) -> Any:
        """The value of which `encode` gave these tensors."""
        return spec._from_tensor_list(list(encoded_value))

    def encoding_specs(self, spec: Any) -> list[Any]:
        """The specs of what `encode` gives."""
        return spec._flat_tensor_specs  # type: ignore[no-any-return]


def _map_spec(spec: Any, function: Callable[[Any], Any]) -> Any:
    fields = {name: map_leaves(function, value) for name, value in spec._fields().items()}
    return type(spec)._of_fields(fields)


def _batched(leaf: Any, size: int | None) -> Any:
    if isinstance(leaf, TensorShape):
        return TensorShape([size]).concatenate(leaf)
    return leaf._batch(size) if isinstance(leaf, TypeSpec) else leaf  # type: ignore[attr-defined]


def _unbatched(leaf: Any) -> Any:
    if isinstance(leaf, TensorShape):
        return leaf[1:]
    return leaf._unbatch() if isinstance(leaf, TypeSpec) else leaf  # type: ignore[attr-defined]


class BatchableExtensionTypeSpec(ExtensionTypeSpec):
    """Base class of the specs of batchable extension types."""

    def _batch(self, batch_size: int | None) -> Any:
        return self.value_type.__batch_encoder__.batch(self, batch_size)  # type: ignore[attr-defined]

    def _unbatch(self) -> Any:
        return self.value_type.__batch_encoder__.unbatch(self)  # type: ignore[attr-defined]


@export("experimental.BatchableExtensionType")
class BatchableExtensionType(ExtensionType):
    """An extension type whose values can be rows of a batch: for `tf.map_fn` and datasets.

    Each tensor's first dimension is the batch. Set `__batch_encoder__` to an
    `ExtensionTypeBatchEncoder` of your own where that is not so.

    >>> class Point(tf.experimental.BatchableExtensionType):
    ...     x: tf.Tensor
    ...     y: tf.Tensor
    >>> points = Point([1.0, 2.0], [10.0, 20.0])
    >>> tf.map_fn(lambda p: p.x + p.y, points, fn_output_signature=tf.float32).numpy()
    array([11., 22.], dtype=float32)
    """

    _tf_extension_type_is_base: ClassVar[bool] = True
    _tf_extension_type_spec_base: ClassVar[type] = BatchableExtensionTypeSpec

    __batch_encoder__: ClassVar[ExtensionTypeBatchEncoder] = ExtensionTypeBatchEncoder()


# Without a class of one's own.


class AnonymousExtensionTypeSpec(ExtensionTypeSpec):
    """The spec of an `AnonymousExtensionType`."""

    def __init__(self, **fields: Any) -> None:
        self.__dict__.update((name, frozen(value)) for name, value in fields.items())

    def _fields(self) -> dict[str, Any]:
        return dict(self.__dict__)


class AnonymousExtensionType(ExtensionType):
    """Fields without a class, as `reinterpret` and saved functions have them.

    Args:
      **fields: Tensors, composites, Python scalars, and tuples and dicts of these.

    >>> AnonymousExtensionType(x=1, y=(2, 3))
    AnonymousExtensionType(x=1, y=(2, 3))
    """

    def __init__(self, **fields: Any) -> None:
        for name, value in fields.items():
            if name.startswith("_tf_extension_type") or name in ("self", "Spec", "_type_spec"):
                raise ValueError(f"AnonymousExtensionType: field {name!r} is reserved.")
            self.__dict__[name] = _anonymous(value)

    def _tf_extension_type_values(self) -> dict[str, Any]:
        return {k: v for k, v in self.__dict__.items() if k not in (_BUILDING, _SPEC)}


def _anonymous(value: Any) -> Any:
    if isinstance(value, Mapping):
        return ImmutableDict((key, _anonymous(item)) for key, item in value.items())
    if isinstance(value, tuple):
        return tuple(_anonymous(item) for item in value)
    scalars = (int, float, bool, str, bytes, type(None), TensorShape, DType)
    if is_part(value) or isinstance(value, scalars):
        return value
    raise ValueError(
        f"Cannot convert anonymous fields from an unsupported `value` argument: {value!r}."
    )


def reinterpret(value: Any, new_type: Any) -> Any:
    """The fields of an extension type's value as a value of another extension type.

    Args:
      value: A value of an extension type.
      new_type: An extension type with the same fields, or `AnonymousExtensionType`.
    Raises:
      ValueError: the fields are not those of `new_type`.
      TypeError: a value does not fit its annotation there.
    """
    if not isinstance(value, ExtensionType):
        raise ValueError(
            f"reinterpret expects an ExtensionType instance; got {type(value).__name__}."
        )
    if not (isinstance(new_type, type) and issubclass(new_type, ExtensionType)):
        raise ValueError(f"reinterpret expects an ExtensionType class; got {new_type!r}.")
    fields = _values(value)
    if new_type is AnonymousExtensionType:
        return AnonymousExtensionType(**fields)
    wanted = new_type._tf_extension_type_fields
    missing = {field.name for field in wanted} - fields.keys()
    if missing:
        raise ValueError(f"Missing required fields: {missing}")
    extra = fields.keys() - {field.name for field in wanted}
    if extra:
        raise ValueError(f"Got unexpected fields: {extra}")
    result = _bare(new_type, {field.name: field.fit(fields[field.name]) for field in wanted})
    result.__validate__()
    return result


AnonymousExtensionTypeSpec._value_class = AnonymousExtensionType
AnonymousExtensionType.Spec = AnonymousExtensionTypeSpec
register_type_spec_from_value(ExtensionType, lambda value: value._type_spec)
