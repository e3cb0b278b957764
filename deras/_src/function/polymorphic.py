"""`tf.function`: traces a Python function once per kind of arguments, and runs the trace."""

from __future__ import annotations

import copy
import functools
import sys
import threading
import time
import weakref
from collections.abc import Callable
from typing import Any

from deras._src.autograph import tracing
from deras._src.control_flow.loops import RunAgain
from deras._src.control_flow.structures import Structured
from deras._src.core.context import building, state
from deras._src.core.tensor import EagerTensor
from deras._src.core.type_spec import TensorSpec
from deras._src.function import numerics
from deras._src.function.attributes import attributes_of, check_autograph_options
from deras._src.function.caller import MISS
from deras._src.function.compiler_ir import compiler_ir
from deras._src.function.concrete import ConcreteFunction, TracedCallable
from deras._src.function.explain import Explanation
from deras._src.function.function_type import FunctionType, polymorphic_type
from deras._src.function.history import History
from deras._src.function.matching import (
    Types,
    best_of,
    composites_in,
    described,
    kind_of,
    placeholders,
    types_of,
    with_composites,
)
from deras._src.function.methods import PerInstance, bind, bound_to, owner_of
from deras._src.function.signature import Signature, leaf_of, structure_key
from deras._src.function.surroundings import Surroundings
from deras._src.graph.func_graph import FuncGraph
from deras._src.util import nest
from deras._src.util.callsite import user_frames, user_site
from deras._src.util.export import export
from deras._src.util.logger import get_logger

_run_eagerly = False
_MOST_TRACES = 1024
_NO_ENTRY = (-1, None)  # no call has this many arguments
_MANY_TRACES = 8  # more than most programs want: said once
_LOGGER = get_logger()

# How often `tf.function` was applied to one code, for `explain`.
_made: weakref.WeakKeyDictionary[Any, int] = weakref.WeakKeyDictionary()
_kept: list[Function] | None = None


def keep_functions() -> list[Function]:
    """From now on every function made is kept in this list, for `deras explain`."""
    global _kept
    if _kept is None:
        _kept = []
    return _kept


@export("config.run_functions_eagerly", "config.experimental_run_functions_eagerly")
def run_functions_eagerly(run_eagerly: bool) -> None:
    """Makes every `tf.function` run its Python body directly, for debugging.

    >>> tf.config.run_functions_eagerly(True)
    >>> tf.config.functions_run_eagerly()
    True
    >>> tf.config.run_functions_eagerly(False)
    """
    global _run_eagerly
    _run_eagerly = bool(run_eagerly)


@export("config.functions_run_eagerly", "config.experimental_functions_run_eagerly")
def functions_run_eagerly() -> bool:
    """Whether `tf.function` bodies run directly.

    >>> tf.config.functions_run_eagerly()
    False
    """
    return _run_eagerly


@export("types.experimental.PolymorphicFunction", "types.experimental.GenericFunction")
class Function:
    """A function compiled per kind of arguments; made by `tf.function`.

    Tensor arguments are distinguished by dtype and shape, Python values by type and value, other
    objects by equality (by identity, where their class does not define it). Each kind is traced
    once; a trace for unknown dimensions serves all that fit.
    """

    def __init__(
        self,
        python_function: Callable[..., Any],
        input_signature: Any = None,
        autograph: bool = True,
        jit_compile: bool | None = None,
        reduce_retracing: bool = False,
        name: str | None = None,
        attributes: dict[str, Any] | None = None,
    ) -> None:
        if not callable(python_function):
            raise TypeError(f"tf.function: {python_function!r} is not a callable object")
        self._python_function = python_function
        self._attributes = dict(attributes or {})
        self._signature = Signature(python_function, input_signature)
        self._autograph = autograph
        self._jit_compile = jit_compile
        self._reduce_retracing = reduce_retracing
        own = getattr(python_function, "__name__", type(python_function).__name__)
        self._name = str(name or own)
        self._lock = threading.RLock()
        self._traces: dict[Any, ConcreteFunction] = {}
        # The same ones, by all that a shared trace has in common; `_traces` keeps them alive.
        self._kinds: dict[Any, list[weakref.ref[ConcreteFunction]]] = {}
        self._fast: dict[Any, tuple[int, Any]] = {}
        self._hot: tuple[int, Any] = _NO_ENTRY
        self._traced_once = False
        self._trace_count = 0
        self._history = History()
        self._runs = numerics.Runs()
        numerics.WATCHED.add(self)
        if _kept is not None:
            _kept.append(self)
        self._bound = PerInstance()
        functools.update_wrapper(self, python_function, updated=())

    # -- calling ----------------------------------------------------------------------------

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Runs the function on these arguments, tracing it first where needed."""
        if (
            not kwargs
            and state.graph is None
            and (not state.recorders or _only_watched(state.recorders))
            and not _run_eagerly
        ):
            try:
                hot = self._hot
                if len(args) == hot[0]:
                    result = hot[1](*args)
                    if result is not MISS:
                        return result
                entry = self._fast.get(tuple([x.aval for x in args if type(x) is EagerTensor]))
                if entry is not None and len(args) == entry[0]:
                    self._hot = entry
                    return entry[1](*args)
            except RunAgain:
                self._forget()
        try:
            return self._call(args, kwargs)
        except Exception as error:  # noqa: BLE001 - raised again, whatever it is
            # The user's own frames: those in between say nothing about the mistake.
            raise error.with_traceback(user_frames(error.__traceback__))  # noqa: B904

    def _call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if _run_eagerly:
            return self._python_function(*args, **kwargs)
        concrete, tensors = self._concrete(args, kwargs)
        for x in tensors:
            if type(x) is TensorSpec:
                raise ValueError(
                    f"{self._name}: {x} stands for a tensor only in get_concrete_function; a call "
                    "wants the tensor itself"
                )
        result = concrete.call(tensors)
        if state.graph is None and (not state.recorders or _only_watched(state.recorders)):
            self._remember(concrete, args, kwargs, tensors)
        return result

    def _remember(self, concrete: Any, args: Any, kwargs: Any, tensors: Any) -> None:
        """Notes the shortest way for a call like this one: flat eager tensors, one program."""
        if kwargs or concrete.segmented is not None or concrete._flexible:
            return
        if len(tensors) != len(args) or any(type(x) is not EagerTensor for x in args):
            return
        key = tuple(x.aval for x in tensors)
        program = concrete.programs.get(key)
        if program is not None:
            outputs = concrete._outputs
            if len(self._fast) >= _MOST_TRACES:
                self._forget()
            single = outputs.is_single and len(program.avals) == 1
            pack = None if single else outputs.pack
            entry = (len(key), program.caller.entry(key, program.avals, pack))
            self._fast[key] = self._hot = entry

    def forget_programs(self) -> None:
        """Compiles anew what is called from now on; the traces are kept."""
        self._forget()
        for concrete in self._traces.values():
            concrete.programs.clear()

    def _forget(self) -> None:
        """Drops the short ways of calling."""
        self._fast.clear()
        self._hot = _NO_ENTRY

    def _concrete(self, args: Any, kwargs: Any) -> tuple[ConcreteFunction, list[Any]]:
        args, kwargs = self._signature.bind(args, kwargs)
        signature = self._signature.input_signature
        if signature is not None:
            args, kwargs = self._signature.fit(args, kwargs)
        leaves = [leaf_of(x) for x in nest.flatten((args, kwargs), expand_composites=True)]
        tensors: list[Any] = []
        for leaf in leaves:
            if leaf.tensor is not None:
                tensors.append(leaf.tensor)
            elif leaf.trace_type is not None:
                tensors.extend(leaf.tensors)
        if signature is not None:
            structure = self._structure_by_signature(args, kwargs)
            key: Any = ("signature", structure, tuple(x.key for x in leaves if x.tensor is None))
        else:
            structure = (structure_key(args), structure_key(kwargs))
            key = (structure, tuple(leaf.key for leaf in leaves))
        outer = state.graph
        concrete = self._find(key, outer)
        if concrete is None:
            with self._lock:
                concrete = self._find(key, outer)
                if concrete is None:
                    concrete = self._trace_for(key, structure, args, kwargs, leaves, outer)
        return concrete, tensors

    def _structure_by_signature(self, args: Any, kwargs: Any) -> Any:
        """The structure of the arguments, with the signature's specs for composite tensors."""
        specs = self._signature_composites(args, kwargs)
        if specs:
            args, kwargs = with_composites((args, kwargs), specs)
        return structure_key(args), structure_key(kwargs)

    def _signature_composites(self, args: Any, kwargs: Any) -> list[Any]:
        given = self._signature.input_signature
        assert given is not None
        return composites_in(given) + composites_in((args[len(given) :], kwargs))

    def _find(self, key: Any, outer: Any) -> ConcreteFunction | None:
        found = self._traces.get(key)
        if found is None and outer is not None:
            # A trace that captured tensors of an enclosing graph is good for that graph only.
            graph = outer
            while graph is not None and found is None:
                found = graph.extras.get((id(self), key))
                graph = graph.outer
        return found

    def _trace_for(
        self, key: Any, structure: Any, args: Any, kwargs: Any, leaves: Any, outer: Any
    ) -> ConcreteFunction:
        """An earlier trace that serves these arguments, else a new one."""
        types = types_of(leaves, composites_in((args, kwargs)))
        signature = self._signature.input_signature
        if signature is not None:
            wanted = iter(nest.flatten(signature, expand_composites=True))
            types = Types(
                [next(wanted, t) if isinstance(t, TensorSpec) else t for t in types.leaves],
                self._signature_composites(args, kwargs),
            )
            earlier: list[ConcreteFunction] = []
        else:
            kind = kind_of(structure, leaves)
            earlier = self._alike(kind)
            found = best_of(earlier, types)
            if found is not None:
                self._keep(key, found)
                return found
            if self._reduce_retracing:
                for trace in earlier:
                    types = types.widened(trace.types)
        concrete = self._trace(args, kwargs, leaves, types, outer)
        if concrete.graph.captures:
            outer.extras[id(self), key] = concrete
        else:
            self._keep(key, concrete)
            if signature is None:
                self._kinds.setdefault(kind, []).append(weakref.ref(concrete))
        return concrete

    def _alike(self, kind: Any) -> list[ConcreteFunction]:
        """The traces of a kind that are kept, oldest first."""
        references = self._kinds.get(kind, [])
        found = [trace for reference in references if (trace := reference()) is not None]
        if len(found) < len(references):
            self._kinds[kind] = [weakref.ref(trace) for trace in found]
        return found

    def _keep(self, key: Any, concrete: ConcreteFunction) -> None:
        if len(self._traces) >= _MOST_TRACES:
            self._traces.pop(next(iter(self._traces)))
            if len(self._kinds) >= _MOST_TRACES:
                self._kinds = {k: refs for k, refs in self._kinds.items() if self._alike(k)}
        self._traces[key] = concrete

    # -- tracing ----------------------------------------------------------------------------

    def _trace(
        self, args: Any, kwargs: Any, leaves: Any, types: Types, outer: Any
    ) -> ConcreteFunction:
        first = not self._traced_once
        trace = self._history.add(user_site(), self._signature, args, kwargs, leaves)
        began = time.perf_counter()
        bound = bound_to(self._python_function)
        trace.surroundings = Surroundings(self._python_function, bound and bound[1]())
        concrete, created = self._trace_graph(args, kwargs, leaves, types, outer, first)
        trace.surroundings.end()
        if created:
            # The variables exist now: the trace that is kept must not create any.
            trace.created = [v.name for v in created]
            concrete, _ = self._trace_graph(args, kwargs, leaves, types, outer, False)
        trace.seconds = time.perf_counter() - began
        trace.concrete = concrete
        self._traced_once = True
        if self._history.count == _MANY_TRACES:
            _LOGGER.warning(
                "%s was traced %d times, at %s lastly because of %s; %s. %s.explain() tells more.",
                self._name,
                _MANY_TRACES,
                trace.site,
                trace.cause,
                trace.cause.advice,
                self._name,
            )
        return concrete

    def _trace_graph(
        self, args: Any, kwargs: Any, leaves: Any, types: Types, outer: Any, may_create: bool
    ) -> tuple[ConcreteFunction, list[Any]]:
        self._trace_count += 1
        graph = FuncGraph(self._name, outer=outer)
        graph.may_create_variables = may_create
        saved_site, state.site_override = state.site_override, None
        try:
            with building(graph):
                values = placeholders(
                    graph, self._signature.parameters, args, kwargs, leaves, types
                )
                packed_args, packed_kwargs = nest.pack_sequence_as(
                    with_composites((args, kwargs), types.composites),
                    values,
                    expand_composites=True,
                )
                result = self._run_python(packed_args, packed_kwargs)
                outputs = self._outputs_of(result)
                graph.outputs = [graph.own(t) for t in outputs.tensors]
        finally:
            state.site_override = saved_site
        outputs.release()
        graph.prune()
        concrete = ConcreteFunction(
            self._name,
            graph,
            outputs,
            described((args, kwargs), leaves, types),
            jit_compile=bool(self._jit_compile),
            parameters=self._signature.parameters,
            attributes=self._attributes,
        )
        concrete.types = types
        concrete.runs = self._runs
        return concrete, graph.created_variables

    def _run_python(self, args: Any, kwargs: Any) -> Any:
        """Runs the Python function for a trace, its control flow converted."""
        function = self._python_function
        bound = bound_to(function)
        if bound is not None:
            function, owner = bound[0], owner_of(*bound)
            args = (owner, *args)
        run = tracing.call if self._autograph else tracing.call_unconverted
        return run(function, args, kwargs)

    def _outputs_of(self, result: Any) -> Structured:
        try:
            return Structured(result)
        except (TypeError, ValueError) as error:
            raise TypeError(
                f"{self._name!r} must return zero or more Tensors or values convertible to them, "
                f"but it returned {_show(result)}: {error}"
            ) from None

    # -- looking ----------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """The Python function's name."""
        return self._name

    @property
    def function_type(self) -> FunctionType:
        """The parameters, without types: those depend on the call."""
        return polymorphic_type(self._signature.parameters)

    def experimental_get_compiler_ir(self, *args: Any, **kwargs: Any) -> Callable[..., str]:
        """A function of `stage` that gives the compiler's text for arguments like these.

        Stages: `"stablehlo"` and `"hlo"`, before XLA optimizes, and `"optimized_hlo"`.

        >>> f = tf.function(lambda x: x * 2.0)
        >>> f.experimental_get_compiler_ir(tf.constant(1.0))(stage="hlo")[:9]
        'HloModule'
        """
        concrete, tensors = self._concrete(args, kwargs)
        return functools.partial(compiler_ir, concrete.graph, tensors)

    def get_concrete_function(self, *args: Any, **kwargs: Any) -> ConcreteFunction:
        """The trace for arguments like these; `tf.TensorSpec`s stand for tensors."""
        if self._signature.input_signature is not None and not args and not kwargs:
            args = tuple(self._signature.input_signature)
        concrete, _ = self._concrete(args, kwargs)
        return concrete

    def explain(self) -> Explanation:
        """What was traced and why, what was compiled, and what to change; print it.

        >>> @tf.function
        ... def scale(x, rate):
        ...     return x * rate
        >>> for rate in (0.1, 0.2):
        ...     _ = scale(tf.constant(1.0), rate)
        >>> scale.explain().traces[1].cause
        <rate: value, 0.2 (before: 0.1)>
        """
        return Explanation(self)

    @property
    def remade(self) -> int:
        """How many times `tf.function` was applied to this same code."""
        code = getattr(self._python_function, "__code__", None)
        return _made.get(code, 1) if code is not None else 1

    def experimental_get_tracing_count(self) -> int:
        """How often the Python function was traced."""
        return self._trace_count

    @property
    def python_function(self) -> Callable[..., Any]:
        """The Python function."""
        return self._python_function

    @property
    def input_signature(self) -> Any:
        """The `input_signature`, or None."""
        return self._signature.input_signature

    @property
    def function_spec(self) -> Signature:
        """The parameters and the input signature."""
        return self._signature

    def pretty_printed_concrete_signatures(self, verbose: bool = True) -> str:
        """The signatures of every trace."""
        traces = dict.fromkeys(self._traces.values())
        return "\n\n".join(c.pretty_printed_signature(verbose) for c in traces)

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        """Used as a method: a function of its own for each instance, held weakly."""
        if instance is None:
            return self
        bound = self._bound.get(instance)
        if bound is None:
            with self._lock:
                bound = self._bound.get(instance)
                if bound is None:
                    try:
                        method = bind(self._python_function, instance)
                    except TypeError as error:
                        raise TypeError(
                            f"tf.function: {self._name} is a method of "
                            f"{type(instance).__name__}, whose instances cannot be referenced "
                            f"weakly ({error}): add '__weakref__' to its __slots__"
                        ) from None
                    bound = self._again(method)
                    self._bound.set(instance, bound)
        return bound

    def _again(self, python_function: Callable[..., Any]) -> Function:
        """Another Python function, with this one's options and no traces."""
        return Function(python_function, *self._options())

    def _options(self) -> tuple[Any, ...]:
        return (
            self._signature.input_signature,
            self._autograph,
            self._jit_compile,
            self._reduce_retracing,
            self._name,
            self._attributes,
        )

    # -- copies ---------------------------------------------------------------------------------

    def __copy__(self) -> Function:
        return self._again(self._python_function)

    def __deepcopy__(self, memo: dict[int, Any]) -> Function:
        """A copy without traces; a method's copy belongs to the copy of its object."""
        bound = bound_to(self._python_function)
        if bound is None:
            return self._again(copy.deepcopy(self._python_function, memo))
        owner = owner_of(*bound)
        return self._again(bind(bound[0], memo.get(id(owner), owner)))

    def __reduce__(self) -> Any:
        """Pickled by name where it has one, else as its Python function; never its traces."""
        bound = bound_to(self._python_function)
        if bound is not None:
            return getattr, (owner_of(*bound), self._name)
        name = getattr(self, "__qualname__", self._name)
        found: Any = sys.modules.get(self.__module__)
        for part in name.split("."):
            found = getattr(found, part, None)
        return (
            name if found is self else (_function_again, (self._python_function, *self._options()))
        )

    def __repr__(self) -> str:
        return f"<tf.function {self._name}, {len(self._traces)} traces>"


def _only_watched(recorders: tuple[Any, ...]) -> bool:
    """Whether `tf.debugging.enable_check_numerics` alone records: programs carry its flag."""
    return len(recorders) == 1 and recorders[0] is numerics.RECORDER


TracedCallable.register(Function)


def _function_again(*args: Any) -> Function:
    return Function(*args)


def _show(value: Any) -> str:
    text = repr(value)
    return text if len(text) < 200 else text[:197] + "..."


@export("function")
def function(
    func: Callable[..., Any] | None = None,
    input_signature: Any = None,
    autograph: bool = True,
    jit_compile: bool | None = None,
    reduce_retracing: bool = False,
    experimental_implements: Any = None,
    experimental_autograph_options: Any = None,
    experimental_attributes: Any = None,
    experimental_relax_shapes: bool | None = None,
    experimental_compile: bool | None = None,
    experimental_follow_type_hints: bool | None = None,
) -> Any:
    """Compiles a function into graphs that run as XLA programs.

    Args:
      func: Python function of tensors and values. Left out when used as a decorator with arguments.
      input_signature: List of `tf.TensorSpec` (nested as the arguments); one trace serves all.
      autograph: Whether Python's `if`, `while`, `for`, `and` and so on become part of the graph
        where tensors decide them, in `func` and in what it calls. On Python values they stay
        Python, and run once, while the function is traced.
      jit_compile: True demands one program, and raises where an op needs the host.
      reduce_retracing: Whether unlike shapes share a trace with unknown dimensions.
      experimental_implements: Name of what the function computes, kept as the attribute
        `_implements` of its traces.
      experimental_autograph_options: A `tf.autograph.experimental.Feature` or several. Accepted:
        all conversions are always on.
      experimental_attributes: Dict of further attributes, of the names that TensorFlow knows.
      experimental_relax_shapes: Old name of `reduce_retracing`.
      experimental_compile: Old name of `jit_compile`.
      experimental_follow_type_hints: Accepted.
    Returns:
      A `Function`, or a decorator if `func` is left out.
    Raises:
      TypeError: `func` is not callable, or `input_signature` does not suit its parameters.
      ValueError: an attribute is not known.

    >>> @tf.function
    ... def square(x):
    ...     return x * x
    >>> square(tf.constant(3.0)).numpy()
    np.float32(9.0)
    """
    attributes = attributes_of(experimental_implements, experimental_attributes)
    check_autograph_options(experimental_autograph_options)
    jit = jit_compile if jit_compile is not None else experimental_compile

    def decorate(inner: Callable[..., Any]) -> Function:
        code = getattr(inner, "__code__", None)
        if code is not None:
            _made[code] = _made.get(code, 0) + 1
        return Function(
            inner,
            input_signature,
            autograph,
            jit,
            reduce_retracing or bool(experimental_relax_shapes),
            attributes=attributes,
        )

    return decorate if func is None else decorate(func)
