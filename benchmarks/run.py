#!/usr/bin/env python3
"""Measure Deras, TensorFlow, JAX and PyTorch against each other, in one run.

    python benchmarks/run.py --deras-python .venv/bin/python --tf-python .venv-bench-tf/bin/python

Each engine has an environment and a process of its own. For a workload all of them are prepared
and warmed up; then rounds go through the engines in turn, so that whatever else the machine does
meets all of them alike. A figure is the median over rounds of each round's minimum. An engine
whose Python is not given is left out. The result is a Markdown table; ratios are to Deras.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import json
import os
import platform
import re
import select
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from workloads import CATALOG, CHECK_TOLERANCE  # noqa: E402

NAMES = {"deras": "Deras", "tf": "TensorFlow", "jax": "JAX", "torch": "PyTorch"}
COLUMNS = {
    ("deras", "default"): "Deras",
    ("tf", "default"): "TensorFlow",
    ("tf", "xla"): "TensorFlow XLA",
    ("jax", "default"): "JAX",
    ("torch", "default"): "PyTorch",
    ("torch", "compile"): "PyTorch compile",
}
PREPARE_SECONDS = 300.0
# Load per core before the run above which the result says that it is of no use.
BUSY_SHARE = 0.4
Column = tuple[str, str]


class EngineError(Exception):
    """An engine failed at a workload, or its process ended."""


class Engine:
    """A worker process and the pipes to it; started anew if it dies."""

    def __init__(self, name: str, python: str, environment: dict[str, str], log: Any) -> None:
        self.name = name
        self.python = python
        self.environment = environment
        self.log = log
        self.process: subprocess.Popen[bytes] | None = None
        answer = self.ask(do="hello")
        self.versions: dict[str, str] = answer["versions"]
        self.variants: list[str] = answer["variants"]

    def start(self) -> subprocess.Popen[bytes]:
        self.process = subprocess.Popen(
            [self.python, str(HERE / "worker.py"), self.name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            env=self.environment,
            bufsize=0,
        )
        return self.process

    def ask(self, **request: Any) -> dict[str, Any]:
        process = self.process or self.start()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write((json.dumps(request) + "\n").encode())
        except BrokenPipeError:
            self.stop()
            raise EngineError("its process had ended") from None
        line = b""
        limit = time.monotonic() + PREPARE_SECONDS
        while not line.endswith(b"\n"):
            left = limit - time.monotonic()
            if left <= 0 or not select.select([process.stdout], [], [], left)[0]:
                self.stop()
                raise EngineError(f"no answer within {PREPARE_SECONDS:.0f} s")
            part = os.read(process.stdout.fileno(), 1 << 16)
            if not part:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(5)  # its own exit status, before stop() kills it
                self.stop()
                raise EngineError(f"its process ended with exit status {process.returncode}")
            line += part
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise EngineError(answer["error"])
        return answer

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            # Leaving the block closes the pipes and waits.
            with self.process:
                self.process = None


@dataclass
class Row:
    """What came out for one workload: seconds and failures by column."""

    title: str
    seconds: dict[Column, float] = field(default_factory=dict)
    failures: dict[Column, str] = field(default_factory=dict)
    checks: dict[Column, list[float]] = field(default_factory=dict)


def measure(
    workload: str, engines: dict[str, Engine], rounds: int, samples: int, variants: bool
) -> Row:
    work = CATALOG[workload]
    row = Row(work.title)
    columns: list[Column] = []
    for engine in engines.values():
        chosen = engine.variants if work.compiled and variants else engine.variants[:1]
        for variant in chosen:
            column = (engine.name, variant)
            try:
                answer = engine.ask(do="prepare", workload=workload, variant=variant)
            except EngineError as error:
                row.failures[column] = str(error)
                continue
            row.checks[column] = answer["check"]
            columns.append(column)
    minima: dict[Column, list[float]] = {column: [] for column in columns}
    for turn in range(rounds):
        # Each round begins with another engine: none always runs after the same one.
        first = turn % max(1, len(columns))
        for column in columns[first:] + columns[:first]:
            if column in row.failures:
                continue
            try:
                answer = engines[column[0]].ask(
                    do="time", workload=workload, variant=column[1], samples=samples
                )
            except EngineError as error:
                row.failures[column] = str(error)
                continue
            minima[column].append(min(answer["seconds"]))
    for column, values in minima.items():
        if column not in row.failures:
            row.seconds[column] = statistics.median(values)
    for engine in engines.values():
        if engine.process is not None:
            try:
                engine.ask(do="drop")
            except EngineError as error:
                # It starts anew at the next workload; the figures above were taken before.
                print(f"{NAMES[engine.name]} after {work.title}: {error}", file=sys.stderr)
    return row


def measure_processes(
    engines: dict[str, Engine], rounds: int, variants: bool
) -> list[tuple[Row, Row]]:
    """Import and first compiled step: a row of seconds and a row of megabytes for each."""
    both = []
    for what, title in (
        ("import", "import"),
        ("first_step", "first training step (small MLP), from process start"),
    ):
        seconds, memory = Row(f"{title}: time"), Row(f"{title}: resident memory")
        columns = [
            (engine.name, variant)
            for engine in engines.values()
            for variant in engine.variants
            if variant == "default" or (variants and what == "first_step")
        ]
        found: dict[Column, list[tuple[float, float]]] = {column: [] for column in columns}
        for turn in range(rounds + 1):
            for column in columns:
                engine = engines[column[0]]
                began = time.perf_counter()
                done = subprocess.run(
                    [engine.python, str(HERE / "process.py"), engine.name, what, column[1]],
                    stdout=subprocess.PIPE,
                    stderr=engine.log,
                    env=engine.environment,
                    check=False,
                )
                whole = time.perf_counter() - began
                if done.returncode:
                    seconds.failures[column] = f"process.py {what} exited {done.returncode}"
                    continue
                answer = json.loads(done.stdout.splitlines()[-1])
                # The first turn only fills the disk cache and Python's bytecode cache.
                if turn:
                    taken = answer["seconds"] if what == "import" else whole
                    found[column].append((taken, answer["megabytes"]))
        for column, values in found.items():
            if values:
                seconds.seconds[column] = statistics.median(v[0] for v in values)
                memory.seconds[column] = statistics.median(v[1] for v in values)
        both.append((seconds, memory))
    return both


def disagreements(row: Row) -> list[str]:
    """Columns whose check values are not those of TensorFlow, or of the first column."""
    if not row.checks:
        return []
    wanted_column = ("tf", "default")
    if wanted_column not in row.checks:
        wanted_column = next(iter(row.checks))
    wanted = row.checks[wanted_column]
    found = []
    for column, got in row.checks.items():
        near = len(got) == len(wanted) and all(
            abs(a - b) <= CHECK_TOLERANCE * (1.0 + abs(b)) for a, b in zip(got, wanted, strict=True)
        )
        if not near:
            found.append(
                f"{row.title}: {COLUMNS[column]} computes {got}, {COLUMNS[wanted_column]} {wanted}"
            )
    return found


def time_text(seconds: float) -> str:
    unit, scale = "µs", 1e-6
    if seconds >= 1e-3:
        unit, scale = ("ms", 1e-3) if seconds < 1.0 else ("s", 1.0)
    value = seconds / scale
    return f"{value:.3g} {unit}" if value < 100 else f"{value:.0f} {unit}"


def memory_text(megabytes: float) -> str:
    return f"{megabytes:.0f} MB"


def table(rows: list[Row], columns: list[Column], heading: str, text: Any) -> list[str]:
    """Markdown lines; a cell holds the figure and its ratio to Deras."""
    lines = [
        f"| {heading} | " + " | ".join(COLUMNS[c] for c in columns) + " |",
        "|---|" + "---:|" * len(columns),
    ]
    for row in rows:
        base = row.seconds.get(("deras", "default"))
        cells = []
        for column in columns:
            value = row.seconds.get(column)
            if value is None:
                cells.append("failed" if column in row.failures else "–")
            elif base is None or column[0] == "deras":
                cells.append(text(value))
            else:
                cells.append(f"{text(value)} ({value / base:.2g}×)")
        lines.append(f"| {row.title} | " + " | ".join(cells) + " |")
    return lines


def progress(row: Row) -> str:
    figures = [f"{COLUMNS[c]} {time_text(s)}" for c, s in row.seconds.items()]
    figures += [f"{COLUMNS[c]} FAILED: {text}" for c, text in row.failures.items()]
    return f"{row.title}: {', '.join(figures)}"


def machine_text() -> str:
    model = platform.processor() or platform.machine()
    try:
        found = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
        model = found.group(1) if found else model
        total = re.search(r"MemTotal:\s*(\d+)", Path("/proc/meminfo").read_text())
        memory = f", {int(total.group(1)) / 2**20:.0f} GB" if total else ""
    except FileNotFoundError:
        memory = ""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{cores} cores, {model}{memory}, {platform.system()} {platform.release()}"


def report(
    rows: list[Row],
    processes: list[tuple[Row, Row]],
    engines: dict[str, Engine],
    left_out: list[str],
    how: str,
) -> str:
    columns = [c for c in COLUMNS if c[0] in engines]
    everything = [*rows, *(row for pair in processes for row in pair)]
    columns = [
        c
        for c in columns
        if c[1] == "default" or any(c in r.seconds or c in r.failures for r in everything)
    ]
    lines = [
        f"Measured {datetime.date.today().isoformat()} on {machine_text()}.",
        "",
        *(
            f"- {NAMES[e.name]}: " + ", ".join(f"{k} {v}" for k, v in e.versions.items())
            for e in engines.values()
        ),
        *(f"- {NAMES[name]}: left out, no Python was given for it" for name in left_out),
        f"- {how}",
        "",
    ]
    if rows:
        lines += [*table(rows, columns, "work", time_text), ""]
    if processes:
        timed = [pair[0] for pair in processes]
        weighed = [pair[1] for pair in processes]
        lines += [*table(timed, columns, "process", time_text), ""]
        lines += [*table(weighed, columns, "process", memory_text), ""]
    shown = {row.title for row in rows}
    notes = [f"{w.title}: {w.note}." for w in CATALOG.values() if w.note and w.title in shown]
    failures = [
        f"{row.title}, {COLUMNS[column]} failed: {text.splitlines()[0]}"
        for row in everything
        for column, text in row.failures.items()
    ]
    wrong = [line for row in rows for line in disagreements(row)]
    if rows:
        lines += [f"- {note}" for note in notes]
    if failures:
        lines += ["", "Failures:", "", *(f"- {line}" for line in failures)]
    if wrong:
        lines += ["", "Different results, so not comparable:", "", *(f"- {w}" for w in wrong)]
    elif rows:
        lines += ["", f"All engines agree on the results to {CHECK_TOLERANCE:g}."]
    # Parts that may be missing leave blank lines behind.
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)) + "\n"


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, title in NAMES.items():
        parser.add_argument(f"--{name}-python", help=f"Python of {title}'s environment")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="these workloads, by name")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--samples", type=int, default=5, help="samples in a round")
    parser.add_argument("--no-variants", action="store_true", help="no XLA and compile columns")
    parser.add_argument("--no-process", action="store_true", help="no import and start-up times")
    parser.add_argument("--gpu", action="store_true", help="let the engines see accelerators")
    parser.add_argument("--output", type=Path, help="write the Markdown here as well")
    parser.add_argument("--json", type=Path, help="write the raw figures here")
    parser.add_argument("--log", type=Path, help="what the engines print (default: nowhere)")
    parser.add_argument("--list", action="store_true", help="list the workloads and leave")
    options = parser.parse_args()
    unknown = set(options.only or ()) - set(CATALOG)
    if unknown:
        parser.error(f"no workload named {', '.join(sorted(unknown))}; see --list")
    return options


def environment_of(engine: str, gpu: bool) -> dict[str, str]:
    environment = dict(os.environ, TF_CPP_MIN_LOG_LEVEL="3")
    # Installers compile packages to bytecode, a clone's first import does: then all are alike.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    if not gpu:
        environment |= {"CUDA_VISIBLE_DEVICES": "", "JAX_PLATFORMS": "cpu"}
    if engine == "deras":
        # The clone's own Deras, whether or not it is installed there.
        paths = [str(HERE.parent), environment.get("PYTHONPATH", "")]
        environment["PYTHONPATH"] = os.pathsep.join(p for p in paths if p)
    return environment


def main() -> int:
    options = parse()
    if options.list:
        for name, work in CATALOG.items():
            print(f"{name:16} {work.title}")
        return 0
    pythons = {name: getattr(options, f"{name}_python") for name in NAMES}
    left_out = [name for name, python in pythons.items() if python is None]
    if len(left_out) == len(NAMES):
        print("run.py: give at least one of --deras-python, --tf-python, ...", file=sys.stderr)
        return 2
    for name in left_out:
        print(f"{NAMES[name]} is left out: no --{name}-python", file=sys.stderr)

    busy = os.getloadavg()[0] / (os.cpu_count() or 1) if hasattr(os, "getloadavg") else 0.0
    with open(options.log or os.devnull, "w") as log:
        engines: dict[str, Engine] = {}
        try:
            for name, python in pythons.items():
                if python is not None:
                    environment = environment_of(name, options.gpu)
                    try:
                        engines[name] = Engine(name, python, environment, log)
                    except (EngineError, OSError) as error:
                        print(f"run.py: {NAMES[name]} does not start: {error}", file=sys.stderr)
                        return 1
            rows: list[Row] = []
            try:
                for workload in options.only or CATALOG:
                    row = measure(
                        workload, engines, options.rounds, options.samples, not options.no_variants
                    )
                    rows.append(row)
                    print(progress(row), file=sys.stderr, flush=True)
            except KeyboardInterrupt:
                # What was measured is worth having; the rest is not begun.
                options.no_process = True
                print("run.py: interrupted, the table ends here", file=sys.stderr)
            for engine in engines.values():
                # Their memory and threads would be in the way of what follows.
                engine.stop()
            processes = []
            if not options.no_process:
                processes = measure_processes(engines, 3, not options.no_variants)
        finally:
            for engine in engines.values():
                engine.stop()

    how = ""
    if busy > BUSY_SHARE:
        how = (
            f"**The machine was busy when this began (load {busy:.1f} per core): the figures "
            "are of no use.** "
        )
    how += (
        f"Median over {options.rounds} rounds of the least of {options.samples} samples, engines "
        "in turn; in brackets the ratio to Deras, above 1 where Deras is faster (or smaller)."
    )
    text = report(rows, processes, engines, left_out, how)
    print(text, end="")
    if options.output:
        options.output.parent.mkdir(parents=True, exist_ok=True)
        options.output.write_text(text)
    if options.json:
        options.json.write_text(json.dumps(raw(rows, processes, engines), indent=1) + "\n")
    return 0


def raw(
    rows: list[Row], processes: list[tuple[Row, Row]], engines: dict[str, Engine]
) -> dict[str, Any]:
    """The figures as plain data: seconds, and megabytes for memory."""

    def plain(row: Row) -> dict[str, Any]:
        return {
            "title": row.title,
            "figures": {" ".join(c): v for c, v in row.seconds.items()},
            "failures": {" ".join(c): v for c, v in row.failures.items()},
            "checks": {" ".join(c): v for c, v in row.checks.items()},
        }

    return {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "machine": machine_text(),
        "versions": {name: engine.versions for name, engine in engines.items()},
        "work": [plain(row) for row in rows],
        "process": [plain(row) for pair in processes for row in pair],
    }


if __name__ == "__main__":
    sys.exit(main())
