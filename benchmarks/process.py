"""Costs of a whole process: how long an import takes, how much memory, the first training step.

    python process.py tf import       # prints {"seconds": ..., "megabytes": ...}
    python process.py tf first_step   # the same, after the first compiled step of the small MLP
    python process.py tf first_step xla

`run.py` starts each of these in fresh processes; for the first step it takes the time from the
start of the process, which it sees from outside, until the line is printed.
"""

from __future__ import annotations

import importlib
import json
import resource
import sys
import time
from pathlib import Path


def resident_megabytes() -> float:
    """Resident memory of this process now; the peak where there is no /proc."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except FileNotFoundError:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak / (2**20 if sys.platform == "darwin" else 1024)
    return pages * resource.getpagesize() / 2**20


def main(engine: str, what: str, variant: str = "default") -> None:
    began = time.perf_counter()
    if what == "import":
        module = {"tf": "tensorflow"}.get(engine, engine)
        importlib.import_module(module)
        if engine == "jax":
            importlib.import_module("jax.numpy")
    elif what == "first_step":
        worker = importlib.import_module("worker")
        worker.factory(engine, "small_mlp", variant)()
    else:
        raise SystemExit(f"process.py: no measurement named {what!r}")
    seconds = time.perf_counter() - began
    print(json.dumps({"seconds": seconds, "megabytes": resident_megabytes()}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
