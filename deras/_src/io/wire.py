"""From serialized examples to columns of NumPy values.

Protobuf's own C code finds the features of a record; lists of numbers are left to it as bytes (see
`descriptors.RAW_EXAMPLE`) and decoded here for all records at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain
from operator import attrgetter
from typing import Any, NamedTuple

import numpy as np

from deras._src.core.dtypes import DType, float32, int64, string
from deras._src.io.descriptors import messages

_LIST_OF = {float32: "float_list", int64: "int64_list", string: "bytes_list"}
_TYPE_OF = {name: dtype for dtype, name in _LIST_OF.items()}


class Column(NamedTuple):
    """One feature of many records (or steps).

    Attributes:
      values: The values of all records, flat.
      counts: How many each record has.
      missing: Which records lack the feature.
      uniform: How many each record has, where no record lacks it and all have as many.
    """

    values: np.ndarray
    counts: np.ndarray
    missing: np.ndarray
    uniform: int | None = None


class WrongType(Exception):
    """A record holds another kind of list than was declared."""

    def __init__(self, position: int, found: DType) -> None:
        super().__init__(position, found)
        self.position = position
        self.found = found


class Malformed(Exception):
    """A record cannot be decoded."""

    def __init__(self, position: int) -> None:
        super().__init__(position)
        self.position = position


def parse_messages(name: str, serialized: Sequence[bytes]) -> list[Any]:
    """Messages of the raw table, one a record; `Malformed` where one cannot be read."""
    from google.protobuf.message import DecodeError

    parse = messages("raw")[name].FromString
    found: list[Any] = []
    try:
        for data in serialized:
            found.append(parse(data))
    except DecodeError:
        raise Malformed(len(found)) from None
    return found


def column(features: Sequence[Any], dtype: DType) -> Column:
    """The values of raw Feature messages, None where a record has none, as one column.

    Raises:
      WrongType: A feature holds values of another dtype.
      Malformed: A list of numbers cannot be decoded.
    """
    if dtype is string:
        return _strings(features)
    attribute = _LIST_OF[dtype]
    found = _uniform(features, dtype)
    if found is not None:
        return found
    missing = np.zeros(len(features), np.bool_)
    parts: list[bytes] = []
    for position, feature in enumerate(features):
        part = b"" if feature is None else getattr(feature, attribute)
        if not part:
            missing[position] = _is_missing(position, feature, attribute)
        parts.append(part)
    decode = _floats if dtype is float32 else _integers
    payloads = [p and (_packed(p) or _unpacked(p, dtype, i)) for i, p in enumerate(parts)]
    values, counts = decode(payloads)
    return Column(values, counts, missing)


def _is_missing(position: int, feature: Any, attribute: str) -> bool:
    """Whether a record has no list at all, where it has no values of the dtype that is wanted."""
    kind = None if feature is None else feature.WhichOneof("kind")
    if kind not in (None, attribute):
        raise WrongType(position, _TYPE_OF[kind])
    return kind is None


_VALUES_OF = attrgetter("bytes_list.value")


def _strings(features: Sequence[Any]) -> Column:
    lists: list[list[bytes]]
    if None in features:
        lists = [[] if feature is None else list(_VALUES_OF(feature)) for feature in features]
    else:
        lists = list(map(list, map(_VALUES_OF, features)))
    counts = np.fromiter(map(len, lists), np.int64, len(lists))
    missing = np.zeros(len(lists), np.bool_)
    for position in np.flatnonzero(counts == 0).tolist():
        missing[position] = _is_missing(position, features[position], "bytes_list")
    values = np.empty(int(counts.sum()), object)
    values[:] = list(chain.from_iterable(lists))
    return Column(values, counts, missing)


_RAW_OF = {float32: attrgetter("float_list"), int64: attrgetter("int64_list")}


def _uniform(features: Sequence[Any], dtype: DType) -> Column | None:
    """A column of lists of numbers that are alike in length and in how they are written.

    That is what features of fixed size are, save integers whose bytes differ in number. No Python
    runs for each record then; None where it is otherwise.
    """
    if not features or None in features:
        return None
    parts = list(map(_RAW_OF[dtype], features))
    size = len(parts[0])
    if len(parts) == 1:
        return _alone(parts[0], dtype) if size > 1 else None
    if size < 2 or len(set(map(len, parts))) > 1:
        return None
    payload = _packed(parts[0])
    if not payload:
        return None
    head = size - len(payload)
    rows = np.frombuffer(b"".join(parts), np.uint8).reshape(len(parts), size)
    if (rows[:, :head] != rows[0, :head]).any():
        return None
    data = np.ascontiguousarray(rows[:, head:]).reshape(-1)
    if dtype is float32:
        if len(payload) % 4:
            return None
        values, count = data.view("<f4").astype(np.float32, copy=False), len(payload) // 4
    else:
        if (data >= 0x80).any():
            return None
        values, count = data.astype(np.int64), len(payload)
    counts = np.full(len(parts), count, np.int64)
    return Column(values, counts, np.zeros(len(parts), np.bool_), count)


_FOUND = np.zeros(1, np.bool_)
_FOUND.setflags(write=False)


def _alone(part: bytes, dtype: DType) -> Column | None:
    """`_uniform` of one record."""
    payload = _packed(part)
    if not payload:
        return None
    if dtype is float32:
        if len(payload) % 4:
            return None
        values = np.frombuffer(payload, "<f4").astype(np.float32, copy=False)
    elif payload.isascii():
        values = np.frombuffer(payload, np.uint8).astype(np.int64)
    else:
        return None
    return Column(values, np.array((len(values),), np.int64), _FOUND, len(values))


def _packed(data: bytes) -> bytes | None:
    """The numbers of a list's bytes where they stand in one packed field, as is usual."""
    if data[0] != 0x0A or len(data) < 2:
        return None
    size, position = data[1], 2
    if size > 0x7F:
        size, position = _varint(data, 1)
    return data[position:] if len(data) - position == size else None


def _varint(data: bytes, position: int) -> tuple[int, int]:
    """A number and where it ends; the size -1 where the bytes end within it."""
    value = shift = 0
    while position < len(data) and shift < 64:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7
    return -1, position


def _unpacked(data: bytes, dtype: DType, record: int) -> bytes:
    """The numbers of a list written one by one, or in several fields, as if packed in one."""
    result = bytearray()
    position = 0
    while position < len(data):
        tag, position = _varint(data, position)
        kind = tag & 7
        if kind == 2:
            size, position = _varint(data, position)
            start, position = position, position + size
            if size < 0:
                raise Malformed(record)
        elif kind == 0:
            start = position
            _, position = _varint(data, position)
        elif kind in (1, 5):
            start, position = position, position + (8 if kind == 1 else 4)
        else:
            raise Malformed(record)
        if tag < 0 or position > len(data):
            raise Malformed(record)
        if tag >> 3 == 1 and kind in (2, 5 if dtype is float32 else 0):
            result += data[start:position]
    return bytes(result)


def _floats(payloads: list[bytes]) -> tuple[np.ndarray, np.ndarray]:
    sizes = np.fromiter(map(len, payloads), np.int64, len(payloads))
    wrong = sizes % 4 != 0
    if wrong.any():
        raise Malformed(int(wrong.argmax()))
    joined = np.frombuffer(b"".join(payloads), "<f4")
    return joined.astype(np.float32, copy=False), sizes // 4


def _integers(payloads: list[bytes]) -> tuple[np.ndarray, np.ndarray]:
    sizes = np.fromiter(map(len, payloads), np.int64, len(payloads))
    joined = b"".join(payloads)
    data = np.frombuffer(joined, np.uint8)
    if joined.isascii():  # every number below 128: a byte each
        return data.astype(np.int64), sizes
    ends = np.flatnonzero(data < 0x80)
    limits = np.cumsum(sizes)
    inside = limits[sizes > 0]
    cut = data[inside - 1] >= 0x80
    if cut.any():
        raise Malformed(int(np.flatnonzero(sizes > 0)[cut.argmax()]))
    starts = np.concatenate([[0], ends[:-1] + 1])
    lengths = ends - starts + 1
    if lengths.max() > 10:
        at = starts[int((lengths > 10).argmax())]
        raise Malformed(int(np.searchsorted(limits, at, side="right")))
    values = np.zeros(len(ends), np.uint64)
    for step in range(int(lengths.max())):
        longer = np.flatnonzero(lengths > step)
        bits = (data[starts[longer] + step] & 0x7F).astype(np.uint64)
        values[longer] |= bits << np.uint64(7 * step)
    before = np.searchsorted(ends, limits - 1, side="right")
    counts = np.diff(before, prepend=0)
    return values.view(np.int64), counts


def features_by_key(maps: Sequence[Any]) -> Callable[[str], list[Any]]:
    """A function from a key to the feature of each record, None where it has none."""
    getters = [found.get for found in maps]
    return lambda key: [get(key) for get in getters]
