"""`tf.random.Generator`: random numbers from a state that a variable holds.

Each method reads the variable, advances it, and draws with the key and counter read. Both steps
are ops, so a generator works the same in eager code, functions and loops, and its state is saved
with the other variables.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from deras._src import errors
from deras._src.core.context import init_scope
from deras._src.core.dtypes import (
    INDEX,
    INTEGER,
    DType,
    as_dtype,
    float16,
    float32,
    float64,
    int32,
    int64,
    uint64,
)
from deras._src.core.settings import settings
from deras._src.core.tensor import EagerTensor, Tensor, host_tensor
from deras._src.core.tensor_shape import TensorShape
from deras._src.dispatch.apply import apply
from deras._src.dispatch.convert import convert, has_tensor, host_value
from deras._src.ops import generator_state
from deras._src.ops import random_kernels as kernels
from deras._src.ops.array_fill import zeros, zeros_like
from deras._src.ops.array_join import concat, stack, unstack
from deras._src.ops.array_shape import reshape
from deras._src.ops.array_shape import shape as shape_of
from deras._src.ops.generator_state import Algorithm
from deras._src.ops.math_binary import add, maximum, multiply, subtract
from deras._src.ops.math_cast import cast
from deras._src.ops.math_reduce import reduce_prod
from deras._src.ops.random_stateless import BINOMIAL_OUTPUTS, binomial_op, check_integer_bounds
from deras._src.registry import NONE, op
from deras._src.state.trackable import AutoTrackable
from deras._src.state.variable import Variable
from deras._src.util.export import export

_LABEL = "random.Generator"
_FLOATS = frozenset({float16, float32, float64})
_STATE_AND_DRAW = [
    (uint64, TensorShape([1])),
    (uint64, TensorShape([2])),
    (int64, TensorShape([3])),
]


@op(
    "RngReadAndSkip",
    dtypes={"state": frozenset({int64}), "delta": INTEGER},
    gradient=NONE,
    shape=lambda inputs, attrs: _STATE_AND_DRAW,
    api_name=_LABEL,
)
def _read_and_skip(state, delta):
    key, counter = generator_state.key_counter(state)
    return key, counter, generator_state.skip(state, delta)


@op(
    "RngReadAndSkipBinomial",
    dtypes={
        "state": frozenset({int64}),
        "shape": INDEX,
        "counts": _FLOATS,
        "probs": _FLOATS,
    },
    host_args=("shape",),
    gradient=NONE,
    shape=lambda inputs, attrs: _STATE_AND_DRAW,
    api_name=_LABEL + ".binomial",
)
def _read_and_skip_binomial(state, shape, counts, probs):
    batch = np.broadcast_shapes(counts.shape, probs.shape)
    sizes = kernels.dims(shape)
    if sizes[max(len(sizes) - len(batch), 0) :] != batch:
        raise ValueError(
            f"shape {list(sizes)} must end with the broadcast shape of counts and probs, "
            f"{list(batch)}"
        )
    return generator_state.read_and_skip_binomial(state, sizes, batch)


def _is_symbolic(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return any(_is_symbolic(v) for v in value)
    return isinstance(value, Tensor) and not isinstance(value, EagerTensor)


def _integers(value: Any) -> Any:
    """int64 tensor of integers of any dtype; those from 2**63 on wrap around."""
    if isinstance(value, (list, tuple)) and not has_tensor(value):
        value = np.array([int(v) & (2**64 - 1) for v in value], np.uint64)
    elif isinstance(value, int):
        value = np.uint64(value & (2**64 - 1))
    return cast(value, int64)


def _check_shape(tensor: Any, wanted: list[int], what: str) -> Any:
    if not tensor.shape.is_compatible_with(TensorShape(wanted)):
        raise errors.op_error(
            ValueError, _LABEL, f"{what} must have shape {wanted}, got {tensor.shape}"
        )
    return tensor


@export("random.create_rng_state", "random.experimental.create_rng_state")
def create_rng_state(seed: Any, alg: Any) -> Any:
    """The state of a generator made from a seed.

    Args:
      seed: Python int of any size, cut into 64-bit words, lowest first; or integers, which are cut
        to the size of a state or filled up with zeros in front.
      alg: "philox", "threefry" or "auto_select", or a `tf.random.Algorithm`.
    Returns:
      int64 tensor: of shape [3], two words of counter and the key, but [2] for ThreeFry.

    >>> tf.random.create_rng_state(1, "philox").numpy()
    array([1, 0, 0])
    >>> tf.random.create_rng_state([1, 2], "philox").numpy()
    array([0, 1, 2])
    """
    size = generator_state.state_size(alg)
    if isinstance(seed, int):
        return host_tensor(generator_state.state_from_seed(int(seed), alg))
    words = reshape(_integers(seed), [-1])[:size]
    padding = maximum(subtract(convert(size), shape_of(words)[0]), 0)
    state = concat([zeros([padding], int64), words], 0)
    state.set_shape([size])
    return state


def _state_of(key: Any, counter: Any, alg: Any) -> Any:
    words = _check_shape(_integers(counter), [generator_state.state_size(alg) - 1], "counter")
    word = _check_shape(_integers(key), [], "key")
    return concat([words, reshape(word, [1])], 0)


@export("random.Generator", "random.experimental.Generator")
class Generator(AutoTrackable):
    """Random numbers from a state of its own, which advances with each call.

    The numbers and states are TensorFlow's. Make one with `from_seed`, `from_state`,
    `from_key_counter` or `from_non_deterministic_state`.

    Args:
      copy_from: A generator whose state and algorithm are copied.
      state: Integers, as `tf.random.create_rng_state` makes them, or an int64 `tf.Variable`, which
        is then shared.
      alg: "philox" or "auto_select", or a `tf.random.Algorithm`. With "threefry" a generator can be
        made but not drawn from.
    Raises:
      AssertionError: neither `copy_from` nor both others are given, or all.
      ValueError: the state has not the size that the algorithm wants.

    >>> g = tf.random.Generator.from_seed(1234)
    >>> g.normal([2]).numpy()
    array([0.9356609, 1.0854305], dtype=float32)
    >>> g.state.numpy()
    array([1746,    0,    0])
    """

    def __init__(self, copy_from: Any = None, state: Any = None, alg: Any = None) -> None:
        if copy_from is not None:
            if alg is not None or state is not None:
                raise AssertionError(f"{_LABEL}: copy_from goes without state and alg.")
            self._state_var = self._new_variable(copy_from.state.read_value())
            self._alg = copy_from.algorithm
            return
        if alg is None or state is None:
            raise AssertionError(f"{_LABEL}: state and alg are needed, or copy_from.")
        self._alg = generator_state.algorithm_number(alg)
        size = generator_state.state_size(self._alg)
        if isinstance(state, Variable):
            self._state_var = _check_shape(state, [size], "state")
        else:
            self._state_var = self._new_variable(_check_shape(_integers(state), [size], "state"))

    @staticmethod
    def _new_variable(value: Any) -> Variable:
        return Variable(value, dtype=int64, trainable=False, name="StateVar")

    # -- making -----------------------------------------------------------------------------

    @classmethod
    def from_state(cls, state: Any, alg: Any) -> Generator:
        """A generator with this state; see the class."""
        return cls(alg=alg, state=state)

    @classmethod
    def from_seed(cls, seed: Any, alg: Any = None) -> Generator:
        """A generator whose state is made of a seed.

        Args:
          seed: As for `tf.random.create_rng_state`.
          alg: Philox by default.
        """
        number = generator_state.algorithm_number(Algorithm.PHILOX if alg is None else alg)
        return cls(state=create_rng_state(seed, number), alg=number)

    @classmethod
    def from_non_deterministic_state(cls, alg: Any = None) -> Generator:
        """A generator that starts anywhere.

        Raises:
          RuntimeError: op determinism is on.
        """
        if settings.deterministic:
            raise RuntimeError(
                f"{_LABEL}.from_non_deterministic_state cannot be called while op determinism is "
                "on: use from_seed."
            )
        number = generator_state.algorithm_number(Algorithm.PHILOX if alg is None else alg)
        return cls(state=host_tensor(generator_state.non_deterministic_state(number)), alg=number)

    @classmethod
    def from_key_counter(cls, key: Any, counter: Any, alg: Any) -> Generator:
        """A generator whose state is a counter and a key.

        Args:
          key: Integer scalar.
          counter: Two integers, the lower one first; one for ThreeFry.
          alg: As for the class.
        """
        return cls(state=_state_of(key, counter, alg), alg=alg)

    # -- the state --------------------------------------------------------------------------

    def reset(self, state: Any) -> None:
        """Sets the state to these integers."""
        size = generator_state.state_size(self._alg)
        self._state_var.assign(_check_shape(_integers(state), [size], "state"))

    def reset_from_seed(self, seed: Any) -> None:
        """Sets the state to that of `from_seed(seed)`."""
        self._state_var.assign(create_rng_state(seed, self._alg))

    def reset_from_key_counter(self, key: Any, counter: Any) -> None:
        """Sets the state to that of `from_key_counter(key, counter)`."""
        self._state_var.assign(_state_of(key, counter, self._alg))

    @property
    def state(self) -> Variable:
        """The variable that holds the state: int64, counter first, then the key."""
        return self._state_var

    @property
    def algorithm(self) -> int:
        """The number of the algorithm, as in `tf.random.Algorithm`."""
        return self._alg

    @property
    def key(self) -> Any:
        """The key: an int64 scalar."""
        return self._state_var[-1]

    def skip(self, delta: Any) -> Any:
        """Advances the state as if `delta` values had been drawn.

        Args:
          delta: Integer or integer scalar; a negative one goes back.
        Returns:
          int64 tensor of shape [3]: the state before.
        """
        before = self._state_var.read_value()
        self._advance(before, convert(delta))
        return before

    def _advance(self, before: Any, delta: Any) -> tuple[Any, Any]:
        generator_state.runnable_algorithm(self._alg, _LABEL)
        key, counter, after = apply(_read_and_skip, (before, delta))
        self._state_var.assign(after)
        return key, counter

    def _draw(self, kernel: Any, shape: Any, dtype: DType, *rest: Any, name: Any = None) -> Any:
        sizes = kernels.shape_tensor(shape)
        key, counter = self._advance(self._state_var.read_value(), reduce_prod(sizes))
        return apply(kernel, (key, counter, sizes, *rest), (("dtype", dtype),), name)

    # -- drawing ----------------------------------------------------------------------------

    def normal(
        self,
        shape: Any,
        mean: Any = 0.0,
        stddev: Any = 1.0,
        dtype: Any = float32,
        name: str | None = None,
    ) -> Any:
        """Values of a normal distribution; arguments as for `tf.random.normal`."""
        return self._scaled(kernels.normal_op, shape, mean, stddev, dtype, name)

    def truncated_normal(
        self,
        shape: Any,
        mean: Any = 0.0,
        stddev: Any = 1.0,
        dtype: Any = float32,
        name: str | None = None,
    ) -> Any:
        """Normal values within two standard deviations, as by `tf.random.truncated_normal`."""
        return self._scaled(kernels.truncated_normal_op, shape, mean, stddev, dtype, name)

    def _scaled(
        self, kernel: Any, shape: Any, mean: Any, stddev: Any, dtype: Any, name: str | None
    ) -> Any:
        kind = as_dtype(dtype)
        center, scale = convert(mean, kind), convert(stddev, kind)
        kernels.check_floating(kind, _LABEL)
        return add(multiply(self._draw(kernel, shape, kind), scale), center, name)

    def uniform(
        self,
        shape: Any,
        minval: Any = 0,
        maxval: Any = None,
        dtype: Any = float32,
        name: str | None = None,
    ) -> Any:
        """Values of a uniform distribution on `[minval, maxval)`.

        Args:
          shape: 1-D integer tensor or list: the shape of the result.
          minval: Lower bound, included. None, together with `maxval`, for all values of an integer
            dtype alike.
          maxval: Upper bound, excluded; 1 for floating dtypes.
          dtype: A floating dtype, int32 or int64; without bounds also uint32 and uint64.
          name: Optional name of the node in graphs.
        Returns:
          Tensor of `shape` and `dtype`.
        Raises:
          ValueError: only one bound of an integer range is given.
          InvalidArgumentError: an empty integer range.
        """
        kind = as_dtype(dtype)
        if kind.is_integer:
            check_integer_bounds(minval, maxval, kind, f"{_LABEL}.uniform")
            if minval is None:
                return self._draw(kernels.full_int_op, shape, kind, name=name)
            low, high = convert(minval, kind), convert(maxval, kind)
            return self._draw(kernels.uniform_int_op, shape, kind, low, high, name=name)
        low, high = convert(minval, kind), convert(1 if maxval is None else maxval, kind)
        kernels.check_floating(kind, f"{_LABEL}.uniform")
        drawn = self._draw(kernels.uniform_op, shape, kind)
        return add(multiply(drawn, subtract(high, low)), low, name)

    def uniform_full_int(self, shape: Any, dtype: Any = uint64, name: str | None = None) -> Any:
        """All values of an integer dtype alike: int32, int64, uint32 or uint64."""
        return self._draw(kernels.full_int_op, shape, as_dtype(dtype), name=name)

    def binomial(
        self, shape: Any, counts: Any, probs: Any, dtype: Any = int32, name: str | None = None
    ) -> Any:
        """Numbers of successes; arguments as for `tf.random.stateless_binomial`.

        Raises:
          InvalidArgumentError: the parameters are not floating, `shape` does not end with their
            broadcast shape, or the algorithm is not Philox by name.
        """
        if self._alg != Algorithm.PHILOX:
            raise errors.op_error(
                errors.InvalidArgumentError,
                f"{_LABEL}.binomial",
                f"unsupported algorithm id {self._alg}; it must be 1, Philox",
            )
        kind = as_dtype(dtype)
        if kind not in BINOMIAL_OUTPUTS:  # the state of a refused call stays where it is
            raise errors.op_error(
                errors.InvalidArgumentError,
                f"{_LABEL}.binomial",
                f"dtype must be float16, float32, float64, int32 or int64, got {kind.name}",
            )
        sizes = kernels.shape_tensor(shape)
        trials, chances = convert(counts), convert(probs)
        before = self._state_var.read_value()
        key, counter, after = apply(_read_and_skip_binomial, (before, sizes, trials, chances))
        self._state_var.assign(after)
        inputs = (key, counter, sizes, trials, chances)
        return apply(binomial_op, inputs, (("dtype", kind),), name)

    # -- descendants ------------------------------------------------------------------------

    def make_seeds(self, count: Any = 1) -> Any:
        """Seeds for stateless functions.

        Args:
          count: How many.
        Returns:
          int64 tensor of shape [2, count]; each column is a seed.

        >>> tf.random.Generator.from_seed(1).make_seeds(2).shape
        TensorShape([2, 2])
        """
        drawn = self.uniform_full_int([count], int64)
        return stack([drawn, zeros_like(drawn)])

    def split(self, count: Any = 1) -> list[Generator]:
        """Independent new generators, which depend on this one's state.

        Args:
          count: How many.
        Returns:
          A list of generators. In a function they can only be made in its first call.

        >>> a, b = tf.random.Generator.from_seed(1).split(2)
        >>> int(a.state[0]), bool(a.key == b.key)
        (0, False)
        """
        number = int(host_value(count, f"{_LABEL}.split"))
        zeros_before = [convert(0, int64)] * (generator_state.state_size(self._alg) - 1)
        drawn = unstack(self.uniform_full_int([number], int64), number)
        return [Generator(state=stack([*zeros_before, key]), alg=self._alg) for key in drawn]


_global: list[Generator] = []


@export("random.get_global_generator", "random.experimental.get_global_generator")
def get_global_generator() -> Generator:
    """The generator that all of a program may share; made at the first call.

    Raises:
      RuntimeError: op determinism is on and no generator was set.
    """
    if not _global:
        if settings.deterministic:
            raise RuntimeError(
                "random.get_global_generator cannot make a generator while op determinism is on: "
                "call tf.random.set_global_generator first."
            )
        with init_scope():
            _global[:] = [Generator.from_non_deterministic_state()]
    return _global[0]


def global_generator_if_made() -> Generator | None:
    """The global generator, or None before there is one."""
    return _global[0] if _global else None


@export("random.set_global_generator", "random.experimental.set_global_generator")
def set_global_generator(generator: Generator) -> None:
    """Replaces the global generator. Functions that are traced already keep the old one.

    >>> tf.random.set_global_generator(tf.random.Generator.from_seed(4))
    >>> tf.random.get_global_generator().normal([2]).numpy()
    array([1.0019137, 0.6735137], dtype=float32)
    """
    _global[:] = [generator]
