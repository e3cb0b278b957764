"""Control-flow programs give TensorFlow's values, gradients and errors, in every mode."""

from __future__ import annotations

import functools
import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import deras as tf

from .cases import gradients, outcome, programs

GOLDEN = Path(__file__).resolve().parent.parent / "golden" / "autograph.json.gz"
RECORDED = json.loads(gzip.decompress(GOLDEN.read_bytes()))["programs"]
PROGRAMS = programs()


def assert_same(got: Any, wanted: Any, where: str, zeros: bool = False) -> None:
    assert len(got) == len(wanted), where
    for mine, theirs in zip(got, wanted, strict=True):
        if theirs is None or mine is None:
            # A branch of a graph has a gradient, zero, by what the branch taken does not use.
            assert mine is theirs or (zeros and not np.any((mine or theirs)[2])), where
            continue
        assert mine[:2] == theirs[:2], f"{where}: dtype and shape {mine[:2]}, not {theirs[:2]}"
        if mine[0] in ("string", "bool"):
            assert mine[2] == theirs[2], where
        else:
            np.testing.assert_allclose(mine[2], theirs[2], rtol=2e-5, atol=1e-6, err_msg=where)


def check(function: Any, values: Any, wanted: dict[str, Any], where: str) -> None:
    got = outcome(tf, function, values)
    if "error" in wanted:
        assert "error" in got, f"{where}: no error, but TensorFlow raises {wanted['error'][0]}"
        assert wanted["error"][0] in got["error"], f"{where}: {got}"
        return
    assert "error" not in got, f"{where}: {got}"
    assert_same(got["values"], wanted["values"], where)


def test_every_program_is_recorded() -> None:
    assert sorted(RECORDED) == sorted(PROGRAMS)
    assert len(PROGRAMS) >= 250


@pytest.mark.parametrize("name", sorted(PROGRAMS))
def test_program(name: str) -> None:
    program, recorded = PROGRAMS[name], RECORDED[name]
    plain = functools.partial(program.run, tf)
    modes = {"eager": plain, "function": tf.function(plain)}
    failing = any("error" in call for call in recorded)
    if not program.eager or failing:
        del modes["eager"]
    if (
        program.jit
        and not failing
        and not any(
            value is not None and value[0] == "string" for c in recorded for value in c["values"]
        )
    ):
        modes["jit"] = tf.function(plain, jit_compile=True)
    for mode, function in modes.items():
        for values, wanted in zip(program.calls, recorded, strict=True):
            check(function, values, wanted, f"{name}{values} {mode}")
    for values, wanted in zip(program.calls, recorded, strict=True):
        if "gradients" in wanted:
            for mode in ("eager", "function"):
                got = gradients(tf, modes[mode], values)
                assert_same(got, wanted["gradients"], f"gradients of {name}{values} {mode}", True)
