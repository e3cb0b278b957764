"""Softmax, its logarithm, and the cross entropies of class scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from deras._src import errors
from deras._src.core.dtypes import BOOLEAN, FLOATING, INDEX, NUMERIC
from deras._src.core.tensor_shape import TensorShape
from deras._src.dispatch.apply import apply
from deras._src.dispatch.convert import convert
from deras._src.graph.checks import require_none
from deras._src.ops.nn_arguments import axis_number, positive_axis, without_axis
from deras._src.ops.shapes import Specs
from deras._src.registry import OpRecord, op
from deras._src.util.export import export


def _softmax_shape(inputs: Sequence[Any], attrs: Mapping[str, Any]) -> Specs:
    shape = inputs[0].shape
    if shape.rank is not None:
        kind = errors.GraphInvalidArgumentError
        positive_axis(attrs["axis"], shape.rank, "tf.nn.softmax", kind)
    return [(inputs[0].dtype, shape)]


def _shifted(logits, axis):
    """Logits less their largest, which no result depends on: no gradient flows through it."""
    if logits.shape[axis] == 0:
        return logits
    return logits - lax.stop_gradient(jnp.max(logits, axis, keepdims=True))


# The gradients of both are TensorFlow's, in terms of the output, which saves the exponentials.
@op("SoftmaxGrad", dtypes=FLOATING, shape=_softmax_shape, api_name="nn.softmax")
def _softmax_grad(grads, softmax, *, axis):
    return (grads - jnp.sum(grads * softmax, axis, keepdims=True)) * softmax


def _softmax_gradient(record: OpRecord, grad: Any) -> Any:
    return (apply(_softmax_grad, (grad, record.outputs[0]), record.attrs),)


@op(
    "Softmax",
    dtypes=FLOATING,
    gradient=_softmax_gradient,
    shape=_softmax_shape,
    api_name="nn.softmax",
)
def _softmax(logits, *, axis):
    axis = positive_axis(axis, logits.ndim, "tf.nn.softmax")
    powers = jnp.exp(_shifted(logits, axis))
    return powers / jnp.sum(powers, axis, keepdims=True)


@op("LogSoftmaxGrad", dtypes=FLOATING, shape=_softmax_shape, api_name="nn.log_softmax")
def _log_softmax_grad(grads, log_softmax, *, axis):
    return grads - jnp.sum(grads, axis, keepdims=True) * jnp.exp(log_softmax)


def _log_softmax_gradient(record: OpRecord, grad: Any) -> Any:
    return (apply(_log_softmax_grad, (grad, record.outputs[0]), record.attrs),)


@op(
    "LogSoftmax",
    dtypes=FLOATING,
    gradient=_log_softmax_gradient,
    shape=_softmax_shape,
    api_name="nn.log_softmax",
)
def _log_softmax(logits, *, axis):
    axis = positive_axis(axis, logits.ndim, "tf.nn.log_softmax")
    shifted = _shifted(logits, axis)
    return shifted - jnp.log(jnp.sum(jnp.exp(shifted), axis, keepdims=True))


@export("nn.softmax")
def softmax(logits: Any, axis: int | None = None, name: str | None = None) -> Any:
    """Softmax: `exp(logits) / reduce_sum(exp(logits), axis)`.

    Args:
      logits: Tensor of rank 1 or more; float16, bfloat16, float32 or float64.
      axis: Python int, the dimension whose values shall sum to 1. None means -1, the last.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `logits`' shape and dtype.
    Raises:
      InvalidArgumentError: `logits` is empty of dimensions or not floating point, or has no
        dimension `axis`.

    >>> tf.nn.softmax([0.0, 0.0]).numpy()
    array([0.5, 0.5], dtype=float32)
    """
    number = -1 if axis is None else axis_number(axis, "tf.nn.softmax: axis")
    return apply(_softmax, (logits,), (("axis", number),), name)


@export("nn.log_softmax")
def log_softmax(logits: Any, axis: int | None = None, name: str | None = None) -> Any:
    """Logarithm of the softmax: `logits - log(reduce_sum(exp(logits), axis))`.

    Args:
      logits: Tensor of rank 1 or more; float16, bfloat16, float32 or float64.
      axis: Python int, the dimension that holds the classes. None means -1, the last.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `logits`' shape and dtype.
    Raises:
      InvalidArgumentError: `logits` is empty of dimensions or not floating point, or has no
        dimension `axis`.

    >>> tf.nn.log_softmax([0.0, 0.0]).numpy()
    array([-0.6931472, -0.6931472], dtype=float32)
    """
    number = -1 if axis is None else axis_number(axis, "tf.nn.log_softmax: axis")
    return apply(_log_softmax, (logits,), (("axis", number),), name)


# The cross entropies are written with their derivative: JAX would otherwise differentiate the
# logarithm of the sum and the selection one by one (a scatter, for the sparse one). The dense
# one's derivative, softmax - labels, is TensorFlow's: it takes the labels to sum to 1.
@jax.custom_jvp
def _dense_loss(logits, labels):
    shifted = _shifted(logits, -1)
    log_sum = jnp.log(jnp.sum(jnp.exp(shifted), -1, keepdims=True))
    return jnp.sum(labels * (log_sum - shifted), -1)


@_dense_loss.defjvp
def _dense_loss_jvp(primals, tangents):
    logits, labels = primals
    d_logits, d_labels = tangents
    powers = jnp.exp(_shifted(logits, -1))
    slope = powers / jnp.sum(powers, -1, keepdims=True) - labels
    shifted = _shifted(logits, -1)
    log_softmax = shifted - jnp.log(jnp.sum(jnp.exp(shifted), -1, keepdims=True))
    return (
        _dense_loss(logits, labels),
        jnp.sum(d_logits * slope, -1) - jnp.sum(d_labels * log_softmax, -1),
    )


def _precise(array):
    """16-bit floats as float32, in which TensorFlow computes cross entropies."""
    return array.astype(jnp.float32) if array.dtype.itemsize == 2 else array


def _dense_shape(inputs: Sequence[Any], attrs: Mapping[str, Any]) -> Specs:
    logits, labels = inputs
    axis, what = attrs["axis"], "tf.nn.softmax_cross_entropy_with_logits"
    rest = without_axis(logits.shape, axis, what)
    if logits.shape.is_fully_defined() and labels.shape.is_fully_defined():
        rows = without_axis(labels.shape, axis, what).num_elements()
        _check_rows(
            (rest.num_elements(), logits.shape[axis]), (rows, labels.shape[axis]), what, True
        )
    return [(logits.dtype, rest)]


def _check_rows(
    logits: tuple[Any, Any], labels: tuple[Any, Any], what: str, graph: bool = False
) -> None:
    """(rows, classes) of both: TensorFlow takes one row of labels for all rows of logits."""
    if labels[1] != logits[1] or labels[0] not in (1, logits[0]):
        raise errors.op_error(
            errors.GraphInvalidArgumentError if graph else errors.InvalidArgumentError,
            what,
            f"logits and labels must be broadcastable: logits are {logits[0]} rows of "
            f"{logits[1]} classes, labels {labels[0]} rows of {labels[1]}",
        )


@op(
    "SoftmaxCrossEntropyWithLogits",
    dtypes={"logits": FLOATING, "labels": NUMERIC | BOOLEAN},
    shape=_dense_shape,
    api_name="nn.softmax_cross_entropy_with_logits",
)
def _softmax_cross_entropy(logits, labels, *, axis):
    what = "tf.nn.softmax_cross_entropy_with_logits"
    wide = jnp.moveaxis(_precise(logits), positive_axis(axis, logits.ndim, what), -1)
    labels = jnp.moveaxis(labels, positive_axis(axis, labels.ndim, what), -1)
    labels = labels.astype(wide.dtype)
    if labels.shape != wide.shape:
        labels = _labels_for(labels, wide.shape, what)
    return _dense_loss(wide, labels).astype(logits.dtype)


def _labels_for(labels, shape, what):
    """Labels of another shape, one row or the same number of rows, in the shape of the logits."""
    rows = int(np.prod(labels.shape[:-1]))
    wanted = int(np.prod(shape[:-1]))
    _check_rows((wanted, shape[-1]), (rows, labels.shape[-1]), what)
    return jnp.broadcast_to(labels.reshape(rows, shape[-1]), (wanted, shape[-1])).reshape(shape)


@export("nn.softmax_cross_entropy_with_logits")
def softmax_cross_entropy_with_logits(
    labels: Any, logits: Any, axis: int = -1, name: str | None = None
) -> Any:
    """Cross entropy of the softmax of `logits` with distributions `labels`.

    Gradients flow to logits and labels. As in TensorFlow, the gradient to the logits is
    `softmax(logits) - labels`, which is right for labels that sum to 1 over `axis`.

    Args:
      labels: Tensor of `logits`' shape, or one row of it; cast to `logits`' dtype.
      logits: Tensor of scores; float16, bfloat16, float32 or float64.
      axis: Python int, the dimension that holds the classes.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `logits`' dtype, and of its shape less the dimension `axis`.
    Raises:
      InvalidArgumentError: shapes do not fit, or `logits` is not floating point.

    >>> tf.nn.softmax_cross_entropy_with_logits([[0.5, 0.5]], [[3.0, 3.0]]).numpy()
    array([0.6931472], dtype=float32)
    """
    number = axis_number(axis, "tf.nn.softmax_cross_entropy_with_logits: axis")
    return apply(_softmax_cross_entropy, (logits, labels), (("axis", number),), name)


@jax.custom_jvp
def _sparse_loss(logits, hit):
    shifted = _shifted(logits, -1)
    log_sum = jnp.log(jnp.sum(jnp.exp(shifted), -1))
    return log_sum - jnp.sum(jnp.where(hit, shifted, jnp.zeros_like(shifted)), -1)


@_sparse_loss.defjvp
def _sparse_loss_jvp(primals, tangents):
    logits, hit = primals
    powers = jnp.exp(_shifted(logits, -1))
    slope = powers / jnp.sum(powers, -1, keepdims=True) - hit.astype(logits.dtype)
    return _sparse_loss(logits, hit), jnp.sum(tangents[0] * slope, -1)


def _sparse_shape(inputs: Sequence[Any], attrs: Mapping[str, Any]) -> Specs:
    logits, labels = inputs
    shape = labels.shape
    if logits.shape.rank is not None:
        shape = shape.merge_with(TensorShape(logits.shape.as_list()[:-1]))
    return [(logits.dtype, shape)]


@op(
    "SparseSoftmaxCrossEntropyWithLogits",
    dtypes={"logits": FLOATING, "labels": INDEX},
    shape=_sparse_shape,
    api_name="nn.sparse_softmax_cross_entropy_with_logits",
)
def _sparse_softmax_cross_entropy(logits, labels):
    if labels.shape != logits.shape[:-1]:
        raise ValueError(
            f"labels.shape must equal logits.shape except for the last dimension: wanted "
            f"{logits.shape[:-1]}, got {labels.shape}"
        )
    classes = logits.shape[-1]
    if classes == 0:
        raise ValueError(f"there must be at least one class, but logits are {logits.shape}")
    require_none(
        (labels < 0) | (labels >= classes),
        labels,
        errors.InvalidArgumentError,
        f"Received a label value of {{detail}} which is outside the valid range of [0, {classes})",
    )
    numbers = lax.broadcasted_iota(labels.dtype, logits.shape, logits.ndim - 1)
    return _sparse_loss(_precise(logits), numbers == labels[..., None]).astype(logits.dtype)


@export("nn.sparse_softmax_cross_entropy_with_logits")
def sparse_softmax_cross_entropy_with_logits(
    labels: Any, logits: Any, name: str | None = None
) -> Any:
    """Cross entropy of the softmax of `logits` with class numbers `labels`.

    Args:
      labels: Tensor of class numbers in [0, C), int32 or int64, of `logits`' shape less its last
        dimension.
      logits: Tensor of scores, the C classes in the last dimension; float16, bfloat16, float32 or
        float64.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `labels`' shape and `logits`' dtype.
    Raises:
      ValueError: ranks or shapes do not fit.
      InvalidArgumentError: a label is outside [0, C); dtypes are not as said.

    >>> tf.nn.sparse_softmax_cross_entropy_with_logits([1], [[3.0, 3.0]]).numpy()
    array([0.6931472], dtype=float32)
    """
    what = "tf.nn.sparse_softmax_cross_entropy_with_logits"
    logits, labels = convert(logits), convert(labels)
    wanted, got = logits.shape, labels.shape
    if wanted.rank == 0:
        raise errors.op_error(ValueError, what, "logits cannot be a scalar")
    if wanted.rank is not None and got.rank is not None:
        if got.rank != wanted.rank - 1:
            raise errors.op_error(
                ValueError,
                what,
                f"labels.shape.rank must equal logits.shape.rank - 1: labels are {got} of rank "
                f"{got.rank}, logits {wanted} of rank {wanted.rank}",
                hint="for labels that are distributions use "
                "tf.nn.softmax_cross_entropy_with_logits",
            )
        if not got.is_compatible_with(TensorShape(wanted.as_list()[:-1])):
            raise errors.op_error(
                ValueError,
                what,
                "labels.shape must equal logits.shape except for the last dimension: labels are "
                f"{got}, logits {wanted}",
            )
    return apply(_sparse_softmax_cross_entropy, (logits, labels), (), name)
