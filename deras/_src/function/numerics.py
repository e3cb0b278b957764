"""Where the first NaN or infinity came from: `tf.debugging.enable_check_numerics`.

Ops that run eagerly are checked one by one. A compiled program carries a single flag, whether all
that it returns and writes is finite. Where the flag fires nothing has been written yet, so the same
step is run again, node by node, with every node checked: loops trip by trip, gradients too.
"""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from deras._src import errors
from deras._src.control_flow.loops import RunAgain
from deras._src.core.context import Recorder, recording, state
from deras._src.core.dtypes import FLOATING
from deras._src.core.tensor import EagerTensor, TracedTensor, describe
from deras._src.function.calls import run_unchanged
from deras._src.graph.lowering import is_inexact
from deras._src.registry import OpRecord
from deras._src.util.export import export

# Functions with programs in store, to be compiled anew when the watch begins or ends.
WATCHED: weakref.WeakSet[Any] = weakref.WeakSet()


class Runs:
    """How many calls of a function were watched, and sound."""

    __slots__ = ("count",)

    def __init__(self) -> None:
        self.count = 0


class NonFinite(RunAgain):
    """A program's flag fired; the step is to be run again, node by node."""


class _Flag:
    """What a failed check of the flag raises: see `Check.exception`."""

    def from_detail(self, detail: int) -> NonFinite:
        return NonFinite()


FLAG = _Flag()


def all_finite(arrays: Sequence[Any]) -> Any:
    """Whether every floating point number in `arrays` is finite: a traced scalar."""
    found = [jnp.all(jnp.isfinite(a)) for a in arrays if is_inexact(a) and a.size]
    result = jnp.asarray(True)
    for finite in found:
        result = result & finite
    return result


class NumericsRecorder(Recorder):
    """Checks the outputs of every op that runs, and goes into ops that are made of others.

    Attributes:
      where: said at the end of the message, such as the number of the step.
      deep: whether calls of functions run node by node, not as programs with a flag.
    """

    every_op = True

    def __init__(self, where: str = "", deep: bool = True) -> None:
        self.where = where
        self.deep = deep

    def wants(self, op: Any, inputs: Any) -> bool:
        """True: every op is looked at."""
        return True

    def record(self, record: OpRecord) -> None:
        """Raises where an output is not finite."""
        for number, output in enumerate(record.outputs):
            value = _value(output)
            if value is None or np.isfinite(value).all():
                continue
            if record.op.finer is not None:
                with recording(self.deeper()):
                    sound = record.op.finer(record)
                if sound:
                    continue
            raise self._error(record, number, value)

    def deeper(self) -> NumericsRecorder:
        """A recorder that says the same, and goes into calls of functions."""
        return NumericsRecorder(self.where)

    def look_at(self, tensor: Any, name: str) -> None:
        """Raises where a value that no op made is not finite."""
        value = _value(tensor)
        if value is not None and not np.isfinite(value).all():
            bad = int((~np.isfinite(value)).sum())
            text = f"{describe(tensor)} has {bad} of {value.size} values NaN or Inf{self.where}"
            raise errors.op_error(errors.InvalidArgumentError, name, text)

    def _error(self, record: OpRecord, number: int, value: Any) -> Exception:
        words = " and ".join(
            word for word, found in (("NaN", np.isnan), ("Inf", np.isinf)) if found(value).any()
        )
        output = "its result" if len(record.outputs) == 1 else f"output {number}"
        count = int((~np.isfinite(value)).sum())
        arguments = [
            (record.op.input_name(i), f"{describe(x)} {_range(x)}")
            for i, x in enumerate(record.inputs)
        ]
        return errors.op_error(
            errors.InvalidArgumentError,
            record.op.label,
            f"{output} {describe(record.outputs[number])} has {words} values, {count} of "
            f"{value.size}{self.where}",
            arguments,
            site=record.site,
        )


def _value(tensor: Any) -> np.ndarray | None:
    if isinstance(tensor, EagerTensor):
        if tensor.dtype not in FLOATING and not tensor.dtype.is_complex:
            return None
        value = tensor.host_array()
    elif (
        isinstance(tensor, TracedTensor)
        and is_inexact(tensor.array)
        and not isinstance(tensor.array, jax.core.Tracer)
    ):
        value = np.asarray(tensor.array)
    else:
        return None
    # NumPy tests no number format narrower than float16 for NaN.
    return value if value.dtype.kind in "fc" else value.astype(np.float32)


def _range(tensor: Any) -> str:
    value = _value(tensor)
    if value is None or not value.size or value.dtype.kind == "c":
        return ""
    finite = value[np.isfinite(value)]
    text = f"in [{finite.min():.6g}, {finite.max():.6g}]" if finite.size else "with no finite value"
    bad = value.size - finite.size
    return f"{text}, {bad} not finite" if bad else text


RECORDER = NumericsRecorder(deep=False)


def watching() -> bool:
    """Whether programs compiled now carry the flag."""
    return RECORDER in state.recorders


def locate(concrete: Any, arguments: Sequence[Any], step: int) -> Exception:
    """The error for a step whose flag fired; the state is left as it was."""
    graph = concrete.graph
    recorder = NumericsRecorder(f", in call {step} of {concrete.name!r}")
    env = {id(p): a for p, a in zip(graph.inputs, arguments, strict=True)}
    try:
        with recording(recorder):
            for placeholder, value in zip(graph.inputs, arguments, strict=True):
                recorder.look_at(value, f"argument {placeholder.node.name!r} of {concrete.name!r}")
            for handle in graph.handles:
                recorder.look_at(handle.value, f"variable {handle.name!r} before {concrete.name!r}")
            run_unchanged(graph, env)
    except errors.InvalidArgumentError as error:
        return error
    return errors.op_error(
        errors.InvalidArgumentError,
        f"tf.function {concrete.name!r}",
        f"its results have NaN or Inf values in call {step}, but none came up when its ops ran one "
        "by one: the compiled program rounds differently, and is close to overflow",
    )


@export("debugging.enable_check_numerics")
def enable_check_numerics(stack_height_limit: int = 30, path_length_limit: int = 50) -> None:
    """From now on the first NaN or infinity of this thread is an error that names where it arose.

    Eager ops are checked one by one. Compiled functions pay for one flag a call; when it fires, the
    call is run again op by op, and the error names the first op, forward or in a gradient, that
    made a NaN or infinity, the range of each of its inputs, the user's line, and which call it was.
    Variables keep the values from before that call.

    Args:
      stack_height_limit, path_length_limit: Taken; errors name the user's line in any case.
    """
    if RECORDER not in state.recorders:
        state.recorders = (RECORDER, *state.recorders)
        _forget_programs()


@export("debugging.disable_check_numerics")
def disable_check_numerics() -> None:
    """Ends what `tf.debugging.enable_check_numerics` began."""
    if RECORDER in state.recorders:
        state.recorders = tuple(r for r in state.recorders if r is not RECORDER)
        _forget_programs()


def _forget_programs() -> None:
    for function in list(WATCHED):
        function.forget_programs()
