"""Datasets from tensors, ranges, generators and random numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from deras._src import errors
from deras._src.core.dtypes import DType, int64
from deras._src.core.tensor import SymbolicTensor
from deras._src.core.type_spec import NoneTensorSpec, TensorSpec
from deras._src.data.functions import at_element
from deras._src.data.node import (
    INFINITE,
    MOST_ROWS,
    UNKNOWN,
    BlockStage,
    Columns,
    Context,
    Element,
    End,
    Node,
    Stage,
    host,
    integer,
    look_up,
)
from deras._src.data.random_stream import IteratorSeeds, Stream
from deras._src.data.structure import flat_tensors, map_leaves, normalized, spec_of, unbatched
from deras._src.dispatch.convert import convert
from deras._src.util import nest


class Tensors(Node):
    """One element."""

    name = "FromTensors"

    def __init__(self, value: Any) -> None:
        value = normalized(value)
        super().__init__(spec_of(value))
        self.components = flat_tensors(value)

    def tensors(self) -> Sequence[Any]:
        return self.components

    def size(self, env: dict[int, Any]) -> int:
        return 1

    def open(self, context: Context) -> Stage:
        return ListStage([tuple([look_up(t, context.env) for t in self.components])])


class ListStage(Stage):
    """Goes through a list of elements."""

    pure = True

    def __init__(self, elements: Sequence[Element]) -> None:
        self._elements = elements
        self._at = 0

    def next(self) -> Element:
        if self._at >= len(self._elements):
            raise End
        self._at += 1
        return self._elements[self._at - 1]

    def own_state(self) -> Any:
        return self._at

    def restore_own(self, state: Any) -> None:
        self._at = state


class Slices(Node):
    """The rows of tensors."""

    name = "FromTensorSlices"

    def __init__(self, value: Any) -> None:
        value = normalized(value)
        whole = spec_of(value)
        if not nest.flatten(whole):
            raise ValueError("Dataset.from_tensor_slices: at least one tensor is wanted, got none")
        spec, self._rows = unbatched(whole, "Dataset.from_tensor_slices")
        super().__init__(spec)
        self.components = flat_tensors(value)

    def tensors(self) -> Sequence[Any]:
        return self.components

    def size(self, env: dict[int, Any]) -> int:
        return UNKNOWN if self._rows is None else self._rows

    def open(self, context: Context) -> Stage:
        columns = [host(look_up(t, context.env)) for t in self.components]
        lengths = {len(c) for c in columns}
        if len(lengths) > 1:
            raise errors.InvalidArgumentError(
                None,
                None,
                "Dataset.from_tensor_slices: components must have the same number of rows, got "
                f"{sorted(lengths)}",
            )
        return SliceStage(columns)


class SliceStage(Stage):
    """Goes through the rows of arrays, or is asked for blocks of them."""

    blocks = pure = True

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._at = 0
        self._length = len(columns[0])

    def next(self) -> Element:
        i = self._at
        if i >= self._length:
            raise End
        self._at = i + 1
        return tuple([c[i, ...] for c in self._columns])

    def block(self, limit: int) -> Columns:
        i = self._at
        if i >= self._length:
            raise End
        self._at = end = min(i + limit, self._length)
        return [c[i:end] for c in self._columns]

    def own_state(self) -> Any:
        return self._at

    def restore_own(self, state: Any) -> None:
        self._at = state


class FromList(Node):
    """Elements of one spec, given one by one."""

    name = "FromList"

    def __init__(self, elements: Sequence[Any]) -> None:
        if not isinstance(elements, list):
            raise TypeError("from_list: elements must be a list")
        if not elements:
            raise ValueError("from_list: elements must not be empty")
        made = [normalized(x) for x in elements]
        super().__init__(spec_of(made[0]))
        for i, value in enumerate(made):
            spec = spec_of(value)
            fits = nest.flatten(spec) == nest.flatten(self.spec)
            if not fits:
                raise ValueError(f"from_list: element {i} is {spec}, the first one {self.spec}")
        self.elements = [tuple(flat_tensors(value)) for value in made]

    def tensors(self) -> Sequence[Any]:
        return [t for element in self.elements for t in element]

    def size(self, env: dict[int, Any]) -> int:
        return len(self.elements)

    def open(self, context: Context) -> Stage:
        env = context.env
        return ListStage([tuple([look_up(t, env) for t in e]) for e in self.elements])


class Range(Node):
    """Numbers from start to stop."""

    name = "Range"

    def __init__(self, start: Any, stop: Any, step: Any, dtype: DType = int64) -> None:
        super().__init__(TensorSpec((), dtype))
        self.limits = [start, stop, step]
        if isinstance(step, int) and step == 0:
            raise errors.InvalidArgumentError(None, None, "Dataset.range: step must not be 0")

    def tensors(self) -> Sequence[Any]:
        return self.limits

    def _length(self, env: dict[int, Any]) -> int:
        start, stop, step = (integer(x, env) for x in self.limits)
        if step == 0:
            raise errors.InvalidArgumentError(None, None, "Dataset.range: step must not be 0")
        return len(range(start, stop, step))

    def size(self, env: dict[int, Any]) -> int:
        known = all(not isinstance(x, SymbolicTensor) or id(x) in env for x in self.limits)
        return self._length(env) if known else UNKNOWN

    def open(self, context: Context) -> Stage:
        start, step = integer(self.limits[0], context.env), integer(self.limits[2], context.env)
        dtype = self.flat[0].dtype.np_dtype
        return RangeStage(start, step, self._length(context.env), dtype)


class Counter(Node):
    """Numbers from start on, without end."""

    name = "Counter"

    def __init__(self, start: Any, step: Any, dtype: DType) -> None:
        super().__init__(TensorSpec((), dtype))
        self._start, self._step = start, step

    def tensors(self) -> Sequence[Any]:
        return (self._start, self._step)

    def size(self, env: dict[int, Any]) -> int:
        return INFINITE

    def open(self, context: Context) -> Stage:
        start, step = (look_up(x, context.env) for x in (self._start, self._step))
        dtype = self.flat[0].dtype
        if dtype.is_integer:
            start, step = int(np.asarray(start)), int(np.asarray(step))
            return RangeStage(start, step, None, dtype.np_dtype)
        return RangeStage(float(np.asarray(start)), float(np.asarray(step)), None, dtype.np_dtype)


class RangeStage(Stage):
    """Goes through an arithmetic sequence."""

    blocks = pure = True

    def __init__(self, start: Any, step: Any, length: int | None, dtype: Any) -> None:
        self._start, self._step, self._length, self._dtype = start, step, length, dtype
        self._at = 0

    def next(self) -> Element:
        i = self._at
        if self._length is not None and i >= self._length:
            raise End
        self._at = i + 1
        return (np.array(self._start + i * self._step, self._dtype),)

    def block(self, limit: int) -> Columns:
        i, end = self._at, self._at + limit
        if self._length is not None:
            if i >= self._length:
                raise End
            end = min(end, self._length)
        self._at = end
        kind = np.int64 if isinstance(self._start, int) else np.float64
        numbers = np.arange(i, end, dtype=kind) * kind(self._step) + kind(self._start)
        return [numbers.astype(self._dtype, copy=False)]

    def own_state(self) -> Any:
        return self._at

    def restore_own(self, state: Any) -> None:
        self._at = state


class Random(Node):
    """Random 32-bit numbers, as int64."""

    name = "Random"

    def __init__(self, seeds: tuple[int, int], fresh: bool) -> None:
        super().__init__(TensorSpec((), int64))
        self.seeds = IteratorSeeds(seeds, fresh)

    def size(self, env: dict[int, Any]) -> int:
        return INFINITE

    def open(self, context: Context) -> Stage:
        return RandomStage(self.seeds.within(context.env))


class RandomStage(BlockStage):
    """Draws the numbers of `Random`."""

    pure = True

    def __init__(self, seeds: IteratorSeeds) -> None:
        super().__init__(MOST_ROWS)
        self._seeds = seeds
        self._stream = Stream(*seeds.next())

    def make(self, limit: int) -> Columns:
        return [np.array(self._stream.take(limit), np.int64)]

    def own_state(self) -> Any:
        return [self._stream.state(), self._seeds.state()]

    def restore_own(self, state: Any) -> None:
        self._stream = Stream.of(state[0])
        self._seeds.restore(state[1])


class Generator(Node):
    """Elements of a Python generator."""

    name = "FromGenerator"

    def __init__(self, function: Callable[..., Any], args: Sequence[Any], spec: Any) -> None:
        super().__init__(spec)
        self.function = function
        self.args = [convert(x) for x in args]

    def tensors(self) -> Sequence[Any]:
        return self.args

    def open(self, context: Context) -> Stage:
        arguments = [look_up(t, context.env) for t in self.args]
        return GeneratorStage(self, [host(t)[()] for t in arguments])


class GeneratorStage(Stage):
    """Goes through a generator. Its position is a count: restoring runs the generator again."""

    def __init__(self, node: Generator, arguments: Sequence[Any]) -> None:
        self._node = node
        self._arguments = arguments
        self._iterator: Any = None
        self._count = 0

    def next(self) -> Element:
        node = self._node
        try:
            if self._iterator is None:
                self._iterator = iter(node.function(*self._arguments))
            value = next(self._iterator)
        except StopIteration:
            raise End from None
        except Exception as error:
            self._count += 1
            raise at_element(error, "Dataset.from_generator", self._count - 1) from error
        self._count += 1
        return self._element(value)

    def _element(self, value: Any) -> Element:
        spec = self._node.spec
        try:
            parts = nest.flatten_up_to(spec, value, check_types=not isinstance(spec, tuple))
        except (TypeError, ValueError) as error:
            cls: Any = errors.InvalidArgumentError if isinstance(error, ValueError) else TypeError
            raise self._wrong(
                f"`generator` yielded an element that did not match the expected structure. "
                f"The expected structure was {_bare(spec)}, but the yielded element was "
                f"{_short(value)} ({error})",
                TypeError if cls is TypeError else ValueError,
            ) from None
        flat: list[Any] = []
        for leaf, part in zip(nest.flatten(spec), parts, strict=True):
            flat += self._components(leaf, part)
        return tuple(flat)

    def _components(self, spec: Any, value: Any) -> list[Any]:
        if isinstance(spec, NoneTensorSpec):
            return []
        if not isinstance(spec, TensorSpec):
            return [host(t) for t in spec.to_tensors(value)]
        try:
            made = convert(value, spec.dtype) if not hasattr(value, "dtype") else convert(value)
            if made.dtype is not spec.dtype:
                made = convert(np.asarray(host(made)).tolist(), spec.dtype)
        except (TypeError, ValueError):
            raise self._wrong(
                "`generator` yielded an element that could not be converted to the expected type. "
                f"The expected type was {spec.dtype.name}, but the yielded element was "
                f"{_short(value)}.",
                TypeError,
            ) from None
        if not spec.shape.is_compatible_with(made.shape):
            raise self._wrong(
                f"`generator` yielded an element of shape {made.shape} where an element of shape "
                f"{spec.shape} was expected.",
                TypeError,
            )
        return [made.host_array()]

    def _wrong(self, text: str, cause: type[Exception]) -> Exception:
        return errors.InvalidArgumentError(
            None,
            None,
            f"{cause.__name__}: {text}\n  in Dataset.from_generator, element {self._count - 1}",
        )

    def own_state(self) -> Any:
        return self._count

    def restore_own(self, state: Any) -> None:
        if self._iterator is None:
            self._iterator = iter(self._node.function(*self._arguments))
        for _ in range(state):
            next(self._iterator, None)
        self._count = state

    def close(self) -> None:
        closing = getattr(self._iterator, "close", None)
        if closing is not None:
            closing()
        self._iterator = iter(())


def _bare(spec: Any) -> Any:
    return map_leaves(spec, lambda s: getattr(s, "dtype", s))


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) < 200 else text[:197] + "..."
