"""Iterators of datasets, and optionals."""

from __future__ import annotations

import abc
import threading
from typing import Any

import numpy as np

from deras._src import errors
from deras._src.core.context import state
from deras._src.core.tensor import EagerTensor
from deras._src.core.type_spec import TensorSpec, bind_value_type
from deras._src.data import codec, graph_ops
from deras._src.data.node import (
    Context,
    Element,
    End,
    Node,
    host,
    object_of,
    tensor,
    variant_tensor,
)
from deras._src.data.specs import IteratorSpec, OptionalSpec
from deras._src.data.structure import flat_tensors, normalized, packer, spec_of
from deras._src.data.transforms import WithOptions
from deras._src.state.trackable import Trackable
from deras._src.util import nest
from deras._src.util.export import export


class Running:
    """A dataset being read, by one thread at a time."""

    def __init__(self, node: Node, watch: Any = None) -> None:
        self.node = node
        self._context = Context(watch=watch, deterministic=_is_deterministic(node))
        self._lock = threading.Lock()
        self.stage = self._context.open(node)

    def next(self) -> Element:
        """The next element; End if there is none."""
        with self._lock:
            return self.stage.next()  # type: ignore[no-any-return]

    def state(self) -> bytes:
        """The position, buffers and random streams, from which `restore` goes on."""
        with self._lock:
            return codec.dumps({"stages": self.stage.state(), "node": _picture(self.node)})

    def restore(self, data: bytes) -> None:
        """Goes on where `state` was taken."""
        found = codec.loads(data, "the iterator's state")
        if found["node"] != _picture(self.node):
            raise errors.InvalidArgumentError(
                None,
                None,
                "tf.data.Iterator: the state is of another pipeline:\n"
                f"  saved:   {' -> '.join(found['node'])}\n"
                f"  present: {' -> '.join(_picture(self.node))}",
            )
        with self._lock:
            self.stage.close()
            self.stage = self._context.open(self.node)
            self.stage.restore(found["stages"])


def _picture(node: Node) -> list[str]:
    """The steps of a pipeline, for comparison."""
    names = [name for source in node.inputs for name in _picture(source)]
    return names if isinstance(node, WithOptions) else [*names, node.name]


def _is_deterministic(node: Node) -> bool:
    stack = [node]
    while stack:
        one = stack.pop()
        if isinstance(one, WithOptions) and one.options.deterministic is not None:
            return bool(one.options.deterministic)
        stack += one.inputs
    return True


def running(node: Node) -> Running:
    """A dataset opened where it is used: in eager mode, or when a graph runs."""
    return Running(node)


@export("data.Iterator")
class Iterator(abc.ABC):
    """An iterator of a dataset: what `iter(dataset)` gives.

    Its position, shuffle buffers and random streams are saved by `tf.train.Checkpoint`.
    """

    @property
    @abc.abstractmethod
    def element_spec(self) -> Any:
        """The structure of the elements, with specs as leaves."""

    @abc.abstractmethod
    def get_next(self) -> Any:
        """The next element; OutOfRangeError after the last one."""

    @abc.abstractmethod
    def get_next_as_optional(self) -> Optional:
        """The next element as a `tf.experimental.Optional`."""


class OwnedIterator(Iterator, Trackable):
    """An iterator that owns what it reads.

    In a function that was given the iterator, `source` is the graph's tensor that will hold it.
    """

    def __init__(self, source: Any, spec: Any) -> None:
        self._spec = spec
        self._source = source
        self._running: Running | None = (
            object_of(source) if isinstance(source, EagerTensor) else None
        )
        self._pack = packer(spec)
        self._single = type(spec) is TensorSpec

    @classmethod
    def of(cls, node: Node) -> OwnedIterator:
        """A new iterator of a dataset."""
        if state.graph is not None:
            return cls(graph_ops.iterator_variant(node, running), node.spec)
        return cls(variant_tensor(Running(node)), node.spec)

    @classmethod
    def _from_variant(cls, source: Any, spec: Any) -> OwnedIterator:
        return cls(source, spec)

    def _variant(self) -> Any:
        return self._source

    @property
    def _type_spec(self) -> IteratorSpec:
        return IteratorSpec(self._spec)

    @property
    def element_spec(self) -> Any:
        """The structure of the elements, with specs as leaves."""
        return self._spec

    def __iter__(self) -> OwnedIterator:
        return self

    def __next__(self) -> Any:
        if state.graph is not None or self._running is None:
            return self.get_next()
        try:
            element = self._running.next()
        except End:
            raise StopIteration from None
        if self._single:
            return tensor(element[0])
        return self._pack([tensor(x) for x in element])

    def get_next(self) -> Any:
        """The next element; OutOfRangeError after the last one."""
        flat = nest.flatten(self._spec, expand_composites=True)
        return self._pack(list(graph_ops.next_of(self._source, flat)))

    def get_next_as_optional(self) -> Optional:
        """The next element as a `tf.experimental.Optional`."""
        return Optional._from_variant(graph_ops.optional_of(self._source), self._spec)

    def __autograph_for__(self, loop: Any) -> None:
        flat = nest.flatten(self._spec, expand_composites=True)
        graph_ops.stage_for(self._source, flat, self._pack, loop, iterator=True)

    # -- saving -----------------------------------------------------------------------------

    def _serialize_to_tensors(self) -> dict[str, Any]:
        """What a checkpoint keeps: one string."""
        data = np.empty((), object)
        data[()] = self._owned().state()
        return {"ITERATOR_STATE": tensor(data)}

    def _restore_from_tensors(self, tensors: dict[str, Any]) -> None:
        """Goes on where a checkpoint was written."""
        self._owned().restore(host(tensors["ITERATOR_STATE"])[()])

    def _owned(self) -> Running:
        if self._running is None:
            raise errors.FailedPreconditionError(
                None, None, "tf.data.Iterator: inside of a function its state cannot be saved"
            )
        return self._running


bind_value_type(IteratorSpec, OwnedIterator)


@export("data.NumpyIterator")
class NumpyIterator:
    """Elements as NumPy arrays: what `Dataset.as_numpy_iterator` gives.

    >>> list(tf.data.NumpyIterator(tf.data.Dataset.range(3)))
    [np.int64(0), np.int64(1), np.int64(2)]
    """

    def __init__(self, dataset: Any) -> None:
        self._iterator = iter(dataset)
        spec = dataset.element_spec
        for leaf in nest.flatten(spec):
            if not isinstance(leaf, TensorSpec):
                raise TypeError(
                    "Dataset.as_numpy_iterator: elements must be tensors to become NumPy arrays, "
                    f"got {leaf}"
                )

    def __iter__(self) -> NumpyIterator:
        return self

    def __next__(self) -> Any:
        owner = self._iterator
        try:
            element = owner._running.next()
        except End:
            raise StopIteration from None
        return owner._pack([_as_numpy(x) for x in element])

    def next(self) -> Any:
        """The next element."""
        return self.__next__()

    def save(self) -> Any:
        """The position, buffers and random streams, as a string tensor."""
        return self._iterator._serialize_to_tensors()["ITERATOR_STATE"]

    def restore(self, state: Any) -> None:
        """Goes on where `save` was called, on an iterator of the same pipeline."""
        self._iterator._restore_from_tensors({"ITERATOR_STATE": state})

    def __repr__(self) -> str:
        return f"NumpyIterator(iterator={self._iterator!r})"


def _as_numpy(component: Any) -> Any:
    value = host(component)
    if value.ndim == 0:
        return value[()]
    value.flags.writeable = False
    return value


# -- optionals ------------------------------------------------------------------------------------


@export("experimental.Optional", "data.experimental.Optional")
class Optional:
    """A value that may be missing.

    >>> some = tf.experimental.Optional.from_value(tf.constant(3))
    >>> bool(some.has_value()), int(some.get_value())
    (True, 3)
    >>> bool(tf.experimental.Optional.empty(tf.TensorSpec(())).has_value())
    False
    """

    def __init__(self, source: Any, spec: Any) -> None:
        self._source, self._spec = source, spec

    @classmethod
    def _from_variant(cls, source: Any, spec: Any) -> Optional:
        return cls(source, spec)

    def _variant(self) -> Any:
        return self._source

    @property
    def _type_spec(self) -> OptionalSpec:
        return OptionalSpec(self._spec)

    @property
    def element_spec(self) -> Any:
        """The structure of the value, with specs as leaves."""
        return self._spec

    def has_value(self, name: str | None = None) -> Any:
        """Whether there is a value, as a bool tensor."""
        return graph_ops.has_value(self._source)

    def get_value(self, name: str | None = None) -> Any:
        """The value; InvalidArgumentError if there is none."""
        flat = nest.flatten(self._spec, expand_composites=True)
        found = list(graph_ops.value_in(self._source, flat))
        return packer(self._spec)(found)

    @staticmethod
    def empty(element_spec: Any) -> Optional:
        """An optional without a value."""
        return Optional(variant_tensor(None), element_spec)

    @staticmethod
    def from_value(value: Any) -> Optional:
        """An optional with a value, a structure of tensors."""
        made = normalized(value)
        return Optional(graph_ops.optional_with(flat_tensors(made)), spec_of(made))

    def __repr__(self) -> str:
        return f"<tf.experimental.Optional element_spec={self._spec}>"


bind_value_type(OptionalSpec, Optional)
