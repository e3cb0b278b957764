"""Clipping values and norms."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from deras._src.core.dtypes import INEXACT
from deras._src.core.indexed_slices import IndexedSlices
from deras._src.core.tensor import Tensor
from deras._src.dispatch.apply import apply
from deras._src.dispatch.convert import convert
from deras._src.ops.linalg_norm import as_list, global_norm
from deras._src.ops.math_binary import maximum, minimum
from deras._src.ops.shapes import same_as_first
from deras._src.registry import op
from deras._src.util.export import export


def _values(t: Any) -> Any:
    if isinstance(t, IndexedSlices):
        return t.values
    return t if isinstance(t, Tensor) else convert(t)


def _like(t: Any, values: Any) -> Any:
    """The clipped values, as IndexedSlices where `t` is."""
    if isinstance(t, IndexedSlices):
        return IndexedSlices(values, t.indices, t.dense_shape)
    return values


@export("clip_by_value")
def clip_by_value(t: Any, clip_value_min: Any, clip_value_max: Any, name: str | None = None) -> Any:
    """Values below a minimum raised to it, values above a maximum lowered to it.

    The gradient passes where a value is within the bounds, the bounds included.

    Args:
      t: Tensor or IndexedSlices of a real dtype.
      clip_value_min, clip_value_max: Scalars, or tensors that broadcast to `t`'s shape.
      name: Optional name of the node in graphs.
    Returns:
      What `t` is, with its shape and dtype. NaN stays NaN.
    Raises:
      InvalidArgumentError: The bounds do not broadcast with `t`.
      ValueError: They broadcast to another shape than `t`'s.

    >>> tf.clip_by_value([-2.0, 0.5, 3.0], -1.0, 1.0).numpy()
    array([-1. ,  0.5,  1. ], dtype=float32)
    """
    values = _values(t)
    lowered = minimum(values, clip_value_max)
    clipped = maximum(lowered, clip_value_min, name)
    for which, result in (("clip_value_max", lowered), ("clip_value_min", clipped)):
        if not values.shape.is_compatible_with(result.shape):
            raise ValueError(
                f"tf.clip_by_value: {which} broadcasts t from {values.shape} to {result.shape}; "
                "the shape must stay."
            )
    return _like(t, clipped)


@op("ClipByNorm", dtypes=INEXACT, shape=same_as_first, api_name="clip_by_norm")
def _clip_by_norm(t, clip_norm, *, axes):
    squares = jnp.sum(t * t, axes, dtype=t.dtype, keepdims=True)
    positive = squares > 0
    # Where all is 0 the root is not taken, so that the gradient is not NaN.
    safe = jnp.where(positive, squares, jnp.ones((), t.dtype))
    norm = jnp.where(positive, jnp.sqrt(safe), squares)
    # At equality all of the gradient goes to the norm, as in TensorFlow.
    clipped = t * clip_norm / jnp.where(norm >= clip_norm, norm, clip_norm)
    if clipped.shape != t.shape:
        raise ValueError(
            f"clip_norm broadcasts t from {list(t.shape)} to {list(clipped.shape)}; the shape "
            "must stay"
        )
    return clipped


@export("clip_by_norm")
def clip_by_norm(t: Any, clip_norm: Any, axes: Any = None, name: str | None = None) -> Any:
    """Tensors whose Euclidean norm exceeds a bound scaled down to it.

    Args:
      t: Tensor or IndexedSlices of a floating point dtype.
      clip_norm: Positive scalar, or tensor that broadcasts to `t`'s shape.
      axes: An int, or a list of ints: the norm is taken along these; None: over the whole tensor.
      name: Optional name of the node in graphs.
    Returns:
      What `t` is, with its shape and dtype. Zeros stay zeros.
    Raises:
      InvalidArgumentError: Dtypes or shapes do not fit.

    >>> tf.clip_by_norm([3.0, 4.0], 2.5).numpy()
    array([1.5, 2. ], dtype=float32)
    """
    values = _values(t)
    dims = None
    if axes is not None:
        dims = (int(axes),) if not isinstance(axes, (list, tuple)) else tuple(map(int, axes))
    return _like(t, apply(_clip_by_norm, (values, clip_norm), (("axes", dims),), name))


@op("GlobalScale", dtypes=INEXACT, shape=same_as_first, api_name="clip_by_global_norm")
def _global_scale(norm, clip_norm):
    one = jnp.ones((), norm.dtype)
    scale = clip_norm * jnp.minimum(one / norm, one / clip_norm)
    # An infinite norm has to show: NaN, not 0.
    return scale + (norm - norm)


@op(
    "GlobalScaled",
    dtypes={"t": INEXACT, "scale": INEXACT},
    shape=same_as_first,
    api_name="clip_by_global_norm",
)
def _scaled(t, scale):
    return t * scale.astype(t.dtype)


@export("clip_by_global_norm")
def clip_by_global_norm(
    t_list: Any, clip_norm: Any, use_norm: Any = None, name: str | None = None
) -> tuple[list[Any], Any]:
    """Several tensors scaled down together where their common norm exceeds a bound.

    Args:
      t_list: List of tensors of one floating point dtype, IndexedSlices and None, which stays None.
      clip_norm: Positive scalar, the bound.
      use_norm: The common norm, where it is known; else `tf.linalg.global_norm` is taken.
      name: Optional name of the node in graphs.
    Returns:
      (list of the scaled tensors, the common norm). All are NaN where the norm is infinite.
    Raises:
      TypeError: `t_list` is no list.

    >>> clipped, norm = tf.clip_by_global_norm([[3.0], [4.0]], 2.5)
    >>> float(norm), clipped[0].numpy()
    (5.0, array([1.5], dtype=float32))
    """
    tensors = as_list(t_list)
    if use_norm is None:
        use_norm = global_norm(tensors, name)
    scale = apply(_global_scale, (use_norm, clip_norm))
    clipped = [
        None if t is None else _like(t, apply(_scaled, (_values(t), scale), (), name))
        for t in tensors
    ]
    return clipped, use_norm
