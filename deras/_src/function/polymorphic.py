"""`tf.function`: traces a Python function once per kind of arguments, and runs the trace."""

from __future__ import annotations

import functools
import inspect
import threading
import time
import weakref
from collections.abc import Callable
from typing import Any

from deras._src.autograph import tracing
from deras._src.control_flow.loops import RunAgain
from deras._src.control_flow.structures import Structured
from deras._src.core.context import building, state
from deras._src.core.tensor import EagerTensor, Tensor
from deras._src.core.type_spec import TensorSpec
from deras._src.dispatch.convert import convert
from deras._src.function import numerics
from deras._src.function.caller import MISS
from deras._src.function.concrete import ConcreteFunction
from deras._src.function.explain import Explanation
from deras._src.function.history import History
from deras._src.function.signature import Signature, leaf_of, relaxed_shape, structure_key
from deras._src.function.surroundings import Surroundings
from deras._src.graph.func_graph import FuncGraph
from deras._src.util import nest
from deras._src.util.callsite import user_site
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


@export("types.experimental.PolymorphicFunction")
class Function:
    """A function compiled per kind of arguments; made by `tf.function`.

    Tensor arguments are distinguished by dtype and shape, Python values by value, other objects by
    identity. Each kind is traced once.
    """

    def __init__(
        self,
        python_function: Callable[..., Any],
        input_signature: Any = None,
        autograph: bool = True,
        jit_compile: bool | None = None,
        reduce_retracing: bool = False,
        name: str | None = None,
    ) -> None:
        self._python_function = python_function
        self._signature = Signature(python_function, input_signature)
        self._autograph = autograph
        self._jit_compile = jit_compile
        self._reduce_retracing = reduce_retracing
        own = getattr(python_function, "__name__", type(python_function).__name__)
        self._name = str(name or own)
        self._lock = threading.RLock()
        self._traces: dict[Any, ConcreteFunction] = {}
        self._kinds: dict[Any, list[ConcreteFunction]] = {}
        self._fast: dict[Any, tuple[int, Any]] = {}
        self._hot: tuple[int, Any] = _NO_ENTRY
        self._traced_once = False
        self._trace_count = 0
        self._history = History()
        numerics.WATCHED.add(self)
        if _kept is not None:
            _kept.append(self)
        self._bound: weakref.WeakKeyDictionary[Any, Function] = weakref.WeakKeyDictionary()
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
        return self._call(args, kwargs)

    def _call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if _run_eagerly:
            return self._python_function(*args, **kwargs)
        concrete, tensors = self._concrete(args, kwargs)
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
        if self._signature.input_signature is not None:
            args, kwargs = self._fit(args, kwargs)
        flat = nest.flatten((args, kwargs), expand_composites=True)
        leaves = [leaf_of(x) for x in flat]
        tensors = [leaf.tensor for leaf in leaves if leaf.tensor is not None]
        structure = (structure_key(args), structure_key(kwargs))
        if self._signature.input_signature is not None:
            key: Any = ("signature", structure, tuple(x.key for x in leaves if x.tensor is None))
        else:
            key = (structure, tuple(leaf.key for leaf in leaves))
        outer = state.graph
        concrete = self._find(key, outer)
        if concrete is None:
            with self._lock:
                concrete = self._find(key, outer)
                if concrete is None:
                    concrete = self._trace_for(key, structure, args, kwargs, leaves, outer)
        return concrete, tensors

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
        specs = [
            None if leaf.tensor is None else TensorSpec(leaf.tensor.shape, leaf.tensor.dtype)
            for leaf in leaves
        ]
        signature = self._signature.input_signature
        if signature is not None:
            wanted = iter(nest.flatten(signature, expand_composites=True))
            specs = [None if s is None else next(wanted) for s in specs]
        elif self._reduce_retracing:
            kind = (
                structure,
                tuple(x.key if x.tensor is None else x.tensor.dtype for x in leaves),
            )
            earlier = self._kinds.setdefault(kind, [])
            for concrete in earlier:
                if _fits(concrete, leaves):
                    self._traces[key] = concrete
                    return concrete
            if earlier:
                specs = _relaxed(earlier, specs)
        concrete = self._trace(args, kwargs, leaves, specs, outer)
        if self._reduce_retracing and signature is None:
            self._kinds[kind].append(concrete)
        if concrete.graph.captures:
            outer.extras[id(self), key] = concrete
        else:
            if len(self._traces) >= _MOST_TRACES:
                self._traces.pop(next(iter(self._traces)))
            self._traces[key] = concrete
        return concrete

    def _fit(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Arguments as the `input_signature` wants them."""
        signature = self._signature.input_signature
        given = list(args) + list(kwargs.values())
        covered = given[: len(signature)]  # type: ignore[arg-type]
        if len(covered) < len(signature):  # type: ignore[arg-type]
            raise TypeError(
                f"{self._name}: input_signature has {len(signature)} entries, "  # type: ignore[arg-type]
                f"but {len(given)} arguments were given"
            )
        fitted = []
        for value, spec in zip(covered, signature, strict=True):  # type: ignore[arg-type]
            try:
                fitted.append(nest.map_structure_up_to(spec, _as_spec_asks, spec, value))
            except (TypeError, ValueError) as error:
                raise TypeError(
                    f"{self._name}: Python inputs incompatible with input_signature: inputs "
                    f"({_show(value)}), input_signature ({spec}): {error}"
                ) from None
        return tuple(fitted) + args[len(signature) :], {}  # type: ignore[arg-type]

    # -- tracing ----------------------------------------------------------------------------

    def _trace(
        self, args: Any, kwargs: Any, leaves: Any, specs: Any, outer: Any
    ) -> ConcreteFunction:
        first = not self._traced_once
        trace = self._history.add(user_site(), self._signature, args, kwargs, leaves)
        began = time.perf_counter()
        bound = getattr(self._python_function, _BOUND, None)
        trace.surroundings = Surroundings(self._python_function, bound and bound[1]())
        concrete, created = self._trace_graph(args, kwargs, leaves, specs, outer, first)
        trace.surroundings.end()
        if created:
            # The variables exist now: the trace that is kept must not create any.
            trace.created = [v.name for v in created]
            concrete, _ = self._trace_graph(args, kwargs, leaves, specs, outer, False)
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
        self, args: Any, kwargs: Any, leaves: Any, specs: Any, outer: Any, may_create: bool
    ) -> tuple[ConcreteFunction, list[Any]]:
        self._trace_count += 1
        graph = FuncGraph(self._name, outer=outer)
        graph.may_create_variables = may_create
        saved_site, state.site_override = state.site_override, None
        try:
            with building(graph):
                values = []
                for position, (leaf, spec) in enumerate(zip(leaves, specs, strict=True)):
                    if spec is None:
                        values.append(leaf.value)
                        continue
                    name = getattr(spec, "name", None) or f"args_{position}"
                    values.append(graph.placeholder(spec.dtype, spec.shape, name))
                packed_args, packed_kwargs = nest.pack_sequence_as(
                    (args, kwargs), values, expand_composites=True
                )
                result = self._run_python(packed_args, packed_kwargs)
                outputs = self._outputs_of(result)
                graph.outputs = [graph.own(t) for t in outputs.tensors]
        finally:
            state.site_override = saved_site
        outputs.release()
        graph.prune()
        described = (
            nest.pack_sequence_as(
                (args, kwargs),
                [leaf.value if s is None else s for leaf, s in zip(leaves, specs, strict=True)],
                expand_composites=False,
            )
            if not any(hasattr(x, "_type_spec") for x in nest.flatten((args, kwargs)))
            else None
        )
        concrete = ConcreteFunction(
            self._name, graph, outputs, described, jit_compile=bool(self._jit_compile)
        )
        return concrete, graph.created_variables

    def _run_python(self, args: Any, kwargs: Any) -> Any:
        """Runs the Python function for a trace, its control flow converted."""
        function = self._python_function
        bound = getattr(function, _BOUND, None)
        if bound is not None:
            function, owner = bound[0], _owner(*bound)
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
        return "\n\n".join(c.pretty_printed_signature(verbose) for c in self._traces.values())

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        """Used as a method: a function of its own for each instance, held weakly."""
        if instance is None:
            return self
        try:
            bound = self._bound.get(instance)
        except TypeError:  # unhashable: found by identity instead
            bound = None
            for key, function in self._by_identity():
                if key is instance:
                    return function
        if bound is None:
            bound = Function(
                _bind(self._python_function, instance),
                self._method_signature(),
                self._autograph,
                self._jit_compile,
                self._reduce_retracing,
                self._name,
            )
            self._store_bound(instance, bound)
        return bound

    def _by_identity(self) -> list[Any]:
        entries = self.__dict__.setdefault("_bound_by_identity", [])
        live = [(ref, f) for ref, f in entries if ref() is not None]
        entries[:] = live
        return [(ref(), f) for ref, f in live]

    def _store_bound(self, instance: Any, bound: Function) -> None:
        try:
            self._bound[instance] = bound
        except TypeError:
            self.__dict__.setdefault("_bound_by_identity", []).append(
                (weakref.ref(instance), bound)
            )

    def _method_signature(self) -> Any:
        return self._signature.input_signature

    def __deepcopy__(self, memo: Any) -> Function:
        return self

    def __repr__(self) -> str:
        return f"<tf.function {self._name}, {len(self._traces)} traces>"


def _only_watched(recorders: tuple[Any, ...]) -> bool:
    """Whether `tf.debugging.enable_check_numerics` alone records: programs carry its flag."""
    return len(recorders) == 1 and recorders[0] is numerics.RECORDER


# On a bound method: the function, and a weak reference of the object it is bound to.
_BOUND = "__deras_bound__"


def _owner(function: Callable[..., Any], reference: weakref.ref[Any]) -> Any:
    owner = reference()
    if owner is None:
        name = getattr(function, "__name__", type(function).__name__)
        raise ReferenceError(f"the object that {name!r} belonged to is gone")
    return owner


def _bind(function: Callable[..., Any], instance: Any) -> Callable[..., Any]:
    reference = weakref.ref(instance)

    @functools.wraps(function)
    def method(*args: Any, **kwargs: Any) -> Any:
        return function(_owner(function, reference), *args, **kwargs)

    setattr(method, _BOUND, (function, reference))

    # The parameters without self, so that binding and signatures see the method's own.
    bound = function.__get__(instance)
    try:
        method.__signature__ = inspect.signature(bound)  # type: ignore[attr-defined]
    except (TypeError, ValueError):
        del method.__wrapped__  # type: ignore[attr-defined]
    return method


def _as_spec_asks(spec: Any, value: Any) -> Any:
    if not isinstance(spec, TensorSpec):
        return value
    if isinstance(value, TensorSpec):
        return value
    tensor = convert(value, spec.dtype) if not isinstance(value, Tensor) else value
    if hasattr(type(value), "__deras_tensor__"):
        tensor = value.__deras_tensor__()
    if tensor.dtype is not spec.dtype or not spec.shape.is_compatible_with(tensor.shape):
        raise ValueError(f"{tensor.dtype.name}{tensor.shape} does not fit {spec}")
    return tensor


def _fits(concrete: ConcreteFunction, leaves: Any) -> bool:
    tensors = [x.tensor for x in leaves if x.tensor is not None]
    return len(tensors) == len(concrete.graph.inputs) and all(
        _covers(p.shape, t.shape) for p, t in zip(concrete.graph.inputs, tensors, strict=True)
    )


def _covers(general: Any, special: Any) -> bool:
    if general.rank is None:
        return True
    return general.rank == special.rank and all(
        g is None or g == s for g, s in zip(general.as_list(), special.as_list(), strict=True)
    )


def _relaxed(earlier: list[ConcreteFunction], specs: list[Any]) -> list[Any]:
    result: list[Any] = []
    position = 0
    for spec in specs:
        if spec is None:
            result.append(None)
            continue
        shapes = [spec.shape] + [c.graph.inputs[position].shape for c in earlier]
        result.append(TensorSpec(relaxed_shape(shapes), spec.dtype))
        position += 1
    return result


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
      experimental_implements: Not supported yet.
      experimental_autograph_options: Accepted.
      experimental_attributes: Not supported yet.
      experimental_relax_shapes: Old name of `reduce_retracing`.
      experimental_compile: Old name of `jit_compile`.
      experimental_follow_type_hints: Accepted.
    Returns:
      A `Function`, or a decorator if `func` is left out.

    >>> @tf.function
    ... def square(x):
    ...     return x * x
    >>> square(tf.constant(3.0)).numpy()
    np.float32(9.0)
    """
    for name, value in (
        ("experimental_implements", experimental_implements),
        ("experimental_attributes", experimental_attributes),
    ):
        if value is not None:
            raise NotImplementedError(f"tf.function: {name} is not supported yet")
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
        )

    return decorate if func is None else decorate(func)
