"""IndexedSlices: a sparse set of rows, the gradient of a gather."""

from __future__ import annotations

from typing import Any

from deras._src.core.dtypes import DType
from deras._src.core.tensor_shape import TensorShape
from deras._src.core.type_spec import IndexedSlicesSpec, bind_value_type
from deras._src.util.export import export


@export("IndexedSlices")
class IndexedSlices:
    """Rows `values[i]` at `indices[i]` of an otherwise zero tensor; repeated indices add up.

    Args:
      values: Tensor of shape `[n, d1, ...]`.
      indices: Integer tensor of shape `[n]`.
      dense_shape: 1-D integer tensor, the shape of the dense tensor, or None.

    >>> table = tf.Variable(tf.ones([4, 2]))
    >>> with tf.GradientTape() as tape:
    ...     y = tf.reduce_sum(tf.gather(table, [1, 1]))
    >>> g = tape.gradient(y, table)
    >>> type(g).__name__, g.indices.numpy().tolist()
    ('IndexedSlices', [1, 1])
    """

    __slots__ = ("__weakref__", "_dense_shape", "_indices", "_values")

    def __init__(self, values: Any, indices: Any, dense_shape: Any = None) -> None:
        self._values = values
        self._indices = indices
        self._dense_shape = dense_shape

    @property
    def values(self) -> Any:
        """The rows."""
        return self._values

    @property
    def indices(self) -> Any:
        """The row numbers."""
        return self._indices

    @property
    def dense_shape(self) -> Any:
        """The shape of the dense tensor, or None."""
        return self._dense_shape

    @property
    def dtype(self) -> DType:
        """The dtype of the rows."""
        return self._values.dtype  # type: ignore[no-any-return]

    @property
    def shape(self) -> TensorShape:
        """The static shape of the dense tensor."""
        known = getattr(self._dense_shape, "_host", None)
        if known is None:
            known = getattr(self._dense_shape, "value", None)
        if known is not None:
            return TensorShape(known.tolist())
        return TensorShape([None]).concatenate(self._values.shape[1:])

    @property
    def _type_spec(self) -> IndexedSlicesSpec:
        shape_dtype = None if self._dense_shape is None else self._dense_shape.dtype
        return IndexedSlicesSpec(
            self.shape, self.dtype, self._indices.dtype, shape_dtype, self._indices.shape
        )

    @property
    def name(self) -> str:
        """The name of the rows."""
        return str(self._values.name)

    @property
    def device(self) -> str:
        """The device of the rows."""
        return str(self._values.device)

    @property
    def graph(self) -> Any:
        """The graph of the rows."""
        return self._values.graph

    @property
    def op(self) -> Any:
        """The op that made the rows."""
        return self._values.op

    def __neg__(self) -> IndexedSlices:
        return IndexedSlices(-self._values, self._indices, self._dense_shape)

    def __repr__(self) -> str:
        return (
            f"IndexedSlices(indices={self._indices!r}, values={self._values!r}, "
            f"dense_shape={self._dense_shape!r})"
        )


bind_value_type(IndexedSlicesSpec, IndexedSlices)
