"""`deras demo`: accuracy, equal curves in the three modes, TensorFlow's curves, plain output."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "golden" / "digits.json"
MODES = ("eager", "function", "jit")
# The program's own tolerance between modes. Between the engines it is the same: the weights, the
# batches and the dropout are equal bit for bit, only sums are rounded in another order.
TOLERANCE = 1e-4

# One process runs them all, as the full run below is shared between them.
pytestmark = pytest.mark.xdist_group("demo")


def demo(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "deras", "demo", *arguments],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        timeout=900,
    )


@pytest.fixture(scope="module")
def full_run(tmp_path_factory):
    """The demo as a user starts it, in all three modes: its output and its curves."""
    folder = tmp_path_factory.mktemp("demo")
    done = demo("--check", "--curves", "curves.json", folder=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout, json.loads((folder / "curves.json").read_text())


@pytest.mark.slow
def test_every_mode_is_accurate_and_the_curves_agree(full_run):
    output, curves = full_run
    assert set(curves) == set(MODES)
    for mode in MODES:
        row = re.search(rf"^ *{mode} .*?([\d.]+)%", output, re.MULTILINE)
        assert row is not None, output
        assert float(row.group(1)) > 96.0
        for part in ("train", "validation"):
            np.testing.assert_allclose(
                curves[mode][part], curves["eager"][part], rtol=0, atol=TOLERANCE
            )


@pytest.mark.slow
@pytest.mark.parametrize("mode", MODES)
def test_the_curves_are_tensorflows(full_run, mode):
    _, curves = full_run
    golden = json.loads(GOLDEN.read_text())["eager"]
    for part, expected in golden.items():
        found = curves[mode][part][: len(expected)]
        np.testing.assert_allclose(found, expected, rtol=0, atol=TOLERANCE)


@pytest.mark.slow
def test_output_off_a_terminal_has_no_control_characters(full_run):
    output, _ = full_run
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", output)


def test_help_and_wrong_options(tmp_path):
    done = demo("--help", folder=tmp_path)
    assert done.returncode == 0
    assert done.stdout.startswith("usage: deras demo")
    done = demo("--mode", "fast", folder=tmp_path)
    assert done.returncode == 2
    done = demo("--epochs", "0", folder=tmp_path)
    assert done.returncode == 2
    assert "--epochs must be 1 or more" in done.stderr


def test_a_training_too_short_fails_the_check(tmp_path):
    done = demo("--mode", "function", "--epochs", "1", "--check", folder=tmp_path)
    assert done.returncode == 1
    assert "wanted more than 96%" in done.stdout
