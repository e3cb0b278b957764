"""TFRecord files: records with checksums, one after the other; read in blocks, written buffered.

A record is its length (uint64), the length's masked CRC32C, the bytes, and their masked CRC32C, all
little-endian. A reader gives a block's records at once, as the checksums of a block are compared in
one NumPy call: a record costs under a microsecond that way.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np

from deras._src import errors
from deras._src.io.compression import WINDOW_BITS, Decompressed, compression_name
from deras._src.io.crc import MASK, load_crc32c, masked, masked_array
from deras._src.io.file_system import file_errors, open_file, path_text
from deras._src.util.export import export

_HEADER = struct.Struct("<QI")
_CRC = struct.Struct("<I")
_LENGTH = struct.Struct("<Q")
_FRAME = _HEADER.size + _CRC.size  # bytes of a record besides its own
_BLOCK = 1 << 18  # fits the processor's cache; a MiB was a third slower
_MOST_LENGTHS = 4096  # kept with their checksums; most files have records of few lengths


class RecordReader:
    """Records of one file, from the start or from where another reader stood.

    Args:
      path: Path of any scheme.
      compression: `""`, `"GZIP"` or `"ZLIB"`.
      offset: Where the first record begins, in bytes without compression.
      number: That record's number, for errors and for `number`.
      block: Bytes to read at once.
    Attributes:
      number: How many records come before the next one.
      offset: Where the next one begins.
    """

    def __init__(
        self,
        path: Any,
        compression: str = "",
        offset: int = 0,
        number: int = 0,
        block: int = _BLOCK,
    ) -> None:
        self.path = path_text(path)
        self.number = number
        self.offset = offset
        self._block = max(int(block), _FRAME)
        self._crc = load_crc32c()
        self._lengths: dict[int, int] = {}
        self._rest = b""
        self._pending: Exception | None = None
        file = open_file(self.path, "rb")
        self._file = Decompressed(file, compression, self.path) if compression else file
        if offset and not compression:
            with file_errors(self.path):
                file.seek(offset)
        elif offset:
            self._skip(offset)

    def _skip(self, count: int) -> None:
        while count:
            data = self._file.read(min(count, self._block))
            if not data:
                raise self._damaged("truncated", "the file ends before the place to go on from")
            count -= len(data)

    def _read(self, size: int) -> bytes:
        with file_errors(self.path):
            return self._file.read(size)  # type: ignore[no-any-return]

    def read_block(self) -> list[bytes]:
        """The next records, at least one; an empty list at the end.

        Raises:
          DataLossError: The next record is damaged or cut off. The records before it in the block
            have been given by the call before.
        """
        self._raise_pending()
        while True:
            data = self._read(self._block)
            buffer = self._rest + data if self._rest else data
            if not buffer:
                return []
            records, end = self._split(buffer)
            self._rest = buffer[end:]
            if records:
                return records
            self._raise_pending()
            if not data:
                self._rest = b""
                raise self._damaged(
                    "truncated", f"the file ends {len(buffer)} bytes after the record's start"
                )
            self._fill()

    def _raise_pending(self) -> None:
        error, self._pending = self._pending, None
        if error is not None:
            raise error

    def _split(self, buffer: bytes) -> tuple[list[bytes], int]:
        """The whole records at the start of a buffer, and where they end."""
        header, known, size = _HEADER.unpack_from, self._lengths, len(buffer)
        records: list[bytes] = []
        ends: list[int] = []
        position = 0
        while position + _FRAME <= size:
            length, crc = header(buffer, position)
            if known.get(length) != crc and not self._is_length(length, crc):
                self._pending = self._damaged(
                    "corrupted", "the checksum of its length does not match", len(records), position
                )
                break
            start = position + 12
            end = start + length
            if end + 4 > size:
                break
            records.append(buffer[start:end])
            ends.append(end)
            position = end + 4
        if records:
            wrong = self._first_wrong(buffer, records, ends)
            if wrong is not None:
                start = ends[wrong] - len(records[wrong]) - 12
                self._pending = self._damaged(
                    "corrupted", "the checksum of its bytes does not match", wrong, start
                )
                records, position = records[:wrong], start
        self.number += len(records)
        self.offset += position
        return records, position

    def _is_length(self, length: int, crc: int) -> bool:
        if masked(self._crc(_LENGTH.pack(length))) != crc:
            return False
        if len(self._lengths) < _MOST_LENGTHS:
            self._lengths[length] = crc
        return True

    def _first_wrong(self, buffer: bytes, records: list[bytes], ends: list[int]) -> int | None:
        found = masked_array([self._crc(record) for record in records])
        # Each checksum's four bytes, gathered by position.
        at = np.array(ends)[:, None] + np.arange(4)
        stored = np.frombuffer(buffer, np.uint8)[at].view("<u4").reshape(-1)
        unlike = found != stored
        return int(unlike.argmax()) if unlike.any() else None

    def _fill(self) -> None:
        """Reads on to the end of a record that is longer than a block.

        In growing steps: a length may be a lie, and must not reserve what the file does not have.
        """
        if len(self._rest) < _HEADER.size:
            return
        missing = _HEADER.unpack_from(self._rest, 0)[0] + _FRAME - len(self._rest)
        parts, step = [self._rest], self._block
        while missing > 0:
            data = self._read(min(missing, step))
            if not data:
                break
            parts.append(data)
            missing -= len(data)
            step = min(2 * step, 1 << 28)
        self._rest = b"".join(parts)

    def _damaged(
        self, kind: str, reason: str, ahead: int = 0, position: int = 0
    ) -> errors.DataLossError:
        number, offset = self.number + ahead, self.offset + position
        return errors.DataLossError(
            None, None, f"{self.path}: {kind} record {number} at {offset}: {reason}"
        )

    def __iter__(self) -> Iterator[bytes]:
        while records := self.read_block():
            yield from records

    def close(self) -> None:
        """Closes the file."""
        self._file.close()

    def __enter__(self) -> RecordReader:
        return self

    def __exit__(self, *unused: object) -> None:
        self.close()


def read_records(path: Any, compression_type: Any = None) -> Iterator[bytes]:
    """The records of a file, one by one; the file is closed at the end.

    Raises:
      DataLossError: A record is damaged or cut off; those before it have been given.
    """
    kind = compression_name(compression_type, "TFRecord reader")
    with RecordReader(path, kind) as reader:
        yield from reader


@export("io.TFRecordOptions")
class TFRecordOptions:
    """How a TFRecord file is compressed.

    Args:
      compression_type: `None` or `""`, `"GZIP"`, `"ZLIB"`, or another TFRecordOptions, whose kind
        is taken.
      flush_mode: zlib's mode for `TFRecordWriter.flush`; default `zlib.Z_NO_FLUSH`.
      input_buffer_size: Accepted; buffers are sized by themselves.
      output_buffer_size: Accepted; buffers are sized by themselves.
      window_bits: zlib's window, 8 to 15; default 15.
      compression_level: 0 to 9; default zlib's, 6.
      compression_method: Only `zlib.DEFLATED` exists.
      mem_level: zlib's memory, 1 to 9; default 8.
      compression_strategy: One of zlib's strategies.
    Raises:
      ValueError: An unknown kind.

    >>> tf.io.TFRecordOptions(compression_type="GZIP").compression_type
    'GZIP'
    """

    compression_type_map: ClassVar[dict[int, str]] = {0: "", 1: "ZLIB", 2: "GZIP"}

    def __init__(
        self,
        compression_type: Any = None,
        flush_mode: int | None = None,
        input_buffer_size: int | None = None,
        output_buffer_size: int | None = None,
        window_bits: int | None = None,
        compression_level: int | None = None,
        compression_method: int | None = None,
        mem_level: int | None = None,
        compression_strategy: int | None = None,
    ) -> None:
        self.compression_type = self.get_compression_type_string(compression_type)
        self.flush_mode = flush_mode
        self.input_buffer_size = input_buffer_size
        self.output_buffer_size = output_buffer_size
        self.window_bits = window_bits
        self.compression_level = compression_level
        self.compression_method = compression_method
        self.mem_level = mem_level
        self.compression_strategy = compression_strategy

    @classmethod
    def get_compression_type_string(cls, options: Any) -> str:
        """The kind of compression as a string, `""` for none.

        Args:
          options: TFRecordOptions, `"GZIP"`, `"ZLIB"`, `""`, None, or TensorFlow 1's numbers.
        """
        if not options:
            return ""
        if isinstance(options, TFRecordOptions):
            return options.compression_type
        if isinstance(options, int) and options in cls.compression_type_map:
            return cls.compression_type_map[options]
        if options in cls.compression_type_map.values():
            return str(options)
        raise ValueError(f'Not a valid compression_type: "{options}"; use "", "GZIP" or "ZLIB".')

    def compressor(self) -> Any:
        """A zlib stream by these options, or None where nothing is compressed."""
        if not self.compression_type:
            return None
        bits = WINDOW_BITS[self.compression_type]
        if self.window_bits:
            # TensorFlow's numbers for GZIP may have the header's bit in them already.
            bits = abs(self.window_bits) % 16 + (16 if self.compression_type == "GZIP" else 0)
        return zlib.compressobj(
            -1 if self.compression_level is None else self.compression_level,
            zlib.DEFLATED if self.compression_method is None else self.compression_method,
            bits,
            8 if self.mem_level is None else self.mem_level,
            self.compression_strategy or zlib.Z_DEFAULT_STRATEGY,
        )


def _as_bytes(record: Any) -> bytes:
    if isinstance(record, str):
        return record.encode("utf-8")
    if isinstance(record, bytes | bytearray | memoryview):
        return bytes(record)
    raise TypeError(f"tf.io.TFRecordWriter.write: expected bytes, got {type(record).__name__}")


@export("io.TFRecordWriter")
class TFRecordWriter:
    """Writes records to a TFRecord file; a file of that name is replaced.

    Args:
      path: Path of any scheme.
      options: `tf.io.TFRecordOptions`, or a kind of compression: `"GZIP"`, `"ZLIB"`.
    Raises:
      NotFoundError: There is no directory to write in.
      PermissionDeniedError: The file may not be written.

    >>> import os, tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "a.tfrecord")
    >>> with tf.io.TFRecordWriter(path) as writer:
    ...     writer.write(b"one")
    >>> os.path.getsize(path)
    19
    """

    def __init__(self, path: Any, options: Any = None) -> None:
        if not isinstance(options, TFRecordOptions):
            options = TFRecordOptions(options)
        self._path = path_text(path)
        self._crc = load_crc32c()
        self._options = options
        self._compressor = options.compressor()
        self._heads: dict[int, bytes] = {}
        self._buffer = bytearray()
        self._file = open_file(self._path, "wb")

    def write(self, record: Any) -> None:
        """Appends one record.

        Args:
          record: Bytes, or str, which is written as UTF-8.
        Raises:
          FailedPreconditionError: The writer is closed.
        """
        if type(record) is not bytes:
            record = _as_bytes(record)
        length = len(record)
        head = self._heads.get(length)
        if head is None:
            head = self._head(length)
        if self._file is None:
            self._open()
        buffer = self._buffer
        buffer += head
        buffer += record
        crc = self._crc(record)
        buffer += ((((crc >> 15) | (crc << 17)) + MASK) & 0xFFFFFFFF).to_bytes(4, "little")
        if len(buffer) >= _BLOCK:
            self._write_out()

    def _head(self, length: int) -> bytes:
        """What stands before a record of this length."""
        data = _LENGTH.pack(length)
        head = data + _CRC.pack(masked(self._crc(data)))
        if len(self._heads) < _MOST_LENGTHS:
            self._heads[length] = head
        return head

    def _write_out(self) -> None:
        data = bytes(self._buffer)
        self._buffer.clear()
        with file_errors(self._path):
            self._file.write(data if self._compressor is None else self._compressor.compress(data))

    def _open(self) -> Any:
        if self._file is None:
            raise errors.FailedPreconditionError(
                None, None, f"tf.io.TFRecordWriter: {self._path} is closed"
            )
        return self._file

    def flush(self) -> None:
        """Hands the records written so far to the operating system."""
        file = self._open()
        self._write_out()
        with file_errors(self._path):
            mode = self._options.flush_mode
            if self._compressor is not None and mode and mode != zlib.Z_FINISH:
                file.write(self._compressor.flush(mode))
            file.flush()

    def close(self) -> None:
        """Writes what is left and closes the file; a second call does nothing."""
        file = self._file
        if file is None:
            return
        try:
            self._write_out()
            if self._compressor is not None:
                with file_errors(self._path):
                    file.write(self._compressor.flush())
        finally:
            self._file = None
            with file_errors(self._path):
                file.close()

    def __enter__(self) -> TFRecordWriter:
        return self

    def __exit__(self, *unused: object) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "_file", None) is not None:
            self.close()
