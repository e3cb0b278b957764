"""Rows of `tf.linalg`: diagonals, decompositions, systems, norms. Products are in `linalg.py`.

Where signs or phases are free (eigenvectors, singular vectors), the row takes what does not depend
on them. Matrices of which half is read are made symmetric first.
"""

from __future__ import annotations

from typing import Any

from .case import (
    COMPLEXES,
    FLOATS,
    Case,
    Raises,
    cnormal,
    constant,
    ints,
    invertible,
    normal,
    positive,
    positive_definite,
    values,
)

FACTORED = ("float32", "float64", "complex64", "complex128")
REAL = ("float32", "float64")
INTS = ("int32", "int64")
SINGULAR = [[1.0, 2.0], [2.0, 4.0]]
TRIANGLE = [[2.0, 0.0, 0.0], [0.5, 1.5, 0.0], [-1.0, 0.7, 3.0]]


def symmetric(tf: Any, x: Any) -> Any:
    return (x + tf.linalg.adjoint(x)) / 2


def cholesky_of(tf: Any, x: Any) -> Any:
    return tf.linalg.cholesky(symmetric(tf, x))


def eigh_of(tf: Any, x: Any) -> Any:
    """Eigenvalues, and a function of the eigenvectors that does not see their phases."""
    e, v = tf.linalg.eigh(symmetric(tf, x))
    weights = tf.cast([1.0, 2.0, 4.0], x.dtype)
    return e, tf.matmul(v * weights, v, adjoint_b=True)


def svd_of(tf: Any, x: Any, full_matrices: bool = False) -> Any:
    s, u, v = tf.linalg.svd(x, full_matrices=full_matrices)
    inner = min(x.shape[-1] or 0, x.shape[-2] or 0) or 2
    weights = tf.cast([1.0, 2.0, 4.0][:inner], x.dtype)
    return s, tf.matmul(u[..., :inner] * weights, v[..., :inner], adjoint_b=True)


def svd_spaces(tf: Any, x: Any) -> Any:
    s, u, v = tf.linalg.svd(x, full_matrices=True)
    return s, tf.abs(tf.matmul(u, u, adjoint_b=True)), tf.abs(tf.matmul(v, v, adjoint_b=True))


def qr_of(tf: Any, x: Any, full_matrices: bool = False) -> Any:
    return tf.linalg.qr(x, full_matrices=full_matrices)


def eig_of(tf: Any, x: Any) -> Any:
    """Sums over eigenvalues and projectors on eigenvectors: free of order and phase."""
    e, v = tf.linalg.eig(x)
    power = tf.linalg.matvec(v * e[..., None, :], tf.linalg.inv(v)[..., :, 0])
    return tf.reduce_sum(e, -1), tf.reduce_sum(e * e, -1), power


def eigvals_of(tf: Any, x: Any) -> Any:
    e = tf.linalg.eigvals(x)
    return tf.reduce_sum(e, -1), tf.reduce_sum(e * e, -1)


CASES = [
    # Diagonals and bands.
    Case(
        "linalg.band_part",
        [normal(2, 3, 4), 1, 0],
        dtypes=(*FLOATS, *COMPLEXES, *INTS, "bool"),
        raises=[
            Raises([normal(3, 4), 4, 0], match="band_part: num_lower must be negative or at most"),
            Raises([normal(3, 4), 1, 5], match="band_part: num_upper must be .* it is 5"),
            Raises([normal(4), 1, 0], match="band_part: input has rank 1"),
        ],
    ),
    Case("linalg.band_part", [normal(3, 3), -1, constant(1)], id="band_part-tensor"),
    Case(
        "linalg.diag",
        [normal(2, 3)],
        dtypes=(*FLOATS, *COMPLEXES, *INTS, "bool"),
        raises=[
            Raises([normal(2, 3)], {"num_rows": 2}, match="diag: diagonals of 3 elements need 3"),
            Raises([normal(3)], {"k": (1, 0)}, match="diag: k=.1, 0.: the lower"),
            Raises([normal(3)], {"align": "LEFT"}, match="diag: align='LEFT'"),
        ],
    ),
    Case(
        "linalg.diag",
        [normal(3)],
        {"k": -1, "num_cols": 5, "padding_value": 7.0},
        unknown="compatible",
    ),
    Case("linalg.diag", [normal(2, 3, 4)], {"k": (-1, 1)}),
    Case("linalg.diag", [normal(3, 3)], {"k": (-2, 0), "align": "LEFT_LEFT", "num_rows": 3}),
    Case(
        "linalg.diag_part",
        [normal(2, 3, 4)],
        dtypes=(*FLOATS, *COMPLEXES, *INTS, "bool"),
        raises=[Raises([normal(3, 3)], {"k": 3}, match="diag_part: the lower diagonal 3 is out")],
    ),
    Case("linalg.diag_part", [normal(3, 4)], {"k": 2}),
    Case("linalg.diag_part", [normal(2, 3, 4)], {"k": (-2, 3), "padding_value": 9.0}),
    Case("linalg.diag_part", [normal(4, 3)], {"k": (-1, 1), "align": "LEFT_RIGHT"}),
    Case("linalg.diag_part", [normal(4, 4)], {"k": (0, 1), "align": "RIGHT_RIGHT"}),
    Case(
        "linalg.set_diag",
        [normal(2, 3, 4), normal(2, 3)],
        dtypes=(*FLOATS, *COMPLEXES, *INTS, "bool"),
        raises=[Raises([normal(3, 3), normal(2)], match="set_diag: diagonal has shape .2.")],
    ),
    Case("linalg.set_diag", [normal(3, 4), normal(2)], {"k": 2}),
    Case("linalg.set_diag", [normal(4, 4), normal(3, 4)], {"k": (-1, 1), "align": "LEFT_RIGHT"}),
    Case("linalg.tensor_diag", [normal(2, 3)], dtypes=(*REAL, "float16", *COMPLEXES, *INTS)),
    Case(
        "linalg.tensor_diag_part",
        [normal(2, 3, 2, 3)],
        dtypes=(*REAL, "float16", *COMPLEXES, *INTS),
        empty=False,
        raises=[
            Raises([normal(2, 3)], match="tensor_diag_part: the halves of the shape"),
            Raises([normal(2)], match="tensor_diag_part: input has rank 1"),
        ],
    ),
    Case(
        "linalg.trace",
        [normal(2, 3, 4)],
        dtypes=(*FLOATS, *COMPLEXES, *INTS),
        raises=[Raises([normal(3)], match="trace: x has rank 1")],
    ),
    Case(
        "linalg.matrix_transpose",
        [normal(2, 3, 4)],
        dtypes=(*FLOATS, *COMPLEXES, *INTS, "bool"),
        raises=[Raises([normal(3)], match="matrix_transpose: a has rank 1")],
    ),
    Case("linalg.adjoint", [cnormal(2, 3, 4)]),
    Case(
        "linalg.cross",
        [normal(2, 3), normal(2, 3)],
        dtypes=(*FLOATS, *INTS),
        raises=[
            Raises([normal(2, 2), normal(2, 2)], match="cross: the last dimension has 2"),
            Raises([normal(2, 3), normal(1, 3)], match="cross: the shapes differ|cross"),
        ],
    ),
    # Decompositions.
    Case(
        "linalg.cholesky",
        [positive_definite(2, 3, 3)],
        call=cholesky_of,
        dtypes=FACTORED,
        raises=[
            Raises(
                [normal(2, 3)],
                match="cholesky: input has 2 rows and 3 columns",
                call=lambda tf, x: tf.linalg.cholesky(x),
            )
        ],
    ),
    Case(
        "linalg.cholesky",
        [values([[4.0, 9.0], [2.0, 5.0]])],
        id="cholesky-lower-half",
        fd=False,
    ),
    Case(
        "linalg.qr",
        [normal(2, 4, 3)],
        dtypes=(*FACTORED, "float16"),
        grad_rtol=1e-4,
        raises=[Raises([normal(3)], match="qr: input has rank 1")],
    ),
    Case("linalg.qr", [normal(3, 4)], id="qr-wide", grad_rtol=1e-4),
    Case("linalg.qr", [normal(4, 3)], {"full_matrices": True}, grad=None),
    Case("linalg.svd", [normal(2, 4, 3)], call=svd_of, dtypes=REAL, grad_rtol=1e-4, unknown=False),
    Case("linalg.svd", [normal(2, 3)], call=svd_of, id="svd-wide", grad_rtol=1e-4, unknown=False),
    Case(
        "linalg.svd", [normal(2, 3)], {"full_matrices": True}, id="svd-full", value=False, grad=None
    ),
    Case("linalg.svd", [normal(4, 2)], call=svd_spaces, id="svd-spaces", grad=None, unknown=False),
    Case(
        "linalg.svd",
        [normal(3, 3)],
        {"compute_uv": False},
        dtypes=FACTORED,
        raises=[Raises([normal(3)], match="svd: tensor has rank 1")],
    ),
    Case("linalg.eigh", [normal(2, 3, 3)], call=eigh_of, dtypes=FACTORED, grad_rtol=1e-4),
    Case(
        "linalg.eigh",
        [positive_definite(3, 3)],
        id="eigh-errors",
        value=False,
        grad=None,
        raises=[
            Raises([values([[float("nan")] * 2] * 2)], match="eigh: the eigenvalues"),
            Raises([normal(2, 3)], match="eigh: input has 2 rows"),
        ],
    ),
    Case("linalg.eigvalsh", [normal(2, 3, 3)], dtypes=FACTORED, order2=False),
    Case("linalg.eig", [invertible(2, 3, 3)], call=eig_of, dtypes=FACTORED, order2=False),
    Case(
        "linalg.eigvals",
        [invertible(3, 3)],
        call=eigvals_of,
        dtypes=FACTORED,
        order2=False,
        raises=[
            Raises(
                [normal(2, 3)],
                match="eigvals: tensor has 2 rows",
                call=lambda tf, x: tf.linalg.eigvals(x),
            )
        ],
    ),
    Case(
        "linalg.lu",
        [normal(2, 3, 3)],
        dtypes=FACTORED,
        grad=None,
        raises=[
            Raises([values(SINGULAR)], match="lu: input is not invertible"),
            Raises([normal(2, 3)], match="lu: input has 2 rows"),
        ],
    ),
    Case(
        "linalg.lu",
        [normal(3, 3)],
        id="lu-int64",
        grad=None,
        call=lambda tf, x: tf.linalg.lu(x, output_idx_type=tf.int64),
    ),
    # Inverses, determinants, systems.
    Case(
        "linalg.inv",
        [normal(2, 3, 3)],
        dtypes=(*FACTORED, "float16", "int32", "bfloat16"),
        rtol={"float16": 3e-2},
        atol={"float16": 3e-2},
        raises=[
            Raises([values(SINGULAR)], match="inv: input is not invertible"),
            Raises([normal(2, 3)], match="inv: input has 2 rows and 3 columns"),
            Raises([normal(3)], match="inv: input has rank 1"),
        ],
    ),
    Case("linalg.inv", [cnormal(3, 3)], {"adjoint": True}),
    Case(
        "linalg.det",
        [normal(2, 3, 3)],
        dtypes=FACTORED,
        raises=[Raises([normal(2, 3)], match="det: input has 2 rows")],
    ),
    Case("linalg.det", [values(SINGULAR)], id="det-singular", grad=None),
    Case("linalg.slogdet", [normal(2, 3, 3)], dtypes=FACTORED),
    Case("linalg.slogdet", [values(SINGULAR)], id="slogdet-singular", grad=None),
    Case(
        "linalg.logdet",
        [positive_definite(2, 3, 3)],
        call=lambda tf, x: tf.linalg.logdet(symmetric(tf, x)),
        dtypes=FACTORED,
    ),
    Case(
        "linalg.solve",
        [normal(2, 3, 3), normal(2, 3, 2)],
        dtypes=FACTORED,
        raises=[
            Raises([values(SINGULAR), normal(2, 1)], match="solve: matrix is not invertible"),
            Raises([normal(2, 2), normal(3, 1)], match="solve: matrix has 2 rows, rhs has 3"),
            Raises([normal(2, 2, 2), normal(2, 1)], match="solve: "),
        ],
    ),
    Case("linalg.solve", [cnormal(3, 3), cnormal(3, 2)], {"adjoint": True}),
    Case(
        "linalg.triangular_solve",
        [values(TRIANGLE), normal(3, 2)],
        dtypes=FACTORED,
        raises=[Raises([normal(2, 2), normal(3, 1)], match="triangular_solve: matrix has 2 rows")],
    ),
    Case(
        "linalg.triangular_solve",
        [invertible(2, 3, 3), normal(3, 2)],
        {"lower": False, "adjoint": True},
        unknown="compatible",
    ),
    Case(
        "linalg.triangular_solve",
        [values([[1.0, 0.0], [1.0, 0.0]]), values([[2.0], [1.0]])],
        id="triangular_solve-singular",
        grad=None,
    ),
    Case("linalg.cholesky_solve", [values(TRIANGLE), normal(3, 2)], dtypes=FACTORED),
    Case(
        "linalg.lu_solve",
        [invertible(2, 3, 3), constant([[2, 0, 1], [1, 0, 2]]), normal(2, 3, 2)],
        dtypes=REAL,
        unknown="compatible",
    ),
    Case(
        "linalg.lu_reconstruct",
        [invertible(2, 3, 3), constant([[2, 0, 1], [1, 0, 2]])],
        unknown="compatible",
        empty=False,
    ),
    Case(
        "linalg.lu_matrix_inverse",
        [invertible(2, 3, 3), constant([[2, 0, 1], [1, 0, 2]])],
        unknown="compatible",
        empty=False,
    ),
    Case(
        "linalg.lstsq",
        [normal(2, 4, 3), normal(2, 4, 2)],
        dtypes=REAL,
        rtol={"float32": 1e-4},
        grad_rtol=2e-3,
        raises=[Raises([normal(4, 3), normal(3, 2)], match="lstsq: matrix has 4 rows, rhs has 3")],
    ),
    Case(
        "linalg.lstsq",
        [normal(2, 3), normal(2, 2)],
        {"l2_regularizer": 0.5},
        rtol={"float32": 1e-4},
        grad_rtol=2e-3,
    ),
    Case("linalg.lstsq", [normal(4, 3), normal(4, 2)], {"fast": False}, grad=None, empty=False),
    Case(
        "linalg.pinv",
        [normal(2, 4, 3)],
        rtol={"float32": 1e-4},
        grad_rtol=2e-3,
        empty=False,
        raises=[
            Raises([ints(0, 3, (2, 2))], match="pinv: a is int32"),
            Raises([normal(3)], match="pinv: a has rank 1"),
        ],
    ),
    Case("linalg.pinv", [normal(2, 3)], {"rcond": 0.3}, grad=None),
    Case(
        "linalg.matrix_rank",
        [values([SINGULAR, [[1.0, 2.0], [0.0, 1.0]]])],
        raises=[
            Raises([ints(0, 3, (2, 2))], match="matrix_rank: a is int32"),
            Raises([normal(3)], match="matrix_rank: a has rank 1"),
        ],
    ),
    Case("linalg.matrix_rank", [positive_definite(3, 3)], {"tol": 1.0}),
    # Functions of matrices.
    Case(
        "linalg.expm",
        [normal(2, 3, 3)],
        dtypes=FACTORED,
        order2=False,
        grad_rtol=1e-4,
        raises=[
            Raises([ints(0, 3, (2, 2))], match="expm: input is int32"),
            Raises([normal(2, 3)], match="expm: input has 2 rows"),
        ],
    ),
    Case("linalg.expm", [values([[0.0, 9.0], [-9.0, 0.0]])], id="expm-large", grad=None, rtol=2e-4),
    Case("linalg.sqrtm", [positive_definite(2, 3, 3)], dtypes=FACTORED, jit=False),
    Case("linalg.sqrtm", [values([[0.0, 0.0], [0.0, 0.0]])], id="sqrtm-zero", grad=None),
    Case("linalg.logm", [positive_definite(2, 3, 3)], dtypes=COMPLEXES, grad=None),
    Case("linalg.tridiagonal_matmul", [normal(2, 3, 4), normal(2, 4, 2)], dtypes=FACTORED),
    Case(
        "linalg.tridiagonal_matmul",
        [[normal(4), normal(4), normal(4)], normal(4, 2)],
        {"diagonals_format": "sequence"},
    ),
    Case(
        "linalg.tridiagonal_matmul",
        [normal(4, 4), normal(4, 2)],
        {"diagonals_format": "matrix"},
    ),
    Case(
        "linalg.tridiagonal_solve",
        [normal(2, 3, 4), normal(2, 4, 2)],
        call=lambda tf, x, y: tf.linalg.tridiagonal_solve(
            x + tf.cast([[0.0], [4.0], [0.0]], x.dtype), y
        ),
    ),
    Case("linalg.tridiagonal_solve", [normal(3, 4), normal(4)], id="tridiagonal_solve-vector"),
    Case(
        "linalg.tridiagonal_solve",
        [[normal(4), positive(4), normal(4)], normal(2, 4)],
        {"diagonals_format": "sequence", "transpose_rhs": True},
    ),
    # Norms.
    Case("norm", [normal(2, 3)], dtypes=(*FLOATS, *COMPLEXES)),
    Case("norm", [normal(2, 3)], {"ord": 1, "axis": 1}, dtypes=(*FLOATS, "complex64")),
    Case("norm", [normal(2, 3)], {"ord": float("inf"), "axis": 0, "keepdims": True}),
    Case("norm", [normal(2, 3)], {"ord": 2, "axis": -1}, dtypes=(*REAL, "complex64")),
    Case("norm", [normal(2, 3)], {"ord": 3}, dtypes=(*REAL, "complex64")),
    Case("norm", [positive(2, 3)], {"ord": 0.5, "axis": 1}),
    Case("norm", [normal(2, 3, 4)], {"ord": 1, "axis": (0, 2)}),
    Case("norm", [normal(2, 3, 4)], {"ord": float("inf"), "axis": [-1, 0], "keepdims": True}),
    Case("norm", [normal(2, 3, 4)], {"ord": 2, "axis": [1, 2]}, dtypes=REAL, empty=False),
    Case("norm", [normal(2, 3, 4)], {"ord": "fro", "axis": [1, 2]}),
    Case(
        "norm",
        [values([0.0, 0.0])],
        id="norm-zero",
        fd=False,
        raises=[
            Raises([normal(2, 3)], {"ord": "fro"}, match="norm: ord='fro' .* vectors"),
            Raises([normal(2, 3)], {"ord": 3, "axis": [0, 1]}, match="norm: ord=3 .* matrices"),
            Raises([normal(2, 3)], {"axis": [0, 0]}, match="norm: axis must be"),
            Raises([ints(0, 3, (2,))], match="norm: tensor is int32"),
        ],
    ),
    Case("linalg.normalize", [normal(2, 3)], {"axis": 1}, dtypes=(*REAL, "complex64")),
    Case("linalg.global_norm", [[normal(2, 3), None, normal(4)]], dtypes=(*REAL, "float16")),
]
