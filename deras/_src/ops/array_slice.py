"""Slices: `tf.strided_slice`, `tf.slice` and what `tensor[...]` becomes.

A *spec* describes the items between the brackets, hashable: an int; None (a new dimension);
Ellipsis; a tuple (begin, end, stride) of ints and Nones; or `("at", k)`, the index that the op's
k-th index operand holds.

Three ops: with Python indices on eager tensors (`_slice_at`: every start is an operand, so a loop
over rows or batches compiles once), with a spec (in graphs, where XLA should see constants; index
operands may be tensors without known value), and with bounds that are tensors of unknown value
(the result's shape depends on them).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from deras._src import errors
from deras._src.core.context import state
from deras._src.core.dtypes import ANY, INDEX
from deras._src.core.dtypes import string as string_dtype
from deras._src.core.tensor import Aval, EagerTensor, SymbolicTensor, Tensor
from deras._src.core.tensor_shape import TensorShape
from deras._src.dispatch.apply import apply
from deras._src.dispatch.convert import convert
from deras._src.errors import InvalidArgumentError
from deras._src.graph.checks import require
from deras._src.ops.array_support import (
    Specs,
    apply_ints,
    dynamic_twin,
    ints_of,
    known_array,
    partial_ints,
)
from deras._src.registry import op
from deras._src.util.export import export

Attrs = Mapping[str, Any]
Spec = tuple[Any, ...]

_FULL = (None, None, None)


def _is_index(item: Any) -> bool:
    return type(item) is int or (type(item) is tuple and item[0] == "at")


def _aligned(spec: Spec, rank: int) -> list[Any]:
    """The spec without its ellipsis, and with a full slice for each dimension not named."""
    named = sum(1 for item in spec if item is not None and item is not Ellipsis)
    if named > rank:
        raise ValueError(f"{named} dimensions are indexed, but the tensor has rank {rank}")
    fill = [_FULL] * (rank - named)
    if Ellipsis not in spec:
        return [*spec, *fill]
    at = spec.index(Ellipsis)
    if Ellipsis in spec[at + 1 :]:
        raise ValueError("only one ellipsis is allowed")
    return [*spec[:at], *fill, *spec[at + 1 :]]


def _span(item: tuple[Any, Any, Any], size: int) -> tuple[int, int, int]:
    """(start, count, stride) of a slice of a dimension; bounds beyond the ends are cut."""
    begin, end, stride = item
    stride = 1 if stride is None else stride
    if stride == 0:
        raise ValueError("the stride of a slice must not be 0")
    start, stop, _ = slice(begin, end, stride).indices(size)
    return start, len(range(start, stop, stride)), stride


def _place(index: int, axis: int, size: int) -> int:
    if not -size <= index < size:
        raise ValueError(f"index {index} is out of bounds: dimension {axis} has size {size}")
    return index + size if index < 0 else index


def _static_item(item: Any, axis: int, size: int) -> tuple[int, int, int]:
    if type(item) is int:
        return _place(item, axis, size), 1, 1
    return _span(item, size)


def _take(array, spans):
    """Slices of a JAX or NumPy array: per dimension (start or traced scalar, count, stride)."""
    if isinstance(array, np.ndarray):
        return array[
            tuple(
                slice(None) if s == 1 and n == size else _numpy_slice(b, n, s)
                for (b, n, s), size in zip(spans, array.shape, strict=True)
            )
        ]
    lows, lengths = [], []
    for start, count, stride in spans:
        lengths.append((count - 1) * abs(stride) + 1 if count else 0)
        lows.append(start + (count - 1) * stride if stride < 0 and count else start)
    if all(type(low) is int for low in lows):
        steps = [abs(s) for _, _, s in spans]
        stops = [low + n for low, n in zip(lows, lengths, strict=True)]
        array = lax.slice(array, lows, stops, steps)
    else:
        array = lax.dynamic_slice(array, [jnp.asarray(v, jnp.int32) for v in lows], lengths)
        if any(abs(s) != 1 for _, _, s in spans):
            steps = [abs(s) for _, _, s in spans]
            array = lax.slice(array, [0] * array.ndim, array.shape, steps)
    backwards = [axis for axis, (_, count, stride) in enumerate(spans) if stride < 0 and count > 1]
    return lax.rev(array, backwards) if backwards else array


def _numpy_slice(start: int, count: int, stride: int) -> slice:
    stop = start + count * stride
    return slice(start, None if stop < 0 else stop, stride)


# -- Python indices on eager tensors ----------------------------------------------------------


@op("StridedSliceAt", dtypes={"input": ANY, "starts": INDEX}, api_name="strided_slice")
def _slice_at(input, *starts, spans, shape):
    """`spans` holds (start, count, stride) per dimension; start None: the next operand."""
    operands = iter(starts)
    full = [(next(operands) if start is None else start, n, s) for start, n, s in spans]
    return _take(input, full).reshape(shape)


def _slice_at_host(input, *starts, spans, shape):
    operands = iter(starts)
    full = [(int(next(operands)) if start is None else start, n, s) for start, n, s in spans]
    return _take(input, full).reshape(shape).copy()


_slice_at.numpy = _slice_at_host
_slice_at.host = _slice_at_host

# (dtype and shape, spec) -> attributes and start operands. Cleared when full, as a loop over a
# large range of Python indices fills it with entries that will not be seen again.
_resolved: dict[tuple[Aval, Spec], tuple[Any, tuple[EagerTensor, ...]]] = {}
_MOST_RESOLVED = 16384


def eager_slice(tensor: EagerTensor, spec: Spec, what: str) -> Any:
    """`tensor` sliced by a spec without index operands."""
    found = _resolved.get((tensor.aval, spec))
    if found is None:
        found = _resolve(tensor.aval, spec, what)
        if len(_resolved) >= _MOST_RESOLVED:
            _resolved.clear()
        _resolved[tensor.aval, spec] = found
    attrs, starts = found
    return apply(_slice_at, (tensor, *starts), attrs)


def _resolve(aval: Aval, spec: Spec, what: str) -> tuple[Any, tuple[EagerTensor, ...]]:
    spans: list[tuple[int | None, int, int]] = []
    shape: list[int] = []
    starts: list[EagerTensor] = []
    axis = 0
    try:
        for item in _aligned(spec, len(aval.dims)):
            if item is None:
                shape.append(1)
                continue
            start, count, stride = _static_item(item, axis, aval.dims[axis])
            if type(item) is not int:
                shape.append(count)
            axis += 1
            low = start + (count - 1) * stride if stride < 0 and count else start
            if low == 0 or not count:
                spans.append((start if count else 0, count, stride))
            else:
                starts.append(convert(start))
                spans.append((None, count, stride))
    except ValueError as error:
        raise errors.op_error(
            InvalidArgumentError, what, str(error), [("input", repr(aval))]
        ) from None
    return (("spans", tuple(spans)), ("shape", tuple(shape))), tuple(starts)


# -- a spec -----------------------------------------------------------------------------------


def _spec_shape(inputs: Sequence[Any], attrs: Attrs) -> Specs:
    shape, spec = inputs[0].shape, attrs["spec"]
    if shape.rank is None:
        return [(inputs[0].dtype, TensorShape(None))]
    result: list[int | None] = []
    axis = 0
    try:
        for item in _aligned(spec, shape.rank):
            if item is None:
                result.append(1)
                continue
            size = shape[axis]
            if size is None:
                if type(item) is tuple and item[0] != "at":
                    result.append(None)
            elif type(item) is int:
                _place(item, axis, size)
            elif item[0] != "at":
                result.append(_span(item, size)[1])
            axis += 1
    except ValueError as error:
        raise errors.op_error(
            errors.GraphInvalidArgumentError, "tf.strided_slice", str(error)
        ) from None
    return [(inputs[0].dtype, TensorShape(result))]


def _checked(index, axis, size):
    """A start from an index operand, its range checked at run time."""
    if isinstance(index, np.ndarray):
        return _place(int(index), axis, size)
    index = index.astype(jnp.int64).reshape(())
    require(
        (index >= -size) & (index < size),
        InvalidArgumentError,
        f"index {{detail}} is out of bounds: dimension {axis} has size {size}",
        index,
    )
    return jnp.where(index < 0, index + size, index)


def _by_spec(input, indices, spec):
    spans, shape = [], []
    axis = 0
    for item in _aligned(spec, input.ndim):
        if item is None:
            shape.append(1)
            continue
        size = input.shape[axis]
        if type(item) is tuple and item[0] == "at":
            if size == 0:
                raise ValueError(f"dimension {axis} has size 0 and cannot be indexed")
            spans.append((_checked(indices[item[1]], axis, size), 1, 1))
        else:
            spans.append(_static_item(item, axis, size))
            if type(item) is not int:
                shape.append(spans[-1][1])
        axis += 1
    return _take(input, spans).reshape(shape)


def _by_spec_host(input, *indices, spec):
    return _by_spec(input, indices, spec).copy()


@op(
    "StridedSlice",
    dtypes={"input": ANY, "indices": INDEX},
    shape=_spec_shape,
    numpy=_by_spec_host,
    host=_by_spec_host,
    api_name="strided_slice",
)
def _slice_spec(input, *indices, spec):
    return _by_spec(input, indices, spec)


def spec_slice(tensor: Any, spec: Spec, indices: Sequence[Any], what: str) -> Any:
    """`tensor` sliced by a spec, with the tensors that its index operands are."""
    if not indices and type(tensor) is EagerTensor and state.graph is None:
        return eager_slice(tensor, spec, what)
    result = apply(_slice_spec, (tensor, *indices), (("spec", spec),))
    if type(result) is SymbolicTensor and result.value is None and result.dtype in INDEX:
        # The part of a shape that is known has a value, though the shape as a whole has none.
        elements = partial_ints(result)
        if elements is not None and None not in elements and result.shape.is_fully_defined():
            dims = tuple(result.shape.as_list())
            result.value = np.array(elements, result.dtype.np_dtype).reshape(dims)
    return result


# -- bounds that are tensors ------------------------------------------------------------------


def _bounds_shape(inputs: Sequence[Any], attrs: Attrs) -> Specs:
    dtype, shape = inputs[0].dtype, inputs[0].shape
    begin = inputs[1].shape
    if shape.rank is None or begin.rank is None or begin[0] is None:
        return [(dtype, TensorShape(None))]
    values = [known_array(x) for x in inputs[1:4]]
    items: list[Any] = []
    for i in range(begin[0]):
        bit = 1 << i
        if attrs["ellipsis_mask"] & bit:
            items.append(Ellipsis)
        elif attrs["new_axis_mask"] & bit:
            items.append(None)
        elif attrs["shrink_axis_mask"] & bit:
            items.append(("at", 0))
        elif attrs["begin_mask"] & bit and attrs["end_mask"] & bit and values[2] is not None:
            items.append((None, None, int(values[2][i])))
        else:
            items.append(("?", None, None))
    result: list[int | None] = []
    axis = 0
    try:
        aligned = _aligned(tuple(items), shape.rank)
    except ValueError as error:
        raise errors.op_error(
            errors.GraphInvalidArgumentError, "tf.strided_slice", str(error)
        ) from None
    for item in aligned:
        if item is None:
            result.append(1)
            continue
        size = shape[axis]
        axis += 1
        if item[0] == "at":
            continue
        known = item[0] != "?" and size is not None
        result.append(_span(item, size)[1] if known else None)
    return [(dtype, TensorShape(result))]


def masked_spec(begin: Any, end: Any, strides: Any, masks: Mapping[str, int]) -> Spec:
    """The spec of `tf.strided_slice`'s arguments, whose values are known."""
    if not len(begin) == len(end) == len(strides):
        raise ValueError(
            f"begin, end and strides must have one length: {len(begin)}, {len(end)}, {len(strides)}"
        )
    spec: list[Any] = []
    for i, (b, e, s) in enumerate(zip(begin, end, strides, strict=True)):
        bit = 1 << i
        if masks["ellipsis_mask"] & bit:
            spec.append(Ellipsis)
        elif masks["new_axis_mask"] & bit:
            spec.append(None)
        elif masks["shrink_axis_mask"] & bit:
            if s <= 0:
                raise ValueError(f"a dimension that is indexed needs a positive stride, not {s}")
            spec.append(int(b))
        else:
            low = None if masks["begin_mask"] & bit else int(b)
            high = None if masks["end_mask"] & bit else int(e)
            spec.append((low, high, int(s)))
    return tuple(spec)


def _slice_bounds_host(input, begin, end, strides, **masks):
    return _by_spec(input, (), masked_spec(begin, end, strides, masks)).copy()


@op(
    "StridedSliceDynamic",
    dtypes={"input": ANY, "begin": INDEX, "end": INDEX, "strides": INDEX},
    host_args=("begin", "end", "strides"),
    shape=_bounds_shape,
    numpy=_slice_bounds_host,
    host=_slice_bounds_host,
    api_name="strided_slice",
)
def _slice_bounds(
    input, begin, end, strides, *, begin_mask, end_mask, ellipsis_mask, new_axis_mask,
    shrink_axis_mask
):  # fmt: skip
    masks = {
        "begin_mask": begin_mask,
        "end_mask": end_mask,
        "ellipsis_mask": ellipsis_mask,
        "new_axis_mask": new_axis_mask,
        "shrink_axis_mask": shrink_axis_mask,
    }
    return _by_spec(input, (), masked_spec(begin, end, strides, masks))


def bounds_slice(
    tensor: Any, begin: Any, end: Any, strides: Any, masks: Mapping[str, int], name: Any = None
) -> Any:
    """`tensor` sliced by bounds of which some are tensors of unknown value."""
    attrs = tuple(sorted(masks.items()))
    return apply(_slice_bounds, (tensor, begin, end, strides), attrs, name)


@export("strided_slice")
def strided_slice(
    input_: Any,
    begin: Any,
    end: Any,
    strides: Any = None,
    begin_mask: int = 0,
    end_mask: int = 0,
    ellipsis_mask: int = 0,
    new_axis_mask: int = 0,
    shrink_axis_mask: int = 0,
    var: Any = None,
    name: str | None = None,
) -> Any:
    """What `input_[b0:e0:s0, b1:e1:s1, ...]` gives, the bounds given as vectors.

    Args:
      input_: Tensor of any dtype.
      begin: Ints or 1-D integer tensor: first index of each dimension.
      end: The same, for the index after the last.
      strides: The same, for the steps; default 1.
      begin_mask: Bit i set: `begin[i]` is ignored and the slice starts at the end it can.
      end_mask: The same for `end[i]`.
      ellipsis_mask: Bit i set: position i is an ellipsis.
      new_axis_mask: Bit i set: position i adds a dimension of size 1.
      shrink_axis_mask: Bit i set: position i is an index, `begin[i]`, and its dimension goes.
      var: Variable that was sliced; not used here.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of the input's dtype.
    Raises:
      InvalidArgumentError: An index is out of range, a stride is 0, or lengths differ.

    >>> tf.strided_slice([1, 2, 3, 4], [1], [4], [2]).numpy()
    array([2, 4], dtype=int32)
    """
    masks = {
        "begin_mask": begin_mask,
        "end_mask": end_mask,
        "ellipsis_mask": ellipsis_mask,
        "new_axis_mask": new_axis_mask,
        "shrink_axis_mask": shrink_axis_mask,
    }
    what = "tf.strided_slice"
    low, high = ints_of(begin, what), ints_of(end, what)
    steps = _ones_like(low) if strides is None else ints_of(strides, what)
    tensor = input_ if isinstance(input_, Tensor) else convert(input_)
    if any(isinstance(v, Tensor) for v in (low, high, steps)):
        return bounds_slice(tensor, low, high, steps, masks, name)
    try:
        spec = masked_spec(low, high, steps, masks)
    except (ValueError, TypeError) as error:
        raise errors.op_error(InvalidArgumentError, what, str(error)) from None
    return spec_slice(tensor, spec, (), what)


def _ones_like(begin: Any) -> Any:
    if isinstance(begin, tuple):
        return (1,) * len(begin)
    if isinstance(begin, Tensor) and begin.shape.rank == 1 and begin.shape[0] is not None:
        return np.ones(begin.shape[0], begin.dtype.np_dtype)
    from deras._src.ops.array_fill import ones_like

    return ones_like(begin)


# -- tf.slice ---------------------------------------------------------------------------------


def _check_slice(dims: Sequence[int | None], begin: Any, size: Any) -> list[int | None]:
    """The sizes of a `tf.slice`, -1 filled in; ValueError where it does not fit."""
    if not isinstance(begin, tuple) or not isinstance(size, tuple):
        raise ValueError("begin and size must be vectors")
    if len(begin) != len(dims) or len(size) != len(dims):
        raise ValueError(
            f"begin and size must have {len(dims)} elements, one for each dimension, not "
            f"{len(begin)} and {len(size)}"
        )
    result: list[int | None] = []
    for axis, (length, b, n) in enumerate(zip(dims, begin, size, strict=True)):
        if b is not None and length is not None and not 0 <= b <= length:
            raise ValueError(f"begin[{axis}] is {b}, not in [0, {length}]")
        if n == -1:
            result.append(None if b is None or length is None else length - b)
            continue
        room = None if length is None else length - (b or 0)
        if n is not None and (n < 0 or (room is not None and n > room)):
            raise ValueError(f"size[{axis}] is {n}, not in [0, {room}]")
        result.append(n)
    return result


def _slice_shape(inputs: Sequence[Any], attrs: Attrs) -> Specs:
    shape, begin, size = inputs[0].shape, attrs["begin"], attrs["size"]
    if shape.rank is None:
        known = next((v for v in (size, begin) if isinstance(v, tuple)), None)
        if known is None:
            return [(inputs[0].dtype, TensorShape(None))]
        shape = TensorShape([None] * len(known))
    begin = (None,) * shape.rank if begin is None else begin
    size = (None,) * shape.rank if size is None else size
    try:
        dims = _check_slice(shape.as_list(), begin, size)
    except ValueError as error:
        raise errors.op_error(errors.GraphInvalidArgumentError, "tf.slice", str(error)) from None
    return [(inputs[0].dtype, TensorShape(dims))]


def _sliced(input, begin, size):
    counts = _check_slice(input.shape, begin, size)
    return _take(input, [(b, n, 1) for b, n in zip(begin, counts, strict=True)])


def _sliced_host(input, *, begin, size):
    return _sliced(input, begin, size).copy()


@op(
    "Slice",
    dtypes=ANY,
    shape=_slice_shape,
    numpy=_sliced_host,
    host=_sliced_host,
    api_name="slice",
)
def _slice(input, *, begin, size):
    return _sliced(input, begin, size)


_slice_size_dynamic = dynamic_twin(_slice, "size")
_slice_begin_dynamic = dynamic_twin(_slice, "begin", suffix="DynamicBegin")


def _slice_from_shape(inputs: Sequence[Any], attrs: Attrs) -> Specs:
    return _slice_shape(inputs[:1], {"begin": None, "size": attrs["size"]})


@op(
    "SliceFrom",
    dtypes={"input": ANY, "begin": INDEX},
    shape=_slice_from_shape,
    api_name="slice",
)
def _slice_from(input, begin, *, size):
    """A slice of known size from a place that only the run knows."""
    if begin.shape != (input.ndim,) or len(size) != input.ndim:
        raise ValueError(f"begin and size must have {input.ndim} elements, one a dimension")
    starts = []
    for axis, (length, n) in enumerate(zip(input.shape, size, strict=True)):
        if n > length:
            raise ValueError(f"size[{axis}] is {n}, but the dimension has {length}")
        start = begin[axis].astype(jnp.int64)
        require(
            (start >= 0) & (start <= length - n),
            InvalidArgumentError,
            f"begin[{axis}] is {{detail}}, not in [0, {length - n}] for a size of {n}",
            start,
        )
        starts.append((start, n, 1))
    return _take(input, starts)


def _slice_both_shape(inputs: Sequence[Any], attrs: Attrs) -> Specs:
    lengths = [x.shape[0] for x in inputs[1:] if x.shape.rank == 1 and x.shape[0] is not None]
    rank = inputs[0].shape.rank
    rank = lengths[0] if rank is None and lengths else rank
    return [(inputs[0].dtype, TensorShape(None if rank is None else [None] * rank))]


@op(
    "SliceDynamicBoth",
    dtypes={"input": ANY, "begin": INDEX, "size": INDEX},
    host_args=("begin", "size"),
    shape=_slice_both_shape,
    api_name="slice",
)
def _slice_both(input, begin, size):
    return _sliced(input, tuple(begin.tolist()), tuple(size.tolist()))


@export("slice")
def slice_(input_: Any, begin: Any, size: Any, name: str | None = None) -> Any:
    """A block of a tensor, from `begin`, of the given size. Nothing is cut at the ends.

    Args:
      input_: Tensor of rank R, any dtype.
      begin: R ints or a 1-D integer tensor: the first index in each dimension.
      size: R ints or a 1-D integer tensor: how many; -1 means all that follow.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of shape `size`.
    Raises:
      InvalidArgumentError: The block does not lie within the tensor.

    >>> tf.slice([[1, 2, 3], [4, 5, 6]], [0, 1], [2, -1]).numpy()
    array([[2, 3],
           [5, 6]], dtype=int32)
    """
    begin, size = ints_of(begin, "tf.slice"), ints_of(size, "tf.slice")
    if not isinstance(size, Tensor):
        if not isinstance(begin, Tensor):
            return _known_slice(input_, begin, size, name)
        if isinstance(size, tuple) and min(size, default=0) >= 0:
            return apply(_slice_from, (input_, begin), (("size", size),), name)
        return apply_ints(
            _slice, _slice_begin_dynamic, (input_,), "begin", begin, (("size", size),), name
        )
    if not isinstance(begin, Tensor):
        attrs = (("begin", begin),)
        return apply_ints(_slice, _slice_size_dynamic, (input_,), "size", size, attrs, name)
    return apply(_slice_both, (input_, begin, size), (), name)


def _known_slice(input_: Any, begin: Any, size: Any, name: str | None) -> Any:
    tensor = input_ if isinstance(input_, Tensor) else convert(input_)
    if type(tensor) is EagerTensor and state.graph is None and tensor.dtype is not string_dtype:
        try:
            counts = _check_slice(tensor.aval.dims, begin, size)
        except ValueError as error:
            raise errors.op_error(
                InvalidArgumentError, "tf.slice", str(error), [("input", repr(tensor.aval))]
            ) from None
        spec = tuple((b, b + n, 1) for b, n in zip(begin, counts, strict=True))
        return eager_slice(tensor, spec, "tf.slice")
    return apply(_slice, (tensor,), (("begin", begin), ("size", size)), name)
