"""Products of matrices: matmul, matvec, tensordot. `tf.einsum` is in `linalg_einsum.py`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from deras._src import errors
from deras._src.core import dtypes
from deras._src.core.dtypes import COMPLEX, FLOATING, DType, as_dtype
from deras._src.core.tensor import Tensor
from deras._src.core.tensor_shape import TensorShape, broadcast_static_shape
from deras._src.dispatch.apply import apply
from deras._src.dispatch.convert import convert, host_value
from deras._src.errors import GraphInvalidArgumentError
from deras._src.ops.shapes import Specs
from deras._src.registry import op
from deras._src.util.export import export

# Products keep JAX's default precision: float32 on CPU, and TF32 on Ampere and later, which is
# what TensorFlow does there.
PRODUCT = (
    FLOATING
    | COMPLEX
    | {dtypes.int32, dtypes.int64, dtypes.int16}
    | {dtypes.uint8, dtypes.uint16, dtypes.uint32, dtypes.uint64}
)


def _prepare(array: Any, transpose: bool, adjoint: bool) -> tuple[Any, bool]:
    """The array, conjugated for an adjoint, and whether its last two dims are swapped."""
    return (jnp.conj(array) if adjoint and jnp.iscomplexobj(array) else array), transpose or adjoint


def _inner(shape: Sequence[Any], swapped: bool, right: bool) -> Any:
    """The dimension of a matrix that a product sums over."""
    return shape[-2 if swapped != right else -1]


def matmul_arrays(a: Any, b: Any, swap_a: bool = False, swap_b: bool = False) -> Any:
    """The matrix product of arrays of rank 2 and more, batch dims broadcast."""
    for name, array in (("a", a), ("b", b)):
        if array.ndim < 2:
            raise ValueError(
                f"{name} has rank {array.ndim}; both must have rank 2 or more (tf.linalg.matvec "
                "multiplies a matrix with a vector)"
            )
    columns, rows = _inner(a.shape, swap_a, False), _inner(b.shape, swap_b, True)
    if columns != rows:
        raise ValueError(_mismatch(columns, rows, swap_a, swap_b))
    if a.ndim == 2 and b.ndim == 2:
        return lax.dot_general(a, b, (((0 if swap_a else 1,), (1 if swap_b else 0,)), ((), ())))
    if b.ndim == 2 and not swap_a:
        # One large product. Left as a batched one, XLA's CPU code takes 1.5 to 2 times as long
        # for the gradients (8x128x256 by 256x1024: 213 ms against 134).
        flat = lax.reshape(a, (math.prod(a.shape[:-1]), columns))
        product = matmul_arrays(flat, b, False, swap_b)
        return lax.reshape(product, (*a.shape[:-1], product.shape[-1]))
    batch = a.ndim - 2
    if a.shape[:-2] == b.shape[:-2]:
        dims = tuple(range(batch))
        contract = ((batch if swap_a else batch + 1,), (batch + 1 if swap_b else batch,))
        return lax.dot_general(a, b, (contract, (dims, dims)))
    try:
        np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    except ValueError:
        raise ValueError(
            f"the batch dimensions {list(a.shape[:-2])} of a and {list(b.shape[:-2])} of b do not "
            "broadcast"
        ) from None
    return jnp.matmul(
        jnp.swapaxes(a, -1, -2) if swap_a else a, jnp.swapaxes(b, -1, -2) if swap_b else b
    )


def _mismatch(columns: Any, rows: Any, swap_a: bool, swap_b: bool) -> str:
    left = f"a has {columns} {'rows (it is transposed)' if swap_a else 'columns'}"
    right = f"b has {rows} {'columns (it is transposed)' if swap_b else 'rows'}"
    return f"inner dimensions differ: {left}, {right}"


def _matmul_dims(inputs: Sequence[Any], attrs: Mapping[str, Any]) -> TensorShape:
    swap_a = attrs["transpose_a"] or attrs["adjoint_a"]
    swap_b = attrs["transpose_b"] or attrs["adjoint_b"]
    a, b = inputs[0].shape, inputs[1].shape
    for name, shape in (("a", a), ("b", b)):
        if shape.rank is not None and shape.rank < 2:
            raise ValueError(
                f"{name} has rank {shape.rank}; both must have rank 2 or more (tf.linalg.matvec "
                "multiplies a matrix with a vector)"
            )
    if a.rank is None or b.rank is None:
        return TensorShape(None)
    left, right = a.as_list(), b.as_list()
    columns, rows = _inner(left, swap_a, False), _inner(right, swap_b, True)
    if columns is not None and rows is not None and columns != rows:
        raise ValueError(_mismatch(columns, rows, swap_a, swap_b))
    batch = broadcast_static_shape(TensorShape(left[:-2]), TensorShape(right[:-2]))
    return batch.concatenate([left[-1] if swap_a else left[-2], right[-2] if swap_b else right[-1]])


def _graph_errors(label: str, infer: Any) -> Any:
    """A shape function whose ValueErrors name the op and its arguments."""

    def shape(inputs: Sequence[Any], attrs: Mapping[str, Any]) -> Specs:
        try:
            return [(_output_dtype(inputs, attrs), infer(inputs, attrs))]
        except ValueError as error:
            raise GraphInvalidArgumentError(None, None, f"{label}: {error}") from None

    return shape


def _output_dtype(inputs: Sequence[Any], attrs: Mapping[str, Any]) -> DType:
    dtype: DType = attrs.get("output_type", inputs[0].dtype)
    return dtype


# The gradient is the derived one: products again, flattened as above, and only of the inputs asked
# for. Written out as MatMul nodes it would compile one program more for every layer.
@op(
    "MatMul",
    dtypes=PRODUCT,
    shape=_graph_errors("tf.matmul", _matmul_dims),
    api_name="matmul",
)
def _matmul(a, b, *, transpose_a, transpose_b, adjoint_a, adjoint_b):
    a, swap_a = _prepare(a, transpose_a, adjoint_a)
    b, swap_b = _prepare(b, transpose_b, adjoint_b)
    return matmul_arrays(a, b, swap_a, swap_b)


_NARROW = frozenset({dtypes.int8, dtypes.uint8})


@op(
    "BatchMatMulV3",
    dtypes={
        "a": _NARROW | {dtypes.bfloat16, dtypes.float16},
        "b": _NARROW | {dtypes.bfloat16, dtypes.float16},
    },
    shape=_graph_errors("tf.matmul", _matmul_dims),
    api_name="matmul",
)
def _matmul_wide(a, b, *, transpose_a, transpose_b, adjoint_a, adjoint_b, output_type):
    wide = output_type.np_dtype
    swap_a, swap_b = transpose_a or adjoint_a, transpose_b or adjoint_b
    return matmul_arrays(a.astype(wide), b.astype(wide), swap_a, swap_b)


def _flags(
    transpose_a: bool, transpose_b: bool, adjoint_a: bool, adjoint_b: bool
) -> tuple[tuple[str, bool], ...]:
    return (
        ("transpose_a", bool(transpose_a)),
        ("transpose_b", bool(transpose_b)),
        ("adjoint_a", bool(adjoint_a)),
        ("adjoint_b", bool(adjoint_b)),
    )


_PLAIN = _flags(False, False, False, False)


@export("linalg.matmul", "matmul")
def matmul(
    a: Any,
    b: Any,
    transpose_a: bool = False,
    transpose_b: bool = False,
    adjoint_a: bool = False,
    adjoint_b: bool = False,
    a_is_sparse: bool = False,
    b_is_sparse: bool = False,
    output_type: Any = None,
    grad_a: bool = False,
    grad_b: bool = False,
    name: str | None = None,
) -> Any:
    """Matrix product `a @ b`, of the last two dims; the dims before them broadcast.

    Args:
      a: Tensor of rank 2 or more: floating point, complex, or integer of 16 bits and more.
      b: Tensor of the same dtype, its rows as many as `a`'s columns.
      transpose_a, transpose_b: Whether to swap the last two dims first.
      adjoint_a, adjoint_b: Whether to swap and conjugate them first.
      a_is_sparse, b_is_sparse: Taken and not used: zeros are multiplied as other numbers are.
      output_type: dtype of the result, where it is wider than that of the arguments: int32 for
        int8 and uint8, float32 for bfloat16 and float16.
      grad_a, grad_b: Taken and not used.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of shape `[..., rows of a, columns of b]`.
    Raises:
      InvalidArgumentError: The inner dimensions differ, a rank is less than 2, batch dims do not
        broadcast, or dtypes differ.
      ValueError: An argument is to be both transposed and adjoint.

    >>> tf.matmul([[1.0, 2.0]], [[3.0], [4.0]]).numpy()
    array([[11.]], dtype=float32)
    """
    if transpose_a or transpose_b or adjoint_a or adjoint_b:
        for which, transpose, adjoint in (
            ("a", transpose_a, adjoint_a),
            ("b", transpose_b, adjoint_b),
        ):
            if transpose and adjoint:
                raise ValueError(
                    f"tf.matmul: transpose_{which} and adjoint_{which} are both True; an adjoint "
                    "is transposed already."
                )
        flags = _flags(transpose_a, transpose_b, adjoint_a, adjoint_b)
    else:
        flags = _PLAIN
    if output_type is not None:
        wide = as_dtype(output_type)
        a, b = _as_pair(a, b)
        if wide is not a.dtype or wide is not b.dtype:
            return apply(_matmul_wide, (a, b), (*flags, ("output_type", _wider(a, b, wide))), name)
    return apply(_matmul, (a, b), flags, name)


def _wider(a: Any, b: Any, wide: DType) -> DType:
    """`wide`, if products of these dtypes can be summed in it."""
    integers = a.dtype in _NARROW and b.dtype in _NARROW and wide is dtypes.int32
    halves = (
        a.dtype is b.dtype
        and a.dtype in (dtypes.bfloat16, dtypes.float16)
        and wide is dtypes.float32
    )
    if not (integers or halves):
        raise errors.op_error(
            errors.InvalidArgumentError,
            "tf.matmul",
            f"output_type {wide.name} is not offered for {a.dtype.name} and {b.dtype.name}: int32 "
            "goes with int8 and uint8, float32 with bfloat16 and float16",
        )
    return wide


def _as_pair(a: Any, b: Any) -> tuple[Any, Any]:
    """Both as tensors; a Python value takes the other's dtype where it can."""
    if not isinstance(a, Tensor):
        a = _with_hint(a, b.dtype if isinstance(b, Tensor) else None)
    return a, b if isinstance(b, Tensor) else _with_hint(b, a.dtype)


def _with_hint(value: Any, hint: DType | None) -> Any:
    if hint is None or hasattr(type(value), "__deras_tensor__"):
        return convert(value)
    try:
        return convert(value, hint)
    except (TypeError, ValueError):
        return convert(value)


def _matvec_dims(inputs: Sequence[Any], attrs: Mapping[str, Any]) -> TensorShape:
    swap = attrs["transpose_a"] or attrs["adjoint_a"]
    a, b = inputs[0].shape, inputs[1].shape
    _check_ranks(a.rank, b.rank)
    if a.rank is None or b.rank is None:
        return TensorShape(None)
    left, right = a.as_list(), b.as_list()
    columns = _inner(left, swap, False)
    if columns is not None and right[-1] is not None and columns != right[-1]:
        raise ValueError(_vector_mismatch(columns, right[-1], swap))
    batch = broadcast_static_shape(TensorShape(left[:-2]), TensorShape(right[:-1]))
    return batch.concatenate([left[-1] if swap else left[-2]])


def _check_ranks(a: int | None, b: int | None) -> None:
    if a is not None and a < 2:
        raise ValueError(f"a has rank {a}; a matrix, or a batch of matrices, is wanted")
    if b is not None and b < 1:
        raise ValueError("b is a scalar; a vector, or a batch of vectors, is wanted")


def _vector_mismatch(columns: int, length: int, swap: bool) -> str:
    what = "rows (it is transposed)" if swap else "columns"
    return f"inner dimensions differ: a has {columns} {what}, b has {length} elements"


@op(
    "MatVec",
    dtypes=PRODUCT,
    shape=_graph_errors("tf.linalg.matvec", _matvec_dims),
    api_name="linalg.matvec",
)
def _matvec(a, b, *, transpose_a, adjoint_a):
    _check_ranks(a.ndim, b.ndim)
    a, swap = _prepare(a, transpose_a, adjoint_a)
    columns = _inner(a.shape, swap, False)
    if columns != b.shape[-1]:
        raise ValueError(_vector_mismatch(columns, b.shape[-1], swap))
    return matmul_arrays(a, b[..., None], swap)[..., 0]


@export("linalg.matvec")
def matvec(
    a: Any,
    b: Any,
    transpose_a: bool = False,
    adjoint_a: bool = False,
    a_is_sparse: bool = False,
    b_is_sparse: bool = False,
    name: str | None = None,
) -> Any:
    """Matrix times vector: `c[..., i] = sum over j of a[..., i, j] * b[..., j]`.

    Args:
      a: Tensor of shape `[..., m, n]`, of a dtype that `tf.matmul` takes.
      b: Tensor of the same dtype, shape `[..., n]`; dims before the last broadcast.
      transpose_a: Whether to swap the last two dims of `a` first.
      adjoint_a: Whether to swap and conjugate them first.
      a_is_sparse, b_is_sparse: Taken and not used.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of shape `[..., m]`.
    Raises:
      InvalidArgumentError: The inner dimensions or the dtypes differ.
      ValueError: `a` is to be both transposed and adjoint.

    >>> tf.linalg.matvec([[1.0, 2.0], [3.0, 4.0]], [1.0, 1.0]).numpy()
    array([3., 7.], dtype=float32)
    """
    if transpose_a and adjoint_a:
        raise ValueError(
            "tf.linalg.matvec: transpose_a and adjoint_a are both True; an adjoint is transposed "
            "already."
        )
    flags = (("transpose_a", bool(transpose_a)), ("adjoint_a", bool(adjoint_a)))
    return apply(_matvec, (a, b), flags, name)


def _axes_of(rank_a: int, rank_b: int, axes: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The summed axes of both tensors, counted from 0."""
    if isinstance(axes, int):
        if axes > rank_a or axes > rank_b:
            raise ValueError(
                f"{axes} axes cannot be summed over: a has rank {rank_a}, b has rank {rank_b}"
            )
        return tuple(range(rank_a - axes, rank_a)), tuple(range(axes))
    found = []
    for name, rank, given in (("a", rank_a, axes[0]), ("b", rank_b, axes[1])):
        for axis in given:
            if not -rank <= axis < rank:
                raise ValueError(f"axis {axis} is out of range: {name} has rank {rank}")
        found.append(tuple(axis % rank for axis in given))
    return found[0], found[1]


def _tensordot_dims(inputs: Sequence[Any], attrs: Mapping[str, Any]) -> TensorShape:
    a, b = inputs[0].shape, inputs[1].shape
    if a.rank is None or b.rank is None:
        return TensorShape(None)
    left, right = a.as_list(), b.as_list()
    axes_a, axes_b = _axes_of(a.rank, b.rank, attrs["axes"])
    _check_summed(left, right, axes_a, axes_b)
    return TensorShape(
        [d for i, d in enumerate(left) if i not in axes_a]
        + [d for i, d in enumerate(right) if i not in axes_b]
    )


def _check_summed(left: Any, right: Any, axes_a: Sequence[int], axes_b: Sequence[int]) -> None:
    for i, j in zip(axes_a, axes_b, strict=True):
        if left[i] is not None and right[j] is not None and left[i] != right[j]:
            raise ValueError(
                f"summed dimensions differ: axis {i} of a has {left[i]} elements, axis {j} of b "
                f"has {right[j]}"
            )


@op(
    "Tensordot",
    dtypes=PRODUCT,
    shape=_graph_errors("tf.tensordot", _tensordot_dims),
    api_name="tensordot",
)
def _tensordot(a, b, *, axes):
    axes_a, axes_b = _axes_of(a.ndim, b.ndim, axes)
    _check_summed(a.shape, b.shape, axes_a, axes_b)
    free_a = [i for i in range(a.ndim) if i not in axes_a]
    free_b = [i for i in range(b.ndim) if i not in axes_b]
    inner = math.prod(a.shape[i] for i in axes_a)
    dims_a, dims_b = [a.shape[i] for i in free_a], [b.shape[i] for i in free_b]
    # One product of two matrices, which is what XLA's CPU code is fast at.
    left = lax.reshape(jnp.transpose(a, [*free_a, *axes_a]), (math.prod(dims_a), inner))
    right = lax.reshape(jnp.transpose(b, [*axes_b, *free_b]), (inner, math.prod(dims_b)))
    return lax.reshape(matmul_arrays(left, right), (*dims_a, *dims_b))


@export("linalg.tensordot", "tensordot")
def tensordot(a: Any, b: Any, axes: Any, name: str | None = None) -> Any:
    """Product of `a` and `b`, summed over pairs of axes.

    Args:
      a: Tensor of a dtype that `tf.matmul` takes.
      b: Tensor of the same dtype.
      axes: An int n: the last n axes of `a` with the first n of `b` (0: the outer product). Or a
        pair: the axes of `a` and those of `b`, each an int or a list of ints.
      name: Optional name of the node in graphs.
    Returns:
      Tensor whose shape is that of `a` without its summed axes, then that of `b` without its.
    Raises:
      ValueError: `axes` is negative, too large, or pairs lists of unequal lengths.
      InvalidArgumentError: Summed dimensions or dtypes differ.

    >>> tf.tensordot([1.0, 2.0], [10.0, 20.0], axes=0).numpy()
    array([[10., 20.],
           [20., 40.]], dtype=float32)
    """
    a, b = _as_pair(a, b)
    pairs = _normalise_axes(axes)
    if a.shape.rank is not None and b.shape.rank is not None:
        try:
            _axes_of(a.shape.rank, b.shape.rank, pairs)
        except ValueError as error:
            raise ValueError(f"tf.tensordot: {error}") from None
    return apply(_tensordot, (a, b), (("axes", pairs),), name)


def _normalise_axes(axes: Any) -> Any:
    """`axes` as an int or a pair of tuples of ints."""
    if isinstance(axes, (list, tuple)):
        if len(axes) != 2:
            raise ValueError(
                f"tf.tensordot: axes must be an int or a pair, it has {len(axes)} elements."
            )
        pair = [np.atleast_1d(host_value(x, "tf.tensordot")) for x in axes]
    else:
        value = host_value(axes, "tf.tensordot")
        if value.ndim == 0:
            if value < 0:
                raise ValueError(f"tf.tensordot: axes must not be negative, it is {int(value)}.")
            return int(value)
        pair = [np.atleast_1d(x) for x in value]
    if len(pair) != 2 or len(pair[0]) != len(pair[1]):
        counts = " and ".join(str(len(x)) for x in pair)
        raise ValueError(f"tf.tensordot: axes pairs unlike numbers of axes: {counts}.")
    first, second = (tuple(int(i) for i in x) for x in pair)
    return first, second
