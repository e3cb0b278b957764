"""What is known of a TensorArray's elements before there are any; how carried arrays get shapes.

In a graph the elements of a TensorArray are the rows of one tensor, its buffer. The shape of an
element may not be known until the first write; a growing array's number of rows is known only by
running. Both are settled when the program is lowered: a loop or branch is evaluated abstractly, and
the buffer it starts from is made of the shape that it ends with.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from deras._src.core.context import state
from deras._src.core.tensor import SymbolicTensor
from deras._src.core.tensor_shape import TensorShape, unknown_shape
from deras._src.util import nest

# The element shape of a buffer nothing was written to: no element that anyone writes has it.
UNSHAPED = (0,) * 6

_BUFFERS = "array_buffers"


class Family:
    """What TensorArrays made from one another share.

    Attributes:
      shape: static shape of an element, as far as it is known.
      infer: whether a write teaches it.
      size: the number of elements, where it is fixed and known while tracing; else None.
      bound: the rows kept for an array that grows (see `LoopBound`), or None.
      guessed: whether a result's static shape was given up because `shape` was not known.
    """

    __slots__ = ("_root", "bound", "guessed", "infer", "shape", "size")

    def __init__(
        self, shape: TensorShape, infer: bool, size: int | None, bound: Any, graph: Any = None
    ) -> None:
        self.shape = shape
        self.infer = infer
        self.size = size
        self.bound = bound
        self.guessed = False
        self._root = _root_of(state.graph if graph is None else graph)

    def learn(self, shape: TensorShape) -> None:
        """Takes over what a written element tells; the shapes are known to be compatible."""
        if self.infer:
            self.shape = self.shape.merge_with(shape)

    def is_at_home(self, graph: Any) -> bool:
        """Whether `graph` belongs to the outermost function that the family was made in."""
        root = None if self._root is None else self._root()
        return root is not None and root is outermost(graph)

    def __repr__(self) -> str:
        return f"<elements {self.shape}>"


def outermost(graph: Any) -> Any:
    """The graph of the outermost function being traced around `graph`."""
    while graph is not None and graph.outer is not None:
        graph = graph.outer
    return graph


def _root_of(graph: Any) -> Any:
    root = outermost(graph)
    return None if root is None else weakref.ref(root)


def families(structure: Any) -> list[Family]:
    """The families of the TensorArrays of a graph in a structure."""
    found = (getattr(leaf, "_family", None) for leaf in nest.flatten(structure))
    return [f for f in found if f is not None]


class Lesson:
    """Whether tracing a loop's body taught an element shape that was asked for before."""

    def __init__(self, structure: Any) -> None:
        self.families = families(structure)
        for family in self.families:
            family.guessed = False
        self.before = [f.shape for f in self.families]

    def is_worth_another_trace(self) -> bool:
        """Whether the same trace would come out better now."""
        return any(
            f.guessed and f.shape.rank is not None and f.shape.as_list() != _dims(old)
            for f, old in zip(self.families, self.before, strict=True)
        )

    def tell(self, structure: Any) -> None:
        """Gives the arrays of the structure, whose buffers exist, the shapes learnt."""
        for leaf in nest.flatten(structure):
            if getattr(leaf, "_family", None) is not None:
                leaf._show_shape()


def _dims(shape: TensorShape) -> Any:
    return None if shape.rank is None else shape.as_list()


# -- buffers among what graphs take and give --------------------------------------------------


def note_buffer(tensor: Any) -> None:
    """Notes in its graph that a tensor is the buffer of a TensorArray."""
    if isinstance(tensor, SymbolicTensor):
        tensor.graph.extras.setdefault(_BUFFERS, {})[id(tensor)] = tensor


def buffers_among(graph: Any, tensors: Sequence[Any]) -> list[int]:
    """Which of these tensors of a graph are buffers."""
    noted = graph.extras.get(_BUFFERS, ())
    return [i for i, t in enumerate(tensors) if id(t) in noted]


def is_unshaped(array: Any) -> bool:
    """Whether nothing has told the element shape of this buffer."""
    return tuple(array.shape[1:]) == UNSHAPED


def fit_buffer(array: Any, shape: Sequence[int]) -> Any:
    """A buffer with the rows and the element shape of `shape`, where it may be one; else itself."""
    shape = tuple(shape)
    if is_unshaped(array):
        if shape[1:] == UNSHAPED and shape[0] <= array.shape[0]:
            return array
        return jnp.zeros((max(shape[0], array.shape[0]), *shape[1:]), array.dtype)
    if shape[1:] == tuple(array.shape[1:]) and shape[0] > array.shape[0]:
        more = jnp.zeros((shape[0] - array.shape[0], *shape[1:]), array.dtype)
        return jnp.concatenate([jnp.asarray(array), more])
    return array


def settle_carry(
    graph: Any, start: list[Any], step: Callable[..., Sequence[Any]], *rest: Any
) -> list[Any]:
    """What a loop starts from, its buffers as its body makes them.

    `step` gives the next carried values from the last ones (and from `rest`, of which only shapes
    and dtypes matter). They begin with the inputs of `graph`.
    """
    positions = buffers_among(graph, graph.inputs)
    if not positions:
        return start
    start = list(start)
    while True:
        after = jax.eval_shape(step, tuple(start), *rest)
        changed = False
        for i in positions:
            fitted = fit_buffer(start[i], after[i].shape)
            changed = changed or fitted is not start[i]
            start[i] = fitted
        if not changed:
            return start


def settle_branches(
    graphs: Sequence[Any], branches: Sequence[Callable[[], Any]]
) -> list[Callable[[], Any]]:
    """Branches whose buffers agree. Each gives a tuple that begins with a tuple of outputs."""
    positions = sorted({i for g in graphs for i in buffers_among(g, g.outputs)})
    if not positions:
        return list(branches)
    shapes = [jax.eval_shape(b)[0] for b in branches]
    targets: dict[int, tuple[int, ...]] = {}
    for i in positions:
        mine = [tuple(s[i].shape) for s in shapes]
        rows = max(s[0] for s in mine)
        known = [s[1:] for s in mine if s[1:] != UNSHAPED]
        targets[i] = (rows, *(known[0] if known else UNSHAPED))

    def fitted(branch: Callable[[], Any]) -> Callable[[], Any]:
        def run() -> Any:
            outputs, *rest = branch()
            outputs = tuple(
                fit_buffer(o, targets[i]) if i in targets else o for i, o in enumerate(outputs)
            )
            return outputs, *rest

        return run

    return [fitted(b) for b in branches]


def rows_and(rows: int | None, shape: TensorShape) -> TensorShape:
    """The static shape of a buffer."""
    if shape.rank is None:
        return unknown_shape()
    return TensorShape([rows]).concatenate(shape)


def known_int(tensor: Any) -> int | None:
    """The value of an integer scalar that is known while tracing; None where it is not."""
    value = getattr(tensor, "value", None)
    if value is None:
        value = getattr(tensor, "_host", None)
    return int(value) if isinstance(value, np.ndarray) and value.ndim == 0 else None
