"""Records what TensorFlow gives for the control-flow programs of tests/autograph.

    python scripts/golden_autograph.py      (an environment that has TensorFlow)

Each call of each program is run under tf.function, or eagerly where the program says that
TensorFlow's conversion cannot do it, and its values, or its error's classes, are written to
tests/golden/autograph.json.gz, gradients included.
"""

from __future__ import annotations

import functools
import gzip
import importlib
import json
import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "tests" / "golden" / "autograph.json.gz"


def main() -> None:
    import tensorflow as tf

    tf.autograph.set_verbosity(0)
    sys.path.insert(0, str(ROOT))
    cases = importlib.import_module("tests.autograph.cases")
    recorded = {}
    failed: list[str] = []
    for name, program in cases.programs().items():
        plain = functools.partial(program.run, tf)
        function = plain if program.beyond else tf.function(plain)
        calls = []
        for values in program.calls:
            result = cases.outcome(tf, function, values)
            if text := result.pop("text", None):  # it holds paths of this machine
                failed.append(f"  {name}: {result['error'][0]}: {text[-120:]}")
            if program.grad and "error" not in result:
                result["gradients"] = cases.gradients(tf, plain, values)
            calls.append(result)
        recorded[name] = calls
    text = json.dumps({"tensorflow": tf.__version__, "programs": recorded}, sort_keys=True)
    TARGET.write_bytes(gzip.compress(text.encode(), mtime=0))
    print(f"{len(recorded)} programs, {sum(map(len, recorded.values()))} calls")
    print(f"{len(failed)} errors, besides those of programs_errors:")
    print("\n".join(line for line in failed if not line.startswith("  errors.")))


if __name__ == "__main__":
    main()
