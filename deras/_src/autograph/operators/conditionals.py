"""`if` statements and conditional expressions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import FunctionType
from typing import Any

from deras._src.autograph.operators.places import Binding, Places
from deras._src.autograph.operators.staged_if import stage_if
from deras._src.autograph.operators.staging import Block, is_staged


def if_stmt(
    condition: Any,
    body: FunctionType,
    orelse: FunctionType | None,
    names: tuple[str, ...],
    outputs: int,
    places: Sequence[Any] = (),
    returning: Sequence[int] = (),
) -> None:
    """Runs one of two blocks, or puts both into the graph.

    `returning` are the sides (0, 1) that certainly return: nothing reads what they leave unbound.
    """
    if not is_staged(condition):
        if condition:
            body()
        elif orelse is not None:
            orelse()
        return
    variables = Places(body, names, outputs, places)
    start = variables.get()
    count = variables.outputs

    def branch(block: FunctionType | None) -> list[Any]:
        variables.set(start)
        if block is not None:
            block()
        return variables.get()[:count]

    try:
        after = stage_if(
            condition,
            [lambda: branch(body), lambda: branch(orelse)],
            variables.names[:count],
            "if statement",
            (Block(body), Block(orelse)),
            returning,
        )
    except BaseException:
        variables.set(start)
        raise
    variables.set([*after, *start[count:]])


def if_exp(condition: Any, body: Callable[[], Any], orelse: Callable[[], Any], text: str) -> Any:
    """`body if condition else orelse`."""
    if not is_staged(condition):
        return body() if condition else orelse()
    bindings = [f for f in (body, orelse) if isinstance(f, Binding)]
    before = [b.get() for b in bindings]
    names = [n for b in bindings for n in b.names]

    def run(function: Callable[[], Any]) -> list[Any]:
        for binding, values in zip(bindings, before, strict=True):
            binding.set(values)
        return [function(), *(v for b in bindings for v in b.get())]

    functions = [lambda: run(body), lambda: run(orelse)]
    blocks = (Block(body), Block(orelse))
    result, *after = stage_if(
        condition, functions, [text, *names], "conditional expression", blocks, optional=names
    )
    for binding in bindings:
        binding.set(after[: len(binding.names)])
        del after[: len(binding.names)]
    return result
