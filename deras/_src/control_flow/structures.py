"""Nested structures going in and out of graphs: what stays flat tensors, what is put back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from deras._src.core.tensor import Tensor
from deras._src.dispatch.convert import convert
from deras._src.registry import OpRecord
from deras._src.util import nest


class Structured:
    """A structure of tensors, composites, variables, values and None as a flat list of tensors.

    Attributes:
      tensors: the flat list.
      structure: the structure as given; after `release` its leaves are specs.
    """

    __slots__ = ("_present", "structure", "tensors")

    def __init__(self, structure: Any) -> None:
        self.structure = structure
        self.tensors: list[Any] = []
        self._present: list[bool] = []
        for leaf in nest.flatten(structure, expand_composites=True):
            # An operation (of tf.group, tf.no_op) has run when the function returns: None is left.
            present = leaf is not None and not isinstance(leaf, OpRecord)
            self._present.append(present)
            if present:
                self.tensors.append(convert(leaf))

    def pack(self, tensors: Sequence[Any]) -> Any:
        """The structure again, with other tensors."""
        if self._present == [True] and self.is_single:
            return tensors[0]
        rest = iter(tensors)
        leaves = [next(rest) if present else None for present in self._present]
        return nest.pack_sequence_as(self.structure, leaves, expand_composites=True)

    @property
    def is_single(self) -> bool:
        """Whether the structure is one tensor and nothing around it."""
        leaf = self.structure
        return isinstance(leaf, (Tensor, _Leaf)) or not (
            nest.is_nested(leaf) or hasattr(leaf, "_type_spec") or hasattr(leaf, "_component_specs")
        )

    def describe(self) -> str:
        """The structure with its leaves as dots, for errors."""
        return repr(nest.map_structure(lambda x: None if x is None else ..., self.structure))

    def release(self) -> None:
        """Lets go of the tensors; only the structure is kept."""
        self.structure = nest.map_structure(_as_leaf, self.structure)
        self.tensors = []


class _Leaf:
    """Stands for a tensor in a released structure."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "..."


_LEAF = _Leaf()


def _as_leaf(leaf: Any) -> Any:
    if leaf is None:
        return None
    spec = getattr(leaf, "_type_spec", None)
    return _LEAF if spec is None else spec


def same_structure(what: str, structures: Sequence[Structured]) -> None:
    """TypeError where branches return unlike structures."""
    first = structures[0]
    for number, other in enumerate(structures[1:], 1):
        try:
            nest.assert_same_structure(first.structure, other.structure, expand_composites=True)
            same = len(first.tensors) == len(other.tensors)
        except (TypeError, ValueError):
            same = False
        if not same:
            raise TypeError(
                f"tf.{what}: the branches must return the same structure; branch 0 returns "
                f"{first.describe()}, branch {number} returns {other.describe()}."
            )
