"""Loops over the first dimension: one node `Scan` with a body graph, lowered to `lax.scan`.

`tf.map_fn`, `tf.scan`, `tf.foldl`, `tf.foldr` and `tf.vectorized_map` stand on it or beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from deras._src.control_flow.structures import Structured
from deras._src.control_flow.subgraph import (
    Layout,
    functional_gradient,
    lower_with_state,
    run_graph,
)
from deras._src.core.context import building, state
from deras._src.core.tensor import SymbolicTensor
from deras._src.core.tensor_shape import TensorShape
from deras._src.dispatch.apply import apply, as_tensor_tuple
from deras._src.dispatch.replay import replay, value_of
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


def _scan_state(attrs: dict[str, Any]) -> Any:
    layout = attrs["layout"]
    return [(h, h in layout.written) for h in layout.handles]


def _run_scan(inputs: Sequence[Any], attrs: dict[str, Any]) -> Any:
    """Outside of a program: the rows are visited here, the body's nodes run one by one."""
    layout, body, carried = attrs["layout"], attrs["body"], attrs["carried"]
    arguments, captured, _ = layout.split(inputs)
    arrays = {id(t): v for t, v in captured}
    carry, rows = arguments[:carried], arguments[carried:]
    length = int(rows[0].shape[0])
    order = range(length - 1, -1, -1) if attrs["reverse"] else range(length)
    collected: list[Any] = [None] * length
    for i in order:
        env = dict(arrays)
        env.update((id(inner), arrays[id(outer)]) for outer, inner in body.captures)
        row = [x[i] for x in rows]
        env.update((id(p), a) for p, a in zip(body.inputs, [*carry, *row], strict=True))
        replay(body.nodes, env)
        outputs = [value_of(t, env) for t in body.outputs]
        carry, collected[i] = outputs[:carried], outputs[carried:]
    return (*carry, *(stack(list(column)) for column in zip(*collected, strict=True)))


@op(
    "Scan",
    contextual=True,
    stateful=True,
    gradient=functional_gradient,
    inputs=("*inputs",),
    dtypes={},
    shape=_scan_shape,
    state_of=_scan_state,
    run=_run_scan,
    api_name="scan",
)
def scan_op(context, *arrays, body, layout, carried, rows, reverse):
    def lower(inner: LoweringContext, full: Sequence[Any]) -> Any:
        arguments, captured, values = layout.split(full)
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

        start = (
            tuple(jnp.asarray(a) for a in arguments[:carried]),
            tuple(jnp.asarray(values[h]) for h in written),
            jnp.zeros(2, jnp.int64) if collecting else (),
        )
        xs = tuple(jnp.asarray(a) for a in arguments[carried:])
        try:
            (loop, now, code), ys = lax.scan(step, start, xs, reverse=reverse)
        except TypeError as error:
            raise NeedsHost(
                inner.node or context.node,
                f"the carried values change their shape or dtype ({str(error).splitlines()[0]})",
            ) from None
        if collecting:
            state.collector.merge(code)
        return [*loop, *ys], dict(zip(written, now, strict=True))

    return lower_with_state(context, lower, arrays)


@op(
    "VectorizedMap",
    contextual=True,
    stateful=True,
    gradient=functional_gradient,
    inputs=("*inputs",),
    dtypes={},
    shape=_scan_shape,
    state_of=_scan_state,
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
