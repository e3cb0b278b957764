#!/usr/bin/env python3
"""Input pipelines, in Deras and in TensorFlow: the same file, run by both in turns.

    python benchmarks/data.py --tensorflow PATH/TO/PYTHON    # ratios
    python benchmarks/data.py --engine deras                 # one engine alone, as JSON

A figure is the least time of all rounds, in microseconds for each element that the pipeline gives.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
ELEMENTS = 100_000


def workloads(tf: Any, folder: Path) -> dict[str, Callable[[], int]]:
    """Name -> a function that runs a pipeline once and says how many elements it gave."""
    data = tf.data.Dataset

    def scaled(x: Any) -> Any:
        return tf.cast(x, tf.float32) * 2.0 + 1.0

    def shaped(x: Any) -> Any:
        return tf.range(x % 4)

    records = data.from_tensor_slices([b"x" * 200] * 20_000)
    path = str(folder / "records.tfrecord")
    with tf.io.TFRecordWriter(path) as writer:
        for record in records.as_numpy_iterator():
            writer.write(record)
    pipelines = {
        "map, shuffle, batch 64": data.range(ELEMENTS).map(scaled).shuffle(1000).batch(64),
        "range, one by one": data.range(20_000),
        "map, one by one": data.range(20_000).map(scaled),
        "map of several shapes": data.range(2_000).map(shaped),
        "filter": data.range(ELEMENTS).filter(lambda x: x % 10 == 0),
        "flat_map": data.range(500).flat_map(lambda x: data.range(10)),
        "cache, shuffle, batch 64": data.range(ELEMENTS)
        .map(scaled)
        .cache()
        .shuffle(1000)
        .batch(64),
        "map, batch 64, prefetch": data.range(ELEMENTS)
        .map(scaled, num_parallel_calls=tf.data.AUTOTUNE)
        .batch(64)
        .prefetch(tf.data.AUTOTUNE),
        "TFRecord, batch 100": tf.data.TFRecordDataset(path).batch(100),
    }

    def run(dataset: Any) -> Callable[[], int]:
        def once() -> int:
            count = 0
            for _ in dataset:
                count += 1
            return count

        return once

    return {name: run(dataset) for name, dataset in pipelines.items()}


def measure(engine: str, rounds: int) -> dict[str, float]:
    """Microseconds for each element, of one engine."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if engine == "deras":
        sys.path.insert(0, str(ROOT))
    tf = importlib.import_module({"tf": "tensorflow"}.get(engine, engine))
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, run in workloads(tf, Path(folder)).items():
            run()  # traces and compiles
            times = []
            for _ in range(rounds):
                began = time.perf_counter()
                count = run()
                times.append((time.perf_counter() - began) / count)
            found[name] = min(times) * 1e6
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--engine", choices=["tf", "deras"], help="measure one engine, as JSON")
    parser.add_argument("--tensorflow", help="a Python that has TensorFlow")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--turns", type=int, default=2)
    options = parser.parse_args()
    if options.engine:
        print(json.dumps(measure(options.engine, options.rounds)))
        return
    if not options.tensorflow:
        parser.error("--tensorflow or --engine is needed")
    best: dict[str, dict[str, float]] = {"tf": {}, "deras": {}}
    for _ in range(options.turns):
        for engine, python in (("tf", options.tensorflow), ("deras", sys.executable)):
            command = [python, __file__, "--engine", engine, "--rounds", str(options.rounds)]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            for name, value in json.loads(done.stdout.splitlines()[-1]).items():
                best[engine][name] = min(value, best[engine].get(name, value))
    print(f"{'us an element':28} {'TensorFlow':>11} {'Deras':>9} {'ratio':>6}")
    for name, theirs in best["tf"].items():
        ours = best["deras"][name]
        print(f"{name:28} {theirs:11.2f} {ours:9.2f} {ours / theirs:6.2f}")
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")


if __name__ == "__main__":
    main()
