"""Rows of `tf.clip_by_*`."""

from __future__ import annotations

from typing import Any

from .case import FLOATS, Case, Raises, constant, near, normal, positive, values

INF, NAN = float("inf"), float("nan")


def clip_slices(tf: Any, x: Any) -> Any:
    return tf.clip_by_norm(tf.IndexedSlices(x, tf.constant([0, 2]), tf.constant([4, 3])), 0.5)


def clip_some_slices(tf: Any, x: Any, y: Any) -> Any:
    slices = tf.IndexedSlices(x, tf.constant([0, 2]), tf.constant([4, 3]))
    clipped, norm = tf.clip_by_global_norm([slices, None, y], 0.5)
    return clipped[0].values, clipped[0].indices, str(clipped[1]), clipped[2], norm


CASES = [
    Case(
        "clip_by_value",
        [normal(3, 4), -0.5, 0.7],
        dtypes=FLOATS,
        avoid=near(-0.5, 0.7),
        raises=[
            Raises([normal(3), normal(2, 3), 1.0], match="clip_by_value: clip_value_min"),
        ],
    ),
    Case("clip_by_value", [normal(3, 4), -2, 3], dtypes=("int32", "int64", "int8"), id="clip-ints"),
    Case("clip_by_value", [values([-1.0, 1.0, NAN, -INF, INF]), -1.0, 1.0], fd=False),
    Case("clip_by_value", [normal(3, 4), values([-0.6, -0.5, -0.3, 0.1]), positive(3, 1)]),
    Case("clip_by_norm", [normal(3, 4), 1.5], dtypes=FLOATS),
    Case("clip_by_norm", [normal(3, 4), 100.0], id="clip_by_norm-below"),
    Case("clip_by_norm", [normal(3, 4), 1.5], {"axes": [1]}),
    Case("clip_by_norm", [normal(3, 4), positive(3, 1)], {"axes": 1}),
    Case("clip_by_norm", [values([0.0, 0.0]), 1.5], id="clip_by_norm-zeros", fd=False),
    Case("clip_by_norm", [normal(2, 3)], id="clip_by_norm-slices", call=clip_slices, empty=False),
    Case("clip_by_global_norm", [[normal(3, 4), normal(2)], 1.5], dtypes=FLOATS),
    Case("clip_by_global_norm", [[normal(3, 4), normal(2)], 150.0]),
    Case("clip_by_global_norm", [[normal(3, 4), normal(2)], 0.5], {"use_norm": constant(2.0)}),
    Case("clip_by_global_norm", [[values([1.0, INF]), normal(2)], 1.5], fd=False, id="clip-inf"),
    Case(
        "clip_by_global_norm",
        [normal(2, 3), normal(4)],
        call=clip_some_slices,
        empty=False,
        id="clip_by_global_norm-slices",
        raises=[
            Raises(
                [normal(3)],
                call=lambda tf, x: tf.clip_by_global_norm(x, 1.5),
                match="t_list must be a list of tensors",
            )
        ],
    ),
]
