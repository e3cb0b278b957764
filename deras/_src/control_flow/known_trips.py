"""Loops whose integers are known beforehand: how many trips they take, and where they end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from deras._src.core.tensor import EagerTensor
from deras._src.graph.func_graph import FuncGraph
from deras._src.graph.shape_inference import fold_on_host

# Trips that are counted beforehand.
_MOST_COUNTED = 4096

_NOTHING: Mapping[int, Any] = {}


def follow_loop(
    cond: FuncGraph | None,
    body: FuncGraph,
    values: Sequence[Any],
    limit: int | None,
    arrays: Mapping[int, Any] = _NOTHING,
    rows: Sequence[Any] = (),
) -> tuple[int | None, list[Any]]:
    """The number of trips and the last values, as far as they follow from known ones.

    Args:
      cond: Graph of the condition; None for a loop of `limit` trips over rows.
      body: Graph of the body.
      values: NumPy values of the loop variables, None where they are not known.
      limit: At most this many trips, or None.
      arrays: What is known of tensors from outside, by id: NumPy values, or what has a shape.
      rows: The tensors whose rows are visited, NumPy arrays where they are known.
    """
    nothing: list[Any] = [None] * len(values)
    inside = [
        {id(inner): arrays[id(outer)] for outer, inner in graph.captures if id(outer) in arrays}
        for graph in (cond or body, body)
    ]
    now, trips = list(values), 0
    while limit is None or trips < limit:
        go: Any = True if cond is None else _value(cond, cond.outputs[0], now, inside[0])
        if go is None or trips > _MOST_COUNTED:
            return None, nothing
        if not go:
            break
        row = [np.asarray(r[trips]) if isinstance(r, np.ndarray) else None for r in rows]
        now = [_value(body, t, [*now, *row], inside[1]) for t in body.outputs]
        trips += 1
    return trips, now


def _value(
    graph: FuncGraph, tensor: Any, values: Sequence[Any], inside: Mapping[int, Any]
) -> np.ndarray | None:
    if isinstance(tensor, EagerTensor):
        return tensor._host
    if tensor.value is not None:
        return tensor.value  # type: ignore[no-any-return]
    node = tensor.node
    if node.op.name == "Placeholder":
        for placeholder, value in zip(graph.inputs, values, strict=True):
            if placeholder is tensor:
                return value  # type: ignore[no-any-return]
        value = inside.get(id(tensor))
        return value if isinstance(value, np.ndarray) else None
    if node.op.static is not None:
        source = node.inputs[0]
        shape = None if source.shape.rank is None else source.shape.as_list()
        if shape is None or None in shape:
            known = inside.get(id(source))
            if known is None:
                return None
            shape = known.shape
        return node.op.static([tuple(shape)], **dict(node.attrs))  # type: ignore[no-any-return]
    if node.op.numpy is None:
        return None
    arguments = []
    for x in node.inputs:
        value = _value(graph, x, values, inside)
        if value is None:
            return None
        arguments.append(value)
    folded = fold_on_host(node.op, arguments, node.attrs)
    return None if folded is None else folded[tensor.index]
