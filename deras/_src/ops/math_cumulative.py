"""Running sums, products and log-sum-exps along an axis."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from deras._src.core.dtypes import FLOATING, INEXACT, NUMERIC
from deras._src.dispatch.apply import apply
from deras._src.dispatch.convert import host_value
from deras._src.ops.math_reduce import positive_axes
from deras._src.ops.math_support import scalar
from deras._src.ops.shapes import same_as_first
from deras._src.registry import op
from deras._src.util.export import export


def running(
    scan: Callable[..., Any], x: Any, axis: int, exclusive: bool, reverse: bool, start: Any
) -> Any:
    """`scan(x, axis, reverse)`; where exclusive, shifted by one, `start` coming in."""
    (axis,) = positive_axes((axis,), x.ndim)
    if exclusive and x.shape[axis]:
        length = x.shape[axis]
        edge = [1 if i == axis else d for i, d in enumerate(x.shape)]
        first = jnp.broadcast_to(scalar(start, x), edge)
        if reverse:
            x = jnp.concatenate([lax.slice_in_dim(x, 1, length, axis=axis), first], axis)
        else:
            x = jnp.concatenate([first, lax.slice_in_dim(x, 0, length - 1, axis=axis)], axis)
    return scan(x, axis, reverse)


def _attrs(axis: Any, exclusive: Any, reverse: Any, what: str) -> tuple[tuple[str, Any], ...]:
    position = axis if type(axis) is int else int(host_value(axis, what))
    return (("axis", position), ("exclusive", bool(exclusive)), ("reverse", bool(reverse)))


@op("Cumsum", dtypes=NUMERIC, shape=same_as_first, api_name="cumsum")
def _cumsum(x, *, axis, exclusive, reverse):
    return running(lambda v, a, r: lax.cumsum(v, a, r), x, axis, exclusive, reverse, 0)


@export("math.cumsum", "cumsum")
def cumsum(
    x: Any,
    axis: Any = 0,
    exclusive: bool = False,
    reverse: bool = False,
    name: str | None = None,
) -> Any:
    """Running sums along an axis.

    Args:
      x: Tensor of any numeric dtype.
      axis: Int in `[-rank, rank)`.
      exclusive: Whether each sum leaves out its own element, so that the first one is 0.
      reverse: Whether the sums run from the end.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `x`'s shape and dtype.
    Raises:
      InvalidArgumentError: The axis is out of range.

    >>> tf.cumsum([1, 2, 3]).numpy()
    array([1, 3, 6], dtype=int32)
    >>> tf.cumsum([1, 2, 3], exclusive=True, reverse=True).numpy()
    array([5, 3, 0], dtype=int32)
    """
    return apply(_cumsum, (x,), _attrs(axis, exclusive, reverse, "tf.cumsum"), name)


@op("CumprodGrad", dtypes=INEXACT, shape=same_as_first, api_name="math.cumprod")
def _cumprod_grad(x, dy, *, axis, exclusive, reverse):
    product = _cumprod_of(x, axis, exclusive, reverse)
    total = running(
        lambda v, a, r: lax.cumsum(v, a, r), product * dy, axis, exclusive, not reverse, 0
    )
    zero = x == scalar(0, x)
    return jnp.where(zero, jnp.zeros_like(x), total / jnp.where(zero, scalar(1, x), x))


def _cumprod_of(x, axis, exclusive, reverse):
    return running(lambda v, a, r: lax.cumprod(v, a, r), x, axis, exclusive, reverse, 1)


@op(
    "Cumprod",
    dtypes=NUMERIC,
    shape=same_as_first,
    # TensorFlow divides by x, so its gradient at a zero is 0, not the product of the others.
    gradient=lambda record, grad: (apply(_cumprod_grad, (record.inputs[0], grad), record.attrs),),
    api_name="math.cumprod",
)
def _cumprod(x, *, axis, exclusive, reverse):
    return _cumprod_of(x, axis, exclusive, reverse)


@export("math.cumprod")
def cumprod(
    x: Any,
    axis: Any = 0,
    exclusive: bool = False,
    reverse: bool = False,
    name: str | None = None,
) -> Any:
    """Running products along an axis.

    The gradient with respect to an element that is 0 is given as 0, as TensorFlow gives it.

    Args:
      x: Tensor of any numeric dtype.
      axis: Int in `[-rank, rank)`.
      exclusive: Whether each product leaves out its own element, so that the first one is 1.
      reverse: Whether the products run from the end.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `x`'s shape and dtype.
    Raises:
      InvalidArgumentError: The axis is out of range.

    >>> tf.math.cumprod([2, 3, 4]).numpy()
    array([ 2,  6, 24], dtype=int32)
    """
    return apply(_cumprod, (x,), _attrs(axis, exclusive, reverse, "tf.math.cumprod"), name)


def _scan_logsumexp(x, axis, reverse):
    return lax.cumlogsumexp(x, axis, reverse)


@op(
    "CumulativeLogsumexp",
    dtypes=FLOATING,
    shape=same_as_first,
    api_name="math.cumulative_logsumexp",
)
def _cumulative_logsumexp(x, *, axis, exclusive, reverse):
    return running(_scan_logsumexp, x, axis, exclusive, reverse, -np.inf)


@export("math.cumulative_logsumexp")
def cumulative_logsumexp(
    x: Any,
    axis: Any = 0,
    exclusive: bool = False,
    reverse: bool = False,
    name: str | None = None,
) -> Any:
    """Running `log(sum(exp(x)))` along an axis, without overflow.

    Args:
      x: Tensor; floating.
      axis: Int in `[-rank, rank)`.
      exclusive: Whether each result leaves out its own element; the first one is then -inf.
      reverse: Whether they run from the end.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `x`'s shape and dtype.
    Raises:
      InvalidArgumentError: The axis is out of range.

    >>> tf.math.cumulative_logsumexp([0.0, 0.0]).numpy()
    array([0.       , 0.6931472], dtype=float32)
    """
    attrs = _attrs(axis, exclusive, reverse, "tf.math.cumulative_logsumexp")
    return apply(_cumulative_logsumexp, (x,), attrs, name)
