#!/usr/bin/env python3
"""Record the loss curves of tests/programs from real TensorFlow.

Run it in an environment that has TensorFlow (Deras is not needed there):

    python scripts/golden_programs.py                 # all programs, rewrites the file
    python scripts/golden_programs.py mlp_momentum    # these only, the rest is kept
    python scripts/golden_programs.py --check         # writes nothing, compares with the file

Every program runs twice, eagerly and with its steps compiled by tf.function. The eager curves are
recorded; where the two disagree by more than AGREEMENT the program is no good as a reference, and
nothing is written.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
GOLDEN = ROOT / "tests" / "golden" / "programs.json"
STEPS = 50
AGREEMENT = 1e-5

Curves = dict[str, list[float]]


def distance(left: Curves, right: Curves) -> float:
    """Largest |a - b| / (1 + |a|) over all curves; infinite if they differ in form."""
    if {k: len(v) for k, v in left.items()} != {k: len(v) for k, v in right.items()}:
        return float("inf")
    gaps = [
        abs(a - b) / (1.0 + abs(a))
        for name, curve in left.items()
        for a, b in zip(curve, right[name], strict=True)
    ]
    # max() would pass over a NaN, depending on its place.
    return float("inf") if any(gap != gap for gap in gaps) else max(gaps)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="programs to record; all if none is given")
    parser.add_argument("--check", action="store_true", help="compare with the file, do not write")
    options = parser.parse_args()

    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import tensorflow as tf

    sys.path.insert(0, str(ROOT / "tests"))
    import programs

    stored: dict[str, Any] = json.loads(GOLDEN.read_text()) if GOLDEN.exists() else {}
    recorded: dict[str, Curves] = dict(stored.get("programs", {}))
    failures = []
    for name in options.names or programs.names():
        module = programs.load(name)
        began = time.perf_counter()
        eager = module.curves(tf, STEPS, False)
        compiled = module.curves(tf, STEPS, True)
        gap = distance(eager, compiled)
        seconds = time.perf_counter() - began
        print(f"{name:26} {seconds:6.1f} s  eager against compiled {gap:.1e}", flush=True)
        if not gap <= AGREEMENT:
            failures.append(f"{name}: eager and compiled differ by {gap:.1e}")
        if options.check:
            old = distance(recorded.get(name, {}), eager)
            if not old <= AGREEMENT:
                failures.append(f"{name}: differs from the file by {old:.1e}")
        # Nine digits give any float32 back exactly.
        recorded[name] = {
            curve: [float(f"{value:.9g}") for value in values] for curve, values in eager.items()
        }
    if failures:
        print("\n".join(failures), file=sys.stderr)
        return 1
    if options.check:
        return 0
    known = programs.names()
    document = {
        "tensorflow": tf.__version__,
        "date": datetime.date.today().isoformat(),
        "machine": f"{platform.system()} {platform.machine()}, CPU",
        "steps": STEPS,
        "programs": {name: recorded[name] for name in known if name in recorded},
    }
    GOLDEN.parent.mkdir(parents=True, exist_ok=True)
    partial = GOLDEN.with_suffix(".partial")
    partial.write_text(format_document(document))
    os.replace(partial, GOLDEN)
    print(f"wrote {GOLDEN.relative_to(ROOT)}: {len(document['programs'])} programs")
    return 0


def format_document(document: dict[str, Any]) -> str:
    """JSON with one curve a line, so that a changed curve is one changed line."""
    head = {key: value for key, value in document.items() if key != "programs"}
    lines = [f"  {json.dumps(key)}: {json.dumps(value)}," for key, value in head.items()]
    blocks = []
    for name, curves in document["programs"].items():
        rows = [f"      {json.dumps(key)}: {json.dumps(values)}" for key, values in curves.items()]
        blocks.append(f"    {json.dumps(name)}: {{\n" + ",\n".join(rows) + "\n    }")
    body = ",\n".join(blocks)
    return "{\n" + "\n".join(lines) + '\n  "programs": {\n' + body + "\n  }\n}\n"


if __name__ == "__main__":
    sys.exit(main())
