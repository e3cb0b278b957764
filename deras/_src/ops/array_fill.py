"""Tensors made from a shape or a few numbers: zeros, ones, fill, eye, range, linspace, meshgrid."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from deras._src import errors
from deras._src.core.context import state
from deras._src.core.dtypes import (
    ANY,
    FLOATING,
    INDEX,
    INTEGER,
    DType,
    as_dtype,
    float32,
    float64,
    int32,
    int64,
)
from deras._src.core.dtypes import string as string_dtype
from deras._src.core.tensor import EagerTensor, Tensor, host_tensor
from deras._src.core.tensor_shape import TensorShape
from deras._src.dispatch.apply import apply
from deras._src.dispatch.convert import convert, to_numpy
from deras._src.ops.array_constant import constant
from deras._src.ops.array_join import concat_op, stack
from deras._src.ops.array_shape import (
    broadcast_dynamic_shape,
    broadcast_to,
    expand_dims,
    reshape,
    size,
)
from deras._src.ops.array_shape import shape as shape_of
from deras._src.ops.array_slice import spec_slice
from deras._src.ops.array_support import (
    Specs,
    apply_ints,
    axis_of,
    dynamic_twin,
    ints_of,
    known_array,
    partial_ints,
)
from deras._src.ops.gradient_support import ones_like_op, zeros_like_op
from deras._src.ops.math_cast import cast
from deras._src.ops.math_compare import equal
from deras._src.registry import NONE, TypeVar, op
from deras._src.util.export import export

Attrs = Mapping[str, Any]

_HOST_ELEMENTS = 64  # integers as few as these stay on the host: they are shapes and indices


def _dims_shape(dims: Any) -> TensorShape:
    return TensorShape(None if dims is None else list(dims))


# -- zeros, ones, fill ------------------------------------------------------------------------


@op(
    "ConstantFill",
    dtypes={},
    inputs=(),
    gradient=NONE,
    shape=lambda inputs, attrs: [(attrs["dtype"], _dims_shape(attrs["shape"]))],
    api_name="zeros",
)
def _constant_fill(*, shape, dtype, value):
    return jnp.full(shape, value, dtype.np_dtype)


def _filled(shape: Any, value: int, dtype: DType, what: str, name: str | None) -> Any:
    """Zeros or ones of a shape given as Python values or a tensor."""
    dims = ints_of(shape, what)
    if isinstance(dims, Tensor):
        return apply(_fill_dynamic, (_scalar(value, dtype), _vector(dims)), (), name)
    if type(dims) is int:
        dims = (dims,)
    for d in dims:
        if d < 0:
            raise errors.op_error(
                errors.InvalidArgumentError,
                what,
                f"dimension {d} of shape {list(dims)} is negative",
            )
    if dtype is string_dtype or (dtype in INTEGER and math.prod(dims) <= _HOST_ELEMENTS):
        np_value = b"" if dtype is string_dtype else value
        made = host_tensor(np.full(dims, np_value, dtype.np_dtype), dtype)
        return made if state.graph is None else constant(made, name=name or "Const")
    attrs = (("shape", dims), ("dtype", dtype), ("value", value))
    return apply(_constant_fill, (), attrs, name)


def _scalar(value: Any, dtype: DType) -> EagerTensor:
    if dtype is string_dtype:
        value = b""
    return host_tensor(to_numpy(np.asarray(value, dtype.np_dtype)), dtype)


def _vector(dims: Any) -> Any:
    """A shape tensor; a scalar stands for a vector of one element."""
    return reshape(dims, [1]) if dims.shape.rank == 0 else dims


@export("zeros")
def zeros(shape: Any, dtype: Any = float32, name: str | None = None, layout: Any = None) -> Any:
    """A tensor of zeros.

    Args:
      shape: Ints, TensorShape or 1-D integer tensor.
      dtype: Element type; strings are empty, bools False.
      name: Optional name of the node in graphs.
      layout: Not supported; must be None.
    Returns:
      Tensor of that shape.
    Raises:
      InvalidArgumentError: A dimension is negative.

    >>> tf.zeros([2], tf.int32).numpy()
    array([0, 0], dtype=int32)
    """
    _no_layout(layout, "tf.zeros")
    return _filled(shape, 0, as_dtype(dtype), "tf.zeros", name)


@export("ones")
def ones(shape: Any, dtype: Any = float32, name: str | None = None, layout: Any = None) -> Any:
    """A tensor of ones.

    Args:
      shape: Ints, TensorShape or 1-D integer tensor.
      dtype: Element type, not string; bools are True.
      name: Optional name of the node in graphs.
      layout: Not supported; must be None.
    Returns:
      Tensor of that shape.
    Raises:
      InvalidArgumentError: A dimension is negative.
      TypeError: `dtype` is string.

    >>> tf.ones([2]).numpy()
    array([1., 1.], dtype=float32)
    """
    _no_layout(layout, "tf.ones")
    wanted = as_dtype(dtype)
    if wanted is string_dtype:
        raise TypeError("tf.ones: there is no string that is one.")
    return _filled(shape, 1, wanted, "tf.ones", name)


def _no_layout(layout: Any, what: str) -> None:
    if layout is not None:
        raise errors.op_error(
            errors.UnimplementedError, what, "DTensor layouts are not supported; use tf.distribute"
        )


zeros_like_op.host = lambda x: np.full(x.shape, b"", object)


def _like(input: Any, value: int, dtype: Any, what: str, name: str | None) -> Any:
    if hasattr(type(input), "__deras_dispatch__"):
        kept = apply(ones_like_op if value else zeros_like_op, (input,), (), name)
        return kept if dtype is None else cast(kept, dtype)
    tensor = input if isinstance(input, Tensor) else convert(input)
    wanted = tensor.dtype if dtype is None else as_dtype(dtype)
    if wanted is string_dtype and value:
        raise errors.op_error(errors.InvalidArgumentError, what, "there is no string that is one")
    if tensor.shape.is_fully_defined():
        return _filled(tuple(tensor.shape.as_list()), value, wanted, what, name)
    if wanted is not tensor.dtype and string_dtype in (wanted, tensor.dtype):
        return _filled(shape_of(tensor), value, wanted, what, name)
    kept = apply(ones_like_op if value else zeros_like_op, (tensor,), (), name)
    return kept if wanted is tensor.dtype else cast(kept, wanted)


@export("zeros_like")
def zeros_like(input: Any, dtype: Any = None, name: str | None = None, layout: Any = None) -> Any:
    """Zeros of the shape and dtype of another tensor.

    Args:
      input: Tensor of any dtype.
      dtype: Element type of the result, if it is to be another.
      name: Optional name of the node in graphs.
      layout: Not supported; must be None.

    >>> tf.zeros_like([1.0, 2.0]).numpy()
    array([0., 0.], dtype=float32)
    """
    _no_layout(layout, "tf.zeros_like")
    return _like(input, 0, dtype, "tf.zeros_like", name)


@export("ones_like")
def ones_like(input: Any, dtype: Any = None, name: str | None = None, layout: Any = None) -> Any:
    """Ones of the shape and dtype of another tensor.

    Args:
      input: Tensor of any dtype but string.
      dtype: Element type of the result, if it is to be another.
      name: Optional name of the node in graphs.
      layout: Not supported; must be None.

    >>> tf.ones_like([True, False], tf.int32).numpy()
    array([1, 1], dtype=int32)
    """
    _no_layout(layout, "tf.ones_like")
    return _like(input, 1, dtype, "tf.ones_like", name)


def _fill_shape(inputs: Sequence[Any], attrs: Attrs) -> Specs:
    dims = attrs["dims"]
    if dims is not None and any(d is not None and d < 0 for d in dims):
        raise errors.op_error(
            errors.GraphInvalidArgumentError, "tf.fill", f"dims {list(dims)} must not be negative"
        )
    if inputs[0].shape.num_elements() not in (None, 1):
        raise errors.op_error(
            errors.GraphInvalidArgumentError,
            "tf.fill",
            f"value must be one element, its shape is {inputs[0].shape}",
        )
    return [(inputs[0].dtype, _dims_shape(dims))]


def _checked_fill(value: Any, dims: Any) -> None:
    if any(d < 0 for d in dims):
        raise ValueError(f"dims {list(dims)} must not be negative")
    if math.prod(value.shape) != 1:
        raise ValueError(f"value must be one element, its shape is {list(value.shape)}")


def _fill_host(value, *, dims):
    _checked_fill(value, dims)
    return np.full(dims, value.reshape(())[()], value.dtype)


@op("Fill", dtypes=ANY, shape=_fill_shape, numpy=_fill_host, host=_fill_host, api_name="fill")
def _fill(value, *, dims):
    _checked_fill(value, dims)
    return jnp.broadcast_to(value.reshape(()), dims)


_fill_dynamic = dynamic_twin(_fill, "dims")


@export("fill")
def fill(dims: Any, value: Any, name: str | None = None, layout: Any = None) -> Any:
    """A tensor in which every element is `value`.

    Args:
      dims: Ints or 1-D integer tensor: the shape.
      value: Scalar of any dtype.
      name: Optional name of the node in graphs.
      layout: Not supported; must be None.
    Returns:
      Tensor of shape `dims` and the dtype of `value`.
    Raises:
      InvalidArgumentError: A dimension is negative, or `value` is no scalar.

    >>> tf.fill([3], 7).numpy()
    array([7, 7, 7], dtype=int32)
    """
    _no_layout(layout, "tf.fill")
    ints = ints_of(dims, "tf.fill")
    ints = (ints,) if type(ints) is int else ints
    return apply_ints(_fill, _fill_dynamic, (value,), "dims", ints, (), name)


# -- eye --------------------------------------------------------------------------------------


@op(
    "Eye",
    dtypes={},
    inputs=(),
    gradient=NONE,
    shape=lambda inputs, attrs: [
        (attrs["dtype"], TensorShape([*attrs["batch"], attrs["rows"], attrs["columns"]]))
    ],
    api_name="eye",
)
def _eye(*, rows, columns, batch, dtype):
    return jnp.broadcast_to(jnp.eye(rows, columns, dtype=dtype.np_dtype), (*batch, rows, columns))


@export("linalg.eye", "eye")
def eye(
    num_rows: Any,
    num_columns: Any = None,
    batch_shape: Any = None,
    dtype: Any = float32,
    name: str | None = None,
) -> Any:
    """Identity matrix, or a batch of them.

    Args:
      num_rows: Number of rows, an int or a scalar integer tensor.
      num_columns: Number of columns; by default that of rows.
      batch_shape: Leading dimensions, ints or a 1-D integer tensor.
      dtype: Element type.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of shape `batch_shape + [num_rows, num_columns]`.

    >>> tf.eye(2).numpy()
    array([[1., 0.],
           [0., 1.]], dtype=float32)
    """
    rows = ints_of(num_rows, "tf.eye")
    columns = rows if num_columns is None else ints_of(num_columns, "tf.eye")
    batch = () if batch_shape is None else ints_of(batch_shape, "tf.eye")
    wanted = as_dtype(dtype)
    if not any(isinstance(v, Tensor) for v in (rows, columns, batch)):
        if rows < 0 or columns < 0:
            raise errors.op_error(
                errors.InvalidArgumentError, "tf.eye", f"{rows} rows, {columns} columns: negative"
            )
        attrs = (("rows", rows), ("columns", columns), ("batch", batch), ("dtype", wanted))
        return apply(_eye, (), attrs, name)
    matrix = cast(
        equal(expand_dims(cast(range_(rows), int64), 1), cast(range_(columns), int64)), wanted
    )
    if batch_shape is None:
        return matrix
    parts = [cast(convert(v), int32) for v in (batch, [rows], [columns])]
    return broadcast_to(matrix, apply(concat_op, tuple(parts), (("axis", 0),)))


# -- range ------------------------------------------------------------------------------------

_RANGE_ORDER = (int32, int64, float32, float64)


def _range_count(start: Any, limit: Any, delta: Any) -> int:
    """How many elements; ValueError where there is no such range."""
    if not delta:
        raise ValueError("delta must not be 0")
    if delta > 0 and not start <= limit:
        raise ValueError(f"start must not exceed limit for a positive delta: {start}, {limit}")
    if delta < 0 and not start >= limit:
        raise ValueError(f"limit must not exceed start for a negative delta: {start}, {limit}")
    if isinstance(start, (int, np.integer)):
        return max(0, -((int(start) - int(limit)) // int(delta)))
    # In the dtype itself, as TensorFlow: the number of elements may depend on it.
    return math.ceil(abs(float((limit - start) / delta)))


def _range_values(start: Any, limit: Any, delta: Any) -> np.ndarray:
    start, limit, delta = (v.reshape(())[()] for v in (start, limit, delta))
    count = _range_count(start, limit, delta)
    steps = np.arange(count)
    if isinstance(start, np.integer):
        return (int(start) + steps * int(delta)).astype(start.dtype)
    return (start + steps.astype(start.dtype) * delta).astype(start.dtype)


def _range_shape(inputs: Sequence[Any], attrs: Attrs) -> Specs:
    values = [known_array(x) for x in inputs]
    if all(v is not None for v in values):
        try:
            count = _range_count(*(v.reshape(())[()] for v in values))  # type: ignore[union-attr]
        except ValueError as error:
            raise errors.op_error(
                errors.GraphInvalidArgumentError, "tf.range", str(error)
            ) from None
        return [(inputs[0].dtype, TensorShape([count]))]
    ints = [partial_ints(x) if x.dtype.is_integer and x.shape.rank == 0 else None for x in inputs]
    if all(v is not None and v[0] is not None for v in ints):
        return [(inputs[0].dtype, TensorShape([_range_count(*(v[0] for v in ints))]))]  # type: ignore[index]
    return [(inputs[0].dtype, TensorShape([None]))]


@op(
    "RangeDynamic",
    dtypes=dict.fromkeys(("start", "limit", "delta"), TypeVar("Tidx", FLOATING | INDEX)),
    host_args=("start", "limit", "delta"),
    gradient=NONE,
    shape=_range_shape,
    numpy=_range_values,
    api_name="range",
)
def _range_dynamic(start, limit, delta):
    return _range_lowering(_range_values(start, limit, delta), delta)


def _range_lowering(values, delta):
    if values.dtype.kind in "iu" and values.size > _HOST_ELEMENTS:
        # Written as a formula: a literal of a million numbers makes a program slow to compile.
        return lax.iota(values.dtype, values.size) * delta.reshape(()) + values[0]
    return values


@op(
    "Range",
    dtypes={},
    inputs=(),
    gradient=NONE,
    shape=lambda inputs, attrs: [(attrs["dtype"], TensorShape([attrs["count"]]))],
    api_name="range",
)
def _range(*, start, limit, delta, dtype, count):
    numbers = [np.asarray(v).astype(dtype.np_dtype) for v in (start, limit, delta)]
    return _range_lowering(_range_values(*numbers), numbers[2])


@export("range")
def range_(
    start: Any,
    limit: Any = None,
    delta: Any = 1,
    dtype: Any = None,
    name: str | None = "range",
) -> Any:
    """Numbers from `start` up to but without `limit`, in steps of `delta`.

    Args:
      start: Scalar: first number; with one argument it is the limit, and numbers start at 0.
      limit: Scalar: upper bound (lower, for a negative step), not included.
      delta: Scalar: the step.
      dtype: Element type; by default the widest of the arguments' in the order int32, int64,
        float32, float64.
      name: Optional name of the node in graphs.
    Returns:
      1-D tensor; element i is `start + i * delta`, computed in its dtype.
    Raises:
      InvalidArgumentError: `delta` is 0 or has the wrong sign.

    >>> tf.range(2, 10, 3).numpy()
    array([2, 5, 8], dtype=int32)
    """
    if limit is None:
        start, limit = 0, start
    tensors = [_range_argument(v, dtype) for v in (start, limit, delta)]
    if dtype is None:
        wanted = _RANGE_ORDER[0]
        for t in tensors:
            if t.dtype not in _RANGE_ORDER:
                raise errors.op_error(
                    errors.ArgumentTypeError,
                    "tf.range",
                    f"start, limit and delta must be int32, int64, float32 or float64, not "
                    f"{t.dtype.name}; or give dtype",
                )
            wanted = max(wanted, t.dtype, key=_RANGE_ORDER.index)
    else:
        wanted = as_dtype(dtype)
    tensors = [t if t.dtype is wanted else cast(t, wanted) for t in tensors]
    values = [known_array(t) for t in tensors]
    if any(v is None for v in values):
        return apply(_range_dynamic, tuple(tensors), (), name)
    result = _known_range(values, wanted)
    if state.graph is None:
        return result
    if result.dtype.is_integer and result.aval.dims[0] <= _HOST_ELEMENTS:
        return constant(result, name=name or "range")
    numbers = zip(
        ("start", "limit", "delta"),
        (v.reshape(()).item() for v in values if v is not None),
        strict=True,
    )
    return apply(_range, (), (*numbers, ("dtype", wanted), ("count", result.aval.dims[0])), name)


def _range_argument(value: Any, dtype: Any) -> Any:
    if isinstance(value, Tensor) or hasattr(type(value), "__deras_tensor__"):
        return convert(value)
    if dtype is not None and isinstance(value, (int, float)):
        # A Python number goes straight to the dtype asked for: 0.3 must not lose digits first.
        wanted = as_dtype(dtype)
        if not (wanted.is_integer and isinstance(value, float)):
            return convert(value, wanted)
    return convert(value)


def _known_range(values: list[Any], dtype: DType) -> EagerTensor:
    if dtype not in FLOATING | INDEX:
        raise errors.op_error(
            errors.InvalidArgumentError, "tf.range", f"dtype {dtype.name} is not supported"
        )
    for v in values:
        if v.size != 1:
            raise errors.op_error(
                errors.InvalidArgumentError, "tf.range", f"arguments must be scalars, not {v.shape}"
            )
    try:
        return host_tensor(_range_values(*values))
    except ValueError as error:
        raise errors.op_error(errors.GraphInvalidArgumentError, "tf.range", str(error)) from None


# -- linspace ---------------------------------------------------------------------------------


@jax.custom_jvp
def _rounded(product, guard):
    """`product` itself, rounded: XLA would fuse it with the sum that follows into one rounding.

    The integer added to its bits is 0, which the compiler cannot know: `guard` is a value that
    only the run gives.
    """
    bits = {4: np.int32, 8: np.int64}.get(product.dtype.itemsize)
    if bits is None:
        return product
    nothing = (guard == np.asarray(1.2345e37, guard.dtype)).astype(bits)
    return lax.bitcast_convert_type(
        lax.bitcast_convert_type(product, bits) + nothing, product.dtype
    )


@_rounded.defjvp
def _rounded_jvp(primals: Any, tangents: Any) -> Any:
    return _rounded(*primals), tangents[0]


def _linspace_host(start, stop, num, axis):
    dtype = start.dtype
    delta = (stop - start) / np.asarray(max(num - 1, 1), dtype)
    steps = np.arange(1, num - 1).astype(dtype)
    steps = steps.reshape([-1 if d == axis else 1 for d in range(start.ndim)])
    parts = [start, (start + (delta * steps).astype(dtype)).astype(dtype), stop]
    return np.take(np.concatenate(parts, axis), np.arange(num), axis)


@op("LinSpaceSteps", dtypes=FLOATING, api_name="linspace")
def _linspace_steps(start, stop, *, num, axis):
    """The points between; both ends are exact."""
    if isinstance(start, np.ndarray) and isinstance(stop, np.ndarray):
        return _linspace_host(start, stop, num, axis)
    # Hidden from XLA, which turns division by a constant into multiplication: other last digits.
    count = lax.optimization_barrier(jnp.asarray(max(num - 1, 1), start.dtype))
    delta = (stop - start) / count
    steps = jnp.arange(1, num - 1).astype(start.dtype)
    steps = steps.reshape([-1 if d == axis else 1 for d in range(start.ndim)])
    parts = [start, start + _rounded(delta * steps, start), stop]
    return lax.slice_in_dim(lax.concatenate(parts, axis), 0, num, axis=axis)


@export("linspace")
def linspace(start: Any, stop: Any, num: Any, name: str | None = None, axis: int = 0) -> Any:
    """Evenly spaced numbers from `start` to `stop`, both included.

    Args:
      start: Tensor: first numbers. Integers are computed as float64.
      stop: Tensor of the same dtype: last numbers; the shapes broadcast.
      num: How many, at least 0; an int or a tensor whose value is known.
      name: Optional name of the node in graphs.
      axis: Where the new dimension goes.
    Returns:
      Tensor with a new dimension of size `num`.
    Raises:
      InvalidArgumentError: `num` is negative, or `axis` out of range.

    >>> tf.linspace(0.0, 1.0, 5).numpy()
    array([0.  , 0.25, 0.5 , 0.75, 1.  ], dtype=float32)
    """
    what = "tf.linspace"
    is_constant = not any(isinstance(v, Tensor) or _has_reader(v) for v in (start, stop))
    start = convert(start)
    stop = stop if isinstance(stop, Tensor) else convert(stop, start.dtype)
    count = ints_of(num, what)
    if not isinstance(count, int):
        raise errors.op_error(
            errors.ArgumentTypeError, what, f"num must be an integer known here, not {num!r}"
        )
    if count < 0:
        raise errors.op_error(errors.GraphInvalidArgumentError, what, f"num is negative: {count}")
    if is_constant:
        ends = [_ends_of_line(t.host_array()) for t in (start, stop)]
        first, last = np.broadcast_arrays(*ends)
        at = _new_axis(axis, first.ndim)
        first, last = np.expand_dims(first, at), np.expand_dims(last, at)
        return constant(_linspace_host(first, last, count, at), name=name or "linspace")
    if start.dtype.is_integer:
        start, stop = cast(start, float64), cast(stop, float64)
    if start.shape.rank != 0 or stop.shape.rank != 0:
        joint = broadcast_dynamic_shape(shape_of(start), shape_of(stop))
        start, stop = broadcast_to(start, joint), broadcast_to(stop, joint)
    if start.shape.rank is None:
        raise errors.op_error(ValueError, what, "the rank of start and stop must be known")
    at = _new_axis(axis, start.shape.rank)
    start, stop = expand_dims(start, at), expand_dims(stop, at)
    if count <= 2:
        both = apply(concat_op, (start, stop), (("axis", at),))
        item = ((0, count, None),)
        return spec_slice(both, ((None, None, None),) * at + item, (), what)
    return apply(_linspace_steps, (start, stop), (("num", count), ("axis", at)), name)


def _has_reader(value: Any) -> bool:
    return hasattr(type(value), "__deras_tensor__")


def _ends_of_line(value: np.ndarray) -> np.ndarray:
    return value.astype(np.float64) if value.dtype.kind in "iu" else value


def _new_axis(axis: Any, rank: int) -> int:
    at = axis_of(axis, "tf.linspace")
    if not -rank - 1 <= at <= rank:
        raise errors.op_error(
            errors.GraphInvalidArgumentError,
            "tf.linspace",
            f"axis {at} is out of range [-{rank + 1}, {rank}]",
        )
    return at + rank + 1 if at < 0 else at


# -- meshgrid ---------------------------------------------------------------------------------


@export("meshgrid")
def meshgrid(*args: Any, **kwargs: Any) -> list[Any]:
    """Coordinate grids from coordinate vectors.

    Args:
      *args: N 1-D tensors of one dtype.
      **kwargs: `indexing`, "xy" (default: the first two dimensions are swapped) or "ij"; `name`.
    Returns:
      List of N tensors of rank N.
    Raises:
      ValueError: `indexing` is neither "xy" nor "ij".
      TypeError: An unknown keyword.

    >>> [t.numpy().tolist() for t in tf.meshgrid([1, 2], [3, 4])]
    [[[1, 2], [1, 2]], [[3, 3], [4, 4]]]
    """
    indexing = kwargs.pop("indexing", "xy")
    kwargs.pop("name", None)
    if kwargs:
        raise TypeError(f"tf.meshgrid: unknown keyword {next(iter(kwargs))!r}.")
    if indexing not in ("xy", "ij"):
        raise ValueError(f'tf.meshgrid: indexing must be "xy" or "ij", not {indexing!r}.')
    count = len(args)
    if not count:
        return []
    tensors = [convert(a) for a in args]
    for t in tensors:
        if t.dtype is not tensors[0].dtype:
            raise errors.op_error(
                errors.InvalidArgumentError,
                "tf.meshgrid",
                f"the vectors are {tensors[0].dtype.name} and {t.dtype.name}: use tf.cast",
            )
    order = list(range(count))
    if indexing == "xy" and count > 1:
        order[:2] = [1, 0]
    lengths = [size(t) for t in tensors]
    dims = [lengths[i] for i in order]
    if all(known_array(d) is not None for d in dims):
        shape: Any = tuple(int(known_array(d)) for d in dims)  # type: ignore[arg-type]
    else:
        shape = stack(dims)
    grids = []
    for i, t in enumerate(tensors):
        column = [1] * count
        column[order.index(i)] = -1
        grids.append(broadcast_to(reshape(t, column), shape))
    return grids
