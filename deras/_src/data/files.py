"""Datasets that read files: lines, records of fixed length, TFRecords."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from deras._src import errors
from deras._src.core.dtypes import string
from deras._src.core.type_spec import TensorSpec
from deras._src.data.node import Columns, Context, Element, End, Node, Stage, host, integer, look_up
from deras._src.io.compression import Decompressed, compression_name
from deras._src.io.file_system import file_errors, file_system, open_file
from deras._src.io.records import RecordReader

_BLOCK = 1 << 18


class Reading:
    """One file being read.

    `read` gives some records, none at the end. `offset` is where the first record that `read` has
    not given begins, `number` is its number.
    """

    offset = 0
    number = 0

    def read(self) -> Sequence[bytes]:
        raise NotImplementedError

    def close(self) -> None:
        """Closes the file."""


class Files(Node):
    """The records of one file after the other.

    Args:
      names: String tensor of file names, a scalar or a vector.
      opener: `(path, offset, number) -> Reading`.
    """

    name = "Files"

    def __init__(self, names: Any, opener: Callable[[str, int, int], Reading], label: str) -> None:
        super().__init__(TensorSpec((), string))
        if names.dtype is not string:
            raise TypeError(
                f"tf.data: `filenames` must be a `tf.Tensor` of dtype `tf.string`, got {names!r}"
            )
        self.names, self.opener, self.name = names, opener, label

    def tensors(self) -> Sequence[Any]:
        return (self.names,)

    def open(self, context: Context) -> Stage:
        names = np.asarray(host(look_up(self.names, context.env))).reshape(-1)
        return _Files([n.decode() for n in names.tolist()], self.opener)


class _Files(Stage):
    # Reading ahead is seen by nobody; errors come after the records before them.
    blocks = pure = True

    def __init__(self, names: list[str], opener: Callable[[str, int, int], Reading]) -> None:
        self._names, self._opener = names, opener
        self._file = 0
        self._reading: Reading | None = None
        self._records: Sequence[bytes] = ()
        self._at = 0
        self._start = (0, 0)  # offset and number of the first of `_records`

    def next(self) -> Element:
        while self._at >= len(self._records):
            self._read_on()
        record = self._records[self._at]
        self._at += 1
        value = np.empty((), object)
        value[()] = record
        return (value,)

    def block(self, limit: int) -> Columns:
        while self._at >= len(self._records):
            self._read_on()
        part = self._records[self._at : self._at + limit]
        self._at += len(part)
        column = np.empty(len(part), object)
        column[:] = part
        return [column]

    def _read_on(self) -> None:
        if self._reading is None:
            if self._file >= len(self._names):
                raise End
            try:
                self._reading = self._opener(self._names[self._file], 0, 0)
            except errors.OpError:
                self._file += 1
                raise
        try:
            self._start = (self._reading.offset, self._reading.number)
            self._records, self._at = self._reading.read(), 0
        except errors.OpError:
            self._next_file()
            raise
        if not self._records:
            self._next_file()

    def _next_file(self) -> None:
        if self._reading is not None:
            self._reading.close()
        self._reading, self._records, self._at = None, (), 0
        self._file += 1

    def own_state(self) -> Any:
        started = self._reading is not None
        return [self._file, list(self._start) if started else None, self._at]

    def restore_own(self, state: Any) -> None:
        self._file, start, at = state
        if start is not None:
            self._reading = self._opener(self._names[self._file], *start)
            self._start = tuple(start)
            self._records, self._at = self._reading.read(), at

    def close(self) -> None:
        if self._reading is not None:
            self._reading.close()
            self._reading = None
        self._file, self._records = len(self._names), ()

    def __del__(self) -> None:
        self.close()


class _Bytes(Reading):
    """A file's bytes, without compression, from some place on."""

    def __init__(self, path: str, compression: str, offset: int, number: int) -> None:
        self.path, self.offset, self.number = path, offset, number
        file = open_file(path, "rb")
        self._raw = file
        self._file = Decompressed(file, compression, path) if compression else file
        with file_errors(path):
            if offset and not compression:
                file.seek(offset)
            else:
                left = offset
                while left:
                    left -= len(self._file.read(min(left, _BLOCK))) or left

    def bytes(self) -> bytes:
        """The next ones; none at the end."""
        with file_errors(self.path):
            return self._file.read(_BLOCK)  # type: ignore[no-any-return]

    def close(self) -> None:
        self._raw.close()


class Lines(_Bytes):
    """Lines, without their ends."""

    _rest = b""

    def read(self) -> Sequence[bytes]:
        while True:
            data = self.bytes()
            if not data:
                last, self._rest = self._rest, b""
                self.offset += len(last)
                self.number += 1
                return [last.removesuffix(b"\r")] if last else []
            self._rest += data
            end = self._rest.rfind(b"\n")
            if end >= 0:
                break
        whole, self._rest = self._rest[:end], self._rest[end + 1 :]
        lines = whole.split(b"\n")
        self.offset += end + 1
        self.number += len(lines)
        if b"\r" in whole:
            lines = [line.removesuffix(b"\r") for line in lines]
        return lines


class FixedLength(Reading):
    """Records of one length, between a header and a footer."""

    def __init__(
        self, path: str, compression: str, sizes: tuple[int, int, int], offset: int, number: int
    ) -> None:
        self.path, self.number = path, number
        self._size, self._header, self._footer = sizes
        self.offset = offset or self._header
        if compression:
            self._source = _Bytes(path, compression, 0, 0)
            parts = []
            while data := self._source.bytes():
                parts.append(data)
            self._source.close()
            self._data: Any = b"".join(parts)
            self._length = len(self._data)
        else:
            self._data = None
            self._source = _Bytes(path, "", self.offset, 0)
            self._length = file_system(path).stat(path).length
        body = self._length - self._header - self._footer
        if body % self._size:
            self._source.close()
            raise errors.InvalidArgumentError(
                None,
                None,
                f"Excluding the header ({self._header} bytes) and footer ({self._footer} bytes), "
                f'input file "{path}" has body length {body} bytes, which is not an exact '
                f"multiple of the record length ({self._size} bytes).",
            )
        self._end = self._length - self._footer

    def read(self) -> Sequence[bytes]:
        count = min(max(1, _BLOCK // self._size), (self._end - self.offset) // self._size)
        if count <= 0:
            return []
        if self._data is not None:
            data = self._data[self.offset : self.offset + count * self._size]
        else:
            with file_errors(self.path):
                data = self._source._file.read(count * self._size)
        self.offset += count * self._size
        self.number += count
        return [data[i : i + self._size] for i in range(0, len(data), self._size)]

    def close(self) -> None:
        self._source.close()


class Records(Reading):
    """TFRecords."""

    def __init__(self, path: str, compression: str, offset: int, number: int) -> None:
        self._reader = RecordReader(path, compression, offset, number)

    @property
    def offset(self) -> int:  # type: ignore[override]
        return self._reader.offset

    @property
    def number(self) -> int:  # type: ignore[override]
        return self._reader.number

    def read(self) -> Sequence[bytes]:
        return self._reader.read_block()

    def close(self) -> None:
        self._reader._file.close()


def lines_node(names: Any, compression: Any) -> Files:
    """The lines of files."""
    kind = compression_name(compression, "tf.data.TextLineDataset")
    return Files(names, lambda p, o, n: Lines(p, kind, o, n), "TextLine")


def records_node(names: Any, compression: Any) -> Files:
    """The records of TFRecord files."""
    kind = compression_name(compression, "tf.data.TFRecordDataset")
    return Files(names, lambda p, o, n: Records(p, kind, o, n), "TFRecord")


def fixed_node(names: Any, sizes: Sequence[Any], compression: Any) -> Files:
    """Records of fixed length: `sizes` are those of a record, the header and the footer."""
    kind = compression_name(compression, "tf.data.FixedLengthRecordDataset")
    record, header, footer = (integer(0 if s is None else s, {}) for s in sizes)
    if record < 1:
        raise errors.InvalidArgumentError(
            None, None, f"tf.data.FixedLengthRecordDataset: record_bytes must be > 0, got {record}"
        )
    numbers = (record, header, footer)
    return Files(names, lambda p, o, n: FixedLength(p, kind, numbers, o, n), "FixedLength")
