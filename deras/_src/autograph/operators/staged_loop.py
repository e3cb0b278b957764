"""Loops of the graph from a block: its variables carried, traced, checked by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import FunctionType
from typing import Any

import numpy as np

from deras._src.autograph.operators.carried import Carried
from deras._src.autograph.operators.iteration import as_rows, length
from deras._src.autograph.operators.places import Places
from deras._src.autograph.operators.staging import Block, condition, is_tensor
from deras._src.control_flow.for_op import for_node
from deras._src.control_flow.while_op import while_node
from deras._src.core.dtypes import int32
from deras._src.dispatch.convert import convert
from deras._src.ops import math_compare
from deras._src.ops.array_support import known_array

Ended = Callable[[], Any] | None
Body = Callable[[Any], None]


class StagedLoop:
    """Adds one loop to the graph being built."""

    def __init__(
        self,
        what: str,
        variables: Places,
        options: Callable[[], dict[str, Any]] | None,
        block: Block,
    ) -> None:
        chosen = {} if options is None else options()
        self._what = what
        self._limit = chosen.get("limit")
        self._carried = Carried(what, variables, block, chosen.get("shapes", ()))

    def run_while(self, test: FunctionType, body: FunctionType) -> None:
        """`while test(): body()`."""
        carried = self._carried
        body_graph = carried.trace_body([], [], lambda lead, rows: body() or [])
        test_graph = carried.trace_test([], lambda lead: condition(test(), self._what))
        self._finish(
            while_node(
                test_graph,
                body_graph,
                carried.start,
                self._limit,
                "while",
                unset=carried.unset,
                message=carried.message(),
            )
        )

    def run_rows(self, value: Any, body: Body, ended: Ended) -> None:
        """`body(item)` for each row."""
        rows = as_rows(value)
        if ended is not None or self._limit is not None:
            self._run_indexed(rows, body, ended)
            return
        carried = self._carried

        def run(lead: Sequence[Any], items: Sequence[Any]) -> list[Any]:
            body(rows.item(items))
            return []

        graph = carried.trace_body([], rows.tensors, run)
        self._finish(
            for_node(
                graph,
                carried.start,
                rows.tensors,
                "for",
                unset=carried.unset,
                message=carried.message(),
            )
        )

    def _run_indexed(self, rows: Any, body: Body, ended: Ended) -> None:
        """The same with a counter, for loops that may be left early."""
        count = length(rows.tensors)
        start = [convert(0, int32), convert(count, int32), convert(1, int32)]
        self._counted(start, lambda i: rows.item([t[i] for t in rows.tensors]), body, ended)

    def run_range(self, numbers: tuple[Any, Any, Any], body: Body, ended: Ended) -> None:
        """`body(i)` for each number of a range."""
        self._counted(list(numbers), lambda i: i, body, ended)

    def _counted(
        self, numbers: list[Any], item: Callable[[Any], Any], body: Body, ended: Ended
    ) -> None:
        carried = self._carried
        step = known_array(numbers[2])

        def run(lead: Sequence[Any], rows: Sequence[Any]) -> list[Any]:
            i, limit, delta = lead
            body(item(i))
            return [i + delta, limit, delta]

        def test(lead: Sequence[Any]) -> Any:
            i, limit, delta = lead
            if step is not None:
                more = i < limit if step > 0 else i > limit
            else:
                rising = math_compare.logical_and(delta > 0, i < limit)
                more = math_compare.logical_or(
                    rising, math_compare.logical_and(delta < 0, i > limit)
                )
            done = False if ended is None else ended()
            if not is_tensor(done):
                return convert(np.bool_(False)) if done else more
            return math_compare.logical_and(more, math_compare.logical_not(done))

        body_graph = carried.trace_body(numbers, [], run)
        test_graph = carried.trace_test(numbers, test)
        outputs = while_node(
            test_graph,
            body_graph,
            [*numbers, *carried.start],
            self._limit,
            "for",
            counted=True,
            unset=[i + len(numbers) for i in carried.unset],
            message=carried.message(),
        )
        self._finish(outputs[len(numbers) :])

    def _finish(self, outputs: Sequence[Any]) -> None:
        self._carried.finish(outputs)
