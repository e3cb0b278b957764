"""Dropout: `tf.nn.dropout` and its forms with an explicit seed or sampler."""

from __future__ import annotations

import numbers
from collections.abc import Callable
from typing import Any

from deras._src import errors
from deras._src.core.tensor import SymbolicTensor, Tensor
from deras._src.core.tensor_shape import TensorShape
from deras._src.dispatch.convert import convert
from deras._src.host_ops.array_mask import where
from deras._src.ops.array_shape import shape as shape_of
from deras._src.ops.math_binary import multiply, subtract
from deras._src.ops.math_compare import greater_equal
from deras._src.ops.math_division import divide
from deras._src.ops.random_stateless import stateless_uniform
from deras._src.state.random_stateful import next_seed_pair, uniform
from deras._src.util.export import export

Sampler = Callable[..., Any]


def _noise_shape(x: Any, noise_shape: Any) -> Any:
    """The shape of the mask; where `noise_shape` leaves a size open, that of `x`."""
    if noise_shape is None:
        return shape_of(x)
    if isinstance(noise_shape, Tensor):
        return noise_shape
    try:
        wanted = TensorShape(noise_shape)
    except (TypeError, ValueError):  # sizes that are tensors
        return noise_shape
    if x.shape.rank is None or wanted.rank != x.shape.rank:
        return noise_shape
    pairs = zip(wanted.as_list(), x.shape.as_list(), strict=True)
    return TensorShape([own if size is None else size for size, own in pairs])


def _dropout(
    x: Any,
    rate: Any,
    noise_shape: Any,
    sampler: Sampler,
    name: str | None,
    label: str,
    keep_sequence: Callable[[], Any] | None = None,
) -> Any:
    is_number = isinstance(rate, numbers.Real)
    if is_number and not 0 <= rate < 1:
        raise errors.op_error(
            ValueError, label, f"rate must be a scalar tensor or a float in [0, 1), got {rate}"
        )
    x = convert(x)
    if not x.dtype.is_floating:
        raise errors.op_error(
            ValueError, label, f"x must be floating point, as it is scaled; got {x.dtype.name}"
        )
    if is_number and rate == 0:
        if keep_sequence is not None:
            keep_sequence()
        return x
    if is_number:
        scaled = multiply(x, convert(1 / (1 - rate), x.dtype))
        limit = convert(rate, x.dtype)
    else:
        limit = _rate_tensor(rate, x, label)
        scaled = divide(x, subtract(convert(1.0, x.dtype), limit))
    drawn = sampler(shape=_noise_shape(x, noise_shape), dtype=x.dtype)
    kept = where(greater_equal(drawn, limit), scaled, convert(0.0, x.dtype), name)
    if isinstance(kept, SymbolicTensor):
        kept.set_shape(x.shape)  # a mask larger than `x` is an eager matter only, as in TensorFlow
    return kept


def _rate_tensor(rate: Any, x: Any, label: str) -> Any:
    if not isinstance(rate, Tensor) and not hasattr(type(rate), "__deras_tensor__"):
        raise errors.op_error(
            ValueError, label, f"rate must be a number or a scalar tensor, got {rate!r}"
        )
    tensor = convert(rate)
    if tensor.shape.rank not in (0, None):
        raise errors.op_error(ValueError, label, f"rate must have rank 0, got shape {tensor.shape}")
    if tensor.dtype != x.dtype:
        raise errors.op_error(
            ValueError,
            label,
            f"rate must have the dtype of x, {x.dtype.name}, got {tensor.dtype.name}",
        )
    return tensor


@export("nn.dropout")
def dropout(
    x: Any, rate: Any, noise_shape: Any = None, seed: int | None = None, name: str | None = None
) -> Any:
    """Sets random elements to 0 and scales the others so that sums are expected to stay.

    Args:
      x: Floating tensor.
      rate: Probability of each element to become 0: a number in [0, 1) or a scalar tensor of the
        dtype of `x`. The others are multiplied by `1 / (1 - rate)`.
      noise_shape: Shape of the mask, broadcastable to that of `x`: where a size is 1, elements are
        kept or dropped together. None, as a whole or as a size, stands for that of `x`.
      seed: Python int; see `tf.random.set_seed`.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of the shape and dtype of `x`; `x` itself where `rate` is the number 0.
    Raises:
      ValueError: `rate` is out of range, `x` is not floating, or their dtypes differ.
    Source: Srivastava et al., "Dropout: a simple way to prevent neural networks from
    overfitting", 2014.

    >>> tf.random.set_seed(0)
    >>> tf.nn.dropout(tf.ones([2, 4]), rate=0.5, seed=1).numpy()
    array([[2., 0., 0., 2.],
           [2., 2., 2., 2.]], dtype=float32)
    """

    def sample(shape: Any, dtype: Any) -> Any:
        return uniform(shape, dtype=dtype, seed=seed)

    # A rate of 0 draws nothing, but later ops get the seeds they would get after a draw.
    return _dropout(x, rate, noise_shape, sample, name, "nn.dropout", lambda: next_seed_pair(seed))


@export("nn.experimental.stateless_dropout")
def stateless_dropout(
    x: Any,
    rate: Any,
    seed: Any,
    rng_alg: Any = None,
    noise_shape: Any = None,
    name: str | None = None,
) -> Any:
    """`tf.nn.dropout` that depends on its arguments alone.

    Args:
      x, rate, noise_shape, name: as for `tf.nn.dropout`.
      seed: Integer tensor of shape [2]; the same seed drops the same elements.
      rng_alg: "philox" or "auto_select" (the default, None).
    Returns:
      Tensor of the shape and dtype of `x`.

    >>> tf.nn.experimental.stateless_dropout(tf.ones([5]), rate=0.5, seed=[1, 0]).numpy()
    array([2., 0., 2., 0., 0.], dtype=float32)
    """

    def sample(shape: Any, dtype: Any) -> Any:
        return stateless_uniform(shape, seed, dtype=dtype, alg=rng_alg)

    return _dropout(x, rate, noise_shape, sample, name, "nn.experimental.stateless_dropout")


@export("nn.experimental.general_dropout")
def general_dropout(
    x: Any,
    rate: Any,
    uniform_sampler: Sampler,
    noise_shape: Any = None,
    name: str | None = None,
) -> Any:
    """`tf.nn.dropout` with a sampler of your own.

    Args:
      x, rate, noise_shape, name: as for `tf.nn.dropout`.
      uniform_sampler: Function of `shape=` and `dtype=` that returns values in [0, 1).
    Returns:
      Tensor of the shape and dtype of `x`.

    >>> g = tf.random.Generator.from_seed(7)
    >>> tf.nn.experimental.general_dropout(tf.ones([5]), 0.5, g.uniform).numpy()
    array([0., 2., 2., 2., 2.], dtype=float32)
    """
    return _dropout(x, rate, noise_shape, uniform_sampler, name, "nn.experimental.general_dropout")
