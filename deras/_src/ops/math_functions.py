"""Functions made of other ops, and small ops of their own that belong to no other file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import jax.numpy as jnp
from jax import lax

from deras._src.core.dtypes import (
    INDEX,
    REAL,
    float32,
)
from deras._src.core.dtypes import bool_ as bool_dtype
from deras._src.core.tensor import describe
from deras._src.core.tensor_shape import TensorShape
from deras._src.dispatch.apply import apply
from deras._src.dispatch.convert import convert
from deras._src.errors import InvalidArgumentError, op_error
from deras._src.graph.checks import require
from deras._src.ops.math_binary import add, maximum, multiply
from deras._src.ops.math_cast import cast, imag, real
from deras._src.ops.math_compare import equal
from deras._src.ops.math_reduce import reduce_mean, reduce_sum
from deras._src.ops.math_support import Specs, scalar
from deras._src.ops.math_unary import rsqrt, square
from deras._src.registry import NONE, op
from deras._src.util.export import export


@export("math.l2_normalize", "nn.l2_normalize")
def l2_normalize(
    x: Any, axis: Any = None, epsilon: float = 1e-12, name: str | None = None, dim: Any = None
) -> Any:
    """A tensor scaled to Euclidean length 1 along axes.

    Args:
      x: Tensor; floating or complex.
      axis: Int or list of ints in `[-rank, rank)`. None: all axes.
      epsilon: The least sum of squares that is divided by.
      name: Optional name of the node in graphs.
      dim: The old name of `axis`.
    Returns:
      Tensor of `x`'s shape and dtype: `x / sqrt(max(sum(x**2), epsilon))`.
    Raises:
      ValueError: Both `axis` and `dim` are given.

    >>> tf.math.l2_normalize([3.0, 4.0]).numpy()
    array([0.6, 0.8], dtype=float32)
    """
    if dim is not None:
        if axis is not None:
            raise ValueError("tf.math.l2_normalize: cannot specify both axis and dim")
        axis = dim
    tensor = x if hasattr(type(x), "__deras_dispatch__") else convert(x)
    if tensor.dtype.is_complex:
        squared = add(square(real(tensor)), square(imag(tensor)))
        scale = rsqrt(maximum(reduce_sum(squared, axis, True), epsilon))
        return multiply(tensor, cast(scale, tensor.dtype), name)
    scale = rsqrt(maximum(reduce_sum(square(tensor), axis, True), epsilon))
    return multiply(tensor, scale, name)


@export("math.zero_fraction", "nn.zero_fraction")
def zero_fraction(value: Any, name: str | None = None) -> Any:
    """Which part of a tensor's elements is zero.

    Args:
      value: Tensor of any numeric dtype, or of bools.
      name: Optional name of the node in graphs.
    Returns:
      float32 scalar in [0, 1]; NaN of a tensor without elements.

    >>> tf.math.zero_fraction([0.0, 1.0, 0.0, 2.0]).numpy()
    np.float32(0.5)
    """
    tensor = convert(value)
    zero: Any = False if tensor.dtype.is_bool else 0
    zeros = equal(tensor, convert(zero, tensor.dtype))
    return reduce_mean(cast(zeros, float32), name=name)


@export("math.polyval")
def polyval(coeffs: Any, x: Any, name: str | None = None) -> Any:
    """The polynomial with the given coefficients at `x`, by Horner's rule.

    Args:
      coeffs: List of tensors, the coefficient of the highest power first.
      x: Tensor of the same dtype.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of the broadcast shape; 0 where there is no coefficient.
    Raises:
      ValueError: `coeffs` is not a list.

    >>> tf.math.polyval([2.0, 1.0], 3.0).numpy()
    np.float32(7.0)
    """
    if not isinstance(coeffs, list):
        raise ValueError(f"tf.math.polyval: coeffs must be a list, got {type(coeffs).__name__}")
    at = convert(x)
    if not coeffs:
        return multiply(at, convert(0, at.dtype), name)
    value = convert(coeffs[0])
    for coefficient in coeffs[1:]:
        value = add(coefficient, multiply(value, at))
    return value


@op(
    "InvertPermutation",
    dtypes=INDEX,
    shape=lambda inputs, attrs: [(inputs[0].dtype, inputs[0].shape.with_rank(1))],
    gradient=NONE,
    api_name="math.invert_permutation",
)
def _invert_permutation(x):
    if x.ndim != 1:
        raise ValueError(f"x must have rank 1, its shape is {list(x.shape)}")
    size = scalar(x.shape[0], x)
    inside = (x >= scalar(0, x)) & (x < size)
    require(jnp.all(inside), InvalidArgumentError, f"an element is not in [0, {x.shape[0]})")
    safe = jnp.where(inside, x, scalar(0, x))
    positions = lax.iota(x.dtype, x.shape[0])
    inverse = jnp.full_like(x, -1).at[safe].set(positions)
    require(jnp.all(inverse >= scalar(0, x)), InvalidArgumentError, "an element occurs twice")
    return inverse


@export("math.invert_permutation")
def invert_permutation(x: Any, name: str | None = None) -> Any:
    """The inverse `y` of a permutation: `y[x[i]] == i`.

    Args:
      x: int32 or int64 tensor of shape `[n]` that holds each of 0 ... n - 1 once.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `x`'s shape and dtype.
    Raises:
      InvalidArgumentError: `x` is no permutation.

    >>> tf.math.invert_permutation([3, 4, 0, 2, 1]).numpy()
    array([2, 4, 3, 0, 1], dtype=int32)
    """
    return apply(_invert_permutation, (x,), (), name)


def _scalar_bool(inputs: Sequence[Any], attrs: Mapping[str, Any]) -> Specs:
    return [(bool_dtype, TensorShape(()))]


@op("Monotonic", dtypes=REAL, shape=_scalar_bool, gradient=NONE)
def _monotonic(x, *, strict):
    flat = x.reshape(-1)
    later, earlier = flat[1:], flat[:-1]
    return jnp.all(later > earlier if strict else later >= earlier)


def _is_monotonic(x: Any, strict: bool, what: str, name: str | None) -> Any:
    tensor = convert(x)
    if tensor.dtype not in REAL:
        raise op_error(
            TypeError,
            what,
            f"x is {tensor.dtype.name}; an integer or floating tensor is wanted",
            [("x", describe(tensor))],
        )
    return apply(_monotonic, (tensor,), (("strict", strict),), name)


@export("math.is_non_decreasing")
def is_non_decreasing(x: Any, name: str | None = None) -> Any:
    """Whether no element is less than the one before it, in row-major order.

    Args:
      x: Tensor of any integer or floating dtype.
      name: Optional name of the node in graphs.
    Returns:
      bool scalar; True for fewer than two elements.

    >>> tf.math.is_non_decreasing([1.0, 1.0, 2.0]).numpy()
    np.True_
    """
    return _is_monotonic(x, False, "tf.math.is_non_decreasing", name)


@export("math.is_strictly_increasing")
def is_strictly_increasing(x: Any, name: str | None = None) -> Any:
    """Whether each element is greater than the one before it, in row-major order.

    Args:
      x: Tensor of any integer or floating dtype.
      name: Optional name of the node in graphs.
    Returns:
      bool scalar; True for fewer than two elements.

    >>> tf.math.is_strictly_increasing([1.0, 1.0, 2.0]).numpy()
    np.False_
    """
    return _is_monotonic(x, True, "tf.math.is_strictly_increasing", name)
