"""ConcreteFunction: one trace of a function, ready to run."""

from __future__ import annotations

import abc
import inspect
import weakref
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from deras._src import errors
from deras._src.control_flow.loops import TooManyTrips
from deras._src.control_flow.structures import Structured
from deras._src.core.context import recorded_deeply, state
from deras._src.core.dtypes import OPAQUE, string
from deras._src.core.tensor import EagerTensor, SymbolicTensor, Tensor, TracedTensor
from deras._src.core.type_spec import TensorSpec, TypeSpec
from deras._src.dispatch.convert import convert
from deras._src.dispatch.replay import replay, value_of
from deras._src.function import numerics
from deras._src.function.calls import DifferentiableCall, call_in_graph, forget_call
from deras._src.function.function_type import FunctionType, monomorphic_type, with_names
from deras._src.function.program import Program
from deras._src.function.segments import SegmentedRunner, host_reason
from deras._src.function.trace_type import type_of
from deras._src.graph.func_graph import FuncGraph
from deras._src.graph.lowering import NeedsHost
from deras._src.state.handles import STATE_LOCK
from deras._src.util import nest
from deras._src.util.export import export

_MOST_PROGRAMS = 256
# Values of these dtypes cannot go in or out of a program.
_ON_HOST = OPAQUE | {string}


@export("types.experimental.ConcreteFunction")
class ConcreteFunction:
    """A traced function: its graph, and the programs compiled from it for the shapes met.

    Attributes:
      graph: the `FuncGraph`; `graph.as_graph_def()` lists its nodes.
      attributes: what `tf.function` was given as such.
      types: of the arguments, as the cache of traces compares them.
    """

    def __init__(
        self,
        name: str,
        graph: FuncGraph,
        outputs: Structured,
        specs: Any,
        jit_compile: bool = False,
        parameters: inspect.Signature | None = None,
        attributes: Mapping[str, Any] | None = None,
    ) -> None:
        self.name = name
        self.attributes = dict(attributes or {})
        self.types: Any = None
        self.runs = numerics.Runs()
        self._parameters = parameters
        self._function_type: FunctionType | None = None
        self.graph = graph
        self._outputs = outputs
        self._specs = specs
        self._jit_compile = jit_compile
        self.programs: dict[Any, Program] = {}
        self.segmented: SegmentedRunner | None = None
        self._differentiable: DifferentiableCall | None = None
        self._flexible = [h for h in graph.handles if not h.shape.is_fully_defined()]
        self._on_host = any(t.dtype in _ON_HOST for t in (*graph.inputs, *graph.outputs)) or any(
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
        """Pair (args, kwargs) of the arguments: named specs, and Python values as they are."""
        return with_names(self._parameters, *self._specs)

    @property
    def structured_outputs(self) -> Any:
        """The structure of the result, with specs as leaves."""
        return self._described(lambda t: TensorSpec(t.shape, t.dtype), lambda spec: spec)

    @property
    def output_shapes(self) -> Any:
        """The structure of the result's static shapes."""
        return self._described(lambda t: t.shape, lambda spec: getattr(spec, "shape", None))

    @property
    def output_dtypes(self) -> Any:
        """The structure of the result's dtypes."""
        return self._described(lambda t: t.dtype, lambda spec: getattr(spec, "dtype", None))

    def _described(self, of_tensor: Callable[[Any], Any], of_spec: Callable[[Any], Any]) -> Any:
        present, tensors = iter(self._outputs._present), iter(self.graph.outputs)

        def one(leaf: Any) -> Any:
            if isinstance(leaf, TypeSpec):
                for _ in leaf.flatten():
                    if next(present):
                        next(tensors)
                return of_spec(leaf)
            return of_tensor(next(tensors)) if next(present) else None

        return nest.map_structure(one, self._outputs.structure)

    @property
    def function_type(self) -> FunctionType:
        """The parameters with the types they take, and the type of the result."""
        if self._function_type is None:
            captures = {
                f"capture_{i}": TensorSpec(x.shape, x.dtype)
                for i, x in enumerate(self.captured_inputs)
            }
            args, kwargs = self._specs
            result = type_of(self.structured_outputs)
            self._function_type = monomorphic_type(self._parameters, args, kwargs, result, captures)
        return self._function_type

    @property
    def inference_fn(self) -> AtomicFunction:
        """The trace as a function of its own."""
        return AtomicFunction(self)

    @property
    def function_def(self) -> FunctionDef:
        """The trace written out."""
        return FunctionDef(self)

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
        """Runs on arguments like those it was traced for.

        They are given as to the Python function, or flat: one tensor for each input, in order or
        by the inputs' names. Python values that are part of the trace may be left out then.

        Raises:
          TypeError: an argument is missing, is not known, or is another Python value.
          InvalidArgumentError: a tensor has another dtype.
          ValueError: a tensor has a shape that does not fit.
        """
        inputs = self.graph.inputs
        given: Sequence[Any] = args
        if kwargs or len(args) != len(inputs) or not all(isinstance(x, Tensor) for x in args):
            given = self._tensors_of(args, kwargs)
        arguments = []
        for x, placeholder in zip(given, inputs, strict=True):
            tensor = convert(x)
            if tensor.dtype is not placeholder.dtype:
                raise errors.op_error(
                    errors.InvalidArgumentError,
                    self.name,
                    f"{placeholder.node.name} must be {placeholder.dtype.name}, got "
                    f"{tensor.dtype.name}",
                )
            if not placeholder.shape.is_compatible_with(tensor.shape):
                raise ValueError(
                    f"{self.name}: {placeholder.node.name} has shape {tensor.shape}, the signature "
                    f"wants {placeholder.shape}"
                )
            arguments.append(tensor)
        return self.call(arguments)

    def _tensors_of(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Any]:
        """The flat tensors of a call."""
        try:
            return self.function_type.tensors_of(args, kwargs)
        except TypeError as error:
            names = [t.node.name for t in self.graph.inputs]
            rest = names[len(args) :]
            flat = [*args, *(kwargs[name] for name in rest if name in kwargs)]
            fits = len(args) <= len(names) and set(kwargs) == set(rest)
            if fits and all(isinstance(x, Tensor) or hasattr(x, "__deras_tensor__") for x in flat):
                return flat
            raise TypeError(
                f"{self.name}: the arguments do not fit: {error}.\n"
                f"  wanted: {self.function_type.describe()}\n"
                f"  or tensors, one for each of: {', '.join(names) or 'nothing'}"
            ) from None

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
            if recorded_deeply():
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
            raise numerics.locate(self, arguments, self.runs.count + 1) from None

    def program_for(self, arguments: Sequence[EagerTensor]) -> Program | None:
        """The program for these shapes; None where the graph turns out to need the host."""
        key = tuple([x.aval for x in arguments])
        if self._flexible:
            key += tuple(h.value.aval for h in self._flexible)
        program = self.programs.get(key)
        if program is None:
            try:
                watch = self.runs if numerics.watching() else None
                program = Program(self.graph, [x.aval for x in arguments], watch)
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
        tapes = [r for r in state.recorders if not r.every_op]
        if not tapes:
            return None
        if self.segmented is not None:
            env = {id(p): a for p, a in zip(self.graph.inputs, arguments, strict=True)}
            replay(self.graph.nodes, env)
            return [value_of(t, env) for t in self.graph.outputs]
        call = self._differentiable
        if call is None:
            call = self._differentiable = DifferentiableCall(self.graph, self.name)
            weakref.finalize(self, forget_call, call).atexit = False
        try:
            with STATE_LOCK:  # from the reads of the state to its writes
                inputs = call.inputs(arguments)
                if not any(r.wants(call.op, inputs) for r in tapes):
                    return None
                return call.run(inputs)
        except NeedsHost as need:
            self._segment(need)
            return self._run_recorded(arguments)
        except TooManyTrips as more:
            self._grow(more)
            return self._run_recorded(arguments)

    def pretty_printed_signature(self, verbose: bool = True) -> str:
        """The arguments and the result, for people; in one line if not `verbose`.

        >>> f = tf.function(lambda x: x + 1)
        >>> f.get_concrete_function(tf.TensorSpec([None])).pretty_printed_signature(False)[:33]
        '(x: TensorSpec(shape=(None,), dty'
        """
        kind = self.function_type
        return repr(kind) if verbose else kind.describe()

    def __str__(self) -> str:
        return f"ConcreteFunction {self.pretty_printed_signature()}"

    def __repr__(self) -> str:
        return f"<ConcreteFunction {self.name}{self.pretty_printed_signature(verbose=False)}>"

    def __copy__(self) -> ConcreteFunction:
        duplicate = ConcreteFunction.__new__(ConcreteFunction)
        duplicate.__dict__.update(self.__dict__)
        return duplicate

    def __reduce__(self) -> Any:
        raise TypeError(
            f"{self!r} cannot be pickled or copied deeply: it holds a graph, and programs compiled "
            "from it. Pickle the Python function, and trace it again."
        )


class FunctionDef:
    """A trace written out: name, attributes, and the nodes of its graph.

    Attributes:
      name: the function's name.
      attr: the attributes given to `tf.function`.
      node_def: list of `NodeDef`.
    """

    __slots__ = ("attr", "name", "node_def")

    def __init__(self, function: ConcreteFunction) -> None:
        self.name = function.name
        self.attr = dict(function.attributes)
        self.node_def = function.graph.as_graph_def().node

    def __repr__(self) -> str:
        return f"<FunctionDef {self.name}: {len(self.node_def)} nodes, {self.attr}>"


@export("types.experimental.AtomicFunction")
class AtomicFunction:
    """One trace as a function: `tf.types.experimental.ConcreteFunction.inference_fn`."""

    def __init__(self, function: ConcreteFunction) -> None:
        self._function = function

    @property
    def name(self) -> str:
        """The function's name."""
        return self._function.name

    @property
    def function_type(self) -> FunctionType:
        """The parameters with the types they take, and the type of the result."""
        return self._function.function_type

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Runs the trace."""
        return self._function(*args, **kwargs)

    def call_with_captures(self, args: Any, kwargs: Any, captures: Sequence[Any]) -> Any:
        """Runs the trace on its own captures.

        Raises:
          ValueError: `captures` are not `captured_inputs`: a trace is bound to its state.
        """
        own = self._function.captured_inputs
        if len(own) != len(captures) or any(a is not b for a, b in zip(own, captures, strict=True)):
            raise ValueError(
                f"{self.name}: call_with_captures takes the trace's own captured_inputs; other "
                "values are passed as arguments of the function"
            )
        return self._function(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<AtomicFunction {self.name}{self.function_type.describe()}>"


@export("types.experimental.Callable")
class TracedCallable(abc.ABC):
    """What `tf.function` makes: functions, and their traces.

    >>> isinstance(tf.function(lambda x: x), tf.types.experimental.Callable)
    True
    """

    @property
    @abc.abstractmethod
    def function_type(self) -> FunctionType:
        """The parameters, and the types they take."""

    @abc.abstractmethod
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Runs the function."""


TracedCallable.register(ConcreteFunction)
TracedCallable.register(AtomicFunction)
