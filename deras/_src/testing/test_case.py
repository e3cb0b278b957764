"""`tf.test.TestCase`: unittest's, with assertions on tensors."""

# ruff: noqa: PT009, PT027  (these are the assertions that unittest gives)

from __future__ import annotations

import contextlib
import random
import re
import shutil
import tempfile
import unittest
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from deras._src import errors
from deras._src.core.devices import DeviceSpec
from deras._src.core.dtypes import as_dtype, bfloat16
from deras._src.dispatch.convert import convert
from deras._src.util import nest
from deras._src.util.export import export


@export("test.TestCase")
class TestCase(unittest.TestCase):
    """A `unittest.TestCase` that can compare tensors, and structures of them, with values.

    >>> case = tf.test.TestCase()
    >>> case.assertAllClose(tf.constant([1.0, 2.0]), [1.0, 2.0 + 1e-7])
    >>> case.assertAllEqual({"a": tf.constant(1)}["a"], 1)
    """

    def setUp(self) -> None:
        """Seeds Python's and NumPy's global generators."""
        super().setUp()
        random.seed(_SEED)
        np.random.seed(_SEED)

    # -- values -----------------------------------------------------------------------------

    def evaluate(self, tensors: Any) -> Any:
        """The structure `tensors`, with NumPy values in place of tensors."""
        return nest.map_structure(_value, tensors, expand_composites=False)

    def get_temp_dir(self) -> str:
        """A directory for this test, removed after it."""
        if not hasattr(self, "_temporary"):
            self._temporary = tempfile.mkdtemp()
            self.addCleanup(shutil.rmtree, self._temporary, ignore_errors=True)
        return self._temporary

    @contextlib.contextmanager
    def session(self, *args: Any, **kwargs: Any) -> Iterator[Any]:
        """Sessions belong to TensorFlow 1; the tests in one run eagerly."""
        yield None

    cached_session = session
    test_session = session

    # -- all elements -----------------------------------------------------------------------

    def assertAllEqual(self, a: Any, b: Any, msg: str | None = None) -> None:
        """Both have one shape and the same elements; NaN equals NaN."""
        left, right = self._pair(a, b, msg)
        same = left == right
        if _has_nan(left) and _has_nan(right):
            same = same | ((left != left) & (right != right))
        if not np.all(same):
            self._differ("Arrays are not equal", left, right, ~np.asarray(same), msg)

    def assertNotAllEqual(self, a: Any, b: Any, msg: str | None = None) -> None:
        """Some element, or the shape, differs."""
        try:
            self.assertAllEqual(a, b)
        except AssertionError:
            return
        raise self.failureException(
            self._formatMessage(msg, "The two values are equal at all elements.")
        )

    def assertAllClose(
        self, a: Any, b: Any, rtol: float = 1e-6, atol: float = 1e-6, msg: str | None = None
    ) -> None:
        """Structures of one form whose elements satisfy `|a - b| <= atol + rtol |b|`."""
        if _is_mapping(a) != _is_mapping(b):
            self.fail(self._formatMessage(msg, f"Can't compare {type(a)} with {type(b)}."))
        if _is_mapping(a):
            self.assertEqual(sorted(a), sorted(b), msg)
            for key in a:
                self.assertAllClose(a[key], b[key], rtol, atol, f"at [{key!r}] {msg or ''}")
            return
        if isinstance(a, (list, tuple)) and not _is_array(a, b):
            self.assertEqual(len(a), len(b), msg)
            for number, (x, y) in enumerate(zip(a, b, strict=True)):
                self.assertAllClose(x, y, rtol, atol, f"at [{number}] {msg or ''}")
            return
        left, right = self._pair(a, b, msg)
        if not np.allclose(left, right, rtol=rtol, atol=atol, equal_nan=True):
            near = np.isclose(left, right, rtol=rtol, atol=atol, equal_nan=True)
            what = f"Not equal to tolerance rtol={rtol}, atol={atol}"
            self._differ(what, left, right, ~near, msg)

    def assertNotAllClose(
        self, a: Any, b: Any, rtol: float = 1e-6, atol: float = 1e-6, msg: str | None = None
    ) -> None:
        """`assertAllClose` would fail."""
        try:
            self.assertAllClose(a, b, rtol, atol)
        except AssertionError:
            return
        raise self.failureException(
            self._formatMessage(msg, "The two values are close at all elements.")
        )

    def assertAllCloseAccordingToType(
        self,
        a: Any,
        b: Any,
        rtol: float = 1e-6,
        atol: float = 1e-6,
        float_rtol: float = 1e-6,
        float_atol: float = 1e-6,
        half_rtol: float = 1e-3,
        half_atol: float = 1e-3,
        bfloat16_rtol: float = 1e-2,
        bfloat16_atol: float = 1e-2,
        msg: str | None = None,
    ) -> None:
        """`assertAllClose` with the widest of the tolerances of both dtypes."""
        found = {_raw(x).dtype.name for x in (a, b)}
        for names, more_rtol, more_atol in (
            (("float32", "complex64"), float_rtol, float_atol),
            (("float16",), half_rtol, half_atol),
            (("bfloat16",), bfloat16_rtol, bfloat16_atol),
        ):
            if found & set(names):
                rtol, atol = max(rtol, more_rtol), max(atol, more_atol)
        self.assertAllClose(a, b, rtol, atol, msg)

    def assertAllGreater(self, a: Any, comparison_target: Any) -> None:
        """Every element is greater."""
        self.assertTrue(np.all(_array(a) > comparison_target), f"{a} not > {comparison_target}")

    def assertAllGreaterEqual(self, a: Any, comparison_target: Any) -> None:
        """Every element is greater or equal."""
        self.assertTrue(np.all(_array(a) >= comparison_target), f"{a} not >= {comparison_target}")

    def assertAllLess(self, a: Any, comparison_target: Any) -> None:
        """Every element is less."""
        self.assertTrue(np.all(_array(a) < comparison_target), f"{a} not < {comparison_target}")

    def assertAllLessEqual(self, a: Any, comparison_target: Any) -> None:
        """Every element is less or equal."""
        self.assertTrue(np.all(_array(a) <= comparison_target), f"{a} not <= {comparison_target}")

    def assertAllInRange(
        self,
        target: Any,
        lower_bound: Any,
        upper_bound: Any,
        open_lower_bound: bool = False,
        open_upper_bound: bool = False,
    ) -> None:
        """Every element lies between the bounds."""
        array = _array(target)
        low = array > lower_bound if open_lower_bound else array >= lower_bound
        high = array < upper_bound if open_upper_bound else array <= upper_bound
        if not np.all(low & high):
            first, last = "(" if open_lower_bound else "[", ")" if open_upper_bound else "]"
            self.fail(
                f"Values outside of the range {first}{lower_bound}, {upper_bound}{last}: "
                f"{array[~(low & high)].tolist()}"
            )

    def assertAllInSet(self, target: Any, expected_set: Any) -> None:
        """Every element is in the set."""
        outside = set(_array(target).reshape(-1).tolist()) - set(expected_set)
        self.assertFalse(outside, f"{sorted(outside)} not in the set {expected_set}")

    # -- shapes, dtypes, single values ------------------------------------------------------

    def assertShapeEqual(self, input_a: Any, input_b: Any, msg: str | None = None) -> None:
        """Both have one shape."""
        self.assertEqual(tuple(_array(input_a).shape), tuple(_array(input_b).shape), msg)

    def assertDTypeEqual(self, target: Any, expected_dtype: Any) -> None:
        """The dtype is the expected one."""
        self.assertEqual(as_dtype(_raw(target).dtype), as_dtype(expected_dtype))

    def assertDeviceEqual(self, device1: Any, device2: Any, msg: str | None = None) -> None:
        """Both are the same device."""
        self.assertEqual(_canonical(device1), _canonical(device2), msg)

    def assertNear(self, f1: float, f2: float, err: float, msg: str | None = None) -> None:
        """Two numbers differ by at most `err`."""
        if not (f1 == f2 or abs(f1 - f2) <= err):
            self.fail(self._formatMessage(msg, f"{f1!r} != {f2!r} +/- {err!r}"))

    def assertArrayNear(
        self, farray1: Any, farray2: Any, err: float, msg: str | None = None
    ) -> None:
        """Two lists of numbers differ by at most `err` each."""
        self.assertEqual(len(farray1), len(farray2), msg)
        for f1, f2 in zip(farray1, farray2, strict=True):
            self.assertNear(float(f1), float(f2), err, msg)

    def assertNDArrayNear(
        self, ndarray1: Any, ndarray2: Any, err: float, msg: str | None = None
    ) -> None:
        """The norm of the difference is less than `err`."""
        distance = np.linalg.norm(_array(ndarray1) - _array(ndarray2))
        self.assertTrue(distance < err, self._formatMessage(msg, f"distance {distance} >= {err}"))

    # -- containers -------------------------------------------------------------------------

    def assertLen(self, container: Any, expected_len: int, msg: str | None = None) -> None:
        """The container has that many elements."""
        if len(container) != expected_len:
            text = f"{container!r} has length of {len(container)}, expected {expected_len}."
            self.fail(self._formatMessage(msg, text))

    def assertEmpty(self, container: Any, msg: str | None = None) -> None:
        """The container is empty."""
        if len(container):
            self.fail(self._formatMessage(msg, f"{container!r} has length of {len(container)}."))

    def assertNotEmpty(self, container: Any, msg: str | None = None) -> None:
        """The container is not empty."""
        if not len(container):
            self.fail(self._formatMessage(msg, f"{container!r} has length of 0."))

    def assertStartsWith(self, actual: str, expected_start: str, msg: str | None = None) -> None:
        """The text starts so."""
        if not actual.startswith(expected_start):
            self.fail(
                self._formatMessage(msg, f"{actual!r} does not start with {expected_start!r}")
            )

    def assertEndsWith(self, actual: str, expected_end: str, msg: str | None = None) -> None:
        """The text ends so."""
        if not actual.endswith(expected_end):
            self.fail(self._formatMessage(msg, f"{actual!r} does not end with {expected_end!r}"))

    def assertBetween(self, value: Any, minv: Any, maxv: Any, msg: str | None = None) -> None:
        """The value lies between the bounds, both included."""
        if not minv <= value <= maxv:
            self.fail(self._formatMessage(msg, f"{value!r} unexpectedly not in [{minv}, {maxv}]"))

    def assertContainsSubset(
        self, expected_subset: Any, actual_set: Any, msg: str | None = None
    ) -> None:
        """All of the subset's elements are in the set."""
        missing = set(expected_subset) - set(actual_set)
        if missing:
            self.fail(self._formatMessage(msg, f"Missing elements {missing} in {actual_set!r}"))

    def assertItemsEqual(self, expected: Any, actual: Any, msg: str | None = None) -> None:
        """The same elements as often, in any order."""
        self.assertCountEqual(expected, actual, msg)

    def assertSameElements(self, expected: Any, actual: Any, msg: str | None = None) -> None:
        """The same elements, in any order and however often."""
        self.assertEqual(set(expected), set(actual), msg)

    def assertSequenceAlmostEqual(
        self,
        expected_seq: Any,
        actual_seq: Any,
        places: int | None = None,
        msg: str | None = None,
        delta: float | None = None,
    ) -> None:
        """Elements are almost equal, as of `assertAlmostEqual`."""
        self.assertEqual(len(expected_seq), len(actual_seq), msg)
        for wanted, found in zip(expected_seq, actual_seq, strict=True):
            self.assertAlmostEqual(wanted, found, places, msg, delta)  # type: ignore[arg-type]

    # -- errors -----------------------------------------------------------------------------

    @contextlib.contextmanager
    def assertRaisesWithPredicateMatch(
        self, exception_type: Any, expected_err_re_or_predicate: Any
    ) -> Iterator[None]:
        """Such an exception is raised, and its text has the pattern or satisfies the predicate."""
        check: Callable[[Any], Any]
        if callable(expected_err_re_or_predicate):
            check = expected_err_re_or_predicate
        else:
            pattern = re.compile(expected_err_re_or_predicate)
            check = lambda error: pattern.search(str(error))  # noqa: E731
        try:
            yield
        except exception_type as error:
            if not check(error):
                raise AssertionError(f"Exception of type {type(error)}: {error}") from error
        else:
            self.fail(f"{exception_type.__name__} not raised")

    def assertRaisesOpError(self, expected_err_re_or_predicate: Any) -> Any:
        """A `tf.errors.OpError` is raised, and its text has the pattern."""
        return self.assertRaisesWithPredicateMatch(errors.OpError, expected_err_re_or_predicate)

    def assertRaisesIncompatibleShapesError(
        self,
        exception_type: Any = errors.InvalidArgumentError,
        callable_obj: Any = None,
        *args: Any,
        **kwargs: Any,
    ) -> Any:
        """An error about shapes that do not fit is raised."""
        manager = self.assertRaises(exception_type)
        if callable_obj is None:
            return manager
        with manager:
            callable_obj(*args, **kwargs)
        return None

    # -- help -------------------------------------------------------------------------------

    def _pair(self, a: Any, b: Any, msg: str | None) -> tuple[np.ndarray, np.ndarray]:
        left, right = _array(a), _array(b)
        if left.shape != right.shape:
            text = f"Shape mismatch: expected {left.shape}, got {right.shape}."
            self.fail(self._formatMessage(msg, text))
        return left, right

    def _differ(self, what: str, a: Any, b: Any, where: Any, msg: str | None) -> None:
        places = np.argwhere(np.atleast_1d(where))[:10].tolist()
        shown = f"{what}; {int(np.sum(where))} of {np.size(where)} elements differ, at {places}"
        self.fail(self._formatMessage(msg, f"{shown}\n  first: {a!r}\n  second: {b!r}"))


_SEED = 87654321


def _value(x: Any) -> Any:
    return x.numpy() if hasattr(x, "numpy") else x


def _raw(x: Any) -> np.ndarray:
    """The value as a NumPy array of its own dtype."""
    if hasattr(x, "numpy"):
        return np.asarray(x.numpy())
    if isinstance(x, (list, tuple)) and any(hasattr(v, "numpy") for v in nest.flatten(x)):
        return np.asarray(convert(list(x)).numpy())
    return np.asarray(x)


def _array(x: Any) -> np.ndarray:
    """The value as a NumPy array that NumPy can compare."""
    array = _raw(x)
    return array.astype(np.float32) if array.dtype == bfloat16.np_dtype else array


def _has_nan(array: np.ndarray) -> bool:
    return array.dtype.kind in "fc" and bool(np.isnan(array).any())


def _is_mapping(x: Any) -> bool:
    return isinstance(x, Mapping)


def _is_array(a: Any, b: Any) -> bool:
    """Whether lists are arrays of numbers, to be compared as such."""
    try:
        return _array(a).dtype.kind in "biufc" and _array(b).dtype.kind in "biufc"
    except (TypeError, ValueError, errors.OpError):  # ragged: compared element by element
        return False


def _canonical(device: Any) -> str:
    name = device.to_string() if isinstance(device, DeviceSpec) else str(device or "")
    return DeviceSpec.from_string(name).to_string()


@export("test.main")
def main(argv: list[str] | None = None) -> None:
    """Runs the tests of the program's main module, as `unittest.main` does."""
    unittest.main(argv=argv)
