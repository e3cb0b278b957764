"""Reductions along axes: sums, means, extremes, norms, logic."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from deras._src.core.dtypes import BOOLEAN, FLOATING, NUMERIC, REAL
from deras._src.core.tensor_shape import TensorShape
from deras._src.dispatch.apply import apply
from deras._src.dispatch.convert import host_value
from deras._src.errors import GraphInvalidArgumentError
from deras._src.ops.math_support import Specs, host_twin, scalar
from deras._src.ops.shapes import same_as_first
from deras._src.registry import NONE, op
from deras._src.util.export import export

Axes = tuple[int, ...] | None


def axes_attr(axis: Any, what: str) -> Axes:
    """An `axis` argument (int, list, integer tensor or None) as a tuple of ints, or None."""
    if axis is None:
        return None
    if type(axis) is int:
        return (axis,)
    value = host_value(axis, what)
    if value.dtype.kind not in "iu" and value.size:
        raise TypeError(f"{what}: axis must be integers, got {value.dtype}")
    return tuple(int(a) for a in value.reshape(-1))


def positive_axes(axes: Axes, rank: int) -> tuple[int, ...]:
    """Axes counted from the front; ValueError for one that is out of range or given twice."""
    if axes is None:
        return tuple(range(rank))
    found = []
    for axis in axes:
        if not -rank <= axis < rank:
            raise ValueError(
                f"axis {axis} is out of range for a tensor of rank {rank}: it must be in "
                f"[{-rank}, {rank})"
            )
        position = axis % rank
        if position in found:
            raise ValueError(f"axis {axis} is given twice in {list(axes)}")
        found.append(position)
    return tuple(found)


def _axes_fit(axes: Axes, rank: int) -> bool:
    return axes is None or (
        all(-rank <= a < rank for a in axes) and len({a % rank for a in axes}) == len(axes)
    )


def reduced_shape(shape: TensorShape, axes: Axes, keepdims: bool) -> TensorShape:
    """The static shape after a reduction."""
    if shape.rank is None:
        return TensorShape(() if axes is None and not keepdims else None)
    positions = set(positive_axes(axes, shape.rank))
    dims = shape.as_list()
    if keepdims:
        return TensorShape([1 if i in positions else d for i, d in enumerate(dims)])
    return TensorShape([d for i, d in enumerate(dims) if i not in positions])


def reduction_shape(inputs: Sequence[Any], attrs: Mapping[str, Any]) -> Specs:
    """Shape function of reductions with attributes `axis` and `keep_dims`."""
    try:
        shape = reduced_shape(inputs[0].shape, attrs["axis"], attrs["keep_dims"])
    except ValueError as error:
        raise GraphInvalidArgumentError(None, None, str(error)) from None
    return [(inputs[0].dtype, shape)]


def _reducer_on_host(function: Callable[..., Any], keep_dtype: bool) -> Callable[..., Any]:
    """The host twin of a reduction."""

    def folded(x: np.ndarray, *, axis: Axes, keep_dims: bool) -> Any:
        if not _axes_fit(axis, x.ndim):
            return None  # the lowering says what is wrong
        options = {"dtype": x.dtype} if keep_dtype else {}
        return function(x, axis=positive_axes(axis, x.ndim), keepdims=keep_dims, **options)

    return host_twin(folded)


def expanded(array, shape, axes):
    """A reduction's result (or its gradient) with length-1 dimensions put back."""
    return array.reshape(tuple(1 if i in axes else d for i, d in enumerate(shape)))


def reduction_attrs(axis: Any, keepdims: Any, what: str) -> tuple[tuple[str, Any], ...]:
    return (("axis", axes_attr(axis, what)), ("keep_dims", bool(keepdims)))


@op(
    "Sum",
    dtypes=NUMERIC,
    shape=reduction_shape,
    numpy=_reducer_on_host(np.sum, True),
    api_name="reduce_sum",
)
def _sum(input, *, axis, keep_dims):
    return jnp.sum(input, positive_axes(axis, input.ndim), dtype=input.dtype, keepdims=keep_dims)


@export("math.reduce_sum", "reduce_sum")
def reduce_sum(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None
) -> Any:
    """The sum of the elements along axes.

    Args:
      input_tensor: Tensor of any numeric dtype.
      axis: Int, list of ints or integer tensor, each in `[-rank, rank)`. None: all axes.
      keepdims: Whether reduced dimensions stay, with length 1.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `input_tensor`'s dtype; integers wrap around. The sum of no element is 0.
    Raises:
      InvalidArgumentError: An axis is out of range or given twice.

    >>> x = tf.constant([[1, 1, 1], [1, 1, 1]])
    >>> tf.reduce_sum(x).numpy(), tf.reduce_sum(x, axis=0).numpy()
    (np.int32(6), array([2, 2, 2], dtype=int32))
    """
    return apply(_sum, (input_tensor,), reduction_attrs(axis, keepdims, "tf.reduce_sum"), name)


def _mean_on_host(x: np.ndarray, *, axis: Axes, keep_dims: bool) -> Any:
    if not _axes_fit(axis, x.ndim) or not x.size or x.dtype.kind == "u":
        return None
    axes = positive_axes(axis, x.ndim)
    count = int(np.prod([x.shape[a] for a in axes], dtype=np.int64))
    total = np.sum(x, axis=axes, keepdims=keep_dims, dtype=np.int64)
    return (np.sign(total) * (np.abs(total) // count)).astype(x.dtype)


@op(
    "Mean",
    dtypes=NUMERIC,
    shape=reduction_shape,
    numpy=host_twin(_mean_on_host),
    api_name="reduce_mean",
)
def _mean(input, *, axis, keep_dims):
    axes = positive_axes(axis, input.ndim)
    count = int(np.prod([input.shape[a] for a in axes], dtype=np.int64))
    if jnp.issubdtype(input.dtype, jnp.integer):
        # Integers are summed in 64 bits and the quotient drops its fraction; of none it is 0.
        wide = np.uint64 if jnp.issubdtype(input.dtype, jnp.unsignedinteger) else np.int64
        total = jnp.sum(input, axes, dtype=wide, keepdims=keep_dims)
        quotient = lax.div(total, jnp.full_like(total, max(count, 1)))
        return lax.convert_element_type(quotient, input.dtype)
    total = jnp.sum(input, axes, dtype=input.dtype, keepdims=keep_dims)
    if jnp.iscomplexobj(total):
        count = max(count, 1)  # the mean of no complex number is 0, of no float NaN
    return total / scalar(count, total)


@export("math.reduce_mean", "reduce_mean")
def reduce_mean(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None
) -> Any:
    """The mean of the elements along axes.

    Args:
      input_tensor: Tensor of any numeric dtype.
      axis: Int, list of ints or integer tensor, each in `[-rank, rank)`. None: all axes.
      keepdims: Whether reduced dimensions stay, with length 1.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `input_tensor`'s dtype: the mean of integers drops the fraction. The mean of no
      float is NaN.
    Raises:
      InvalidArgumentError: An axis is out of range or given twice.

    >>> tf.reduce_mean([1.0, 2.0]).numpy(), tf.reduce_mean([1, 0, 1, 0]).numpy()
    (np.float32(1.5), np.int32(0))
    """
    return apply(_mean, (input_tensor,), reduction_attrs(axis, keepdims, "tf.reduce_mean"), name)


@op(
    "Prod",
    dtypes=NUMERIC,
    shape=reduction_shape,
    numpy=_reducer_on_host(np.prod, True),
    api_name="reduce_prod",
)
def _prod(input, *, axis, keep_dims):
    return jnp.prod(input, positive_axes(axis, input.ndim), dtype=input.dtype, keepdims=keep_dims)


@export("math.reduce_prod", "reduce_prod")
def reduce_prod(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None
) -> Any:
    """The product of the elements along axes.

    Args:
      input_tensor: Tensor of any numeric dtype.
      axis: Int, list of ints or integer tensor, each in `[-rank, rank)`. None: all axes.
      keepdims: Whether reduced dimensions stay, with length 1.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `input_tensor`'s dtype; integers wrap around. The product of no element is 1.
    Raises:
      InvalidArgumentError: An axis is out of range or given twice.

    >>> tf.reduce_prod([[1.0, 2.0], [3.0, 4.0]], axis=1).numpy()
    array([ 2., 12.], dtype=float32)
    """
    return apply(_prod, (input_tensor,), reduction_attrs(axis, keepdims, "tf.reduce_prod"), name)


@op("ExtremeGrad", dtypes=FLOATING, shape=same_as_first, api_name="reduce_max")
def _extreme_grad(x, y, dy, *, axis, keep_dims):
    axes = positive_axes(axis, x.ndim)
    # jnp.where and not astype: XLA turns a converted bool divided by n into where(b, 1/n, 0),
    # which loses the NaN of 0 / 0.
    chosen = jnp.where(x == expanded(y, x.shape, axes), scalar(1, x), scalar(0, x))
    count = jnp.sum(chosen, axes, dtype=x.dtype, keepdims=True)
    return chosen / count * expanded(dy, x.shape, axes)


def _extreme_gradient(record: Any, grad: Any) -> Any:
    inputs = (record.inputs[0], record.outputs[0], grad)
    return (apply(_extreme_grad, inputs, record.attrs),)


def _lowest(dtype):
    return -np.inf if jnp.issubdtype(dtype, jnp.floating) else np.iinfo(dtype).min


def _highest(dtype):
    return np.inf if jnp.issubdtype(dtype, jnp.floating) else np.iinfo(dtype).max


def _extreme_on_host(function: Callable[..., Any]) -> Callable[..., Any]:
    reduce = _reducer_on_host(function, False)
    return lambda x, **attrs: reduce(x, **attrs) if x.size else None


@op(
    "Max",
    dtypes=REAL,
    shape=reduction_shape,
    numpy=_extreme_on_host(np.max),
    gradient=_extreme_gradient,  # split evenly among equals, NaN where the maximum is NaN
    api_name="reduce_max",
)
def _max(input, *, axis, keep_dims):
    return jnp.max(
        input,
        positive_axes(axis, input.ndim),
        keepdims=keep_dims,
        initial=scalar(_lowest(input.dtype), input),
    )


@export("math.reduce_max", "reduce_max")
def reduce_max(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None
) -> Any:
    """The greatest element along axes; NaN if one is NaN.

    The gradient is split evenly among elements that are equally great.

    Args:
      input_tensor: Tensor of any integer or floating dtype.
      axis: Int, list of ints or integer tensor, each in `[-rank, rank)`. None: all axes.
      keepdims: Whether reduced dimensions stay, with length 1.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `input_tensor`'s dtype. The maximum of no element is -inf, or the lowest integer.
    Raises:
      InvalidArgumentError: An axis is out of range or given twice.

    >>> tf.reduce_max([[1.0, 5.0], [3.0, 4.0]], axis=0).numpy()
    array([3., 5.], dtype=float32)
    """
    return apply(_max, (input_tensor,), reduction_attrs(axis, keepdims, "tf.reduce_max"), name)


@op(
    "Min",
    dtypes=REAL,
    shape=reduction_shape,
    numpy=_extreme_on_host(np.min),
    gradient=_extreme_gradient,  # as Max
    api_name="reduce_min",
)
def _min(input, *, axis, keep_dims):
    return jnp.min(
        input,
        positive_axes(axis, input.ndim),
        keepdims=keep_dims,
        initial=scalar(_highest(input.dtype), input),
    )


@export("math.reduce_min", "reduce_min")
def reduce_min(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None
) -> Any:
    """The least element along axes; NaN if one is NaN.

    The gradient is split evenly among elements that are equally small.

    Args:
      input_tensor: Tensor of any integer or floating dtype.
      axis: Int, list of ints or integer tensor, each in `[-rank, rank)`. None: all axes.
      keepdims: Whether reduced dimensions stay, with length 1.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `input_tensor`'s dtype. The minimum of no element is inf, or the highest integer.
    Raises:
      InvalidArgumentError: An axis is out of range or given twice.

    >>> tf.reduce_min([[1.0, 5.0], [3.0, 4.0]], axis=0).numpy()
    array([1., 4.], dtype=float32)
    """
    return apply(_min, (input_tensor,), reduction_attrs(axis, keepdims, "tf.reduce_min"), name)


@op(
    "All",
    dtypes=BOOLEAN,
    shape=reduction_shape,
    numpy=_reducer_on_host(np.all, False),
    gradient=NONE,
    api_name="reduce_all",
)
def _all(input, *, axis, keep_dims):
    return jnp.all(input, positive_axes(axis, input.ndim), keepdims=keep_dims)


@export("math.reduce_all", "reduce_all")
def reduce_all(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None
) -> Any:
    """Whether all elements along axes are true.

    Args:
      input_tensor: bool tensor.
      axis: Int, list of ints or integer tensor, each in `[-rank, rank)`. None: all axes.
      keepdims: Whether reduced dimensions stay, with length 1.
      name: Optional name of the node in graphs.
    Returns:
      bool tensor; True where there is no element.

    >>> tf.reduce_all([[True, True], [False, True]], axis=1).numpy()
    array([ True, False])
    """
    return apply(_all, (input_tensor,), reduction_attrs(axis, keepdims, "tf.reduce_all"), name)


@op(
    "Any",
    dtypes=BOOLEAN,
    shape=reduction_shape,
    numpy=_reducer_on_host(np.any, False),
    gradient=NONE,
    api_name="reduce_any",
)
def _any(input, *, axis, keep_dims):
    return jnp.any(input, positive_axes(axis, input.ndim), keepdims=keep_dims)


@export("math.reduce_any", "reduce_any")
def reduce_any(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None
) -> Any:
    """Whether at least one element along axes is true.

    Args:
      input_tensor: bool tensor.
      axis: Int, list of ints or integer tensor, each in `[-rank, rank)`. None: all axes.
      keepdims: Whether reduced dimensions stay, with length 1.
      name: Optional name of the node in graphs.
    Returns:
      bool tensor; False where there is no element.

    >>> tf.reduce_any([[True, True], [False, False]], axis=1).numpy()
    array([ True, False])
    """
    return apply(_any, (input_tensor,), reduction_attrs(axis, keepdims, "tf.reduce_any"), name)
