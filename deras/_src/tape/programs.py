"""Compiled backward passes: a path of records as one op, cached by the path's structure."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from deras._src.core.context import state
from deras._src.core.indexed_slices import IndexedSlices
from deras._src.core.tensor import TracedTensor
from deras._src.dispatch.apply import apply, as_tensor_tuple
from deras._src.graph.checks import merge_code, nested_code
from deras._src.graph.lowering import dense
from deras._src.registry import OpDef, OpRecord
from deras._src.tape.backprop import Path, backprop

_MOST_PROGRAMS = 1024


class Structure:
    """A path with tensors replaced by slot numbers: what two runs of one step have in common.

    Attributes:
      key: hashable; equal for paths that the same program can differentiate.
      tensors: the tensor of each slot, the arguments of the program.
    """

    __slots__ = ("inputs", "key", "outputs", "records", "sources", "targets", "tensors")

    def __init__(self, path: Path, targets: Sequence[Any], sources: Sequence[Any]) -> None:
        self.records = path.records
        tensors: list[Any] = []
        slots: dict[int, int] = {}

        def slot(tensor: Any) -> int:
            number = slots.setdefault(id(tensor), len(tensors))
            if number == len(tensors):
                tensors.append(tensor)
            return number

        self.inputs = []
        self.outputs = []
        parts: list[Any] = []
        for record in path.records:
            op = record.op
            if op.host_args:
                inputs = tuple(
                    _host_key(x) if i in op.host_args else slot(x)
                    for i, x in enumerate(record.inputs)
                )
            else:
                inputs = tuple([slot(x) for x in record.inputs])
            outputs = tuple([slot(x) for x in record.outputs])
            self.inputs.append(inputs)
            self.outputs.append(outputs)
            parts.append((op, record.attrs, inputs, outputs))
        self.targets = tuple([slot(t) for t in targets])
        self.sources = tuple([slots.get(id(s), -1) for s in sources])
        self.tensors = tensors
        self.key = (tuple(parts), self.targets, self.sources)

    def rebuild(self, arrays: Sequence[Any]) -> tuple[Path, list[TracedTensor]]:
        """The path again, on traced tensors around `arrays`."""
        tensors = [TracedTensor(a) for a in arrays]
        records = []
        for record, inputs, outputs in zip(self.records, self.inputs, self.outputs, strict=True):
            args = tuple(
                tensors[n] if type(n) is int else record.inputs[i] for i, n in enumerate(inputs)
            )
            results = tuple(tensors[n] for n in outputs)
            records.append(OpRecord(record.op, args, record.attrs, results, record.site))
        reached = {id(tensors[s]) for s in self.sources if s >= 0}
        for record in records:
            if any(id(x) in reached for x in record.inputs):
                reached.update(
                    id(o) for o in record.outputs if o.dtype.is_floating or o.dtype.is_complex
                )
        return Path(records, reached), tensors

    def stripped(self) -> Structure:
        """A copy without the run's tensors: what `rebuild` needs, and no more."""
        copy = Structure.__new__(Structure)
        copy.key, copy.tensors = self.key, []
        copy.inputs, copy.outputs = self.inputs, self.outputs
        copy.targets, copy.sources = self.targets, self.sources
        copy.records = [
            OpRecord(
                r.op,
                tuple(x if i in r.op.host_args else None for i, x in enumerate(r.inputs)),
                r.attrs,
                (),
                r.site,
            )
            for r in self.records
        ]
        return copy


def _host_key(tensor: Any) -> Any:
    value = getattr(tensor, "_host", None)
    if value is None:
        value = tensor.host_array() if hasattr(tensor, "host_array") else None
    if value is None:
        return ("symbol", id(tensor))
    return (value.dtype.str, value.shape, value.tobytes())


class ProgramCache:
    """Programs by structure; a structure is compiled when it is met the second time."""

    def __init__(self) -> None:
        self._seen: OrderedDict[Any, OpDef | None] = OrderedDict()
        self._lock = threading.Lock()

    def lookup(self, key: Any, make: Callable[[], OpDef], at_once: bool = False) -> OpDef | None:
        """The program for `key`; None at its first sight unless `at_once`."""
        found = self._seen.get(key)
        if found is not None:
            return found
        with self._lock:
            if key not in self._seen and not at_once:
                self._seen[key] = None
            else:
                self._seen[key] = found = make()
            while len(self._seen) > _MOST_PROGRAMS:
                self._seen.popitem(last=False)
        return found

    def drop(self, ops: Collection[OpDef]) -> list[OpDef]:
        """Forgets the programs of paths that these ops are on; gives the ops of those programs."""
        with self._lock:
            keys = [k for k in self._seen if any(part[0] in ops for part in k[1][0])]
            return [op for op in (self._seen.pop(k) for k in keys) if op is not None]


PROGRAMS = ProgramCache()


def compilable(path: Path) -> bool:
    """Whether every gradient on the path may run under a trace (none is the user's Python)."""
    return not any(r.op.eager_gradient for r in path.records)


def run_backward(structure: Structure, grads: Sequence[Any]) -> list[Any] | None:
    """Runs the compiled backward pass; None where this structure is met for the first time.

    A gradient to start from that is None stands for ones, which the program makes itself.
    """
    given = tuple([g for g in grads if g is not None])
    starts = tuple([g is None for g in grads])
    # With shapes: a gradient may be IndexedSlices for one shape and dense for another.
    key = ("backward", structure.key, starts, tuple([t.aval for t in structure.tensors]))
    op = PROGRAMS.lookup(key, lambda: _backward_op(structure, starts))
    if op is None:
        return None
    flat = as_tensor_tuple(apply(op, (*structure.tensors, *given)))
    return op.layout.unpack(flat)


class _Layout:
    """How the flat outputs of a backward program form gradients: dense, IndexedSlices or None."""

    def __init__(self) -> None:
        self.kinds: list[str] = []

    def pack(self, grads: Sequence[Any]) -> tuple[Any, ...]:
        flat: list[Any] = []
        self.kinds = []
        for g in grads:
            if g is None:
                self.kinds.append("none")
            elif isinstance(g, IndexedSlices):
                self.kinds.append("slices")
                flat += [_array(g.values), _array(g.indices), _array(g.dense_shape)]
            else:
                self.kinds.append("dense")
                flat.append(_array(g))
        return tuple(flat)

    def unpack(self, flat: Sequence[Any]) -> list[Any]:
        rest = iter(flat)
        result: list[Any] = []
        for kind in self.kinds:
            if kind == "none":
                result.append(None)
            elif kind == "slices":
                result.append(IndexedSlices(next(rest), next(rest), next(rest)))
            else:
                result.append(next(rest))
        return result


def _array(tensor: Any) -> Any:
    return jnp.asarray(tensor.array if isinstance(tensor, TracedTensor) else tensor.device_array())


def _backward_op(structure: Structure, starts: Sequence[bool]) -> OpDef:
    layout = _Layout()
    structure = structure.stripped()

    def lowering(*arrays: Any) -> Any:
        count = len(arrays) - starts.count(False)
        path, tensors = structure.rebuild(arrays[:count])
        targets = [tensors[t] for t in structure.targets]
        sources = [id(tensors[s]) if s >= 0 else -1 for s in structure.sources]
        given = iter(arrays[count:])
        grads = [
            TracedTensor(jnp.ones_like(arrays[t]) if ones else next(given))
            for t, ones in zip(structure.targets, starts, strict=True)
        ]
        return layout.pack(backprop(path, targets, grads, sources))

    op = OpDef("Backward", lowering, inputs=("*tensors",), dtypes={})
    op.layout = layout
    op.finer = lambda record: lowering(*(x.device_array() for x in record.inputs)) is None
    return op


def jacobian_op(structure: Structure, batch: bool) -> OpDef:
    """The op that maps a path's tensors to the Jacobian of its one target by each source.

    One backward pass is vectorised over the target's elements (of one example, where `batch`).
    """
    key = ("jacobian", structure.key, batch)
    return PROGRAMS.lookup(key, lambda: _jacobian_op(structure, batch), at_once=True)  # type: ignore[return-value]


def _jacobian_op(structure: Structure, batch: bool) -> OpDef:
    structure = structure.stripped()

    def lowering(*arrays: Any) -> Any:
        target = arrays[structure.targets[0]]
        lead = target.shape[:1] if batch else ()
        inner = target.shape[1:] if batch else target.shape
        size = int(np.prod(inner, dtype=np.int64))
        basis = jnp.eye(size, dtype=target.dtype).reshape((size,) + (1,) * len(lead) + inner)
        basis = jnp.broadcast_to(basis, (size, *target.shape))

        def pull(grad: Any) -> Any:
            path, tensors = structure.rebuild(arrays)
            sources = [id(tensors[s]) if s >= 0 else -1 for s in structure.sources]
            with nested_code(repeated=True) as collector:
                results = backprop(
                    path, [tensors[structure.targets[0]]], [TracedTensor(grad)], sources
                )
                code = None if collector is None else collector.current()
            return code, tuple(
                jnp.zeros_like(arrays[s]) if r is None else dense(r)
                for s, r in zip(structure.sources, results, strict=True)
                if s >= 0
            )

        collected = state.collector
        before = 0 if collected is None else len(collected.checks)
        code, rows = jax.vmap(pull)(basis)
        if collected is not None and len(collected.checks) > before:
            merge_code(code)
        results = []
        for row in rows:
            source = row.shape[1:]
            if batch:
                moved = jnp.moveaxis(row, 0, 1)
                results.append(moved.reshape(lead + inner + source[1:]))
            else:
                results.append(row.reshape(inner + source))
        return tuple(results)

    return OpDef("Jacobian", lowering, inputs=("*tensors",), dtypes={})
