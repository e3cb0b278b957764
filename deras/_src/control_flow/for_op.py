"""Loops over rows with carried values alone: one node `For`, lowered to `lax.scan`.

Every trip is taken, so its gradient is a scan with saved residuals whatever the number of rows.
AutoGraph makes it of `for` statements without `break` or `return`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from deras._src import errors
from deras._src.control_flow.known_trips import follow_loop
from deras._src.control_flow.rows import row_start, row_step, visit_rows
from deras._src.control_flow.subgraph import (
    Layout,
    functional_gradient,
    layout_state,
    lower_with_state,
)
from deras._src.control_flow.tensor_array_shapes import buffers_among, settle_carry
from deras._src.core.context import state
from deras._src.core.dtypes import EVERY
from deras._src.dispatch.apply import apply, as_tensor_tuple
from deras._src.graph.checks import require
from deras._src.graph.func_graph import FuncGraph
from deras._src.graph.lowering import LoweringContext, NeedsHost
from deras._src.registry import op


def _for_shape(inputs: Sequence[Any], attrs: dict[str, Any]) -> Any:
    return [(t.dtype, t.shape) for t in attrs["body"].inputs[: attrs["carried"]]]


def _run_for(inputs: Sequence[Any], attrs: dict[str, Any]) -> Any:
    rows = attrs["layout"].split(inputs)[0][attrs["carried"] :]
    if attrs["message"] is not None and not int(rows[0].shape[0]):
        raise errors.op_error(errors.InvalidArgumentError, "AutoGraph", attrs["message"])
    return tuple(visit_rows(attrs["body"], attrs["layout"], attrs["carried"], inputs)[0])


@op(
    "For",
    contextual=True,
    stateful=True,
    gradient=functional_gradient,
    inputs=("*inputs",),
    dtypes={"inputs": EVERY},
    shape=_for_shape,
    state_of=layout_state,
    run=_run_for,
    api_name="for",
)
def _for(context, *arrays, body, layout, carried, unset, message):
    def lower(inner: LoweringContext, full: Sequence[Any]) -> Any:
        arguments, captured, values = layout.split(full)
        step = row_step(body, inner, layout, captured, values, carried)
        start, now, code = row_start(arguments[:carried], layout, values)
        loop = list(start)
        xs = tuple(jnp.asarray(a) for a in arguments[carried:])
        if message is not None and not xs[0].shape[0]:
            require(jnp.asarray(False), errors.InvalidArgumentError, message)
        if unset:
            first = tuple(jax.ShapeDtypeStruct(x.shape[1:], x.dtype) for x in xs)
            (shapes, _, _), _ = jax.eval_shape(step, (tuple(loop), now, code), first)
            for i in unset:
                loop[i] = jnp.zeros(shapes[i].shape, shapes[i].dtype)
        ends: list[Any] = [None] * carried
        if buffers_among(body, body.inputs):
            first = tuple(jax.ShapeDtypeStruct(x.shape[1:], x.dtype) for x in xs)
            loop = settle_carry(
                body, loop, lambda moving, row: step((moving, now, code), row)[0][0], first
            )
            known = [a if isinstance(a, np.ndarray) else None for a in arguments[:carried]]
            outside = {id(t): a for t, a in captured}
            rows = arguments[carried:]
            _, ends = follow_loop(None, body, known, xs[0].shape[0], outside, rows)
        try:
            (last, now, code), _ = lax.scan(step, (tuple(loop), now, code), xs)
        except TypeError:
            raise NeedsHost(
                inner.node or context.node,
                "a loop variable changes its shape or dtype from trip to trip",
            ) from None
        if state.collector is not None:
            state.collector.merge(code)
        outputs = [o if e is None else e for o, e in zip(last, ends, strict=True)]
        return outputs, dict(zip(layout.written, now, strict=True))

    return lower_with_state(context, lower, arrays)


def for_node(
    body: FuncGraph,
    start: Sequence[Any],
    rows: Sequence[Any],
    name: str | None,
    unset: Sequence[int] = (),
    message: str | None = None,
) -> tuple[Any, ...]:
    """Adds the node; returns its flat outputs, the carried values after the last row.

    Args:
      body: Graph of the carried values and one row, giving the next carried values.
      start: Flat carried values.
      rows: Tensors with one first dimension.
      name: Of the node.
      unset: Positions of carried values that have none before the first trip: placeholders.
      message: If given, no rows are an InvalidArgumentError that says it.
    """
    layout = Layout(len(start) + len(rows), [body])
    attrs = (
        ("body", body),
        ("layout", layout),
        ("carried", len(start)),
        ("unset", tuple(unset)),
        ("message", message),
    )
    return as_tensor_tuple(apply(_for, layout.inputs([*start, *rows]), attrs, name or "for"))
