"""Graph nodes run one by one, eagerly: for host segments, tapes over them, and lifting."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from deras._src import errors
from deras._src.core.context import init_scope, state
from deras._src.core.tensor import SymbolicTensor, host_tensor
from deras._src.dispatch.apply import apply, as_tensor_tuple
from deras._src.registry import OpRecord


def replay(nodes: Iterable[OpRecord], env: dict[int, Any]) -> None:
    """Runs nodes on the tensors of `env` (symbolic tensor id -> eager tensor), in order."""
    saved = state.site_override
    try:
        for node in nodes:
            inputs = tuple(value_of(x, env) for x in node.inputs)
            state.site_override = node.site
            bind(node, run_node(node, inputs), env)
    finally:
        state.site_override = saved


def run_node(node: OpRecord, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
    """One node on eager tensors."""
    if node.op.run is not None:
        return as_tensor_tuple(node.op.run(inputs, dict(node.attrs)))
    return as_tensor_tuple(apply(node.op, inputs, node.attrs))


def bind(node: OpRecord, outputs: tuple[Any, ...], env: dict[int, Any]) -> None:
    """Puts a node's results into `env`."""
    for tensor, value in zip(node.outputs, outputs, strict=True):
        env[id(tensor)] = value


def value_of(tensor: Any, env: dict[int, Any]) -> Any:
    """The eager tensor of a node's input."""
    value = env.get(id(tensor))
    if value is not None:
        return value
    if isinstance(tensor, SymbolicTensor) and tensor.value is not None:
        return host_tensor(tensor.value, tensor.dtype)
    return tensor


def lift(tensor: SymbolicTensor, what: str) -> Any:
    """The value of a symbolic tensor that depends on no argument of its function.

    Raises:
      ValueError: it does; the message names the argument and the line.
    """
    needed: list[OpRecord] = []
    seen: set[int] = set()
    stack = [tensor]
    while stack:
        t = stack.pop()
        if not isinstance(t, SymbolicTensor) or t.value is not None or id(t.node) in seen:
            continue
        node = t.node
        if node.op.name == "Placeholder":
            raise errors.op_error(
                ValueError,
                what,
                f"its initial value depends on {node.name!r}, an argument of the function "
                f"{t.graph.name!r}, and is not known when the variable is created",
                site=tensor.node.site,
                hint="pass a callable or a value that does not depend on the arguments",
            )
        seen.add(id(node))
        needed.append(node)
        stack.extend(node.inputs)
    order = {id(n): i for i, n in enumerate(tensor.graph.nodes)}
    env: dict[int, Any] = {}
    with init_scope():
        replay(sorted(needed, key=lambda n: order.get(id(n), 0)), env)
    return value_of(tensor, env)
