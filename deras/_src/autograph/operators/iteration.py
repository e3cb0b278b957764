"""What a staged `for` goes through: rows of tensors, ranges, and `enumerate` and `zip` of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from deras._src import errors
from deras._src.core.tensor import SymbolicTensor, describe
from deras._src.dispatch.convert import convert
from deras._src.ops.array_fill import range_
from deras._src.ops.array_shape import shape
from deras._src.util.callsite import user_site


class Rows:
    """Several tensors that are gone through together.

    Attributes:
      tensors: The tensors; each trip takes a row of each.
      item: Makes the trip's item of those rows.
    """

    def __init__(self, tensors: Sequence[Any], item: Callable[[Sequence[Any]], Any]) -> None:
        self.tensors = [checked(t) for t in tensors]
        self.item = item

    def __iter__(self) -> Any:
        columns = [list(t) for t in self.tensors]
        return (self.item(rows) for rows in zip(*columns, strict=False))


def as_rows(value: Any) -> Rows:
    """A tensor, or what stands for one, as rows."""
    return value if isinstance(value, Rows) else Rows([value], lambda rows: rows[0])


def checked(value: Any) -> Any:
    """A tensor that has rows."""
    tensor = convert(value)
    if tensor.shape.rank == 0:
        raise errors.op_error(
            ValueError,
            "AutoGraph: for loop",
            f"a scalar has no rows to loop over: {describe(tensor)}",
            site=user_site(),
            hint="tf.range(n) gives the numbers below n",
        )
    return tensor


def length(tensors: Sequence[Any]) -> Any:
    """The number of rows: an int where it is known while tracing, else a scalar int32 tensor."""
    known = [t.shape[0] for t in tensors if t.shape.rank]
    for dimension in known:
        if dimension is not None:
            return int(dimension)
    return shape(tensors[0])[0]


def zip_rows(parts: Sequence[Any]) -> Rows:
    """`zip` of tensors; the shortest one ends it where lengths are known."""
    rows = [as_rows(p) for p in parts]
    counts = [len(r.tensors) for r in rows]
    tensors = [t for r in rows for t in r.tensors]
    known = {int(t.shape[0]) for t in tensors if t.shape.rank and t.shape[0] is not None}
    if len(known) > 1:
        tensors = [t[: min(known)] for t in tensors]

    def item(values: Sequence[Any]) -> Any:
        taken, start = [], 0
        for part, count in zip(rows, counts, strict=True):
            taken.append(part.item(values[start : start + count]))
            start += count
        return tuple(taken)

    return Rows(tensors, item)


def enumerate_rows(value: Any, start: Any) -> Rows:
    """`enumerate` of tensors."""
    rows = as_rows(value)
    count = length(rows.tensors)
    numbers = range_(start, start + count)
    return Rows([numbers, *rows.tensors], lambda v: (v[0], rows.item(v[1:])))


def range_of(value: Any) -> tuple[Any, Any, Any] | None:
    """Start, limit and step of a range whose length is not known while tracing; else None."""
    if not isinstance(value, SymbolicTensor) or value.node is None:
        return None
    if value.node.op.name != "RangeDynamic" or not value.dtype.is_integer:
        return None
    if value.shape.rank and value.shape[0] is not None:
        return None
    start, limit, step = value.node.inputs
    return start, limit, step
