"""What random programs give in plain Python on NumPy values, and their gradients by differences.

The stand-in for `tf` notes what the program decides on the way. Where two runs decide alike, the
program is smooth between their points, so a difference quotient is a gradient; where a decision
hangs on a hair, rounding may tip it, and the point is left out.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np

STEP = 1e-6


class Notes:
    """What a run decided and read, and what the next run is to be told instead.

    Attributes:
      decisions: Outcomes of all conditions, in order.
      margin: The least distance of two floats that were compared.
      reads: Values read from the variable, and those that gradients stop at. A gradient takes the
        variable's values as given, as no gradient goes through an assignment.
      replayed: Reads of an earlier run, to be given again; None in the first run.
      shift: Added to what is read again from the variable.
    """

    def __init__(self, replayed: list[Any] | None = None, shift: float = 0.0) -> None:
        self.decisions: list[Any] = []
        self.margin = np.inf
        self.reads: list[Any] = []
        self.replayed = replayed
        self.shift = shift

    def compared(self, left: Any, right: Any) -> None:
        if np.asarray(left).dtype.kind == "f":
            self.margin = min(self.margin, float(np.min(np.abs(np.subtract(left, right)))))

    def chose(self, outcome: Any) -> None:
        self.decisions.append(np.asarray(outcome).tolist())

    def read(self, value: Any, shift: float) -> Any:
        if self.replayed is not None:
            if len(self.reads) >= len(self.replayed):
                raise Diverged
            value = self.replayed[len(self.reads)] + shift
        self.reads.append(value)
        return value


class Diverged(Exception):
    """A run reads more than the one it repeats."""


_notes = Notes()


class Value(np.ndarray):
    """An array that notes comparisons and conditions."""

    __hash__ = None  # type: ignore[assignment]

    def __getitem__(self, key: Any) -> Any:
        return value_of(np.ndarray.__getitem__(self.view(np.ndarray), key))

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    def __bool__(self) -> bool:
        outcome = bool(self.view(np.ndarray))
        _notes.chose(outcome)
        return outcome

    def __lt__(self, other: Any) -> Any:
        return _compare(np.less, self, other)

    def __le__(self, other: Any) -> Any:
        return _compare(np.less_equal, self, other)

    def __gt__(self, other: Any) -> Any:
        return _compare(np.greater, self, other)

    def __ge__(self, other: Any) -> Any:
        return _compare(np.greater_equal, self, other)


def value_of(value: Any) -> Any:
    """The value as an array that takes notes; variables are read."""
    if isinstance(value, Variable):
        return value.read_value()
    return np.asarray(value).view(Value)


def _plain(value: Any) -> Any:
    return np.asarray(value_of(value))


def _compare(operation: Any, left: Any, right: Any) -> Any:
    if isinstance(right, Variable):
        right = right.read_value()
    _notes.compared(left, right)
    return value_of(operation(np.asarray(left), np.asarray(right)))


class Variable:
    """A variable; each use of it in an expression is a read."""

    __array_ufunc__ = None  # so that arrays leave `array + variable` to this class
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, value: float) -> None:
        self.value = value_of(value)

    def read_value(self) -> Any:
        return value_of(_notes.read(self.value, _notes.shift))

    def assign(self, value: Any) -> None:
        self.value = value_of(value)

    def assign_add(self, value: Any) -> None:
        self.value = self.value + value_of(value)

    def assign_sub(self, value: Any) -> None:
        self.value = self.value - value_of(value)


def _operator(name: str) -> Any:
    return lambda self, *others: getattr(self.read_value(), name)(*map(value_of, others))


for _name in ("add", "sub", "mul"):
    setattr(Variable, f"__{_name}__", _operator(f"__{_name}__"))
    setattr(Variable, f"__r{_name}__", _operator(f"__r{_name}__"))
for _name in ("lt", "le", "gt", "ge", "neg"):
    setattr(Variable, f"__{_name}__", _operator(f"__{_name}__"))


class TensorArray:
    """A list that grows; elements that were not written are zeros."""

    def __init__(self, dtype: Any, size: int, **options: Any) -> None:
        self._items = [value_of(np.zeros((), dtype))] * size

    def size(self) -> Any:
        return value_of(np.int32(len(self._items)))

    def write(self, index: Any, value: Any) -> TensorArray:
        index = int(index)
        self._items += [value_of(0.0)] * (index + 1 - len(self._items))
        self._items[index] = value_of(value)
        return self

    def read(self, index: Any) -> Any:
        return self._items[int(index)]

    def unstack(self, values: Any) -> TensorArray:
        self._items = list(values)
        return self

    def stack(self) -> Any:
        return value_of(np.array([float(i) for i in self._items]))


class NumPy:
    """The names that programs use of `tf`."""

    TensorArray = TensorArray

    @staticmethod
    def constant(value: int) -> Any:
        return value_of(np.int32(value))

    @staticmethod
    def range(*limits: Any) -> Any:
        return value_of(np.arange(*(int(i) for i in limits), dtype=np.int32))

    @staticmethod
    def cast(value: Any, dtype: Any) -> Any:
        return value_of(_plain(value).astype(dtype))

    @staticmethod
    def identity(value: Any) -> Any:
        return value_of(np.int32(value) if isinstance(value, int) else value)

    @staticmethod
    def sin(value: Any) -> Any:
        return value_of(np.sin(_plain(value)))

    @staticmethod
    def cos(value: Any) -> Any:
        return value_of(np.cos(_plain(value)))

    @staticmethod
    def tanh(value: Any) -> Any:
        return value_of(np.tanh(_plain(value)))

    @staticmethod
    def maximum(left: Any, right: Any) -> Any:
        left, right = value_of(left), value_of(right)
        # Equal because they are one: both sides have the same gradient.
        chosen = left >= right if left is not right else True
        _notes.chose(chosen)
        return value_of(np.maximum(left, right))

    @staticmethod
    def minimum(left: Any, right: Any) -> Any:
        left, right = value_of(left), value_of(right)
        chosen = left <= right if left is not right else True
        _notes.chose(chosen)
        return value_of(np.minimum(left, right))

    @staticmethod
    def where(mask: Any, left: Any, right: Any) -> Any:
        _notes.chose(mask)
        return value_of(np.where(_plain(mask), _plain(left), _plain(right)))

    @staticmethod
    def stop_gradient(value: Any) -> Any:
        return value_of(_notes.read(value_of(value), 0.0))

    @staticmethod
    def reduce_sum(value: Any) -> Any:
        return value_of(np.sum(_plain(value)))

    @staticmethod
    def reduce_mean(value: Any) -> Any:
        return value_of(np.mean(_plain(value)))

    @staticmethod
    def reduce_any(value: Any) -> Any:
        return value_of(np.any(_plain(value)))

    @staticmethod
    def reduce_all(value: Any) -> Any:
        return value_of(np.all(_plain(value)))

    @staticmethod
    def name_scope(name: str) -> Any:
        return contextlib.nullcontext()


def flatten(values: Any) -> list[Any]:
    """Leaves of nested tuples."""
    if isinstance(values, tuple):
        return [leaf for value in values for leaf in flatten(value)]
    return [values]


def weights(value: Any) -> Any:
    """What a float output counts in the loss: something else for each element."""
    return 0.6 + 0.1 * np.arange(value.size).reshape(value.shape)


def loss_of(values: list[np.ndarray]) -> float:
    """The number that is differentiated."""
    return float(sum(np.sum(v * weights(v)) for v in values if v.dtype.kind == "f"))


def run(f: Any, x: float, w: Any, n: int, v: float, notes: Notes) -> list[np.ndarray]:
    """The program's outputs, with the variable's last value among them."""
    global _notes
    _notes = notes
    variable = Variable(v)
    values = f(NumPy, value_of(x), value_of(np.array(w)), value_of(np.int32(n)), variable)
    return [np.asarray(value_of(o)) for o in flatten((*values, variable))]


class Reference:
    """Values and gradients of a program at a point.

    Attributes:
      values: Its outputs.
      margin: See `Notes`.
      gradients: Of the loss to x, w and v; None where the program is not smooth around the point.
    """

    def __init__(self, f: Any, x: float, w: Any, n: int, v: float) -> None:
        first = Notes()
        self.values = run(f, x, w, n, v, first)
        self.margin = first.margin
        point = np.array([x, *w, 0.0])
        slopes = []
        for number in range(len(point)):
            losses = []
            for sign in (1.0, -1.0):
                moved = point.copy()
                moved[number] += sign * STEP
                notes = Notes(first.reads, float(moved[-1]))
                try:
                    losses.append(loss_of(run(f, moved[0], moved[1:-1], n, v, notes)))
                except Diverged:
                    break
                if notes.decisions != first.decisions:
                    break
            slopes.append((losses[0] - losses[1]) / (2 * STEP) if len(losses) == 2 else np.nan)
        self.gradients = None
        if not np.isnan(slopes).any():
            self.gradients = [np.array(slopes[0]), np.array(slopes[1:-1]), np.array(slopes[-1])]
