"""`tf.io.decode_csv`: lines of separated values as one tensor a column."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from deras._src import errors
from deras._src.core import dtypes
from deras._src.core.dtypes import STRING, DType
from deras._src.core.tensor import Tensor
from deras._src.dispatch.apply import apply, as_tensor_tuple
from deras._src.dispatch.convert import convert
from deras._src.io.failures import failure
from deras._src.registry import NONE, op
from deras._src.util.export import export

_WHAT = "tf.io.decode_csv"
_ACCEPTED = (dtypes.float32, dtypes.float64, dtypes.int32, dtypes.int64, dtypes.string)
_INTEGER = rb"[ \t]*[+-]?[0-9]+[ \t]*"
_FLOAT = (
    rb"[ \t]*[+-]?(?:[0-9]+\.?[0-9]*(?:[eE][+-]?[0-9]+)?|\.[0-9]+(?:[eE][+-]?[0-9]+)?"
    rb"|inf(?:inity)?|nan)[ \t]*"
)
# Whether all fields of a column are numbers: one look at them joined costs a tenth of a look at
# each. Possessive, so that it never goes back.
_ALL_INTEGER = re.compile(rb"(?:" + _INTEGER + rb"\0)*+\Z")
_ALL_FLOAT = re.compile(rb"(?:" + _FLOAT + rb"\0)*+\Z", re.IGNORECASE)


class BadRecord(ValueError):
    """A line that breaks the rules of RFC 4180."""


def split_record(line: bytes, delimiter: bytes, quotes: bool) -> list[bytes]:
    """The fields of a line.

    With `quotes`, a field may stand in double quotes and then hold delimiters, line ends and
    doubled quotes; a quote in a field without quotes is an error.
    """
    if not line:
        return []
    if not quotes or b'"' not in line:
        if b"\n" in line or b"\r" in line:
            raise BadRecord("unquoted fields cannot have line ends inside")
        return line.split(delimiter)
    fields: list[bytes] = []
    position, size = 0, len(line)
    while True:
        if position < size and line[position] == 0x22:
            parts = []
            position += 1
            while True:
                end = line.find(b'"', position)
                if end < 0:
                    raise BadRecord("a quoted field has to end with a quote")
                parts.append(line[position:end])
                position = end + 1
                if position < size and line[position] == 0x22:
                    parts.append(b'"')
                    position += 1
                    continue
                break
            if position < size and line[position : position + 1] != delimiter:
                raise BadRecord("a quote within a quoted field has to be doubled")
            fields.append(b"".join(parts))
        else:
            end = line.find(delimiter, position)
            end = size if end < 0 else end
            value = line[position:end]
            if b'"' in value or b"\n" in value or b"\r" in value:
                raise BadRecord("unquoted fields cannot have quotes or line ends inside")
            fields.append(value)
            position = end
        if position >= size:
            return fields
        position += 1  # the delimiter
        if position == size:
            fields.append(b"")
            return fields


def _column(values: list[bytes], dtype: DType, column: int) -> np.ndarray:
    """Fields as numbers; the error names the line."""
    if dtype is dtypes.string:
        result = np.empty(len(values), object)
        result[:] = values
        return result
    numbers: Any = None
    if (_ALL_INTEGER if dtype.is_integer else _ALL_FLOAT).match(b"\0".join([*values, b""])):
        numbers = list(map(int if dtype.is_integer else float, values))
    in_range = not dtype.is_integer or not numbers or _fits(min(numbers), max(numbers), dtype)
    if numbers is None or not in_range:
        line = next(i for i, value in enumerate(values) if not _is_number(value, dtype))
        raise failure(
            errors.InvalidArgumentError,
            _WHAT,
            f"field {column} of record {line} is no valid {dtype.name}: "
            f"{values[line].decode(errors='replace')!r}",
        )
    with np.errstate(over="ignore"):
        return np.array(numbers, np.float64 if dtype.is_floating else dtype.np_dtype).astype(
            dtype.np_dtype
        )


def _fits(low: int, high: int, dtype: DType) -> bool:
    return bool(dtype.min <= low and high <= dtype.max)


def _is_number(value: bytes, dtype: DType) -> bool:
    if dtype.is_integer:
        whole = _ALL_INTEGER.match(value + b"\0")
        return whole is not None and _fits(int(value), int(value), dtype)
    return _ALL_FLOAT.match(value + b"\0") is not None


@op(
    "DecodeCSV",
    dtypes={"records": STRING},
    inputs=("records", "*record_defaults"),
    host=True,
    gradient=NONE,
    shape=lambda inputs, attrs: [(dtype, inputs[0].shape) for dtype in attrs["dtypes"]],
    api_name="io.decode_csv",
)
def _decode_csv(records, *defaults, dtypes, delimiter, quotes, na_value, columns):
    rows = []
    wanted = len(defaults)
    for number, line in enumerate(records.reshape(-1).tolist()):
        try:
            fields = split_record(line, delimiter, quotes)
        except BadRecord as error:
            raise failure(errors.InvalidArgumentError, _WHAT, f"record {number}: {error}") from None
        if columns is None:
            if len(fields) != wanted:
                raise failure(
                    errors.InvalidArgumentError,
                    _WHAT,
                    f"expected {wanted} fields but have {len(fields)} in record {number}",
                )
        else:
            if len(fields) <= columns[-1]:
                raise failure(
                    errors.InvalidArgumentError,
                    _WHAT,
                    f"expected more than {columns[-1]} fields (select_cols) but have "
                    f"{len(fields)} in record {number}",
                )
            fields = [fields[at] for at in columns]
        rows.append(fields)
    results = []
    for at, (default, dtype) in enumerate(zip(defaults, dtypes, strict=True)):
        values = [row[at] for row in rows]
        empty = [i for i, value in enumerate(values) if not value or value == na_value]
        if empty and not default.size:
            raise failure(
                errors.InvalidArgumentError,
                _WHAT,
                f"field {at} is required but missing in record {empty[0]}",
            )
        for i in empty:
            values[i] = b"0"
        column = _column(values, dtype, at)
        if empty:
            column[empty] = default.reshape(-1)[0]
        results.append(column.reshape(records.shape))
    return tuple(results)


@export("io.decode_csv")
def decode_csv(
    records: Any,
    record_defaults: Any,
    field_delim: str = ",",
    use_quote_delim: bool = True,
    na_value: str = "",
    select_cols: Sequence[int] | None = None,
    name: str | None = None,
) -> list[Any]:
    """Lines of separated values as one tensor a column.

    Args:
      records: String tensor, one line an element, without the line's end.
      record_defaults: List with an entry for each column: a value for empty fields, which says the
        column's dtype, too, or an empty tensor of that dtype, where every line must have the
        field. float32, float64, int32, int64 or string.
      field_delim: One character.
      use_quote_delim: Whether double quotes have their meaning of RFC 4180.
      na_value: Another text that counts as empty.
      select_cols: Ascending numbers of the columns to give; default all.
      name: Optional name of the node in graphs.
    Returns:
      List of tensors of `records`' shape.
    Raises:
      ValueError: The arguments do not fit each other.
      InvalidArgumentError: A line has too few or too many fields, a required field is empty, or a
        field is no number. The error names record and field.

    >>> x, y = tf.io.decode_csv(["1,a", ",b"], [[7], [""]])
    >>> x.numpy(), y.numpy()
    (array([1, 7], dtype=int32), array([b'a', b'b'], dtype=object))
    """
    columns = None if select_cols is None else tuple(int(c) for c in select_cols)
    if columns is not None:
        if any(b <= a for a, b in itertools.pairwise(columns)):
            raise ValueError(f"{_WHAT}: select_cols must ascend, got {list(columns)}")
        if columns and columns[0] < 0:
            raise ValueError(f"{_WHAT}: select_cols must not be negative, got {list(columns)}")
        if len(columns) != len(record_defaults):
            raise ValueError(
                f"{_WHAT}: select_cols has {len(columns)} columns, record_defaults "
                f"{len(record_defaults)}"
            )
    if len(field_delim) != 1 or field_delim in '"\r\n':
        raise failure(
            errors.InvalidArgumentError,
            _WHAT,
            f"field_delim must be one character, no quote or line end, not {field_delim!r}",
        )
    defaults = [v if isinstance(v, Tensor) else convert(v) for v in record_defaults]
    for at, default in enumerate(defaults):
        if default.dtype not in _ACCEPTED:
            names = ", ".join(dtype.name for dtype in _ACCEPTED)
            raise failure(
                errors.InvalidArgumentError,
                _WHAT,
                f"record_defaults[{at}] is {default.dtype.name}; accepted: {names}",
            )
        size = default.shape.num_elements()
        if (default.shape.rank or 0) > 1 or (size is not None and size > 1):
            raise failure(
                errors.InvalidArgumentError,
                _WHAT,
                f"record_defaults[{at}] must have one value or none, its shape is {default.shape}",
            )
    attrs = (
        ("dtypes", tuple(default.dtype for default in defaults)),
        ("delimiter", field_delim.encode()),
        ("quotes", bool(use_quote_delim)),
        ("na_value", na_value.encode()),
        ("columns", columns),
    )
    return list(as_tensor_tuple(apply(_decode_csv, (records, *defaults), attrs, name)))
