"""Damaged input gives TensorFlow's kinds of errors, or some value, and never anything else."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import deras as tf
from tests.io import cases

io = tf.io


def damaged(data: bytes, count: int, seed: int):
    """The data with some bytes altered, or cut off, many times over."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        changed = bytearray(data)
        for position in rng.integers(0, len(data), rng.integers(1, 6)):
            changed[position] = rng.integers(0, 256)
        if rng.random() < 0.3:
            del changed[rng.integers(1, len(changed)) :]
        yield bytes(changed)


IMAGES = ["rgb.jpg", "grey.jpg", "rgb.png", "rgb16.png", "greyalpha16.png", "palette.png",
          "two.gif", "rgba.webp", "anim.webp", "bmp24.bmp", "bmp8.bmp"]  # fmt: skip


@pytest.mark.parametrize("name", IMAGES)
def test_images(name):
    good = cases.file(name)
    failures = 0
    for data in damaged(good, 120, IMAGES.index(name)):
        # Pillow warns of some damage that it can live with.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                image = io.decode_image(data, expand_animations=False)
            except (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError):
                failures += 1
                continue
        assert image.dtype == tf.uint8
        assert image.shape.rank == 3
    assert failures > 0


@pytest.mark.parametrize("kind", ["jpeg_shape", "example", "sequence", "tensor", "csv", "json"])
def test_messages_and_texts(kind):
    jpeg = cases.file("rgb.jpg")
    features = {
        "i": io.FixedLenFeature([2], tf.int64, [0, 0]),
        "big": io.FixedLenSequenceFeature([], tf.int64, allow_missing=True),
        "a": io.FixedLenSequenceFeature([], tf.float32, allow_missing=True),
    }
    steps = {"f": io.FixedLenSequenceFeature([2], tf.float32, allow_missing=True)}
    good, call = {
        "jpeg_shape": (jpeg, io.extract_jpeg_shape),
        "example": (cases.one(tf), lambda x: io.parse_example([x], features)),
        "sequence": (
            cases.steps(tf),
            lambda x: io.parse_sequence_example([x], sequence_features=steps),
        ),
        "tensor": (
            io.serialize_tensor(np.arange(4, dtype=np.float32)).numpy(),
            lambda x: io.parse_tensor(x, tf.float32),
        ),
        "csv": (b'1,"a",2.5', lambda x: io.decode_csv([x], [[0], [""], [0.0]])),
        "json": (cases.JSON.encode(), lambda x: io.decode_json_example([x])),
    }[kind]
    failures = 0
    for data in damaged(good, 200, 7):
        try:
            call(data)
        except tf.errors.InvalidArgumentError:
            failures += 1
    assert failures > 0
