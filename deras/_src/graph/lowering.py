"""From graph to XLA: the nodes are interpreted on JAX tracers, under `jax.jit`.

What is known while lowering (constants, shapes, arithmetic on them) stays NumPy, so that a
`tf.reshape(x, [tf.shape(x)[0], -1])` compiles: partial evaluation for free.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from deras._src import errors
from deras._src.core.context import state
from deras._src.core.settings import product_precision
from deras._src.core.tensor import EagerTensor, SymbolicTensor, TracedTensor, describe
from deras._src.graph.checks import Collector, collecting, merge_code, nested_code
from deras._src.graph.shape_inference import first_line, fold_on_host
from deras._src.registry import AUTO, NONE, OpDef, OpRecord


class NeedsHost(Exception):
    """A node that cannot be part of a compiled program; the partition runs it on the host.

    Attributes:
      node: the node (of the outermost graph being lowered).
      reason: what keeps it out, in words.
    """

    def __init__(self, node: OpRecord, reason: str) -> None:
        super().__init__(reason)
        self.node = node
        self.reason = reason


class LoweringContext:
    """What contextual lowerings (state, control flow, calls) see.

    Attributes:
      values: the current array of each state handle, in program order.
      differentiate: whether the program being lowered will be differentiated by JAX; nodes then
        carry TensorFlow's own gradients into it.
      vjps: the vector-Jacobian function of each control-flow node whose gradient is asked for.
      wanted: the nodes whose gradient node is in the same program -> inputs it differentiates.
    """

    __slots__ = ("differentiate", "node", "values", "vjps", "wanted")

    def __init__(
        self,
        values: dict[Any, Any],
        differentiate: bool = False,
        wanted: Mapping[int, tuple[int, ...]] | None = None,
    ) -> None:
        self.values = values
        self.differentiate = differentiate
        self.vjps: dict[int, Any] = {}
        self.wanted = wanted or {}
        self.node: OpRecord | None = None

    def child(self, values: dict[Any, Any], differentiate: bool | None = None) -> LoweringContext:
        """The context of a sub-graph, with its own view of the state."""
        flag = self.differentiate if differentiate is None else differentiate
        return LoweringContext(values, flag)


@contextmanager
def compiling(collector: Collector | None) -> Iterator[None]:
    """The setting in which programs are traced and compiled, and the only one.

    64-bit types and strict promotion are on inside, and outside as the user has them. An error
    leaves without the frames and the notes of JAX.
    """
    with (
        jax.enable_x64(True),
        jax.numpy_dtype_promotion("strict"),
        product_precision(),
        collecting(collector),
    ):
        try:
            yield
        except (errors.OpError, TypeError, ValueError) as error:
            if errors.full_tracebacks():
                raise
            error.__notes__ = []  # type: ignore[attr-defined]
            raise error.with_traceback(None) from None


def interpret(nodes: Sequence[OpRecord], context: LoweringContext, env: dict[int, Any]) -> None:
    """Runs `nodes` on the arrays of `env` (tensor id -> array), adding their outputs to it."""
    collector = state.collector
    for node in nodes:
        arrays = [read(x, env) for x in node.inputs]
        if collector is not None:
            mark(collector, node)
        results = lower_node(node, context, arrays)
        for tensor, value in zip(node.outputs, results, strict=True):
            env[id(tensor)] = value


def mark(collector: Any, node: OpRecord) -> None:
    """Checks added from now on are those of `node`; to be said again after inner graphs ran."""
    collector.label, collector.site = node.op.label, node.site
    collector.arguments = _Arguments(node)


class _Arguments:
    """The argument lines of a node's error, written only if the error is raised."""

    __slots__ = ("node",)

    def __init__(self, node: OpRecord) -> None:
        self.node = node

    def __iter__(self) -> Any:
        op = self.node.op
        return iter([(op.input_name(i), describe(x)) for i, x in enumerate(self.node.inputs)])


def read(tensor: Any, env: dict[int, Any]) -> Any:
    """The array of a node's input."""
    value = env.get(id(tensor))
    if value is not None:
        return value
    if isinstance(tensor, EagerTensor):
        return tensor._host if tensor._host is not None else tensor.device_array()
    if isinstance(tensor, SymbolicTensor) and tensor.value is not None:
        return tensor.value
    raise errors.InternalError(None, None, f"{tensor!r} has no value here")


def lower_node(node: OpRecord, context: LoweringContext, arrays: list[Any]) -> tuple[Any, ...]:
    """The output arrays of one node."""
    op = node.op
    if op.static is not None:
        value = op.static([tuple(np.shape(a)) for a in arrays], **dict(node.attrs))
        return (value,)
    if op.numpy is not None and arrays and all(isinstance(a, np.ndarray) for a in arrays):
        folded = fold_on_host(op, arrays, node.attrs)
        if folded is not None:
            return folded
    if op.on_host(node.inputs):
        raise NeedsHost(node, "it runs on the host")
    for position in op.host_args:
        if position < len(arrays) and not isinstance(arrays[position], np.ndarray):
            raise NeedsHost(
                node, f"the value of its argument {op.input_name(position)} is not known before"
            )
    if not op.contextual:
        # Lowerings may index with their arguments, which only JAX arrays can be by tracers.
        arrays = [
            jnp.asarray(a) if isinstance(a, np.ndarray) and i not in op.host_args else a
            for i, a in enumerate(arrays)
        ]
    try:
        if op.contextual:
            context.node = node
            result = op.lowering(context, *arrays, **dict(node.attrs))  # type: ignore[misc]
        elif context.differentiate and op.gradient is not AUTO:
            result = _with_own_gradient(node, arrays)
        else:
            result = op.lowering(*arrays, **dict(node.attrs))  # type: ignore[misc]
    except NeedsHost as inner:
        raise inner if inner.node is node else NeedsHost(node, _inner_reason(inner)) from None
    except errors.OpError:
        raise
    except (TypeError, ValueError, IndexError, NotImplementedError) as error:
        raise errors.op_error(
            errors.InvalidArgumentError,
            op.label,
            first_line(error),
            [(op.input_name(i), describe(a)) for i, a in enumerate(arrays)],
            site=node.site,
        ) from (error if isinstance(error, NotImplementedError) else None)
    return result if type(result) is tuple else tuple(result) if type(result) is list else (result,)


def _inner_reason(inner: NeedsHost) -> str:
    where = f" (at {inner.node.site})" if inner.node.site else ""
    return f"{inner.node.op.label} inside of it{where}: {inner.reason}"


def _with_own_gradient(node: OpRecord, arrays: list[Any]) -> Any:
    """The lowering, with the op's TensorFlow gradient in place of JAX's derivative."""
    op, attrs = node.op, dict(node.attrs)
    # Integer arrays too, unless they are known: the backward rule may run in another program, where
    # what it gets as a residual exists and what it closes over does not.
    open_positions = [
        i for i, a in enumerate(arrays) if is_inexact(a) or not isinstance(a, np.ndarray)
    ]

    def primal(*open_arrays: Any) -> Any:
        full = list(arrays)
        for position, array in zip(open_positions, open_arrays, strict=True):
            full[position] = array
        with nested_code() as collector:
            result = op.lowering(*full, **attrs)  # type: ignore[misc]
            code = () if collector is None else collector.current()
        return result, code

    opened = [arrays[i] for i in open_positions]
    if op.gradient is NONE or not any(is_inexact(a) for a in opened):
        result, code = primal(*opened)
        merge_code(None if isinstance(code, tuple) else code)
        return jax.tree.map(jax.lax.stop_gradient, result)

    function = jax.custom_vjp(primal)

    def forward(*open_arrays: Any) -> Any:
        # Not `primal`: differentiated once more, it must have the op's own gradient again.
        result, code = function(*open_arrays)
        return (result, code), (open_arrays, result)

    def backward(saved: Any, cotangents: Any) -> Any:
        open_arrays, result = saved
        full = list(arrays)
        for position, array in zip(open_positions, open_arrays, strict=True):
            full[position] = array
        results = result if isinstance(result, (tuple, list)) else (result,)
        given = cotangents[0]
        grads = given if isinstance(given, (tuple, list)) else (given,)
        record = OpRecord(
            op,
            tuple(TracedTensor(a) for a in full),
            node.attrs,
            tuple(TracedTensor(r) for r in results),
            node.site,
        )
        with collecting(None):  # a custom_vjp rule cannot hand a code out
            wanted = gradient_arrays(record, grads)
        return tuple(
            None
            if not is_inexact(a)
            else jnp.zeros_like(a)
            if wanted[i] is None
            else wanted[i].astype(a.dtype)
            for i, a in zip(open_positions, open_arrays, strict=True)
        )

    function.defvjp(forward, backward)
    result, code = function(*opened)
    merge_code(None if isinstance(code, tuple) else code)
    return result


def gradient_arrays(record: OpRecord, cotangents: Sequence[Any], **options: Any) -> list[Any]:
    """TensorFlow's gradient of a record of traced tensors, in JAX's convention, densified."""
    grads = [
        TracedTensor(_conjugate(c)) if is_inexact(c) and is_inexact(o.array) else None
        for c, o in zip(cotangents, record.outputs, strict=True)
    ]
    results = record.op.gradient(record, *grads, **options)
    if not isinstance(results, (tuple, list)):
        results = (results,)
    return [None if g is None else _conjugate(dense(g)) for g in results]


def dense(gradient: Any) -> Any:
    """The array of a gradient, IndexedSlices scattered into zeros."""
    if isinstance(gradient, TracedTensor):
        return jnp.asarray(gradient.array)
    if isinstance(gradient, EagerTensor):
        return gradient.device_array()
    shape = tuple(int(d) for d in np.asarray(host_value(gradient.dense_shape)))
    values, indices = dense(gradient.values), dense(gradient.indices)
    return jnp.zeros(shape, values.dtype).at[indices].add(values)


def host_value(tensor: Any) -> Any:
    """The NumPy value of a tensor that is known while lowering."""
    value = tensor.array if isinstance(tensor, TracedTensor) else tensor.host_array()
    if not isinstance(value, np.ndarray):
        raise TypeError("a value known before the program runs is needed here")
    return value


def _conjugate(array: Any) -> Any:
    return jnp.conj(array) if jnp.iscomplexobj(array) else array


def is_inexact(array: Any) -> bool:
    """Whether gradients can flow through an array: floating point or complex."""
    return jnp.issubdtype(array.dtype, jnp.inexact)


def vjp_lowering(op: OpDef, attrs: Any, count: int, wrt: tuple[int, ...]) -> Callable[..., Any]:
    """The lowering of an op's derived gradient: inputs and output gradients to input gradients.

    TensorFlow's complex gradient is the conjugate of JAX's.
    """

    def lowering(*arrays: Any) -> Any:
        inputs, grads = list(arrays[:count]), list(arrays[count:])
        collected = state.collector
        before = 0 if collected is None else len(collected.checks)

        def primal(*open_arrays: Any) -> Any:
            full = list(inputs)
            for position, array in zip(wrt, open_arrays, strict=True):
                full[position] = array
            with nested_code(repeated=True) as collector:
                result = op.lowering(*full, **dict(attrs))  # type: ignore[misc]
                code = None if collector is None else collector.current()
            results = result if isinstance(result, (tuple, list)) else (result,)
            return tuple(jnp.asarray(r) for r in results if is_inexact(r)), code

        outputs, pullback, code = jax.vjp(
            primal, *(jnp.asarray(inputs[i]) for i in wrt), has_aux=True
        )
        if collected is not None and len(collected.checks) > before:
            merge_code(code)
        cotangents = tuple(
            _conjugate(jnp.broadcast_to(g, o.shape).astype(o.dtype))
            for g, o in zip(grads, outputs, strict=True)
        )
        return tuple(_conjugate(g) for g in pullback(cotangents))

    return lowering
