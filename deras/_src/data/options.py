"""`tf.data.Options`."""

from __future__ import annotations

import enum
from typing import Any, ClassVar

from deras._src.util.export import export, export_value
from deras._src.util.logger import get_logger

AUTOTUNE = export_value(-1, "data.AUTOTUNE", "data.experimental.AUTOTUNE")
INFINITE_CARDINALITY = export_value(
    -1, "data.INFINITE_CARDINALITY", "data.experimental.INFINITE_CARDINALITY"
)
UNKNOWN_CARDINALITY = export_value(
    -2, "data.UNKNOWN_CARDINALITY", "data.experimental.UNKNOWN_CARDINALITY"
)
SHARD_HINT = export_value(-1, "data.experimental.SHARD_HINT")


@export("data.experimental.AutoShardPolicy")
class AutoShardPolicy(enum.IntEnum):
    """How a dataset is divided among workers."""

    OFF = -1
    AUTO = 0
    FILE = 1
    DATA = 2
    HINT = 3


@export("data.experimental.AutotuneAlgorithm")
class AutotuneAlgorithm(enum.Enum):
    """How TensorFlow would tune a pipeline. Accepted; Deras does not tune."""

    DEFAULT = 0
    HILL_CLIMB = 1
    GRADIENT_DESCENT = 2
    MAX_PARALLELISM = 3
    STAGE_BASED = 4


@export("data.experimental.ExternalStatePolicy")
class ExternalStatePolicy(enum.Enum):
    """What to do with state outside of a pipeline when an iterator is saved."""

    WARN = 0
    IGNORE = 1
    FAIL = 2


class OptionsBase:
    """Named options, None where they are not set."""

    _names: ClassVar[dict[str, Any]] = {}

    def __init__(self) -> None:
        object.__setattr__(self, "_set", {})

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name not in self._names:
            raise AttributeError(f"{type(self).__name__} has no option {name!r}")
        found = self._set.get(name)
        if found is None:
            kind = self._names[name]
            if not (isinstance(kind, type) and issubclass(kind, OptionsBase)):
                return AutoShardPolicy.AUTO if name == "auto_shard_policy" else None
            found = self._set[name] = kind()
        return found

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in self._names:
            raise AttributeError(f"Cannot set the property {name} on {type(self).__name__}.")
        kind = self._names[name]
        if kind is not None and value is not None and not isinstance(value, kind):
            raise TypeError(
                f"Property {name!r} must be of type {kind}, got: {value!r} (type: {type(value)})"
            )
        self._set[name] = value

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._names]

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return NotImplemented
        return all(getattr(self, n) == getattr(other, n) for n in self._names)

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = None  # type: ignore[assignment]

    def _merged(self, other: Any) -> Any:
        result = type(self)()
        for source in (self, other):
            for name, value in source._set.items():
                if isinstance(value, OptionsBase):
                    value = getattr(result, name)._merged(value)
                if value is not None:
                    before = result._set.get(name)
                    if before is not None and before != value and source is other:
                        if not isinstance(value, OptionsBase):
                            get_logger().warning(
                                "tf.data: option %s was %s, and is changed to %s",
                                name,
                                before,
                                value,
                            )
                    result._set[name] = value
        return result


@export("data.experimental.AutotuneOptions")
class AutotuneOptions(OptionsBase):
    """Options of TensorFlow's tuner. Accepted; Deras does not tune."""

    _names: ClassVar[dict[str, Any]] = {
        "autotune_algorithm": AutotuneAlgorithm,
        "cpu_budget": int,
        "enabled": bool,
        "initial_parallelism": int,
        "min_parallelism": int,
        "ram_budget": int,
    }


@export("data.ThreadingOptions", "data.experimental.ThreadingOptions")
class ThreadingOptions(OptionsBase):
    """Numbers of threads. Accepted; a map's `num_parallel_calls` decides here."""

    _names: ClassVar[dict[str, Any]] = {
        "max_intra_op_parallelism": int,
        "private_threadpool_size": int,
    }


@export("data.experimental.DistributeOptions")
class DistributeOptions(OptionsBase):
    """How `tf.distribute` divides the dataset."""

    _names: ClassVar[dict[str, Any]] = {"auto_shard_policy": AutoShardPolicy, "num_devices": int}


@export("data.experimental.OptimizationOptions")
class OptimizationOptions(OptionsBase):
    """TensorFlow's graph rewrites. Accepted; values and order are the same without them."""

    _names: ClassVar[dict[str, Any]] = dict.fromkeys(
        (
            "apply_default_optimizations",
            "filter_fusion",
            "filter_parallelization",
            "inject_prefetch",
            "map_and_batch_fusion",
            "map_and_filter_fusion",
            "map_fusion",
            "map_parallelization",
            "noop_elimination",
            "parallel_batch",
            "seq_interleave_prefetch",
            "shuffle_and_repeat_fusion",
        ),
        bool,
    )


@export("data.experimental.ServiceOptions")
class ServiceOptions(OptionsBase):
    """Options of the tf.data service. Accepted."""

    _names: ClassVar[dict[str, Any]] = {"pinned": bool}


@export("data.Options")
class Options(OptionsBase):
    """Options of a dataset, given to it by `Dataset.with_options`.

    `deterministic=False` lets parallel maps give elements as they are ready. The others are
    accepted for TensorFlow's sake.

    >>> options = tf.data.Options()
    >>> options.deterministic = False
    >>> tf.data.Dataset.range(3).with_options(options).options().deterministic
    False
    """

    _names: ClassVar[dict[str, Any]] = {
        "autotune": AutotuneOptions,
        "dataset_name": str,
        "deterministic": bool,
        "experimental_deterministic": bool,
        "experimental_distribute": DistributeOptions,
        "experimental_external_state_policy": ExternalStatePolicy,
        "experimental_optimization": OptimizationOptions,
        "experimental_service": ServiceOptions,
        "experimental_slack": bool,
        "experimental_symbolic_checkpoint": bool,
        "experimental_threading": ThreadingOptions,
        "experimental_warm_start": bool,
        "framework_type": None,
        "threading": ThreadingOptions,
    }
    _ALIASES: ClassVar[dict[str, str]] = {
        "experimental_deterministic": "deterministic",
        "experimental_threading": "threading",
    }

    def __getattr__(self, name: str) -> Any:
        return super().__getattr__(self._ALIASES.get(name, name))

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(self._ALIASES.get(name, name), value)

    def merge(self, options: Any) -> Any:
        """These options, changed where `options` sets others."""
        return self._merged(options)
