"""The file of recorded answers of a family: one JSON document and one block of bytes, in an .npz.

Arrays stand in the document as `[dtype name, shape, offset]`, string arrays with their values. No
pickle; dtypes that NumPy does not have are named as TensorFlow names them.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np

FOLDER = Path(__file__).resolve().parent.parent / "golden" / "ops"


class Writer:
    """Collects a family's answers."""

    def __init__(self) -> None:
        self.document: dict[str, Any] = {}
        self._data = bytearray()
        self._known: dict[bytes, int] = {}

    def array(self, array: np.ndarray, dtype: str) -> list[Any]:
        """Keeps an array; returns what stands for it in the document."""
        if dtype == "string":
            texts = [v.decode("latin-1") for v in array.reshape(-1)]
            return [dtype, list(array.shape), texts]
        data = np.ascontiguousarray(array).tobytes()
        offset = self._known.get(data)
        if offset is None:
            offset = self._known[data] = len(self._data)
            self._data += data
        return [dtype, list(array.shape), offset]

    def save(self, family: str, info: dict[str, Any]) -> Path:
        """Writes the family's file; returns its path."""
        FOLDER.mkdir(parents=True, exist_ok=True)
        path = FOLDER / f"{family}.npz"
        text = json.dumps({"info": info, "cases": self.document}, sort_keys=True)
        partial = path.with_suffix(".partial.npz")
        np.savez_compressed(
            partial,
            document=np.frombuffer(text.encode(), np.uint8),
            data=np.frombuffer(bytes(self._data), np.uint8),
        )
        os.replace(partial, path)
        return path


class Reader:
    """A family's recorded answers."""

    def __init__(self, family: str) -> None:
        self.cases: dict[str, Any] = {}
        self.data = b""
        path = FOLDER / f"{family}.npz"
        if path.exists():
            with np.load(path, allow_pickle=False) as stored:
                self.cases = json.loads(stored["document"].tobytes())["cases"]
                self.data = stored["data"].tobytes()

    def array(self, entry: list[Any], numpy_dtype: Any) -> np.ndarray:
        """The array that an entry of the document stands for."""
        name, shape, place = entry
        if name == "string":
            flat = np.empty(len(place), object)
            flat[:] = [text.encode("latin-1") for text in place]
            return flat.reshape(shape)
        dtype = np.dtype(numpy_dtype)
        count = int(np.prod(shape, dtype=np.int64))
        return np.frombuffer(self.data, dtype, count, place).reshape(shape)
