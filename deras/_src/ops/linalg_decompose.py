"""Decompositions of matrices: Cholesky, QR, SVD, eigenvalues, LU."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from deras._src import errors
from deras._src.core import dtypes
from deras._src.core.dtypes import INDEX, as_dtype
from deras._src.core.tensor_shape import TensorShape
from deras._src.dispatch.apply import apply
from deras._src.dispatch.convert import convert
from deras._src.graph.checks import require
from deras._src.ops.linalg_support import (
    FACTORED,
    WITH_HALF,
    adjoint_of,
    check_matrix,
    check_square,
    graph_shapes,
    matrix_dims,
    smaller,
    square,
    square_dims,
)
from deras._src.ops.shapes import Specs, same_as_first
from deras._src.registry import op
from deras._src.util.export import export

# -- Cholesky -------------------------------------------------------------------------------------


def lower_half(matrix: Any) -> Any:
    """The lower triangle, the diagonal halved."""
    n = matrix.shape[-1]
    row, column = (lax.broadcasted_iota(np.int32, (n, n), i) for i in (0, 1))
    half = jnp.where(row == column, matrix / 2, matrix)
    return jnp.where(row >= column, half, jnp.zeros((), matrix.dtype))


@op("CholeskyGrad", dtypes=FACTORED, shape=same_as_first, api_name="linalg.cholesky")
def _cholesky_grad(factor, grad):
    middle = lower_half(adjoint_of(factor) @ grad)
    solved = lax.linalg.triangular_solve(
        factor, middle, left_side=True, lower=True, transpose_a=True, conjugate_a=True
    )
    whole = lax.linalg.triangular_solve(factor, solved, left_side=False, lower=True)
    return (whole + adjoint_of(whole)) / 2


# TensorFlow's gradient is symmetric, though only the lower triangle is read.
def _cholesky_gradient(record: Any, dy: Any) -> Any:
    return (apply(_cholesky_grad, (record.outputs[0], dy)),)


@op(
    "Cholesky",
    dtypes=FACTORED,
    gradient=_cholesky_gradient,
    shape=square("tf.linalg.cholesky", "matrix"),
    api_name="linalg.cholesky",
)
def _cholesky(input):
    check_square(input.shape)
    return lax.linalg.cholesky(input, symmetrize_input=False)


@export("linalg.cholesky")
def cholesky(input: Any, name: str | None = None) -> Any:
    """The lower triangular L with `L @ adjoint(L)` equal to the input.

    Args:
      input: Symmetric (Hermitian) positive definite matrices, shape `[..., n, n]`: float32,
        float64, complex64 or complex128. Only the lower triangle is read.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of the same shape and dtype; NaN where a matrix is not positive definite.
    Raises:
      InvalidArgumentError: The matrices are not square, or the dtype is another.

    >>> tf.linalg.cholesky([[4.0, 2.0], [2.0, 5.0]]).numpy()
    array([[2., 0.],
           [1., 2.]], dtype=float32)
    """
    return apply(_cholesky, (input,), (), name)


# -- QR -------------------------------------------------------------------------------------------


def _qr_shape(inputs: Sequence[Any], attrs: Mapping[str, Any]) -> Specs:
    dims = matrix_dims(inputs[0])
    dtype = inputs[0].dtype
    if dims is None:
        return [(dtype, TensorShape(None))] * 2
    rows, columns = dims[-2:]
    inner = rows if attrs["full_matrices"] else smaller(rows, columns)
    batch = dims[:-2]
    return [
        (dtype, TensorShape([*batch, rows, inner])),
        (dtype, TensorShape([*batch, inner, columns])),
    ]


@op("Qr", dtypes=WITH_HALF, shape=graph_shapes("tf.linalg.qr", _qr_shape), api_name="linalg.qr")
def _qr(input, *, full_matrices):
    check_matrix(input.shape)
    dtype = input.dtype
    wide = input.astype(np.float32) if dtype == np.float16 else input
    rows, columns = input.shape[-2:]
    if rows < columns:
        # The first columns decide Q; so said, the gradient of a wide matrix follows too.
        q, r = jnp.linalg.qr(wide[..., :rows], mode="complete")
        r = jnp.concatenate([r, adjoint_of(q) @ wide[..., rows:]], axis=-1)
    else:
        q, r = jnp.linalg.qr(wide, mode="complete" if full_matrices else "reduced")
    return q.astype(dtype), r.astype(dtype)


@export("linalg.qr")
def qr(input: Any, full_matrices: bool = False, name: str | None = None) -> Any:
    """Q with orthonormal columns and upper triangular R, with `Q @ R` equal to the input.

    Args:
      input: Matrices of shape `[..., m, n]`: floating point (not bfloat16) or complex.
      full_matrices: Whether Q is `[..., m, m]` and R `[..., m, n]`; else the inner dimension is
        the smaller of m and n.
      name: Optional name of the node in graphs.
    Returns:
      The pair (q, r).
    Raises:
      InvalidArgumentError: The rank is less than 2, or the dtype is another.

    >>> q, r = tf.linalg.qr([[3.0, 1.0], [4.0, 2.0]])
    >>> tf.round(tf.matmul(q, r)).numpy()
    array([[3., 1.],
           [4., 2.]], dtype=float32)
    """
    return apply(_qr, (input,), (("full_matrices", bool(full_matrices)),), name)


# -- singular values ------------------------------------------------------------------------------


def _svd_shape(inputs: Sequence[Any], attrs: Mapping[str, Any]) -> Specs:
    dims = matrix_dims(inputs[0], "tensor")
    dtype = inputs[0].dtype
    real = dtype.real_dtype
    if dims is None:
        unknown = TensorShape(None)
        return [(real, unknown)] + [(dtype, unknown)] * (2 if attrs["compute_uv"] else 0)
    rows, columns = dims[-2:]
    batch, inner = dims[:-2], smaller(rows, columns)
    specs = [(real, TensorShape([*batch, inner]))]
    if attrs["compute_uv"]:
        full = attrs["full_matrices"]
        specs.append((dtype, TensorShape([*batch, rows, rows if full else inner])))
        specs.append((dtype, TensorShape([*batch, columns, columns if full else inner])))
    return specs


@op("Svd", dtypes=FACTORED, shape=graph_shapes("tf.linalg.svd", _svd_shape), api_name="linalg.svd")
def _svd(tensor, *, full_matrices, compute_uv):
    check_matrix(tensor.shape, "tensor")
    if not compute_uv:
        return jnp.linalg.svd(tensor, full_matrices=False, compute_uv=False)
    u, s, vh = jnp.linalg.svd(tensor, full_matrices=full_matrices)
    return s, u, adjoint_of(vh)


@export("linalg.svd")
def svd(
    tensor: Any, full_matrices: bool = False, compute_uv: bool = True, name: str | None = None
) -> Any:
    """Singular values, and the left and right singular vectors.

    Args:
      tensor: Matrices of shape `[..., m, n]`: float32, float64, complex64 or complex128.
      full_matrices: Whether u and v are square; else they have min(m, n) columns. The gradient is
        there for square matrices and for `full_matrices=False`.
      compute_uv: Whether to compute the vectors.
      name: Optional name of the node in graphs.
    Returns:
      (s, u, v) with `u @ diag(s) @ adjoint(v)` equal to the input and s descending; only s without
      `compute_uv`. v is not transposed, unlike NumPy's.
    Raises:
      InvalidArgumentError: The rank is less than 2, or the dtype is another.

    >>> s, u, v = tf.linalg.svd([[3.0, 0.0], [0.0, 2.0]])
    >>> s.numpy()
    array([3., 2.], dtype=float32)
    """
    attrs = (("full_matrices", bool(full_matrices)), ("compute_uv", bool(compute_uv)))
    return apply(_svd, (tensor,), attrs, name)


# -- eigenvalues of Hermitian matrices ------------------------------------------------------------


def _reciprocal_gaps(e: Any) -> Any:
    """1 / (e[j] - e[i]), and 0 on the diagonal."""
    gaps = e[..., None, :] - e[..., :, None]
    n = e.shape[-1]
    row, column = (lax.broadcasted_iota(np.int32, (n, n), i) for i in (0, 1))
    zero = jnp.zeros((), e.dtype)
    one = jnp.ones((), e.dtype)
    return jnp.where(row == column, zero, one / jnp.where(row == column, one, gaps))


def _columns_scaled(matrix: Any, factors: Any) -> Any:
    return matrix * factors[..., None, :]


@op("SelfAdjointEigGrad", dtypes=FACTORED, shape=same_as_first, api_name="linalg.eigh")
def _eigh_grad(v, e, grad_e, grad_v):
    vh = adjoint_of(v)
    n = e.shape[-1]
    row, column = (lax.broadcasted_iota(np.int32, (n, n), i) for i in (0, 1))
    zero = jnp.zeros((), v.dtype)
    middle = _reciprocal_gaps(e) * (vh @ grad_v)
    middle = middle + jnp.where(row == column, grad_e[..., None, :], zero)
    whole = v @ middle @ vh
    whole = whole + adjoint_of(whole)
    # The lower triangle alone is read, so it alone has a gradient.
    return lower_half(whole)


@op("SelfAdjointEigvalsGrad", dtypes=FACTORED, shape=same_as_first, api_name="linalg.eigvalsh")
def _eigvalsh_grad(input, grad_e):
    _, v = _eigh_arrays(input)
    whole = _columns_scaled(v, grad_e) @ adjoint_of(v)
    return lower_half(whole + adjoint_of(whole))


def _eigh_gradient(record: Any, grad_e: Any, grad_v: Any) -> Any:
    e, v = record.outputs
    return (apply(_eigh_grad, (v, e, grad_e, grad_v)),)


def _eigvalsh_gradient(record: Any, grad_e: Any) -> Any:
    return (apply(_eigvalsh_grad, (record.inputs[0], grad_e)),)


def _eigh_arrays(matrix: Any) -> tuple[Any, Any]:
    """Eigenvalues, in the matrix's dtype, and eigenvectors, read from the lower triangle."""
    check_square(matrix.shape)
    v, e = lax.linalg.eigh(matrix, lower=True, symmetrize_input=False)
    return e.astype(matrix.dtype), v


def _require_found(e: Any) -> None:
    require(
        jnp.all(jnp.isfinite(e)),
        errors.InvalidArgumentError,
        "the eigenvalues of the self-adjoint input were not found; does it hold NaN or inf?",
    )


@op(
    "SelfAdjointEigV2",
    dtypes=FACTORED,
    gradient=_eigh_gradient,
    shape=square("tf.linalg.eigh", "vector", "matrix"),
    api_name="linalg.eigh",
)
def _eigh(tensor):
    e, v = _eigh_arrays(tensor)
    _require_found(e)
    return e, v


@op(
    "SelfAdjointEigvals",
    dtypes=FACTORED,
    gradient=_eigvalsh_gradient,
    shape=square("tf.linalg.eigvalsh", "vector"),
    api_name="linalg.eigvalsh",
)
def _eigvalsh(tensor):
    e, _ = _eigh_arrays(tensor)
    _require_found(e)
    return e


@export("linalg.eigh", "self_adjoint_eig")
def eigh(tensor: Any, name: str | None = None) -> Any:
    """Eigenvalues, ascending, and eigenvectors of symmetric (Hermitian) matrices.

    Args:
      tensor: Matrices of shape `[..., n, n]`: float32, float64, complex64 or complex128. Only the
        lower triangle is read.
      name: Optional name of the node in graphs.
    Returns:
      (e, v): e of shape `[..., n]` and the input's dtype; column i of v belongs to `e[..., i]`.
    Raises:
      InvalidArgumentError: The matrices are not square, or hold NaN or inf.

    >>> e, v = tf.linalg.eigh([[2.0, 0.0], [0.0, 1.0]])
    >>> e.numpy()
    array([1., 2.], dtype=float32)
    """
    return apply(_eigh, (tensor,), (), name)


@export("linalg.eigvalsh", "self_adjoint_eigvals")
def eigvalsh(tensor: Any, name: str | None = None) -> Any:
    """Eigenvalues, ascending, of symmetric (Hermitian) matrices; see `tf.linalg.eigh`.

    Args:
      tensor: Matrices of shape `[..., n, n]`: float32, float64, complex64 or complex128.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of shape `[..., n]` and the input's dtype.
    Raises:
      InvalidArgumentError: The matrices are not square, or hold NaN or inf.

    >>> tf.linalg.eigvalsh([[2.0, 0.0], [0.0, 1.0]]).numpy()
    array([1., 2.], dtype=float32)
    """
    return apply(_eigvalsh, (tensor,), (), name)


# -- eigenvalues of any square matrices -----------------------------------------------------------


def _complex_of(dtype: Any) -> Any:
    return dtypes.complex64 if dtype in (dtypes.float32, dtypes.complex64) else dtypes.complex128


def _eig_shape(label: str, vectors: bool) -> Any:
    def infer(inputs: Sequence[Any], attrs: Mapping[str, Any]) -> Specs:
        dims = square_dims(inputs[0], "tensor")
        dtype = _complex_of(inputs[0].dtype)
        if dims is None:
            return [(dtype, TensorShape(None))] * (2 if vectors else 1)
        return [(dtype, TensorShape(dims[:-1]))] + [(dtype, TensorShape(dims))] * vectors

    return graph_shapes(label, infer)


def _eig_arrays(tensor: Any) -> tuple[Any, Any]:
    check_square(tensor.shape, "tensor")
    e, v = lax.linalg.eig(tensor, compute_left_eigenvectors=False)
    return e, v


def _real_if(array: Any, like: Any) -> Any:
    return array if jnp.iscomplexobj(like) else array.real.astype(like.dtype)


@op("EigGrad", dtypes={}, shape=same_as_first, api_name="linalg.eig")
def _eig_grad(tensor, e, v, grad_e, grad_v):
    vh = adjoint_of(v)
    overlap = vh @ grad_v
    n = e.shape[-1]
    row, column = (lax.broadcasted_iota(np.int32, (n, n), i) for i in (0, 1))
    along = jnp.real(jnp.diagonal(overlap, 0, -2, -1)).astype(v.dtype)
    middle = jnp.conj(_reciprocal_gaps(e)) * (overlap - _columns_scaled(vh @ v, along))
    middle = middle + jnp.where(row == column, grad_e[..., None, :], jnp.zeros((), v.dtype))
    return _real_if(jnp.linalg.solve(vh, middle @ vh), tensor)


@op("EigvalsGrad", dtypes={}, shape=same_as_first, api_name="linalg.eigvals")
def _eigvals_grad(tensor, grad_e):
    _, v = _eig_arrays(tensor)
    vh = adjoint_of(v)
    return _real_if(jnp.linalg.solve(vh, grad_e[..., :, None] * vh), tensor)


def _eig_gradient(record: Any, grad_e: Any, grad_v: Any) -> Any:
    return (apply(_eig_grad, (record.inputs[0], *record.outputs, grad_e, grad_v)),)


def _eigvals_gradient(record: Any, grad_e: Any) -> Any:
    return (apply(_eigvals_grad, (record.inputs[0], grad_e)),)


@op(
    "Eig",
    dtypes=FACTORED,
    gradient=_eig_gradient,
    shape=_eig_shape("tf.linalg.eig", True),
    api_name="linalg.eig",
)
def _eig(tensor):
    return _eig_arrays(tensor)


@op(
    "Eigvals",
    dtypes=FACTORED,
    gradient=_eigvals_gradient,
    shape=_eig_shape("tf.linalg.eigvals", False),
    api_name="linalg.eigvals",
)
def _eigvals(tensor):
    return _eig_arrays(tensor)[0]


@export("linalg.eig", "eig")
def eig(tensor: Any, name: str | None = None) -> Any:
    """Eigenvalues and right eigenvectors of square matrices; both complex.

    Args:
      tensor: Matrices of shape `[..., n, n]`: float32, float64, complex64 or complex128.
      name: Optional name of the node in graphs.
    Returns:
      (e, v): e of shape `[..., n]` in no particular order; column i of v, of length 1, belongs to
      `e[..., i]`. complex64 for 32-bit inputs, else complex128.
    Raises:
      InvalidArgumentError: The matrices are not square, or the dtype is another.

    >>> e, v = tf.linalg.eig([[2.0, 0.0], [0.0, 1.0]])
    >>> e.numpy()
    array([2.+0.j, 1.+0.j], dtype=complex64)
    """
    return apply(_eig, (tensor,), (), name)


@export("linalg.eigvals", "eigvals")
def eigvals(tensor: Any, name: str | None = None) -> Any:
    """Eigenvalues of square matrices, complex; see `tf.linalg.eig`.

    Args:
      tensor: Matrices of shape `[..., n, n]`: float32, float64, complex64 or complex128.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of shape `[..., n]`, complex.
    Raises:
      InvalidArgumentError: The matrices are not square, or the dtype is another.

    >>> tf.linalg.eigvals([[2.0, 0.0], [0.0, 1.0]]).numpy()
    array([2.+0.j, 1.+0.j], dtype=complex64)
    """
    return apply(_eigvals, (tensor,), (), name)


# -- LU -------------------------------------------------------------------------------------------


def _lu_shape(inputs: Sequence[Any], attrs: Mapping[str, Any]) -> Specs:
    dims = square_dims(inputs[0])
    index = attrs["output_idx_type"]
    if dims is None:
        return [(inputs[0].dtype, TensorShape(None)), (index, TensorShape(None))]
    return [(inputs[0].dtype, TensorShape(dims)), (index, TensorShape(dims[:-1]))]


@op("Lu", dtypes=FACTORED, shape=graph_shapes("tf.linalg.lu", _lu_shape), api_name="linalg.lu")
def _lu(input, *, output_idx_type):
    check_square(input.shape)
    packed, _, permutation = lax.linalg.lu(input)
    require_pivots(packed, "input")
    return packed, permutation.astype(output_idx_type.np_dtype)


def require_pivots(packed: Any, name: str) -> None:
    """Raises after the program where an LU decomposition has a pivot that is 0 or NaN."""
    pivots = jnp.diagonal(packed, 0, -2, -1)
    require(jnp.all(jnp.abs(pivots) > 0), errors.InvalidArgumentError, f"{name} is not invertible")


@export("linalg.lu")
def lu(input: Any, output_idx_type: Any = dtypes.int32, name: str | None = None) -> Any:
    """LU decomposition with row exchanges.

    Args:
      input: Invertible matrices of shape `[..., n, n]`: float32, float64, complex64, complex128.
      output_idx_type: int32 or int64, the dtype of the permutation.
      name: Optional name of the node in graphs.
    Returns:
      (lu, p): L below the diagonal of `lu` (its own diagonal is 1) and U on and above it; row i of
      `L @ U` is row `p[i]` of the input.
    Raises:
      InvalidArgumentError: A matrix is singular or not square.

    >>> lu, p = tf.linalg.lu([[1.0, 2.0], [4.0, 4.0]])
    >>> p.numpy()
    array([1, 0], dtype=int32)
    """
    index = as_dtype(output_idx_type)
    if index not in INDEX:
        raise errors.op_error(
            errors.InvalidArgumentError,
            "tf.linalg.lu",
            f"output_idx_type is {index.name}; int32 and int64 are offered",
        )
    return apply(_lu, (convert(input),), (("output_idx_type", index),), name)
