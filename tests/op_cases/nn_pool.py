"""Rows of the pools."""

from __future__ import annotations

from .case import FLOATS, Case, Raises, distinct, normal, values

NAN, INF = float("nan"), float("inf")
X = distinct(2, 5, 4, 2)
SQUARE = [[[[1.0], [1.0], [0.0]], [[1.0], [0.0], [0.0]], [[0.0], [0.0], [0.0]]]]
# TensorFlow adds half precision numbers in half precision.
HALF = {"float16": 1e-2, "bfloat16": 3e-2}

SHAPES = [
    (2, 2, "SAME"),
    (2, 2, "VALID"),
    (3, 2, "SAME"),
    (3, 1, "VALID"),
    ([2, 3], [1, 2], "SAME"),
    ([5, 4], 1, "VALID"),
    (6, 2, "SAME"),
]

CASES = [
    Case(
        "nn.max_pool2d",
        [X, 2, 2, "SAME"],
        dtypes=(*FLOATS, "int32", "uint8", "uint32", "bool"),
        id="max_pool2d-dtypes",
        raises=[
            Raises([X, 2, 2, "EXPLICIT"], match="'EXPLICIT' is not a valid value"),
            Raises([X, [1, 2, 2], 1, "SAME"], match="ksize should be of length 1, 2 or 4"),
            Raises([X, 0, 1, "SAME"], match="ksize must be larger than 0"),
            Raises([X, 1, 0, "SAME"], match="strides must be larger than 0"),
            Raises([X, [2, 2, 2, 1], 1, "SAME"], match="ksize must be 1 in the batch"),
            Raises([normal(5, 4, 2), 2, 2, "SAME"], match="input must have 4 dimensions, got 3"),
            Raises([X, 2, 2, "SAME"], {"data_format": "FOO"}, match="data_format must be"),
            Raises(
                [X, 2, 2, "SAME"],
                {"data_format": "NCHW"},
                match="channels must be the last",
                modes=("eager",),
            ),
        ],
    ),
    *[Case("nn.max_pool2d", [X, *shape]) for shape in SHAPES],
    Case("nn.max_pool2d", [X, 2, 2, [[0, 0], [1, 1], [0, 1], [0, 0]]], id="max_pool2d-explicit"),
    Case("nn.max_pool2d", [values(SQUARE), 2, 1, "SAME"], id="max_pool2d-ties", fd=False),
    Case("nn.max_pool2d", [values(SQUARE), 2, 2, "SAME"], id="max_pool2d-tiles-ties", fd=False),
    Case(
        "nn.max_pool2d",
        [values([[[[1.0], [NAN]], [[2.0], [-INF]]]]), 2, 2, "SAME"],
        id="max_pool2d-nan",
        fd=False,
    ),
    Case("nn.max_pool1d", [distinct(2, 7, 2), 3, 2, "SAME"]),
    Case(
        "nn.max_pool1d",
        [distinct(2, 7, 2), 2, 2, [[0, 0], [1, 0], [0, 0]]],
        id="max_pool1d-explicit",
    ),
    Case(
        "nn.max_pool3d",
        [distinct(1, 4, 3, 2, 2), 2, 2, "SAME"],
        dtypes=("float32", "bfloat16", "float64", "int32"),
        fd=False,
    ),
    Case("nn.max_pool3d", [distinct(1, 4, 3, 2, 2), [1, 2, 2], 1, "VALID"], dtypes=("float32",)),
    Case(
        "nn.max_pool3d",
        [values([SQUARE]), 2, 1, "SAME"],
        dtypes=("float32",),
        id="max_pool3d-ties",
        fd=False,
    ),
    Case(
        "nn.max_pool",
        [X, 2, 2, "VALID"],
        raises=[
            Raises(
                [normal(3, 2), 2, 2, "VALID"],
                match="must be of rank 3, 4 or 5",
                error="ValueError",
                graph_error="ValueError",
            )
        ],
        unknown="compatible",
    ),
    Case("nn.max_pool", [distinct(2, 7, 2), 2, 2, "SAME", "NWC"]),
    Case(
        "nn.avg_pool2d",
        [normal(2, 5, 4, 2), 2, 2, "SAME"],
        dtypes=(*FLOATS, "int32"),
        id="avg_pool2d-dtypes",
        rtol=HALF,
        atol=HALF,
        raises=[
            Raises([X, 2, 2, [[0, 0]] * 4], match="padding must be 'SAME' or 'VALID'"),
            Raises([X, 2, 2, "EXPLICIT"], match="padding must be 'SAME' or 'VALID'"),
        ],
    ),
    *[Case("nn.avg_pool2d", [normal(2, 5, 4, 2), *shape]) for shape in SHAPES[:-1]],
    # Windows larger than the input: TensorFlow's gradient counts cells that are not there.
    Case("nn.avg_pool2d", [normal(2, 5, 4, 2), *SHAPES[-1]], grad=None),
    Case("nn.avg_pool1d", [normal(2, 7, 2), 3, 2, "SAME"]),
    Case(
        "nn.avg_pool3d",
        [normal(1, 4, 3, 2, 2), 2, 2, "SAME"],
        dtypes=("float32", "bfloat16"),
        rtol=HALF,
        atol=HALF,
    ),
    Case("nn.avg_pool3d", [normal(1, 4, 3, 2, 2), [1, 2, 2], 1, "VALID"], dtypes=("float32",)),
    Case("nn.avg_pool", [normal(2, 5, 4, 2), 2, 2, "VALID"], unknown="compatible"),
    Case(
        "nn.pool",
        [X, [2, 2], "MAX"],
        raises=[
            Raises([X, [2, 2], "SUM"], match="pooling_type must be 'MAX' or 'AVG'"),
            Raises([X, 2, "MAX"], match="window_shape must be a list"),
            Raises([X, [2] * 4, "MAX"], match="must have 1, 2 or 3 entries"),
            Raises([normal(5, 2), [2, 2], "MAX"], match="input must be of rank 4"),
            Raises(
                [X, [2, 2], "AVG"],
                {"padding": "SAME", "dilations": [2, 2]},
                match="dilations > 1 are not supported",
            ),
        ],
    ),
    Case("nn.pool", [normal(2, 5, 4, 2), [2, 2], "AVG"], {"strides": [2, 1], "padding": "SAME"}),
    Case("nn.pool", [normal(2, 5, 6, 2), [2, 2], "AVG"], {"dilations": [2, 3]}),
    Case("nn.pool", [distinct(1, 6, 6, 1), [2, 2], "MAX"], {"dilations": [2, 2]}),
    Case("nn.pool", [normal(2, 7, 2), [2], "AVG"]),
    Case(
        "nn.max_pool_with_argmax",
        [X, 2, 2, "SAME"],
        dtypes=(*FLOATS, "int32", "uint64", "bool"),
        raises=[
            Raises([X, 2, 2, "SAME"], {"data_format": "NCHW"}, match="data_format must be 'NHWC'"),
            Raises([normal(2, 2), 2, 2, "SAME"], match="input must have 4 dimensions"),
        ],
    ),
    Case("nn.max_pool_with_argmax", [X, 3, 2, "SAME"], {"include_batch_in_index": True}),
    Case(
        "nn.max_pool_with_argmax",
        [X, [2, 3], 1, "VALID"],
        call=lambda tf, *a: tf.nn.max_pool_with_argmax(*a, output_dtype=tf.int32),
        id="argmax-int32",
        grad=None,
    ),
    Case(
        "nn.max_pool_with_argmax",
        [values([[[[NAN], [1.0]], [[1.0], [2.0]]]]), 2, 1, "SAME"],
        id="argmax-nan",
        fd=False,
    ),
]
