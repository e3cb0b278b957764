#!/usr/bin/env python
"""Runs random control-flow programs under Deras and compares them with plain Python.

Each program is run in plain Python on NumPy values, eagerly, and as a compiled function in one of
four ways that take turns; values are compared, and gradients with difference quotients. A program
that fails is made as small as it gets and printed.

    scripts/autograph_random.py --programs 2000 --seed 1 --jobs 2
    scripts/autograph_random.py --only 1000017 --text

Exit status 1 if a program failed.
"""

from __future__ import annotations

import argparse
import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

# Nearly all the time goes into compiling programs that run once, so they are compiled by the
# cheapest means: measured on 6 programs with gradients, 1 core of 2, seconds of compilation: as
# users have it 2.8, without LLVM's optimisation 1.9, with the older emitters too 0.7.
QUICK = (
    "--xla_backend_optimization_level=0",
    "--xla_cpu_use_fusion_emitters=false",
    "--xla_cpu_parallel_codegen_split_count=1",
)
# Programs per process: it keeps much of what it compiled, and its first programs cost more.
CHUNK = 250
_STRIDE = 1_000_000


def quick_flags() -> str:
    """Those of QUICK that this XLA knows; it ends the process at one that it does not."""
    flags = os.environ.get("XLA_FLAGS", "")
    for flag in QUICK:
        more = f"{flags} {flag}".strip()
        probe = [sys.executable, "-c", "import jax; jax.devices()"]
        environment = {**os.environ, "XLA_FLAGS": more}
        if not subprocess.run(probe, env=environment, capture_output=True, check=False).returncode:
            flags = more
    return flags


def check_here(seeds: Sequence[int], tries: int) -> None:
    """Checks programs in this process; prints a line of JSON for each."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    from tests.autograph import random_check
    from tests.autograph.random_programs import random_program

    for seed in seeds:
        text = random_program(seed)
        outcome = random_check.check(text, seed)
        failure, what = outcome.failure, None
        if failure is not None:
            text = random_check.smallest(text, random_check.repeats(failure, seed), tries)
            what = f"{failure.form}: {failure.kind}\n{failure.detail}"
        print(json.dumps([seed, what, text, outcome.points, outcome.gradients]), flush=True)


def check_in_process(chunk: Sequence[int], tries: int, results: queue.Queue[Any]) -> None:
    """Checks programs in a process of their own, so that one that crashes stops no others."""
    left = list(chunk)
    while left:
        command = [sys.executable, __file__, "--worker", "--tries", str(tries), "--only"]
        worker = subprocess.Popen(
            command + [str(seed) for seed in left], stdout=subprocess.PIPE, text=True
        )
        assert worker.stdout is not None
        for line in worker.stdout:
            if line.startswith("["):
                results.put(json.loads(line))
                left.pop(0)
        status = worker.wait()
        if left:
            results.put([left.pop(0), f"the process ended with status {status}", "", 0, 0])


def main() -> int:
    """Runs what the arguments ask for; gives the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--programs", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0, help="another seed, other programs")
    parser.add_argument("--jobs", type=int, default=2, help="processes at a time")
    parser.add_argument("--only", type=int, nargs="*", help="numbers of programs, as printed")
    parser.add_argument("--text", action="store_true", help="print programs before they run")
    parser.add_argument("--tries", type=int, default=150, help="to make a failing one smaller")
    parser.add_argument("--full-compile", action="store_true", help="compile as users' programs")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    first = arguments.seed * _STRIDE
    seeds = arguments.only or list(range(first, first + arguments.programs))
    if arguments.worker:
        check_here(seeds, arguments.tries)
        return 0
    if not arguments.full_compile:
        # Before anything loads JAX; the processes inherit it.
        os.environ["XLA_FLAGS"] = quick_flags()
    if arguments.text:
        sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
        from tests.autograph.random_programs import random_program

        for seed in seeds:
            print(f"# program {seed}\n{random_program(seed)}")
    size = min(CHUNK, -(-len(seeds) // arguments.jobs))
    chunks: queue.Queue[list[int]] = queue.Queue()
    for i in range(0, len(seeds), size):
        chunks.put(seeds[i : i + size])
    results: queue.Queue[Any] = queue.Queue()

    def work() -> None:
        while True:
            try:
                chunk = chunks.get_nowait()
            except queue.Empty:
                return
            check_in_process(chunk, arguments.tries, results)

    for _ in range(arguments.jobs):
        threading.Thread(target=work, daemon=True).start()
    return report(len(seeds), results)


def report(count: int, results: queue.Queue[Any]) -> int:
    """Prints results as they come, and a summary; gives the exit status."""
    started, points, gradients = time.monotonic(), 0, 0
    failed: list[int] = []
    for done in range(1, count + 1):
        seed, failure, text, at, smooth = results.get()
        points, gradients = points + at, gradients + smooth
        if failure is not None:
            failed.append(seed)
            print(f"# program {seed}, " + failure.replace("\n", "\n#   "))
            print(text, flush=True)
        if done % 50 == 0 or failure is not None:
            spent = time.monotonic() - started
            print(f"{done} of {count} programs, {len(failed)} failed, {spent:.0f} s", flush=True)
    print(
        f"{count} programs, {points} runs and {gradients} gradients compared, "
        f"{len(failed)} failed, {time.monotonic() - started:.0f} s"
    )
    if failed:
        print("failed:", *sorted(failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
