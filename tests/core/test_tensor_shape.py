"""TensorShape. Literals were read off TensorFlow 2.21."""

from __future__ import annotations

import copy

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deras._src.core.tensor_shape import (
    TensorShape,
    as_shape,
    broadcast_dims,
    broadcast_static_shape,
    from_dims,
    unknown_shape,
)

UNKNOWN = TensorShape(None)
dims = st.lists(st.none() | st.integers(0, 4), max_size=4).map(tuple)
shapes = (st.none() | dims).map(from_dims)


@pytest.mark.parametrize(
    ("given_dims", "repr_", "str_"),
    [
        (None, "TensorShape(None)", "<unknown>"),
        ([], "TensorShape([])", "()"),
        ([1, None], "TensorShape([1, None])", "(1, None)"),
        ((3,), "TensorShape([3])", "(3,)"),
        (5, "TensorShape([5])", "(5,)"),
        ([np.int64(3)], "TensorShape([3])", "(3,)"),
        (np.array([1, 2]), "TensorShape([1, 2])", "(1, 2)"),
        (TensorShape([1]), "TensorShape([1])", "(1,)"),
        (range(3), "TensorShape([0, 1, 2])", "(0, 1, 2)"),
        (iter([1, 2]), "TensorShape([1, 2])", "(1, 2)"),
        ([2**40], "TensorShape([1099511627776])", "(1099511627776,)"),
    ],
)
def test_construct_and_print(given_dims, repr_, str_):
    shape = TensorShape(given_dims)
    assert (repr(shape), str(shape)) == (repr_, str_)


@pytest.mark.parametrize("bad", ["abc", b"ab", [1.0], [1.5], [[1]], ["a"], 3.0, object()])
def test_bad_dims(bad):
    with pytest.raises(TypeError, match=r"tf\.TensorShape: "):
        TensorShape(bad)


def test_negative_dims():
    with pytest.raises(ValueError, match=r"dim -1 must be >= 0; an unknown dim is written None"):
        TensorShape([-1])


def test_reading():
    shape = TensorShape([2, None, 3])
    assert (shape.rank, shape.ndims, len(shape)) == (3, 3, 3)
    assert shape.as_list() == shape.dims == list(shape) == [2, None, 3]
    assert shape[0] == 2
    assert shape[1] is None
    assert shape[-1] == shape[np.int64(2)] == 3
    assert repr(shape[1:]) == "TensorShape([None, 3])"
    assert repr(shape[::-1]) == "TensorShape([3, None, 2])"
    assert 3 in shape
    assert bool(TensorShape([]))
    assert np.zeros(TensorShape([2, 3])).shape == (2, 3)
    with pytest.raises(IndexError):
        shape[5]


def test_reading_unknown():
    assert not UNKNOWN
    assert UNKNOWN.rank is UNKNOWN.ndims is UNKNOWN.dims is UNKNOWN[0] is None
    for key, text in [
        (slice(1, None), "None"),
        (slice(1, 3), "[None, None]"),
        (slice(-2, None), "None"),
        (slice(None, 2), "[None, None]"),
        (slice(None, -1), "None"),
        (slice(2, 1), "[]"),
    ]:
        assert repr(UNKNOWN[key]) == f"TensorShape({text})"
    with pytest.raises(ValueError, match="takes no step"):
        UNKNOWN[::2]
    with pytest.raises(ValueError, match="rank of this shape is unknown"):
        UNKNOWN.as_list()
    with pytest.raises(ValueError, match="has no length"):
        len(UNKNOWN)
    with pytest.raises(ValueError, match="cannot iterate"):
        list(UNKNOWN)


def test_num_elements():
    assert TensorShape([2, 3]).num_elements() == 6
    assert TensorShape([]).num_elements() == 1
    assert TensorShape([0, None]).num_elements() is None
    assert UNKNOWN.num_elements() is None
    assert TensorShape([]).is_fully_defined()
    assert not TensorShape([1, None]).is_fully_defined()
    assert not UNKNOWN.is_fully_defined()


def test_equality_and_hash():
    shape = TensorShape([1, None])
    for same in (TensorShape([1, None]), [1, None], (1, None)):
        assert shape == same
        assert (shape != same) is False
    for other in (TensorShape([None, 1]), [1], "abc", None, 3.5, UNKNOWN, [-1, 2]):
        assert shape != other
    assert TensorShape([1]) == 1
    assert TensorShape(None) == UNKNOWN
    assert UNKNOWN == None  # noqa: E711
    assert hash(TensorShape([1, 2])) == hash((1, 2))
    assert {TensorShape([1]): "x"}[TensorShape([1])] == "x"


def test_concatenate():
    one = TensorShape([1])
    for result in (one.concatenate([2]), one + [2], one + 2, one + TensorShape([2])):
        assert result == [1, 2]
    assert [2] + one == (2,) + one == 2 + one == TensorShape([2, 1])
    assert (one + UNKNOWN).rank is None
    assert (UNKNOWN + one).rank is None


def test_merge_with():
    assert TensorShape([1, None]).merge_with([None, 3]) == [1, 3]
    assert UNKNOWN.merge_with([1]) == TensorShape([1]).merge_with(UNKNOWN) == [1]
    for other in ([1, 3], [1]):
        with pytest.raises(ValueError, match=r"shapes \(1, 2\) and \(1,.* not compatible"):
            TensorShape([1, 2]).merge_with(other)


def test_ranks():
    shape = TensorShape([1, 2])
    assert shape.with_rank(2) is shape.with_rank_at_least(1) is shape.with_rank_at_most(2) is shape
    assert repr(UNKNOWN.with_rank(2)) == "TensorShape([None, None])"
    assert UNKNOWN.with_rank_at_least(2).rank is None
    assert UNKNOWN.with_rank_at_most(2).rank is None
    UNKNOWN.assert_has_rank(2)
    shape.assert_same_rank([3, 4])
    for call, text in [
        (lambda: shape.with_rank(3), r"shape \(1, 2\) must have rank 3"),
        (lambda: shape.assert_has_rank(3), r"shape \(1, 2\) must have rank 3"),
        (lambda: shape.with_rank_at_least(3), "must have rank at least 3"),
        (lambda: shape.with_rank_at_most(1), "must have rank at most 1"),
        (lambda: shape.assert_same_rank([1]), r"\(1, 2\) and \(1,\) must have the same rank"),
        (lambda: shape.assert_is_compatible_with([2]), r"\(1, 2\) and \(2,\) are incompatible"),
        (lambda: UNKNOWN.assert_is_fully_defined(), "<unknown> is not fully defined"),
    ]:
        with pytest.raises(ValueError, match=text):
            call()


def test_subtypes():
    one, some = TensorShape([1]), TensorShape([None])
    assert one.is_subtype_of(some)
    assert not some.is_subtype_of(one)
    assert one.is_subtype_of(UNKNOWN)
    assert not UNKNOWN.is_subtype_of(one)
    assert not one.is_subtype_of([None])


def test_supertypes():
    shape = TensorShape([1, 2])
    assert shape.most_specific_common_supertype([TensorShape([1, 3])]) == [1, None]
    assert shape.most_specific_common_supertype([TensorShape([1])]).rank is None
    assert shape.most_specific_common_supertype([3]) is None
    assert shape.most_specific_common_supertype([]) == shape
    assert shape.most_specific_compatible_shape([1, 3]) == [1, None]


def test_copies():
    for shape in (UNKNOWN, TensorShape([1, None])):
        rebuild, arguments = shape.__reduce__()
        assert rebuild(*arguments) == copy.deepcopy(shape) == shape


def test_helpers():
    shape = TensorShape([1])
    assert as_shape(shape) is shape
    assert unknown_shape(2) == [None, None]
    assert unknown_shape().rank is None


@pytest.mark.parametrize(
    ("x", "y", "expected"),
    [
        ([2, 1], [3], [2, 3]),
        ([None, 1], [3], [None, 3]),
        ([None], [3], [3]),
        ([None], [1], [None]),
        ([None], [None], [None]),
        ([0], [1], [0]),
        ([0], [None], [None]),
        ([2], [], [2]),
        (None, [3], None),
    ],
)
def test_broadcast(x, y, expected):
    for a, b in ((x, y), (y, x)):
        assert broadcast_static_shape(TensorShape(a), TensorShape(b)) == TensorShape(expected)


def test_broadcast_fails():
    with pytest.raises(ValueError, match=r"incompatible shapes .*\(2,\) and \(3,\): 2 and 3"):
        broadcast_static_shape(TensorShape([2]), TensorShape([3]))


# Algebra.


def _concrete(shape: TensorShape, filling: list[int]) -> TensorShape:
    """A fully known shape that `shape` describes."""
    known = [3] * 2 if shape.dims is None else shape.dims
    return TensorShape([f if d is None else d for d, f in zip(known, filling, strict=False)])


fillings = st.lists(st.integers(0, 4), min_size=4, max_size=4)


@given(shapes, shapes)
def test_compatibility_is_symmetric(a, b):
    assert a.is_compatible_with(b) == b.is_compatible_with(a)


@given(shapes, shapes)
def test_merge_is_a_subtype_of_both(a, b):
    if a.is_compatible_with(b):
        merged = a.merge_with(b)
        assert merged == b.merge_with(a)
        assert merged.is_subtype_of(a)
        assert merged.is_subtype_of(b)
    else:
        with pytest.raises(ValueError, match="not compatible"):
            a.merge_with(b)


@given(shapes, shapes)
def test_supertype_of_both(a, b):
    above = a.most_specific_common_supertype([b])
    assert above == b.most_specific_common_supertype([a])
    assert a.is_subtype_of(above)
    assert b.is_subtype_of(above)


@given(shapes, fillings)
def test_a_filled_shape_is_a_subtype(shape, filling):
    assert _concrete(shape, filling).is_subtype_of(shape)


@given(shapes, shapes, shapes)
def test_concatenation_is_associative(a, b, c):
    assert (a + b) + c == a + (b + c)


@given(dims, dims, fillings, fillings)
def test_static_broadcast_describes_the_real_one(a, b, fill_a, fill_b):
    real_a, real_b = _concrete(from_dims(a), fill_a), _concrete(from_dims(b), fill_b)
    try:
        real = np.broadcast_shapes(tuple(real_a), tuple(real_b))
    except ValueError:
        return
    assert from_dims(real).is_subtype_of(from_dims(broadcast_dims(a, b)))


@given(dims)
def test_slices_equal_those_of_tuples(given_dims):
    shape = from_dims(given_dims)
    assert tuple(shape[1:]) == given_dims[1:]
    assert tuple(shape[:-1]) == given_dims[:-1]
    assert shape == given_dims
    assert hash(shape) == hash(given_dims)
