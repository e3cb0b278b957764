"""The initializers that TensorFlow has apart from Keras: `tf.zeros_initializer` and others."""

from __future__ import annotations

from typing import Any

import numpy as np

from deras._src.core.dtypes import DType, as_dtype, float32, string
from deras._src.ops.array_constant import constant
from deras._src.ops.array_fill import ones, zeros
from deras._src.ops.random_stateless import stateless_normal, stateless_uniform
from deras._src.state.random_stateful import normal, uniform
from deras._src.util.export import export

# A variable that is cut into parts asks for one part at a time, by these.
_PARTITION = ("partition_shape", "partition_offset")


class Initializer:
    """Base class: called with a shape and a dtype, gives a tensor."""

    _partitions = True

    def __call__(self, shape: Any, dtype: Any = None, **kwargs: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} does not say how to make values")

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal initializer."""
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Initializer:
        """The initializer with this configuration; `dtype` in it is ignored."""
        return cls(**{name: value for name, value in config.items() if name != "dtype"})

    def _part(self, shape: Any, kwargs: dict[str, Any]) -> Any:
        for name in kwargs:
            if name not in _PARTITION:
                raise TypeError(
                    f"Keyword argument should be one of {list(_PARTITION)}. Received: {name}"
                )
            if not self._partitions:
                raise ValueError(
                    f"{type(self).__name__} initializer doesn't support partition-related arguments"
                )
        return kwargs.get("partition_shape", shape)


def _numeric(dtype: Any) -> DType:
    kind = as_dtype(dtype)
    if kind == string or not kind.is_numpy_compatible:
        raise ValueError(
            f"Argument `dtype` expected to be numeric or boolean. Received {kind.name}."
        )
    return kind


@export("zeros_initializer")
class Zeros(Initializer):
    """Zeros.

    >>> tf.zeros_initializer()([2]).numpy()
    array([0., 0.], dtype=float32)
    """

    def __call__(self, shape: Any, dtype: Any = float32, **kwargs: Any) -> Any:
        """Zeros of this shape and dtype.

        Raises:
          ValueError: `dtype` is tf.string.
        """
        part = self._part(shape, kwargs)
        return zeros(part, _numeric(dtype))


@export("ones_initializer")
class Ones(Initializer):
    """Ones.

    >>> tf.ones_initializer()([2], tf.int32).numpy()
    array([1, 1], dtype=int32)
    """

    def __call__(self, shape: Any, dtype: Any = float32, **kwargs: Any) -> Any:
        """Ones of this shape and dtype.

        Raises:
          ValueError: `dtype` is tf.string.
        """
        part = self._part(shape, kwargs)
        return ones(part, _numeric(dtype))


@export("constant_initializer")
class Constant(Initializer):
    """A given value.

    Args:
      value: Number, list, tuple or NumPy array: one element, or as many as the shapes asked for.
      support_partition: Whether it may be asked for parts.
    Raises:
      TypeError: `value` is of another type.

    >>> tf.constant_initializer([1, 2, 3, 4])([2, 2]).numpy()
    array([[1, 2],
           [3, 4]], dtype=int32)
    """

    def __init__(self, value: Any = 0, support_partition: bool = False) -> None:
        if not (np.isscalar(value) or isinstance(value, (list, tuple, np.ndarray))):
            raise TypeError(
                f"Invalid type for initial value: {type(value).__name__}. Expected Python scalar, "
                "list or tuple of values, or numpy.ndarray."
            )
        self.value = value
        self.support_partition = support_partition
        self._partitions = support_partition

    def __call__(self, shape: Any, dtype: Any = None, **kwargs: Any) -> Any:
        """The value, in this shape and dtype (by default its own).

        Raises:
          TypeError: the number of elements does not fit.
        """
        self._part(shape, kwargs)
        return constant(self.value, None if dtype is None else as_dtype(dtype), shape)

    def get_config(self) -> dict[str, Any]:
        """`value`."""
        return {"value": self.value}


@export("random_uniform_initializer")
class RandomUniform(Initializer):
    """Values of a uniform distribution.

    Args:
      minval: Lower bound, included.
      maxval: Upper bound, excluded; 1 if it is None and the dtype floating.
      seed: Integer: then every call gives the same numbers. Without, see `tf.random.set_seed`.

    >>> tf.random_uniform_initializer(0, 10, seed=1)([3], tf.int32).numpy()
    array([9, 4, 0], dtype=int32)
    """

    def __init__(self, minval: Any = -0.05, maxval: Any = 0.05, seed: Any = None) -> None:
        self.minval = minval
        self.maxval = maxval
        self.seed = seed

    def __call__(self, shape: Any, dtype: Any = float32, **kwargs: Any) -> Any:
        """Values of this shape and dtype.

        Raises:
          ValueError: `dtype` is neither floating nor integer.
        """
        part = self._part(shape, kwargs)
        kind = as_dtype(dtype)
        if not kind.is_floating and not kind.is_integer:
            raise ValueError(
                f"Argument `dtype` expected to be numeric or boolean. Received {kind.name}."
            )
        if self.seed is None:
            return uniform(part, self.minval, self.maxval, kind)
        return stateless_uniform(part, [self.seed, 0], self.minval, self.maxval, kind)

    def get_config(self) -> dict[str, Any]:
        """`minval`, `maxval` and `seed`."""
        return {"minval": self.minval, "maxval": self.maxval, "seed": self.seed}


@export("random_normal_initializer")
class RandomNormal(Initializer):
    """Values of a normal distribution.

    Args:
      mean: Its mean.
      stddev: Its standard deviation.
      seed: Integer: then every call gives the same numbers. Without, see `tf.random.set_seed`.

    >>> tf.random_normal_initializer(stddev=1.0, seed=1)([2]).shape
    TensorShape([2])
    """

    def __init__(self, mean: Any = 0.0, stddev: Any = 0.05, seed: Any = None) -> None:
        self.mean = mean
        self.stddev = stddev
        self.seed = seed

    def __call__(self, shape: Any, dtype: Any = float32, **kwargs: Any) -> Any:
        """Values of this shape and dtype.

        Raises:
          ValueError: `dtype` is not floating.
        """
        part = self._part(shape, kwargs)
        kind = as_dtype(dtype)
        if not kind.is_floating:
            raise ValueError(
                f"Argument `dtype` is expected to be floating point. Received: {kind.name}."
            )
        if self.seed is None:
            return normal(part, self.mean, self.stddev, kind)
        return stateless_normal(part, [self.seed, 0], self.mean, self.stddev, kind)

    def get_config(self) -> dict[str, Any]:
        """`mean`, `stddev` and `seed`."""
        return {"mean": self.mean, "stddev": self.stddev, "seed": self.seed}
