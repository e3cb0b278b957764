"""Fields of extension types: what an annotation means, and how a value is fitted to it.

An annotation may be `tf.Tensor`, a composite class, a Python scalar type, None, `tf.DType`,
`tf.TensorShape`, `Tuple[...]`, `Mapping[..., ...]`, `Union[...]` or `Optional[...]` of these, and
a string with any of them. Everything is immutable, so that a value cannot change behind a trace.
"""

from __future__ import annotations

import builtins
import collections.abc
import inspect
import sys
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from deras._src.core.dtypes import DType, as_dtype
from deras._src.core.tensor import Tensor
from deras._src.core.tensor_shape import TensorShape, as_shape
from deras._src.core.type_spec import TensorSpec, TypeSpec
from deras._src.dispatch.convert import convert

NO_DEFAULT = inspect.Parameter.empty

_SCALARS = (int, float, str, bytes, bool, type(None))
_RESERVED = frozenset(("self", "Spec", "_type_spec", "_cached_type_spec"))
_RESERVED_PREFIX = "_tf_extension_type"


class ImmutableDict(Mapping[Any, Any]):
    """A dict that cannot be changed; equal to every mapping with the same items.

    >>> ImmutableDict({"a": 1})["a"]
    1
    """

    __slots__ = ("_items",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._items = dict(*args, **kwargs)

    def __getitem__(self, key: Any) -> Any:
        return self._items[key]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __reduce__(self) -> Any:
        return ImmutableDict, (self._items,)

    def __repr__(self) -> str:
        return f"ImmutableDict({self._items!r})"


class Field:
    """One field of an extension type.

    Attributes:
      name: its name.
      annotation: the type that its values must have; a string where it is not defined as yet.
      default: its value where none is given, or `NO_DEFAULT`.
    """

    __slots__ = ("_namespace", "annotation", "default", "name")

    def __init__(self, name: str, annotation: Any, default: Any, namespace: Namespace) -> None:
        self.name = name
        self.annotation = annotation
        self.default = default
        self._namespace = namespace
        self._resolve()
        if default is not NO_DEFAULT and not isinstance(self.annotation, str):
            self.default = fit(default, self.annotation, f"default value for {name}")

    def _resolve(self) -> None:
        if isinstance(self.annotation, str):
            found = self._namespace.evaluate(self.annotation)
            if found is NO_DEFAULT:
                return
            self.annotation = found
        self.annotation = _checked(self.annotation, self.name, self._namespace)

    def fit(self, value: Any) -> Any:
        """`value` as a value of this field."""
        self._settle()
        return fit(value, self.annotation, self.name)

    def fit_spec(self, value: Any) -> Any:
        """`value` as what a spec holds in this field's place: a spec, or a static value."""
        self._settle()
        return fit(value, self.annotation, self.name, spec=True)

    def _settle(self) -> None:
        if isinstance(self.annotation, str):
            self._resolve()
            if isinstance(self.annotation, str):
                raise TypeError(f"{self.name}: Unsupported type annotation {self.annotation!r}")


class Namespace:
    """Where the names in annotations written as strings are looked up."""

    def __init__(
        self, cls: type, local: Mapping[str, Any], modules: tuple[Mapping[str, Any], ...]
    ) -> None:
        # Only a function's own names are copied: modules may still get more.
        self._places = (local, *modules, vars(builtins))
        self._cls = cls

    def evaluate(self, text: str) -> Any:
        """The value of an annotation; `NO_DEFAULT` where a name is not defined as yet."""
        scope: dict[str, Any] = {}
        for place in reversed(self._places):
            scope.update(place)
        scope[self._cls.__name__] = self._cls
        try:
            return eval(text, scope)  # as `typing.get_type_hints` does: it is the class's own text
        except NameError:
            return NO_DEFAULT


def fields_of(cls: type, frame: Any) -> tuple[Field, ...]:
    """The fields of a class that is being made in `frame`: its bases' first, then its own."""
    inherited: dict[str, Field] = {}
    for base in reversed(cls.__mro__[1:]):
        for field in base.__dict__.get("_tf_extension_type_fields", ()):
            inherited[field.name] = field
    annotations = inspect.get_annotations(cls)
    _check_names(cls, annotations)
    # A class made by `type(...)` from elsewhere has its names in its own module.
    own = getattr(sys.modules.get(cls.__module__), "__dict__", {})
    namespace = Namespace(cls, dict(frame.f_locals), (frame.f_globals, own))
    for name, annotation in annotations.items():
        default = cls.__dict__.get(name, NO_DEFAULT)
        inherited[name] = Field(name, annotation, default, namespace)
    for name in annotations:
        if name in cls.__dict__:
            delattr(cls, name)  # a value of an instance, not of the class
    return tuple(inherited.values())


def _check_names(cls: type, annotations: Mapping[str, Any]) -> None:
    start = f"The field annotations for {cls.__name__} are invalid."
    for name in annotations:
        if name in _RESERVED or name.startswith(_RESERVED_PREFIX):
            raise ValueError(f"{start} Field {name!r} is reserved.")
    for name, value in cls.__dict__.items():
        if name in annotations or name.startswith("_") or name == "Spec" or callable(value):
            continue
        if not hasattr(type(value), "__get__"):
            raise ValueError(f"{start} Field {name} is missing a type annotation.")


def signature_of(fields: tuple[Field, ...], result: Any, with_defaults: bool) -> inspect.Signature:
    """The signature of a constructor that takes the fields.

    A field without a default that follows one with a default is given by keyword.
    """
    kind: Any = inspect.Parameter.POSITIONAL_OR_KEYWORD
    parameters, seen = [], False
    for field in fields:
        default = field.default if with_defaults else NO_DEFAULT
        if default is not NO_DEFAULT:
            seen = True
        elif seen:
            kind = inspect.Parameter.KEYWORD_ONLY
        annotation = field.annotation if with_defaults else NO_DEFAULT
        parameters.append(
            inspect.Parameter(field.name, kind, default=default, annotation=annotation)
        )
    return inspect.Signature(parameters, return_annotation=result)


# What an annotation may be.


def _checked(annotation: Any, name: str, namespace: Namespace) -> Any:
    """The annotation, strings inside it evaluated; TypeError where it is not supported."""
    if annotation is None:
        return type(None)
    if isinstance(annotation, typing.ForwardRef):
        annotation = annotation.__forward_arg__
    if isinstance(annotation, str):
        found = namespace.evaluate(annotation)
        return annotation if found is NO_DEFAULT else _checked(found, name, namespace)
    if annotation in _SCALARS or annotation in (Tensor, DType, TensorShape):
        return annotation
    if isinstance(annotation, type) and _is_composite_class(annotation):
        return annotation
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is tuple and arguments:
        return tuple, tuple(a if a is ... else _checked(a, name, namespace) for a in arguments)
    if origin is collections.abc.Mapping and len(arguments) == 2:
        return Mapping, tuple(_checked(a, name, namespace) for a in arguments)
    if origin is typing.Union or origin is types.UnionType:
        return typing.Union, tuple(_checked(a, name, namespace) for a in arguments)
    shown = repr(annotation.__name__) if isinstance(annotation, type) else repr(annotation)
    raise TypeError(
        f"In field {name!r}: Unsupported type annotation {shown}. Fields are tf.Tensor, composite "
        "tensors and extension types, int, float, bool, str, bytes, None, tf.DType, "
        "tf.TensorShape, and Tuple, Mapping, Union and Optional of these."
    )


def _is_composite_class(cls: type) -> bool:
    return hasattr(cls, "_type_spec") and not issubclass(cls, TypeSpec)


# Values.


def fit(value: Any, kind: Any, path: str, spec: bool = False) -> Any:
    """`value` converted to what an annotation (checked before) asks for.

    Args:
      value: What was given.
      kind: The annotation, as `_checked` gives it.
      path: Name for errors.
      spec: Whether specs stand for tensors and composites.
    Raises:
      TypeError: it does not fit.
    """
    if kind is Tensor:
        return _spec_of_tensor(value, path) if spec else _tensor(value, path)
    if isinstance(kind, tuple):
        return _CONTAINERS[kind[0]](value, kind[1], path, spec)
    if kind in _SCALARS:
        if not isinstance(value, kind):
            raise TypeError(f"{path}: expected {kind.__name__!r}, got {type(value).__name__!r}")
        return value
    if kind is DType:
        return as_dtype(value)
    if kind is TensorShape:
        return as_shape(value)
    if isinstance(kind, str):
        raise TypeError(f"{path}: Unsupported type annotation {kind!r}")
    if spec:
        if not (isinstance(value, TypeSpec) and issubclass(value.value_type, kind)):
            raise TypeError(
                f"{path}: expected a TypeSpec for {kind.__name__!r}, got {type(value).__name__!r}"
            )
        return value
    if not isinstance(value, kind):
        raise TypeError(f"{path}: expected {kind.__name__!r}, got {type(value).__name__!r}")
    return value


def _tensor(value: Any, path: str) -> Any:
    if isinstance(value, Tensor):
        return value
    if value is None or isinstance(value, (TypeSpec, Mapping)) or _is_composite_class(type(value)):
        raise TypeError(f"{path}: expected a Tensor, got {type(value).__name__!r}")
    try:
        return convert(value)
    except (TypeError, ValueError) as error:
        raise TypeError(
            f"{path}: expected a Tensor, got {type(value).__name__!r}: {error}"
        ) from None


def _spec_of_tensor(value: Any, path: str) -> Any:
    if not isinstance(value, TensorSpec):
        raise TypeError(f"{path}: expected a TensorSpec, got {type(value).__name__!r}")
    return value


def _tuple(value: Any, kinds: tuple[Any, ...], path: str, spec: bool) -> Any:
    if not isinstance(value, (list, tuple)):
        raise TypeError(f"{path}: expected tuple, got {type(value).__name__!r}")
    if len(kinds) == 2 and kinds[1] is ...:
        kinds = (kinds[0],) * len(value)
    if len(kinds) != len(value):
        raise TypeError(f"{path}: expected tuple with length {len(kinds)}, got length {len(value)}")
    return tuple(
        fit(item, kind, f"{path}[{i}]", spec)
        for i, (item, kind) in enumerate(zip(value, kinds, strict=True))
    )


def _mapping(value: Any, kinds: tuple[Any, ...], path: str, spec: bool) -> Any:
    if not isinstance(value, Mapping):
        raise TypeError(f"{path}: expected mapping, got {type(value).__name__!r}")
    return ImmutableDict(
        (fit(key, kinds[0], f"{path}[<key>]", spec), fit(item, kinds[1], f"{path}[{key!r}]", spec))
        for key, item in value.items()
    )


def _union(value: Any, kinds: tuple[Any, ...], path: str, spec: bool) -> Any:
    for kind in kinds:
        try:
            return fit(value, kind, path, spec)
        except (TypeError, ValueError):
            continue
    names = ", ".join(str(getattr(kind, "__name__", kind)) for kind in kinds)
    raise TypeError(f"{path}: expected one of {names}, got {type(value).__name__!r}")


_CONTAINERS: dict[Any, Callable[..., Any]] = {
    tuple: _tuple,
    Mapping: _mapping,
    typing.Union: _union,
}


# Tensors inside of fields.


def is_part(value: Any) -> bool:
    """Whether a leaf of a field is a tensor, a composite, or a spec of either."""
    return isinstance(value, (Tensor, TypeSpec)) or _is_composite_class(type(value))


def leaves(value: Any) -> Iterator[Any]:
    """The leaves of a field's value, in order; mappings by their sorted keys."""
    if isinstance(value, tuple):
        for item in value:
            yield from leaves(item)
    elif isinstance(value, Mapping):
        for key in sorted(value):
            yield from leaves(value[key])
    else:
        yield value


def map_leaves(function: Callable[[Any], Any], value: Any) -> Any:
    """A field's value with `function` applied to its leaves, in the order of `leaves`."""
    if isinstance(value, tuple):
        return tuple(map_leaves(function, item) for item in value)
    if isinstance(value, Mapping):
        mapped = {key: map_leaves(function, value[key]) for key in sorted(value)}
        return ImmutableDict((key, mapped[key]) for key in value)
    return function(value)


def plain(value: Any) -> Any:
    """A field's value with dicts for immutable ones, as specs are written down."""
    if isinstance(value, tuple):
        return tuple(plain(item) for item in value)
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    return value


def frozen(value: Any) -> Any:
    """The inverse of `plain`."""
    if isinstance(value, tuple):
        return tuple(frozen(item) for item in value)
    if isinstance(value, Mapping):
        return ImmutableDict((key, frozen(item)) for key, item in value.items())
    return value
