"""DType, as_dtype and the sets. Literals were read off TensorFlow 2.21."""

from __future__ import annotations

import copy

import ml_dtypes
import numpy as np
import pytest

from deras._src.core import dtypes
from deras._src.core.dtypes import DType, as_dtype, from_numpy
from deras._src.util.export import EXPORTS

# name, number, bytes, kinds: Floating Integer Unsigned Complex Bool Quantized Numeric.
TABLE = """
float32 1 4 F N
float64 2 8 F N
int32 3 4 I N
uint8 4 1 IU N
int16 5 2 I N
int8 6 1 I N
string 7 0 - -
complex64 8 8 C N
int64 9 8 I N
bool 10 1 B -
qint8 11 1 Q N
quint8 12 1 Q N
qint32 13 4 Q N
bfloat16 14 2 F N
qint16 15 2 Q N
quint16 16 2 Q N
uint16 17 2 IU N
complex128 18 16 C N
float16 19 2 F N
resource 20 0 - -
variant 21 0 - -
uint32 22 4 IU N
uint64 23 8 IU N
float8_e5m2 24 1 F -
float8_e4m3fn 25 1 F -
float8_e4m3fnuz 26 1 F -
float8_e4m3b11fnuz 27 1 F -
float8_e5m2fnuz 28 1 F -
int4 29 1 I -
uint4 30 1 IU -
int2 31 1 I -
uint2 32 1 IU -
float4_e2m1fn 33 1 F -
"""
ROWS = [line.split() for line in TABLE.strip().splitlines()]
ALL = [as_dtype(row[0]) for row in ROWS]


@pytest.mark.parametrize(("name", "number", "size", "kinds", "numeric"), ROWS)
def test_attributes(name, number, size, kinds, numeric):
    dtype = as_dtype(name)
    assert dtype.name == name
    assert dtype.as_datatype_enum == int(dtype) == int(number)
    assert dtype.size == int(size)
    flags = {
        "F": dtype.is_floating,
        "I": dtype.is_integer,
        "U": dtype.is_unsigned,
        "C": dtype.is_complex,
        "B": dtype.is_bool,
        "Q": dtype.is_quantized,
    }
    assert flags == {letter: letter in kinds for letter in flags}
    assert dtype.is_numeric is (numeric == "N")
    assert dtype.is_numpy_compatible is (name not in ("resource", "variant"))
    assert dtype.base_dtype is dtype
    assert repr(dtype) == f"tf.{name}"
    assert str(dtype) == f"<dtype: '{name}'>"
    assert DType(int(number)) is dtype is as_dtype(int(number))


def test_unknown_number():
    with pytest.raises(TypeError, match=r"99 is not the number of a type"):
        DType(99)


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("half", "float16"),
        ("float", "float32"),
        ("double", "float64"),
        (float, "float32"),
        (bool, "bool"),
        (object, "string"),
        (np.str_, "string"),
        (np.bytes_, "string"),
        (np.longlong, "int64"),
        (np.intc, "int32"),
        (np.dtype("S3"), "string"),
        (np.dtype("U4"), "string"),
        (np.dtype("O"), "string"),
        (np.dtype(">f4"), "float32"),
        (np.array(1.0), "float64"),
        (ml_dtypes.bfloat16, "bfloat16"),
        (np.dtype(ml_dtypes.int4), "int4"),
        (1, "float32"),
    ],
)
def test_as_dtype(value, name):
    assert as_dtype(value) is as_dtype(name)
    assert as_dtype(name) == value


@pytest.mark.parametrize(
    "value",
    [
        int,
        str,
        bytes,
        complex,
        "int",
        "str",
        "complex",
        "f4",
        "foo",
        None,
        3.5,
        list,
        np.generic,
        np.floating,
        np.void,
        np.dtype("M8[s]"),
        np.dtype([("a", np.int8)]),
        [1],
    ],
)
def test_as_dtype_refuses(value):
    with pytest.raises(TypeError, match=r"tf\.as_dtype: cannot convert"):
        as_dtype(value)
    assert dtypes.float32 != value


def test_as_dtype_hints():
    with pytest.raises(TypeError, match=r"hint: .* write tf.int32 or tf.int64"):
        as_dtype(int)


def test_from_numpy():
    for dtype in dtypes.ANY - dtypes.QUANTIZED:
        assert from_numpy(dtype.np_dtype) is dtype
    assert from_numpy(np.dtype("S7")) is dtypes.string
    assert from_numpy(np.dtype(">i8")) is dtypes.int64
    with pytest.raises(TypeError, match="tensors hold numbers, bools"):
        from_numpy(np.dtype("M8[s]"))


def test_equality():
    f32 = dtypes.float32
    for same in ("float32", "float", np.float32, np.dtype("f4"), 1, float):
        assert f32 == same
        assert (f32 != same) is False
    for other in ("foo", "float64", None, object(), 3.5, "f4", dtypes.float64, np.int32):
        assert f32 != other
        assert (f32 == other) is False
    assert len({as_dtype("float32"), as_dtype(np.float32), f32}) == 1


def test_one_object_each():
    for dtype in ALL:
        assert copy.deepcopy(dtype) is dtype
        assert copy.copy(dtype) is dtype
        rebuild, arguments = dtype.__reduce__()
        assert rebuild(*arguments) is dtype


def test_constant():
    with pytest.raises(AttributeError, match="constants; size cannot be set"):
        dtypes.float32.size = 8
    with pytest.raises(TypeError, match="cannot be subclassed"):
        type("Mine", (DType,), {})


def test_compatible():
    assert dtypes.float32.is_compatible_with("float32")
    assert not dtypes.float32.is_compatible_with(dtypes.float64)
    with pytest.raises(TypeError, match="'foo'"):
        dtypes.float32.is_compatible_with("foo")
    assert dtypes.int8.is_subtype_of(dtypes.int8)
    assert dtypes.int8.most_specific_common_supertype([dtypes.int8]) is dtypes.int8
    assert dtypes.int8.most_specific_common_supertype([dtypes.int16]) is None


def test_as_numpy_dtype():
    assert dtypes.float32.as_numpy_dtype is np.float32
    assert dtypes.string.as_numpy_dtype is object
    assert dtypes.bfloat16.as_numpy_dtype is ml_dtypes.bfloat16
    assert dtypes.qint8.as_numpy_dtype == np.dtype([("qint8", "i1")])
    assert dtypes.resource.np_dtype is None
    with pytest.raises(TypeError, match="NumPy has no such type"):
        _ = dtypes.resource.as_numpy_dtype


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("int8", -128, 127),
        ("uint64", 0, 18446744073709551615),
        ("int4", -8, 7),
        ("uint2", 0, 3),
        ("float32", np.float32(-3.4028235e38), np.float32(3.4028235e38)),
        ("float64", -1.7976931348623157e308, 1.7976931348623157e308),
        ("float16", np.float16(-65504), np.float16(65504)),
        ("bfloat16", ml_dtypes.bfloat16(-3.38953e38), ml_dtypes.bfloat16(3.38953e38)),
        ("float8_e4m3fn", -448, 448),
        ("float4_e2m1fn", -6, 6),
    ],
)
def test_min_max(name, low, high):
    assert as_dtype(name).min == low
    assert as_dtype(name).max == high


@pytest.mark.parametrize("name", ["bool", "string", "complex64", "qint8", "resource"])
def test_no_min_max(name):
    with pytest.raises(TypeError, match="no minimum"):
        _ = as_dtype(name).min
    with pytest.raises(TypeError, match="no maximum"):
        _ = as_dtype(name).max


def test_limits():
    assert dtypes.uint8.limits == (0, 255)
    assert dtypes.int8.limits == (0, 127)
    assert dtypes.float32.limits == dtypes.float64.limits == (0, 1)
    assert dtypes.bool_.limits == (0, True)
    for name in ("float16", "bfloat16", "int4", "string", "complex64", "qint8"):
        with pytest.raises(ValueError, match="no limits"):
            _ = as_dtype(name).limits


def test_real_dtype():
    assert dtypes.complex64.real_dtype is dtypes.float32
    assert dtypes.complex128.real_dtype is dtypes.float64
    assert dtypes.int8.real_dtype is dtypes.int8


def test_sets():
    assert all(d.is_floating for d in dtypes.FLOATING | dtypes.FLOAT8)
    assert all(d.is_integer for d in dtypes.INTEGER | dtypes.NARROW_INTEGER)
    assert dtypes.REAL | dtypes.COMPLEX == dtypes.NUMERIC
    assert {d for d in ALL if d.is_numeric} == dtypes.NUMERIC | dtypes.QUANTIZED
    assert {d for d in ALL if d.is_numpy_compatible} == dtypes.ANY
    assert {d for d in ALL if d.is_unsigned} == dtypes.UNSIGNED_INTEGER | {
        dtypes.uint2,
        dtypes.uint4,
    }
    assert not dtypes.ON_DEVICE & (dtypes.STRING | dtypes.QUANTIZED)


def test_public_names():
    assert EXPORTS["float32"] is EXPORTS["dtypes.float32"] is dtypes.float32
    assert EXPORTS["half"] is dtypes.float16
    assert EXPORTS["dtypes.experimental.int4"] is dtypes.int4
    assert "int4" not in EXPORTS
    assert DType.__module__ == "deras.dtypes"
