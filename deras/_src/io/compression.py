"""GZIP and ZLIB streams, read and written in blocks; and `tf.io.decode_compressed`."""

from __future__ import annotations

import zlib
from io import BytesIO
from typing import Any

import numpy as np

from deras._src import errors
from deras._src.core.dtypes import STRING, string
from deras._src.dispatch.apply import apply
from deras._src.io.failures import failure
from deras._src.registry import NONE, op
from deras._src.util.export import export

# What zlib is told of the header: 15 bits of window, and 16 more for gzip's own.
WINDOW_BITS = {"GZIP": 31, "ZLIB": 15}


def compression_name(value: Any, what: str) -> str:
    """`""`, `"GZIP"` or `"ZLIB"`; InvalidArgumentError for another kind."""
    name = "" if value is None else value
    if name in ("", "NONE"):
        return ""
    if name not in WINDOW_BITS:
        raise failure(
            errors.InvalidArgumentError,
            what,
            f"compression_type must be '', 'GZIP' or 'ZLIB', not {value!r}",
        )
    return str(name)


class Decompressed:
    """A file's contents without their compression, read from start to end.

    Args:
      file: Binary file object.
      compression: `"GZIP"` or `"ZLIB"`. GZIP streams that follow one another are read as one.
      path: For errors.
    """

    def __init__(self, file: Any, compression: str, path: str) -> None:
        self._file = file
        self._bits = WINDOW_BITS[compression]
        self._compression = compression
        self._path = path
        self._stream = zlib.decompressobj(self._bits)
        self._input = b""
        self._fresh = True  # nothing of the present stream was read yet

    def read(self, size: int) -> bytes:
        """At most `size` bytes, at least one where there is one; empty at the end."""
        while True:
            if not self._input:
                self._input = self._file.read(1 << 18)
                if not self._input:
                    if not self._fresh and not self._stream.eof:
                        raise self._damaged("it ends in the middle of the compressed stream")
                    return b""
            if self._stream.eof:
                self._stream, self._fresh = zlib.decompressobj(self._bits), True
            try:
                data = self._stream.decompress(self._input, size)
            except zlib.error as error:
                raise self._damaged(str(error)) from None
            self._fresh = False
            self._input = (
                self._stream.unused_data if self._stream.eof else self._stream.unconsumed_tail
            )
            if data:
                return data

    def close(self) -> None:
        self._file.close()

    def _damaged(self, reason: str) -> errors.DataLossError:
        return errors.DataLossError(
            None, None, f"{self._path}: cannot be read as {self._compression}: {reason}"
        )


@op(
    "DecodeCompressed",
    dtypes={"bytes": STRING},
    inputs=("bytes",),
    host=True,
    gradient=NONE,
    shape=lambda inputs, attrs: [(string, inputs[0].shape)],
    api_name="io.decode_compressed",
)
def _decode_compressed(values, *, compression_type):
    if not compression_type:
        return values
    result = np.empty(values.shape, object)
    for position, value in np.ndenumerate(values):
        stream = Decompressed(BytesIO(value), compression_type, f"element {list(position)}")
        try:
            result[position] = b"".join(iter(lambda: stream.read(1 << 20), b""))  # noqa: B023
        except errors.DataLossError as error:
            raise failure(errors.DataLossError, "tf.io.decode_compressed", error.message) from None
    return result


@export("io.decode_compressed")
def decode_compressed(bytes: Any, compression_type: str = "", name: str | None = None) -> Any:
    """Each string without its compression.

    Args:
      bytes: String tensor of any shape.
      compression_type: `""` (they stay as they are), `"GZIP"` or `"ZLIB"`.
      name: Optional name of the node in graphs.
    Returns:
      String tensor of the same shape.
    Raises:
      InvalidArgumentError: Another `compression_type`.
      DataLossError: A string is no such data, or is cut off.

    >>> import zlib
    >>> tf.io.decode_compressed(zlib.compress(b"abc"), "ZLIB").numpy()
    b'abc'
    """
    kind = compression_name(compression_type, "tf.io.decode_compressed")
    return apply(_decode_compressed, (bytes,), (("compression_type", kind),), name)
