"""Least squares, pseudo-inverses and ranks; functions of matrices; tridiagonal systems."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from deras._src import errors
from deras._src.core import dtypes
from deras._src.core.dtypes import COMPLEX
from deras._src.core.tensor import Tensor
from deras._src.core.tensor_shape import TensorShape, broadcast_static_shape
from deras._src.dispatch.apply import apply
from deras._src.dispatch.convert import convert
from deras._src.graph.checks import require
from deras._src.ops.linalg_diag import diag_part
from deras._src.ops.linalg_matmul import matmul
from deras._src.ops.linalg_support import (
    FACTORED,
    REAL_FACTORED,
    adjoint_of,
    check_matrix,
    check_square,
    graph_shapes,
    matrix_dims,
    square,
)
from deras._src.ops.shapes import Specs, same_as_first
from deras._src.registry import NONE, TypeVar, op
from deras._src.util.export import export

# -- least squares --------------------------------------------------------------------------------


def _lstsq_shape(inputs: Sequence[Any], attrs: Mapping[str, Any]) -> Specs:
    left, right = matrix_dims(inputs[0], "matrix"), matrix_dims(inputs[1], "rhs")
    dtype = inputs[0].dtype
    if left is None or right is None:
        return [(dtype, TensorShape(None))]
    if left[-2] is not None and right[-2] is not None and left[-2] != right[-2]:
        raise ValueError(f"matrix has {left[-2]} rows, rhs has {right[-2]}")
    batch = broadcast_static_shape(TensorShape(left[:-2]), TensorShape(right[:-2]))
    return [(dtype, batch.concatenate([left[-1], right[-1]]))]


@op(
    "MatrixSolveLs",
    dtypes={"matrix": FACTORED, "rhs": FACTORED, "l2_regularizer": frozenset({dtypes.float64})},
    shape=graph_shapes("tf.linalg.lstsq", _lstsq_shape),
    api_name="linalg.lstsq",
)
def _lstsq(matrix, rhs, l2_regularizer):
    check_matrix(matrix.shape, "matrix")
    check_matrix(rhs.shape, "rhs")
    rows, columns = matrix.shape[-2:]
    if rows != rhs.shape[-2]:
        raise ValueError(f"matrix has {rows} rows, rhs has {rhs.shape[-2]}")
    adjoint = adjoint_of(matrix)
    gram = adjoint @ matrix if rows >= columns else matrix @ adjoint
    eye = jnp.eye(gram.shape[-1], dtype=gram.dtype)
    factor = lax.linalg.cholesky(
        gram + l2_regularizer.astype(gram.dtype) * eye, symmetrize_input=False
    )

    def solved(right: Any) -> Any:
        half = lax.linalg.triangular_solve(factor, right, left_side=True, lower=True)
        return lax.linalg.triangular_solve(
            factor,
            half,
            left_side=True,
            lower=True,
            transpose_a=True,
            conjugate_a=jnp.iscomplexobj(factor),
        )

    return solved(adjoint @ rhs) if rows >= columns else adjoint @ solved(rhs)


@export("linalg.lstsq")
def lstsq(
    matrix: Any, rhs: Any, l2_regularizer: Any = 0.0, fast: bool = True, name: str | None = None
) -> Any:
    """The x for which `matrix @ x` is nearest to `rhs`, in least squares.

    Args:
      matrix: Tensor of shape `[..., m, n]`: float32, float64, complex64 or complex128.
      rhs: Tensor of the same dtype, shape `[..., m, k]`, with the same batch dims.
      l2_regularizer: Scalar weight of the squares of x.
      fast: Whether to solve the normal equations by Cholesky, which needs a well-conditioned
        matrix of full rank. Else by a complete decomposition, `l2_regularizer` not used.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of shape `[..., n, k]`; where m < n, the x of least norm.
    Raises:
      InvalidArgumentError: The shapes or dtypes do not fit.

    >>> tf.linalg.lstsq([[1.0], [1.0]], [[1.0], [3.0]]).numpy()
    array([[2.]], dtype=float32)
    """
    if not fast:
        return matmul(_pinv_of(matrix, None), rhs, name=name)
    regularizer = l2_regularizer
    if not isinstance(l2_regularizer, Tensor):
        regularizer = convert(np.float64(l2_regularizer))
    return apply(_lstsq, (matrix, rhs, regularizer), (), name)


# -- pseudo-inverse and rank ----------------------------------------------------------------------


def _pinv_shape(inputs: Sequence[Any], attrs: Mapping[str, Any]) -> Specs:
    dims = matrix_dims(inputs[0], "a")
    swapped = None if dims is None else [*dims[:-2], dims[-1], dims[-2]]
    return [(inputs[0].dtype, TensorShape(swapped))]


@op("PseudoInverseGrad", dtypes=FACTORED, shape=same_as_first, api_name="linalg.pinv")
def _pinv_grad(a, inverse, grad):
    ph, gh = adjoint_of(inverse), adjoint_of(grad)
    rows = jnp.eye(a.shape[-2], dtype=a.dtype) - a @ inverse
    columns = jnp.eye(a.shape[-1], dtype=a.dtype) - inverse @ a
    return rows @ gh @ inverse @ ph + ph @ inverse @ gh @ columns - ph @ grad @ ph


# Not through the singular vectors, whose derivative is unbounded where singular values agree.
def _pinv_gradient(record: Any, dy: Any) -> Any:
    return apply(_pinv_grad, (record.inputs[0], record.outputs[0], dy)), None


@op(
    "PseudoInverse",
    dtypes={"a": FACTORED, "rcond": FACTORED},
    gradient=_pinv_gradient,
    shape=graph_shapes("tf.linalg.pinv", _pinv_shape),
    api_name="linalg.pinv",
)
def _pinv(a, rcond, *, default):
    check_matrix(a.shape, "a")
    u, s, vh = jnp.linalg.svd(a, full_matrices=False)
    if default:
        rcond = jnp.asarray(10 * max(a.shape[-2:]) * np.finfo(s.dtype).eps, s.dtype)
    largest = jnp.max(s, axis=-1, keepdims=True, initial=0)
    cutoff = rcond.astype(s.dtype)[..., None] * largest
    inverse = jnp.where(s > cutoff, 1 / jnp.where(s > cutoff, s, 1), jnp.zeros((), s.dtype))
    return adjoint_of(vh) @ (inverse[..., :, None].astype(u.dtype) * adjoint_of(u))


def _pinv_of(a: Any, rcond: Any, name: str | None = None) -> Any:
    a = a if isinstance(a, Tensor) else convert(a)
    default = rcond is None
    bound = convert(0.0, a.dtype) if rcond is None else rcond
    return apply(_pinv, (a, bound), (("default", default),), name)


def _check_float_matrix(a: Any, what: str) -> Any:
    a = a if isinstance(a, Tensor) else convert(a)
    if not a.dtype.is_floating:
        raise TypeError(f"{what}: a is {a.dtype.name}; a floating point dtype is wanted.")
    if a.shape.rank is not None and a.shape.rank < 2:
        raise ValueError(
            f"{what}: a has rank {a.shape.rank}; a matrix, or a batch of them, is wanted."
        )
    return a


@export("linalg.pinv")
def pinv(a: Any, rcond: Any = None, validate_args: bool = False, name: str | None = None) -> Any:
    """Moore-Penrose pseudo-inverses.

    Args:
      a: float32 or float64 matrices of shape `[..., m, n]`.
      rcond: Singular values up to `rcond` times the largest count as 0. Default: `10 * max(m, n)`
        times the dtype's epsilon.
      validate_args: Taken; ranks and dtypes are checked in any case.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of shape `[..., n, m]`.
    Raises:
      TypeError: `a` is not floating point.
      ValueError: The rank is less than 2.
    Source: Golub, Pereyra, "The differentiation of pseudo-inverses and nonlinear least squares
      problems whose variables separate", 1973, for the gradient.

    >>> tf.linalg.pinv([[2.0, 0.0], [0.0, 0.0]]).numpy()
    array([[0.5, 0. ],
           [0. , 0. ]], dtype=float32)
    """
    a = _check_float_matrix(a, "tf.linalg.pinv")
    if rcond is not None:
        rcond = convert(rcond, a.dtype)
    return _pinv_of(a, rcond, name)


def _rank_shape(inputs: Sequence[Any], attrs: Mapping[str, Any]) -> Specs:
    dims = matrix_dims(inputs[0], "a")
    return [(dtypes.int32, TensorShape(None if dims is None else dims[:-2]))]


@op(
    "MatrixRank",
    dtypes=REAL_FACTORED,
    gradient=NONE,
    shape=graph_shapes("tf.linalg.matrix_rank", _rank_shape),
    api_name="linalg.matrix_rank",
)
def _matrix_rank(a, tol, *, relative):
    check_matrix(a.shape, "a")
    s = jnp.linalg.svd(a, full_matrices=False, compute_uv=False)
    if relative:
        largest = jnp.max(s, axis=-1, keepdims=True, initial=0)
        bound = np.finfo(a.dtype).eps * max(a.shape[-2:]) * largest
    else:
        bound = tol[..., None]
    return jnp.sum((s > bound).astype(np.int32), axis=-1, dtype=np.int32)


@export("linalg.matrix_rank")
def matrix_rank(
    a: Any, tol: Any = None, validate_args: bool = False, name: str | None = None
) -> Any:
    """Ranks of matrices: the number of singular values above a tolerance.

    Args:
      a: float32 or float64 matrices of shape `[..., m, n]`.
      tol: Tolerance. Default: epsilon times `max(m, n)` times the largest singular value.
      validate_args: Taken; ranks and dtypes are checked in any case.
      name: Optional name of the node in graphs.
    Returns:
      int32 tensor of shape `[...]`.
    Raises:
      TypeError: `a` is not floating point.
      ValueError: The rank is less than 2.

    >>> int(tf.linalg.matrix_rank([[1.0, 2.0], [2.0, 4.0]]))
    1
    """
    a = _check_float_matrix(a, "tf.linalg.matrix_rank")
    given = convert(0.0 if tol is None else tol, a.dtype)
    return apply(_matrix_rank, (a, given), (("relative", tol is None),), name)


# -- functions of matrices ------------------------------------------------------------------------

# Coefficients of the diagonal Pade approximants to exp of degree 7 and 13, and the norms up to
# which they are exact to float32's and float64's precision.
_PADE_7 = (17297280.0, 8648640.0, 1995840.0, 277200.0, 25200.0, 1512.0, 56.0, 1.0)
_PADE_13 = (
    64764752532480000.0,
    32382376266240000.0,
    7771770303897600.0,
    1187353796428800.0,
    129060195264000.0,
    10559470521600.0,
    670442572800.0,
    33522128640.0,
    1323241920.0,
    40840800.0,
    960960.0,
    16380.0,
    182.0,
    1.0,
)
_MOST_SQUARINGS = 64


@op(
    "MatrixExponential",
    dtypes=FACTORED,
    shape=square("tf.linalg.expm", "matrix"),
    api_name="linalg.expm",
)
def _expm(input):
    check_square(input.shape)
    single = input.dtype in (np.float32, np.complex64)
    coefficients, bound = (_PADE_7, 3.925724783138660) if single else (_PADE_13, 5.371920351148152)
    norm = jnp.max(jnp.sum(jnp.abs(lax.stop_gradient(input)), axis=-2), axis=-1, initial=0)
    count = jnp.ceil(jnp.log2(jnp.maximum(norm / bound, 1)))
    count = jnp.where(jnp.isfinite(count), count, 0)[..., None, None]
    scaled = input * jnp.exp2(-count).astype(input.dtype)
    eye = jnp.broadcast_to(jnp.eye(input.shape[-1], dtype=input.dtype), input.shape)
    squared = scaled @ scaled
    power, odd, even = eye, 0 * eye, 0 * eye
    for number in range(0, len(coefficients), 2):
        even = even + coefficients[number] * power
        odd = odd + coefficients[number + 1] * power
        power = power @ squared
    odd = scaled @ odd
    result = jnp.linalg.solve(even - odd, even + odd)

    def step(matrix: Any, number: Any) -> tuple[Any, None]:
        wanted = number < count
        # The inner `where` keeps a square that is not wanted from overflowing in the gradient.
        base = jnp.where(wanted, matrix, eye)
        return jnp.where(wanted, base @ base, matrix), None

    numbers = jnp.arange(_MOST_SQUARINGS, dtype=count.dtype)
    return lax.scan(step, result, numbers)[0]


@export("linalg.expm")
def expm(input: Any, name: str | None = None) -> Any:
    """Exponentials of square matrices, `I + A + A @ A / 2 + ...`.

    Args:
      input: Matrices of shape `[..., n, n]`: float32, float64, complex64 or complex128.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of the same shape and dtype.
    Raises:
      InvalidArgumentError: The matrices are not square.
      ValueError: The dtype is another.
    Source: Higham, "The scaling and squaring method for the matrix exponential revisited", 2005.

    >>> tf.linalg.expm([[0.0, 1.0], [0.0, 0.0]]).numpy()
    array([[1., 1.],
           [0., 1.]], dtype=float32)
    """
    input = input if isinstance(input, Tensor) else convert(input)
    if input.dtype not in FACTORED:
        raise ValueError(
            f"tf.linalg.expm: input is {input.dtype.name}; float32, float64, complex64 and "
            "complex128 are offered."
        )
    return apply(_expm, (input,), (), name)


def _triangular_root(t: Any) -> Any:
    """The square root of an upper triangular matrix, column by column."""
    n = t.shape[-1]
    index = jnp.arange(n)

    def column(j: Any, root: Any) -> Any:
        above = index < j
        pivot = jnp.sqrt(t[j, j])
        eye = jnp.eye(n, dtype=t.dtype)
        system = jnp.where(above[:, None] & above[None, :], root, 0 * t) + pivot * eye
        system = jnp.where(above[:, None] | above[None, :], system, eye)
        right = jnp.where(above, t[:, j], 0)
        solved = lax.linalg.triangular_solve(system, right[:, None], left_side=True)[:, 0]
        return root.at[:, j].set(jnp.where(above, solved, jnp.where(index == j, pivot, 0)))

    return lax.fori_loop(0, n, column, jnp.zeros_like(t))


def _root(matrix: Any) -> Any:
    """The principal square roots of complex matrices, by the Schur form."""
    t, q = lax.linalg.schur(matrix)
    flat = t.reshape(-1, *t.shape[-2:])
    root = jax.vmap(_triangular_root)(flat).reshape(t.shape)
    return q @ root @ adjoint_of(q)


def _complex_version(array: Any) -> Any:
    single = array.dtype in (np.float32, np.complex64)
    return array.astype(np.complex64 if single else np.complex128)


@op("MatrixSquareRootGrad", dtypes=FACTORED, shape=same_as_first, api_name="linalg.sqrtm")
def _sqrtm_grad(root, grad):
    # The solution of adjoint(R) @ G + G @ adjoint(R) = grad, as one system for all elements of G.
    n = root.shape[-1]
    adjoint = adjoint_of(root)
    eye = jnp.eye(n, dtype=root.dtype)
    system = jnp.einsum("...ik,jl->...ijkl", adjoint, eye)
    system = system + jnp.einsum("ik,...lj->...ijkl", eye, adjoint)
    batch = root.shape[:-2]
    solved = jnp.linalg.solve(system.reshape(*batch, n * n, n * n), grad.reshape(*batch, n * n, 1))
    return solved.reshape(grad.shape)


def _sqrtm_gradient(record: Any, dy: Any) -> Any:
    return (apply(_sqrtm_grad, (record.outputs[0], dy)),)


@op(
    "MatrixSquareRoot",
    dtypes=FACTORED,
    gradient=_sqrtm_gradient,
    shape=square("tf.linalg.sqrtm", "matrix"),
    api_name="linalg.sqrtm",
)
def _sqrtm(input):
    check_square(input.shape)
    root = _root(_complex_version(input))
    return root if jnp.iscomplexobj(input) else root.real


@export("linalg.sqrtm", "matrix_square_root")
def sqrtm(input: Any, name: str | None = None) -> Any:
    """Principal square roots of square matrices: `R @ R` is the input.

    Args:
      input: Matrices of shape `[..., n, n]`, without negative real eigenvalues: float32, float64,
        complex64 or complex128.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of the same shape and dtype; NaN where a matrix is too singular to have a root.
    Raises:
      InvalidArgumentError: The matrices are not square, or the dtype is another.
    Source: Bjorck, Hammarling, "A Schur method for the square root of a matrix", 1983.

    >>> tf.linalg.sqrtm([[4.0, 0.0], [0.0, 9.0]]).numpy()
    array([[2., 0.],
           [0., 3.]], dtype=float32)
    """
    return apply(_sqrtm, (input,), (), name)


_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(12)


@op(
    "MatrixLogarithm",
    dtypes=COMPLEX,
    gradient=NONE,
    shape=square("tf.linalg.logm", "matrix"),
    api_name="linalg.logm",
)
def _logm(input):
    check_square(input.shape)
    n = input.shape[-1]
    eye = jnp.eye(n, dtype=input.dtype)
    t, q = lax.linalg.schur(input)
    flat = t.reshape(-1, n, n)

    def one(matrix: Any) -> Any:
        def far(carry: Any) -> Any:
            root, count = carry
            size = jnp.max(jnp.sum(jnp.abs(root - eye), axis=-2), initial=0)
            return (size > 0.25) & (count < 100)

        def halve(carry: Any) -> Any:
            return _triangular_root(carry[0]), carry[1] + 1

        root, count = lax.while_loop(far, halve, (matrix, jnp.int32(0)))
        near = root - eye
        total = jnp.zeros_like(near)
        for node, weight in zip((_NODES + 1) / 2, _WEIGHTS / 2, strict=True):
            system = eye + float(node) * near
            solved = lax.linalg.triangular_solve(system, near, left_side=True)
            total = total + float(weight) * solved
        return total * jnp.exp2(count.astype(total.real.dtype)).astype(total.dtype)

    return q @ jax.vmap(one)(flat).reshape(t.shape) @ adjoint_of(q)


@export("linalg.logm")
def logm(input: Any, name: str | None = None) -> Any:
    """Principal logarithms of square matrices: `expm(logm(A))` is A.

    Args:
      input: complex64 or complex128 matrices of shape `[..., n, n]`, without eigenvalues that are
        0 or negative real.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of the same shape and dtype. There is no gradient.
    Raises:
      InvalidArgumentError: The matrices are not square, or the dtype is another.
    Source: Higham, "Functions of Matrices", 2008, chapter 11 (inverse scaling and squaring).

    >>> tf.abs(tf.linalg.logm(tf.constant([[1.0, 0.0], [0.0, 1.0]], tf.complex64))).numpy()
    array([[0., 0.],
           [0., 0.]], dtype=float32)
    """
    return apply(_logm, (input,), (), name)


# -- tridiagonal systems --------------------------------------------------------------------------

_SYSTEM = TypeVar("T", FACTORED)


def _three(diagonals: Any, diagonals_format: str, what: str) -> tuple[Any, Any, Any]:
    """Upper, main and lower diagonal, each of the length of the main one."""
    if diagonals_format == "sequence":
        if len(diagonals) != 3:
            raise ValueError(f"{what}: diagonals must be three tensors, they are {len(diagonals)}.")
        upper, main, lower = (x if isinstance(x, Tensor) else convert(x) for x in diagonals)
        return upper, main, lower
    diagonals = diagonals if isinstance(diagonals, Tensor) else convert(diagonals)
    if diagonals_format == "matrix":
        dims = diagonals.shape.as_list() if diagonals.shape.rank is not None else []
        if len(dims) >= 2 and None not in dims[-2:] and dims[-1] != dims[-2]:
            raise ValueError(
                f"{what}: diagonals has {dims[-2]} rows and {dims[-1]} columns; it must be square."
            )
        packed = diag_part(diagonals, k=(-1, 1), align="LEFT_RIGHT")
    elif diagonals_format == "compact":
        packed = diagonals
    else:
        raise ValueError(
            f"{what}: diagonals_format={diagonals_format!r} is none of compact, matrix, sequence."
        )
    dims = packed.shape.as_list() if packed.shape.rank is not None else None
    if dims is not None and (len(dims) < 2 or dims[-2] not in (3, None)):
        raise ValueError(f"{what}: compact diagonals have shape {dims}; [..., 3, n] is wanted.")
    parts = apply(_split_three, (packed,))
    return parts[0], parts[1], parts[2]


def _split_shape(inputs: Sequence[Any], attrs: Mapping[str, Any]) -> Specs:
    dims = matrix_dims(inputs[0], "diagonals")
    shape = TensorShape(None if dims is None else [*dims[:-2], dims[-1]])
    return [(inputs[0].dtype, shape)] * 3


@op("TridiagonalSplit", dtypes=FACTORED, shape=_split_shape, api_name="linalg.tridiagonal_solve")
def _split_three(diagonals):
    return diagonals[..., 0, :], diagonals[..., 1, :], diagonals[..., 2, :]


def _band_rows(upper: Any, main: Any, lower: Any, rhs: Any) -> Any:
    """The diagonals, those outside the matrix zero, with the batch dims of `rhs`."""
    n = main.shape[-1]
    index = jnp.arange(n)
    zero = jnp.zeros((), main.dtype)
    # A diagonal given without its outer element is filled up.
    if upper.shape[-1] == n - 1:
        upper = jnp.concatenate([upper, jnp.zeros((*upper.shape[:-1], 1), upper.dtype)], axis=-1)
    if lower.shape[-1] == n - 1:
        lower = jnp.concatenate([jnp.zeros((*lower.shape[:-1], 1), lower.dtype), lower], axis=-1)
    if n != rhs.shape[-2]:
        raise ValueError(f"the diagonals have {n} elements, rhs has {rhs.shape[-2]} rows")
    upper = jnp.where(index < n - 1, upper, zero)
    lower = jnp.where(index > 0, lower, zero)
    batch = np.broadcast_shapes(main.shape[:-1], rhs.shape[:-2])
    return tuple(jnp.broadcast_to(x, (*batch, n)) for x in (upper, main, lower))


def _rhs_shape(inputs: Sequence[Any], attrs: Mapping[str, Any]) -> Specs:
    main, rhs = inputs[1].shape, inputs[3].shape
    if main.rank is None or rhs.rank is None:
        return [(inputs[3].dtype, rhs)]
    dims = rhs.as_list()
    batch = broadcast_static_shape(main[:-1], TensorShape(dims[:-2]))
    rows = main.as_list()[-1] if dims[-2] is None else dims[-2]
    return [(inputs[3].dtype, batch.concatenate([rows, dims[-1]]))]


@op(
    "TridiagonalMatMul",
    dtypes=_SYSTEM,
    shape=graph_shapes("tf.linalg.tridiagonal_matmul", _rhs_shape),
    api_name="linalg.tridiagonal_matmul",
)
def _tridiagonal_matmul(upper, main, lower, rhs):
    upper, main, lower = _band_rows(upper, main, lower, rhs)
    above = jnp.roll(rhs, -1, axis=-2)
    below = jnp.roll(rhs, 1, axis=-2)
    return upper[..., None] * above + main[..., None] * rhs + lower[..., None] * below


@export("linalg.tridiagonal_matmul")
def tridiagonal_matmul(
    diagonals: Any, rhs: Any, diagonals_format: str = "compact", name: str | None = None
) -> Any:
    """Product of tridiagonal matrices with matrices.

    Args:
      diagonals: "compact": a tensor of shape `[..., 3, n]`, rows the upper, main and lower
        diagonal; the last element of the first row and the first of the last are not used.
        "sequence": the three as tensors. "matrix": `[..., n, n]`, of which the three are read.
      rhs: Tensor of shape `[..., n, k]` and the same dtype: float32, float64, complex64,
        complex128.
      diagonals_format: "compact", "sequence" or "matrix".
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `rhs`' shape.
    Raises:
      ValueError: The diagonals do not have the shape that the format wants.

    >>> tf.linalg.tridiagonal_matmul([[1.0, 0.0], [2.0, 2.0], [0.0, 1.0]], [[1.0], [1.0]]).numpy()
    array([[3.],
           [3.]], dtype=float32)
    """
    upper, main, lower = _three(diagonals, diagonals_format, "tf.linalg.tridiagonal_matmul")
    return apply(_tridiagonal_matmul, (upper, main, lower, rhs), (), name)


def _tridiagonal_arrays(upper: Any, main: Any, lower: Any, rhs: Any) -> Any:
    rhs = jnp.broadcast_to(rhs, (*main.shape[:-1], *rhs.shape[-2:]))
    if main.shape[-1] < 3:  # LAPACK's solver, as JAX calls it, wants three rows
        n = main.shape[-1]
        row, column = (lax.broadcasted_iota(np.int32, (n, n), i) for i in (0, 1))
        whole = jnp.where(row == column, main[..., None, :], jnp.zeros((), main.dtype))
        whole = jnp.where(column == row + 1, upper[..., :, None], whole)
        whole = jnp.where(column == row - 1, lower[..., :, None], whole)
        return jnp.linalg.solve(whole, rhs)
    return lax.linalg.tridiagonal_solve(lower, main, upper, rhs)


@op("TridiagonalSolveGrad", dtypes=_SYSTEM, api_name="linalg.tridiagonal_solve")
def _tridiagonal_solve_grad(upper, main, lower, solution, dy):
    bands = _band_rows(upper, main, lower, dy)
    turned = tuple(jnp.conj(x) if jnp.iscomplexobj(x) else x for x in bands)
    grad_rhs = _tridiagonal_arrays(
        jnp.roll(turned[2], -1, axis=-1), turned[1], jnp.roll(turned[0], 1, axis=-1), dy
    )
    x = jnp.conj(solution) if jnp.iscomplexobj(solution) else solution

    def band(moved: Any) -> Any:
        return -jnp.sum(grad_rhs * moved, axis=-1)

    index = jnp.arange(main.shape[-1])
    zero = jnp.zeros((), main.dtype)
    grad_upper = jnp.where(index < index.size - 1, band(jnp.roll(x, -1, axis=-2)), zero)
    grad_lower = jnp.where(index > 0, band(jnp.roll(x, 1, axis=-2)), zero)
    n = main.shape[-1]
    if upper.shape[-1] == n - 1:
        grad_upper = grad_upper[..., :-1]
    if lower.shape[-1] == n - 1:
        grad_lower = grad_lower[..., 1:]
    return grad_upper, band(x), grad_lower, grad_rhs


def _tridiagonal_solve_gradient(record: Any, dy: Any) -> Any:
    inputs = record.inputs
    return apply(_tridiagonal_solve_grad, (*inputs[:3], record.outputs[0], dy))


@op(
    "TridiagonalSolve",
    dtypes=_SYSTEM,
    gradient=_tridiagonal_solve_gradient,
    shape=graph_shapes("tf.linalg.tridiagonal_solve", _rhs_shape),
    api_name="linalg.tridiagonal_solve",
)
def _tridiagonal_solve(upper, main, lower, rhs):
    if main.shape[:-1] != rhs.shape[:-2]:
        raise ValueError(
            f"the batch dimensions {list(main.shape[:-1])} of the diagonals and "
            f"{list(rhs.shape[:-2])} of rhs differ"
        )
    upper, main, lower = _band_rows(upper, main, lower, rhs)
    solution = _tridiagonal_arrays(upper, main, lower, rhs)
    require(
        jnp.all(jnp.isfinite(solution)) | ~jnp.all(jnp.isfinite(rhs)),
        errors.InvalidArgumentError,
        "the tridiagonal matrix is not invertible",
    )
    return solution


@export("linalg.tridiagonal_solve")
def tridiagonal_solve(
    diagonals: Any,
    rhs: Any,
    diagonals_format: str = "compact",
    transpose_rhs: bool = False,
    conjugate_rhs: bool = False,
    name: str | None = None,
    partial_pivoting: bool = True,
    perturb_singular: bool = False,
) -> Any:
    """Solves tridiagonal systems.

    Args:
      diagonals: As in `tf.linalg.tridiagonal_matmul`.
      rhs: Tensor of shape `[..., n, k]`, or `[..., n]` for one right side.
      diagonals_format: "compact", "sequence" or "matrix".
      transpose_rhs: Whether `rhs` is `[..., k, n]`.
      conjugate_rhs: Whether to conjugate `rhs` first.
      name: Optional name of the node in graphs.
      partial_pivoting: Taken; rows are exchanged in any case.
      perturb_singular: Must be False, as TensorFlow wants it on CPU.
    Returns:
      Tensor of shape `[..., n, k]`, or `[..., n]` where `rhs` is so.
    Raises:
      InvalidArgumentError: A matrix is singular, or the shapes do not fit.
      ValueError: The diagonals do not have the shape that the format wants.

    >>> tf.linalg.tridiagonal_solve([[1.0, 0.0], [2.0, 2.0], [0.0, 1.0]], [3.0, 3.0]).numpy()
    array([1., 1.], dtype=float32)
    """
    if perturb_singular:
        raise ValueError("tf.linalg.tridiagonal_solve: perturb_singular is not offered on CPU.")
    upper, main, lower = _three(diagonals, diagonals_format, "tf.linalg.tridiagonal_solve")
    rhs = rhs if isinstance(rhs, Tensor) else convert(rhs, main.dtype)
    vector = rhs.shape.rank is not None and rhs.shape.rank == main.shape.rank
    rhs = apply(
        _right_side,
        (rhs,),
        (
            ("expand", vector),
            ("transpose", bool(transpose_rhs) and not vector),
            ("conjugate", bool(conjugate_rhs)),
        ),
    )
    solved = apply(_tridiagonal_solve, (upper, main, lower, rhs), (), name)
    return apply(_without_last, (solved,)) if vector else solved


@op("TridiagonalRhs", dtypes=FACTORED, api_name="linalg.tridiagonal_solve")
def _right_side(rhs, *, expand, transpose, conjugate):
    rhs = rhs[..., None] if expand else jnp.swapaxes(rhs, -1, -2) if transpose else rhs
    return jnp.conj(rhs) if conjugate and jnp.iscomplexobj(rhs) else rhs


@op("TridiagonalVector", dtypes=FACTORED, api_name="linalg.tridiagonal_solve")
def _without_last(x):
    return x[..., 0]
