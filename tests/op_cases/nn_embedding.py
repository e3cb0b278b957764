"""Rows of embedding_lookup and the approximate searches."""

from __future__ import annotations

from .case import FLOATS, Case, Raises, distinct, given, ints, normal

CASES = [
    Case(
        "nn.embedding_lookup",
        [normal(5, 3), ints(0, 5, (4,))],
        dtypes=FLOATS,
        raises=[
            Raises([normal(5, 3), given([1, 5])], match="5 is not in .0, 5"),
            Raises([normal(5, 3), given([-1])], match="-1 is not in .0, 5"),
            Raises([None, given([0])], match="params must be given"),
            Raises([[], given([0])], match="at least one table"),
        ],
    ),
    Case("nn.embedding_lookup", [normal(5, 3), ints(0, 5, (2, 2), "int64")]),
    Case("nn.embedding_lookup", [normal(5, 3), given(3)], {"max_norm": 0.5}),
    Case("nn.embedding_lookup", [normal(5, 3), ints(0, 5, (4,))], {"max_norm": 1.0}, fd=False),
    Case(
        "nn.embedding_lookup",
        [[normal(2, 3), normal(2, 3)], ints(0, 4, (4,))],
        id="embedding-tables",
        grad=None,
        unknown="compatible",
    ),
    Case(
        "nn.approx_max_k",
        [distinct(3, 6), 2],
        dtypes=("float32", "float16", "bfloat16", "float64"),
        raises=[Raises([distinct(3), 4], match="k is 4, but there are only 3")],
        fd=False,
        unknown="compatible",
    ),
    # TensorFlow has no CPU kernel for these two.
    Case(
        "nn.approx_min_k",
        [distinct(3, 6), 2],
        dtypes=("float32",),
        call=lambda tf, x, k: [-tf.nn.approx_max_k(-x, k)[0]],
        id="approx_min_k-as-max",
        fd=False,
        unknown="compatible",
    ),
]
