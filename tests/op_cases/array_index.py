"""Rows of slices, gathers, scatters and masks."""

from __future__ import annotations

from typing import Any

import numpy as np

from .case import INTS, NUMERIC, Case, Raises, bools, distinct, given, ints, normal, values

ALL = (*NUMERIC, "bool")
STRINGS = np.array([[b"a", b"bc"], [b"", b"d"]], dtype=object)


def item(*key: Any) -> Any:
    def call(tf: Any, x: Any) -> Any:
        return x[key[0] if len(key) == 1 else key]

    return call


def item_at(tf: Any, x: Any, i: Any) -> Any:
    return x[i], x[..., i], x[i, 1:, i]


def item_from(tf: Any, x: Any, i: Any) -> Any:
    return x[i:], x[:i, None, ::-1], x[i, i:]


def item_by_mask(tf: Any, x: Any, mask: Any) -> Any:
    return x[mask]


def last_row(tf: Any, x: Any) -> Any:
    return x[tf.shape(x)[0] - 1], x[: tf.shape(x)[0] - 1]


def gather_axis_1(tf: Any, x: Any, i: Any) -> Any:
    return tf.gather(x, i, axis=1)


S = slice

CASES = [
    Case(
        "strided_slice",
        [normal(3, 4, 5)],
        id="item-int",
        call=item(1),
        dtypes=ALL,
        raises=[
            Raises([normal(3)], match="out of bounds", call=item(3)),
            Raises([normal(3)], match="out of bounds", call=item(-4)),
            Raises([normal(3)], match="2 dimensions are indexed", call=item(0, 0)),
            Raises([normal(3)], match="only one ellipsis", call=item(..., ...)),
            Raises([normal(3)], match="must not be 0", call=item(S(None, None, 0))),
        ],
        empty=False,
    ),
    Case(
        "strided_slice",
        [normal(3, 4, 5)],
        id="item-steps",
        call=item(S(None, None, -1), S(3, 0, -2), S(1, None, 2)),
        empty=False,
    ),
    Case("strided_slice", [normal(3, 4, 5)], id="item-mixed", call=item(..., None, -1, S(1, 9))),
    Case("strided_slice", [normal(3, 4)], id="item-empty", call=item(S(5, None), S(2, 1))),
    Case(
        "strided_slice",
        [given(STRINGS)],
        id="item-strings",
        jit=False,
        call=item(S(None, None, -1), 1),
    ),
    Case("strided_slice", [normal(3, 4)], id="item-last", call=last_row, empty=False),
    Case(
        "strided_slice",
        [normal(3, 4, 3), ints(1, 3)],
        id="item-tensor",
        call=item_at,
        empty=False,
        raises=[
            Raises([normal(3, 4, 3), given(3, "int32")], match="index 3 is out of bounds"),
            Raises([normal(3, 4, 3), given(-4, "int64")], match="index -4 is out of bounds"),
        ],
    ),
    Case(
        "strided_slice",
        [normal(3, 4), given(1, "int32")],
        id="item-tensor-bounds",
        call=item_from,
        jit=False,
        empty=False,
    ),
    Case("strided_slice", [normal(3, 4), bools(3)], id="item-mask", call=item_by_mask, jit=False),
    Case("strided_slice", [normal(4, 3), [1, 0], [4, 2], [2, 1]], dict(shrink_axis_mask=2)),
    Case(
        "strided_slice",
        [normal(4, 3), given([1, 0], "int32"), given([4, 2], "int32")],
        dict(end_mask=2),
        id="strided_slice-arguments",
        jit=False,
        empty=False,
    ),
    Case(
        "slice",
        [normal(3, 4), [1, 0], [2, -1]],
        dtypes=ALL,
        empty=False,
        raises=[
            Raises([normal(3), [1], [3]], match="size.0. is 3, not in .0, 2"),
            Raises([normal(3), [-1], [1]], match="begin.0. is -1"),
            Raises([normal(3), [0, 0], [1, 1]], match="must have 1 elements"),
        ],
    ),
    Case(
        "slice",
        [normal(3, 4), given([1, 0], "int32"), [2, 3]],
        id="slice-begin",
        empty=False,
        raises=[Raises([normal(3), given([2], "int32"), [2]], match="0. is 2, not in")],
    ),
    Case(
        "slice",
        [normal(3, 4), given([1, 0], "int32"), [2, -1]],
        id="slice-begin-rest",
        jit=False,
        empty=False,
    ),
    Case(
        "slice",
        [normal(3, 4), [1, 0], given([1, 2], "int32")],
        id="slice-size",
        jit=False,
        empty=False,
    ),
    Case(
        "slice",
        [normal(3, 4), given([1, 0], "int32"), given([1, 2], "int32")],
        id="slice-both",
        jit=False,
        empty=False,
    ),
    Case("slice", [given(STRINGS), [1, 0], [1, 2]], id="slice-strings", jit=False),
    Case(
        "gather",
        [normal(5, 3), ints(0, 5, (2, 2))],
        dtypes=ALL,
        empty=False,
        raises=[
            Raises([normal(3), given([3], "int32")], match="index 3 is not in"),
            Raises([normal(3), given([-1], "int32")], match="index -1 is not in"),
            Raises([normal(3), given([0], "int32")], dict(axis=1), match="axis 1 is out of range"),
            Raises([normal(3), given([0.0], "float32")], match="indices is float32"),
        ],
    ),
    Case("gather", [normal(5, 3), ints(0, 3, (4,), "int64")], id="gather-axis", call=gather_axis_1),
    Case(
        "gather",
        [normal(2, 3, 4), ints(0, 4, (2, 2))],
        dict(axis=2, batch_dims=1),
        dtypes=("float64", "int32"),
        empty=False,
    ),
    Case("gather", [normal(2, 3, 4), ints(0, 3, (2, 2))], dict(batch_dims=-1), empty=False),
    Case("gather", [given(STRINGS), ints(0, 2, (3,))], id="gather-strings", jit=False),
    Case(
        "gather_nd",
        [normal(3, 4), given([[0, 1], [2, 3], [0, 1]], "int32")],
        dtypes=ALL,
        empty=False,
        raises=[
            Raises([normal(3), given([[3]], "int32")], match="3 is not in"),
            Raises([normal(3), given([[-1]], "int32")], match="-1 is not in"),
            Raises([normal(3), given([[0, 0]], "int32")], match="an index has 2 elements"),
        ],
    ),
    Case("gather_nd", [normal(3, 4), given([[2], [0]], "int64")], empty=False),
    Case(
        "gather_nd",
        [normal(2, 3, 4), given([[[0], [2]], [[1], [1]]], "int32")],
        dict(batch_dims=1),
        empty=False,
    ),
    Case(
        "gather_nd",
        [normal(3), given([[1], [5]], "int32")],
        dict(bad_indices_policy="IGNORE"),
        fd=False,
        grad=None,
        empty=False,
    ),
    Case(
        "gather_nd",
        [given(STRINGS), given([[1, 1]], "int32")],
        id="gather_nd-strings",
        jit=False,
        empty=False,
    ),
    Case(
        "scatter_nd",
        [given([[0], [2], [0]], "int32"), normal(3, 2), [4, 2]],
        dtypes=NUMERIC,
        empty=False,
        raises=[
            Raises([given([[4]], "int32"), normal(1), [4]], match="4 is not in"),
            Raises([given([[0]], "int32"), normal(2), [4]], match="updates must have shape"),
        ],
    ),
    Case(
        "scatter_nd",
        [given([[0, 1], [1, 0]], "int32"), given([True, False]), [2, 2]],
        id="scatter_nd-bools",
        empty=False,
    ),
    Case(
        "scatter_nd",
        [given([[0], [0]], "int32"), given(STRINGS[0]), [2]],
        id="scatter_nd-strings",
        jit=False,
        empty=False,
    ),
    Case(
        "scatter_nd",
        [given([[0], [2]], "int32"), normal(2), given([4], "int32")],
        id="scatter_nd-argument",
        jit=False,
        empty=False,
    ),
    Case(
        "tensor_scatter_nd_add",
        [normal(4, 2), given([[0], [2], [0]], "int32"), normal(3, 2)],
        dtypes=NUMERIC,
        empty=False,
        raises=[Raises([normal(3), given([[3]], "int32"), normal(1)], match="3 is not in")],
    ),
    Case(
        "tensor_scatter_nd_add",
        [normal(3), given([[1], [5]], "int32"), normal(2)],
        dict(bad_indices_policy="IGNORE"),
        grad=None,
        empty=False,
    ),
    Case(
        "tensor_scatter_nd_sub",
        [normal(4, 2), given([[0], [2], [0]], "int32"), normal(3, 2)],
        dtypes=NUMERIC,
        empty=False,
    ),
    Case(
        "tensor_scatter_nd_update",
        [normal(4, 2), given([[0], [2], [0]], "int32"), normal(3, 2)],
        dtypes=ALL,
        fd=False,
        order2=False,
        empty=False,
        raises=[Raises([normal(3), given([[-1]], "int32"), normal(1)], match="-1 is not in")],
    ),
    Case(
        "tensor_scatter_nd_update",
        [given(STRINGS), given([[1, 0]], "int32"), given(np.array([b"z"], object))],
        id="update-strings",
        jit=False,
        empty=False,
    ),
    Case(
        "tensor_scatter_nd_max",
        [values([1.0, 2.0, 3.0]), given([[0], [0], [1]], "int32"), values([4.0, 5.0, 2.0])],
        dtypes=("float64", "float32", *INTS),
        fd=False,
        order2=False,
        empty=False,
    ),
    Case(
        "tensor_scatter_nd_min",
        [values([1.0, 2.0, 3.0]), given([[0], [0], [1]], "int32"), values([-4.0, -4.0, 2.0])],
        dtypes=("float64", "int32"),
        fd=False,
        order2=False,
        empty=False,
    ),
    Case(
        "where",
        [bools(3, 1), normal(3, 4), normal(4)],
        dtypes=ALL,
        empty=False,
        raises=[
            Raises([bools(3), normal(2), normal(3)], match="2 and 3|3 and 2|Incompatible"),
            Raises([bools(3), normal(3), None], match="must both be given"),
        ],
    ),
    Case("where", [bools(2), given(STRINGS[0]), given(STRINGS[1])], id="where-strings", jit=False),
    Case("where", [bools(3, 4)], id="where-indices", jit=False),
    Case("where", [given([0.0, 1.5, np.nan, -0.0], "float32")], id="where-numbers", jit=False),
    Case(
        "boolean_mask",
        [normal(3, 2), bools(3)],
        dtypes=ALL,
        jit=False,
        empty=False,
        raises=[
            Raises([normal(3), given(True)], match="cannot be scalar"),
            Raises([normal(3), given([True, False])], match="not compatible|incompatible"),
        ],
    ),
    Case(
        "boolean_mask",
        [normal(2, 3, 4), bools(3, 4)],
        dict(axis=1),
        jit=False,
        empty=False,
        unknown=False,
    ),
    Case(
        "boolean_mask",
        [normal(2, 3, 4), bools(2, 3)],
        id="boolean_mask-2d",
        jit=False,
        empty=False,
        unknown="compatible",
    ),
    Case(
        "one_hot",
        [given([0, 2, -1, 5], "int32"), 3],
        dict(dtype="float64"),
        raises=[
            Raises([given([0], "int32"), -1], match="must not be negative"),
            Raises([given([0], "int32"), 3], dict(axis=2), match="axis 2 must be"),
        ],
    ),
    Case("one_hot", [ints(0, 3, (2, 2), "uint8"), 3, 5, -1], dict(axis=1)),
    Case("one_hot", [ints(0, 3, (2,)), given(3, "int32")], id="one_hot-argument", jit=False),
    Case("sequence_mask", [given([1, 3, 2], "int32"), 4], dict(dtype="float32")),
    Case(
        "sequence_mask",
        [given([[1, 3], [2, 0]], "int32")],
        id="sequence_mask-longest",
        jit=False,
        empty=False,
    ),
    Case("unique", [given([3, 1, 3, 2, 1], "int32")], jit=False),
    Case("unique", [given([1.0, np.nan, np.nan, 1.0], "float32")], id="unique-nan", jit=False),
    Case(
        "unique",
        [given(np.array([b"b", b"a", b"b"], object))],
        id="unique-strings",
        jit=False,
        raises=[Raises([given([[1]], "int32")], match="must be a vector")],
    ),
    Case("unique_with_counts", [given([3, 1, 3, 2, 1], "int64")], dict(out_idx="int64"), jit=False),
    Case(
        "dynamic_partition",
        [normal(4, 2), given([1, 0, 1, 3], "int32"), 4],
        unknown=False,
        jit=False,
        empty=False,
        raises=[
            Raises(
                [normal(2), given([2, 0], "int32"), 2],
                match="2, which is not in",
                modes=("eager", "function"),
            )
        ],
    ),
    Case(
        "dynamic_stitch",
        [[given([0, 2], "int32"), given([[1], [3]], "int32")], [normal(2, 3), normal(2, 1, 3)]],
        jit=False,
        empty=False,
        raises=[
            Raises(
                [[given([0, -1], "int32")], [normal(2)]],
                match="negative",
                modes=("eager", "function"),
            )
        ],
    ),
    Case(
        "dynamic_stitch",
        [[given([0, 2, 0], "int32")], [distinct(3)]],
        id="dynamic_stitch-one",
        jit=False,
        empty=False,
        fd=False,
    ),
]
