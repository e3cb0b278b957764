"""Rows of CSV files and of SQL queries."""

from __future__ import annotations

import collections
import csv
import io
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from deras._src import errors
from deras._src.core import dtypes
from deras._src.core.dtypes import DType, as_dtype, string
from deras._src.core.type_spec import TensorSpec
from deras._src.data.dataset import Dataset
from deras._src.data.files import _Bytes
from deras._src.data.node import Context, Element, End, Node, Stage, host, look_up
from deras._src.data.structure import spec_of_types
from deras._src.dispatch.convert import convert
from deras._src.io.compression import compression_name
from deras._src.io.file_system import matching
from deras._src.util.export import export


class _Text(io.RawIOBase):
    """A file's bytes as a stream; a bytes file, read as Latin-1, keeps them as they are."""

    def __init__(self, path: str, compression: str) -> None:
        self._source = _Bytes(path, compression, 0, 0)
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._rest:
            self._rest = self._source.bytes()
        count = min(len(buffer), len(self._rest))
        buffer[:count], self._rest = self._rest[:count], self._rest[count:]
        return count

    def close(self) -> None:
        self._source.close()
        super().close()


class Format:
    """How a CSV file is written.

    Attributes:
      delimiter: between fields.
      quotes: whether quotes keep delimiters and line ends in a field.
      header: whether the first line is left out.
      missing: a field with this text counts as empty.
    """

    def __init__(
        self, delimiter: str, quotes: bool, header: bool, missing: str, compression: str
    ) -> None:
        self.delimiter, self.quotes, self.header = delimiter, quotes, header
        self.missing, self.compression = missing, compression

    def rows(self, path: str) -> Iterator[list[str]]:
        """The rows of a file; their text is Latin-1 for any bytes."""
        raw = io.BufferedReader(_Text(path, self.compression), 1 << 16)
        text = io.TextIOWrapper(raw, encoding="latin-1", newline="")
        quotes = self.quotes
        try:
            reader = csv.reader(
                text,
                delimiter=self.delimiter,
                quoting=csv.QUOTE_MINIMAL if quotes else csv.QUOTE_NONE,
                strict=quotes,
            )
            for number, row in enumerate(reader):
                if row and not (self.header and number == 0):
                    yield row
        except csv.Error as error:
            raise errors.InvalidArgumentError(
                None, None, f"{path}, row {number + 1}: {error}"
            ) from None
        finally:
            text.close()


class Csv(Node):
    """The rows of CSV files.

    Args:
      names: String tensor of file names.
      kinds: Dtype of each column that is taken.
      defaults: Value of each where a field is empty; None where there must be one.
      columns: Numbers of the columns that are taken; None for all.
    """

    name = "Csv"

    def __init__(
        self,
        names: Any,
        spec: Any,
        kinds: Sequence[DType],
        defaults: Sequence[Any],
        columns: Sequence[int] | None,
        style: Format,
    ) -> None:
        super().__init__(spec)
        self.names, self.kinds, self.defaults = names, kinds, defaults
        self.columns, self.style = columns, style

    def tensors(self) -> Sequence[Any]:
        return (self.names,)

    def open(self, context: Context) -> Stage:
        names = np.asarray(host(look_up(self.names, context.env))).reshape(-1).tolist()
        return _Csv(self, [n.decode() for n in names])


class _Csv(Stage):
    def __init__(self, node: Csv, names: list[str]) -> None:
        self._node, self._names = node, names
        self._file = self._row = 0
        self._rows: Iterator[list[str]] | None = None

    def next(self) -> Element:
        while self._file < len(self._names):
            if self._rows is None:
                self._rows = self._node.style.rows(self._names[self._file])
            try:
                row = next(self._rows)
            except StopIteration:
                self._rows, self._row, self._file = None, 0, self._file + 1
                continue
            except errors.OpError:
                self._rows, self._row, self._file = None, 0, self._file + 1
                raise
            self._row += 1
            return self._element(row)
        raise End

    def _element(self, row: list[str]) -> Element:
        node = self._node
        wanted = len(node.kinds) if node.columns is None else max(node.columns, default=-1) + 1
        if len(row) < wanted or (node.columns is None and len(row) > wanted):
            raise self._wrong(f"Expect {wanted} fields but have {len(row)} in record")
        columns = range(len(node.kinds)) if node.columns is None else node.columns
        triples = zip(columns, node.kinds, node.defaults, strict=True)
        return tuple([self._field(i, row[i], kind, default) for i, kind, default in triples])

    def _field(self, number: int, text: str, kind: DType, default: Any) -> np.ndarray:
        if text == "" or text == self._node.style.missing:
            if default is None:
                raise self._wrong(f"Field {number} is required but missing in record!")
            return default  # type: ignore[no-any-return]
        if kind is string:
            value = np.empty((), object)
            value[()] = text.encode("latin-1")
            return value
        try:
            return _number(text, kind)
        except (ValueError, OverflowError):
            raise self._wrong(
                f"Field {number} in record is not a valid {kind.name}: {text}"
            ) from None

    def _wrong(self, text: str) -> Exception:
        place = f"{self._names[self._file]}, row {self._row - 1}"
        return errors.InvalidArgumentError(None, None, f"{text}\n  in {place}")

    def own_state(self) -> Any:
        return [self._file, self._row]

    def restore_own(self, state: Any) -> None:
        self._file, row = state
        if row and self._file < len(self._names):
            self._rows = self._node.style.rows(self._names[self._file])
            for _ in range(row):
                next(self._rows, None)
        self._row = row


def _number(text: str, kind: DType) -> np.ndarray:
    value = int(text) if kind.is_integer else float(text)
    if kind.is_integer and not kind.min <= value <= kind.max:
        raise OverflowError
    return np.array(value, kind.np_dtype)


def _names_of(filenames: Any) -> Any:
    if isinstance(filenames, (list, tuple)):
        filenames = [str(f) if hasattr(f, "__fspath__") else f for f in filenames]
    elif hasattr(filenames, "__fspath__"):
        filenames = str(filenames)
    return convert(filenames)


@export("data.experimental.CsvDataset")
class CsvDataset(Dataset):
    """The rows of CSV files, as tuples of a scalar for each column.

    Args:
      filenames: A path, or several.
      record_defaults: For each column its dtype, if a field must not be empty, or its default.
      compression_type: None, `""`, `"ZLIB"` or `"GZIP"`.
      buffer_size: Accepted.
      header: Whether each file's first line is left out.
      field_delim: Between fields.
      use_quote_delim: Whether quotes keep delimiters and line ends in a field.
      na_value: A field with this text counts as empty.
      select_cols: Numbers of the columns to take, ascending; `record_defaults` are theirs.
      exclude_cols: Numbers of the columns to leave out.
    """

    def __init__(
        self,
        filenames: Any,
        record_defaults: Sequence[Any],
        compression_type: Any = None,
        buffer_size: Any = None,
        header: bool = False,
        field_delim: str = ",",
        use_quote_delim: bool = True,
        na_value: str = "",
        select_cols: Sequence[int] | None = None,
        exclude_cols: Sequence[int] | None = None,
    ) -> None:
        what = "tf.data.experimental.CsvDataset"
        if select_cols is not None and exclude_cols is not None:
            raise errors.InvalidArgumentError(
                None, None, f"{what}: only one of select_cols and exclude_cols may be given"
            )
        kinds, defaults = _defaults(record_defaults)
        columns = None if select_cols is None else list(select_cols)
        if exclude_cols is not None:
            left = set(exclude_cols)
            total = len(kinds) + len(left)
            columns = [i for i in range(total) if i not in left]
        if columns is not None and sorted(columns) != columns:
            raise errors.InvalidArgumentError(
                None, None, f"{what}: select_cols must be ascending, got {columns}"
            )
        spec = tuple(TensorSpec((), kind) for kind in kinds)
        style = Format(
            field_delim,
            use_quote_delim,
            header,
            na_value,
            compression_name(compression_type, what),
        )
        super().__init__(Csv(_names_of(filenames), spec, kinds, defaults, columns, style))


def _defaults(given: Sequence[Any]) -> tuple[list[DType], list[Any]]:
    kinds: list[DType] = []
    defaults: list[Any] = []
    for value in given:
        if isinstance(value, (DType, type, np.dtype)):
            kinds.append(as_dtype(value))
            defaults.append(None)
            continue
        made = convert(value)
        array = made.host_array().reshape(-1)
        kinds.append(made.dtype)
        defaults.append(array[0, ...] if len(array) else None)
    return kinds, defaults


_TRIED = (dtypes.int32, dtypes.int64, dtypes.float32, dtypes.float64)


def _kind_of(texts: Sequence[str], missing: str) -> DType:
    """The narrowest dtype of a column."""
    kind = 0
    for text in texts:
        if text in ("", missing):
            continue
        while kind < len(_TRIED):
            try:
                value = _number(text, _TRIED[kind])
            except (ValueError, OverflowError):
                kind += 1
                continue
            if _TRIED[kind] is dtypes.float32 and np.isinf(value):
                kind += 1
                continue
            break
    return _TRIED[kind] if kind < len(_TRIED) else string


@export("data.experimental.make_csv_dataset")
def make_csv_dataset(
    file_pattern: Any,
    batch_size: int,
    column_names: Sequence[str] | None = None,
    column_defaults: Sequence[Any] | None = None,
    label_name: str | None = None,
    select_columns: Sequence[Any] | None = None,
    field_delim: str = ",",
    use_quote_delim: bool = True,
    na_value: str = "",
    header: bool = True,
    num_epochs: int | None = None,
    shuffle: bool = True,
    shuffle_buffer_size: int = 10000,
    shuffle_seed: int | None = None,
    prefetch_buffer_size: int | None = None,
    num_parallel_reads: int | None = None,
    sloppy: bool = False,
    num_rows_for_inference: int | None = 100,
    compression_type: Any = None,
    ignore_errors: bool = False,
    encoding: str = "utf-8",
) -> Dataset:
    """Batches of CSV files: a dict of a vector for each column, or a pair of that and the labels.

    Args:
      file_pattern: Glob pattern of the files, or several.
      batch_size: Rows of a batch.
      column_names: Names of all columns; from the header if not given.
      column_defaults: Dtype or default of each column taken; found from the data if not given.
      label_name: Column to give as the labels.
      select_columns: Names or numbers of the columns to take.
      field_delim: Between fields.
      use_quote_delim: Whether quotes keep delimiters and line ends in a field.
      na_value: A field with this text counts as empty.
      header: Whether files begin with the columns' names.
      num_epochs: How often the files are read; without end if None.
      shuffle: Whether rows are shuffled.
      shuffle_buffer_size: Rows that wait in the shuffle's buffer.
      shuffle_seed: Of the shuffle.
      prefetch_buffer_size: Batches made ahead; chosen if None.
      num_parallel_reads: Files read in turn; 1 if None.
      sloppy: Accepted.
      num_rows_for_inference: Rows looked at to find dtypes; all if None.
      compression_type: None, `""`, `"ZLIB"` or `"GZIP"`.
      ignore_errors: Whether rows that are damaged are left out.
      encoding: Of the header.
    Raises:
      ValueError: no files, unlike headers, or a column that is not there.
    """
    what = "tf.data.experimental.make_csv_dataset"
    patterns = [file_pattern] if isinstance(file_pattern, (str, bytes)) else list(file_pattern)
    names = sorted(
        {n for p in patterns for n in matching(p.decode() if isinstance(p, bytes) else str(p))}
    )
    if not names:
        raise ValueError(f"{what}: No files match `file_pattern` {file_pattern}.")
    compression = compression_name(compression_type, what)
    plain = Format(field_delim, use_quote_delim, False, na_value, compression)
    style = Format(field_delim, use_quote_delim, header, na_value, compression)
    if column_names is None:
        if not header:
            raise ValueError(f"{what}: `column_names` must be given where there is no header")
        heads = {name: next(plain.rows(name), []) for name in names}
        first = heads[names[0]]
        for name, head in heads.items():
            if head != first:
                raise ValueError(f"{what}: Files have different column names: {name}")
        column_names = [c.encode("latin-1").decode(encoding) for c in first]
    column_names = list(column_names)
    if len(set(column_names)) != len(column_names):
        raise ValueError(f"{what}: Cannot have duplicate column names: {column_names}")
    columns = list(range(len(column_names)))
    if select_columns is not None:
        columns = sorted(
            c if isinstance(c, int) else _place(column_names, c, what) for c in select_columns
        )
    chosen = [column_names[i] for i in columns]
    if label_name is not None and label_name not in chosen:
        raise ValueError(f"{what}: `label_name` provided must be one of the columns: {chosen}")
    if column_defaults is None:
        looked = _first_rows(style, names, num_rows_for_inference)
        kinds = [_kind_of([r[i] for r in looked if i < len(r)], na_value) for i in columns]
        defaults: list[Any] = [
            np.array(b"", object) if k is string else np.zeros((), k.np_dtype) for k in kinds
        ]
    else:
        given = list(column_defaults)
        if len(given) == len(column_names) and len(columns) < len(given):
            given = [given[i] for i in columns]
        kinds, defaults = _defaults(given)
    features = [c for c in chosen if c != label_name]
    spec = spec_of_types(tuple(kinds), tuple(() for _ in kinds))

    def read(name: Any) -> Dataset:
        found = Dataset(Csv(name, spec, kinds, defaults, columns, style))
        return found.ignore_errors() if ignore_errors else found

    dataset = Dataset.from_tensor_slices(names)
    if shuffle:
        dataset = dataset.shuffle(len(names), shuffle_seed)
    dataset = dataset.interleave(read, cycle_length=num_parallel_reads or 1, block_length=1)
    if shuffle:
        dataset = dataset.shuffle(shuffle_buffer_size, shuffle_seed)
    if num_epochs != 1:
        dataset = dataset.repeat(num_epochs)
    dataset = dataset.batch(batch_size, drop_remainder=num_epochs is None)

    def named(*values: Any) -> Any:
        found = dict(zip(chosen, values, strict=True))
        row = collections.OrderedDict((name, found[name]) for name in features)
        return row if label_name is None else (row, found[label_name])

    return dataset.map(named).prefetch(-1 if prefetch_buffer_size is None else prefetch_buffer_size)


def _place(names: Sequence[str], name: str, what: str) -> int:
    if name not in names:
        raise ValueError(f"{what}: Value '{name}' is not in the list of columns {list(names)}")
    return list(names).index(name)


def _first_rows(style: Format, names: Sequence[str], count: int | None) -> list[list[str]]:
    rows: list[list[str]] = []
    for name in names:
        for row in style.rows(name):
            if count is not None and len(rows) >= count:
                return rows
            rows.append(row)
    return rows


class Sql(Node):
    """The rows of a query."""

    name = "Sql"

    def __init__(self, path: Any, query: Any, spec: Any) -> None:
        super().__init__(spec)
        self.path, self.query = path, query

    def tensors(self) -> Sequence[Any]:
        return (self.path, self.query)

    def open(self, context: Context) -> Stage:
        path, query = (host(look_up(t, context.env)).item() for t in (self.path, self.query))
        return _Sql(path.decode(), query.decode(), [s.dtype for s in self.flat])


class _Sql(Stage):
    def __init__(self, path: str, query: str, kinds: Sequence[DType]) -> None:
        self._path, self._query, self._kinds = path, query, kinds
        self._base: Any = None
        self._cursor: Any = None
        self._row = 0

    def __del__(self) -> None:
        self.close()

    def close(self) -> None:
        """Closes the database."""
        base, self._base, self._cursor = self._base, None, None
        if base is not None:
            base.close()

    def _open(self) -> None:
        import sqlite3

        self._base = sqlite3.connect(self._path, check_same_thread=False)
        try:
            self._cursor = self._base.execute(self._query)
        except sqlite3.Error as error:
            self.close()
            raise errors.InvalidArgumentError(
                None, None, f"tf.data.experimental.SqlDataset: {self._path}: {error}"
            ) from error

    def next(self) -> Element:
        if self._cursor is None:
            self._open()
        row = self._cursor.fetchone()
        if row is None:
            raise End
        if len(row) != len(self._kinds):
            raise errors.InvalidArgumentError(
                None,
                None,
                "tf.data.experimental.SqlDataset: The number of columns in query result "
                f"({len(row)}) does not match the number of `output_types` ({len(self._kinds)})",
            )
        self._row += 1
        return tuple([_cell(v, k) for v, k in zip(row, self._kinds, strict=True)])

    def own_state(self) -> Any:
        return self._row

    def restore_own(self, state: Any) -> None:
        for _ in range(state):
            self.next()


def _cell(value: Any, kind: DType) -> np.ndarray:
    if kind is string:
        result = np.empty((), object)
        text = "" if value is None else value
        result[()] = text if isinstance(text, bytes) else str(text).encode()
        return result
    return np.array(0 if value is None else value, kind.np_dtype)


@export("data.experimental.SqlDataset")
class SqlDataset(Dataset):
    """The rows of a query of an SQLite database.

    Args:
      driver_name: `"sqlite"`.
      data_source_name: Path of the database.
      query: In SQL.
      output_types: Tuple of the columns' dtypes.
    """

    def __init__(
        self, driver_name: Any, data_source_name: Any, query: Any, output_types: Any
    ) -> None:
        if np.asarray(convert(driver_name).host_array()).item() != b"sqlite":
            raise errors.InvalidArgumentError(
                None, None, f"SqlDataset: the driver must be 'sqlite', got {driver_name!r}"
            )
        kinds = tuple(as_dtype(d) for d in output_types)
        spec = tuple(TensorSpec((), kind) for kind in kinds)
        super().__init__(Sql(convert(data_source_name), convert(query), spec))
