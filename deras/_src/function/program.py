"""A graph as one XLA program: compiled per dtypes and shapes, called with state and arguments."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from deras._src.core.dtypes import from_numpy
from deras._src.core.tensor import Aval, EagerTensor, aval_of
from deras._src.function import numerics
from deras._src.function.caller import Caller
from deras._src.graph.checks import Check, Collector, raise_failed
from deras._src.graph.func_graph import FuncGraph
from deras._src.graph.lowering import LoweringContext, compiling, interpret, read

# From this many bytes on, updating a buffer in place is worth a run of the checks beforehand.
_DONATE_BYTES = 1 << 16

# Checks are run beforehand, on their own, where they touch this many times less memory.
_CHEAP = 20


class Program:
    """One compiled form of a graph.

    Attributes:
      avals: of the graph's outputs.
      compile_seconds: time taken by lowering and by XLA.
      order: the state handles: written ones first, and of those the large ones first.
      donated: how many of them, from the first on, have their buffers updated in place.
      execute: the function from the arguments' arrays to the results', with state written and
        checks raised; more may follow the results of the outputs.
    """

    __slots__ = (
        "_watch",
        "avals",
        "caller",
        "checks",
        "compile_seconds",
        "compiled",
        "constants",
        "donated",
        "effects",
        "execute",
        "order",
        "precheck",
    )

    def __init__(
        self, graph: FuncGraph, inputs: Sequence[Aval], watch: numerics.Runs | None = None
    ) -> None:
        started = time.perf_counter()
        self.constants = [t.device_array() for t in graph.constants.values()]
        written = [h for h, w in graph.handles.items() if w]
        written.sort(key=lambda h: not _large(h.value.aval))
        order = written + [h for h, w in graph.handles.items() if not w]
        found: list[Any] = []

        collector = Collector()

        def program(*arrays: Any) -> tuple[Any, ...]:
            env, values = bind_arguments(graph, order, arrays)
            context = LoweringContext(values, wanted=graph.wanted)
            interpret(graph.nodes, context, env)
            outputs = [jnp.asarray(read(t, env)) for t in graph.outputs]
            news = [jnp.asarray(context.values[h]) for h in written]
            found.extend((o.dtype, o.shape) for o in outputs + news)
            if watch is not None:
                collector.add(numerics.all_finite(outputs + news), numerics.FLAG, "", 0)
            code = [jnp.asarray(collector.current())] if collector.checks else []
            return tuple(outputs + news + code)

        specs = [
            jax.ShapeDtypeStruct(a.dims, a.dtype.np_dtype)
            for a in [*(h.value.aval for h in order), *(aval_of_array(c) for c in self.constants)]
            + list(inputs)
        ]
        self.precheck: Any = None
        self._watch = watch
        donated = len(written)
        with compiling(collector):
            traced = jax.jit(program, donate_argnums=tuple(range(len(written)))).trace(*specs)
        with compiling(None):
            if collector.checks and written:
                donated = self._compile_checked(traced.jaxpr, specs, collector, written)
            else:
                self.compiled = traced.lower().compile()
        self.checks: list[Check] = collector.checks
        self.effects = collector.effects
        count = len(graph.outputs)
        avals = [aval_of(from_numpy(d), tuple(s)) for d, s in found]
        self.avals = tuple(avals[:count])
        self.order = tuple(order)
        self.donated = donated
        checked = bool(self.checks) and self.precheck is None
        self.caller = Caller(
            self.compiled,
            order[:donated],
            order[donated:],
            written,
            self.constants,
            len(inputs),
            count,
            None if self.precheck is None else self._check_first,
            self._check if self.effects or checked else None,
        )
        self.execute = self.caller.run
        self.compile_seconds = time.perf_counter() - started

    def _compile_checked(self, jaxpr: Any, specs: Any, collector: Any, written: Any) -> int:
        """Compiles so that state is committed only if no check failed; gives `moved`'s length.

        Where the checks alone are cheap (the range of indices, say) they run first, as a program of
        their own, and large buffers are then updated in place; else the old ones survive the run.
        """
        # Imported here: it takes 30 ms, and few programs need it.
        from jax.extend.core import jaxpr_as_fun

        run = jaxpr_as_fun(jaxpr)
        large = sum(_large(h.value.aval) for h in written)
        donated = 0 if collector.effects else large
        self.compiled = jax.jit(run, donate_argnums=tuple(range(donated))).lower(*specs).compile()
        if donated:
            alone = jax.jit(lambda *arrays: run(*arrays)[-1:]).lower(*specs).compile()
            if _cost(alone) * _CHEAP < _cost(self.compiled):
                self.precheck = alone
                return donated
            self.compiled = jax.jit(run).lower(*specs).compile()
        return 0

    def run(self, inputs: Sequence[Any]) -> list[EagerTensor]:
        """Runs on the arrays of the arguments; state is written back; checks are raised."""
        return [EagerTensor(a, r) for a, r in zip(self.avals, self.execute(*inputs))]  # noqa: B905

    def _check_first(self, *inputs: Any) -> None:
        """Runs the checks on their own."""
        arrays = [h.value.device_array() for h in self.order]
        raise_failed(self.checks, self.precheck(*arrays, *self.constants, *inputs)[0])

    def _check(self, results: Any) -> None:
        if self.effects:
            jax.effects_barrier()
        if self.checks and self.precheck is None:
            raise_failed(self.checks, results[-1])
        if self._watch is not None:
            self._watch.count += 1


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
