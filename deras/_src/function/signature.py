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

    def bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict]:
        """Positional and keyword arguments in canonical form, defaults filled in."""
        if self.parameters is None:
            return args, kwargs
        bound = self.parameters.bind(*args, **kwargs)
        bound.apply_defaults()
        return bound.args, bound.kwargs


class Leaf:
    """One leaf of the arguments as the trace sees it.

    Attributes:
      tensor: the tensor to pass, or None where the Python value itself is part of the trace.
      key: hashable; equal keys may share a trace.
      value: what the Python function gets (for non-tensors).
    """

    __slots__ = ("key", "tensor", "value")

    def __init__(self, tensor: Any, key: Any, value: Any) -> None:
        self.tensor = tensor
        self.key = key
        self.value = value


def leaf_of(value: Any) -> Leaf:
    """How one leaf is seen by a trace."""
    if type(value) is EagerTensor:
        return Leaf(value, value.aval, None)
    if isinstance(value, Tensor):
        return Leaf(value, ("T", value.dtype, _dims(value.shape)), None)
    if isinstance(value, (np.ndarray, np.generic, jax.Array)) or (
        hasattr(value, "__array__")
        and not hasattr(value, "_handle")
        and hasattr(value, "dtype")
        and not isinstance(value, (TypeSpec, type))
    ):
        tensor = convert(value)
        return Leaf(tensor, tensor.aval, None)
    if isinstance(value, TensorSpec):
        return Leaf(value, ("T", value.dtype, _dims(value.shape)), None)
    if value is None or isinstance(value, (bool, int, float, complex, str, bytes)):
        return Leaf(None, (type(value), value), value)
    return Leaf(None, _identity_key(value), value)


def _dims(shape: TensorShape) -> Any:
    return None if shape.rank is None else tuple(shape.as_list())


class _ById:
    """A key that equals only the same living object."""

    __slots__ = ("_hash", "_ref")

    def __init__(self, value: Any) -> None:
        self._hash = id(value)
        try:
            self._ref: Any = weakref.ref(value)
        except TypeError:  # ints of a subclass, builtins: they cannot be weakly held
            self._ref = lambda: value

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, _ById) and (mine := self._ref()) is not None and mine is other._ref()
        )

    def __repr__(self) -> str:
        return f"<{type(self._ref()).__name__} object>"


def _identity_key(value: Any) -> Any:
    handle = getattr(value, "_handle", None)
    return ("V", _ById(handle)) if handle is not None else ("O", _ById(value))


def structure_key(structure: Any) -> Any:
    """A hashable picture of a nested structure, without its leaves."""
    kind = type(structure)
    if kind in (tuple, list):
        return (kind, *(structure_key(x) for x in structure))
    if kind is dict:
        return (dict, *((k, structure_key(structure[k])) for k in sorted(structure)))
    if not nest.is_nested(structure):
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
