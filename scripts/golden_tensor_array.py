#!/usr/bin/env python3
"""Records from TensorFlow what the programs of tests/control_flow/tensor_array*_cases.py give.

Each runs eagerly and inside `tf.function`. Values are kept as nested lists, errors as their class
and first line.

    python scripts/golden_tensor_array.py            # all programs, rewrites the file
    python scripts/golden_tensor_array.py read       # prints those whose name has "read" in it
"""

from __future__ import annotations

import datetime
import json
import os
import platform
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
# Programs that end TensorFlow's process when they run inside a function.
CRASHES = ("scatter_negative",)
GOLDEN = ROOT / "tests" / "golden" / "tensor_array.json"


def plain(tf: Any, value: Any) -> Any:
    """Tensors as lists; plain values as they are."""
    if isinstance(value, (list, tuple)):
        return [plain(tf, v) for v in value]
    if not hasattr(value, "numpy"):
        return value
    array = value.numpy()
    if value.dtype == tf.string:
        array = tf.constant(array).numpy()
        return array.decode() if isinstance(array, bytes) else [v.decode() for v in array]
    if value.dtype.is_complex:
        return [[v.real, v.imag] for v in array.tolist()]
    return array.tolist()


def record(tf: Any, function: Any, x: Any, n: Any) -> dict[str, Any]:
    try:
        return {"value": plain(tf, function(x, n))}
    except Exception as error:  # noqa: BLE001  (which one is what is recorded)
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        message = lines[0] if lines else ""
        if message == "Graph execution error:":
            # What is wrong stands after the list of the lines that made the node.
            message = next(b for a, b in zip(lines[1:], lines, strict=False) if a[:4] == "[[{{")
        return {"error": type(error).__name__, "message": message[:200]}


def in_function(tf: Any, program: Any) -> Any:
    """The program inside a function; values that are no tensors go past it, or they would be."""
    kept: list[Any] = []

    def body(x: Any, n: Any) -> Any:
        result = program(tf, x, n)
        parts = result if isinstance(result, list) else [result]
        kept[:] = [isinstance(result, list), parts]
        return [p for p in parts if tf.is_tensor(p)]

    def run(x: Any, n: Any) -> Any:
        tensors = iter(tf.function(body, autograph=False)(x, n))
        several, parts = kept
        values = [next(tensors) if tf.is_tensor(p) else p for p in parts]
        return values if several else values[0]

    return run


def main() -> int:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import tensorflow as tf

    sys.path.insert(0, str(ROOT / "tests" / "control_flow"))
    import tensor_array_cases
    import tensor_array_flow_cases
    import tensor_array_join_cases

    cases = tensor_array_cases.CASES | tensor_array_join_cases.CASES | tensor_array_flow_cases.CASES

    x, n = tf.constant([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), tf.constant(3)
    wanted = sys.argv[1:]
    found: dict[str, Any] = {}
    for name, program in cases.items():
        if wanted and not any(w in name for w in wanted):
            continue
        found[name] = {
            "eager": record(tf, lambda x, n, p=program: p(tf, x, n), x, n),
            "function": {"error": "the process dies", "message": ""}
            if name in CRASHES
            else record(tf, in_function(tf, program), x, n),
        }
        if wanted:
            print(name, json.dumps(found[name], indent=1))
    if wanted:
        return 0
    head = {
        "tensorflow": tf.__version__,
        "date": datetime.date.today().isoformat(),
        "machine": f"{platform.system()} {platform.machine()}, CPU",
    }
    lines = [f"  {json.dumps(k)}: {json.dumps(v)}," for k, v in head.items()]
    rows = [f"    {json.dumps(k)}: {json.dumps(v)}" for k, v in found.items()]
    text = "{\n" + "\n".join(lines) + '\n  "cases": {\n' + ",\n".join(rows) + "\n  }\n}\n"
    partial = GOLDEN.with_suffix(".partial")
    partial.write_text(text)
    os.replace(partial, GOLDEN)
    print(f"wrote {GOLDEN.relative_to(ROOT)}: {len(found)} cases")
    return 0


if __name__ == "__main__":
    sys.exit(main())
