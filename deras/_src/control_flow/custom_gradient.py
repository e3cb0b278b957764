"""`tf.custom_gradient` and what is built on it.

What the user's function gives goes through one op `CustomGradient`, whose inputs are those results,
the function's arguments and the variables it read, and whose gradient is the user's: results get
none, arguments and variables what the user says. Tapes record the function's own ops too: nothing
reaches them from its results, but what the gradient uses may be differentiated again. Forward
accumulators follow the results, and so see through the op, as in TensorFlow.

Outside of graphs the gradient is the user's Python function, called each time. In a graph it is
also traced into a graph of its own, for the case that the whole function, a loop's body or a branch
is differentiated from outside: the node's inputs then include what that graph captures.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any

from jax import lax

from deras._src import errors
from deras._src.control_flow.structures import Structured
from deras._src.control_flow.subgraph import Layout, run_graph, trace
from deras._src.core.context import Recorder, recording, state
from deras._src.core.indexed_slices import IndexedSlices
from deras._src.core.tensor import EagerTensor, Tensor, TracedTensor
from deras._src.dispatch.apply import apply, as_tensor_tuple
from deras._src.dispatch.convert import convert
from deras._src.dispatch.replay import replay, value_of
from deras._src.graph.func_graph import FuncGraph
from deras._src.graph.lowering import LoweringContext
from deras._src.ops.gradient_support import zeros_like
from deras._src.registry import OpDef, OpRecord, op
from deras._src.state.variable import Variable
from deras._src.tape.gradient_tape import GradientTape
from deras._src.util import nest
from deras._src.util.callsite import user_site
from deras._src.util.export import export


@export("custom_gradient")
def custom_gradient(f: Callable[..., Any] | None = None) -> Any:
    """Decorator of a function that brings its own gradient.

    Args:
      f: Function of tensors that returns a pair: its result, and `grad_fn(*dys)`. That gets the
        gradient of each output and returns the gradient of each positional argument. If `f` reads
        trainable variables that are no arguments, it must take `variables=` too, and return a pair:
        the arguments' gradients, and a list of the variables'.
    Returns:
      A function of the same arguments that returns the result alone.

    >>> @tf.custom_gradient
    ... def clipped(x):
    ...     return x, lambda dy: tf.minimum(dy, 1.0)
    >>> x = tf.constant(2.0)
    >>> with tf.GradientTape() as tape:
    ...     tape.watch(x)
    ...     y = clipped(x) * 5.0
    >>> tape.gradient(y, x).numpy()
    np.float32(1.0)
    """
    if f is None:
        return custom_gradient
    return _Custom(f)


class _Custom:
    """A function with its own gradient; also as a method."""

    def __init__(self, f: Callable[..., Any]) -> None:
        self._function = f
        functools.update_wrapper(self, f)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return _call(self._function, args, kwargs)

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is None:
            return self
        return _Custom(self._function.__get__(instance, owner))


class _Watcher(Recorder):
    """A recorder that notes which trainable variables are read."""

    def __init__(self) -> None:
        self.handles: dict[Any, None] = {}

    def reads(self, handle: Any, tensor: Any) -> None:
        """Notes a variable."""
        if handle.trainable:
            self.handles.setdefault(handle)


def _call(function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    flat = nest.flatten(args, expand_composites=True)
    tensors = [convert(x) for x in flat]
    if state.graph is not None:
        args = nest.pack_sequence_as(
            args,
            [x if isinstance(x, Variable) else t for x, t in zip(flat, tensors, strict=True)],
            expand_composites=True,
        )
    watcher = _Watcher()
    with recording(*state.recorders, watcher):
        result, grad_fn = function(*args, **kwargs)
    if any(x is None for x in nest.flatten(result, expand_composites=True)):
        raise ValueError(
            "tf.custom_gradient: the function's result holds None, which is no Tensor."
        )
    structure = Structured(result)
    given = {x._handle for x in flat if isinstance(x, Variable)}
    handles = [h for h in watcher.handles if h not in given]
    accepts = _accepts_variables(grad_fn)
    if handles and not accepts:
        raise TypeError(
            "@tf.custom_gradient grad_fn must accept keyword argument 'variables', since function "
            f"uses variables: {[h.variable() for h in handles]}"
        )
    gradient = _Gradient(grad_fn, len(structure.tensors), tensors, handles)
    inputs = [*structure.tensors, *tensors, *(h.read() for h in handles)]
    if state.graph is None:
        return structure.pack(_record(gradient, inputs))
    return structure.pack(_node(gradient, inputs, _name_of(function)))


def _accepts_variables(grad_fn: Any) -> bool:
    try:
        parameters = inspect.signature(grad_fn).parameters.values()
    except (TypeError, ValueError):  # a builtin: it takes what is given
        return True
    return any(p.name == "variables" or p.kind is p.VAR_KEYWORD for p in parameters)


def _name_of(function: Any) -> str:
    return str(getattr(function, "__name__", "custom_gradient"))


def _record(gradient: _Gradient, inputs: list[Any]) -> tuple[Any, ...]:
    """Outside of graphs: new tensors with the results' values, offered to tapes as one op."""
    outputs = tuple(_copy_of(x) for x in inputs[: gradient.results])
    made = OpDef(
        "CustomGradient",
        gradient.lowering,
        gradient=gradient,
        eager_gradient=True,
        inputs=("*inputs",),
        dtypes={},
        api_name="custom_gradient",
    )
    record = None
    for recorder in state.recorders:
        if recorder.wants(made, inputs):
            record = record or OpRecord(made, tuple(inputs), (), outputs, user_site(2))
            recorder.record(record)
    return outputs


def _copy_of(tensor: Any) -> Any:
    if isinstance(tensor, EagerTensor):
        return EagerTensor(tensor.aval, tensor._array, tensor._host)
    return TracedTensor(tensor.array, tensor.aval)


def _node(gradient: _Gradient, inputs: list[Any], name: str) -> tuple[Any, ...]:
    """In a graph: a node, whose inputs include what the traced gradient needs."""
    gradient.trace(inputs[: gradient.results], name)
    made = OpDef(
        "CustomGradient",
        gradient.lowering,
        gradient=gradient,
        inputs=("*inputs",),
        dtypes={},
        shape=lambda ins, attrs: [(x.dtype, x.shape) for x in ins[: gradient.results]],
        api_name="custom_gradient",
    )
    return as_tensor_tuple(apply(made, gradient.all_inputs(inputs), (), name))


class _Gradient:
    """The gradient of one call.

    Attributes:
      results: how many of the op's inputs, the first ones, are its results.
      variables: the variables whose values are the last of its own inputs.
      graph: (in graphs) the traced gradient, or None where tracing it failed.
      failure: the exception that tracing it raised.
    """

    def __init__(
        self, grad_fn: Callable[..., Any], results: int, arguments: list[Any], handles: list[Any]
    ) -> None:
        self.grad_fn = grad_fn
        self.results = results
        self.dtypes = [x.dtype for x in arguments]
        self.variables = [h.variable() for h in handles]
        self.own = results + len(arguments) + len(handles)
        self.outer: FuncGraph | None = None
        self.graph: FuncGraph | None = None
        self.layout: Layout | None = None
        self.structure: Structured | None = None
        self.failure: Exception | None = None

    def lowering(self, *arrays: Any) -> Any:
        """The op itself: its results, as they come."""
        return tuple(arrays[: self.results])

    # -- the gradient in a graph ---------------------------------------------------------------

    def trace(self, results: Sequence[Any], name: str) -> None:
        """Traces the user's function. What it raises is raised when the gradient is wanted."""
        self.outer = state.graph

        def flat(*dys: Any) -> list[Any]:
            self.structure = Structured(self.by_user(dys))
            return self.structure.tensors

        try:
            graph = trace(f"{name}_gradient", flat, results)
        except Exception as error:  # noqa: BLE001  it may never be wanted
            self.failure = error
            return
        self.structure.release()  # type: ignore[union-attr]
        self.graph, self.layout = graph, Layout(0, [graph])

    def all_inputs(self, inputs: Sequence[Any]) -> tuple[Any, ...]:
        """The op's inputs, with what the traced gradient captures."""
        extra = () if self.layout is None else self.layout.inputs([])
        return (*inputs, *extra)

    # -- the gradient --------------------------------------------------------------------------

    def __call__(self, record: OpRecord, *grads: Any) -> list[Any]:
        outputs = record.outputs
        dys = [zeros_like(o) if g is None else g for g, o in zip(grads, outputs, strict=True)]
        traced = any(isinstance(x, TracedTensor) for x in (*record.inputs, *dys))
        if self.outer is None or (self._inside() and not traced):
            found = self.by_user(dys)
        elif self.graph is None:
            raise self.failure  # type: ignore[misc]
        else:
            extra = record.inputs[self.own :]
            if traced:
                tensors: list[Any] = [TracedTensor(a) for a in self._interpret(dys, extra)]
            else:
                tensors = self._replay(dys, extra)
            found = list(self.structure.pack(tensors))  # type: ignore[union-attr]
        rest = len(record.inputs) - self.own
        return [None] * self.results + found + [None] * rest

    def _inside(self) -> bool:
        graph = state.graph
        while graph is not None and graph is not self.outer:
            graph = graph.outer
        return graph is not None

    def by_user(self, dys: Sequence[Any]) -> list[Any]:
        """Calls the user's function: gradients of arguments and variables, flat."""
        if self.variables:
            given, of_variables = self.grad_fn(*dys, variables=self.variables)
            of_variables = list(of_variables)
            if len(of_variables) != len(self.variables):
                raise ValueError(
                    "Must return gradient for each variable from @custom_gradient grad_fn."
                )
        else:
            given, of_variables = self.grad_fn(*dys), []
        flat = _flat_gradients(given)
        if len(flat) != len(self.dtypes):
            raise ValueError(
                f"custom_gradient function expected to return {len(self.dtypes)} gradients, but "
                f"returned {len(flat)} instead."
            )
        dtypes = [*self.dtypes, *(v.dtype for v in self.variables)]
        every = [*flat, *of_variables]
        return [_gradient_tensor(g, dtype) for g, dtype in zip(every, dtypes, strict=True)]

    def _interpret(self, dys: Sequence[Any], extra: Sequence[Any]) -> list[Any]:
        """On traced tensors, inside a program being lowered."""
        if any(self.graph.handles.values()):  # type: ignore[union-attr]
            raise errors.op_error(
                errors.UnimplementedError,
                "tf.custom_gradient",
                "the gradient function assigns to a variable, which it may do only where the tape "
                "is in the same tf.function",
            )
        _, captured, values = self.layout.split([_array(x) for x in extra])  # type: ignore[union-attr]
        # Its own nodes keep TensorFlow's gradients, as it may be differentiated again; but loops
        # with an unknown number of trips would then have to be checked, which nothing does here.
        again = not any(n.op.name == "While" for n in self.graph.nodes)  # type: ignore[union-attr]
        context = LoweringContext(values, differentiate=again)
        outputs, _ = run_graph(
            self.graph,  # type: ignore[arg-type]
            context,
            [_array(d) for d in dys],
            captured,
            values,
        )
        return outputs

    def _replay(self, dys: Sequence[Any], extra: Sequence[Any]) -> list[Any]:
        """On eager tensors: a graph that runs on the host, node by node, under a tape."""
        graph = self.graph
        _, captured, _ = self.layout.split(extra)  # type: ignore[union-attr]
        env = {id(t): v for t, v in captured}
        env.update((id(inner), env[id(outer)]) for outer, inner in graph.captures)  # type: ignore[union-attr]
        env.update((id(p), d) for p, d in zip(graph.inputs, dys, strict=True))  # type: ignore[union-attr]
        replay(graph.nodes, env)  # type: ignore[union-attr]
        return [value_of(t, env) for t in graph.outputs]  # type: ignore[union-attr]

    def __repr__(self) -> str:
        return f"<gradient {_name_of(self.grad_fn)}>"


def _flat_gradients(given: Any) -> list[Any]:
    """Composite gradients are taken apart as composite arguments are; IndexedSlices are whole."""
    flat: list[Any] = []
    for g in nest.flatten(given):
        whole = isinstance(g, IndexedSlices)
        flat += [g] if whole else nest.flatten(g, expand_composites=True)
    return flat


def _gradient_tensor(gradient: Any, dtype: Any) -> Any:
    if gradient is None or isinstance(gradient, (Tensor, IndexedSlices)):
        return gradient
    if hasattr(type(gradient), "__deras_tensor__"):
        return convert(gradient)
    return convert(gradient, dtype)


def _array(tensor: Any) -> Any:
    if isinstance(tensor, TracedTensor):
        return tensor.array
    return tensor._host if tensor._host is not None else tensor._array


# -- built on it -------------------------------------------------------------------------------


def _barrier_gradient(record: OpRecord, *grads: Any) -> Any:
    return grads


_barrier_gradient.accepts_none = True  # type: ignore[attr-defined]


@op(
    "RecomputeBarrier",
    gradient=_barrier_gradient,
    dtypes={},
    shape=lambda inputs, attrs: [(x.dtype, x.shape) for x in inputs],
)
def _barrier(*inputs):
    return lax.optimization_barrier(inputs)


@export("recompute_grad")
def recompute_grad(f: Callable[..., Any]) -> Callable[..., Any]:
    """A function like `f` that keeps nothing for its gradient, and runs again when that is wanted.

    Args:
      f: Function of tensors and values that returns tensors; it may read variables.
    Returns:
      A function of the same arguments and results.

    >>> v = tf.Variable(3.0)
    >>> block = tf.recompute_grad(lambda x: x * x * v)
    >>> x = tf.constant(2.0)
    >>> with tf.GradientTape() as tape:
    ...     tape.watch(x)
    ...     y = block(x)
    >>> [float(g) for g in tape.gradient(y, [x, v])]
    [12.0, 4.0]
    """

    @custom_gradient
    @functools.wraps(f)
    def inner(*args: Any, **kwargs: Any) -> Any:
        result = f(*args, **kwargs)

        def grad(*dys: Any, variables: Any = None) -> Any:
            flat = nest.flatten(args, expand_composites=True)
            tensors = [convert(x) for x in flat]
            if state.graph is not None:
                # Without it XLA would find the two runs equal, and keep the first one's values.
                parts = as_tensor_tuple(apply(_barrier, (*tensors, *dys)))
                tensors, dys = list(parts[: len(tensors)]), parts[len(tensors) :]
            # Tensors of their own, so that a tape outside sees what is done with them here.
            given = [
                x if isinstance(x, Variable) else t for x, t in zip(flat, tensors, strict=True)
            ]
            with GradientTape() as tape:
                tape.watch([t for t in tensors if t.dtype.is_floating or t.dtype.is_complex])
                tape.watch(variables or [])
                again = f(*nest.pack_sequence_as(args, given, expand_composites=True), **kwargs)
            sources = (given, variables or [])
            of_arguments, of_variables = tape.gradient(again, sources, output_gradients=list(dys))
            return (of_arguments, of_variables) if variables else of_arguments

        return result, grad

    return inner


@export("grad_pass_through")
def grad_pass_through(f: Callable[..., Any]) -> Callable[..., Any]:
    """A function like `f` whose gradient is that of the identity.

    Args:
      f: Function with as many outputs as inputs, of the same shapes.
    Returns:
      A function of the same arguments and results.

    >>> x = tf.constant(1.6)
    >>> with tf.GradientTape() as tape:
    ...     tape.watch(x)
    ...     y = tf.grad_pass_through(tf.round)(x)
    >>> float(y), float(tape.gradient(y, x))
    (2.0, 1.0)
    """

    @custom_gradient
    @functools.wraps(f)
    def inner(*args: Any, **kwargs: Any) -> Any:
        def grad(*dys: Any, variables: Any = None) -> Any:
            return (dys, [None] * len(variables)) if variables is not None else dys

        return f(*args, **kwargs), grad

    return inner


@export("RegisterGradient")
class RegisterGradient:
    """Belongs to TensorFlow's C++ ops; raises.

    Raises:
      TypeError: `op_type` is not a string.
      UnimplementedError: always: in Deras an op is declared together with its gradient.
    """

    def __init__(self, op_type: str) -> None:
        _refuse_registration("tf.RegisterGradient", op_type)


@export("no_gradient")
def no_gradient(op_type: str) -> None:
    """Belongs to TensorFlow's C++ ops; raises as `tf.RegisterGradient` does."""
    _refuse_registration("tf.no_gradient", op_type)


def _refuse_registration(what: str, op_type: Any) -> None:
    if not isinstance(op_type, str):
        raise TypeError("op_type must be a string")
    raise errors.op_error(
        errors.UnimplementedError,
        what,
        f"gradients are not registered by op name ({op_type!r}); an op brings its own",
        hint="give a function another gradient with tf.custom_gradient",
    )
