"""Special functions: error function, gamma, beta, zeta and their relatives.

Bessel functions and integrals are in `math_bessel.py` and `math_integrals.py`. The numerics are
JAX's, most of them computed in float64: its float32 forms are off by more than TensorFlow's.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import jax.scipy.special as special
import numpy as np
from jax import lax

from deras._src.core.dtypes import FLOATING, float16, float32, float64
from deras._src.dispatch.apply import apply
from deras._src.dispatch.convert import convert
from deras._src.ops.math_binary import multiply, negative, subtract
from deras._src.ops.math_reduce import reduce_sum
from deras._src.ops.math_support import output_gradient, scalar, sum_to
from deras._src.ops.shapes import broadcast, same_as_first
from deras._src.registry import op
from deras._src.util.export import export

WIDE = frozenset({float32, float64})
HALF_AND_WIDE = WIDE | {float16}


def in_float64(function: Any, *values: Any) -> Any:
    """`function` of arrays, computed in float64 and rounded once.

    XLA's float32 forms of these are off by more than TensorFlow's kernels: lgamma(1) is 5e-7,
    betainc(1, 1, 0.25) misses by 1e-6.
    """
    dtype = values[0].dtype
    wide = function(*(lax.convert_element_type(v, np.float64) for v in values))
    return lax.convert_element_type(wide, dtype)


@op(
    "Erf",
    dtypes=FLOATING,
    shape=same_as_first,
    api_name="math.erf",
)
def _erf(x):
    return lax.erf(x)


@export("math.erf")
def erf(x: Any, name: str | None = None) -> Any:
    """The error function.

    Args:
      x: Tensor; floating.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `x`'s shape and dtype.

    >>> tf.math.erf([0.0, 1.0]).numpy()
    array([0.        , 0.84270084], dtype=float32)
    """
    return apply(_erf, (x,), (), name)


@op(
    "Erfc",
    dtypes=FLOATING,
    shape=same_as_first,
    api_name="math.erfc",
)
def _erfc(x):
    return lax.erfc(x)


@export("math.erfc")
def erfc(x: Any, name: str | None = None) -> Any:
    """The complementary error function, `1 - erf(x)`.

    Args:
      x: Tensor; floating.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `x`'s shape and dtype.

    >>> tf.math.erfc([0.0]).numpy()
    array([1.], dtype=float32)
    """
    return apply(_erfc, (x,), (), name)


@op(
    "Erfinv",
    dtypes=WIDE,
    shape=same_as_first,
    api_name="math.erfinv",
)
def _erfinv(x):
    return lax.erf_inv(x)


@export("math.erfinv")
def erfinv(x: Any, name: str | None = None) -> Any:
    """The inverse of the error function; infinite at -1 and 1.

    Args:
      x: Tensor; float32 or float64.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `x`'s shape and dtype.

    >>> tf.math.erfinv([0.0, 1.0]).numpy()
    array([ 0., inf], dtype=float32)
    """
    return apply(_erfinv, (x,), (), name)


# From the output: infinite at 0 and 1, where JAX's is 0.
_ndtri_grad, _ndtri_gradient = output_gradient(
    "Ndtri",
    WIDE,
    lambda y, dy: dy * scalar(np.sqrt(2 * np.pi), y) * lax.exp(lax.square(y) * scalar(0.5, y)),
)


@op(
    "Ndtri",
    dtypes=WIDE,
    shape=same_as_first,
    gradient=_ndtri_gradient,
    api_name="math.ndtri",
)
def _ndtri(x):
    return special.ndtri(x)


@export("math.ndtri")
def ndtri(x: Any, name: str | None = None) -> Any:
    """The quantile function of the standard normal distribution.

    Args:
      x: Tensor; float32 or float64.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `x`'s shape and dtype.

    >>> tf.math.ndtri([0.5, 1.0]).numpy()
    array([ 0., inf], dtype=float32)
    """
    return apply(_ndtri, (x,), (), name)


@export("math.erfcinv")
def erfcinv(x: Any, name: str | None = None) -> Any:
    """The inverse of the complementary error function.

    Args:
      x: Tensor; float32 or float64.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `x`'s shape and dtype.

    >>> tf.math.erfcinv([1.0, 0.0]).numpy()
    array([-0., inf], dtype=float32)
    """
    tensor = convert(x)
    # By the normal quantile, whose argument keeps its digits near 0 where 1 - x would not.
    half = multiply(tensor, convert(0.5, tensor.dtype))
    return multiply(negative(ndtri(half)), convert(float(np.sqrt(0.5)), tensor.dtype), name)


def _lgamma_gradient(record: Any, grad: Any) -> Any:
    return (multiply(grad, digamma(record.inputs[0])),)


@op(
    "Lgamma",
    dtypes=HALF_AND_WIDE,
    gradient=_lgamma_gradient,
    shape=same_as_first,
    api_name="math.lgamma",
)
def _lgamma(x):
    return in_float64(lax.lgamma, x)


@export("math.lgamma")
def lgamma(x: Any, name: str | None = None) -> Any:
    """The logarithm of the absolute value of the gamma function.

    Args:
      x: Tensor; float16, float32 or float64.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `x`'s shape and dtype.

    >>> tf.math.lgamma([1.0, 3.0]).numpy()
    array([0.       , 0.6931472], dtype=float32)
    """
    return apply(_lgamma, (x,), (), name)


@op(
    "Digamma",
    dtypes=HALF_AND_WIDE,
    shape=same_as_first,
    api_name="math.digamma",
)
def _digamma(x):
    # At its poles some versions of XLA give infinity.
    pole = (x <= scalar(0, x)) & (jnp.floor(x) == x)
    return jnp.where(pole, scalar(np.nan, x), in_float64(lax.digamma, x))


@export("math.digamma")
def digamma(x: Any, name: str | None = None) -> Any:
    """The derivative of `lgamma`.

    Args:
      x: Tensor; float16, float32 or float64.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `x`'s shape and dtype.

    >>> tf.math.digamma([1.0]).numpy()
    array([-0.5772157], dtype=float32)
    """
    return apply(_digamma, (x,), (), name)


@op("Igamma", dtypes=WIDE, shape=broadcast, api_name="math.igamma")
def _igamma(a, x):
    value = in_float64(lax.igamma, *jnp.broadcast_arrays(a, x))
    value = jnp.where(a > scalar(0, a), value, scalar(np.nan, a))
    return jnp.where((a == scalar(0, a)) & (x == scalar(0, x)), scalar(0, a), value)


@export("math.igamma")
def igamma(a: Any, x: Any, name: str | None = None) -> Any:
    """The lower regularized incomplete gamma function P(a, x).

    Args:
      a: Tensor; float32 or float64, positive.
      x: Tensor of the same dtype; its shape broadcasts against `a`'s.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of the broadcast shape and the inputs' dtype.

    >>> tf.math.igamma(1.0, [0.0, 1.0]).numpy()
    array([0.        , 0.63212055], dtype=float32)
    """
    return apply(_igamma, (a, x), (), name)


@op("Igammac", dtypes=WIDE, shape=broadcast, api_name="math.igammac")
def _igammac(a, x):
    value = in_float64(lax.igammac, *jnp.broadcast_arrays(a, x))
    return jnp.where(a > scalar(0, a), value, scalar(np.nan, a))


@export("math.igammac")
def igammac(a: Any, x: Any, name: str | None = None) -> Any:
    """The upper regularized incomplete gamma function, `1 - igamma(a, x)`.

    Args:
      a: Tensor; float32 or float64, positive.
      x: Tensor of the same dtype; its shape broadcasts against `a`'s.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of the broadcast shape and the inputs' dtype.

    >>> tf.math.igammac(1.0, [0.0, 1.0]).numpy()
    array([1.        , 0.36787945], dtype=float32)
    """
    return apply(_igammac, (a, x), (), name)


@jax.custom_jvp
def _zeta_of(x, q):
    return in_float64(lax.zeta, *jnp.broadcast_arrays(x, q))


@_zeta_of.defjvp
def _zeta_jvp(primals, tangents):
    """JAX has no derivative of zeta. By q it is -x zeta(x + 1, q); by x none is known."""
    x, q = primals
    return _zeta_of(x, q), -x * _zeta_of(x + scalar(1, x), q) * tangents[1]


@op("ZetaGrad", dtypes=WIDE, shape=same_as_first, api_name="math.zeta")
def _zeta_grad(q, x, dy):
    partial = -x * _zeta_of(x + scalar(1, x), q)
    return sum_to(jnp.broadcast_to(dy * partial, dy.shape), q.shape)


@op(
    "Zeta",
    dtypes=WIDE,
    shape=broadcast,
    # Neither library knows the derivative by x.
    gradient=lambda record, dy: (None, apply(_zeta_grad, (record.inputs[1], record.inputs[0], dy))),
    api_name="math.zeta",
)
def _zeta(x, q):
    return _zeta_of(x, q)


@export("math.zeta")
def zeta(x: Any, q: Any, name: str | None = None) -> Any:
    """The Hurwitz zeta function, the sum over n >= 0 of `(q + n) ** -x`.

    Args:
      x: Tensor; float32 or float64, greater than 1. It has no gradient.
      q: Tensor of the same dtype; its shape broadcasts against `x`'s.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of the broadcast shape and the inputs' dtype.

    >>> tf.math.zeta(2.0, 1.0).numpy()
    np.float32(1.644934)
    """
    return apply(_zeta, (x, q), (), name)


def _polygamma_of(a, x):
    a, x = jnp.broadcast_arrays(a, x)
    order = lax.floor(a) == a
    safe = jnp.where(order & (a >= scalar(0, a)), a, scalar(1, a))
    result = in_float64(lax.polygamma, safe, x)
    return jnp.where(order & (a >= scalar(0, a)), result, scalar(np.nan, a))


@op("PolygammaGrad", dtypes=WIDE, shape=same_as_first, api_name="math.polygamma")
def _polygamma_grad(x, a, dy):
    return sum_to(dy * _polygamma_of(a + scalar(1, a), x), x.shape)


@op(
    "Polygamma",
    dtypes=WIDE,
    shape=broadcast,
    # a counts derivatives: there is none by it.
    gradient=lambda record, dy: (
        None,
        apply(_polygamma_grad, (record.inputs[1], record.inputs[0], dy)),
    ),
    api_name="math.polygamma",
)
def _polygamma(a, x):
    return _polygamma_of(a, x)


@export("math.polygamma")
def polygamma(a: Any, x: Any, name: str | None = None) -> Any:
    """The derivative number `a` of the digamma function; NaN if `a` is no natural number.

    Args:
      a: Tensor of whole numbers; float32 or float64. It has no gradient.
      x: Tensor of the same dtype; its shape broadcasts against `a`'s.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of the broadcast shape and the inputs' dtype.

    >>> tf.math.polygamma(1.0, 1.0).numpy()
    np.float32(1.644934)
    """
    return apply(_polygamma, (a, x), (), name)


@op("BetaincGrad", dtypes=WIDE, shape=same_as_first, api_name="math.betainc")
def _betainc_grad(x, a, b, dy):
    log_beta = lax.lgamma(a) + lax.lgamma(b) - lax.lgamma(a + b)
    one = scalar(1, x)
    density = lax.exp((b - one) * lax.log1p(-x) + special.xlogy(a - one, x) - log_beta)
    return sum_to(jnp.broadcast_to(dy * density, dy.shape), x.shape)


def _betainc_gradient(record: Any, grad: Any) -> Any:
    a, b, x = record.inputs
    return None, None, apply(_betainc_grad, (x, a, b, grad))


@op(
    "Betainc",
    dtypes=WIDE,
    shape=broadcast,
    gradient=_betainc_gradient,  # TensorFlow has it by x alone
    api_name="math.betainc",
)
def _betainc(a, b, x):
    return in_float64(special.betainc, *jnp.broadcast_arrays(a, b, x))


@export("math.betainc")
def betainc(a: Any, b: Any, x: Any, name: str | None = None) -> Any:
    """The regularized incomplete beta function I_x(a, b).

    Args:
      a: Tensor; float32 or float64, positive. It has no gradient.
      b: Tensor of the same dtype, positive. It has no gradient.
      x: Tensor of the same dtype, in [0, 1]. The shapes broadcast.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of the broadcast shape and the inputs' dtype.

    >>> tf.math.betainc(1.0, 1.0, [0.25]).numpy()
    array([0.25], dtype=float32)
    """
    return apply(_betainc, (a, b, x), (), name)


@export("math.lbeta")
def lbeta(x: Any, name: str | None = None) -> Any:
    """The logarithm of the absolute value of the beta function, along the last dimension.

    Args:
      x: Tensor of shape `[..., n]`; float16, float32 or float64.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of shape `[...]` and `x`'s dtype: `sum(lgamma(x)) - lgamma(sum(x))`.

    >>> tf.math.lbeta([1.0, 2.0]).numpy()
    np.float32(-0.6931472)
    """
    tensor = convert(x)
    log_gammas = reduce_sum(lgamma(tensor), -1)
    return subtract(log_gammas, lgamma(reduce_sum(tensor, -1)), name)
