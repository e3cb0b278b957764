"""`tf.io.parse_sequence_example` and `tf.io.parse_single_sequence_example`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from deras._src.core.dtypes import STRING, int64
from deras._src.core.tensor_shape import TensorShape
from deras._src.dispatch.apply import apply, as_tensor_tuple
from deras._src.io.features import (
    FixedLenFeature,
    FixedLenSequenceFeature,
    Plan,
    checked_features,
    dense_plan,
    result_of,
)
from deras._src.io.parse_example import (
    Records,
    column_of,
    names_tensor,
    outputs_of,
    pad_rows,
    specs_of,
    string_tensor,
)
from deras._src.io.wire import features_by_key
from deras._src.registry import NONE, op
from deras._src.util.export import export


def _shape(inputs: Sequence[Any], attrs: Mapping[str, Any]) -> list[Any]:
    serialized = inputs[0].shape
    specs = specs_of(attrs["context"], serialized)
    for plan in attrs["sequence"]:
        specs += specs_of([plan], serialized)
        specs.append((int64, serialized if serialized.rank is not None else TensorShape(None)))
    return specs


@op(
    "ParseSequenceExampleV2",
    dtypes={"serialized": STRING, "names": STRING},
    inputs=("serialized", "names", "*defaults"),
    host=True,
    gradient=NONE,
    shape=_shape,
    api_name="io.parse_sequence_example",
)
def _parse_sequence_example(serialized, names, *defaults, context, sequence, what):
    records = Records(what, serialized, names)
    messages = records.messages("SequenceExample")
    of_context = features_by_key([message.context.feature for message in messages])
    results = outputs_of(records, context, of_context, defaults)
    of_lists = features_by_key([message.feature_lists.feature_list for message in messages])
    for plan in sequence:
        array, lengths = _steps(records, plan, of_lists(plan.key))
        results += [array[0], lengths[0]] if records.single else [array, lengths]
    return tuple(results)


def _steps(records: Records, plan: Plan, lists: Sequence[Any]) -> tuple[np.ndarray, np.ndarray]:
    """`[batch, longest, *shape]`, filled up with zeros, and the steps of each record."""
    steps = [[] if found is None else list(found.feature) for found in lists]
    if not plan.optional and None in lists:
        raise records.error(
            lists.index(None),
            f"feature list {plan.key!r} is required but could not be found "
            "(allow_missing=True takes it as empty)",
        )
    lengths = np.array([len(one) for one in steps], np.int64)
    limits = np.cumsum(lengths)

    def record_of(position: int) -> int:
        return int(np.searchsorted(limits, position, side="right"))

    found = column_of(records, plan, [step for one in steps for step in one], record_of)
    size = math.prod(plan.shape)
    wrong = (found.counts != size) | found.missing
    if wrong.any():
        position = int(wrong.argmax())
        record = record_of(position)
        step = position - int(limits[record] - lengths[record])
        raise records.error(
            record,
            f"step {step} of feature list {plan.key!r} "
            + (
                "has no values"
                if found.missing[position]
                else f"has {found.counts[position]} values"
            )
            + f", its shape {list(plan.shape)} takes {size}",
        )
    return pad_rows(found.values.reshape(-1, *plan.shape), lengths, None), lengths


def _parse(
    serialized: Any,
    context_features: Any,
    sequence_features: Any,
    names: Any,
    what: str,
    name: str | None,
) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    if not context_features and not sequence_features:
        raise ValueError(
            f"{what}: context_features and sequence_features are both empty; one must have features"
        )
    defaults: list[Any] = []
    context, sequence = [], []
    for key, feature in _sorted(context_features, what):
        if isinstance(feature, FixedLenSequenceFeature):
            raise ValueError(f"{what}: context feature {key!r} cannot be a {_kind(feature)}")
        plan = dense_plan(key, feature, defaults, what)
        if plan is None:
            result_of(key, feature, what)
        else:
            context.append(plan)
    for key, feature in _sorted(sequence_features, what):
        if isinstance(feature, FixedLenFeature):
            raise ValueError(f"{what}: sequence feature {key!r} cannot be a {_kind(feature)}")
        if getattr(feature, "default_value", None) is not None:
            raise ValueError(f"{what}: sequence feature {key!r} cannot have a default_value")
        plan = dense_plan(key, feature, defaults, what)
        if plan is None:
            result_of(key, feature, what)
        else:
            sequence.append(plan)
    attrs = (("context", tuple(context)), ("sequence", tuple(sequence)), ("what", what))
    inputs = (serialized, names_tensor(names, what), *defaults)
    outputs = as_tensor_tuple(apply(_parse_sequence_example, inputs, attrs, name))
    split = len(context)
    return (
        {plan.key: output for plan, output in zip(context, outputs, strict=False)},
        {plan.key: outputs[split + 2 * i] for i, plan in enumerate(sequence)},
        {plan.key: outputs[split + 2 * i + 1] for i, plan in enumerate(sequence)},
    )


def _sorted(features: Any, what: str) -> Any:
    return checked_features(features, what).items() if features else ()


def _kind(feature: Any) -> str:
    return type(feature).__name__


@export("io.parse_sequence_example")
def parse_sequence_example(
    serialized: Any,
    context_features: Any = None,
    sequence_features: Any = None,
    example_names: Any = None,
    name: str | None = None,
) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """The features of serialized `tf.train.SequenceExample` messages.

    Args:
      serialized: Vector of strings (or one string).
      context_features: Dict from names to `tf.io.FixedLenFeature`: features of a whole record.
      sequence_features: Dict from names to `tf.io.FixedLenSequenceFeature`: features of each step.
      example_names: Names of the records for errors, in a tensor of `serialized`'s shape.
      name: Optional name of the node in graphs.
    Returns:
      Three dicts: context tensors `[batch, *shape]`; sequence tensors `[batch, longest, *shape]`,
      filled up with zeros; and for each of these the int64 number of steps of every record.
    Raises:
      ValueError: No features are given, or one of a kind that does not fit.
      InvalidArgumentError: A record does not fit the features; the error names both.

    >>> example = tf.train.SequenceExample()
    >>> steps = example.feature_lists.feature_list["x"]
    >>> for value in (1, 2, 3):
    ...     steps.feature.add().int64_list.value.append(value)
    >>> _, found, lengths = tf.io.parse_sequence_example(
    ...     [example.SerializeToString()],
    ...     sequence_features={"x": tf.io.FixedLenSequenceFeature([], tf.int64)})
    >>> found["x"].numpy(), lengths["x"].numpy()
    (array([[1, 2, 3]]), array([3]))
    """
    what = "tf.io.parse_sequence_example"
    tensor = string_tensor(serialized, what, "serialized")
    return _parse(tensor, context_features, sequence_features, example_names, what, name)


@export("io.parse_single_sequence_example")
def parse_single_sequence_example(
    serialized: Any,
    context_features: Any = None,
    sequence_features: Any = None,
    example_name: Any = None,
    name: str | None = None,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The features of one serialized `tf.train.SequenceExample` message.

    Args:
      serialized: Scalar string tensor.
      context_features: As for `tf.io.parse_sequence_example`.
      sequence_features: As for `tf.io.parse_sequence_example`.
      example_name: Scalar string tensor, the record's name for errors.
      name: Optional name of the node in graphs.
    Returns:
      Two dicts: context tensors of their declared shapes, sequence tensors `[steps, *shape]`.
    Raises:
      ValueError: `serialized` is no scalar; else as `tf.io.parse_sequence_example`.
    """
    what = "tf.io.parse_single_sequence_example"
    tensor = string_tensor(serialized, what, "serialized")
    if tensor.shape.rank not in (None, 0):
        raise ValueError(f"{what}: serialized must be a scalar, its shape is {tensor.shape}")
    return _parse(tensor, context_features, sequence_features, example_name, what, name)[:2]
