"""Diagonals, bands, transposes and cross products of matrices.

All masks and indices are made from `lax.broadcasted_iota`: the lowering also runs on trial sizes of
tens of thousands, where an array of indices would not fit into memory.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from deras._src import errors
from deras._src.core.dtypes import ANY, INDEX, NUMERIC, REAL, STRING, DType
from deras._src.core.dtypes import bool_ as bool_dtype
from deras._src.core.tensor import Tensor
from deras._src.core.tensor_shape import TensorShape
from deras._src.dispatch.apply import apply
from deras._src.dispatch.convert import convert, host_value
from deras._src.graph.checks import require
from deras._src.ops.gradient_support import zeros_like
from deras._src.ops.linalg_support import check_matrix, graph_shapes, matrix_dims
from deras._src.ops.shapes import Specs, same_as_first
from deras._src.registry import TypeVar, op
from deras._src.util.export import export

_ON_DEVICE = ANY - STRING
_ALIGNS = ("RIGHT_LEFT", "LEFT_RIGHT", "LEFT_LEFT", "RIGHT_RIGHT")


def _rows_and_columns(rows: int, columns: int) -> tuple[Any, Any]:
    shape = (rows, columns)
    return lax.broadcasted_iota(np.int32, shape, 0), lax.broadcasted_iota(np.int32, shape, 1)


# -- band_part ------------------------------------------------------------------------------------


def _band_part_gradient(record: Any, dy: Any) -> Any:
    return apply(_band_part, (dy, record.inputs[1], record.inputs[2])), None, None


_BAND = TypeVar("Tindex", INDEX)


@op(
    "MatrixBandPart",
    dtypes={"input": _ON_DEVICE, "num_lower": _BAND, "num_upper": _BAND},
    gradient=_band_part_gradient,
    shape=same_as_first,
    api_name="linalg.band_part",
)
def _band_part(input, num_lower, num_upper):
    check_matrix(input.shape)
    rows, columns = input.shape[-2:]
    for name, number, most in (("num_lower", num_lower, rows), ("num_upper", num_upper, columns)):
        require(
            number <= most,
            errors.InvalidArgumentError,
            f"{name} must be negative or at most {most}, it is {{detail}}",
            number,
        )
    below, above = _rows_and_columns(rows, columns)
    distance = (below - above).astype(num_lower.dtype)
    keep = ((num_lower < 0) | (distance <= num_lower)) & (
        (num_upper < 0) | (-distance <= num_upper)
    )
    return jnp.where(keep, input, jnp.zeros((), input.dtype))


@export("linalg.band_part")
def band_part(input: Any, num_lower: Any, num_upper: Any, name: str | None = None) -> Any:
    """Matrices with everything outside a band around the diagonal set to zero.

    Args:
      input: Tensor of shape `[..., m, n]`, any dtype but string.
      num_lower: int32 or int64 scalar: how many subdiagonals stay; negative: all.
      num_upper: The same for superdiagonals.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `input`'s shape and dtype.
    Raises:
      InvalidArgumentError: `num_lower` exceeds m, or `num_upper` exceeds n.

    >>> tf.linalg.band_part(tf.ones([3, 3]), 0, -1).numpy()
    array([[1., 1., 1.],
           [0., 1., 1.],
           [0., 0., 1.]], dtype=float32)
    """
    return apply(_band_part, (input, num_lower, num_upper), (), name)


# -- diagonals ------------------------------------------------------------------------------------


def _length(rows: Any, columns: Any, k: Any) -> Any:
    """The length of diagonal k."""
    return jnp.minimum(rows + jnp.minimum(k, 0), columns - jnp.maximum(k, 0))


def _longest(rows: int, columns: int, low: int, high: int) -> int:
    return min(rows + min(high, 0), columns - max(low, 0))


def _offset(k: Any, length: Any, longest: int, align: str) -> Any:
    """Where diagonal k begins in its row of the packed diagonals."""
    above, below = align.split("_")
    left = ((k >= 0) & (above == "LEFT")) | ((k <= 0) & (below == "LEFT"))
    return jnp.where(left, 0, longest - length)


def _check_band(rows: int, columns: int, low: int, high: int) -> None:
    for name, k in (("lower", low), ("upper", high)):
        # 0 is in range for every matrix, empty ones included.
        if k != 0 and not -rows < k < columns:
            raise ValueError(
                f"the {name} diagonal {k} is out of range for {rows} rows and {columns} columns"
            )


def _diag_part_shape(inputs: Sequence[Any], attrs: Mapping[str, Any]) -> Specs:
    dims = matrix_dims(inputs[0])
    low, high = attrs["k"]
    if dims is None:
        return [(inputs[0].dtype, TensorShape(None))]
    rows, columns = dims[-2:]
    longest = None
    if rows is not None and columns is not None:
        _check_band(rows, columns, low, high)
        longest = _longest(rows, columns, low, high)
    packed = [longest] if low == high else [high - low + 1, longest]
    return [(inputs[0].dtype, TensorShape([*dims[:-2], *packed]))]


# The gradients of the three ops below are each other: masks, where the derived ones would scatter.
def _diag_part_gradient(record: Any, dy: Any) -> Any:
    attrs = (("k", record.attr("k")), ("align", record.attr("align")))
    return apply(_set_diag, (zeros_like(record.inputs[0]), dy), attrs), None


@op(
    "MatrixDiagPartV3",
    dtypes=_ON_DEVICE,
    gradient=_diag_part_gradient,
    shape=graph_shapes("tf.linalg.diag_part", _diag_part_shape),
    api_name="linalg.diag_part",
)
def _diag_part(input, padding_value, *, k, align):
    check_matrix(input.shape)
    input = jnp.asarray(input)  # a folded constant is a NumPy array, which tracers do not index
    rows, columns = input.shape[-2:]
    low, high = k
    _check_band(rows, columns, low, high)
    if low == high:
        return jnp.diagonal(input, low, -2, -1)
    longest = _longest(rows, columns, low, high)
    number, place = _rows_and_columns(high - low + 1, longest)
    diagonal = high - number
    length = _length(rows, columns, diagonal)
    place = place - _offset(diagonal, length, longest, align)
    row = place + jnp.maximum(-diagonal, 0)
    column = place + jnp.maximum(diagonal, 0)
    inside = (place >= 0) & (place < length)
    picked = input[..., jnp.clip(row, 0, rows - 1), jnp.clip(column, 0, columns - 1)]
    return jnp.where(inside, picked, padding_value)


def _spread(diagonal: Any, rows: int, columns: int, low: int, high: int, align: str) -> Any:
    """Packed diagonals moved to their places in a matrix; what is outside the band is arbitrary."""
    diagonal = jnp.asarray(diagonal)
    if low == high:
        # Every row holds the whole diagonal; the mask leaves one element of each.
        lead = max(low, 0)
        edges = [(0, 0, 0)] * (diagonal.ndim - 1)
        padded = lax.pad(
            diagonal,
            jnp.zeros((), diagonal.dtype),
            [*edges, (lead, columns - lead - diagonal.shape[-1], 0)],
        )
        return padded[..., None, :]
    longest = diagonal.shape[-1]
    row, column = _rows_and_columns(rows, columns)
    k = column - row
    place = column - jnp.maximum(k, 0)
    place = place + _offset(k, _length(rows, columns, k), longest, align)
    return diagonal[..., jnp.clip(high - k, 0, high - low), jnp.clip(place, 0, longest - 1)]


def _band(rows: int, columns: int, low: int, high: int) -> Any:
    row, column = _rows_and_columns(rows, columns)
    return (column - row >= low) & (column - row <= high)


def _diag_size(longest: int, low: int, high: int, rows: int, columns: int) -> tuple[int, int]:
    """The size of the matrix made from diagonals; -1 asks for the smallest."""
    least_rows, least_columns = longest - min(high, 0), longest + max(low, 0)
    if rows == -1 and columns == -1:
        side = max(least_rows, least_columns)
        return side, side
    rows = least_rows if rows == -1 else rows
    columns = least_columns if columns == -1 else columns
    if rows < least_rows or columns < least_columns:
        raise ValueError(
            f"diagonals of {longest} elements need {least_rows} rows and {least_columns} columns; "
            f"num_rows and num_cols ask for {rows} and {columns}"
        )
    if rows != least_rows and columns != least_columns:
        raise ValueError(
            f"diagonals of {longest} elements are too short for {rows} rows and {columns} columns"
        )
    return rows, columns


def _check_packed(shape: Sequence[Any], low: int, high: int, name: str = "diagonal") -> None:
    needed = 1 if low == high else 2
    if len(shape) < needed:
        raise ValueError(f"{name} has rank {len(shape)}; {needed} or more is wanted")
    if low != high and shape[-2] is not None and shape[-2] != high - low + 1:
        raise ValueError(
            f"{name} holds {shape[-2]} diagonals, but k={(low, high)} names {high - low + 1}"
        )


def _diag_shape(inputs: Sequence[Any], attrs: Mapping[str, Any]) -> Specs:
    shape = inputs[0].shape
    low, high = attrs["k"]
    if shape.rank is None:
        return [(inputs[0].dtype, TensorShape(None))]
    dims = shape.as_list()
    _check_packed(dims, low, high)
    rows, columns = attrs["num_rows"], attrs["num_cols"]
    size: list[Any] = [None if d == -1 else d for d in (rows, columns)]
    if dims[-1] is not None:
        size = list(_diag_size(dims[-1], low, high, rows, columns))
    return [(inputs[0].dtype, TensorShape([*dims[: -1 if low == high else -2], *size]))]


def _diag_gradient(record: Any, dy: Any) -> Any:
    attrs = (("k", record.attr("k")), ("align", record.attr("align")))
    return apply(_diag_part, (dy, _zero(dy.dtype)), attrs), None


def _zero(dtype: DType) -> Any:
    return convert(np.zeros((), dtype.np_dtype))


@op(
    "MatrixDiagV3",
    dtypes=_ON_DEVICE,
    gradient=_diag_gradient,
    shape=graph_shapes("tf.linalg.diag", _diag_shape),
    api_name="linalg.diag",
)
def _diag(diagonal, padding_value, *, k, num_rows, num_cols, align):
    low, high = k
    _check_packed(diagonal.shape, low, high)
    rows, columns = _diag_size(diagonal.shape[-1], low, high, num_rows, num_cols)
    spread = _spread(diagonal, rows, columns, low, high, align)
    return jnp.where(_band(rows, columns, low, high), spread, padding_value)


def _set_diag_gradient(record: Any, dy: Any) -> Any:
    attrs = (("k", record.attr("k")), ("align", record.attr("align")))
    diagonal = record.inputs[1]
    return (
        apply(_set_diag, (dy, zeros_like(diagonal)), attrs),
        apply(_diag_part, (dy, _zero(dy.dtype)), attrs),
    )


@op(
    "MatrixSetDiagV3",
    dtypes=_ON_DEVICE,
    gradient=_set_diag_gradient,
    shape=same_as_first,
    api_name="linalg.set_diag",
)
def _set_diag(input, diagonal, *, k, align):
    check_matrix(input.shape)
    rows, columns = input.shape[-2:]
    low, high = k
    _check_band(rows, columns, low, high)
    _check_packed(diagonal.shape, low, high)
    longest = _longest(rows, columns, low, high)
    wanted = (*input.shape[:-2], *(() if low == high else (high - low + 1,)), longest)
    if diagonal.shape != wanted:
        raise ValueError(
            f"diagonal has shape {list(diagonal.shape)}; for input {list(input.shape)} and "
            f"k={k} it must be {list(wanted)}"
        )
    spread = _spread(diagonal, rows, columns, low, high, align)
    return jnp.where(_band(rows, columns, low, high), spread, input)


def _band_attrs(k: Any, align: str, what: str) -> tuple[tuple[str, Any], ...]:
    ks = np.atleast_1d(host_value(k, what))
    if ks.ndim != 1 or ks.size not in (1, 2):
        raise ValueError(f"{what}: k must be an int or a pair of ints, it has shape {ks.shape}.")
    low, high = int(ks[0]), int(ks[-1])
    if low > high:
        raise errors.op_error(
            errors.GraphInvalidArgumentError,
            what,
            f"k={(low, high)}: the lower diagonal must not be above the upper one",
        )
    if align not in _ALIGNS:
        raise errors.op_error(
            errors.GraphInvalidArgumentError,
            what,
            f"align={align!r} is none of {', '.join(_ALIGNS)}",
        )
    return ("k", (low, high)), ("align", align)


@export("linalg.diag")
def diag(
    diagonal: Any,
    name: str = "diag",
    k: Any = 0,
    num_rows: Any = -1,
    num_cols: Any = -1,
    padding_value: Any = 0,
    align: str = "RIGHT_LEFT",
) -> Any:
    """Matrices with given diagonals.

    Args:
      diagonal: Tensor of shape `[..., n]`: a diagonal; or, for several of them, `[..., number of
        diagonals, longest diagonal]`, the highest one first.
      name: Optional name of the node in graphs.
      k: Which diagonal: 0 the main one, positive above, negative below it. Or a pair: the lowest
        and the highest of several.
      num_rows, num_cols: Size of the matrices; -1: the smallest that holds the diagonals.
      padding_value: Scalar outside of the diagonals.
      align: Where shorter diagonals stand in their rows, above and below the main one:
        "RIGHT_LEFT", "LEFT_RIGHT", "LEFT_LEFT" or "RIGHT_RIGHT".
    Returns:
      Tensor of shape `[..., num_rows, num_cols]`.
    Raises:
      InvalidArgumentError: The size does not fit the diagonals.

    >>> tf.linalg.diag([1, 2]).numpy()
    array([[1, 0],
           [0, 2]], dtype=int32)
    """
    band, where = _band_attrs(k, align, "tf.linalg.diag")
    size = [int(host_value(n, "tf.linalg.diag")) for n in (num_rows, num_cols)]
    attrs = (band, ("num_rows", size[0]), ("num_cols", size[1]), where)
    diagonal = _tensor(diagonal)
    return apply(_diag, (diagonal, _padding(diagonal, padding_value)), attrs, name)


@export("linalg.diag_part")
def diag_part(
    input: Any,
    name: str = "diag_part",
    k: Any = 0,
    padding_value: Any = 0,
    align: str = "RIGHT_LEFT",
) -> Any:
    """Diagonals of matrices.

    Args:
      input: Tensor of shape `[..., m, n]`.
      name: Optional name of the node in graphs.
      k: Which diagonal: 0 the main one, positive above, negative below it. Or a pair: the lowest
        and the highest of several.
      padding_value: Scalar that fills the rows of shorter diagonals.
      align: As in `tf.linalg.diag`.
    Returns:
      Tensor of shape `[..., length]`, or `[..., number of diagonals, longest]` for a pair of
      unlike `k`, the highest one first.
    Raises:
      InvalidArgumentError: A diagonal is out of range.

    >>> tf.linalg.diag_part([[1, 2], [3, 4]]).numpy()
    array([1, 4], dtype=int32)
    """
    attrs = _band_attrs(k, align, "tf.linalg.diag_part")
    input = _tensor(input)
    return apply(_diag_part, (input, _padding(input, padding_value)), attrs, name)


@export("linalg.set_diag")
def set_diag(
    input: Any, diagonal: Any, name: str = "set_diag", k: Any = 0, align: str = "RIGHT_LEFT"
) -> Any:
    """Matrices with diagonals replaced.

    Args:
      input: Tensor of shape `[..., m, n]`.
      diagonal: Tensor of its dtype: what `tf.linalg.diag_part` would give for this `k`.
      name: Optional name of the node in graphs.
      k: Which diagonals, as in `tf.linalg.diag_part`.
      align: As in `tf.linalg.diag`.
    Returns:
      Tensor of `input`'s shape and dtype.
    Raises:
      InvalidArgumentError: `diagonal` has another shape than it must, or `k` is out of range.

    >>> tf.linalg.set_diag([[1, 2], [3, 4]], [7, 8]).numpy()
    array([[7, 2],
           [3, 8]], dtype=int32)
    """
    attrs = _band_attrs(k, align, "tf.linalg.set_diag")
    return apply(_set_diag, (input, diagonal), attrs, name)


def _padding(tensor: Any, value: Any) -> Any:
    """The padding value; 0 and 1 stand for bools where the tensor is bool."""
    if tensor.dtype is bool_dtype and not isinstance(value, Tensor) and value in (0, 1):
        return bool(value)
    return value


def _tensor(value: Any) -> Any:
    return value if isinstance(value, Tensor) else convert(value)


# -- diagonals of tensors -------------------------------------------------------------------------


def _tensor_diag_gradient(record: Any, dy: Any) -> Any:
    return (apply(_tensor_diag_part, (dy,)),)


def _tensor_diag_shape(inputs: Sequence[Any], attrs: Mapping[str, Any]) -> Specs:
    return [(inputs[0].dtype, inputs[0].shape.concatenate(inputs[0].shape))]


@op(
    "Diag",
    dtypes=NUMERIC,
    gradient=_tensor_diag_gradient,
    shape=_tensor_diag_shape,
    api_name="linalg.tensor_diag",
)
def _tensor_diag(diagonal):
    flat = diagonal.reshape(-1)
    row, column = _rows_and_columns(flat.size, flat.size)
    matrix = jnp.where(row == column, flat, jnp.zeros((), flat.dtype))
    return matrix.reshape(diagonal.shape * 2)


@export("linalg.tensor_diag")
def tensor_diag(diagonal: Any, name: str | None = None) -> Any:
    """A tensor of twice the rank, with `diagonal` where both halves of the indices agree.

    Args:
      diagonal: Tensor of rank 1 or more, of a numeric dtype.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of shape `diagonal.shape + diagonal.shape`, zero elsewhere.

    >>> tf.linalg.tensor_diag([1, 2]).numpy()
    array([[1, 0],
           [0, 2]], dtype=int32)
    """
    return apply(_tensor_diag, (diagonal,), (), name)


def _tensor_diag_part_gradient(record: Any, dy: Any) -> Any:
    return (apply(_tensor_diag, (dy,)),)


def _half(shape: Sequence[Any]) -> list[Any]:
    half = len(shape) // 2
    if not shape or len(shape) % 2:
        raise ValueError(f"input has rank {len(shape)}; an even rank of 2 or more is wanted")
    merged = []
    for a, b in zip(shape[:half], shape[half:], strict=True):
        if a is not None and b is not None and a != b:
            raise ValueError(f"the halves of the shape {list(shape)} differ")
        merged.append(b if a is None else a)
    return merged


def _tensor_diag_part_shape(inputs: Sequence[Any], attrs: Mapping[str, Any]) -> Specs:
    shape = inputs[0].shape
    dims = None if shape.rank is None else _half(shape.as_list())
    return [(inputs[0].dtype, TensorShape(dims))]


@op(
    "DiagPart",
    dtypes=NUMERIC,
    gradient=_tensor_diag_part_gradient,
    shape=graph_shapes("tf.linalg.tensor_diag_part", _tensor_diag_part_shape),
    api_name="linalg.tensor_diag_part",
)
def _tensor_diag_part(input):
    dims = _half(input.shape)
    side = int(np.prod(dims, dtype=np.int64))
    return jnp.diagonal(input.reshape(side, side)).reshape(dims)


@export("linalg.tensor_diag_part")
def tensor_diag_part(input: Any, name: str | None = None) -> Any:
    """The part of a tensor where both halves of the indices agree.

    Args:
      input: Tensor of even rank whose shape is some shape twice, of a numeric dtype.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of half the rank.
    Raises:
      InvalidArgumentError: The halves of the shape differ.

    >>> tf.linalg.tensor_diag_part([[1, 2], [3, 4]]).numpy()
    array([1, 4], dtype=int32)
    """
    return apply(_tensor_diag_part, (input,), (), name)


def _trace_shape(inputs: Sequence[Any], attrs: Mapping[str, Any]) -> Specs:
    dims = matrix_dims(inputs[0], "x")
    return [(inputs[0].dtype, TensorShape(None if dims is None else dims[:-2]))]


@op(
    "MatrixTrace",
    dtypes=NUMERIC,
    shape=graph_shapes("tf.linalg.trace", _trace_shape),
    api_name="linalg.trace",
)
def _trace(x):
    check_matrix(x.shape, "x")
    row, column = _rows_and_columns(*x.shape[-2:])
    kept = jnp.where(row == column, x, jnp.zeros((), x.dtype))
    return jnp.sum(kept, (-2, -1), dtype=x.dtype)


@export("linalg.trace")
def trace(x: Any, name: str | None = None) -> Any:
    """Sums of the main diagonals of matrices.

    Args:
      x: Tensor of shape `[..., m, n]`, of a numeric dtype.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of shape `[...]` and `x`'s dtype.
    Raises:
      InvalidArgumentError: The rank is less than 2.

    >>> int(tf.linalg.trace([[1, 2], [3, 4]]))
    5
    """
    return apply(_trace, (x,), (), name)


# -- transposes, cross product --------------------------------------------------------------------


def _transpose_shape(inputs: Sequence[Any], attrs: Mapping[str, Any]) -> Specs:
    dims = inputs[0].shape.as_list() if inputs[0].shape.rank is not None else None
    swapped = None if dims is None else [*dims[:-2], dims[-1], dims[-2]]
    return [(inputs[0].dtype, TensorShape(swapped))]


@op(
    "MatrixTranspose", dtypes=_ON_DEVICE, shape=_transpose_shape, api_name="linalg.matrix_transpose"
)
def _matrix_transpose(a, *, conjugate):
    swapped = jnp.swapaxes(a, -1, -2)
    return jnp.conj(swapped) if conjugate and jnp.iscomplexobj(a) else swapped


@export("linalg.matrix_transpose")
def matrix_transpose(a: Any, name: str = "matrix_transpose", conjugate: bool = False) -> Any:
    """Matrices with rows and columns exchanged.

    Args:
      a: Tensor of shape `[..., m, n]`, any dtype but string.
      name: Optional name of the node in graphs.
      conjugate: Whether to conjugate complex values too.
    Returns:
      Tensor of shape `[..., n, m]`.
    Raises:
      ValueError: The rank is less than 2.

    >>> tf.linalg.matrix_transpose([[1, 2], [3, 4]]).numpy()
    array([[1, 3],
           [2, 4]], dtype=int32)
    """
    a = _tensor(a)
    rank = a.shape.rank
    if rank is not None and rank < 2:
        raise ValueError(
            f"tf.linalg.matrix_transpose: a has rank {rank}; a matrix, or a batch of them, is "
            "wanted."
        )
    return apply(_matrix_transpose, (a,), (("conjugate", bool(conjugate)),), name)


@export("linalg.adjoint")
def adjoint(matrix: Any, name: str | None = None) -> Any:
    """Conjugate transposes of matrices.

    Args:
      matrix: Tensor of shape `[..., m, n]`, any dtype but string.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of shape `[..., n, m]`.
    Raises:
      ValueError: The rank is less than 2.

    >>> tf.linalg.adjoint([[1 + 2j, 3.0]]).numpy()
    array([[1.-2.j],
           [3.-0.j]])
    """
    return matrix_transpose(matrix, name or "adjoint", True)


def _cross_shape(inputs: Sequence[Any], attrs: Mapping[str, Any]) -> Specs:
    shape = inputs[0].shape.merge_with(inputs[1].shape)
    if shape.rank and shape.as_list()[-1] not in (3, None):
        raise ValueError(f"the last dimension has {shape[-1]} elements; cross products are of 3")
    return [(inputs[0].dtype, shape)]


@op(
    "Cross",
    dtypes=REAL,
    shape=graph_shapes("tf.linalg.cross", _cross_shape),
    api_name="linalg.cross",
)
def _cross(a, b):
    if a.shape != b.shape:
        raise ValueError(f"the shapes differ: {list(a.shape)} and {list(b.shape)}")
    if not a.ndim:
        raise ValueError("a is a scalar; vectors of 3 elements are wanted")
    if a.shape[-1] != 3:
        raise errors.op_error(
            errors.FailedPreconditionError,
            "tf.linalg.cross",
            f"the last dimension has {a.shape[-1]} elements; cross products are of 3",
        )
    x, y, z = a[..., 0], a[..., 1], a[..., 2]
    u, v, w = b[..., 0], b[..., 1], b[..., 2]
    return jnp.stack([y * w - z * v, z * u - x * w, x * v - y * u], axis=-1)


@export("linalg.cross")
def cross(a: Any, b: Any, name: str | None = None) -> Any:
    """Cross products of vectors of three elements.

    Args:
      a: Tensor of shape `[..., 3]`, of a real dtype.
      b: Tensor of the same shape and dtype.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of that shape and dtype.
    Raises:
      FailedPreconditionError: The last dimension is not 3.
      InvalidArgumentError: The shapes or dtypes differ.

    >>> tf.linalg.cross([1, 0, 0], [0, 1, 0]).numpy()
    array([0, 0, 1], dtype=int32)
    """
    return apply(_cross, (a, b), (), name)
