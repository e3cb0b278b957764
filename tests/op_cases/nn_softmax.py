"""Rows of softmax and the cross entropies of class scores."""

from __future__ import annotations

from .case import FLOATS, Case, Raises, given, ints, normal, values

INF = float("inf")
ROWS = [[0.1, 0.2, 0.3, 0.4], [0.25, 0.25, 0.25, 0.25], [0.0, 1.0, 0.0, 0.0]]

CASES = [
    Case(
        "nn.softmax",
        [normal(3, 4)],
        dtypes=(*FLOATS, "int32"),
        raises=[
            Raises([normal()], match="nn.softmax: axis is -1"),
            Raises([normal(3)], {"axis": 1}, match="axis is 1, but must be in"),
            Raises([ints(0, 3, (2,))], match="nn.softmax: logits is int32"),
        ],
    ),
    Case("nn.softmax", [normal(3, 4, 2)], {"axis": 1}),
    Case("nn.softmax", [values([[INF, 0.0], [-INF, 0.0], [-INF, -INF]])], grad=None),
    Case(
        "nn.log_softmax",
        [normal(3, 4)],
        dtypes=(*FLOATS, "int32"),
        raises=[Raises([normal(3)], {"axis": 1}, match="axis is 1, but must be in")],
    ),
    Case("nn.log_softmax", [normal(3, 4, 2)], {"axis": -2}),
    Case("nn.log_softmax", [values([[INF, 0.0], [-INF, 0.0], [-INF, -INF]])], grad=None),
    Case(
        "nn.softmax_cross_entropy_with_logits",
        [values(ROWS), normal(3, 4)],
        dtypes=(*FLOATS, "int32"),
        raises=[
            Raises([normal(3, 4), normal(3, 3)], match="must be broadcastable"),
            Raises([normal(3, 4), normal(1, 4)], match="must be broadcastable"),
        ],
    ),
    Case(
        "nn.softmax_cross_entropy_with_logits", [values(ROWS), normal(3, 4)], {"axis": 0}, fd=False
    ),
    Case("nn.softmax_cross_entropy_with_logits", [values(ROWS[0]), normal(4)]),
    Case(
        "nn.softmax_cross_entropy_with_logits",
        [values(ROWS[0]), normal(3, 4)],
        id="softmax-cross-entropy-one-row-for-all",
        grad=None,  # TensorFlow's gradient to the labels fails here
        unknown="compatible",
    ),
    Case(
        "nn.softmax_cross_entropy_with_logits",
        [given([[0, 1]]), normal(1, 2)],
        id="softmax-cross-entropy-labels-cast",
    ),
    Case(
        "nn.sparse_softmax_cross_entropy_with_logits",
        [ints(0, 4, (3,)), normal(3, 4)],
        dtypes=(*FLOATS, "int32"),
        raises=[
            Raises([given([0, 4]), normal(2, 4)], match="label value of 4 which is outside"),
            Raises([given([-1, 0]), normal(2, 4)], match="label value of -1 which is outside"),
            Raises([ints(0, 4, (2, 2)), normal(2, 4)], match="labels.shape.rank must equal"),
            Raises([ints(0, 4, (3,)), normal(2, 4)], match="labels.shape must equal logits.shape"),
            Raises([given(1), normal()], match="logits cannot be a scalar"),
            Raises([given([0.0, 1.0], "float32"), normal(2, 4)], match="labels is float32"),
        ],
    ),
    Case(
        "nn.sparse_softmax_cross_entropy_with_logits",
        [ints(0, 4, (2, 3), "int64"), normal(2, 3, 4)],
    ),
    Case("nn.sparse_softmax_cross_entropy_with_logits", [given(2), normal(4)]),
    Case(
        "nn.sparse_softmax_cross_entropy_with_logits",
        [given([0, 1, 1]), values([[-INF, 0.0], [-INF, 0.0], [INF, 0.0]])],
        grad=None,
    ),
]
