"""Structures of elements: tuples and dicts are structure, lists are tensors, as in TensorFlow."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from deras._src.core.dtypes import as_dtype
from deras._src.core.type_spec import NoneTensorSpec, TensorSpec, TypeSpec
from deras._src.dispatch.convert import convert
from deras._src.util import nest


def map_leaves(value: Any, leaf: Callable[[Any], Any]) -> Any:
    """`leaf` of each leaf; a list is a leaf."""
    if isinstance(value, tuple):
        made = [map_leaves(x, leaf) for x in value]
        return type(value)(*made) if hasattr(value, "_fields") else tuple(made)
    if type(value) is dict:
        return {key: map_leaves(x, leaf) for key, x in value.items()}
    if isinstance(value, list) or not nest.is_nested(value):
        return leaf(value)
    return nest.map_structure(leaf, value)


def normalized(value: Any) -> Any:
    """A value as the structure of an element: with tensors and composites as leaves."""
    return map_leaves(value, _component)


def _component(value: Any) -> Any:
    if value is None or hasattr(type(value), "_type_spec"):
        return value
    return convert(value)


def spec_of(value: Any) -> Any:
    """The spec of a normalized structure."""
    return map_leaves(value, _leaf_spec)


def _leaf_spec(value: Any) -> Any:
    if value is None:
        return NoneTensorSpec()
    if hasattr(type(value), "_type_spec"):
        return value._type_spec
    return TensorSpec(value.shape, value.dtype)


def flat_tensors(value: Any) -> list[Any]:
    """The tensors of a normalized structure, composites taken apart, without None."""
    leaves = nest.flatten(value, expand_composites=True)
    return [x for x in leaves if x is not None]


def signature_of(value: Any, what: str) -> Any:
    """A structure of specs as the user gave it, checked.

    Raises:
      TypeError: something that is no spec.
    """

    def one(leaf: Any) -> Any:
        if isinstance(leaf, TypeSpec):
            return leaf._without_tensor_names()
        raise TypeError(f"{what}: a tf.TypeSpec is wanted, got {type(leaf).__name__} {leaf!r}")

    return map_leaves(value, one)


def spec_of_types(types: Any, shapes: Any) -> Any:
    """The specs of structures of dtypes and (if not None) shapes."""
    if shapes is None:
        return map_leaves(types, lambda d: TensorSpec(None, as_dtype(d)))
    if isinstance(types, tuple):
        made = [spec_of_types(d, s) for d, s in zip(types, shapes, strict=True)]
        return type(types)(*made) if hasattr(types, "_fields") else tuple(made)
    if isinstance(types, Mapping):
        return {key: spec_of_types(d, shapes[key]) for key, d in types.items()}
    return TensorSpec(shapes, as_dtype(types))


def packer(spec: Any) -> Callable[[Sequence[Any]], Any]:
    """A function from flat tensors to the structure of `spec`."""
    if type(spec) is TensorSpec:
        return lambda flat: flat[0]
    if type(spec) is tuple and all(type(s) is TensorSpec for s in spec):
        return tuple
    if type(spec) is dict and all(type(s) is TensorSpec for s in spec.values()):
        order = {key: i for i, key in enumerate(sorted(spec))}
        places = [(key, order[key]) for key in spec]
        return lambda flat: {key: flat[i] for key, i in places}
    return lambda flat: nest.pack_sequence_as(spec, list(flat), expand_composites=True)


def same_kind(one: Any, other: Any) -> Any:
    """The narrowest spec of two; None where their structures or dtypes differ."""
    try:
        nest.assert_same_structure(one, other)
    except (TypeError, ValueError):
        return None
    pairs = zip(nest.flatten(one), nest.flatten(other), strict=True)
    merged = [a.most_specific_common_supertype([b]) for a, b in pairs]
    return None if any(m is None for m in merged) else nest.pack_sequence_as(one, merged)


def batched(spec: Any, size: int | None, what: str) -> Any:
    """The spec of batches of elements of this spec."""

    def one(leaf: Any) -> Any:
        if isinstance(leaf, (TensorSpec, NoneTensorSpec)):
            return leaf if isinstance(leaf, NoneTensorSpec) else leaf._batch(size)
        if hasattr(leaf, "_batch"):
            return leaf._batch(size)
        raise TypeError(f"{what}: elements of {leaf} cannot be batched")

    return map_leaves(spec, one)


def unbatched(spec: Any, what: str) -> tuple[Any, int | None]:
    """The spec of rows of elements of this spec, and how many rows there are, if known."""
    sizes: list[int] = []

    def one(leaf: Any) -> Any:
        if isinstance(leaf, NoneTensorSpec):
            return leaf
        if isinstance(leaf, TensorSpec):
            if leaf.shape.rank == 0:
                raise ValueError(f"{what}: a scalar component has no rows: {spec}")
            if leaf.shape.rank is not None and leaf.shape[0] is not None:
                sizes.append(leaf.shape[0])
            return TensorSpec(leaf.shape[1:] if leaf.shape.rank else None, leaf.dtype)
        if hasattr(leaf, "_unbatch"):
            return leaf._unbatch()
        raise TypeError(f"{what}: elements of {leaf} have no rows")

    result = map_leaves(spec, one)
    if len(set(sizes)) > 1:
        raise ValueError(f"{what}: Dimensions {sizes[0]} and {sizes[1]} are not compatible")
    return result, sizes[0] if sizes else None


def as_scalar(value: Any, what: str) -> Any:
    """An integer argument: an int, or a graph's tensor.

    Raises:
      TypeError: it is no integer scalar.
    """
    if isinstance(value, (bool, float)):
        raise TypeError(f"{what} must be an integer, got {value!r}")
    if isinstance(value, int):
        return value
    found = convert(value)
    if not found.dtype.is_integer or found.shape.rank not in (0, None):
        raise TypeError(f"{what} must be an integer scalar, got {found!r}")
    known = getattr(found, "value", None)
    if known is not None:
        return int(known)
    return found if not hasattr(found, "host_array") else int(found.host_array())


def spec_text(spec: Any, what: str) -> Any:
    """An element spec as JSON."""
    if isinstance(spec, TensorSpec):
        dims = None if spec.shape.rank is None else spec.shape.as_list()
        return {"tensor": [spec.dtype.name, dims]}
    if isinstance(spec, NoneTensorSpec):
        return {"none": 0}
    if isinstance(spec, tuple):
        return {"tuple": [spec_text(s, what) for s in spec]}
    if isinstance(spec, dict):
        return {"dict": [[k, spec_text(v, what)] for k, v in spec.items()]}
    raise TypeError(f"{what}: elements of {spec} cannot be saved")


def spec_from(text: Any) -> Any:
    """The inverse of `spec_text`."""
    ((kind, value),) = text.items()
    if kind == "tensor":
        return TensorSpec(value[1], as_dtype(value[0]))
    if kind == "tuple":
        return tuple(spec_from(s) for s in value)
    if kind == "dict":
        return {k: spec_from(v) for k, v in value}
    return NoneTensorSpec()
