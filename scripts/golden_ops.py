#!/usr/bin/env python3
"""Record TensorFlow's answers to the op table, tests/op_cases.

Run it in an environment that has TensorFlow (Deras is not needed there):

    python scripts/golden_ops.py                                    # every family
    python scripts/golden_ops.py --family math_binary               # this one
    python scripts/golden_ops.py --family nn --only-missing         # new and changed rows only
    python scripts/golden_ops.py --family nn --case leaky           # rows with this in their id

For each row: outputs and their dtypes in every dtype of the row (or the class of the error with
which TensorFlow refuses it), gradients in the first dtype, the result for empty inputs, static
shapes with unknown dims, and the class of each error that the row expects.

A row counts as changed when its inputs, attributes or dtypes did; a changed `call` is not seen:
name its row with --case.
"""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))


def leaf_entry(writer: Any, leaf: Any, keep_value: bool) -> Any:
    """What is recorded of one leaf of a result."""
    from op_cases.running import is_tensor

    if is_tensor(leaf):
        array = leaf.numpy()
        name = leaf.dtype.name
        if keep_value:
            return writer.array(np.asarray(array), name)
        return [name, list(leaf.shape), None]
    if isinstance(leaf, (np.ndarray, np.generic)):
        return writer.array(np.asarray(leaf), str(leaf.dtype))
    return {"python": str(leaf)}


def gradient_entry(tf: Any, writer: Any, gradient: Any) -> Any:
    """What is recorded of one gradient."""
    from op_cases.running import dense, is_slices

    if gradient is None:
        return None
    kept = writer.array(dense(tf, gradient), gradient.dtype.name)
    return {"slices": kept} if is_slices(gradient) else kept


def error_of(tf: Any, run: Callable[[], Any]) -> str | None:
    """The name of the class that `run` raises, or None."""
    from op_cases.running import error_name

    try:
        run()
    except Exception as error:  # noqa: BLE001 - whatever TensorFlow raises is the answer
        return error_name(tf, error)
    return None


def record(tf: Any, writer: Any, case: Any) -> dict[str, Any]:
    """The answers for one row."""
    from op_cases import running

    main = case.dtypes[0]
    entry: dict[str, Any] = {"digest": case.digest(), "dtypes": {}}
    values = running.tensors(tf, case, main)
    outputs, gradients = running.forward_and_gradients(tf, case, values)
    entry["dtypes"][main] = [leaf_entry(writer, leaf, case.value) for leaf in outputs]
    entry["gradients"] = [gradient_entry(tf, writer, g) for g in gradients]
    for dtype in case.dtypes[1:]:
        try:
            outputs = running.forward(tf, case, running.tensors(tf, case, dtype))
            entry["dtypes"][dtype] = [leaf_entry(writer, leaf, case.value) for leaf in outputs]
        except Exception as error:  # noqa: BLE001 - a refusal is an answer
            entry["dtypes"][dtype] = {"error": running.error_name(tf, error)}
            print(f"    {case.id}: {dtype} is refused: {str(error).splitlines()[0][:120]}")
    if case.empty:
        try:
            outputs = running.forward(tf, case, running.tensors(tf, case, main, empty=True))
            entry["empty"] = [leaf_entry(writer, leaf, case.value) for leaf in outputs]
        except Exception:  # noqa: BLE001 - no result for empty inputs, so none is wanted
            entry["empty"] = None
    if case.unknown and any(leaf.argument for leaf in case.leaves):
        entry["inferred"] = {}
        for kind in ("batch", "dims", "rank"):
            try:
                entry["inferred"][kind] = running.inferred(tf, case, values, kind)
            except Exception:  # noqa: BLE001 - it asks for the shape, so it is not asked here
                entry["inferred"][kind] = None
    entry["raises"] = [record_error(tf, case, r) for r in case.raises]
    return entry


def record_error(tf: Any, case: Any, raises: Any) -> dict[str, Any]:
    """The classes of the error of one expected failure, eager and in a function."""
    from op_cases import running

    failing = case.failing(raises)
    values = running.tensors(tf, failing, case.dtypes[0])
    arguments, join = running.splitting(failing, values)

    def body(*inner: Any) -> Any:
        return [x for x in running.forward(tf, failing, join(inner)) if running.is_tensor(x)]

    found = {
        "eager": error_of(tf, lambda: running.forward(tf, failing, values)),
        "function": error_of(tf, lambda: tf.function(body, autograph=False)(*arguments)),
    }
    if found["eager"] is None and raises.error is None and "eager" in raises.modes:
        raise AssertionError(f"TensorFlow does not raise for {failing.id}; give error= if we do")
    return found


def copy_arrays(reader: Any, writer: Any, tf: Any, value: Any) -> Any:
    """An old entry, its arrays moved into the new file."""
    if isinstance(value, dict):
        return {k: copy_arrays(reader, writer, tf, v) for k, v in value.items()}
    if isinstance(value, list):
        if len(value) == 3 and isinstance(value[0], str) and isinstance(value[1], list):
            if not isinstance(value[2], int):
                return value
            numpy_dtype = tf.as_dtype(value[0]).as_numpy_dtype
            return writer.array(reader.array(value, numpy_dtype), value[0])
        return [copy_arrays(reader, writer, tf, v) for v in value]
    return value


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--family", action="append", help="families to record; default all")
    parser.add_argument("--case", help="record rows whose id holds this text, keep the others")
    parser.add_argument("--only-missing", action="store_true", help="keep rows that did not change")
    options = parser.parse_args()

    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
    import tensorflow as tf
    from op_cases import families
    from op_cases.golden import Reader, Writer

    tf.get_logger().setLevel("ERROR")
    known = families(options.family)
    unknown = sorted(set(options.family or ()) - set(known))
    if unknown:
        print(f"no such family: {', '.join(unknown)}", file=sys.stderr)
        return 1
    failures = []
    for family, cases in known.items():
        began = time.perf_counter()
        reader, writer = Reader(family), Writer()
        recorded = 0
        for case in cases:
            old = reader.cases.get(case.id)
            try:
                kept = options.only_missing or (options.case and options.case not in case.id)
                if kept and old is not None and old["digest"] == case.digest():
                    writer.document[case.id] = copy_arrays(reader, writer, tf, old)
                    continue
                writer.document[case.id] = record(tf, writer, case)
                recorded += 1
            except Exception as error:  # noqa: BLE001 - reported at the end, the others are kept
                text = (str(error).strip() or "no text").splitlines()[0]
                failures.append(f"{family}: {case.id}: {type(error).__name__}: {text}")
        info = {
            "tensorflow": tf.__version__,
            "date": datetime.date.today().isoformat(),
            "machine": f"{platform.system()} {platform.machine()}, CPU",
        }
        path = writer.save(family, info)
        seconds = time.perf_counter() - began
        size = path.stat().st_size
        print(f"{family:20} {recorded} of {len(cases)} rows, {size} bytes, {seconds:.1f} s")
    if failures:
        print("\n".join(["not recorded:", *failures]), file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
