"""Eager executables: one compiled program per (op, attributes, dtypes and shapes).

Programs are compiled ahead of time, with 64-bit types and strict promotion on, so that calling
one neither reads nor changes the user's JAX configuration.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from deras._src import errors
from deras._src.core.dtypes import DType, from_numpy
from deras._src.core.tensor import (
    Aval,
    EagerTensor,
    aval_of,
    describe,
    host_tensor,
)
from deras._src.graph.checks import Check, Collector, raise_failed
from deras._src.graph.lowering import compiling
from deras._src.graph.shape_inference import first_line
from deras._src.registry import OpDef, TypeVar

_MOST_PLANS = 16384


class Plan:
    """How one op runs on one set of dtypes and shapes.

    Attributes:
      call: the compiled program, or None where `host` or `constant` is set.
      avals: dtype and shape of each output.
      plain: whether the op has outputs and no checks: the fast path.
      checks: the program's run-time checks; its last output is then their code.
      constant: the outputs themselves, where they follow from the shapes alone.
      host: the op's host function, run on NumPy arrays.
      seconds: time taken by lowering and by XLA.
    """

    __slots__ = ("avals", "call", "checks", "constant", "effects", "host", "plain", "seconds")

    def __init__(self) -> None:
        self.call: Any = None
        self.avals: tuple[Aval, ...] = ()
        self.plain = False
        self.seconds = 0.0
        self.effects = False
        self.checks: list[Check] = []
        self.constant: tuple[EagerTensor, ...] | None = None
        self.host: Callable[..., Any] | None = None

    def run(self, arrays: Sequence[Any]) -> tuple[EagerTensor, ...]:
        """The outputs, checks raised."""
        try:
            results = self.call(*arrays)
        except ValueError as error:
            results = call_moved(self.call, arrays, error)
        if self.effects:
            jax.effects_barrier()
        if self.checks:
            raise_failed(self.checks, results[-1])
        return tuple(EagerTensor(aval, r) for aval, r in zip(self.avals, results, strict=False))


def call_moved(call: Any, arrays: Sequence[Any], error: ValueError) -> Any:
    """Calls a program again, with its arguments copied to the device it was compiled for.

    Raises `error` where the arguments were on that device already.
    """
    wanted = jax.tree.leaves(call.input_shardings)
    devices = next((s.device_set for s in wanted), None)
    if devices is None or all(x.devices() <= devices for x in arrays):
        raise error
    home = next(iter(devices))
    with jax.enable_x64(True):
        return call(*(jax.device_put(x, home) for x in arrays))


class PlanCache:
    """A bounded cache; the oldest plans go first. Reads take no lock."""

    def __init__(self, most: int) -> None:
        self.plans: OrderedDict[Any, Plan] = OrderedDict()
        self.most = most
        self.lock = threading.Lock()

    def add(self, key: Any, plan: Plan) -> None:
        """Keeps `plan`, dropping the oldest beyond the bound."""
        with self.lock:
            self.plans[key] = plan
            while len(self.plans) > self.most:
                self.plans.popitem(last=False)

    def drop(self, ops: Collection[OpDef]) -> None:
        """Forgets the plans of these ops, which nobody will run again."""
        with self.lock:
            for key in [k for k in self.plans if k[0] in ops]:
                del self.plans[key]


PLANS = PlanCache(_MOST_PLANS)


def build_plan(
    op: OpDef, attrs: tuple[tuple[str, Any], ...], inputs: Sequence[EagerTensor], device: Any
) -> Plan:
    """Checks dtypes and compiles; raises TensorFlow's error where the arguments do not fit."""
    check_dtypes(op, inputs)
    plan = Plan()
    keywords = dict(attrs)
    if op.static is not None:
        plan.constant = (host_tensor(op.static([x.aval.dims for x in inputs], **keywords)),)
        return plan
    if op.on_host(inputs):
        plan.host = op.host
        return plan
    host_values = {i: inputs[i].host_array() for i in op.host_args if i < len(inputs)}
    collector = Collector()
    collector.label = op.label
    collector.arguments = arguments(op, inputs)
    shapes: list[tuple[Any, tuple[int, ...]]] = []

    def program(*arrays: Any) -> Any:
        rest = iter(arrays)
        full = [host_values[i] if i in host_values else next(rest) for i in range(len(inputs))]
        result = op.lowering(*full, **keywords)  # type: ignore[misc]
        results = list(result) if isinstance(result, (tuple, list)) else [result]
        results = [jnp.asarray(r) for r in results]
        shapes.extend((r.dtype, r.shape) for r in results)
        if collector.checks:
            results.append(jnp.asarray(collector.current()))
        return tuple(results)

    sharding = None if device is None else jax.sharding.SingleDeviceSharding(device)
    specs = [
        jax.ShapeDtypeStruct(x.aval.dims, x.aval.dtype.np_dtype, sharding=sharding)
        for i, x in enumerate(inputs)
        if i not in host_values
    ]
    placement = {} if sharding is None else {"out_shardings": sharding}
    began = time.perf_counter()
    with compiling(collector):
        lowered = jax.jit(program, **placement).lower(*specs)
        plan.call = lowered.compile()
    plan.seconds = time.perf_counter() - began
    plan.avals = tuple(aval_of(from_numpy(d), tuple(s)) for d, s in shapes)
    plan.checks = collector.checks
    plan.effects = collector.effects
    plan.plain = bool(plan.avals) and not plan.checks and not plan.effects
    return plan


def run_host(op: OpDef, attrs: Any, inputs: Sequence[EagerTensor]) -> tuple[EagerTensor, ...]:
    """Runs a host op on NumPy values."""
    values = op.host(*(x.host_array() for x in inputs), **dict(attrs))  # type: ignore[misc]
    if values is None:
        return ()
    results = values if isinstance(values, (tuple, list)) else (values,)
    return tuple(r if isinstance(r, EagerTensor) else host_tensor(np.asarray(r)) for r in results)


def check_dtypes(
    op: OpDef,
    inputs: Sequence[Any],
    error: type[Exception] = errors.InvalidArgumentError,
    site: Any = None,
) -> None:
    """Raises `error` where a dtype is not accepted, or does not equal its peer's."""
    found: dict[TypeVar, tuple[int, DType]] = {}
    for position, x in enumerate(inputs):
        constraint = op.constraint(position) if op.constraints else None
        if constraint is None:
            continue
        dtype = x.dtype
        if isinstance(constraint, TypeVar):
            first = found.setdefault(constraint, (position, dtype))
            if first[1] is not dtype:
                raise errors.op_error(
                    error,
                    op.label,
                    f"{op.input_name(position)} is {dtype.name} but {op.input_name(first[0])} is "
                    f"{first[1].name}: both must have one dtype (nothing is promoted; use tf.cast)",
                    arguments(op, inputs),
                    site,
                )
            allowed = constraint.allowed
        else:
            allowed = constraint
        if dtype not in allowed:
            names = ", ".join(sorted(d.name for d in allowed))
            raise errors.op_error(
                error,
                op.label,
                f"{op.input_name(position)} is {dtype.name}; accepted: {names}",
                arguments(op, inputs),
                site,
            )


def arguments(op: OpDef, inputs: Sequence[Any]) -> list[tuple[str, str]]:
    """Name and description of each argument, for errors."""
    return [(op.input_name(i), describe(x)) for i, x in enumerate(inputs)]


def as_op_error(op: OpDef, inputs: Sequence[Any], error: Exception, site: Any) -> Exception:
    """What is raised for an exception that a lowering or JAX raised on these arguments."""
    if isinstance(error, errors.OpError):
        return error
    if isinstance(error, (TypeError, ValueError, IndexError, NotImplementedError)):
        kind: type[Exception] = errors.InvalidArgumentError
        if isinstance(error, NotImplementedError):
            kind = errors.UnimplementedError
        return errors.op_error(kind, op.label, first_line(error), arguments(op, inputs), site=site)
    if "RESOURCE_EXHAUSTED" in str(error):
        return errors.op_error(
            errors.ResourceExhaustedError,
            op.label,
            first_line(error),
            arguments(op, inputs),
            site=site,
        )
    return error
