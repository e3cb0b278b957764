"""Losses per element, and the averaging of losses over a batch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax.numpy as jnp
from jax import lax

from deras._src import errors
from deras._src.core.dtypes import (
    FLOATING,
    INEXACT,
    INTEGER,
    REAL,
    DType,
    float32,
    float64,
    from_numpy,
)
from deras._src.core.tensor_shape import TensorShape
from deras._src.dispatch.apply import apply
from deras._src.dispatch.convert import convert, convert_inputs
from deras._src.ops.shapes import Specs, broadcast, same_as_first
from deras._src.registry import op
from deras._src.util.export import export


def _need_equal_shapes(a: Any, b: Any, names: str, what: str) -> None:
    if not a.shape.is_compatible_with(b.shape):
        raise errors.op_error(
            ValueError,
            what,
            f"{names} must have the same shape, received {a.shape} and {b.shape}",
        )


# Fused: one program instead of TensorFlow's seven kernels, with the same formula, hence the same
# value at infinities (NaN where the label is 1) and the same gradient at 0.
@op(
    "SigmoidCrossEntropyWithLogits",
    dtypes=FLOATING,
    shape=same_as_first,
    api_name="nn.sigmoid_cross_entropy_with_logits",
)
def _sigmoid_cross_entropy(logits, labels):
    positive = logits >= 0
    part = jnp.where(positive, logits, jnp.zeros_like(logits)) - logits * labels
    return part + jnp.log1p(jnp.exp(jnp.where(positive, -logits, logits)))


@export("nn.sigmoid_cross_entropy_with_logits")
def sigmoid_cross_entropy_with_logits(
    labels: Any = None, logits: Any = None, name: str | None = None
) -> Any:
    """Cross entropy of `sigmoid(logits)` with probabilities `labels`, element by element.

    It is `max(logits, 0) - logits * labels + log(1 + exp(-abs(logits)))`, which neither overflows
    nor cancels.

    Args:
      labels: Tensor of `logits`' shape and dtype, values in [0, 1].
      logits: Tensor of scores; float16, bfloat16, float32 or float64.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `logits`' shape and dtype.
    Raises:
      ValueError: the shapes differ, or an argument is missing.
      InvalidArgumentError: the dtypes differ or are not floating point.

    >>> tf.nn.sigmoid_cross_entropy_with_logits(labels=[1.0], logits=[0.0]).numpy()
    array([0.6931472], dtype=float32)
    """
    what = "tf.nn.sigmoid_cross_entropy_with_logits"
    if labels is None or logits is None:
        raise errors.op_error(ValueError, what, "both labels and logits must be given")
    logits, labels = convert_inputs(_sigmoid_cross_entropy, (logits, labels))
    _need_equal_shapes(logits, labels, "logits and labels", what)
    return apply(_sigmoid_cross_entropy, (logits, labels), (), name)


@op(
    "WeightedCrossEntropyWithLogits",
    dtypes=FLOATING,
    shape=broadcast,
    api_name="nn.weighted_cross_entropy_with_logits",
)
def _weighted_cross_entropy(logits, labels, pos_weight):
    weight = 1 + (pos_weight - 1) * labels
    # The derivatives at 0 of abs and relu are 0 in TensorFlow; those of JAX's abs and maximum are
    # 1 and 1/2.
    negative = jnp.where(logits < 0, -logits, jnp.zeros_like(logits))
    size = logits * lax.sign(logits)
    return (1 - labels) * logits + weight * (jnp.log1p(jnp.exp(-size)) + negative)


@export("nn.weighted_cross_entropy_with_logits")
def weighted_cross_entropy_with_logits(
    labels: Any, logits: Any, pos_weight: Any, name: str | None = None
) -> Any:
    """Sigmoid cross entropy in which the positive part counts `pos_weight` times.

    It is `-labels * log(sigmoid(logits)) * pos_weight - (1 - labels) * log(1 - sigmoid(logits))`,
    written so that it does not overflow.

    Args:
      labels: Tensor of `logits`' shape and dtype, values in [0, 1].
      logits: Tensor of scores; float16, bfloat16, float32 or float64.
      pos_weight: Number or tensor of the same dtype whose shape broadcasts against `logits`'. Above
        1 it favours recall, below 1 precision.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `logits`' shape (broadcast with `pos_weight`'s) and dtype.
    Raises:
      ValueError: the shapes of labels and logits differ.
      InvalidArgumentError: the dtypes differ or are not floating point.

    >>> tf.nn.weighted_cross_entropy_with_logits([1.0], [0.0], 2.0).numpy()
    array([1.3862944], dtype=float32)
    """
    what = "tf.nn.weighted_cross_entropy_with_logits"
    inputs = convert_inputs(_weighted_cross_entropy, (logits, labels, pos_weight))
    _need_equal_shapes(inputs[0], inputs[1], "logits and labels", what)
    return apply(_weighted_cross_entropy, inputs, (), name)


@op("LogPoissonLoss", dtypes=FLOATING, shape=same_as_first, api_name="nn.log_poisson_loss")
def _log_poisson_loss(log_input, targets, *, full):
    loss = jnp.exp(log_input) - log_input * targets
    if full:
        two_pi = jnp.asarray(6.283185307179586, targets.dtype)
        half = jnp.asarray(0.5, targets.dtype)
        stirling = targets * jnp.log(targets) - targets + half * jnp.log(two_pi * targets)
        small = (targets >= 0) & (targets <= 1)
        loss = loss + jnp.where(small, jnp.zeros_like(targets), stirling)
    return loss


@export("nn.log_poisson_loss")
def log_poisson_loss(
    targets: Any, log_input: Any, compute_full_loss: bool = False, name: str | None = None
) -> Any:
    """Negative log-likelihood of counts `targets` under Poisson rates `exp(log_input)`.

    It is `exp(log_input) - log_input * targets`, without the term `log(targets!)`, which does not
    depend on the prediction.

    Args:
      targets: Tensor of counts; float16, bfloat16, float32 or float64.
      log_input: Tensor of `targets`' shape and dtype, logarithms of rates.
      compute_full_loss: Whether to add Stirling's approximation of `log(targets!)` for targets
        above 1.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `targets`' shape and dtype.
    Raises:
      ValueError: the shapes differ.

    >>> tf.nn.log_poisson_loss([2.0], [0.0]).numpy()
    array([1.], dtype=float32)
    """
    log_input, targets = convert_inputs(_log_poisson_loss, (log_input, targets))
    _need_equal_shapes(log_input, targets, "log_input and targets", "tf.nn.log_poisson_loss")
    attrs = (("full", bool(compute_full_loss)),)
    return apply(_log_poisson_loss, (log_input, targets), attrs, name)


def _scalar(inputs: Sequence[Any], attrs: Mapping[str, Any]) -> Specs:
    return [(inputs[0].dtype, TensorShape([]))]


@op("L2Loss", dtypes=FLOATING, shape=_scalar, api_name="nn.l2_loss")
def _l2_loss(t):
    return jnp.sum(t * t * jnp.asarray(0.5, t.dtype))


@export("nn.l2_loss")
def l2_loss(t: Any, name: str | None = None) -> Any:
    """Half the sum of squares: `reduce_sum(t ** 2) / 2`.

    Args:
      t: Tensor of any shape; float16, bfloat16, float32 or float64.
      name: Optional name of the node in graphs.
    Returns:
      Scalar of `t`'s dtype.
    Raises:
      InvalidArgumentError: `t` is not floating point.

    >>> tf.nn.l2_loss([3.0, 4.0]).numpy()
    np.float32(12.5)
    """
    return apply(_l2_loss, (t,), (), name)


_replica_count: list[Callable[[], int]] = [lambda: 1]


def set_replica_count(count: Callable[[], int]) -> None:
    """Names the function that says how many replicas run in sync (a layer above)."""
    _replica_count[0] = count


def _average_dtype(dtype: DType) -> DType:
    """The dtype of a quotient: that of the loss, or the one that integers divide to."""
    if dtype.is_floating:
        return dtype
    return float32 if dtype.size <= 2 else float64


def _average_shape(inputs: Sequence[Any], attrs: Mapping[str, Any]) -> Specs:
    return [(_average_dtype(inputs[0].dtype), TensorShape([]))]


@op(
    "AverageLoss",
    dtypes={"per_example_loss": REAL, "others": REAL},
    inputs=("per_example_loss", "*others"),
    shape=_average_shape,
    api_name="nn.compute_average_loss",
)
def _average_loss(loss, *others, weighted, replicas):
    dtype = loss.dtype
    if weighted:
        loss = _weigh(loss.astype(jnp.float32), others[0].astype(jnp.float32)).astype(dtype)
    # `replicas` is None where the batch size is given.
    size = others[-1] if replicas is None else jnp.asarray(loss.shape[0] * replicas)
    result = _average_dtype(from_numpy(dtype)).np_dtype
    total, size = jnp.sum(loss, dtype=dtype).astype(result), size.astype(dtype).astype(result)
    zero = jnp.zeros_like(size)
    return jnp.where(size == 0, zero, total / jnp.where(size == 0, zero + 1, size))


def _weigh(loss, weight):
    """Losses times weights of the same rank, or of one less or more by a dimension of 1."""
    if weight.ndim and weight.ndim == loss.ndim + 1 and weight.shape[-1] == 1:
        weight = weight[..., 0]
    elif weight.ndim and weight.ndim == loss.ndim - 1:
        weight = weight[..., None]
    return loss * weight


@export("nn.compute_average_loss")
def compute_average_loss(
    per_example_loss: Any, sample_weight: Any = None, global_batch_size: Any = None
) -> Any:
    """The sum of per-example losses divided by the number of examples in the global batch.

    Under a distribution strategy each replica so contributes its share, and the sum over replicas
    is the mean over all examples.

    Args:
      per_example_loss: Tensor of real numbers, of rank 1 or more, the examples in dimension 0.
      sample_weight: Optional tensor of weights, broadcast against the losses.
      global_batch_size: Optional integer, the size of the global batch. By default the size of
        dimension 0 times the number of replicas.
    Returns:
      Scalar of `per_example_loss`' dtype (a floating one for integers); 0 for an empty batch.
    Raises:
      ValueError: `per_example_loss` is a scalar.

    >>> tf.nn.compute_average_loss([1.0, 3.0], global_batch_size=4).numpy()
    np.float32(1.0)
    """
    what = "tf.nn.compute_average_loss"
    loss = convert(per_example_loss)
    if loss.shape.rank == 0:
        raise errors.op_error(
            ValueError, what, "per_example_loss has no dimension for the examples: got a scalar"
        )
    inputs: list[Any] = [loss]
    if sample_weight is not None:
        inputs.append(convert(sample_weight))
    if global_batch_size is not None:
        size = convert(global_batch_size)
        if size.shape.rank not in (0, None):
            raise errors.op_error(
                ValueError, what, f"global_batch_size must be a scalar, got {size.shape}"
            )
        if size.dtype not in INTEGER:
            raise errors.op_error(
                TypeError, what, f"global_batch_size must be an integer, not {size.dtype.name}"
            )
        inputs.append(size)
    attrs = (
        ("weighted", sample_weight is not None),
        ("replicas", _replica_count[0]() if global_batch_size is None else None),
    )
    return apply(_average_loss, tuple(inputs), attrs)


@op(
    "ScaleRegularizationLoss",
    dtypes=INEXACT,
    shape=_scalar,
    api_name="nn.scale_regularization_loss",
)
def _scale_regularization_loss(loss, *, replicas):
    return jnp.sum(loss) / replicas


@export("nn.scale_regularization_loss")
def scale_regularization_loss(regularization_loss: Any) -> Any:
    """The sum of a regularization loss divided by the number of replicas.

    Args:
      regularization_loss: Floating point tensor of any shape, equal on all replicas.
    Returns:
      Scalar of its dtype.

    >>> tf.nn.scale_regularization_loss([1.0, 2.0]).numpy()
    np.float32(3.0)
    """
    attrs = (("replicas", int(_replica_count[0]())),)
    return apply(_scale_regularization_loss, (regularization_loss,), attrs)
