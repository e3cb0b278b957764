"""What a Python function used and did besides its arguments and result, seen around its trace.

A trace runs the Python code once. Numbers that it read from outside are fixed in the graph from
then on, and what it did outside (appending to a list, counting in a global, drawing random numbers
with Python or NumPy) happened once and will not happen again. This compares before, after and now.
"""

from __future__ import annotations

import dis
import inspect
import random
import weakref
from collections.abc import Callable, Iterator
from types import CodeType, FunctionType
from typing import Any

import numpy as np

_SIMPLE = (bool, int, float, complex, str, bytes, type(None))
_SIZED = (list, dict, set)


class Surroundings:
    """The simple values and containers around a function, as they were when it was traced.

    Attributes:
      function: the Python function, without decorators.
      effects: what the Python code changed outside while it was traced: pairs (name, text).
    """

    def __init__(self, function: Callable[..., Any], owner: Any = None) -> None:
        self.function = inspect.unwrap(getattr(function, "__func__", function))
        self._owner = (lambda: None) if owner is None else weakref.ref(owner)
        self._before = _snapshot(self.function, owner)
        self._random = _random_states()
        self.effects: list[tuple[str, str]] = []

    def end(self) -> None:
        """Called when the trace is done."""
        after = _snapshot(self.function, self._owner())
        for name, (kind, value) in after.items():
            old = self._before.get(name)
            if old is not None and old[0] == kind and old[1] == value:
                continue
            if kind == "size":
                grown = value - old[1] if old is not None and old[0] == "size" else value
                if grown:
                    self.effects.append((name, f"its length went from {value - grown} to {value}"))
            elif old is not None and all(type(v) in (int, float) for v in (old[1], value)):
                # Numbers only: `built = True` and the like on a first call are as they should be.
                self.effects.append((name, f"it went from {old[1]!r} to {value!r}"))
        for name, drawn in zip(("random", "np.random"), self._random(), strict=True):
            if drawn:
                self.effects.append(
                    (name, "numbers were drawn: the graph keeps those of the trace")
                )
        self._before = after

    def stale(self) -> Iterator[tuple[str, Any, Any]]:
        """Values from outside that have changed since: (name, value in the graph, value now)."""
        for name, (kind, value) in _snapshot(self.function, self._owner()).items():
            old = self._before.get(name)
            if kind == "value" and old is not None and old[0] == "value" and old[1] != value:
                yield name, old[1], value


def _snapshot(function: Any, owner: Any) -> dict[str, tuple[str, Any]]:
    found: dict[str, tuple[str, Any]] = {}
    if not isinstance(function, FunctionType):
        return found
    code = function.__code__
    for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=False):
        try:
            _note(found, name, cell.cell_contents)
        except ValueError:  # not assigned yet
            continue
    for name in _loaded(code, ("LOAD_GLOBAL", "LOAD_NAME")):
        if name in function.__globals__:
            _note(found, name, function.__globals__[name])
    if owner is not None:
        used = _loaded(code, ("LOAD_ATTR", "LOAD_METHOD"))
        for name, value in list(getattr(owner, "__dict__", {}).items()):
            if name in used:
                _note(found, f"self.{name}", value)
    return found


def _note(found: dict[str, tuple[str, Any]], name: str, value: Any) -> None:
    if isinstance(value, _SIMPLE):
        found[name] = ("value", value)
    elif type(value) in _SIZED:
        found[name] = ("size", len(value))


def _loaded(code: CodeType, opcodes: tuple[str, ...]) -> set[str]:
    names = {i.argval for i in dis.get_instructions(code) if i.opname in opcodes}
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            names |= _loaded(constant, opcodes)
    return names


def _random_states() -> Callable[[], tuple[bool, bool]]:
    python, (kind, keys, position, *_) = random.getstate(), np.random.get_state()
    keys = np.array(keys)

    def changed() -> tuple[bool, bool]:
        now = np.random.get_state()
        same = now[0] == kind and now[2] == position and np.array_equal(now[1], keys)
        return random.getstate() != python, not same

    return changed
