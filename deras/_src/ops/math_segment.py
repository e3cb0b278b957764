"""Sums, means, products and extremes of rows that have the same segment id."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from deras._src.core.dtypes import FLOATING, INDEX, NUMERIC, REAL, from_numpy, int16
from deras._src.core.tensor_shape import TensorShape
from deras._src.dispatch.apply import apply
from deras._src.errors import GraphInvalidArgumentError, InvalidArgumentError
from deras._src.graph.checks import require
from deras._src.graph.shape_inference import known_value
from deras._src.ops.math_division import quotient_dtype
from deras._src.ops.math_support import Specs, scalar
from deras._src.ops.shapes import same_as_first
from deras._src.registry import NONE, op
from deras._src.util.export import export

_IDS = INDEX | {int16}


def _dtypes(data: Any) -> dict[str, Any]:
    return {"data": data, "segment_ids": _IDS, "num_segments": INDEX}


def _segments_shape(inputs: Sequence[Any], attrs: Mapping[str, Any]) -> Specs:
    data, ids, count = inputs[:3]
    value = known_value(count)
    rows = None if value is None else int(value)
    if data.shape.rank is None or ids.shape.rank is None:
        return [(data.dtype, TensorShape(None))]
    rank = ids.shape.rank
    if not data.shape[:rank].is_compatible_with(ids.shape):
        raise GraphInvalidArgumentError(
            None, None, f"data.shape {data.shape} does not start with segment_ids.shape {ids.shape}"
        )
    return [(data.dtype, TensorShape([rows]).concatenate(data.shape[rank:]))]


def _flat(data, ids, num_segments, is_sorted):
    """Rows, their ids (those to be left out sent past the end), and the number of segments."""
    count = int(num_segments)
    if count < 0:
        raise ValueError(f"num_segments is {count}; it must not be negative")
    if data.shape[: ids.ndim] != ids.shape:
        raise ValueError(
            f"data.shape {list(data.shape)} does not start with segment_ids.shape {list(ids.shape)}"
        )
    rows = data.reshape(ids.size, *data.shape[ids.ndim :])
    ids = lax.convert_element_type(ids.reshape(-1), np.int64)
    if is_sorted and ids.size:
        require(
            jnp.all(ids[1:] >= ids[:-1]), InvalidArgumentError, "segment ids are not increasing"
        )
        require(ids[0] >= np.int64(0), InvalidArgumentError, "segment ids must be >= 0")
    elif ids.size:
        highest = jnp.max(ids)
        require(
            highest < np.int64(count),
            InvalidArgumentError,
            f"segment id {{detail}} is out of range: it must be below num_segments = {count}",
            highest,
        )
    return rows, jnp.where(ids < np.int64(0), np.int64(count), ids), count


def _full(value, rows, count):
    return jnp.full((count, *rows.shape[1:]), np.asarray(value, rows.dtype))


def _summed(rows, ids, count):
    return _full(0, rows, count).at[ids].add(rows, mode="drop")


def _sizes(rows, ids, count, dtype):
    ones = jnp.ones(ids.shape, dtype)
    sizes = jnp.zeros((count,), dtype).at[ids].add(ones, mode="drop")
    return sizes.reshape((count,) + (1,) * (rows.ndim - 1))


def _taken(values, ids):
    """Row `ids` of `values` for each row; 0 where it is left out."""
    return jnp.asarray(values).at[ids].get(mode="fill", fill_value=0)


# Sums --------------------------------------------------------------------------------------------


@op("SegmentSumGrad", shape=same_as_first, dtypes={})
def _sum_grad(data, segment_ids, dy, *, scale):
    # The number of segments is that of dy's rows: the gradient needs no value on the host.
    rows, ids, count = _flat(data, segment_ids, dy.shape[0], False)
    if scale:
        dy = _scaled(dy, rows, ids, count, scale)
    return _taken(dy, ids).reshape(data.shape)


def _scaled(total, rows, ids, count, scale):
    """Sums of segments divided by their sizes, or by the square roots of these."""
    sizes = jnp.maximum(_sizes(rows, ids, count, np.int64), np.int64(1))
    sizes = lax.convert_element_type(sizes, total.dtype)
    return lax.div(
        total, jnp.broadcast_to(lax.sqrt(sizes) if scale == "root" else sizes, total.shape)
    )


def _sum_gradient(scale: str) -> Any:
    attrs = (("scale", scale),)
    return lambda record, grad: (
        apply(_sum_grad, (*record.inputs[:2], grad), attrs),
        None,
        None,
    )


# Extremes ----------------------------------------------------------------------------------------


@op("SegmentExtremeGrad", shape=same_as_first, dtypes={})
def _extreme_grad(data, segment_ids, output, dy):
    rows, ids, count = _flat(data, segment_ids, dy.shape[0], False)
    chosen = rows == _taken(output, ids)
    chosen &= (ids < np.int64(count)).reshape((-1,) + (1,) * (rows.ndim - 1))
    weights = jnp.where(chosen, scalar(1, rows), scalar(0, rows))
    shares = dy / _summed(weights, ids, count)
    return jnp.where(chosen, _taken(shares, ids), scalar(0, rows)).reshape(data.shape)


def _extreme_gradient(record: Any, grad: Any) -> Any:
    return apply(_extreme_grad, (*record.inputs[:2], record.outputs[0], grad)), None, None


def _extreme(data, segment_ids, num_segments, is_sorted, greatest):
    rows, ids, count = _flat(data, segment_ids, num_segments, is_sorted)
    if jnp.issubdtype(data.dtype, jnp.floating):
        # Unsorted segments stay at the lowest finite number where empty; sorted ones become 0
        # below, and start where infinite elements are noticed too.
        limit = np.inf if is_sorted else float(jnp.finfo(data.dtype).max)
        worst = -limit if greatest else limit
    else:
        worst = jnp.iinfo(data.dtype).min if greatest else jnp.iinfo(data.dtype).max
    start = _full(worst, rows, count)
    updated = (
        start.at[ids].max(rows, mode="drop") if greatest else start.at[ids].min(rows, mode="drop")
    )
    if not is_sorted:
        return updated
    return jnp.where(_sizes(rows, ids, count, np.int32) == np.int32(0), scalar(0, rows), updated)


# Products ----------------------------------------------------------------------------------------


@jax.custom_jvp
def _product_of_nonzero(start, rows, ids):
    """The product of the rows of each segment times `start`; rows hold no 0.

    With a derivative of its own, as JAX has none for products at repeated indices.
    """
    return start.at[ids].multiply(rows, mode="drop")


@_product_of_nonzero.defjvp
def _product_of_nonzero_jvp(primals, tangents):
    start, rows, ids = primals
    product = _product_of_nonzero(start, rows, ids)
    growth = jnp.zeros_like(start).at[ids].add(tangents[1] / rows, mode="drop")
    return product, product * growth


@op("SegmentProdGrad", shape=same_as_first, dtypes={})
def _prod_grad(data, segment_ids, dy):
    # TensorFlow does not conjugate complex factors here, and neither does this.
    rows, ids, count = _flat(data, segment_ids, dy.shape[0], False)
    zero = rows == scalar(0, rows)
    safe = jnp.where(zero, scalar(1, rows), rows)
    others = _product_of_nonzero(_full(1, rows, count), safe, ids)
    zeros = _summed(zero.astype(np.int32), ids, count)
    zeros, others, grads = _taken(zeros, ids), _taken(others, ids), _taken(dy, ids)
    # Without a zero: product / x. The one zero: the product of the others. Beside zeros: 0.
    part = jnp.where(zero, others, others / safe)
    part = jnp.where(zeros - zero.astype(np.int32) > np.int32(0), scalar(0, rows), part)
    return (part * grads).reshape(data.shape)


def _prod_gradient(record: Any, grad: Any) -> Any:
    return apply(_prod_grad, (*record.inputs[:2], grad)), None, None


# Sorted segments ---------------------------------------------------------------------------------


@op(
    "SegmentCount",
    dtypes=_IDS,
    gradient=NONE,
    numpy=lambda ids: np.asarray(ids[-1] + 1 if ids.size else 0, np.int64),
)
def _segment_count(segment_ids):
    """How many rows segments make: the last id and one more."""
    if segment_ids.ndim != 1:
        raise ValueError(f"segment_ids must have rank 1, its shape is {list(segment_ids.shape)}")
    if not segment_ids.size:
        return jnp.zeros((), np.int64)
    return lax.convert_element_type(segment_ids[-1], np.int64) + np.int64(1)


def _sorted(segment_op: Any, data: Any, segment_ids: Any, name: str | None) -> Any:
    count = apply(_segment_count, (segment_ids,))
    return apply(segment_op, (data, segment_ids, count), (), name)


@op(
    "SegmentSum",
    dtypes=_dtypes(NUMERIC),
    host_args=("num_segments",),
    shape=_segments_shape,
    gradient=_sum_gradient(""),
    api_name="math.segment_sum",
)
def _segment_sum(data, segment_ids, num_segments):
    return _summed(*_flat(data, segment_ids, num_segments, True))


@op(
    "SegmentMean",
    dtypes=_dtypes(NUMERIC),
    host_args=("num_segments",),
    shape=_segments_shape,
    gradient=_sum_gradient("mean"),
    api_name="math.segment_mean",
)
def _segment_mean(data, segment_ids, num_segments):
    rows, ids, count = _flat(data, segment_ids, num_segments, True)
    return _scaled(_summed(rows, ids, count), rows, ids, count, "mean")


@op(
    "SegmentProd",
    dtypes=_dtypes(NUMERIC),
    host_args=("num_segments",),
    shape=_segments_shape,
    gradient=_prod_gradient,  # JAX has none for products at repeated indices
    api_name="math.segment_prod",
)
def _segment_prod(data, segment_ids, num_segments):
    rows, ids, count = _flat(data, segment_ids, num_segments, True)
    return _full(1, rows, count).at[ids].multiply(rows, mode="drop")


@op(
    "SegmentMax",
    dtypes=_dtypes(REAL),
    host_args=("num_segments",),
    shape=_segments_shape,
    gradient=_extreme_gradient,  # split evenly among equals
    api_name="math.segment_max",
)
def _segment_max(data, segment_ids, num_segments):
    return _extreme(data, segment_ids, num_segments, True, True)


@op(
    "SegmentMin",
    dtypes=_dtypes(REAL),
    host_args=("num_segments",),
    shape=_segments_shape,
    gradient=_extreme_gradient,  # split evenly among equals
    api_name="math.segment_min",
)
def _segment_min(data, segment_ids, num_segments):
    return _extreme(data, segment_ids, num_segments, True, False)


@export("math.segment_sum")
def segment_sum(data: Any, segment_ids: Any, name: str | None = None) -> Any:
    """The sum of the rows of each segment.

    Args:
      data: Tensor of shape `[n, ...]`, any numeric dtype.
      segment_ids: Integer tensor of shape `[n]`, not negative, sorted.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of shape `[last id + 1, ...]`; 0 for ids that do not occur.
    Raises:
      InvalidArgumentError: The ids are not sorted, or one is negative.

    >>> tf.math.segment_sum([1, 2, 3], [0, 0, 2]).numpy()
    array([3, 0, 3], dtype=int32)
    """
    return _sorted(_segment_sum, data, segment_ids, name)


@export("math.segment_mean")
def segment_mean(data: Any, segment_ids: Any, name: str | None = None) -> Any:
    """The mean of the rows of each segment.

    Args:
      data: Tensor of shape `[n, ...]`, any numeric dtype; means of integers drop the fraction.
      segment_ids: Integer tensor of shape `[n]`, not negative, sorted.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of shape `[last id + 1, ...]`; 0 for ids that do not occur.
    Raises:
      InvalidArgumentError: The ids are not sorted, or one is negative.

    >>> tf.math.segment_mean([1.0, 2.0, 3.0], [0, 0, 2]).numpy()
    array([1.5, 0. , 3. ], dtype=float32)
    """
    return _sorted(_segment_mean, data, segment_ids, name)


@export("math.segment_prod")
def segment_prod(data: Any, segment_ids: Any, name: str | None = None) -> Any:
    """The product of the rows of each segment.

    Args:
      data: Tensor of shape `[n, ...]`, any numeric dtype.
      segment_ids: Integer tensor of shape `[n]`, not negative, sorted.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of shape `[last id + 1, ...]`; 1 for ids that do not occur.
    Raises:
      InvalidArgumentError: The ids are not sorted, or one is negative.

    >>> tf.math.segment_prod([2, 3, 4], [0, 0, 2]).numpy()
    array([6, 1, 4], dtype=int32)
    """
    return _sorted(_segment_prod, data, segment_ids, name)


@export("math.segment_max")
def segment_max(data: Any, segment_ids: Any, name: str | None = None) -> Any:
    """The greatest of the rows of each segment, element by element.

    Args:
      data: Tensor of shape `[n, ...]`, any integer or floating dtype.
      segment_ids: Integer tensor of shape `[n]`, not negative, sorted.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of shape `[last id + 1, ...]`; 0 for ids that do not occur.
    Raises:
      InvalidArgumentError: The ids are not sorted, or one is negative.

    >>> tf.math.segment_max([2, 3, 4], [0, 0, 2]).numpy()
    array([3, 0, 4], dtype=int32)
    """
    return _sorted(_segment_max, data, segment_ids, name)


@export("math.segment_min")
def segment_min(data: Any, segment_ids: Any, name: str | None = None) -> Any:
    """The least of the rows of each segment, element by element.

    Args:
      data: Tensor of shape `[n, ...]`, any integer or floating dtype.
      segment_ids: Integer tensor of shape `[n]`, not negative, sorted.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of shape `[last id + 1, ...]`; 0 for ids that do not occur.
    Raises:
      InvalidArgumentError: The ids are not sorted, or one is negative.

    >>> tf.math.segment_min([2, 3, 4], [0, 0, 2]).numpy()
    array([2, 0, 4], dtype=int32)
    """
    return _sorted(_segment_min, data, segment_ids, name)


# Unsorted segments -------------------------------------------------------------------------------


@op(
    "UnsortedSegmentSum",
    dtypes=_dtypes(NUMERIC),
    host_args=("num_segments",),
    shape=_segments_shape,
    gradient=_sum_gradient(""),
    api_name="math.unsorted_segment_sum",
)
def _unsorted_segment_sum(data, segment_ids, num_segments):
    return _summed(*_flat(data, segment_ids, num_segments, False))


@op(
    "UnsortedSegmentProd",
    dtypes=_dtypes(NUMERIC),
    host_args=("num_segments",),
    shape=_segments_shape,
    gradient=_prod_gradient,  # as SegmentProd
    api_name="math.unsorted_segment_prod",
)
def _unsorted_segment_prod(data, segment_ids, num_segments):
    rows, ids, count = _flat(data, segment_ids, num_segments, False)
    return _full(1, rows, count).at[ids].multiply(rows, mode="drop")


@op(
    "UnsortedSegmentMax",
    dtypes=_dtypes(REAL),
    host_args=("num_segments",),
    shape=_segments_shape,
    gradient=_extreme_gradient,  # split evenly among equals
    api_name="math.unsorted_segment_max",
)
def _unsorted_segment_max(data, segment_ids, num_segments):
    return _extreme(data, segment_ids, num_segments, False, True)


@op(
    "UnsortedSegmentMin",
    dtypes=_dtypes(REAL),
    host_args=("num_segments",),
    shape=_segments_shape,
    gradient=_extreme_gradient,  # split evenly among equals
    api_name="math.unsorted_segment_min",
)
def _unsorted_segment_min(data, segment_ids, num_segments):
    return _extreme(data, segment_ids, num_segments, False, False)


def _mean_shape(inputs: Sequence[Any], attrs: Mapping[str, Any]) -> Specs:
    ((dtype, shape),) = _segments_shape(inputs, attrs)
    return [(quotient_dtype(dtype), shape)]


@op(
    "UnsortedSegmentMean",
    dtypes=_dtypes(REAL),
    host_args=("num_segments",),
    shape=_mean_shape,
    gradient=_sum_gradient("mean"),
    api_name="math.unsorted_segment_mean",
)
def _unsorted_segment_mean(data, segment_ids, num_segments):
    rows, ids, count = _flat(data, segment_ids, num_segments, False)
    wide = quotient_dtype(from_numpy(np.dtype(data.dtype))).np_dtype
    return _scaled(_summed(rows, ids, count).astype(wide), rows, ids, count, "mean")


@op(
    "UnsortedSegmentSqrtN",
    dtypes=_dtypes(FLOATING),
    host_args=("num_segments",),
    shape=_segments_shape,
    gradient=_sum_gradient("root"),
    api_name="math.unsorted_segment_sqrt_n",
)
def _unsorted_segment_sqrt_n(data, segment_ids, num_segments):
    rows, ids, count = _flat(data, segment_ids, num_segments, False)
    return _scaled(_summed(rows, ids, count), rows, ids, count, "root")


@export("math.unsorted_segment_sum")
def unsorted_segment_sum(
    data: Any, segment_ids: Any, num_segments: Any, name: str | None = None
) -> Any:
    """The sum of the rows of each segment; the ids need not be sorted.

    Args:
      data: Tensor of shape `segment_ids.shape + [...]`, any numeric dtype.
      segment_ids: Integer tensor. Rows with a negative id are left out.
      num_segments: Integer scalar, above all ids.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of shape `[num_segments, ...]`; 0 for ids that do not occur.
    Raises:
      InvalidArgumentError: An id is not below `num_segments`, or the shapes do not fit.

    >>> tf.math.unsorted_segment_sum([1, 2, 3], [1, 0, 1], 3).numpy()
    array([2, 4, 0], dtype=int32)
    """
    return apply(_unsorted_segment_sum, (data, segment_ids, num_segments), (), name)


@export("math.unsorted_segment_prod")
def unsorted_segment_prod(
    data: Any, segment_ids: Any, num_segments: Any, name: str | None = None
) -> Any:
    """The product of the rows of each segment; the ids need not be sorted.

    Args:
      data: Tensor of shape `segment_ids.shape + [...]`, any numeric dtype.
      segment_ids: Integer tensor. Rows with a negative id are left out.
      num_segments: Integer scalar, above all ids.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of shape `[num_segments, ...]`; 1 for ids that do not occur.
    Raises:
      InvalidArgumentError: An id is not below `num_segments`, or the shapes do not fit.

    >>> tf.math.unsorted_segment_prod([1, 2, 3], [1, 0, 1], 3).numpy()
    array([2, 3, 1], dtype=int32)
    """
    return apply(_unsorted_segment_prod, (data, segment_ids, num_segments), (), name)


@export("math.unsorted_segment_max")
def unsorted_segment_max(
    data: Any, segment_ids: Any, num_segments: Any, name: str | None = None
) -> Any:
    """The greatest of the rows of each segment; the ids need not be sorted.

    Args:
      data: Tensor of shape `segment_ids.shape + [...]`, any integer or floating dtype.
      segment_ids: Integer tensor. Rows with a negative id are left out.
      num_segments: Integer scalar, above all ids.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of shape `[num_segments, ...]`; the dtype's lowest number for ids that do not occur.
    Raises:
      InvalidArgumentError: An id is not below `num_segments`, or the shapes do not fit.

    >>> tf.math.unsorted_segment_max([1, 2, 3], [1, 0, 1], 2).numpy()
    array([2, 3], dtype=int32)
    """
    return apply(_unsorted_segment_max, (data, segment_ids, num_segments), (), name)


@export("math.unsorted_segment_min")
def unsorted_segment_min(
    data: Any, segment_ids: Any, num_segments: Any, name: str | None = None
) -> Any:
    """The least of the rows of each segment; the ids need not be sorted.

    Args:
      data: Tensor of shape `segment_ids.shape + [...]`, any integer or floating dtype.
      segment_ids: Integer tensor. Rows with a negative id are left out.
      num_segments: Integer scalar, above all ids.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of shape `[num_segments, ...]`; the dtype's highest number for ids that do not occur.
    Raises:
      InvalidArgumentError: An id is not below `num_segments`, or the shapes do not fit.

    >>> tf.math.unsorted_segment_min([1, 2, 3], [1, 0, 1], 2).numpy()
    array([2, 1], dtype=int32)
    """
    return apply(_unsorted_segment_min, (data, segment_ids, num_segments), (), name)


@export("math.unsorted_segment_mean")
def unsorted_segment_mean(
    data: Any, segment_ids: Any, num_segments: Any, name: str | None = None
) -> Any:
    """The mean of the rows of each segment; the ids need not be sorted.

    Args:
      data: Tensor of shape `segment_ids.shape + [...]`, any integer or floating dtype. Means of
        8- and 16-bit integers are float32, of wider ones float64.
      segment_ids: Integer tensor. Rows with a negative id are left out.
      num_segments: Integer scalar, above all ids.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of shape `[num_segments, ...]`; 0 for ids that do not occur.
    Raises:
      InvalidArgumentError: An id is not below `num_segments`, or the shapes do not fit.

    >>> tf.math.unsorted_segment_mean([1.0, 2.0, 3.0], [1, 0, 1], 2).numpy()
    array([2., 2.], dtype=float32)
    """
    return apply(_unsorted_segment_mean, (data, segment_ids, num_segments), (), name)


@export("math.unsorted_segment_sqrt_n")
def unsorted_segment_sqrt_n(
    data: Any, segment_ids: Any, num_segments: Any, name: str | None = None
) -> Any:
    """The sum of the rows of each segment, divided by the square root of their number.

    Args:
      data: Tensor of shape `segment_ids.shape + [...]`, floating.
      segment_ids: Integer tensor. Rows with a negative id are left out.
      num_segments: Integer scalar, above all ids.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of shape `[num_segments, ...]`; 0 for ids that do not occur.
    Raises:
      InvalidArgumentError: An id is not below `num_segments`, or the shapes do not fit.

    >>> tf.math.unsorted_segment_sqrt_n([1.0, 2.0, 3.0], [1, 0, 1], 2).numpy()
    array([2.      , 2.828427], dtype=float32)
    """
    return apply(_unsorted_segment_sqrt_n, (data, segment_ids, num_segments), (), name)
