"""Rows of the convolutions and their transposes."""

from __future__ import annotations

from .case import FLOATS, Case, Raises, constant, normal

# Gradients of sums of many products: TensorFlow adds in another order.
LOOSE = {"rtol": {"float16": 1e-2, "bfloat16": 6e-2}, "atol": {"float16": 1e-2, "bfloat16": 6e-2}}
X, W = normal(2, 5, 6, 3), normal(3, 3, 3, 2)
EXPLICIT = [[0, 0], [1, 2], [2, 0], [0, 0]]

CASES = [
    Case(
        "nn.conv2d",
        [X, W, 1, "SAME"],
        dtypes=(*FLOATS, "int32", "int8"),
        **LOOSE,
        raises=[
            Raises([X, W, [1, 2, 2, 2], "SAME"], match="strides must be 1 in the batch"),
            Raises([X, W, [2, 2, 2], "SAME"], match="strides should be of length 1, 2 or 4"),
            Raises([X, W, 0, "SAME"], match="strides must be larger than 0"),
            Raises([X, W, 1, "same"], match="padding must be 'SAME' or 'VALID', got 'same'"),
            Raises([X, W, 1, "EXPLICIT"], match="'EXPLICIT' is not a valid value"),
            Raises([X, W, 1, [[1, 2], [3, 0]]], match="must have 4 pairs, got 2"),
            Raises([X, W, 1, [[1, 0], [0, 0], [0, 0], [0, 0]]], match="padding must be 0 in"),
            Raises([X, W, 1, [[0, 0], [-1, 0], [0, 0], [0, 0]]], match="must not be negative"),
            Raises([X, W, 1, "SAME"], {"data_format": "NWHC"}, match="data_format must be 'NHWC'"),
            Raises([X, W, 1, "SAME"], {"dilations": 0}, match="dilations must be larger than 0"),
            Raises([X, normal(3, 3, 2, 2), 1, "SAME"], match="input has 3 channels, the filters"),
            Raises([normal(5, 6, 3), W, 1, "SAME"], match="4 dimensions, got"),
            Raises([X, normal(3, 3, 3), 1, "SAME"], match="filters must have 4 dimensions"),
            Raises(
                [normal(2, 3, 5, 6), W, 1, "SAME"],
                {"data_format": "NCHW"},
                match="on CPU the channels must be the last",
                modes=("eager",),
            ),
        ],
    ),
    Case("nn.conv2d", [X, W, 2, "VALID"]),
    Case("nn.conv2d", [normal(1, 5, 6, 1), normal(3, 2, 1, 2), [2, 1], "SAME"]),
    Case("nn.conv2d", [X, normal(1, 1, 3, 2), [1, 2, 2, 1], "VALID"]),
    Case("nn.conv2d", [X, W, [2], EXPLICIT], id="conv2d-explicit"),
    Case(
        "nn.conv2d", [normal(1, 4, 4, 16), normal(3, 3, 16, 2), 1, "SAME"], dtypes=FLOATS, **LOOSE
    ),
    Case("nn.conv2d", [normal(1, 4, 4, 5), normal(3, 2, 5, 2), 1, "VALID"], dtypes=FLOATS, **LOOSE),
    # TensorFlow's CPU kernels have no gradient for the next two; finite differences check ours.
    Case("nn.conv2d", [X, W, 1, "VALID"], {"dilations": 2}, id="conv2d-dilated", grad=None),
    Case(
        "nn.conv2d",
        [normal(1, 4, 4, 4), normal(2, 2, 2, 6), 1, "SAME"],
        id="conv2d-groups",
        dtypes=(*FLOATS, "int32"),
        grad=None,
    ),
    Case(
        "nn.conv2d",
        [normal(2, 1, 4, 4, 2), normal(2, 2, 2, 3), 1, "SAME"],
        id="conv2d-batches",
        unknown=False,
    ),
    Case(
        "nn.conv1d",
        [normal(2, 7, 3), normal(3, 3, 2), 2, "SAME"],
        dtypes=FLOATS,
        **LOOSE,
        raises=[
            Raises(
                [normal(2, 7, 3), normal(3, 3, 2), 1, [[0, 0], [1, 0], [0, 0]]],
                match="padding must be 'SAME' or 'VALID'",
            ),
        ],
    ),
    Case(
        "nn.conv1d",
        [normal(2, 7, 3), normal(3, 3, 2), [1, 1, 1], "VALID"],
        {"dilations": 2},
        grad=None,
    ),
    Case(
        "nn.conv3d",
        [normal(1, 3, 4, 3, 2), normal(2, 2, 2, 2, 2), [1, 1, 2, 1, 1], "SAME"],
        dtypes=FLOATS,
        **LOOSE,
    ),
    Case("nn.conv3d", [normal(1, 3, 3, 3, 2), normal(2, 2, 2, 2, 2), [1] * 5, "VALID"]),
    Case(
        "nn.convolution",
        [normal(2, 5, 6, 3), W],
        raises=[
            Raises([X, W, 2], {"dilations": 2}, match="strides > 1 are not supported together"),
            Raises([normal(4, 2), normal(2, 3)], match="1, 2 or 3 spatial dimensions"),
            Raises([X, W], {"padding": "CAUSAL"}, match="padding must be 'SAME' or 'VALID'"),
        ],
    ),
    Case("nn.convolution", [normal(2, 7, 3), normal(3, 3, 2), 2, "SAME", "NWC"]),
    Case("nn.convolution", [normal(1, 3, 3, 3, 2), normal(2, 2, 2, 2, 2), 2, "SAME", "NDHWC"]),
    Case(
        "nn.atrous_conv2d",
        [X, W, 2, "SAME"],
        raises=[
            Raises([X, W, 0, "SAME"], match="rate must be positive"),
            Raises([X, W, 2, "FOO"], match="padding must be 'SAME' or 'VALID'"),
        ],
    ),
    Case("nn.atrous_conv2d", [normal(1, 6, 6, 2), normal(2, 2, 2, 2), 3, "VALID"]),
    Case(
        "nn.conv2d_transpose",
        [normal(2, 3, 2, 3), normal(3, 3, 2, 3), [2, 6, 4, 2], 2],
        dtypes=FLOATS,
        **LOOSE,
        raises=[
            Raises(
                [normal(2, 3, 2, 3), normal(3, 3, 2, 3), [2, 7, 4, 2], 2],
                match="gives .batch, spatial, channels.",
            ),
            Raises(
                [normal(2, 3, 2, 3), normal(3, 3, 2, 3), [6, 4, 2], 2],
                match="must have 4 entries, got 3",
            ),
            Raises(
                [normal(2, 3, 2, 3), normal(3, 3, 2, 3), [3, 6, 4, 2], 2],
                match="gives .batch, spatial, channels.|gives a batch of .3.",
            ),
        ],
    ),
    Case(
        "nn.conv2d_transpose",
        [normal(2, 3, 2, 3), normal(3, 3, 2, 3), constant([2, 7, 5, 2]), 2, "VALID"],
        id="conv2d_transpose-valid",
    ),
    Case(
        "nn.conv2d_transpose",
        [normal(1, 3, 2, 3), normal(3, 3, 5, 3), [1, 3, 2, 5], 1],
        id="conv2d_transpose-one",
    ),
    Case(
        "nn.conv2d_transpose",
        [normal(1, 3, 3, 2), normal(3, 3, 2, 2), [1, 5, 5, 2], 2, [[0, 0], [1, 1], [1, 1], [0, 0]]],
        id="conv2d_transpose-explicit",
    ),
    Case("nn.conv1d_transpose", [normal(2, 3, 3), normal(3, 2, 3), [2, 6, 2], 2]),
    Case(
        "nn.conv3d_transpose",
        [normal(1, 2, 2, 2, 2), normal(2, 2, 2, 2, 2), [1, 4, 4, 2, 2], [1, 2, 2, 1, 1]],
    ),
    Case("nn.conv_transpose", [normal(2, 3, 3), normal(3, 2, 3), [2, 6, 2], 2]),
    Case(
        "nn.atrous_conv2d_transpose",
        [normal(1, 4, 4, 2), normal(2, 2, 3, 2), [1, 4, 4, 3], 2, "SAME"],
    ),
    Case(
        "nn.atrous_conv2d_transpose",
        [normal(1, 4, 4, 2), normal(2, 2, 3, 2), [1, 6, 6, 3], 2, "VALID"],
    ),
]
