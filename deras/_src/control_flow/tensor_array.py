"""`tf.TensorArray`: a list of tensors that loops can carry.

Outside of functions it is a list, which writes change. In a graph it is a value: every write gives
a new one. tensor_array_forms.py holds both.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from deras._src.control_flow.tensor_array_forms import EagerArray, GraphArray
from deras._src.control_flow.tensor_array_shapes import Family, rows_and
from deras._src.core.context import state
from deras._src.core.dtypes import DType, as_dtype, float32, int32
from deras._src.core.tensor import SymbolicTensor, Tensor, host_tensor
from deras._src.core.tensor_shape import TensorShape, as_shape
from deras._src.core.type_spec import TensorSpec, TypeSpec, bind_value_type
from deras._src.util.export import export


@export("TensorArraySpec")
class TensorArraySpec(TypeSpec):
    """What is known of a `tf.TensorArray`.

    Args:
      element_shape: Shape of an element, as far as it is known.
      dtype: dtype of the elements.
      dynamic_size: Whether writes past the end make the array longer.
      infer_shape: Whether writes tell the shape of the elements, and all must have it.

    >>> tf.TensorArraySpec([None, 2], tf.int32)
    TensorArraySpec(TensorShape([None, 2]), tf.int32, False, True)
    """

    __slots__ = ("_dtype", "_dynamic_size", "_element_shape", "_family", "_infer_shape")

    def __init__(
        self,
        element_shape: Any = None,
        dtype: Any = float32,
        dynamic_size: bool = False,
        infer_shape: bool = True,
    ) -> None:
        self._element_shape = as_shape(element_shape)
        self._dtype = as_dtype(dtype)
        self._dynamic_size = bool(dynamic_size)
        self._infer_shape = bool(infer_shape)
        self._family: Family | None = None

    @classmethod
    def from_value(cls, value: Any) -> TensorArraySpec:
        """The spec of a TensorArray.

        Raises:
          TypeError: `value` is not a TensorArray.
        """
        if not isinstance(value, TensorArray):
            raise TypeError(
                "tf.TensorArraySpec.from_value: a TensorArray is wanted, not "
                f"{type(value).__name__}."
            )
        return value._type_spec

    def _serialize(self) -> tuple[Any, ...]:
        return self._element_shape, self._dtype, self._dynamic_size, self._infer_shape

    @property
    def _component_specs(self) -> list[TensorSpec]:
        buffer = TensorSpec(rows_and(None, self._element_shape), self._dtype)
        return [buffer, TensorSpec([], int32)] if self._dynamic_size else [buffer]

    def _to_components(self, value: Any) -> list[Any]:
        return value._implementation.components()  # type: ignore[no-any-return]

    def _from_components(self, components: Sequence[Any]) -> Any:
        if not isinstance(components[0], Tensor):
            return self if isinstance(components[0], TypeSpec) else components
        if state.graph is None and not any(isinstance(c, SymbolicTensor) for c in components):
            return TensorArray._of(EagerArray.of_components(self, components))
        return TensorArray._of(GraphArray.of_components(self, components))

    # Element shapes are not compared: what writes find out does not make another type of array.

    def _is_alike(self, other: Any) -> bool:
        return (
            isinstance(other, TensorArraySpec)
            and self._dtype is other._dtype
            and self._dynamic_size == other._dynamic_size
        )

    def is_compatible_with(self, spec_or_value: Any) -> bool:
        """True if an array could have this spec and `spec_or_value`, a spec or a TensorArray."""
        other = spec_or_value
        if isinstance(other, TensorArray):
            other = other._type_spec
        return self._is_alike(other) and self._element_shape.is_compatible_with(
            other._element_shape
        )

    def is_subtype_of(self, other: Any) -> bool:
        """True if dtype and `dynamic_size` are those of `other`."""
        return self._is_alike(other)

    def most_specific_common_supertype(self, others: Any) -> TensorArraySpec | None:
        """This spec, if dtype and `dynamic_size` are those of all `others`; else None."""
        return self if all(self._is_alike(other) for other in others) else None


@export("TensorArray")
class TensorArray:
    """A list of tensors, written and read by index, that `tf.while_loop` can carry.

    In a function a write gives a new array and leaves the old one as it is, so the result has to be
    kept: `ta = ta.write(i, x)`. Programs that do so behave the same outside of functions, where the
    array itself is changed.

    Args:
      dtype: dtype of the elements.
      size: int32 scalar: the number of elements.
      dynamic_size: Whether writes past the end make the array longer. Default False.
      clear_after_read: Whether an element can be read only once outside of functions, which frees
        its memory early. Default True.
      tensor_array_name: Accepted for TensorFlow's sake.
      handle: Not supported, as in TensorFlow 2.
      flow: The `flow` of another array, whose elements the new one has.
      infer_shape: Whether writes tell the shape of the elements, and all must have it.
      element_shape: Shape of an element, as far as it is known.
      colocate_with_first_write_call: Accepted for TensorFlow's sake.
      name: Accepted for TensorFlow's sake.
    Raises:
      ValueError: `size` is not given, or `handle` is.

    >>> @tf.function
    ... def squares(n):
    ...     ta = tf.TensorArray(tf.int32, size=n)
    ...     _, ta = tf.while_loop(
    ...         lambda i, ta: i < n, lambda i, ta: (i + 1, ta.write(i, i * i)), (0, ta))
    ...     return ta.stack()
    >>> squares(5).numpy()
    array([ 0,  1,  4,  9, 16], dtype=int32)
    """

    __slots__ = ("__weakref__", "_implementation")

    def __init__(
        self,
        dtype: Any,
        size: Any = None,
        dynamic_size: bool | None = None,
        clear_after_read: bool | None = None,
        tensor_array_name: str | None = None,
        handle: Any = None,
        flow: Any = None,
        infer_shape: bool = True,
        element_shape: Any = None,
        colocate_with_first_write_call: bool = True,
        name: str | None = None,
    ) -> None:
        if handle is not None:
            raise ValueError(
                "tf.TensorArray: handle is not supported: arrays are values, there is nothing to "
                "point at. Pass the TensorArray itself."
            )
        if size is None:
            raise ValueError("tf.TensorArray: size must be given (0 for an array that grows).")
        made = (as_dtype(dtype), bool(dynamic_size), bool(infer_shape), as_shape(element_shape))
        self._implementation: Any
        if state.graph is None and not isinstance(size, SymbolicTensor):
            clear = clear_after_read is None or bool(clear_after_read)
            self._implementation = EagerArray(*made, [None] * max(int(size), 0), clear)
        else:
            self._implementation = GraphArray.of_size(*made, size)

    @classmethod
    def _of(cls, implementation: Any) -> TensorArray:
        array = cls.__new__(cls)
        array._implementation = implementation
        return array

    @property
    def _type_spec(self) -> TensorArraySpec:
        own = self._implementation
        spec = TensorArraySpec(own.element_shape, own.dtype, own.dynamic, own.infer)
        spec._family = self._family
        return spec

    @property
    def _family(self) -> Family | None:
        return getattr(self._implementation, "family", None)

    @property
    def _is_eager(self) -> bool:
        return isinstance(self._implementation, EagerArray)

    def _show_shape(self) -> None:
        self._implementation.show_shape()

    def _now(self) -> Any:
        """The implementation, as a value where a graph is being built around an eager array."""
        own = self._implementation
        if state.graph is not None and isinstance(own, EagerArray):
            return own.in_graph()
        return own

    # -- looking ------------------------------------------------------------------------------

    @property
    def dtype(self) -> DType:
        """The dtype of the elements."""
        return self._implementation.dtype  # type: ignore[no-any-return]

    @property
    def dynamic_size(self) -> bool:
        """Whether writes past the end make the array longer."""
        return self._implementation.dynamic  # type: ignore[no-any-return]

    @property
    def element_shape(self) -> TensorShape:
        """The shape of an element, as far as it is given or was inferred."""
        return self._implementation.element_shape  # type: ignore[no-any-return]

    @property
    def handle(self) -> None:
        """None: arrays are values."""
        return None

    @property
    def flow(self) -> Any:
        """A scalar that stands for the array's contents in TensorFlow; here it has no meaning."""
        return host_tensor(np.zeros((), np.int32))

    def size(self, name: str | None = None) -> Any:
        """The number of elements, an int32 scalar.

        >>> int(tf.TensorArray(tf.float32, size=3).size())
        3
        """
        return self._now().size()

    # -- elements -----------------------------------------------------------------------------

    def identity(self) -> TensorArray:
        """An array with the same elements."""
        return TensorArray._of(self._now())

    def write(self, index: Any, value: Any, name: str | None = None) -> TensorArray:
        """The array with `value` as element `index`.

        Args:
          index: Integer scalar.
          value: Tensor of the array's dtype and element shape, or what becomes one.
          name: Accepted for TensorFlow's sake.
        Returns:
          A TensorArray to be used instead of this one.
        Raises:
          InvalidArgumentError: the dtype is another, or (in functions) `index` is out of range.
          OutOfRangeError: (outside of functions) `index` is out of range.
          ValueError: the shape is another.

        >>> tf.TensorArray(tf.float32, size=2).write(0, 1.0).write(1, 2.0).stack().numpy()
        array([1., 2.], dtype=float32)
        """
        return TensorArray._of(self._now().write(index, value))

    def read(self, index: Any, name: str | None = None) -> Any:
        """Element `index`; zeros if nothing was written there.

        Raises:
          InvalidArgumentError: the element was read already (outside of functions, and unless
            `clear_after_read=False`), or (in functions) `index` is out of range.
          OutOfRangeError: (outside of functions) `index` is out of range.

        >>> tf.TensorArray(tf.float32, size=2).unstack([1.0, 2.0]).read(1).numpy()
        np.float32(2.0)
        """
        return self._now().read(index)

    def stack(self, name: str | None = None) -> Any:
        """All elements, stacked into one tensor; zeros where nothing was written.

        >>> tf.TensorArray(tf.float32, size=3, element_shape=[]).write(1, 5.0).stack().numpy()
        array([0., 5., 0.], dtype=float32)
        """
        return self._now().stack()

    def gather(self, indices: Any, name: str | None = None) -> Any:
        """The elements of these indices, stacked into one tensor.

        >>> tf.TensorArray(tf.int32, size=3).unstack([5, 6, 7]).gather([2, 0]).numpy()
        array([7, 5], dtype=int32)
        """
        return self._now().gather(indices)

    def concat(self, name: str | None = None) -> Any:
        """All elements, joined along their first dimension.

        >>> ta = tf.TensorArray(tf.int32, size=2, infer_shape=False)
        >>> ta.write(0, [1, 2]).write(1, [3]).concat().numpy()
        array([1, 2, 3], dtype=int32)
        """
        return self._now().concat()

    def unstack(self, value: Any, name: str | None = None) -> TensorArray:
        """The array whose elements are the rows of `value`.

        Raises:
          ValueError: there are more rows than elements, and the array does not grow.

        >>> tf.TensorArray(tf.int32, size=2).unstack([[1, 2], [3, 4]]).read(0).numpy()
        array([1, 2], dtype=int32)
        """
        own = self._now()
        result = own.unstack(value)
        return self if result is own else TensorArray._of(result)

    def scatter(self, indices: Any, value: Any, name: str | None = None) -> TensorArray:
        """The array with the rows of `value` as the elements of these indices.

        >>> tf.TensorArray(tf.int32, size=3).scatter([2, 0, 1], [5, 6, 7]).stack().numpy()
        array([6, 7, 5], dtype=int32)
        """
        return TensorArray._of(self._now().scatter(indices, value))

    def split(self, value: Any, lengths: Any, name: str | None = None) -> TensorArray:
        """The array whose elements are consecutive parts of `value`, of these lengths.

        Raises:
          InvalidArgumentError: there are not as many lengths as elements, or they do not add up to
            the length of `value`.

        >>> ta = tf.TensorArray(tf.int32, size=2, infer_shape=False).split([1, 2, 3], [1, 2])
        >>> ta.read(1).numpy()
        array([2, 3], dtype=int32)
        """
        own = self._now()
        result = own.split(value, lengths)
        return self if result is own else TensorArray._of(result)

    def grad(self, source: Any, flow: Any = None, name: str | None = None) -> Any:
        """Not supported: gradients follow from the elements."""
        raise NotImplementedError(
            "tf.TensorArray.grad: arrays hold no gradients of their own; use tf.GradientTape."
        )

    def close(self, name: str | None = None) -> None:
        """Lets go of the elements. In functions it does nothing."""
        self._now().close()

    def __repr__(self) -> str:
        own = self._implementation
        return f"<tf.TensorArray of {own.dtype.name}{own.element_shape}>"


bind_value_type(TensorArraySpec, TensorArray)
