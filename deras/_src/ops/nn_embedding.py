"""Rows of embedding tables, and the approximate search for the nearest ones."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
from jax import lax

from deras._src import errors
from deras._src.core.dtypes import FLOATING, INTEGER, bfloat16, float16, float32
from deras._src.dispatch.apply import apply
from deras._src.dispatch.convert import convert
from deras._src.ops.array_gather import gather
from deras._src.ops.array_join import concat
from deras._src.ops.nn_arguments import axis_number, positive_axis
from deras._src.ops.shapes import same_as_first
from deras._src.registry import TypeVar, op
from deras._src.util.export import export

_ROWS = TypeVar("T", FLOATING)


# What tf.clip_by_norm does, over the dimensions that `ids` does not have; those are known here
# even where no rank is known while a function is traced.
@op(
    "ClipRows",
    dtypes={"rows": _ROWS, "ids": INTEGER, "max_norm": _ROWS},
    shape=same_as_first,
    api_name="nn.embedding_lookup",
)
def _clip_rows(rows, ids, max_norm):
    total = jnp.sum(rows * rows, tuple(range(ids.ndim, rows.ndim)), keepdims=True)
    nonzero = total > 0
    norm = jnp.where(nonzero, jnp.sqrt(jnp.where(nonzero, total, jnp.ones_like(total))), total)
    return rows * max_norm / jnp.where(norm >= max_norm, norm, max_norm)


@export("nn.embedding_lookup")
def embedding_lookup(
    params: Any, ids: Any, max_norm: float | None = None, name: str | None = None
) -> Any:
    """Rows `ids` of an embedding table.

    Args:
      params: Tensor or variable `[rows, ...]`; or a list of such, which together are one table:
        the rows of the first one, then those of the second, and so on.
      ids: Tensor of row numbers in [0, rows), int16, int32 or int64.
      max_norm: Optional number: rows whose L2 norm is larger are scaled down to it.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of shape `ids.shape + params.shape[1:]`. The gradient to a single table is an
      `IndexedSlices`, so a large one is not made dense.
    Raises:
      ValueError: there is no table.
      InvalidArgumentError: an id is outside [0, rows).

    >>> tf.nn.embedding_lookup([[1.0, 2.0], [3.0, 4.0]], [1, 1, 0]).numpy()
    array([[3., 4.],
           [3., 4.],
           [1., 2.]], dtype=float32)
    """
    what = "tf.nn.embedding_lookup"
    if params is None:
        raise errors.op_error(ValueError, what, "params must be given, got None")
    if isinstance(params, (list, tuple)):
        if not params:
            raise errors.op_error(ValueError, what, "params must hold at least one table, got none")
        if not isinstance(params[0], (list, tuple, int, float)):
            params = params[0] if len(params) == 1 else concat(list(params), 0)
    ids = convert(ids)
    rows = gather(params, ids, name=name)
    if max_norm is None:
        return rows
    return apply(_clip_rows, (rows, ids, max_norm))


@op("ApproxTopK", dtypes={float16, bfloat16, float32}, api_name="nn.approx_max_k")
def _approx_top_k(input, *, k, axis, recall_target, size_override, aggregate, largest):
    what = "tf.nn.approx_max_k" if largest else "tf.nn.approx_min_k"
    axis = positive_axis(axis, input.ndim, what)
    if input.shape[axis] < k:
        raise ValueError(f"k is {k}, but there are only {input.shape[axis]} values")
    search = lax.approx_max_k if largest else lax.approx_min_k
    return tuple(
        search(
            input,
            k,
            reduction_dimension=axis,
            recall_target=recall_target,
            reduction_input_size_override=size_override,
            aggregate_to_topk=aggregate,
        )
    )


def _approximate(
    operand: Any,
    k: int,
    axis: Any,
    recall_target: float,
    size_override: int,
    aggregate: bool,
    largest: bool,
    name: str | None,
) -> tuple[Any, Any]:
    what = "tf.nn.approx_max_k" if largest else "tf.nn.approx_min_k"
    attrs = (
        ("k", axis_number(k, f"{what}: k")),
        ("axis", axis_number(axis, f"{what}: reduction_dimension")),
        ("recall_target", float(recall_target)),
        ("size_override", int(size_override)),
        ("aggregate", bool(aggregate)),
        ("largest", largest),
    )
    return apply(_approx_top_k, (operand,), attrs, name)  # type: ignore[no-any-return]


@export("nn.approx_max_k")
def approx_max_k(
    operand: Any,
    k: int,
    reduction_dimension: int = -1,
    recall_target: float = 0.95,
    reduction_input_size_override: int = -1,
    aggregate_to_topk: bool = True,
    name: str | None = None,
) -> tuple[Any, Any]:
    """The `k` largest values along one dimension, of which a few may be missed on TPU.

    On CPU and GPU the search is exact.

    Args:
      operand: Tensor to search; float16, bfloat16 or float32.
      k: Python int, how many.
      reduction_dimension: Python int, the dimension to search.
      recall_target: Python float, the share of true results wanted at least.
      reduction_input_size_override: Python int: where positive, the size for which the recall is
        computed (of a search spread over machines).
      aggregate_to_topk: Whether exactly `k` values are returned, sorted; else the candidates.
      name: Optional name of the node in graphs.
    Returns:
      Two tensors: the values, and their positions as int32.
    Raises:
      InvalidArgumentError: there are fewer than `k` values, or the dtype is not taken.
    Source: Chern et al., "TPU-KNN: K nearest neighbor search at peak FLOP/s", 2022,
      arXiv:2206.14286.

    >>> values, positions = tf.nn.approx_max_k([1.0, 3.0, 2.0], k=2)
    >>> values.numpy(), positions.numpy()
    (array([3., 2.], dtype=float32), array([1, 2], dtype=int32))
    """
    return _approximate(
        operand,
        k,
        reduction_dimension,
        recall_target,
        reduction_input_size_override,
        aggregate_to_topk,
        True,
        name,
    )


@export("nn.approx_min_k")
def approx_min_k(
    operand: Any,
    k: int,
    reduction_dimension: int = -1,
    recall_target: float = 0.95,
    reduction_input_size_override: int = -1,
    aggregate_to_topk: bool = True,
    name: str | None = None,
) -> tuple[Any, Any]:
    """The `k` smallest values along one dimension; see `tf.nn.approx_max_k`.

    Args:
      operand: Tensor to search; float16, bfloat16 or float32.
      k: Python int, how many.
      reduction_dimension: Python int, the dimension to search.
      recall_target: Python float, the share of true results wanted at least.
      reduction_input_size_override: Python int: where positive, the size for which the recall is
        computed (of a search spread over machines).
      aggregate_to_topk: Whether exactly `k` values are returned, sorted; else the candidates.
      name: Optional name of the node in graphs.
    Returns:
      Two tensors: the values, and their positions as int32.
    Raises:
      InvalidArgumentError: there are fewer than `k` values, or the dtype is not taken.

    >>> values, positions = tf.nn.approx_min_k([1.0, 3.0, 2.0], k=2)
    >>> values.numpy(), positions.numpy()
    (array([1., 2.], dtype=float32), array([0, 2], dtype=int32))
    """
    return _approximate(
        operand,
        k,
        reduction_dimension,
        recall_target,
        reduction_input_size_override,
        aggregate_to_topk,
        False,
        name,
    )
