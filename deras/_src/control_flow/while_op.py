"""`tf.while_loop`: one node `While` with a condition graph and a body graph."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from deras._src import errors
from deras._src.control_flow import loops
from deras._src.control_flow.known_trips import follow_loop
from deras._src.control_flow.loops import LoopBound
from deras._src.control_flow.structures import Structured
from deras._src.control_flow.subgraph import (
    Layout,
    functional_gradient,
    layout_state,
    lower_with_state,
    run_graph,
)
from deras._src.control_flow.tensor_array_shapes import Lesson, buffers_among, settle_carry
from deras._src.core import dtypes
from deras._src.core.context import building, state
from deras._src.core.tensor import EagerTensor, SymbolicTensor
from deras._src.core.tensor_shape import TensorShape
from deras._src.dispatch.apply import apply, as_tensor_tuple
from deras._src.dispatch.convert import convert
from deras._src.dispatch.replay import replay, value_of
from deras._src.graph.checks import nested_code, require
from deras._src.graph.func_graph import FuncGraph
from deras._src.graph.lowering import LoweringContext, NeedsHost, mark
from deras._src.graph.shape_inference import known_value
from deras._src.registry import op
from deras._src.util import nest
from deras._src.util.export import export


def _while_shape(inputs: Sequence[Any], attrs: dict[str, Any]) -> Any:
    return [(t.dtype, t.shape) for t in attrs["body"].inputs]


def _run_while(inputs: Sequence[Any], attrs: dict[str, Any]) -> Any:
    """Outside of a program: the loop runs here, its nodes one by one."""
    layout, limit = attrs["layout"], attrs["limit"]
    carry, captured, _ = layout.split(inputs)
    arrays = {id(t): v for t, v in captured}

    def run(graph: FuncGraph, arguments: Sequence[Any]) -> list[Any]:
        env = dict(arrays)
        env.update((id(inner), arrays[id(outer)]) for outer, inner in graph.captures)
        env.update((id(p), a) for p, a in zip(graph.inputs, arguments, strict=True))
        replay(graph.nodes, env)
        return [value_of(t, env) for t in graph.outputs]

    trips = 0
    while (limit is None or trips < limit) and bool(run(attrs["cond"], carry)[0]):
        carry = run(attrs["body"], carry)
        trips += 1
    if not trips and attrs["message"] is not None:
        raise errors.op_error(errors.InvalidArgumentError, "AutoGraph", attrs["message"])
    return tuple(carry)


@op(
    "While",
    contextual=True,
    stateful=True,
    gradient=functional_gradient,
    inputs=("*loop_vars",),
    dtypes={"loop_vars": dtypes.EVERY},
    shape=_while_shape,
    state_of=layout_state,
    run=_run_while,
    api_name="while_loop",
)
def _while(context, *arrays, cond, body, layout, limit, bound, counted, unset, message):
    def lower(inner: LoweringContext, full: Sequence[Any]) -> Any:
        carry, captured, values = layout.split(full)
        written, size = layout.written, len(carry)
        outer = [t for t, _ in captured]
        read_only = [h for h in layout.handles if h not in written]
        constants = [jnp.asarray(a) for _, a in captured] + [
            jnp.asarray(values[h]) for h in read_only
        ]
        collecting = state.collector is not None
        fixed = rows = bound.fixed
        if fixed is None and counted:
            fixed = rows = _counted(*carry[:3])
        ends: list[Any] = [None] * size
        if (inner.differentiate and fixed is None) or buffers_among(body, body.inputs):
            start_values = [c if isinstance(c, np.ndarray) else None for c in carry]
            outside = {id(t): a for t, a in captured}
            trips, ends = follow_loop(cond, body, start_values, limit, outside)
            fixed = rows = trips if fixed is None else fixed
        if fixed == 0 and all(body.outputs[i].shape.is_fully_defined() for i in unset):
            # Not even traced: what the body says of no rows at all need not make sense.
            if message is not None:
                mark(state.collector, inner.node or context.node)
                require(jnp.asarray(False), errors.InvalidArgumentError, message)
            for i in unset:
                like = body.outputs[i]
                carry[i] = jnp.zeros(like.shape.as_list(), like.dtype.np_dtype)
            return carry, {h: values[h] for h in written}
        if rows is None:
            rows = bound.rows
        counting = (inner.differentiate and fixed is None) or limit is not None

        def unpack(fixed: Any, moving: Any) -> Any:
            pairs = list(zip(outer, fixed[: len(outer)], strict=True))
            now = dict(zip(read_only, fixed[len(outer) :], strict=True))
            now.update(zip(written, moving[size:], strict=False))
            return pairs, now

        def test(fixed: Any, moving: Any) -> tuple[Any, Any]:
            pairs, now = unpack(fixed, moving)
            with nested_code() as collector:
                (go,), _ = run_graph(cond, inner, moving[:size], pairs, now)
                code = None if collector is None else collector.current()
            return jnp.asarray(go).reshape(()), code

        def condition(fixed: Any, moving: Any) -> Any:
            go, _ = test(fixed, moving)
            extra = moving[size + len(written) :]
            if counting:
                trip, extra = extra[0], extra[1:]
                go = go & (trip < limit) if limit is not None else go
            return go & (extra[0][0] == 0) if collecting else go

        def step(fixed: Any, moving: Any) -> Any:
            pairs, now = unpack(fixed, moving)
            with nested_code() as collector:
                outputs, after = run_graph(body, inner, moving[:size], pairs, now)
                code: Any = None if collector is None else collector.current()
            result = [jnp.asarray(o) for o in outputs] + [jnp.asarray(after[h]) for h in written]
            if checked_condition:
                # The loop cannot hand out what its condition checks, so it is checked here.
                code = jnp.where(code[0] != 0, code, test(fixed, moving)[1])
            extra = moving[size + len(written) :]
            if counting:
                result.append(extra[0] + 1)
                extra = extra[1:]
            if collecting:
                result.append(jnp.where(extra[0][0] != 0, extra[0], code))
            return tuple(result)

        start = [jnp.asarray(c) for c in carry] + [jnp.asarray(values[h]) for h in written]
        if counting:
            start.append(jnp.int64(0))
        if collecting:
            start.append(jnp.zeros(2, jnp.int64))
        checked_condition = False
        start = settle_carry(body, start, lambda moving: step(constants, moving))
        if collecting:
            before = len(state.collector.checks)
            jax.eval_shape(lambda: test(constants, tuple(start))[0])
            checked_condition = len(state.collector.checks) > before
        if message is not None:
            go, _ = test(constants, tuple(start))
            mark(state.collector, inner.node or context.node)
            require(go & (limit != 0), errors.InvalidArgumentError, message)
        if unset:
            shapes = jax.eval_shape(lambda: step(constants, tuple(start)))
            for i in unset:
                start[i] = jnp.zeros(shapes[i].shape, shapes[i].dtype)
        rows = max(1, rows if limit is None else min(rows, int(limit)))
        try:
            if inner.differentiate:
                last = loops.while_loop(condition, step, constants, start, rows)
            else:
                last = lax.while_loop(
                    lambda c: condition(constants, c), lambda c: step(constants, c), tuple(start)
                )
        except TypeError:
            raise NeedsHost(
                inner.node or context.node,
                "a loop variable changes its shape or dtype from trip to trip",
            ) from None
        extra = last[size + len(written) :]
        if collecting:
            state.collector.merge(extra[-1])
            if checked_condition:
                state.collector.merge(test(constants, last)[1])
        if inner.differentiate and fixed is None:
            if not collecting:
                raise errors.InternalError(
                    None, None, "a loop's gradient with an unknown number of trips needs checks"
                )
            state.collector.add(extra[0] <= rows, bound, "more trips than rows", extra[0])
        outputs = [o if e is None else e for o, e in zip(last, ends, strict=False)]
        return outputs, dict(zip(written, last[size:], strict=False))

    return lower_with_state(context, lower, arrays)


def _counted(start: Any, limit: Any, delta: Any) -> int | None:
    """The most trips of a loop over a range, where its numbers are known while lowering."""
    if not all(isinstance(v, np.ndarray) for v in (start, limit, delta)):
        return None
    start, limit, delta = (v.reshape(())[()] for v in (start, limit, delta))
    return max(0, int(np.ceil((limit - start) / delta)))


@export("while_loop")
def while_loop(
    cond: Callable[..., Any],
    body: Callable[..., Any],
    loop_vars: Any,
    shape_invariants: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    maximum_iterations: Any = None,
    name: str | None = None,
) -> Any:
    """Runs `body` while `cond` is true.

    In eager mode that is a Python loop. In a function it is one compiled loop, with gradients for
    any number of trips.

    Args:
      cond: Callable of the loop variables; gives a scalar bool.
      body: Callable of the loop variables; gives the next ones, of the same structure and dtypes.
      loop_vars: List, tuple or structure of tensors and values.
      shape_invariants: Structure of `tf.TensorShape` or `tf.TensorSpec`: what of each variable's
        shape stays the same.
      parallel_iterations: Accepted for TensorFlow's sake.
      back_prop: If False no gradient flows through the loop.
      swap_memory: Accepted for TensorFlow's sake.
      maximum_iterations: Int or scalar tensor: at most this many trips.
      name: Optional name of the node in graphs.
    Returns:
      The loop variables after the loop, in their structure.
    Raises:
      TypeError: `cond` or `body` is not callable, or the body changes a dtype.
      ValueError: no loop variables, or the body changes the structure or an invariant shape.

    >>> i, total = tf.while_loop(lambda i, s: i < 5, lambda i, s: (i + 1, s + i), (0, 0))
    >>> int(total)
    10
    """
    if not callable(cond):
        raise TypeError("'cond' must be callable.")
    if not callable(body):
        raise TypeError("'body' must be callable.")
    if not isinstance(loop_vars, (list, tuple)):
        single = True
        loop_vars = [loop_vars]
    else:
        single = False
    if state.graph is None and not _any_symbolic(loop_vars):
        result = _eager_while(cond, body, loop_vars, maximum_iterations)
    else:
        result = _graph_while(
            cond, body, loop_vars, shape_invariants, maximum_iterations, back_prop, name
        )
    return result[0] if single else result


def _any_symbolic(loop_vars: Any) -> bool:
    return any(
        isinstance(x, SymbolicTensor)
        for leaf in nest.flatten(loop_vars)
        if not getattr(leaf, "_is_eager", False)
        for x in nest.flatten(leaf, expand_composites=True)
    )


def _eager_while(cond: Any, body: Any, loop_vars: Any, limit: Any) -> Any:
    most = None if limit is None else int(limit)
    loop_vars = nest.map_structure(_as_loop_var, loop_vars)
    trips = 0
    while (most is None or trips < most) and cond(*loop_vars):
        result = body(*loop_vars)
        if not isinstance(result, (list, tuple)):
            result = [result]
        nest.assert_same_structure(list(loop_vars), list(result), expand_composites=True)
        loop_vars = type(loop_vars)(result) if type(loop_vars) in (list, tuple) else result
        trips += 1
    return nest.map_structure(_as_loop_var, loop_vars)


def _as_loop_var(value: Any) -> Any:
    """A leaf as a tensor; what is made of tensors (and None) stays as it is."""
    return value if value is None or hasattr(type(value), "_type_spec") else convert(value)


def _graph_while(
    cond: Any, body: Any, loop_vars: Any, invariants: Any, limit: Any, back_prop: bool, name: Any
) -> Any:
    structured = Structured(list(loop_vars))
    start = structured.tensors
    while True:
        lesson = Lesson(structured.structure)
        try:
            graphs = _trace_loop(cond, body, structured, invariants)
        except (TypeError, ValueError, errors.OpError):
            if not lesson.is_worth_another_trace():
                raise
        else:
            if not lesson.is_worth_another_trace():
                break
        lesson.tell(structured.structure)
    outputs = while_node(*graphs, start, limit, name)
    result = structured.pack(outputs)
    return tuple(result) if isinstance(loop_vars, tuple) and type(loop_vars) is tuple else result


def _trace_loop(
    cond: Any, body: Any, structured: Structured, invariants: Any
) -> tuple[FuncGraph, FuncGraph]:
    """The graphs of condition and body."""
    start = structured.tensors
    shapes = _invariant_shapes(structured, invariants, start)
    cond_graph = _loop_graph("while_cond", start, shapes)
    body_graph = _loop_graph("while_body", start, shapes)
    with tracing(cond_graph):
        result = convert(cond(*structured.pack(cond_graph.inputs)))
        if result.dtype is not dtypes.bool_ or (result.shape.rank or 0) != 0:
            raise TypeError(
                "tf.while_loop: cond must return a scalar bool tensor, but it returned "
                f"{result.dtype.name}{result.shape}"
            )
        cond_graph.outputs = [cond_graph.own(result)]
    with tracing(body_graph):
        produced = body(*structured.pack(body_graph.inputs))
        if not isinstance(produced, (list, tuple)) or (
            len(structured.structure) == 1 and len(produced) != 1
        ):
            produced = [produced]
        produced = list(produced)
        after = Structured(produced)
        try:
            nest.assert_same_structure(structured.structure, produced, expand_composites=True)
        except (TypeError, ValueError) as error:
            raise ValueError(
                "tf.while_loop: body must return the structure of loop_vars. " + str(error)
            ) from None
        body_graph.outputs = [body_graph.own(t) for t in after.tensors]
    _check_invariants(body_graph)
    for graph in (cond_graph, body_graph):
        graph.prune()
    return cond_graph, body_graph


def while_node(
    cond: FuncGraph,
    body: FuncGraph,
    start: Sequence[Any],
    limit: Any,
    name: str | None,
    counted: bool = False,
    unset: Sequence[int] = (),
    message: str | None = None,
) -> tuple[Any, ...]:
    """Adds the node of a loop whose graphs were traced before; returns its flat outputs.

    Args:
      cond: Graph of the condition.
      body: Graph of the body.
      start: Flat loop variables.
      limit: At most this many trips, or None.
      name: Of the node.
      counted: Whether the first three loop variables are the start, limit and step of a range, so
        that they bound the number of trips.
      unset: Positions of loop variables that have no value before the first trip, and that the
        first trip does not read: placeholders of the right dtype.
      message: If given, a loop without a trip is an InvalidArgumentError that says it.
    """
    layout = Layout(len(start), [cond, body])
    most = None if limit is None else _static_limit(limit)
    trips, ends = follow_loop(cond, body, [known_value(t) for t in start], most)
    attrs = (
        ("cond", cond),
        ("body", body),
        ("layout", layout),
        ("limit", most),
        ("bound", LoopBound(trips if trips is not None else most)),
        ("counted", counted),
        ("unset", tuple(unset)),
        ("message", message),
    )
    outputs = as_tensor_tuple(apply(_while, layout.inputs(start), attrs, name or "while"))
    for output, end in zip(outputs, ends, strict=True):
        if end is not None and isinstance(output, SymbolicTensor):
            output.value = end
    return outputs


def _static_limit(limit: Any) -> int:
    tensor = convert(limit)
    value = getattr(tensor, "value", None)
    if value is None:
        value = getattr(tensor, "_host", None)
    if value is None and isinstance(tensor, EagerTensor):
        value = tensor.host_array()
    if value is None:
        raise errors.op_error(
            errors.UnimplementedError,
            "tf.while_loop",
            f"maximum_iterations must be known while tracing, but it is {tensor!r}",
            hint="put the limit into the condition",
        )
    return int(np.asarray(value))


class tracing:
    """Ops inside become nodes of `graph`, a sub-graph of the current one."""

    def __init__(self, graph: FuncGraph) -> None:
        self.building = building(graph)
        self.saved = state.site_override

    def __enter__(self) -> None:
        state.site_override = None
        self.building.__enter__()

    def __exit__(self, *exc: Any) -> None:
        self.building.__exit__(*exc)
        state.site_override = self.saved


def _loop_graph(name: str, start: Sequence[Any], shapes: Sequence[TensorShape]) -> FuncGraph:
    graph = FuncGraph(name, outer=state.graph)
    graph.may_create_variables = False
    for x, shape in zip(start, shapes, strict=True):
        placeholder = graph.placeholder(x.dtype, shape)
        if isinstance(x, SymbolicTensor) and shape == x.shape and x.probes is not None:
            placeholder.probes = tuple(type(p)(p.dims) for p in x.probes)
    return graph


def _invariant_shapes(structured: Structured, invariants: Any, start: Sequence[Any]) -> list[Any]:
    if invariants is None:
        return [x.shape for x in start]
    flat = nest.flatten(list(invariants) if isinstance(invariants, (list, tuple)) else [invariants])
    shapes = [TensorShape(getattr(s, "shape", s)) for s in flat]
    if len(shapes) != len(start):
        raise ValueError(
            f"tf.while_loop: shape_invariants has {len(shapes)} entries, loop_vars {len(start)}"
        )
    for shape, x in zip(shapes, start, strict=True):
        if not _less_specific(shape, x.shape):
            raise ValueError(
                f"The shape invariant specified for a loop variable is not compatible with the "
                f"initial shape of the loop variable. It enters the loop with shape {x.shape}, but "
                f"the specified shape invariant is {shape}."
            )
    return shapes


def _less_specific(invariant: TensorShape, shape: TensorShape) -> bool:
    if invariant.rank is None:
        return True
    if shape.rank != invariant.rank:
        return False
    return all(
        i is None or i == d for i, d in zip(invariant.as_list(), shape.as_list(), strict=True)
    )


def _check_invariants(body: FuncGraph) -> None:
    for number, (before, after) in enumerate(zip(body.inputs, body.outputs, strict=True)):
        if before.dtype is not after.dtype:
            raise TypeError(
                f"tf.while_loop: loop variable {number} enters the loop as {before.dtype.name} but "
                f"is {after.dtype.name} after one iteration; loop variables keep their dtype "
                f"(made at {getattr(getattr(after, 'node', None), 'site', None)})"
            )
        if not _less_specific(before.shape, after.shape):
            if after.shape.rank is None and before.shape.rank is not None:
                known = False
            else:
                known = True
            if (
                known
                and before.shape.is_compatible_with(after.shape)
                and not _conflict(before, after)
            ):
                continue
            raise ValueError(
                f"tf.while_loop: loop variable {number} enters the loop with shape {before.shape} "
                f"but has shape {after.shape} after one iteration. Give shape_invariants to let "
                "it change."
            )


def _conflict(before: Any, after: Any) -> bool:
    return any(
        b is not None and a is None
        for b, a in zip(before.shape.as_list(), after.shape.as_list(), strict=True)
    )
