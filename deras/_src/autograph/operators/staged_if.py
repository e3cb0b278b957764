"""A branch of the graph from two blocks: traced, compared variable by variable, joined."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from deras._src import errors
from deras._src.autograph.operators.carried import zero
from deras._src.autograph.operators.places import RETURN_VALUE, UNDEFINED, shown
from deras._src.autograph.operators.staging import Block, condition, described, is_tensor
from deras._src.control_flow.branches import join_branches, trace_branch
from deras._src.control_flow.structures import Structured
from deras._src.util import nest
from deras._src.util.callsite import user_site

_SIDES = ("main", "else")


def stage_if(
    test: Any,
    functions: Sequence[Callable[[], list[Any]]],
    names: Sequence[str],
    what: str,
    blocks: Sequence[Block],
    returning: Sequence[int] = (),
    optional: Sequence[str] = (),
) -> list[Any]:
    """Adds a branch to the graph.

    Args:
      test: The condition.
      functions: Two callables; each gives the variables' values after its block.
      names: The variables.
      what: The construct, for errors.
      blocks: Where the two blocks are.
      returning: The sides that certainly return from the function.
      optional: Variables that nothing reads where a side leaves them unbound.
    Returns:
      The variables after the branch.
    """
    predicate = condition(test, what)
    values: list[list[Any]] = []
    flat: list[list[Structured | None]] = []
    graphs = []
    for number, function in enumerate(functions):

        def run(function: Callable[[], list[Any]] = function) -> list[Any]:
            values.append(function())
            flat.append([None if _passes(v) else Structured(v) for v in values[-1]])
            return [t for s in flat[-1] if s is not None for t in s.tensors]

        graphs.append(trace_branch(f"{what.replace(' ', '_')}_{_SIDES[number]}", run))
    first, second = values
    structures: list[Any] = []  # of each output: a structure, or the value itself
    unset: list[tuple[int, int]] = []
    outputs: tuple[list[Any], list[Any]] = ([], [])
    sources = [_Reader(g.outputs) for g in graphs]
    for name, a, b, *pair in zip(names, first, second, *flat, strict=True):
        taken = [s.take(p) for s, p in zip(sources, pair, strict=True)]
        if a is UNDEFINED and b is UNDEFINED:
            structures.append(UNDEFINED)
            continue
        side = 0 if a is UNDEFINED else 1
        unread = name == RETURN_VALUE or name in optional or side in returning
        if (a is UNDEFINED or b is UNDEFINED) and unread:
            if pair[1 - side] is None:
                if name == RETURN_VALUE:
                    _refuse_return(b if side == 0 else a, side, what, blocks)
                structures.append(UNDEFINED)
                continue
            for tensor in taken[1 - side]:
                unset.append((side, len(outputs[side])))
                outputs[side].append(zero(tensor.dtype))
                outputs[1 - side].append(tensor)
            structures.append(pair[1 - side])
            continue
        if name == RETURN_VALUE and a is None and b is None:
            structures.append(None)
            continue
        if a is b and (not _is_convertible(a) or (type(a) is bool and name.startswith("ag_"))):
            structures.append(_Same(a))
            continue
        _compare(name, a, b, taken, what, blocks)
        for side in (0, 1):
            outputs[side].extend(taken[side])
        structures.append(pair[0])
    for graph, chosen in zip(graphs, outputs, strict=True):
        graph.outputs = chosen
    results = iter(join_branches(predicate, graphs, unset, what))
    after: list[Any] = []
    for structure in structures:
        if isinstance(structure, Structured):
            count = len(structure.tensors)
            after.append(structure.pack([next(results) for _ in range(count)]))
        else:
            after.append(structure.value if isinstance(structure, _Same) else structure)
    return after


class _Same:
    """A Python object that both branches leave as it is."""

    def __init__(self, value: Any) -> None:
        self.value = value


class _Reader:
    """Takes a graph's outputs, variable by variable."""

    def __init__(self, outputs: Sequence[Any]) -> None:
        self._outputs = iter(list(outputs))

    def take(self, structure: Structured | None) -> list[Any]:
        """The outputs that belong to the next variable."""
        count = 0 if structure is None else len(structure.tensors)
        return [next(self._outputs) for _ in range(count)]


def _passes(value: Any) -> bool:
    """Whether a value has no tensors to hand out."""
    return value is UNDEFINED or value is None or not _is_convertible(value)


def _is_convertible(value: Any) -> bool:
    for leaf in nest.flatten(value, expand_composites=True):
        if leaf is UNDEFINED:
            return False
        if leaf is None or is_tensor(leaf) or isinstance(leaf, (bool, int, float, complex, str)):
            continue
        if isinstance(leaf, (bytes, np.ndarray, np.generic)) or hasattr(leaf, "__array__"):
            continue
        return False
    return True


def _refuse_return(value: Any, side: int, what: str, blocks: Sequence[Block]) -> None:
    """Raises where one branch returns what is no tensor, and the other goes on."""
    cls: Any = TypeError
    text = f"a {type(value).__name__} is returned, which cannot become a tensor"
    if value is None:
        cls, text = ValueError, f"the {_SIDES[side]} branch must also have a return statement"
    sides = [
        (f"{_SIDES[1 - side]} branch", f"returns {described(value, blocks[1 - side])}"),
        (f"{_SIDES[side]} branch", f"goes on, {blocks[side]}"),
    ]
    raise errors.op_error(cls, f"AutoGraph: {what}", text, sides, site=user_site())


def _compare(
    name: str, a: Any, b: Any, taken: Sequence[list[Any]], what: str, blocks: Sequence[Block]
) -> None:
    """Raises where the two branches leave a variable in ways that cannot be joined."""

    def fail(cls: Any, text: str, hint: str | None = None) -> Any:
        sides = [
            (f"{side} branch", "nothing" if v is UNDEFINED else described(v, block))
            for side, v, block in zip(_SIDES, (a, b), blocks, strict=True)
        ]
        return errors.op_error(cls, f"AutoGraph: {what}", text, sides, site=user_site(), hint=hint)

    for side, value in zip(_SIDES, (a, b), strict=True):
        if value is UNDEFINED:
            raise fail(
                ValueError,
                f"{shown(name)} must also be initialized in the {side} branch",
                "the condition is a tensor, so both branches are part of the program: give it a "
                f"value before the {what.split()[0]}, or in both branches",
            )
    if name == RETURN_VALUE and (a is None or b is None):
        side = _SIDES[0] if a is None else _SIDES[1]
        raise fail(
            ValueError,
            f"the {side} branch must also have a return statement (a value is returned in the "
            "other, None here)",
        )
    try:
        nest.assert_same_structure(a, b, expand_composites=True)
    except (TypeError, ValueError) as error:
        if a is None or b is None:
            side = _SIDES[0] if a is None else _SIDES[1]
            raise fail(
                TypeError if nest.is_nested(a) or nest.is_nested(b) else ValueError,
                f"{shown(name)} is None at the end of the {side} branch",
                "a tensor cannot be None: use a number that stands for it, such as -1 or NaN",
            ) from None
        raise fail(
            TypeError,
            f"{shown(name)} must have the same nested structure in the main and else branches "
            f"({str(error).splitlines()[0]})",
        ) from None
    for x, y in zip(
        nest.flatten(a, expand_composites=True),
        nest.flatten(b, expand_composites=True),
        strict=True,
    ):
        for side, leaf in zip(_SIDES, (x, y), strict=True):
            if leaf is None:
                raise fail(
                    ValueError,
                    f"{shown(name)} is None at the end of the {side} branch",
                    "a tensor cannot be None: use a number that stands for it, such as -1 or NaN",
                )
            if not _is_convertible(leaf):
                raise fail(
                    TypeError,
                    f"{shown(name)} is no tensor at the end of the {side} branch, and cannot "
                    "become one",
                )
    for mine, other in zip(*taken, strict=True):
        if mine.dtype is not other.dtype:
            raise fail(
                TypeError,
                f"{shown(name)} has dtype {mine.dtype.name} in the main branch, but dtype "
                f"{other.dtype.name} in the else branch",
                "use tf.cast in one of them",
            )
