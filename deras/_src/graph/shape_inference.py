"""Static shapes of graph tensors.

An op with a shape function says its shapes itself. For the rest the lowering is evaluated
abstractly. Where dimensions are unknown it is evaluated twice, with two different and highly
divisible trial sizes ("probes") in place of every unknown dimension: output dimensions that agree
are static, those that differ are None. Probes also carry the values of small integer tensors
(`tf.shape(x)` and arithmetic on it), so that `tf.reshape(y, [tf.shape(x)[0], 8])` is (None, 8).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import jax
import ml_dtypes
import numpy as np

from deras._src import errors
from deras._src.core.context import state
from deras._src.core.dtypes import DType, from_numpy, string
from deras._src.core.tensor import SymbolicTensor, describe
from deras._src.core.tensor_shape import TensorShape
from deras._src.registry import OpDef

# 2^4*3^2*5*7*11 and 2^4*3^2*5*7*13: divisible by what programs divide batch sizes by, and unlike.
PROBE_SIZES = (55440, 65520)
_VALUE_ELEMENTS = 64  # values of larger tensors are not followed
_PROBE_RANKS = (2, 1, 3, 4, 0, 5)
# JAX has no strings. An op that moves elements about is evaluated on a dtype that no op makes.
_STRING_STAND_IN = np.dtype(ml_dtypes.float8_e4m3b11fnuz)


class Probe:
    """What a tensor is under one trial size: its dims, and its value where it is known."""

    __slots__ = ("dims", "value")

    def __init__(self, dims: tuple[int, ...], value: np.ndarray | None = None) -> None:
        self.dims = dims
        self.value = value


def probes_for_placeholder(shape: TensorShape) -> tuple[Probe, Probe] | None:
    """Probes of an argument, or None where its shape is fully known or its rank is not."""
    if shape.rank is None or shape.is_fully_defined():
        return None
    first, second = (
        Probe(tuple(size if d is None else d for d in shape.as_list())) for size in PROBE_SIZES
    )
    return first, second


def infer(
    graph: Any, op: OpDef, inputs: Sequence[Any], attrs: tuple[tuple[str, Any], ...], site: Any
) -> tuple[SymbolicTensor, ...]:
    """Output tensors of a new node, with static shapes, probes and known values."""
    values = [known_value(x) for x in inputs]
    folded = _fold(op, values, attrs)
    if folded is not None:
        return tuple(_constant_like(graph, v) for v in folded)
    declared = _declared(op, inputs, attrs, site)
    if declared is not None:
        specs = declared
        outputs = tuple(SymbolicTensor(graph, dtype, TensorShape(s)) for dtype, s in specs)
        for tensor in outputs:
            tensor.probes = probes_for_placeholder(tensor.shape)
        followed = not op.contextual and (
            op.numpy is not None
            or op.static is not None
            or any(t.probes is not None for t in outputs)
        )
        if not outputs or not followed or not _has_probes(inputs) or _unranked(inputs):
            return outputs
        probed = _infer_by_probes(op, inputs, attrs)
        if probed is not None:
            for tensor, (_, probes) in zip(outputs, probed, strict=True):
                if tensor.probes is not None or probes[0].value is not None:
                    tensor.probes = probes
        return outputs
    if op.lowering is None or op.contextual:
        raise TypeError(f"op {op.name} has no shape function and its lowering cannot give one")
    if any(x.shape.rank is None for x in inputs):
        return _unknown_rank(graph, op, inputs, attrs, site)
    if not _has_probes(inputs) and all(
        values[i] is not None for i in op.host_args if i < len(inputs)
    ):
        dims = tuple(tuple(x.shape.as_list()) for x in inputs)
        specs = _evaluate(op, inputs, attrs, dims, values, site)
        return tuple(SymbolicTensor(graph, d, TensorShape(s)) for d, s in specs)
    probed = _infer_by_probes(op, inputs, attrs)
    if probed is None:
        return _unknown_rank(graph, op, inputs, attrs, site)
    found = []
    for dtype, probes in probed:
        shape = (
            TensorShape(None)
            if len(probes[0].dims) != len(probes[1].dims)
            else TensorShape(
                [a if a == b else None for a, b in zip(probes[0].dims, probes[1].dims, strict=True)]
            )
        )
        tensor = SymbolicTensor(graph, dtype, shape)
        tensor.probes = None if shape.rank is None or shape.is_fully_defined() else probes
        if tensor.probes is None and probes[0].value is not None:
            tensor.probes = probes  # a known shape whose value depends on an unknown dimension
        found.append(tensor)
    return tuple(found)


def _declared(op: OpDef, inputs: Sequence[Any], attrs: Any, site: Any) -> Any:
    """What the op's own shape function says; its errors name the op, arguments and the line."""
    if op.shape is None:
        return None
    try:
        return op.shape(inputs, dict(attrs))
    except (ValueError, TypeError) as error:
        text = str(error)
        if "\n" in text or site is None:
            raise
        start, colon, rest = text.partition(": ")
        what = rest if colon and start.startswith("tf.") else text
        kind = type(error)
        if not issubclass(kind, errors.OpError) and kind not in (ValueError, TypeError):
            raise
        raise errors.op_error(kind, op.label, what, _arguments(op, inputs), site=site) from None


def known_value(tensor: Any) -> np.ndarray | None:
    """The value of an input where it is known while the graph is built, else None."""
    if isinstance(tensor, SymbolicTensor):
        return tensor.value
    if tensor._host is not None and tensor._host.size <= _VALUE_ELEMENTS:
        return tensor._host
    return None


def _constant_like(graph: Any, value: np.ndarray) -> SymbolicTensor:
    tensor = SymbolicTensor(graph, from_numpy(value.dtype), TensorShape(value.shape))
    tensor.value = value
    return tensor


def _fold(op: OpDef, values: list[Any], attrs: Any) -> tuple[np.ndarray, ...] | None:
    """The op on known small integer values, on the host; None where that cannot be done."""
    if op.numpy is None or not values or any(v is None for v in values):
        return None
    return fold_on_host(op, values, attrs)


def fold_on_host(op: OpDef, values: Sequence[np.ndarray], attrs: Any) -> Any:
    """`op.numpy` on integer or bool values of at most 64 elements; None for anything else."""
    for value in values:
        if value.size > _VALUE_ELEMENTS or value.dtype.kind not in "iub":
            return None
    result = op.numpy(*values, **dict(attrs))  # type: ignore[misc]
    results = result if type(result) is tuple else (result,)
    return None if any(r is None for r in results) else tuple(np.asarray(r) for r in results)


def _has_probes(inputs: Sequence[Any]) -> bool:
    return any(isinstance(x, SymbolicTensor) and x.probes is not None for x in inputs)


def _unranked(inputs: Sequence[Any]) -> bool:
    return any(x.shape.rank is None for x in inputs)


def _full_dims(shape: TensorShape) -> tuple[int, ...]:
    return tuple(int(d) for d in shape.as_list() if d is not None)


def _probe(tensor: Any, which: int) -> Probe:
    if isinstance(tensor, SymbolicTensor):
        if tensor.probes is not None:
            return tensor.probes[which]
        return Probe(_full_dims(tensor.shape), tensor.value)
    return Probe(tensor.aval.dims, known_value(tensor))


def _infer_by_probes(
    op: OpDef, inputs: Sequence[Any], attrs: Any
) -> list[tuple[DType, tuple[Probe, Probe]]] | None:
    """Dtype and probes of each output; None where the trial sizes do not fit the op."""
    results = []
    for which in (0, 1):
        probes = [_probe(x, which) for x in inputs]
        values = [p.value for p in probes]
        try:
            folded = _fold_probe(op, probes, values, attrs)
            if folded is not None:
                results.append([(from_numpy(v.dtype), Probe(v.shape, v)) for v in folded])
                continue
            if any(values[i] is None for i in op.host_args if i < len(inputs)):
                return None
            specs = _evaluate(op, inputs, attrs, tuple(p.dims for p in probes), values, None)
        except (TypeError, ValueError, errors.OpError):
            # Trial sizes need not suit the op (a None dim meeting a static one); the rank, not
            # a wrong shape, is then given up.
            return None
        results.append([(dtype, Probe(dims)) for dtype, dims in specs])
    return [(a[0], (a[1], b[1])) for a, b in zip(*results, strict=True)]


def _fold_probe(op: OpDef, probes: list[Probe], values: list[Any], attrs: Any) -> Any:
    if op.static is not None:
        result = op.static([p.dims for p in probes], **dict(attrs))
        return (result,)
    if op.numpy is None or not values or any(v is None for v in values):
        return None
    return fold_on_host(op, values, attrs)


def _unknown_rank(
    graph: Any, op: OpDef, inputs: Sequence[Any], attrs: Any, site: Any
) -> tuple[SymbolicTensor, ...]:
    """Outputs of unknown rank; their number and dtypes come from trying a few ranks."""
    for rank in _PROBE_RANKS:
        dims, values = [], []
        for position, x in enumerate(inputs):
            shape = x.shape
            known = _probe(x, 0) if shape.rank is not None else Probe((2,) * rank)
            value = known.value
            if position in op.host_args and value is None:
                size = known.dims[0] if known.dims else None
                value = np.ones(() if size is None else (min(size, 8),), x.dtype.np_dtype)
            dims.append(known.dims)
            values.append(value)
        try:
            specs = _evaluate(op, inputs, attrs, tuple(dims), values, None)
        except (TypeError, ValueError, IndexError, errors.OpError):
            continue  # this rank does not suit the op; another may
        return tuple(SymbolicTensor(graph, dtype, TensorShape(None)) for dtype, _ in specs)
    raise errors.op_error(
        errors.GraphInvalidArgumentError,
        op.label,
        "the arguments do not fit the op, whatever the unknown shapes are",
        _arguments(op, inputs),
        site=site,
    )


def _evaluate(
    op: OpDef, inputs: Sequence[Any], attrs: Any, dims: Any, values: Any, site: Any
) -> tuple[tuple[DType, tuple[int, ...]], ...]:
    if op.static is not None:
        value = op.static(list(dims), **dict(attrs))
        return ((from_numpy(value.dtype), value.shape),)
    host = tuple(
        (i, values[i].dtype.str, values[i].shape, values[i].tobytes())
        for i in sorted(op.host_args)
        if i < len(inputs)
    )
    dtypes = tuple(x.dtype for x in inputs)
    try:
        return _evaluate_cached(op, attrs, dims, dtypes, host)
    except (TypeError, ValueError, IndexError, NotImplementedError, errors.OpError) as error:
        if site is None or isinstance(error, errors.OpError):
            raise
        raise errors.op_error(
            errors.GraphInvalidArgumentError,
            op.label,
            first_line(error),
            _arguments(op, inputs),
            site=site,
        ) from None


def first_line(error: BaseException) -> str:
    """The first line of an exception's text, without the name of the JAX function."""
    text = str(error).strip().splitlines()
    return text[0].rstrip(".") if text else type(error).__name__


def _arguments(op: OpDef, inputs: Sequence[Any]) -> list[tuple[str, str]]:
    return [(op.input_name(i), describe(x)) for i, x in enumerate(inputs)]


@lru_cache(maxsize=8192)
def _evaluate_cached(
    op: OpDef, attrs: Any, dims: Any, dtypes: tuple[DType, ...], host: Any
) -> tuple[tuple[DType, tuple[int, ...]], ...]:
    host_values = {i: np.frombuffer(b, np.dtype(d)).reshape(s) for i, d, s, b in host}
    specs = [
        jax.ShapeDtypeStruct(d, _STRING_STAND_IN if t is string else t.np_dtype)
        for i, (d, t) in enumerate(zip(dims, dtypes, strict=True))
        if i not in host_values
    ]

    def program(*arrays: Any) -> Any:
        rest = iter(arrays)
        full = [host_values[i] if i in host_values else next(rest) for i in range(len(dims))]
        return op.lowering(*full, **dict(attrs))  # type: ignore[misc]

    saved, state.collector = state.collector, None
    try:
        with jax.enable_x64(True), jax.numpy_dtype_promotion("strict"):
            result = jax.eval_shape(program, *specs)
    finally:
        state.collector = saved
    results = result if type(result) in (tuple, list) else (result,)
    has_strings = string in dtypes
    return tuple(
        (
            string
            if has_strings and r.dtype == _STRING_STAND_IN
            else from_numpy(np.dtype(r.dtype)),
            tuple(r.shape),
        )
        for r in results
    )
