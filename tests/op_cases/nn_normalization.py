"""Rows of moments, normalizations and bias_add."""

from __future__ import annotations

from .case import COMPLEXES, FLOATS, NUMERIC, Case, Raises, cnormal, normal, positive

LRN = {"depth_radius": 2, "bias": 1.0, "alpha": 0.1, "beta": 0.75}

CASES = [
    # The second order of the variance is TensorFlow's, which leaves out the mean.
    Case(
        "nn.moments",
        [normal(3, 4), [0]],
        dtypes=(*FLOATS, *COMPLEXES, "int32", "int64", "int8"),
        order2=False,
        raises=[Raises([normal(3), [1]], match="axis is 1, but must be in")],
    ),
    Case("nn.moments", [normal(3, 4, 2), [0, -1]], {"keepdims": True}, order2=False),
    Case("nn.moments", [cnormal(3, 4), [0, 1]], grad=None, empty=False),
    Case("nn.weighted_moments", [normal(3, 4), [0], positive(3, 1)], dtypes=FLOATS),
    Case("nn.weighted_moments", [normal(3, 4), [0, 1], positive(3, 4)], {"keepdims": True}),
    Case(
        "nn.sufficient_statistics",
        [normal(3, 4), [0]],
        dtypes=FLOATS,
        call=lambda tf, x, axes: tf.nn.sufficient_statistics(x, axes)[:3],
    ),
    Case(
        "nn.sufficient_statistics",
        [normal(3, 4), [0, 1]],
        {"shift": normal(), "keepdims": True},
    ),
    Case("nn.normalize_moments", [positive(), normal(4), positive(4), None], dtypes=FLOATS),
    Case("nn.normalize_moments", [positive(), normal(4), positive(4), normal()]),
    Case(
        "nn.batch_normalization",
        [normal(3, 4), normal(4), positive(4), normal(4), normal(4), 1e-3],
        dtypes=FLOATS,
        raises=[
            Raises(
                [normal(3, 4), normal(3), positive(4), None, None, 1e-3],
                match="batch_normalization",
            )
        ],
    ),
    Case("nn.batch_normalization", [normal(3, 4), normal(4), positive(4), None, None, 1e-3]),
    Case("nn.batch_normalization", [normal(3, 4), normal(4), positive(4), None, normal(4), 0.1]),
    Case(
        "nn.batch_norm_with_global_normalization",
        [normal(2, 2, 2, 3), normal(3), positive(3), normal(3), normal(3), 1e-3, True],
    ),
    Case(
        "nn.batch_norm_with_global_normalization",
        [normal(2, 2, 2, 3), normal(3), positive(3), normal(3), normal(3), 1e-3, False],
        grad=[0, 1, 2, 3],
    ),
    Case(
        "nn.local_response_normalization",
        [normal(1, 2, 2, 7)],
        LRN,
        dtypes=("float32", "float16", "float64"),
        fd=False,
        raises=[Raises([normal(2, 3)], {}, match="input must be 4-dimensional")],
    ),
    Case("nn.local_response_normalization", [normal(1, 2, 2, 3)], dtypes=("float32",), fd=False),
    Case(
        "nn.bias_add",
        [normal(3, 4), normal(4)],
        dtypes=NUMERIC,
        raises=[
            Raises([normal(3, 4), normal(3)], match="they must be equal|must be equal"),
            Raises([normal(4), normal(4)], match="at least 2 dimensions"),
            Raises([normal(3, 4), normal(1, 4)], match="bias must have one dimension"),
            Raises([normal(3, 4), normal(4)], {"data_format": "bad"}, match="data_format must be"),
        ],
    ),
    Case("nn.bias_add", [normal(2, 3, 4, 5), normal(3)], {"data_format": "NCHW"}),
    Case("nn.bias_add", [normal(2, 3, 4, 5), normal(5)], {"data_format": "N...C"}),
]
