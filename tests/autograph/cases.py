"""What a control-flow program is: a plain function of (tf, values) that runs on both libraries.

The modules `programs_*.py` hold them. `scripts/golden_autograph.py` runs them on TensorFlow and
records what they give, `test_programs.py` runs them here. So these files import neither.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent


@dataclass
class Program:
    """One program.

    Attributes:
      run: The function.
      calls: The arguments of each call; floats become float32, ints int32, the rest stays.
      grad: Whether gradients by the float arguments are compared too.
      jit: Whether it is compiled as one program as well.
      eager: Whether it is run without `tf.function` too.
      beyond: What TensorFlow's conversion cannot do here; its eager result is recorded instead.
    """

    name: str
    run: Callable[..., Any]
    calls: Sequence[tuple[Any, ...]]
    grad: bool
    jit: bool
    eager: bool
    beyond: str | None


_found: dict[str, Program] = {}


def program(
    *calls: Any,
    grad: bool = False,
    jit: bool = True,
    eager: bool = True,
    beyond: str | None = None,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Registers a function as a program; each of `calls` is a value or a tuple of them."""

    def register(run: Callable[..., Any]) -> Callable[..., Any]:
        name = f"{run.__module__.rpartition('.')[2].removeprefix('programs_')}.{run.__name__}"
        assert name not in _found, name
        tuples = [c if isinstance(c, tuple) else (c,) for c in calls]
        _found[name] = Program(name, run, tuples, grad, jit, eager, beyond)
        return run

    return register


def programs() -> dict[str, Program]:
    """All programs by name."""
    for path in sorted(HERE.glob("programs_*.py")):
        importlib.import_module(f"{__package__}.{path.stem}" if __package__ else path.stem)
    return _found


def tensors(tf: Any, values: Sequence[Any]) -> list[Any]:
    """The arguments of a call as tensors."""
    made = []
    for value in values:
        if isinstance(value, (bool, int, float, list)):
            array = np.asarray(value)
            kind = {"f": np.float32, "i": np.int32}.get(array.dtype.kind, array.dtype)
            made.append(tf.constant(array.astype(kind)))
        else:
            made.append(value)
    return made


def outcome(tf: Any, function: Callable[..., Any], values: Sequence[Any]) -> dict[str, Any]:
    """What a call gives: flat values with dtypes, or the names of the error's classes."""
    try:
        result = function(*tensors(tf, values))
    except Exception as error:  # noqa: BLE001 - whatever it is, it is compared
        return {"error": [c.__name__ for c in type(error).__mro__], "text": str(error)[-500:]}
    flat = tf.nest.flatten(result)
    return {"values": [None if x is None else described(tf, x) for x in flat]}


def described(tf: Any, value: Any) -> list[Any]:
    """Dtype, shape and elements of a result."""
    array = np.asarray(tf.convert_to_tensor(value).numpy())
    name = "string" if array.dtype.kind in "OS" else array.dtype.name
    flat = array.reshape(-1).tolist()
    return [name, list(array.shape), [x.decode() if isinstance(x, bytes) else x for x in flat]]


def gradients(tf: Any, function: Callable[..., Any], values: Sequence[Any]) -> Any:
    """The gradients of the sum of the float results by the float arguments."""
    made = tensors(tf, values)
    sources = [x for x in made if hasattr(x, "dtype") and x.dtype == tf.float32]
    with tf.GradientTape() as tape:
        for source in sources:
            tape.watch(source)
        flat = [x for x in tf.nest.flatten(function(*made)) if x is not None]
        parts = [tf.reduce_sum(x) for x in flat if x.dtype == tf.float32]
        loss = tf.add_n(parts)
    return [None if g is None else described(tf, g) for g in tape.gradient(loss, sources)]
