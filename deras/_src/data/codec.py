"""Plain data as bytes: states of iterators, and elements in files. Reading runs no code.

A record is a JSON text, in which arrays are numbered, followed by the arrays' bytes:

    magic "DRSD" | uint32 CRC of the rest | uint32 length of the text | text | arrays

The text is `{"value": ..., "arrays": [[dtype, shape, bytes], ...]}`. An array of byte strings is
its lengths as int64 followed by the strings. In the value, `{"array": n}` stands for an array,
`{"bytes": text}` for a byte string (base64), `{"tuple": [...]}` for a tuple, `{"dict": [[k, v]]}`
for a dict, `{"object": [kind, ...]}` for the elements of a window. Files of elements are records
one after the other, each preceded by its length (uint64).
"""

from __future__ import annotations

import base64
import json
import struct
import zlib
from collections.abc import Callable
from typing import Any, BinaryIO

import numpy as np

from deras._src import errors
from deras._src.core.dtypes import as_dtype, from_numpy
from deras._src.core.tensor import EagerTensor

_MAGIC = b"DRSD"

# Objects in variant tensors have a method `plain`, which gives a name of these and plain data; the
# function of that name makes the tensor again.
MAKERS: dict[str, Callable[[Any], Any]] = {}
_HEAD = struct.Struct("<4sII")
_LENGTH = struct.Struct("<Q")


def dumps(value: Any) -> bytes:
    """The bytes of plain data: None, numbers, text, bytes, lists, tuples, dicts and arrays.

    Raises:
      TypeError: something else is in it.

    >>> loads(dumps({"a": (1, np.arange(2))}))
    {'a': (1, array([0, 1]))}
    """
    arrays: list[list[Any]] = []
    parts: list[bytes] = []
    text = json.dumps({"value": _encode(value, arrays, parts), "arrays": arrays}).encode()
    body = b"".join([text, *parts])
    crc = zlib.crc32(body)
    return _HEAD.pack(_MAGIC, crc, len(text)) + body


def loads(data: bytes, where: str = "saved state") -> Any:
    """What `dumps` was given.

    Raises:
      DataLossError: the bytes are cut short or altered.
    """
    try:
        magic, crc, length = _HEAD.unpack_from(data)
        body = data[_HEAD.size :]
        if magic != _MAGIC or zlib.crc32(body) != crc:
            raise ValueError
        head = json.loads(body[:length])
    except (ValueError, struct.error):
        raise errors.DataLossError(
            None, None, f"tf.data: {where} is damaged: the checksum does not fit"
        ) from None
    arrays, start = [], length
    for dtype, shape, size in head["arrays"]:
        arrays.append(_array(dtype, shape, body[start : start + size]))
        start += size
    return _decode(head["value"], arrays)


def write_record(file: BinaryIO, value: Any) -> None:
    """Appends one record to a file of elements."""
    data = dumps(value)
    file.write(_LENGTH.pack(len(data)) + data)


def read_record(file: BinaryIO, where: str) -> Any:
    """The next record of a file of elements.

    Raises:
      EOFError: there is none.
      DataLossError: it is cut short or altered.
    """
    head = file.read(_LENGTH.size)
    if not head:
        raise EOFError
    data = b""
    if len(head) == _LENGTH.size:
        (size,) = _LENGTH.unpack(head)
        data = file.read(size)
    return loads(data, where)


def _encode(value: Any, arrays: list[list[Any]], parts: list[bytes]) -> Any:
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, EagerTensor):
        value = value.host_array()
    if isinstance(value, (np.ndarray, np.generic)):
        if value.dtype.kind == "O" and value.ndim == 0 and hasattr(value[()], "plain"):
            kind, parts_of = value[()].plain()
            return {"object": [kind, _encode(parts_of, arrays, parts)]}
        if value.dtype.kind != "O":
            contiguous = np.ascontiguousarray(value)
            data, kind = contiguous.tobytes(), from_numpy(value.dtype).name
        else:
            data, kind = _pack_strings(value), "string"
        arrays.append([kind, list(value.shape), len(data)])
        parts.append(data)
        return {"array": len(arrays) - 1}
    if isinstance(value, bytes):
        return {"bytes": base64.b64encode(value).decode()}
    if isinstance(value, tuple):
        return {"tuple": [_encode(x, arrays, parts) for x in value]}
    if isinstance(value, list):
        return [_encode(x, arrays, parts) for x in value]
    if isinstance(value, dict):
        pairs = [[_encode(k, arrays, parts), _encode(v, arrays, parts)] for k, v in value.items()]
        return {"dict": pairs}
    raise TypeError(f"tf.data: a {type(value).__name__} cannot be saved")


def _pack_strings(value: np.ndarray) -> bytes:
    flat = value.reshape(-1).tolist()
    for item in flat:
        if not isinstance(item, bytes):
            raise TypeError("tf.data: an element is a dataset, which cannot be saved")
    return np.array([len(x) for x in flat], "<i8").tobytes() + b"".join(flat)


def _array(kind: str, shape: list[int], data: bytes) -> np.ndarray:
    dtype = as_dtype(kind)
    if dtype.name != "string":
        return np.frombuffer(data, dtype.np_dtype).reshape(shape)
    count = int(np.prod(shape, dtype=np.int64))
    lengths = np.frombuffer(data, "<i8", count)
    result, start = np.empty(count, object), 8 * count
    for i, length in enumerate(lengths.tolist()):
        result[i] = data[start : start + length]
        start += length
    return result.reshape(shape)


def _decode(value: Any, arrays: list[np.ndarray]) -> Any:
    if isinstance(value, list):
        return [_decode(x, arrays) for x in value]
    if not isinstance(value, dict):
        return value
    ((kind, inner),) = value.items()
    if kind == "array":
        return arrays[inner]
    if kind == "bytes":
        return base64.b64decode(inner)
    if kind == "object":
        return MAKERS[inner[0]](_decode(inner[1], arrays))
    if kind == "tuple":
        return tuple(_decode(x, arrays) for x in inner)
    return {_decode(k, arrays): _decode(v, arrays) for k, v in inner}
