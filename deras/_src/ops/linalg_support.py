"""What the linear algebra files share: dtypes, checks of square matrices, shape functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax.numpy as jnp

from deras._src.core import dtypes
from deras._src.core.tensor_shape import TensorShape
from deras._src.errors import GraphInvalidArgumentError
from deras._src.ops.shapes import Specs

# TensorFlow's decompositions compute in these; in float16 only where said.
FACTORED = frozenset({dtypes.float32, dtypes.float64, dtypes.complex64, dtypes.complex128})
WITH_HALF = FACTORED | {dtypes.float16}
REAL_FACTORED = frozenset({dtypes.float32, dtypes.float64})


def adjoint_of(array: Any) -> Any:
    """The conjugate transposes of a batch of matrices."""
    swapped = jnp.swapaxes(array, -1, -2)
    return jnp.conj(swapped) if jnp.iscomplexobj(array) else swapped


def check_matrix(shape: Sequence[Any], name: str = "input") -> None:
    """ValueError unless the rank is 2 or more."""
    if len(shape) < 2:
        raise ValueError(f"{name} has rank {len(shape)}; a matrix, or a batch of them, is wanted")


def check_square(shape: Sequence[Any], name: str = "input") -> None:
    """ValueError unless this is the shape of square matrices."""
    check_matrix(shape, name)
    if shape[-1] != shape[-2]:
        raise ValueError(f"{name} has {shape[-2]} rows and {shape[-1]} columns; it must be square")


def graph_shapes(label: str, infer: Callable[..., Specs]) -> Callable[..., Specs]:
    """A shape function whose ValueErrors name the op."""

    def shape(inputs: Sequence[Any], attrs: Mapping[str, Any]) -> Specs:
        try:
            return infer(inputs, attrs)
        except ValueError as error:
            raise GraphInvalidArgumentError(None, None, f"{label}: {error}") from None

    return shape


def matrix_dims(tensor: Any, name: str = "input") -> list[Any] | None:
    """The dims of a batch of matrices, or None where the rank is unknown."""
    if tensor.shape.rank is None:
        return None
    dims: list[Any] = tensor.shape.as_list()
    check_matrix(dims, name)
    return dims


def square_dims(tensor: Any, name: str = "input") -> list[Any] | None:
    """The dims of a batch of square matrices; one known side says the other."""
    dims = matrix_dims(tensor, name)
    if dims is not None:
        rows, columns = dims[-2:]
        if rows is not None and columns is not None:
            check_square(dims, name)
        side = columns if rows is None else rows
        dims[-2:] = [side, side]
    return dims


def smaller(a: int | None, b: int | None) -> int | None:
    """The smaller of two dims; None where one is unknown (unless the other is 0)."""
    if a is None or b is None:
        return 0 if a == 0 or b == 0 else None
    return min(a, b)


def square(label: str, *parts: str) -> Callable[..., Specs]:
    """Shape function of ops on square matrices.

    `parts` describe the outputs: "matrix", "vector" (a matrix without its last dim), "batch".
    """
    cut = {"matrix": 0, "vector": 1, "batch": 2}

    def infer(inputs: Sequence[Any], attrs: Mapping[str, Any]) -> Specs:
        dims = square_dims(inputs[0], "input")
        dtype = inputs[0].dtype
        return [
            (dtype, TensorShape(None if dims is None else dims[: len(dims) - cut[part]]))
            for part in parts
        ]

    return graph_shapes(label, infer)
