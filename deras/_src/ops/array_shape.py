"""Shapes of tensors: what they are (shape, size, rank) and how to change them (reshape, ...)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from deras._src import errors
from deras._src.core.context import state
from deras._src.core.dtypes import ANY, INDEX, DType, as_dtype, int32
from deras._src.core.tensor_shape import (
    TensorShape,
    as_shape,
)
from deras._src.dispatch.apply import apply
from deras._src.dispatch.convert import convert
from deras._src.ops.array_constant import constant
from deras._src.ops.array_support import (
    Specs,
    apply_ints,
    axes_of,
    axis_of,
    dynamic_twin,
    ints_of,
    partial_ints,
    resolve_axis,
    run_check,
)
from deras._src.registry import NONE, op
from deras._src.util.export import export

Attrs = Mapping[str, Any]


def _index_dtype(out_type: Any, what: str) -> DType:
    dtype = int32 if out_type is None else as_dtype(out_type)
    if dtype not in INDEX:
        raise errors.op_error(
            errors.InvalidArgumentError, what, f"out_type must be int32 or int64, not {dtype.name}"
        )
    return dtype


def _of_shape(value, dtype):
    # By way of int64: the trial sizes of shape inference may be too many for int32.
    return np.asarray(value, np.int64).astype(dtype.np_dtype)


def _shape_of(dims, *, out_type):
    return _of_shape(dims[0], out_type)


def _shape_shape(inputs: Sequence[Any], attrs: Attrs) -> Specs:
    return [(attrs["out_type"], TensorShape([inputs[0].shape.rank]))]


@op("Shape", dtypes=ANY, gradient=NONE, static=_shape_of, shape=_shape_shape, api_name="shape")
def _shape(input, *, out_type):
    return _of_shape(input.shape, out_type)


@export("shape")
def shape(input: Any, out_type: Any = None, name: str | None = None) -> Any:
    """The shape of a tensor, as a tensor.

    Args:
      input: Tensor of any dtype and shape.
      out_type: `tf.int32` (default) or `tf.int64`.
      name: Optional name of the node in graphs.
    Returns:
      1-D integer tensor. It never waits for the value of `input`.

    >>> tf.shape(tf.zeros([2, 3])).numpy()
    array([2, 3], dtype=int32)
    """
    dtype = _index_dtype(out_type, "tf.shape")
    if state.graph is not None:
        input = convert(input) if not hasattr(type(input), "__deras_dispatch__") else input
        known = getattr(input, "shape", None)
        if isinstance(known, TensorShape) and known.is_fully_defined():
            return constant(known.as_list() or np.zeros(0, np.int32), dtype, name=name or "Shape")
    return apply(_shape, (input,), (("out_type", dtype),), name)


@export("shape_n")
def shape_n(input: Any, out_type: Any = int32, name: str | None = None) -> list[Any]:
    """The shapes of several tensors.

    >>> [s.numpy().tolist() for s in tf.shape_n([tf.zeros([2]), tf.zeros([])])]
    [[2], []]
    """
    return [shape(x, out_type, name) for x in input]


def _size_of(dims, *, out_type):
    return _of_shape(math.prod(dims[0]), out_type)


def _scalar_shape(inputs: Sequence[Any], attrs: Attrs) -> Specs:
    return [(attrs.get("out_type", int32), TensorShape([]))]


@op("Size", dtypes=ANY, gradient=NONE, static=_size_of, shape=_scalar_shape, api_name="size")
def _size(input, *, out_type):
    return _of_shape(math.prod(input.shape), out_type)


@export("size")
def size(input: Any, out_type: Any = None, name: str | None = None) -> Any:
    """The number of elements of a tensor, as a scalar tensor.

    Args:
      input: Tensor of any dtype and shape.
      out_type: `tf.int32` (default) or `tf.int64`.
      name: Optional name of the node in graphs.

    >>> int(tf.size(tf.zeros([2, 3])))
    6
    """
    dtype = _index_dtype(out_type, "tf.size")
    if state.graph is not None:
        input = convert(input) if not hasattr(type(input), "__deras_dispatch__") else input
        known = getattr(input, "shape", None)
        if isinstance(known, TensorShape) and known.is_fully_defined():
            return constant(known.num_elements(), dtype, name=name or "Size")
    return apply(_size, (input,), (("out_type", dtype),), name)


def _rank_of(dims):
    return np.asarray(len(dims[0]), np.int32)


@op("Rank", dtypes=ANY, gradient=NONE, static=_rank_of, shape=_scalar_shape, api_name="rank")
def _rank(input):
    return np.asarray(input.ndim, np.int32)


@export("rank")
def rank(input: Any, name: str | None = None) -> Any:
    """The number of dimensions of a tensor, as an int32 scalar tensor.

    >>> int(tf.rank(tf.zeros([2, 3])))
    2
    """
    if state.graph is not None:
        input = convert(input) if not hasattr(type(input), "__deras_dispatch__") else input
        known = getattr(input, "shape", None)
        if isinstance(known, TensorShape) and known.rank is not None:
            return constant(known.rank, int32, name=name or "Rank")
    return apply(_rank, (input,), (), name)


# -- reshape --------------------------------------------------------------------------------


def _reshape_dims(count: int, shape: Any) -> tuple[int, ...]:
    """The dims asked for, -1 filled in; ValueError where they do not hold `count` elements."""
    if not isinstance(shape, tuple):
        raise ValueError(f"shape must be a vector, not the scalar {shape}")
    unknown = [i for i, d in enumerate(shape) if d == -1]
    if len(unknown) > 1:
        raise ValueError(f"only one dimension may be -1, not {len(unknown)}: {list(shape)}")
    if any(d < -1 for d in shape):
        raise ValueError(f"dimensions must not be negative: {list(shape)}")
    rest = math.prod(d for d in shape if d != -1)
    if unknown:
        if (rest == 0 and count) or (rest and count % rest):
            raise ValueError(
                f"{count} values cannot be given shape {list(shape)}: they are not a multiple of "
                f"{rest}"
            )
        fill = count // rest if rest else 1
        return tuple(fill if d == -1 else d for d in shape)
    if rest != count:
        raise ValueError(f"{count} values cannot be given shape {list(shape)}, which holds {rest}")
    return shape


def _reshape_shape(inputs: Sequence[Any], attrs: Attrs) -> Specs:
    dims = attrs["shape"]
    count = inputs[0].shape.num_elements()
    if count is not None and None not in dims:
        return [(inputs[0].dtype, TensorShape(_checked_dims(count, dims)))]
    if sum(d == -1 for d in dims) > 1:
        _checked_dims(0, dims)
    probed = _probed_reshape(inputs[0], dims, dims)
    return [(inputs[0].dtype, TensorShape(probed or [None if d < 0 else d for d in dims]))]


def _reshape_dynamic_shape(inputs: Sequence[Any], attrs: Attrs) -> Specs:
    tensor, shape = inputs
    dims = partial_ints(shape)
    if dims is None:
        return [(tensor.dtype, TensorShape(None))]
    values = [p.value for p in getattr(shape, "probes", None) or () if p.value is not None]
    if len(values) == 2:
        probed = _probed_reshape(tensor, *(tuple(v.tolist()) for v in values))
        if probed is not None:
            return [(tensor.dtype, TensorShape(probed))]
    return [(tensor.dtype, TensorShape([None if d is None or d < 0 else d for d in dims]))]


def _probed_reshape(tensor: Any, first: Any, second: Any) -> list[int | None] | None:
    """The dims on which the trial sizes of shape inference agree: what -1 stands for, if static."""
    if tensor.shape.is_fully_defined():
        counts = [tensor.shape.num_elements()] * 2
    elif getattr(tensor, "probes", None) is not None:
        counts = [math.prod(p.dims) for p in tensor.probes]
    else:
        return None
    try:
        pair = [_reshape_dims(n, d) for n, d in zip(counts, (first, second), strict=True)]
    except ValueError:
        return None  # trial sizes need not fit
    return [a if a == b else None for a, b in zip(*pair, strict=True)]


def _checked_dims(count: int, dims: Any) -> tuple[int, ...]:
    try:
        return _reshape_dims(count, dims)
    except ValueError as error:
        raise errors.op_error(errors.GraphInvalidArgumentError, "tf.reshape", str(error)) from None


@op(
    "Reshape",
    dtypes=ANY,
    shape=_reshape_shape,
    numpy=lambda x, shape: x.reshape(_reshape_dims(x.size, shape)),
    host=lambda x, shape: x.reshape(_reshape_dims(x.size, shape)),
    api_name="reshape",
)
def _reshape(tensor, *, shape):
    return tensor.reshape(_reshape_dims(math.prod(tensor.shape), shape))


_reshape_dynamic = dynamic_twin(_reshape, "shape", shape=_reshape_dynamic_shape)


@export("reshape")
def reshape(tensor: Any, shape: Any, name: str | None = None) -> Any:
    """The same elements in another shape.

    Args:
      tensor: Tensor of any dtype and shape.
      shape: New shape: ints or a 1-D integer tensor. One dimension may be -1: what is left over.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of the shape asked for.
    Raises:
      InvalidArgumentError: The number of elements does not fit.

    >>> tf.reshape([1, 2, 3, 4], [2, -1]).numpy()
    array([[1, 2],
           [3, 4]], dtype=int32)
    """
    ints = ints_of(shape, "tf.reshape")
    ints = (ints,) if type(ints) is int else ints
    return apply_ints(_reshape, _reshape_dynamic, (tensor,), "shape", ints, (), name)


# -- one dimension more or less -------------------------------------------------------------


def _expanded(dims: Any, axis: int) -> Any:
    at = resolve_axis(axis, len(dims) + 1, "axis")
    return (*dims[:at], 1, *dims[at:])


def _expand_dims_shape(inputs: Sequence[Any], attrs: Attrs) -> Specs:
    shape = inputs[0].shape
    if shape.rank is None:
        return [(inputs[0].dtype, shape)]
    try:
        dims = _expanded(tuple(shape.as_list()), attrs["axis"])
    except ValueError as error:
        raise errors.op_error(
            errors.GraphInvalidArgumentError, "tf.expand_dims", str(error)
        ) from None
    return [(inputs[0].dtype, TensorShape(dims))]


@op(
    "ExpandDims",
    dtypes=ANY,
    shape=_expand_dims_shape,
    numpy=lambda x, axis: x.reshape(_expanded(x.shape, axis)),
    host=lambda x, axis: x.reshape(_expanded(x.shape, axis)),
    api_name="expand_dims",
)
def _expand_dims(input, *, axis):
    return input.reshape(_expanded(input.shape, axis))


@export("expand_dims")
def expand_dims(input: Any, axis: Any, name: str | None = None) -> Any:
    """Inserts a dimension of size 1.

    Args:
      input: Tensor of rank R.
      axis: Where the new dimension goes, in `[-(R+1), R+1)`.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of rank R + 1.
    Raises:
      InvalidArgumentError: `axis` is out of range.

    >>> tf.expand_dims([1, 2, 3], 1).shape
    TensorShape([3, 1])
    """
    return apply(_expand_dims, (input,), (("axis", axis_of(axis, "tf.expand_dims")),), name)


def _squeezed(dims: Any, axis: tuple[int, ...]) -> Any:
    rank = len(dims)
    drop = {resolve_axis(a, rank, "axis") for a in axis}
    for a in drop:
        if dims[a] not in (1, None):
            raise ValueError(f"cannot squeeze dimension {a}: its size is {dims[a]}, not 1")
    if not axis:
        drop = {i for i, d in enumerate(dims) if d == 1}
    return tuple(d for i, d in enumerate(dims) if i not in drop)


def _squeeze_shape(inputs: Sequence[Any], attrs: Attrs) -> Specs:
    shape, axis = inputs[0].shape, attrs["axis"]
    # Without an axis an unknown dimension may be 1, and go, or not.
    if shape.rank is None or (not axis and not shape.is_fully_defined()):
        return [(inputs[0].dtype, TensorShape(None))]
    try:
        dims = _squeezed(tuple(shape.as_list()), axis)
    except ValueError as error:
        raise errors.op_error(errors.GraphInvalidArgumentError, "tf.squeeze", str(error)) from None
    return [(inputs[0].dtype, TensorShape(dims))]


@op(
    "Squeeze",
    dtypes=ANY,
    shape=_squeeze_shape,
    numpy=lambda x, axis: x.reshape(_squeezed(x.shape, axis)),
    host=lambda x, axis: x.reshape(_squeezed(x.shape, axis)),
    api_name="squeeze",
)
def _squeeze(input, *, axis):
    return input.reshape(_squeezed(input.shape, axis))


@export("squeeze")
def squeeze(input: Any, axis: Any = None, name: str | None = None) -> Any:
    """Removes dimensions of size 1.

    Args:
      input: Tensor of any dtype and shape.
      axis: Int or list of ints: the dimensions to remove, each of size 1. Default: all of size 1.
      name: Optional name of the node in graphs.
    Returns:
      Tensor with the same elements.
    Raises:
      InvalidArgumentError: A dimension asked for is not 1.

    >>> tf.squeeze(tf.zeros([1, 3, 1])).shape
    TensorShape([3])
    """
    axes = () if axis is None else axes_of(axis, "tf.squeeze")
    return apply(_squeeze, (input,), (("axis", axes),), name)


# -- transpose ------------------------------------------------------------------------------


def _permutation(rank: int, perm: Any) -> tuple[int, ...]:
    if perm is None:
        return tuple(range(rank))[::-1]
    if not isinstance(perm, tuple) or len(perm) != rank:
        raise ValueError(f"perm {perm} must name each of the {rank} dimensions of the tensor")
    axes = tuple(resolve_axis(p, rank, "perm") for p in perm)
    if len(set(axes)) != rank:
        raise ValueError(f"perm {list(perm)} names a dimension twice")
    return axes


def _transpose_shape(inputs: Sequence[Any], attrs: Attrs) -> Specs:
    shape, perm = inputs[0].shape, attrs["perm"]
    if shape.rank is None:
        rank = len(perm) if isinstance(perm, tuple) else None
        return [(inputs[0].dtype, TensorShape(None if rank is None else [None] * rank))]
    if isinstance(perm, tuple) and None in perm:
        return [(inputs[0].dtype, TensorShape([None] * shape.rank))]
    try:
        axes = _permutation(shape.rank, perm)
    except ValueError as error:
        raise errors.op_error(
            errors.GraphInvalidArgumentError, "tf.transpose", str(error)
        ) from None
    return [(inputs[0].dtype, TensorShape([shape[a] for a in axes]))]


def _transposed_host(a, *, perm):
    return a.transpose(_permutation(a.ndim, perm)).copy()


@op(
    "Transpose",
    dtypes=ANY,
    shape=_transpose_shape,
    numpy=_transposed_host,
    host=_transposed_host,
    api_name="transpose",
)
def _transpose(a, *, perm):
    return a.transpose(_permutation(a.ndim, perm))


_transpose_dynamic = dynamic_twin(_transpose, "perm")


@op("ConjugateTranspose", dtypes=ANY, shape=_transpose_shape, api_name="transpose")
def _conjugate_transpose(a, *, perm):
    a = a.transpose(_permutation(a.ndim, perm))
    return jnp.conj(a) if jnp.iscomplexobj(a) else a


_conjugate_transpose_dynamic = dynamic_twin(_conjugate_transpose, "perm")


@export("transpose")
def transpose(
    a: Any, perm: Any = None, conjugate: bool = False, name: str | None = "transpose"
) -> Any:
    """Permutes the dimensions: dimension i of the result is dimension `perm[i]` of `a`.

    Args:
      a: Tensor of any dtype and shape.
      perm: Permutation of the dimensions; by default they are reversed.
      conjugate: Also conjugate complex values.
      name: Optional name of the node in graphs.
    Returns:
      Tensor with permuted dimensions.
    Raises:
      InvalidArgumentError: `perm` is no permutation.

    >>> tf.transpose([[1, 2, 3]]).numpy()
    array([[1],
           [2],
           [3]], dtype=int32)
    """
    ints = None if perm is None else ints_of(perm, "tf.transpose")
    if conjugate:
        ops = _conjugate_transpose, _conjugate_transpose_dynamic
    else:
        ops = _transpose, _transpose_dynamic
    return apply_ints(*ops, (a,), "perm", ints, (), name)


# -- broadcasting ---------------------------------------------------------------------------


def _broadcast_to_shape(inputs: Sequence[Any], attrs: Attrs) -> Specs:
    dims = attrs["shape"]
    if dims is not None:
        run_check(_check_broadcast_attr, inputs[0].shape, attrs, "tf.broadcast_to")
    return [(inputs[0].dtype, TensorShape(None if dims is None else list(dims)))]


def _check_broadcast_attr(dims: Any, attrs: Attrs) -> None:
    _check_broadcast(dims, attrs["shape"])


def _check_broadcast(dims: Any, shape: Any) -> None:
    if not isinstance(shape, tuple):
        raise ValueError(f"shape must be a vector, not the scalar {shape}")
    if len(dims) > len(shape):
        raise ValueError(f"a tensor of rank {len(dims)} cannot be broadcast to {list(shape)}")
    for have, want in zip(dims[::-1], shape[::-1], strict=False):
        if have not in (1, want, None) and want is not None:
            raise ValueError(f"shape {list(dims)} cannot be broadcast to {list(shape)}")


def _broadcast_host(x, *, shape):
    _check_broadcast(x.shape, shape)
    return np.broadcast_to(x, shape).copy()


@op(
    "BroadcastTo",
    dtypes=ANY,
    shape=_broadcast_to_shape,
    numpy=_broadcast_host,
    host=_broadcast_host,
    api_name="broadcast_to",
)
def _broadcast_to(input, *, shape):
    _check_broadcast(input.shape, shape)
    return jnp.broadcast_to(input, shape)


_broadcast_to_dynamic = dynamic_twin(_broadcast_to, "shape")


@export("broadcast_to")
def broadcast_to(input: Any, shape: Any, name: str | None = None) -> Any:
    """Repeats a tensor along dimensions of size 1 and new leading dimensions to fill `shape`.

    Args:
      input: Tensor of any dtype.
      shape: Ints or a 1-D integer tensor.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of shape `shape`.
    Raises:
      InvalidArgumentError: The shapes do not fit.

    >>> tf.broadcast_to([1, 2], [2, 2]).numpy()
    array([[1, 2],
           [1, 2]], dtype=int32)
    """
    ints = ints_of(shape, "tf.broadcast_to")
    return apply_ints(_broadcast_to, _broadcast_to_dynamic, (input,), "shape", ints, (), name)


def _broadcast_args_host(s0, s1):
    lead = len(s0) - len(s1)
    first = np.concatenate([np.ones(max(-lead, 0), s0.dtype), s0])
    second = np.concatenate([np.ones(max(lead, 0), s1.dtype), s1])
    if np.any((first != second) & (first != 1) & (second != 1)):
        raise ValueError(f"shapes {s0.tolist()} and {s1.tolist()} do not broadcast")
    return np.where(first == 1, second, first)


def _broadcast_args_shape(inputs: Sequence[Any], attrs: Attrs) -> Specs:
    a, b = (x.shape[0] if x.shape.rank == 1 else None for x in inputs)
    return [(inputs[0].dtype, TensorShape([None if a is None or b is None else max(a, b)]))]


@op(
    "BroadcastArgs",
    dtypes=INDEX,
    gradient=NONE,
    shape=_broadcast_args_shape,
    numpy=_broadcast_args_host,
    api_name="broadcast_dynamic_shape",
)
def _broadcast_args(s0, s1):
    lead = s0.shape[0] - s1.shape[0]
    s0 = jnp.concatenate([jnp.ones(max(-lead, 0), s0.dtype), s0])
    s1 = jnp.concatenate([jnp.ones(max(lead, 0), s1.dtype), s1])
    return jnp.where(s0 == 1, s1, s0)


@export("broadcast_dynamic_shape")
def broadcast_dynamic_shape(shape_x: Any, shape_y: Any) -> Any:
    """The shape that two shapes, given as tensors, broadcast to.

    Args:
      shape_x: 1-D integer tensor.
      shape_y: 1-D integer tensor of the same dtype.
    Returns:
      1-D integer tensor.
    Raises:
      InvalidArgumentError: The shapes do not broadcast.

    >>> tf.broadcast_dynamic_shape([2, 1], [3]).numpy()
    array([2, 3], dtype=int32)
    """
    return apply(_broadcast_args, (shape_x, shape_y))


def _ensure_shape(inputs: Sequence[Any], attrs: Attrs) -> Specs:
    want, have = TensorShape(attrs["shape"]), inputs[0].shape
    try:
        return [(inputs[0].dtype, have.merge_with(want))]
    except ValueError:
        raise errors.op_error(
            errors.GraphInvalidArgumentError,
            "tf.ensure_shape",
            f"shape {have} is not compatible with {want}",
        ) from None


def _check_shape(have: Any, shape: Any) -> None:
    if not TensorShape(have).is_compatible_with(TensorShape(shape)):
        raise ValueError(f"shape {TensorShape(have)} is not compatible with {TensorShape(shape)}")


def _ensured(x, *, shape):
    _check_shape(x.shape, shape)
    return x


@op(
    "EnsureShape",
    dtypes=ANY,
    shape=_ensure_shape,
    numpy=_ensured,
    host=_ensured,
    api_name="ensure_shape",
)
def _ensure(x, *, shape):
    return _ensured(x, shape=shape)


@export("ensure_shape")
def ensure_shape(x: Any, shape: Any, name: str | None = None) -> Any:
    """The tensor itself, its shape checked at run time and known from here on in graphs.

    Args:
      x: Tensor of any dtype.
      shape: TensorShape, or a list of ints and Nones.
      name: Optional name of the node in graphs.
    Returns:
      Tensor equal to `x`.
    Raises:
      InvalidArgumentError: The shape is another.

    >>> tf.ensure_shape(tf.zeros([2, 3]), [None, 3]).shape
    TensorShape([2, 3])
    """
    dims = as_shape(shape)
    wanted = None if dims.rank is None else tuple(dims.as_list())
    return apply(_ensure, (x,), (("shape", wanted),), name)
