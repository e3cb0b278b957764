"""`tf.test.compute_gradient`: Jacobians by the tape, and by finite differences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from deras._src.core.indexed_slices import IndexedSlices
from deras._src.dispatch.convert import convert
from deras._src.ops.array_constant import constant
from deras._src.ops.gradient_support import densify
from deras._src.tape.gradient_tape import GradientTape
from deras._src.util.export import export

_DELTA = 1.0 / 1024
_SUPPORTED = ("float16", "bfloat16", "float32", "float64", "complex64", "complex128")

Jacobians = tuple[np.ndarray, ...]


@export("test.compute_gradient")
def compute_gradient(
    f: Callable[..., Any], x: Sequence[Any], delta: float | None = None
) -> tuple[Jacobians, Jacobians]:
    """Jacobians of `f`, by the tape and by central differences.

    A complex argument or result counts as twice as many real numbers, real and imaginary parts in
    turn.

    Args:
      f: Function of tensors that returns one tensor.
      x: List of the arguments, tensors or values of a floating point or complex dtype.
      delta: Step of the differences; by default 1/1024.
    Returns:
      Two tuples of NumPy arrays of shape `[size of f's result, size of the argument]`, one for each
      argument: first those by the tape.
    Raises:
      ValueError: `x` is not a list or tuple.
      AssertionError: an argument has no floating point or complex dtype.

    >>> by_tape, by_differences = tf.test.compute_gradient(lambda x: x * x, [[1.0, 2.0]])
    >>> by_tape[0]
    array([[2., 0.],
           [0., 4.]], dtype=float32)
    """
    if not isinstance(x, (list, tuple)):
        raise ValueError(
            "`x` must be a list or tuple of values convertible to a Tensor (arguments to `f`), "
            f"not a {type(x)}"
        )
    arguments = [np.array(convert(value).numpy()) for value in x]
    for number, argument in enumerate(arguments):
        if argument.dtype.name not in _SUPPORTED:
            raise AssertionError(
                f"Cannot compute gradient for unsupported type {argument.dtype.name} of argument "
                f"{number}"
            )
    step = _DELTA if delta is None else delta
    by_tape = tuple(_by_tape(f, arguments, i) for i in range(len(arguments)))
    by_differences = tuple(_by_differences(f, arguments, i, step) for i in range(len(arguments)))
    return by_tape, by_differences


def _real(array: np.ndarray) -> np.ndarray:
    """The numbers as one row of reals."""
    flat = np.ascontiguousarray(array).reshape(-1)
    return flat.view(flat.real.dtype) if np.iscomplexobj(flat) else flat


def _dense(gradient: Any) -> Any:
    return densify(gradient) if isinstance(gradient, IndexedSlices) else gradient


def _by_tape(f: Callable[..., Any], arguments: list[np.ndarray], number: int) -> np.ndarray:
    tensors = [constant(a) for a in arguments]
    with GradientTape(persistent=True) as tape:
        tape.watch(tensors[number])
        y = f(*tensors)
    y_array = y.numpy()
    rows = []
    for index in range(_real(np.asarray(y_array)).size):
        seed = np.zeros(np.shape(y_array), np.asarray(y_array).dtype)
        _real(seed)[index] = 1  # a view: the array is contiguous
        gradient = _dense(tape.gradient(y, tensors[number], output_gradients=constant(seed)))
        empty = np.zeros_like(arguments[number])
        rows.append(_real(empty if gradient is None else np.asarray(gradient.numpy())))
    columns = _real(arguments[number])
    return np.stack(rows) if rows else np.zeros((0, columns.size), columns.dtype)


def _by_differences(
    f: Callable[..., Any], arguments: list[np.ndarray], number: int, step: float
) -> np.ndarray:
    def at(shift: float, column: int) -> np.ndarray:
        moved = [a.copy() for a in arguments]
        _real(moved[number])[column] += np.asarray(shift).astype(_real(moved[number]).dtype)
        return _real(np.asarray(f(*(constant(a) for a in moved)).numpy()))

    size = _real(arguments[number]).size
    if not size:
        found = _real(np.asarray(f(*(constant(a) for a in arguments)).numpy()))
        return np.zeros((found.size, 0), found.dtype)
    columns = []
    for column in range(size):
        difference = at(step, column) - at(-step, column)
        columns.append(difference / np.asarray(2 * step).astype(difference.dtype))
    return np.stack(columns, axis=1)
