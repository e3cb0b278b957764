"""Random programs give under `tf.function` what plain Python gives, gradients included."""

from __future__ import annotations

import linecache
import os
from typing import Any

import numpy as np
import pytest

import deras as tf

from .random_programs import random_program

# The whole run: AUTOGRAPH_PROGRAMS=2000. Each compiles two programs.
COUNT = int(os.environ.get("AUTOGRAPH_PROGRAMS", "25"))
FIRST = int(os.environ.get("AUTOGRAPH_FIRST", "0"))


def compiled(seed: int) -> Any:
    text, name = random_program(seed), f"<random program {seed}>"
    linecache.cache[name] = (len(text), None, text.splitlines(True), name)
    names: dict[str, Any] = {}
    exec(compile(text, name, "exec"), names)
    return names["f"]


def results(f: Any, x: float, n: int, v: Any) -> list[Any]:
    v.assign(0.25)
    t = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(t)
        values = f(t, tf.constant(n), v)
        loss = values[0] + values[1] + values[3] + v
    gradient = tape.gradient(loss, t)
    return [*values, v.read_value(), 0.0 if gradient is None else gradient]


@pytest.mark.parametrize("seed", range(FIRST, FIRST + COUNT))
def test_random_program(seed: int) -> None:
    plain = compiled(seed)
    v = tf.Variable(0.25)

    def run(x: Any, n: Any, v: Any) -> Any:
        return plain(tf, x, n, v)

    function = tf.function(run)
    for x, n in ((0.7, 3), (-1.3, 2), (1.9, 0)):
        wanted = results(run, x, n, v)
        try:
            got = results(function, x, n, v)
        except NotImplementedError:
            assert "range(size)" in random_program(seed)  # a Python loop that a tensor would leave
            return
        for mine, theirs in zip(got, wanted, strict=True):
            np.testing.assert_allclose(
                mine, theirs, rtol=2e-4, atol=2e-5, err_msg=random_program(seed)
            )
