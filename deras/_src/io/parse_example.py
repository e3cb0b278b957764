"""`tf.io.parse_example` and `tf.io.parse_single_example`."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from deras._src import errors
from deras._src.core.dtypes import STRING, int64, string
from deras._src.core.tensor import Tensor
from deras._src.core.tensor_shape import TensorShape
from deras._src.dispatch.apply import apply, as_tensor_tuple
from deras._src.dispatch.convert import convert
from deras._src.io.failures import failure
from deras._src.io.features import (
    FixedLenSequenceFeature,
    Plan,
    checked_features,
    dense_plan,
    result_of,
)
from deras._src.io.wire import (
    Column,
    Malformed,
    WrongType,
    column,
    features_by_key,
    parse_messages,
)
from deras._src.registry import NONE, op
from deras._src.util.export import export

Attrs = Mapping[str, Any]


# -- Columns to arrays: used for sequences, too ------------------------------------------------


class Records:
    """The records of one call, to say in errors which of them is wrong."""

    def __init__(self, what: str, serialized: np.ndarray, names: np.ndarray) -> None:
        if serialized.ndim > 1:
            raise failure(
                errors.InvalidArgumentError,
                what,
                "serialized must be a scalar or a vector of strings, its shape is "
                f"{list(serialized.shape)}",
            )
        if names.size and names.shape != serialized.shape:
            raise failure(
                errors.InvalidArgumentError,
                what,
                f"there are {names.size} names for {serialized.size} records: shapes "
                f"{list(names.shape)} and {list(serialized.shape)}",
            )
        self.what = what
        self.single = serialized.ndim == 0
        self.serialized: list[bytes] = serialized.reshape(-1).tolist()
        self.names = names.reshape(-1).tolist()

    def label(self, position: int) -> str:
        """How an error calls a record."""
        name = f" ({self.names[position].decode(errors='replace')!r})" if self.names else ""
        return f"record {position}{name}"

    def error(self, position: int, reason: str) -> errors.OpError:
        return failure(errors.InvalidArgumentError, self.what, f"{self.label(position)}: {reason}")

    def messages(self, kind: str) -> list[Any]:
        """The records as messages."""
        try:
            return parse_messages(kind, self.serialized)
        except Malformed as error:
            raise self.error(
                error.position, f"it cannot be read as a tf.train.{kind} message"
            ) from None


def column_of(
    records: Records, plan: Plan, features: Sequence[Any], record_of: Callable[[int], int]
) -> Column:
    """One feature's values; errors name the feature and the record."""
    try:
        return column(features, plan.dtype)
    except WrongType as error:
        raise records.error(
            record_of(error.position),
            f"feature {plan.key!r} holds {error.found.name} values, {plan.dtype.name} is declared",
        ) from None
    except Malformed as error:
        raise records.error(
            record_of(error.position), f"feature {plan.key!r} cannot be decoded"
        ) from None


def _same(position: int) -> int:
    return position


def fixed(records: Records, plan: Plan, found: Column, default: np.ndarray | None) -> np.ndarray:
    """`[batch, *shape]`; records without the feature get the default."""
    size = math.prod(plan.shape)
    if found.uniform == size:
        return found.values.reshape(-1, *plan.shape)
    wrong = (found.counts != size) & ~found.missing
    if default is None:
        wrong |= found.missing
    if wrong.any():
        position = int(wrong.argmax())
        if found.missing[position]:
            raise records.error(
                position,
                f"feature {plan.key!r} ({plan.dtype.name}) is required but could not be found",
            )
        raise records.error(
            position,
            f"feature {plan.key!r} has {found.counts[position]} values, its shape "
            f"{list(plan.shape)} takes {size}",
        )
    if default is None or not found.missing.any():
        return found.values.reshape(len(found.counts), *plan.shape)
    result = np.empty((len(found.counts), size), found.values.dtype)
    result[~found.missing] = found.values.reshape(-1, size)
    result[found.missing] = default.reshape(size)
    return result.reshape(len(found.counts), *plan.shape)


def padded(records: Records, plan: Plan, found: Column, default: np.ndarray | None) -> np.ndarray:
    """`[batch, longest, *shape]`, filled up with the default."""
    size = math.prod(plan.shape)
    rows = found.counts // size if size else np.zeros_like(found.counts)
    wrong = found.counts != rows * size
    if wrong.any():
        position = int(wrong.argmax())
        raise records.error(
            position,
            f"feature {plan.key!r} has {found.counts[position]} values, which is no multiple of "
            f"the {size} that one row of shape {list(plan.shape)} takes",
        )
    return pad_rows(found.values.reshape(-1, *plan.shape), rows, default)


def pad_rows(values: np.ndarray, rows: np.ndarray, default: np.ndarray | None) -> np.ndarray:
    """Rows of several records in one array, filled up to the longest record's."""
    longest = int(rows.max()) if len(rows) else 0
    shape = (len(rows), longest, *values.shape[1:])
    if len(rows) == 1 or (rows == longest).all():
        return values.reshape(shape)
    fill: Any = b"" if values.dtype == object else 0
    if default is not None:
        fill = default.reshape(-1)[0]
    result = np.empty(shape, values.dtype)
    result[...] = fill
    result[np.arange(longest) < rows[:, None]] = values
    return result


def outputs_of(
    records: Records,
    plans: Sequence[Plan],
    features: Callable[[str], list[Any]],
    defaults: Sequence[np.ndarray],
) -> list[np.ndarray]:
    """What the op gives for features of whole records, by their plans."""
    results: list[np.ndarray] = []
    for plan in plans:
        found = column_of(records, plan, features(plan.key), _same)
        default = None if plan.default is None else defaults[plan.default]
        if plan.kind == "rows":
            results += [found.values, found.counts]
            continue
        array = (fixed if plan.kind == "fixed" else padded)(records, plan, found, default)
        results.append(array[0] if records.single else array)
    return results


def specs_of(plans: Sequence[Plan], serialized: TensorShape) -> list[Any]:
    """Dtype and static shape of what `outputs_of` gives."""
    specs: list[Any] = []
    for plan in plans:
        inner = [None, *plan.shape] if plan.kind == "padded" else list(plan.shape)
        if plan.kind == "rows":
            specs += [(plan.dtype, TensorShape([None])), (int64, TensorShape([None]))]
        elif serialized.rank is None:
            specs.append((plan.dtype, TensorShape(None)))
        else:
            specs.append((plan.dtype, TensorShape([*serialized.as_list(), *inner])))
    return specs


# -- The op and its functions ------------------------------------------------------------------


@op(
    "ParseExampleV2",
    dtypes={"serialized": STRING, "names": STRING},
    inputs=("serialized", "names", "*defaults"),
    host=True,
    gradient=NONE,
    shape=lambda inputs, attrs: specs_of(attrs["plans"], inputs[0].shape),
    api_name="io.parse_example",
)
def _parse_example(serialized, names, *defaults, plans, what):
    records = Records(what, serialized, names)
    maps = [message.features.feature for message in records.messages("Example")]
    return tuple(outputs_of(records, plans, features_by_key(maps), defaults))


def string_tensor(value: Any, what: str, argument: str) -> Any:
    """An argument as a string tensor; ValueError as TensorFlow's where it is none."""
    tensor = value if isinstance(value, Tensor) else convert(value)
    if tensor.dtype is not string:
        if tensor.shape.num_elements() == 0 and not isinstance(value, Tensor):
            return convert(np.empty(tensor.shape.as_list(), object))
        raise ValueError(f"{what}: {argument} must be a string tensor, not {tensor.dtype.name}")
    return tensor


def names_tensor(names: Any, what: str) -> Any:
    """The names of records; an empty vector where none are given."""
    if names is None:
        return convert(np.empty((0,), object))
    return string_tensor(names, what, "example_names")


def _parse(serialized: Any, features: Any, names: Any, what: str, name: str | None) -> dict:
    defaults: list[Any] = []
    plans = []
    for key, feature in features.items():
        plan = dense_plan(key, feature, defaults, what)
        if plan is None:
            result_of(key, feature, what)
            continue
        if isinstance(feature, FixedLenSequenceFeature) and not feature.allow_missing:
            raise ValueError(
                f"{what}: feature {key!r}: a FixedLenSequenceFeature needs allow_missing=True here"
            )
        plans.append(plan)
    attrs = (("plans", tuple(plans)), ("what", what))
    inputs = (serialized, names_tensor(names, what), *defaults)
    outputs = as_tensor_tuple(apply(_parse_example, inputs, attrs, name))
    return {plan.key: output for plan, output in zip(plans, outputs, strict=True)}


@export("io.parse_example")
def parse_example(
    serialized: Any, features: Any, example_names: Any = None, name: str | None = None
) -> dict[str, Any]:
    """The features of serialized `tf.train.Example` messages as a dict of tensors.

    Args:
      serialized: String tensor: a vector of messages, or one.
      features: Dict from names to `tf.io.FixedLenFeature` or `tf.io.FixedLenSequenceFeature`. Those
        whose results are sparse or ragged raise UnimplementedError for now.
      example_names: Names of the records for errors, in a tensor of `serialized`'s shape.
      name: Optional name of the node in graphs.
    Returns:
      Dict with a tensor for each feature: `[batch, *shape]`, or `[batch, longest, *shape]` for a
      FixedLenSequenceFeature, without `batch` for a scalar `serialized`.
    Raises:
      ValueError: `features` is empty or not well-formed.
      InvalidArgumentError: A record is no Example, lacks a feature without a default, or holds it
        with another dtype or number of values. The error names record and feature.

    >>> example = tf.train.Example()
    >>> example.features.feature["x"].float_list.value.extend([1.0, 2.0])
    >>> found = tf.io.parse_example([example.SerializeToString()],
    ...                             {"x": tf.io.FixedLenFeature([2], tf.float32)})
    >>> found["x"].numpy()
    array([[1., 2.]], dtype=float32)
    """
    what = "tf.io.parse_example"
    checked = checked_features(features, what)
    return _parse(string_tensor(serialized, what, "serialized"), checked, example_names, what, name)


@export("io.parse_single_example")
def parse_single_example(
    serialized: Any, features: Any, example_names: Any = None, name: str | None = None
) -> dict[str, Any]:
    """The features of one serialized `tf.train.Example` message as a dict of tensors.

    Args:
      serialized: Scalar string tensor.
      features: As for `tf.io.parse_example`.
      example_names: Scalar string tensor, the record's name for errors.
      name: Optional name of the node in graphs.
    Returns:
      Dict with a tensor for each feature: `shape`, or `[count, *shape]` for a
      FixedLenSequenceFeature.
    Raises:
      ValueError: `serialized` is no scalar; else as `tf.io.parse_example`.

    >>> example = tf.train.Example()
    >>> example.features.feature["x"].int64_list.value.append(3)
    >>> tf.io.parse_single_example(example.SerializeToString(),
    ...                            {"x": tf.io.FixedLenFeature([], tf.int64)})["x"].numpy()
    np.int64(3)
    """
    what = "tf.io.parse_single_example"
    checked = checked_features(features, what)
    tensor = string_tensor(serialized, what, "serialized")
    if tensor.shape.rank not in (None, 0):
        raise ValueError(f"{what}: serialized must be a scalar, its shape is {tensor.shape}")
    return _parse(tensor, checked, example_names, what, name)
