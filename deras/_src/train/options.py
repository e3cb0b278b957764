"""`tf.train.CheckpointOptions`, and how tensors are spread over data files."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from deras._src.core.dtypes import DType, string
from deras._src.core.tensor import host_tensor
from deras._src.core.tensor_shape import TensorShape
from deras._src.util.export import export

# A data file's content: key -> place in the whole tensor ("" for all of it) -> values.
Shard = dict[str, dict[str, Any]]


@export("train.CheckpointOptions")
class CheckpointOptions:
    """How checkpoints are written and read.

    Args:
      experimental_io_device: Accepted for TensorFlow's sake.
      experimental_enable_async_checkpoint: The same as `enable_async`.
      experimental_write_callbacks: Functions of no argument, or of the checkpoint's path, called
        in their order when it is written.
      enable_async: Whether `save` and `write` return as soon as the values are copied, and a thread
        writes them. What goes wrong there is raised by the next `save`, `write`, `restore`, `read`
        or `sync`.
      experimental_skip_slot_variables: Whether restoring leaves slot variables out.
      experimental_sharding_callback: A `tf.train.experimental.ShardingCallback`.
    Raises:
      ValueError: a callback is not of the right kind.

    >>> tf.train.CheckpointOptions(enable_async=True).enable_async
    True
    """

    __slots__ = (
        "enable_async",
        "experimental_enable_async_checkpoint",
        "experimental_io_device",
        "experimental_sharding_callback",
        "experimental_skip_slot_variables",
        "experimental_write_callbacks",
    )

    def __init__(
        self,
        experimental_io_device: Any = None,
        experimental_enable_async_checkpoint: bool = False,
        experimental_write_callbacks: list[Callable[..., Any]] | None = None,
        enable_async: bool = False,
        experimental_skip_slot_variables: bool = False,
        experimental_sharding_callback: Any = None,
    ) -> None:
        self.experimental_io_device = experimental_io_device
        self.enable_async = bool(experimental_enable_async_checkpoint or enable_async)
        self.experimental_enable_async_checkpoint = self.enable_async
        for callback in experimental_write_callbacks or ():
            if len(inspect.signature(callback).parameters) > 1:
                raise ValueError(
                    f"CheckpointOptions: the write callback {callback!r} takes more than one "
                    "argument; it is called with the path, or with nothing."
                )
        self.experimental_write_callbacks = experimental_write_callbacks
        if experimental_sharding_callback is not None and not isinstance(
            experimental_sharding_callback, ShardingCallback
        ):
            raise ValueError(
                "The experimental_sharding_callback checkpoint option must be of type "
                "ShardingCallback. The option provided was of type "
                f"{type(experimental_sharding_callback)}."
            )
        self.experimental_sharding_callback = experimental_sharding_callback
        self.experimental_skip_slot_variables = experimental_skip_slot_variables

    def __copy__(self) -> CheckpointOptions:
        made = CheckpointOptions.__new__(CheckpointOptions)
        for name in self.__slots__:
            setattr(made, name, getattr(self, name))
        if made.experimental_write_callbacks is not None:
            made.experimental_write_callbacks = list(made.experimental_write_callbacks)
        return made

    def with_callback(self, callback: Callable[..., Any]) -> CheckpointOptions:
        """A copy that calls `callback` too, after the others."""
        made = self.__copy__()
        made.experimental_write_callbacks = [*(made.experimental_write_callbacks or ()), callback]
        return made


@export("train.experimental.ShardableTensor")
@dataclass(frozen=True)
class ShardableTensor:
    """A tensor that a `ShardingCallback` puts into a data file.

    Attributes:
      tensor: the values.
      dtype, shape: of the values.
      device: where they are.
      name: the key.
      slice_spec: "" for a whole tensor.
      checkpoint_key: the key.
      trackable: the object that the tensor is from.
    """

    _tensor_save_spec: Any
    tensor: Any
    dtype: DType
    device: Any
    name: str
    shape: TensorShape
    slice_spec: str
    checkpoint_key: str
    trackable: Any

    def __hash__(self) -> int:
        return hash((self.name, self.dtype, str(self.device), self.checkpoint_key))


@export("train.experimental.ShardingCallback")
class ShardingCallback:
    """Base of what spreads tensors over data files.

    A subclass has the property `description`, and is called with a list of
    `tf.train.experimental.ShardableTensor`. It returns a list with a dict for each file, from
    tensors' keys to dicts, from the place in the whole tensor (`""` for all of it) to the values.

    >>> class OneEach(tf.train.experimental.ShardingCallback):
    ...     @property
    ...     def description(self):
    ...         return "A file for each tensor."
    ...     def __call__(self, shardable_tensors):
    ...         return [{t.checkpoint_key: {t.slice_spec: t.tensor}} for t in shardable_tensors]
    >>> OneEach().description
    'A file for each tensor.'
    """

    @property
    def description(self) -> str:
        """What it does, in a sentence."""
        raise NotImplementedError(f"{type(self).__name__} has no description")

    def __call__(self, shardable_tensors: Sequence[ShardableTensor]) -> Sequence[Shard]:
        raise NotImplementedError(f"{type(self).__name__} does not say how to shard")


@export("train.experimental.ShardByTaskPolicy")
class ShardByTaskPolicy(ShardingCallback):
    """One data file for all that a process saves; the default.

    >>> tf.train.experimental.ShardByTaskPolicy().description
    'Split tensors into shards based on task.'
    """

    @property
    def description(self) -> str:
        """What it does, in a sentence."""
        return "Split tensors into shards based on task."

    def __call__(self, shardable_tensors: Sequence[ShardableTensor]) -> Sequence[Shard]:
        return [{t.checkpoint_key: {t.slice_spec: t.tensor} for t in shardable_tensors}]


@export("train.experimental.MaxShardSizePolicy")
class MaxShardSizePolicy(ShardingCallback):
    """Data files of a limited size. Tensors beyond it are cut along their longest dimension.

    A scalar, a string tensor and the object graph are not cut; where one is larger than the limit,
    so is its file.

    Args:
      max_shard_size: In bytes.
    Raises:
      ValueError: `max_shard_size` is not positive.

    >>> policy = tf.train.experimental.MaxShardSizePolicy(max_shard_size=1 << 20)
    >>> policy.description
    'Split tensors into shards with a max shard size.'
    """

    def __init__(self, max_shard_size: int) -> None:
        if max_shard_size <= 0:
            raise ValueError(f"max_shard_size must be positive, got {max_shard_size}")
        self.max_shard_size = max_shard_size

    @property
    def description(self) -> str:
        """What it does, in a sentence."""
        return "Split tensors into shards with a max shard size."

    def __call__(self, shardable_tensors: Sequence[ShardableTensor]) -> Sequence[Shard]:
        shards: list[Shard] = [{}]
        used = 0
        for tensor in shardable_tensors:
            for place, values in self._pieces(tensor):
                size = _size(values.host_array(), tensor.dtype)
                if shards[-1] and used + size > self.max_shard_size:
                    shards.append({})
                    used = 0
                shards[-1].setdefault(tensor.checkpoint_key, {})[place] = values
                used += size
        return shards

    def _pieces(self, tensor: ShardableTensor) -> Iterator[tuple[str, Any]]:
        array = tensor.tensor.host_array()
        size = _size(array, tensor.dtype)
        if size <= self.max_shard_size or array.ndim == 0 or tensor.dtype is string:
            yield tensor.slice_spec, tensor.tensor
            return
        axis = int(np.argmax(array.shape))
        rows = max(1, self.max_shard_size // (size // array.shape[axis]))
        shape = " ".join(str(n) for n in array.shape)
        for start in range(0, array.shape[axis], rows):
            count = min(rows, array.shape[axis] - start)
            extents = ["-"] * array.ndim
            extents[axis] = f"{start},{count}"
            piece = np.take(array, range(start, start + count), axis)
            yield f"{shape} {':'.join(extents)}", host_tensor(piece, tensor.dtype)


def _size(array: np.ndarray, dtype: DType) -> int:
    if dtype is string:
        return sum(len(element) for element in array.reshape(-1))
    return array.nbytes
