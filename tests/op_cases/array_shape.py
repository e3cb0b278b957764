"""Rows of shapes, joins, constants and filled tensors."""

from __future__ import annotations

from typing import Any

import numpy as np

from .case import (
    FLOATS,
    NUMERIC,
    Case,
    Raises,
    constant,
    distinct,
    given,
    ints,
    normal,
    values,
)

ALL = (*NUMERIC, "bool")
TILED = (*FLOATS, "int32", "int64", "uint8", "complex64", "bool")
STRINGS = np.array([[b"a", b"bc"], [b"", b"d"]], dtype=object)


def reshape_by_own_size(tf: Any, x: Any) -> Any:
    return tf.reshape(x, [tf.shape(x)[0], 8])


def reshape_by_argument(tf: Any, x: Any, shape: Any) -> Any:
    return tf.reshape(x, shape)


def fill_by_own_size(tf: Any, x: Any) -> Any:
    return tf.fill([tf.shape(x)[0], 2], 7.0), tf.zeros([tf.shape(x)[0]]), tf.ones(tf.shape(x))


def size_and_rank(tf: Any, x: Any) -> Any:
    return tf.size(x), tf.rank(x)


def transpose_by_argument(tf: Any, x: Any, perm: Any) -> Any:
    return tf.transpose(x, perm), tf.transpose(x, perm, conjugate=True)


def broadcast_to_argument(tf: Any, x: Any, shape: Any) -> Any:
    return tf.broadcast_to(x, shape)


def range_of_own_size(tf: Any, x: Any) -> Any:
    return tf.range(tf.shape(x)[0]), tf.range(tf.shape(x)[1], dtype=tf.float32)


def broadcast_like(tf: Any, x: Any, y: Any) -> Any:
    return tf.broadcast_dynamic_shape(tf.shape(x), tf.shape(y))


CASES = [
    Case("constant", [[[1, 2], [3, 4]]], id="constant-ints"),
    Case("constant", [1.5], {"shape": [2, 2]}),
    Case("convert_to_tensor", [[1.0, normal(), 3]], id="convert-list-with-tensor"),
    Case("identity", [normal(3)], dtypes=ALL),
    Case("identity", [given(STRINGS)], id="identity-strings", jit=False),
    Case("identity_n", [[normal(3), ints(0, 5, (2,))]]),
    Case("stop_gradient", [normal(3)], fd=False),
    Case("guarantee_const", [normal(3)], grad=None),
    Case("shape", [normal(2, 3)], {"out_type": "int64"}),
    Case(
        "shape",
        [normal(2, 3)],
        raises=[Raises([normal(2)], {"out_type": "float32"}, match="int32 or int64")],
    ),
    Case("size", [normal(2, 3)], id="size-and-rank", call=size_and_rank, grad=None),
    Case(
        "transpose",
        [normal(2, 3), given([1, 0], "int32")],
        id="transpose-argument",
        call=transpose_by_argument,
        jit=False,
        empty=False,
    ),
    Case(
        "broadcast_to",
        [normal(3), given([2, 3], "int32")],
        id="broadcast_to-argument",
        call=broadcast_to_argument,
        jit=False,
        empty=False,
    ),
    Case("shape_n", [[normal(2, 3), normal(4)]]),
    Case("size", [normal(2, 3)]),
    Case("rank", [normal(2, 3)]),
    Case(
        "reshape",
        [normal(2, 6), [3, -1]],
        dtypes=ALL,
        raises=[
            Raises([normal(2, 6), [5, -1]], match="reshape: 12 values"),
            Raises([normal(2, 6), [5, 2]], match="reshape: 12 values"),
            Raises([normal(2, 6), [-1, -1]], match="only one dimension"),
        ],
    ),
    Case("reshape", [normal(2, 6), constant([4, 3])], id="reshape-tensor"),
    Case("reshape", [given(STRINGS), [4]], id="reshape-strings", jit=False),
    Case("reshape", [normal(3, 2, 4)], id="reshape-own-size", call=reshape_by_own_size),
    Case(
        "reshape",
        [normal(3, 4), given([2, 6], "int32")],
        id="reshape-argument",
        call=reshape_by_argument,
        jit=False,
        empty=False,
    ),
    Case(
        "expand_dims",
        [normal(2, 3), 1],
        dtypes=ALL,
        raises=[Raises([normal(2), 5], match="axis 5 is out of range")],
    ),
    Case("expand_dims", [given(STRINGS), -1], id="expand_dims-strings", jit=False),
    Case(
        "squeeze",
        [normal(1, 3, 1)],
        {"axis": [0, -1]},
        dtypes=ALL,
        empty=False,
        raises=[Raises([normal(1, 3)], {"axis": 1}, match="cannot squeeze dimension 1")],
    ),
    Case("squeeze", [normal(1, 3, 1)], id="squeeze-all"),
    Case(
        "transpose",
        [normal(2, 3, 4)],
        {"perm": [2, 0, 1]},
        dtypes=ALL,
        raises=[Raises([normal(2, 3)], {"perm": [0, 0]}, match="names a dimension twice")],
    ),
    Case("transpose", [normal(2, 3)]),
    Case("transpose", [normal(2, 3)], {"conjugate": True}, dtypes=("complex128", "float32")),
    Case("transpose", [given(STRINGS)], id="transpose-strings", jit=False),
    Case(
        "broadcast_to",
        [normal(3, 1), [2, 3, 4]],
        dtypes=ALL,
        empty=False,
        raises=[Raises([normal(3), [2, 4]], match="cannot be broadcast to")],
    ),
    Case("broadcast_dynamic_shape", [normal(3, 1), normal(4)], call=broadcast_like),
    Case(
        "ensure_shape",
        [normal(3, 2), [None, 2]],
        dtypes=ALL,
        raises=[Raises([normal(3, 2), [2, 2]], match="is not compatible with")],
    ),
    Case(
        "concat",
        [[normal(2, 3), normal(2, 1)]],
        {"axis": -1},
        dtypes=ALL,
        raises=[
            Raises([[normal(2, 3), normal(3, 3)]], {"axis": 1}, match="must be equal"),
            Raises([[normal(2), normal(2)]], {"axis": 1}, match="axis 1 is out of range"),
            Raises([[normal(2), ints(0, 3, (2,))]], {"axis": 0}, match="int32 but"),
        ],
    ),
    Case(
        "concat",
        [[given(STRINGS), given(STRINGS)]],
        {"axis": 0},
        id="concat-strings",
        jit=False,
    ),
    Case(
        "stack",
        [[normal(2, 3), normal(2, 3)]],
        {"axis": 1},
        dtypes=ALL,
        raises=[
            Raises([[normal(2), normal(3)]], {"axis": 0}, match="all shapes must be equal"),
            Raises([[normal(2), normal(2)]], {"axis": 2}, match="axis 2 is out of range"),
        ],
    ),
    Case("stack", [[given(STRINGS), given(STRINGS)]], id="stack-strings", jit=False),
    Case(
        "unstack",
        [normal(2, 3)],
        {"axis": 1},
        dtypes=ALL,
        unknown=False,
        raises=[Raises([normal(2, 3)], {"num": 4, "axis": 1}, match="num is 4")],
    ),
    Case("unstack", [given(STRINGS)], id="unstack-strings", jit=False, unknown=False),
    Case(
        "split",
        [normal(4, 3), 2],
        dtypes=ALL,
        raises=[
            Raises([normal(3, 3), 2], match="does not split into 2"),
            Raises([normal(3, 3), [1, 1]], match="do not add up to 3"),
        ],
    ),
    Case("split", [normal(4, 3), [1, -1]], {"axis": 0}, empty=False),
    Case(
        "split",
        [normal(4, 3), given([1, 3], "int32")],
        id="split-tensor",
        jit=False,
        empty=False,
    ),
    Case("split", [given(STRINGS), 2], id="split-strings", jit=False),
    Case("zeros", [[2, 3]]),
    Case("zeros", [[2]], {"dtype": "string"}, id="zeros-strings", jit=False),
    Case("ones", [[2]], {"dtype": "bool"}),
    Case("zeros", [normal(3, 2)], id="filled-own-size", call=fill_by_own_size, grad=None),
    Case("zeros_like", [normal(2, 3)], dtypes=ALL, fd=False),
    Case("zeros_like", [given(STRINGS)], id="zeros_like-strings", jit=False),
    Case("ones_like", [normal(2, 3)], {"dtype": "int32"}, dtypes=ALL, fd=False),
    Case(
        "fill",
        [[2, 3], normal()],
        dtypes=ALL,
        raises=[
            Raises([[2, -1], normal()], match="must not be negative"),
            Raises([[2], normal(2)], match="value must be one element"),
        ],
    ),
    Case("fill", [given([2, 3], "int32"), normal()], id="fill-argument", jit=False, empty=False),
    Case("eye", [2, 3]),
    Case("eye", [2], {"batch_shape": [2], "dtype": "complex64"}),
    Case(
        "range",
        [0.0, 1.0, 0.1],
        raises=[Raises([5, 0], match="start must not exceed"), Raises([0, 5, 0], match="delta")],
    ),
    Case("range", [5, 0, -2], {"dtype": "int64"}),
    Case("range", [normal(3, 4)], id="range-own-size", call=range_of_own_size, grad=None),
    Case("range", [given(5, "int32")], id="range-argument", jit=False),
    Case(
        "linspace",
        [normal(2), normal(2), 5],
        {"axis": -1},
        dtypes=("float32", "float64"),
        unknown=False,
        raises=[Raises([0.0, 1.0, -1], match="num is negative")],
    ),
    Case("linspace", [0.1, 0.7, 23], rtol=0.0, atol=0.0),
    Case("linspace", [0, 10, 4]),
    Case("meshgrid", [normal(2), normal(3)], dtypes=NUMERIC),
    Case("meshgrid", [normal(2), normal(3)], {"indexing": "ij"}),
    Case(
        "tile",
        [normal(2, 3), [2, 1]],
        dtypes=TILED,
        raises=[
            Raises([normal(2, 3), [2]], match="multiples must have 2 elements"),
            Raises([normal(2), [-1]], match="must not be negative"),
        ],
    ),
    Case(
        "tile", [normal(2, 3), given([2, 2], "int32")], id="tile-argument", jit=False, empty=False
    ),
    Case("tile", [given(STRINGS), [1, 2]], id="tile-strings", jit=False),
    Case(
        "repeat",
        [normal(3, 2), 2],
        {"axis": 0},
        dtypes=TILED,
        raises=[Raises([normal(3), -1], {"axis": 0}, match="must not be negative")],
    ),
    Case("repeat", [normal(3, 2), [1, 0, 2]], {"axis": 0}, empty=False, order2=False),
    Case("repeat", [normal(3), ints(0, 3, (3,))], id="repeat-argument", jit=False, empty=False),
    Case("repeat", [given(STRINGS), 2], id="repeat-strings", jit=False),
    Case(
        "pad",
        [normal(2, 3), [[1, 0], [2, 1]]],
        {"constant_values": 3},
        dtypes=NUMERIC,
        raises=[
            Raises([normal(2, 3), [[1, 1]]], match="paddings has 1 rows"),
            Raises([normal(2), [[-1, 1]]], match="must not be negative"),
        ],
    ),
    Case(
        "pad",
        [normal(3, 4), [[1, 2], [2, 0]]],
        {"mode": "REFLECT"},
        dtypes=ALL,
        empty=False,
        raises=[Raises([normal(3), [[3, 0]]], match="must not exceed 2")],
    ),
    Case("pad", [normal(3), [[3, 2]]], {"mode": "symmetric"}, empty=False),
    Case(
        "pad",
        [normal(2), given([[1, 2]], "int32")],
        id="pad-argument",
        jit=False,
        empty=False,
    ),
    Case("pad", [given(STRINGS), [[1, 0], [0, 0]]], id="pad-strings", jit=False),
    Case(
        "reverse",
        [normal(2, 3), [0, -1]],
        dtypes=ALL,
        raises=[
            Raises([normal(2), [1]], match="axis 1 is out of range"),
            Raises([normal(2), [0, -1]], match="names a dimension twice"),
        ],
    ),
    Case("reverse", [normal(2, 3), given([1], "int32")], id="reverse-argument", jit=False),
    Case("reverse", [given(STRINGS), [0]], id="reverse-strings", jit=False),
    Case(
        "reverse_sequence",
        [normal(3, 4), given([2, 4, 0], "int32")],
        {"seq_axis": 1},
        dtypes=ALL,
        empty=False,
        raises=[Raises([normal(2, 3), given([4, 1], "int32")], match="must be in .0, 3")],
    ),
    Case(
        "roll",
        [normal(3, 4), [1, -1], [0, 1]],
        dtypes=ALL,
        raises=[
            Raises([normal(3), 1, 1], match="axis 1 is out of range"),
            Raises([normal(3), [1], [0, 0]], match="shift has 1 elements"),
        ],
    ),
    Case("roll", [normal(3, 4), given(2, "int32"), 0], id="roll-argument"),
    Case(
        "space_to_batch",
        [normal(2, 3, 4), [2, 2], [[1, 0], [0, 0]]],
        raises=[Raises([normal(1, 3), [2], [[0, 0]]], match="no multiple of block 2")],
    ),
    Case(
        "batch_to_space",
        [normal(4, 3, 2), [2], [[1, 0]]],
        raises=[Raises([normal(3, 1), [2], [[0, 0]]], match="no multiple of 2")],
    ),
    Case("required_space_to_batch_paddings", [[5, 4], [2, 3]]),
    Case(
        "nn.space_to_depth",
        [normal(2, 4, 6, 3), 2],
        dtypes=FLOATS,
        raises=[Raises([normal(1, 3, 4, 1), 2], match="no multiple of block 2")],
    ),
    Case(
        "nn.depth_to_space",
        [normal(2, 2, 3, 8), 2],
        dtypes=FLOATS,
        raises=[Raises([normal(1, 2, 2, 3), 2], match="no multiple of block_size")],
    ),
    Case(
        "sort",
        [distinct(3, 5)],
        dtypes=("float64", "float32", "int32", "int64", "uint8", "bfloat16"),
    ),
    Case(
        "sort",
        [distinct(3, 5)],
        {"axis": 0, "direction": "DESCENDING"},
        raises=[
            Raises([normal(3)], {"direction": "UP"}, match="direction"),
            Raises([normal(3)], {"axis": 1}, match="axis 1 is out of range"),
        ],
    ),
    Case(
        "sort",
        [values([-128, 127, 0, 5])],
        {"direction": "DESCENDING"},
        dtypes=("int8", "int32"),
        id="sort-extremes",
    ),
    Case(
        "argsort",
        [values([1.0, 1.0, 0.0, -0.0, 1.0])],
        dtypes=("float32", "float64", "int32", "uint32"),
    ),
    Case("argsort", [distinct(3, 5)], {"axis": 0, "direction": "DESCENDING"}),
    Case(
        "math.top_k",
        [distinct(3, 20), 2],
        dtypes=("float64", "float32", "float16", "bfloat16", "int32", "int8", "uint64"),
        raises=[
            Raises([normal(3), 4], match="at least k = 4"),
            Raises([normal(3), -1], match="k must not"),
        ],
    ),
    Case(
        "math.top_k",
        [values([1.0, 5.0, 3.0, 5.0]), 3],
        {"index_type": "int64"},
        fd=False,
        grad=None,
        id="top_k-ties",
    ),
    Case("math.top_k", [distinct(2, 4), given(2, "int32")], id="top_k-argument", jit=False),
    Case(
        "math.in_top_k",
        [
            given([1, 0, 5], "int32"),
            given([[0.1, 0.9, 0.9], [0.5, np.nan, 0.9], [0.1, 0.2, 0.3]], "float32"),
            2,
        ],
        empty=False,
    ),
    Case(
        "searchsorted",
        [given([[1.0, 3.0], [2.0, 4.0]], "float32"), given([[0.0, 3.0], [4.0, 5.0]], "float32")],
        raises=[
            Raises([given([1.0], "float32"), given([0.0], "float32")], {"side": "up"}, match="side")
        ],
    ),
    Case(
        "searchsorted",
        [given([1, 3, 3, 5], "int32"), given([0, 3, 6], "int32")],
        {"side": "right", "out_type": "int64"},
    ),
    Case(
        "unravel_index",
        [given([5, 1], "int32"), given([2, 3], "int32")],
        raises=[Raises([given([6], "int32"), given([2, 3], "int32")], match="not less than")],
        empty=False,
    ),
    Case(
        "histogram_fixed_width",
        [given([-1.0, 0.0, 1.5, 2.0, 5.0, 15.0], "float32"), given([0.0, 5.0], "float32")],
        {"nbins": 5},
        empty=False,
        raises=[
            Raises([given([1.0, np.nan], "float32"), given([0.0, 5.0], "float32")], match="NaN"),
            Raises([given([1.0], "float32"), given([5.0, 5.0], "float32")], match="ascending"),
        ],
    ),
    Case(
        "histogram_fixed_width_bins",
        [given([-1.0, 0.0, 1.5, 5.0], "float32"), given([0.0, 5.0], "float32")],
        {"nbins": 5},
        empty=False,
    ),
]
