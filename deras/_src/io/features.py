"""What to parse of an example: `tf.io.FixedLenFeature` and its like, and plans made of them.

A plan says what the parsing op gives for one key. Dense features need one plan. Features whose
result is sparse or ragged need rows (flat values and how many each record has), from which
`result_of` makes it: the one place that says which of those results exist.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from deras._src import errors
from deras._src.core.dtypes import DType, as_dtype, float32, int32, int64, string
from deras._src.core.tensor_shape import TensorShape
from deras._src.dispatch.convert import convert
from deras._src.io.failures import failure
from deras._src.util.export import export

PARSED = (float32, int64, string)


@export("io.FixedLenFeature")
class FixedLenFeature(NamedTuple):
    """A feature with the same number of values in every example.

    Args:
      shape: Shape of the values.
      dtype: float32, int64 or string.
      default_value: Value for examples without the feature; without one they are an error.

    >>> tf.io.FixedLenFeature([2], tf.float32).shape
    [2]
    """

    shape: Any
    dtype: Any
    default_value: Any = None


@export("io.FixedLenSequenceFeature")
class FixedLenSequenceFeature(NamedTuple):
    """A feature with any number of rows of one shape; a batch is padded to the longest.

    Args:
      shape: Shape of one row.
      dtype: float32, int64 or string.
      allow_missing: Whether examples may lack the feature; must be true for `parse_example`.
      default_value: What a batch is padded with; default 0 or an empty string.

    >>> tf.io.FixedLenSequenceFeature([], tf.int64, allow_missing=True).allow_missing
    True
    """

    shape: Any
    dtype: Any
    allow_missing: Any = False
    default_value: Any = None


@export("io.VarLenFeature")
class VarLenFeature(NamedTuple):
    """A feature with any number of values, parsed to a sparse tensor.

    Args:
      dtype: float32, int64 or string.
    """

    dtype: Any


@export("io.SparseFeature")
class SparseFeature(NamedTuple):
    """A sparse tensor kept in several features: values, and indices for each dimension.

    Args:
      index_key: Name of the feature with the indices, or list of names, one a dimension.
      value_key: Name of the feature with the values.
      dtype: float32, int64 or string.
      size: Size of the dimension, or list of sizes.
      already_sorted: Whether the values stand in the order of their indices.
    """

    index_key: Any
    value_key: Any
    dtype: Any
    size: Any
    already_sorted: Any = False


class _RaggedFeature(NamedTuple):
    dtype: Any
    value_key: Any = None
    partitions: Any = ()
    row_splits_dtype: Any = int32
    validate: Any = False


@export("io.RaggedFeature")
class RaggedFeature(_RaggedFeature):
    """A feature with any number of values, parsed to a ragged tensor.

    Args:
      dtype: float32, int64 or string.
      value_key: Name of the feature with the values; default the key it stands under.
      partitions: How the values are divided further: `RaggedFeature.RowSplits("key")` and its
        like, the outermost first.
      row_splits_dtype: int32 or int64.
      validate: Whether the partitions are checked.
    """

    class RowSplits(NamedTuple):
        """Where rows begin and end, in the feature `key`."""

        key: Any

    class RowLengths(NamedTuple):
        """How long rows are, in the feature `key`."""

        key: Any

    class RowStarts(NamedTuple):
        """Where rows begin, in the feature `key`."""

        key: Any

    class RowLimits(NamedTuple):
        """Where rows end, in the feature `key`."""

        key: Any

    class ValueRowIds(NamedTuple):
        """The row of each value, in the feature `key`."""

        key: Any

    class UniformRowLength(NamedTuple):
        """The length that all rows have."""

        length: Any

    def __new__(
        cls,
        dtype: Any,
        value_key: Any = None,
        partitions: Any = (),
        row_splits_dtype: Any = int32,
        validate: Any = False,
    ) -> RaggedFeature:
        if isinstance(partitions, list):
            partitions = tuple(partitions)
        kinds = (
            cls.RowSplits,
            cls.RowLengths,
            cls.RowStarts,
            cls.RowLimits,
            cls.ValueRowIds,
            cls.UniformRowLength,
        )
        if not isinstance(partitions, tuple) or not all(isinstance(p, kinds) for p in partitions):
            raise TypeError(
                "tf.io.RaggedFeature: partitions must be a list of RaggedFeature.RowSplits and its "
                f"like, got {partitions!r}"
            )
        return super().__new__(
            cls, dtype, value_key, partitions, as_dtype(row_splits_dtype), bool(validate)
        )


class Plan(NamedTuple):
    """What the parsing op gives for one key.

    Attributes:
      key: The feature's name.
      kind: `"fixed"`: `[batch, *shape]`. `"padded"`: `[batch, longest, *shape]`. `"rows"`: all
        values, and how many each record has.
      dtype: float32, int64 or string.
      shape: Of one value (`fixed`) or one row (`padded`).
      default: Which of the op's default inputs is this feature's; None: it has none.
      optional: Whether a record may lack the feature though it has no default.
    """

    key: str
    kind: str
    dtype: DType
    shape: tuple[int, ...] = ()
    default: int | None = None
    optional: bool = False


def checked_features(features: Any, what: str) -> dict[str, Any]:
    """The features of a call, in the order of their keys; ValueError where there are none."""
    if not features:
        raise ValueError(f"{what}: features cannot be None or empty, got {features!r}")
    if not isinstance(features, Mapping):
        raise TypeError(
            f"{what}: features must be a dict from names to features, got {type(features).__name__}"
        )
    return dict(sorted(features.items()))


def _dtype_of(key: str, feature: Any, what: str) -> DType:
    if feature.dtype is None:
        raise ValueError(f"{what}: feature {key!r} has no dtype: {feature!r}")
    dtype = as_dtype(feature.dtype)
    if dtype not in PARSED:
        raise failure(
            errors.InvalidArgumentError,
            what,
            f"feature {key!r} is declared {dtype.name}; examples hold float32, int64 and string",
            hint="parse it as one of these, then use tf.cast",
        )
    return dtype


def _shape_of(key: str, feature: Any, what: str) -> tuple[int, ...]:
    if feature.shape is None:
        raise ValueError(f"{what}: feature {key!r} has no shape: {feature!r}")
    dims = feature.shape
    shape = TensorShape([dims] if isinstance(dims, int) else dims)
    if shape.rank and shape[0] is None:
        raise ValueError(
            f"{what}: the first dimension of feature {key!r} is not known ({shape}); "
            "FixedLenSequenceFeature takes any number of rows"
        )
    if not shape.is_fully_defined():
        raise ValueError(f"{what}: the shape of feature {key!r} is not known: {shape}")
    return tuple(d for d in shape.as_list() if d is not None)


def dense_plan(key: str, feature: Any, defaults: list[Any], what: str) -> Plan | None:
    """The plan of a dense feature, None for another kind; its default is put to `defaults`."""
    if not isinstance(feature, FixedLenFeature | FixedLenSequenceFeature):
        return None
    dtype, shape = _dtype_of(key, feature, what), _shape_of(key, feature, what)
    fixed = isinstance(feature, FixedLenFeature)
    position = None
    if feature.default_value is not None:
        default = convert(feature.default_value, dtype)
        wanted = int(np.prod(shape)) if fixed else 1
        size = default.shape.num_elements()
        if size is not None and size != wanted:
            raise failure(
                errors.InvalidArgumentError,
                what,
                f"the default of feature {key!r} has {size} values, but {wanted} "
                + (f"fill its shape {list(shape)}" if fixed else "is what a batch is padded with"),
            )
        position = len(defaults)
        defaults.append(default)
    optional = bool(getattr(feature, "allow_missing", False))
    return Plan(key, "fixed" if fixed else "padded", dtype, shape, position, optional)


def row_plans(key: str, feature: Any, what: str) -> list[Plan]:
    """The rows that a sparse or ragged feature is made of."""
    if isinstance(feature, VarLenFeature):
        return [Plan(key, "rows", _dtype_of(key, feature, what))]
    if isinstance(feature, SparseFeature):
        keys = feature.index_key
        keys = [keys] if isinstance(keys, str) else list(keys)
        indices = [Plan(name, "rows", int64) for name in keys]
        return [*indices, Plan(feature.value_key, "rows", _dtype_of(key, feature, what))]
    if isinstance(feature, RaggedFeature):
        values = key if feature.value_key is None else feature.value_key
        parts = [Plan(p.key, "rows", int64) for p in feature.partitions if hasattr(p, "key")]
        return [*parts, Plan(values, "rows", _dtype_of(key, feature, what))]
    raise ValueError(f"{what}: {feature!r} is not supported for feature {key!r}")


def result_of(key: str, feature: Any, what: str) -> Any:
    """What makes a sparse or ragged feature's result of its rows: `fn(rows of each plan)`.

    Raises:
      UnimplementedError: Deras does not have that kind of result yet.
    """
    row_plans(key, feature, what)  # what is wrong with the feature itself is said first
    ragged = isinstance(feature, RaggedFeature)
    result = "tf.RaggedTensor" if ragged else "tf.SparseTensor"
    raise failure(
        errors.UnimplementedError,
        what,
        f"feature {key!r} is a {type(feature).__name__}, whose result is a {result}; Deras does "
        "not have it yet",
        hint=f"tf.io.FixedLenSequenceFeature([], {as_dtype(feature.dtype)!r}, allow_missing=True) "
        "gives the values as a padded tensor",
    )
