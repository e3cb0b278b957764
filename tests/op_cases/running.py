"""Runs a row with a `tf` module, whichever it is: the recorder and the tests share this."""

from __future__ import annotations

import builtins
import functools
import zlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .case import Case

ROUNDED = ("float16", "bfloat16", "float8")


def tensors(tf: Any, case: Case, dtype: str, empty: bool = False) -> list[Any]:
    """The row's tensors for a run in `dtype`."""
    return [
        tensor(tf, array, case.dtype_of(i, dtype, array))
        for i, array in enumerate(case.arrays(dtype, empty))
    ]


def tensor(tf: Any, array: np.ndarray, dtype: str) -> Any:
    """A tensor of `dtype`; narrow floats are rounded to nearest from float32."""
    if dtype.startswith(ROUNDED) and array.dtype.kind == "f":
        array = array.astype(tf.as_dtype(dtype).as_numpy_dtype)
    return tf.convert_to_tensor(array)


def public(tf: Any, name: str) -> Any:
    """The function with a public dotted name."""
    return functools.reduce(getattr, name.split("."), tf)


def call(tf: Any, case: Case, values: Sequence[Any]) -> Any:
    """The row's result for these tensors."""
    inputs, attrs = case.arguments.fill(values)
    if case.call is not None:
        return case.call(tf, *inputs, **attrs)
    return public(tf, case.name)(*inputs, **attrs)


def flatten(value: Any) -> list[Any]:
    """Tensors and other leaves of a result, in order; composite tensors by their components."""
    if isinstance(value, dict):
        return [leaf for key in sorted(value) for leaf in flatten(value[key])]
    if isinstance(value, (list, tuple)) and not hasattr(value, "as_list"):
        return [leaf for item in value for leaf in flatten(item)]
    if hasattr(value, "nested_row_splits"):
        return [value.flat_values, *value.nested_row_splits]
    if hasattr(value, "indices") and hasattr(value, "dense_shape"):
        return [x for x in (value.indices, value.values, value.dense_shape) if x is not None]
    return [value]


def is_tensor(value: Any) -> bool:
    """Whether a leaf is a tensor, eager or symbolic."""
    return (
        hasattr(value, "dtype") and hasattr(value, "shape") and hasattr(value.dtype, "is_integer")
    )


def is_inexact(value: Any) -> bool:
    """Whether gradients flow through a tensor."""
    return bool(is_tensor(value) and (value.dtype.is_floating or value.dtype.is_complex))


def output_gradients(tf: Any, case: Case, outputs: Sequence[Any]) -> list[Any]:
    """Fixed random gradients of the outputs, seeded by the row's id."""
    made = []
    for number, output in enumerate(outputs):
        seed = zlib.crc32(f"{case.id}/gradient{number}".encode())
        random = np.random.RandomState(seed)
        shape = tuple(output.shape)
        value = random.standard_normal(shape)
        name = output.dtype.name
        if name.startswith("complex"):
            value = (value + 1j * random.standard_normal(shape)).astype(name)
        elif name == "float64":
            value = np.asarray(value, np.float64)
        else:
            value = np.asarray(value, np.float32)
        made.append(tensor(tf, value, name))
    return made


def forward(tf: Any, case: Case, values: Sequence[Any]) -> list[Any]:
    """The leaves of the row's result."""
    return flatten(call(tf, case, values))


def forward_and_gradients(
    tf: Any,
    case: Case,
    values: Sequence[Any],
    grads: Sequence[Any] | None = None,
    seeded: bool = True,
) -> tuple[list[Any], list[Any]]:
    """Result leaves, and gradients of the inputs that the row names.

    `grads`: the output gradients; where not given, made from the row, or ones if not `seeded`.
    """
    if not case.grad:
        return forward(tf, case, values), []
    sources = [values[i] for i in case.grad]
    with tf.GradientTape() as tape:
        for source in sources:
            tape.watch(source)
        outputs = forward(tf, case, values)
    targets = [o for o in outputs if is_inexact(o)]
    if not targets:
        return outputs, [None] * len(sources)
    if grads is None and seeded:
        grads = output_gradients(tf, case, targets)
    return outputs, tape.gradient(targets, sources, output_gradients=grads)


def is_slices(value: Any) -> bool:
    """Whether a gradient is an IndexedSlices."""
    return hasattr(value, "indices") and hasattr(value, "dense_shape")


def dense(tf: Any, value: Any) -> Any:
    """A gradient as a NumPy array, or None."""
    if value is None:
        return None
    if is_slices(value):
        rows = np.asarray(value.values)
        if value.dense_shape is None:
            return rows
        total = np.zeros(tuple(np.asarray(value.dense_shape)), rows.dtype)
        np.add.at(total, np.asarray(value.indices), rows)
        return total
    return np.asarray(value)


def splitting(case: Case, values: Sequence[Any]) -> tuple[list[Any], Callable[..., list[Any]]]:
    """The tensors that are arguments of a traced function, and how to put them back."""
    positions = [i for i, leaf in enumerate(case.leaves) if leaf.argument]

    def join(arguments: Sequence[Any]) -> list[Any]:
        full = list(values)
        for position, value in zip(positions, arguments, strict=True):
            full[position] = value
        return full

    return [values[i] for i in positions], join


def signature(tf: Any, arguments: Sequence[Any], kind: str) -> list[Any]:
    """TensorSpecs of the arguments: "batch" (first dim None), "dims" (all None), "rank"."""
    specs = []
    for x in arguments:
        dims: Any = x.shape.as_list()
        if kind == "rank":
            dims = None
        elif kind == "dims":
            dims = [None] * len(dims)
        elif dims:
            dims = [None, *dims[1:]]
        specs.append(tf.TensorSpec(dims, x.dtype))
    return specs


def inferred(tf: Any, case: Case, values: Sequence[Any], kind: str) -> list[Any]:
    """`(dtype name, dims or None)` of each output leaf under a signature; str for other leaves."""
    arguments, join = splitting(case, values)
    results: list[Any] = []

    def body(*inner: Any) -> Any:
        for leaf in forward(tf, case, join(inner)):
            if is_tensor(leaf):
                dims = None if leaf.shape.rank is None else leaf.shape.as_list()
                results.append((leaf.dtype.name, dims))
            else:
                results.append(str(leaf))
        return inner[0]

    function = tf.function(body, input_signature=signature(tf, arguments, kind), autograph=False)
    function.get_concrete_function()
    return results


def error_name(tf: Any, error: BaseException) -> str:
    """The name of the most special class that is Python's or in `tf.errors`."""
    for cls in type(error).__mro__:
        if getattr(tf.errors, cls.__name__, None) is cls or hasattr(builtins, cls.__name__):
            return cls.__name__
    return "Exception"


def error_class(tf: Any, name: str) -> type[BaseException]:
    """The class with a recorded name."""
    return getattr(tf.errors, name, None) or getattr(builtins, name)
