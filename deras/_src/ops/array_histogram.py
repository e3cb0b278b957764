"""Histograms with bins of equal width."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from deras._src import errors
from deras._src.core.dtypes import INDEX, REAL, as_dtype, int32
from deras._src.core.tensor import Tensor
from deras._src.core.tensor_shape import TensorShape
from deras._src.dispatch.apply import apply
from deras._src.errors import InvalidArgumentError
from deras._src.graph.checks import require
from deras._src.ops.array_support import Specs, ints_of
from deras._src.registry import NONE, op
from deras._src.util.export import export

Attrs = Mapping[str, Any]


def _bins(values: Any, value_range: Any, nbins: int) -> Any:
    """The bin of each value; what lies outside the range goes to the first or last one."""
    if value_range.shape != (2,):
        raise ValueError(f"value_range must have 2 elements; its shape is {value_range.shape}")
    low, high = value_range[0], value_range[1]
    require(low < high, InvalidArgumentError, "value_range must be ascending")
    if jnp.issubdtype(values.dtype, jnp.floating):
        require(~jnp.any(jnp.isnan(values)), InvalidArgumentError, "values must not be NaN")
    step = (high - low).astype(np.float64) / np.float64(nbins)
    place = (jnp.maximum(values, low) - low).astype(np.float64) / step
    return jnp.clip(place, 0, nbins - 1).astype(np.int32)


def _count_shape(inputs: Sequence[Any], attrs: Attrs) -> Specs:
    return [(attrs["dtype"], TensorShape([attrs["nbins"]]))]


@op(
    "HistogramFixedWidth",
    dtypes=REAL,
    gradient=NONE,
    shape=_count_shape,
    api_name="histogram_fixed_width",
)
def _histogram(values, value_range, *, nbins, dtype):
    places = _bins(values, value_range, nbins).reshape(-1)
    return jnp.zeros(nbins, dtype.np_dtype).at[places].add(1)


def _bins_shape(inputs: Sequence[Any], attrs: Attrs) -> Specs:
    return [(attrs["dtype"], inputs[0].shape)]


@op(
    "HistogramFixedWidthBins",
    dtypes=REAL,
    gradient=NONE,
    shape=_bins_shape,
    api_name="histogram_fixed_width_bins",
)
def _histogram_bins(values, value_range, *, nbins, dtype):
    return _bins(values, value_range, nbins).astype(dtype.np_dtype)


def _attrs(nbins: Any, dtype: Any, what: str) -> tuple[Any, ...]:
    count = ints_of(nbins, what)
    if isinstance(count, Tensor):
        raise errors.op_error(TypeError, what, "the value of nbins must be known")
    if count < 1:
        raise errors.op_error(InvalidArgumentError, what, f"nbins must be positive, not {count}")
    wanted = as_dtype(dtype)
    if wanted not in INDEX:
        raise errors.op_error(
            InvalidArgumentError, what, f"dtype must be int32 or int64, not {wanted.name}"
        )
    return (("nbins", count), ("dtype", wanted))


@export("histogram_fixed_width")
def histogram_fixed_width(
    values: Any, value_range: Any, nbins: Any = 100, dtype: Any = int32, name: str | None = None
) -> Any:
    """How many values fall into each of `nbins` bins of equal width.

    Args:
      values: Tensor of a real dtype, any shape.
      value_range: `[low, high]` of the same dtype; values outside count in the first or last bin.
      nbins: Int, the number of bins.
      dtype: int32 or int64.
      name: Optional name of the node in graphs.
    Returns:
      1-D tensor of `nbins` counts.
    Raises:
      InvalidArgumentError: The range is empty, a value is NaN, or `nbins` is not positive.

    >>> tf.histogram_fixed_width([-1.0, 0.0, 1.5, 2.0, 5.0, 15.0], [0.0, 5.0], 5).numpy()
    array([2, 1, 1, 0, 2], dtype=int32)
    """
    attrs = _attrs(nbins, dtype, "tf.histogram_fixed_width")
    return apply(_histogram, (values, value_range), attrs, name)


@export("histogram_fixed_width_bins")
def histogram_fixed_width_bins(
    values: Any, value_range: Any, nbins: Any = 100, dtype: Any = int32, name: str | None = None
) -> Any:
    """The number of the bin that each value falls into; see `tf.histogram_fixed_width`.

    >>> tf.histogram_fixed_width_bins([-1.0, 0.0, 1.5, 5.0], [0.0, 5.0], 5).numpy()
    array([0, 0, 1, 4], dtype=int32)
    """
    attrs = _attrs(nbins, dtype, "tf.histogram_fixed_width_bins")
    return apply(_histogram_bins, (values, value_range), attrs, name)
