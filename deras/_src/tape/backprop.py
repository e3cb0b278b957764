"""Reverse mode: the walk from targets to sources over op records.

The same code serves eager tensors, symbolic tensors (the gradient becomes graph nodes) and traced
tensors (inside a compiled backward program), since gradients are ops like any other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from deras._src.core.context import state
from deras._src.core.indexed_slices import IndexedSlices
from deras._src.dispatch.apply import apply, as_tensor_tuple
from deras._src.graph.lowering import vjp_lowering
from deras._src.ops import gradient_support as support
from deras._src.registry import AUTO, NONE, OpDef, OpRecord
from deras._src.util.callsite import gradient_site


class Path:
    """The records between sources and targets, in program order, and what is reached on it."""

    __slots__ = ("reached", "records")

    def __init__(self, records: list[OpRecord], reached: set[int]) -> None:
        self.records = records
        self.reached = reached


def find_path(records: Iterable[OpRecord], targets: Iterable[int], sources: set[int]) -> Path:
    """Keeps the records that lie on a way from a source to a target (tensor ids)."""
    reached = set(sources)
    forward = []
    for record in records:
        if record.op.gradient is NONE:
            continue
        for x in record.inputs:
            if id(x) in reached:
                forward.append(record)
                for o in record.outputs:
                    if o.dtype.is_floating or o.dtype.is_complex:
                        reached.add(id(o))
                break
    needed = set(targets)
    kept = []
    for record in reversed(forward):
        for o in record.outputs:
            if id(o) in needed:
                kept.append(record)
                needed.update(id(x) for x in record.inputs if id(x) in reached)
                break
    kept.reverse()
    return Path(kept, reached)


def backprop(
    path: Path, targets: Sequence[Any], target_grads: Sequence[Any], sources: Sequence[int]
) -> list[Any]:
    """Gradients of the sources (tensor ids); None where no path leads to a target."""
    grads: dict[int, list[Any]] = {}
    for target, grad in zip(targets, target_grads, strict=True):
        grads.setdefault(id(target), []).append(grad)
    saved = state.site_override
    try:
        for record in reversed(path.records):
            state.site_override = gradient_site(record.site, record.op.label)
            incoming = [_total(grads, id(o)) for o in record.outputs]
            if all(g is None for g in incoming):
                continue
            results = record_gradient(record, incoming, path.reached)
            for x, g in zip(record.inputs, results, strict=True):
                if g is not None and id(x) in path.reached:
                    grads.setdefault(id(x), []).append(g)
        return [_total(grads, s) for s in sources]
    finally:
        state.site_override = saved


def _total(grads: dict[int, list[Any]], key: int) -> Any:
    parts = grads.get(key)
    if parts is None:
        return None
    if len(parts) > 1:
        grads[key] = parts = [support.add_gradients(parts)]
    return parts[0]


def record_gradient(
    record: OpRecord, incoming: Sequence[Any], reached: set[int] | None
) -> Sequence[Any]:
    """The gradient of one record: one entry per input."""
    gradient = record.op.gradient
    if not getattr(gradient, "accepts_slices", False):
        incoming = [support.densify(g) if isinstance(g, IndexedSlices) else g for g in incoming]
    if gradient is AUTO:
        return _derived_gradient(record, incoming, reached)
    if not getattr(gradient, "accepts_none", False):
        incoming = [
            support.zeros_like(o) if g is None and _inexact(o) else g
            for g, o in zip(incoming, record.outputs, strict=True)
        ]
    if getattr(gradient, "takes_reached", False):
        results = gradient(record, *incoming, reached=reached)
    else:
        results = gradient(record, *incoming)
    return results if isinstance(results, (tuple, list)) else (results,)


def _inexact(tensor: Any) -> bool:
    return bool(tensor.dtype.is_floating or tensor.dtype.is_complex)


def _derived_gradient(
    record: OpRecord, incoming: Sequence[Any], reached: set[int] | None
) -> Sequence[Any]:
    op, inputs = record.op, record.inputs
    wrt = tuple(
        i
        for i, x in enumerate(inputs)
        if i not in op.host_args and _inexact(x) and (reached is None or id(x) in reached)
    )
    results: list[Any] = [None] * len(inputs)
    if not wrt:
        return results
    grads = tuple(
        support.zeros_like(o) if g is None else g
        for g, o in zip(incoming, record.outputs, strict=True)
        if _inexact(o)
    )
    outputs = apply(derived_op(op, len(inputs), len(grads), wrt), inputs + grads, record.attrs)
    for position, grad in zip(wrt, as_tensor_tuple(outputs), strict=True):
        results[position] = grad
    return results


def derived_op(op: OpDef, inputs: int, grads: int, wrt: tuple[int, ...]) -> OpDef:
    """The op whose lowering is the vector-Jacobian product of `op`'s lowering."""
    key = (inputs, grads, wrt)
    derived = op.grad_op.get(key)
    if derived is None:

        def lowering(*arrays: Any, **attrs: Any) -> Any:
            return vjp_lowering(op, attrs, inputs, wrt)(*arrays)

        names = [op.input_name(i) for i in range(inputs)] + [f"grad{i}" for i in range(grads)]
        derived = OpDef(
            f"{op.name}Grad",
            lowering,
            inputs=names,
            host_args=[names[i] for i in op.host_args if i < inputs],
            dtypes={},
            shape=lambda inputs, attrs: [(inputs[i].dtype, inputs[i].shape) for i in wrt],
            api_name=op.api_name,
        )
        op.grad_op[key] = derived
    return derived
