"""ConcreteFunction: one trace of a function, ready to run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from deras._src import errors
from deras._src.control_flow.loops import TooManyTrips
from deras._src.control_flow.structures import Structured
from deras._src.core.context import state
from deras._src.core.dtypes import string
from deras._src.core.tensor import EagerTensor, SymbolicTensor, TracedTensor
from deras._src.core.type_spec import TensorSpec
from deras._src.dispatch.convert import convert
from deras._src.dispatch.replay import replay, value_of
from deras._src.function import numerics
from deras._src.function.calls import DifferentiableCall, call_in_graph
from deras._src.function.program import Program
from deras._src.function.segments import SegmentedRunner, host_reason
from deras._src.graph.func_graph import FuncGraph
from deras._src.graph.lowering import NeedsHost
from deras._src.util import nest
from deras._src.util.export import export

_MOST_PROGRAMS = 256


@export("types.experimental.ConcreteFunction")
class ConcreteFunction:
    """A traced function: its graph, and the programs compiled from it for the shapes met.

    Attributes:
      graph: the `FuncGraph`.
      structured_outputs: the structure of the result.
    """

    def __init__(
        self,
        name: str,
        graph: FuncGraph,
        outputs: Structured,
        specs: Any,
        jit_compile: bool = False,
    ) -> None:
        self.name = name
        self.graph = graph
        self._outputs = outputs
        self._specs = specs
        self._jit_compile = jit_compile
        self.programs: dict[Any, Program] = {}
        self.segmented: SegmentedRunner | None = None
        self._differentiable: DifferentiableCall | None = None
        self._flexible = [h for h in graph.handles if not h.shape.is_fully_defined()]
        self._on_host = any(t.dtype is string for t in (*graph.inputs, *graph.outputs)) or any(
            host_reason(n) is not None for n in graph.nodes
        )
        if self._on_host:
            self._segment()

    # -- what it is -------------------------------------------------------------------------

    @property
    def inputs(self) -> list[SymbolicTensor]:
        """The placeholders of the arguments."""
        return list(self.graph.inputs)

    @property
    def outputs(self) -> list[Any]:
        """The graph's output tensors."""
        return list(self.graph.outputs)

    @property
    def structured_input_signature(self) -> Any:
        """Pair (args, kwargs) of specs of the arguments."""
        return self._specs

    @property
    def structured_outputs(self) -> Any:
        """The structure of the result, with specs as leaves."""
        return self._outputs.pack([TensorSpec(t.shape, t.dtype) for t in self.graph.outputs])

    @property
    def output_shapes(self) -> Any:
        """The structure of the result's static shapes."""
        return self._outputs.pack([t.shape for t in self.graph.outputs])

    @property
    def output_dtypes(self) -> Any:
        """The structure of the result's dtypes."""
        return self._outputs.pack([t.dtype for t in self.graph.outputs])

    @property
    def variables(self) -> tuple[Any, ...]:
        """The variables that the function uses."""
        found = (h.variable() for h in self.graph.handles)
        return tuple(v for v in found if v is not None)

    @property
    def trainable_variables(self) -> tuple[Any, ...]:
        """The trainable variables that the function uses."""
        return tuple(v for v in self.variables if v.trainable)

    @property
    def captured_inputs(self) -> list[Any]:
        """Tensors and state that the function uses without getting them as arguments."""
        return [*self.graph.constants.values(), *(h.value for h in self.graph.handles)]

    # -- running ----------------------------------------------------------------------------

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Runs on tensors given in the order of the signature, or by the arguments' names."""
        flat = nest.flatten((args, kwargs), expand_composites=True)
        tensors = [x for x in flat if _is_tensor_like(x)]
        if len(tensors) != len(self.graph.inputs):
            raise TypeError(
                f"{self.name}: the signature has {len(self.graph.inputs)} tensors, got "
                f"{len(tensors)}: {args} {kwargs}"
            )
        arguments = []
        for x, placeholder in zip(tensors, self.graph.inputs, strict=True):
            tensor = convert(x, placeholder.dtype)
            if not placeholder.shape.is_compatible_with(tensor.shape):
                raise ValueError(
                    f"{self.name}: an argument has shape {tensor.shape}, the signature wants "
                    f"{placeholder.shape}"
                )
            arguments.append(tensor)
        return self.call(arguments)

    def call(self, arguments: list[Any]) -> Any:
        """Runs on flat tensors of the right dtypes; returns the structured result."""
        if state.graph is not None:
            results: Sequence[Any] = call_in_graph(self, arguments)
        elif any(isinstance(x, TracedTensor) for x in arguments):
            results = call_in_graph(self, arguments)
        else:
            results = self.run_flat(arguments)
        return self._outputs.pack(results)

    def run_flat(self, arguments: list[Any], captured: Sequence[Any] = ()) -> Sequence[Any]:
        """Runs on eager tensors; `captured` are the values of what an outer graph lends."""
        if captured:
            env = {id(p): a for p, a in zip(self.graph.inputs, arguments, strict=True)}
            for (_, inner), value in zip(self.graph.captures, captured, strict=True):
                env[id(inner)] = value
            replay(self.graph.nodes, env)
            return [value_of(t, env) for t in self.graph.outputs]
        if state.recorders:
            if any(getattr(r, "deep", False) for r in state.recorders):
                env = {id(p): a for p, a in zip(self.graph.inputs, arguments, strict=True)}
                replay(self.graph.nodes, env)
                return [value_of(t, env) for t in self.graph.outputs]
            recorded = self._run_recorded(arguments)
            if recorded is not None:
                return recorded
        if self.segmented is not None:
            return self.segmented.run(arguments)
        return self._run_program(arguments)

    def _run_program(self, arguments: Sequence[EagerTensor]) -> Sequence[Any]:
        program = self.program_for(arguments)
        if program is None:
            return self.segmented.run(arguments)  # type: ignore[union-attr]
        try:
            return program.run([x.device_array() for x in arguments])
        except TooManyTrips as more:
            self._grow(more)
            return self._run_program(arguments)
        except numerics.NonFinite:
            raise numerics.locate(self, arguments, program.runs + 1) from None

    def program_for(self, arguments: Sequence[EagerTensor]) -> Program | None:
        """The program for these shapes; None where the graph turns out to need the host."""
        key = tuple([x.aval for x in arguments])
        if self._flexible:
            key += tuple(h.value.aval for h in self._flexible)
        program = self.programs.get(key)
        if program is None:
            try:
                program = Program(
                    self.graph, [x.aval for x in arguments], watch=numerics.watching()
                )
            except NeedsHost as need:
                self._segment(need)
                return None
            if len(self.programs) >= _MOST_PROGRAMS:
                self.programs.pop(next(iter(self.programs)))
            self.programs[key] = program
        return program

    def _grow(self, more: TooManyTrips) -> None:
        """Makes room for the gradient of a loop with more trips than it had rows for."""
        more.make_room()
        self.programs.clear()
        self._differentiable = None

    def _segment(self, need: NeedsHost | None = None) -> None:
        self.segmented = SegmentedRunner(self.graph)
        if need is not None:
            self.segmented.add(need)
        if self._jit_compile:
            node, reason = self.segmented.splits[0]
            raise errors.op_error(
                errors.InvalidArgumentError,
                f"tf.function {self.name!r}",
                f"jit_compile=True, but {node.op.label} cannot be compiled: {reason}",
                site=node.site,
                hint="leave jit_compile out: the rest is compiled all the same",
            )

    def _run_recorded(self, arguments: list[Any]) -> Sequence[Any] | None:
        """Runs under tapes that follow an input; None where none does."""
        tapes = [r for r in state.recorders if not getattr(r, "every_op", False)]
        if not tapes:
            return None
        if self.segmented is not None:
            env = {id(p): a for p, a in zip(self.graph.inputs, arguments, strict=True)}
            replay(self.graph.nodes, env)
            return [value_of(t, env) for t in self.graph.outputs]
        call = self._differentiable
        if call is None:
            call = self._differentiable = DifferentiableCall(self.graph, self.name)
        inputs = call.inputs(arguments)
        if not any(r.wants(call.op, inputs) for r in tapes):
            return None
        try:
            return call.run(inputs)
        except NeedsHost as need:
            self._segment(need)
            return self._run_recorded(arguments)
        except TooManyTrips as more:
            self._grow(more)
            return self._run_recorded(arguments)

    def pretty_printed_signature(self, verbose: bool = True) -> str:
        """The arguments and the result, for people."""
        lines = [f"{self.name}:", "  Args:"]
        for p in self.graph.inputs:
            lines.append(f"    {p.node.name}: {p.dtype.name} Tensor, shape={p.shape}")
        lines.append("  Returns:")
        for t in self.graph.outputs:
            lines.append(f"    {t.dtype.name} Tensor, shape={t.shape}")
        return "\n".join(lines)

    def __repr__(self) -> str:
        args = ", ".join(f"{p.dtype.name}{p.shape}" for p in self.graph.inputs)
        return f"<ConcreteFunction {self.name}({args})>"


def _is_tensor_like(x: Any) -> bool:
    return x is not None and not isinstance(x, (str, bool))
