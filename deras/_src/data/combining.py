"""Transformations that are made of others. They get the `Dataset` they work on, or its class."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from deras._src import errors
from deras._src.core.dtypes import float32, int64
from deras._src.core.tensor import describe
from deras._src.core.tensor_shape import TensorShape
from deras._src.data import saving
from deras._src.data.batching import Elements
from deras._src.data.functions import ElementFunction
from deras._src.data.nested import Choose
from deras._src.data.node import Node, variant_tensor
from deras._src.data.random_stream import dataset_seeds
from deras._src.data.shuffling import Shuffle
from deras._src.data.sources import Slices
from deras._src.data.specs import DatasetSpec
from deras._src.data.structure import map_leaves, signature_of, spec_from
from deras._src.dispatch.convert import convert
from deras._src.io.file_system import matching
from deras._src.ops import array_gather, array_select, math_reduce, random_stateless
from deras._src.ops.array_repeat import tile
from deras._src.ops.array_shape import expand_dims, reshape
from deras._src.ops.math_cast import cast
from deras._src.ops.math_unary import log
from deras._src.state import random_stateful
from deras._src.util import nest


def as_int64(value: Any) -> Any:
    """A tensor as int64."""
    return cast(value, int64)


def as_path(value: Any) -> str:
    """A path: text, bytes, path object or string tensor."""
    if hasattr(value, "host_array"):
        value = value.host_array().item()
    value = os.fspath(value)
    return value.decode() if isinstance(value, bytes) else value


def listed(pattern: Any, shuffle: bool | None, seed: Any) -> Node:
    """The node of `Dataset.list_files`."""
    found = np.asarray(convert(pattern).host_array()).reshape(-1).tolist()
    names = sorted({name for p in found for name in matching(p.decode())})
    if not names:
        raise errors.InvalidArgumentError(
            None,
            None,
            f"Dataset.list_files: No files matched pattern: {', '.join(p.decode() for p in found)}",
        )
    node: Node = Slices(names)
    if shuffle is False:
        return node
    return Shuffle(node, len(names), dataset_seeds(seed), True)


# -- choosing -------------------------------------------------------------------------------------


def sampled(
    cls: Any,
    datasets: Sequence[Any],
    weights: Any,
    seed: Any,
    stop_on_empty: bool,
    fresh: bool | None,
) -> Any:
    """`Dataset.sample_from_datasets`: numbers are drawn as by stateless_categorical."""
    if not datasets:
        raise ValueError("Invalid `datasets`. `datasets` should not be empty.")
    words = cls.random(seed=seed, rerandomize_each_iteration=fresh).batch(2)
    if isinstance(weights, cls):
        choices = cls.zip(words, weights).map(lambda pair, p: _draw(log(reshape(p, [1, -1])), pair))
    else:
        if isinstance(weights, (list, tuple)) and len(weights) == len(datasets):
            # What is never drawn does not count as a dataset that has ended.
            kept = [(d, w) for d, w in zip(datasets, weights, strict=True) if w > 0]
            datasets, weights = zip(*kept, strict=True) if kept else ([datasets[0].take(0)], [1.0])
        if len(datasets) == 1:
            return datasets[0]
        logits = _logits(weights, len(datasets))
        choices = words.map(lambda pair: _draw(logits, pair))
    return cls(Choose(choices._node, [d._node for d in datasets], stop_on_empty))


def _logits(weights: Any, count: int) -> Any:
    if weights is None:
        return convert(np.ones((1, count), np.float32))
    found = convert(weights)
    if not found.dtype.is_floating:
        if hasattr(weights, "dtype"):
            raise TypeError(
                "Invalid `weights`. `weights` type must be either `tf.float32` or `tf.float64`, "
                f"got {found.dtype.name}"
            )
        found = cast(found, float32)
    if found.shape.rank != 1 or found.shape[0] != count:
        raise ValueError(
            "Invalid `weights`. The shape of `weights` should be compatible with "
            f"`[len(datasets)]` but got {describe(found)} for {count} datasets."
        )
    return log(expand_dims(found, 0))


def _draw(logits: Any, seed: Any) -> Any:
    drawn = random_stateless.stateless_categorical(logits, 1, seed)
    return reshape(drawn, [])


def resampled(cls: Any, dataset: Any, class_func: Any, target: Any, initial: Any, seed: Any) -> Any:
    """`Dataset.rejection_resample`."""
    target = convert(target)

    def with_class(*parts: Any) -> Any:
        return class_func(*parts), parts[0] if len(parts) == 1 else parts

    if initial is not None:
        start = convert(initial)
        accept, share = _acceptance(start, target)
        initials = cls.from_tensors(start).repeat()
        accepts = cls.from_tensors(accept).repeat()
        shares = cls.from_tensors(share).repeat()
        known = None if not hasattr(share, "host_array") else float(share.host_array())
    else:
        initials = _estimated(dataset.map(class_func), target)
        both = initials.map(lambda found: _acceptance(found, target))
        accepts = both.map(lambda accept, share: accept)
        shares = both.map(lambda accept, share: share)
        known = None
    accepts = cls.zip(accepts, initials).map(lambda accept, start: accept)

    def judged(accept: Any, data: Any) -> Any:
        number = class_func(*data) if isinstance(data, tuple) else class_func(data)
        return number, array_gather.gather(accept, number), data

    def keep(number: Any, chance: Any, data: Any) -> Any:
        return random_stateful.uniform([], seed=seed, dtype=chance.dtype) < chance

    filtered = cls.zip(accepts, dataset).map(judged).filter(keep)
    filtered = filtered.map(lambda number, chance, data: (number, data)).prefetch(3)
    if known == 1.0:
        return dataset.map(with_class)
    if known == 0.0:
        return filtered
    weights = shares.map(lambda share: expand_dims(_pair(share), 0))
    return cls.sample_from_datasets(
        [dataset.map(with_class), filtered], weights=weights, seed=seed, stop_on_empty_dataset=True
    )


def _pair(share: Any) -> Any:
    return convert([share, 1.0 - share])


def _acceptance(initial: Any, target: Any) -> tuple[Any, Any]:
    """How often each class is accepted, and the share that is taken from the dataset as it is."""
    tiny = float(np.finfo(initial.dtype.np_dtype).tiny)
    ratio = target / (initial + tiny)
    least, most = math_reduce.reduce_min(ratio), math_reduce.reduce_max(ratio)
    return (ratio - least) / (most - least), least


def _estimated(classes: Any, target: Any, batch: int = 32, smoothing: int = 10) -> Any:
    """The distribution of the classes seen so far, for each element."""
    count = target.shape[0]
    start = convert(np.full([count], smoothing, np.int64))

    def update(seen: Any, numbers: Any) -> Any:
        more = array_select.one_hot(numbers, count, dtype=int64)
        seen = seen + math_reduce.reduce_sum(more, 0)
        found = cast(seen / math_reduce.reduce_sum(seen), float32)
        return seen, tile(expand_dims(found, 0), [batch, 1])

    return classes.batch(batch).scan(start, update).unbatch()


# -- buckets --------------------------------------------------------------------------------------


def bucketed(
    dataset: Any,
    length_func: Callable[..., Any],
    boundaries: list[int],
    sizes: list[int],
    shapes: Any,
    values: Any,
    to_boundary: bool,
    no_padding: bool,
    drop: bool,
) -> Any:
    """`Dataset.bucket_by_sequence_length`."""
    if len(sizes) != len(boundaries) + 1:
        raise ValueError(
            "`len(bucket_batch_sizes)` must equal `len(bucket_boundaries) + 1` but "
            f"`len(bucket_batch_sizes)={len(sizes)}` and "
            f"`len(bucket_boundaries)={len(boundaries)}`."
        )
    batch_sizes = convert(np.array(sizes, np.int64))
    limits = convert(np.array(boundaries, np.int32))

    def bucket(*parts: Any) -> Any:
        return math_reduce.reduce_sum(
            cast(cast(length_func(*parts), limits.dtype) >= limits, int64)
        )

    def size_of(key: Any) -> Any:
        return array_gather.gather(batch_sizes, key)

    def padded(key: Any, group: Any) -> Any:
        if no_padding:
            return group.batch(size_of(key), drop_remainder=drop)
        wanted = shapes
        if to_boundary:
            # The last bucket has no boundary: to gather past the end is the user's error.
            edge = array_gather.gather(limits, key) - 1
            given = shapes if shapes is not None else _shapes_of(group.element_spec)
            wanted = _filled(group.element_spec, given, edge)
        return group.padded_batch(size_of(key), wanted, values, drop_remainder=drop)

    return dataset.group_by_window(bucket, padded, window_size_func=size_of)


def _shapes_of(spec: Any) -> Any:
    return map_leaves(spec, lambda s: s.shape)


def _filled(spec: Any, shapes: Any, edge: Any) -> Any:
    """Padded shapes with `edge` in the place of unknown dimensions."""
    flat = nest.flatten_up_to(spec, shapes) if nest.is_nested(spec) else [shapes]
    filled = []
    for shape in flat:
        dims = shape.as_list() if isinstance(shape, TensorShape) else list(shape)
        filled.append(_Dims(edge if d in (None, -1) else d for d in dims))
    rest = iter(filled)
    return map_leaves(spec, lambda _: next(rest)) if nest.is_nested(spec) else filled[0]


class _Dims:
    """A padded shape, some dimensions of which the graph computes."""

    def __init__(self, dims: Any) -> None:
        self._dims = list(dims)

    def __iter__(self) -> Any:
        return iter(self._dims)


# -- files ----------------------------------------------------------------------------------------


def saved(dataset: Any, path: Any, compression: Any, shard_func: Any, checkpoint: Any) -> None:
    """`Dataset.save`."""
    if checkpoint is not None:
        raise NotImplementedError(
            "Dataset.save: checkpoint_args is not supported: what is written becomes visible when "
            "it is whole"
        )
    function = _shard_function("Dataset.save", shard_func, dataset.element_spec)
    saving.save(dataset._node, as_path(path), compression, function, {})


def _shard_function(what: str, function: Any, spec: Any) -> ElementFunction | None:
    if function is None:
        return None
    made = ElementFunction(f"{what} shard_func", function, spec)
    if len(made.flat) != 1 or not made.flat[0].dtype.is_integer:
        raise TypeError(f"{what}: shard_func must return a scalar int64, it returns {made.spec}")
    return made


def _read(cls: Any, path: str, index: Any, spec: Any, reader: Any) -> Any:
    if reader is None:
        return cls(saving.Shards(path, index, spec, None))
    nodes = [saving.Shards(path, index, spec, i) for i in range(len(index["shards"]))]
    shelf = Elements(DatasetSpec(spec), [(variant_tensor(node),) for node in nodes])
    return reader(cls(shelf))


def loaded(cls: Any, path: Any, spec: Any, reader: Any) -> Any:
    """`Dataset.load`."""
    place = as_path(path)
    index = saving.saved_index(place, "Dataset.load")
    found = spec_from(index["spec"])
    if spec is not None:
        wanted = signature_of(spec, "Dataset.load: element_spec")
        flat = zip(Node(wanted).flat, Node(found).flat, strict=False)
        same = len(Node(wanted).flat) == len(Node(found).flat)
        if not same or not all(a.is_compatible_with(b) for a, b in flat):
            raise errors.InvalidArgumentError(
                None, None, f"Dataset.load: {place} holds elements of {found}, not of {wanted}"
            )
        found = wanted
    return _read(cls, place, index, found, reader)


def snapshotted(
    cls: Any, dataset: Any, path: Any, compression: Any, reader: Any, shard_func: Any
) -> Any:
    """`Dataset.snapshot`."""
    function = _shard_function("Dataset.snapshot", shard_func, dataset.element_spec)
    spec = dataset.element_spec
    if reader is None:
        read = None
    else:

        def read(place: str, index: Any) -> Node:
            return _read(cls, place, index, spec, reader)._node  # type: ignore[no-any-return]

    node = saving.FileCache(
        dataset._node, as_path(path), "Dataset.snapshot", compression, function, read
    )
    return cls(node)
