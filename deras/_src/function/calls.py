"""A traced function as an op: called inside a graph, or under a tape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.dtypes import float0

from deras._src.control_flow.subgraph import (
    Layout,
    functional_gradient,
    layout_state,
    lower_with_state,
    run_graph,
)
from deras._src.core.context import recording, state
from deras._src.core.dtypes import EVERY
from deras._src.core.tensor import EagerTensor
from deras._src.dispatch.apply import apply, as_tensor_tuple
from deras._src.dispatch.plans import PLANS
from deras._src.dispatch.replay import replay, value_of
from deras._src.errors import InvalidArgumentError
from deras._src.graph.checks import merge_code, nested_code
from deras._src.graph.func_graph import FuncGraph
from deras._src.graph.lowering import LoweringContext, is_inexact
from deras._src.ops.gradient_support import zeros_like
from deras._src.registry import OpDef, OpRecord, op
from deras._src.tape.backprop import derived_op
from deras._src.tape.gradient_tape import GradientTape
from deras._src.tape.programs import PROGRAMS


def _call_shape(inputs: Sequence[Any], attrs: dict[str, Any]) -> Any:
    return [(t.dtype, t.shape) for t in attrs["function"].graph.outputs]


def _run_call(inputs: Sequence[Any], attrs: dict[str, Any]) -> Any:
    function, layout = attrs["function"], attrs["layout"]
    arguments, captured, _ = layout.split(inputs)
    values = {id(t): v for t, v in captured}
    extra = [values[id(outer)] for outer, _ in function.graph.captures]
    return tuple(function.run_flat(list(arguments), extra))


@op(
    "PartitionedCall",
    contextual=True,
    stateful=True,
    gradient=functional_gradient,
    inputs=("*args",),
    dtypes={"args": EVERY},
    shape=_call_shape,
    state_of=layout_state,
    run=_run_call,
    api_name="function",
)
def call_op(context, *arrays, function, layout):
    def body(inner: LoweringContext, full: Sequence[Any]) -> Any:
        arguments, captured, values = layout.split(full)
        outputs, after = run_graph(function.graph, inner, arguments, captured, values)
        return outputs, {h: after[h] for h in layout.written}

    return lower_with_state(context, body, arrays)


def call_in_graph(function: Any, arguments: Sequence[Any]) -> tuple[Any, ...]:
    """Adds a call of a concrete function to the graph being built."""
    layout = Layout(len(arguments), [function.graph])
    attrs = (("function", function), ("layout", layout))
    return as_tensor_tuple(apply(call_op, layout.inputs(arguments), attrs, function.name))


class DifferentiableCall:
    """Runs a graph under tapes: forward with residuals, backward from them.

    The forward program returns outputs, new state values and the residuals of its pullback, all as
    outputs of one op; its gradient is a program on residuals. A gradient that reaches the
    residuals themselves (higher order) runs the forward program again instead.
    """

    def __init__(self, graph: FuncGraph, name: str) -> None:
        self.graph = graph
        self.handles = tuple(graph.handles)
        self.written = tuple(h for h, w in graph.handles.items() if w)
        self.constants = tuple(graph.constants.values())
        self.trees: dict[Any, Any] = {}
        self.backwards: dict[Any, OpDef] = {}
        self.count = len(graph.outputs)
        gradient = _CallGradient(self)
        self.op = OpDef(
            "StatefulPartitionedCall",
            self._lower,
            gradient=gradient,
            inputs=("*args",),
            dtypes={},
            api_name=name,
        )
        self.op.finer = self._finer

    def inputs(self, arguments: Sequence[Any]) -> tuple[Any, ...]:
        """The op's inputs: arguments, constants, state values (read here, for tapes)."""
        return (*arguments, *self.constants, *(h.read() for h in self.handles))

    def _finer(self, record: OpRecord) -> bool:
        first = len(self.graph.inputs)
        env = {id(p): x for p, x in zip(self.graph.inputs, record.inputs[:first], strict=True)}
        run_unchanged(self.graph, env)
        # The residuals of a sound run may be infinite; what counts is what it gives and writes.
        wanted = record.outputs[: self.count + len(self.written)]
        return all(bool(jnp.all(jnp.isfinite(x.device_array()))) for x in wanted if _smooth(x))

    def run(self, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        """Runs forward under the active tapes; writes state; returns the graph's outputs."""
        results: tuple[Any, ...] = as_tensor_tuple(apply(self.op, inputs))
        for handle, value in zip(self.written, results[self.count :], strict=False):
            handle.value = EagerTensor(value.aval, value._array)
        return results[: self.count]

    def _body(self, arrays: Sequence[Any], differentiate: bool) -> tuple[list[Any], list[Any]]:
        first = len(self.graph.inputs)
        second = first + len(self.constants)
        captured = list(zip(self.constants, arrays[first:second], strict=True))
        values = dict(zip(self.handles, arrays[second:], strict=True))
        context = LoweringContext({}, differentiate)
        outputs, after = run_graph(self.graph, context, arrays[:first], captured, values)
        return (
            [jnp.asarray(o) for o in outputs],
            [jnp.asarray(after[h]) for h in self.written],
        )

    def _lower(self, *arrays: Any) -> tuple[Any, ...]:
        wrt = [i for i, a in enumerate(arrays) if is_inexact(a)]
        kinds: list[bool] = []

        def primal(*opened: Any) -> Any:
            full = list(arrays)
            for position, array in zip(wrt, opened, strict=True):
                full[position] = array
            with nested_code() as collector:
                outputs, news = self._body(full, differentiate=True)
                code = None if collector is None else jnp.asarray(collector.current())
            kinds[:] = [is_inexact(o) for o in outputs]
            smooth = tuple(o for o, k in zip(outputs, kinds, strict=True) if k)
            rest = tuple(o for o, k in zip(outputs, kinds, strict=True) if not k)
            return smooth, (rest, tuple(news), code)

        smooth, pull, (rest, news, code) = jax.vjp(
            primal, *(jnp.asarray(arrays[i]) for i in wrt), has_aux=True
        )
        merge_code(code)
        leaves, tree = jax.tree.flatten(pull)
        # Tangents of integers are no values; the backward program makes them anew.
        empty = {i: np.shape(x) for i, x in enumerate(leaves) if np.result_type(x) == float0}
        key = tuple((a.dtype, a.shape) for a in arrays)
        self.trees[key] = (tree, tuple(wrt), tuple((o.shape, o.dtype) for o in smooth), empty)
        smooth_iter, rest_iter = iter(smooth), iter(rest)
        outputs = [next(smooth_iter) if k else next(rest_iter) for k in kinds]
        return (*outputs, *news, *(jnp.asarray(x) for i, x in enumerate(leaves) if i not in empty))

    def look_into_gradient(
        self, inputs: Sequence[Any], grads: Sequence[Any], needed: Sequence[int]
    ) -> None:
        """Runs forward and backward one by one, for recorders that look at every op."""
        watchers = [r for r in state.recorders if r.every_op]
        if not watchers:
            return
        env = {
            id(p): x
            for p, x in zip(self.graph.inputs, inputs[: len(self.graph.inputs)], strict=True)
        }
        with recording(watchers[0].deeper()):
            tape = GradientTape()
            with tape:
                tape.watch([inputs[i] for i in needed if i < len(self.graph.inputs)])
                run_unchanged(self.graph, env)
            outputs = [value_of(t, env) for t in self.graph.outputs]
            sources = [inputs[i] for i in needed]
            tape.gradient([o for o in outputs if _smooth(o)], sources, output_gradients=list(grads))

    def backward_op(self, key: Any, needed: tuple[int, ...]) -> OpDef:
        """The op from residuals and output gradients to the gradients of the needed inputs."""
        found = self.backwards.get((key, needed))
        if found is None:
            tree, wrt, smooth, empty = self.trees[key]

            def lowering(*arrays: Any) -> Any:
                grads = arrays[: len(smooth)]
                rest = iter(arrays[len(smooth) :])
                leaves = [
                    np.zeros(empty[i], float0) if i in empty else next(rest)
                    for i in range(tree.num_leaves)
                ]
                pull = jax.tree.unflatten(tree, leaves)
                cotangents = tuple(
                    _conj(g).astype(dtype) for g, (_, dtype) in zip(grads, smooth, strict=True)
                )
                by_input = dict(zip(wrt, pull(cotangents), strict=True))
                return tuple(_conj(by_input[i]) for i in needed)

            found = OpDef("CallGrad", lowering, inputs=("*arrays",), dtypes={})
            self.backwards[key, needed] = found
        return found


def forget_call(call: DifferentiableCall) -> None:
    """Drops what caches keep of a call whose function is gone; they would keep its graph alive."""
    ops = {call.op, *call.backwards.values(), *call.op.grad_op.values()}
    PLANS.drop({*ops, *PROGRAMS.drop(ops)})


class _CallGradient:
    """The gradient of a differentiable call, see there."""

    accepts_none = True
    takes_reached = True

    def __init__(self, call: DifferentiableCall) -> None:
        self.call = call

    def __call__(self, record: OpRecord, *grads: Any, reached: set[int] | None = None) -> Any:
        call, inputs, outputs = self.call, record.inputs, record.outputs
        extra = call.count + len(call.written)
        needed = tuple(
            i
            for i, x in enumerate(inputs)
            if (x.dtype.is_floating or x.dtype.is_complex) and (reached is None or id(x) in reached)
        )
        results: list[Any] = [None] * len(inputs)
        smooth = [
            zeros_like(o) if g is None else g
            for g, o in zip(grads[: call.count], outputs, strict=False)
            if o.dtype.is_floating or o.dtype.is_complex
        ]
        if any(g is not None for g in grads[extra:]):
            # Higher order: differentiate the forward program itself, residuals included.
            every = [
                zeros_like(o) if g is None else g
                for g, o in zip(grads, outputs, strict=True)
                if o.dtype.is_floating or o.dtype.is_complex
            ]
            derived = derived_op(call.op, len(inputs), len(every), needed)
            found = apply(derived, (*inputs, *every), record.attrs)
        else:
            key = tuple((x.aval.dtype.np_dtype, x.aval.dims) for x in inputs)
            try:
                found = apply(call.backward_op(key, needed), (*smooth, *outputs[extra:]))
            except InvalidArgumentError:
                # Not finite, says a recorder of numerics: which op of the function was it?
                call.look_into_gradient(inputs, smooth, needed)
                raise
        for position, gradient in zip(needed, as_tensor_tuple(found), strict=True):
            results[position] = gradient
        return results


def run_unchanged(graph: FuncGraph, env: dict[int, Any]) -> None:
    """Runs a graph's nodes one by one, and puts back the state that they write."""
    kept = [(handle, handle.held) for handle in graph.handles]
    try:
        replay(graph.nodes, env)
    finally:
        for handle, held in kept:
            handle.held = held


def _smooth(tensor: Any) -> bool:
    return bool(tensor.dtype.is_floating or tensor.dtype.is_complex)


def _conj(array: Any) -> Any:
    return jnp.conj(array) if jnp.iscomplexobj(array) else array
