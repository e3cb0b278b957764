"""Static shapes: `TensorShape`, whose dims may be unknown (None), and the static broadcasting rule.

A shape is a tuple of ints and Nones, or None when not even the rank is known. `TensorShape` wraps
that tuple with TensorFlow's methods. Code on a fast path that already holds a checked tuple makes
one with `from_dims` and reads `_dims`.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

from deras._src.util.export import export

Dims: TypeAlias = "tuple[int | None, ...] | None"


@export("TensorShape")
class TensorShape:
    """The shape of a tensor, as far as it is known.

    A dim is an int, or None where the size is not known. The rank itself may be unknown:
    `TensorShape(None)`. Shapes compare and hash like the tuple of their dims, and compare equal to
    lists and tuples of the same dims.

    Args:
      dims: Iterable of ints and Nones; one int, meaning a shape of rank 1; another TensorShape; or
        None for unknown rank.
    Raises:
      ValueError: a dim is negative.
      TypeError: a dim is neither an integer nor None.

    >>> shape = tf.TensorShape([None, 3])
    >>> shape, shape.rank, shape[1], shape == (None, 3)
    (TensorShape([None, 3]), 2, 3, True)
    >>> print(shape, tf.TensorShape(None))
    (None, 3) <unknown>
    """

    __slots__ = ("__weakref__", "_dims")

    _dims: Dims

    def __init__(self, dims: Any) -> None:
        if dims is None:
            self._dims = None
        elif dims.__class__ is TensorShape:
            self._dims = dims._dims
        elif isinstance(dims, (str, bytes)):
            raise TypeError(
                f"tf.TensorShape: {dims!r} is text; a shape is an iterable of ints and Nones, such "
                "as [None, 3]."
            )
        else:
            try:
                iterator = iter(dims)
            except TypeError:
                self._dims = (_dim(dims),)
            else:
                self._dims = tuple([_dim(dim) for dim in iterator])

    # Reading.

    @property
    def dims(self) -> list[int | None] | None:
        """The dims as a list of ints and Nones, or None if the rank is unknown."""
        return None if self._dims is None else list(self._dims)

    @property
    def rank(self) -> int | None:
        """Number of dims, or None if it is unknown."""
        return None if self._dims is None else len(self._dims)

    ndims = rank

    def as_list(self) -> list[int | None]:
        """The dims as a list of ints and Nones.

        Raises:
          ValueError: the rank is unknown.
        """
        if self._dims is None:
            raise ValueError("tf.TensorShape.as_list: the rank of this shape is unknown.")
        return list(self._dims)

    def num_elements(self) -> int | None:
        """Number of elements, or None if a dim or the rank is unknown.

        >>> tf.TensorShape([2, 3]).num_elements(), tf.TensorShape([2, None]).num_elements()
        (6, None)
        """
        return math.prod(self._dims) if self.is_fully_defined() else None  # type: ignore[arg-type]

    def is_fully_defined(self) -> bool:
        """True if the rank and all dims are known."""
        return self._dims is not None and None not in self._dims

    def __len__(self) -> int:
        if self._dims is None:
            raise ValueError("tf.TensorShape: a shape of unknown rank has no length.")
        return len(self._dims)

    def __bool__(self) -> bool:
        """True if the rank is known, even if it is 0."""
        return self._dims is not None

    def __iter__(self) -> Iterator[int | None]:
        if self._dims is None:
            raise ValueError("tf.TensorShape: cannot iterate over a shape of unknown rank.")
        return iter(self._dims)

    def __getitem__(self, key: Any) -> Any:
        """The dim at an index, or the TensorShape of a slice.

        A shape of unknown rank gives None for an index. For a slice it gives the right number of
        unknown dims where that number can be told (`shape[1:3]`), else unknown rank.
        """
        if self._dims is not None:
            item = self._dims[key]
            return from_dims(item) if key.__class__ is slice else item
        if not isinstance(key, slice):
            return None
        if key.step is not None:
            raise ValueError("tf.TensorShape: a slice of a shape of unknown rank takes no step.")
        start = 0 if key.start is None else key.start
        if key.stop is None or start < 0 or key.stop < 0:
            return from_dims(None)
        return from_dims((None,) * (key.stop - start))

    def __eq__(self, other: object) -> bool:
        if isinstance(other, TensorShape):
            return self._dims == other._dims
        try:
            return self._dims == TensorShape(other)._dims
        except (TypeError, ValueError):
            return NotImplemented

    def __hash__(self) -> int:
        return hash(self._dims)

    def __repr__(self) -> str:
        return f"TensorShape({None if self._dims is None else list(self._dims)})"

    def __str__(self) -> str:
        return "<unknown>" if self._dims is None else str(self._dims)

    def __reduce__(self) -> tuple[Any, ...]:
        return TensorShape, (self.dims,)

    # Combining.

    def __add__(self, other: Any) -> TensorShape:
        return self.concatenate(other)

    def __radd__(self, other: Any) -> TensorShape:
        return as_shape(other).concatenate(self)

    def concatenate(self, other: Any) -> TensorShape:
        """The dims of this shape followed by those of `other`.

        >>> tf.TensorShape([1]).concatenate([2, None])
        TensorShape([1, 2, None])
        """
        ours, theirs = self._dims, as_shape(other)._dims
        return from_dims(None if ours is None or theirs is None else ours + theirs)

    def merge_with(self, other: Any) -> TensorShape:
        """What is known of a shape that is both this one and `other`.

        Raises:
          ValueError: no shape can be both.

        >>> tf.TensorShape([None, 3]).merge_with([2, None])
        TensorShape([2, 3])
        """
        other = as_shape(other)
        ours, theirs = self._dims, other._dims
        if ours is None:
            return other
        if theirs is None or ours == theirs:
            return self
        if not _agree(ours, theirs):
            raise ValueError(
                f"tf.TensorShape.merge_with: shapes {self} and {other} are not compatible."
            )
        return from_dims(tuple([b if a is None else a for a, b in zip(ours, theirs, strict=True)]))

    def most_specific_compatible_shape(self, other: Any) -> TensorShape:
        """The narrowest shape that both this one and `other` fit into.

        >>> tf.TensorShape([2, 3]).most_specific_compatible_shape([2, 4])
        TensorShape([2, None])
        """
        ours, theirs = self._dims, as_shape(other)._dims
        if ours is None or theirs is None or len(ours) != len(theirs):
            return from_dims(None)
        return from_dims(tuple([a if a == b else None for a, b in zip(ours, theirs, strict=True)]))

    def most_specific_common_supertype(self, others: Iterable[Any]) -> TensorShape | None:
        """The narrowest shape that this one and all `others` fit into; None if one is no shape."""
        result = self
        for other in others:
            if not isinstance(other, TensorShape):
                return None
            result = result.most_specific_compatible_shape(other)
        return result

    # Comparing.

    def is_compatible_with(self, other: Any) -> bool:
        """True if one concrete shape can be both this shape and `other`."""
        ours, theirs = self._dims, as_shape(other)._dims
        return ours is None or theirs is None or ours == theirs or _agree(ours, theirs)

    def is_subtype_of(self, other: Any) -> bool:
        """True if all that `other` says of its dims holds for this shape.

        >>> tf.TensorShape([1]).is_subtype_of(tf.TensorShape([None]))
        True
        """
        if not isinstance(other, TensorShape):
            return False
        ours, theirs = self._dims, other._dims
        if theirs is None or ours == theirs:
            return True
        if ours is None or len(ours) != len(theirs):
            return False
        return all(b is None or a == b for a, b in zip(ours, theirs, strict=True))

    # Demanding.

    def with_rank(self, rank: int) -> TensorShape:
        """This shape, known to be of the given rank.

        Raises:
          ValueError: the rank is known to be another.

        >>> tf.TensorShape(None).with_rank(2)
        TensorShape([None, None])
        """
        if self._dims is None:
            return unknown_shape(rank)
        if rank is not None and len(self._dims) != rank:
            raise ValueError(f"tf.TensorShape: shape {self} must have rank {rank}.")
        return self

    def with_rank_at_least(self, rank: int) -> TensorShape:
        """This shape; ValueError if it is known to have fewer dims than `rank`."""
        if self._dims is not None and len(self._dims) < rank:
            raise ValueError(f"tf.TensorShape: shape {self} must have rank at least {rank}.")
        return self

    def with_rank_at_most(self, rank: int) -> TensorShape:
        """This shape; ValueError if it is known to have more dims than `rank`."""
        if self._dims is not None and len(self._dims) > rank:
            raise ValueError(f"tf.TensorShape: shape {self} must have rank at most {rank}.")
        return self

    def assert_has_rank(self, rank: int) -> None:
        """Raises ValueError if the rank is known and is not `rank`."""
        self.with_rank(rank)

    def assert_same_rank(self, other: Any) -> None:
        """Raises ValueError if both ranks are known and differ."""
        other = as_shape(other)
        if self._dims is not None and other._dims is not None and len(self) != len(other):
            raise ValueError(f"tf.TensorShape: shapes {self} and {other} must have the same rank.")

    def assert_is_compatible_with(self, other: Any) -> None:
        """Raises ValueError if no concrete shape can be both this shape and `other`."""
        if not self.is_compatible_with(other):
            raise ValueError(
                f"tf.TensorShape: shapes {self} and {as_shape(other)} are incompatible."
            )

    def assert_is_fully_defined(self) -> None:
        """Raises ValueError if the rank or a dim is unknown."""
        if not self.is_fully_defined():
            raise ValueError(f"tf.TensorShape: shape {self} is not fully defined.")


def _dim(value: Any) -> int | None:
    if value is None:
        return None
    try:
        dim = operator.index(value)
    except TypeError:
        raise TypeError(
            f"tf.TensorShape: a dim is an integer or None, not {value!r} of type "
            f"{type(value).__name__}."
        ) from None
    if dim < 0:
        raise ValueError(f"tf.TensorShape: dim {dim} must be >= 0; an unknown dim is written None.")
    return int(dim)  # index() lets True through as a bool


def _agree(ours: tuple[int | None, ...], theirs: tuple[int | None, ...]) -> bool:
    if len(ours) != len(theirs):
        return False
    return all(a == b or a is None or b is None for a, b in zip(ours, theirs, strict=True))


_new = object.__new__


def from_dims(dims: Dims) -> TensorShape:
    """A TensorShape from a tuple that is known to be good, or None: the unchecked, fast way."""
    shape = _new(TensorShape)
    shape._dims = dims
    return shape


def as_shape(shape: Any) -> TensorShape:
    """`shape` itself if it is a TensorShape, else the TensorShape of it."""
    return shape if isinstance(shape, TensorShape) else TensorShape(shape)


def unknown_shape(rank: int | None = None) -> TensorShape:
    """A shape of the given rank, or of unknown rank, none of whose dims is known."""
    return from_dims(None if rank is None else (None,) * rank)


def broadcast_dims(a: Dims, b: Dims) -> Dims:
    """The dims of two operands broadcast against each other; None where that is unknown.

    Raises:
      ValueError: two dims differ and neither is 1. The message is a bare reason, which callers put
        into their own.
    """
    if a == b or a is None or b is None:
        return a if a == b else None
    if len(a) < len(b):
        a, b = b, a
    lead = len(a) - len(b)
    dims = list(a)
    for axis, theirs in enumerate(b, start=lead):
        ours = dims[axis]
        if ours == theirs or theirs == 1:
            continue
        if ours == 1:
            dims[axis] = theirs
        elif ours is None:
            # Against 2 or more an unknown dim must be that or 1. Against 0 TensorFlow says unknown.
            dims[axis] = theirs or None
        elif theirs is None:
            dims[axis] = ours or None
        else:
            raise ValueError(f"{ours} and {theirs} differ, and neither is 1")
    return tuple(dims)


@export("broadcast_static_shape")
def broadcast_static_shape(shape_x: Any, shape_y: Any) -> TensorShape:
    """The shape that two shapes broadcast to, as far as it is known.

    Args:
      shape_x: A TensorShape, or what makes one.
      shape_y: A TensorShape, or what makes one.
    Returns:
      A TensorShape.
    Raises:
      ValueError: the shapes do not broadcast.

    >>> tf.broadcast_static_shape(tf.TensorShape([None, 1]), tf.TensorShape([3]))
    TensorShape([None, 3])
    """
    shape_x, shape_y = as_shape(shape_x), as_shape(shape_y)
    try:
        return from_dims(broadcast_dims(shape_x._dims, shape_y._dims))
    except ValueError as reason:
        raise ValueError(
            "tf.broadcast_static_shape: incompatible shapes for broadcasting, "
            f"{shape_x} and {shape_y}: {reason}."
        ) from None
