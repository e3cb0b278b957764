"""Rows of activation functions."""

from __future__ import annotations

from .case import FLOATS, Case, Raises, ints, normal, values

KINKS = values([-1.0, 0.0, 2.0, 6.0, 7.0])

CASES = [
    Case("nn.relu", [normal(3, 4)], dtypes=(*FLOATS, "int32", "int8")),
    Case("nn.relu", [KINKS], id="relu-kinks", fd=False),
    Case("nn.relu6", [normal(3, 4)], dtypes=(*FLOATS, "int32")),
    Case("nn.relu6", [KINKS], id="relu6-kinks", fd=False),
    Case("nn.crelu", [normal(3, 4)]),
    Case("nn.crelu", [normal(3, 4)], {"axis": 0}, id="crelu-axis"),
    Case("nn.leaky_relu", [normal(3, 4)], {"alpha": 0.1}, dtypes=FLOATS),
    Case("nn.leaky_relu", [KINKS], id="leaky-relu-kinks", fd=False),
    Case("nn.leaky_relu", [ints(-3, 3, (4,))], id="leaky-relu-ints", grad=None),
    Case(
        "nn.elu",
        [normal(3, 4)],
        dtypes=FLOATS,
        raises=[Raises([ints(0, 3, (2,))], match="features")],
    ),
    Case(
        "nn.selu",
        [normal(3, 4)],
        dtypes=FLOATS,
        raises=[Raises([ints(0, 3, (2,))], match="features")],
    ),
    Case(
        "nn.gelu",
        [normal(3, 4)],
        dtypes=FLOATS,
        raises=[Raises([ints(0, 3, (2,))], match="features")],
    ),
    Case("nn.gelu", [normal(3, 4)], {"approximate": True}, dtypes=FLOATS, id="gelu-tanh"),
    Case("nn.silu", [normal(3, 4)], dtypes=FLOATS),
    Case("nn.swish", [normal(3, 4)], {"beta": 0.5}, id="swish-beta"),
]
