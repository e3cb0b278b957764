"""From objects to the items of a checkpoint's files: the values as they are at one moment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from deras._src.core.context import init_scope
from deras._src.core.dtypes import DType, string
from deras._src.core.tensor import EagerTensor, Tensor, host_tensor
from deras._src.core.tensor_shape import TensorShape
from deras._src.dispatch.convert import convert
from deras._src.train import bundle_format
from deras._src.train.bundle_writer import Item
from deras._src.train.object_graph import GraphView, serialize
from deras._src.train.options import CheckpointOptions, ShardableTensor
from deras._src.train.python_state import PythonState


def snapshot(view: GraphView, options: CheckpointOptions, copied: bool) -> list[list[Item]]:
    """What a checkpoint of a root's objects holds now, for each data file.

    Args:
      view: The objects.
      options: How to spread them over files.
      copied: Whether the values are to stay as they are while the program goes on.
    """
    with init_scope():
        graph, tensors = serialize(view)
        # As TensorFlow writes them: Python's states after all tensors, then the object graph.
        tensors.sort(key=lambda found: isinstance(found.obj, PythonState))
        shardable = [
            _shardable(key, value, found.obj, copied)
            for found in tensors
            for key, value in found.values.items()
        ]
        message = np.empty((), object)
        message[()] = graph.SerializeToString(deterministic=True)
        shardable.append(
            _shardable(bundle_format.OBJECT_GRAPH_KEY, host_tensor(message, string), None, False)
        )
    if options.experimental_sharding_callback is None:
        return [[_item(t.checkpoint_key, t.slice_spec, t.tensor) for t in shardable]]
    return _shard(options.experimental_sharding_callback, shardable)


def _shardable(key: str, value: Any, obj: Any, copied: bool) -> ShardableTensor:
    tensor = _eager(value, key)
    if copied:
        array = np.array(tensor.host_array(), copy=True)
        tensor = host_tensor(array, tensor.dtype)
    shape = TensorShape(tensor.shape)
    return ShardableTensor(None, tensor, tensor.dtype, "cpu:0", key, shape, "", key, obj)


def _eager(value: Any, key: str) -> EagerTensor:
    """What an object gave as a tensor: an eager one."""
    if callable(value) and not isinstance(value, Tensor):
        value = value()
    if isinstance(value, str):
        value = value.encode()
    try:
        tensor = convert(value)
    except (TypeError, ValueError) as error:
        raise TypeError(
            f"tf.train.Checkpoint: what {key!r} gives to be saved is no tensor: {error}"
        ) from error
    bundle_format.check_storable(tensor.dtype, key)
    return tensor


def _item(key: str, place: str, tensor: Any) -> Item:
    part = bundle_format.parse_slice(place) if place else None
    eager = _eager(tensor, key)
    return Item(key, eager.host_array(), eager.dtype, part)


def _shard(callback: Any, shardable: Sequence[ShardableTensor]) -> list[list[Item]]:
    """The files' content as a sharding callback wants it; every value must be in it once."""
    shards = [
        [_item(key, place, tensor) for key, held in shard.items() for place, tensor in held.items()]
        for shard in callback(shardable)
    ]
    wanted = {t.checkpoint_key: t for t in shardable}
    found: dict[str, int] = dict.fromkeys(wanted, 0)
    for item in (item for shard in shards for item in shard):
        tensor = wanted.get(item.key)
        if tensor is None:
            raise ValueError(_complaint(callback, f"it made up the key {item.key!r}"))
        if item.dtype is not tensor.dtype:
            raise ValueError(
                _complaint(callback, f"{item.key!r} became {item.dtype.name}", tensor.dtype)
            )
        whole = item.part[0] if item.part else item.array.shape
        if tuple(whole) != tuple(tensor.shape.as_list()):
            raise ValueError(_complaint(callback, f"{item.key!r} has got the shape {whole}"))
        found[item.key] += item.array.size
    for key, tensor in wanted.items():
        if found[key] != tensor.tensor.host_array().size:
            raise ValueError(_complaint(callback, f"{found[key]} values of {key!r} are left"))
    return [shard for shard in shards if shard] or [[]]


def _complaint(callback: Any, what: str, dtype: DType | None = None) -> str:
    was = f", but was {dtype.name}" if dtype else ""
    return f"sharding callback {type(callback).__name__}: {what}{was}. It may only group and cut."
