"""Python's functions on tensors of a graph; on everything else they are what they were.

`TYPES` and `FUNCTIONS` say what converted code calls in their place.
"""

from __future__ import annotations

import builtins
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from deras._src import errors
from deras._src.autograph.operators.iteration import (
    Rows,
    as_rows,
    enumerate_rows,
    length,
    zip_rows,
)
from deras._src.autograph.operators.staging import is_staged
from deras._src.control_flow.functional import map_fn
from deras._src.core import dtypes
from deras._src.core.context import state
from deras._src.core.tensor import SymbolicTensor, describe
from deras._src.dispatch.convert import convert
from deras._src.host_ops.array_mask import boolean_mask
from deras._src.host_ops.printing import print_v2
from deras._src.ops import array_fill, array_sort, math_binary, math_compare, math_reduce
from deras._src.ops.array_join import stack, unstack
from deras._src.ops.math_cast import cast
from deras._src.util import nest
from deras._src.util.callsite import user_site

_NOTHING = object()


def _int(*args: Any, **kwargs: Any) -> Any:
    if len(args) == 1 and not kwargs and is_staged(args[0]):
        return cast(args[0], dtypes.int32)
    return int(*args, **kwargs)


def _float(*args: Any) -> Any:
    if len(args) == 1 and is_staged(args[0]):
        return cast(args[0], dtypes.float32)
    return float(*args)


def _bool(*args: Any) -> Any:
    if len(args) == 1 and is_staged(args[0]):
        return cast(args[0], dtypes.bool_)
    return bool(*args)


def _len(value: Any) -> Any:
    if isinstance(value, Rows):
        return length(value.tensors)
    if not is_staged(value):
        return len(value)
    tensor = convert(value)
    if tensor.shape.rank == 0:
        raise errors.op_error(
            ValueError, "len", f"a scalar has no length: {describe(tensor)}", site=user_site()
        )
    return length([tensor])


def _range(*args: Any) -> Any:
    if not any(map(is_staged, args)):
        return range(*args)
    if len(args) == 3:
        return array_fill.range_(*args)
    # An empty range, as Python has it, where tf.range would refuse a limit below the start.
    start, stop = (0, args[0]) if len(args) == 1 else args
    return array_fill.range_(start, math_binary.maximum(start, stop))


def _enumerate(iterable: Any, start: Any = 0) -> Any:
    if is_staged(iterable) or isinstance(iterable, Rows):
        return enumerate_rows(iterable, start)
    return enumerate(iterable, start)


def _zip(*iterables: Any, strict: bool = False) -> Any:
    if iterables and all(is_staged(x) or isinstance(x, Rows) for x in iterables):
        return zip_rows(iterables)
    return zip(*iterables, strict=strict)


def _map(function: Callable[..., Any], *iterables: Any) -> Any:
    if iterables and all(is_staged(x) or isinstance(x, Rows) for x in iterables):
        rows = zip_rows(iterables)
        return Rows(rows.tensors, lambda values: function(*rows.item(values)))
    return map(function, *iterables)


def _filter(function: Callable[[Any], Any] | None, iterable: Any) -> Any:
    if is_staged(iterable):
        tensor = convert(iterable)
        chosen = (
            tensor
            if function is None
            else map_fn(function, tensor, fn_output_signature=dtypes.bool_)
        )
        return boolean_mask(tensor, cast(chosen, dtypes.bool_))
    return filter(function, iterable)


def _any(iterable: Iterable[Any]) -> Any:
    if is_staged(iterable):
        return math_reduce.reduce_any(iterable)
    return _fold(iterable, True, math_compare.logical_or)


def _all(iterable: Iterable[Any]) -> Any:
    if is_staged(iterable):
        return math_reduce.reduce_all(iterable)
    return _fold(iterable, False, math_compare.logical_and)


def _fold(iterable: Iterable[Any], decides: bool, join: Callable[[Any, Any], Any]) -> Any:
    found: Any = _NOTHING
    for item in iterable:
        if is_staged(item):
            found = item if found is _NOTHING else join(found, item)
        elif builtins.bool(item) is decides:
            return decides
    return not decides if found is _NOTHING else found


def _sum(iterable: Any, start: Any = 0) -> Any:
    if not is_staged(iterable):
        return sum(iterable, start)
    total = math_reduce.reduce_sum(iterable, axis=0)
    return total if type(start) is int and start == 0 else total + start


def _extreme(
    name: str, pair: Callable[[Any, Any], Any], reduce: Callable[..., Any]
) -> Callable[..., Any]:
    native = getattr(builtins, name)

    def run(*args: Any, **kwargs: Any) -> Any:
        if kwargs or state.graph is None:
            return native(*args, **kwargs)
        if len(args) == 1 and is_staged(args[0]):
            rank = convert(args[0]).shape.rank
            if rank == 0:
                return args[0]
            if rank not in (1, None):
                raise errors.op_error(
                    ValueError,
                    name,
                    f"one tensor must have rank 1, got {describe(convert(args[0]))}",
                    site=user_site(),
                    hint=f"use tf.reduce_{name}",
                )
            return reduce(args[0], axis=0)
        items = args
        if len(args) == 1:
            if not isinstance(args[0], (list, tuple)):
                return native(*args)
            items = tuple(args[0])
        if not any(map(is_staged, items)):
            return native(*args)
        result = items[0]
        for item in items[1:]:
            result = pair(result, item)
        return result

    return run


def _sorted(iterable: Any, *, key: Any = None, reverse: bool = False) -> Any:
    direction = "DESCENDING" if reverse else "ASCENDING"
    if key is None and is_staged(iterable):
        rows = array_sort.sort(iterable, axis=0, direction=direction)
        # A list as Python's, where the length is known.
        return list(unstack(rows)) if isinstance(length([rows]), int) else rows
    if key is None and isinstance(iterable, (list, tuple)) and any(map(is_staged, iterable)):
        return list(unstack(array_sort.sort(stack(list(iterable)), direction=direction)))
    return sorted(iterable, key=key, reverse=reverse)


class _RowIterator:
    """`iter` of a tensor whose length is known: one row after the other."""

    def __init__(self, tensor: Any) -> None:
        self._tensor = tensor
        self._next = 0

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        count = length([self._tensor])
        if not isinstance(count, int):
            raise errors.op_error(
                errors.OperatorNotAllowedInGraphError,
                "next",
                f"the number of rows must be known while tracing: {describe(self._tensor)}",
                site=user_site(),
                hint="use a for loop",
            )
        if self._next >= count:
            raise StopIteration
        self._next += 1
        return self._tensor[self._next - 1]


def _iter(*args: Any) -> Any:
    if len(args) == 1 and is_staged(args[0]):
        return _RowIterator(as_rows(args[0]).tensors[0])
    return iter(*args)


def _print(*objects: Any, **kwargs: Any) -> None:
    leaves = nest.flatten(objects)
    if state.graph is None or not any(
        isinstance(x, SymbolicTensor) or (is_staged(x) and hasattr(x, "_handle")) for x in leaves
    ):
        print(*objects, **kwargs)  # noqa: T201 - it is what the user called
        return
    separator, end = kwargs.get("sep"), kwargs.get("end")
    print_v2(
        *objects,
        output_stream=kwargs.get("file") or sys.stdout,
        sep=" " if separator is None else separator,
        end="\n" if end is None else end,
    )


TYPES: dict[type, Any] = {
    int: _int,
    float: _float,
    bool: _bool,
    range: _range,
    enumerate: _enumerate,
    zip: _zip,
    map: _map,
    filter: _filter,
}
FUNCTIONS: dict[Any, Any] = {
    len: _len,
    any: _any,
    all: _all,
    sum: _sum,
    min: _extreme("min", math_binary.minimum, math_reduce.reduce_min),
    max: _extreme("max", math_binary.maximum, math_reduce.reduce_max),
    sorted: _sorted,
    iter: _iter,
    print: _print,
}
