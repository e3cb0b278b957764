"""Writing a TensorBundle so that it is there whole or not at all.

Data files and index are written aside and synced, then renamed, the index last: without an index
there is no checkpoint. Where a checkpoint of that name is already there, the new data files get a
number of shards in their names that the old ones do not have, so nothing of the old checkpoint is
touched until the new index takes its place, in one rename; the old data files are removed after.
"""

from __future__ import annotations

import contextlib
import glob
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from deras._src.core.dtypes import DType
from deras._src.io import crc as checksums
from deras._src.train import bundle_format, table
from deras._src.train.bundle_format import Slice
from deras._src.train.file_errors import translated
from deras._src.train.protos import messages
from deras._src.util import atomic_files

_SHARDS = re.compile(r"\.data-\d{5}-of-(\d{5})$")


@dataclass(frozen=True)
class Item:
    """A tensor to write, or a part of one.

    Attributes:
      key: its name in the checkpoint.
      array: the values; objects of bytes for strings.
      dtype: of the values.
      part: None, or (shape of the whole tensor, place of this part in it).
    """

    key: str
    array: np.ndarray
    dtype: DType
    part: tuple[tuple[int, ...], Slice] | None = None

    @property
    def index_key(self) -> bytes:
        """The key of its entry in the index."""
        if self.part is None:
            return self.key.encode()
        return bundle_format.slice_key(self.key, self.part[1])


def write_bundle(prefix: str, shards: Sequence[Sequence[Item]]) -> int:
    """Writes a checkpoint.

    Args:
      prefix: Path without `.index`; its directory is made if it is missing.
      shards: For each data file what it holds, in order.
    Returns:
      The size in bytes.
    Raises:
      ResourceExhaustedError, PermissionDeniedError, ...: it cannot be written. Whatever checkpoint
        was there before is as it was.
      ValueError: two items have the same key.
    """
    directory, base = os.path.split(prefix)
    if not base:
        raise ValueError(
            f"tf.train.Checkpoint: {prefix!r} ends like a directory; a prefix of file names is "
            f"needed, such as {os.path.join(prefix, 'ckpt')!r}"
        )
    staged: list[atomic_files.StagedFile] = []
    with translated(
        f"tf.train.Checkpoint: writing {prefix!r}",
        "This checkpoint was not written; earlier ones are as they were.",
    ):
        os.makedirs(directory or ".", exist_ok=True)
        try:
            entries: dict[bytes, Any] = {}
            for number, items in enumerate(shards):
                file = atomic_files.StagedFile(directory)
                staged.append(file)
                for item in items:
                    _add(entries, item, _write_item(file, item, number))
                file.finish()
            with atomic_files.directory_lock(directory):
                _commit(prefix, directory, staged, entries)
        finally:
            for file in staged:
                file.discard()
    return sum(file.size for file in staged)


def _write_item(file: atomic_files.StagedFile, item: Item, shard: int) -> Any:
    """Appends a tensor; returns its entry."""
    bundle_format.check_storable(item.dtype, item.key)
    start, crc = file.size, 0
    for written, summed in bundle_format.encode(item.array, item.dtype):
        file.write(written)
        crc = checksums.extend(crc, summed)
    entry = messages().BundleEntryProto(
        dtype=item.dtype.as_datatype_enum,
        shard_id=shard,
        offset=start,
        size=file.size - start,
        crc32c=checksums.masked(crc),
    )
    _set_shape(entry.shape, item.array.shape)
    return entry


def _add(entries: dict[bytes, Any], item: Item, entry: Any) -> None:
    if item.index_key in entries:
        raise ValueError(f"tf.train.Checkpoint: two tensors are called {item.key!r}")
    entries[item.index_key] = entry
    if item.part is None:
        return
    shape, part = item.part
    whole = entries.get(item.key.encode())
    if whole is None:
        whole = messages().BundleEntryProto(dtype=item.dtype.as_datatype_enum)
        _set_shape(whole.shape, shape)
        entries[item.key.encode()] = whole
    proto = whole.slices.add()
    for start, length in part:
        extent = proto.extent.add(start=start)
        if length is not None:
            extent.length = length


def _set_shape(message: Any, shape: Sequence[int]) -> None:
    message.SetInParent()
    for size in shape:
        message.dim.add(size=size)


def _commit(
    prefix: str,
    directory: str,
    staged: list[atomic_files.StagedFile],
    entries: dict[bytes, Any],
) -> None:
    """Gives the files their names; the caller holds the directory's lock."""
    atomic_files.remove_leftovers(directory)
    old = sorted(_data_files(prefix))
    taken = {count for count, _ in old}
    shards = len(staged)
    while shards in taken:
        shards += 1
    header = messages().BundleHeaderProto(num_shards=shards)
    header.version.producer = bundle_format.VERSION
    while len(staged) < shards:  # TensorFlow wants every file that the header counts
        staged.append(atomic_files.StagedFile(directory))
        staged[-1].finish()
    index = atomic_files.StagedFile(directory)
    rows = sorted((key, entry.SerializeToString()) for key, entry in entries.items())
    try:
        index.write(table.build([(bundle_format.HEADER_KEY, header.SerializeToString()), *rows]))
        index.finish()
        for number, file in enumerate(staged):
            file.publish(bundle_format.data_path(prefix, number, shards))
        # The names of the data must be on the disk before the name that says they are.
        atomic_files.sync_directory(directory)
        index.publish(bundle_format.index_path(prefix))
    except BaseException:
        if os.path.exists(index.path):  # else the checkpoint is there, and an interrupt came late
            for number in range(shards):
                if os.path.exists(path := bundle_format.data_path(prefix, number, shards)):
                    os.unlink(path)
        raise
    finally:
        index.discard()
    atomic_files.sync_directory(directory)
    for _, path in old:
        # The new checkpoint is there. What cannot be removed now is removed by the next write.
        with contextlib.suppress(OSError):
            os.unlink(path)


def _data_files(prefix: str) -> Iterator[tuple[int, str]]:
    """(number of shards, path) of the data files that are there under a prefix."""
    for path in glob.glob(glob.escape(prefix) + ".data-*-of-*"):
        match = _SHARDS.search(path)
        if match:
            yield int(match[1]), path
