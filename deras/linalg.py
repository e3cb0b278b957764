"""`deras.linalg`: the public names of TensorFlow's `tf.linalg`."""

# Written by scripts/gen_api.py from the @export declarations in _src; do not edit.
# isort: skip_file

from deras._src.compat.missing import missing_attribute as _missing
from deras._src.ops.array_fill import eye as eye
from deras._src.ops.linalg_decompose import cholesky as cholesky
from deras._src.ops.linalg_decompose import eig as eig
from deras._src.ops.linalg_decompose import eigh as eigh
from deras._src.ops.linalg_decompose import eigvals as eigvals
from deras._src.ops.linalg_decompose import eigvalsh as eigvalsh
from deras._src.ops.linalg_decompose import lu as lu
from deras._src.ops.linalg_decompose import qr as qr
from deras._src.ops.linalg_decompose import svd as svd
from deras._src.ops.linalg_diag import adjoint as adjoint
from deras._src.ops.linalg_diag import band_part as band_part
from deras._src.ops.linalg_diag import cross as cross
from deras._src.ops.linalg_diag import diag as diag
from deras._src.ops.linalg_diag import diag_part as diag_part
from deras._src.ops.linalg_diag import matrix_transpose as matrix_transpose
from deras._src.ops.linalg_diag import set_diag as set_diag
from deras._src.ops.linalg_diag import tensor_diag as tensor_diag
from deras._src.ops.linalg_diag import tensor_diag_part as tensor_diag_part
from deras._src.ops.linalg_diag import trace as trace
from deras._src.ops.linalg_einsum import einsum as einsum
from deras._src.ops.linalg_functions import expm as expm
from deras._src.ops.linalg_functions import logm as logm
from deras._src.ops.linalg_functions import lstsq as lstsq
from deras._src.ops.linalg_functions import matrix_rank as matrix_rank
from deras._src.ops.linalg_functions import pinv as pinv
from deras._src.ops.linalg_functions import sqrtm as sqrtm
from deras._src.ops.linalg_functions import tridiagonal_matmul as tridiagonal_matmul
from deras._src.ops.linalg_functions import tridiagonal_solve as tridiagonal_solve
from deras._src.ops.linalg_matmul import matmul as matmul
from deras._src.ops.linalg_matmul import matvec as matvec
from deras._src.ops.linalg_matmul import tensordot as tensordot
from deras._src.ops.linalg_norm import global_norm as global_norm
from deras._src.ops.linalg_norm import norm as norm
from deras._src.ops.linalg_norm import normalize as normalize
from deras._src.ops.linalg_solve import cholesky_solve as cholesky_solve
from deras._src.ops.linalg_solve import det as det
from deras._src.ops.linalg_solve import inv as inv
from deras._src.ops.linalg_solve import logdet as logdet
from deras._src.ops.linalg_solve import lu_matrix_inverse as lu_matrix_inverse
from deras._src.ops.linalg_solve import lu_reconstruct as lu_reconstruct
from deras._src.ops.linalg_solve import lu_solve as lu_solve
from deras._src.ops.linalg_solve import slogdet as slogdet
from deras._src.ops.linalg_solve import solve as solve
from deras._src.ops.linalg_solve import triangular_solve as triangular_solve

__getattr__ = _missing(__name__)
