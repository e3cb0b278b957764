"""Tensor's operators, methods and indexing: attached here, nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from deras._src import errors
from deras._src.core.context import state
from deras._src.core.dtypes import FLOATING, INDEX, int16, int32, int64
from deras._src.core.dtypes import bool_ as bool_dtype
from deras._src.core.dtypes import string as string_dtype
from deras._src.core.indexed_slices import IndexedSlices
from deras._src.core.tensor import EagerTensor, Tensor
from deras._src.dispatch.apply import apply
from deras._src.dispatch.convert import convert
from deras._src.host_ops.array_mask import boolean_mask
from deras._src.ops import (
    linalg_matmul,
    math_binary,
    math_bitwise,
    math_compare,
    math_division,
    math_unary,
)
from deras._src.ops.array_join import stack
from deras._src.ops.array_slice import bounds_slice, eager_slice, spec_slice
from deras._src.ops.gradient_support import densify
from deras._src.ops.math_cast import cast

# -- operators --------------------------------------------------------------------------------

_PLAIN_VALUES = (Tensor, bool, int, float, complex, str, bytes, list, tuple, np.ndarray, np.generic)


def _gives_way(other: Any, reverse: str) -> bool:
    """Whether an operand of another library should be asked after its conversion failed."""
    return not isinstance(other, _PLAIN_VALUES) and hasattr(type(other), reverse)


def _operator(name: str, run: Callable[[Any, Any], Any]) -> None:
    """Attaches `__name__` and `__rname__`, both by `run(x, y)`."""
    reverse_name = f"__r{name}__"

    def forward(self: Any, other: Any) -> Any:
        try:
            return run(self, other)
        except (TypeError, ValueError):
            if _gives_way(other, reverse_name):
                return NotImplemented
            raise

    def reverse(self: Any, other: Any) -> Any:
        return run(other, self)

    setattr(Tensor, f"__{name}__", forward)
    setattr(Tensor, reverse_name, reverse)


def _arithmetic(name: str, op: Any) -> None:
    """The same for an op without string or attribute variants: one call from the dispatcher."""
    reverse_name = f"__r{name}__"

    def forward(self: Any, other: Any) -> Any:
        try:
            return apply(op, (self, other))
        except (TypeError, ValueError):
            if _gives_way(other, reverse_name):
                return NotImplemented
            raise

    def reverse(self: Any, other: Any) -> Any:
        return apply(op, (other, self))

    setattr(Tensor, f"__{name}__", forward)
    setattr(Tensor, reverse_name, reverse)


def _add(x: Any, y: Any) -> Any:
    tensor = x if isinstance(x, Tensor) else y
    if tensor.dtype is string_dtype:
        return math_binary.add(x, y)
    return apply(math_binary._add, (x, y))


def _divide(x: Any, y: Any) -> Any:
    tensor = x if isinstance(x, Tensor) else y
    if tensor.dtype in FLOATING:
        return apply(math_division._real_divide, (x, y))
    return math_division.truediv(x, y)


def _by_dtype(
    logical: Callable[[Any, Any], Any], bitwise: Callable[[Any, Any], Any]
) -> Callable[[Any, Any], Any]:
    def run(x: Any, y: Any) -> Any:
        tensor = x if isinstance(x, Tensor) else y
        return logical(x, y) if tensor.dtype is bool_dtype else bitwise(x, y)

    return run


def _invert(x: Any) -> Any:
    return math_compare.logical_not(x) if x.dtype is bool_dtype else math_bitwise.invert(x)


def _equal(self: Any, other: Any) -> Any:
    if other is None:
        return False
    op = math_compare.equal_op
    if self.dtype is string_dtype:
        op = math_compare.equal_strings_op
    return apply(op, (self, other), math_compare.LENIENT)


def _not_equal(self: Any, other: Any) -> Any:
    if other is None:
        return True
    op = math_compare.not_equal_op
    if self.dtype is string_dtype:
        op = math_compare.not_equal_strings_op
    return apply(op, (self, other), math_compare.LENIENT)


_operator("add", _add)
_arithmetic("sub", math_binary._subtract)
_arithmetic("mul", math_binary._multiply)
_operator("truediv", _divide)
_operator("div", _divide)
_operator("floordiv", math_division.floordiv)
_operator("mod", math_division.floormod)
_operator("pow", math_binary.pow)
_operator("matmul", linalg_matmul.matmul)
_operator("and", _by_dtype(math_compare.logical_and, math_bitwise.bitwise_and))
_operator("or", _by_dtype(math_compare.logical_or, math_bitwise.bitwise_or))
_operator("xor", _by_dtype(math_compare.logical_xor, math_bitwise.bitwise_xor))

for _name, _function in {
    "neg": lambda self: apply(math_binary._negative, (self,)),
    "abs": lambda self: math_unary.abs(self),
    "invert": _invert,
    "eq": _equal,
    "ne": _not_equal,
    "lt": lambda self, other: math_compare.less(self, other),
    "le": lambda self, other: math_compare.less_equal(self, other),
    "gt": lambda self, other: math_compare.greater(self, other),
    "ge": lambda self, other: math_compare.greater_equal(self, other),
    "nonzero": lambda self: bool(self),
}.items():
    setattr(Tensor, f"__{_name}__", _function)

# -- indexing ---------------------------------------------------------------------------------

_REFUSED = (
    "Only integers, slices (`:`), ellipsis (`...`), tf.newaxis (`None`) and scalar "
    "tf.int32/tf.int64 tensors are valid indices"
)


def _getitem(self: Any, key: Any) -> Any:
    """`tensor[key]`: ints, slices, `...`, `tf.newaxis`, scalar tensors, or a boolean mask."""
    items = key if type(key) is tuple else tuple(key) if type(key) is list else (key,)
    spec = []
    for item in items:
        kind = type(item)
        if kind is int or item is None or item is Ellipsis:
            spec.append(item)
        elif kind is slice:
            begin, end, step = item.start, item.stop, item.step
            if (
                (begin is None or type(begin) is int)
                and (end is None or type(end) is int)
                and (step is None or type(step) is int)
            ):
                spec.append((begin, end, step))
            else:
                return _getitem_slow(self, key, items)
        else:
            return _getitem_slow(self, key, items)
    if type(self) is EagerTensor and state.graph is None:
        return eager_slice(self, tuple(spec), "tensor[...]")
    return spec_slice(self, tuple(spec), (), "tensor[...]")


def _getitem_slow(self: Any, key: Any, items: tuple[Any, ...]) -> Any:
    if type(key) is not list and len(items) == 1 and _is_mask(items[0]):
        return boolean_mask(self, items[0])
    spec: list[Any] = []
    indices: list[Any] = []
    unknown_bound = False
    for item in items:
        if item is None or item is Ellipsis:
            spec.append(item)
        elif isinstance(item, slice):
            parts = tuple(_bound(p) for p in (item.start, item.stop, item.step))
            unknown_bound = unknown_bound or any(isinstance(p, Tensor) for p in parts)
            spec.append(parts)
        else:
            index = _bound(item)
            if isinstance(index, Tensor) or isinstance(item, Tensor):
                spec.append(("at", len(indices)))
                indices.append(index if isinstance(index, Tensor) else _index_tensor(item))
            else:
                spec.append(index)
    if unknown_bound:
        return _bounds_getitem(self, spec, indices)
    return spec_slice(self, tuple(spec), indices, "tensor[...]")


def _is_mask(item: Any) -> bool:
    if isinstance(item, (bool, np.bool_)):
        return True
    dtype = getattr(item, "dtype", None)
    return dtype is bool_dtype or (isinstance(item, np.ndarray) and dtype == np.bool_)


def _bound(value: Any) -> Any:
    """An index or bound as an int, None, or a scalar tensor of unknown value."""
    kind = type(value)
    if kind is int or value is None:
        return value
    if kind is bool or isinstance(value, np.bool_):
        raise errors.op_error(
            errors.InvalidArgumentError, "tensor[...]", "a bool in a list is no index"
        )
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, np.ndarray) and value.ndim == 0 and value.dtype.kind in "iu":
        return int(value)
    if isinstance(value, Tensor) or hasattr(kind, "__deras_tensor__"):
        tensor = _index_tensor(value)
        if isinstance(tensor, EagerTensor):
            return int(tensor.host_array())
        known = getattr(tensor, "value", None)
        return tensor if known is None else int(known)
    raise TypeError(f"{_REFUSED}, got {value!r}")


def _index_tensor(value: Any) -> Any:
    tensor = convert(value)
    if tensor.shape.rank not in (0, None) or tensor.dtype not in INDEX | {int16}:
        raise TypeError(f"{_REFUSED}, got {tensor!r}")
    return cast(tensor, int32) if tensor.dtype is int16 else tensor


def _bounds_getitem(self: Any, spec: list[Any], indices: list[Any]) -> Any:
    """Slices whose bounds are tensors of unknown value, as the vectors of `tf.strided_slice`."""
    begin: list[Any] = []
    end: list[Any] = []
    strides: list[Any] = []
    masks = dict.fromkeys(
        ("begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask"), 0
    )
    for i, item in enumerate(spec):
        bit = 1 << i
        low: Any = 0
        high: Any = 0
        step: Any = 1
        if item is None:
            masks["new_axis_mask"] |= bit
        elif item is Ellipsis:
            masks["ellipsis_mask"] |= bit
        elif type(item) is int or isinstance(item[0], str):
            masks["shrink_axis_mask"] |= bit
            low = item if type(item) is int else indices[item[1]]
        else:
            if item[0] is None:
                masks["begin_mask"] |= bit
            if item[1] is None:
                masks["end_mask"] |= bit
            low, high, step = (
                0 if item[0] is None else item[0],
                0 if item[1] is None else item[1],
                1 if item[2] is None else item[2],
            )
        begin.append(low)
        end.append(high)
        strides.append(step)
    first, last, by = (stack([_as_int64(v) for v in part]) for part in (begin, end, strides))
    return bounds_slice(self, first, last, by, masks)


def _as_int64(value: Any) -> Any:
    return cast(value, int64) if isinstance(value, Tensor) else convert(value, int64)


setattr(Tensor, "__getitem__", _getitem)  # noqa: B010 - mypy knows no such attribute

# -- conversions ------------------------------------------------------------------------------

IndexedSlices.__deras_tensor__ = lambda self: densify(self)  # type: ignore[attr-defined]

_BOTH_SIDES = (
    *("add", "and", "div", "floordiv", "matmul", "mod", "mul", "or", "pow", "sub", "truediv"),
    "xor",
)
_ONE_SIDE = ("abs", "eq", "ge", "getitem", "gt", "invert", "le", "lt", "ne", "neg")
Tensor.OVERLOADABLE_OPERATORS = {
    *(f"__{name}__" for name in (*_BOTH_SIDES, *_ONE_SIDE)),
    *(f"__r{name}__" for name in _BOTH_SIDES),
}
