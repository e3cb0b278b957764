"""Joining and splitting tensors along an axis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from deras._src import errors
from deras._src.core.dtypes import ANY, DType
from deras._src.core.tensor import Tensor
from deras._src.core.tensor_shape import TensorShape, unknown_shape
from deras._src.dispatch.apply import apply
from deras._src.dispatch.convert import convert, has_tensor, set_packer
from deras._src.ops.array_constant import identity
from deras._src.ops.array_support import (
    Specs,
    apply_ints,
    axis_of,
    dynamic_twin,
    ints_of,
    resolve_axis,
)
from deras._src.registry import op
from deras._src.util.export import export

Attrs = Mapping[str, Any]


def _fail(label: str, message: str) -> Exception:
    return errors.op_error(errors.GraphInvalidArgumentError, label, message)


def _checked_axis(axis: int, rank: int, label: str) -> int:
    try:
        return resolve_axis(axis, rank)
    except ValueError as error:
        raise _fail(label, str(error)) from None


# -- concat ---------------------------------------------------------------------------------


def _concat_shape(inputs: Sequence[Any], attrs: Attrs) -> Specs:
    dtype = inputs[0].dtype
    known = [x.shape for x in inputs if x.shape.rank is not None]
    if not known:
        return [(dtype, TensorShape(None))]
    rank = known[0].rank
    if rank == 0:
        raise _fail("tf.concat", "scalars cannot be joined (use tf.stack)")
    axis = _checked_axis(attrs["axis"], rank, "tf.concat")
    total: int | None = 0
    merged = unknown_shape(rank)
    for x in inputs:
        size = x.shape[axis] if x.shape.rank == rank else None
        total = None if total is None or size is None else total + size
        dims = x.shape.dims
        if dims is not None and len(dims) == rank:
            dims[axis] = None
        try:
            merged = merged.merge_with(TensorShape(dims))
        except ValueError:
            shapes = ", ".join(str(x.shape) for x in inputs)
            raise _fail(
                "tf.concat", f"dimensions other than axis {axis} must be equal: {shapes}"
            ) from None
    result = merged.as_list()
    result[axis] = total
    return [(dtype, TensorShape(result))]


def _concat_host(*values, axis):
    if values[0].ndim == 0:
        raise ValueError("scalars cannot be joined (use tf.stack)")
    _check_joinable([v.shape for v in values], resolve_axis(axis, values[0].ndim))
    return np.concatenate(values, axis)


def _check_joinable(shapes: Sequence[tuple[int, ...]], axis: int) -> None:
    first = shapes[0]
    for i, other in enumerate(shapes):
        if len(other) != len(first) or any(
            a != b for d, (a, b) in enumerate(zip(first, other, strict=True)) if d != axis
        ):
            raise ValueError(
                f"dimensions other than axis {axis} must be equal: values[0] is {list(first)}, "
                f"values[{i}] is {list(other)}"
            )


@op(
    "ConcatV2",
    dtypes=ANY,
    shape=_concat_shape,
    numpy=_concat_host,
    host=_concat_host,
    api_name="concat",
)
def concat_op(*values, axis):
    if values[0].ndim == 0:
        raise ValueError("scalars cannot be joined (use tf.stack)")
    axis = resolve_axis(axis, values[0].ndim)
    _check_joinable([v.shape for v in values], axis)
    return lax.concatenate(values, axis)


@export("concat")
def concat(values: Any, axis: Any, name: str = "concat") -> Any:
    """Joins tensors along a dimension they all have.

    Args:
      values: List of tensors of one dtype, equal in all dimensions but `axis`; or one tensor.
      axis: Int in `[-R, R)`.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of the same rank.
    Raises:
      InvalidArgumentError: The shapes, ranks or dtypes do not fit, or `axis` is out of range.

    >>> tf.concat([[[1, 2]], [[3, 4]]], axis=0).numpy()
    array([[1, 2],
           [3, 4]], dtype=int32)
    """
    if not isinstance(values, (list, tuple)):
        values = (values,)
    if not values:
        raise errors.op_error(
            errors.InvalidArgumentError, "tf.concat", "the list of tensors is empty"
        )
    at = axis_of(axis, "tf.concat")
    if len(values) == 1:
        return identity(values[0], name)
    return apply(concat_op, tuple(values), (("axis", at),), name)


# -- stack, unstack -------------------------------------------------------------------------


def _stack_shape(inputs: Sequence[Any], attrs: Attrs) -> Specs:
    merged = TensorShape(None)
    for x in inputs:
        try:
            merged = merged.merge_with(x.shape)
        except ValueError:
            shapes = ", ".join(str(x.shape) for x in inputs)
            raise _fail("tf.stack", f"all shapes must be equal: {shapes}") from None
    if merged.rank is None:
        return [(inputs[0].dtype, merged)]
    axis = _checked_axis(attrs["axis"], merged.rank + 1, "tf.stack")
    dims = merged.as_list()
    return [(inputs[0].dtype, TensorShape([*dims[:axis], len(inputs), *dims[axis:]]))]


def _stack_axis(values: Sequence[Any], axis: int) -> int:
    for i, v in enumerate(values):
        if v.shape != values[0].shape:
            raise ValueError(
                f"all shapes must be equal: values[0] is {list(values[0].shape)}, values[{i}] is "
                f"{list(v.shape)}"
            )
    return resolve_axis(axis, values[0].ndim + 1)


def _stack_host(*values, axis):
    return np.stack(values, _stack_axis(values, axis))


@op(
    "Pack",
    dtypes=ANY,
    shape=_stack_shape,
    numpy=_stack_host,
    host=_stack_host,
    api_name="stack",
)
def _stack(*values, axis):
    axis = _stack_axis(values, axis)
    return lax.concatenate([jnp.expand_dims(v, axis) for v in values], axis)


@export("stack")
def stack(values: Any, axis: int = 0, name: str = "stack") -> Any:
    """Stacks tensors of rank R into one of rank R + 1.

    Args:
      values: List of tensors of one shape and dtype.
      axis: Python int in `[-(R+1), R+1)`, where the new dimension goes.
      name: Optional name of the node in graphs.
    Returns:
      Tensor whose dimension `axis` has the length of the list.
    Raises:
      InvalidArgumentError: The shapes or dtypes differ.
      ValueError: `axis` is out of range.

    >>> tf.stack([[1, 2], [3, 4]], axis=1).numpy()
    array([[1, 3],
           [2, 4]], dtype=int32)
    """
    at = axis_of(axis, "tf.stack")
    if isinstance(values, Tensor):
        values = unstack(values)
    values = tuple(values)
    if not has_tensor(values):
        # Python values decide their dtype together: [1, 2.5] is float32.
        try:
            values = tuple(convert(list(values)))
        except ValueError as error:
            raise errors.op_error(errors.InvalidArgumentError, "tf.stack", str(error)) from None
    if not values:
        return convert([])
    rank = getattr(getattr(values[0], "shape", None), "rank", None)
    if rank is not None and not -(rank + 1) <= at <= rank:
        raise ValueError(f"tf.stack: axis {at} is out of range [-{rank + 1}, {rank + 1}).")
    return apply(_stack, values, (("axis", at),), name)


def _pack(values: Sequence[Any], dtype: DType | None) -> Any:
    """A list in which tensors occur, as a tensor; all cast to `dtype` where one is asked for."""
    packed = stack(values)
    if dtype is None or packed.dtype is dtype:
        return packed
    from deras._src.ops.math_cast import cast  # it stands above this file in the family's order

    return cast(packed, dtype)


set_packer(_pack)


@export("parallel_stack")
def parallel_stack(values: Any, name: str = "parallel_stack") -> Any:
    """Stacks tensors along a new first dimension; the same as `tf.stack` here.

    >>> tf.parallel_stack([[1, 2], [3, 4]]).shape
    TensorShape([2, 2])
    """
    return stack(values, 0, name)


def _unstack_shape(inputs: Sequence[Any], attrs: Attrs) -> Specs:
    shape, num = inputs[0].shape, attrs["num"]
    if shape.rank is None:
        return [(inputs[0].dtype, shape)] * num
    axis = _checked_axis(attrs["axis"], shape.rank, "tf.unstack")
    if shape[axis] not in (None, num):
        raise _fail("tf.unstack", f"dimension {axis} has size {shape[axis]}, but num is {num}")
    dims = shape.as_list()
    return [(inputs[0].dtype, TensorShape(dims[:axis] + dims[axis + 1 :]))] * num


def _unstacked(value, num, axis, take):
    axis = resolve_axis(axis, value.ndim)
    if value.shape[axis] != num:
        raise ValueError(f"dimension {axis} has size {value.shape[axis]}, but num is {num}")
    dims = value.shape[:axis] + value.shape[axis + 1 :]
    return tuple(take(value, i, axis).reshape(dims) for i in range(num))


def _unstack_host(value, *, num, axis):
    return _unstacked(value, num, axis, lambda v, i, a: np.take(v, [i], a))


@op(
    "Unpack",
    dtypes=ANY,
    shape=_unstack_shape,
    numpy=_unstack_host,
    host=_unstack_host,
    api_name="unstack",
)
def _unstack(value, *, num, axis):
    return _unstacked(value, num, axis, lambda v, i, a: lax.slice_in_dim(v, i, i + 1, axis=a))


@export("unstack")
def unstack(value: Any, num: int | None = None, axis: int = 0, name: str = "unstack") -> list[Any]:
    """Takes a tensor apart along a dimension: the reverse of `tf.stack`.

    Args:
      value: Tensor of rank R > 0.
      num: Length of dimension `axis`; needed only where it is not known.
      axis: Python int in `[-R, R)`.
      name: Optional name of the node in graphs.
    Returns:
      List of `num` tensors of rank R - 1.
    Raises:
      ValueError: `num` is not given and cannot be told, or `axis` is out of range.
      InvalidArgumentError: `num` is not the length of the dimension.

    >>> [t.numpy().tolist() for t in tf.unstack([[1, 2], [3, 4]], axis=1)]
    [[1, 3], [2, 4]]
    """
    at = axis_of(axis, "tf.unstack")
    if num is None:
        tensor = value if hasattr(type(value), "__deras_dispatch__") else convert(value)
        value, shape = tensor, tensor.shape
        if shape.rank is not None:
            if not -shape.rank <= at < shape.rank:
                raise ValueError(
                    f"tf.unstack: axis {at} is out of range [-{shape.rank}, {shape.rank})."
                )
            num = shape[at]
        if num is None:
            raise ValueError(f"tf.unstack: cannot infer num from shape {shape}; give it.")
    if num == 0:
        return []
    result = apply(_unstack, (value,), (("num", int(num)), ("axis", at)), name)
    return list(result) if type(result) is tuple else [result]


# -- split ----------------------------------------------------------------------------------


def _equal_parts(size: int, num: int, axis: int) -> tuple[int, ...]:
    if num < 1:
        raise ValueError(f"the number of parts must be positive, not {num}")
    if size % num:
        raise ValueError(f"dimension {axis} of size {size} does not split into {num} equal parts")
    return (size // num,) * num


def _given_parts(size: int, sizes: tuple[int, ...], axis: int) -> tuple[int, ...]:
    rest = size - sum(s for s in sizes if s != -1)
    count = sizes.count(-1)
    if count > 1 or any(s < -1 for s in sizes):
        raise ValueError(f"sizes must be at least 0, but for one -1: {list(sizes)}")
    if rest < 0 or (rest and not count):
        raise ValueError(
            f"sizes {list(sizes)} do not add up to {size}, the size of dimension {axis}"
        )
    return tuple(rest if s == -1 else s for s in sizes)


def _parts(value, sizes, axis, take):
    result, start = [], 0
    for size in sizes:
        result.append(take(value, start, start + size, axis))
        start += size
    return tuple(result)


def _host_part(value, start, stop, axis):
    return value[(slice(None),) * axis + (slice(start, stop),)].copy()


def _lax_part(value, start, stop, axis):
    return lax.slice_in_dim(value, start, stop, axis=axis)


def _split_shape(inputs: Sequence[Any], attrs: Attrs) -> Specs:
    shape, num = inputs[0].shape, attrs["num_split"]
    if shape.rank is None:
        return [(inputs[0].dtype, shape)] * num
    axis = _checked_axis(attrs["axis"], shape.rank, "tf.split")
    dims = shape.as_list()
    if dims[axis] is not None:
        try:
            dims[axis] = _equal_parts(dims[axis], num, axis)[0]
        except ValueError as error:
            raise _fail("tf.split", str(error)) from None
    return [(inputs[0].dtype, TensorShape(dims))] * num


def _split_host(value, *, num_split, axis):
    axis = resolve_axis(axis, value.ndim)
    return _parts(value, _equal_parts(value.shape[axis], num_split, axis), axis, _host_part)


@op("Split", dtypes=ANY, shape=_split_shape, numpy=_split_host, host=_split_host, api_name="split")
def _split(value, *, num_split, axis):
    axis = resolve_axis(axis, value.ndim)
    return _parts(value, _equal_parts(value.shape[axis], num_split, axis), axis, _lax_part)


def _split_sizes_shape(inputs: Sequence[Any], attrs: Attrs) -> Specs:
    shape, sizes = inputs[0].shape, attrs["size_splits"]
    count = attrs.get("num") or len(sizes)
    if shape.rank is None:
        return [(inputs[0].dtype, shape)] * count
    axis = _checked_axis(attrs["axis"], shape.rank, "tf.split")
    sizes = [None] * count if sizes is None else sizes
    if shape[axis] is not None and None not in sizes:
        try:
            sizes = _given_parts(shape[axis], tuple(sizes), axis)
        except ValueError as error:
            raise _fail("tf.split", str(error)) from None
    dims = shape.as_list()
    return [
        (
            inputs[0].dtype,
            TensorShape([*dims[:axis], None if s is None or s < 0 else s, *dims[axis + 1 :]]),
        )
        for s in sizes
    ]


def _split_sizes_host(value, *, size_splits, axis, num):
    axis = resolve_axis(axis, value.ndim)
    return _parts(value, _given_parts(value.shape[axis], size_splits, axis), axis, _host_part)


@op(
    "SplitV",
    dtypes=ANY,
    shape=_split_sizes_shape,
    numpy=_split_sizes_host,
    host=_split_sizes_host,
    api_name="split",
)
def _split_sizes(value, *, size_splits, axis, num):
    axis = resolve_axis(axis, value.ndim)
    return _parts(value, _given_parts(value.shape[axis], size_splits, axis), axis, _lax_part)


_split_sizes_dynamic = dynamic_twin(_split_sizes, "size_splits")


@export("split")
def split(
    value: Any,
    num_or_size_splits: Any,
    axis: Any = 0,
    num: int | None = None,
    name: str = "split",
) -> list[Any]:
    """Cuts a tensor into parts along a dimension.

    Args:
      value: Tensor of rank R > 0.
      num_or_size_splits: An int: into how many equal parts. A list of ints or a 1-D integer
        tensor: the sizes of the parts, one of which may be -1.
      axis: Int in `[-R, R)`.
      num: Number of parts, where the length of a tensor of sizes is not known.
      name: Optional name of the node in graphs.
    Returns:
      List of tensors.
    Raises:
      InvalidArgumentError: The dimension does not split so.
      ValueError: The number of parts is not known.

    >>> [t.numpy().tolist() for t in tf.split([1, 2, 3], [1, -1])]
    [[1], [2, 3]]
    """
    at = axis_of(axis, "tf.split")
    sizes = ints_of(num_or_size_splits, "tf.split")
    if isinstance(sizes, int):
        attrs = (("num_split", sizes), ("axis", at))
        result = apply(_split, (value,), attrs, name)
    else:
        if isinstance(sizes, Tensor):
            if sizes.shape.rank == 0:
                raise ValueError("tf.split: the number of parts must be known; it is a tensor.")
            known = sizes.shape[0] if sizes.shape.rank == 1 else None
            num = num if num is not None else known
            if num is None:
                raise ValueError("tf.split: cannot infer num from the sizes; give it.")
        else:
            num = len(sizes)
            if num == 0:
                raise errors.op_error(
                    errors.InvalidArgumentError, "tf.split", "the list of sizes is empty"
                )
        result = apply_ints(
            _split_sizes,
            _split_sizes_dynamic,
            (value,),
            "size_splits",
            sizes,
            (("axis", at), ("num", num)),
            name,
        )
    return list(result) if type(result) is tuple else [result]
