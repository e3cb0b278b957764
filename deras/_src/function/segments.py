"""Graphs that one program cannot hold: compiled segments with host nodes between them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from deras._src.control_flow.loops import TooManyTrips
from deras._src.core.context import state
from deras._src.core.dtypes import from_numpy, string
from deras._src.core.tensor import EagerTensor, SymbolicTensor, aval_of, is_inline
from deras._src.dispatch.replay import bind, run_node, value_of
from deras._src.graph.checks import Collector, raise_failed
from deras._src.graph.func_graph import FuncGraph
from deras._src.graph.lowering import LoweringContext, NeedsHost, compiling, interpret, read
from deras._src.registry import OpRecord


def host_reason(node: OpRecord) -> str | None:
    """Why a node cannot be compiled, as far as the node alone tells; None if it may be."""
    if node.op.lowering is None:
        return "it runs on the host"
    for tensor in (*node.inputs, *node.outputs):
        if tensor.dtype is string:
            return "it works on strings, which live on the host"
    for _, value in node.attrs:
        graphs = value if isinstance(value, tuple) else (value,)
        for graph in graphs:
            inner = getattr(graph, "graph", graph)
            if isinstance(inner, FuncGraph):
                for child in inner.nodes:
                    reason = host_reason(child)
                    if reason is not None:
                        return f"{child.op.label} inside of it: {reason}"
    return None


class Segment:
    """A run of nodes compiled as one program, per dtypes and shapes of what goes in."""

    def __init__(self, graph: FuncGraph, nodes: list[OpRecord], needed: set[int]) -> None:
        self.graph = graph
        self.nodes = nodes
        made = {id(t) for n in nodes for t in n.outputs}
        seen: dict[int, Any] = {}
        self.handles: dict[Any, bool] = {}
        for node in nodes:
            for x in node.inputs:
                if id(x) not in made and not _inline(x):
                    seen.setdefault(id(x), x)
            if node.op.state_of is not None:
                for handle, written in node.op.state_of(dict(node.attrs)):
                    self.handles[handle] = self.handles.get(handle, False) or written
        self.inputs = list(seen.values())
        self.static = _decides_shapes(nodes)
        self.outputs = [t for n in nodes for t in n.outputs if id(t) in needed]
        self.programs: dict[Any, Any] = {}

    def run(self, env: dict[int, Any]) -> None:
        """Runs on the eager tensors of `env`, adding what is needed later."""
        while True:
            try:
                return self._run(env)
            except TooManyTrips as more:
                more.make_room()
                self.programs.clear()

    def _run(self, env: dict[int, Any]) -> None:
        values = [value_of(x, env) for x in self.inputs]
        handles = list(self.handles)
        known = [
            v._host
            if id(x) in self.static and v._host is not None and v._host.size <= _STATIC_ELEMENTS
            else None
            for x, v in zip(self.inputs, values, strict=True)
        ]
        key = (
            tuple(h.value.aval for h in handles),
            tuple(
                v.aval if k is None else (v.aval, k.tobytes())
                for v, k in zip(values, known, strict=True)
            ),
        )
        program = self.programs.get(key)
        if program is None:
            if len(self.programs) > 256:
                self.programs.clear()
            program = self.programs[key] = self._compile(values, known, handles)
        compiled, collector, avals, state_avals = program
        arrays = [h.value.device_array() for h in handles]
        arrays += [v.device_array() for v, k in zip(values, known, strict=True) if k is None]
        results = compiled(*arrays)
        if collector.effects:
            jax.effects_barrier()
        if collector.checks:
            raise_failed(collector.checks, results[-1])
        for tensor, aval, array in zip(self.outputs, avals, results, strict=False):
            env[id(tensor)] = EagerTensor(aval, array)
        written = [h for h in handles if self.handles[h]]
        for handle, aval, array in zip(written, state_avals, results[len(avals) :], strict=False):
            handle.value = EagerTensor(aval, array)

    def _compile(self, values: Sequence[Any], known: Sequence[Any], handles: Sequence[Any]) -> Any:
        collector = Collector()
        found: list[Any] = []
        constants: dict[int, np.ndarray] = {}
        written = [h for h in handles if self.handles[h]]

        def program(*arrays: Any) -> tuple[Any, ...]:
            found.clear()
            rest = iter(arrays)
            context = LoweringContext({h: next(rest) for h in handles}, wanted=self.graph.wanted)
            env = {
                id(x): next(rest) if k is None else k
                for x, k in zip(self.inputs, known, strict=True)
            }
            interpret(self.nodes, context, env)
            outputs = [read(t, env) for t in self.outputs]
            for tensor, value in zip(self.outputs, outputs, strict=True):
                if isinstance(value, np.ndarray):
                    constants[id(tensor)] = value
            outputs = [jnp.asarray(o) for o in outputs]
            news = [jnp.asarray(context.values[h]) for h in written]
            found.extend((o.dtype, o.shape) for o in outputs + news)
            code = [jnp.asarray(collector.current())] if collector.checks else []
            return tuple(outputs + news + code)

        specs = [
            jax.ShapeDtypeStruct(a.dims, a.dtype.np_dtype)
            for a in [h.value.aval for h in handles]
            + [v.aval for v, k in zip(values, known, strict=True) if k is None]
        ]
        with compiling(collector):
            compiled = jax.jit(program).lower(*specs).compile()
        avals = [aval_of(from_numpy(d), tuple(s)) for d, s in found]
        count = len(self.outputs)
        return compiled, collector, avals[:count], avals[count:]


# Longer values than shapes and axes ever are stay data.
_STATIC_ELEMENTS = 64


def _decides_shapes(nodes: Sequence[OpRecord]) -> set[int]:
    """The tensors (ids) whose value some node must know before it is compiled."""
    needed: set[int] = set()
    for node in reversed(nodes):
        for position in node.op.host_args:
            if position < len(node.inputs):
                needed.add(id(node.inputs[position]))
        if node.op.numpy is not None and any(id(t) in needed for t in node.outputs):
            needed.update(id(x) for x in node.inputs)
    return needed


def _inline(tensor: Any) -> bool:
    if isinstance(tensor, SymbolicTensor):
        return tensor.value is not None
    return is_inline(tensor) and tensor.dtype is not string


class SegmentedRunner:
    """Runs a graph whose program is split by host nodes.

    Attributes:
      splits: pairs (node, reason) of what runs on the host.
    """

    def __init__(self, graph: FuncGraph) -> None:
        self.graph = graph
        self.host: dict[int, str] = {}
        self.splits: list[tuple[OpRecord, str]] = []
        for node in graph.nodes:
            reason = host_reason(node)
            if reason is not None:
                self.host[id(node)] = reason
        self._partition()

    def add(self, need: NeedsHost) -> None:
        """Moves one more node to the host."""
        self.host[id(need.node)] = need.reason
        self._partition()

    def _partition(self) -> None:
        self.steps: list[Any] = []
        self.splits = [(n, self.host[id(n)]) for n in self.graph.nodes if id(n) in self.host]
        needed = {id(t) for t in self.graph.outputs}
        groups: list[Any] = []
        for node in self.graph.nodes:
            if id(node) in self.host:
                groups.append(node)
            elif groups and isinstance(groups[-1], list):
                groups[-1].append(node)
            else:
                groups.append([node])
        for group in reversed(groups):
            if isinstance(group, list):
                segment = Segment(self.graph, group, needed)
                self.steps.append(segment)
                needed.update(id(x) for x in segment.inputs)
            else:
                self.steps.append(group)
                needed.update(id(x) for x in group.inputs)
        self.steps.reverse()

    def run(self, inputs: Sequence[Any]) -> list[Any]:
        """The outputs for eager inputs; a segment that does not compile is split further."""
        env = {id(p): x for p, x in zip(self.graph.inputs, inputs, strict=True)}
        position = 0
        done: list[Any] = []
        while position < len(self.steps):
            step = self.steps[position]
            if isinstance(step, Segment):
                try:
                    step.run(env)
                except NeedsHost as need:
                    finished = {id(n) for s in done for n in _nodes(s)}
                    self.add(need)
                    # What ran already keeps its results; the rest is taken up from there.
                    self._resume(finished, env)
                    return [value_of(t, env) for t in self.graph.outputs]
            else:
                self._run_host(step, env)
            done.append(step)
            position += 1
        return [value_of(t, env) for t in self.graph.outputs]

    def _resume(self, finished: set[int], env: dict[int, Any]) -> None:
        rest = [n for n in self.graph.nodes if id(n) not in finished]
        for node in rest:
            # One by one: values that a later partition would have kept may be missing here.
            self._run_host(node, env)

    def _run_host(self, node: OpRecord, env: dict[int, Any]) -> None:
        saved, state.site_override = state.site_override, node.site
        try:
            bind(node, run_node(node, tuple(value_of(x, env) for x in node.inputs)), env)
        finally:
            state.site_override = saved


def _nodes(step: Any) -> list[OpRecord]:
    return step.nodes if isinstance(step, Segment) else [step]
