"""Strings to and from numbers and other strings: raw bytes, base64, JSON examples."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from deras._src import errors
from deras._src.core import dtypes
from deras._src.core.dtypes import STRING, as_dtype, string
from deras._src.core.tensor_shape import TensorShape
from deras._src.dispatch.apply import apply
from deras._src.dispatch.convert import convert
from deras._src.io.descriptors import messages
from deras._src.io.failures import failure
from deras._src.registry import NONE, op
from deras._src.util.export import export

Attrs = Mapping[str, Any]

_RAW = (dtypes.REAL | dtypes.COMPLEX | dtypes.BOOLEAN) - {dtypes.uint32, dtypes.uint64}


def _wrong(what: str, reason: str) -> errors.OpError:
    return failure(errors.InvalidArgumentError, what, reason)


def _same_strings(inputs: Sequence[Any], attrs: Attrs) -> Any:
    return [(string, inputs[0].shape)]


# -- Raw bytes ---------------------------------------------------------------------------------


def _raw_shape(inputs: Sequence[Any], attrs: Attrs) -> Any:
    size = attrs["fixed_length"]
    last = None if size is None else size // attrs["out_type"].size
    shape = inputs[0].shape
    if shape.rank is None:
        return [(attrs["out_type"], TensorShape(None))]
    return [(attrs["out_type"], TensorShape([*shape.as_list(), last]))]


@op(
    "DecodeRaw",
    dtypes={"input_bytes": STRING},
    host=True,
    gradient=NONE,
    shape=_raw_shape,
    api_name="io.decode_raw",
)
def _decode_raw(input_bytes, *, out_type, little_endian, fixed_length):
    what = "tf.io.decode_raw"
    items = input_bytes.reshape(-1).tolist()
    if fixed_length is not None:
        items = [item[:fixed_length].ljust(fixed_length, b"\0") for item in items]
    sizes = {len(item) for item in items}
    if len(sizes) > 1:
        first = len(items[0])
        other = next(i for i, item in enumerate(items) if len(item) != first)
        raise _wrong(
            what,
            f"all strings must have one length; the first has {first} bytes, element {other} "
            f"{len(items[other])}",
        )
    size = sizes.pop() if sizes else 0
    if size % out_type.size:
        raise _wrong(
            what,
            f"strings of {size} bytes are no whole number of {out_type.name} values of "
            f"{out_type.size} bytes",
        )
    dtype = out_type.np_dtype
    if out_type.is_bool:
        raw = np.frombuffer(b"".join(items), np.uint8) != 0
    else:
        raw = np.frombuffer(b"".join(items), dtype.newbyteorder("<" if little_endian else ">"))
        raw = raw.astype(dtype)
    return raw.reshape(*input_bytes.shape, size // out_type.size)


@export("io.decode_raw")
def decode_raw(
    input_bytes: Any,
    out_type: Any,
    little_endian: bool = True,
    fixed_length: int | None = None,
    name: str | None = None,
) -> Any:
    """The bytes of strings read as numbers.

    Args:
      input_bytes: String tensor; all strings of one length, unless `fixed_length` is given.
      out_type: Dtype of the numbers.
      little_endian: Whether the lowest byte comes first.
      fixed_length: Bytes to read of each string; longer ones are cut, shorter ones filled with
        zeros.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `input_bytes`' shape and one more dimension.
    Raises:
      InvalidArgumentError: Lengths differ, or are no multiple of the dtype's size.

    >>> tf.io.decode_raw(b"\\x01\\x00\\x02\\x00", tf.int16).numpy()
    array([1, 2], dtype=int16)
    """
    what = "tf.io.decode_raw"
    dtype = as_dtype(out_type)
    if dtype not in _RAW:
        raise _wrong(what, f"out_type cannot be {dtype.name}")
    if fixed_length is not None and (dtype.is_bool or dtype.is_complex):
        raise _wrong(what, f"out_type cannot be {dtype.name} where fixed_length is given")
    if fixed_length is not None and (fixed_length <= 0 or fixed_length % dtype.size):
        raise _wrong(
            what,
            f"fixed_length must be a positive multiple of {dtype.name}'s size {dtype.size}, not "
            f"{fixed_length}",
        )
    attrs = (
        ("out_type", dtype),
        ("little_endian", bool(little_endian)),
        ("fixed_length", None if fixed_length is None else int(fixed_length)),
    )
    return apply(_decode_raw, (_strings(input_bytes),), attrs, name)


def _strings(value: Any) -> Any:
    return convert(value, string) if isinstance(value, list | tuple) and not value else value


# -- Base64 ------------------------------------------------------------------------------------


@op(
    "EncodeBase64",
    dtypes={"input": STRING},
    host=True,
    gradient=NONE,
    shape=_same_strings,
    api_name="io.encode_base64",
)
def _encode_base64(input, *, pad):
    result = np.empty(input.shape, object)
    for position, value in np.ndenumerate(input):
        text = base64.urlsafe_b64encode(value)
        result[position] = text if pad else text.rstrip(b"=")
    return result


@export("io.encode_base64")
def encode_base64(input: Any, pad: bool = False, name: str | None = None) -> Any:
    """Strings in the web-safe base64 alphabet, with `-` and `_`.

    Args:
      input: String tensor.
      pad: Whether to fill up with `=` to a multiple of four characters.
      name: Optional name of the node in graphs.
    Returns:
      String tensor of the same shape.

    >>> tf.io.encode_base64("any?").numpy()
    b'YW55Pw'
    """
    return apply(_encode_base64, (input,), (("pad", bool(pad)),), name)


@op(
    "DecodeBase64",
    dtypes={"input": STRING},
    host=True,
    gradient=NONE,
    shape=_same_strings,
    api_name="io.decode_base64",
)
def _decode_base64(input):
    result = np.empty(input.shape, object)
    for position, value in np.ndenumerate(input):
        stripped = value.rstrip(b"=")
        padding = len(value) - len(stripped)
        missing = -len(stripped) % 4
        # "=" may be left out, but not be wrong in number; "+" and "/" are of the other alphabet.
        wrong = missing == 3 or (padding and padding != missing) or b"+" in value or b"/" in value
        try:
            if wrong:
                raise binascii.Error
            text = stripped.translate(_TO_STANDARD) + b"=" * missing
            result[position] = base64.b64decode(text, validate=True)
        except binascii.Error:
            raise _wrong(
                "tf.io.decode_base64", f"element {list(position)} is no web-safe base64"
            ) from None
    return result


_TO_STANDARD = bytes.maketrans(b"-_", b"+/")


@export("io.decode_base64")
def decode_base64(input: Any, name: str | None = None) -> Any:
    """Strings back from web-safe base64, with or without `=` at the end.

    Args:
      input: String tensor.
      name: Optional name of the node in graphs.
    Returns:
      String tensor of the same shape.
    Raises:
      InvalidArgumentError: A string has other characters, or a length that cannot be.

    >>> tf.io.decode_base64("YW55Pw").numpy()
    b'any?'
    """
    return apply(_decode_base64, (input,), (), name)


# -- JSON --------------------------------------------------------------------------------------


@op(
    "DecodeJSONExample",
    dtypes={"json_examples": STRING},
    host=True,
    gradient=NONE,
    shape=_same_strings,
    api_name="io.decode_json_example",
)
def _decode_json_example(json_examples):
    from google.protobuf import json_format

    example = messages("example")["Example"]
    result = np.empty(json_examples.shape, object)
    for position, text in np.ndenumerate(json_examples):
        try:
            parsed = json_format.Parse(text, example())
        except (json_format.ParseError, UnicodeDecodeError) as error:
            raise _wrong(
                "tf.io.decode_json_example",
                f"element {list(position)} is no tf.train.Example in JSON: {error}",
            ) from None
        result[position] = parsed.SerializeToString(deterministic=True)
    return result


@export("io.decode_json_example")
def decode_json_example(json_examples: Any, name: str | None = None) -> Any:
    """Examples written in protobuf's JSON as serialized `tf.train.Example` messages.

    Args:
      json_examples: String tensor.
      name: Optional name of the node in graphs.
    Returns:
      String tensor of the same shape; byte lists are base64 in the JSON.
    Raises:
      InvalidArgumentError: A string is no such JSON.

    >>> text = '{"features": {"feature": {"x": {"int64List": {"value": [3]}}}}}'
    >>> tf.io.parse_single_example(
    ...     tf.io.decode_json_example(text), {"x": tf.io.FixedLenFeature([1], tf.int64)}
    ... )["x"].numpy()
    array([3])
    """
    return apply(_decode_json_example, (json_examples,), (), name)
