"""Random ops with explicit state: a key and a counter go in, numbers come out.

The stateful functions (`state/random_stateful.py`), the stateless ones (`ops/random_stateless.py`)
and `tf.random.Generator` all draw through these ops.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from deras._src import errors
from deras._src.core.dtypes import (
    FLOATING,
    INDEX,
    REAL,
    UNSIGNED_INTEGER,
    DType,
    int32,
    uint32,
    uint64,
)
from deras._src.core.tensor import SymbolicTensor, host_tensor
from deras._src.core.tensor_shape import TensorShape
from deras._src.dispatch.apply import apply
from deras._src.dispatch.convert import convert
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


def shape_tensor(shape: Any) -> Any:
    """A shape argument as a tensor; the ops refuse it where it is no vector of int32 or int64."""
    if isinstance(shape, (list, tuple)) and not shape:
        return host_tensor(np.zeros(0, np.int32))
    return convert(shape)


def with_shape_of(result: Any, drawn: Any) -> Any:
    """`result` with the static shape of what was drawn: parameters of any rank leave it so."""
    if isinstance(result, SymbolicTensor) and not result.shape.is_fully_defined():
        result.set_shape(drawn.shape)
    return result


def dims(shape: Any) -> tuple[int, ...]:
    """The sizes in a host array; ValueError where it is no vector or one is negative."""
    if shape.ndim != 1:
        raise ValueError(
            f"shape must be a vector of {{int32,int64}}, got shape {list(shape.shape)}"
        )
    sizes = tuple(int(d) for d in shape.reshape(-1))
    if any(d < 0 for d in sizes):
        raise ValueError(f"shape {list(sizes)} must be non-negative")
    return sizes


def _shape_of(inputs: Sequence[Any], attrs: Any) -> Any:
    return [(attrs["dtype"], partial_shape(inputs[2]))]


# Eagerly, numbers are drawn in pieces of two sizes and joined on the host: a program for every
# shape would cost a second of compiling for each layer's initial weights.
_PIECES = (512, 32768)


def _in_pieces(
    sampler: OpDef, blocks: Callable[[int, DType], int], inputs: Sequence[Any], attrs: Any
) -> Any:
    """Runs a sampler on the host's behalf; `blocks(n, dtype)` is what `n` values take."""
    key, counter, shape, *rest = inputs
    try:
        sizes = dims(shape.host_array())
    except ValueError as error:
        raise errors.op_error(errors.InvalidArgumentError, sampler.label, str(error)) from None
    total = int(np.prod(sizes, dtype=np.int64))
    if total == 0:
        return host_tensor(np.zeros(sizes, attrs["dtype"].np_dtype), attrs["dtype"])
    size = _PIECES[0] if total <= _PIECES[0] else _PIECES[1]
    state, step = counter.host_array(), blocks(size, attrs["dtype"])
    piece = host_tensor(np.array([size], np.int32))
    drawn = []
    for number in range(-(-total // size)):
        at = host_tensor(skip_on_host(state, number * step))
        operation = _piece_op(sampler)
        drawn.append(apply(operation, (key, at, piece, *rest), tuple(attrs.items())).host_array())
    values = drawn[0] if len(drawn) == 1 else np.concatenate(drawn)
    return host_tensor(values[:total].reshape(sizes).copy(), attrs["dtype"])


def _piece_op(sampler: OpDef) -> OpDef:
    piece = sampler.grad_op.get("piece")
    if piece is None:
        piece = sampler.grad_op["piece"] = OpDef(
            sampler.name,
            sampler.lowering,
            gradient=NONE,
            dtypes={},
            inputs=sampler.input_names,
            host_args=("shape",),
            api_name=sampler.api_name,
        )
    return piece


def skip_on_host(counter: np.ndarray, blocks: int) -> np.ndarray:
    """The counter `blocks` blocks later, in the form it was given in."""
    number = int.from_bytes(counter.astype(counter.dtype.newbyteorder("<")).tobytes(), "little")
    moved = ((number + blocks) % 2**128).to_bytes(16, "little")
    return np.frombuffer(moved, counter.dtype.newbyteorder("<")).astype(counter.dtype)


def _blocks_by_value(count: int, dtype: DType) -> int:
    return count // philox.values_per_block(dtype.np_dtype)


def _blocks_truncated(count: int, dtype: DType) -> int:
    return count * philox.BLOCKS_PER_OUTPUT // 4


def _sampler(name: str, label: str, kernel: Any, blocks: Any = _blocks_by_value) -> OpDef:
    """An op drawing `shape` values of `dtype`."""

    @op(
        name,
        dtypes={"key": _STATE, "counter": _STATE, "shape": INDEX},
        host_args=("shape",),
        gradient=NONE,
        shape=_shape_of,
        run=lambda inputs, attrs: _in_pieces(lowering, blocks, inputs, attrs),
        api_name=label,
    )
    def lowering(key, counter, shape, *, dtype):
        return kernel(key, counter, dims(shape), dtype.np_dtype)

    return lowering


uniform_op = _sampler("StatelessRandomUniformV2", "random.uniform", philox.uniform)
normal_op = _sampler("StatelessRandomNormalV2", "random.normal", philox.normal)
truncated_normal_op = _sampler(
    "StatelessTruncatedNormalV2",
    "random.truncated_normal",
    philox.truncated_normal,
    _blocks_truncated,
)
full_int_op = _sampler("StatelessRandomUniformFullIntV2", "random.uniform", philox.uniform_full_int)


def _uniform_ints_in_pieces(inputs: Sequence[Any], attrs: Any) -> Any:
    return _in_pieces(uniform_int_op, _blocks_by_value, inputs, attrs)


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
    run=lambda inputs, attrs: _uniform_ints_in_pieces(inputs, attrs),
    api_name="random.uniform",
)
def uniform_int_op(key, counter, shape, minval, maxval, *, dtype):
    for name, bound in (("minval", minval), ("maxval", maxval)):
        if bound.ndim:
            raise ValueError(f"{name} must be 0-D, got shape {list(bound.shape)}")
    require(
        jnp.all(minval < maxval),
        errors.InvalidArgumentError,
        "need minval < maxval",
    )
    return philox.uniform_int(key, counter, dims(shape), dtype.np_dtype, minval, maxval)


def _first_dim(inputs: Sequence[Any], attrs: Any) -> Any:
    return [(inputs[2].dtype, inputs[2].shape)]


def _shuffle_eagerly(key: Any, counter: Any, value: Any) -> Any:
    rows = value.aval.dims[0] if value.aval.dims else 0
    if rows <= 1 or 0 in value.aval.dims:
        return value
    return apply(_take_rows, (value, host_tensor(permutation_on_host(key, counter, rows))))


def permutation_on_host(key: Any, counter: Any, rows: int) -> np.ndarray:
    """`philox.shuffle_permutation` as a loop over rows: its program takes long to compile."""
    size = host_tensor(np.array([rows - 1], np.int32))
    words = apply(full_int_op, (key, counter, size), (("dtype", uint32),)).host_array()
    order = list(range(rows))
    for i, word in enumerate(words.tolist()):
        j = i + word % (rows - i)
        order[i], order[j] = order[j], order[i]
    return np.array(order, np.int32)


@op(
    "TakeRows",
    dtypes={},
    gradient=NONE,
    shape=lambda i, a: [(i[0].dtype, i[0].shape)],
    numpy=lambda value, order: value[order],
    host=lambda value, order: value[order],
)
def _take_rows(value, order):
    return value[order]


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
    run=lambda inputs, attrs: _shuffle_eagerly(*inputs),
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
    if num_samples < 0:
        raise ValueError(f"num_samples should be non-negative, got {int(num_samples)}")
    if logits.shape[1] == 0:
        raise ValueError("num_classes should be positive, got 0")
    return philox.categorical(key, counter, logits, int(num_samples), dtype.np_dtype)


def _samples_shape(inputs: Sequence[Any], attrs: Any) -> Any:
    count = known_value(inputs[3])
    lead = TensorShape([None if count is None else int(count)])
    return [(attrs.get("dtype") or inputs[2].dtype, lead.concatenate(inputs[2].shape))]


def _gamma_gradient(record: Any, grad: Any) -> Any:
    # Implicit reparameterisation: Figurnov, Mohamed, Mnih, 2018.
    alpha = record.inputs[2]
    return None, None, apply(gamma_alpha_grad_op, (alpha, record.outputs[0], grad)), None


@op("RandomGammaGrad", dtypes=FLOATING, shape=lambda i, a: [(i[0].dtype, i[0].shape)])
def gamma_alpha_grad_op(alpha, sample, grad):
    wide = jnp.broadcast_to(alpha, sample.shape)
    draws = tuple(range(sample.ndim - alpha.ndim))
    return jnp.sum(grad * lax.random_gamma_grad(wide, sample), axis=draws)


@op(
    "RandomGamma",
    dtypes={"key": _STATE, "counter": _STATE, "alpha": FLOATING, "num_samples": INDEX},
    host_args=("num_samples",),
    gradient=_gamma_gradient,
    shape=_samples_shape,
    api_name="random.gamma",
)
def gamma_op(key, counter, alpha, num_samples):
    return philox_rejection.gamma(key, counter, alpha, int(num_samples))


@op(
    "RandomPoissonV2",
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
        raise ValueError(
            f"{what}: dtype must be float16, bfloat16, float32 or float64, got {dtype.name}"
        )
    return dtype
