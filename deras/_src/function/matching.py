"""Which trace serves a call: types of arguments compared, and widened for `reduce_retracing`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from deras._src.core.tensor_shape import TensorShape
from deras._src.core.type_spec import TensorSpec, TypeSpec
from deras._src.function.function_type import argument_names
from deras._src.function.signature import Leaf, relaxed_shape
from deras._src.function.trace_type import Object, PlaceholderContext
from deras._src.util import nest


class Types:
    """The types of a call's arguments.

    Attributes:
      leaves: for each leaf its TensorSpec, its own trace type, or None for a Python value.
      composites: the specs of the composite tensors, in the order of the arguments.
    """

    __slots__ = ("composites", "leaves")

    def __init__(self, leaves: Sequence[Any], composites: Sequence[TypeSpec]) -> None:
        self.leaves = tuple(leaves)
        self.composites = tuple(composites)

    def is_subtype_of(self, other: Types) -> bool:
        """Whether the trace for `other` serves these; both are of one `kind_of`."""
        return all(
            mine is None or _covers(its, mine)
            for mine, its in zip(self.leaves, other.leaves, strict=True)
        ) and all(
            a.is_subtype_of(b) for a, b in zip(self.composites, other.composites, strict=True)
        )

    def widened(self, other: Types) -> Types:
        """The narrowest types that serve both; these where there are none."""
        leaves: list[Any] = []
        for mine, its in zip(self.leaves, other.leaves, strict=True):
            if isinstance(mine, TensorSpec):
                leaves.append(TensorSpec(relaxed_shape([mine.shape, its.shape]), mine.dtype))
            elif mine is None:
                leaves.append(None)
            else:
                common = mine.most_specific_common_supertype([its])
                if common is None:
                    return self
                leaves.append(common)
        composites = []
        for spec, its in zip(self.composites, other.composites, strict=True):
            merged = spec.most_specific_common_supertype([its])
            if merged is None:
                return self
            composites.append(merged)
        return Types(leaves, composites)


def types_of(leaves: Sequence[Leaf], composites: Sequence[TypeSpec]) -> Types:
    """The types of a call's leaves."""
    found: list[Any] = []
    for leaf in leaves:
        if leaf.tensor is not None:
            found.append(TensorSpec(leaf.tensor.shape, leaf.tensor.dtype, _name(leaf.tensor)))
        else:
            found.append(leaf.trace_type)
    return Types(found, composites)


def _name(tensor: Any) -> str | None:
    return tensor.name if isinstance(tensor, TensorSpec) else None


def kind_of(structure: Any, leaves: Sequence[Leaf]) -> Any:
    """What the calls that could share a trace have in common: all but shapes and own types."""
    return _loose(structure), tuple(
        x.tensor.dtype if x.tensor is not None else x.key if x.trace_type is None else None
        for x in leaves
    )


def _loose(structure: Any) -> Any:
    if isinstance(structure, tuple):
        return tuple(_loose(part) for part in structure)
    if isinstance(structure, TypeSpec):
        return type(structure), len(structure.flatten())
    return structure


def composites_in(structure: Any) -> list[TypeSpec]:
    """The specs of the composite tensors (or the specs themselves) among a structure's leaves."""
    found = []
    for leaf in nest.flatten(structure):
        spec = spec_of_composite(leaf)
        if spec is not None:
            found.append(spec)
    return found


def spec_of_composite(leaf: Any) -> Any:
    """The spec of a composite tensor, or a spec itself; None for all else."""
    if isinstance(leaf, TypeSpec):
        return leaf if leaf._expands_in_nest else None
    return leaf._type_spec if hasattr(type(leaf), "_type_spec") else None


def with_composites(structure: Any, specs: Sequence[TypeSpec]) -> Any:
    """The structure with these specs in the place of its composite tensors."""
    if not specs:
        return structure
    rest = iter(specs)
    return nest.map_structure(
        lambda leaf: leaf if spec_of_composite(leaf) is None else next(rest), structure
    )


def best_of(traces: Sequence[Any], types: Types) -> Any:
    """The trace with the most specific types that serve `types`; None if none does."""
    best = None
    for trace in traces:
        if types.is_subtype_of(trace.types) and (
            best is None or trace.types.is_subtype_of(best.types)
        ):
            best = trace
    return best


def _covers(general: Any, special: Any) -> bool:
    if not isinstance(special, TensorSpec):
        return bool(special.is_subtype_of(general))
    shape: TensorShape = general.shape
    if shape.rank is None:
        return True
    return shape.rank == special.shape.rank and all(
        g is None or g == s for g, s in zip(shape.as_list(), special.shape.as_list(), strict=True)
    )


def placeholders(
    graph: Any, parameters: Any, args: Any, kwargs: Any, leaves: Sequence[Leaf], types: Types
) -> list[Any]:
    """What the Python function gets for each leaf while it is traced; named as its parameters."""
    values = []
    names = argument_names(parameters, args, kwargs)
    for leaf, kind, name in zip(leaves, types.leaves, names, strict=True):
        if kind is None:
            values.append(leaf.value)
        elif isinstance(kind, TensorSpec):
            values.append(graph.placeholder(kind.dtype, kind.shape, kind.name or name))
        else:
            values.append(_own_placeholder(graph, kind, name))
    return values


def _own_placeholder(graph: Any, kind: Any, name: str) -> Any:
    """The placeholder value of a trace type of the user's; its tensors become inputs."""
    first = len(graph.inputs)
    value = kind.placeholder_value(PlaceholderContext(graph, name))
    tensors = kind.to_tensors(value)
    made = graph.inputs[first:]
    if {id(t) for t in tensors} != {id(t) for t in made} or len(tensors) != len(made):
        raise TypeError(
            f"{kind!r}: placeholder_value must make its tensors with the context it is given (by "
            "the placeholder_value of their TensorSpecs), and to_tensors must give just these: "
            f"{len(made)} were made, to_tensors gives {len(tensors)}"
        )
    graph.inputs[first:] = tensors
    return value


def described(structure: Any, leaves: Sequence[Leaf], types: Types) -> Any:
    """The arguments as a trace keeps them: specs, Python values, and weakly held objects."""
    rest = iter(zip(leaves, types.leaves, strict=True))
    specs = iter(types.composites)

    def one(leaf: Any) -> Any:
        if spec_of_composite(leaf) is not None:
            for _ in nest.flatten(leaf, expand_composites=True):
                next(rest)
            return next(specs)
        own, kind = next(rest)
        if kind is not None:
            return kind
        return Object(own.value) if own.key[0] in ("O", "V") else own.value

    return nest.map_structure(one, structure)
