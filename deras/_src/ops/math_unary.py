"""Element-wise functions of one tensor: sign and rounding, powers, exponentials, logarithms.

Trigonometry is in `math_trig.py`, special functions in `math_special.py` and `math_bessel.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from deras._src.core.dtypes import (
    FLOATING,
    INEXACT,
    NUMERIC,
    SIGNED,
    float32,
    float64,
    int32,
    int64,
)
from deras._src.dispatch.apply import apply
from deras._src.dispatch.convert import convert
from deras._src.ops.math_binary import negative
from deras._src.ops.math_support import (
    Specs,
    host_twin,
    like_first_of_two,
    output_gradient,
    scalar,
)
from deras._src.ops.shapes import same_as_first, same_as_first_bool
from deras._src.registry import NONE, op
from deras._src.util.export import export

_ROUNDABLE = FLOATING | frozenset({int32, int64})


def _real_shape(inputs: Sequence[Any], attrs: Mapping[str, Any]) -> Specs:
    return [(inputs[0].dtype.real_dtype, inputs[0].shape)]


def _sign_of(x):
    """-1, 0 or 1; for complex numbers x / |x|; NaN of NaN."""
    if jnp.iscomplexobj(x):
        size = lax.abs(x)
        zero = size == scalar(0, size)
        safe = jnp.where(zero, scalar(1, size), size)
        return jnp.where(zero, jnp.zeros_like(x), x / lax.complex(safe, jnp.zeros_like(safe)))
    return lax.sign(x)


@op("AbsGrad", dtypes={}, shape=same_as_first, api_name="abs")
def _abs_grad(x, dy):
    if jnp.iscomplexobj(x):
        dy = lax.complex(dy, jnp.zeros_like(dy))
    return dy * _sign_of(x)


def _abs_gradient(record: Any, grad: Any) -> Any:
    return (apply(_abs_grad, (record.inputs[0], grad)),)


@op(
    "Abs",
    dtypes=SIGNED,
    shape=_real_shape,
    numpy=host_twin(np.abs),
    gradient=_abs_gradient,  # 0 at 0, of complex numbers too, where JAX's is NaN
    api_name="abs",
)
def _abs(x):
    return lax.abs(x)


@export("math.abs", "abs")
def abs(x: Any, name: str | None = None) -> Any:
    """The absolute value of each element. Its gradient at 0 is 0.

    Args:
      x: Tensor; signed integer, floating or complex.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `x`'s shape and dtype; of the real dtype for complex numbers. The absolute value
      of the lowest integer is that integer itself.

    >>> tf.abs([-1.5, 2.0]).numpy()
    array([1.5, 2. ], dtype=float32)
    >>> tf.abs([3.0 + 4.0j]).numpy()
    array([5.])
    """
    return apply(_abs, (x,), (), name)


@op("SignGrad", dtypes=INEXACT, shape=same_as_first, api_name="sign")
def _sign_grad(x, dy):
    if not jnp.iscomplexobj(x):
        return jnp.zeros_like(x)
    size = lax.abs(x)
    double = lax.complex(size + size, jnp.zeros_like(size))
    zero = size == scalar(0, size)
    unit = _sign_of(x)
    quotient = (dy - unit * unit * jnp.conj(dy)) / jnp.where(zero, scalar(1, x), double)
    return jnp.where(zero, scalar(0, x), quotient)


@op(
    "Sign",
    dtypes=SIGNED,
    shape=same_as_first,
    gradient=lambda record, grad: (apply(_sign_grad, (record.inputs[0], grad)),),
    api_name="sign",
)
def _sign(x):
    return _sign_of(x)


@export("math.sign", "sign")
def sign(x: Any, name: str | None = None) -> Any:
    """-1, 0 or 1 by the sign of each element; `x / |x|` for complex numbers.

    Args:
      x: Tensor; signed integer, floating or complex.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `x`'s shape and dtype.

    >>> tf.sign([-3.0, 0.0, 2.0]).numpy()
    array([-1.,  0.,  1.], dtype=float32)
    """
    return apply(_sign, (x,), (), name)


@op("Round", dtypes=_ROUNDABLE, shape=same_as_first, gradient=NONE, api_name="round")
def _round(x):
    if jnp.issubdtype(x.dtype, jnp.integer):
        return x
    return lax.round(x, lax.RoundingMethod.TO_NEAREST_EVEN)


@export("math.round", "round")
def round(x: Any, name: str | None = None) -> Any:
    """Each element rounded to the nearest integer, halves to the even one.

    Args:
      x: Tensor; floating, or integer (returned as it is).
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `x`'s shape and dtype.

    >>> tf.round([0.5, 1.5, -1.2]).numpy()
    array([ 0.,  2., -1.], dtype=float32)
    """
    tensor = x if hasattr(type(x), "__deras_dispatch__") else convert(x)
    if tensor.dtype.is_integer:
        return tensor
    return apply(_round, (tensor,), (), name)


@op(
    "Rint",
    dtypes=frozenset({float32, float64}),
    shape=same_as_first,
    gradient=NONE,
    api_name="math.rint",
)
def _rint(x):
    return lax.round(x, lax.RoundingMethod.TO_NEAREST_EVEN)


@export("math.rint")
def rint(x: Any, name: str | None = None) -> Any:
    """Each element rounded to the nearest integer, halves to the even one.

    Args:
      x: Tensor; float32 or float64.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `x`'s shape and dtype.

    >>> tf.math.rint([-1.7, 2.5]).numpy()
    array([-2.,  2.], dtype=float32)
    """
    return apply(_rint, (x,), (), name)


@op("Ceil", dtypes=FLOATING, shape=same_as_first, gradient=NONE, api_name="math.ceil")
def _ceil(x):
    return lax.ceil(x)


@export("math.ceil")
def ceil(x: Any, name: str | None = None) -> Any:
    """The least integer that is not below each element.

    Args:
      x: Tensor; floating.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `x`'s shape and dtype.

    >>> tf.math.ceil([-1.5, 1.2]).numpy()
    array([-1.,  2.], dtype=float32)
    """
    return apply(_ceil, (x,), (), name)


@op("Floor", dtypes=FLOATING, shape=same_as_first, gradient=NONE, api_name="floor")
def _floor(x):
    return lax.floor(x)


@export("math.floor", "floor")
def floor(x: Any, name: str | None = None) -> Any:
    """The greatest integer that is not above each element.

    Args:
      x: Tensor; floating.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `x`'s shape and dtype.

    >>> tf.floor([-1.5, 1.2]).numpy()
    array([-2.,  1.], dtype=float32)
    """
    return apply(_floor, (x,), (), name)


_exp_grad, _exp_gradient = output_gradient("Exp", INEXACT, lambda y, dy: dy * y)


@op("Exp", dtypes=INEXACT, shape=same_as_first, gradient=_exp_gradient, api_name="exp")
def _exp(x):
    return lax.exp(x)


@export("math.exp", "exp")
def exp(x: Any, name: str | None = None) -> Any:
    """e to the power of each element.

    Args:
      x: Tensor; floating or complex.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `x`'s shape and dtype.

    >>> tf.exp([0.0, 1.0]).numpy()
    array([1.       , 2.7182817], dtype=float32)
    """
    return apply(_exp, (x,), (), name)


@op("Expm1", dtypes=INEXACT, shape=same_as_first, api_name="math.expm1")
def _expm1(x):
    return lax.expm1(x)


@export("math.expm1")
def expm1(x: Any, name: str | None = None) -> Any:
    """`exp(x) - 1`, accurate near 0.

    Args:
      x: Tensor; floating or complex.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `x`'s shape and dtype.

    >>> tf.math.expm1([0.0, 1e-8]).numpy()
    array([0.e+00, 1.e-08], dtype=float32)
    """
    return apply(_expm1, (x,), (), name)


@op("Log", dtypes=INEXACT, shape=same_as_first, api_name="math.log")
def _log(x):
    return lax.log(x)


@export("math.log")
def log(x: Any, name: str | None = None) -> Any:
    """The natural logarithm of each element: -inf of 0, NaN of negative numbers.

    Args:
      x: Tensor; floating or complex.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `x`'s shape and dtype.

    >>> tf.math.log([1.0, 0.0]).numpy()
    array([  0., -inf], dtype=float32)
    """
    return apply(_log, (x,), (), name)


@op("Log1p", dtypes=INEXACT, shape=same_as_first, api_name="math.log1p")
def _log1p(x):
    return lax.log1p(x)


@export("math.log1p")
def log1p(x: Any, name: str | None = None) -> Any:
    """`log(1 + x)`, accurate near 0.

    Args:
      x: Tensor; floating or complex.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `x`'s shape and dtype.

    >>> tf.math.log1p([0.0, 1e-8]).numpy()
    array([0.e+00, 1.e-08], dtype=float32)
    """
    return apply(_log1p, (x,), (), name)


def _none_of_nothing(dy, slope):
    """`dy * slope`, and 0 where `dy` is 0: TensorFlow keeps an infinite slope out there."""
    out = (dy == 0) & ~jnp.isfinite(slope)
    return dy * jnp.where(out, jnp.zeros_like(slope), slope)


_sqrt_grad, _sqrt_gradient = output_gradient(
    "Sqrt", INEXACT, lambda y, dy: _none_of_nothing(dy, scalar(0.5, y) / y)
)


@op("Sqrt", dtypes=INEXACT, shape=same_as_first, gradient=_sqrt_gradient, api_name="sqrt")
def _sqrt(x):
    return lax.sqrt(x)


@export("math.sqrt", "sqrt")
def sqrt(x: Any, name: str | None = None) -> Any:
    """The square root of each element: NaN of negative numbers. Its gradient at 0 is inf.

    Args:
      x: Tensor; floating or complex.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `x`'s shape and dtype.

    >>> tf.sqrt([4.0, 9.0]).numpy()
    array([2., 3.], dtype=float32)
    """
    return apply(_sqrt, (x,), (), name)


_rsqrt_grad, _rsqrt_gradient = output_gradient(
    "Rsqrt", INEXACT, lambda y, dy: _none_of_nothing(dy, scalar(-0.5, y) * y * y * y)
)


@op("Rsqrt", dtypes=INEXACT, shape=same_as_first, gradient=_rsqrt_gradient, api_name="math.rsqrt")
def _rsqrt(x):
    return lax.rsqrt(x)


@export("math.rsqrt")
def rsqrt(x: Any, name: str | None = None) -> Any:
    """One over the square root of each element.

    Args:
      x: Tensor; floating or complex.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `x`'s shape and dtype.

    >>> tf.math.rsqrt([4.0, 0.0]).numpy()
    array([0.5, inf], dtype=float32)
    """
    return apply(_rsqrt, (x,), (), name)


@op("Square", dtypes=NUMERIC, shape=same_as_first, numpy=host_twin(np.square), api_name="square")
def _square(x):
    return lax.mul(x, x)


@export("math.square", "square")
def square(x: Any, name: str | None = None) -> Any:
    """Each element times itself.

    Args:
      x: Tensor of any numeric dtype.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `x`'s shape and dtype. Integers wrap around.

    >>> tf.square([-2.0, 3.0]).numpy()
    array([4., 9.], dtype=float32)
    """
    return apply(_square, (x,), (), name)


_sigmoid_grad, _sigmoid_gradient = output_gradient(
    "Sigmoid", INEXACT, lambda y, dy: dy * y * (scalar(1, y) - y)
)


@op("Sigmoid", dtypes=INEXACT, shape=same_as_first, gradient=_sigmoid_gradient, api_name="sigmoid")
def _sigmoid(x):
    return lax.logistic(x)


@export("math.sigmoid", "nn.sigmoid", "sigmoid")
def sigmoid(x: Any, name: str | None = None) -> Any:
    """The logistic function `1 / (1 + exp(-x))`.

    Args:
      x: Tensor; floating or complex.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `x`'s shape and dtype.

    >>> tf.sigmoid([0.0, 100.0]).numpy()
    array([0.5, 1. ], dtype=float32)
    """
    return apply(_sigmoid, (x,), (), name)


_tanh_grad, _tanh_gradient = output_gradient(
    "Tanh", INEXACT, lambda y, dy: dy * (scalar(1, y) - y * y)
)


@op("Tanh", dtypes=INEXACT, shape=same_as_first, gradient=_tanh_gradient, api_name="tanh")
def _tanh(x):
    return lax.tanh(x)


@export("math.tanh", "nn.tanh", "tanh")
def tanh(x: Any, name: str | None = None) -> Any:
    """The hyperbolic tangent of each element.

    Args:
      x: Tensor; floating or complex.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `x`'s shape and dtype.

    >>> tf.tanh([0.0, 100.0]).numpy()
    array([0., 1.], dtype=float32)
    """
    return apply(_tanh, (x,), (), name)


@op("SoftplusGrad", dtypes=FLOATING, shape=like_first_of_two, api_name="math.softplus")
def _softplus_grad(dy, x):
    return dy / (jnp.exp(-x) + scalar(1, x))


@op(
    "Softplus",
    dtypes=FLOATING,
    shape=same_as_first,
    # JAX's derivative of log(1 + e^x) written stably is two terms; TensorFlow's is one.
    gradient=lambda record, grad: (apply(_softplus_grad, (grad, record.inputs[0])),),
    api_name="math.softplus",
)
def _softplus(features):
    return jnp.logaddexp(features, jnp.zeros_like(features))


@export("math.softplus", "nn.softplus")
def softplus(features: Any, name: str | None = None) -> Any:
    """`log(1 + exp(x))` of each element, a smooth form of `max(x, 0)`.

    Args:
      features: Tensor; floating.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `features`' shape and dtype.

    >>> tf.math.softplus([0.0, 100.0]).numpy()
    array([  0.6931472, 100.       ], dtype=float32)
    """
    return apply(_softplus, (features,), (), name)


@op("SoftsignGrad", dtypes=FLOATING, shape=like_first_of_two, api_name="nn.softsign")
def _softsign_grad(dy, x):
    one = scalar(1, x)
    return dy / lax.square(one + lax.abs(x))


@op(
    "Softsign",
    dtypes=FLOATING,
    shape=same_as_first,
    gradient=lambda record, grad: (apply(_softsign_grad, (grad, record.inputs[0])),),
    api_name="nn.softsign",
)
def _softsign(features):
    return features / (lax.abs(features) + scalar(1, features))


@export("math.softsign", "nn.softsign")
def softsign(features: Any, name: str | None = None) -> Any:
    """`x / (1 + |x|)` of each element.

    Args:
      features: Tensor; floating.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `features`' shape and dtype.

    >>> tf.nn.softsign([1.0, -3.0]).numpy()
    array([ 0.5 , -0.75], dtype=float32)
    """
    return apply(_softsign, (features,), (), name)


@export("math.log_sigmoid")
def log_sigmoid(x: Any, name: str | None = None) -> Any:
    """The logarithm of the logistic function, `-softplus(-x)`.

    Args:
      x: Tensor; floating.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `x`'s shape and dtype.

    >>> tf.math.log_sigmoid([0.0, -100.0]).numpy()
    array([  -0.6931472, -100.       ], dtype=float32)
    """
    return negative(softplus(negative(x)), name)


@op("IsNan", dtypes=FLOATING, shape=same_as_first_bool, gradient=NONE, api_name="math.is_nan")
def _is_nan(x):
    return jnp.isnan(x)


@export("math.is_nan")
def is_nan(x: Any, name: str | None = None) -> Any:
    """Whether each element is NaN.

    Args:
      x: Tensor; floating.
      name: Optional name of the node in graphs.
    Returns:
      bool tensor of `x`'s shape.

    >>> tf.math.is_nan([1.0, float("nan")]).numpy()
    array([False,  True])
    """
    return apply(_is_nan, (x,), (), name)


@op("IsInf", dtypes=FLOATING, shape=same_as_first_bool, gradient=NONE, api_name="math.is_inf")
def _is_inf(x):
    return jnp.isinf(x)


@export("math.is_inf")
def is_inf(x: Any, name: str | None = None) -> Any:
    """Whether each element is infinite.

    Args:
      x: Tensor; floating.
      name: Optional name of the node in graphs.
    Returns:
      bool tensor of `x`'s shape.

    >>> tf.math.is_inf([1.0, float("-inf")]).numpy()
    array([False,  True])
    """
    return apply(_is_inf, (x,), (), name)


@op(
    "IsFinite",
    dtypes=FLOATING,
    shape=same_as_first_bool,
    gradient=NONE,
    api_name="math.is_finite",
)
def _is_finite(x):
    return jnp.isfinite(x)


@export("math.is_finite")
def is_finite(x: Any, name: str | None = None) -> Any:
    """Whether each element is neither infinite nor NaN.

    Args:
      x: Tensor; floating.
      name: Optional name of the node in graphs.
    Returns:
      bool tensor of `x`'s shape.

    >>> tf.math.is_finite([1.0, float("inf")]).numpy()
    array([ True, False])
    """
    return apply(_is_finite, (x,), (), name)
