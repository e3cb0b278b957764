"""Bits of integers."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np

from deras._src.core.dtypes import INTEGER
from deras._src.dispatch.apply import apply
from deras._src.ops.math_support import scalar
from deras._src.ops.shapes import broadcast, same_as_first
from deras._src.registry import NONE, op
from deras._src.util.export import export


@op(
    "BitwiseAnd",
    dtypes=INTEGER,
    shape=broadcast,
    numpy=np.bitwise_and,
    gradient=NONE,
    api_name="bitwise.bitwise_and",
)
def _bitwise_and(x, y):
    return jnp.bitwise_and(x, y)


@export("bitwise.bitwise_and")
def bitwise_and(x: Any, y: Any, name: str | None = None) -> Any:
    """The bits set in both `x` and `y`, by broadcasting.

    Args:
      x: Tensor of any integer dtype.
      y: Tensor of the same dtype; its shape broadcasts against `x`'s.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of the broadcast shape and the inputs' dtype.

    >>> tf.bitwise.bitwise_and([5, 6], 3).numpy()
    array([1, 2], dtype=int32)
    """
    return apply(_bitwise_and, (x, y), (), name)


@op(
    "BitwiseOr",
    dtypes=INTEGER,
    shape=broadcast,
    numpy=np.bitwise_or,
    gradient=NONE,
    api_name="bitwise.bitwise_or",
)
def _bitwise_or(x, y):
    return jnp.bitwise_or(x, y)


@export("bitwise.bitwise_or")
def bitwise_or(x: Any, y: Any, name: str | None = None) -> Any:
    """The bits set in `x` or `y`, by broadcasting.

    Args:
      x: Tensor of any integer dtype.
      y: Tensor of the same dtype; its shape broadcasts against `x`'s.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of the broadcast shape and the inputs' dtype.

    >>> tf.bitwise.bitwise_or([5, 6], 3).numpy()
    array([7, 7], dtype=int32)
    """
    return apply(_bitwise_or, (x, y), (), name)


@op(
    "BitwiseXor",
    dtypes=INTEGER,
    shape=broadcast,
    numpy=np.bitwise_xor,
    gradient=NONE,
    api_name="bitwise.bitwise_xor",
)
def _bitwise_xor(x, y):
    return jnp.bitwise_xor(x, y)


@export("bitwise.bitwise_xor")
def bitwise_xor(x: Any, y: Any, name: str | None = None) -> Any:
    """The bits set in exactly one of `x` and `y`, by broadcasting.

    Args:
      x: Tensor of any integer dtype.
      y: Tensor of the same dtype; its shape broadcasts against `x`'s.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of the broadcast shape and the inputs' dtype.

    >>> tf.bitwise.bitwise_xor([5, 6], 3).numpy()
    array([6, 5], dtype=int32)
    """
    return apply(_bitwise_xor, (x, y), (), name)


@op(
    "Invert",
    dtypes=INTEGER,
    shape=same_as_first,
    numpy=np.invert,
    gradient=NONE,
    api_name="bitwise.invert",
)
def _invert(x):
    return jnp.invert(x)


@export("bitwise.invert")
def invert(x: Any, name: str | None = None) -> Any:
    """Every bit turned over; for signed integers that is `-x - 1`.

    Args:
      x: Tensor of any integer dtype.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `x`'s shape and dtype.

    >>> tf.bitwise.invert([0, 5]).numpy()
    array([-1, -6], dtype=int32)
    """
    return apply(_invert, (x,), (), name)


def _clamped_shift(y):
    """The shift limited to what the type has bits for, as TensorFlow's kernels limit it."""
    most = y.dtype.itemsize * 8 - 1
    if jnp.issubdtype(y.dtype, jnp.unsignedinteger):
        return jnp.minimum(y, scalar(most, y))
    return jnp.clip(y, scalar(0, y), scalar(most, y))


@op(
    "LeftShift",
    dtypes=INTEGER,
    shape=broadcast,
    gradient=NONE,
    api_name="bitwise.left_shift",
)
def _left_shift(x, y):
    return jnp.left_shift(x, _clamped_shift(y))


@export("bitwise.left_shift")
def left_shift(x: Any, y: Any, name: str | None = None) -> Any:
    """The bits of `x` moved up by `y` places, by broadcasting.

    Args:
      x: Tensor of any integer dtype.
      y: Tensor of the same dtype. A shift below 0 counts as 0, one beyond the width as width - 1.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of the broadcast shape and the inputs' dtype.

    >>> tf.bitwise.left_shift([1, 3], [4, 1]).numpy()
    array([16,  6], dtype=int32)
    """
    return apply(_left_shift, (x, y), (), name)


@op(
    "RightShift",
    dtypes=INTEGER,
    shape=broadcast,
    gradient=NONE,
    api_name="bitwise.right_shift",
)
def _right_shift(x, y):
    return jnp.right_shift(x, _clamped_shift(y))


@export("bitwise.right_shift")
def right_shift(x: Any, y: Any, name: str | None = None) -> Any:
    """The bits of `x` moved down by `y` places, by broadcasting; the sign is kept.

    Args:
      x: Tensor of any integer dtype.
      y: Tensor of the same dtype. A shift below 0 counts as 0, one beyond the width as width - 1.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of the broadcast shape and the inputs' dtype.

    >>> tf.bitwise.right_shift([16, -8], [4, 1]).numpy()
    array([ 1, -4], dtype=int32)
    """
    return apply(_right_shift, (x, y), (), name)
