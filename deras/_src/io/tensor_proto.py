"""`tf.io.serialize_tensor`, `tf.io.parse_tensor`: tensors as TensorProto messages."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from deras._src import errors
from deras._src.core import dtypes
from deras._src.core.dtypes import ANY, STRING, DType, as_dtype, from_numpy, string
from deras._src.core.tensor_shape import TensorShape
from deras._src.dispatch.apply import apply
from deras._src.io.descriptors import messages
from deras._src.io.failures import failure
from deras._src.registry import NONE, op
from deras._src.util.export import export

# Which field holds a dtype's numbers, where they are not in `tensor_content`.
_FIELDS = {
    dtypes.float32: "float_val",
    dtypes.float64: "double_val",
    dtypes.complex64: "scomplex_val",
    dtypes.complex128: "dcomplex_val",
    dtypes.int64: "int64_val",
    dtypes.bool_: "bool_val",
    dtypes.uint32: "uint32_val",
    dtypes.uint64: "uint64_val",
    dtypes.float16: "half_val",
    dtypes.bfloat16: "half_val",
    dtypes.string: "string_val",
}


def varint(value: int) -> bytes:
    """A number as protobuf writes it, negative ones as if they were uint64."""
    value &= 0xFFFFFFFFFFFFFFFF
    result = bytearray()
    while value > 0x7F:
        result.append(value & 0x7F | 0x80)
        value >>= 7
    result.append(value)
    return bytes(result)


def _field(number: int, data: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(data)) + data


def to_tensor_proto(array: np.ndarray, dtype: DType) -> bytes:
    """An array as a serialized TensorProto, byte for byte as TensorFlow writes it."""
    dims = b"".join(_field(2, b"\x08" + varint(d) if d else b"") for d in array.shape)
    head = b"\x08" + varint(dtype.as_datatype_enum) + _field(2, dims)
    if dtype is string:
        return head + b"".join(_field(8, item) for item in array.reshape(-1).tolist())
    if not array.size:
        return head
    if sys.byteorder == "big":
        array = array.byteswap()
    return head + _field(4, np.ascontiguousarray(array).tobytes())


def from_tensor_proto(data: bytes, what: str) -> tuple[np.ndarray, DType]:
    """The array and dtype of a serialized TensorProto.

    Raises:
      InvalidArgumentError: The bytes are no such message, or do not fit its shape.
    """
    from google.protobuf.message import DecodeError

    def wrong(reason: str) -> errors.OpError:
        return failure(errors.InvalidArgumentError, what, reason)

    try:
        proto = messages("tensor")["TensorProto"].FromString(data)
    except DecodeError:
        raise wrong("the string is no serialized tensor (TensorProto)") from None
    try:
        dtype = as_dtype(proto.dtype)
    except TypeError:
        raise wrong(f"the serialized tensor's dtype is unknown: number {proto.dtype}") from None
    if dtype.np_dtype is None:
        raise wrong(f"a tensor of dtype {dtype.name} cannot be read from a string")
    shape = tuple(dim.size for dim in proto.tensor_shape.dim)
    if any(size < 0 for size in shape) or proto.tensor_shape.unknown_rank:
        raise wrong(f"the serialized tensor's shape is not known: {list(shape)}")
    count = math.prod(shape)
    if proto.tensor_content:
        wanted = count * dtype.size
        if dtype is string or len(proto.tensor_content) != wanted:
            raise wrong(
                f"the serialized {dtype.name} tensor of shape {list(shape)} has "
                f"{len(proto.tensor_content)} bytes of content"
            )
        content = np.frombuffer(proto.tensor_content, dtype.np_dtype.newbyteorder("<"))
        return content.astype(dtype.np_dtype).reshape(shape), dtype
    values = _listed(proto, dtype)
    if len(values) > count:
        raise wrong(f"the serialized tensor of shape {list(shape)} has {len(values)} values")
    # A short list is filled with its last value, so that zeros take no room.
    if count > 1 << 34:
        raise wrong(f"the serialized tensor's shape {list(shape)} is too large for its values")
    result = np.empty(count, dtype.np_dtype)
    result[: len(values)] = values
    if len(values) < count:
        fill: Any = values[-1] if len(values) else (b"" if dtype is string else 0)
        result[len(values) :] = fill
    return result.reshape(shape), dtype


def _listed(proto: Any, dtype: DType) -> np.ndarray:
    numbers = getattr(proto, _FIELDS.get(dtype, "int_val"))
    if dtype is string:
        result = np.empty(len(numbers), object)
        result[:] = list(numbers)
        return result
    if dtype in (dtypes.float16, dtypes.bfloat16):
        return np.array(numbers, np.int64).astype(np.uint16).view(dtype.np_dtype)
    if dtype.is_complex:
        half = np.float32 if dtype is dtypes.complex64 else np.float64
        return np.array(numbers, half).view(dtype.np_dtype)
    if dtype in dtypes.FLOAT8:
        return np.frombuffer(proto.float8_val, dtype.np_dtype)
    if dtype.is_quantized:
        return np.array(numbers, np.int64).astype(dtype.np_dtype[0]).view(dtype.np_dtype)  # type: ignore[index]
    return np.array(numbers).astype(dtype.np_dtype)


def _scalar_shape(inputs: Sequence[Any], attrs: Mapping[str, Any]) -> Any:
    return [(string, TensorShape([]))]


@op(
    "SerializeTensor",
    dtypes=ANY,
    host=True,
    gradient=NONE,
    shape=_scalar_shape,
    api_name="io.serialize_tensor",
)
def _serialize_tensor(tensor):
    result = np.empty((), object)
    result[()] = to_tensor_proto(tensor, from_numpy(tensor.dtype))
    return result


@export("io.serialize_tensor")
def serialize_tensor(tensor: Any, name: str | None = None) -> Any:
    """A tensor as one string (a serialized TensorProto), for files.

    Args:
      tensor: Tensor of any dtype but resource and variant.
      name: Optional name of the node in graphs.
    Returns:
      Scalar string tensor.

    >>> tf.io.parse_tensor(tf.io.serialize_tensor([1.5, 2.0]), tf.float32).numpy()
    array([1.5, 2. ], dtype=float32)
    """
    return apply(_serialize_tensor, (tensor,), (), name)


@op(
    "ParseTensor",
    dtypes={"serialized": STRING},
    host=True,
    gradient=NONE,
    shape=lambda inputs, attrs: [(attrs["out_type"], TensorShape(None))],
    api_name="io.parse_tensor",
)
def _parse_tensor(serialized, *, out_type):
    what = "tf.io.parse_tensor"
    if serialized.ndim:
        raise failure(
            errors.InvalidArgumentError,
            what,
            f"serialized must be a scalar, its shape is {list(serialized.shape)}",
        )
    array, dtype = from_tensor_proto(serialized[()], what)
    if dtype is not out_type:
        raise failure(
            errors.InvalidArgumentError,
            what,
            f"the serialized tensor is {dtype.name}, out_type is {out_type.name}",
        )
    return array


@export("io.parse_tensor")
def parse_tensor(serialized: Any, out_type: Any, name: str | None = None) -> Any:
    """The tensor that `tf.io.serialize_tensor` made a string of.

    Args:
      serialized: Scalar string tensor.
      out_type: The tensor's dtype; it is checked, nothing is cast.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of dtype `out_type`, in graphs of unknown shape.
    Raises:
      InvalidArgumentError: The string holds no tensor, or one of another dtype.
    """
    return apply(_parse_tensor, (serialized,), (("out_type", as_dtype(out_type)),), name)
