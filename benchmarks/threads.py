#!/usr/bin/env python3
"""Sixteen threads call, trace and convert the same functions at once: right answers, one trace.

    python benchmarks/threads.py               # exit status 1 if something was wrong
    python benchmarks/threads.py --threads 32 --calls 500

Every scenario starts its threads at one barrier, so that the first calls meet. It prints calls,
wrong answers, exceptions, and traces next to the number there should be.
"""

from __future__ import annotations

import argparse
import linecache
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
QUICK = (
    "--xla_backend_optimization_level=0 --xla_cpu_use_fusion_emitters=false "
    "--xla_cpu_parallel_codegen_split_count=1"
)
SOURCE = """
def helper(x, k):
    if x > 10.0:
        return x * 0.5
    elif k % 2 == 0:
        return x + 1.0
    return x + 2.0

def f(tf, x, n):
    traces.append(1)
    for k in tf.range(n):
        x = helper(x, k)
        if x > 1000.0:
            break
    return x

def plain(x, n):
    for k in range(n):
        x = helper(x, k)
    return x
"""


class Scenario:
    """What the threads do, and how it is judged.

    Attributes:
      call: `call(thread, number)` gives whether the answer was right.
      traces: Grows by one with each trace.
      wanted: How many traces there should be.
      finish: What was wrong at the end, or None.
    """

    def __init__(
        self,
        call: Callable[[int, int], bool],
        traces: list[int],
        wanted: int,
        finish: Callable[[int, int], str | None] = lambda threads, calls: None,
    ) -> None:
        self.call = call
        self.traces = traces
        self.wanted = wanted
        self.finish = finish


def new_source(tf: Any) -> tuple[Any, Any, list[int]]:
    """A function that no one has converted yet, what it does in plain Python, and its traces."""
    name = f"<threads {time.perf_counter_ns()}>"
    linecache.cache[name] = (len(SOURCE), None, SOURCE.splitlines(True), name)
    names: dict[str, Any] = {"traces": []}
    exec(compile(SOURCE, name, "exec"), names)
    return names["f"], names["plain"], names["traces"]


def one_signature(tf: Any) -> Scenario:
    """One function, one signature; conversion and tracing start in all threads at once."""
    f, plain, traces = new_source(tf)
    function = tf.function(f)

    def call(thread: int, number: int) -> bool:
        x, n = float(thread), number % 5
        return float(function(tf, tf.constant(x), tf.constant(n))) == plain(x, n)

    return Scenario(call, traces, 1)


def many_signatures(tf: Any) -> Scenario:
    """One function, four signatures by shape and dtype, met in another order by each thread."""
    traces: list[int] = []

    @tf.function
    def total(x: Any) -> Any:
        traces.append(1)
        s = tf.reduce_sum(x)
        if s > 3.0:
            s = s * 2.0
        return s

    kinds = [(2, "float32"), (3, "float32"), (4, "float64"), (5, "float32")]

    def call(thread: int, number: int) -> bool:
        size, dtype = kinds[(thread + number) % 4]
        found = total(tf.ones([size], dtype))
        return float(found) == (size * 2.0 if size > 3 else float(size)) and found.dtype == dtype

    return Scenario(call, traces, 4)


def function_each(tf: Any) -> Scenario:
    """A function object of its own per thread, of one source: one conversion serves all."""
    f, plain, traces = new_source(tf)
    local = threading.local()

    def call(thread: int, number: int) -> bool:
        if not hasattr(local, "function"):
            local.function = tf.function(f)
        x, n = float(thread), number % 5
        return float(local.function(tf, tf.constant(x), tf.constant(n))) == plain(x, n)

    return Scenario(call, traces, -1)


def reading_variables(tf: Any) -> Scenario:
    """A function that makes its variable in its first call and reads it from then on."""
    traces: list[int] = []
    made: list[Any] = []

    @tf.function
    def scaled(x: Any) -> Any:
        traces.append(1)
        if not made:
            made.append(tf.Variable(3.0))
        return x * made[0]

    def call(thread: int, number: int) -> bool:
        return float(scaled(tf.constant(float(number)))) == 3.0 * number

    def finish(threads: int, calls: int) -> str | None:
        return None if len(made) == 1 else f"{len(made)} variables were made"

    # TensorFlow traces once more after the trace that makes variables.
    return Scenario(call, traces, 2, finish)


def writing_variables(tf: Any) -> Scenario:
    """A variable that all threads add to: no addition may be lost."""
    traces: list[int] = []
    total = tf.Variable(0, dtype=tf.int64)

    @tf.function
    def add(n: Any) -> Any:
        traces.append(1)
        for _ in tf.range(2):
            total.assign_add(n)
        return total.read_value()

    def call(thread: int, number: int) -> bool:
        value = int(add(tf.constant(1, tf.int64)))
        return value % 2 == 0 and value > 0

    def finish(threads: int, calls: int) -> str | None:
        wanted = 2 * threads * calls
        return None if int(total) == wanted else f"the sum is {int(total)}, not {wanted}"

    return Scenario(call, traces, 1, finish)


def gradients(tf: Any) -> Scenario:
    """A tape of its own in each thread around one function with a loop and a branch."""
    traces: list[int] = []
    v = tf.Variable(2.0)

    @tf.function
    def power(x: Any, n: Any) -> Any:
        traces.append(1)
        y = x
        for _ in tf.range(n):
            if y < 1e6:
                y = y * x * v
        return y

    def call(thread: int, number: int) -> bool:
        n = number % 4
        x = tf.constant(1.0)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = power(x, tf.constant(n))
        slopes = [float(g or 0.0) for g in tape.gradient(y, [x, v])]
        return slopes == [(n + 1) * 2.0**n, n * 2.0 ** (n - 1) if n else 0.0]

    return Scenario(call, traces, 1)


def methods(tf: Any) -> Scenario:
    """Methods of instances that come and go."""
    traces: list[int] = []

    class Model:
        def __init__(self, scale: float) -> None:
            self.scale = scale

        @tf.function
        def __call__(self, x: Any) -> Any:
            traces.append(1)
            if x > 1.0:
                return x * self.scale
            return x - self.scale

    local = threading.local()

    def call(thread: int, number: int) -> bool:
        if number % 50 == 0:
            local.model = Model(float(thread))
        x = float(number % 3)
        wanted = x * thread if x > 1.0 else x - thread
        return float(local.model(tf.constant(x))) == wanted

    return Scenario(call, traces, -2)


SCENARIOS = (
    one_signature,
    many_signatures,
    function_each,
    reading_variables,
    writing_variables,
    gradients,
    methods,
)


def run(make: Callable[[Any], Scenario], tf: Any, options: Any) -> bool:
    """Runs a scenario, prints what was seen; gives whether all was right."""
    scenario = make(tf)
    barrier = threading.Barrier(options.threads)
    wrong: list[tuple[int, int]] = []
    raised: list[str] = []

    def work(thread: int) -> None:
        barrier.wait()
        for number in range(options.calls):
            try:
                if not scenario.call(thread, number):
                    wrong.append((thread, number))
            except Exception as error:  # noqa: BLE001 - counted and shown
                raised.append(f"{type(error).__name__}: {str(error).splitlines()[0]}")

    began = time.perf_counter()
    threads = [threading.Thread(target=work, args=(i,)) for i in range(options.threads)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wanted = scenario.wanted
    if wanted == -1:
        wanted = options.threads
    elif wanted == -2:
        wanted = options.threads * -(-options.calls // 50)
    ending = scenario.finish(options.threads, options.calls)
    right = not wrong and not raised and ending is None and len(scenario.traces) == wanted
    print(
        f"{make.__name__:18s} {options.threads * options.calls:6d} calls, "
        f"{len(wrong)} wrong, {len(raised)} raised, {len(scenario.traces)} traces of {wanted}, "
        f"{time.perf_counter() - began:.1f} s  {'ok' if right else 'FAILED'}",
        flush=True,
    )
    for text in [*sorted(set(raised))[:3], *([ending] if ending else [])]:
        print(f"    {text}", flush=True)
    return right


def main() -> int:
    """Runs what the arguments ask for; gives the exit status."""
    names = [make.__name__ for make in SCENARIOS]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=16)
    parser.add_argument("--calls", type=int, default=100, help="per thread")
    parser.add_argument("--only", nargs="*", choices=names, default=names)
    options = parser.parse_args()
    os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {QUICK}".strip()
    sys.path.insert(0, str(HERE.parent))
    sys.setswitchinterval(1e-5)  # threads change often, as they do on a busy machine
    import deras as tf

    right = [run(make, tf, options) for make in SCENARIOS if make.__name__ in options.only]
    print("all right" if all(right) else "FAILED")
    return 0 if all(right) else 1


if __name__ == "__main__":
    sys.exit(main())
