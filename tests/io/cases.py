"""What is asked of `tf.io`, of TensorFlow once and of Deras in each test: rows of a table.

Used by `scripts/golden_io.py`, which records TensorFlow's answers, and by `test_golden.py`. A row
is `name: function of tf`; files are those in `tests/golden/io`, which TensorFlow wrote.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

GOLDEN = Path(__file__).resolve().parent.parent / "golden" / "io"
Row = Callable[[Any], Any]
ROWS: dict[str, Row] = {}


def file(name: str) -> bytes:
    return (GOLDEN / name).read_bytes()


# -- Arrays as JSON ----------------------------------------------------------------------------


def encoded(array: np.ndarray, dtype: str) -> dict[str, Any]:
    if array.dtype == object:
        data: Any = [item.decode("latin-1") for item in array.reshape(-1).tolist()]
    else:
        data = base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()
    return {"dtype": dtype, "shape": list(array.shape), "data": data}


def decoded(entry: dict[str, Any]) -> np.ndarray:
    if entry["dtype"] == "string":
        result = np.empty(len(entry["data"]), object)
        result[:] = [item.encode("latin-1") for item in entry["data"]]
        return result.reshape(entry["shape"])
    import ml_dtypes  # noqa: F401  (makes NumPy know bfloat16)

    raw = np.frombuffer(base64.b64decode(entry["data"]), np.dtype(entry["dtype"]))
    return raw.reshape(entry["shape"])


def array_of(tensor: Any) -> np.ndarray:
    """A tensor's value as an array, a scalar string's, too."""
    value = tensor.numpy()
    if isinstance(value, bytes):
        result = np.empty((), object)
        result[()] = value
        return result
    return np.asarray(value)


def leaves(value: Any) -> list[Any]:
    """Tensors in a result, in the order of keys and positions."""
    if isinstance(value, dict):
        return [leaf for key in sorted(value) for leaf in leaves(value[key])]
    if isinstance(value, list | tuple):
        return [leaf for item in value for leaf in leaves(item)]
    return [value]


# -- Messages ----------------------------------------------------------------------------------


def feature(tf: Any, value: Any) -> Any:
    make = tf.train
    if value is None:
        return make.Feature()
    array = np.atleast_1d(value)
    if array.dtype.kind == "S":
        return make.Feature(bytes_list=make.BytesList(value=array.tolist()))
    if array.dtype.kind == "f":
        return make.Feature(float_list=make.FloatList(value=array))
    return make.Feature(int64_list=make.Int64List(value=array.astype(np.int64)))


def features(tf: Any, values: dict[str, Any]) -> Any:
    return tf.train.Features(feature={key: feature(tf, v) for key, v in values.items()})


def example(tf: Any, **values: Any) -> bytes:
    return tf.train.Example(features=features(tf, values)).SerializeToString(deterministic=True)


def sequence(tf: Any, context: dict[str, Any], **lists: Any) -> bytes:
    make = tf.train
    found = {k: make.FeatureList(feature=[feature(tf, v) for v in one]) for k, one in lists.items()}
    message = make.SequenceExample(
        context=features(tf, context), feature_lists=make.FeatureLists(feature_list=found)
    )
    return message.SerializeToString(deterministic=True)


def one(tf: Any) -> bytes:
    return example(
        tf, a=[1.0, 2.0], i=[3, -1], big=[2**62, -(2**63), 300, 127, 128], s=[b"x", b"yy"], n=None
    )


def other(tf: Any) -> bytes:
    return example(tf, a=[5.0, 6.0, 7.0, 8.0], i=[0, 1], s=[b"", b"\xff"])


def steps(tf: Any) -> bytes:
    return sequence(
        tf,
        {"c": [1], "v": [1.0, 2.0]},
        f=[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]],
        i=[[1], [2]],
        s=[[b"a"], [b"b", b"c"]],
        h=[[1.0], None],
        e=[],
    )


def few(tf: Any) -> bytes:
    return sequence(tf, {}, f=[[9.0, 9.0]], i=[[7], [8], [9], [-10]])


def parsed(**wanted: Any) -> Row:
    """A row for a batch of two examples and one for each: `name=(kind, *arguments)`."""

    def row(tf: Any) -> Any:
        spec = specs(tf, wanted)
        return tf.io.parse_example([one(tf), other(tf)], spec)

    return row


def single(**wanted: Any) -> Row:
    return lambda tf: tf.io.parse_single_example(one(tf), specs(tf, wanted))


def specs(tf: Any, wanted: dict[str, Any]) -> dict[str, Any]:
    found = {}
    for key, (kind, shape, dtype, *rest) in wanted.items():
        make = {"fixed": tf.io.FixedLenFeature, "rows": tf.io.FixedLenSequenceFeature}[kind]
        found[key] = make(shape, getattr(tf, dtype), *rest)
    return found


for parse_name, parse in {"batch": parsed, "single": single}.items():
    ROWS |= {
        f"parse {parse_name} fixed": parse(i=("fixed", [2], "int64"), s=("fixed", [2], "string")),
        f"parse {parse_name} shape": parse(i=("fixed", [1, 2], "int64")),
        f"parse {parse_name} default": parse(
            zz=("fixed", [2], "float32", [1.0, 2.0]),
            n=("fixed", [], "int64", 4),
            t=("fixed", [], "string", "q"),
        ),
        f"parse {parse_name} partly default": parse(big=("fixed", [5], "int64", [1, 2, 3, 4, 5])),
        f"parse {parse_name} rows": parse(
            a=("rows", [], "float32", True),
            s=("rows", [], "string", True),
            q=("rows", [2], "int64", True),
        ),
        f"parse {parse_name} rows of 2": parse(a=("rows", [2], "float32", True)),
        f"parse {parse_name} rows default": parse(
            a=("rows", [], "float32", True, 9.0), big=("rows", [], "int64", True, -1)
        ),
        f"parse {parse_name} missing": parse(zz=("fixed", [2], "float32")),
        f"parse {parse_name} empty feature": parse(n=("fixed", [], "float32")),
        f"parse {parse_name} wrong dtype": parse(i=("fixed", [2], "float32")),
        f"parse {parse_name} wrong dtype of strings": parse(s=("fixed", [2], "float32")),
        f"parse {parse_name} wrong size": parse(i=("fixed", [3], "int64")),
        f"parse {parse_name} wrong row": parse(a=("rows", [3], "float32", True)),
        f"parse {parse_name} wrong rows": parse(i=("rows", [], "string", True)),
        f"parse {parse_name} int32": parse(i=("fixed", [2], "int32")),
        f"parse {parse_name} default size": parse(zz=("fixed", [2], "float32", [1.0, 2.0, 3.0])),
        f"parse {parse_name} default dtype": parse(zz=("fixed", [2], "int64", [1.5, 2.0])),
        f"parse {parse_name} unknown size": parse(a=("fixed", [None], "float32")),
        f"parse {parse_name} rows not optional": parse(a=("rows", [], "float32")),
        f"parse {parse_name} no features": parse(),
    }

FIXED = {"i": ("fixed", [2], "int64")}
ROWS |= {
    "parse scalar in batch": lambda tf: tf.io.parse_example(one(tf), specs(tf, FIXED)),
    "parse matrix": lambda tf: tf.io.parse_example([[one(tf)]], specs(tf, FIXED)),
    "parse vector as single": lambda tf: tf.io.parse_single_example([one(tf)], specs(tf, FIXED)),
    "parse numbers": lambda tf: tf.io.parse_example([1.0], specs(tf, FIXED)),
    "parse names": lambda tf: tf.io.parse_example([one(tf)], specs(tf, FIXED), example_names=["n"]),
    "parse names length": lambda tf: tf.io.parse_example(
        [one(tf)], specs(tf, FIXED), example_names=["n", "m"]
    ),
    "parse nothing": lambda tf: tf.io.parse_example(
        tf.constant([], tf.string), specs(tf, {**FIXED, "b": ("rows", [], "int64", True)})
    ),
    "parse unpacked": lambda tf: tf.io.parse_example(
        # The list's numbers one by one, as old writers and some other languages have them.
        [bytes.fromhex("0a13 0a11 0a0161 120c 120a 0d0000803f 0d00000040"), one(tf)],
        specs(tf, {"a": ("fixed", [2], "float32")}),
    ),
    "parse unpacked integers": lambda tf: tf.io.parse_single_example(
        bytes.fromhex("0a0e 0a0c 0a0161 1207 1a05 0805 08ac02"),
        specs(tf, {"a": ("fixed", [2], "int64")}),
    ),
    "parse key twice": lambda tf: tf.io.parse_single_example(
        example(tf, a=[1.0]) + example(tf, a=[2.0], b=[3]),
        specs(tf, {"a": ("fixed", [1], "float32"), "b": ("fixed", [1], "int64")}),
    ),
    "parse cut off": lambda tf: tf.io.parse_single_example(one(tf)[:-3], specs(tf, FIXED)),
}


def sequences(context: Any = None, **wanted: Any) -> Row:
    def row(tf: Any) -> Any:
        return tf.io.parse_sequence_example(
            [steps(tf), few(tf)], specs(tf, context or {}), specs(tf, wanted)
        )

    return row


def single_sequence(context: Any = None, **wanted: Any) -> Row:
    def row(tf: Any) -> Any:
        return tf.io.parse_single_sequence_example(
            steps(tf), specs(tf, context or {}), specs(tf, wanted)
        )

    return row


for parse_name, parse_steps in {"batch": sequences, "single": single_sequence}.items():
    ROWS |= {
        f"sequence {parse_name}": parse_steps(
            {"c": ("fixed", [], "int64", 0)}, f=("rows", [2], "float32"), i=("rows", [], "int64")
        ),
        f"sequence {parse_name} context": parse_steps({"v": ("fixed", [2], "float32", [8.0, 9.0])}),
        f"sequence {parse_name} optional": parse_steps(
            zz=("rows", [2], "float32", True), e=("rows", [], "string", True)
        ),
        f"sequence {parse_name} nothing": parse_steps(),
        f"sequence {parse_name} missing": parse_steps(zz=("rows", [2], "float32")),
        f"sequence {parse_name} context missing": parse_steps({"zz": ("fixed", [], "int64")}),
        f"sequence {parse_name} context dtype": parse_steps({"c": ("fixed", [], "float32", 0.0)}),
        f"sequence {parse_name} context size": parse_steps({"c": ("fixed", [2], "int64", [0, 0])}),
        f"sequence {parse_name} dtype": parse_steps(f=("rows", [2], "int64")),
        f"sequence {parse_name} size": parse_steps(f=("rows", [3], "float32")),
        f"sequence {parse_name} hole": parse_steps(h=("rows", [], "float32", True)),
        f"sequence {parse_name} uneven": parse_steps(s=("rows", [], "string", True)),
        f"sequence {parse_name} default": parse_steps(f=("rows", [2], "float32", False, 3.0)),
        f"sequence {parse_name} fixed": parse_steps(f=("fixed", [2], "float32")),
        f"sequence {parse_name} rows as context": parse_steps({"c": ("rows", [], "int64")}),
    }

# -- Strings and numbers -----------------------------------------------------------------------

RAW = [b"\x01\x00\x02\x00\x03\x00\x04\x00", b"\xff\xff\x00\x80\x7f\x7f\x00\x00"]
for raw_dtype in ("int8", "uint8", "int16", "uint16", "int32", "int64", "float16", "bfloat16",
                  "float32", "float64", "complex64", "bool", "uint32", "string"):  # fmt: skip
    ROWS[f"raw {raw_dtype}"] = lambda tf, d=raw_dtype: tf.io.decode_raw(RAW, getattr(tf, d))
    ROWS[f"raw {raw_dtype} big"] = lambda tf, d=raw_dtype: tf.io.decode_raw(
        RAW, getattr(tf, d), little_endian=False
    )
ROWS |= {
    "raw fixed": lambda tf: tf.io.decode_raw([b"\1\0\7", b"\1"], tf.int16, fixed_length=4),
    "raw fixed short": lambda tf: tf.io.decode_raw([b"\1\0\7", b"\1"], tf.uint8, fixed_length=2),
    "raw fixed odd": lambda tf: tf.io.decode_raw(RAW, tf.int16, fixed_length=3),
    "raw fixed zero": lambda tf: tf.io.decode_raw(RAW, tf.int16, fixed_length=0),
    "raw fixed bool": lambda tf: tf.io.decode_raw(RAW, tf.bool, fixed_length=4),
    "raw odd": lambda tf: tf.io.decode_raw(b"\1\0\2", tf.int16),
    "raw uneven": lambda tf: tf.io.decode_raw([b"\1\0", b"\1"], tf.uint8),
    "raw nothing": lambda tf: tf.io.decode_raw(tf.constant([], tf.string), tf.int16),
    "raw empty": lambda tf: tf.io.decode_raw(b"", tf.int16),
    "raw matrix": lambda tf: tf.io.decode_raw([RAW, RAW], tf.int32),
}
for base64_text in ("YW55", "YW5", "YW55Pw==", "YW55Pw", "YW55Pw=", "Y", "YW+/", "YW-_", "", "Y W5",
                    "YW55\n", "====", "YR"):  # fmt: skip
    ROWS[f"base64 {base64_text!r}"] = lambda tf, s=base64_text: tf.io.decode_base64([s])
ROWS |= {
    "base64 encode": lambda tf: tf.io.encode_base64([b"a", b"ab", b"abc", b"\xff\xfe\xfb", b""]),
    "base64 pad": lambda tf: tf.io.encode_base64([[b"a", b"ab", b"abc"]], pad=True),
}


def csv(records: Any, defaults: Any, **options: Any) -> None:
    name = f"csv {records!r} {defaults} {options}"
    ROWS[name] = lambda tf: tf.io.decode_csv(records, defaults, **options)


csv("1,2", [[0], [0]])
csv("1,", [[0], [5]])
csv("1", [[0], [0]])
csv("1,2,3", [[0], [0]])
csv(" 1 , 2.5 ", [[0], [0.0]])
csv("1.5", [[0]])
csv("abc", [[0.0]])
csv("99999999999", [[0]])
csv('"a,b",c', [[""], [""]])
csv('"a""b"', [[""]])
csv('a"b', [[""]])
csv('"ab"c', [[""]])
csv('"ab', [[""]])
csv('a"b', [[""]], use_quote_delim=False)
csv('"a,b"', [[""], [""]], use_quote_delim=False)
csv("a\tb", [[""], [""]], field_delim="\t")
csv("NA,1", [[7], [7]], na_value="NA")
csv("1,2,3", [[0]], select_cols=[1])
csv("1,2,3", [[0], [""]], select_cols=[0, 2])
csv("1,2,3", [[0], [0]], select_cols=[2, 1])
csv("1,2,3", [[0]], select_cols=[5])
csv("1,2,3", [[0], [0]], select_cols=[1])
csv("1,2,3", [[0], [0]], select_cols=[-1, 0])
csv(["1,2", "3,4"], [[0], [0]])
csv([["1", "2"]], [[0]])
csv("", [["x"]])
csv("1,2\r\n", [[0], [0]])
csv('1,"2"', [[0], [0]])
csv("+1,-2", [[0], [0]])
csv("0x10", [[0]])
csv("1e3,inf,nan,.5,5.,-inf", [[0.0]] * 6)
csv("1,2", [[0], [0]], field_delim="")
csv("1,2", [[0], [0]], field_delim=",,")
csv("1", [[True]])
csv("1", [[0, 1]])
csv("1", [0])
csv('"",1', [["d"], [0]])
csv('"NA"', [["d"]], na_value="NA")
csv("1e40", [[0.0]])
csv("1.0f", [[0.0]])
csv("1 2", [[0]])
csv('a,"b\nc"', [[""], [""]])
csv('"a" ,b', [[""], [""]])
csv(' "a",b', [[""], [""]])
csv("a,b,", [[""], [""]])
csv("a\nb", [[""]], use_quote_delim=False)

JSON = json.dumps(
    {"features": {"feature": {
        "a": {"floatList": {"value": [1, 2]}},
        "b": {"bytes_list": {"value": ["YQ=="]}},
    }}}
)  # fmt: skip
ROWS |= {
    "csv required": lambda tf: tf.io.decode_csv("1,", [tf.constant([], tf.int32)] * 2),
    "csv int64": lambda tf: tf.io.decode_csv("99999999999", [tf.constant([], tf.int64)]),
    "csv float64": lambda tf: tf.io.decode_csv("0.1", [tf.constant([], tf.float64)]),
    "json": lambda tf: tf.io.parse_example(
        tf.io.decode_json_example([JSON]),
        specs(tf, {"a": ("fixed", [2], "float32"), "b": ("fixed", [], "string")}),
    ),
    "json bad": lambda tf: tf.io.decode_json_example("{"),
    "json unknown": lambda tf: tf.io.decode_json_example('{"foo":1}'),
    "json empty": lambda tf: tf.io.decode_json_example("{}"),
    "decompress zlib": lambda tf: tf.io.decode_compressed(
        [bytes.fromhex("789c4b4c4a0600024d0127")], "ZLIB"
    ),
    "decompress bad": lambda tf: tf.io.decode_compressed(b"zzzz", "ZLIB"),
    "decompress unknown": lambda tf: tf.io.decode_compressed(b"zzzz", "FOO"),
    "decompress none": lambda tf: tf.io.decode_compressed(b"zzzz", ""),
}

# -- Tensors -----------------------------------------------------------------------------------

TENSORS: dict[str, Callable[[Any], Any]] = {
    "float32": lambda tf: tf.constant([[1.5, -2.0]]),
    "scalar": lambda tf: tf.constant(3),
    "empty": lambda tf: tf.constant(np.zeros((2, 0, 3), np.int8)),
    "string": lambda tf: tf.constant([[b"a", b"bc", b""]]),
    "string scalar": lambda tf: tf.constant("abc"),
    "bool": lambda tf: tf.constant([True, False]),
    "bfloat16": lambda tf: tf.constant([1.0, 2.0], tf.bfloat16),
    "complex64": lambda tf: tf.constant([1j], tf.complex64),
    "uint64": lambda tf: tf.constant([2**63], tf.uint64),
    "large": lambda tf: tf.constant(np.arange(300, dtype=np.int64)),
}
for tensor_name, make_tensor in TENSORS.items():
    ROWS[f"serialize {tensor_name}"] = lambda tf, m=make_tensor: tf.io.serialize_tensor(m(tf))
    ROWS[f"parse tensor {tensor_name}"] = lambda tf, m=make_tensor: tf.io.parse_tensor(
        tf.io.serialize_tensor(m(tf)), m(tf).dtype
    )
ROWS |= {
    "parse tensor float_val": lambda tf: tf.io.parse_tensor(
        # Shape [3], one value: the others are equal to it.
        bytes.fromhex("0801 1204 12020803 2a04 0000803f"),
        tf.float32,
    ),
    "parse tensor bad": lambda tf: tf.io.parse_tensor(b"zz\xff", tf.float32),
    "parse tensor dtype": lambda tf: tf.io.parse_tensor(tf.io.serialize_tensor(1), tf.float32),
    "parse tensor vector": lambda tf: tf.io.parse_tensor([b"a"], tf.float32),
}

# -- Images ------------------------------------------------------------------------------------

PNGS = ("rgb", "rgba", "grey", "greyalpha", "rgb16", "rgba16", "grey16", "greyalpha16")
for png in PNGS:
    for count in (0, 1, 2, 3, 4):
        ROWS[f"png {png} channels {count}"] = lambda tf, n=png, c=count: tf.io.decode_png(
            file(f"{n}.png"), channels=c
        )
    for wide_count in (0, 1, 3):
        ROWS[f"png {png} uint16 channels {wide_count}"] = lambda tf, n=png, c=wide_count: (
            tf.io.decode_png(file(f"{n}.png"), channels=c, dtype=tf.uint16)
        )
    for image_dtype in ("uint8", "uint16", "float32"):
        ROWS[f"image {png} {image_dtype}"] = lambda tf, n=png, d=image_dtype: tf.io.decode_image(
            file(f"{n}.png"), dtype=getattr(tf, d)
        )
for jpeg in ("rgb", "grey", "full"):
    for count in (0, 1, 2, 3, 4):
        ROWS[f"jpeg {jpeg} channels {count}"] = lambda tf, n=jpeg, c=count: tf.io.decode_jpeg(
            file(f"{n}.jpg"), channels=c, dct_method="INTEGER_ACCURATE"
        )
    ROWS[f"jpeg {jpeg} default"] = lambda tf, n=jpeg: tf.io.decode_jpeg(file(f"{n}.jpg"))
    for scale in (2, 4, 8, 3):
        ROWS[f"jpeg {jpeg} ratio {scale}"] = lambda tf, n=jpeg, r=scale: tf.io.decode_jpeg(
            file(f"{n}.jpg"), ratio=r, dct_method="INTEGER_ACCURATE"
        )
    ROWS[f"jpeg {jpeg} shape"] = lambda tf, n=jpeg: tf.io.extract_jpeg_shape(file(f"{n}.jpg"))
ROWS |= {
    "jpeg uint16": lambda tf: tf.io.decode_image(file("full.jpg"), dtype=tf.uint16),
    "jpeg float32": lambda tf: tf.io.decode_image(file("full.jpg"), dtype=tf.float32),
    "jpeg method": lambda tf: tf.io.decode_jpeg(file("rgb.jpg"), dct_method="FOO"),
    "jpeg cut off": lambda tf: tf.io.decode_jpeg(file("rgb.jpg")[:-100]),
    "jpeg recovered": lambda tf: tf.io.decode_jpeg(
        file("rgb.jpg")[:-100],
        try_recover_truncated=True,
        acceptable_fraction=0.1,
        dct_method="INTEGER_ACCURATE",
    ),
    "jpeg garbage": lambda tf: tf.io.decode_jpeg(b"garbage"),
    "jpeg of png": lambda tf: tf.io.decode_jpeg(file("rgb.png")),
    "jpeg crop": lambda tf: tf.io.decode_and_crop_jpeg(
        file("full.jpg"), [2, 3, 5, 7], dct_method="INTEGER_ACCURATE"
    ),
    "jpeg crop outside": lambda tf: tf.io.decode_and_crop_jpeg(file("rgb.jpg"), [2, 3, 50, 7]),
    "jpeg crop empty": lambda tf: tf.io.decode_and_crop_jpeg(file("rgb.jpg"), [2, 3, 0, 7]),
    "jpeg crop of three": lambda tf: tf.io.decode_and_crop_jpeg(file("rgb.jpg"), [2, 3, 5]),
    "jpeg shape int64": lambda tf: tf.io.extract_jpeg_shape(file("rgb.jpg"), tf.int64),
    "jpeg shape of png": lambda tf: tf.io.extract_jpeg_shape(file("rgb.png")),
    "is jpeg": lambda tf: [tf.io.is_jpeg(b) for b in (file("rgb.jpg"), file("rgb.png"), b"")],
    "png garbage": lambda tf: tf.io.decode_png(b"xx"),
    "png empty": lambda tf: tf.io.decode_png(b""),
    "png cut off": lambda tf: tf.io.decode_png(file("rgb.png")[:-60]),
    "png vector": lambda tf: tf.io.decode_png([file("rgb.png")]),
    "png float32": lambda tf: tf.io.decode_png(file("rgb.png"), dtype=tf.float32),
    "image garbage": lambda tf: tf.io.decode_image(b"garbage"),
    "image channels 1": lambda tf: tf.io.decode_image(file("rgb.png"), channels=1),
    "image channels 2": lambda tf: tf.io.decode_image(file("rgb.png"), channels=2),
    "image jpeg channels 4": lambda tf: tf.io.decode_image(file("rgb.jpg"), channels=4),
    "gif": lambda tf: tf.io.decode_gif(file("two.gif")),
    "gif image": lambda tf: tf.io.decode_image(file("two.gif")),
    "gif image float32": lambda tf: tf.io.decode_image(file("two.gif"), dtype=tf.float32),
    "gif first": lambda tf: tf.io.decode_image(file("two.gif"), expand_animations=False),
    "gif channels 1": lambda tf: tf.io.decode_image(file("two.gif"), channels=1),
    "gif as png": lambda tf: tf.io.decode_png(file("two.gif")),
    "gif of png": lambda tf: tf.io.decode_gif(file("rgb.png")),
    "palette": lambda tf: tf.io.decode_png(file("palette.png")),
    "palette channels 1": lambda tf: tf.io.decode_png(file("palette.png"), channels=1),
    "bits": lambda tf: tf.io.decode_png(file("bits.png")),
}
for webp in ("rgba", "lossy", "anim"):
    for count in (0, 1, 3, 4):
        ROWS[f"webp {webp} channels {count}"] = lambda tf, n=webp, c=count: tf.io.decode_webp(
            file(f"{n}.webp"), channels=c
        )
    for whole in (True, False):
        ROWS[f"webp {webp} image {whole}"] = lambda tf, n=webp, w=whole: tf.io.decode_image(
            file(f"{n}.webp"), expand_animations=w
        )
ROWS |= {
    "webp uint16": lambda tf: tf.io.decode_webp(file("rgba.webp"), dtype=tf.uint16),
    "webp float32": lambda tf: tf.io.decode_image(file("rgba.webp"), dtype=tf.float32),
    "webp cut off": lambda tf: tf.io.decode_webp(file("rgba.webp")[:-20]),
}
for bmp in ("bmp24", "bmp32", "bmp8", "bmptop"):
    for count in (0, 3):
        ROWS[f"{bmp} channels {count}"] = lambda tf, n=bmp, c=count: tf.io.decode_bmp(
            file(f"{n}.bmp"), channels=c
        )
    ROWS[f"{bmp} image"] = lambda tf, n=bmp: tf.io.decode_image(file(f"{n}.bmp"))
ROWS |= {
    "bmp cut off": lambda tf: tf.io.decode_bmp(file("bmp24.bmp")[:-20]),
    "bmp garbage": lambda tf: tf.io.decode_bmp(b"garbage"),
    "bmp as png": lambda tf: tf.io.decode_png(file("bmp24.bmp")),
}


def picture(channels: int, dtype: Any = np.uint8) -> np.ndarray:
    """A small image in which every channel differs."""
    y, x = np.mgrid[:19, :23]
    planes = [x * 11, y * 13, (x + y) * 6, 255 - x * 9][:channels]
    if channels == 2:
        planes = [x * 11, 255 - x * 9]
    image = np.stack(planes, -1)
    return (
        (image * 256 + image[::-1]).astype(np.uint16)
        if dtype == np.uint16
        else image.astype(np.uint8)
    )


for shown in (1, 2, 3, 4):
    ROWS[f"encode png {shown}"] = lambda tf, c=shown: tf.io.decode_png(tf.io.encode_png(picture(c)))
    ROWS[f"encode png uint16 {shown}"] = lambda tf, c=shown: tf.io.decode_png(
        tf.io.encode_png(picture(c, np.uint16)), dtype=tf.uint16
    )
ROWS |= {
    "encode jpeg": lambda tf: tf.io.decode_jpeg(
        tf.io.encode_jpeg(picture(3), quality=80), dct_method="INTEGER_ACCURATE"
    ),
    "encode jpeg grey": lambda tf: tf.io.decode_jpeg(
        tf.io.encode_jpeg(picture(1)), dct_method="INTEGER_ACCURATE"
    ),
    "encode jpeg full": lambda tf: tf.io.decode_jpeg(
        tf.io.encode_jpeg(picture(3), chroma_downsampling=False), dct_method="INTEGER_ACCURATE"
    ),
    "encode jpeg 2 channels": lambda tf: tf.io.encode_jpeg(picture(2)),
    "encode jpeg quality": lambda tf: tf.io.encode_jpeg(picture(3), quality=101),
    "encode jpeg format": lambda tf: tf.io.encode_jpeg(picture(3), format="grayscale"),
    "encode jpeg no format": lambda tf: tf.io.encode_jpeg(picture(3), format="foo"),
    "encode jpeg rank": lambda tf: tf.io.encode_jpeg(picture(3)[None]),
    "encode jpeg empty": lambda tf: tf.io.encode_jpeg(np.zeros((0, 2, 3), np.uint8)),
    "encode png batch": lambda tf: tf.shape(tf.io.encode_png(np.stack([picture(3)] * 2))),
    "encode png rank": lambda tf: tf.io.encode_png(picture(1)[..., 0]),
    "encode png 5 channels": lambda tf: tf.io.encode_png(np.zeros((2, 2, 5), np.uint8)),
    "encode png int32": lambda tf: tf.io.encode_png(tf.constant(np.zeros((2, 2, 3), np.int32))),
    "encode png level": lambda tf: tf.io.encode_png(picture(3), compression=11),
    "encode png empty": lambda tf: tf.io.encode_png(np.zeros((0, 2, 3), np.uint8)),
}
