"""CRC32C checksums, masked as TFRecord files and checkpoints keep them.

google-crc32c is used (Apache licence; the processor's own instruction where there is one). A
version in Python would take a thousand times as long, so there is none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

MASK = 0xA282EAD8


def load_crc32c() -> Callable[[bytes], int]:
    """The function from bytes to their CRC32C."""
    try:
        import google_crc32c
    except ImportError:
        raise ImportError(
            "checksums of files need the library google-crc32c, a dependency of Deras.\n"
            "  hint: pip install google-crc32c"
        ) from None
    return google_crc32c.value  # type: ignore[no-any-return]


def extend(crc: int, data: Any) -> int:
    """The checksum of what `crc` stands for, with `data` after it.

    Args:
      crc: Checksum of what came before; 0 for nothing.
      data: bytes, or a contiguous NumPy array.
    """
    load_crc32c()
    import google_crc32c

    return google_crc32c.extend(crc, data)


def masked(crc: int) -> int:
    """A checksum as it is stored: rotated and shifted, as checksums of checksums are weak.

    >>> masked(0) == 0xA282EAD8
    True
    """
    return (((crc >> 15) | (crc << 17)) + MASK) & 0xFFFFFFFF


def masked_array(crcs: Sequence[int]) -> np.ndarray:
    """`masked` of many checksums, as uint32."""
    values: Any = np.array(crcs, np.uint32)
    return ((values >> np.uint32(15)) | (values << np.uint32(17))) + np.uint32(MASK)
