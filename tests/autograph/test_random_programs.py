"""Random programs give under `tf.function` what plain Python gives, gradients included."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from . import random_check, random_reference
from .random_programs import random_program

SCRIPT = Path(__file__).parents[2] / "scripts" / "autograph_random.py"
# The whole run: AUTOGRAPH_PROGRAMS=2000.
COUNT = os.environ.get("AUTOGRAPH_PROGRAMS", "20")

# Programs that once failed, made small, and what was wrong.
FOUND = {
    "a tape followed assign_add": """
def f(tf, x, w, n, v):
    v.assign_add(v)
    v.assign_sub(x * 3.0)
    return (x + v, v * 1.0)
""",
    "a compiled branch let gradients through assignments": """
def f(tf, x, w, n, v):
    c = x * 0.5
    if x > -3.0:
        v.assign(v * 0.5 + c)
        c = c * 0.5 + tf.tanh(v + x)
    return (c, v * x)
""",
    "a compiled loop let gradients through assignments": """
def f(tf, x, w, n, v):
    b = x * 0.5
    j1 = tf.constant(0)
    while j1 < n and x < 50.0:
        j1 = j1 + 1
        v.assign(v * 0.5 + b)
        b = b * v
    v.assign(v * 0.5 + x)
    return (b, v * x)
""",
    "a loop that may end early, over rows that a program knows to be none": """
def f(tf, x, w, n, v):
    k = tf.constant(0)
    r = x * 1.0
    for i in tf.range(1, tf.identity(k) % 3 + 1):
        k = k + i
        r = r * x
        if r > 1.0:
            break
    return (r, k)
""",
    "no gradient of a loop on the host that a tape in the function watched": """
def f(tf, x, w, n, v):
    ta = tf.TensorArray(D, size=0, dynamic_size=True, element_shape=[], clear_after_read=False)
    for i in tf.range(n):
        ta = ta.write(ta.size(), x * v)
        x = x * 0.5
        v.assign(v * 0.5 + x)
        if x > 0.4:
            return (x * 3.0, ta.stack())
    return (x * v, ta.stack())
""",
}


@pytest.mark.parametrize("what", FOUND)
def test_program_that_once_failed(what: str) -> None:
    forms: tuple[str, ...] = random_check.FORMS
    if "ta.stack()" in FOUND[what]:
        forms = tuple(form for form in forms if form != "jit_compile")
    for form in forms:
        outcome = random_check.check(FOUND[what], 0, (form,))
        assert outcome.failure is None, outcome.failure
        assert outcome.points
        assert outcome.gradients or form == "function"


def test_random_programs() -> None:
    """A process of their own: they are compiled with other options than the rest of the tests."""
    command = [sys.executable, str(SCRIPT), "--programs", COUNT, "--seed", "0", "--jobs", "2"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=7200)
    assert run.returncode == 0, run.stdout + run.stderr
    assert f"{COUNT} programs, " in run.stdout


def test_programs_are_the_same_every_time_and_use_all_there_is() -> None:
    texts = [random_program(seed) for seed in range(200)]
    assert texts == [random_program(seed) for seed in range(200)]
    every = "\n".join(texts)
    parts = (
        "while |for |break|continue|return |elif |else:|lambda|def h1|v.assign|ta.write|ta.read|"
        "ta.stack|dynamic_size|o.u =|t = (|enumerate|zip(|with |finally:|tf.where|stop_gradient|"
        " and | or |not |k % 3]|range(n)|range(size)"
    )
    for part in parts.split("|"):
        assert part in every, part


def test_the_check_sees_wrong_values_and_gradients(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "def f(tf, x, w, n, v):\n    return (x * x * one(tf, x), v + 0.0)\n"
    right = "def one(tf, x):\n    return 1.0\n"
    value = "def one(tf, x):\n    return 1.0 if hasattr(tf, 'plain') else 1.1\n"
    monkeypatch.setattr(random_reference.NumPy, "plain", True, raising=False)
    gradient = value.replace("1.1", "tf.stop_gradient(x) / x")
    assert random_check.check(right + text, 0).failure is None
    found = random_check.check(value + text, 0).failure
    assert found is not None
    assert (found.form, found.kind) == ("eager", "values")
    found = random_check.check(gradient + text, 0).failure
    assert found is not None
    assert (found.form, found.kind) == ("eager", "gradients")


def test_failing_programs_are_made_small() -> None:
    text = "def f(x):\n    a = 1\n    if x:\n        b = 2\n        bad = 3\n    return a + x\n"
    small = random_check.smallest(text, lambda t: "bad" in t)
    assert small == "def f(x):\n    bad = 3\n"
