"""Nodes that hold graphs: how calls, branches and loops are lowered and differentiated.

A node that holds graphs takes, as inputs, its own arguments, then the tensors that its graphs
capture from outside, then the value of every state handle they use. Because those values are
inputs, the tape sees the reads, and the gradient of the node covers variables too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from deras._src.control_flow.loops import TooManyTrips
from deras._src.core.context import building, recorded_deeply, state
from deras._src.core.tensor import SymbolicTensor
from deras._src.dispatch.apply import apply, as_tensor_tuple
from deras._src.graph.checks import merge_code, nested_code
from deras._src.graph.func_graph import FuncGraph
from deras._src.graph.lowering import LoweringContext, NeedsHost, interpret, is_inexact, read
from deras._src.registry import OpDef, OpRecord, op
from deras._src.tape.gradient_tape import GradientTape, UnconnectedGradients

Handles = tuple[Any, ...]


def trace(name: str, function: Callable[..., Any], arguments: Sequence[Any]) -> FuncGraph:
    """The graph of `function` on new placeholders like `arguments`; the current graph is outer.

    The function's result must be a flat list of tensors; it becomes the graph's outputs.
    """
    graph = FuncGraph(name, outer=state.graph)
    graph.may_create_variables = False
    saved = state.site_override
    state.site_override = None
    try:
        with building(graph):
            placeholders = []
            for x in arguments:
                placeholder = graph.placeholder(x.dtype, x.shape)
                if isinstance(x, SymbolicTensor) and x.probes is not None:
                    placeholder.probes = x.probes
                placeholders.append(placeholder)
            graph.outputs = [graph.own(t) for t in function(*placeholders)]
    finally:
        state.site_override = saved
    graph.prune()
    return graph


def joint_captures(graphs: Sequence[FuncGraph]) -> list[Any]:
    """What the graphs capture from outside, each tensor once, in order of first use."""
    seen: dict[int, Any] = {}
    for graph in graphs:
        for outer, _ in graph.captures:
            seen.setdefault(id(outer), outer)
        for key, constant in graph.constants.items():
            seen.setdefault(key, constant)
    return list(seen.values())


def joint_handles(graphs: Sequence[FuncGraph]) -> dict[Any, bool]:
    """The state handles the graphs use -> whether any of them writes it."""
    handles: dict[Any, bool] = {}
    for graph in graphs:
        for handle, written in graph.handles.items():
            handles[handle] = handles.get(handle, False) or written
    return handles


def run_graph(
    graph: FuncGraph,
    context: LoweringContext,
    inputs: Sequence[Any],
    captured: Sequence[tuple[Any, Any]],
    values: dict[Any, Any],
) -> tuple[list[Any], dict[Any, Any]]:
    """Interprets a sub-graph; returns its outputs and the state values after it.

    `captured` pairs outer tensors with their arrays.
    """
    env = {id(p): a for p, a in zip(graph.inputs, inputs, strict=True)}
    arrays = {id(t): a for t, a in captured}
    for outer, inner in graph.captures:
        env[id(inner)] = arrays[id(outer)]
    for key in graph.constants:
        env[key] = arrays[key]
    child = LoweringContext(dict(values), context.differentiate, graph.wanted)
    interpret(graph.nodes, child, env)
    return [read(t, env) for t in graph.outputs], child.values


class Layout:
    """Which of a node's inputs are arguments, captures and state values."""

    __slots__ = ("arguments", "captures", "handles", "written")

    def __init__(self, arguments: int, graphs: Sequence[FuncGraph]) -> None:
        self.arguments = arguments
        self.captures = tuple(joint_captures(graphs))
        handles = joint_handles(graphs)
        self.handles: Handles = tuple(handles)
        self.written: Handles = tuple(h for h, w in handles.items() if w)

    def inputs(self, arguments: Sequence[Any]) -> tuple[Any, ...]:
        """The node's inputs: state is read here, so that tapes see it."""
        return (*arguments, *self.captures, *(h.read() for h in self.handles))

    def split(
        self, arrays: Sequence[Any]
    ) -> tuple[list[Any], list[tuple[Any, Any]], dict[Any, Any]]:
        """Arguments, captured pairs and state values of a node's input arrays."""
        first, second = self.arguments, self.arguments + len(self.captures)
        captured = list(zip(self.captures, arrays[first:second], strict=True))
        values = dict(zip(self.handles, arrays[second:], strict=True))
        return list(arrays[:first]), captured, values


Body = Callable[[LoweringContext, Sequence[Any]], tuple[list[Any], dict[Any, Any]]]


def layout_state(attrs: dict[str, Any]) -> list[tuple[Any, bool]]:
    """`state_of` for ops whose graphs share a layout."""
    layout = attrs["layout"]
    return [(h, h in layout.written) for h in layout.handles]


def lower_with_state(
    context: LoweringContext, body: Body, arrays: Sequence[Any]
) -> tuple[Any, ...]:
    """Lowers a node that holds graphs; keeps its pullback where its gradient is wanted.

    `body(context, arrays)` gives outputs and the new values of written handles. State values are
    among the node's inputs (read right before it), so that they can be differentiated.
    """
    node = context.node
    wrt = context.wanted.get(id(node))
    if wrt is None:
        outputs, news = body(context, arrays)
    else:
        outputs, news, pullback = _with_pullback(context, body, arrays, wrt)
        context.vjps[id(node)] = pullback
    context.values.update(news)
    return tuple(outputs)


def _with_pullback(
    context: LoweringContext, body: Body, arrays: Sequence[Any], wrt: Sequence[int]
) -> tuple[list[Any], dict[Any, Any], Callable[..., Any]]:
    inner = context.child(context.values, differentiate=True)
    inner.node = context.node
    kinds: list[bool] = []
    handles: list[Any] = []
    known: list[Any] = []  # outputs whose value the program knows stay known

    def primal(*open_arrays: Any) -> Any:
        full = list(arrays)
        for position, array in zip(wrt, open_arrays, strict=True):
            full[position] = array
        with nested_code() as collector:
            outputs, news = body(inner, full)
            code = None if collector is None else jnp.asarray(collector.current())
        known[:] = [o if isinstance(o, np.ndarray) and not is_inexact(o) else None for o in outputs]
        outputs = [jnp.asarray(o) for o in outputs]
        kinds[:] = [is_inexact(o) for o in outputs]
        handles[:] = list(news)
        smooth = tuple(o for o, k in zip(outputs, kinds, strict=True) if k)
        rest = tuple(o for o, k in zip(outputs, kinds, strict=True) if not k)
        return smooth, (rest, tuple(jnp.asarray(v) for v in news.values()), code)

    opened = [jnp.asarray(arrays[i]) for i in wrt]
    smooth, pull, (rest, news, code) = jax.vjp(primal, *opened, has_aux=True)
    merge_code(code)
    smooth_iter, rest_iter = iter(smooth), iter(rest)
    outputs = [next(smooth_iter) if k else next(rest_iter) for k in kinds]
    outputs = [o if k is None else k for o, k in zip(outputs, known, strict=True)]

    def pullback(grads: Sequence[Any]) -> dict[int, Any]:
        cotangents = tuple(_conj(g).astype(o.dtype) for g, o in zip(grads, smooth, strict=True))
        return dict(zip(wrt, (_conj(g) for g in pull(cotangents)), strict=True))

    return outputs, dict(zip(handles, news, strict=True)), pullback


def _conj(array: Any) -> Any:
    return jnp.conj(array) if jnp.iscomplexobj(array) else array


class Forward:
    """A hashable holder of the record that a gradient node belongs to."""

    __slots__ = ("attrs", "count", "needs_host", "node", "op")

    def __init__(self, record: OpRecord) -> None:
        self.needs_host = False  # whether it was found that no program can differentiate it
        self.op = record.op
        self.attrs = record.attrs
        self.count = len(record.inputs)
        first = record.outputs[0]
        self.node = first.node if isinstance(first, SymbolicTensor) else None

    def __repr__(self) -> str:
        return f"<{self.op.name}>"


def functional_gradient(record: OpRecord, *grads: Any, reached: set[int] | None = None) -> Any:
    """The gradient of a node that holds graphs: one `FunctionalGrad` node."""
    wrt = tuple(
        i
        for i, x in enumerate(record.inputs)
        if (x.dtype.is_floating or x.dtype.is_complex) and (reached is None or id(x) in reached)
    )
    results: list[Any] = [None] * len(record.inputs)
    smooth = tuple(
        g
        for g, o in zip(grads, record.outputs, strict=True)
        if o.dtype.is_floating or o.dtype.is_complex
    )
    if not wrt or not smooth:
        return results
    forward = Forward(record)
    if forward.node is not None and state.graph is forward.node.outputs[0].graph:
        wanted = state.graph.wanted
        known = wanted.get(id(forward.node), ())
        wanted[id(forward.node)] = tuple(sorted({*known, *wrt}))
    attrs = (("forward", forward), ("wrt", wrt))
    outputs = apply(functional_grad_op, record.inputs + smooth, attrs)
    for position, gradient in zip(wrt, as_tensor_tuple(outputs), strict=True):
        results[position] = gradient
    return results


functional_gradient.takes_reached = True  # type: ignore[attr-defined]


@op(
    "FunctionalGrad",
    contextual=True,
    gradient=functional_gradient,
    inputs=("*inputs",),
    dtypes={},
    shape=lambda inputs, attrs: [(inputs[i].dtype, inputs[i].shape) for i in attrs["wrt"]],
    run=lambda inputs, attrs: _run_gradient(inputs, attrs),
)
def functional_grad_op(context, *arrays, forward, wrt):
    pullback = None if forward.node is None else context.vjps.get(id(forward.node))
    grads = arrays[forward.count :]
    if pullback is None:
        pullback = recompute_pullback(context, forward, arrays[: forward.count], wrt)
    found = pullback(grads)
    return tuple(found[i] for i in wrt)


def recompute_pullback(
    context: LoweringContext, forward: Forward, arrays: Sequence[Any], wrt: Sequence[int]
) -> Callable[..., Any]:
    """The pullback of a node whose forward run is not in this program: it is run again."""

    def body(inner: LoweringContext, full: Sequence[Any]) -> Any:
        layout = dict(forward.attrs).get("layout")
        values = {} if layout is None else layout.split(full)[2]
        child = LoweringContext(values, differentiate=True)
        child.node = OpRecord(forward.op, (), forward.attrs, ())
        outputs = forward.op.lowering(child, *full, **dict(forward.attrs))  # type: ignore[misc]
        return list(outputs), {}

    return _with_pullback(context, body, arrays, wrt)[2]


def _run_gradient(inputs: Sequence[Any], attrs: dict[str, Any]) -> Any:
    """Outside of a program (a host segment): compiled as a program of its own, where it can be."""
    forward = attrs["forward"]
    if not forward.needs_host and not recorded_deeply():
        try:
            return run_alone(functional_grad_op, inputs, tuple(attrs.items()))
        except NeedsHost:
            forward.needs_host = True
    return _gradient_one_by_one(inputs, forward, attrs["wrt"])


def _gradient_one_by_one(inputs: Sequence[Any], forward: Forward, wrt: Sequence[int]) -> Any:
    """The node is run again under a tape, so that each op of its gradient is seen by itself."""
    arguments, grads = inputs[: forward.count], inputs[forward.count :]
    attrs = dict(forward.attrs)
    layout = attrs.get("layout")
    handles = () if layout is None else layout.handles
    first = forward.count - len(handles)
    # Of a variable every read counts, not only the one that is an input.
    sources = [arguments[i] if i < first else handles[i - first].variable() for i in wrt]
    sources = [arguments[i] if s is None else s for i, s in zip(wrt, sources, strict=True)]
    kept = [(handle, handle.held) for handle in handles]
    tape = GradientTape()
    try:
        for handle, value in zip(handles, arguments[first:], strict=True):
            handle.held = value
        with tape:
            tape.watch(sources)
            outputs = as_tensor_tuple(forward.op.run(arguments, attrs))  # type: ignore[misc]
    finally:
        for handle, held in kept:
            handle.held = held
    smooth = [o for o in outputs if o.dtype.is_floating or o.dtype.is_complex]
    return tuple(
        tape.gradient(
            smooth,
            sources,
            output_gradients=list(grads),
            unconnected_gradients=UnconnectedGradients.ZERO,
        )
    )


def run_alone(operation: OpDef, inputs: Sequence[Any], attrs: tuple[tuple[str, Any], ...]) -> Any:
    """Runs a contextual op that writes no state as an ordinary op, compiled by itself."""
    alone = _alone.get((operation, attrs))
    if alone is None:
        keywords = dict(attrs)

        def lowering(*arrays: Any) -> Any:
            context = LoweringContext({})
            context.node = OpRecord(operation, (), attrs, ())
            return operation.lowering(context, *arrays, **keywords)  # type: ignore[misc]

        alone = OpDef(operation.name, lowering, inputs=("*inputs",), dtypes={})
        if len(_alone) >= _MOST_ALONE:
            _alone.pop(next(iter(_alone)))
        _alone[operation, attrs] = alone
    try:
        return apply(alone, tuple(inputs))
    except TooManyTrips as more:
        more.make_room()
        _alone.pop((operation, attrs), None)
        return run_alone(operation, inputs, attrs)


_alone: dict[Any, OpDef] = {}
_MOST_ALONE = 256
