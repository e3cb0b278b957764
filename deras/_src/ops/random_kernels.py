"""Random ops with explicit state: a key and a counter go in, numbers come out.

The stateful functions (`state/random_stateful.py`), the stateless ones (`ops/random_stateless.py`)
and `tf.random.Generator` all draw through these ops.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
from jax import lax

from deras._src import errors
from deras._src.core.dtypes import FLOATING, INDEX, REAL, UNSIGNED_INTEGER, DType, int32, uint32
from deras._src.core.dtypes import uint64
from deras._src.core.tensor_shape import TensorShape
from deras._src.dispatch.apply import apply
from deras._src.graph.checks import require
from deras._src.graph.shape_inference import known_value
from deras._src.ops import philox, philox_rejection
from deras._src.registry import NONE, OpDef, TypeVar, op

_STATE = frozenset({uint32, uint64}) & UNSIGNED_INTEGER
_INTS = TypeVar("Tint", REAL)


def partial_shape(tensor: Any) -> TensorShape:
    """The shape that a 1-D integer tensor of sizes stands for, as far as it is known."""
    value = known_value(tensor)
    if value is not None:
        return TensorShape([int(d) for d in value.reshape(-1)])
    probes = getattr(tensor, "probes", None)
    if probes is not None and probes[0].value is not None and probes[1].value is not None:
        pairs = zip(probes[0].value.reshape(-1), probes[1].value.reshape(-1), strict=True)
        return TensorShape([int(a) if a == b else None for a, b in pairs])
    rank = tensor.shape[0] if tensor.shape.rank == 1 else None
    return TensorShape(None) if rank is None else TensorShape([None] * int(rank))


def dims(shape: Any) -> tuple[int, ...]:
    """The sizes in a host array; InvalidArgumentError where one is negative."""
    sizes = tuple(int(d) for d in shape.reshape(-1))
    if any(d < 0 for d in sizes):
        raise ValueError(f"shape {list(sizes)} must be non-negative")
    return sizes


def _shape_of(inputs: Sequence[Any], attrs: Any) -> Any:
    return [(attrs["dtype"], partial_shape(inputs[2]))]


def _sampler(name: str, label: str, kernel: Any) -> OpDef:
    """An op drawing `shape` values of `dtype`."""

    @op(
        name,
        dtypes={"key": _STATE, "counter": _STATE, "shape": INDEX},
        host_args=("shape",),
        gradient=NONE,
        shape=_shape_of,
        api_name=label,
    )
    def lowering(key, counter, shape, *, dtype):
        return kernel(key, counter, dims(shape), dtype.np_dtype)

    return lowering


uniform_op = _sampler("StatelessRandomUniformV2", "random.uniform", philox.uniform)
normal_op = _sampler("StatelessRandomNormalV2", "random.normal", philox.normal)
truncated_normal_op = _sampler(
    "StatelessTruncatedNormalV2", "random.truncated_normal", philox.truncated_normal
)
full_int_op = _sampler(
    "StatelessRandomUniformFullIntV2", "random.uniform", philox.uniform_full_int
)


@op(
    "StatelessRandomUniformIntV2",
    dtypes={
        "key": _STATE,
        "counter": _STATE,
        "shape": INDEX,
        "minval": _INTS,
        "maxval": _INTS,
    },
    host_args=("shape",),
    gradient=NONE,
    shape=_shape_of,
    api_name="random.uniform",
)
def uniform_int_op(key, counter, shape, minval, maxval, *, dtype):
    require(
        jnp.all(minval < maxval),
        errors.InvalidArgumentError,
        "need minval < maxval",
    )
    return philox.uniform_int(key, counter, dims(shape), dtype.np_dtype, minval, maxval)


def _first_dim(inputs: Sequence[Any], attrs: Any) -> Any:
    return [(inputs[2].dtype, inputs[2].shape)]


def _shuffle_gradient(record: Any, grad: Any) -> Any:
    order = apply(permutation_op, record.inputs)
    return None, None, apply(_unshuffle, (grad, order))


@op("ShufflePermutation", gradient=NONE, dtypes={}, shape=lambda i, a: [(int32, i[2].shape[:1])])
def permutation_op(key, counter, value):
    return philox.shuffle_permutation(key, counter, value.shape[0] if value.ndim else 1)


@op("Unshuffle", dtypes={}, shape=lambda i, a: [(i[0].dtype, i[0].shape)])
def _unshuffle(grad, order):
    return jnp.zeros_like(grad).at[order].set(grad)


@op(
    "StatelessShuffle",
    dtypes={},
    gradient=_shuffle_gradient,
    shape=_first_dim,
    api_name="random.shuffle",
)
def shuffle_op(key, counter, value):
    return philox.shuffle(key, counter, value)


def _categorical_shape(inputs: Sequence[Any], attrs: Any) -> Any:
    rows = inputs[2].shape[:1] if inputs[2].shape.rank is not None else TensorShape([None])
    count = known_value(inputs[3])
    return [(attrs["dtype"], rows.concatenate([None if count is None else int(count)]))]


@op(
    "StatelessMultinomial",
    dtypes={"key": _STATE, "counter": _STATE, "logits": FLOATING, "num_samples": INDEX},
    host_args=("num_samples",),
    gradient=NONE,
    shape=_categorical_shape,
    api_name="random.categorical",
)
def categorical_op(key, counter, logits, num_samples, *, dtype):
    if logits.ndim != 2:
        raise ValueError(f"logits should be a matrix, got shape {list(logits.shape)}")
    return philox.categorical(key, counter, logits, int(num_samples), dtype.np_dtype)


def _samples_shape(inputs: Sequence[Any], attrs: Any) -> Any:
    count = known_value(inputs[3])
    lead = TensorShape([None if count is None else int(count)])
    return [(attrs.get("dtype") or inputs[2].dtype, lead.concatenate(inputs[2].shape))]


def _gamma_gradient(record: Any, grad: Any) -> Any:
    # Implicit reparameterisation: Figurnov, Mohamed, Mnih, 2018.
    return None, None, apply(_gamma_alpha_grad, (record.inputs[2], record.outputs[0], grad)), None


@op("RandomGammaGrad", dtypes=FLOATING, shape=lambda i, a: [(i[0].dtype, i[0].shape)])
def _gamma_alpha_grad(alpha, sample, grad):
    wide = jnp.broadcast_to(alpha, sample.shape)
    return jnp.sum(grad * lax.random_gamma_grad(wide, sample), axis=0)


@op(
    "StatelessRandomGammaV3",
    dtypes={"key": _STATE, "counter": _STATE, "alpha": FLOATING, "num_samples": INDEX},
    host_args=("num_samples",),
    gradient=_gamma_gradient,
    shape=_samples_shape,
    api_name="random.gamma",
)
def gamma_op(key, counter, alpha, num_samples):
    return philox_rejection.gamma(key, counter, alpha, int(num_samples))


@op(
    "StatelessRandomPoisson",
    dtypes={"key": _STATE, "counter": _STATE, "lam": REAL, "num_samples": INDEX},
    host_args=("num_samples",),
    gradient=NONE,
    shape=_samples_shape,
    api_name="random.poisson",
)
def poisson_op(key, counter, lam, num_samples, *, dtype):
    return philox_rejection.poisson(key, counter, lam, int(num_samples), dtype.np_dtype)


@op(
    "StatelessRandomGetKeyCounter",
    dtypes={"seed": INDEX},
    gradient=NONE,
    shape=lambda i, a: [(uint64, TensorShape([1])), (uint64, TensorShape([2]))],
    api_name="random.stateless",
)
def key_counter_op(seed):
    return philox.key_counter_from_seed(seed)


def check_floating(dtype: DType, what: str) -> DType:
    """ValueError unless random numbers of this dtype can be drawn."""
    if dtype not in FLOATING:
        raise ValueError(f"{what}: dtype must be float16, bfloat16, float32 or float64, got {dtype.name}")
    return dtype
