"""Element types of tensors: `DType`, its singletons, and the sets that op declarations name.

There is one `DType` object per type, so code on a fast path compares with `is` and looks dtypes up
in dicts; `==` is for users, who may write `x.dtype == "float32"` or `x.dtype == np.float32`.
"""

from __future__ import annotations

from typing import Any, Final, NoReturn

import ml_dtypes
import numpy as np

from deras._src.util.export import export, export_value

_BY_NAME: dict[str, DType] = {}
_BY_ENUM: dict[int, DType] = {}
_BY_NUMPY_DTYPE: dict[np.dtype, DType] = {}
_BY_PYTHON_TYPE: dict[type, DType] = {}


@export("dtypes.DType", "DType")
class DType:
    """The type of a tensor's elements.

    There is exactly one object for each type: `tf.float32` and its like. `tf.dtypes.as_dtype` finds
    it from a name, a NumPy dtype or a Python type.

    Args:
      type_enum: The type's number in TensorFlow's protocol buffers; `tf.DType(1)` is `tf.float32`.
    Attributes:
      name: The type's name, such as `"float32"`.
      size: Bytes of one element; 0 for string, resource and variant, which have no fixed size.
      np_dtype: The `numpy.dtype` that holds it: `object` for string, None for resource and variant.
      as_datatype_enum: The type's number in TensorFlow's protocol buffers.
      is_floating: True for the real floating types.
      is_integer: True for the integers that are not quantized.
      is_unsigned: True for the integers without a sign that are not quantized.
      is_complex: True for complex64 and complex128.
      is_bool: True for bool.
      is_quantized: True for qint8 and its like.
      is_numeric: True for the types with general arithmetic. As in TensorFlow, the 8- and 4-bit
        floats and the 2- and 4-bit integers are not among them.
      is_numpy_compatible: True if NumPy can hold it: all but resource and variant.

    >>> tf.float32
    tf.float32
    >>> print(tf.float32)
    <dtype: 'float32'>
    >>> tf.float32 == "float32", tf.float32.size, tf.complex64.real_dtype
    (True, 4, tf.float32)
    """

    __slots__ = (
        "__weakref__",
        "_numpy_type",
        "as_datatype_enum",
        "is_bool",
        "is_complex",
        "is_floating",
        "is_integer",
        "is_numeric",
        "is_numpy_compatible",
        "is_quantized",
        "is_unsigned",
        "name",
        "np_dtype",
        "size",
    )

    as_datatype_enum: int
    name: str
    size: int
    np_dtype: np.dtype | None
    is_floating: bool
    is_integer: bool
    is_unsigned: bool
    is_complex: bool
    is_bool: bool
    is_quantized: bool
    is_numeric: bool
    is_numpy_compatible: bool
    _numpy_type: Any

    def __new__(cls, type_enum: int) -> DType:
        try:
            return _BY_ENUM[int(type_enum)]
        except (KeyError, TypeError, ValueError):
            raise TypeError(f"tf.DType: {type_enum!r} is not the number of a type.") from None

    def __setattr__(self, attribute: str, value: object) -> NoReturn:
        raise AttributeError(f"tf.{self.name}: dtypes are constants; {attribute} cannot be set.")

    def __init_subclass__(cls) -> NoReturn:
        raise TypeError("tf.DType: cannot be subclassed; each dtype exists once.")

    @property
    def as_numpy_dtype(self) -> type | np.dtype:
        """NumPy's scalar type for this dtype; `object` for string.

        >>> tf.float32.as_numpy_dtype
        <class 'numpy.float32'>
        """
        if self._numpy_type is None:
            raise TypeError(f"tf.{self.name}: NumPy has no such type.")
        return self._numpy_type

    @property
    def base_dtype(self) -> DType:
        """This dtype. (TensorFlow 1 had reference dtypes, and a base for each.)"""
        return self

    @property
    def real_dtype(self) -> DType:
        """The dtype of a complex dtype's parts; for other dtypes the dtype itself."""
        if not self.is_complex:
            return self
        return float32 if self is complex64 else float64

    @property
    def min(self) -> Any:
        """The smallest finite value.

        Raises:
          TypeError: the dtype has no smallest value (bool, complex, string, quantized, ...).
        """
        return self._extreme("min", "minimum")

    @property
    def max(self) -> Any:
        """The largest finite value.

        Raises:
          TypeError: the dtype has no largest value (bool, complex, string, quantized, ...).
        """
        return self._extreme("max", "maximum")

    def _extreme(self, attribute: str, word: str) -> Any:
        if self.is_floating:
            return getattr(ml_dtypes.finfo(self._numpy_type), attribute)
        if self.is_integer:
            return getattr(ml_dtypes.iinfo(self._numpy_type), attribute)
        raise TypeError(f"tf.{self.name}: values of this dtype have no {word}.")

    @property
    def limits(self) -> tuple[Any, Any]:
        """Range of values in images: (0, 1) for floats, (0, max) for integers.

        Raises:
          ValueError: the dtype is not one images are kept in.
        """
        if self in _IMAGE_FLOATS:
            return 0, 1
        if self.is_bool:
            return 0, True
        if self.is_integer and self.is_numeric:
            return 0, self.max
        raise ValueError(f"tf.{self.name}: this dtype has no limits defined.")

    def is_compatible_with(self, other: Any) -> bool:
        """True if a value of dtype `other` can be used where this dtype is asked for.

        Raises:
          TypeError: `other` cannot be converted to a dtype.
        """
        return self is as_dtype(other)

    def is_subtype_of(self, other: Any) -> bool:
        """True if `other` is this dtype; there are no subtypes among dtypes."""
        return self == other

    def most_specific_common_supertype(self, types: Any) -> DType | None:
        """This dtype if all of `types` equal it, else None."""
        return self if all(self == other for other in types) else None

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if other is None or other.__class__ is DType:
            return False
        return self is _find(other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    # Equal dtypes are the same object, so identity is the hash. Dtypes are in the key of every
    # eager executable, and a __hash__ written in Python takes four times as long.
    __hash__ = object.__hash__

    def __int__(self) -> int:
        return self.as_datatype_enum

    def __repr__(self) -> str:
        return f"tf.{self.name}"

    def __str__(self) -> str:
        return f"<dtype: '{self.name}'>"

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return as_dtype, (self.name,)


# The dtypes, in the order of TensorFlow's numbers, which begin at 1. Kinds: f float, i integer,
# u unsigned, c complex, b bool, q quantized, s string, - opaque. Capital letters: not "numeric".
_TABLE: Final = (
    ("float32", "f", np.float32),
    ("float64", "f", np.float64),
    ("int32", "i", np.int32),
    ("uint8", "u", np.uint8),
    ("int16", "i", np.int16),
    ("int8", "i", np.int8),
    ("string", "s", object),
    ("complex64", "c", np.complex64),
    ("int64", "i", np.int64),
    ("bool", "b", np.bool_),
    ("qint8", "q", np.dtype([("qint8", np.int8)])),
    ("quint8", "q", np.dtype([("quint8", np.uint8)])),
    ("qint32", "q", np.dtype([("qint32", np.int32)])),
    ("bfloat16", "f", ml_dtypes.bfloat16),
    ("qint16", "q", np.dtype([("qint16", np.int16)])),
    ("quint16", "q", np.dtype([("quint16", np.uint16)])),
    ("uint16", "u", np.uint16),
    ("complex128", "c", np.complex128),
    ("float16", "f", np.float16),
    ("resource", "-", None),
    ("variant", "-", None),
    ("uint32", "u", np.uint32),
    ("uint64", "u", np.uint64),
    ("float8_e5m2", "F", ml_dtypes.float8_e5m2),
    ("float8_e4m3fn", "F", ml_dtypes.float8_e4m3fn),
    ("float8_e4m3fnuz", "F", ml_dtypes.float8_e4m3fnuz),
    ("float8_e4m3b11fnuz", "F", ml_dtypes.float8_e4m3b11fnuz),
    ("float8_e5m2fnuz", "F", ml_dtypes.float8_e5m2fnuz),
    ("int4", "I", ml_dtypes.int4),
    ("uint4", "U", ml_dtypes.uint4),
    ("int2", "I", ml_dtypes.int2),
    ("uint2", "U", ml_dtypes.uint2),
    ("float4_e2m1fn", "F", ml_dtypes.float4_e2m1fn),
)


def _make(enum: int, name: str, kind: str, numpy_type: Any) -> None:
    np_dtype = None if numpy_type is None else np.dtype(numpy_type)
    dtype = object.__new__(DType)
    for attribute, value in {
        "as_datatype_enum": enum,
        "name": name,
        "size": np_dtype.itemsize if np_dtype is not None and kind != "s" else 0,
        "np_dtype": np_dtype,
        "is_floating": kind in "fF",
        "is_integer": kind in "iIuU",
        "is_unsigned": kind in "uU",
        "is_complex": kind == "c",
        "is_bool": kind == "b",
        "is_quantized": kind == "q",
        "is_numeric": kind in "fiucq",
        "is_numpy_compatible": numpy_type is not None,
        "_numpy_type": numpy_type,
    }.items():
        object.__setattr__(dtype, attribute, value)
    _BY_NAME[name] = dtype
    _BY_ENUM[enum] = dtype
    if np_dtype is not None:
        _BY_NUMPY_DTYPE[np_dtype] = dtype
    if isinstance(numpy_type, type):
        _BY_PYTHON_TYPE[numpy_type] = dtype


for _enum, _row in enumerate(_TABLE, start=1):
    _make(_enum, *_row)

float16: Final = export_value(_BY_NAME["float16"], "dtypes.float16", "float16")
half: Final = export_value(float16, "dtypes.half", "half")
bfloat16: Final = export_value(_BY_NAME["bfloat16"], "dtypes.bfloat16", "bfloat16")
float32: Final = export_value(_BY_NAME["float32"], "dtypes.float32", "float32")
float64: Final = export_value(_BY_NAME["float64"], "dtypes.float64", "float64")
double: Final = export_value(float64, "dtypes.double", "double")
int8: Final = export_value(_BY_NAME["int8"], "dtypes.int8", "int8")
int16: Final = export_value(_BY_NAME["int16"], "dtypes.int16", "int16")
int32: Final = export_value(_BY_NAME["int32"], "dtypes.int32", "int32")
int64: Final = export_value(_BY_NAME["int64"], "dtypes.int64", "int64")
uint8: Final = export_value(_BY_NAME["uint8"], "dtypes.uint8", "uint8")
uint16: Final = export_value(_BY_NAME["uint16"], "dtypes.uint16", "uint16")
uint32: Final = export_value(_BY_NAME["uint32"], "dtypes.uint32", "uint32")
uint64: Final = export_value(_BY_NAME["uint64"], "dtypes.uint64", "uint64")
complex64: Final = export_value(_BY_NAME["complex64"], "dtypes.complex64", "complex64")
complex128: Final = export_value(_BY_NAME["complex128"], "dtypes.complex128", "complex128")
# `bool_` here, because this module also needs Python's own bool; public as `tf.bool`.
bool_: Final = export_value(_BY_NAME["bool"], "dtypes.bool", "bool")
string: Final = export_value(_BY_NAME["string"], "dtypes.string", "string")
resource: Final = export_value(_BY_NAME["resource"], "dtypes.resource", "resource")
variant: Final = export_value(_BY_NAME["variant"], "dtypes.variant", "variant")
qint8: Final = export_value(_BY_NAME["qint8"], "dtypes.qint8", "qint8")
qint16: Final = export_value(_BY_NAME["qint16"], "dtypes.qint16", "qint16")
qint32: Final = export_value(_BY_NAME["qint32"], "dtypes.qint32", "qint32")
quint8: Final = export_value(_BY_NAME["quint8"], "dtypes.quint8", "quint8")
quint16: Final = export_value(_BY_NAME["quint16"], "dtypes.quint16", "quint16")
float8_e5m2: Final = _BY_NAME["float8_e5m2"]
float8_e4m3fn: Final = _BY_NAME["float8_e4m3fn"]
float8_e4m3fnuz: Final = _BY_NAME["float8_e4m3fnuz"]
float8_e4m3b11fnuz: Final = _BY_NAME["float8_e4m3b11fnuz"]
float8_e5m2fnuz: Final = _BY_NAME["float8_e5m2fnuz"]
float4_e2m1fn: Final = _BY_NAME["float4_e2m1fn"]
int4: Final = _BY_NAME["int4"]
uint4: Final = _BY_NAME["uint4"]
int2: Final = _BY_NAME["int2"]
uint2: Final = _BY_NAME["uint2"]

# Sets for op declarations. They hold what TensorFlow's kernels take in practice: the narrow floats
# and integers are in no set but their own and ANY, since almost no op computes in them.
FLOATING: Final = frozenset({float16, bfloat16, float32, float64})
FLOAT8: Final = frozenset(
    {float8_e5m2, float8_e4m3fn, float8_e4m3fnuz, float8_e4m3b11fnuz, float8_e5m2fnuz}
)
SIGNED_INTEGER: Final = frozenset({int8, int16, int32, int64})
UNSIGNED_INTEGER: Final = frozenset({uint8, uint16, uint32, uint64})
NARROW_INTEGER: Final = frozenset({int2, uint2, int4, uint4})
INTEGER: Final = SIGNED_INTEGER | UNSIGNED_INTEGER
COMPLEX: Final = frozenset({complex64, complex128})
REAL: Final = FLOATING | INTEGER
INEXACT: Final = FLOATING | COMPLEX
NUMERIC: Final = REAL | COMPLEX
SIGNED: Final = FLOATING | SIGNED_INTEGER | COMPLEX
BOOLEAN: Final = frozenset({bool_})
STRING: Final = frozenset({string})
INDEX: Final = frozenset({int32, int64})
QUANTIZED: Final = export_value(
    frozenset({qint8, qint16, qint32, quint8, quint16}), "dtypes.QUANTIZED_DTYPES"
)
OPAQUE: Final = frozenset({resource, variant})
ANY: Final = frozenset(_BY_NAME.values()) - OPAQUE
# Opaque ones too: for ops that pass values on to the graphs that they hold.
EVERY: Final = ANY | OPAQUE
# What a device can hold: strings live on the host, quantized types are not computed with.
ON_DEVICE: Final = ANY - STRING - QUANTIZED

for _dtype in FLOAT8 | NARROW_INTEGER | {float4_e2m1fn}:
    export_value(_dtype, f"dtypes.experimental.{_dtype.name}")

_IMAGE_FLOATS: Final = frozenset({float32, float64})

# TensorFlow takes these names too; NumPy's short names ("f4") are refused by both.
_BY_NAME |= {"half": float16, "float": float32, "double": float64}
_BY_PYTHON_TYPE |= {float: float32, bool: bool_, np.str_: string, np.bytes_: string}


def from_numpy(np_dtype: np.dtype) -> DType:
    """The DType for a `numpy.dtype` object (not a type or name); the fast way in for arrays.

    Raises:
      TypeError: tensors cannot hold this dtype (dates, records, ...).

    >>> from_numpy(np.dtype("int64"))
    tf.int64
    """
    try:
        return _BY_NUMPY_DTYPE[np_dtype]
    except KeyError:
        dtype = _find_numpy(np_dtype)
        if dtype is None:
            raise TypeError(
                f"tf.as_dtype: cannot convert {np_dtype!r} to a dtype; tensors hold numbers, bools "
                "and strings."
            ) from None
        return dtype


def _find_numpy(np_dtype: np.dtype) -> DType | None:
    if np_dtype.kind in "SU":  # not put in the dict: there is one dtype for each length
        return string
    return _BY_NUMPY_DTYPE.get(np_dtype.newbyteorder("="))


@export("dtypes.as_dtype", "as_dtype")
def as_dtype(type_value: Any) -> DType:
    """The dtype that something stands for.

    Args:
      type_value: A `tf.DType`, its name, a `numpy.dtype` or NumPy scalar type, a NumPy array (whose
        dtype is meant), TensorFlow's number of the type, or Python's `float` (float32), `bool` or
        `object` (string). Python's `int`, `str` and `complex` are refused, as TensorFlow does.
    Returns:
      The one `tf.DType` object of that type.
    Raises:
      TypeError: `type_value` stands for no dtype.

    >>> tf.as_dtype("half"), tf.as_dtype(np.uint8), tf.as_dtype(float)
    (tf.float16, tf.uint8, tf.float32)
    """
    if type_value.__class__ is DType:
        return type_value
    dtype = _find(type_value)
    if dtype is None:
        hint = _HINTS.get(type_value) if isinstance(type_value, (type, str)) else None
        raise TypeError(
            f"tf.as_dtype: cannot convert {type_value!r} to a dtype."
            + (f"\n  hint: {hint}" if hint else "")
        )
    return dtype


_HINTS: Final = {
    int: "Python's int has no single dtype here; write tf.int32 or tf.int64.",
    "int": "write 'int32' or 'int64'.",
    str: "write tf.string.",
    "str": "write 'string'.",
    bytes: "write tf.string.",
    complex: "write tf.complex64 or tf.complex128.",
    "complex": "write 'complex64' or 'complex128'.",
}


def _find(value: Any) -> DType | None:
    """What `value` stands for, or None. Never raises."""
    if isinstance(value, str):
        return _BY_NAME.get(value)
    if isinstance(value, np.dtype):
        return _BY_NUMPY_DTYPE.get(value) or _find_numpy(value)
    if isinstance(value, type):
        return _find_type(value)
    if isinstance(value, int):
        return _BY_ENUM.get(value)
    held = getattr(value, "dtype", None)
    return held if held.__class__ is DType else _find(held) if isinstance(held, np.dtype) else None


def _find_type(cls: type) -> DType | None:
    dtype = _BY_PYTHON_TYPE.get(cls)
    if dtype is None and issubclass(cls, np.generic):
        try:
            # Aliases such as np.longlong; abstract classes (np.floating) are refused by NumPy.
            np_dtype = np.dtype(cls)
        except TypeError:
            return None
        dtype = _find_numpy(np_dtype) if np_dtype.kind in "biufc" else None
    return dtype
