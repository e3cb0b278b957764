"""Reading a TensorBundle: the index at once, tensors when asked for, checksums always."""

from __future__ import annotations

import os
import threading
import weakref
from typing import Any

import numpy as np

from deras._src import errors
from deras._src.core.dtypes import DType
from deras._src.io import crc as checksums
from deras._src.train import bundle_format, table
from deras._src.train.bundle_format import Slice
from deras._src.train.file_errors import translated
from deras._src.train.protos import messages

_MOST_AT_ONCE = 1 << 30  # systems read at most 2 GB in one call


class BundleReader:
    """The tensors of one checkpoint.

    Data files are opened once and stay open as long as the reader is used: what it has begun to
    read stays readable when the checkpoint is deleted or replaced meanwhile.

    Args:
      prefix: Path without `.index`.
    Raises:
      NotFoundError: there is no such checkpoint.
      DataLossError: the index is damaged.
    """

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self._lock = threading.Lock()
        self._files: dict[int, int] = {}
        self._finalizer = weakref.finalize(self, _close, self._files)
        path = bundle_format.index_path(prefix)
        try:
            with open(path, "rb") as file:
                data = file.read()
        except (FileNotFoundError, NotADirectoryError):
            raise errors.NotFoundError(
                None, None, f"Failed to find any matching files for {prefix}: there is no {path}"
            ) from None
        except OSError:
            with translated(f"tf.train: reading {path!r}"):
                raise
        rows = dict(table.read(data, path))
        self.shards = self._read_header(rows, path)
        self.entries: dict[str, Any] = {}
        self._parts: dict[bytes, Any] = {}
        for key, row in rows.items():
            entry = self._parse(messages().BundleEntryProto, row, path)
            if key.startswith(b"\0"):
                self._parts[key] = entry
            else:
                self.entries[key.decode()] = entry

    def _read_header(self, rows: dict[bytes, bytes], path: str) -> int:
        if bundle_format.HEADER_KEY not in rows:
            raise errors.DataLossError(None, None, f"{path}: the index has no header")
        row = rows.pop(bundle_format.HEADER_KEY)
        header = self._parse(messages().BundleHeaderProto, row, path)
        if header.endianness != 0 or header.version.min_consumer > bundle_format.VERSION:
            raise errors.UnimplementedError(
                None,
                None,
                f"{path}: big endian, or of a later version of the format "
                f"(min_consumer {header.version.min_consumer}); this program reads version "
                f"{bundle_format.VERSION}",
            )
        return int(header.num_shards)

    @staticmethod
    def _parse(kind: Any, row: bytes, path: str) -> Any:
        from google.protobuf.message import DecodeError

        try:
            return kind.FromString(row)
        except DecodeError as error:
            raise errors.DataLossError(None, None, f"{path}: an entry cannot be read") from error

    # -- what there is ------------------------------------------------------------------------

    def __contains__(self, key: str) -> bool:
        return key in self.entries

    def dtype(self, key: str) -> DType:
        """A tensor's dtype."""
        return DType(self._entry(key).dtype)

    def shape(self, key: str) -> tuple[int, ...]:
        """A tensor's shape."""
        return tuple(dim.size for dim in self._entry(key).shape.dim)

    def _entry(self, key: str) -> Any:
        try:
            return self.entries[key]
        except KeyError:
            raise errors.NotFoundError(
                None, None, f"Key {key} not found in checkpoint {self.prefix}"
            ) from None

    # -- values -------------------------------------------------------------------------------

    def read(self, key: str) -> np.ndarray:
        """A tensor's values; bytes objects for strings.

        Raises:
          NotFoundError: there is no such tensor, or its file is missing.
          DataLossError: the file is cut off or was altered.
        """
        entry = self._entry(key)
        if not entry.slices:
            return self._read_entry(key, entry)
        shape = self.shape(key)
        whole = np.empty(shape, DType(entry.dtype).np_dtype)
        covered = 0
        for proto in entry.slices:
            part = bundle_format.slice_from_proto(proto)
            piece = self._read_part(key, part)
            index = bundle_format.as_index(part, shape)
            if whole[index].shape != piece.shape:
                raise self._loss(key, 0, f"a part has shape {piece.shape} at {part} of {shape}")
            whole[index] = piece
            covered += piece.size
        if covered < whole.size:
            raise self._loss(key, 0, f"its parts hold {covered} of {whole.size} values")
        return whole

    def _read_part(self, key: str, part: Slice) -> np.ndarray:
        try:
            entry = self._parts[bundle_format.slice_key(key, part)]
        except KeyError:
            raise self._loss(key, 0, f"the part at {part} is missing") from None
        return self._read_entry(key, entry)

    def _read_entry(self, key: str, entry: Any) -> np.ndarray:
        shape = tuple(dim.size for dim in entry.shape.dim)
        data = self._bytes(key, entry)
        try:
            array, crc = bundle_format.decode(data, DType(entry.dtype), shape)
        except ValueError as error:
            raise self._loss(key, entry.shard_id, str(error)) from error
        if checksums.masked(crc) != entry.crc32c:
            raise self._loss(
                key,
                entry.shard_id,
                f"checksum does not match: {entry.crc32c:#010x} was written, the "
                f"{entry.size} bytes at {entry.offset} give {checksums.masked(crc):#010x}",
            )
        return array

    def _bytes(self, key: str, entry: Any) -> np.ndarray:
        data = np.empty(entry.size, np.uint8)
        view, done = memoryview(data), 0
        with translated(f"tf.train: reading {self._path(entry.shard_id)!r}, tensor {key!r}"):
            handle = self._file(entry.shard_id)
            while done < entry.size:
                piece = view[done : done + _MOST_AT_ONCE]
                count = self._read_at(handle, piece, entry.offset + done)
                if not count:
                    break
                done += count
        if done < entry.size:
            raise self._loss(
                key,
                entry.shard_id,
                f"cut off: its {entry.size} bytes begin at {entry.offset}, {done} are there",
            )
        return data

    def _read_at(self, handle: int, piece: memoryview, offset: int) -> int:
        if hasattr(os, "preadv"):
            return os.preadv(handle, [piece], offset)
        with self._lock:  # the position in the file belongs to all readers of the handle
            os.lseek(handle, offset, os.SEEK_SET)
            data = os.read(handle, len(piece))
        piece[: len(data)] = data
        return len(data)

    def _file(self, shard: int) -> int:
        with self._lock:
            if shard not in self._files:
                flags = os.O_RDONLY | getattr(os, "O_BINARY", 0)
                self._files[shard] = os.open(self._path(shard), flags)
            return self._files[shard]

    def open_all(self) -> None:
        """Opens every data file now, so that later reads do not depend on their names."""
        for shard in sorted({entry.shard_id for entry in self.entries.values()}):
            with translated(f"tf.train: reading {self._path(shard)!r}"):
                self._file(shard)

    def close(self) -> None:
        """Closes the files; a later read opens them again."""
        with self._lock:
            _close(self._files)

    def _path(self, shard: int) -> str:
        return bundle_format.data_path(self.prefix, shard, self.shards)

    def _loss(self, key: str, shard: int, what: str) -> errors.DataLossError:
        text = f"{self._path(shard)}: tensor {key!r}: {what}. The file is damaged."
        return errors.DataLossError(None, None, text)


def _close(files: dict[int, int]) -> None:
    while files:
        os.close(files.popitem()[1])
