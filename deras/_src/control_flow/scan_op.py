"""Loops over the first dimension: one node `Scan` with a body graph, lowered to `lax.scan`.

`tf.map_fn`, `tf.scan`, `tf.foldl`, `tf.foldr` and `tf.vectorized_map` stand on it or beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from deras._src.control_flow.rows import row_start, row_step, visit_rows
from deras._src.control_flow.structures import Structured
from deras._src.control_flow.subgraph import (
    Layout,
    functional_gradient,
    layout_state,
    lower_with_state,
    run_graph,
)
from deras._src.core.context import building, state
from deras._src.core.tensor import SymbolicTensor
from deras._src.core.tensor_shape import TensorShape
from deras._src.dispatch.apply import apply, as_tensor_tuple
from deras._src.graph.checks import merge_code, nested_code
from deras._src.graph.func_graph import FuncGraph
from deras._src.graph.lowering import LoweringContext, NeedsHost
from deras._src.ops.array_join import stack
from deras._src.registry import op


def _leading(inputs: Sequence[Any], attrs: dict[str, Any]) -> int | None:
    for x in inputs[attrs["carried"] : attrs["carried"] + attrs["rows"]]:
        if x.shape.rank and x.shape[0] is not None:
            return int(x.shape[0])
    return None


def _scan_shape(inputs: Sequence[Any], attrs: dict[str, Any]) -> Any:
    body, carried = attrs["body"], attrs["carried"]
    length = TensorShape([_leading(inputs, attrs)])
    return [(t.dtype, t.shape) for t in body.inputs[:carried]] + [
        (t.dtype, length.concatenate(t.shape)) for t in body.outputs[carried:]
    ]


def _run_scan(inputs: Sequence[Any], attrs: dict[str, Any]) -> Any:
    carry, collected = visit_rows(
        attrs["body"], attrs["layout"], attrs["carried"], inputs, attrs["reverse"]
    )
    return (*carry, *(stack(list(column)) for column in zip(*collected, strict=True)))


@op(
    "Scan",
    contextual=True,
    stateful=True,
    gradient=functional_gradient,
    inputs=("*inputs",),
    dtypes={},
    shape=_scan_shape,
    state_of=layout_state,
    run=_run_scan,
    api_name="scan",
)
def scan_op(context, *arrays, body, layout, carried, rows, reverse):
    def lower(inner: LoweringContext, full: Sequence[Any]) -> Any:
        arguments, captured, values = layout.split(full)
        step = row_step(body, inner, layout, captured, values, carried)
        start = row_start(arguments[:carried], layout, values)
        xs = tuple(jnp.asarray(a) for a in arguments[carried:])
        try:
            (loop, now, code), ys = lax.scan(step, start, xs, reverse=reverse)
        except TypeError:
            raise NeedsHost(
                inner.node or context.node,
                "the carried values change their shape or dtype from row to row",
            ) from None
        if state.collector is not None:
            state.collector.merge(code)
        return [*loop, *ys], dict(zip(layout.written, now, strict=True))

    return lower_with_state(context, lower, arrays)


@op(
    "VectorizedMap",
    contextual=True,
    stateful=True,
    gradient=functional_gradient,
    inputs=("*inputs",),
    dtypes={},
    shape=_scan_shape,
    state_of=layout_state,
    run=_run_scan,
    api_name="vectorized_map",
)
def vectorized_op(context, *arrays, body, layout, carried, rows, reverse):
    def lower(inner: LoweringContext, full: Sequence[Any]) -> Any:
        arguments, captured, values = layout.split(full)

        def one(*row: Any) -> Any:
            with nested_code() as collector:
                outputs, _ = run_graph(body, inner, row, captured, values)
                code = () if collector is None else (jnp.asarray(collector.current()),)
            return tuple(jnp.asarray(o) for o in outputs), code

        outputs, code = jax.vmap(one)(*(jnp.asarray(a) for a in arguments))
        if code:
            merge_code(code[0])
        return list(outputs), {}

    return lower_with_state(context, lower, arrays)


def row_graph(
    name: str, function: Callable[..., Any], carry: Structured, rows: Structured
) -> tuple[FuncGraph, Any, Any]:
    """Traces a body on the carry and one row; returns the graph and the body's two structures.

    `function(carry, row)` gives a pair (next carry or None, collected or None).
    """
    graph = FuncGraph(name, outer=state.graph)
    graph.may_create_variables = False
    saved, state.site_override = state.site_override, None
    try:
        with building(graph):
            for x in carry.tensors:
                placeholder = graph.placeholder(x.dtype, x.shape)
                if isinstance(x, SymbolicTensor):
                    placeholder.probes = x.probes
            for x in rows.tensors:
                shape = x.shape[1:] if x.shape.rank is not None else TensorShape(None)
                graph.placeholder(x.dtype, shape)
            count = len(carry.tensors)
            after, collected = function(
                carry.pack(graph.inputs[:count]), rows.pack(graph.inputs[count:])
            )
            next_carry, out = Structured(after), Structured(collected)
            graph.outputs = [graph.own(t) for t in (*next_carry.tensors, *out.tensors)]
    finally:
        state.site_override = saved
    graph.prune()
    return graph, next_carry, out


def scan_node(
    operation: Any,
    graph: FuncGraph,
    carry: Sequence[Any],
    rows: Sequence[Any],
    reverse: bool,
    name: str | None,
) -> tuple[Any, ...]:
    """Adds the node; returns its flat outputs."""
    layout = Layout(len(carry) + len(rows), [graph])
    attrs = (
        ("body", graph),
        ("layout", layout),
        ("carried", len(carry)),
        ("rows", len(rows)),
        ("reverse", bool(reverse)),
    )
    return as_tensor_tuple(apply(operation, layout.inputs([*carry, *rows]), attrs, name))
