"""Stateless random functions: `tf.random.stateless_normal` and friends, `split`, `fold_in`.

A seed of two integers is turned into a Philox key and counter; the same seed gives the same
numbers, TensorFlow's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from deras._src import errors
from deras._src.core.dtypes import (
    INDEX,
    DType,
    as_dtype,
    float16,
    float32,
    float64,
    int32,
    int64,
    uint32,
    uint64,
)
from deras._src.core.tensor_shape import TensorShape
from deras._src.dispatch.apply import apply
from deras._src.dispatch.convert import convert
from deras._src.graph.checks import require
from deras._src.ops import generator_state, philox, philox_rejection
from deras._src.ops import random_kernels as kernels
from deras._src.ops.array_constant import constant
from deras._src.ops.array_join import concat, stack
from deras._src.ops.array_shape import broadcast_dynamic_shape, broadcast_to
from deras._src.ops.array_shape import shape as shape_of
from deras._src.ops.generator_state import Algorithm
from deras._src.ops.math_binary import add, maximum, multiply, subtract
from deras._src.ops.math_cast import cast
from deras._src.ops.math_division import divide
from deras._src.registry import NONE, TypeVar, op
from deras._src.util.export import export

_STATE = frozenset({uint32, uint64})
_REJECTION = frozenset({float16, float32, float64})  # TensorFlow has no bfloat16 here
_COUNTS = frozenset({*_REJECTION, int32, int64})
BINOMIAL_OUTPUTS = _COUNTS
_BINOMIAL = TypeVar("T", _REJECTION)
_TRUNCATED = TypeVar("dtype", _REJECTION)
_SHUFFLED = TypeVar("dtype", frozenset({int32, int64, uint32, uint64}))


def key_counter(seed: Any, alg: Any, label: str) -> tuple[Any, Any]:
    """Key and counter of a seed, as the ops take them."""
    number = int(Algorithm.AUTO_SELECT) if alg is None else generator_state.algorithm_number(alg)
    if number == Algorithm.THREEFRY:
        raise errors.op_error(
            errors.InvalidArgumentError,
            label,
            "the ThreeFry algorithm is not supported.",
            hint="use alg='philox' or alg='auto_select'.",
        )
    generator_state.runnable_algorithm(number, label)
    tensor = convert(seed)
    if number == Algorithm.PHILOX and tensor.dtype not in INDEX:
        tensor = cast(tensor, int64)
    return apply(kernels.key_counter_op, (tensor,))  # type: ignore[no-any-return]


def _sample_of(shape: Any, parameters: Any) -> int:
    """How many draws `shape` asks for each element of the parameters, with which it must end."""
    sizes = kernels.dims(shape)
    lead = len(sizes) - len(parameters)
    if lead < 0 or sizes[lead:] != tuple(parameters):
        raise ValueError(
            f"shape {list(sizes)} must end with the broadcast shape of the parameters, "
            f"{list(parameters)}"
        )
    return int(np.prod(sizes[:lead], dtype=np.int64))


def _shape_of(inputs: Sequence[Any], attrs: Any) -> Any:
    return [(attrs.get("dtype") or inputs[3].dtype, kernels.partial_shape(inputs[2]))]


# -- Uniform and normal -----------------------------------------------------------------------


def check_integer_bounds(minval: Any, maxval: Any, dtype: DType, label: str) -> None:
    """ValueError unless both bounds are given or neither."""
    if (minval is None) != (maxval is None):
        raise errors.op_error(
            ValueError,
            label,
            f"minval and maxval must be both None or both given where dtype is {dtype.name}, "
            f"got minval={minval} and maxval={maxval}",
        )


@export("random.stateless_uniform")
def stateless_uniform(
    shape: Any,
    seed: Any,
    minval: Any = 0,
    maxval: Any = None,
    dtype: Any = float32,
    name: str | None = None,
    alg: Any = "auto_select",
) -> Any:
    """Values of a uniform distribution on `[minval, maxval)`, a function of the seed alone.

    Args:
      shape: 1-D integer tensor or list: the shape of the result.
      seed: Integer tensor of shape [2].
      minval: Lower bound, included. Scalar for integers; for floating dtypes broadcastable to
        `shape`. None, together with `maxval`, for all values of an integer dtype alike.
      maxval: Upper bound, excluded; 1 for floating dtypes.
      dtype: float16, bfloat16, float32, float64, int32 or int64; without bounds also uint32 and
        uint64.
      name: Optional name of the node in graphs.
      alg: "philox" or "auto_select", which is the same here.
    Returns:
      Tensor of `shape` and `dtype`.
    Raises:
      ValueError: the dtype is not accepted, or only one bound of an integer range is given.
      InvalidArgumentError: an empty integer range, or the ThreeFry algorithm.

    >>> tf.random.stateless_uniform([2], seed=[1, 2]).numpy()
    array([0.8440604 , 0.19204533], dtype=float32)
    >>> tf.random.stateless_uniform([2], [1, 2], None, None, tf.int32).numpy()
    array([1105988140, 1738052849], dtype=int32)
    """
    label = "random.stateless_uniform"
    kind = as_dtype(dtype)
    if kind.name not in philox.FLOATING | philox.INTEGERS:
        raise errors.op_error(
            ValueError,
            label,
            "dtype must be float16, bfloat16, float32, float64, int32, int64, uint32 or uint64, "
            f"got {kind.name}",
        )
    sizes = kernels.shape_tensor(shape)
    attrs = (("dtype", kind),)
    if kind.is_integer:
        check_integer_bounds(minval, maxval, kind, label)
        if minval is None:
            return apply(kernels.full_int_op, (*key_counter(seed, alg, label), sizes), attrs, name)
        if kind in (uint32, uint64):
            raise errors.op_error(
                ValueError, label, f"minval and maxval must be None where dtype is {kind.name}"
            )
        low, high = convert(minval, kind), convert(maxval, kind)
        inputs = (*key_counter(seed, alg, label), sizes, low, high)
        return apply(kernels.uniform_int_op, inputs, attrs, name)
    low, high = convert(minval, kind), convert(1 if maxval is None else maxval, kind)
    drawn = apply(kernels.uniform_op, (*key_counter(seed, alg, label), sizes), attrs)
    result = add(multiply(drawn, subtract(high, low)), low, name)
    return kernels.with_shape_of(result, drawn)


def _normal(
    kernel: Any,
    label: str,
    shape: Any,
    seed: Any,
    mean: Any,
    stddev: Any,
    dtype: Any,
    name: str | None,
    alg: Any,
) -> Any:
    kind = as_dtype(dtype)
    center, scale = convert(mean, kind), convert(stddev, kind)
    kernels.check_floating(kind, label)
    inputs = (*key_counter(seed, alg, label), kernels.shape_tensor(shape))
    drawn = apply(kernel, inputs, (("dtype", kind),))
    return kernels.with_shape_of(add(multiply(drawn, scale), center, name), drawn)


@export("random.stateless_normal")
def stateless_normal(
    shape: Any,
    seed: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = float32,
    name: str | None = None,
    alg: Any = "auto_select",
) -> Any:
    """Values of a normal distribution, a function of the seed alone.

    Args:
      shape: 1-D integer tensor or list: the shape of the result.
      seed: Integer tensor of shape [2].
      mean: Tensor of `dtype`, broadcastable to `shape`.
      stddev: Tensor of `dtype`, broadcastable to `shape`.
      dtype: float16, bfloat16, float32 or float64.
      name: Optional name of the node in graphs.
      alg: "philox" or "auto_select", which is the same here.
    Returns:
      Tensor of `shape` and `dtype`. Gradients flow to `mean` and `stddev`.
    Raises:
      InvalidArgumentError: `seed` is not of shape [2], or the ThreeFry algorithm.

    >>> tf.random.stateless_normal([2], seed=[1, 2]).numpy()
    array([0.5441101 , 0.20738031], dtype=float32)
    """
    label = "random.stateless_normal"
    return _normal(kernels.normal_op, label, shape, seed, mean, stddev, dtype, name, alg)


@export("random.stateless_truncated_normal")
def stateless_truncated_normal(
    shape: Any,
    seed: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = float32,
    name: str | None = None,
    alg: Any = "auto_select",
) -> Any:
    """Normal values within two standard deviations, a function of the seed alone.

    Args, Returns and Raises are those of `tf.random.stateless_normal`.

    >>> float(tf.reduce_max(tf.abs(tf.random.stateless_truncated_normal([100], [1, 2])))) <= 2.0
    True
    """
    label = "random.stateless_truncated_normal"
    return _normal(kernels.truncated_normal_op, label, shape, seed, mean, stddev, dtype, name, alg)


# -- Categories, shuffles ---------------------------------------------------------------------


@export("random.stateless_categorical")
def stateless_categorical(
    logits: Any, num_samples: Any, seed: Any, dtype: Any = int64, name: str | None = None
) -> Any:
    """Class numbers drawn by unnormalised log probabilities, a function of the seed alone.

    Args:
      logits: Floating tensor of shape `[batch, classes]`.
      num_samples: Int or scalar tensor: draws per row.
      seed: Integer tensor of shape [2].
      dtype: int32 or int64.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of shape `[batch, num_samples]`.
    Raises:
      ValueError: the dtype is not accepted.
      InvalidArgumentError: `logits` is no matrix or has no classes.

    >>> tf.random.stateless_categorical(tf.math.log([[0.0, 1.0]]), 3, seed=[1, 2]).numpy()
    array([[1, 1, 1]])
    """
    label = "random.stateless_categorical"
    tensor = convert(logits)
    kind = as_dtype(dtype) if dtype else int64
    if kind not in (int32, int64):
        raise errors.op_error(ValueError, label, f"dtype must be int32 or int64, got {kind.name}")
    inputs = (*key_counter(seed, None, label), tensor, convert(num_samples, int32))
    return apply(kernels.categorical_op, inputs, (("dtype", kind),), name)


@export("random.experimental.stateless_shuffle")
def stateless_shuffle(
    value: Any, seed: Any, alg: Any = "auto_select", name: str | None = None
) -> Any:
    """`value` with its rows in an order that is a function of the seed alone.

    Args:
      value: Tensor.
      seed: Integer tensor of shape [2].
      alg: "philox" or "auto_select", which is the same here.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of the same shape and dtype. Gradients are put back in order; TensorFlow refuses them.

    >>> tf.random.experimental.stateless_shuffle(tf.range(8), seed=[1, 2]).numpy()
    array([4, 2, 1, 7, 3, 6, 0, 5], dtype=int32)
    """
    label = "random.experimental.stateless_shuffle"
    tensor = convert(value)
    return apply(kernels.shuffle_op, (*key_counter(seed, alg, label), tensor), (), name)


def _index_shape(inputs: Sequence[Any], attrs: Any) -> Any:
    index, seed, limit = inputs
    ranks = (index.shape.rank, seed.shape.rank, limit.shape.rank)
    if ranks == (0, 1, 0):
        return [(index.dtype, TensorShape([]))]
    if None in ranks and 1 not in (ranks[0], ranks[2]):
        return [(index.dtype, TensorShape(None))]
    lengths = {
        int(tensor.shape[0])
        for tensor, rank in ((index, 1), (seed, 2), (limit, 1))
        if tensor.shape.rank == rank and tensor.shape[0] not in (None, 1)
    }
    known = all(t.shape.is_fully_defined() for t in inputs)
    size = max(lengths) if lengths else (1 if known else None)
    return [(index.dtype, TensorShape([size]))]


@op(
    "RandomIndexShuffle",
    dtypes={
        "index": _SHUFFLED,
        "seed": frozenset({int32, int64, uint32, uint64}),
        "max_index": _SHUFFLED,
    },
    gradient=NONE,
    shape=_index_shape,
    api_name="random.experimental.index_shuffle",
)
def _index_shuffle(index, seed, max_index):
    rows = [
        value.shape[0]
        for value, rank in ((index, 1), (seed, 2), (max_index, 1))
        if value.ndim == rank
    ]
    count = max(rows, default=1)
    if index.ndim > 1 or max_index.ndim > 1 or any(n not in (1, count) for n in rows):
        raise ValueError(
            "index and max_index must be scalars or vectors of one length, got shapes "
            f"{list(index.shape)} and {list(max_index.shape)}"
        )
    if seed.ndim not in (1, 2) or seed.shape[-1] != 3:
        raise ValueError(
            f"seed must have shape [2] or [{count}, 2], got a last dimension of "
            f"{seed.shape[-1] - 1 if seed.ndim else 0} and rank {seed.ndim}"
        )
    signed = jnp.issubdtype(index.dtype, jnp.signedinteger)
    zero = index.dtype.type(0)
    invalid = errors.InvalidArgumentError
    if signed:
        require(jnp.all(index >= zero), invalid, "index must be >= 0")
        require(jnp.all(max_index >= zero), invalid, "max_index must be >= 0")
    require(jnp.all(max_index >= index), invalid, "max_index must be >= index")
    return philox.index_shuffle(index, seed, max_index).astype(index.dtype)


@export("random.experimental.index_shuffle")
def index_shuffle(index: Any, seed: Any, max_index: Any) -> Any:
    """Where an index goes in a random permutation of `0 .. max_index`, without a table.

    Args:
      index: Integer scalar or vector; int32, int64, uint32 or uint64.
      seed: Integer tensor of shape [2], or [n, 2] for one seed per index.
      max_index: Scalar or vector of the dtype of `index`: the largest index.
    Returns:
      Tensor of the dtype of `index`.
    Raises:
      InvalidArgumentError: an index is negative or above `max_index`.
    Source: Beaulieu et al., "The Simon and Speck families of lightweight block ciphers", 2013.

    >>> tf.random.experimental.index_shuffle(3, seed=[1, 2], max_index=9).numpy()
    np.int32(4)
    """
    pair = convert(seed)
    if pair.shape.rank == 2:
        # TensorFlow pads such a seed along the wrong axis and then refuses it.
        pad = constant(philox.INDEX_SHUFFLE_SEED_PAD, pair.dtype)
        first = broadcast_to(pad, [shape_of(pair)[0], 1])
    else:
        first = constant([philox.INDEX_SHUFFLE_SEED_PAD], pair.dtype)
    if pair.shape.rank == 0:
        pair = constant([], pair.dtype)
    return apply(_index_shuffle, (index, concat([first, pair], -1), max_index))


# -- Distributions with parameters ------------------------------------------------------------


@op(
    "StatelessRandomBinomial",
    dtypes={
        "key": _STATE,
        "counter": _STATE,
        "shape": INDEX,
        "counts": _BINOMIAL,
        "probs": _BINOMIAL,
    },
    host_args=("shape",),
    gradient=NONE,
    shape=_shape_of,
    api_name="random.binomial",
)
def binomial_op(key, counter, shape, counts, probs, *, dtype):
    if dtype not in BINOMIAL_OUTPUTS:
        raise ValueError(
            f"dtype must be float16, float32, float64, int32 or int64, got {dtype.name}"
        )
    _sample_of(shape, np.broadcast_shapes(counts.shape, probs.shape))
    return philox_rejection.binomial(
        key, counter, kernels.dims(shape), counts, probs, dtype.np_dtype
    )


@export("random.stateless_binomial")
def stateless_binomial(
    shape: Any,
    seed: Any,
    counts: Any,
    probs: Any,
    output_dtype: Any = int32,
    name: str | None = None,
) -> Any:
    """Numbers of successes, a function of the seed alone.

    Args:
      shape: 1-D integer tensor or list: the shape of the result; ends with the broadcast shape of
        `counts` and `probs`.
      seed: Integer tensor of shape [2].
      counts: Numbers of trials: float16, float32 or float64.
      probs: Probabilities of success, of the same dtype.
      output_dtype: float16, float32, float64, int32 or int64.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `shape` and `output_dtype`.
    Raises:
      InvalidArgumentError: `shape` does not fit the parameters.
    Source: Hörmann, "The generation of binomial random variates", 1993.

    >>> tf.random.stateless_binomial([2], [1, 2], counts=[10.0, 20.0], probs=[0.5, 0.5]).numpy()
    array([6, 7], dtype=int32)
    """
    probabilities = _hinted(probs, float32)
    trials = _hinted(counts, probabilities.dtype)
    key, counter = key_counter(seed, None, "random.stateless_binomial")
    inputs = (key, counter, kernels.shape_tensor(shape), trials, probabilities)
    return apply(binomial_op, inputs, (("dtype", as_dtype(output_dtype)),), name)


def _hinted(value: Any, dtype: DType) -> Any:
    """A tensor of the hinted dtype where the value is of Python or NumPy, and can be."""
    if hasattr(value, "dtype"):
        return convert(value)
    try:
        return convert(value, dtype)
    except (TypeError, ValueError):
        return convert(value)


def _gamma_gradient(record: Any, grad: Any) -> Any:
    # Implicit reparameterisation: Figurnov, Mohamed, Mnih, 2018.
    alpha = record.inputs[3]
    found = apply(kernels.gamma_alpha_grad_op, (alpha, record.outputs[0], grad))
    return None, None, None, found


@op(
    "StatelessRandomGammaV3",
    dtypes={"key": _STATE, "counter": _STATE, "shape": INDEX, "alpha": _REJECTION},
    host_args=("shape",),
    gradient=_gamma_gradient,
    shape=_shape_of,
    api_name="random.stateless_gamma",
)
def _gamma(key, counter, shape, alpha):
    count = _sample_of(shape, alpha.shape)
    return philox_rejection.gamma(key, counter, alpha, count).reshape(kernels.dims(shape))


@export("random.stateless_gamma")
def stateless_gamma(
    shape: Any,
    seed: Any,
    alpha: Any,
    beta: Any = None,
    dtype: Any = float32,
    name: str | None = None,
) -> Any:
    """Values of Gamma distributions, a function of the seed alone.

    Args:
      shape: 1-D integer tensor or list: the shape of the result; ends with the broadcast shape of
        `alpha` and `beta`.
      seed: Integer tensor of shape [2].
      alpha: Tensor of `dtype`, the shape parameter.
      beta: Tensor of `dtype`, the rate; default 1.
      dtype: float16, float32 or float64.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `shape` and `dtype`. Gradients flow to `alpha` and `beta`.
    Raises:
      InvalidArgumentError: `shape` does not fit the parameters.
    Source: Marsaglia, Tsang, "A simple method for generating gamma variables", 2000.

    >>> tf.random.stateless_gamma([3, 2], seed=[1, 2], alpha=[1.0, 2.0]).shape
    TensorShape([3, 2])
    """
    kind = as_dtype(dtype)
    sizes = kernels.shape_tensor(shape)
    alphas, rate = convert(alpha, kind), convert(1 if beta is None else beta, kind)
    wide = broadcast_to(alphas, broadcast_dynamic_shape(shape_of(alphas), shape_of(rate)))
    key, counter = key_counter(seed, None, "random.stateless_gamma")
    drawn = apply(_gamma, (key, counter, sizes, wide))
    tiny = convert(float(np.finfo(kind.np_dtype).tiny), kind)
    return kernels.with_shape_of(maximum(tiny, divide(drawn, rate), name), drawn)


@op(
    "StatelessRandomPoisson",
    dtypes={"key": _STATE, "counter": _STATE, "shape": INDEX, "lam": _COUNTS},
    host_args=("shape",),
    gradient=NONE,
    shape=_shape_of,
    api_name="random.stateless_poisson",
)
def _poisson(key, counter, shape, lam, *, dtype):
    if dtype not in _COUNTS:
        raise ValueError(
            f"dtype must be float16, float32, float64, int32 or int64, got {dtype.name}"
        )
    count = _sample_of(shape, lam.shape)
    drawn = philox_rejection.poisson(key, counter, lam, count, dtype.np_dtype)
    return drawn.reshape(kernels.dims(shape))


@export("random.stateless_poisson")
def stateless_poisson(
    shape: Any, seed: Any, lam: Any, dtype: Any = int32, name: str | None = None
) -> Any:
    """Values of Poisson distributions, a function of the seed alone.

    Args:
      shape: 1-D integer tensor or list: the shape of the result; ends with the shape of `lam`.
      seed: Integer tensor of shape [2].
      lam: Tensor of float16, float32, float64, int32 or int64: the rates.
      dtype: float16, float32, float64, int32 or int64.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `shape` and `dtype`.
    Raises:
      InvalidArgumentError: `shape` does not end with that of `lam`.
    Source: Hörmann, "The transformed rejection method for generating Poisson random variables",
    1993.

    >>> tf.random.stateless_poisson([2], seed=[1, 2], lam=[1.0, 2.0]).numpy()
    array([3, 4], dtype=int32)
    """
    key, counter = key_counter(seed, None, "random.stateless_poisson")
    inputs = (key, counter, kernels.shape_tensor(shape), convert(lam))
    return apply(_poisson, inputs, (("dtype", as_dtype(dtype)),), name)


@op(
    "StatelessParameterizedTruncatedNormal",
    dtypes={
        "key": _STATE,
        "counter": _STATE,
        "shape": INDEX,
        "means": _TRUNCATED,
        "stddevs": _TRUNCATED,
        "minvals": _TRUNCATED,
        "maxvals": _TRUNCATED,
    },
    host_args=("shape",),
    gradient=NONE,
    shape=_shape_of,
    api_name="random.stateless_parameterized_truncated_normal",
)
def _parameterized_truncated_normal(key, counter, shape, means, stddevs, minvals, maxvals):
    params = (means, stddevs, minvals, maxvals)
    _sample_of(shape, np.broadcast_shapes(*(p.shape for p in params)))
    bounded = jnp.isfinite(minvals) | jnp.isfinite(maxvals)
    require(
        jnp.all((stddevs > stddevs.dtype.type(0)) & (minvals < maxvals) & bounded),
        errors.InvalidArgumentError,
        "need stddevs > 0, minvals < maxvals, and a finite bound",
    )
    return philox_rejection.parameterized_truncated_normal(
        key, counter, kernels.dims(shape), *params
    )


@export("random.stateless_parameterized_truncated_normal")
def stateless_parameterized_truncated_normal(
    shape: Any,
    seed: Any,
    means: Any = 0.0,
    stddevs: Any = 1.0,
    minvals: Any = -2.0,
    maxvals: Any = 2.0,
    name: str | None = None,
) -> Any:
    """Normal values within given bounds, a function of the seed alone.

    TensorFlow's numbers for large results depend on how many threads it has; these are the
    numbers of one thread.

    Args:
      shape: 1-D integer tensor or list: the shape of the result; ends with the broadcast shape of
        the parameters.
      seed: Integer tensor of shape [2].
      means, stddevs: float16, float32 or float64: of the distribution before it is cut.
      minvals, maxvals: Bounds, of the same dtype; one of the two may be infinite.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `shape` and the dtype of the parameters.
    Raises:
      InvalidArgumentError: `shape` does not fit the parameters, or they are out of range.
    Source: Robert, "Simulation of truncated normal variables", 1995.

    >>> x = tf.random.stateless_parameterized_truncated_normal([9], [1, 2], minvals=1.0)
    >>> bool(tf.reduce_all((x >= 1.0) & (x <= 2.0)))
    True
    """
    label = "random.stateless_parameterized_truncated_normal"
    inputs = (kernels.shape_tensor(shape), *map(convert, (means, stddevs, minvals, maxvals)))
    return apply(
        _parameterized_truncated_normal, (*key_counter(seed, None, label), *inputs), (), name
    )


# -- New seeds --------------------------------------------------------------------------------


@export("random.split", "random.experimental.stateless_split")
def split(seed: Any, num: Any = 2, alg: Any = "auto_select") -> Any:
    """New seeds from one.

    Args:
      seed: Integer tensor of shape [2]; int32 or int64.
      num: Int or scalar tensor: how many.
      alg: "philox" or "auto_select", which is the same here.
    Returns:
      Tensor of shape [num, 2] and the dtype of `seed`.

    >>> tf.random.split([1, 2], num=3).numpy()
    array([[1105988140, 1738052849],
           [-335576002,  370444179],
           [  10670227, -246211131]], dtype=int32)
    """
    tensor = convert(seed)
    return stateless_uniform([num, 2], tensor, None, None, tensor.dtype, alg=alg)


@export("random.fold_in", "random.experimental.stateless_fold_in")
def fold_in(seed: Any, data: Any, alg: Any = "auto_select") -> Any:
    """A new seed from a seed and a number, such as that of a step or a replica.

    Args:
      seed: Integer tensor of shape [2].
      data: Integer scalar: int32, int64, uint32 or uint64.
      alg: "philox" or "auto_select", which is the same here.
    Returns:
      Tensor of shape [2] and the dtype of `data`.

    >>> tf.random.fold_in([1, 2], 3).numpy()
    array([1105988140,          3], dtype=int32)
    """
    tensor = convert(data)
    drawn = stateless_uniform([], seed, None, None, tensor.dtype, alg=alg)
    return stack([drawn, tensor])
