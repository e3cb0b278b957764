#!/usr/bin/env python3
"""Record files that TensorFlow writes, and its answers to the rows of tests/io/cases.py.

Run it in an environment that has TensorFlow (Deras is not needed there):

    python scripts/golden_io.py

It writes `tests/golden/io`: TFRecord files, images, and `answers.json.gz` with the tensors that
each row gives, or the class of the error that it raises. The WebP files there are not made here, as
TensorFlow does not write them; Pillow did.
"""

from __future__ import annotations

import gzip
import json
import struct
import sys
import zlib
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "io"))

import cases  # noqa: E402
import tensorflow as tf  # noqa: E402

GOLDEN = cases.GOLDEN


def write_records() -> None:
    """The same three records in each kind of TFRecord file."""
    records = [cases.one(tf), b"", cases.other(tf)]
    for kind in ("", "GZIP", "ZLIB"):
        path = str(GOLDEN / f"records{'.' + kind.lower() if kind else ''}.tfrecord")
        with tf.io.TFRecordWriter(path, kind or None) as writer:
            for record in records:
                writer.write(record)


def write_images() -> None:
    """Images by TensorFlow's encoders, and by hand what it cannot encode."""
    png = {"grey": 1, "greyalpha": 2, "rgb": 3, "rgba": 4}
    for name, channels in png.items():
        write(f"{name}.png", tf.io.encode_png(cases.picture(channels)).numpy())
        write(f"{name}16.png", tf.io.encode_png(cases.picture(channels, np.uint16)).numpy())
    write("rgb.jpg", tf.io.encode_jpeg(cases.picture(3)).numpy())
    write("full.jpg", tf.io.encode_jpeg(cases.picture(3), chroma_downsampling=False).numpy())
    write("grey.jpg", tf.io.encode_jpeg(cases.picture(1)).numpy())
    for name, channels, upside in (
        ("bmp24", 3, False), ("bmp32", 4, False), ("bmp8", 1, False), ("bmptop", 3, True),
    ):  # fmt: skip
        write(f"{name}.bmp", bmp(cases.picture(channels), upside))
    write("two.gif", gif())
    write("palette.png", png_of(3, 8, [[0, 1, 2], [2, 1, 0]], bytes(range(10, 19))))
    write("bits.png", png_of(0, 2, [[0b00011011], [0b11100100]], b"", width=4))


def write(name: str, data: bytes) -> None:
    (GOLDEN / name).write_bytes(data)


def bmp(image: np.ndarray, top_down: bool) -> bytes:
    """A BMP file without compression."""
    height, width, channels = image.shape
    order = [0] if channels == 1 else [2, 1, 0, 3][:channels]
    rows = image[..., order].reshape(height, -1)
    rows = np.pad(rows, [(0, 0), (0, -rows.shape[1] % 4)])
    body = (rows if top_down else rows[::-1]).tobytes()
    palette = b"".join(bytes([i, i, i, 0]) for i in range(256)) if channels == 1 else b""
    start = 54 + len(palette)
    sign = -1 if top_down else 1
    head = struct.pack("<2sIHHI", b"BM", start + len(body), 0, 0, start)
    info = struct.pack(
        "<IiiHHIIiiII", 40, width, sign * height, 1, 8 * channels, 0, len(body), 0, 0, 0, 0
    )
    return head + info + palette + body


def gif() -> bytes:
    """Two frames of 4 × 2; the second one covers only the left half."""
    palette = bytes([0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255])

    def frame(width: int, pixels: list[int]) -> bytes:
        # Codes of 3 bits: clear before each pixel, so that codes never grow.
        codes = [code for pixel in pixels for code in (4, pixel)] + [5]
        bits = sum(code << (3 * i) for i, code in enumerate(codes))
        data = bits.to_bytes(-(-3 * len(codes) // 8), "little")
        place = struct.pack("<BHHHHB", 0x2C, 0, 0, width, 2, 0)
        return place + b"\x02" + bytes([len(data)]) + data + b"\x00"

    delay = b"\x21\xf9\x04\x00\x0a\x00\x00\x00"
    return (
        b"GIF89a"
        + struct.pack("<HHBBB", 4, 2, 0xF1, 0, 0)
        + palette
        + delay + frame(4, [0, 1, 2, 3, 3, 2, 1, 0])
        + delay + frame(2, [1, 1, 2, 2])
        + b"\x3b"
    )  # fmt: skip


def png_of(kind: int, depth: int, rows: Any, palette: bytes, width: int | None = None) -> bytes:
    """A PNG file of rows of bytes, without filters."""

    def chunk(name: bytes, data: bytes) -> bytes:
        crc = zlib.crc32(name + data)
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", crc)

    head = struct.pack(">IIBBBBB", width or len(rows[0]), len(rows), depth, kind, 0, 0, 0)
    body = zlib.compress(b"".join(b"\0" + bytes(row) for row in rows))
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + (chunk(b"PLTE", palette) if palette else b"")
        + chunk(b"IDAT", body)
        + chunk(b"IEND", b"")
    )


def answer(row: Any) -> dict[str, Any]:
    """The tensors that a row gives, or the class of its error."""
    try:
        found = cases.leaves(row(tf))
    except Exception as error:  # noqa: BLE001 - whatever TensorFlow raises is the answer
        return {"error": type(error).__name__}
    return {"tensors": [cases.encoded(cases.array_of(x), x.dtype.name) for x in found]}


def main() -> None:
    GOLDEN.mkdir(parents=True, exist_ok=True)
    write_records()
    write_images()
    answers = {name: answer(row) for name, row in cases.ROWS.items()}
    text = json.dumps(answers, indent=0, sort_keys=True)
    (GOLDEN / "answers.json.gz").write_bytes(gzip.compress(text.encode(), mtime=0))
    failed = sum("error" in entry for entry in answers.values())
    print(f"golden_io: {len(answers)} rows with TensorFlow {tf.__version__}, {failed} errors")


if __name__ == "__main__":
    main()
