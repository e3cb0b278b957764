"""Datasets and iterators inside of functions: ops that run on the host, between programs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from deras._src import errors
from deras._src.control_flow.structures import Structured
from deras._src.core.context import state
from deras._src.core.dtypes import EVERY, bool_, int64, string, variant
from deras._src.core.tensor import EagerTensor, SymbolicTensor, host_tensor
from deras._src.core.tensor_shape import TensorShape
from deras._src.data.functions import ElementFunction
from deras._src.data.mapping import applied
from deras._src.data.node import (
    VARIANT,
    Bound,
    Context,
    End,
    FromVariant,
    Node,
    object_of,
    tensor,
    variant_tensor,
)
from deras._src.dispatch.apply import apply, as_tensor_tuple
from deras._src.dispatch.convert import convert
from deras._src.function.concrete import ConcreteFunction
from deras._src.registry import NONE, OpDef


class Held:
    """A value that is no key of a dict, as an op's attribute; compared by identity."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __repr__(self) -> str:
        return repr(self.value)


def host_op(
    name: str,
    run: Callable[..., Any],
    shape: Callable[..., Any],
    label: str,
    state_of: Callable[..., Any] | None = None,
) -> OpDef:
    """An op that runs on the host, in its place in the program."""
    return OpDef(
        name,
        None,
        gradient=NONE,
        dtypes={"inputs": EVERY},
        shape=shape,
        host=run,
        run=run,
        state_of=state_of,
        stateful=True,
        contextual=True,
        inputs=("*inputs",),
        api_name=label,
    )


def call(op: OpDef, inputs: Sequence[Any], **attrs: Any) -> tuple[Any, ...]:
    """Runs a host op, or adds it to the graph."""
    if state.graph is None:
        return as_tensor_tuple(op.run(tuple(inputs), attrs))  # type: ignore[misc]
    return as_tensor_tuple(apply(op, tuple(inputs), tuple(attrs.items())))


def _one_variant(inputs: Any, attrs: Any) -> Any:
    return [(variant, VARIANT.shape)]


def _flat_shapes(inputs: Any, attrs: Any) -> Any:
    return [(s.dtype, s.shape) for s in attrs["flat"].value]


# -- datasets -------------------------------------------------------------------------------------


def _run_make(inputs: Any, attrs: Any) -> Any:
    env = {id(t): x for t, x in zip(attrs["symbolics"].value, inputs, strict=True)}
    return variant_tensor(Bound(attrs["node"].value, env))


_make = host_op("MakeDataset", _run_make, _one_variant, "data.Dataset")


def variant_of(node: Node) -> Any:
    """A dataset as a variant tensor."""
    if isinstance(node, FromVariant):
        return node.source
    symbolics = node.symbolics()
    if state.graph is None:
        return variant_tensor(node)
    return call(_make, symbolics, node=Held(node), symbolics=Held(symbolics))[0]


def node_of(source: Any, spec: Any) -> Node:
    """The dataset that a variant tensor holds or will hold."""
    if isinstance(source, EagerTensor):
        return object_of(source)  # type: ignore[no-any-return]
    return FromVariant(source, spec)


def _run_cardinality(inputs: Any, attrs: Any) -> Any:
    return host_tensor(np.array(object_of(inputs[0]).size({}), np.int64))


_cardinality = host_op(
    "DatasetCardinality",
    _run_cardinality,
    lambda inputs, attrs: [(int64, TensorShape(()))],
    "data.Dataset.cardinality",
)


def cardinality(node: Node) -> Any:
    """The number of elements as an int64 tensor."""
    if state.graph is None:
        return host_tensor(np.array(node.size({}), np.int64))
    return call(_cardinality, [variant_of(node)])[0]


def _run_single(inputs: Any, attrs: Any) -> Any:
    stage = Context().open(object_of(inputs[0]))
    try:
        return single_of(stage)
    finally:
        stage.close()


def single_of(stage: Any) -> tuple[Any, ...]:
    """The only element of a stage."""
    label = "Dataset.get_single_element"
    try:
        element = stage.next()
    except End:
        raise errors.InvalidArgumentError(None, None, f"{label}: Dataset was empty.") from None
    try:
        stage.next()
    except End:
        return tuple([tensor(x) for x in element])
    raise errors.InvalidArgumentError(None, None, f"{label}: Dataset had more than one element.")


_single = host_op("DatasetToSingleElement", _run_single, _flat_shapes, "data.get_single_element")


def single_element(node: Node) -> tuple[Any, ...]:
    """The flat tensors of a dataset's only element."""
    return call(_single, [variant_of(node)], flat=Held(node.flat))


def _run_reduce(inputs: Any, attrs: Any) -> Any:
    function: ElementFunction = attrs["function"].value
    count = attrs["count"]
    carried = tuple(inputs[1 : 1 + count])
    env = {id(t): x for t, x in zip(function.captured, inputs[1 + count :], strict=True)}
    stage = Context().open(object_of(inputs[0]))
    number = 0
    try:
        while True:
            try:
                element = stage.next()
            except End:
                return tuple([tensor(x) for x in carried])
            carried = applied(function, (*carried, *element), env, number)
            number += 1
    finally:
        stage.close()


_reduce = host_op("ReduceDataset", _run_reduce, _flat_shapes, "data.Dataset.reduce")


def reduced(node: Node, function: ElementFunction, start: Sequence[Any]) -> tuple[Any, ...]:
    """The flat state after all elements."""
    inputs = [variant_of(node), *start, *function.captured]
    attrs = {"function": Held(function), "count": len(start), "flat": Held(function.flat)}
    return call(_reduce, inputs, **attrs)


# -- iterators ------------------------------------------------------------------------------------


def _run_iterator(inputs: Any, attrs: Any) -> Any:
    return variant_tensor(attrs["make"].value(object_of(inputs[0])))


_iterator = host_op("MakeIterator", _run_iterator, _one_variant, "data.Iterator")


def iterator_variant(node: Node, make: Callable[[Node], Any]) -> Any:
    """A new iterator of a dataset, as a variant tensor; `make(node)` runs when the graph does."""
    return call(_iterator, [variant_of(node)], make=Held(make))[0]


def _run_next(inputs: Any, attrs: Any) -> Any:
    try:
        return tuple([tensor(x) for x in object_of(inputs[0]).next()])
    except End:
        raise errors.OutOfRangeError(None, None, "End of sequence") from None


_next = host_op("IteratorGetNext", _run_next, _flat_shapes, "data.Iterator.get_next")


def next_of(iterator: Any, flat: Sequence[Any]) -> tuple[Any, ...]:
    """The flat tensors of an iterator's next element."""
    return call(_next, [iterator], flat=Held(flat))


def _run_optional(inputs: Any, attrs: Any) -> Any:
    try:
        return variant_tensor(tuple([tensor(x) for x in object_of(inputs[0]).next()]))
    except End:
        return variant_tensor(None)


_optional = host_op(
    "IteratorGetNextAsOptional",
    _run_optional,
    _one_variant,
    "data.experimental.get_next_as_optional",
)


def optional_of(iterator: Any) -> Any:
    """An iterator's next element, if there is one, as a variant tensor."""
    return call(_optional, [iterator])[0]


_has_value = host_op(
    "OptionalHasValue",
    lambda inputs, attrs: host_tensor(np.array(object_of(inputs[0]) is not None)),
    lambda inputs, attrs: [(bool_, TensorShape(()))],
    "experimental.Optional.has_value",
)


def has_value(optional: Any) -> Any:
    """Whether an optional holds a value."""
    return call(_has_value, [optional])[0]


def _run_value(inputs: Any, attrs: Any) -> Any:
    found = object_of(inputs[0])
    if found is None:
        raise errors.InvalidArgumentError(
            None,
            None,
            "tf.experimental.Optional.get_value: The given optional does not have a value.",
        )
    return found


_value = host_op("OptionalGetValue", _run_value, _flat_shapes, "experimental.Optional.get_value")


def value_in(optional: Any, flat: Sequence[Any]) -> tuple[Any, ...]:
    """The flat tensors of an optional's value."""
    return call(_value, [optional], flat=Held(flat))


_pack = host_op(
    "OptionalFromValue",
    lambda inputs, attrs: variant_tensor(tuple(inputs)),
    _one_variant,
    "experimental.Optional.from_value",
)


def optional_with(tensors: Sequence[Any]) -> Any:
    """An optional that holds these tensors."""
    return call(_pack, tensors)[0]


# -- loops ----------------------------------------------------------------------------------------


class _Row:
    """What a loop's body is traced for: one more dimension than the element, to be taken away."""

    def __init__(self, spec: Any) -> None:
        self.dtype = spec.dtype
        self.shape = TensorShape([None]).concatenate(spec.shape)


def _run_for(inputs: Any, attrs: Any) -> Any:
    body, carried, limit = attrs["body"].value, attrs["carried"], attrs["limit"]
    found, iterator = attrs["iterator"], object_of(inputs[0])
    stage = iterator if found else Context().open(iterator)
    carry, captured = list(inputs[1 : 1 + carried]), list(inputs[1 + carried :])
    trips = 0
    try:
        while limit is None or trips < limit:
            try:
                element = stage.next()
            except End:
                break
            carry = list(body.run_flat([*carry, *[tensor(x) for x in element], *captured]))
            trips += 1
            if attrs["ends"] and bool(carry[0]):
                break
    finally:
        if not found:
            stage.close()
    if not trips and attrs["message"] is not None:
        raise errors.op_error(errors.InvalidArgumentError, "AutoGraph", attrs["message"])
    return tuple(carry)


_for = host_op(
    "DatasetFor",
    _run_for,
    lambda inputs, attrs: [
        (t.dtype, t.shape) for t in attrs["body"].value.graph.inputs[: attrs["carried"]]
    ],
    "data.Dataset: for loop",
    state_of=lambda attrs: list(attrs["body"].value.graph.handles.items()),
)


def stage_for(source: Any, spec_flat: Sequence[Any], pack: Any, loop: Any, iterator: bool) -> None:
    """Adds `for x in dataset` to the graph: the host goes through the elements, the body runs as
    one program."""
    staged = loop.staged()
    carried = staged._carried
    lead = [] if loop.ended is None else [convert(np.bool_(False))]

    def run(_: Sequence[Any], items: Sequence[Any]) -> list[Any]:
        loop.body(pack(list(items)))
        if loop.ended is None:
            return []
        done = loop.ended()
        return [done if not isinstance(done, (bool, np.bool_)) else convert(np.bool_(done))]

    graph = carried.trace_body(lead, [_Row(s) for s in spec_flat], run)
    captured = [outer for outer, _ in graph.captures]
    graph.inputs = [*graph.inputs, *(inner for _, inner in graph.captures)]
    graph.captures = []
    body = ConcreteFunction(graph.name, graph, Structured(()), ((), {}))
    start = [*lead, *carried.start]
    for position in carried.unset:
        start[len(lead) + position] = _zeros(graph.inputs[len(lead) + position])
    outputs = call(
        _for,
        [source, *start, *captured],
        body=Held(body),
        carried=len(start),
        limit=staged._limit,
        ends=bool(lead),
        message=carried.message(),
        iterator=iterator,
    )
    carried.finish(outputs[len(lead) :])


def _zeros(placeholder: SymbolicTensor) -> Any:
    """What a variable without a value holds before the first trip, which does not read it."""
    dims = [d or 0 for d in placeholder.shape.as_list()] if placeholder.shape.rank else []
    if placeholder.dtype is string:
        return host_tensor(np.full(dims, b"", object), string)
    return host_tensor(np.zeros(dims, placeholder.dtype.np_dtype), placeholder.dtype)
