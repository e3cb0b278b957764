"""Rows of the losses per element, and of averages over a batch."""

from __future__ import annotations

from .case import FLOATS, Case, Raises, given, ints, near, normal, positive, uniform, values

INF = float("inf")
PROBABILITIES = uniform(0.0, 1.0, (3, 4))

CASES = [
    Case(
        "nn.sigmoid_cross_entropy_with_logits",
        [PROBABILITIES, normal(3, 4)],
        dtypes=(*FLOATS, "int32"),
        raises=[
            Raises([normal(3), normal(4)], match="must have the same shape"),
            Raises(
                [given([1.0], "float64"), given([1.0], "float32")], match="is float64|is float32"
            ),
            Raises(
                [None, normal(4)],
                match="both labels and logits",
                error="ValueError",
                graph_error="ValueError",
            ),
        ],
    ),
    Case(
        "nn.sigmoid_cross_entropy_with_logits",
        [values([1.0, 0.0, 0.3, 0.0]), values([INF, -INF, 0.0, -1e3])],
        fd=False,
    ),
    Case(
        "nn.weighted_cross_entropy_with_logits",
        [PROBABILITIES, normal(3, 4), 3.0],
        dtypes=(*FLOATS, "int32"),
        raises=[Raises([normal(3), normal(4), 2.0], match="must have the same shape")],
    ),
    Case("nn.weighted_cross_entropy_with_logits", [PROBABILITIES, normal(3, 4), positive(3, 1)]),
    Case(
        "nn.weighted_cross_entropy_with_logits",
        [values([0.0, 1.0, 0.4]), values([0.0, 0.0, 0.0]), 3.0],
        fd=False,
    ),
    Case(
        "nn.log_poisson_loss",
        [positive(3, 4), normal(3, 4)],
        dtypes=FLOATS,
        raises=[Raises([normal(3), normal(4)], match="must have the same shape")],
    ),
    Case(
        "nn.log_poisson_loss",
        [positive(3, 4), normal(3, 4)],
        {"compute_full_loss": True},
        avoid=near(1.0),
    ),
    Case(
        "nn.log_poisson_loss",
        [values([0.0, 0.5, 1.0, 4.0]), values([0.0, 1.0, -1.0, 2.0])],
        {"compute_full_loss": True},
        fd=False,
    ),
    Case("nn.l2_loss", [normal(3, 4)], dtypes=(*FLOATS, "int32", "complex64")),
    Case("nn.l2_loss", [normal()]),
    Case(
        "nn.compute_average_loss",
        [normal(4)],
        dtypes=(*FLOATS, "int32"),
        raises=[
            Raises([normal()], match="has no dimension for the examples"),
            Raises([normal(3)], {"global_batch_size": 6.0}, match="must be an integer"),
            Raises([normal(3)], {"global_batch_size": [2, 3]}, match="must be a scalar"),
        ],
    ),
    Case(
        "nn.compute_average_loss", [normal(4, 3), positive(4)], {"global_batch_size": 8}, fd=False
    ),
    Case(
        "nn.compute_average_loss", [normal(4), positive(4, 1)], {"global_batch_size": 8}, fd=False
    ),
    Case("nn.compute_average_loss", [normal(4)], {"global_batch_size": ints(3, 4)}),
    Case("nn.scale_regularization_loss", [normal(4, 3)], dtypes=FLOATS),
]
