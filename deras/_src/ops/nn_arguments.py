"""Axes, as the neural network functions take them, and what is said about wrong ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from deras._src import errors
from deras._src.core.tensor_shape import TensorShape
from deras._src.dispatch.convert import host_value


def axis_number(axis: Any, what: str) -> int:
    """An axis given as a Python int or as an integer scalar whose value is known."""
    if type(axis) is int:
        return axis
    return int(host_value(axis, what))


def axis_tuple(axes: Any, what: str) -> tuple[int, ...]:
    """Axes given as an int, a sequence or a tensor whose value is known, each once."""
    if type(axes) is int:
        return (axes,)
    if isinstance(axes, (list, tuple)) and all(type(a) is int for a in axes):
        return tuple(dict.fromkeys(axes))
    values = np.atleast_1d(host_value(axes, what)).tolist()
    return tuple(dict.fromkeys(int(a) for a in values))


def positive_axis(
    axis: int, rank: int, what: str, error: type[errors.OpError] = errors.InvalidArgumentError
) -> int:
    """`axis` counted from the front; an error where there is no such dimension."""
    if not -rank <= axis < rank:
        raise errors.op_error(
            error,
            what,
            f"axis is {axis}, but must be in [{-rank}, {rank}) for a tensor of rank {rank}",
        )
    return axis % rank


def positive_axes(
    axes: Sequence[int],
    rank: int,
    what: str,
    error: type[errors.OpError] = errors.InvalidArgumentError,
) -> tuple[int, ...]:
    """Each of `axes` counted from the front, each once."""
    return tuple(dict.fromkeys(positive_axis(a, rank, what, error) for a in axes))


def without_axis(shape: TensorShape, axis: int, what: str) -> TensorShape:
    """`shape`, a static one, less one dimension."""
    if shape.rank is None:
        return shape
    dims = shape.as_list()
    del dims[positive_axis(axis, len(dims), what, errors.GraphInvalidArgumentError)]
    return TensorShape(dims)
