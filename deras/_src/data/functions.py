"""The user's functions in a pipeline: traced once, run for one element or for a block of rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from deras._src import errors
from deras._src.autograph import tracing
from deras._src.control_flow.structures import Structured
from deras._src.core.context import building, state
from deras._src.core.dtypes import string, variant
from deras._src.core.tensor import EagerTensor
from deras._src.data.node import Columns, Element, host, look_up, tensor
from deras._src.data.structure import flat_tensors, normalized, spec_of
from deras._src.dispatch.convert import convert
from deras._src.function.concrete import ConcreteFunction
from deras._src.graph.checks import Collector, nested_code
from deras._src.graph.func_graph import FuncGraph
from deras._src.graph.lowering import LoweringContext, NeedsHost, compiling, interpret, read
from deras._src.util import nest
from deras._src.util.callsite import Site
from deras._src.util.export import export
from deras._src.util.logger import get_logger

_LOGGER = get_logger()
_debug = False

# Rows of the first block that are run one by one, too, to compare.
_COMPARED = 16


@export("data.experimental.enable_debug_mode")
def enable_debug_mode() -> None:
    """From now on the functions of new datasets run as Python, element by element."""
    global _debug
    _debug = True


def _set_debug_mode(on: bool) -> None:
    """For tests."""
    global _debug
    _debug = on


class ElementFunction:
    """A function of elements.

    Args:
      what: The transformation, for errors: `"Dataset.map"`.
      function: The user's function.
      specs: Structures of specs, one for each argument; an element that is a tuple is given as
        several arguments.
      unpack: Whether the only entry of `specs`, a tuple, is given as several arguments.

    Attributes:
      spec: the structure of what it returns.
      captured: graph tensors of the function around the dataset that it uses.
    """

    def __init__(
        self, what: str, function: Callable[..., Any], *specs: Any, unpack: bool = True
    ) -> None:
        self.what = what
        self.function = function
        self.site = Site.of_function(function)
        self._specs = specs
        self._unpack = unpack and len(specs) == 1 and type(specs[0]) is tuple
        self.captured: list[Any] = []
        self._outputs: Structured | None = None
        self._single: Any = None
        self._debug = _debug and state.graph is None
        self._blocks: dict[Any, Any] = {}
        self._trace()

    # -- tracing ----------------------------------------------------------------------------

    def _trace(self) -> None:
        graph = FuncGraph(getattr(self.function, "__name__", "function"), outer=state.graph)
        graph.may_create_variables = False
        saved, state.site_override = state.site_override, None
        try:
            with building(graph):
                arguments = []
                for spec in self._specs:
                    leaves = nest.flatten(spec, expand_composites=True)
                    made = [graph.placeholder(s.dtype, s.shape, "args") for s in leaves]
                    arguments.append(nest.pack_sequence_as(spec, made, expand_composites=True))
                if self._unpack:
                    arguments = list(arguments[0])
                result = tracing.call(self.function, tuple(arguments), {})
                result = self._as_element(result)
                self.spec = spec_of(result)
                structured = Structured(result)
                graph.outputs = [graph.own(t) for t in structured.tensors]
        finally:
            state.site_override = saved
        structured.release()
        graph.prune()
        self.captured = [outer for outer, _ in graph.captures]
        graph.inputs += [inner for _, inner in graph.captures]
        graph.captures = []
        self.graph = graph
        self.flat = nest.flatten(self.spec, expand_composites=True)
        self.concrete = ConcreteFunction(graph.name, graph, structured, (self._specs, {}))
        uses_datasets = any(t.dtype is variant for t in (*graph.inputs, *graph.outputs))
        if uses_datasets and self.concrete.segmented is None:
            self.concrete._segment()

    def _as_element(self, result: Any) -> Any:
        # A list of results is several components, as py_function gives them.
        result = tuple(result) if isinstance(result, list) else result
        try:
            return normalized(result)
        except (TypeError, ValueError) as error:
            raise TypeError(
                f"{self.what}: unsupported return value from the function: "
                f"{_short(result)}. Return tensors, datasets, or tuples and dicts of them: {error}"
            ) from None

    # -- running ----------------------------------------------------------------------------

    @property
    def on_host(self) -> bool:
        """Whether a part of it runs on the host."""
        return self.concrete.segmented is not None

    def __call__(self, element: Element, env: dict[int, Any]) -> Element:
        """The flat results for the flat tensors of one element."""
        if self._debug:
            return self._run_python(element)
        arguments = [tensor(x) for x in element]
        if self.captured:
            arguments += [tensor_of(look_up(t, env)) for t in self.captured]
        return tuple(self.concrete.run_flat(arguments))

    def _run_python(self, element: Element) -> Element:
        rest = iter([tensor(x) for x in element])
        arguments = []
        for spec in self._specs:
            leaves = nest.flatten(spec, expand_composites=True)
            made = [next(rest) for _ in leaves]
            arguments.append(nest.pack_sequence_as(spec, made, expand_composites=True))
        if self._unpack:
            arguments = list(arguments[0])
        return tuple(flat_tensors(self._as_element(self.function(*arguments))))

    # -- blocks -----------------------------------------------------------------------------

    @property
    def may_vectorize(self) -> bool:
        """Whether it may be applied to rows of a block at once: it computes, and nothing else."""
        return not (
            self._debug
            or self.on_host
            or self.graph.handles
            or not self.graph.outputs
            or any(node.op.stateful and not node.op.contextual for node in self.graph.nodes)
            or any(t.dtype in (string, variant) for t in self.graph.inputs)
        )

    def block_function(self, env: dict[int, Any]) -> BlockFunction:
        """This function for blocks of rows."""
        captured = [tensor_of(look_up(t, env)) for t in self.captured]
        if captured:
            return BlockFunction(self, captured)
        if self._single is None:
            self._single = BlockFunction(self, [])
        return self._single  # type: ignore[no-any-return]


class BlockFunction:
    """A function applied to many rows by one program.

    The function is vectorized, or looped over the rows inside of the program. The first block
    decides: some of its rows are computed one by one, too, and must have the same bits; where
    neither form gives them, every row is computed by itself from then on.
    """

    def __init__(self, function: ElementFunction, captured: Sequence[Any]) -> None:
        self._function = function
        self._captured = list(captured)
        self._programs: dict[Any, Any] = {}
        self._forms = [_vectorized, _looped]
        self._settled = False

    @property
    def works(self) -> bool:
        """Whether blocks are of any use."""
        return bool(self._forms)

    def one(self, element: Element) -> Element:
        """The results for one row."""
        arguments = [tensor(x) for x in element] + self._captured
        return tuple(self._function.concrete.run_flat(arguments))

    def __call__(self, columns: Columns, size: int) -> Columns | None:
        """The results for a block, padded to `size` rows; None where it must be done row by row."""
        count = len(columns[0]) if columns else size
        while self._forms:
            try:
                result = self._run(columns, count, size)
            except NeedsHost as need:
                self._give_up(need.reason)
                continue
            if result is None or self._settled:
                return result
            if self._same(columns, result, count):
                self._settled = True
                return result
            self._give_up("its values differ from those of single elements")
        return None

    def _give_up(self, reason: str) -> None:
        form = self._forms.pop(0)
        self._programs.clear()
        _LOGGER.debug("tf.data: %s is not %s: %s", self._function.graph.name, form.__name__, reason)

    def _run(self, columns: Columns, count: int, size: int) -> Columns | None:
        if count < size:
            # The last row again: what it computes is known to be sound.
            columns = [np.concatenate([c, np.repeat(c[-1:], size - count, 0)]) for c in columns]
        key = (size, *((c.dtype, c.shape) for c in columns))
        program = self._programs.get(key)
        if program is None:
            if len(self._programs) >= 64:
                self._programs.clear()
            program = self._programs[key] = self._compile(columns)
        with jax.enable_x64(True):
            constants = [t.device_array() for t in self._function.graph.constants.values()]
            captured = [t.device_array() for t in self._captured]
            *results, codes = program(constants, captured, columns)
        if codes is not None and np.asarray(codes)[:count, 0].any():
            return None
        return [np.asarray(r)[:count] for r in results]

    def _compile(self, columns: Columns) -> Any:
        graph, form = self._function.graph, self._forms[0]
        captured = self._captured

        def one(constants: Any, outer: Any, row: Any) -> Any:
            env = dict(zip(graph.constants, constants, strict=True))
            env.update((id(p), a) for p, a in zip(graph.inputs, [*row, *outer], strict=True))
            with nested_code() as collector:
                interpret(graph.nodes, LoweringContext({}, wanted=graph.wanted), env)
                outputs = [jnp.asarray(read(t, env)) for t in graph.outputs]
                code = None
                if collector is not None and collector.checks:
                    code = jnp.asarray(collector.current())
            return (*outputs, code)

        def shape(array: Any) -> Any:
            return jax.ShapeDtypeStruct(array.shape, array.dtype)

        collector = Collector()
        with compiling(collector):
            arguments = (
                [shape(t.device_array()) for t in graph.constants.values()],
                [shape(t.device_array()) for t in captured],
                [shape(c) for c in columns],
            )
            compiled = jax.jit(form(one)).lower(*arguments).compile()
        if collector.effects:
            raise NeedsHost(graph.nodes[0], "it prints")
        return compiled

    def _same(self, columns: Columns, results: Columns, count: int) -> bool:
        for i in range(min(count, _COMPARED)):
            try:
                single = self.one(tuple([c[i, ...] for c in columns]))
            except errors.OpError:
                return False
            for column, x in zip(results, single, strict=True):
                row, alone = column[i, ...], host(x)
                same = row.dtype == alone.dtype and row.shape == alone.shape
                if not same or row.tobytes() != alone.tobytes():
                    return False
        return True


def _vectorized(one: Callable[..., Any]) -> Callable[..., Any]:
    return jax.vmap(one, in_axes=(None, None, 0))


def _looped(one: Callable[..., Any]) -> Callable[..., Any]:
    def rows(constants: Any, outer: Any, columns: Any) -> Any:
        return jax.lax.map(lambda row: one(constants, outer, row), columns)

    return rows


def tensor_of(value: Any) -> Any:
    """An argument of a node as an eager tensor."""
    return value if isinstance(value, EagerTensor) else convert(value)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) < 200 else text[:197] + "..."


# The class that TensorFlow gives to what a user's Python function raises.
_CLASSES: tuple[tuple[type[BaseException], type[errors.OpError]], ...] = (
    (TypeError, errors.InvalidArgumentError),
    (ValueError, errors.InvalidArgumentError),
    (StopIteration, errors.OutOfRangeError),
    (MemoryError, errors.ResourceExhaustedError),
    (NotImplementedError, errors.UnimplementedError),
)


def at_element(error: Exception, what: str, index: int, site: Any = None) -> Exception:
    """An error of a user's function, with the element it met."""
    place = f"{what}, element {index}"
    if site is not None:
        place += f" (the function is {errors.describe_site(site)})"
    if isinstance(error, errors.OpError):
        if type(error) is errors.OpError:
            return error
        kind: Any = type(error)
        new: Exception = kind(error.node_def, error.op, f"{error.message}\n  in {place}")
    else:
        cls: Any = errors.UnknownError
        for python, found in _CLASSES:
            if isinstance(error, python):
                cls = found
                break
        new = cls(None, None, f"{type(error).__name__}: {error}\n  in {place}")
    new.__cause__ = error.__cause__ if isinstance(error, errors.OpError) else error
    return new.with_traceback(error.__traceback__)
