"""One engine in one process: prepares and times workloads as it is told over its pipes.

    python worker.py tf

A request is a line of JSON on standard input, the answer a line of JSON on standard output:

    {"do": "hello"}                                        -> versions
    {"do": "prepare", "workload": "add", "variant": "xla"} -> check values, first call's seconds
    {"do": "time", "workload": ..., "variant": ..., "samples": 5} -> seconds per call, a list
    {"do": "drop"}                                         -> forgets everything prepared

What goes wrong in a workload is answered as {"error": text}; the process lives on.
"""

from __future__ import annotations

import functools
import gc
import importlib
import json
import os
import platform
import sys
import time
from collections.abc import Callable
from importlib import metadata
from typing import Any

# A sample runs the workload so often that it lasts this long: the clock and the wait for the
# result then weigh nothing.
SAMPLE_SECONDS = 0.04
# Warm-up lasts at least so long and so many calls: engines compile on the first and second call.
WARM_SECONDS = 0.4
WARM_CALLS = 5

# Module to import, and further distributions whose versions matter.
ENGINES = {
    "deras": ("deras", ("jax", "jaxlib", "numpy")),
    "tf": ("tensorflow", ("numpy",)),
    "jax": ("jax", ("jaxlib", "numpy")),
    "torch": ("torch", ("numpy",)),
}
# The first is what a user gets without asking; "xla" and "compile" apply to compiled workloads.
VARIANTS = {
    "deras": ("default",),
    "tf": ("default", "xla"),
    "jax": ("default",),
    "torch": ("default", "compile"),
}


def same(function: Callable[..., Any]) -> Callable[..., Any]:
    return function


def factory(engine: str, workload: str, variant: str) -> Callable[[], Any]:
    """The function that makes the Case of a workload."""
    if engine in ("deras", "tf"):
        namespace = importlib.import_module(ENGINES[engine][0])
        make = importlib.import_module("workloads_tf").WORKLOADS[workload]
        wrap = namespace.function
        if variant == "xla":
            wrap = functools.partial(namespace.function, jit_compile=True)
        return lambda: make(namespace, wrap)
    if engine == "torch":
        torch = importlib.import_module("torch")
        make = importlib.import_module("workloads_torch").WORKLOADS[workload]
        return lambda: make(torch.compile if variant == "compile" else same)
    return importlib.import_module("workloads_jax").WORKLOADS[workload]


class Worker:
    def __init__(self, engine: str) -> None:
        self.engine = engine
        self.prepared: dict[tuple[str, str], tuple[Any, int]] = {}

    def hello(self) -> dict[str, Any]:
        name, packages = ENGINES[self.engine]
        module = importlib.import_module(name)
        # The module's own word first: a clone need not be installed.
        versions = {"python": platform.python_version(), name: module.__version__}
        versions |= {package: metadata.version(package) for package in packages}
        return {"versions": versions, "variants": VARIANTS[self.engine]}

    def prepare(self, workload: str, variant: str) -> dict[str, Any]:
        make = factory(self.engine, workload, variant)
        began = time.perf_counter()
        case = make()
        case.sync(case.call())
        first = time.perf_counter() - began
        calls, began = 0, time.perf_counter()
        while calls < WARM_CALLS or time.perf_counter() - began < WARM_SECONDS:
            case.sync(case.call())
            calls += 1
        loops = 1
        while (seconds := sample(case, loops)) < SAMPLE_SECONDS:
            loops = max(loops + 1, min(10 * loops, round(1.2 * loops * SAMPLE_SECONDS / seconds)))
        self.prepared[workload, variant] = (case, loops)
        return {"check": case.check, "first": first, "loops": loops}

    def time(self, workload: str, variant: str, samples: int) -> dict[str, Any]:
        case, loops = self.prepared[workload, variant]
        gc.collect()
        return {"seconds": [sample(case, loops) / loops for _ in range(samples)]}

    def drop(self) -> dict[str, Any]:
        self.prepared.clear()
        gc.collect()
        return {}


def sample(case: Any, loops: int) -> float:
    """Seconds for `loops` calls and the wait for what they began."""
    call = case.call
    result = None
    began = time.perf_counter()
    for _ in range(loops):
        result = call()
    case.sync(result)
    return time.perf_counter() - began


def serve(engine: str) -> None:
    # Answers go to the real standard output; whatever libraries print goes to standard error.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    worker = Worker(engine)
    actions = {
        "hello": worker.hello,
        "prepare": worker.prepare,
        "time": worker.time,
        "drop": worker.drop,
    }
    for line in sys.stdin:
        request = json.loads(line)
        action = actions[request.pop("do")]
        try:
            answer = action(**request)
        except Exception as error:  # noqa: BLE001 - a failing workload is a result to report
            answer = {"error": f"{type(error).__name__}: {str(error).strip()[:300]}"}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    serve(sys.argv[1])
