"""`tf.TensorArray` against what TensorFlow recorded, eagerly, in functions, and compiled whole."""

from __future__ import annotations

import builtins
import importlib.util
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import deras as tf
from deras._src.core.tensor_shape import TensorShape

HERE = Path(__file__).resolve().parent


def load_cases(name: str) -> dict[str, Any]:
    """The programs of a file, loaded by path: test modules cannot import each other."""
    spec = importlib.util.spec_from_file_location(name, HERE / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.CASES


CASES = {
    name: program
    for part in ("", "join_", "flow_")
    for name, program in load_cases(f"tensor_array_{part}cases").items()
}
GOLDEN = json.loads((HERE.parent / "golden" / "tensor_array.json").read_text(encoding="utf-8"))[
    "cases"
]

X = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], np.float32)

GROWN = [[1.0, 2.0], [3.0, 4.0], [0.0, 0.0], [0.0, 0.0], [5.0, 6.0]]
THROUGH = [[1.0, 2.0], [1.0, 2.0], [5.0, 6.0]]
THROUGH_GRADIENT = [[[1.0, 2.0], [1.0, 4.0], [5.0, 6.0]], [[3.0, 5.0], [0.0, 0.0], [1.0, 1.0]]]

# Where Deras gives something else than TensorFlow: in eager mode, in functions.
SAME = object()
OURS: dict[str, tuple[Any, Any]] = {
    # False where TensorFlow has None.
    "properties": (SAME, ["float32", False, None]),
    "dynamic_by_default": (SAME, [False]),
    "spec_compatible": (SAME, [True, False, False, False, True, True, False]),
    "spec_from_value": (SAME, ["TensorArraySpec(TensorShape([2]), tf.float32, False, True)"]),
    # An error that says why, where TensorFlow has a bare AssertionError.
    "handle_given": (SAME, ValueError),
    "handle_and_size_given": (SAME, ValueError),
    "handle_and_name_given": (SAME, ValueError),
    "handle_not_a_tensor": (SAME, ValueError),
    # Arrays are values made of ordinary tensors: there is no variant tensor for `flow` to be.
    "flow_and_size_given": (SAME, 3),
    "flow_dtype": (SAME, ["int32"]),
    "spec_components": (["TensorSpec(shape=(None, 2), dtype=tf.float32, name=None)"],) * 2,
    # Functions do what eager mode does, where TensorFlow's two differ.
    "size_negative": (SAME, 0),
    "write_index_int64": (SAME, [[1.0, 2.0], [1.0, 2.0]]),
    "read_index_int64": (SAME, [3.0, 4.0]),
    "unstack_scalar": (SAME, ValueError),
    "unstack_too_few": (SAME, [3, [1.0, 2.0]]),
    "scatter_grows": (SAME, [5, GROWN]),
    "split_wrong_count": (SAME, tf.errors.InvalidArgumentError),
    "split_too_many_lengths": (SAME, tf.errors.InvalidArgumentError),
    "split_negative_length": (SAME, tf.errors.InvalidArgumentError),
    # Known better.
    "concat_static_shape": (SAME, [6, 2]),
    # Wrong dtypes are refused; TensorFlow lets them in and fails later, or not at all.
    "unstack_wrong_dtype": (tf.errors.InvalidArgumentError, SAME),
    "split_wrong_dtype": (tf.errors.InvalidArgumentError,) * 2,
    # TensorFlow dies.
    "scatter_negative": (SAME, tf.errors.InvalidArgumentError),
    # TensorFlow's gradient of a repeated index takes the last of its gradients, not their sum.
    "gradient_gather": (SAME, GOLDEN["gradient_gather"]["eager"]["value"]),
    # A loop's body has to keep the structure.
    "loop_body_returns_a_tensor": (ValueError, SAME),
    # Arrays go into functions and come out of them.
    "function_result": ([[3.0, 4.0], [3.0, 4.0], [5.0, 6.0]],) * 2,
    "function_through": (THROUGH, THROUGH),
    "gradient_function": (THROUGH_GRADIENT, THROUGH_GRADIENT),
    "input_signature": (X.tolist(), X.tolist()),
}


def plain(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if not isinstance(value, tf.Tensor):
        return value
    array = value.numpy()
    if value.dtype == tf.string:
        return array.decode() if isinstance(array, bytes) else [v.decode() for v in array]
    if value.dtype.is_complex:
        return [[v.real, v.imag] for v in array.tolist()]
    return array.tolist()


def inside(program: Any, jit: bool) -> Any:
    """Runs a program in a function. What is no tensor goes past the function."""
    kept: list[Any] = []

    def body(x: Any, n: Any) -> Any:
        result = program(tf, x, n)
        parts = result if isinstance(result, list) else [result]
        kept[:] = [isinstance(result, list), parts]
        return [p for p in parts if isinstance(p, tf.Tensor)]

    x, n = tf.constant(X), tf.constant(3)
    if jit:  # numbers of elements have to be known there
        compiled = tf.function(lambda x: body(x, n), autograph=False, jit_compile=True)
        tensors = iter(compiled(x))
    else:
        tensors = iter(tf.function(body, autograph=False)(x, n))
    several, parts = kept
    values = [next(tensors) if isinstance(p, tf.Tensor) else p for p in parts]
    return values if several else values[0]


def agree(got: Any, wanted: Any) -> bool:
    if isinstance(wanted, list) and isinstance(got, list):
        return len(got) == len(wanted) and all(map(agree, got, wanted))
    if isinstance(wanted, float):
        return bool(np.isclose(got, wanted, rtol=2e-6, atol=0))
    return type(got) is type(wanted) and bool(got == wanted)


def error_named(name: str) -> type[Exception]:
    return getattr(tf.errors, name, None) or getattr(builtins, name)


@pytest.mark.parametrize("mode", ["eager", "function", "jit"])
@pytest.mark.parametrize("name", CASES)
def test_as_tensorflow(name, mode):
    if mode == "jit" and name.startswith("strings"):
        with pytest.raises(tf.errors.InvalidArgumentError, match="cannot be compiled"):
            run(CASES[name], mode)
        return
    program = CASES[name]
    golden = GOLDEN[name]["eager" if mode == "eager" else "function"]
    own = OURS.get(name, (SAME, SAME))[mode != "eager"]
    wanted = golden.get("value") if own is SAME else own
    fails = own is SAME and "error" in golden
    if fails or isinstance(wanted, type):
        error = error_named(golden["error"]) if fails else wanted
        with pytest.raises(error):
            run(program, mode)
        return
    got = plain(run(program, mode))
    assert agree(got, wanted), f"{got} is not {wanted}"


def run(program: Any, mode: str) -> Any:
    if mode == "eager":
        return program(tf, tf.constant(X), tf.constant(3))
    return inside(program, mode == "jit")


def test_there_are_no_stale_cases():
    assert set(GOLDEN) == set(CASES)
    assert set(OURS) <= set(CASES)


# -- messages -----------------------------------------------------------------------------------


MESSAGES = [
    ("handle_given", ValueError, "handle is not supported"),
    ("no_size", ValueError, "size must be given"),
    ("write_wrong_dtype", tf.errors.InvalidArgumentError, "holds float32, but a int32 is written"),
    ("write_wrong_shape_given", ValueError, r"shape \(2,\) is written, .* have shape \(3,\)"),
    ("write_negative", tf.errors.OutOfRangeError, "index -1 is negative"),
    ("write_out_of_range", tf.errors.OutOfRangeError, "index 2 is past the end .* 2 elements"),
    ("write_index_float", TypeError, "indices must be integers, not float32"),
    ("read_out_of_range", tf.errors.OutOfRangeError, "index 3 is past the end .* 3 elements"),
    ("read_twice", tf.errors.InvalidArgumentError, "element 1 was read before.*clear_after_read"),
    ("read_unwritten", ValueError, "was not written .*give element_shape"),
    ("gather_out_of_range", IndexError, "there is no element 3, the TensorArray has 3"),
    ("gather_matrix_of_indices", TypeError, "indices must be a vector"),
    ("unstack_too_many", ValueError, "3 rows do not fit into a TensorArray with 2 elements"),
    ("concat_empty", tf.errors.InvalidArgumentError, "no elements to join"),
    ("concat_scalars", tf.errors.InvalidArgumentError, "element 0 is a scalar"),
    ("split_scalar", tf.errors.InvalidArgumentError, "must have a dimension to be split"),
    ("split_lengths_scalar", tf.errors.InvalidArgumentError, "lengths must be a vector"),
    ("split_wrong_count", tf.errors.InvalidArgumentError, "2 lengths for 3 elements"),
    ("split_not_all", tf.errors.InvalidArgumentError, "add up to 2, but value has 3 rows"),
    ("split_negative_length", tf.errors.InvalidArgumentError, "must not be negative"),
    ("grad_method", NotImplementedError, "use tf.GradientTape"),
    ("spec_from_value_of_tensor", TypeError, "a TensorArray is wanted"),
]


@pytest.mark.parametrize(("name", "error", "text"), MESSAGES, ids=[m[0] for m in MESSAGES])
def test_messages(name, error, text):
    with pytest.raises(error, match="(?s)" + text):
        run(CASES[name], "eager")


GRAPH_MESSAGES = [
    ("write_out_of_range_tensor", "cannot write element 3 of a TensorArray with 2 elements"),
    ("read_out_of_range_tensor", "cannot read element 3 of a TensorArray with 3 elements"),
    ("read_negative_tensor", "cannot read element -3 of a TensorArray with 3 elements"),
    ("gather_out_of_range_tensor", "cannot gather element 3 of a TensorArray with 3 elements"),
    ("scatter_out_of_range", "cannot scatter element 3 of a TensorArray with 3 elements"),
    ("scatter_too_few_indices", "2 indices but 3 values"),
    ("scatter_scalar", "a scalar has no rows"),
    ("unstack_scalar", "a scalar has no rows"),
    ("unstack_too_many", "3 rows do not fit"),
    ("read_unwritten", "no element was written.*element_shape"),
    ("stack_unwritten", "no element was written"),
    ("concat_scalars", "scalars"),
    ("loop_write_out_of_range", "cannot write element 2 of a TensorArray with 2 elements"),
]


@pytest.mark.parametrize("mode", ["function", "jit"])
@pytest.mark.parametrize(("name", "text"), GRAPH_MESSAGES, ids=[m[0] for m in GRAPH_MESSAGES])
def test_messages_in_functions(name, text, mode):
    with pytest.raises(tf.errors.InvalidArgumentError, match="(?s)" + text) as caught:
        run(CASES[name], mode)
    assert "_cases.py:" in str(caught.value)


def test_unlike_elements_in_a_loop():
    @tf.function(autograph=False)
    def f(x):
        ta = tf.TensorArray(tf.float32, size=2, infer_shape=False).write(0, x).write(1, x[0])
        return tf.while_loop(lambda i, s: i < 2, lambda i, s: (i + 1, s + ta.read(i)), (0, x))

    with pytest.raises(tf.errors.UnimplementedError, match="cannot be the rows of one tensor"):
        f(tf.constant(X))


def test_unlike_elements_found_while_compiling():
    @tf.function(autograph=False, input_signature=[tf.TensorSpec(None)] * 2)
    def f(x, y):
        ta = tf.TensorArray(tf.float32, size=2, infer_shape=False)
        _, ta = tf.while_loop(lambda i, ta: i < 1, lambda i, ta: (i + 1, ta.write(i, x)), (0, ta))
        return ta.write(tf.size(y), y).stack()

    assert f(tf.ones([1]), tf.ones([1])).shape == [2, 1]
    with pytest.raises(tf.errors.InvalidArgumentError, match="the elements have shape"):
        f(tf.ones([2]), tf.ones([1]))


# -- arrays that grow ---------------------------------------------------------------------------


def powers(x, n):
    """The first n powers of x, in an array that grows."""
    ta = tf.TensorArray(tf.float32, size=0, dynamic_size=True)
    _, ta, _ = tf.while_loop(
        lambda i, *_: i < n, lambda i, ta, p: (i + 1, ta.write(i, p), p * x), (0, ta, x)
    )
    return ta.stack()


def expected_powers(x, n):
    k = np.arange(1, n + 1)
    return np.sum(x**k), np.sum(k * x ** (k - 1))


def test_growing_beyond_every_bucket():
    f = tf.function(powers, autograph=False)
    for n in (3, 40, 300, 10, 0 + 1):
        np.testing.assert_allclose(
            f(tf.constant(0.9), tf.constant(n)), 0.9 ** np.arange(1, n + 1), rtol=1e-4
        )
    assert f.experimental_get_tracing_count() == 1


@pytest.mark.parametrize("n", [3, 40, 200])
def test_gradient_of_growing(n):
    x = tf.constant(0.99)

    @tf.function(autograph=False)
    def inner(x, n):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.reduce_sum(powers(x, n))
        return y, tape.gradient(y, x)

    total = tf.function(lambda x, n: tf.reduce_sum(powers(x, n)), autograph=False)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = total(x, tf.constant(n))
    np.testing.assert_allclose(inner(x, tf.constant(n)), expected_powers(0.99, n), rtol=1e-4)
    np.testing.assert_allclose([y, tape.gradient(y, x)], expected_powers(0.99, n), rtol=1e-4)


def test_a_known_number_of_trips_compiles_whole():
    f = tf.function(lambda x: powers(x, 50), autograph=False, jit_compile=True)
    assert f(tf.constant(0.5)).shape == [50]

    @tf.function(autograph=False, jit_compile=True, input_signature=[tf.TensorSpec([None, 2])])
    def doubled(x):
        ta = tf.TensorArray(tf.float32, size=0, dynamic_size=True)
        _, ta = tf.while_loop(
            lambda i, _: i < tf.shape(x)[0],
            lambda i, ta: (i + 1, ta.write(i, x[i] * 2.0)),
            (0, ta),
        )
        return ta.stack()

    for rows in (3, 50):
        np.testing.assert_allclose(doubled(tf.ones([rows, 2])), np.full([rows, 2], 2.0))


def test_growing_in_branches_and_by_scatter():
    @tf.function(autograph=False)
    def f(x, n):
        ta = tf.TensorArray(tf.float32, size=1, dynamic_size=True).write(0, x[0])
        ta = tf.cond(n > 2, lambda: ta.write(n, x[1]), lambda: ta)
        ta = ta.scatter([n + 1, n + 2], x[:2])
        return ta.stack(), ta.read(n), ta.size()

    for n in (3, 60):
        stacked, element, size = f(tf.constant(X), tf.constant(n))
        assert int(size) == n + 3
        assert stacked.shape == [n + 3, 2]
        np.testing.assert_allclose(element, X[1])
    with pytest.raises(tf.errors.InvalidArgumentError, match="has fewer elements"):
        tf.function(
            lambda n: (
                tf.TensorArray(tf.float32, size=1, dynamic_size=True).write(n, 1.0).read(n + 1)
            ),
            autograph=False,
        )(tf.constant(3))


# -- element shapes that are found out ----------------------------------------------------------


def test_the_element_shape_is_learnt_in_the_loop():
    traces = []

    @tf.function(autograph=False, input_signature=[tf.TensorSpec([None, None])])
    def f(x):
        ta = tf.TensorArray(tf.float32, size=tf.shape(x)[0])

        def body(i, ta):
            traces.append(ta.element_shape)
            return i + 1, ta.write(i, x[i] * 2.0)

        _, ta = tf.while_loop(lambda i, _: i < tf.shape(x)[0], body, (0, ta))
        result = ta.stack()
        assert result.shape.as_list() == [None, None]
        return result

    assert f(tf.ones([5, 3])).shape == [5, 3]
    assert f(tf.ones([7, 2])).shape == [7, 2]
    assert len(traces) == 1


def test_a_body_that_reads_before_it_writes_is_traced_again():
    shapes = []

    @tf.function(autograph=False)
    def f(x):
        ta = tf.TensorArray(tf.float32, size=4)

        def body(i, ta, h):
            before = ta.read(i)
            shapes.append(before.shape)
            return i + 1, ta.write(i, x + h), before + h

        _, ta, h = tf.while_loop(lambda i, *_: i < 4, body, (0, ta, x))
        return ta.stack(), h

    stacked, last = f(tf.ones([2]))
    np.testing.assert_allclose(stacked, np.full([4, 2], 2.0))
    np.testing.assert_allclose(last, [1.0, 1.0])
    assert [s.rank for s in shapes] == [None, 1]


def test_an_error_in_the_body_comes_through_once():
    calls = []

    @tf.function(autograph=False)
    def f(x):
        def body(i, ta):
            calls.append(1)
            raise ValueError("mine")

        ta = tf.TensorArray(tf.float32, size=4)
        return tf.while_loop(lambda i, _: i < 4, body, (0, ta))[1].stack()

    with pytest.raises(ValueError, match="mine"):
        f(tf.ones([2]))
    assert len(calls) == 1


def test_a_branch_that_writes_nothing_gives_zeros():
    @tf.function(autograph=False)
    def f(x, flag):
        ta = tf.TensorArray(tf.float32, size=2)
        return tf.cond(flag, lambda: ta.write(1, x), lambda: ta).stack()

    np.testing.assert_allclose(f(tf.ones([2]), tf.constant(True)), [[0, 0], [1, 1]])
    np.testing.assert_allclose(f(tf.ones([2]), tf.constant(False)), np.zeros([2, 2]))


# -- with functions, tapes and the rest -----------------------------------------------------------


def test_one_trace_for_arrays_of_one_kind():
    @tf.function(autograph=False)
    def f(ta):
        return ta.stack() * 2.0

    for scale in (1.0, 2.0):
        ta = tf.TensorArray(tf.float32, size=3, element_shape=[2]).unstack(X * scale)
        np.testing.assert_allclose(f(ta), X * scale * 2.0)
    assert f.experimental_get_tracing_count() == 1


def test_an_unwritten_array_as_argument():
    @tf.function(autograph=False)
    def f(ta, x):
        _, ta = tf.while_loop(lambda i, _: i < 3, lambda i, ta: (i + 1, ta.write(i, x)), (0, ta))
        return ta

    out = f(tf.TensorArray(tf.float32, size=3), tf.ones([2]))
    assert isinstance(out, tf.TensorArray)
    np.testing.assert_allclose(out.stack(), np.ones([3, 2]))
    out = f(tf.TensorArray(tf.float32, size=0, dynamic_size=True), tf.ones([2]))
    assert int(out.size()) == 3
    assert out.dynamic_size


def test_a_captured_array_stays_as_it_is():
    ta = tf.TensorArray(tf.float32, size=3).unstack(X)

    @tf.function(autograph=False)
    def f(i):
        changed = ta.write(0, tf.zeros([2]))
        return ta.read(i) + ta.read(i), changed.stack()

    doubled, changed = f(tf.constant(1))
    np.testing.assert_allclose(doubled, X[1] * 2.0)
    np.testing.assert_allclose(changed, [[0.0, 0.0], X[1], X[2]])
    np.testing.assert_allclose(ta.stack(), X)


def test_in_map_fn_and_vectorized_map():
    @tf.function(autograph=False)
    def f(x):
        def row(v):
            ta = tf.TensorArray(tf.float32, size=2)
            _, ta = tf.while_loop(
                lambda i, _: i < 2, lambda i, ta: (i + 1, ta.write(i, v[i] * v)), (0, ta)
            )
            return ta.stack()

        return tf.map_fn(row, x, fn_output_signature=tf.float32), tf.vectorized_map(row, x)

    mapped, vectorized = f(tf.constant(X))
    np.testing.assert_allclose(mapped, np.einsum("ri,rj->rij", X, X))
    np.testing.assert_allclose(vectorized, mapped)


def cumulated(x):
    """Sums of the rows so far: reads what it wrote."""
    ta = tf.TensorArray(tf.float32, size=3, clear_after_read=False).write(0, x[0] * x[0])
    _, ta = tf.while_loop(
        lambda i, _: i < 3,
        lambda i, ta: (i + 1, ta.write(i, ta.read(i - 1) + x[i] * x[i])),
        (1, ta),
    )
    return ta.stack()


def overwritten(x):
    """Every row written twice; the first time counts for nothing but what was read in between."""
    ta = tf.TensorArray(tf.float32, size=3, clear_after_read=False).unstack(x * 3.0)

    def body(i, ta):
        ta = ta.write(i, ta.read(i) * x[i])
        return i + 1, ta.write(i, ta.read(i) * x[i])

    return tf.while_loop(lambda i, _: i < 3, body, (0, ta))[1].stack()


def scattered(x):
    many = tf.tile(x, [30, 1])
    ta = tf.TensorArray(tf.float32, size=5).scatter(tf.range(90) % 4, many * many)
    return ta.gather([0, 3, 3, 4])


@pytest.mark.parametrize("program", [cumulated, overwritten, scattered])
def test_gradients_by_finite_differences(program):
    compiled = tf.function(program, autograph=False)
    theory, numeric = tf.test.compute_gradient(compiled, [tf.constant(X)], delta=1e-2)
    np.testing.assert_allclose(theory[0], numeric[0], rtol=2e-2, atol=2e-2)
    np.testing.assert_allclose(compiled(tf.constant(X)), program(tf.constant(X)), rtol=1e-6)


def test_a_gradient_with_infinities_and_nans():
    @tf.function(autograph=False)
    def f(x, g):
        with tf.GradientTape() as tape:
            tape.watch(x)
            _, ta = tf.while_loop(
                lambda i, _: i < 3,
                lambda i, ta: (i + 1, ta.write(i, x[i])),
                (0, tf.TensorArray(tf.float32, size=3)),
            )
            y = ta.stack()
        return tape.gradient(y, x, output_gradients=g)

    g = np.array([[np.inf, -np.inf], [np.nan, 1.0], [0.0, -0.0]], np.float32)
    np.testing.assert_array_equal(f(tf.constant(X), tf.constant(g)), g)


def test_jacobian_and_forward_mode():
    @tf.function(autograph=False)
    def jacobian(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = cumulated(x)
        return tape.jacobian(y, x)

    @tf.function(autograph=False)
    def forward(x, t):
        with tf.autodiff.ForwardAccumulator(x, t) as acc:
            y = cumulated(x)
        return acc.jvp(y)

    full = jacobian(tf.constant(X)).numpy()
    wanted = np.zeros([3, 2, 3, 2])
    for i in range(3):
        for j in range(i + 1):
            wanted[i, :, j, :] = np.diag(2.0 * X[j])
    np.testing.assert_allclose(full, wanted)
    tangent = np.ones([3, 2], np.float32)
    along = forward(tf.constant(X), tf.constant(tangent))
    np.testing.assert_allclose(along, np.cumsum(2.0 * X, 0), rtol=1e-6)


def test_complex_and_bfloat16_gradients():
    for dtype in (tf.complex64, tf.bfloat16, tf.float64):
        x = tf.cast(tf.constant(X), dtype)

        @tf.function(autograph=False)
        def f(x):
            with tf.GradientTape() as tape:
                tape.watch(x)
                _, ta = tf.while_loop(
                    lambda i, _: i < 3,
                    lambda i, ta: (i + 1, ta.write(i, x[i] * x[i])),
                    (0, tf.TensorArray(x.dtype, size=3)),
                )
                y = ta.stack()
            return tape.gradient(y, x)

        np.testing.assert_allclose(f(x).numpy().astype(np.complex64), 2.0 * X)


def test_a_loop_on_the_host_takes_arrays_too():
    seen = []

    @tf.function(autograph=False)
    def f(x, n):
        ta = tf.TensorArray(tf.float32, size=0, dynamic_size=True)

        def body(i, ta):
            value = tf.py_function(lambda v: seen.append(1) or v * 2.0, [x[i]], tf.float32)
            return i + 1, ta.write(i, value)

        return tf.while_loop(lambda i, _: i < n, body, (0, ta))[1].stack()

    np.testing.assert_allclose(f(tf.constant(X), tf.constant(3)), X * 2.0)
    assert len(seen) == 3


def test_a_gradient_does_not_keep_the_buffer_of_every_trip():
    """Kept whole, the buffers of all trips would take 130 TB; copied, 40 s."""
    trips, width = 4000, 2048

    @tf.function(autograph=False)
    def f(v):
        ta = tf.TensorArray(tf.float32, size=trips)
        _, ta, _ = tf.while_loop(
            lambda i, *_: i < trips,
            lambda i, ta, h: (i + 1, ta.write(i, h * v), h * 1.0001),
            (0, ta, v),
        )
        return tf.reduce_sum(ta.stack())

    v = tf.ones([width])
    with tf.GradientTape() as tape:
        tape.watch(v)
        y = f(v)
    tape.gradient(y, v)
    begin = time.perf_counter()
    with tf.GradientTape() as tape:
        tape.watch(v)
        y = f(v)
    assert tape.gradient(y, v).numpy()[0] > 2 * trips
    assert time.perf_counter() - begin < 10.0


def test_repr_and_spec():
    ta = tf.TensorArray(tf.float32, size=2, element_shape=[2])
    assert repr(ta) == "<tf.TensorArray of float32(2,)>"
    assert ta.element_shape == TensorShape([2])
    assert tf.type_spec_from_value(ta).value_type is tf.TensorArray


# -- in converted Python --------------------------------------------------------------------------


def test_for_and_while_statements_carry_arrays():
    @tf.function(jit_compile=True)
    def doubled(x):
        ta = tf.TensorArray(tf.float32, size=0, dynamic_size=True)
        for i in tf.range(tf.shape(x)[0]):
            ta = ta.write(i, x[i] * 2.0)
        return ta.stack()

    @tf.function(jit_compile=True)
    def squares(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            ta = tf.TensorArray(tf.float32, size=0, dynamic_size=True)
            for row in x:
                ta = ta.write(ta.size(), row * row)
            y = tf.reduce_sum(ta.stack())
        return tape.gradient(y, x)

    @tf.function
    def collatz(n):
        ta = tf.TensorArray(tf.int32, size=0, dynamic_size=True)
        i = 0
        while n > 1:
            ta = ta.write(i, n)
            i += 1
            if n % 2 == 0:
                n = n // 2
            else:
                n = 3 * n + 1
        return ta.stack()

    for rows in (3, 50):
        np.testing.assert_allclose(doubled(tf.ones([rows, 2])), np.full([rows, 2], 2.0))
        np.testing.assert_allclose(squares(tf.ones([rows, 2])), np.full([rows, 2], 2.0))
    assert collatz(tf.constant(6)).numpy().tolist() == [6, 3, 10, 5, 16, 8, 4, 2]
    assert collatz(tf.constant(27)).shape == [111]
