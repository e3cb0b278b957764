"""`apply`: the one road from the API to execution.

Budget of the fast path, in order: inputs are eager tensors on the device (one type check and one
attribute each); the plan is found by (op, attributes, dtypes and shapes), all of them interned
objects with identity hashes; one call into the compiled program; one tensor made.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from deras._src import errors
from deras._src.core.context import state
from deras._src.core.dtypes import string
from deras._src.core.tensor import (
    EagerTensor,
    SymbolicTensor,
    Tensor,
    TracedTensor,
    host_tensor,
)
from deras._src.dispatch.convert import convert, convert_inputs
from deras._src.dispatch.plans import (
    PLANS,
    as_op_error,
    build_plan,
    call_moved,
    check_dtypes,
    run_host,
)
from deras._src.graph.lowering import LoweringContext
from deras._src.graph.shape_inference import fold_on_host
from deras._src.registry import OpDef, OpRecord
from deras._src.util.callsite import user_site

_plans = PLANS.plans


def apply(op: OpDef, inputs: tuple[Any, ...], attrs: tuple[Any, ...] = (), name: Any = None) -> Any:
    """Runs `op`, or adds it to the graph being built; returns its output or tuple of outputs."""
    if state.graph is not None or state.device is not None or op.host_args:
        return _apply_general(op, inputs, attrs, name)
    key: list[Any] = [op, attrs]
    arrays = []
    tensors = []
    for x in inputs:
        if type(x) is not EagerTensor:
            x = _quickly(op, inputs, x)
            if type(x) is not EagerTensor:
                return _apply_general(op, inputs, attrs, name)
        if x._array is None:
            dtype = x.aval.dtype
            if dtype is string or (op.numpy is not None and dtype.is_integer):
                return _apply_general(op, inputs, attrs, name)
            x.device_array()
        key.append(x.aval)
        arrays.append(x._array)
        tensors.append(x)
    plan = _plans.get(tuple(key))
    if plan is None or not plan.plain:
        return _apply_general(op, tuple(tensors), attrs, name)
    try:
        results = plan.call(*arrays)
    except ValueError as error:
        results = call_moved(plan.call, arrays, error)
    if len(results) == 1:
        output = EagerTensor(plan.avals[0], results[0])
        if state.recorders:
            _offer(op, tuple(tensors), attrs, (output,))
        return output
    outputs = tuple([EagerTensor(a, r) for a, r in zip(plan.avals, results)])  # noqa: B905
    if state.recorders:
        _offer(op, tuple(tensors), attrs, outputs)
    return outputs


def _quickly(op: OpDef, inputs: tuple[Any, ...], value: Any) -> Any:
    """A variable read, or a Python number as a tensor like the one beside it; else `value`."""
    kind = type(value)
    if kind is float or kind is int:
        if len(inputs) == 2 and op.single_type:
            other = inputs[1] if inputs[0] is value else inputs[0]
            if type(other) is EagerTensor:
                dtype = other.aval.dtype
                if kind is int or dtype.is_floating:
                    return convert(value, dtype)
        return value
    read = getattr(kind, "__deras_tensor__", None)
    return value if read is None else read(value)


def _apply_general(op: OpDef, inputs: tuple[Any, ...], attrs: Any, name: Any) -> Any:
    for x in inputs:
        dispatch = getattr(type(x), "__deras_dispatch__", None)
        if dispatch is not None:
            result = dispatch(op, inputs, attrs, name)
            if result is not NotImplemented:
                return result
    inputs = convert_inputs(op, inputs)
    kinds = {type(x) for x in inputs}
    if TracedTensor in kinds:
        outputs = _run_traced(op, inputs, attrs)
    elif state.graph is not None:
        check_dtypes(op, inputs, errors.GraphTypeError, state.site_override or user_site())
        outputs = state.graph.add_node(op, inputs, attrs, name).outputs
    elif SymbolicTensor in kinds:
        raise _escaped(op, next(x for x in inputs if isinstance(x, SymbolicTensor)))
    else:
        outputs = _run_eager(op, inputs, attrs)
    if state.recorders:
        _offer(op, inputs, attrs, outputs)
    return outputs[0] if len(outputs) == 1 else outputs


def _run_eager(op: OpDef, inputs: tuple[Any, ...], attrs: Any) -> tuple[Any, ...]:
    if op.numpy is not None and inputs and all(x._host is not None for x in inputs):
        check_dtypes(op, inputs)
        try:
            folded = fold_on_host(op, [x._host for x in inputs], attrs)
        except (TypeError, ValueError, IndexError) as error:
            raise as_op_error(op, inputs, error, user_site()) from None
        if folded is not None:
            return tuple(host_tensor(v) for v in folded)
    device = state.device
    if op.run is not None and not op.contextual:
        check_dtypes(op, inputs)
        return as_tensor_tuple(op.run(inputs, dict(attrs)))
    key: list[Any] = [op, attrs]
    for position, x in enumerate(inputs):
        key.append(x.aval)
        if position in op.host_args:
            key.append(x.host_array().tobytes())
    if device is not None:
        key.append(device)
    plan = _plans.get(tuple(key))
    try:
        if plan is None:
            plan = build_plan(op, attrs, inputs, device)
            PLANS.add(tuple(key), plan)
        if plan.constant is not None:
            return plan.constant
        if plan.host is not None:
            return run_host(op, attrs, inputs)
        return plan.run(
            [
                x.device_array() if device is None else x.on(device)
                for i, x in enumerate(inputs)
                if i not in op.host_args
            ]
        )
    except Exception as error:  # noqa: BLE001  (every failure becomes an error that names the op)
        cause = error if errors.full_tracebacks() else None
        site = state.site_override or user_site()
        raise as_op_error(op, inputs, error, site) from cause


def _run_traced(op: OpDef, inputs: tuple[Any, ...], attrs: Any) -> tuple[Any, ...]:
    """Inside a program being lowered: the lowering runs on the tracers themselves."""
    arrays = [
        x.array if type(x) is TracedTensor else x._host if x._host is not None else x._array
        for x in inputs
    ]
    keywords = dict(attrs)
    if op.static is not None:
        return (TracedTensor(op.static([tuple(x.shape) for x in inputs], **keywords)),)
    if op.numpy is not None and arrays and all(isinstance(a, np.ndarray) for a in arrays):
        folded = fold_on_host(op, arrays, attrs)
        if folded is not None:
            return tuple(TracedTensor(v) for v in folded)
    if op.lowering is None:
        raise errors.op_error(
            errors.InvalidArgumentError, op.label, "it runs on the host, not inside a gradient"
        )
    check_dtypes(op, inputs)
    if op.contextual:
        arrays.insert(0, LoweringContext({}))
    result = op.lowering(*arrays, **keywords)
    results = result if isinstance(result, (tuple, list)) else (result,)
    return tuple(TracedTensor(r) for r in results)


def _offer(op: OpDef, inputs: Any, attrs: Any, outputs: tuple[Any, ...]) -> None:
    record = None
    for recorder in state.recorders:
        if recorder.wants(op, inputs):
            if record is None:
                record = OpRecord(op, inputs, attrs, outputs, state.site_override or user_site(2))
            recorder.record(record)


def _escaped(op: OpDef, tensor: SymbolicTensor) -> Exception:
    return errors.op_error(
        TypeError,
        op.label,
        f"{tensor!r} is out of scope: it was made while tracing {tensor.graph.name!r} and has no "
        "value outside of it",
        site=tensor.node.site,
        hint="return it from the function, or keep its value in a tf.Variable",
    )


def as_tensor_tuple(outputs: Any) -> tuple[Tensor, ...]:
    """The outputs of `apply` as a tuple, however many there are."""
    return outputs if type(outputs) is tuple else (outputs,)
