"""Divisions, remainders, and the products and quotients that are 0 where one factor is 0."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from deras._src.core.dtypes import (
    FLOATING,
    INEXACT,
    NUMERIC,
    REAL,
    DType,
    float32,
    float64,
    from_numpy,
    int32,
    int64,
)
from deras._src.core.tensor import describe
from deras._src.dispatch.apply import apply
from deras._src.dispatch.convert import convert, convert_inputs
from deras._src.errors import InternalError, InvalidArgumentError, op_error
from deras._src.graph.checks import require
from deras._src.ops.math_cast import cast
from deras._src.ops.math_support import Specs, binary_gradient, host_twin, scalar
from deras._src.ops.shapes import broadcast, same_as_first
from deras._src.registry import NONE, op
from deras._src.util.export import export

_REMAINDER = frozenset({float32, float64, int32, int64})


def quotient_dtype(dtype: DType) -> DType:
    """The dtype of `/`: float32 for integers of 8 and 16 bits, float64 for wider ones."""
    if not dtype.is_integer:
        return dtype
    return float32 if dtype.size <= 2 else float64


def _quotient_shape(inputs: Any, attrs: Any) -> Specs:
    ((dtype, shape),) = broadcast(inputs, attrs)
    return [(quotient_dtype(dtype), shape)]


def _wide(x):
    return quotient_dtype(from_numpy(np.dtype(x.dtype))).np_dtype


def _divide_on_host(x: np.ndarray, y: np.ndarray) -> Any:
    return np.divide(x.astype(_wide(x)), y.astype(_wide(x)))


# The quotient's gradient divides twice, as TensorFlow's does: y * y may overflow, y does not.
_divide_gradient = binary_gradient("RealDiv", INEXACT, lambda g, x, y: (g / y, g * (-x / y / y)))


@op(
    "RealDiv",
    dtypes=NUMERIC,
    shape=_quotient_shape,
    numpy=host_twin(_divide_on_host),
    gradient=_divide_gradient,
    api_name="divide",
)
def _real_divide(x, y):
    if jnp.issubdtype(x.dtype, jnp.integer):
        wide = _wide(x)
        x, y = lax.convert_element_type(x, wide), lax.convert_element_type(y, wide)
    return lax.div(*jnp.broadcast_arrays(x, y))


@export("math.divide", "divide")
def divide(x: Any, y: Any, name: str | None = None) -> Any:
    """Element-wise quotient as Python's `x / y`, by broadcasting.

    Args:
      x: Tensor of any numeric dtype.
      y: Tensor of the same dtype; its shape broadcasts against `x`'s.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of the broadcast shape. Floating and complex dtypes are kept; 8- and 16-bit integers
      give float32, wider ones float64.

    Raises:
      TypeError: The dtype is not numeric.

    >>> tf.divide([7, 1], 2).numpy()
    array([3.5, 0.5])
    """
    return truediv(x, y, name)


@export("math.truediv", "truediv")
def truediv(x: Any, y: Any, name: str | None = None) -> Any:
    """Element-wise quotient as Python's `x / y`: integers are divided as floats.

    Args:
      x: Tensor of any numeric dtype.
      y: Tensor of the same dtype; its shape broadcasts against `x`'s.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of the broadcast shape. Floating and complex dtypes are kept; 8- and 16-bit integers
      give float32, wider ones float64.

    Raises:
      TypeError: The dtype is not numeric.

    >>> tf.truediv(7, 2).numpy()
    np.float64(3.5)
    """
    x, y = convert_inputs(_real_divide, (x, y))
    _refuse_other_than_numbers(x, "tf.truediv")
    return apply(_real_divide, (x, y), (), name)


def _refuse_other_than_numbers(x: Any, what: str) -> None:
    """TypeError for bools and strings, where TensorFlow's functions check before the kernel."""
    if x.dtype not in NUMERIC:
        raise op_error(
            TypeError,
            what,
            f"x is {x.dtype.name}; a floating, complex or integer tensor is wanted",
            [("x", describe(x))],
        )


@export("realdiv")
def realdiv(x: Any, y: Any, name: str | None = None) -> Any:
    """Element-wise quotient `x / y` of floating or complex tensors, by broadcasting.

    Args:
      x: Tensor; floating or complex. (Integers are divided as `tf.truediv` divides them.)
      y: Tensor of the same dtype; its shape broadcasts against `x`'s.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of the broadcast shape.

    >>> tf.realdiv([1.0, 2.0], 4.0).numpy()
    array([0.25, 0.5 ], dtype=float32)
    """
    return apply(_real_divide, (x, y), (), name)


def _checked_divisor(x, y, error=InvalidArgumentError):
    """Both integers broadcast, division by zero reported; the divisor 0 replaced by 1."""
    zero = y == scalar(0, y)
    require(~jnp.any(zero), error, "integer division by zero")
    return jnp.broadcast_arrays(x, jnp.where(zero, scalar(1, y), y))


def _is_integer(x) -> bool:
    return jnp.issubdtype(x.dtype, jnp.integer)


def _floor_quotient(x, y):
    """The quotient of integers rounded down."""
    quotient = lax.div(x, y)
    if jnp.issubdtype(x.dtype, jnp.unsignedinteger):
        return quotient
    inexact = lax.rem(x, y) != scalar(0, x)
    return jnp.where(
        inexact & ((x < scalar(0, x)) != (y < scalar(0, y))), quotient - scalar(1, x), quotient
    )


def _unless_zero(function: Any) -> Any:
    return host_twin(lambda x, y: None if np.any(y == 0) else function(x, y))


@op(
    "FloorDiv",
    dtypes=REAL,
    shape=broadcast,
    numpy=_unless_zero(np.floor_divide),
    gradient=NONE,
    api_name="math.floordiv",
)
def _floor_divide(x, y):
    if _is_integer(x):
        return _floor_quotient(*_checked_divisor(x, y))
    return jnp.floor(lax.div(*jnp.broadcast_arrays(x, y)))


@export("math.floordiv")
def floordiv(x: Any, y: Any, name: str | None = None) -> Any:
    """Element-wise quotient rounded down, Python's `x // y`, by broadcasting.

    Args:
      x: Tensor of any integer or floating dtype.
      y: Tensor of the same dtype; its shape broadcasts against `x`'s.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of the broadcast shape and the inputs' dtype.
    Raises:
      InvalidArgumentError: An integer is divided by zero.

    >>> tf.math.floordiv([7, -7], 2).numpy()
    array([ 3, -4], dtype=int32)
    """
    return apply(_floor_divide, (x, y), (), name)


def _floor_remainder(x, y):
    """The remainder with the divisor's sign, of floats."""
    remainder = lax.rem(x, y)
    wrong_side = (remainder != scalar(0, x)) & ((remainder < scalar(0, x)) != (y < scalar(0, y)))
    return jnp.where(wrong_side, remainder + y, remainder)


_floor_mod_gradient = binary_gradient(
    "FloorMod", FLOATING, lambda g, x, y: (g, -g * jnp.floor(x / y))
)


@op(
    "FloorMod",
    dtypes=REAL,
    shape=broadcast,
    numpy=_unless_zero(np.mod),
    gradient=_floor_mod_gradient,
    api_name="math.floormod",
)
def _floor_mod(x, y):
    if _is_integer(x):
        x, y = _checked_divisor(x, y)
        if jnp.issubdtype(x.dtype, jnp.unsignedinteger):
            return lax.rem(x, y)
    return _floor_remainder(*jnp.broadcast_arrays(x, y))


@export("math.floormod", "math.mod")
def floormod(x: Any, y: Any, name: str | None = None) -> Any:
    """Element-wise remainder with the divisor's sign, Python's `x % y`, by broadcasting.

    Args:
      x: Tensor of any integer or floating dtype.
      y: Tensor of the same dtype; its shape broadcasts against `x`'s.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of the broadcast shape and the inputs' dtype.
    Raises:
      InvalidArgumentError: An integer is divided by zero.

    >>> tf.math.floormod([7, -7], 3).numpy()
    array([1, 2], dtype=int32)
    """
    return apply(_floor_mod, (x, y), (), name)


def _truncated_on_host(x: np.ndarray, y: np.ndarray) -> Any:
    if np.any(y == 0) or x.dtype.kind == "u":
        return None
    quotient = np.floor_divide(x, y)
    return (quotient + ((x % y != 0) & ((x < 0) != (y < 0)))).astype(x.dtype)


@op(
    "TruncateDiv",
    dtypes=REAL,
    shape=broadcast,
    numpy=host_twin(_truncated_on_host),
    gradient=NONE,
    api_name="truncatediv",
)
def _truncate_divide(x, y):
    if _is_integer(x):
        return lax.div(*_checked_divisor(x, y, InternalError))
    return jnp.trunc(lax.div(*jnp.broadcast_arrays(x, y)))


@export("truncatediv")
def truncatediv(x: Any, y: Any, name: str | None = None) -> Any:
    """Element-wise quotient rounded towards zero, as C divides integers, by broadcasting.

    Args:
      x: Tensor of any integer or floating dtype.
      y: Tensor of the same dtype; its shape broadcasts against `x`'s.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of the broadcast shape and the inputs' dtype.
    Raises:
      InternalError: An integer is divided by zero. (TensorFlow's class for it.)

    >>> tf.truncatediv([7, -7], 2).numpy()
    array([ 3, -3], dtype=int32)
    """
    return apply(_truncate_divide, (x, y), (), name)


@op(
    "TruncateMod",
    dtypes=_REMAINDER,
    shape=broadcast,
    numpy=_unless_zero(np.fmod),
    gradient=NONE,
    api_name="truncatemod",
)
def _truncate_mod(x, y):
    if _is_integer(x):
        x, y = _checked_divisor(x, y, InternalError)
    return lax.rem(*jnp.broadcast_arrays(x, y))


@export("truncatemod")
def truncatemod(x: Any, y: Any, name: str | None = None) -> Any:
    """Element-wise remainder with the dividend's sign, as C's `x % y`, by broadcasting.

    Args:
      x: Tensor; int32, int64, float32 or float64.
      y: Tensor of the same dtype; its shape broadcasts against `x`'s.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of the broadcast shape and the inputs' dtype.
    Raises:
      InternalError: An integer is divided by zero. (TensorFlow's class for it.)

    >>> tf.truncatemod([7, -7], 3).numpy()
    array([ 1, -1], dtype=int32)
    """
    return apply(_truncate_mod, (x, y), (), name)


def _zero_unless(condition, numerator, value):
    """`value` where `condition`, else 0."""
    return jnp.where(condition, value, jnp.zeros_like(value))


def _safe_quotient(x, y):
    """x / y, and 0 where y is 0."""
    zero = y == scalar(0, y)
    quotient = jnp.divide(x, jnp.where(zero, scalar(1, y), y))
    return _zero_unless(~zero, x, quotient)


def _safe_product(x, y):
    """x * y, and 0 where y is 0, whatever x is."""
    return _zero_unless(y != scalar(0, y), x, jnp.multiply(x, y))


@op(
    "DivNoNan",
    dtypes=INEXACT,
    shape=broadcast,
    gradient=binary_gradient(
        "DivNoNan",
        INEXACT,
        lambda g, x, y: (_safe_quotient(g, y), g * _safe_quotient(_safe_quotient(-x, y), y)),
    ),
    api_name="math.divide_no_nan",
)
def _divide_no_nan(x, y):
    return _safe_quotient(x, y)


@export("math.divide_no_nan")
def divide_no_nan(x: Any, y: Any, name: str | None = None) -> Any:
    """Element-wise quotient `x / y` that is 0 where `y` is 0, by broadcasting.

    Args:
      x: Tensor of any numeric dtype; integers are divided as `tf.truediv` divides them.
      y: Tensor of the same dtype; its shape broadcasts against `x`'s.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of the broadcast shape.

    >>> tf.math.divide_no_nan([3.0, 1.0], [2.0, 0.0]).numpy()
    array([1.5, 0. ], dtype=float32)
    """
    x, y = convert_inputs(_divide_no_nan, (x, y))
    _refuse_other_than_numbers(x, "tf.math.divide_no_nan")
    if x.dtype.is_integer and y.dtype is x.dtype:
        wide = quotient_dtype(x.dtype)
        x, y = cast(x, wide), cast(y, wide)
    return apply(_divide_no_nan, (x, y), (), name)


@op(
    "MulNoNan",
    dtypes=INEXACT,
    shape=broadcast,
    gradient=binary_gradient(
        "MulNoNan",
        INEXACT,
        lambda g, x, y: (_safe_product(g, y), _safe_product(x, g)),
        conjugate=False,
    ),
    api_name="math.multiply_no_nan",
)
def _multiply_no_nan(x, y):
    return _safe_product(x, y)


@export("math.multiply_no_nan")
def multiply_no_nan(x: Any, y: Any, name: str | None = None) -> Any:
    """Element-wise product `x * y` that is 0 where `y` is 0, even if `x` is infinite or NaN.

    Args:
      x: Tensor; floating or complex.
      y: Tensor of the same dtype; its shape broadcasts against `x`'s.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of the broadcast shape and the inputs' dtype.

    >>> tf.math.multiply_no_nan([2.0, float("nan")], [3.0, 0.0]).numpy()
    array([6., 0.], dtype=float32)
    """
    return apply(_multiply_no_nan, (x, y), (), name)


def _unless_x_zero(x, y, function):
    """`function(x, y)`, and 0 where x is 0, whatever y is."""
    zero = x == scalar(0, x)
    safe = jnp.where(zero, scalar(1, y), y)
    return jnp.where(zero, jnp.zeros_like(safe), function(x, safe))


def _xlogy_of(x, y):
    return _unless_x_zero(x, y, lambda a, b: a * jnp.log(b))


def _xlog1py_of(x, y):
    return _unless_x_zero(x, y, lambda a, b: a * jnp.log1p(b))


def _xdivy_of(x, y):
    return _unless_x_zero(x, y, lambda a, b: a / b)


def _one_unless_zero(x):
    return (x != scalar(0, x)).astype(x.dtype)


@op(
    "Xlogy",
    dtypes=INEXACT,
    shape=broadcast,
    gradient=binary_gradient(
        "Xlogy",
        INEXACT,
        lambda g, x, y: (g * _xlogy_of(_one_unless_zero(x), y), g * _xdivy_of(x, y)),
        conjugate=False,
    ),
    api_name="math.xlogy",
)
def _xlogy(x, y):
    return _xlogy_of(x, y)


@export("math.xlogy")
def xlogy(x: Any, y: Any, name: str | None = None) -> Any:
    """Element-wise `x * log(y)` that is 0 where `x` is 0, by broadcasting.

    Args:
      x: Tensor; floating or complex.
      y: Tensor of the same dtype; its shape broadcasts against `x`'s.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of the broadcast shape and the inputs' dtype.

    >>> tf.math.xlogy([0.0, 2.0], [0.0, 1.0]).numpy()
    array([0., 0.], dtype=float32)
    """
    return apply(_xlogy, (x, y), (), name)


@op(
    "Xlog1py",
    dtypes=INEXACT,
    shape=broadcast,
    gradient=binary_gradient(
        "Xlog1py",
        INEXACT,
        lambda g, x, y: (
            g * _xlog1py_of(_one_unless_zero(x), y),
            g * _xdivy_of(x, y + scalar(1, y)),
        ),
        conjugate=False,
    ),
    api_name="math.xlog1py",
)
def _xlog1py(x, y):
    return _xlog1py_of(x, y)


@export("math.xlog1py")
def xlog1py(x: Any, y: Any, name: str | None = None) -> Any:
    """Element-wise `x * log1p(y)` that is 0 where `x` is 0, by broadcasting.

    Args:
      x: Tensor; floating or complex.
      y: Tensor of the same dtype; its shape broadcasts against `x`'s.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of the broadcast shape and the inputs' dtype.

    >>> tf.math.xlog1py([0.0, 2.0], [-1.0, 0.0]).numpy()
    array([0., 0.], dtype=float32)
    """
    return apply(_xlog1py, (x, y), (), name)


@op(
    "Xdivy",
    dtypes=INEXACT,
    shape=broadcast,
    gradient=binary_gradient(
        "Xdivy",
        INEXACT,
        lambda g, x, y: (g * _xdivy_of(_one_unless_zero(x), y), g * _xdivy_of(-x, y * y)),
        conjugate=False,
    ),
    api_name="math.xdivy",
)
def _xdivy(x, y):
    return _xdivy_of(x, y)


@export("math.xdivy")
def xdivy(x: Any, y: Any, name: str | None = None) -> Any:
    """Element-wise `x / y` that is 0 where `x` is 0, by broadcasting.

    Args:
      x: Tensor; floating or complex.
      y: Tensor of the same dtype; its shape broadcasts against `x`'s.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of the broadcast shape and the inputs' dtype.

    >>> tf.math.xdivy([0.0, 3.0], [0.0, 2.0]).numpy()
    array([0. , 1.5], dtype=float32)
    """
    return apply(_xdivy, (x, y), (), name)


@op("ReciprocalGrad", dtypes=INEXACT, shape=same_as_first, api_name="math.reciprocal")
def _reciprocal_grad(y, dy):
    y = jnp.conj(y) if jnp.iscomplexobj(y) else y
    # TensorFlow's kernel keeps an infinite slope out where nothing comes in.
    square = y * y
    out = (dy == 0) & ~jnp.isfinite(square)
    return -dy * jnp.where(out, jnp.zeros_like(square), square)


def _reciprocal_gradient(record: Any, grad: Any) -> Any:
    return (apply(_reciprocal_grad, (record.outputs[0], grad)),)


@op(
    "Reciprocal",
    dtypes=INEXACT,
    shape=same_as_first,
    gradient=_reciprocal_gradient,  # from the output: no second division
    api_name="math.reciprocal",
)
def _reciprocal(x):
    return lax.div(jnp.ones_like(x), x)


@export("math.reciprocal")
def reciprocal(x: Any, name: str | None = None) -> Any:
    """Element-wise `1 / x`.

    Args:
      x: Tensor; floating or complex.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `x`'s shape and dtype.

    >>> tf.math.reciprocal([2.0, 4.0]).numpy()
    array([0.5 , 0.25], dtype=float32)
    """
    return apply(_reciprocal, (x,), (), name)


@export("math.reciprocal_no_nan")
def reciprocal_no_nan(x: Any, name: str | None = None) -> Any:
    """Element-wise `1 / x` that is 0 where `x` is 0.

    Args:
      x: Tensor; floating or complex.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `x`'s shape and dtype.

    >>> tf.math.reciprocal_no_nan([2.0, 0.0]).numpy()
    array([0.5, 0. ], dtype=float32)
    """
    tensor = convert(x)
    return apply(_divide_no_nan, (convert(1, tensor.dtype), tensor), (), name)
