"""Trigonometric and hyperbolic functions and their inverses; angles are in radians."""

from __future__ import annotations

from typing import Any

from jax import lax

from deras._src.core.dtypes import INEXACT
from deras._src.dispatch.apply import apply
from deras._src.ops.math_support import output_gradient
from deras._src.ops.shapes import same_as_first
from deras._src.registry import op
from deras._src.util.export import export


@op("Sin", dtypes=INEXACT, shape=same_as_first, api_name="sin")
def _sin(x):
    return lax.sin(x)


@export("math.sin", "sin")
def sin(x: Any, name: str | None = None) -> Any:
    """The sine.

    Args:
      x: Tensor; floating or complex.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `x`'s shape and dtype.

    >>> tf.sin([0.0, 1.5707964]).numpy()
    array([0., 1.], dtype=float32)
    """
    return apply(_sin, (x,), (), name)


@op("Cos", dtypes=INEXACT, shape=same_as_first, api_name="cos")
def _cos(x):
    return lax.cos(x)


@export("math.cos", "cos")
def cos(x: Any, name: str | None = None) -> Any:
    """The cosine.

    Args:
      x: Tensor; floating or complex.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `x`'s shape and dtype.

    >>> tf.cos([0.0]).numpy()
    array([1.], dtype=float32)
    """
    return apply(_cos, (x,), (), name)


@op("Tan", dtypes=INEXACT, shape=same_as_first, api_name="tan")
def _tan(x):
    return lax.tan(x)


@export("math.tan", "tan")
def tan(x: Any, name: str | None = None) -> Any:
    """The tangent.

    Args:
      x: Tensor; floating or complex.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `x`'s shape and dtype.

    >>> tf.tan([0.0]).numpy()
    array([0.], dtype=float32)
    """
    return apply(_tan, (x,), (), name)


@op("Asin", dtypes=INEXACT, shape=same_as_first, api_name="asin")
def _asin(x):
    return lax.asin(x)


@export("math.asin", "asin")
def asin(x: Any, name: str | None = None) -> Any:
    """The inverse sine, NaN outside of [-1, 1] (complex numbers have it everywhere).

    Args:
      x: Tensor; floating or complex.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `x`'s shape and dtype.

    >>> tf.asin([0.0, 1.0]).numpy()
    array([0.       , 1.5707964], dtype=float32)
    """
    return apply(_asin, (x,), (), name)


@op("Acos", dtypes=INEXACT, shape=same_as_first, api_name="acos")
def _acos(x):
    return lax.acos(x)


@export("math.acos", "acos")
def acos(x: Any, name: str | None = None) -> Any:
    """The inverse cosine, NaN outside of [-1, 1] (complex numbers have it everywhere).

    Args:
      x: Tensor; floating or complex.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `x`'s shape and dtype.

    >>> tf.acos([1.0, 0.0]).numpy()
    array([0.       , 1.5707964], dtype=float32)
    """
    return apply(_acos, (x,), (), name)


@op("Atan", dtypes=INEXACT, shape=same_as_first, api_name="atan")
def _atan(x):
    return lax.atan(x)


@export("math.atan", "atan")
def atan(x: Any, name: str | None = None) -> Any:
    """The inverse tangent, between -pi/2 and pi/2.

    Args:
      x: Tensor; floating or complex.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `x`'s shape and dtype.

    >>> tf.atan([0.0, 1.0]).numpy().round(4)
    array([0.    , 0.7854], dtype=float32)
    """
    return apply(_atan, (x,), (), name)


@op("Sinh", dtypes=INEXACT, shape=same_as_first, api_name="sinh")
def _sinh(x):
    return lax.sinh(x)


@export("math.sinh", "sinh")
def sinh(x: Any, name: str | None = None) -> Any:
    """The hyperbolic sine.

    Args:
      x: Tensor; floating or complex.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `x`'s shape and dtype.

    >>> tf.sinh([0.0]).numpy()
    array([0.], dtype=float32)
    """
    return apply(_sinh, (x,), (), name)


@op("Cosh", dtypes=INEXACT, shape=same_as_first, api_name="cosh")
def _cosh(x):
    return lax.cosh(x)


@export("math.cosh", "cosh")
def cosh(x: Any, name: str | None = None) -> Any:
    """The hyperbolic cosine.

    Args:
      x: Tensor; floating or complex.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `x`'s shape and dtype.

    >>> tf.cosh([0.0]).numpy()
    array([1.], dtype=float32)
    """
    return apply(_cosh, (x,), (), name)


@op("Asinh", dtypes=INEXACT, shape=same_as_first, api_name="asinh")
def _asinh(x):
    return lax.asinh(x)


@export("math.asinh", "asinh")
def asinh(x: Any, name: str | None = None) -> Any:
    """The inverse hyperbolic sine.

    Args:
      x: Tensor; floating or complex.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `x`'s shape and dtype.

    >>> tf.asinh([0.0]).numpy()
    array([0.], dtype=float32)
    """
    return apply(_asinh, (x,), (), name)


# From the output, as TensorFlow: NaN below 1, and of complex numbers its branch of the root.
_acosh_grad, _acosh_gradient = output_gradient("Acosh", INEXACT, lambda y, dy: dy / lax.sinh(y))


@op("Acosh", dtypes=INEXACT, shape=same_as_first, gradient=_acosh_gradient, api_name="acosh")
def _acosh(x):
    return lax.acosh(x)


@export("math.acosh", "acosh")
def acosh(x: Any, name: str | None = None) -> Any:
    """The inverse hyperbolic cosine, NaN below 1 (complex numbers have it everywhere).

    Args:
      x: Tensor; floating or complex.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `x`'s shape and dtype.

    >>> tf.acosh([1.0]).numpy()
    array([0.], dtype=float32)
    """
    return apply(_acosh, (x,), (), name)


@op("Atanh", dtypes=INEXACT, shape=same_as_first, api_name="atanh")
def _atanh(x):
    return lax.atanh(x)


@export("math.atanh", "atanh")
def atanh(x: Any, name: str | None = None) -> Any:
    """The inverse hyperbolic tangent, NaN outside of [-1, 1] (complex numbers have it everywhere).

    Args:
      x: Tensor; floating or complex.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `x`'s shape and dtype.

    >>> tf.atanh([0.0, 1.0]).numpy()
    array([ 0., inf], dtype=float32)
    """
    return apply(_atanh, (x,), (), name)
