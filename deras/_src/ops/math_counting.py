"""Counting integers: bincount and confusion matrices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from deras._src.core.dtypes import INDEX, NUMERIC, as_dtype, float32, float64, int32, int64
from deras._src.core.tensor_shape import TensorShape
from deras._src.dispatch.apply import apply
from deras._src.dispatch.convert import convert
from deras._src.errors import GraphInvalidArgumentError, InvalidArgumentError, op_error
from deras._src.graph.checks import require
from deras._src.graph.shape_inference import known_value
from deras._src.ops.math_cast import cast
from deras._src.ops.math_support import Specs, scalar
from deras._src.registry import NONE, op
from deras._src.util.export import export

_COUNTED = INDEX | {float32, float64}


def _size_on_host(values: np.ndarray, *limits: np.ndarray, has_least: bool, has_most: bool) -> Any:
    size = np.asarray(int(values.max()) + 1 if values.size else 0, np.int64)
    rest = list(limits)
    if has_least:
        size = np.maximum(size, rest.pop(0).astype(np.int64))
    if has_most:
        size = np.minimum(size, rest.pop(0).astype(np.int64))
    return size


@op(
    "BincountSize",
    dtypes={"values": INDEX, "limits": INDEX},
    inputs=("values", "*limits"),
    shape=lambda inputs, attrs: [(int64, TensorShape(()))],
    numpy=_size_on_host,
    gradient=NONE,
    api_name="math.bincount",
)
def _bincount_size(values, *limits, has_least, has_most):
    """One more than the greatest value, within limits."""
    size = jnp.zeros((), np.int64)
    if values.size:
        size = lax.convert_element_type(jnp.max(values), np.int64) + np.int64(1)
    rest = [lax.convert_element_type(v, np.int64) for v in limits]
    if has_least:
        size = jnp.maximum(size, rest.pop(0))
    if has_most:
        size = jnp.minimum(size, rest.pop(0))
    return size


def _counts_shape(inputs: Sequence[Any], attrs: Mapping[str, Any]) -> Specs:
    values, size = inputs[:2]
    known = known_value(size)
    bins = None if known is None else max(int(known), 0)
    dtype = inputs[2].dtype if len(inputs) > 2 else attrs["T"]
    rank = values.shape.rank
    if not attrs["per_row"] or rank in (0, 1):
        return [(dtype, TensorShape([bins]))]
    if rank is None:
        return [(dtype, TensorShape(None))]
    if rank > 2:
        raise GraphInvalidArgumentError(
            None, None, f"a vector or matrix is wanted, the shape is {values.shape}"
        )
    return [(dtype, TensorShape([values.shape[0], bins]))]


@op(
    "DenseBincount",
    dtypes={"input": INDEX, "size": INDEX, "weights": _COUNTED},
    inputs=("input", "size", "*weights"),
    host_args=("size",),
    shape=_counts_shape,
    gradient=NONE,
    api_name="math.bincount",
)
def _dense_bincount(input, size, *weights, T, binary_output, per_row):
    bins = max(int(size), 0)
    if per_row and input.ndim > 2:
        raise ValueError(f"a vector or matrix is wanted, the shape is {list(input.shape)}")
    dtype = weights[0].dtype if weights else T.np_dtype
    if input.size:
        require(
            jnp.min(input) >= scalar(0, input), InvalidArgumentError, "values must not be negative"
        )
    by_row = per_row and input.ndim == 2
    rows = input if by_row else input.reshape(1, input.size)
    if weights and weights[0].size and weights[0].shape != input.shape:
        raise ValueError(
            f"weights has shape {list(weights[0].shape)}, the values {list(input.shape)}"
        )
    # Values beyond the bins are not counted; negative ones, reported above, would wrap around.
    columns = jnp.where(rows < scalar(0, rows), scalar(bins, rows), rows)
    lines = jnp.broadcast_to(lax.iota(rows.dtype, rows.shape[0])[:, None], rows.shape)
    counts = jnp.zeros((rows.shape[0], bins), dtype)
    one = np.asarray(1, dtype)
    if binary_output:
        counts = counts.at[lines, columns].set(one, mode="drop")
    else:
        parts = weights[0].reshape(rows.shape) if weights and weights[0].size else one
        counts = counts.at[lines, columns].add(parts, mode="drop")
    return counts if by_row else counts[0]


@export("math.bincount")
def bincount(
    arr: Any,
    weights: Any = None,
    minlength: Any = None,
    maxlength: Any = None,
    dtype: Any = int32,
    name: str | None = None,
    axis: int | None = None,
    binary_output: bool = False,
) -> Any:
    """How often each integer 0, 1, 2, ... occurs.

    Args:
      arr: int32 or int64 tensor, not negative. Floats lose their fraction.
      weights: Tensor of `arr`'s shape; each occurrence adds its weight instead of 1.
      minlength: The least length of the result.
      maxlength: The greatest length of the result; greater integers are not counted.
      dtype: The dtype of counts without weights; int32 by default.
      name: Optional name of the node in graphs.
      axis: None or 0: all elements are counted together. -1: those of each row of a matrix.
      binary_output: Whether the result says only if an integer occurs: 1 or 0.
    Returns:
      Tensor of shape `[length]` (of `[rows, length]` for axis -1). The length is the greatest
      integer and 1, within the limits.
    Raises:
      InvalidArgumentError: An integer is negative, or the weights have another shape.
      ValueError: The axis is none of the three, or `weights` and `binary_output` are both given.

    >>> tf.math.bincount([1, 1, 3]).numpy()
    array([0, 2, 0, 1], dtype=int32)
    """
    if axis not in (None, 0, -1):
        raise ValueError(f"tf.math.bincount: axis must be None, 0 or -1, got {axis}")
    if binary_output and weights is not None:
        raise ValueError("tf.math.bincount: weights and binary_output are mutually exclusive")
    values = convert(arr)
    if not values.dtype.is_integer:
        values = cast(values, int32)
    counted = as_dtype(dtype)
    if counted not in _COUNTED:
        raise op_error(
            InvalidArgumentError,
            "tf.math.bincount",
            f"dtype is {counted.name}; accepted: float32, float64, int32, int64",
        )
    limits = [convert(v) for v in (minlength, maxlength) if v is not None]
    has = (("has_least", minlength is not None), ("has_most", maxlength is not None))
    size = apply(_bincount_size, (values, *limits), has)
    extra = () if weights is None else (weights,)
    attrs = (
        ("T", counted),
        ("binary_output", bool(binary_output)),
        ("per_row", axis == -1),
    )
    return apply(_dense_bincount, (values, size, *extra), attrs, name)


def _matrix_shape(inputs: Sequence[Any], attrs: Mapping[str, Any]) -> Specs:
    known = known_value(inputs[2])
    classes = None if known is None else int(known)
    return [(attrs["dtype"], TensorShape([classes, classes]))]


def _squeezed(values, others):
    """A column as a vector, where the other argument is a vector."""
    if values.ndim == others.ndim + 1 and values.shape[-1] == 1:
        return values.reshape(values.shape[:-1])
    return values


@op(
    "ConfusionMatrix",
    dtypes={"labels": INDEX, "predictions": INDEX, "num_classes": INDEX, "weights": NUMERIC},
    inputs=("labels", "predictions", "num_classes", "*weights"),
    host_args=("num_classes",),
    shape=_matrix_shape,
    gradient=NONE,
    api_name="math.confusion_matrix",
)
def _confusion_matrix(labels, predictions, num_classes, *weights, dtype):
    classes = int(num_classes)
    labels, predictions = _squeezed(labels, predictions), _squeezed(predictions, labels)
    if labels.shape != predictions.shape or labels.ndim != 1:
        raise ValueError(
            "labels and predictions must be vectors of one length, their shapes are "
            f"{list(labels.shape)} and {list(predictions.shape)}"
        )
    for what, values in (("labels", labels), ("predictions", predictions)):
        if values.size:
            low, high = jnp.min(values), jnp.max(values)
            require(
                low >= scalar(0, values), InvalidArgumentError, f"{what} holds {{detail}} < 0", low
            )
            require(
                high < scalar(classes, values),
                InvalidArgumentError,
                f"{what} holds {{detail}}, but num_classes is {classes}",
                high,
            )
    parts = jnp.ones(labels.shape, dtype.np_dtype)
    if weights:
        parts = jnp.broadcast_to(lax.convert_element_type(weights[0], dtype.np_dtype), labels.shape)
    # Indices below 0, reported above, would wrap around.
    row = jnp.where(labels < scalar(0, labels), scalar(classes, labels), labels)
    column = jnp.where(
        predictions < scalar(0, predictions), scalar(classes, predictions), predictions
    )
    zeros = jnp.zeros((classes, classes), dtype.np_dtype)
    return zeros.at[row, column].add(parts, mode="drop")


@op(
    "ClassCount",
    dtypes=INDEX,
    numpy=lambda labels, predictions: np.asarray(
        max((int(v.max()) for v in (labels, predictions) if v.size), default=-1) + 1, np.int64
    ),
    shape=lambda inputs, attrs: [(int64, TensorShape(()))],
    gradient=NONE,
    api_name="math.confusion_matrix",
)
def _class_count(labels, predictions):
    highest = jnp.maximum(
        jnp.max(labels, initial=scalar(-1, labels)),
        jnp.max(predictions, initial=scalar(-1, predictions)),
    )
    return lax.convert_element_type(highest, np.int64) + np.int64(1)


@export("math.confusion_matrix")
def confusion_matrix(
    labels: Any,
    predictions: Any,
    num_classes: Any = None,
    weights: Any = None,
    dtype: Any = int32,
    name: str | None = None,
) -> Any:
    """How often each class (row) was predicted as each class (column).

    Args:
      labels: Vector of true classes, integers that are not negative.
      predictions: Vector of predicted classes, of `labels`' length.
      num_classes: The number of classes. None: the greatest one and 1.
      weights: Vector of what each pair counts; None: 1.
      dtype: The dtype of the result; int32 by default.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of shape `[num_classes, num_classes]`.
    Raises:
      InvalidArgumentError: A class is negative, or not below `num_classes`.

    >>> tf.math.confusion_matrix([1, 2, 1], [1, 2, 2]).numpy()
    array([[0, 0, 0],
           [0, 1, 1],
           [0, 0, 1]], dtype=int32)
    """
    labels, predictions = cast(labels, int64), cast(predictions, int64)
    if num_classes is None:
        num_classes = apply(_class_count, (labels, predictions))
    extra = () if weights is None else (convert(weights),)
    attrs = (("dtype", as_dtype(dtype)),)
    return apply(_confusion_matrix, (labels, predictions, num_classes, *extra), attrs, name)
