"""The specs of datasets, iterators and optionals: values that travel as one variant tensor."""

from __future__ import annotations

from typing import Any

from deras._src.core.tensor_shape import TensorShape
from deras._src.core.type_spec import TypeSpec
from deras._src.data.node import VARIANT
from deras._src.util.export import export


class VariantSpec(TypeSpec):
    """A value of one variant tensor, with elements of a spec."""

    __slots__ = ("_element_spec",)

    is_dataset = False

    def __init__(self, element_spec: Any) -> None:
        self._element_spec = element_spec

    @property
    def element_spec(self) -> Any:
        """The spec of the elements."""
        return self._element_spec

    @property
    def _component_specs(self) -> Any:
        return VARIANT

    def _serialize(self) -> tuple[Any, ...]:
        return (self._element_spec,)

    def _to_components(self, value: Any) -> Any:
        return value._variant()

    def _from_components(self, components: Any) -> Any:
        assert self._value_class is not None
        return self._value_class._from_variant(components, self._element_spec)  # type: ignore[attr-defined]

    @classmethod
    def from_value(cls, value: Any) -> Any:
        """The spec of a value."""
        return cls(value.element_spec)

    def __hash__(self) -> int:
        return hash((type(self), repr(self._element_spec)))

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self._serialize() == other._serialize()  # type: ignore[attr-defined]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._element_spec!r},)"


@export("data.DatasetSpec")
class DatasetSpec(VariantSpec):
    """The spec of a dataset.

    Args:
      element_spec: Structure of specs of the elements.
      dataset_shape: Shape; only scalars are supported.

    >>> tf.data.DatasetSpec(tf.TensorSpec(())).element_spec
    TensorSpec(shape=(), dtype=tf.float32, name=None)
    """

    __slots__ = ()

    is_dataset = True

    def __init__(self, element_spec: Any, dataset_shape: Any = ()) -> None:
        super().__init__(element_spec)
        if TensorShape(dataset_shape).rank != 0:
            raise NotImplementedError(
                f"tf.data.DatasetSpec: only single datasets are supported, not of shape "
                f"{dataset_shape}"
            )

    def __repr__(self) -> str:
        return f"DatasetSpec({self._element_spec!r}, TensorShape([]))"


@export("data.IteratorSpec")
class IteratorSpec(VariantSpec):
    """The spec of an iterator of a dataset.

    >>> tf.data.IteratorSpec(tf.TensorSpec(()))
    IteratorSpec(TensorSpec(shape=(), dtype=tf.float32, name=None),)
    """

    __slots__ = ()


@export("OptionalSpec", "data.experimental.OptionalStructure")
class OptionalSpec(VariantSpec):
    """The spec of a `tf.experimental.Optional`.

    >>> tf.OptionalSpec(tf.TensorSpec(()))
    OptionalSpec(TensorSpec(shape=(), dtype=tf.float32, name=None),)
    """

    __slots__ = ()
