"""`batch`, `padded_batch`, `unbatch`, `rebatch`, `window`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from deras._src import errors
from deras._src.core.dtypes import DType, string, variant
from deras._src.core.tensor import SymbolicTensor
from deras._src.core.tensor_shape import TensorShape
from deras._src.core.type_spec import TensorSpec
from deras._src.data import codec
from deras._src.data.node import (
    INFINITE,
    UNKNOWN,
    BlockStage,
    Columns,
    Context,
    Element,
    End,
    Node,
    Stage,
    exactly,
    host,
    integer,
    integer_or_unknown,
    look_up,
    rows_ahead,
    stackable,
    variant_tensor,
)
from deras._src.data.sources import ListStage
from deras._src.data.structure import batched, map_leaves, spec_from, spec_text, unbatched
from deras._src.util import nest


def _batch_size(size: Any, env: dict[int, Any], what: str) -> int:
    found = integer(size, env)
    if found < 1:
        raise errors.InvalidArgumentError(
            None, None, f"{what}: batch_size must be greater than zero, got {found}"
        )
    return found


def _batches(n: int, size: int | None, drop: bool) -> int:
    if n < 0:
        return n
    if size is None:
        return UNKNOWN
    return n // size if drop else -(-n // size)


class Batch(Node):
    """Consecutive elements as one."""

    name = "Batch"

    def __init__(self, source: Node, size: Any, drop: bool, what: str = "Dataset.batch") -> None:
        static = size if drop and isinstance(size, int) else None
        super().__init__(batched(source.spec, static, what), source)
        if isinstance(size, int):
            _batch_size(size, {}, what)
        if any(s.dtype is variant for s in self.flat):
            raise TypeError(f"{what}: elements that are datasets cannot be batched: {source.spec}")
        self.batch_size, self.drop, self.what = size, drop, what

    def tensors(self) -> Sequence[Any]:
        return (self.batch_size,)

    def size(self, env: dict[int, Any]) -> int:
        n = self.inputs[0].size(env)
        return _batches(n, integer_or_unknown(self.batch_size, env), self.drop)

    def open(self, context: Context) -> Stage:
        size = _batch_size(self.batch_size, context.env, self.what)
        return _Batch(self, context.open(self.inputs[0]), size)


class _Batch(Stage):
    def __init__(self, node: Batch, inner: Stage, size: int) -> None:
        self.inner, self.inputs = inner, (inner,)
        self._size, self._drop, self._what = size, node.drop, node.what
        self.pure = inner.pure

    def next(self) -> Element:
        if self.inner.blocks:
            columns = exactly(self.inner, self._size)
            if self._drop and len(columns[0]) < self._size:
                raise End
            return tuple(columns)
        elements = several(self.inner, self._size)
        if not elements or (self._drop and len(elements) < self._size):
            raise End
        return stacked(elements, self._what)


def several(stage: Stage, count: int) -> list[Element]:
    """The next `count` elements of a stage, fewer at its end."""
    elements = []
    try:
        for _ in range(count):
            elements.append(stage.next())
    except End:
        return elements
    return elements


def stacked(elements: Sequence[Element], what: str) -> Element:
    """Elements as one, each component along a new first axis.

    Raises:
      InvalidArgumentError: their shapes differ.
    """
    result = []
    for position, column in enumerate(zip(*elements, strict=True)):
        arrays = [host(x) for x in column]
        first = arrays[0].shape
        for number, array in enumerate(arrays):
            if array.shape != first:
                raise errors.InvalidArgumentError(
                    None,
                    None,
                    f"{what}: Cannot batch tensors with different shapes in component {position}. "
                    f"First element had shape {list(first)} and element {number} had shape "
                    f"{list(array.shape)}.",
                )
        result.append(np.stack(arrays))
    return tuple(result)


class PaddedBatch(Node):
    """Consecutive elements as one, padded to one shape."""

    name = "PaddedBatch"

    def __init__(self, source: Node, size: Any, shapes: Any, values: Any, drop: bool) -> None:
        what = "Dataset.padded_batch"
        for leaf in nest.flatten(source.spec):
            if not isinstance(leaf, TensorSpec):
                raise TypeError(f"{what}: elements must be tensors, got {leaf}")
        if shapes is None:
            for spec in source.flat:
                if spec.shape.rank is None:
                    raise ValueError(
                        f"{what}: padded_shapes must be given where the rank of a component is "
                        f"not known: {source.spec}"
                    )
            wanted: list[Any] = [s.shape for s in source.flat]
        else:
            wanted = _per_component(source.spec, shapes, f"{what}: padded_shapes", shape=True)
        self.shapes = [_dims(s) for s in wanted]
        for spec, dims in zip(source.flat, self.shapes, strict=True):
            _check_padding(spec, dims, what)
        self.values = _padding_values(source, values, what)
        static = size if drop and isinstance(size, int) else None
        rest = iter(self.shapes)

        def one(leaf: Any) -> Any:
            dims = [d if isinstance(d, int) else None for d in next(rest)]
            return TensorSpec([static, *dims], leaf.dtype)

        flat = [one(s) for s in source.flat]
        super().__init__(nest.pack_sequence_as(source.spec, flat), source)
        if isinstance(size, int):
            _batch_size(size, {}, what)
        self.batch_size, self.drop = size, drop

    def tensors(self) -> Sequence[Any]:
        dims = [d for shape in self.shapes for d in shape]
        return (self.batch_size, *dims, *self.values)

    def size(self, env: dict[int, Any]) -> int:
        n = self.inputs[0].size(env)
        return _batches(n, integer_or_unknown(self.batch_size, env), self.drop)

    def open(self, context: Context) -> Stage:
        env = context.env
        size = _batch_size(self.batch_size, env, "Dataset.padded_batch")
        shapes = [[None if d is None else integer(d, env) for d in s] for s in self.shapes]
        values = [np.asarray(host(look_up(v, env))) for v in self.values]
        return _PaddedBatch(context.open(self.inputs[0]), size, shapes, values, self.drop)


def _per_component(spec: Any, given: Any, what: str, shape: bool) -> list[Any]:
    """What is given for each component; one for all of a flat structure is not enough."""
    found: list[Any] = []

    def walk(part: Any, value: Any) -> None:
        if isinstance(part, tuple):
            if not isinstance(value, (tuple, list)) or len(value) != len(part):
                raise ValueError(f"{what} must have the structure of the elements, {spec}")
            for a, b in zip(part, value, strict=True):
                walk(a, b)
        elif isinstance(part, dict):
            if not hasattr(value, "keys") or set(value) != set(part):
                raise ValueError(f"{what} must have the keys of the elements, {sorted(part)}")
            for key in sorted(part):
                walk(part[key], value[key])
        else:
            found.append(value)

    if not shape and not nest.is_nested(given):
        return [given] * len(nest.flatten(spec))
    walk(spec, given)
    return found


def _dims(shape: Any) -> list[Any]:
    """The dimensions to pad to; None where the largest of the batch decides."""
    if shape is None:
        raise TypeError("Dataset.padded_batch: None is not a padded shape")
    if isinstance(shape, TensorShape):
        return list(shape.as_list())
    if hasattr(shape, "dtype") and hasattr(shape, "host_array"):
        shape = shape.host_array().tolist()
    if isinstance(shape, SymbolicTensor):
        return [shape[i] for i in range(shape.shape[0])]  # type: ignore[index]
    dims: list[Any] = []
    for d in [shape] if isinstance(shape, int) else shape:
        if isinstance(d, SymbolicTensor):
            dims.append(d if d.value is None else int(d.value))
        else:
            dims.append(None if d is None or int(d) == -1 else int(d))
    return dims


def _check_padding(spec: TensorSpec, dims: list[Any], what: str) -> None:
    rank = spec.shape.rank
    fits = rank is None or (
        rank == len(dims)
        and all(
            not isinstance(d, int) or n is None or n <= d
            for d, n in zip(dims, spec.shape.as_list(), strict=True)
        )
    )
    if not fits:
        raise ValueError(
            f"{what}: the padded shape {dims} is not compatible with the component {spec}"
        )


def _padding_values(source: Node, values: Any, what: str) -> list[Any]:
    if values is None:
        given: list[Any] = [None] * len(source.flat)
    else:
        given = _per_component(source.spec, values, f"{what}: padding_values", shape=False)
    result = []
    for spec, value in zip(source.flat, given, strict=True):
        result.append(_padding_value(spec.dtype, value, what))
    return result


def _padding_value(dtype: DType, value: Any, what: str) -> Any:
    if value is None:
        if dtype is string:
            return np.array(b"", object)
        return np.zeros((), dtype.np_dtype)
    if isinstance(value, SymbolicTensor):
        return value
    if hasattr(value, "host_array"):
        if value.dtype is not dtype:
            raise TypeError(
                f"{what}: the padding value {value!r} must have the component's dtype {dtype.name}"
            )
        value = value.host_array()
    if dtype is string:
        item = value.item() if hasattr(value, "item") else value
        return np.array(item.encode() if isinstance(item, str) else item, object)
    kind = np.asarray(value).dtype.kind
    if kind == "f" and not (dtype.is_floating or dtype.is_complex):
        raise TypeError(f"{what}: the padding value {value!r} does not fit {dtype.name}")
    return np.asarray(value).astype(dtype.np_dtype)


class _PaddedBatch(Stage):
    def __init__(
        self,
        inner: Stage,
        size: int,
        shapes: list[list[int | None]],
        values: list[np.ndarray],
        drop: bool,
    ) -> None:
        self.inner, self.inputs = inner, (inner,)
        self._size, self._drop = size, drop
        self._shapes, self._values = shapes, values

    def next(self) -> Element:
        elements = several(self.inner, self._size)
        if not elements or (self._drop and len(elements) < self._size):
            raise End
        result = []
        columns = zip(*elements, strict=True)
        for position, column in enumerate(columns):
            arrays = [host(x) for x in column]
            result.append(self._padded(position, arrays))
        return tuple(result)

    def _padded(self, position: int, arrays: list[np.ndarray]) -> np.ndarray:
        dims = self._shapes[position]
        for array in arrays:
            if array.ndim != len(dims):
                raise errors.InvalidArgumentError(
                    None,
                    None,
                    "Dataset.padded_batch: All elements in a batch must have the same rank as the "
                    f"padded shape for component {position}: expected rank {len(dims)} but got "
                    f"element with rank {array.ndim}",
                )
        full = []
        for axis, wanted in enumerate(dims):
            longest = max(a.shape[axis] for a in arrays)
            if wanted is not None and longest > wanted:
                raise errors.DataLossError(
                    None,
                    None,
                    "Dataset.padded_batch: Attempted to pad to a smaller size than the input "
                    f"element: component {position} is {longest} long in axis {axis}, the padded "
                    f"shape is {wanted}",
                )
            full.append(longest if wanted is None else wanted)
        result = np.full((len(arrays), *full), self._values[position][()], arrays[0].dtype)
        for i, array in enumerate(arrays):
            result[(i, *map(slice, array.shape))] = array
        return result


class Unbatch(Node):
    """The rows of each element."""

    name = "Unbatch"

    def __init__(self, source: Node) -> None:
        spec, self._rows = unbatched(source.spec, "Dataset.unbatch")
        super().__init__(spec, source)

    def size(self, env: dict[int, Any]) -> int:
        n = self.inputs[0].size(env)
        if n == 0 or n == INFINITE:
            return n if self._rows != 0 else 0
        return UNKNOWN if n < 0 or self._rows is None else n * self._rows

    def open(self, context: Context) -> Stage:
        return _Unbatch(self, context.open(self.inputs[0]))


class _Unbatch(BlockStage):
    def __init__(self, node: Unbatch, inner: Stage) -> None:
        super().__init__(rows_ahead(node.flat))
        self.inner, self.inputs = inner, (inner,)
        self.pure = inner.pure
        # Rows are a block only where every element's rows have one shape.
        self.blocks = stackable(node.flat) and all(s.shape.is_fully_defined() for s in node.flat)

    def make(self, limit: int) -> Columns:
        while True:
            columns = [host(x) for x in self.inner.next()]
            lengths = {len(c) if c.ndim else -1 for c in columns}
            if len(lengths) > 1 or -1 in lengths:
                raise errors.InvalidArgumentError(
                    None,
                    None,
                    "Dataset.unbatch: Input element must have the same batch size in each "
                    f"component, got shapes {[c.shape for c in columns]}",
                )
            if len(columns[0]):
                return columns


class Rebatch(Node):
    """Batches of other sizes, one after the other."""

    name = "Rebatch"

    def __init__(self, source: Node, sizes: Any, drop: bool) -> None:
        self.sizes = sizes if isinstance(sizes, list) else [sizes]
        rows, _ = unbatched(source.spec, "Dataset.rebatch")
        one = self.sizes[0] if len(self.sizes) == 1 else None
        static = one if drop and isinstance(one, int) else None
        super().__init__(batched(rows, static, "Dataset.rebatch"), source)
        self.drop = drop

    def tensors(self) -> Sequence[Any]:
        return self.sizes

    def open(self, context: Context) -> Stage:
        sizes = [_batch_size(s, context.env, "Dataset.rebatch") for s in self.sizes]
        return _Rebatch(context.open(self.inputs[0]), sizes, self.drop)


class _Rebatch(Stage):
    def __init__(self, inner: Stage, sizes: list[int], drop: bool) -> None:
        self.inner, self.inputs = inner, (inner,)
        self._sizes, self._drop, self._at = sizes, drop, 0
        self._rest: list[Columns] = []

    def next(self) -> Element:
        size = self._sizes[self._at % len(self._sizes)]
        have = sum(len(c[0]) for c in self._rest)
        while have < size:
            try:
                columns = [host(x) for x in self.inner.next()]
            except End:
                break
            self._rest.append(columns)
            have += len(columns[0])
        if not have or (self._drop and have < size):
            raise End
        self._at += 1
        whole = [np.concatenate(c) for c in zip(*self._rest, strict=True)]
        self._rest = [[c[size:] for c in whole]] if have > size else []
        return tuple([c[:size] for c in whole])

    def own_state(self) -> Any:
        return [self._at, self._rest]

    def restore_own(self, state: Any) -> None:
        self._at, self._rest = state


class Elements(Node):
    """Elements that are there already: a window's, a group's."""

    name = "Window"

    def __init__(self, spec: Any, elements: Sequence[Element]) -> None:
        super().__init__(spec)
        self.elements = elements

    def size(self, env: dict[int, Any]) -> int:
        return len(self.elements)

    def open(self, context: Context) -> Stage:
        return ListStage(self.elements)

    def plain(self) -> tuple[str, Any]:
        """What `codec` saves."""
        return "window", [spec_text(self.spec, "tf.data"), list(self.elements)]


def _window_again(saved: Any) -> Any:
    return variant_tensor(Elements(spec_from(saved[0]), [tuple(e) for e in saved[1]]))


codec.MAKERS["window"] = _window_again


class Window(Node):
    """Datasets of consecutive elements."""

    name = "Window"

    def __init__(
        self,
        source: Node,
        size: Any,
        shift: Any,
        stride: Any,
        drop: bool,
        dataset_spec: Callable[[Any], Any],
    ) -> None:
        super().__init__(map_leaves(source.spec, dataset_spec), source)
        self._sizes = [size, size if shift is None else shift, stride]
        self.drop = drop
        names = ("size", "shift", "stride")
        for name, value in zip(names, self._sizes, strict=True):
            if isinstance(value, int):
                _positive(name, value)

    def tensors(self) -> Sequence[Any]:
        return self._sizes

    def size(self, env: dict[int, Any]) -> int:
        n = self.inputs[0].size(env)
        known = [integer_or_unknown(x, env) for x in self._sizes]
        if n < 0 or None in known:
            return n if n == INFINITE else UNKNOWN
        size, shift, stride = known
        if not self.drop:
            return -(-n // shift)  # type: ignore[operator]
        return max(0, (n - ((size - 1) * stride + 1)) // shift + 1)  # type: ignore[operator]

    def open(self, context: Context) -> Stage:
        size, shift, stride = (integer(x, context.env) for x in self._sizes)
        for name, value in (("size", size), ("shift", shift), ("stride", stride)):
            _positive(name, value)
        return _Window(self, context.open(self.inputs[0]), size, shift, stride)


def _positive(name: str, value: int) -> None:
    if value < 1:
        raise errors.InvalidArgumentError(
            None, None, f"Dataset.window: {name} must be greater than zero, got {value}"
        )


class _Window(Stage):
    def __init__(self, node: Window, inner: Stage, size: int, shift: int, stride: int) -> None:
        self.inner, self.inputs = inner, (inner,)
        source = node.inputs[0]
        leaves = nest.flatten(source.spec)
        self._parts = [(s, len(nest.flatten(s, expand_composites=True))) for s in leaves]
        self._span, self._shift, self._stride = (size - 1) * stride + 1, shift, stride
        self._drop = node.drop
        self._buffer: list[Element] = []
        self._ended = False

    def next(self) -> Element:
        while not self._ended and len(self._buffer) < self._span:
            try:
                self._buffer.append(self.inner.next())
            except End:
                self._ended = True
        if not self._buffer or (self._drop and len(self._buffer) < self._span):
            raise End
        chosen = self._buffer[: self._span : self._stride]
        missing = self._shift - len(self._buffer)
        del self._buffer[: self._shift]
        if missing > 0 and not self._ended:
            self._ended = len(several(self.inner, missing)) < missing
        result, start = [], 0
        for spec, count in self._parts:
            rows = [e[start : start + count] for e in chosen]
            result.append(variant_tensor(Elements(spec, rows)))
            start += count
        return tuple(result)

    def own_state(self) -> Any:
        return [self._ended, self._buffer]

    def restore_own(self, state: Any) -> None:
        self._ended, self._buffer = state
