"""`fn.explain()`: what was traced and why, what was compiled, and what to change."""

from __future__ import annotations

import collections
import html
from collections.abc import Iterator
from typing import Any

from deras._src.core.tensor import EagerTensor, describe
from deras._src.dispatch.plans import PLANS
from deras._src.function.history import Cause, Trace
from deras._src.graph.func_graph import FuncGraph
from deras._src.registry import OpRecord
from deras._src.util.callsite import Site

# One line of code that made this many nodes was most likely repeated by a Python loop.
_MANY_NODES = 64
# From this size on a constant is better an argument or a variable.
_LARGE_CONSTANT = 1 << 20
_LOOPS = {"While": "while_loop", "For": "scan", "Scan": "scan", "VectorizedMap": "vmap"}
# This many traces because of Python values or shapes are more than most programs want.
MANY_TRACES = 5


class Finding:
    """One thing worth knowing about a function, with what to do about it.

    Attributes:
      kind: "retrace", "host", "effect", "stale", "unrolled", "constant" or "remade".
      message: what happened.
      advice: what to change.
      site: the line that it is about, or None.
      subject: the name that it is about, or "".
    """

    __slots__ = ("advice", "kind", "message", "site", "subject")

    def __init__(
        self, kind: str, message: str, advice: str, site: Site | None = None, subject: str = ""
    ) -> None:
        self.subject = subject
        self.kind = kind
        self.message = message
        self.advice = advice
        self.site = site

    def __str__(self) -> str:
        return f"{self.kind}: {self.message}{_at(self.site)}; {self.advice}"

    __repr__ = __str__


class ProgramReport:
    """One XLA program.

    Attributes:
      shapes: dtype and shape of each argument, as text.
      seconds: time of lowering and compiling.
      flops, bytes: work of one run as XLA counts it; 0.0 where it does not tell.
      peak: bytes of temporary memory while it runs.
      donated: names of the state whose buffers are updated in place.
      checks: number of run-time checks that it carries.
      under: "tape: forward" or "tape: backward" for a call that a tape outside recorded, else "".
    """

    def __init__(
        self, avals: Any, compiled: Any, seconds: float, donated: Any, checks: int, under: str = ""
    ) -> None:
        self.shapes = [describe(_Spec(a)) for a in avals]
        self.seconds = seconds
        self.under = under
        costs = compiled.cost_analysis() or {}
        self.flops = float(costs.get("flops", 0.0))
        self.bytes = float(costs.get("bytes accessed", 0.0))
        memory = compiled.memory_analysis()
        self.peak = int(getattr(memory, "temp_size_in_bytes", 0) or 0)
        self.donated = [h.name for h in donated]
        self.checks = checks


def _taped(call: Any, inputs: int) -> Iterator[ProgramReport]:
    """The programs of calls recorded by a tape outside of the function."""
    roles = {call.op: "tape: forward"} | dict.fromkeys(call.backwards.values(), "tape: backward")
    for key, plan in list(PLANS.plans.items()):
        role = roles.get(key[0])
        if role is not None and plan.call is not None:
            avals = [a for a in key[2:] if hasattr(a, "dims")]
            shown = avals[:inputs] if key[0] is call.op else avals[:1]
            yield ProgramReport(shown, plan.call, plan.seconds, (), len(plan.checks), role)


class _Spec:
    def __init__(self, aval: Any) -> None:
        self.dtype, self.shape = aval.dtype, aval.dims


class LoopReport:
    """How one loop runs.

    Attributes:
      op: the node's op.
      form: "while_loop", "scan", "vmap" or "host".
      trips: the number of trips where it is known beforehand, else None.
      limit: `maximum_iterations`, or None.
      site: the user's line.
    """

    def __init__(self, node: OpRecord, host: bool) -> None:
        attrs = dict(node.attrs)
        self.op = node.op.name
        self.form = "host" if host else _LOOPS[node.op.name]
        bound = attrs.get("bound")
        self.limit = attrs.get("limit")
        self.trips = getattr(bound, "fixed", None) if self.limit is None else None
        if self.trips is None and node.op.name in ("For", "Scan", "VectorizedMap"):
            carried = attrs.get("carried", 0)
            rows = node.inputs[carried].shape if len(node.inputs) > carried else None
            self.trips = rows[0] if rows is not None and rows.rank else None
        self.site = node.site

    def __str__(self) -> str:
        trips = "trips known at run time" if self.trips is None else f"{self.trips} trips"
        trips = trips if self.limit is None else f"at most {self.limit} trips"
        return f"{self.form}, {trips}{_at(self.site)}"


class TraceReport:
    """One trace: why it was made, its graph, its programs.

    Attributes:
      number, site, causes, seconds: as in `Trace`: which one, the call's line, why, time to trace.
      signature: the arguments as text.
      nodes: number of nodes in the graph.
      programs: a ProgramReport for each set of shapes compiled.
      splits: what runs on the host and splits the program: triples (op, reason, line).
      variables: names of the variables used.
      constants: bytes of the constants kept in the graph.
      loops: a LoopReport for each loop, inner ones too.
    """

    def __init__(self, trace: Trace) -> None:
        self.number = trace.number
        self.site = trace.site
        self.causes: list[Cause] = trace.causes
        self.seconds = trace.seconds
        self.signature = ", ".join(f"{a.path}: {a.text}" for a in trace.arguments)
        self.created = trace.created
        self.nodes = 0
        self.programs: list[ProgramReport] = []
        self.splits: list[tuple[str, str, Site | None]] = []
        self.variables: list[str] = []
        self.constants = 0
        self.loops: list[LoopReport] = []
        concrete = trace.concrete
        if concrete is None:
            return
        graph = concrete.graph
        self.nodes = len(graph.nodes)
        self.programs = [
            ProgramReport(
                [a for a in key if hasattr(a, "dims")],
                p.compiled,
                p.compile_seconds,
                p.order[: p.donated],
                len(p.checks),
            )
            for key, p in concrete.programs.items()
        ]
        call = concrete._differentiable
        if call is not None:
            self.programs += _taped(call, len(graph.inputs))
        if concrete.segmented is not None:
            self.splits = [(n.op.label, why, n.site) for n, why in concrete.segmented.splits]
        self.variables = [v.name for v in concrete.variables]
        self.constants = sum(_bytes(t) for t in graph.constants.values())
        hosted = set() if concrete.segmented is None else set(concrete.segmented.host)
        self.loops = [
            LoopReport(node, id(node) in hosted or inner)
            for node, inner in _walk(graph, hosted)
            if node.op.name in _LOOPS
        ]

    @property
    def cause(self) -> Cause:
        """The most telling cause."""
        return self.causes[0]


class Explanation:
    """What `tf.function` did with a function: print it, or look at its fields.

    Attributes:
      name: of the function.
      traces: a TraceReport for each trace kept.
      count: number of traces made.
      findings: what is worth changing, a Finding each.
    """

    def __init__(self, function: Any) -> None:
        self.name = function._name
        history = function._history
        self.count = history.count
        self.traces = [TraceReport(t) for t in history.traces]
        self.findings = list(_findings(function, history.traces, self.traces))

    def __str__(self) -> str:
        lines = [f"{self.name}: {_count(self.count, 'trace')}"]
        for trace in self.traces:
            lines.append(f"  trace {trace.number}: {trace.cause}{_at(trace.site)}")
            lines += [f"    also {cause}" for cause in trace.causes[1:4]]
            lines += [f"    {line}" for line in _details(trace)]
        lines += [f"  {finding}" for finding in self.findings]
        return "\n".join(lines)

    __repr__ = __str__

    def __rich_console__(self, console: Any, options: Any) -> Iterator[Any]:
        from rich.table import Table
        from rich.text import Text

        table = Table(title=f"{self.name}: {_count(self.count, 'trace')}", title_justify="left")
        for column in ("trace", "why", "called at", "what it became"):
            table.add_column(column, overflow="fold")
        for trace in self.traces:
            why = "\n".join(str(c) for c in trace.causes[:4])
            table.add_row(
                str(trace.number), Text(why), _place(trace.site), Text("\n".join(_details(trace)))
            )
        yield table
        for finding in self.findings:
            yield Text.assemble((finding.kind, "bold"), str(finding)[len(finding.kind) :])

    def _repr_html_(self) -> str:
        rows = "".join(
            "<tr>"
            + "".join(
                f"<td style='text-align:left'>{html.escape(cell).replace(chr(10), '<br>')}</td>"
                for cell in (
                    str(t.number),
                    "\n".join(str(c) for c in t.causes[:4]),
                    _place(t.site),
                    "\n".join(_details(t)),
                )
            )
            + "</tr>"
            for t in self.traces
        )
        findings = "".join(f"<li>{html.escape(str(f))}</li>" for f in self.findings)
        title = html.escape(f"{self.name}: {_count(self.count, 'trace')}")
        return (
            f"<table><caption>{title}</caption><tr><th>trace</th><th>why</th><th>called at</th>"
            f"<th>what it became</th></tr>{rows}</table><ul>{findings}</ul>"
        )


def _details(trace: TraceReport) -> list[str]:
    lines = [f"{_count(trace.nodes, 'node')}, traced in {trace.seconds * 1e3:.0f} ms"]
    for p in trace.programs:
        text = f"XLA program for ({', '.join(p.shapes)})"
        text += f" ({p.under})" if p.under else ""
        text += f": compiled in {p.seconds * 1e3:.0f} ms"
        if p.flops or p.bytes:
            text += (
                f", {_amount(p.flops)}flop, {_amount(p.bytes)}B touched, {_amount(p.peak)}B peak"
            )
        if p.donated:
            text += f", {_count(len(p.donated), 'buffer')} updated in place"
        if p.checks:
            text += f", {_count(p.checks, 'check')}"
        lines.append(text)
    lines += [f"on the host: {op}, {why}{_at(site)}" for op, why, site in trace.splits]
    lines += [f"loop: {loop}" for loop in trace.loops]
    if trace.variables:
        lines.append("variables: " + ", ".join(trace.variables))
    if trace.created:
        lines.append("made variables (and was therefore traced twice): " + ", ".join(trace.created))
    if trace.constants:
        lines.append(f"constants: {_amount(trace.constants)}B")
    return lines


def _findings(function: Any, traces: list[Trace], reports: list[TraceReport]) -> Iterator[Finding]:
    if function.remade >= MANY_TRACES:
        yield Finding(
            "remade",
            f"tf.function was applied {function.remade} times to the same code, and each has "
            "traces of its own",
            "apply it once, outside of the loop or function that does so",
            Site.of_function(function.python_function),
        )
    yield from _retraces(traces, relaxes=bool(function._reduce_retracing))
    seen: set[Any] = set()
    for finding in (*_splits(reports), *_around(traces), *_in_graphs(traces)):
        key = (finding.kind, finding.subject, finding.site)
        if key not in seen:
            seen.add(key)
            yield finding


def _retraces(traces: list[Trace], relaxes: bool) -> Iterator[Finding]:
    groups: dict[Any, list[Trace]] = {}
    for trace in traces:
        if trace.cause.kind not in ("first", "outer", "variable"):
            groups.setdefault((trace.cause.kind, trace.cause.argument), []).append(trace)
    for (kind, argument), group in groups.items():
        last = group[-1]
        if kind == "shape" and relaxes:
            continue  # the next trace serves every shape
        if kind == "value" and {last.cause.old, last.cause.new} <= {"True", "False", "None"}:
            continue  # a flag: two traces are what it is for
        yield Finding(
            "retrace",
            f"{_count(len(group), 'more trace')} because of the {kind} of {argument}, lastly "
            f"{last.cause.new} (before: {last.cause.old})",
            last.cause.advice,
            last.site,
        )


def _splits(reports: list[TraceReport]) -> Iterator[Finding]:
    for report in reports:
        for op, why, site in report.splits:
            advice = "move it out of the function where it costs too much"
            yield Finding("host", f"{op} splits the program: {why}", advice, site, op)


def _around(traces: list[Trace]) -> Iterator[Finding]:
    for trace in traces:
        if trace.surroundings is None:
            continue
        for name, text in trace.surroundings.effects:
            yield Finding(
                "effect",
                f"{name}: {text}, when trace {trace.number} was made; later calls do not do it",
                "return the value, or use tf.Variable, tf.TensorArray, tf.print or tf.random",
                Site.of_function(trace.surroundings.function),
                name,
            )
        for name, old, new in trace.surroundings.stale():
            yield Finding(
                "stale",
                f"{name} was {old!r} when trace {trace.number} was made and is {new!r} now; the "
                f"graph keeps {old!r}",
                "make it a tf.Variable or an argument",
                Site.of_function(trace.surroundings.function),
                name,
            )


def _in_graphs(traces: list[Trace]) -> Iterator[Finding]:
    for trace in traces:
        concrete = trace.concrete
        if concrete is not None:
            yield from _graph_findings(concrete.graph)


def _graph_findings(graph: FuncGraph) -> Iterator[Finding]:
    lines: collections.Counter[Site] = collections.Counter(
        node.site for node, _ in _walk(graph, set()) if node.site is not None
    )
    if lines:
        site, count = lines.most_common(1)[0]
        if count >= _MANY_NODES:
            yield Finding(
                "unrolled",
                f"one line made {count} nodes: a Python loop was unrolled",
                "loop over tf.range or a tensor, or use tf.map_fn, so that the body is traced once",
                site,
            )
    for tensor in graph.constants.values():
        size = _bytes(tensor)
        if size >= _LARGE_CONSTANT:
            yield Finding(
                "constant",
                f"a constant {describe(tensor)} of {_amount(size)}B is kept by the graph",
                "pass it as an argument, or keep it in a tf.Variable",
            )


def _walk(graph: FuncGraph, hosted: set[int], on_host: bool = False) -> Iterator[tuple[Any, bool]]:
    """Every node, inner graphs included, and whether it runs inside of a node on the host."""
    for node in graph.nodes:
        yield node, on_host
        for _, value in node.attrs:
            for inner in value if isinstance(value, tuple) else (value,):
                inner = getattr(inner, "graph", inner)
                if isinstance(inner, FuncGraph):
                    yield from _walk(inner, hosted, on_host or id(node) in hosted)


def _bytes(tensor: Any) -> int:
    if not isinstance(tensor, EagerTensor):
        return 0
    return int((tensor.shape.num_elements() or 0) * tensor.dtype.size)


def _at(site: Site | None) -> str:
    return "" if site is None else f" at {site.filename}:{site.lineno}"


def _place(site: Site | None) -> str:
    return "" if site is None else f"{site.filename}:{site.lineno}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")


def _amount(number: float) -> str:
    for unit in ("", "k", "M", "G"):
        if abs(number) < 1000:
            return f"{number:.3g} {unit}"
        number /= 1000
    return f"{number:.3g} T"
