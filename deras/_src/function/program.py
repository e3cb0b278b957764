"""A graph as one XLA program: compiled per dtypes and shapes, called with state and arguments."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from deras._src.core.dtypes import from_numpy
from deras._src.core.tensor import Aval, EagerTensor, aval_of
from deras._src.dispatch.plans import call_moved
from deras._src.graph.checks import Check, Collector, raise_failed
from deras._src.graph.func_graph import FuncGraph
from deras._src.graph.lowering import LoweringContext, compiling, interpret, read

# Below this many bytes, updating a buffer in place gains less than checking that it may be.
_DONATE_BYTES = 1 << 16

# Checks are run beforehand, on their own, where they touch this many times less memory.
_CHEAP = 20


class Program:
    """One compiled form of a graph.

    Attributes:
      avals: of the graph's outputs.
      compile_seconds: time taken by lowering and by XLA.
      order: the state handles, written ones first; `donated` are the positions of those whose
        buffers are updated in place.
    """

    __slots__ = (
        "avals",
        "call",
        "checks",
        "compile_seconds",
        "compiled",
        "constants",
        "donated",
        "effects",
        "order",
        "outputs",
        "precheck",
        "state_avals",
        "written",
    )

    def __init__(self, graph: FuncGraph, inputs: Sequence[Aval]) -> None:
        started = time.perf_counter()
        self.constants = [t.device_array() for t in graph.constants.values()]
        written = [h for h, w in graph.handles.items() if w]
        order = written + [h for h, w in graph.handles.items() if not w]
        found: list[Any] = []

        def trace(donate: tuple[int, ...], checks_only: bool = False) -> tuple[Any, Collector]:
            collector = Collector()

            def program(*arrays: Any) -> tuple[Any, ...]:
                found.clear()
                env, values = bind_arguments(graph, order, arrays)
                context = LoweringContext(values, wanted=graph.wanted)
                interpret(graph.nodes, context, env)
                outputs = [jnp.asarray(read(t, env)) for t in graph.outputs]
                news = [jnp.asarray(context.values[h]) for h in written]
                found.extend((o.dtype, o.shape) for o in outputs + news)
                code = [jnp.asarray(collector.current())] if collector.checks else []
                return tuple(code if checks_only else outputs + news + code)

            with compiling(collector):
                return jax.jit(program, donate_argnums=donate).trace(*specs), collector

        specs = [
            jax.ShapeDtypeStruct(a.dims, a.dtype.np_dtype)
            for a in [*(h.value.aval for h in order), *(aval_of_array(c) for c in self.constants)]
            + list(inputs)
        ]
        donate = tuple(i for i, h in enumerate(written) if _large(h.value.aval))
        traced, collector = trace(donate)
        self.precheck: Any = None
        with compiling(None):
            self.compiled = traced.lower().compile()
            if collector.checks and donate:
                # State is committed only if no check failed. Where the checks alone are cheap (the
                # range of indices, say) they run first, as a program of their own; else the old
                # buffers must survive the run.
                alone = trace((), checks_only=True)[0].lower().compile()
                if not collector.effects and _cost(alone) * _CHEAP < _cost(self.compiled):
                    self.precheck = alone
                else:
                    donate = ()
                    traced, collector = trace(())
                    self.compiled = traced.lower().compile()
        self.call = self.compiled
        self.checks: list[Check] = collector.checks
        self.effects = collector.effects
        self.donated = donate
        count = len(graph.outputs)
        avals = [aval_of(from_numpy(d), tuple(s)) for d, s in found]
        self.avals = tuple(avals[:count])
        self.state_avals = tuple(avals[count:])
        self.written = tuple(written)
        self.order = tuple(order)
        self.outputs = count
        self.compile_seconds = time.perf_counter() - started

    def run(self, inputs: Sequence[Any]) -> list[EagerTensor]:
        """Runs on the arrays of the arguments; state is written back; checks are raised."""
        arrays = [h.value.device_array() for h in self.order]
        if self.precheck is not None:
            raise_failed(self.checks, self.precheck(*arrays, *self.constants, *inputs)[0])
        for i in self.donated:
            arrays[i] = None
            arrays[i] = self.order[i].take()
        try:
            results = self.call(*arrays, *self.constants, *inputs)
        except ValueError as error:
            results = call_moved(self.call, [*arrays, *self.constants, *inputs], error)
        if self.effects:
            jax.effects_barrier()
        if self.checks and self.precheck is None:
            raise_failed(self.checks, results[-1])
        count = self.outputs
        if self.written:
            for handle, aval, array in zip(self.written, self.state_avals, results[count:]):  # noqa: B905
                handle.value = EagerTensor(aval, array)
        return [EagerTensor(a, r) for a, r in zip(self.avals, results)]  # noqa: B905


def bind_arguments(
    graph: FuncGraph, handles: Sequence[Any], arrays: Sequence[Any]
) -> tuple[dict[int, Any], dict[Any, Any]]:
    """The environment and state values for flat program arguments: state, constants, inputs."""
    rest = iter(arrays)
    values = {h: next(rest) for h in handles}
    env = {key: next(rest) for key in graph.constants}
    for placeholder in graph.inputs:
        env[id(placeholder)] = next(rest)
    return env, values


def aval_of_array(array: Any) -> Aval:
    """The aval of a JAX array."""
    return aval_of(from_numpy(array.dtype), tuple(array.shape))


def _cost(compiled: Any) -> float:
    """Bytes that a program touches, as XLA counts them."""
    analysis = compiled.cost_analysis() or {}
    return float(analysis.get("bytes accessed", 0.0))


def _large(aval: Aval) -> bool:
    return (aval.shape.num_elements() or 0) * aval.dtype.size >= _DONATE_BYTES
