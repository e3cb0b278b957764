"""The variables of a staged loop: as flat tensors, from trip to trip.

Variables without a value before the loop are carried too, if the body gives them one: the first
trip does not read them, so the node fills them with zeros. A variable that is None before is traced
twice, the second time with what the body made of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from deras._src import errors
from deras._src.autograph.operators.places import RETURN_VALUE, UNDEFINED, Places, shown
from deras._src.autograph.operators.staging import Block, described
from deras._src.control_flow.structures import Structured
from deras._src.control_flow.while_op import tracing
from deras._src.core.context import state
from deras._src.core.dtypes import string
from deras._src.core.tensor import SymbolicTensor, host_tensor, literal
from deras._src.core.tensor_shape import TensorShape
from deras._src.dispatch.convert import convert
from deras._src.graph.func_graph import FuncGraph
from deras._src.util import nest
from deras._src.util.callsite import user_site

_HINT = "let it keep one dtype: start with tf.constant(..., dtype), or use tf.cast in the loop"


class _Variable:
    """One variable: where its tensors are among the flat ones, and what they must stay."""

    __slots__ = ("invariants", "is_unset", "name", "shapes", "start", "structure")

    def __init__(self, name: str, start: Any) -> None:
        self.name = name
        self.start = start
        self.structure: Structured | None = None  # None: it has no tensors (yet)
        self.shapes: list[TensorShape] = []
        self.invariants: list[Any] = []
        self.is_unset = False

    @property
    def is_missing(self) -> bool:
        return self.start is UNDEFINED or self.start is None


class Carried:
    """Traces a loop's graphs over its variables.

    Attributes:
      start: flat tensors that enter the loop, known after `trace_body`.
      unset: positions in `start` of those that have no value yet.
    """

    def __init__(self, what: str, variables: Places, block: Block, shapes: Any) -> None:
        self._what = what
        self._places = variables
        self._block = block
        self._start = variables.get()
        self._variables = [
            _Variable(n, v) for n, v in zip(variables.names, self._start, strict=True)
        ]
        self.start: list[Any] = []
        self.unset: list[int] = []
        for variable in self._variables:
            if not variable.is_missing:
                self._enter(variable)
        self._take_invariants(shapes)

    def _fail(
        self, cls: Any, text: str, sides: Sequence[tuple[str, str]] = (), hint: str | None = None
    ) -> Any:
        return errors.op_error(
            cls,
            f"AutoGraph: {self._what}",
            text,
            [*sides, ("body", str(self._block))],
            site=user_site(),
            hint=hint,
        )

    def _enter(self, variable: _Variable) -> None:
        try:
            structure = Structured(variable.start)
        except (TypeError, ValueError, errors.OpError) as error:
            raise self._fail(
                TypeError,
                f"{shown(variable.name)} is changed in the loop, but it is a "
                f"{type(variable.start).__name__}, which cannot become a tensor "
                f"({str(error).splitlines()[0]})",
                hint="loop variables are tensors, numbers, or lists, tuples and dicts of them",
            ) from None
        for leaf in nest.flatten(variable.start, expand_composites=True):
            if leaf is None:
                raise self._fail(
                    ValueError, f"{shown(variable.name)} may not hold None before the loop"
                )
        variable.structure = structure
        variable.shapes = [t.shape for t in structure.tensors]

    def _take_invariants(self, pairs: Any) -> None:
        for key, spec in pairs:
            for variable in self._variables:
                same = variable.name == key if isinstance(key, str) else variable.start is key
                if not same or variable.structure is None:
                    continue
                flat = nest.flatten(spec) if not isinstance(spec, TensorShape) else [spec]
                if len(flat) != len(variable.shapes):
                    raise self._fail(
                        TypeError,
                        f"{shown(variable.name)} does not have the same nested structure as its "
                        "corresponding shape invariant",
                    )
                shapes = [TensorShape(getattr(s, "shape", s)) for s in flat]
                for shape, entry in zip(shapes, variable.shapes, strict=True):
                    if not is_subshape(entry, shape):
                        raise self._fail(
                            ValueError,
                            f"{shown(variable.name)} has shape {entry} before the loop, which "
                            f"does not conform with the shape invariant {shape}",
                        )
                variable.shapes = variable.invariants = shapes

    # -- tracing ----------------------------------------------------------------------------

    def trace_body(
        self,
        lead: Sequence[Any],
        rows: Sequence[Any],
        run: Callable[[Sequence[Any], Sequence[Any]], Sequence[Any]],
    ) -> FuncGraph:
        """The graph of a trip: inputs are `lead`, the variables, one row of each of `rows`.

        `run(lead, row)` runs the body and gives the next `lead`.
        """
        graph = self._trace_trip(lead, rows, run)
        if any(v.start is None and v.structure is not None for v in self._variables):
            # Python asked `x is None` while the body was traced; what it made of x is known now.
            for variable in self._variables:
                if variable.is_unset and variable.start is not None:
                    variable.structure, variable.is_unset = None, False
            graph = self._trace_trip(lead, rows, run)
        self._places.set(self._start)
        self.start, self.unset = [], []
        for variable in self._variables:
            if variable.structure is None:
                continue
            for tensor in variable.structure.tensors:
                if variable.is_unset:
                    self.unset.append(len(self.start))
                    tensor = zero(tensor.dtype)
                self.start.append(tensor)
            if variable.is_unset:
                variable.structure.release()
        return graph

    def _trace_trip(self, lead: Sequence[Any], rows: Sequence[Any], run: Any) -> FuncGraph:
        graph = _new_graph(f"{self._what.replace(' ', '_')}_body")
        with tracing(graph):
            first = [_placeholder(graph, x, x.shape) for x in lead]
            entry: dict[str, list[Any]] = {}
            self._places.set([self._entering(graph, v, entry) for v in self._variables])
            items = [
                graph.placeholder(
                    x.dtype, x.shape[1:] if x.shape.rank is not None else TensorShape(None)
                )
                for x in rows
            ]
            lead_after = [convert(t) for t in run(first, items)]
            outputs = [graph.own(t) for t in lead_after]
            for variable, value in zip(self._variables, self._places.get(), strict=True):
                structure = self._leave(graph, variable, value, entry)
                if structure is not None:
                    outputs += [graph.own(t) for t in structure.tensors]
            graph.inputs = [*first, *(t for e in entry.values() for t in e), *items]
            graph.outputs = outputs
        graph.prune()
        return graph

    def _entering(self, graph: FuncGraph, variable: _Variable, entry: dict[str, Any]) -> Any:
        entry[variable.name] = []
        if variable.structure is None:
            return variable.start
        tensors = variable.structure.tensors
        for tensor, shape in zip(tensors, variable.shapes, strict=True):
            entry[variable.name].append(_placeholder(graph, tensor, shape))
        return variable.structure.pack(entry[variable.name])

    def _leave(
        self, graph: FuncGraph, variable: _Variable, value: Any, entry: dict[str, Any]
    ) -> Structured | None:
        if variable.structure is None and (value is UNDEFINED or value is None):
            return None
        name = shown(variable.name)
        if value is UNDEFINED:
            raise self._fail(ValueError, f"{name} has no value at the end of the iteration")
        if value is None:
            raise self._fail(
                ValueError,
                f"{name} is None at the end of the iteration",
                hint="a tensor cannot be None: use a number that stands for it, such as -1",
            )
        try:
            structure = Structured(value)
        except (TypeError, ValueError, errors.OpError) as error:
            raise self._fail(
                TypeError,
                f"{name} is a {type(value).__name__} at the end of the iteration, which cannot "
                f"become a tensor ({str(error).splitlines()[0]})",
                hint="loop variables are tensors, numbers, or lists, tuples and dicts of them",
            ) from None
        if variable.structure is None:
            variable.structure, variable.is_unset = structure, True
            variable.shapes = [t.shape for t in structure.tensors]
            entry[variable.name] = [_placeholder(graph, t, t.shape) for t in structure.tensors]
            return structure
        self._compare(variable, value, structure)
        return structure

    def _compare(self, variable: _Variable, value: Any, after: Structured) -> None:
        name, before = shown(variable.name), variable.structure
        assert before is not None
        try:
            nest.assert_same_structure(before.structure, value, expand_composites=True)
            same = len(before.tensors) == len(after.tensors)
            why = "None and a tensor" if not same else ""
        except (TypeError, ValueError) as error:
            same, why = False, str(error).splitlines()[0]
        if not same:
            raise self._fail(
                TypeError,
                f"{name} does not have the same nested structure after one iteration ({why})",
            )
        for number, (x, y) in enumerate(zip(before.tensors, after.tensors, strict=True)):
            sides = [
                ("before the loop", described(x if variable.is_unset else variable.start)),
                ("after one iteration", described(y)),
            ]
            if x.dtype is not y.dtype:
                raise self._fail(
                    TypeError,
                    f"{name} has dtype {x.dtype.name} before the loop, but dtype {y.dtype.name} "
                    "after one iteration",
                    sides,
                    _HINT,
                )
            wanted = variable.shapes[number]
            if is_subshape(y.shape, wanted):
                continue
            if variable.invariants:
                raise self._fail(
                    ValueError,
                    f"{name} has shape {y.shape} after one iteration, which does not conform "
                    f"with the shape invariant {wanted}",
                    sides,
                )
            raise self._fail(
                ValueError,
                f"{name} has shape {wanted} before the loop, but shape {y.shape} after one "
                "iteration",
                sides,
                "tf.autograph.experimental.set_loop_options(shape_invariants=[(x, shape)]) as "
                "the loop's first statement lets a shape change",
            )

    def trace_test(self, lead: Sequence[Any], test: Callable[[Sequence[Any]], Any]) -> FuncGraph:
        """The graph of the condition, over `lead` and the variables."""
        graph = _new_graph(f"{self._what.replace(' ', '_')}_test")
        with tracing(graph):
            first = [_placeholder(graph, x, x.shape) for x in lead]
            values, inputs = [], list(first)
            tensors = iter(self.start)
            for variable in self._variables:
                if variable.structure is None:
                    values.append(variable.start)
                    continue
                own = [_placeholder(graph, next(tensors), shape) for shape in variable.shapes]
                inputs += own
                values.append(variable.structure.pack(own))
            self._places.set(values)
            graph.outputs = [graph.own(convert(test(first)))]
            graph.inputs = inputs
        graph.prune()
        self._places.set(self._start)
        return graph

    # -- afterwards -------------------------------------------------------------------------

    def message(self) -> str | None:
        """What to say if no trip gives the variables that are wanted later their values."""
        missing = [
            shown(v.name)
            for v in self._variables[: self._places.outputs]
            if v.is_unset and v.name != RETURN_VALUE
        ]
        if not missing:
            return None
        return f"loop must iterate at least once to initialize {', '.join(missing)}"

    def finish(self, outputs: Sequence[Any]) -> None:
        """Gives the names their values after the loop."""
        rest = iter(outputs)
        values = []
        for variable in self._variables:
            if variable.structure is None:
                values.append(variable.start)
            else:
                values.append(variable.structure.pack([next(rest) for _ in variable.shapes]))
        self._places.set(values)


def is_subshape(shape: TensorShape, general: TensorShape) -> bool:
    """Whether `shape` is at least as special as `general`."""
    if general.rank is None:
        return True
    return shape.rank == general.rank and all(
        g is None or g == s for g, s in zip(general.as_list(), shape.as_list(), strict=True)
    )


def _new_graph(name: str) -> FuncGraph:
    graph = FuncGraph(name, outer=state.graph)
    graph.may_create_variables = False
    return graph


def _placeholder(graph: FuncGraph, like: Any, shape: TensorShape) -> SymbolicTensor:
    placeholder = graph.placeholder(like.dtype, shape)
    placeholder.node.site = user_site()
    if isinstance(like, SymbolicTensor) and shape == like.shape and like.probes is not None:
        placeholder.probes = tuple(type(p)(p.dims) for p in like.probes)
    return placeholder


def zero(dtype: Any) -> Any:
    """A placeholder for a value that is never read."""
    value = b"" if dtype is string else 0
    return literal(host_tensor(np.array(value, dtype.np_dtype), dtype))
