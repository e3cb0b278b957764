#!/usr/bin/env python3
"""Record what the pipelines of tests/data/pipelines.py give, from real TensorFlow.

Run it in an environment that has TensorFlow (Deras is not needed there):

    python scripts/golden_data.py             # all, rewrites the file
    python scripts/golden_data.py shuffle     # those whose name has the word, the rest is kept
    python scripts/golden_data.py --check     # writes nothing, compares with the file
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
GOLDEN = ROOT / "tests" / "golden" / "data.json"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("words", nargs="*", help="record cases whose name has one; all if none")
    parser.add_argument("--check", action="store_true", help="compare with the file, do not write")
    options = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import tensorflow as tf

    tf.autograph.set_verbosity(0)
    tf.get_logger().setLevel("ERROR")
    sys.path.insert(0, str(ROOT / "tests" / "data"))
    import pipelines

    stored = json.loads(GOLDEN.read_text()) if GOLDEN.exists() else {"cases": {}}
    cases = {name: stored["cases"][name] for name in pipelines.CASES if name in stored["cases"]}
    unlike = []
    for name in pipelines.CASES:
        if options.words and not any(word in name for word in options.words):
            continue
        try:
            found = pipelines.result(tf, name)
        except Exception as error:  # noqa: BLE001 - told, and the others go on
            print(f"{name}: {type(error).__name__}: {str(error).splitlines()[0][:200]}")
            unlike.append(name)
            continue
        if options.check and cases.get(name) != found:
            unlike.append(name)
        cases[name] = found
    print(f"{len(cases)} cases; unlike the file or failed: {unlike or 'none'}")
    if options.check:
        return 1 if unlike else 0
    lines = [f"{json.dumps(name)}: {json.dumps(cases[name])}" for name in sorted(cases)]
    text = '{"tensorflow": %s, "cases": {\n%s\n}}\n'
    GOLDEN.write_text(text % (json.dumps(tf.__version__), ",\n".join(lines)))
    return 1 if unlike else 0


if __name__ == "__main__":
    sys.exit(main())
