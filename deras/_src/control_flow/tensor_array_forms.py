"""The two forms of a TensorArray: a list that writes change, and a value in a graph.

A value's elements are kept one by one as long as it is known while tracing which one is meant, and
else as the rows of one tensor, its buffer: see tensor_array_ops.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from deras._src import errors
from deras._src.control_flow import tensor_array_ops as ops
from deras._src.control_flow.loops import LoopBound
from deras._src.control_flow.tensor_array_shapes import (
    UNSHAPED,
    Family,
    known_int,
    note_buffer,
    rows_and,
)
from deras._src.core.context import back_in, state
from deras._src.core.dtypes import DType, int32, string
from deras._src.core.tensor import EagerTensor, SymbolicTensor, Tensor, host_tensor
from deras._src.core.tensor_shape import TensorShape
from deras._src.dispatch.apply import apply
from deras._src.dispatch.convert import convert, convert_to_tensor
from deras._src.graph.shape_inference import probes_for_placeholder
from deras._src.ops.array_constant import identity
from deras._src.ops.array_fill import zeros
from deras._src.ops.array_join import concat, split, stack, unstack
from deras._src.ops.array_shape import reshape
from deras._src.ops.gradient_support import zeros_like
from deras._src.ops.math_cast import cast
from deras._src.ops.math_reduce import reduce_max
from deras._src.util.callsite import user_site

# Arrays of more elements are kept as one tensor from the start, and indices beyond it are data.
_MOST_SEPARATE = 4096

# -- what both kinds do -------------------------------------------------------------------------


class _Array:
    """The checks and the lists of elements that both kinds of arrays share."""

    __slots__ = ()

    dtype: DType
    dynamic: bool
    element_shape: TensorShape

    def as_element(self, value: Any, what: str = "write") -> Any:
        """`value` as a tensor of the array's dtype."""
        if isinstance(value, Tensor) and value.dtype is self.dtype:
            return value
        tensor = convert_to_tensor(value, dtype_hint=self.dtype)
        if tensor.dtype is not self.dtype:
            raise _fault(
                _argument_error(),
                what,
                f"the TensorArray holds {self.dtype.name}, but a {tensor.dtype.name} is written",
            )
        return tensor

    def check_shape(self, shape: TensorShape, what: str = "write") -> None:
        """ValueError where an element has another shape than the others."""
        if not self.element_shape.is_compatible_with(shape):
            raise _fault(
                ValueError,
                what,
                f"an element of shape {shape} is written, but the elements have shape "
                f"{self.element_shape}",
                hint="give infer_shape=False if they differ",
            )

    def zero(self, elements: Sequence[Any], what: str) -> Any:
        """What an element is that was not written."""
        if self.element_shape.is_fully_defined():
            return _zeros(self.element_shape, self.dtype)
        raise _fault(
            ValueError,
            what,
            "an element was not written (or was read and cleared), and the shape of the zeros "
            f"to give is not known: {self.element_shape}",
            hint="give element_shape",
        )

    def parts(self, value: Any, lengths: Any, elements: int | None) -> list[Any]:
        """The parts of `value`, checked."""
        value, lengths = self.as_element(value, "split"), convert(lengths)
        count = lengths.shape[0] if lengths.shape.rank == 1 else None
        fault = None
        if value.shape.rank == 0:
            fault = f"value must have a dimension to be split, but its shape is {value.shape}"
        elif lengths.shape.rank not in (1, None):
            fault = f"lengths must be a vector, but its shape is {lengths.shape}"
        elif count is None:
            fault = "the number of lengths must be known while tracing"
        elif not self.dynamic and elements is not None and elements != count:
            fault = f"there are {count} lengths for {elements} elements, and the array is fixed"
        sizes = _known_vector(lengths)
        if fault is None and sizes is not None:
            whole = None if value.shape.rank is None else value.shape[0]
            if any(n < 0 for n in sizes):
                fault = f"lengths must not be negative: {sizes}"
            elif whole is not None and sum(sizes) != whole:
                fault = f"the lengths add up to {sum(sizes)}, but value has {whole} rows"
        if fault is not None:
            raise _fault(_argument_error(), "split", fault)
        return split(value, lengths if sizes is None else sizes, 0, num=count)


def _fault(cls: Any, what: str, message: str, hint: str | None = None) -> Any:
    site = state.site_override or user_site()
    return errors.op_error(cls, f"tf.TensorArray.{what}", message, site=site, hint=hint)


def _argument_error() -> Any:
    """While tracing, TensorFlow finds some wrong arguments early and some late: both classes."""
    if state.graph is None:
        return errors.InvalidArgumentError
    return errors.GraphInvalidArgumentError


def _zeros(shape: Any, dtype: DType) -> Any:
    return zeros(list(shape), dtype)


def _index(index: Any) -> Any:
    tensor = convert(index)
    if not tensor.dtype.is_integer:
        raise TypeError(f"tf.TensorArray: indices must be integers, not {tensor.dtype.name}.")
    return tensor


def _known_vector(tensor: Any) -> list[int] | None:
    """The values of a vector of ints that are known now."""
    value = getattr(tensor, "value", None)
    if value is None and isinstance(tensor, EagerTensor):
        value = tensor._host if state.graph is not None else tensor.host_array()
    return None if value is None or value.ndim != 1 else [int(v) for v in value.tolist()]


# -- outside of functions -----------------------------------------------------------------------


class EagerArray(_Array):
    """A list of tensors, changed in place; None where nothing was written."""

    __slots__ = ("clear", "dtype", "dynamic", "element_shape", "elements", "infer", "read_before")

    def __init__(
        self,
        dtype: DType,
        dynamic: bool,
        infer: bool,
        element_shape: TensorShape,
        elements: list[Any],
        clear: bool,
    ) -> None:
        self.dtype = dtype
        self.dynamic = dynamic
        self.infer = infer
        self.element_shape = element_shape
        self.elements = elements
        self.clear = clear
        self.read_before: set[int] = set()

    # -- between graphs and lists --

    @classmethod
    def of_components(cls, spec: Any, components: Sequence[Any]) -> EagerArray:
        """The array that a function returned."""
        buffer = components[0]
        shape = buffer.shape[1:]
        rows = int(components[1]) if spec._dynamic_size else int(buffer.shape[0])
        elements: list[Any] = [None] * rows
        if tuple(shape.as_list()) == UNSHAPED:
            shape = spec._element_shape
        elif rows:
            elements = unstack(buffer[:rows] if spec._dynamic_size else buffer)
        if not spec._infer_shape:
            shape = spec._element_shape
        return cls(spec._dtype, spec._dynamic_size, spec._infer_shape, shape, elements, True)

    def components(self) -> list[Any]:
        written = [e for e in self.elements if e is not None]
        if written:
            blank = zeros_like(written[0]) if len(written) < len(self.elements) else None
            buffer = stack([blank if e is None else e for e in self.elements])
        else:
            known = self.element_shape.is_fully_defined()
            shape = tuple(self.element_shape.as_list()) if known else UNSHAPED
            blank_array = (
                np.full((len(self.elements), *shape), b"", object)
                if self.dtype is string
                else np.zeros((len(self.elements), *shape), self.dtype.np_dtype)
            )
            buffer = host_tensor(blank_array, self.dtype)
        size = host_tensor(np.array(len(self.elements), np.int32))
        return [buffer, size] if self.dynamic else [buffer]

    def in_graph(self) -> GraphArray:
        """The array as a value, with the elements of now."""
        family = Family(self.element_shape, self.infer, None, None)
        family.size = None if self.dynamic else len(self.elements)
        family.bound = LoopBound(None) if self.dynamic else None
        elements = list(self.elements)
        if len(elements) <= _MOST_SEPARATE:
            return GraphArray(self.dtype, self.dynamic, family, elements=elements)
        buffer, *size = self.components()
        return GraphArray(self.dtype, self.dynamic, family, buffer, size[0] if size else None)

    def close(self) -> None:
        self.elements = []

    # -- elements --

    def size(self) -> Any:
        return host_tensor(np.array(len(self.elements), np.int32))

    def _at(self, index: Any, what: str) -> int:
        number = index if type(index) is int else int(_index(index))
        if number < 0:
            raise _fault(errors.OutOfRangeError, what, f"index {number} is negative")
        return number

    def write(self, index: Any, value: Any) -> EagerArray:
        number = self._at(index, "write")
        count = len(self.elements)
        if number >= count and not self.dynamic:
            raise _fault(
                errors.OutOfRangeError,
                "write",
                f"index {number} is past the end of a TensorArray with {count} elements",
                hint="give dynamic_size=True if it shall grow",
            )
        tensor = self.as_element(value)
        if tensor.shape is not self.element_shape:
            self.check_shape(tensor.shape)
            if self.infer:  # fully known, and one object for all tensors of this shape
                self.element_shape = tensor.shape
        if number >= count:
            self.elements.extend([None] * (number + 1 - count))
        self.elements[number] = tensor
        return self

    def read(self, index: Any) -> Any:
        number = self._at(index, "read")
        if number >= len(self.elements):
            raise _fault(
                errors.OutOfRangeError,
                "read",
                f"index {number} is past the end of a TensorArray with {len(self.elements)} "
                "elements",
            )
        element = self.elements[number]
        if element is None:
            if number in self.read_before:
                raise _fault(
                    errors.InvalidArgumentError,
                    "read",
                    f"element {number} was read before, which cleared it",
                    hint="give clear_after_read=False to read more than once",
                )
            element = self.elements[number] = self.zero(self.elements, "read")
        if self.clear:
            self.elements[number] = None
            self.read_before.add(number)
        return element

    def _filled(self, what: str) -> list[Any]:
        for number, element in enumerate(self.elements):
            if element is None:
                self.elements[number] = self.zero(self.elements, what)
        return self.elements

    def stack(self) -> Any:
        elements = self._filled("stack")
        if elements:
            return stack(list(elements))
        known = self.element_shape.is_fully_defined()
        return _zeros([0, *(self.element_shape.as_list() if known else [])], self.dtype)

    def gather(self, indices: Any) -> Any:
        tensor = _index(indices)
        if tensor.shape.rank != 1:
            raise TypeError(
                f"tf.TensorArray.gather: indices must be a vector, not of shape {tensor.shape}."
            )
        elements = self._filled("gather")
        chosen = []
        for number in tensor.host_array().tolist():
            if not -len(elements) <= number < len(elements):
                raise _fault(
                    IndexError,
                    "gather",
                    f"there is no element {number}, the TensorArray has {len(elements)}",
                )
            chosen.append(elements[number])
        if chosen:
            return stack(chosen)
        known = self.element_shape.is_fully_defined()
        return _zeros([0, *(self.element_shape.as_list() if known else [])], self.dtype)

    def concat(self) -> Any:
        elements = self._filled("concat")
        if not elements:
            raise _fault(errors.InvalidArgumentError, "concat", "there are no elements to join")
        for number, element in enumerate(elements):
            if element.shape.rank == 0:
                raise _fault(
                    errors.InvalidArgumentError,
                    "concat",
                    f"element {number} is a scalar, which cannot be joined",
                    hint="use stack",
                )
        return concat(list(elements), 0)

    def unstack(self, value: Any) -> EagerArray:
        rows = unstack(self.as_element(value, "unstack"))
        if len(rows) > len(self.elements) and not self.dynamic:
            raise _fault(
                ValueError,
                "unstack",
                f"{len(rows)} rows do not fit into a TensorArray with {len(self.elements)} "
                "elements",
            )
        self.elements = list(rows)
        return self

    def scatter(self, indices: Any, value: Any) -> EagerArray:
        numbers = _index(indices).host_array().reshape(-1).tolist()
        for number, row in zip(numbers, unstack(self.as_element(value, "scatter")), strict=False):
            self.write(number, row)
        return self

    def split(self, value: Any, lengths: Any) -> EagerArray:
        self.elements = list(self.parts(value, lengths, len(self.elements)))
        return self


# -- in graphs ------------------------------------------------------------------------------------


class GraphArray(_Array):
    """A value: elements one by one, or a buffer (and, for an array that grows, the size)."""

    __slots__ = ("_buffer", "_size", "dtype", "dynamic", "elements", "family", "graph")

    def __init__(
        self,
        dtype: DType,
        dynamic: bool,
        family: Family,
        buffer: Any = None,
        size: Any = None,
        elements: list[Any] | None = None,
    ) -> None:
        self.dtype = dtype
        self.dynamic = dynamic
        self.family = family
        self.elements = elements
        self.graph = state.graph
        self._buffer = buffer
        self._size = size

    @property
    def element_shape(self) -> TensorShape:  # type: ignore[override]
        return self.family.shape

    @property
    def infer(self) -> bool:
        return self.family.infer

    # -- making --

    @classmethod
    def of_size(
        cls, dtype: DType, dynamic: bool, infer: bool, element_shape: TensorShape, size: Any
    ) -> GraphArray:
        size = _index(size)
        count = known_int(size)
        fixed = None if dynamic or count is None else max(count, 0)
        family = Family(element_shape, infer, fixed, LoopBound(None) if dynamic else None)
        if count is not None and count <= _MOST_SEPARATE:
            return cls(dtype, dynamic, family, elements=[None] * max(count, 0))
        buffer = _reserve(size, dtype, family)
        number = apply(ops.size_op, (buffer,)) if dynamic else None
        return cls(dtype, dynamic, family, buffer, number)

    @classmethod
    def of_components(cls, spec: Any, components: Sequence[Any]) -> GraphArray:
        """The array with the buffer (and size) that a loop, branch or function has for it."""
        buffer, family = components[0], spec._family
        note_buffer(buffer)
        graph = getattr(buffer, "graph", state.graph)
        if family is None or not family.is_at_home(graph):
            known = None if family is None else family.size
            bound = LoopBound(None) if spec._dynamic_size else None
            family = Family(spec._element_shape, spec._infer_shape, known, bound, graph)
        size = components[1] if spec._dynamic_size else None
        shape = buffer.shape
        if shape.rank is not None:
            if tuple(shape[1:].as_list()) == UNSHAPED:
                if not spec._dynamic_size:
                    family.size = shape[0]
                with back_in(graph):
                    count = apply(ops.size_op, (buffer,)) if size is None else size
                    buffer = _reserve(count, spec._dtype, family)
            else:
                if not spec._dynamic_size and family.size is None:
                    family.size = shape[0]
                if family.shape.is_compatible_with(shape[1:]):
                    family.learn(shape[1:])
        made = cls(spec._dtype, spec._dynamic_size, family, buffer, size)
        made.graph = graph
        made.show_shape()
        return made

    def show_shape(self) -> None:
        """Gives the buffer the static shape that the family knows."""
        buffer, family = self._buffer, self.family
        if not isinstance(buffer, SymbolicTensor) or family.shape.rank is None or not family.infer:
            return
        known = rows_and(None if self.dynamic else family.size, family.shape)
        if buffer.shape.rank is None and buffer.shape.is_compatible_with(known):
            buffer.set_shape(known)
            if buffer.probes is None:
                buffer.probes = probes_for_placeholder(buffer.shape)

    def _like(
        self, buffer: Any = None, size: Any = None, elements: list[Any] | None = None
    ) -> GraphArray:
        return GraphArray(self.dtype, self.dynamic, self.family, buffer, size, elements)

    # -- forms --

    def buffer(self) -> Any:
        """The elements as the rows of one tensor, made where the array was."""
        if self._buffer is None:
            with back_in(self.graph):
                self._buffer = self._joined_elements()
        return self._buffer

    def _joined_elements(self) -> Any:
        elements = self.elements or []
        written = [e for e in elements if e is not None]
        if not written:
            count = host_tensor(np.array(len(elements), np.int32))
            buffer = _reserve(count, self.dtype, self.family)
        else:
            first = written[0].shape
            for other in written[1:]:
                if not first.is_compatible_with(other.shape):
                    raise _fault(
                        errors.UnimplementedError,
                        "stack",
                        f"elements of shapes {first} and {other.shape} cannot be the rows of one "
                        "tensor, which a loop, a branch or an index that is a tensor needs",
                        hint="pad them to one shape, or use a RaggedTensor",
                    )
            blank = zeros_like(written[0]) if len(written) < len(elements) else None
            buffer = stack([blank if e is None else e for e in elements])
        if self.dynamic:
            buffer = self._with_rows(buffer, host_tensor(np.array(-1, np.int32)))
        return buffer

    def _with_rows(self, buffer: Any, index: Any) -> Any:
        return apply(ops.with_rows_op, (buffer, index), (("bound", self.family.bound),))

    def components(self) -> list[Any]:
        note_buffer(self.buffer())
        return [self.buffer(), self.size()] if self.dynamic else [self.buffer()]

    def _attrs(self) -> Any:
        return (("family", self.family),)

    def _sizes(self) -> tuple[Any, ...]:
        """The size as an input of the ops that check indices against it."""
        return (self.size(),) if self.dynamic else ()

    def _own(self, index: Any) -> int | None:
        """An index that names one of the separate elements; None where it is data."""
        if self.elements is None:
            return None
        number = known_int(index)
        return number if number is not None and 0 <= number < len(self.elements) else None

    def close(self) -> None:
        """Values need no closing."""

    # -- elements --

    def size(self) -> Any:
        if self.elements is not None:
            return host_tensor(np.array(len(self.elements), np.int32))
        if self.dynamic:
            return self._size
        return apply(ops.size_op, (self.buffer(),))

    def write(self, index: Any, value: Any) -> GraphArray:
        index, tensor = _index(index), self.as_element(value)
        self.check_shape(tensor.shape)
        self.family.learn(tensor.shape)
        number = self._own(index)
        if number is None and self.dynamic and self.elements is not None:
            past = known_int(index)
            if past is not None and 0 <= past < _MOST_SEPARATE:
                number = past
        if number is not None:
            elements = list(self.elements or ())
            elements.extend([None] * (number + 1 - len(elements)))
            elements[number] = tensor
            return self._like(elements=elements)
        buffer, size = self.buffer(), None
        if self.dynamic:
            buffer = self._with_rows(buffer, index)
            size = _grown(self.size(), index)
        buffer = apply(ops.write_op, (buffer, tensor, index), self._attrs())
        return self._like(buffer, size)

    def read(self, index: Any) -> Any:
        index = _index(index)
        number = self._own(index)
        if number is not None and self.elements is not None:
            element = self.elements[number]
            if element is not None:
                return identity(element)
            if self.element_shape.is_fully_defined():
                return _zeros(self.element_shape, self.dtype)
        return apply(ops.read_op, (self.buffer(), index, *self._sizes()), self._attrs())

    def _all_elements(self) -> list[Any] | None:
        """The separate elements, zeros where none was written; None where that is for the ops."""
        if not self.elements:
            return None
        written = [e for e in self.elements if e is not None]
        if len(written) == len(self.elements):
            return written
        if self.element_shape.is_fully_defined():
            blank = _zeros(self.element_shape, self.dtype)
        elif written:
            blank = zeros_like(written[0])
        else:
            return None
        return [blank if e is None else e for e in self.elements]

    def stack(self) -> Any:
        elements = self._all_elements()
        if elements is not None:
            return stack(elements)
        whole = apply(ops.stack_op, (self.buffer(),), self._attrs())
        if not self.dynamic:
            return whole
        return apply(ops.first_op, (whole, self.size()), self._attrs())

    def gather(self, indices: Any) -> Any:
        tensor = _index(indices)
        if tensor.shape.rank != 1:
            tensor = reshape(tensor, [-1])
        numbers = _known_vector(tensor)
        if self.elements is not None and numbers:
            if all(0 <= n < len(self.elements) and self.elements[n] is not None for n in numbers):
                return stack([self.elements[n] for n in numbers])
        return apply(ops.gather_op, (self.buffer(), tensor, *self._sizes()), self._attrs())

    def concat(self) -> Any:
        elements = self._all_elements()
        if elements is not None:
            return concat(elements, 0)
        return apply(ops.concat_op, (self.stack(),))

    def unstack(self, value: Any) -> GraphArray:
        buffer = self.as_element(value, "unstack")
        if buffer.shape.rank == 0:
            raise _fault(
                errors.GraphInvalidArgumentError, "unstack", "a scalar has no rows to be elements"
            )
        rows = None if buffer.shape.rank is None else buffer.shape[0]
        if buffer.shape.rank is not None:
            self.check_shape(buffer.shape[1:], "unstack")
            self.family.learn(buffer.shape[1:])
        family = self.family
        if not self.dynamic and family.size != rows:
            if family.size is not None and rows is not None and rows > family.size:
                raise _fault(
                    errors.GraphInvalidArgumentError,
                    "unstack",
                    f"{rows} rows do not fit into a TensorArray with {family.size} elements",
                )
            family = Family(family.shape, family.infer, rows, None)
        size = None
        if self.dynamic:
            size = apply(ops.size_op, (buffer,))
            buffer = self._with_rows(buffer, host_tensor(np.array(-1, np.int32)))
        return GraphArray(self.dtype, self.dynamic, family, buffer, size)

    def scatter(self, indices: Any, value: Any) -> GraphArray:
        indices, values = _index(indices), self.as_element(value, "scatter")
        if values.shape.rank == 0:
            raise _fault(
                errors.GraphInvalidArgumentError, "scatter", "a scalar has no rows to be elements"
            )
        if values.shape.rank is not None:
            self.check_shape(values.shape[1:], "scatter")
            self.family.learn(values.shape[1:])
        buffer, size = self.buffer(), None
        if self.dynamic:
            last = reduce_max(cast(indices, int32))
            buffer = self._with_rows(buffer, last)
            size = _grown(self.size(), last)
        buffer = apply(ops.scatter_op, (buffer, values, indices), self._attrs())
        return self._like(buffer, size)

    def split(self, value: Any, lengths: Any) -> GraphArray:
        family = self.family
        parts = self.parts(value, lengths, family.size)
        for part in parts:
            self.check_shape(part.shape, "split")
        if not self.dynamic and family.size != len(parts):
            family = Family(family.shape, family.infer, len(parts), None)
        return GraphArray(self.dtype, self.dynamic, family, elements=list(parts))


def _grown(size: Any, index: Any) -> Any:
    return apply(ops.size_after_op, (size, cast(index, int32)))


def _reserve(size: Any, dtype: DType, family: Family) -> Any:
    operation = ops.reserve_strings_op if dtype is string else ops.reserve_op
    return apply(operation, (size,), (("dtype", dtype), ("family", family)))
