"""Rows of reductions, running sums, segments and counting."""

from __future__ import annotations

from .case import (
    FLOATS,
    INTS,
    NUMERIC,
    Case,
    Raises,
    cnormal,
    constant,
    distinct,
    given,
    ints,
    normal,
    positive,
    values,
)

INF, NAN = float("inf"), float("nan")
REAL = (*FLOATS, *INTS)
BAD_AXIS = [
    Raises([normal(2, 3)], {"axis": 2}, match="axis 2 is out of range"),
    Raises([normal(2, 3)], {"axis": [0, 0]}, match="given twice"),
]
IDS = given([0, 0, 2, 2, 3], "int32")
UNSORTED_IDS = given([2, 0, -1, 2, 0], "int32")
BAD_IDS = [
    Raises(
        [normal(3, 2), given([0, 2, 1], "int32")],
        match="not increasing",
        modes=("eager", "function"),
    ),
    Raises([normal(3, 2), given([0, 1], "int32")], match="does not start with|rank|3.*2"),
]
FAR_IDS = [Raises([normal(3, 2), given([0, 4, 1], "int32"), 3], match="id 4 is out of range")]


def segment(name: str, **options: object) -> Case:
    # The rows' number depends on the ids, which a function learns when it runs.
    return Case(f"math.segment_{name}", [distinct(5, 2), IDS],
                **{"dtypes": REAL, "raises": BAD_IDS, "jit": False, "unknown": "compatible",
                   "empty": False} | options)  # fmt: skip


def unsorted_segment(name: str, **options: object) -> Case:
    return Case(f"math.unsorted_segment_{name}", [distinct(5, 2), UNSORTED_IDS, 4],
                **{"dtypes": REAL, "raises": FAR_IDS, "unknown": "compatible", "empty": False}
                | options)  # fmt: skip


def reduction(name: str, source: object, **options: object) -> list[Case]:
    return [
        Case(name, [source], {"axis": 1}, **{"raises": BAD_AXIS} | options),
        Case(name, [source], id=f"{name}-all", **options | {"dtypes": ("float32",)}),
        Case(name, [source], {"axis": [0, -1], "keepdims": True}, **options
             | {"dtypes": ("float32",)}),
    ]  # fmt: skip


CASES = [
    *reduction("math.reduce_sum", normal(3, 4), dtypes=NUMERIC),
    Case("math.reduce_sum", [normal(2, 3, 2)], {"axis": constant([0, 2])}, id="reduce_sum-tensor"),
    *reduction("math.reduce_mean", normal(3, 4), dtypes=NUMERIC),
    Case("math.reduce_mean", [given([100, 100, 100], "int8")], id="reduce_mean-int8"),
    *reduction("math.reduce_prod", positive(3, 4), dtypes=NUMERIC),
    Case("math.reduce_prod", [values([2.0, 0.0, 3.0])], id="reduce_prod-zero"),
    *reduction("math.reduce_max", distinct(3, 4), dtypes=REAL),
    *reduction("math.reduce_min", distinct(3, 4), dtypes=REAL),
    Case("math.reduce_max", [values([[1.0, 3.0, 3.0], [NAN, 1.0, 2.0]])], {"axis": 1},
         id="reduce_max-ties", fd=False),
    Case("math.reduce_all", [given([[True, True], [True, False]])], {"axis": 1}),
    Case("math.reduce_any", [given([[False, True], [False, False]])], {"axis": 1}),
    *reduction("math.reduce_logsumexp", normal(3, 4), dtypes=FLOATS),
    Case("math.reduce_logsumexp", [values([[-INF, -INF], [INF, 0.0]])], {"axis": 1},
         id="reduce_logsumexp-inf", grad=None),
    Case("math.reduce_euclidean_norm", [normal(3, 4)], {"axis": 1}, dtypes=(*FLOATS, "int32")),
    Case("math.reduce_variance", [normal(3, 4)], {"axis": 1}, dtypes=FLOATS,
         raises=[Raises([ints(0, 3, (2, 2))], match="int32; a floating")]),
    Case("math.reduce_variance", [cnormal(3, 4)], {"axis": 1}, id="reduce_variance-complex"),
    Case("math.reduce_std", [normal(3, 4)], {"axis": 1}, dtypes=FLOATS),
    Case("math.reduce_std", [values([2.0, 2.0])], id="reduce_std-zero", fd=False),
    Case("math.count_nonzero", [ints(0, 2, (3, 4))], {"axis": 1}),
    Case("math.count_nonzero", [given([b"", b"a"])], id="count_nonzero-strings", jit=False),
    Case("math.argmax", [distinct(3, 4)], {"axis": 1}, dtypes=REAL, grad=None,
         raises=[Raises([normal(2, 3)], {"axis": 2}, match="axis 2 is out of range")]),
    Case("math.argmin", [distinct(3, 4)], {"axis": 0}, dtypes=REAL, grad=None),
    Case("math.argmax", [values([[4.0, 5.5, NAN], [NAN, NAN, NAN], [2.0, 2.0, 1.0]])],
         {"axis": 1}, id="argmax-nan", grad=None),
    Case("math.argmin", [given([True, False, False])], id="argmin-bool"),
    Case("math.cumsum", [normal(3, 4)], {"axis": 1}, dtypes=NUMERIC,
         raises=[Raises([normal(2)], {"axis": 1}, match="axis 1 is out of range")]),
    Case("math.cumsum", [normal(3, 4)], {"axis": 0, "exclusive": True, "reverse": True}),
    Case("math.cumprod", [positive(3, 4)], {"axis": 1}, dtypes=NUMERIC),
    Case("math.cumprod", [values([2.0, 0.0, 3.0])], {"exclusive": True}, id="cumprod-zero",
         fd=False),
    Case("math.cumulative_logsumexp", [normal(3, 4)], {"axis": 1}, dtypes=FLOATS),
    # Begins with -inf, which has no finite difference.
    Case("math.cumulative_logsumexp", [normal(3, 4)], {"exclusive": True, "reverse": True},
         fd=False),
    segment("sum", dtypes=NUMERIC),
    segment("mean"),
    segment("prod"),
    segment("max"),
    segment("min"),
    unsorted_segment("sum", dtypes=NUMERIC),
    unsorted_segment("mean"),
    unsorted_segment("prod"),
    # Empty segments hold the dtype's limits: no finite differences.
    unsorted_segment("max", fd=False),
    unsorted_segment("min", fd=False),
    unsorted_segment("sqrt_n", dtypes=FLOATS),
    Case("math.unsorted_segment_prod", [values([0.0, 3.0, 0.0, 0.0, 2.0]),
         given([0, 0, 1, 1, 1], "int32"), 2], id="unsorted_segment_prod-zero", fd=False),
    Case("math.unsorted_segment_max", [values([3.0, 3.0, 0.0, -1.0]),
         given([0, 0, 1, 1], "int32"), 3], id="unsorted_segment_max-ties", fd=False),
    Case("math.bincount", [constant([1, 1, 3])], id="bincount"),
    Case("math.bincount", [ints(0, 4, (6,))], id="bincount-runtime", jit=False,
         unknown="compatible", empty=False,
         raises=[Raises([given([1, -1], "int32")], {"minlength": 3}, match="negative",
                        modes=("eager", "function"))]),
    Case("math.bincount", [constant([[1, 1, 3], [0, 2, 2]])], {"axis": -1}, id="bincount-rows"),
    Case("math.bincount", [constant([1, 1, 3])],
         {"weights": given([1.0, 2.0, 3.0], "float32"), "minlength": 6}, id="bincount-weights",
         grad=None, empty=False),
    Case("math.confusion_matrix", [given([1, 2, 1], "int32"), given([1, 2, 2], "int32"), 4],
         unknown="compatible", empty=False,
         raises=[Raises([given([1, 5], "int32"), given([1, 1], "int32"), 3],
                        match="holds 5|5")]),
    Case("math.confusion_matrix", [constant([1, 2, 1]), constant([1, 2, 2])],
         id="confusion_matrix-count"),
    Case("math.l2_normalize", [normal(3, 4)], {"axis": 1}, dtypes=FLOATS),
    Case("math.l2_normalize", [cnormal(3)], id="l2_normalize-complex", order2=False),
    Case("math.zero_fraction", [given([0.0, 1.0, 0.0], "float32")]),
    Case("math.polyval", [[normal(), normal(), normal()], normal(3)]),
    Case("math.invert_permutation", [given([3, 4, 0, 2, 1], "int32")], empty=False,
         raises=[Raises([given([1, 1, 0], "int32")], match="twice"),
                 Raises([given([3, 0, 1], "int32")], match=r"not in \[0, 3\)")]),
    Case("math.is_non_decreasing", [given([1.0, 1.0, 2.0], "float32")],
         raises=[Raises([given([True])], match="bool; an integer or floating")]),
    Case("math.is_strictly_increasing", [given([1.0, 1.0, 2.0], "float32")]),
]  # fmt: skip
