"""`and`, `or`, `not`, chains of comparisons and `in`."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from deras._src import errors
from deras._src.autograph.operators.places import Binding
from deras._src.autograph.operators.staged_if import stage_if
from deras._src.autograph.operators.staging import Block, condition, is_staged
from deras._src.control_flow.branches import join_branches, trace_branch
from deras._src.core import dtypes
from deras._src.core.tensor import describe
from deras._src.dispatch.convert import convert
from deras._src.dispatch.replay import replay, value_of
from deras._src.graph.func_graph import FuncGraph
from deras._src.ops import math_compare, math_reduce
from deras._src.util.callsite import user_site

Operand = Callable[[], Any]

_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "is": operator.is_,
    "is not": operator.is_not,
}

# Cheap, and cannot fail: evaluating them always costs less than a branch.
_CHEAP = frozenset(
    {"AddV2", "Add", "Sub", "Mul", "Neg", "Abs", "Cast", "Less", "LessEqual", "Greater"}
    | {"GreaterEqual", "Equal", "NotEqual", "LogicalAnd", "LogicalOr", "LogicalNot", "Minimum"}
    | {"Maximum", "IsNan", "IsFinite", "IsInf", "Square", "Sign"}
)
_MOST_CHEAP = 12


def and_(first: Any, *rest: Operand) -> Any:
    """`first and rest[0]() and ...`."""
    value = first
    for part in rest:
        if is_staged(value):
            value = _lazy(value, part, "and")
        elif not value:
            return value
        else:
            value = part()
    return value


def or_(first: Any, *rest: Operand) -> Any:
    """`first or rest[0]() or ...`."""
    value = first
    for part in rest:
        if is_staged(value):
            value = _lazy(value, part, "or")
        elif value:
            return value
        else:
            value = part()
    return value


def not_(value: Any) -> Any:
    """`not value`."""
    if is_staged(value):
        return math_compare.logical_not(_boolean(value, "not"))
    return not value


def _boolean(value: Any, what: str) -> Any:
    tensor = convert(value)
    if tensor.dtype is not dtypes.bool_:
        raise errors.op_error(
            TypeError,
            f"AutoGraph: {what}",
            f"a bool tensor is needed, got {describe(tensor)}",
            site=user_site(),
            hint="compare it, as in `x != 0`, or use tf.cast(x, tf.bool)",
        )
    return tensor


def _lazy(value: Any, part: Operand, what: str) -> Any:
    """The second operand is evaluated only where the first does not decide."""
    first = _boolean(value, what)
    if isinstance(part, Binding):
        return _binding(first, part, what)
    graph = trace_branch(what, lambda: [_boolean(part(), what)])
    if _is_cheap(graph):
        env = {id(inner): outer for outer, inner in graph.captures}
        replay(graph.nodes, env)
        second = value_of(graph.outputs[0], env)
        if what == "and":
            return math_compare.logical_and(first, second)
        return math_compare.logical_or(first, second)
    test = condition(first, what)
    known = trace_branch(what, lambda: [test])
    graphs = [graph, known] if what == "and" else [known, graph]
    return join_branches(test, graphs, (), what)[0]


def _binding(first: Any, part: Binding, what: str) -> Any:
    """The same where the operand binds names: they keep their values where it is not evaluated."""
    before = part.get()

    def evaluated() -> list[Any]:
        return [_boolean(part(), what), *part.get()]

    def known() -> list[Any]:
        part.set(before)
        return [first, *before]

    functions = [evaluated, known] if what == "and" else [known, evaluated]
    names = [f"the value of {what!r}", *part.names]
    blocks = (Block(part), Block(part))
    result, *after = stage_if(first, functions, names, what, blocks, optional=part.names)
    part.set(after)
    return result


def _is_cheap(graph: FuncGraph) -> bool:
    return len(graph.nodes) <= _MOST_CHEAP and all(n.op.name in _CHEAP for n in graph.nodes)


def chain(left: Any, *links: tuple[str, Operand]) -> Any:
    """`left < b < c`: each link is a sign and the operand after it."""
    (sign, right), *rest = links
    middle = right()
    result = _compare(sign, left, middle)
    if not rest:
        return result
    return and_(result, lambda: chain(middle, *rest))


def _compare(sign: str, left: Any, right: Any) -> Any:
    if sign == "in":
        return in_(left, right)
    return not_in(left, right) if sign == "not in" else _COMPARE[sign](left, right)


def in_(item: Any, container: Any) -> Any:
    """`item in container`."""
    if is_staged(container) or (is_staged(item) and isinstance(container, np.ndarray)):
        return math_reduce.reduce_any(math_compare.equal(container, item))
    if not isinstance(container, (list, tuple)):
        return item in container
    if not is_staged(item) and not any(map(is_staged, container)):
        return item in container
    found: Any = False
    for other in container:
        if other is item:
            return True
        same = item == other
        if not is_staged(same):
            if same:
                return True
            continue
        same = math_reduce.reduce_all(same)
        found = same if found is False else math_compare.logical_or(found, same)
    return found


def not_in(item: Any, container: Any) -> Any:
    """`item not in container`."""
    return not_(in_(item, container))
