"""Deras gives TensorFlow's loss curves for whole training programs, eagerly and compiled."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import deras as tf

from . import load, names

GOLDEN = Path(__file__).resolve().parent.parent / "golden" / "programs.json"
# Absolute and relative. A change of the first weights in their last bit moves no curve by more
# than 5e-6 within the recorded steps, so this leaves room for other orders of summation only.
TOLERANCE = 1e-4


@pytest.fixture(scope="module")
def golden() -> dict[str, Any]:
    return json.loads(GOLDEN.read_text())


def assert_curves_equal(got: dict[str, list[float]], wanted: dict[str, list[float]]) -> None:
    assert sorted(got) == sorted(wanted)
    for curve, values in wanted.items():
        assert len(got[curve]) == len(values), f"{curve}: number of steps"
        for step, (mine, theirs) in enumerate(zip(got[curve], values, strict=True)):
            gap = abs(mine - theirs)
            # Written so that NaN fails.
            assert gap <= TOLERANCE * (1.0 + abs(theirs)), (
                f"{curve} leaves TensorFlow's at step {step}: "
                f"got {mine:.9g}, wanted {theirs:.9g}, difference {gap:.2e}"
            )


def test_every_program_is_recorded(golden: dict[str, Any]) -> None:
    assert sorted(golden["programs"]) == names()


@pytest.mark.slow
@pytest.mark.parametrize("compiled", [False, True], ids=["eager", "compiled"])
@pytest.mark.parametrize("name", names())
def test_program_gives_tensorflow_curves(name: str, compiled: bool, golden: Any) -> None:
    got = load(name).curves(tf, golden["steps"], compiled)
    assert_curves_equal(got, golden["programs"][name])


def test_run_is_the_loss_curve(golden: dict[str, Any]) -> None:
    wanted = golden["programs"]["mlp_momentum"]["loss"][:5]
    assert load("mlp_momentum").run(tf, steps=5) == pytest.approx(wanted, abs=1e-4, rel=1e-4)
