"""The rules, grouped as their codes are: importing this package enters them all.

1xx: what is traced (`tracing.py`, `conversion.py`, `creation.py`). 2xx: gradients
(`gradients.py`, `variables.py`). 3xx: training loops (`training.py`, `losses.py`, `shapes.py`,
`seeds.py`). 4xx: input pipelines (`pipelines.py`).
"""

from deras._src.checker.rules import (
    conversion,
    creation,
    gradients,
    losses,
    pipelines,
    seeds,
    shapes,
    tracing,
    training,
    variables,
)

__all__ = [
    "conversion",
    "creation",
    "gradients",
    "losses",
    "pipelines",
    "seeds",
    "shapes",
    "tracing",
    "training",
    "variables",
]
