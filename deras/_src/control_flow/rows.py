"""What loops over rows have in common: `Scan` and `For`, in programs and outside of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax.numpy as jnp

from deras._src.control_flow.subgraph import Layout, run_graph
from deras._src.core.context import state
from deras._src.dispatch.replay import replay, value_of
from deras._src.graph.checks import nested_code
from deras._src.graph.func_graph import FuncGraph
from deras._src.graph.lowering import LoweringContext


def visit_rows(
    body: FuncGraph, layout: Layout, carried: int, inputs: Sequence[Any], reverse: bool = False
) -> tuple[Sequence[Any], list[list[Any]]]:
    """Outside of a program: visits the rows one by one, running the body's nodes on each.

    Returns:
      The carried values after the last row, and the body's other outputs for each row.
    """
    arguments, captured, _ = layout.split(inputs)
    arrays = {id(t): v for t, v in captured}
    carry, rows = arguments[:carried], arguments[carried:]
    length = int(rows[0].shape[0])
    collected: list[list[Any]] = [[] for _ in range(length)]
    for i in range(length - 1, -1, -1) if reverse else range(length):
        env = dict(arrays)
        env.update((id(inner), arrays[id(outer)]) for outer, inner in body.captures)
        row = [x[i] for x in rows]
        env.update((id(p), a) for p, a in zip(body.inputs, [*carry, *row], strict=True))
        replay(body.nodes, env)
        outputs = [value_of(t, env) for t in body.outputs]
        carry, collected[i] = outputs[:carried], outputs[carried:]
    return carry, collected


def row_step(
    body: FuncGraph,
    inner: LoweringContext,
    layout: Layout,
    captured: Sequence[Any],
    values: dict[Any, Any],
    carried: int,
) -> Callable[[Any, Any], Any]:
    """The step for `lax.scan`: its carry is that of `row_start`, what it collects the rest."""
    written = layout.written
    collecting = state.collector is not None

    def step(carry: Any, row: Any) -> Any:
        loop, now, code = carry
        values_now = {**values, **dict(zip(written, now, strict=True))}
        with nested_code() as collector:
            outputs, after = run_graph(body, inner, [*loop, *row], captured, values_now)
            found: Any = None if collector is None else collector.current()
        outputs = [jnp.asarray(o) for o in outputs]
        now = tuple(jnp.asarray(after[h]) for h in written)
        if collecting:
            code = jnp.where(code[0] != 0, code, found)
        return (tuple(outputs[:carried]), now, code), tuple(outputs[carried:])

    return step


def row_start(loop: Sequence[Any], layout: Layout, values: dict[Any, Any]) -> Any:
    """What a loop over rows begins with: carried values, state that it writes, failed checks."""
    return (
        tuple(jnp.asarray(a) for a in loop),
        tuple(jnp.asarray(values[h]) for h in layout.written),
        () if state.collector is None else jnp.zeros(2, jnp.int64),
    )
