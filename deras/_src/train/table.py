"""The sorted table of keys and values in a checkpoint's `.index` file (LevelDB's format).

Blocks of entries, each key written as what it adds to the key before; after a block a byte for its
compression and a masked CRC-32C. An index block says where the blocks are, and the last 48 bytes
say where the index block is.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator

from deras._src import errors
from deras._src.io import crc as checksums

_MAGIC = 0xDB4775248B80FB57
_FOOTER = 48
_TRAILER = 5
_RESTART_INTERVAL = 16
_BLOCK_SIZE = 256 * 1024


def encode_varint(number: int) -> bytes:
    """A number in groups of seven bits, lowest first.

    >>> encode_varint(300)
    b'\\xac\\x02'
    """
    encoded = bytearray()
    while number >= 0x80:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)


def decode_varint(data: bytes, position: int) -> tuple[int, int]:
    """The number at a position, and the position after it.

    Raises:
      IndexError: the data ends within it.
    """
    number = shift = 0
    while True:
        byte = data[position]
        position += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, position
        shift += 7


class _Block:
    """A block being filled."""

    def __init__(self, restart_interval: int) -> None:
        self._interval = restart_interval
        self._data = bytearray()
        self._restarts = [0]
        self._count = 0
        self.last_key = b""

    def add(self, key: bytes, value: bytes) -> None:
        shared = 0
        if self._count == self._interval:
            self._restarts.append(len(self._data))
            self._count = 0
        else:
            limit = min(len(key), len(self.last_key))
            while shared < limit and key[shared] == self.last_key[shared]:
                shared += 1
        for number in (shared, len(key) - shared, len(value)):
            self._data += encode_varint(number)
        self._data += key[shared:]
        self._data += value
        self.last_key = key
        self._count += 1

    def __len__(self) -> int:
        return len(self._data)

    def finish(self) -> bytes:
        restarts = [*self._restarts, len(self._restarts)]
        return bytes(self._data) + struct.pack(f"<{len(restarts)}I", *restarts)


def build(entries: Iterable[tuple[bytes, bytes]]) -> bytes:
    """The file of a table.

    Args:
      entries: Keys and values, in rising order of the keys, each key once.
    """
    file = bytearray()

    def put(block: _Block) -> bytes:
        content = block.finish() + b"\0"  # not compressed
        handle = encode_varint(len(file)) + encode_varint(len(content) - 1)
        file.extend(content)
        file.extend(struct.pack("<I", checksums.masked(checksums.extend(0, content))))
        return handle

    index, block = _Block(1), _Block(_RESTART_INTERVAL)
    for key, value in entries:
        if len(block) >= _BLOCK_SIZE:
            index.add(block.last_key, put(block))
            block = _Block(_RESTART_INTERVAL)
        block.add(key, value)
    if len(block):
        index.add(block.last_key, put(block))
    footer = put(_Block(_RESTART_INTERVAL)) + put(index)
    return bytes(file) + footer.ljust(_FOOTER - 8, b"\0") + struct.pack("<Q", _MAGIC)


def read(data: bytes, path: str) -> Iterator[tuple[bytes, bytes]]:
    """The keys and values of a table's file, in order; checksums are verified.

    Raises:
      DataLossError: the file is not such a table, is cut off, or was altered.
    """
    if len(data) < _FOOTER or struct.unpack_from("<Q", data, len(data) - 8)[0] != _MAGIC:
        raise _loss(path, f"not a checkpoint's index, or cut off ({len(data)} bytes)")
    try:
        position = len(data) - _FOOTER
        for _ in range(2):  # where the meta index begins, and how long it is: not used
            _, position = decode_varint(data, position)
        for _, handle in _entries(_block(data, position, path)):
            yield from _entries(_block(handle, 0, path, data))
    except (IndexError, struct.error) as error:
        raise _loss(path, "an entry reaches beyond its block") from error


def _block(pointer: bytes, position: int, path: str, data: bytes | None = None) -> bytes:
    """The content of the block that the handle at `position` of `pointer` stands for."""
    data = pointer if data is None else data
    offset, position = decode_varint(pointer, position)
    size, _ = decode_varint(pointer, position)
    end = offset + size + 1
    if end + 4 > len(data):
        raise _loss(path, f"a block ends at byte {end + 4}, the file has {len(data)}")
    if (
        checksums.masked(checksums.extend(0, data[offset:end]))
        != struct.unpack_from("<I", data, end)[0]
    ):
        raise _loss(path, f"the checksum of the block at byte {offset} does not match its content")
    if data[end - 1] != 0:
        raise errors.UnimplementedError(
            None, None, f"{path}: compressed index blocks (kind {data[end - 1]}) are not supported"
        )
    return data[offset : end - 1]


def _entries(block: bytes) -> Iterator[tuple[bytes, bytes]]:
    restarts = struct.unpack_from("<I", block, len(block) - 4)[0]
    end = len(block) - 4 * (restarts + 1)
    position, key = 0, b""
    while position < end:
        shared, position = decode_varint(block, position)
        added, position = decode_varint(block, position)
        length, position = decode_varint(block, position)
        key = key[:shared] + block[position : position + added]
        position += added
        if position + length > end:
            raise IndexError
        yield key, block[position : position + length]
        position += length


def _loss(path: str, what: str) -> errors.DataLossError:
    return errors.DataLossError(None, None, f"{path}: {what}. The file is damaged.")
