"""Integrals that have no elementary form: Dawson's, exponential, Fresnel's, Spence's."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import jax.scipy.special as special
import numpy as np
from jax import lax

from deras._src.dispatch.apply import apply
from deras._src.ops.math_special import WIDE
from deras._src.ops.math_support import scalar
from deras._src.ops.shapes import same_as_first
from deras._src.registry import op
from deras._src.util.export import export


def with_derivative(name: str, partial: Any, dtypes: Any = WIDE) -> Any:
    """A gradient function: the incoming gradient times `partial(x)`."""

    @op(f"{name}Grad", dtypes=dtypes, shape=same_as_first, api_name=f"math.special.{name.lower()}")
    def gradient_op(x, dy):
        return dy * partial(x)

    return lambda record, dy: (apply(gradient_op, (record.inputs[0], dy)),)


def _quarter_turn(x):
    return x * x * scalar(np.pi / 2, x)


def _expint_of(x):
    """Ei(x), by TensorFlow's domain: -inf at 0, NaN below."""
    zero = x == scalar(0, x)
    value = special.expi(jnp.where(x > scalar(0, x), x, scalar(1, x)))
    value = jnp.where(zero, scalar(-np.inf, x), value)
    return jnp.where((x < scalar(0, x)) | jnp.isnan(x), scalar(np.nan, x), value)


def _spence_slope(x):
    one = x == scalar(1, x)
    safe = jnp.where(one, scalar(2, x), x)
    return jnp.where(one, scalar(-1, x), lax.log(safe) / (scalar(1, x) - safe))


@op("DawsnGrad", dtypes=WIDE, shape=same_as_first, api_name="math.special.dawsn")
def _dawsn_grad(x, y, dy):
    return dy * (scalar(1, x) - scalar(2, x) * x * y)


@op(
    "Dawsn",
    dtypes=WIDE,
    shape=same_as_first,
    gradient=lambda record, dy: (apply(_dawsn_grad, (*record.inputs, *record.outputs, dy)),),
    api_name="math.special.dawsn",
)
def _dawsn(x):
    return special.dawsn(x)


@export("math.special.dawsn")
def dawsn(x: Any, name: str | None = None) -> Any:
    """Dawson's integral, `exp(-x**2)` times the integral of `exp(t**2)` from 0 to x.

    Args:
      x: Tensor; float32 or float64.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `x`'s shape and dtype.

    >>> tf.math.special.dawsn([0.0, 1.0]).numpy()
    array([0.       , 0.5380795], dtype=float32)
    """
    return apply(_dawsn, (x,), (), name)


@op(
    "Expint",
    dtypes=WIDE,
    shape=same_as_first,
    gradient=with_derivative("Expint", lambda x: lax.exp(x) / x),
    api_name="math.special.expint",
)
def _expint(x):
    return _expint_of(x)


@export("math.special.expint")
def expint(x: Any, name: str | None = None) -> Any:
    """The exponential integral Ei, of `exp(t) / t` from minus infinity to x; NaN below 0.

    Args:
      x: Tensor; float32 or float64.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `x`'s shape and dtype.

    >>> tf.math.special.expint([1.0]).numpy()
    array([1.8951179], dtype=float32)
    """
    return apply(_expint, (x,), (), name)


@op(
    "FresnelCos",
    dtypes=WIDE,
    shape=same_as_first,
    gradient=with_derivative("FresnelCos", lambda x: lax.cos(_quarter_turn(x))),
    api_name="math.special.fresnel_cos",
)
def _fresnel_cos(x):
    return special.fresnel(x)[1]


@export("math.special.fresnel_cos")
def fresnel_cos(x: Any, name: str | None = None) -> Any:
    """Fresnel's cosine integral, of `cos(pi / 2 * t**2)` from 0 to x.

    Args:
      x: Tensor; float32 or float64.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `x`'s shape and dtype.

    >>> tf.math.special.fresnel_cos([0.0, 1.0]).numpy()
    array([0.       , 0.7798934], dtype=float32)
    """
    return apply(_fresnel_cos, (x,), (), name)


@op(
    "FresnelSin",
    dtypes=WIDE,
    shape=same_as_first,
    gradient=with_derivative("FresnelSin", lambda x: lax.sin(_quarter_turn(x))),
    api_name="math.special.fresnel_sin",
)
def _fresnel_sin(x):
    return special.fresnel(x)[0]


@export("math.special.fresnel_sin")
def fresnel_sin(x: Any, name: str | None = None) -> Any:
    """Fresnel's sine integral, of `sin(pi / 2 * t**2)` from 0 to x.

    Args:
      x: Tensor; float32 or float64.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `x`'s shape and dtype.

    >>> tf.math.special.fresnel_sin([0.0, 1.0]).numpy()
    array([0.        , 0.43825915], dtype=float32)
    """
    return apply(_fresnel_sin, (x,), (), name)


@op(
    "Spence",
    dtypes=WIDE,
    shape=same_as_first,
    gradient=with_derivative("Spence", _spence_slope),
    api_name="math.special.spence",
)
def _spence(x):
    return special.spence(x)


@export("math.special.spence")
def spence(x: Any, name: str | None = None) -> Any:
    """Spence's integral, of `log(t) / (1 - t)` from 1 to x; the dilogarithm of `1 - x`.

    Args:
      x: Tensor; float32 or float64.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `x`'s shape and dtype.

    >>> tf.math.special.spence([1.0, 2.0]).numpy().round(5)
    array([ 0.     , -0.82247], dtype=float32)
    """
    return apply(_spence, (x,), (), name)
