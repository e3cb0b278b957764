"""Sum, difference, product and extremes of two tensors, by broadcasting.

Division and its relatives are in `math_division.py`, comparisons in `math_compare.py`.
"""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from deras._src.core.dtypes import (
    FLOATING,
    INDEX,
    INEXACT,
    NUMERIC,
    REAL,
    SIGNED,
    STRING,
    float32,
    float64,
)
from deras._src.core.dtypes import string as string_dtype
from deras._src.dispatch.apply import apply
from deras._src.dispatch.convert import convert
from deras._src.errors import InvalidArgumentError
from deras._src.graph.checks import require
from deras._src.ops.math_support import binary_gradient, dtype_of, host_twin, scalar
from deras._src.ops.shapes import broadcast, same_as_first
from deras._src.registry import NONE, op
from deras._src.util.export import export


@op("AddV2", dtypes=NUMERIC, shape=broadcast, numpy=host_twin(np.add), api_name="add")
def _add(x, y):
    return jnp.add(x, y)


@op("Add", dtypes=STRING, host=True, shape=broadcast, gradient=NONE, api_name="add")
def _add_strings(x, y):
    return np.asarray(np.add(x, y), object)


def _is_string(value: Any) -> bool:
    if dtype_of(value) is string_dtype or isinstance(value, (str, bytes)):
        return True
    return isinstance(value, np.ndarray) and value.dtype.kind in "SUO"


@export("math.add", "add")
def add(x: Any, y: Any, name: str | None = None) -> Any:
    """Element-wise sum `x + y`, by broadcasting; strings are joined.

    Args:
      x: Tensor of any numeric dtype, or of strings.
      y: Tensor of the same dtype; its shape broadcasts against `x`'s.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of the broadcast shape and the inputs' dtype. Integers wrap around.
    Raises:
      InvalidArgumentError: The dtypes differ, or the shapes do not broadcast.

    >>> tf.add([1.0, 2.0], 0.5).numpy()
    array([1.5, 2.5], dtype=float32)
    """
    if _is_string(x) or _is_string(y):
        return apply(_add_strings, (x, y), (), name)
    return apply(_add, (x, y), (), name)


@op("Sub", dtypes=NUMERIC, shape=broadcast, numpy=host_twin(np.subtract), api_name="subtract")
def _subtract(x, y):
    return jnp.subtract(x, y)


@export("math.subtract", "subtract")
def subtract(x: Any, y: Any, name: str | None = None) -> Any:
    """Element-wise difference `x - y`, by broadcasting.

    Args:
      x: Tensor of any numeric dtype.
      y: Tensor of the same dtype; its shape broadcasts against `x`'s.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of the broadcast shape and the inputs' dtype. Integers wrap around.

    >>> tf.subtract([1, 2], 5).numpy()
    array([-4, -3], dtype=int32)
    """
    return apply(_subtract, (x, y), (), name)


@op("Mul", dtypes=NUMERIC, shape=broadcast, numpy=host_twin(np.multiply), api_name="multiply")
def _multiply(x, y):
    return jnp.multiply(x, y)


@export("math.multiply", "multiply")
def multiply(x: Any, y: Any, name: str | None = None) -> Any:
    """Element-wise product `x * y`, by broadcasting.

    Args:
      x: Tensor of any numeric dtype.
      y: Tensor of the same dtype; its shape broadcasts against `x`'s.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of the broadcast shape and the inputs' dtype. Integers wrap around.

    >>> tf.multiply([1.0, 2.0], [3.0, 4.0]).numpy()
    array([3., 8.], dtype=float32)
    """
    return apply(_multiply, (x, y), (), name)


@export("math.scalar_mul", "scalar_mul")
def scalar_mul(scalar: Any, x: Any, name: str | None = None) -> Any:
    """A tensor, or IndexedSlices, times a scalar.

    Args:
      scalar: Scalar; it is converted to `x`'s dtype.
      x: Tensor or IndexedSlices to scale.
      name: Optional name of the node in graphs.
    Returns:
      The same kind of value as `x`.
    Raises:
      ValueError: `scalar` is not of rank 0.

    >>> tf.math.scalar_mul(2.0, [1.0, 2.0]).numpy()
    array([2., 4.], dtype=float32)
    """
    dtype = getattr(x, "dtype", None)
    factor = convert(scalar, dtype if dtype_of(x) or hasattr(x, "dense_shape") else None)
    if factor.shape.rank not in (0, None):
        raise ValueError(f"tf.scalar_mul: only a scalar is taken, got shape {factor.shape}")
    if hasattr(x, "dense_shape") and hasattr(x, "indices"):
        return type(x)(multiply(factor, x.values, name), x.indices, x.dense_shape)
    return multiply(factor, x, name)


@op(
    "SquaredDifference",
    dtypes=INEXACT | INDEX,
    shape=broadcast,
    api_name="math.squared_difference",
)
def _squared_difference(x, y):
    difference = jnp.subtract(x, y)
    return difference * jnp.conj(difference)


@export("math.squared_difference")
def squared_difference(x: Any, y: Any, name: str | None = None) -> Any:
    """Element-wise `conj(x - y) * (x - y)`, by broadcasting.

    Args:
      x: Tensor; float16, bfloat16, float32, float64, int32, int64, complex64 or complex128.
      y: Tensor of the same dtype; its shape broadcasts against `x`'s.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of the broadcast shape and the inputs' dtype.

    >>> tf.math.squared_difference([1.0, 2.0], 4.0).numpy()
    array([9., 4.], dtype=float32)
    """
    return apply(_squared_difference, (x, y), (), name)


# TensorFlow gives the whole gradient to the first argument at ties; JAX halves it.
_maximum_gradient = binary_gradient(
    "Maximum",
    FLOATING,
    lambda g, x, y: (jnp.where(x >= y, g, scalar(0, g)), jnp.where(x >= y, scalar(0, g), g)),
)
_minimum_gradient = binary_gradient(
    "Minimum",
    FLOATING,
    lambda g, x, y: (jnp.where(x <= y, g, scalar(0, g)), jnp.where(x <= y, scalar(0, g), g)),
)


@op(
    "Maximum",
    dtypes=REAL,
    shape=broadcast,
    numpy=np.maximum,
    gradient=_maximum_gradient,
    api_name="maximum",
)
def _maximum(x, y):
    return jnp.maximum(x, y)


@export("math.maximum", "maximum")
def maximum(x: Any, y: Any, name: str | None = None) -> Any:
    """The greater of `x` and `y`, element by element; NaN where one of them is NaN.

    Where both are equal the gradient goes to `x` alone.

    Args:
      x: Tensor of any integer or floating dtype.
      y: Tensor of the same dtype; its shape broadcasts against `x`'s.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of the broadcast shape and the inputs' dtype.

    >>> tf.maximum([1.0, 5.0], [2.0, 4.0]).numpy()
    array([2., 5.], dtype=float32)
    """
    return apply(_maximum, (x, y), (), name)


@op(
    "Minimum",
    dtypes=REAL,
    shape=broadcast,
    numpy=np.minimum,
    gradient=_minimum_gradient,
    api_name="minimum",
)
def _minimum(x, y):
    return jnp.minimum(x, y)


@export("math.minimum", "minimum")
def minimum(x: Any, y: Any, name: str | None = None) -> Any:
    """The smaller of `x` and `y`, element by element; NaN where one of them is NaN.

    Where both are equal the gradient goes to `x` alone.

    Args:
      x: Tensor of any integer or floating dtype.
      y: Tensor of the same dtype; its shape broadcasts against `x`'s.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of the broadcast shape and the inputs' dtype.

    >>> tf.minimum([1.0, 5.0], [2.0, 4.0]).numpy()
    array([1., 4.], dtype=float32)
    """
    return apply(_minimum, (x, y), (), name)


def _pow_partials(g, x, y):
    z = _power(x, y)
    # No special case at y = 0: 0 * 0^(-1) is NaN here as it is in TensorFlow.
    gx = g * y * _power(x, y - scalar(1, y))
    positive = x != scalar(0, x) if jnp.iscomplexobj(x) else x > scalar(0, x)
    log = jnp.where(positive, jnp.log(jnp.where(positive, x, scalar(1, x))), scalar(0, x))
    return gx, g * z * log


def _power(x, y):
    x, y = jnp.broadcast_arrays(x, y)
    if not jnp.iscomplexobj(x):
        return lax.pow(x, y)
    # Through the logarithm XLA gives NaN for the base 0: 0 to the power 0 is 1, otherwise 0.
    zero = x == scalar(0, x)
    at_zero = jnp.where(y == scalar(0, y), scalar(1, x), scalar(0, x))
    return jnp.where(zero, at_zero, lax.pow(jnp.where(zero, scalar(1, x), x), y))


def _integer_power(x, y):
    """x ** y for y >= 0 by squaring; products wrap around as C's do."""
    x, y = jnp.broadcast_arrays(x, y)
    one, result = scalar(1, x), jnp.ones_like(x)
    for bit in range(x.dtype.itemsize * 8 - 1):
        result = jnp.where((y >> scalar(bit, y)) & one != scalar(0, y), result * x, result)
        x = x * x
    return result


def _power_on_host(x: np.ndarray, y: np.ndarray) -> Any:
    return None if np.any(y < 0) else np.power(x, y)


@op(
    "Pow",
    dtypes=SIGNED,
    shape=broadcast,
    numpy=host_twin(_power_on_host),
    gradient=binary_gradient("Pow", INEXACT, _pow_partials),
    api_name="pow",
)
def _pow(x, y):
    if jnp.issubdtype(x.dtype, jnp.integer):
        require(
            jnp.all(y >= scalar(0, y)),
            InvalidArgumentError,
            "integers to negative integer powers are not allowed",
        )
        return _integer_power(x, y)
    return _power(x, y)


@export("math.pow", "pow")
def pow(x: Any, y: Any, name: str | None = None) -> Any:
    """Element-wise power `x ** y`, by broadcasting.

    The gradient for `y` is 0 where `x` is not positive.

    Args:
      x: Tensor; signed integer, floating or complex.
      y: Tensor of the same dtype; its shape broadcasts against `x`'s.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of the broadcast shape and the inputs' dtype. Integers wrap around.
    Raises:
      InvalidArgumentError: An integer is raised to a negative power.

    >>> tf.pow([2, 3], [3, 2]).numpy()
    array([8, 9], dtype=int32)
    """
    return apply(_pow, (x, y), (), name)


@op("Atan2", dtypes=FLOATING, shape=broadcast, api_name="math.atan2")
def _atan2(y, x):
    return lax.atan2(*jnp.broadcast_arrays(y, x))


@export("math.atan2", "atan2")
def atan2(y: Any, x: Any, name: str | None = None) -> Any:
    """The angle of the point `(x, y)` in radians, from -pi to pi, by broadcasting.

    Args:
      y: Tensor; float16, bfloat16, float32 or float64.
      x: Tensor of the same dtype; its shape broadcasts against `y`'s.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of the broadcast shape and the inputs' dtype.

    >>> tf.atan2([1.0, 0.0], [1.0, -1.0]).numpy()
    array([0.7853982, 3.1415927], dtype=float32)
    """
    return apply(_atan2, (y, x), (), name)


@op(
    "NextAfter",
    dtypes=frozenset({float32, float64}),
    shape=broadcast,
    gradient=NONE,
    api_name="math.nextafter",
)
def _nextafter(x1, x2):
    return lax.nextafter(*jnp.broadcast_arrays(x1, x2))


@export("math.nextafter")
def nextafter(x1: Any, x2: Any, name: str | None = None) -> Any:
    """The next number after `x1` that the dtype can hold, in the direction of `x2`.

    Args:
      x1: Tensor; float32 or float64.
      x2: Tensor of the same dtype; its shape broadcasts against `x1`'s.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of the broadcast shape and the inputs' dtype.

    >>> float(tf.math.nextafter(1.0, 2.0)) - 1.0
    1.1920928955078125e-07
    """
    return apply(_nextafter, (x1, x2), (), name)


@op(
    "Neg",
    dtypes=SIGNED,
    shape=same_as_first,
    numpy=host_twin(np.negative),
    api_name="negative",
)
def _negative(x):
    return lax.neg(x)


@export("math.negative", "negative")
def negative(x: Any, name: str | None = None) -> Any:
    """Element-wise `-x`.

    Args:
      x: Tensor; signed integer, floating or complex.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `x`'s shape and dtype.

    >>> tf.negative([1.0, -2.0]).numpy()
    array([-1.,  2.], dtype=float32)
    """
    return apply(_negative, (x,), (), name)
