"""Stateful random functions: `tf.random.normal` and friends, with TensorFlow's seed rules.

Eagerly, counters live on the host, one for each kernel that TensorFlow would have cached. In a
graph each node has a counter of its own: state behind a handle, read and advanced by the node.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from deras._src.core.context import state
from deras._src.core.dtypes import DType, as_dtype, float32, int32, int64, uint32
from deras._src.core.settings import settings
from deras._src.core.tensor import host_tensor
from deras._src.core.tensor_shape import TensorShape
from deras._src.dispatch.apply import apply
from deras._src.dispatch.convert import convert
from deras._src.ops import philox, seed_rules
from deras._src.ops import random_kernels as kernels
from deras._src.ops.array_join import concat, stack
from deras._src.ops.array_shape import reshape
from deras._src.ops.array_shape import shape as shape_of
from deras._src.ops.math_binary import add, maximum, multiply, subtract
from deras._src.ops.math_cast import cast
from deras._src.ops.math_division import divide
from deras._src.ops.math_reduce import reduce_prod
from deras._src.registry import NONE, op
from deras._src.state.handles import Handle
from deras._src.util.export import export


class _Node(NamedTuple):
    """A random op in a graph: its seeds, its key, and what tells it from others in a checkpoint."""

    pair: tuple[int | None, int | None]
    key: np.ndarray
    identity: str


_node_states: weakref.WeakKeyDictionary[Handle, _Node] = weakref.WeakKeyDictionary()
# What a checkpoint has for ops of functions that are not traced yet: identity -> (key, counter) of
# the nodes that have it, in the order in which they were made.
_waiting: dict[str, list[tuple[list[int], list[int]]]] = {}


def _reserve_state(attrs: dict[str, Any]) -> Any:
    return [(attrs["handle"], True)]


_RULES: dict[str, Callable[[np.ndarray], int]] = {
    "outputs": lambda sizes: philox.reserved_blocks(int(np.prod(sizes, dtype=np.int64))),
    "shuffle": lambda sizes: philox.reserved_blocks_shuffle(int(sizes[0]) if sizes.size else 0),
    "categorical": lambda sizes: philox.reserved_blocks_categorical(int(sizes[0]), int(sizes[1])),
}


def _run_reserve(inputs: Any, attrs: dict[str, Any]) -> Any:
    handle = attrs["handle"]
    counter = handle.value
    blocks = _RULES[attrs["rule"]](inputs[0].host_array())
    handle.value = apply(_skip, (counter, host_tensor(np.array(blocks, np.uint64))))
    return counter


@op(
    "RngReserve",
    contextual=True,
    stateful=True,
    gradient=NONE,
    host_args=("sizes",),
    shape=lambda inputs, attrs: [(uint32, TensorShape([4]))],
    state_of=_reserve_state,
    run=_run_reserve,
    api_name="random",
)
def _reserve(context, sizes, *, handle, rule):
    counter = context.values[handle]
    context.values[handle] = philox.skip(counter, np.uint64(_RULES[rule](sizes)))
    return counter


@op("RngSkipBlocks", gradient=NONE, dtypes={})
def _skip(counter, blocks):
    return philox.skip(counter, blocks)


def _start(handle: Handle, seed: int | None, seed2: int | None) -> np.ndarray:
    """Sets a node's counter to its start; returns the key."""
    if not seed and not seed2:
        seed, seed2 = seed_rules.random_uint64(), seed_rules.random_uint64()
    key, counter = philox.key_counter_from_seed_pair(seed or 0, seed2 or 0)
    handle.value = host_tensor(counter)
    return key


def _restart_nodes() -> None:
    _waiting.clear()
    for handle, node in list(_node_states.items()):
        seed, seed2 = node.pair
        if seed is not None:
            _start(handle, seed, seed2)


def _identity(name: str, pair: Any, graph: Any) -> str:
    """The function with its arguments' dtypes and shapes, the op, and its seeds."""
    path = []
    while graph is not None:
        arguments = ", ".join(f"{t.dtype.name}{t.shape}" for t in graph.inputs)
        path.append(f"{graph.name}({arguments})")
        graph = graph.outer
    return f"{' in '.join(path)}: {name} {pair}"


def _start_node(handle: Handle, name: str, pair: Any) -> np.ndarray:
    """Sets a new node's counter to its start, or to what a checkpoint has for it; its key."""
    key, identity = _start(handle, *pair), _identity(name, pair, state.graph)
    waiting = _waiting.get(identity)
    if waiting:
        words, counter = waiting.pop(0)
        key = np.array(words, np.uint32)
        handle.value = host_tensor(np.array(counter, np.uint32))
    _node_states[handle] = _Node(pair, key, identity)
    return key


def snapshot_nodes() -> list[list[Any]]:
    """Identity, key and counter of every random op in a graph, as JSON can hold them."""
    return [
        [node.identity, node.key.tolist(), handle.value.host_array().tolist()]
        for handle, node in list(_node_states.items())
    ] + [[identity, *words] for identity, waiting in _waiting.items() for words in waiting]


def restore_nodes(kept: list[list[Any]]) -> None:
    """Sets what `snapshot_nodes` gave; ops of functions that are traced later get it then."""
    _waiting.clear()
    for identity, key, counter in kept:
        _waiting.setdefault(identity, []).append((key, counter))
    for handle, node in list(_node_states.items()):
        waiting = _waiting.get(node.identity)
        # The key of an op without seeds is a constant of its program, and cannot be set any more.
        if not waiting:
            continue
        key, counter = waiting.pop(0)
        if key == node.key.tolist():
            handle.value = host_tensor(np.array(counter, np.uint32))


seed_rules.on_set_seed(_restart_nodes)


def next_seed_pair(seed: Any) -> tuple[int, int] | tuple[None, None]:
    """The pair of seeds for an op made now; the sequence of operation seeds moves on."""
    deterministic = settings.deterministic
    graph = state.graph
    if graph is None:
        return seed_rules.get_seed(seed, deterministic=deterministic)
    if "random_seed" not in graph.extras:
        graph.extras["random_seed"] = seed_rules.global_seed()
        graph.extras["random_ops"] = 0

    def count() -> int:
        number = graph.extras["random_ops"]
        graph.extras["random_ops"] = number + 1
        return int(number)

    return seed_rules.get_seed(
        seed,
        graph_next_id=count,
        graph_seed=graph.extras["random_seed"],
        deterministic=deterministic,
    )


def _state_for(name: str, identity: Any, seed: Any, sizes: Any, rule: str) -> tuple[Any, Any]:
    """Key and counter for one op; the state moves on."""
    pair = next_seed_pair(seed)
    if state.graph is None:
        blocks = _RULES[rule](sizes.host_array())
        key, counter = seed_rules.EAGER_KERNEL_STATES.reserve(
            (name, identity), pair[0], pair[1], blocks
        )
        return host_tensor(key), host_tensor(counter)
    handle = Handle(name, uint32, TensorShape([4]), trainable=False)
    key = _start_node(handle, name, pair)
    counter = apply(_reserve, (sizes,), (("handle", handle), ("rule", rule)))
    return host_tensor(key), counter


def _draw(
    op_name: str, kernel: Any, shape: Any, dtype: DType, seed: Any, extra: tuple[Any, ...] = ()
) -> Any:
    sizes = kernels.shape_tensor(shape)
    identity = (dtype.name, sizes.dtype.name)
    key, counter = _state_for(op_name, identity, seed, sizes, "outputs")
    return apply(kernel, (key, counter, sizes, *extra), (("dtype", dtype),))


def _scaled(values: Any, scale: Any, offset: Any, dtype: DType) -> Any:
    result = add(multiply(values, convert(scale, dtype)), convert(offset, dtype))
    return kernels.with_shape_of(result, values)


@export("random.normal")
def normal(
    shape: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = float32,
    seed: int | None = None,
    name: str | None = None,
) -> Any:
    """Values of a normal distribution, TensorFlow's own for the same seeds.

    Args:
      shape: 1-D integer tensor or list: the shape of the result.
      mean: Tensor of `dtype`, broadcastable to `shape`.
      stddev: Tensor of `dtype`, broadcastable to `shape`.
      dtype: float16, bfloat16, float32 or float64.
      seed: Python int; see `tf.random.set_seed`.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `shape` and `dtype`. Gradients flow to `mean` and `stddev`.

    >>> tf.random.set_seed(1)
    >>> tf.random.normal([2]).numpy()
    array([-1.1012203,  1.5457517], dtype=float32)
    """
    kind = kernels.check_floating(as_dtype(dtype), "tf.random.normal")
    values = _draw("RandomStandardNormal", kernels.normal_op, shape, kind, seed)
    return _scaled(values, stddev, mean, kind)


@export("random.truncated_normal")
def truncated_normal(
    shape: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = float32,
    seed: int | None = None,
    name: str | None = None,
) -> Any:
    """Normal values, those beyond two standard deviations drawn again.

    Args are those of `tf.random.normal`.

    >>> float(tf.reduce_max(tf.abs(tf.random.truncated_normal([100], seed=1)))) <= 2.0
    True
    """
    kind = kernels.check_floating(as_dtype(dtype), "tf.random.truncated_normal")
    values = _draw("TruncatedNormal", kernels.truncated_normal_op, shape, kind, seed)
    return _scaled(values, stddev, mean, kind)


@export("random.uniform")
def uniform(
    shape: Any,
    minval: Any = 0,
    maxval: Any = None,
    dtype: Any = float32,
    seed: int | None = None,
    name: str | None = None,
) -> Any:
    """Values of a uniform distribution on `[minval, maxval)`.

    Args:
      shape: 1-D integer tensor or list: the shape of the result.
      minval: Lower bound, included; Python number or tensor of `dtype`.
      maxval: Upper bound, excluded; 1 for floating dtypes, required for integers.
      dtype: float16, bfloat16, float32, float64, int32 or int64.
      seed: Python int; see `tf.random.set_seed`.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `shape` and `dtype`.
    Raises:
      ValueError: an integer dtype without `maxval`, or a dtype that is not accepted.
      InvalidArgumentError: an empty integer range.

    >>> tf.random.set_seed(1)
    >>> tf.random.uniform([2]).numpy()
    array([0.16513085, 0.9014813 ], dtype=float32)
    """
    kind = as_dtype(dtype)
    if kind in (int32, int64):
        if maxval is None:
            raise ValueError("Must specify maxval for integer dtype " + kind.name)
        low, high = convert(minval, kind), convert(maxval, kind)
        return _draw("RandomUniformInt", kernels.uniform_int_op, shape, kind, seed, (low, high))
    if not kind.is_floating:
        raise ValueError(
            f"tf.random.uniform: dtype must be floating, int32 or int64, got {kind.name}"
        )
    values = _draw("RandomUniform", kernels.uniform_op, shape, kind, seed)
    if maxval is None:
        maxval = 1
    low, high = convert(minval, kind), convert(maxval, kind)
    return kernels.with_shape_of(add(multiply(values, subtract(high, low)), low), values)


@export("random.shuffle")
def shuffle(value: Any, seed: int | None = None, name: str | None = None) -> Any:
    """`value` with its rows in random order.

    Args:
      value: Tensor.
      seed: Python int; see `tf.random.set_seed`.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of the same shape and dtype.

    >>> sorted(tf.random.shuffle([3, 1, 2], seed=1).numpy().tolist())
    [1, 2, 3]
    """
    tensor = convert(value)
    if tensor.shape.rank == 0:
        return tensor
    key, counter = _state_for("RandomShuffle", tensor.dtype.name, seed, shape_of(tensor), "shuffle")
    return apply(kernels.shuffle_op, (key, counter, tensor), (), name)


@export("random.categorical")
def categorical(
    logits: Any,
    num_samples: Any,
    dtype: Any = None,
    seed: int | None = None,
    name: str | None = None,
) -> Any:
    """Class numbers drawn by unnormalised log probabilities.

    Args:
      logits: Floating tensor of shape `[batch, classes]`.
      num_samples: Int or scalar tensor: draws per row.
      dtype: int32 or int64 (default).
      seed: Python int; see `tf.random.set_seed`.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of shape `[batch, num_samples]`.

    >>> tf.random.categorical(tf.math.log([[0.0, 1.0]]), 3, seed=1).numpy()
    array([[1, 1, 1]])
    """
    kind = int64 if dtype is None else as_dtype(dtype)
    tensor, count = convert(logits), convert(num_samples, int32)
    sizes = stack([shape_of(tensor)[0], count])
    key, counter = _state_for(
        "Multinomial", (tensor.dtype.name, kind.name), seed, sizes, "categorical"
    )
    return apply(kernels.categorical_op, (key, counter, tensor, count), (("dtype", kind),), name)


@export("random.gamma")
def gamma(
    shape: Any,
    alpha: Any,
    beta: Any = None,
    dtype: Any = float32,
    seed: int | None = None,
    name: str | None = None,
) -> Any:
    """Values of Gamma distributions; gradients flow to `alpha` and `beta`.

    Args:
      shape: 1-D integer tensor or list: draws per pair of parameters.
      alpha: Tensor of `dtype`, the shape parameter.
      beta: Tensor of `dtype`, the rate; default 1.
      dtype: float16, float32 or float64.
      seed: Python int; see `tf.random.set_seed`.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of shape `shape + shape(alpha + beta)`.

    >>> tf.random.gamma([3], alpha=[1.0, 2.0], seed=1).shape
    TensorShape([3, 2])
    """
    kind = as_dtype(dtype)
    rate = convert(1.0 if beta is None else beta, kind)
    alphas = add(convert(alpha, kind), multiply(rate, convert(0.0, kind)))
    sizes, values = _per_parameter("RandomGamma", kernels.gamma_op, shape, alphas, seed, ())
    drawn = reshape(values, concat([sizes, shape_of(alphas)], 0))
    tiny = convert(float(np.finfo(kind.np_dtype).tiny), kind)
    return maximum(tiny, divide(drawn, rate))


@export("random.poisson")
def poisson(
    shape: Any, lam: Any, dtype: Any = float32, seed: int | None = None, name: str | None = None
) -> Any:
    """Values of Poisson distributions.

    Args:
      shape: 1-D integer tensor or list: draws per rate.
      lam: Tensor of float16, float32, float64, int32 or int64: the rates.
      dtype: Dtype of the result.
      seed: Python int; see `tf.random.set_seed`.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of shape `shape + shape(lam)`.

    >>> tf.random.poisson([3], lam=[1.0, 2.0], seed=1).shape
    TensorShape([3, 2])
    """
    kind, rates = as_dtype(dtype), convert(lam)
    sizes, values = _per_parameter(
        "RandomPoissonV2", kernels.poisson_op, shape, rates, seed, (("dtype", kind),)
    )
    return reshape(values, concat([sizes, shape_of(rates)], 0))


def _per_parameter(
    name: str, kernel: Any, shape: Any, parameter: Any, seed: Any, attrs: Any
) -> tuple[Any, Any]:
    sizes = cast(kernels.shape_tensor(shape), int32)
    total = concat([sizes, shape_of(parameter)], 0)
    identity = (parameter.dtype.name, str(attrs))
    key, counter = _state_for(name, identity, seed, total, "outputs")
    count = reduce_prod(sizes)
    return sizes, apply(kernel, (key, counter, parameter, count), attrs)


@export("random.set_seed")
def set_seed(seed: Any) -> None:
    """Sets the global seed; every random op's sequence starts again.

    Args:
      seed: Integer, or None for none.

    >>> tf.random.set_seed(7)
    >>> a = tf.random.uniform([2]); tf.random.set_seed(7); b = tf.random.uniform([2])
    >>> bool(tf.reduce_all(a == b))
    True
    """
    seed_rules.set_seed(seed)
