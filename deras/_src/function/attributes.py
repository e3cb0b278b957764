"""The attributes of `tf.function`, kept for tools that look for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deras._src.autograph.api import Feature

IMPLEMENTS = "_implements"

_KNOWN = frozenset(
    (
        IMPLEMENTS,
        "_OutputsOnOpDevice",
        "_disable_acd",
        "_noinline",
        "_tf_data_function",
        "api_implements",
        "api_preferred_device",
        "disable_summaries_at_runtime",
        "experimental_ints_on_device",
        "function_runs_at_most_once",
        "go_backwards",
        "runtime_constant_optimization",
        "time_major",
    )
)


def attributes_of(implements: Any, attributes: Mapping[str, Any] | None) -> dict[str, Any]:
    """The attributes of a function from the arguments of `tf.function`.

    Raises:
      ValueError: TensorFlow has no such attribute.
    """
    found = dict(attributes or {})
    for name in found:
        if name not in _KNOWN:
            raise ValueError(
                f"tf.function: {name!r} is not supported as an attribute; known are "
                f"{', '.join(sorted(_KNOWN))}"
            )
    if implements is not None:
        found[IMPLEMENTS] = implements
    return found


def check_autograph_options(options: Any) -> None:
    """Raises TypeError if these are no features."""
    several = options if isinstance(options, (list, tuple, set, frozenset)) else (options,)
    for option in several:
        if option is not None and not isinstance(option, Feature):
            raise TypeError(
                "tf.function: experimental_autograph_options must be one or several of "
                f"tf.autograph.experimental.Feature; got {option!r}"
            )
