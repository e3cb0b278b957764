"""`RandomState`: a program that restores one draws what it would have drawn."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import deras as tf

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(autouse=True)
def seeds_as_before():
    yield
    tf.random.set_seed(None)


def draws(function=None):
    found = [float(tf.random.uniform([])), float(tf.random.normal([], seed=3))]
    found += tf.nn.dropout(tf.ones([8]), 0.5).numpy().tolist()
    if function is not None:
        found += function(tf.ones([4])).numpy().tolist()
    return found


def test_draws_go_on(tmp_path):
    @tf.function
    def noisy(x):
        return tf.nn.dropout(x, 0.5) + tf.random.normal([4], seed=1) + tf.random.uniform([4])

    tf.random.set_seed(11)
    tf.random.set_global_generator(tf.random.Generator.from_seed(5))
    checkpoint = tf.train.Checkpoint(random=tf.train.RandomState())
    draws(noisy)
    path = checkpoint.write(tmp_path / "a")
    wanted = [draws(noisy), tf.random.get_global_generator().normal([2]).numpy().tolist()]
    draws(noisy)
    checkpoint.read(path).assert_consumed()
    got = [draws(noisy), tf.random.get_global_generator().normal([2]).numpy().tolist()]
    assert got == wanted
    tf.random.set_seed(12)  # forgets what waits
    checkpoint.read(path)
    assert draws(noisy) == wanted[0]


PROGRAM = """
import sys
import deras as tf

@tf.function
def noisy(x):
    if tf.reduce_sum(x) > 0.0:
        x = tf.nn.dropout(x, 0.5)
    return x + tf.random.normal(tf.shape(x), seed=1)

checkpoint = tf.train.Checkpoint(random=tf.train.RandomState())
if sys.argv[2] == "first":
    tf.random.set_seed(4)
    noisy(tf.ones([3])); noisy(tf.ones([4])); noisy(tf.ones([4])); tf.random.uniform([])
    checkpoint.write(sys.argv[1])
else:
    checkpoint.read(sys.argv[1])
# The last thing traced comes first after resuming: functions are told apart by their arguments.
print(noisy(tf.ones([4])).numpy(), noisy(tf.ones([3])).numpy(), float(tf.random.uniform([])))
"""


@pytest.mark.slow
def test_another_process_goes_on(tmp_path):
    program = tmp_path / "program.py"  # AutoGraph needs the source in a file
    program.write_text(PROGRAM, encoding="utf-8")
    path = f"{ROOT}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
    printed = [
        subprocess.run(
            [sys.executable, program, tmp_path / "a", which], env=os.environ | {"PYTHONPATH": path},
            cwd=ROOT, capture_output=True, text=True, timeout=120, check=True,
        ).stdout
        for which in ("first", "second")
    ]  # fmt: skip
    assert printed[0] == printed[1] != ""


def test_a_new_global_generator_is_made(tmp_path):
    tf.random.set_global_generator(tf.random.Generator.from_seed(5))
    checkpoint = tf.train.Checkpoint(random=tf.train.RandomState())
    path = checkpoint.write(tmp_path / "a")
    wanted = tf.random.get_global_generator().normal([2]).numpy().tolist()
    tf.random.set_global_generator(tf.random.Generator.from_key_counter(1, [0], "threefry"))
    checkpoint.read(path)
    assert tf.random.get_global_generator().normal([2]).numpy().tolist() == wanted
