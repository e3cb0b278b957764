"""Inverses, determinants, and systems of linear equations."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from deras._src.core.dtypes import INDEX
from deras._src.core.tensor import Tensor
from deras._src.core.tensor_shape import TensorShape, broadcast_static_shape
from deras._src.dispatch.apply import apply
from deras._src.dispatch.convert import convert
from deras._src.ops.linalg_decompose import cholesky, require_pivots
from deras._src.ops.linalg_diag import diag_part
from deras._src.ops.linalg_matmul import matmul
from deras._src.ops.linalg_support import (
    FACTORED,
    WITH_HALF,
    check_matrix,
    check_square,
    graph_shapes,
    matrix_dims,
    square,
    square_dims,
)
from deras._src.ops.math_binary import multiply, negative
from deras._src.ops.math_cast import conj, real
from deras._src.ops.math_reduce import reduce_sum
from deras._src.ops.math_unary import log
from deras._src.ops.shapes import Specs, same_as_first
from deras._src.registry import op
from deras._src.util.export import export

# -- inverse and determinant ----------------------------------------------------------------------


def lu_solve_arrays(packed: Any, permutation: Any, rhs: Any, adjoint: bool = False) -> Any:
    """Solves with an LU decomposition of matrices; `adjoint`: with their adjoints."""

    def triangular(right: Any, lower: bool) -> Any:
        return lax.linalg.triangular_solve(
            packed,
            right,
            left_side=True,
            lower=lower,
            transpose_a=adjoint,
            conjugate_a=adjoint and jnp.iscomplexobj(packed),
            unit_diagonal=lower,
        )

    if not adjoint:
        moved = jnp.take_along_axis(rhs, permutation[..., :, None], axis=-2)
        return triangular(triangular(moved, True), False)
    solved = triangular(triangular(rhs, False), True)
    return jnp.take_along_axis(solved, jnp.argsort(permutation, axis=-1)[..., :, None], axis=-2)


def _identity(matrix: Any) -> Any:
    return jnp.broadcast_to(jnp.eye(matrix.shape[-1], dtype=matrix.dtype), matrix.shape)


def _inverse_gradient(record: Any, dy: Any) -> Any:
    inverse, adjoint = record.outputs[0], record.attr("adjoint")
    inner = matmul(dy, inverse, adjoint_a=adjoint, adjoint_b=not adjoint)
    return (negative(matmul(inverse, inner, adjoint_a=not adjoint)),)


@op(
    "MatrixInverse",
    dtypes=WITH_HALF,
    gradient=_inverse_gradient,
    shape=square("tf.linalg.inv", "matrix"),
    api_name="linalg.inv",
)
def _inverse(input, *, adjoint):
    check_square(input.shape)
    wide = input.astype(np.float32) if input.dtype == np.float16 else input
    packed, _, permutation = lax.linalg.lu(wide)
    require_pivots(packed, "input")
    return lu_solve_arrays(packed, permutation, _identity(wide), adjoint).astype(input.dtype)


@export("linalg.inv")
def inv(input: Any, adjoint: bool = False, name: str | None = None) -> Any:
    """Inverses of square matrices.

    Args:
      input: Matrices of shape `[..., n, n]`: floating point (not bfloat16) or complex.
      adjoint: Whether to give the adjoint of the inverse.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of the same shape and dtype.
    Raises:
      InvalidArgumentError: A matrix is singular or not square.

    >>> tf.linalg.inv([[2.0, 0.0], [0.0, 4.0]]).numpy()
    array([[0.5 , 0.  ],
           [0.  , 0.25]], dtype=float32)
    """
    return apply(_inverse, (input,), (("adjoint", bool(adjoint)),), name)


def _parity(permutation: Any) -> Any:
    """+1 or -1: the sign of each permutation, by its number of inversions."""
    later = permutation[..., None, :] < permutation[..., :, None]
    n = permutation.shape[-1]
    row, column = (lax.broadcasted_iota(np.int32, (n, n), i) for i in (0, 1))
    inversions = jnp.sum((later & (row < column)).astype(np.int32), (-2, -1), dtype=np.int32)
    return 1 - 2 * (inversions % 2)


def _signed_pivots(matrix: Any) -> tuple[Any, Any]:
    packed, _, permutation = lax.linalg.lu(matrix)
    return _parity(permutation).astype(matrix.dtype), jnp.diagonal(packed, 0, -2, -1)


@op("MatrixScale", dtypes=FACTORED, shape=same_as_first, api_name="linalg.det")
def _scale(matrix, factor):
    return matrix * factor[..., None, None]


# By the inverse, as TensorFlow has it: the gradient of a singular matrix is an error.
def _determinant_gradient(record: Any, dy: Any) -> Any:
    inverse = inv(record.inputs[0], adjoint=True)
    from_det = multiply(dy, conj(record.outputs[0]))
    return (apply(_scale, (inverse, from_det)),)


@op(
    "MatrixDeterminant",
    dtypes=FACTORED,
    gradient=_determinant_gradient,
    shape=square("tf.linalg.det", "batch"),
    api_name="linalg.det",
)
def _determinant(input):
    check_square(input.shape)
    sign, pivots = _signed_pivots(input)
    return sign * jnp.prod(pivots, axis=-1)


@export("linalg.det")
def det(input: Any, name: str | None = None) -> Any:
    """Determinants of square matrices.

    Args:
      input: Matrices of shape `[..., n, n]`: float32, float64, complex64 or complex128.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of shape `[...]` and the input's dtype. The gradient of a singular matrix is an
      error.
    Raises:
      InvalidArgumentError: The matrices are not square, or the dtype is another.

    >>> float(tf.linalg.det([[2.0, 0.0], [0.0, 4.0]]))
    8.0
    """
    return apply(_determinant, (input,), (), name)


# The sign's own gradient is not there in TensorFlow, for complex matrices either.
def _log_determinant_gradient(record: Any, _: Any, dy: Any) -> Any:
    return (apply(_scale, (inv(record.inputs[0], adjoint=True), dy)),)


@op(
    "LogMatrixDeterminant",
    dtypes=FACTORED,
    gradient=_log_determinant_gradient,
    shape=square("tf.linalg.slogdet", "batch", "batch"),
    api_name="linalg.slogdet",
)
def _log_determinant(input):
    check_square(input.shape)
    sign, pivots = _signed_pivots(input)
    sizes = jnp.abs(pivots)
    sign = sign * jnp.prod(
        jnp.where(sizes == 0, pivots, pivots / sizes.astype(pivots.dtype)), axis=-1
    )
    return sign, jnp.sum(jnp.log(sizes), axis=-1).astype(input.dtype)


@export("linalg.slogdet")
def slogdet(input: Any, name: str | None = None) -> Any:
    """Sign and logarithm of the absolute value of determinants.

    Args:
      input: Matrices of shape `[..., n, n]`: float32, float64, complex64 or complex128.
      name: Optional name of the node in graphs.
    Returns:
      (sign, log of the absolute value), both of shape `[...]` and the input's dtype; 0 and -inf
      for singular matrices.
    Raises:
      InvalidArgumentError: The matrices are not square, or the dtype is another.

    >>> sign, log = tf.linalg.slogdet([[-1.0, 0.0], [0.0, 1.0]])
    >>> float(sign), float(log)
    (-1.0, 0.0)
    """
    return apply(_log_determinant, (input,), (), name)


@export("linalg.logdet")
def logdet(matrix: Any, name: str | None = None) -> Any:
    """Logarithm of the determinants of symmetric (Hermitian) positive definite matrices.

    Args:
      matrix: Matrices of shape `[..., n, n]`: float32, float64, complex64 or complex128.
      name: Optional name of the node in graphs.
    Returns:
      Real tensor of shape `[...]`; NaN where a matrix is not positive definite.
    Raises:
      InvalidArgumentError: The matrices are not square, or the dtype is another.

    >>> float(tf.linalg.logdet([[1.0, 0.0], [0.0, 1.0]]))
    0.0
    """
    diagonal = log(real(diag_part(cholesky(matrix))))
    return multiply(2.0, reduce_sum(diagonal, axis=-1), name)


# -- systems --------------------------------------------------------------------------------------


def _check_system(matrix: Sequence[Any], rhs: Sequence[Any]) -> None:
    check_square(matrix, "matrix")
    check_matrix(rhs, "rhs")
    if matrix[-1] != rhs[-2]:
        raise ValueError(f"matrix has {matrix[-1]} rows, rhs has {rhs[-2]}")


def _solve_shape(label: str, broadcasts: bool) -> Callable[..., Specs]:
    def infer(inputs: Sequence[Any], attrs: Mapping[str, Any]) -> Specs:
        left, right = square_dims(inputs[0], "matrix"), matrix_dims(inputs[1], "rhs")
        dtype = inputs[0].dtype
        if left is None or right is None:
            return [(dtype, TensorShape(None))]
        if left[-1] is not None and right[-2] is not None and left[-1] != right[-2]:
            raise ValueError(f"matrix has {left[-1]} rows, rhs has {right[-2]}")
        rows = right[-2] if left[-1] is None else left[-1]
        a, b = TensorShape(left[:-2]), TensorShape(right[:-2])
        batch = broadcast_static_shape(a, b) if broadcasts else a.merge_with(b)
        return [(dtype, batch.concatenate([rows, right[-1]]))]

    return graph_shapes(label, infer)


def _solve_gradient(record: Any, dy: Any) -> Any:
    adjoint = record.attr("adjoint")
    grad_rhs = solve(record.inputs[0], dy, adjoint=not adjoint)
    solution = record.outputs[0]
    if adjoint:
        grad_matrix = matmul(solution, grad_rhs, adjoint_b=True)
    else:
        grad_matrix = matmul(grad_rhs, solution, adjoint_b=True)
    return negative(grad_matrix), grad_rhs


@op(
    "MatrixSolve",
    dtypes=FACTORED,
    gradient=_solve_gradient,
    shape=_solve_shape("tf.linalg.solve", False),
    api_name="linalg.solve",
)
def _solve(matrix, rhs, *, adjoint):
    _check_system(matrix.shape, rhs.shape)
    if matrix.shape[:-2] != rhs.shape[:-2]:
        raise ValueError(
            f"the batch dimensions {list(matrix.shape[:-2])} of matrix and "
            f"{list(rhs.shape[:-2])} of rhs differ"
        )
    packed, _, permutation = lax.linalg.lu(matrix)
    require_pivots(packed, "matrix")
    return lu_solve_arrays(packed, permutation, rhs, adjoint)


@export("linalg.solve")
def solve(matrix: Any, rhs: Any, adjoint: bool = False, name: str | None = None) -> Any:
    """Solves `matrix @ x = rhs`.

    Args:
      matrix: Invertible matrices of shape `[..., n, n]`: float32, float64, complex64, complex128.
      rhs: Tensor of the same dtype, shape `[..., n, k]`, with the same batch dims.
      adjoint: Whether to solve with the adjoint of `matrix`.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `rhs`' shape.
    Raises:
      InvalidArgumentError: A matrix is singular or not square, or the shapes do not fit.

    >>> tf.linalg.solve([[2.0, 0.0], [0.0, 4.0]], [[2.0], [2.0]]).numpy()
    array([[1. ],
           [0.5]], dtype=float32)
    """
    return apply(_solve, (matrix, rhs), (("adjoint", bool(adjoint)),), name)


@op(
    "MatrixTriangularSolve",
    dtypes=WITH_HALF,
    shape=_solve_shape("tf.linalg.triangular_solve", True),
    api_name="linalg.triangular_solve",
)
def _triangular_solve(matrix, rhs, *, lower, adjoint):
    _check_system(matrix.shape, rhs.shape)
    batch = np.broadcast_shapes(matrix.shape[:-2], rhs.shape[:-2])
    dtype = matrix.dtype
    wide = np.float32 if dtype == np.float16 else dtype
    return lax.linalg.triangular_solve(
        jnp.broadcast_to(matrix, (*batch, *matrix.shape[-2:])).astype(wide),
        jnp.broadcast_to(rhs, (*batch, *rhs.shape[-2:])).astype(wide),
        left_side=True,
        lower=lower,
        transpose_a=adjoint,
        conjugate_a=adjoint and jnp.iscomplexobj(matrix),
    ).astype(dtype)


@export("linalg.triangular_solve")
def triangular_solve(
    matrix: Any, rhs: Any, lower: bool = True, adjoint: bool = False, name: str | None = None
) -> Any:
    """Solves `matrix @ x = rhs` by substitution.

    Args:
      matrix: Triangular matrices of shape `[..., n, n]`: floating point (not bfloat16) or complex.
        The other triangle is not read.
      rhs: Tensor of the same dtype, shape `[..., n, k]`; batch dims broadcast.
      lower: Whether the lower triangle holds the matrix.
      adjoint: Whether to solve with the adjoint of `matrix`.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of shape `[..., n, k]`; inf or NaN where the diagonal has a 0.
    Raises:
      InvalidArgumentError: The shapes do not fit.

    >>> tf.linalg.triangular_solve([[2.0, 0.0], [1.0, 1.0]], [[2.0], [3.0]]).numpy()
    array([[1.],
           [2.]], dtype=float32)
    """
    attrs = (("lower", bool(lower)), ("adjoint", bool(adjoint)))
    return apply(_triangular_solve, (matrix, rhs), attrs, name)


@export("linalg.cholesky_solve")
def cholesky_solve(chol: Any, rhs: Any, name: str | None = None) -> Any:
    """Solves `A @ x = rhs`, given the Cholesky factor of A.

    Args:
      chol: What `tf.linalg.cholesky` gives, shape `[..., n, n]`.
      rhs: Tensor of the same dtype, shape `[..., n, k]`.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of shape `[..., n, k]`.
    Raises:
      InvalidArgumentError: The shapes do not fit.

    >>> tf.linalg.cholesky_solve([[2.0, 0.0], [0.0, 1.0]], [[4.0], [1.0]]).numpy()
    array([[1.],
           [1.]], dtype=float32)
    """
    chol = chol if isinstance(chol, Tensor) else convert(chol)
    half = triangular_solve(chol, rhs)
    return triangular_solve(chol, half, adjoint=True, name=name)


# -- with an LU decomposition ---------------------------------------------------------------------

_LU_TYPES: dict[str, Any] = {"lower_upper": FACTORED, "perm": INDEX}


def _lu_rhs_shape(inputs: Sequence[Any], attrs: Mapping[str, Any]) -> Specs:
    left, right = square_dims(inputs[0], "lower_upper"), matrix_dims(inputs[2], "rhs")
    if left is None or right is None:
        return [(inputs[0].dtype, TensorShape(None))]
    batch = broadcast_static_shape(TensorShape(left[:-2]), TensorShape(right[:-2]))
    return [(inputs[0].dtype, batch.concatenate(right[-2:]))]


@op(
    "LuSolve",
    dtypes={**_LU_TYPES, "rhs": FACTORED},
    shape=graph_shapes("tf.linalg.lu_solve", _lu_rhs_shape),
    api_name="linalg.lu_solve",
)
def _lu_solve(lower_upper, perm, rhs):
    _check_system(lower_upper.shape, rhs.shape)
    batch = np.broadcast_shapes(lower_upper.shape[:-2], rhs.shape[:-2])
    return lu_solve_arrays(
        jnp.broadcast_to(lower_upper, (*batch, *lower_upper.shape[-2:])),
        jnp.broadcast_to(perm, (*batch, perm.shape[-1])),
        jnp.broadcast_to(rhs, (*batch, *rhs.shape[-2:])),
    )


@export("linalg.lu_solve")
def lu_solve(
    lower_upper: Any, perm: Any, rhs: Any, validate_args: bool = False, name: str | None = None
) -> Any:
    """Solves `A @ x = rhs`, given the LU decomposition of A.

    Args:
      lower_upper, perm: What `tf.linalg.lu` gives.
      rhs: Tensor of the same dtype, shape `[..., n, k]`.
      validate_args: Taken; shapes are checked in any case.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of shape `[..., n, k]`.
    Raises:
      InvalidArgumentError: The shapes do not fit.

    >>> tf.linalg.lu_solve(*tf.linalg.lu([[0.0, 2.0], [1.0, 0.0]]), [[2.0], [3.0]]).numpy()
    array([[3.],
           [1.]], dtype=float32)
    """
    return apply(_lu_solve, (lower_upper, perm, rhs), (), name)


@op(
    "LuReconstruct",
    dtypes=_LU_TYPES,
    shape=square("tf.linalg.lu_reconstruct", "matrix"),
    api_name="linalg.lu_reconstruct",
)
def _lu_reconstruct(lower_upper, perm):
    check_square(lower_upper.shape, "lower_upper")
    n = lower_upper.shape[-1]
    row, column = (lax.broadcasted_iota(np.int32, (n, n), i) for i in (0, 1))
    zero, one = jnp.zeros((), lower_upper.dtype), jnp.ones((), lower_upper.dtype)
    lower = jnp.where(row > column, lower_upper, jnp.where(row == column, one, zero))
    upper = jnp.where(row <= column, lower_upper, zero)
    order = jnp.argsort(perm, axis=-1)[..., :, None]
    return jnp.take_along_axis(lower @ upper, order, axis=-2)


@export("linalg.lu_reconstruct")
def lu_reconstruct(
    lower_upper: Any, perm: Any, validate_args: bool = False, name: str | None = None
) -> Any:
    """The matrices that an LU decomposition came from.

    Args:
      lower_upper, perm: What `tf.linalg.lu` gives.
      validate_args: Taken; shapes are checked in any case.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of shape `[..., n, n]`.
    Raises:
      InvalidArgumentError: The matrices are not square.

    >>> tf.linalg.lu_reconstruct(*tf.linalg.lu([[1.0, 2.0], [4.0, 4.0]])).numpy()
    array([[1., 2.],
           [4., 4.]], dtype=float32)
    """
    return apply(_lu_reconstruct, (lower_upper, perm), (), name)


@op(
    "LuMatrixInverse",
    dtypes=_LU_TYPES,
    shape=square("tf.linalg.lu_matrix_inverse", "matrix"),
    api_name="linalg.lu_matrix_inverse",
)
def _lu_matrix_inverse(lower_upper, perm):
    check_square(lower_upper.shape, "lower_upper")
    return lu_solve_arrays(lower_upper, perm, _identity(lower_upper))


@export("linalg.lu_matrix_inverse")
def lu_matrix_inverse(
    lower_upper: Any, perm: Any, validate_args: bool = False, name: str | None = None
) -> Any:
    """The inverses of matrices, given their LU decomposition.

    Args:
      lower_upper, perm: What `tf.linalg.lu` gives.
      validate_args: Taken; shapes are checked in any case.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of shape `[..., n, n]`.
    Raises:
      InvalidArgumentError: The matrices are not square.

    >>> tf.linalg.lu_matrix_inverse(*tf.linalg.lu([[0.0, 2.0], [1.0, 0.0]])).numpy()
    array([[0. , 1. ],
           [0.5, 0. ]], dtype=float32)
    """
    return apply(_lu_matrix_inverse, (lower_upper, perm), (), name)
