"""Comparisons and logic, by broadcasting."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np

from deras._src.core.dtypes import BOOLEAN, ON_DEVICE, REAL, STRING
from deras._src.core.dtypes import bool_ as bool_dtype
from deras._src.core.tensor_shape import TensorShape
from deras._src.dispatch.apply import apply
from deras._src.errors import GraphInvalidArgumentError
from deras._src.ops.math_binary import _is_string
from deras._src.ops.math_support import Specs
from deras._src.ops.shapes import broadcast_bool, same_as_first_bool
from deras._src.registry import NONE, op
from deras._src.util.export import export


def _equality_shape(inputs: Any, attrs: Any) -> Specs:
    try:
        return broadcast_bool(inputs, attrs)
    except GraphInvalidArgumentError:
        if attrs["incompatible_shape_error"]:
            raise
        return [(bool_dtype, TensorShape(()))]


def _compare(compare: Callable[..., Any], x: Any, y: Any, strict: bool, differ: bool) -> Any:
    """`compare(x, y)`; where the shapes do not broadcast and need not, whether they differ."""
    if not strict:
        try:
            np.broadcast_shapes(np.shape(x), np.shape(y))
        except ValueError:
            return np.asarray(differ)
    return compare(x, y)


@op(
    "Equal",
    dtypes=ON_DEVICE,
    shape=_equality_shape,
    numpy=lambda x, y, incompatible_shape_error: _compare(
        np.equal, x, y, incompatible_shape_error, False
    ),
    gradient=NONE,
    api_name="equal",
)
def equal_op(x, y, *, incompatible_shape_error):
    return _compare(jnp.equal, x, y, incompatible_shape_error, False)


@op(
    "NotEqual",
    dtypes=ON_DEVICE,
    shape=_equality_shape,
    numpy=lambda x, y, incompatible_shape_error: _compare(
        np.not_equal, x, y, incompatible_shape_error, True
    ),
    gradient=NONE,
    api_name="not_equal",
)
def not_equal_op(x, y, *, incompatible_shape_error):
    return _compare(jnp.not_equal, x, y, incompatible_shape_error, True)


@op(
    "EqualStrings", dtypes=STRING, host=True, shape=_equality_shape, gradient=NONE, api_name="equal"
)
def equal_strings_op(x, y, *, incompatible_shape_error):
    return _compare(lambda a, b: np.equal(a, b).astype(bool), x, y, incompatible_shape_error, False)


@op(
    "NotEqualStrings",
    dtypes=STRING,
    host=True,
    shape=_equality_shape,
    gradient=NONE,
    api_name="not_equal",
)
def not_equal_strings_op(x, y, *, incompatible_shape_error):
    return _compare(
        lambda a, b: np.not_equal(a, b).astype(bool), x, y, incompatible_shape_error, True
    )


_STRICT = (("incompatible_shape_error", True),)
LENIENT = (("incompatible_shape_error", False),)
"""Attributes with which `equal_op` gives False for shapes that do not broadcast (`==`)."""


@export("math.equal", "equal")
def equal(x: Any, y: Any, name: str | None = None) -> Any:
    """Whether `x == y`, element by element, by broadcasting.

    Args:
      x: Tensor of any dtype, strings included.
      y: Tensor of the same dtype; its shape broadcasts against `x`'s.
      name: Optional name of the node in graphs.
    Returns:
      bool tensor of the broadcast shape.
    Raises:
      InvalidArgumentError: The dtypes differ, or the shapes do not broadcast.

    >>> tf.equal([1, 2], 2).numpy()
    array([False,  True])
    """
    strings = _is_string(x) or _is_string(y)
    return apply(equal_strings_op if strings else equal_op, (x, y), _STRICT, name)


@export("math.not_equal", "not_equal")
def not_equal(x: Any, y: Any, name: str | None = None) -> Any:
    """Whether `x != y`, element by element, by broadcasting.

    Args:
      x: Tensor of any dtype, strings included.
      y: Tensor of the same dtype; its shape broadcasts against `x`'s.
      name: Optional name of the node in graphs.
    Returns:
      bool tensor of the broadcast shape.
    Raises:
      InvalidArgumentError: The dtypes differ, or the shapes do not broadcast.

    >>> tf.not_equal([1, 2], 2).numpy()
    array([ True, False])
    """
    strings = _is_string(x) or _is_string(y)
    return apply(not_equal_strings_op if strings else not_equal_op, (x, y), _STRICT, name)


@op("Less", dtypes=REAL, shape=broadcast_bool, numpy=np.less, gradient=NONE, api_name="less")
def _less(x, y):
    return jnp.less(x, y)


@export("math.less", "less")
def less(x: Any, y: Any, name: str | None = None) -> Any:
    """Whether `x < y`, element by element, by broadcasting; False where one is NaN.

    Args:
      x: Tensor of any integer or floating dtype.
      y: Tensor of the same dtype; its shape broadcasts against `x`'s.
      name: Optional name of the node in graphs.
    Returns:
      bool tensor of the broadcast shape.

    >>> tf.less([1, 2], 2).numpy()
    array([ True, False])
    """
    return apply(_less, (x, y), (), name)


@op(
    "LessEqual",
    dtypes=REAL,
    shape=broadcast_bool,
    numpy=np.less_equal,
    gradient=NONE,
    api_name="less_equal",
)
def _less_equal(x, y):
    return jnp.less_equal(x, y)


@export("math.less_equal", "less_equal")
def less_equal(x: Any, y: Any, name: str | None = None) -> Any:
    """Whether `x <= y`, element by element, by broadcasting; False where one is NaN.

    Args:
      x: Tensor of any integer or floating dtype.
      y: Tensor of the same dtype; its shape broadcasts against `x`'s.
      name: Optional name of the node in graphs.
    Returns:
      bool tensor of the broadcast shape.

    >>> tf.less_equal([1, 3], 2).numpy()
    array([ True, False])
    """
    return apply(_less_equal, (x, y), (), name)


@op(
    "Greater",
    dtypes=REAL,
    shape=broadcast_bool,
    numpy=np.greater,
    gradient=NONE,
    api_name="greater",
)
def _greater(x, y):
    return jnp.greater(x, y)


@export("math.greater", "greater")
def greater(x: Any, y: Any, name: str | None = None) -> Any:
    """Whether `x > y`, element by element, by broadcasting; False where one is NaN.

    Args:
      x: Tensor of any integer or floating dtype.
      y: Tensor of the same dtype; its shape broadcasts against `x`'s.
      name: Optional name of the node in graphs.
    Returns:
      bool tensor of the broadcast shape.

    >>> tf.greater([1, 3], 2).numpy()
    array([False,  True])
    """
    return apply(_greater, (x, y), (), name)


@op(
    "GreaterEqual",
    dtypes=REAL,
    shape=broadcast_bool,
    numpy=np.greater_equal,
    gradient=NONE,
    api_name="greater_equal",
)
def _greater_equal(x, y):
    return jnp.greater_equal(x, y)


@export("math.greater_equal", "greater_equal")
def greater_equal(x: Any, y: Any, name: str | None = None) -> Any:
    """Whether `x >= y`, element by element, by broadcasting; False where one is NaN.

    Args:
      x: Tensor of any integer or floating dtype.
      y: Tensor of the same dtype; its shape broadcasts against `x`'s.
      name: Optional name of the node in graphs.
    Returns:
      bool tensor of the broadcast shape.

    >>> tf.greater_equal([1, 2], 2).numpy()
    array([False,  True])
    """
    return apply(_greater_equal, (x, y), (), name)


@op(
    "LogicalAnd",
    dtypes=BOOLEAN,
    shape=broadcast_bool,
    numpy=np.logical_and,
    gradient=NONE,
    api_name="logical_and",
)
def _logical_and(x, y):
    return jnp.logical_and(x, y)


@export("math.logical_and", "logical_and")
def logical_and(x: Any, y: Any, name: str | None = None) -> Any:
    """Whether both `x` and `y` are true, element by element, by broadcasting.

    Args:
      x: bool tensor.
      y: bool tensor; its shape broadcasts against `x`'s.
      name: Optional name of the node in graphs.
    Returns:
      bool tensor of the broadcast shape.

    >>> tf.logical_and([True, False], True).numpy()
    array([ True, False])
    """
    return apply(_logical_and, (x, y), (), name)


@op(
    "LogicalOr",
    dtypes=BOOLEAN,
    shape=broadcast_bool,
    numpy=np.logical_or,
    gradient=NONE,
    api_name="logical_or",
)
def _logical_or(x, y):
    return jnp.logical_or(x, y)


@export("math.logical_or", "logical_or")
def logical_or(x: Any, y: Any, name: str | None = None) -> Any:
    """Whether `x` or `y` is true, element by element, by broadcasting.

    Args:
      x: bool tensor.
      y: bool tensor; its shape broadcasts against `x`'s.
      name: Optional name of the node in graphs.
    Returns:
      bool tensor of the broadcast shape.

    >>> tf.logical_or([True, False], False).numpy()
    array([ True, False])
    """
    return apply(_logical_or, (x, y), (), name)


@op(
    "LogicalNot",
    dtypes=BOOLEAN,
    shape=same_as_first_bool,
    numpy=np.logical_not,
    gradient=NONE,
    api_name="logical_not",
)
def _logical_not(x):
    return jnp.logical_not(x)


@export("math.logical_not", "logical_not")
def logical_not(x: Any, name: str | None = None) -> Any:
    """The opposite of each element.

    Args:
      x: bool tensor.
      name: Optional name of the node in graphs.
    Returns:
      bool tensor of `x`'s shape.

    >>> tf.logical_not([True, False]).numpy()
    array([False,  True])
    """
    return apply(_logical_not, (x,), (), name)


@export("math.logical_xor")
def logical_xor(x: Any, y: Any, name: str | None = "LogicalXor") -> Any:
    """Whether exactly one of `x` and `y` is true, element by element, by broadcasting.

    Args:
      x: bool tensor.
      y: bool tensor; its shape broadcasts against `x`'s.
      name: Optional name of the node in graphs.
    Returns:
      bool tensor of the broadcast shape.

    >>> tf.math.logical_xor([True, False], True).numpy()
    array([False,  True])
    """
    return logical_and(logical_or(x, y), logical_not(logical_and(x, y)), name)
