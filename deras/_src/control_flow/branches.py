"""`tf.cond`, `tf.case`, `tf.switch_case`: one node `Case` with a graph for each branch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from deras._src import errors
from deras._src.control_flow.structures import Structured, same_structure
from deras._src.control_flow.subgraph import (
    Layout,
    functional_gradient,
    layout_state,
    lower_with_state,
    run_graph,
    trace,
)
from deras._src.control_flow.tensor_array_shapes import settle_branches
from deras._src.core import dtypes
from deras._src.core.context import state
from deras._src.core.tensor import EagerTensor
from deras._src.core.tensor_shape import TensorShape
from deras._src.dispatch.apply import apply, as_tensor_tuple
from deras._src.dispatch.convert import convert
from deras._src.dispatch.replay import replay, value_of
from deras._src.graph.checks import merge_code, nested_code, require
from deras._src.graph.func_graph import FuncGraph
from deras._src.graph.lowering import LoweringContext, NeedsHost
from deras._src.registry import NONE, op
from deras._src.util.export import export


def _case_shape(inputs: Sequence[Any], attrs: dict[str, Any]) -> Any:
    specs = []
    unset = attrs["unset"]
    for number, columns in enumerate(zip(*(g.outputs for g in attrs["branches"]), strict=True)):
        outputs = [t for side, t in enumerate(columns) if (side, number) not in unset]
        shape = outputs[0].shape
        for other in outputs[1:]:
            shape = _common_shape(shape, other.shape)
        specs.append((outputs[0].dtype, shape))
    return specs


def _common_shape(a: TensorShape, b: TensorShape) -> TensorShape:
    if a.rank is None or b.rank is None or a.rank != b.rank:
        return TensorShape(None)
    return TensorShape(
        [x if x == y else None for x, y in zip(a.as_list(), b.as_list(), strict=True)]
    )


def _run_case(inputs: Sequence[Any], attrs: dict[str, Any]) -> Any:
    """Outside of a program: the branch is chosen here, and its nodes run one by one."""
    branches, layout = attrs["branches"], attrs["layout"]
    number = int(inputs[0])
    graph = branches[number if 0 <= number < len(branches) else -1]
    _, captured, _ = layout.split(inputs)
    env = {id(t): v for t, v in captured}
    env.update((id(inner), env[id(outer)]) for outer, inner in graph.captures)
    replay(graph.nodes, env)
    return tuple(value_of(t, env) for t in graph.outputs)


@op(
    "Case",
    contextual=True,
    stateful=True,
    gradient=functional_gradient,
    inputs=("branch_index", "*inputs"),
    dtypes={"inputs": dtypes.EVERY},
    shape=_case_shape,
    state_of=layout_state,
    run=_run_case,
    api_name="cond",
)
def _case(context, *arrays, branches, layout, unset):
    def body(inner: LoweringContext, full: Sequence[Any]) -> Any:
        (index,), captured, values = layout.split(full)
        if isinstance(index, np.ndarray):
            number = int(index)
            graph = branches[number if 0 <= number < len(branches) else -1]
            outputs, after = run_graph(graph, inner, [], captured, values)
            return outputs, {h: after[h] for h in layout.written}

        def branch(graph: FuncGraph) -> Callable[[], Any]:
            def run() -> Any:
                with nested_code() as collector:
                    outputs, after = run_graph(graph, inner, [], captured, values)
                    code = () if collector is None else (jnp.asarray(collector.current()),)
                news = tuple(jnp.asarray(after[h]) for h in layout.written)
                return tuple(jnp.asarray(o) for o in outputs), news, code

            return run

        runs = [branch(g) for g in branches]
        if unset:
            runs = _filled(runs, unset)
        runs = settle_branches(branches, runs)
        number = jnp.where((index < 0) | (index >= len(branches)), len(branches) - 1, index)
        try:
            outputs, news, code = lax.switch(number, runs)
        except TypeError:
            raise NeedsHost(
                inner.node or context.node, "its branches give unlike shapes or dtypes"
            ) from None
        if code:
            merge_code(code[0])
        return list(outputs), dict(zip(layout.written, news, strict=True))

    return lower_with_state(context, body, arrays)


def _filled(runs: Sequence[Callable[[], Any]], unset: Any) -> list[Callable[[], Any]]:
    """The branches with zeros, of the shape the others give, for outputs a branch has not."""
    shapes = [jax.eval_shape(lambda run=run: run()[0]) for run in runs]
    like = {}
    for _, number in unset:
        given = (i for i in range(len(runs)) if (i, number) not in unset)
        like[number] = shapes[next(given)][number]

    def fill(side: int, run: Callable[[], Any]) -> Callable[[], Any]:
        def filled() -> Any:
            outputs, news, code = run()
            outputs = tuple(
                jnp.zeros(like[i].shape, like[i].dtype) if (side, i) in unset else o
                for i, o in enumerate(outputs)
            )
            return outputs, news, code

        return filled

    return [fill(side, run) for side, run in enumerate(runs)]


def case_node(
    index: Any, functions: Sequence[Callable[[], Any]], what: str, name: str | None
) -> Any:
    """Traces the branches and adds the node; returns the structured result."""
    structured: list[Structured] = []
    graphs = []
    for number, function in enumerate(functions):

        def flat(function: Callable[[], Any] = function) -> list[Any]:
            result = Structured(function())
            structured.append(result)
            return result.tensors

        graphs.append(trace(f"{what}_branch{number}", flat, []))
    same_structure(what, structured)
    _unify_dtypes(what, graphs)
    return structured[0].pack(_add_node(index, graphs, (), name or what))


def _add_node(
    index: Any, graphs: Sequence[FuncGraph], unset: Any, name: str | None
) -> tuple[Any, ...]:
    layout = Layout(1, graphs)
    attrs = (("branches", tuple(graphs)), ("layout", layout), ("unset", unset))
    return as_tensor_tuple(apply(_case, layout.inputs([index]), attrs, name))


def trace_branch(name: str, function: Callable[[], list[Any]]) -> FuncGraph:
    """The graph of a branch; its outputs are the flat tensors that `function` gives."""
    return trace(name, function, [])


def join_branches(
    predicate: Any, graphs: Sequence[FuncGraph], unset: Sequence[tuple[int, int]], name: str
) -> tuple[Any, ...]:
    """Adds the node of two branches traced before; returns its flat outputs.

    Args:
      predicate: Scalar bool tensor: true takes the first graph.
      graphs: Two graphs; their outputs, changed since or not, agree in number and dtypes.
      unset: Pairs (branch, output) of outputs that a branch does not give and nobody will read:
        placeholders of the right dtype, filled with zeros of the other branch's shape.
      name: Of the node.
    """
    for graph in graphs:
        graph.prune()
    index = apply(_branch_of_bool, (convert(predicate),))
    return _add_node(index, graphs, frozenset(unset), name.replace(" ", "_"))


def _unify_dtypes(what: str, graphs: Sequence[FuncGraph]) -> None:
    first = graphs[0]
    for graph in graphs[1:]:
        for i, (a, b) in enumerate(zip(first.outputs, graph.outputs, strict=True)):
            if a.dtype is not b.dtype:
                raise TypeError(
                    f"tf.{what}: the branches must return the same dtypes, but output {i} is "
                    f"{a.dtype.name} in {first.name} and {b.dtype.name} in {graph.name}."
                )


@export("cond")
def cond(pred: Any, true_fn: Any = None, false_fn: Any = None, name: str | None = None) -> Any:
    """Runs `true_fn` if `pred` is true, else `false_fn`.

    In eager mode that is a Python `if`. In a function both are traced, and one runs.

    Args:
      pred: Scalar bool tensor, or a Python bool.
      true_fn: Callable without arguments.
      false_fn: Callable without arguments; in a function it must return the same structure and
        dtypes as `true_fn`.
      name: Optional name of the node in graphs.
    Returns:
      What the chosen callable returns; a list of one tensor is unpacked.
    Raises:
      TypeError: `true_fn` or `false_fn` is not callable, or (in functions) dtypes differ.
      ValueError: (in functions) the structures differ.

    >>> x = tf.constant(2.0)
    >>> tf.cond(x > 1.0, lambda: x * 10.0, lambda: x).numpy()
    np.float32(20.0)
    """
    if not callable(true_fn):
        raise TypeError("'true_fn' must be callable.")
    if not callable(false_fn):
        raise TypeError("'false_fn' must be callable.")
    if isinstance(pred, (bool, np.bool_, int)):
        if state.graph is None:
            return _unpack_single(true_fn() if pred else false_fn())
    tensor = convert(pred)
    if tensor.dtype is not dtypes.bool_:
        raise TypeError(f"tf.cond: pred must be a bool tensor, not {tensor.dtype.name}")
    if isinstance(tensor, EagerTensor) and state.graph is None:
        return _unpack_single(true_fn() if bool(tensor) else false_fn())
    index = apply(_branch_of_bool, (tensor,))
    return _unpack_single(case_node(index, [true_fn, false_fn], "cond", name))


@op(
    "BranchIndex",
    dtypes=dtypes.BOOLEAN,
    gradient=NONE,
    shape=lambda inputs, attrs: [(dtypes.int32, inputs[0].shape)],
    numpy=lambda pred: np.where(pred, 0, 1).astype(np.int32),
    api_name="cond",
)
def _branch_of_bool(pred):
    return jnp.where(pred, jnp.int32(0), jnp.int32(1))


def _unpack_single(result: Any) -> Any:
    if isinstance(result, (list, tuple)) and len(result) == 1 and type(result) in (list, tuple):
        return result[0]
    return result


@export("switch_case")
def switch_case(
    branch_index: Any,
    branch_fns: Any,
    default: Callable[[], Any] | None = None,
    name: str = "switch_case",
) -> Any:
    """Runs the callable number `branch_index`.

    Args:
      branch_index: int32 scalar tensor.
      branch_fns: List of callables, or dict (or list of pairs) from int to callable.
      default: Runs where no number fits; by default the last (largest) one.
      name: Optional name of the node in graphs.
    Returns:
      What the chosen callable returns.

    >>> tf.switch_case(tf.constant(1), [lambda: tf.constant(10), lambda: tf.constant(20)]).numpy()
    np.int32(20)
    """
    functions = _indexed_functions(branch_fns)
    index = convert(branch_index)
    if index.dtype is not dtypes.int32:
        raise TypeError(f"tf.switch_case: branch_index must be int32, not {index.dtype.name}")
    fallback = default if default is not None else functions[max(functions)]
    if isinstance(index, EagerTensor) and state.graph is None:
        return functions.get(int(index), fallback)()
    size = max(functions) + 1
    if len(functions) != size:
        size += 1
    branches = [functions.get(i, fallback) for i in range(size)]
    if default is not None or len(functions) != size:
        branches = [functions.get(i, fallback) for i in range(max(functions) + 1)] + [fallback]
    return case_node(index, branches, "switch_case", name)


def _indexed_functions(branch_fns: Any) -> dict[int, Callable[[], Any]]:
    items: list[Any] = (
        list(branch_fns.items()) if isinstance(branch_fns, dict) else list(branch_fns)
    )
    if not items:
        raise ValueError("tf.switch_case: branch_fns must not be empty")
    if all(callable(f) for f in items):
        return dict(enumerate(items))
    functions = {}
    for pair in items:
        number, function = pair
        if not isinstance(number, (int, np.integer)):
            raise TypeError(f"tf.switch_case: branch numbers must be int, not {number!r}")
        if not callable(function):
            raise TypeError(f"tf.switch_case: branch {number} must be callable, not {function!r}")
        if int(number) < 0:
            raise ValueError(f"tf.switch_case: branch number {number} is negative")
        functions[int(number)] = function
    if len(functions) != len(items):
        raise ValueError("tf.switch_case: two branches have one number")
    return functions


@export("case")
def case(
    pred_fn_pairs: Any,
    default: Callable[[], Any] | None = None,
    exclusive: bool = False,
    strict: bool = False,
    name: str = "case",
) -> Any:
    """Runs the callable of the first predicate that is true.

    Args:
      pred_fn_pairs: List of pairs (scalar bool tensor, callable).
      default: Runs where none is true; without it that is an InvalidArgumentError.
      exclusive: Whether more than one true predicate is an InvalidArgumentError.
      strict: Accepted; results are never unpacked when True.
      name: Optional name of the node in graphs.
    Returns:
      What the chosen callable returns.

    >>> x = tf.constant(3)
    >>> tf.case([(x < 2, lambda: tf.constant("low")), (x < 5, lambda: tf.constant("mid"))],
    ...         default=lambda: tf.constant("high")).numpy()
    b'mid'
    """
    pairs = list(pred_fn_pairs.items()) if isinstance(pred_fn_pairs, dict) else list(pred_fn_pairs)
    if not pairs:
        raise ValueError("tf.case: pred_fn_pairs must not be empty")
    for pair in pairs:
        if not (isinstance(pair, (list, tuple)) and len(pair) == 2 and callable(pair[1])):
            raise TypeError(f"tf.case: each entry must be a pair (pred, callable), not {pair!r}")
    predicates = [convert(p) for p, _ in pairs]
    if state.graph is None and all(isinstance(p, EagerTensor) for p in predicates):
        hits = [i for i, p in enumerate(predicates) if bool(p)]
        if exclusive and len(hits) > 1:
            raise errors.op_error(
                errors.InvalidArgumentError,
                "tf.case",
                f"predicates {hits} are true, at most one may",
            )
        if hits:
            return pairs[hits[0]][1]()
        if default is None:
            raise errors.op_error(
                errors.InvalidArgumentError,
                "tf.case",
                "no predicate is true and there is no default",
            )
        return default()
    index = apply(
        _first_true, tuple(predicates), (("exclusive", exclusive), ("default", default is not None))
    )
    branches = [fn for _, fn in pairs]
    return case_node(index, branches + ([default] if default else []), "case", name)


@op(
    "FirstTrue",
    dtypes=dtypes.BOOLEAN,
    gradient=NONE,
    shape=lambda inputs, attrs: [(dtypes.int32, TensorShape([]))],
    stateful=True,
    api_name="case",
)
def _first_true(*predicates, exclusive, default):
    stacked = jnp.stack(predicates)
    if exclusive:
        require(
            jnp.sum(stacked.astype(jnp.int32)) <= 1,
            errors.InvalidArgumentError,
            "more than one predicate is true, at most one may",
        )
    if not default:
        require(
            jnp.any(stacked),
            errors.InvalidArgumentError,
            "no predicate is true and there is no default",
        )
    return jnp.where(
        jnp.any(stacked), jnp.argmax(stacked).astype(jnp.int32), jnp.int32(len(predicates))
    )
