#!/usr/bin/env python3
"""Is what `tf.function` makes let go of? Functions, instances, traces made and dropped, many times.

    python benchmarks/leaks.py                 # 2,000 of each kind; exit status 1 if one leaks
    python benchmarks/leaks.py --count 200 --only methods loops

Per kind it prints resident memory as it goes, and how many objects of the library's classes the
garbage collector knows. From where three in five are made to the end the objects must stay as many,
whatever else; memory may grow by `--limit` MB, as allocators keep pages. Before, caches fill to
their bounds: a function keeps up to 1,024 traces, so `signatures` needs the full count to be flat.
"""

from __future__ import annotations

import argparse
import gc
import linecache
import os
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
POINTS = 10
EARLY = 6  # the point that later ones are compared with
# Compiled programs run once here, so they are compiled by the cheapest means.
QUICK = (
    "--xla_backend_optimization_level=0 --xla_cpu_use_fusion_emitters=false "
    "--xla_cpu_parallel_codegen_split_count=1"
)


def functions(tf: Any) -> Callable[[int], None]:
    """A function over a variable of its own, traced, compiled and run."""

    def make(i: int) -> None:
        w = tf.Variable(tf.ones([4]))
        f = tf.function(lambda x: tf.reduce_sum(x * w))
        f(tf.ones([4]))

    return make


def methods(tf: Any) -> Callable[[int], None]:
    """An instance whose decorated method is traced for it."""

    class Model:
        def __init__(self) -> None:
            self.w = tf.Variable(1.0)

        @tf.function
        def step(self, x: Any) -> Any:
            if x > 0.0:
                self.w.assign_add(x)
            return self.w * x

    def make(i: int) -> None:
        model = Model()  # held: the bound method itself does not hold it, as in TensorFlow
        model.step(tf.constant(2.0))

    return make


def signatures(tf: Any) -> Callable[[int], None]:
    """One function, kept, that is traced for many Python values."""

    @tf.function
    def scaled(x: Any, factor: Any) -> Any:
        return x * factor.value

    class Factor:
        def __init__(self, value: float) -> None:
            self.value = value

    def make(i: int) -> None:
        # Few values: constants made of Python's numbers are kept, up to 4,096 of them.
        scaled(tf.constant(2.0), Factor(float(i % 16)))

    return make


def conversions(tf: Any) -> Callable[[int], None]:
    """Source of its own, converted, with a helper that is converted when it is called."""
    source = (
        "def helper(x):\n"
        "    if x > 1.0:\n"
        "        return x * 0.5\n"
        "    return x\n"
        "\n"
        "def f(tf, x):\n"
        "    for i in tf.range(3):\n"
        "        x = helper(x) + {number}\n"
        "        if x > 100.0:\n"
        "            break\n"
        "    return x\n"
    )

    def make(i: int) -> None:
        name, text = f"<leaks {i}>", source.format(number=i % 7)
        linecache.cache[name] = (len(text), None, text.splitlines(True), name)
        names: dict[str, Any] = {}
        exec(compile(text, name, "exec"), names)
        tf.function(names["f"]).get_concrete_function(tf, tf.TensorSpec([], tf.float32))
        del linecache.cache[name]

    return make


def loops(tf: Any) -> Callable[[int], None]:
    """Traces of nested loops, branches and TensorArrays; one in ten is compiled and run."""

    def make(i: int) -> None:
        def f(x: Any, n: Any) -> Any:
            rows = tf.TensorArray(tf.float32, size=3, element_shape=[])
            for i in tf.range(3):
                j = tf.constant(0)
                while j < n:
                    j += 1
                    x = tf.sin(x) if x > 0.5 else x + 0.1
                rows = rows.write(i, x)
            return tf.reduce_sum(rows.stack())

        function = tf.function(f)
        if i % 10:
            function.get_concrete_function(tf.constant(1.0), tf.constant(2))
        else:
            function(tf.constant(1.0), tf.constant(2))

    return make


def gradients(tf: Any) -> Callable[[int], None]:
    """Traces with a tape inside, around a loop that reads and writes a variable."""

    def make(i: int) -> None:
        v = tf.Variable(0.5)

        def slope(x: Any, n: Any) -> Any:
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = x
                for _ in tf.range(n):
                    y = y * v
                    v.assign_add(0.1)
            return tape.gradient(y, [x, v])

        tf.function(slope).get_concrete_function(tf.constant(1.0), tf.constant(2))

    return make


def tapes(tf: Any) -> Callable[[int], None]:
    """A function of its own with a loop, compiled, run and differentiated by a tape around it."""

    def make(i: int) -> None:
        v = tf.Variable(0.5)

        @tf.function
        def power(x: Any, n: Any) -> Any:
            for _ in tf.range(n):
                x = x * v
            return x

        x = tf.constant(1.0)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = power(x, tf.constant(2))
        tape.gradient(y, [x, v])

    return make


def eager(tf: Any) -> Callable[[int], None]:
    """Eager TensorArrays and tapes over Python loops."""

    def make(i: int) -> None:
        x = tf.constant(1.0)
        with tf.GradientTape() as tape:
            tape.watch(x)
            rows = tf.TensorArray(tf.float32, size=0, dynamic_size=True)
            for k in range(1 + i % 4):
                rows = rows.write(k, x * float(k))
            y = tf.reduce_sum(rows.stack())
        tape.gradient(y, x)

    return make


KINDS = (functions, methods, signatures, conversions, loops, gradients, tapes, eager)


def live_objects() -> Counter[str]:
    """Objects of the library's classes, and all functions and code, by class."""
    gc.collect()
    found: Counter[str] = Counter()
    for thing in gc.get_objects():
        kind = type(thing)
        if str(kind.__module__).startswith(("deras.", __name__)):
            found[kind.__qualname__] += 1
        elif kind.__name__ in ("function", "cell", "frame", "traceback"):
            found[kind.__name__] += 1
    return found


def measure(kind: Callable[[Any], Callable[[int], None]], tf: Any, options: Any) -> bool:
    """Makes and drops things of one kind; prints the curve; gives whether they were let go of."""
    sys.path.insert(0, str(HERE))
    from process import resident_megabytes

    print(f"{kind.__name__}: {kind.__doc__}", flush=True)
    make, count = kind(tf), options.count
    each = max(1, count // POINTS)
    curve: list[float] = []
    early: Counter[str] = Counter()
    began = time.perf_counter()
    for i in range(count):
        make(i)
        if (i + 1) % each == 0:
            objects = live_objects()
            curve.append(resident_megabytes())
            total = sum(objects.values())
            print(f"  {i + 1:6d}  {curve[-1]:8.1f} MB  {total:8d} objects", flush=True)
            if len(curve) == EARLY:
                early = objects
    more = {name: n - early[name] for name, n in objects.items() if n > early[name]}
    growth = curve[-1] - curve[EARLY - 1]
    rest = count - each * EARLY
    # A leak keeps at least one object of each thing made; caches may keep a few.
    kept = {name: n for name, n in more.items() if n > options.slack * rest}
    print(
        f"  late part: {growth:+.1f} MB, objects more: {more or 'none'}; "
        f"{1e3 * (time.perf_counter() - began) / count:.1f} ms each",
        flush=True,
    )
    if kept:
        print(f"  LEAK: {kept}", flush=True)
    if growth > options.limit:
        print(f"  LEAK: more than {options.limit:g} MB in the late part", flush=True)
    return not kept and growth <= options.limit


def main() -> int:
    """Runs what the arguments ask for; gives the exit status."""
    names = [kind.__name__ for kind in KINDS]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=2_000, help="of each kind, at least 10")
    parser.add_argument("--only", nargs="*", choices=names, default=names)
    parser.add_argument("--limit", type=float, default=25.0, help="MB the late part may gain")
    parser.add_argument("--slack", type=float, default=0.02, help="objects kept per thing made")
    options = parser.parse_args()
    os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {QUICK}".strip()
    sys.path.insert(0, str(HERE.parent))
    import deras as tf

    flat = [measure(kind, tf, options) for kind in KINDS if kind.__name__ in options.only]
    print("flat" if all(flat) else "FAILED: not flat")
    return 0 if all(flat) else 1


if __name__ == "__main__":
    sys.exit(main())
