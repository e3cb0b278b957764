"""`tf.io` gives TensorFlow's own answers: values, dtypes and classes of errors, in every mode."""

from __future__ import annotations

import gzip
import json
from typing import Any

import numpy as np
import pytest

import deras as tf
from tests.io import cases

ANSWERS: dict[str, Any] = json.loads(
    gzip.decompress((cases.GOLDEN / "answers.json.gz").read_bytes())
)

# How far pixels may be from TensorFlow's, of 255: its default is the fast inverse DCT, Pillow has
# the accurate one. The rows with "INTEGER_ACCURATE" are equal.
NEAR = {
    "jpeg rgb default": 6,
    "jpeg grey default": 6,
    "jpeg full default": 6,
    "jpeg uint16": 6 * 256,
    "jpeg float32": 6.01 / 255,
}

# Only dtype and shape: what is made up where the data are missing is no image.
MADE_UP = {"jpeg recovered"}


def in_a_function(row):
    """The row traced and run; what the graph knew of the shapes must hold."""

    def run(unused):
        static = []

        @tf.function(autograph=False)
        def traced():
            found = cases.leaves(row(tf))
            static.extend((tensor.dtype, tensor.shape) for tensor in found)
            return found

        found = traced()
        for tensor, (dtype, shape) in zip(found, static, strict=True):
            assert tensor.dtype is dtype
            assert shape.is_compatible_with(tensor.shape)
        return found

    return run


@pytest.mark.parametrize("mode", ["eager", "function"])
@pytest.mark.parametrize("name", cases.ROWS)
def test_answers_are_tensorflows(name, mode):
    row, answer = cases.ROWS[name], ANSWERS[name]
    if mode == "function":
        row = in_a_function(row)
    if "error" in answer:
        with pytest.raises(Exception) as info:
            row(tf)
        names = {cls.__name__ for cls in type(info.value).__mro__}
        assert answer["error"] in names, repr(info.value)
        return
    found = cases.leaves(row(tf))
    assert len(found) == len(answer["tensors"])
    for tensor, entry in zip(found, answer["tensors"], strict=True):
        wanted = cases.decoded(entry)
        assert tensor.dtype.name == entry["dtype"]
        actual = cases.array_of(tensor)
        assert actual.shape == wanted.shape
        if name in NEAR:
            assert np.abs(actual.astype(float) - wanted).max() <= NEAR[name]
        elif name not in MADE_UP:
            if actual.dtype.kind == "V":  # bfloat16, whose NaNs NumPy finds unlike
                actual, wanted = actual.astype(np.float32), wanted.astype(np.float32)
            np.testing.assert_array_equal(actual, wanted)
