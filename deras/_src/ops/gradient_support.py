"""What every gradient walk needs: zeros, sums of gradients, IndexedSlices made dense."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from deras._src.core.dtypes import ANY, INDEX, INTEGER, int64
from deras._src.core.indexed_slices import IndexedSlices
from deras._src.core.tensor_shape import TensorShape
from deras._src.dispatch.apply import apply
from deras._src.ops.array_join import concat_op
from deras._src.ops.math_nary import add_n_op
from deras._src.ops.shapes import same_as_first
from deras._src.registry import NONE, op


@op("ZerosLike", dtypes=ANY, gradient=NONE, shape=same_as_first, api_name="zeros_like")
def zeros_like_op(x):
    return jnp.zeros_like(x)


@op("OnesLike", dtypes=ANY, gradient=NONE, shape=same_as_first, api_name="ones_like")
def ones_like_op(x):
    return jnp.ones_like(x)


def zeros_like(tensor: Any) -> Any:
    """Zeros of a tensor's shape and dtype."""
    return apply(zeros_like_op, (tensor,))


def ones_like(tensor: Any) -> Any:
    """Ones of a tensor's shape and dtype."""
    return apply(ones_like_op, (tensor,))


@op("ZerosJacobian", dtypes={}, gradient=NONE, api_name="GradientTape.jacobian")
def _zeros_jacobian(target, source, *, batch):
    return jnp.zeros(target.shape + source.shape[1 if batch else 0 :], source.dtype)


def zeros_jacobian(target: Any, source: Any, batch: bool = False) -> Any:
    """Zeros in the shape of a Jacobian, of each example where `batch`."""
    return apply(_zeros_jacobian, (target, source), (("batch", batch),))


def _rows_shape(inputs: Sequence[Any], attrs: Any) -> Any:
    known = getattr(inputs[2], "value", None)
    if known is None:
        known = getattr(inputs[2], "_host", None)
    dims = None if known is None else known.tolist()
    return [(inputs[0].dtype, TensorShape(dims))]


@op(
    "IndexedSlicesToTensor",
    dtypes={"values": ANY, "indices": INDEX, "dense_shape": INTEGER},
    host_args=("dense_shape",),
    shape=_rows_shape,
)
def slices_to_tensor_op(values, indices, dense_shape):
    shape = tuple(int(d) for d in dense_shape)
    return jnp.zeros(shape, values.dtype).at[indices].add(values)


@op(
    "WidenIndices",
    dtypes=INDEX,
    gradient=NONE,
    shape=lambda inputs, attrs: [(int64, inputs[0].shape)],
    numpy=lambda indices: indices.astype(np.int64),
)
def _widen_op(indices):
    return indices.astype(jnp.int64)


def densify(slices: IndexedSlices) -> Any:
    """The dense tensor of IndexedSlices; repeated rows add up."""
    if slices.dense_shape is None:
        raise ValueError(
            "Tensor conversion requested for IndexedSlices with dense_shape=None: the size of the "
            "dense tensor is not known."
        )
    return apply(slices_to_tensor_op, (slices.values, slices.indices, slices.dense_shape))


def add_gradients(parts: Sequence[Any]) -> Any:
    """The sum of gradients; all IndexedSlices stay IndexedSlices, mixtures become dense."""
    if all(isinstance(p, IndexedSlices) for p in parts):
        axis = (("axis", 0),)
        indices = tuple(p.indices for p in parts)
        if len({i.dtype for i in indices}) > 1:
            indices = tuple(apply(_widen_op, (i,)) for i in indices)
        return IndexedSlices(
            apply(concat_op, tuple(p.values for p in parts), axis),
            apply(concat_op, indices, axis),
            parts[0].dense_shape,
        )
    dense = tuple(densify(p) if isinstance(p, IndexedSlices) else p for p in parts)
    return apply(add_n_op, dense)
