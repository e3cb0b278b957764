"""`tf.gradients` and `tf.hessians`: derivatives from a graph's nodes, without a tape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from deras._src.core.context import state
from deras._src.core.indexed_slices import IndexedSlices
from deras._src.core.tensor import Tensor
from deras._src.dispatch.apply import apply, as_tensor_tuple
from deras._src.dispatch.convert import convert
from deras._src.ops import gradient_support as support
from deras._src.registry import OpDef, OpRecord
from deras._src.tape import programs
from deras._src.tape.backprop import backprop, find_path, record_gradient
from deras._src.tape.gradient_tape import UnconnectedGradients
from deras._src.util import nest
from deras._src.util.export import export


@export("AggregationMethod")
class AggregationMethod:
    """How gradients of several paths are summed; kept for TensorFlow's sake, XLA chooses."""

    ADD_N = 0
    DEFAULT = ADD_N
    EXPERIMENTAL_TREE = 1
    EXPERIMENTAL_ACCUMULATE_N = 2


_METHODS = (0, 1, 2)


@export("gradients")
def gradients(
    ys: Any,
    xs: Any,
    grad_ys: Any = None,
    name: str = "gradients",
    gate_gradients: bool = False,
    aggregation_method: int | None = None,
    stop_gradients: Any = None,
    unconnected_gradients: Any = UnconnectedGradients.NONE,
) -> list[Any]:
    """Gradients of the sum of `ys` with respect to each of `xs`, inside a `tf.function`.

    Args:
      ys: Tensor or list of tensors of the function being traced.
      xs: Tensor or variable, or list of them.
      grad_ys: Gradient to start from for each of `ys`, or None for ones.
      name: Accepted for TensorFlow's sake.
      gate_gradients: Accepted for TensorFlow's sake.
      aggregation_method: Accepted for TensorFlow's sake, see `tf.AggregationMethod`.
      stop_gradients: Tensor or list of tensors that count as constants.
      unconnected_gradients: What those of `xs` get that no path leads to.
    Returns:
      List with a tensor, IndexedSlices or None for each of `xs`.
    Raises:
      RuntimeError: no function is being traced.
      ValueError: `grad_ys` is of another length than `ys`.

    >>> @tf.function
    ... def f(x):
    ...     return tf.gradients(x * x, x)
    >>> f(tf.constant(3.0))[0].numpy()
    np.float32(6.0)
    """
    targets = [convert(y) for y in _as_list(ys)]
    sources = _as_list(xs)
    records = _records()
    if aggregation_method is not None and aggregation_method not in _METHODS:
        raise ValueError(
            f"Invalid `aggregation_method` specified {aggregation_method}. Accepted values are "
            f"{list(_METHODS)}."
        )
    try:
        unconnected = UnconnectedGradients(unconnected_gradients)
    except ValueError:
        raise ValueError(
            f"Unknown value for unconnected_gradients: {unconnected_gradients!r}"
        ) from None
    given = [None] * len(targets) if grad_ys is None else _as_list(grad_ys)
    if len(given) != len(targets):
        raise ValueError(f"Length mismatch. Passed {len(given)} grad_ys for {len(targets)} ys")
    stopped = {id(t) for x in _as_list(stop_gradients) for t in _tensors_of(x, records)}
    results = _gradients(records, targets, sources, given, stopped)
    if unconnected is UnconnectedGradients.ZERO:
        return [
            support.zeros_like(x) if g is None else g for x, g in zip(sources, results, strict=True)
        ]
    return results


@export("hessians")
def hessians(
    ys: Any,
    xs: Any,
    gate_gradients: bool = False,
    aggregation_method: int | None = None,
    name: str = "hessians",
) -> list[Any]:
    """Second derivatives of the sum of `ys` with respect to each of `xs`, in a `tf.function`.

    Args:
      ys: Tensor or list of tensors of the function being traced.
      xs: Tensor or variable, or list of them.
      gate_gradients: Accepted for TensorFlow's sake.
      aggregation_method: Accepted for TensorFlow's sake.
      name: Accepted for TensorFlow's sake.
    Returns:
      List with a tensor of shape `x.shape + x.shape` for each x of `xs`.
    Raises:
      RuntimeError: no function is being traced.
      ValueError: no path leads to an x, or its gradient does not depend on it.

    >>> @tf.function
    ... def f(x):
    ...     return tf.hessians(x * x * x, x)
    >>> f(tf.constant(2.0))[0].numpy()
    np.float32(12.0)
    """
    results = []
    for x, gradient in zip(_as_list(xs), gradients(ys, xs), strict=True):
        if gradient is None:
            raise ValueError(f"tf.hessians: ys do not depend on {x!r}.")
        if isinstance(gradient, IndexedSlices):
            gradient = support.densify(gradient)
        records = _records()
        tensors = _tensors_of(x, records)
        path = find_path(records, [id(gradient)], {id(t) for t in tensors})
        structure = programs.Structure(path, [gradient], tensors)
        if id(gradient) not in path.reached or all(s < 0 for s in structure.sources):
            raise ValueError(f"tf.hessians: the gradient of ys does not depend on {x!r}.")
        made = programs.jacobian_op(structure, False)
        rows = as_tensor_tuple(apply(made, tuple(structure.tensors)))
        results.append(support.add_gradients(list(rows)))
    return results


def _as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    if isinstance(value, (list, tuple)):
        return list(value)
    return nest.flatten(value) if isinstance(value, dict) else [value]


def _records() -> list[OpRecord]:
    if state.graph is None:
        raise RuntimeError(
            "tf.gradients is not supported when eager execution is enabled. Use tf.GradientTape "
            "instead."
        )
    return list(state.graph.nodes)


def _tensors_of(source: Any, records: Sequence[OpRecord]) -> list[Any]:
    """The tensors that stand for a source: of a variable, what every read of it gave."""
    handle = getattr(source, "_handle", None)
    if handle is None:
        if not isinstance(source, Tensor):
            raise TypeError(f"tf.gradients is of Tensors and Variables, not of {source!r}.")
        return [state.graph.own(source)]
    return [
        r.outputs[0]
        for r in records
        if r.op.name == "ReadVariableOp" and r.attr("handle") is handle
    ]


def _gradients(
    records: list[OpRecord],
    targets: list[Any],
    sources: list[Any],
    given: list[Any],
    stopped: set[int],
) -> list[Any]:
    groups = [_tensors_of(s, records) for s in sources]
    tensors = [t for group in groups for t in group]
    smooth = [t for t in tensors if t.dtype.is_floating or t.dtype.is_complex]
    if stopped:
        records = [r for r in (_without(r, stopped) for r in records) if r is not None]
    path = find_path(
        records,
        [id(t) for t in targets if t.dtype.is_floating or t.dtype.is_complex],
        {id(t) for t in smooth},
    )
    live = [(t, g) for t, g in zip(targets, given, strict=True) if id(t) in path.reached]
    starts = [support.ones_like(t) if g is None else _start(t, g) for t, g in live]
    found = backprop(path, [t for t, _ in live], starts, [id(t) for t in tensors])
    rest = iter(found)
    results: list[Any] = []
    for group in groups:
        parts = [g for g in (next(rest) for _ in group) if g is not None]
        results.append(support.add_gradients(parts) if len(parts) > 1 else (parts or [None])[0])
    return results


def _start(target: Any, gradient: Any) -> Any:
    if isinstance(gradient, Tensor) and gradient.dtype is not target.dtype:
        raise TypeError(
            f"tf.gradients: grad_ys has dtype {gradient.dtype.name}, its y {target.dtype.name}."
        )
    return convert(gradient, target.dtype)


def _without(record: OpRecord, stopped: set[int]) -> OpRecord | None:
    """The record, closed to gradients of stopped outputs; None if all of them are."""
    hit = [id(o) in stopped for o in record.outputs]
    if not any(hit):
        return record
    if all(hit):
        return None

    def gradient(_: OpRecord, *grads: Any) -> Any:
        open_grads = [None if h else g for h, g in zip(hit, grads, strict=True)]
        if all(g is None for g in open_grads):
            return [None] * len(record.inputs)
        return record_gradient(record, open_grads, None)

    gradient.accepts_none = gradient.accepts_slices = True  # type: ignore[attr-defined]
    partial = OpDef(record.op.name, None, gradient=gradient, inputs=("*inputs",), dtypes={})
    return OpRecord(partial, record.inputs, record.attrs, record.outputs, record.site)
