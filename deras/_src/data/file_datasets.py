"""Datasets of files: lines, records of fixed length, TFRecords."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from deras._src.core.dtypes import string
from deras._src.core.type_spec import TensorSpec
from deras._src.data.dataset import Dataset
from deras._src.data.files import fixed_node, lines_node, records_node
from deras._src.data.nested import FlatMap, Interleave
from deras._src.data.node import Node
from deras._src.data.structure import as_scalar
from deras._src.dispatch.convert import convert
from deras._src.util.export import export


def _names(filenames: Any, what: str) -> Any:
    if isinstance(filenames, Dataset):
        return None
    if hasattr(filenames, "__fspath__"):
        filenames = str(filenames)
    if isinstance(filenames, (list, tuple)):
        filenames = [str(f) if hasattr(f, "__fspath__") else f for f in filenames]
    empty = isinstance(filenames, list) and not filenames
    names = convert(np.empty((0,), object) if empty else filenames)
    if names.dtype is not string or names.shape.rank not in (0, 1, None):
        raise TypeError(
            f"{what}: `filenames` must be a string, a list of strings, or a dataset of strings, "
            f"got {names!r}"
        )
    return names


class _FileDataset(Dataset):
    """A dataset of the records of files."""

    _what = ""

    def _build(self, filenames: Any, reads: Any, node_of: Callable[[Any], Node]) -> None:
        names = _names(filenames, self._what)
        if names is not None and reads is None:
            super().__init__(node_of(names))
            return
        files = filenames if names is None else Dataset.from_tensor_slices(_vector(names))
        spec = files.element_spec
        if not isinstance(spec, TensorSpec) or spec.dtype is not string:
            raise TypeError(
                f"{self._what}: the dataset of `filenames` must have string elements, got {spec}"
            )

        def read(name: Any) -> Dataset:
            return Dataset(node_of(name))

        if reads is None:
            super().__init__(FlatMap(files._node, read))
        else:
            cycle = as_scalar(reads, f"{self._what}: num_parallel_reads")
            super().__init__(Interleave(files._node, read, cycle, 1))


def _vector(names: Any) -> Any:
    if names.shape.rank != 0:
        return names
    return [names.host_array().item()] if hasattr(names, "host_array") else [names]


@export("data.TextLineDataset")
class TextLineDataset(_FileDataset):
    """The lines of text files, without their ends.

    Args:
      filenames: A path, several, or a dataset of paths.
      compression_type: None, `""`, `"ZLIB"` or `"GZIP"`.
      buffer_size: Accepted.
      num_parallel_reads: How many files are read in turn; one after the other by default.
      name: Accepted.
    """

    _what = "tf.data.TextLineDataset"

    def __init__(
        self,
        filenames: Any,
        compression_type: Any = None,
        buffer_size: Any = None,
        num_parallel_reads: Any = None,
        name: str | None = None,
    ) -> None:
        self._build(filenames, num_parallel_reads, lambda n: lines_node(n, compression_type))


@export("data.TFRecordDataset")
class TFRecordDataset(_FileDataset):
    """The records of TFRecord files.

    Args:
      filenames: A path, several, or a dataset of paths.
      compression_type: None, `""`, `"ZLIB"` or `"GZIP"`.
      buffer_size: Accepted.
      num_parallel_reads: How many files are read in turn; one after the other by default.
      name: Accepted.
    Raises:
      DataLossError: (while iterating) a record is damaged; the file and its number are named.
    """

    _what = "tf.data.TFRecordDataset"

    def __init__(
        self,
        filenames: Any,
        compression_type: Any = None,
        buffer_size: Any = None,
        num_parallel_reads: Any = None,
        name: str | None = None,
    ) -> None:
        self._build(filenames, num_parallel_reads, lambda n: records_node(n, compression_type))


@export("data.FixedLengthRecordDataset")
class FixedLengthRecordDataset(_FileDataset):
    """Records of `record_bytes` bytes each, between a header and a footer.

    Args:
      filenames: A path, several, or a dataset of paths.
      record_bytes: Length of a record.
      header_bytes: What to skip at a file's start.
      footer_bytes: What to leave at its end.
      buffer_size: Accepted.
      compression_type: None, `""`, `"ZLIB"` or `"GZIP"`.
      num_parallel_reads: How many files are read in turn; one after the other by default.
      name: Accepted.
    """

    _what = "tf.data.FixedLengthRecordDataset"

    def __init__(
        self,
        filenames: Any,
        record_bytes: Any,
        header_bytes: Any = None,
        footer_bytes: Any = None,
        buffer_size: Any = None,
        compression_type: Any = None,
        num_parallel_reads: Any = None,
        name: str | None = None,
    ) -> None:
        sizes = (record_bytes, header_bytes, footer_bytes)
        self._build(filenames, num_parallel_reads, lambda n: fixed_node(n, sizes, compression_type))
