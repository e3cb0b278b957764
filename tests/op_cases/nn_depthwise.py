"""Rows of the depthwise convolutions, and of dilation and erosion."""

from __future__ import annotations

from .case import FLOATS, Case, Raises, constant, distinct, normal, values

X, W = normal(2, 5, 4, 3), normal(3, 2, 3, 2)
ONE = [1, 1, 1, 1]
LOOSE = {"rtol": {"float16": 1e-2, "bfloat16": 6e-2}, "atol": {"float16": 1e-2, "bfloat16": 6e-2}}

CASES = [
    Case(
        "nn.depthwise_conv2d",
        [X, W, ONE, "SAME"],
        dtypes=(*FLOATS, "int32"),
        **LOOSE,
        raises=[
            Raises([X, normal(3, 2, 2, 2), ONE, "SAME"], match="filter has kernels for 2"),
            Raises([X, W, [1, 1, 1, 2], "SAME"], match="strides must be 1 in the batch"),
            Raises([X, W, ONE, "same"], match="padding must be 'SAME' or 'VALID'"),
        ],
    ),
    Case("nn.depthwise_conv2d", [X, normal(3, 2, 3, 1), [1, 2, 2, 1], "VALID"]),
    Case(
        "nn.depthwise_conv2d",
        [X, W, ONE, [[0, 0], [1, 2], [0, 1], [0, 0]]],
        id="depthwise-explicit",
    ),
    Case("nn.depthwise_conv2d", [X, W, ONE, "SAME"], {"dilations": [2, 1]}, id="depthwise-dilated"),
    Case(
        "nn.depthwise_conv2d_backprop_input",
        [constant([2, 5, 4, 3]), W, normal(2, 5, 4, 6), ONE, "SAME"],
        empty=False,
    ),
    Case(
        "nn.depthwise_conv2d_backprop_filter",
        [X, constant([3, 2, 3, 2]), normal(2, 5, 4, 6), ONE, "SAME"],
        empty=False,
    ),
    Case(
        "nn.separable_conv2d",
        [X, W, normal(1, 1, 6, 2), ONE, "SAME"],
        raises=[
            Raises(
                [X, W, normal(2, 1, 6, 2), ONE, "SAME"], match="pointwise_filter must have shape"
            ),
            Raises([X, W, normal(1, 1, 5, 2), ONE, "SAME"], match="channels, the filters take 5"),
        ],
    ),
    Case("nn.separable_conv2d", [X, W, normal(1, 1, 6, 2), [1, 2, 2, 1], "VALID"]),
    Case(
        "nn.dilation2d",
        [distinct(1, 4, 5, 2), normal(2, 2, 2), ONE, "SAME", "NHWC", ONE],
        dtypes=(*FLOATS, "int32", "int8", "uint8"),
        raises=[
            Raises([X, normal(2, 2, 3), ONE, "SAME", "NCHW", ONE], match="data_format must be"),
            Raises([X, normal(2, 2, 2), ONE, "SAME", "NHWC", ONE], match="filters are for 2"),
        ],
    ),
    Case(
        "nn.dilation2d",
        [distinct(1, 5, 5, 1), normal(2, 2, 1), [1, 2, 1, 1], "VALID", "NHWC", [1, 2, 2, 1]],
    ),
    Case(
        "nn.dilation2d",
        [
            values([[[[1.0], [1.0]], [[1.0], [1.0]]]]),
            values([[[0.0], [0.0]]]),
            ONE,
            "SAME",
            "NHWC",
            ONE,
        ],
        id="dilation2d-ties",
        fd=False,
    ),
    Case("nn.erosion2d", [distinct(1, 4, 5, 2), normal(2, 2, 2), ONE, "SAME", "NHWC", ONE]),
]
