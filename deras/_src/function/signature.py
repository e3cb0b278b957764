"""Arguments of a call: bound to names, flattened, and turned into the key of a trace."""

from __future__ import annotations

import inspect
import weakref
from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np

from deras._src.core.tensor import EagerTensor, Tensor
from deras._src.core.tensor_shape import TensorShape
from deras._src.core.type_spec import TensorSpec, TypeSpec
from deras._src.dispatch.convert import convert
from deras._src.function.trace_type import custom_trace_type, same_literal
from deras._src.util import nest


class Signature:
    """The parameters of a Python function, and the `input_signature` given for them."""

    def __init__(self, function: Callable[..., Any], input_signature: Any) -> None:
        self.function = function
        try:
            self.parameters: inspect.Signature | None = inspect.signature(function)
        except (TypeError, ValueError):  # builtins have none; their arguments are positional
            self.parameters = None
        self.input_signature = None
        if input_signature is not None:
            if not isinstance(input_signature, (list, tuple)):
                raise TypeError(
                    "input_signature must be a list or tuple of TensorSpecs, got "
                    f"{type(input_signature).__name__}"
                )
            self.input_signature = tuple(input_signature)
            self._check_input_signature()

    @property
    def name(self) -> str:
        """The function's name, for errors."""
        return getattr(self.function, "__name__", type(self.function).__name__)

    def bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict]:
        """Positional and keyword arguments in canonical form, defaults filled in."""
        if self.parameters is None:
            return args, kwargs
        try:
            bound = self.parameters.bind(*args, **kwargs)
        except TypeError as error:
            raise TypeError(f"{self.name}{self.parameters}: {error}") from None
        bound.apply_defaults()
        return bound.args, bound.kwargs

    def _check_input_signature(self) -> None:
        """Raises TypeError where the signature does not suit the parameters."""
        signature: tuple[Any, ...] = self.input_signature  # type: ignore[assignment]
        wrong = [x for x in nest.flatten(signature) if not isinstance(x, TypeSpec)]
        if wrong:
            raise TypeError(
                f"{self.name}: input_signature must be a possibly nested sequence of TensorSpecs, "
                f"but {wrong[0]!r} is a {type(wrong[0]).__name__}"
            )
        if self.parameters is None:
            return
        parameters = list(self.parameters.parameters.values())
        if parameters and parameters[0].name == "self":
            return  # looked at again for the bound method
        positional = [
            p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
        ]
        variadic = any(p.kind is p.VAR_POSITIONAL for p in parameters)
        extra = len(signature) - len(positional)
        if extra > 0 and not variadic:
            raise TypeError(
                f"{self.name}{self.parameters}: input_signature has {extra} more entries than "
                "there are parameters"
            )
        keywords = [p for p in parameters if p.kind is p.KEYWORD_ONLY]
        for parameter in [*positional[len(signature) :], *keywords]:
            if parameter.default is parameter.empty:
                raise TypeError(
                    f"{self.name}{self.parameters}: input_signature has no entry for "
                    f"{parameter.name!r}, which has no default"
                )

    def fit(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict]:
        """Arguments (as `bind` gives them) as the `input_signature` wants them."""
        signature: tuple[Any, ...] = self.input_signature  # type: ignore[assignment]
        count = len(signature)
        if len(args) < count:
            raise TypeError(
                f"{self.name}: input_signature has {count} entries, but {len(args)} arguments "
                "were given"
            )
        fitted = []
        for value, spec in zip(args[:count], signature, strict=True):
            try:
                fitted.append(nest.map_structure_up_to(spec, _as_spec_asks, spec, value))
            except (TypeError, ValueError) as error:
                raise TypeError(
                    f"{self.name}: Python inputs incompatible with input_signature: inputs "
                    f"({_show(value)}), input_signature ({spec}): {error}"
                ) from None
        if self.parameters is not None:
            names = list(self.parameters.parameters)
            rest = dict(zip(names[count:], args[count:], strict=False)) | kwargs
            for name, value in rest.items():
                self._check_default(name, value)
        return (*fitted, *args[count:]), kwargs

    def _check_default(self, name: str, value: Any) -> None:
        parameter = self.parameters.parameters.get(name)  # type: ignore[union-attr]
        default = None if parameter is None else parameter.default
        if parameter is not None and (value is default or _is_equal(value, default)):
            return
        raise TypeError(
            f"{self.name}: input_signature has no entry for {name!r}, so it keeps its default, "
            f"{default!r}; got {_show(value)}"
        )


def _is_equal(one: Any, other: Any) -> bool:
    simple = (bool, int, float, complex, str, bytes)
    return isinstance(one, simple) and type(one) is type(other) and one == other


def _as_spec_asks(spec: Any, value: Any) -> Any:
    if isinstance(value, TypeSpec):
        if not value.is_subtype_of(spec) and not spec.is_compatible_with(value):
            raise TypeError(f"{value} does not fit {spec}")
        return value
    if not isinstance(spec, TensorSpec):
        if not spec.is_compatible_with(value):
            raise TypeError(f"it does not fit {spec}")
        return value
    tensor = convert(value, spec.dtype) if not isinstance(value, Tensor) else value
    if hasattr(type(value), "__deras_tensor__"):
        tensor = value.__deras_tensor__()
    if tensor.dtype is not spec.dtype or not spec.shape.is_compatible_with(tensor.shape):
        raise ValueError(f"{tensor.dtype.name}{tensor.shape} does not fit {spec}")
    return tensor


def _show(value: Any) -> str:
    text = repr(value)
    return text if len(text) < 200 else text[:197] + "..."


class Leaf:
    """One leaf of the arguments as the trace sees it.

    Attributes:
      tensor: the tensor to pass, or None where the Python value itself is part of the trace.
      key: hashable; equal keys may share a trace.
      value: what the Python function gets (for non-tensors).
      trace_type: what the value's class says its type is, or None.
      tensors: the tensors to pass, as its trace type gives them.
    """

    __slots__ = ("key", "tensor", "tensors", "trace_type", "value")

    def __init__(
        self, tensor: Any, key: Any, value: Any, trace_type: Any = None, tensors: Any = ()
    ) -> None:
        self.tensor = tensor
        self.key = key
        self.value = value
        self.trace_type = trace_type
        self.tensors = tensors


def leaf_of(value: Any) -> Leaf:
    """How one leaf is seen by a trace.

    Raises:
      TypeError: it is an object that cannot be hashed.
    """
    if type(value) is EagerTensor:
        return Leaf(value, value.aval, None)
    if isinstance(value, Tensor):
        return Leaf(value, ("T", value.dtype, _dims(value.shape)), None)
    if value is None or isinstance(value, (bool, int, float, complex, str, bytes)):
        return Leaf(None, same_literal(value), value)
    if isinstance(value, TensorSpec):
        return Leaf(value, ("T", value.dtype, _dims(value.shape)), None)
    kind = None if isinstance(value, type) else custom_trace_type(value)
    if kind is not None:
        return Leaf(None, ("C", kind), value, kind, [convert(x) for x in kind.to_tensors(value)])
    if isinstance(value, (np.ndarray, np.generic, jax.Array)) or (
        hasattr(value, "__array__")
        and not hasattr(value, "_handle")
        and hasattr(value, "dtype")
        and not isinstance(value, (TypeSpec, type))
    ):
        tensor = convert(value)
        return Leaf(tensor, tensor.aval, None)
    return Leaf(None, _object_key(value), value)


def _dims(shape: TensorShape) -> Any:
    return None if shape.rank is None else tuple(shape.as_list())


class _Same:
    """A key that equals the keys of the same object and of equal ones, while the object lives."""

    __slots__ = ("_hash", "_ref")

    def __init__(self, value: Any, hashed: int) -> None:
        self._hash = hashed
        try:
            self._ref: Any = weakref.ref(value)
        except TypeError:  # frozensets, ints of a subclass, builtins: they cannot be weakly held
            self._ref = lambda: value

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, _Same):
            return False
        mine, its = self._ref(), other._ref()
        if mine is its:
            return mine is not None
        return type(mine) is type(its) and bool(mine == its)

    def __repr__(self) -> str:
        return f"<{type(self._ref()).__name__} object>"


def _object_key(value: Any) -> Any:
    handle = getattr(value, "_handle", None)
    if handle is not None:
        return "V", _Same(handle, id(handle))
    try:
        hashed = hash(value)
    except TypeError:
        raise TypeError(
            f"tf.function: an argument is a {type(value).__name__}, which cannot be hashed, so "
            "calls with it cannot be told apart. Pass tensors, a tuple, a dict or a frozen "
            "dataclass, or give its class __hash__ or __tf_tracing_type__."
        ) from None
    return "O", _Same(value, hashed)


def structure_key(structure: Any) -> Any:
    """A hashable picture of a nested structure, without its leaves."""
    kind = type(structure)
    if kind in (tuple, list):
        return (kind, *(structure_key(x) for x in structure))
    if kind is dict:
        return (dict, *((k, structure_key(structure[k])) for k in sorted(structure)))
    if not nest.is_nested(structure):
        if isinstance(structure, TypeSpec):
            return structure if structure._expands_in_nest else None
        spec = getattr(structure, "_type_spec", None)
        return None if spec is None else spec
    flat = nest.flatten(structure)
    return (kind, len(flat), tuple(sorted(structure)) if hasattr(structure, "keys") else None)


def relaxed_shape(shapes: Sequence[TensorShape]) -> TensorShape:
    """The most specific shape that covers all of them."""
    first = shapes[0]
    if any(s.rank is None or s.rank != first.rank for s in shapes):
        return TensorShape(None)
    columns = zip(*(s.as_list() for s in shapes), strict=True)
    return TensorShape([c[0] if all(d == c[0] for d in c) else None for c in columns])
