"""`tf.map_fn`, `tf.scan`, `tf.foldl`, `tf.foldr`, `tf.vectorized_map`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from deras._src.control_flow.scan_op import row_graph, scan_node, scan_op, vectorized_op
from deras._src.control_flow.structures import Structured
from deras._src.control_flow.subgraph import Layout, run_alone
from deras._src.core.context import state
from deras._src.core.dtypes import as_dtype
from deras._src.core.tensor import host_tensor
from deras._src.dispatch.apply import as_tensor_tuple
from deras._src.dispatch.convert import convert
from deras._src.ops.array_join import concat, stack
from deras._src.ops.array_shape import expand_dims
from deras._src.util import nest
from deras._src.util.export import export


def _rows(elems: Any, what: str) -> tuple[Structured, int | None]:
    structured = Structured(elems)
    if not structured.tensors:
        raise ValueError(f"tf.{what}: elems must hold at least one tensor")
    length = None
    for x in structured.tensors:
        if x.shape.rank == 0:
            raise ValueError(
                f"tf.{what}: elements in elems must be 1+ dimensional tensors, not scalars"
            )
        if x.shape.rank is not None and x.shape[0] is not None:
            if length is not None and int(x.shape[0]) != length:
                raise ValueError(
                    f"tf.{what}: the tensors of elems have unlike first dimensions, {length} and "
                    f"{x.shape[0]}"
                )
            length = int(x.shape[0])
    return structured, length


def _row(structured: Structured, i: int) -> Any:
    return structured.pack([x[i] for x in structured.tensors])


def _stack_results(results: list[Any]) -> Any:
    return nest.map_structure(
        lambda *rows: stack(list(rows)), *results, expand_composites=True, check_types=False
    )


@export("map_fn")
def map_fn(
    fn: Callable[..., Any],
    elems: Any,
    dtype: Any = None,
    parallel_iterations: int | None = None,
    back_prop: bool = True,
    swap_memory: bool = False,
    infer_shape: bool = True,
    name: str | None = None,
    fn_output_signature: Any = None,
) -> Any:
    """Applies `fn` to each row of `elems` and stacks the results.

    Args:
      fn: Callable of one row (of the structure of `elems`).
      elems: Tensor, or structure of tensors, with one first dimension.
      dtype: Old name of `fn_output_signature`.
      parallel_iterations: Accepted for TensorFlow's sake.
      back_prop: Accepted; gradients always flow.
      swap_memory: Accepted for TensorFlow's sake.
      infer_shape: Accepted for TensorFlow's sake.
      name: Optional name of the node in graphs.
      fn_output_signature: Dtype or spec (or structure of them) of `fn`'s result; needed where it
        differs from `elems`.
    Returns:
      The structure of `fn`'s result, with rows stacked.
    Raises:
      ValueError: `elems` holds a scalar, or the structures differ.

    >>> tf.map_fn(lambda x: x * x, tf.constant([1, 2, 3])).numpy()
    array([1, 4, 9], dtype=int32)
    """
    if not callable(fn):
        raise TypeError(f"The provided function {fn!r} is not callable.")
    rows, length = _rows(elems, "map_fn")
    signature = fn_output_signature if fn_output_signature is not None else dtype
    wanted = None if signature is None else nest.flatten(signature, expand_composites=True)

    def checked(result: Any) -> Any:
        flat = [convert(x) for x in nest.flatten(result, expand_composites=True)]
        expected = (
            [x.dtype for x in rows.tensors]
            if wanted is None
            else [as_dtype(getattr(s, "dtype", s)) for s in wanted]
        )
        if len(flat) != len(expected):
            raise ValueError(
                f"tf.map_fn: fn returns {len(flat)} tensors, but {len(expected)} are expected: "
                "give fn_output_signature where fn's result differs from elems"
            )
        for tensor, want in zip(flat, expected, strict=True):
            if tensor.dtype is not want:
                raise TypeError(
                    f"tf.map_fn: fn returns {tensor.dtype.name} where {want.name} is expected: "
                    "give fn_output_signature=tf." + tensor.dtype.name
                )
        return nest.pack_sequence_as(result, flat, expand_composites=True)

    if state.graph is None:
        if length == 0:
            return _empty_map(fn, rows, checked)
        return _stack_results([checked(fn(_row(rows, i))) for i in range(length or 0)])
    graph, _, out = row_graph(
        "map_fn", lambda _, row: (None, checked(fn(row))), Structured(None), rows
    )
    return out.pack(scan_node(scan_op, graph, [], rows.tensors, False, name or "map_fn"))


def _empty_map(fn: Any, rows: Structured, checked: Any) -> Any:
    """No rows: the result's shape comes from tracing `fn`."""
    graph, _, out = row_graph(
        "map_fn", lambda _, row: (None, checked(fn(row))), Structured(None), rows
    )
    empty = [
        host_tensor(np.zeros([0] + [d or 0 for d in t.shape.as_list()], t.dtype.np_dtype), t.dtype)
        for t in graph.outputs
    ]
    return out.pack(empty)


@export("scan")
def scan(
    fn: Callable[..., Any],
    elems: Any,
    initializer: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    infer_shape: bool = True,
    reverse: bool = False,
    name: str | None = None,
) -> Any:
    """Carries a value along the rows of `elems` and stacks every intermediate value.

    Args:
      fn: Callable of (carried value, row); gives the next carried value.
      elems: Tensor or structure of tensors with one first dimension.
      initializer: The first carried value; by default the first row.
      parallel_iterations: Accepted for TensorFlow's sake.
      back_prop: Accepted; gradients always flow.
      swap_memory: Accepted for TensorFlow's sake.
      infer_shape: Accepted for TensorFlow's sake.
      reverse: Whether to go from the last row to the first.
      name: Optional name of the node in graphs.
    Returns:
      The structure of the carried value, with one row for each row of `elems`.

    >>> tf.scan(lambda total, x: total + x, tf.constant([1, 2, 3])).numpy()
    array([1, 3, 6], dtype=int32)
    """
    return _fold(fn, elems, initializer, reverse, name, "scan", collect=True)


@export("foldl")
def foldl(
    fn: Callable[..., Any],
    elems: Any,
    initializer: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    name: str | None = None,
) -> Any:
    """Carries a value along the rows of `elems`, first to last; returns the last value.

    Args are those of `tf.scan`.

    >>> tf.foldl(lambda total, x: total + x, tf.constant([1, 2, 3])).numpy()
    np.int32(6)
    """
    return _fold(fn, elems, initializer, False, name, "foldl", collect=False)


@export("foldr")
def foldr(
    fn: Callable[..., Any],
    elems: Any,
    initializer: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    name: str | None = None,
) -> Any:
    """Carries a value along the rows of `elems`, last to first; returns the last value.

    Args are those of `tf.scan`.

    >>> tf.foldr(lambda total, x: total - x, tf.constant([1, 2, 3])).numpy()
    np.int32(0)
    """
    return _fold(fn, elems, initializer, True, name, "foldr", collect=False)


def _fold(
    fn: Any, elems: Any, initializer: Any, reverse: bool, name: Any, what: str, collect: bool
) -> Any:
    if not callable(fn):
        raise TypeError(f"{fn!r} is not callable.")
    rows, _ = _rows(elems, what)
    if initializer is None:
        first = -1 if reverse else 0
        carry = _row(rows, first)
        rest = Structured(rows.pack([x[:-1] if reverse else x[1:] for x in rows.tensors]))
    else:
        carry = nest.map_structure(convert, initializer)
        rest = rows
    if state.graph is None:
        count = int(rest.tensors[0].shape[0])
        collected: list[Any] = [None] * count
        value = carry
        for i in range(count - 1, -1, -1) if reverse else range(count):
            value = nest.map_structure(convert, fn(value, _row(rest, i)))
            collected[i] = value
        if not collect:
            return value
        if initializer is None:
            collected = [*collected, carry] if reverse else [carry, *collected]
        return _stack_results(collected)
    carried = Structured(carry)

    def body(value: Any, row: Any) -> Any:
        result = fn(value, row)
        return result, result if collect else None

    graph, after, out = row_graph(what, body, carried, rest)
    if len(after.tensors) != len(carried.tensors):
        raise ValueError(
            f"tf.{what}: fn returns {len(after.tensors)} tensors, the carried value has "
            f"{len(carried.tensors)}"
        )
    flat = scan_node(scan_op, graph, carried.tensors, rest.tensors, reverse, name or what)
    if not collect:
        return after.pack(flat[: len(carried.tensors)])
    results = list(flat[len(carried.tensors) :])
    if initializer is None:
        results = [
            _with_first(x, column, reverse)
            for x, column in zip(carried.tensors, results, strict=True)
        ]
    return out.pack(results)


def _with_first(first: Any, column: Any, reverse: bool) -> Any:
    row = expand_dims(first, 0)
    return concat([column, row] if reverse else [row, column], 0)


@export("vectorized_map")
def vectorized_map(
    fn: Callable[..., Any], elems: Any, fallback_to_while_loop: bool = True, warn: bool = True
) -> Any:
    """Applies `fn` to all rows of `elems` at once: one vectorised program, not a loop.

    Args:
      fn: Callable of one row (of the structure of `elems`).
      elems: Tensor or structure of tensors with one first dimension (or 1, which broadcasts).
      fallback_to_while_loop: Accepted for TensorFlow's sake.
      warn: Accepted for TensorFlow's sake.
    Returns:
      The structure of `fn`'s result, with rows stacked.

    >>> x = tf.constant([[1.0, 2.0], [3.0, 4.0]])
    >>> tf.vectorized_map(lambda row: tf.reduce_sum(row * row), x).numpy()
    array([ 5., 25.], dtype=float32)
    """
    rows, _ = _rows(elems, "vectorized_map")
    graph, _, out = row_graph(
        "vectorized_map", lambda _, row: (None, fn(row)), Structured(None), rows
    )
    if state.graph is not None:
        return out.pack(scan_node(vectorized_op, graph, [], rows.tensors, False, "vectorized_map"))
    layout = Layout(len(rows.tensors), [graph])
    attrs = (("body", graph), ("layout", layout), ("carried", 0), ("rows", 1), ("reverse", False))
    return out.pack(as_tensor_tuple(run_alone(vectorized_op, layout.inputs(rows.tensors), attrs)))
