"""`deras.data.profile`: where a pipeline's time goes, and what to change."""

from __future__ import annotations

import time
from typing import Any

from deras._src.data.iterator import Running
from deras._src.data.mapping import Map
from deras._src.data.node import Columns, Element, End, Node, Stage
from deras._src.data.prefetching import Prefetch, PrefetchStage
from deras._src.util.export import export


class _Watch(Stage):
    """A stage with a clock around it."""

    def __init__(self, profile: _Clock, node: Node, stage: Stage) -> None:
        self._clock, self.node, self.stage = profile, node, stage
        self.inputs = (stage,)

    @property
    def blocks(self) -> bool:  # type: ignore[override]
        return self.stage.blocks

    @property
    def pure(self) -> bool:  # type: ignore[override]
        return self.stage.pure

    def next(self) -> Element:
        began = time.perf_counter()
        try:
            element = self.stage.next()
        except End:
            self._clock.add(self.node, time.perf_counter() - began, 0)
            raise
        self._clock.add(self.node, time.perf_counter() - began, 1)
        return element

    def block(self, limit: int) -> Columns:
        began = time.perf_counter()
        try:
            columns = self.stage.block(limit)
        except End:
            self._clock.add(self.node, time.perf_counter() - began, 0)
            raise
        self._clock.add(self.node, time.perf_counter() - began, len(columns[0]))
        return columns

    def state(self) -> Any:
        return self.stage.state()

    def restore(self, state: Any) -> None:
        self.stage.restore(state)


class _Clock:
    """Times and counts by node; a node's own time is its time without its inputs'."""

    def __init__(self) -> None:
        self.seconds: dict[int, float] = {}
        self.elements: dict[int, int] = {}
        self.queues: list[tuple[Node, PrefetchStage, list[int]]] = []

    def watch(self, node: Node, stage: Stage) -> Stage:
        if isinstance(stage, PrefetchStage):
            self.queues.append((node, stage, []))
        return _Watch(self, node, stage)

    def add(self, node: Node, seconds: float, elements: int) -> None:
        key = id(node)
        self.seconds[key] = self.seconds.get(key, 0.0) + seconds
        self.elements[key] = self.elements.get(key, 0) + elements


class Step:
    """One step of a profiled pipeline.

    Attributes:
      label: the transformation and the user's line.
      elements: how many elements it gave.
      seconds: its own time, without that of the steps before it.
      share: of the time of all steps.
      queue: mean number of elements waiting, where it prefetches; else None.
    """

    __slots__ = ("elements", "label", "queue", "seconds", "share")

    def __init__(self, label: str, elements: int, seconds: float, queue: float | None) -> None:
        self.label, self.elements, self.seconds, self.queue = label, elements, seconds, queue
        self.share = 0.0


class Profile:
    """What `deras.data.profile` found; print it.

    Attributes:
      steps: a `Step` for each transformation, the source first.
      elements: how many elements were read.
      seconds: how long that took.
      bottleneck: the step with the most time of its own.
      advice: what to change.
    """

    def __init__(self, steps: list[Step], elements: int, seconds: float, advice: list[str]) -> None:
        self.steps, self.elements, self.seconds = steps, elements, seconds
        self.bottleneck = max(steps, key=lambda s: s.seconds)
        self.advice = advice

    def __str__(self) -> str:
        rows = [("step", "elements", "own ms", "us each", "share", "queue")]
        for s in self.steps:
            each = s.seconds / s.elements * 1e6 if s.elements else 0.0
            queue = "" if s.queue is None else f"{s.queue:.1f}"
            rows.append(
                (
                    s.label,
                    str(s.elements),
                    f"{s.seconds * 1e3:.1f}",
                    f"{each:.1f}",
                    f"{s.share:.0%}",
                    queue,
                )
            )
        widths = [max(len(r[i]) for r in rows) for i in range(len(rows[0]))]
        lines = [
            "  ".join(
                cell.ljust(w) if i == 0 else cell.rjust(w)
                for i, (cell, w) in enumerate(zip(row, widths, strict=True))
            ).rstrip()
            for row in rows
        ]
        rate = self.elements / self.seconds if self.seconds else 0.0
        lines.append(f"{self.elements} elements in {self.seconds:.3f} s, {rate:.0f} a second")
        lines.append(f"bottleneck: {self.bottleneck.label}")
        lines += [f"change: {text}" for text in self.advice]
        return "\n".join(lines)

    __repr__ = __str__


@export("data.profile")
def profile(dataset: Any, elements: int | None = None, seconds: float = 10.0) -> Profile:
    """Reads a dataset with a clock around each step.

    Args:
      dataset: A `tf.data.Dataset`.
      elements: How many elements to read at most; all if None.
      seconds: How long to read at most.
    Returns:
      A `Profile`, which prints as a table: each step's own time, the elements that wait in
      prefetch queues, the bottleneck, and what to change.

    >>> report = tf.data.profile(tf.data.Dataset.range(100).map(lambda x: x + 1).batch(10))
    >>> report.elements, [step.elements for step in report.steps]
    (10, [100, 100, 10])
    """
    clock = _Clock()
    running = Running(dataset._node, clock.watch)
    count, began = 0, time.perf_counter()
    try:
        while elements is None or count < elements:
            try:
                running.next()
            except End:
                break
            count += 1
            for _, stage, fills in clock.queues:
                fills.append(len(stage._channel.items))
            if time.perf_counter() - began > seconds:
                break
        passed = time.perf_counter() - began
    finally:
        running.stage.close()
    nodes = _in_order(dataset._node)
    steps = []
    fill = {id(n): sum(f) / len(f) for n, _, f in clock.queues if f}
    for node in nodes:
        own = clock.seconds.get(id(node), 0.0)
        if not isinstance(node, Prefetch):  # what it waits for runs on its own thread
            own -= sum(clock.seconds.get(id(n), 0.0) for n in node.inputs)
        elements_given = clock.elements.get(id(node), 0)
        steps.append(Step(node.label, elements_given, max(own, 0.0), fill.get(id(node))))
    steps = [s for s, n in zip(steps, nodes, strict=True) if n.name != "Options"]
    nodes = [n for n in nodes if n.name != "Options"]
    busy = sum(s.seconds for s, n in zip(steps, nodes, strict=True) if not isinstance(n, Prefetch))
    for step in steps:
        step.share = step.seconds / busy if busy else 0.0
    advice = _advice(nodes, steps, fill)
    return Profile(steps, count, passed, advice)


def _in_order(node: Node) -> list[Node]:
    """A node's inputs, then itself; each once."""
    found: dict[int, Node] = {}

    def visit(one: Node) -> None:
        for source in one.inputs:
            visit(source)
        found.setdefault(id(one), one)

    visit(node)
    return list(found.values())


def _advice(nodes: list[Node], steps: list[Step], fill: dict[int, float]) -> list[str]:
    found = []
    slow = max(range(len(steps)), key=lambda i: steps[i].seconds)
    node, step = nodes[slow], steps[slow]
    if isinstance(node, Map):
        if node.function.on_host and node.calls is None:
            found.append(f"{step.label}: give num_parallel_calls=tf.data.AUTOTUNE to use threads")
        elif not node.function.may_vectorize:
            found.append(
                f"{step.label}: its function runs element by element, as it has state, strings or "
                "host operations; a batch before it, and a function of batches, is faster"
            )
        elif not all(s.shape.is_fully_defined() for s in node.inputs[0].flat):
            found.append(
                f"{step.label}: elements have unknown dimensions, so they cannot be computed "
                "together; give them fixed shapes"
            )
    elif node.name in ("FromGenerator", "TextLine", "TFRecord", "Csv") and not any(
        n.name == "Cache" for n in nodes
    ):
        found.append(f"{step.label}: if the data fit in memory, add .cache() after it")
    if not any(isinstance(n, Prefetch) for n in nodes):
        found.append("add .prefetch(tf.data.AUTOTUNE) at the end, to work while the consumer does")
    elif fill and max(fill.values()) < 0.5:
        found.append("the prefetch queue is empty: the consumer waits for the pipeline")
    return found
