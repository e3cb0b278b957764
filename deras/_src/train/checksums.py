"""CRC-32C, as LevelDB and TensorFlow store it.

`google-crc32c` does the arithmetic: one small wheel, Apache licence, the processor's own
instruction; 2.4 GB/s on a slow core, where a table in NumPy reaches some 0.01.
"""

from __future__ import annotations

from typing import Any

_MASK_DELTA = 0xA282EAD8


def extend(crc: int, data: Any) -> int:
    """The checksum of what `crc` stands for, with `data` after it.

    Args:
      crc: Checksum of what came before; 0 for nothing.
      data: bytes, or a contiguous NumPy array.
    """
    import google_crc32c

    return google_crc32c.extend(crc, data)


def mask(crc: int) -> int:
    """A checksum as it is stored: data that holds its own checksum would be too regular.

    >>> hex(mask(0))
    '0xa282ead8'
    """
    return (((crc >> 15) | (crc << 17)) + _MASK_DELTA) & 0xFFFFFFFF


def masked(data: Any) -> int:
    """The stored form of the checksum of `data`."""
    return mask(extend(0, data))
