"""What an entry of a TensorBundle is: its key, its bytes, its checksum.

A tensor is one run of bytes in a `.data-xxxxx-of-xxxxx` file, in C order and little endian. A
string tensor is the varint lengths of its elements, a masked checksum of the lengths, and the
elements one after the other. A tensor in parts has an entry without bytes that lists the parts,
each under a key that sorts by name and place.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from deras._src.core.dtypes import OPAQUE, DType, string
from deras._src.io import crc as checksums
from deras._src.train.table import decode_varint, encode_varint

HEADER_KEY = b""
VERSION = 1
OBJECT_GRAPH_KEY = "_CHECKPOINTABLE_OBJECT_GRAPH"

# Start and length in each dimension; a length of None reaches from the start to the end.
Slice = tuple[tuple[int, int | None], ...]


def index_path(prefix: str) -> str:
    """The file that lists a checkpoint's tensors."""
    return f"{prefix}.index"


def data_path(prefix: str, shard: int, shards: int) -> str:
    """A file that holds tensors' bytes.

    >>> data_path("ckpt-1", 0, 1)
    'ckpt-1.data-00000-of-00001'
    """
    return f"{prefix}.data-{shard:05d}-of-{shards:05d}"


# -- keys of parts ----------------------------------------------------------------------------


def slice_key(name: str, part: Slice) -> bytes:
    """The key of a part, in TensorFlow's order-preserving code."""
    key = _unsigned(0) + _text(name.encode()) + _unsigned(len(part))
    for start, length in part:
        key += _signed(start) + _signed(-1 if length is None else length)
    return key


def _unsigned(number: int) -> bytes:
    size = (number.bit_length() + 7) // 8
    return bytes([size]) + number.to_bytes(size, "big")


def _text(text: bytes) -> bytes:
    return b"".join(_ESCAPES.get(byte, bytes([byte])) for byte in text) + b"\0\1"


_ESCAPES = {0: b"\0\xff", 0xFF: b"\xff\0"}


def _signed(number: int) -> bytes:
    # `size` leading one bits tell the size (their complement, for negative numbers); the sign
    # takes the bit after them.
    magnitude = ~number if number < 0 else number
    size = magnitude.bit_length() // 7 + 1
    header = ((1 << size) - 1) << (7 * size)
    body = number & ((1 << (8 * size)) - 1)
    return (body ^ header).to_bytes(size, "big")


def parse_slice(text: str) -> tuple[tuple[int, ...], Slice]:
    """Full shape and place of a part, written as TensorFlow does: `"4 5 0,2:-"`.

    >>> parse_slice("4 5 0,2:-")
    ((4, 5), ((0, 2), (0, None)))
    """
    *shape, place = text.split()
    extents: list[tuple[int, int | None]] = []
    for extent in place.split(":"):
        if extent == "-":
            extents.append((0, None))
        else:
            start, length = extent.split(",")
            extents.append((int(start), int(length)))
    if len(shape) != len(extents):
        raise ValueError(f"slice {text!r}: {len(shape)} sizes, but {len(extents)} extents")
    return tuple(int(size) for size in shape), tuple(extents)


def slice_from_proto(message: Any) -> Slice:
    """The place of a part from a TensorSliceProto."""
    return tuple((e.start, e.length if e.HasField("length") else None) for e in message.extent)


def as_index(part: Slice, shape: Sequence[int]) -> tuple[slice, ...]:
    """The part as a NumPy index into an array of `shape`."""
    return tuple(
        slice(start, size if length is None else start + length)
        for (start, length), size in zip(part, shape, strict=True)
    )


# -- bytes --------------------------------------------------------------------------------------


def check_storable(dtype: DType, key: str) -> None:
    """Refuses dtypes whose values are not bytes."""
    if dtype in OPAQUE:
        raise TypeError(f"tf.train.Checkpoint: {key!r} is a {dtype.name} and cannot be saved")


def encode(array: np.ndarray, dtype: DType) -> Iterator[tuple[Any, Any]]:
    """The stored pieces of a tensor: pairs of what is written and what the checksum is made of."""
    if dtype is string:
        yield from _encode_strings([bytes(element) for element in array.reshape(-1)])
        return
    if sys.byteorder == "big":
        array = array.byteswap()
    flat = np.ascontiguousarray(array).reshape(-1)
    if flat.size:
        piece = flat.view(np.uint8)
        yield piece, piece


def _encode_strings(elements: list[bytes]) -> Iterator[tuple[Any, Any]]:
    lengths = b"".join(_length(element) for element in elements)
    yield b"".join(encode_varint(len(element)) for element in elements), lengths
    trailer = struct.pack("<I", checksums.masked(checksums.extend(0, lengths)))
    yield trailer, trailer
    joined = b"".join(elements)
    yield joined, joined


def _length(element: bytes) -> bytes:
    """A length as the checksum takes it: in 32 bits, unless it needs more."""
    return struct.pack("<I" if len(element) < 2**32 else "<Q", len(element))


def decode(data: np.ndarray, dtype: DType, shape: tuple[int, ...]) -> tuple[np.ndarray, int]:
    """A tensor from its stored bytes, and the checksum that these have (not masked).

    Raises:
      ValueError: the bytes do not fit the dtype and shape.
    """
    count = int(np.prod(shape, dtype=np.int64))
    if dtype is string:
        return _decode_strings(data.tobytes(), count, shape)
    if dtype.np_dtype is None:
        raise ValueError(f"values of dtype {dtype.name} cannot be read")
    if data.size != count * dtype.size:
        raise ValueError(f"{data.size} bytes stand for {count} values of {dtype.name}")
    crc = checksums.extend(0, data) if data.size else 0
    array = data.view(dtype.np_dtype).reshape(shape)
    return (array.byteswap() if sys.byteorder == "big" else array), crc


def _decode_strings(data: bytes, count: int, shape: tuple[int, ...]) -> tuple[np.ndarray, int]:
    position, sizes = 0, []
    try:
        for _ in range(count):
            size, position = decode_varint(data, position)
            sizes.append(size)
    except IndexError:
        raise ValueError("the lengths of the strings are cut off") from None
    body = position + 4
    if body + sum(sizes) != len(data):
        raise ValueError(f"{len(data)} bytes, but the strings need {body + sum(sizes)}")
    lengths = b"".join(struct.pack("<I" if s < 2**32 else "<Q", s) for s in sizes)
    crc = checksums.extend(0, lengths)
    if struct.pack("<I", checksums.masked(crc)) != data[position:body]:
        raise ValueError("the checksum of the strings' lengths does not match")
    crc = checksums.extend(crc, data[position:])
    elements = np.empty(count, object)
    for number, size in enumerate(sizes):
        elements[number] = data[body : body + size]
        body += size
    return elements.reshape(shape), crc
