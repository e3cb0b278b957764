"""Everything that follows from the op table: values, gradients, shapes, modes, errors."""

from __future__ import annotations

import functools
import os
import re
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

from . import families, namespace, running
from .case import Case, Raises
from .golden import Reader

tf = namespace.load()

# Of results, relative and absolute, by dtype; complex dtypes as their parts. Values are sums in
# another order than TensorFlow's, so float64 leaves room for that and nothing else.
TOLERANCES = {
    "float64": (1e-10, 1e-11),
    "float32": (2e-5, 2e-6),
    "float16": (4e-3, 2e-3),
    "bfloat16": (3e-2, 1e-2),
    "complex128": (1e-10, 1e-11),
    "complex64": (2e-5, 2e-6),
}
GRADIENT_FACTOR = 5.0  # gradients add the roundings of both ways
FD_STEP = 1e-5
FD_TOLERANCE = 2e-6

# Registered ops without a row, and why.
EXCUSED: dict[str, str] = {
    "AssignVariableOp": "state: tests/state/test_variable.py",
    "BatchScatterUpdate": "state: tests/state/test_variable.py",
    "BranchIndex": "holds graphs: tests/control_flow/test_branches_and_loops.py",
    "Case": "holds graphs: tests/control_flow/test_branches_and_loops.py",
    "DecodeAndCropJpeg": "strings: tests/io/test_golden.py",
    "DecodeBase64": "strings: tests/io/test_golden.py",
    "DecodeBmp": "strings: tests/io/test_golden.py",
    "DecodeCSV": "strings: tests/io/test_golden.py",
    "DecodeCompressed": "strings: tests/io/test_golden.py",
    "DecodeGif": "strings: tests/io/test_golden.py",
    "DecodeImage": "strings: tests/io/test_golden.py",
    "DecodeJSONExample": "strings: tests/io/test_golden.py",
    "DecodeJpeg": "strings: tests/io/test_golden.py",
    "DecodePng": "strings: tests/io/test_golden.py",
    "DecodeRaw": "strings: tests/io/test_golden.py",
    "EncodeBase64": "strings: tests/io/test_golden.py",
    "EncodeJpeg": "strings: tests/io/test_golden.py",
    "EncodePng": "strings: tests/io/test_golden.py",
    "ExtractJpegShape": "strings: tests/io/test_golden.py",
    "IsJpeg": "strings: tests/io/test_golden.py",
    "MatchingFiles": "files: tests/io/test_gfile.py",
    "ParseExampleV2": "strings: tests/io/test_golden.py",
    "ParseSequenceExampleV2": "strings: tests/io/test_golden.py",
    "ParseTensor": "strings: tests/io/test_golden.py",
    "ReadFile": "files: tests/io/test_gfile.py",
    "SerializeTensor": "strings: tests/io/test_golden.py",
    "WriteFile": "files: tests/io/test_gfile.py",
    "DecodeWebP": "strings: tests/io/test_golden.py",
    "EagerPyFunc": "the user's Python: tests/function/test_function.py",
    "EagerPyFuncGrad": "the user's Python: tests/function/test_function.py",
    "FirstTrue": "holds graphs: tests/control_flow/test_branches_and_loops.py",
    "For": "holds graphs: tests/autograph/test_programs.py",
    "FunctionalGrad": "in a gradient: tests/control_flow/test_branches_and_loops.py",
    "NoOp": "gives nothing: tests/core/test_names.py",
    "PrintStrings": "prints: tests/function/test_function.py",
    "PrintV2": "prints: tests/function/test_function.py",
    "PyFunc": "the user's Python: tests/function/test_function.py",
    "ReadVariableOp": "state: tests/state/test_variable.py",
    "RecomputeBarrier": "holds graphs: tests/control_flow/test_custom_gradient.py",
    "ResourceScatter": "state: tests/state/test_variable.py",
    "Scan": "holds graphs: tests/control_flow/test_branches_and_loops.py",
    "ScatterFlat": "state: tests/state/test_variable.py",
    "StringFormat": "prints: tests/function/test_function.py",
    "TensorArrayConcat": "a form of arrays: tests/control_flow/test_tensor_array.py",
    "TensorArrayFirst": "a form of arrays: tests/control_flow/test_tensor_array.py",
    "TensorArrayGather": "a form of arrays: tests/control_flow/test_tensor_array.py",
    "TensorArrayRead": "a form of arrays: tests/control_flow/test_tensor_array.py",
    "TensorArrayReserve": "a form of arrays: tests/control_flow/test_tensor_array.py",
    "TensorArrayReserveStrings": "a form of arrays: tests/control_flow/test_tensor_array.py",
    "TensorArrayScatter": "a form of arrays: tests/control_flow/test_tensor_array.py",
    "TensorArraySize": "a form of arrays: tests/control_flow/test_tensor_array.py",
    "TensorArraySizeAfterWrite": "a form of arrays: tests/control_flow/test_tensor_array.py",
    "TensorArrayStack": "a form of arrays: tests/control_flow/test_tensor_array.py",
    "TensorArrayWithRows": "a form of arrays: tests/control_flow/test_tensor_array.py",
    "TensorArrayWithoutRows": "a form of arrays: tests/control_flow/test_tensor_array.py",
    "VectorizedMap": "holds graphs: tests/control_flow/test_branches_and_loops.py",
    "While": "holds graphs: tests/control_flow/test_branches_and_loops.py",
    "WidenIndices": "in a gradient: tests/tape/test_gradient_tape.py",
    "ZerosJacobian": "in a jacobian: tests/tape/test_gradient_tape.py",
    "RngReserve": "a sequence: tests/ops/test_random_api.py",
    "RngSkipBlocks": "a sequence: tests/ops/test_random_api.py",
    "RandomGamma": "a sequence: tests/ops/test_random_api.py",
    "RandomPoissonV2": "a sequence: tests/ops/test_random_api.py",
    "RngReadAndSkip": "a sequence: tests/state/test_generator.py",
    "RngReadAndSkipBinomial": "a sequence: tests/state/test_generator.py",
    "RandomGammaGrad": "in a gradient: random.stateless_gamma",
    "ShufflePermutation": "in a gradient that TensorFlow refuses: tests/ops/test_random_api.py",
    "Unshuffle": "in a gradient that TensorFlow refuses: tests/ops/test_random_api.py",
    "TakeRows": "the eager form of a shuffle: tests/ops/test_random_api.py",
    "ListDiff": "not public; tests/ops/test_array.py",
    "PreventGradient": "not public; tests/ops/test_array.py",
    "Rank": "a constant where the rank is known, as in every row; tests/ops/test_array.py",
    "Size": "a constant where the shape is known, as in every row; tests/ops/test_array.py",
    "StridedSliceAt": "slices of eager tensors only; tests/test_overloads.py",
}

CASES = [(family, case) for family, cases in families().items() for case in cases]
ROWS = [pytest.param(family, case, id=f"{family}:{case.id}") for family, case in CASES]
FAILURES = [
    pytest.param(family, case, raises, id=f"{family}:{case.id}/{number}")
    for family, case in CASES
    for number, raises in enumerate(case.raises)
]


@functools.cache
def reader(family: str) -> Reader:
    return Reader(family)


def golden(family: str, case: Case) -> dict[str, Any]:
    """TensorFlow's recorded answers for a row."""
    entry = reader(family).cases.get(case.id)
    how = f"run scripts/golden_ops.py --family {family} --only-missing where TensorFlow is"
    assert entry is not None, f"{case.id} is not recorded: {how}"
    assert entry["digest"] == case.digest(), f"{case.id} changed since it was recorded: {how}"
    return entry


class Problems:
    """Runs the checks of a row one by one, and fails with all that went wrong."""

    def __init__(self) -> None:
        self.found: list[str] = []

    @contextmanager
    def check(self, what: str) -> Iterator[None]:
        try:
            yield
        except AssertionError as error:
            self.found.append(f"[{what}] {error}")
        except Exception:  # noqa: BLE001 - reported below, with the other checks' results
            self.found.append(f"[{what}] {traceback.format_exc(limit=-3)}")

    def report(self) -> None:
        if self.found:
            pytest.fail("\n".join(self.found), pytrace=False)


def tolerance(case: Case, dtype: str, factor: float = 1.0) -> tuple[float, float]:
    rtol, atol = TOLERANCES.get(dtype, (0.0, 0.0))
    given_rtol = case.rtol.get(dtype) if isinstance(case.rtol, dict) else case.rtol
    given_atol = case.atol.get(dtype) if isinstance(case.atol, dict) else case.atol
    rtol = rtol if given_rtol is None else given_rtol
    atol = atol if given_atol is None else given_atol
    if factor != 1.0 and case.grad_rtol is not None:
        return case.grad_rtol, case.grad_rtol
    return rtol * factor, atol * factor


def assert_close(got: Any, wanted: np.ndarray, dtype: str, case: Case, factor: float = 1.0) -> None:
    """`got` equals `wanted`: exactly, or for inexact dtypes within the tolerance."""
    got = np.asarray(got)
    assert got.shape == wanted.shape, f"shape {got.shape}, wanted {wanted.shape}"
    if dtype not in TOLERANCES:
        assert np.array_equal(got, wanted), f"got\n{got}\nwanted\n{wanted}"
        return
    wide = np.complex128 if dtype.startswith("complex") else np.float64
    rtol, atol = tolerance(case, dtype, factor)
    np.testing.assert_allclose(got.astype(wide), wanted.astype(wide), rtol=rtol, atol=atol)


def assert_leaves(family: str, case: Case, leaves: Sequence[Any], wanted: Sequence[Any]) -> None:
    """A result has TensorFlow's leaves: dtypes, shapes and values."""
    assert len(leaves) == len(wanted), f"{len(leaves)} results, wanted {len(wanted)}"
    for number, (leaf, entry) in enumerate(zip(leaves, wanted, strict=True)):
        if isinstance(entry, dict):
            assert str(leaf) == entry["python"], f"result {number}"
            continue
        name, shape, place = entry
        found = leaf.dtype.name if running.is_tensor(leaf) else str(np.asarray(leaf).dtype)
        assert found == name, f"result {number} is {found}, wanted {name}"
        if place is None:
            assert list(leaf.shape) == shape, f"result {number}: {leaf.shape}, wanted {shape}"
            continue
        value = reader(family).array(entry, tf.as_dtype(name).as_numpy_dtype)
        got = leaf.numpy() if running.is_tensor(leaf) else leaf
        assert_close(got, value, name, case)


def assert_gradients(
    family: str, case: Case, gradients: Sequence[Any], wanted: Sequence[Any]
) -> None:
    """Gradients are TensorFlow's: None, IndexedSlices and values."""
    for number, (got, entry) in enumerate(zip(gradients, wanted, strict=True)):
        what = f"gradient {number}"
        if entry is None:
            assert got is None, f"{what} is {got!r}, wanted None"
            continue
        assert got is not None, f"{what} is None"
        sparse = isinstance(entry, dict)
        assert running.is_slices(got) == sparse, f"{what} is {type(got).__name__}"
        if sparse:
            entry = entry["slices"]
        name = entry[0]
        assert got.dtype.name == name, f"{what} is {got.dtype.name}, wanted {name}"
        value = reader(family).array(entry, tf.as_dtype(name).as_numpy_dtype)
        assert_close(running.dense(tf, got), value, name, case, GRADIENT_FACTOR)


def random_directions(case: Case, arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
    random = np.random.RandomState(len(case.id))
    found = []
    for array in arrays:
        direction = random.standard_normal(array.shape)
        if array.dtype.kind == "c":
            direction = direction + 1j * random.standard_normal(array.shape)
        found.append(direction.astype(array.dtype))
    return found


def inner(left: Sequence[Any], right: Sequence[Any]) -> float:
    """The real inner product of two lists of arrays, None being zero."""
    total = 0.0
    for a, b in zip(left, right, strict=True):
        if a is not None:
            total += float(np.sum(np.real(np.conj(np.asarray(a)) * np.asarray(b))))
    return total


def finite_difference(
    case: Case,
    values: Sequence[Any],
    directions: Sequence[np.ndarray],
    function: Callable[[list[Any]], float],
) -> float:
    """The derivative of `function` along `directions`, by a central difference."""
    ends = []
    for sign in (1.0, -1.0):
        moved = list(values)
        for position, direction in zip(case.grad, directions, strict=True):
            moved[position] = tf.convert_to_tensor(
                np.asarray(values[position].numpy() + sign * FD_STEP * direction)
            )
        ends.append(function(moved))
    return (ends[0] - ends[1]) / (2 * FD_STEP)


def assert_derivative(analytic: float, numeric: float, what: str) -> None:
    gap = abs(analytic - numeric)
    limit = FD_TOLERANCE * (1.0 + abs(numeric))
    assert gap <= limit, f"{what} along a direction is {analytic:.9g}, numerically {numeric:.9g}"


def check_first_order(case: Case, values: Sequence[Any]) -> None:
    outputs, gradients = running.forward_and_gradients(tf, case, values)
    targets = [o for o in outputs if running.is_inexact(o)]
    weights = [g.numpy() for g in running.output_gradients(tf, case, targets)]
    directions = random_directions(case, [values[i].numpy() for i in case.grad])
    arrays = [running.dense(tf, g) for g in gradients]

    def objective(moved: list[Any]) -> float:
        results = [o for o in running.forward(tf, case, moved) if running.is_inexact(o)]
        return inner([o.numpy() for o in results], weights)

    numeric = finite_difference(case, values, directions, objective)
    assert_derivative(inner(arrays, directions), numeric, "the gradient")


def check_second_order(case: Case, values: Sequence[Any]) -> None:
    sources = [values[i] for i in case.grad]
    with tf.GradientTape() as tape:
        for source in sources:
            tape.watch(source)
        _, gradients = running.forward_and_gradients(tf, case, values)
        kept = [
            (i, tf.convert_to_tensor(g.values) if running.is_slices(g) else g)
            for i, g in enumerate(gradients)
            if g is not None
        ]
    weights = random_directions(case, [g.numpy() for _, g in kept])
    second = tape.gradient(
        [g for _, g in kept], sources, output_gradients=[tf.convert_to_tensor(w) for w in weights]
    )
    directions = random_directions(case, [s.numpy() for s in sources])

    def objective(moved: list[Any]) -> float:
        _, found = running.forward_and_gradients(tf, case, moved)
        arrays = [found[i].values if running.is_slices(found[i]) else found[i] for i, _ in kept]
        return inner([a.numpy() for a in arrays], weights)

    numeric = finite_difference(case, values, directions, objective)
    analytic = inner([running.dense(tf, g) for g in second], directions)
    assert_derivative(analytic, numeric, "the second gradient")


@pytest.mark.parametrize(("family", "case"), ROWS)
def test_eager(family: str, case: Case) -> None:
    wanted = golden(family, case)
    problems = Problems()
    main = case.dtypes[0]
    with problems.check(f"{main}, value and gradient"):
        values = running.tensors(tf, case, main)
        outputs, gradients = running.forward_and_gradients(tf, case, values)
        with problems.check(f"{main}, value"):
            assert_leaves(family, case, outputs, wanted["dtypes"][main])
        if case.value:
            with problems.check(f"{main}, gradient"):
                assert_gradients(family, case, gradients, wanted["gradients"])
    for dtype in case.dtypes[1:]:
        with problems.check(dtype):
            entry = wanted["dtypes"][dtype]
            values = running.tensors(tf, case, dtype)
            if isinstance(entry, dict):
                with pytest.raises(running.error_class(tf, entry["error"])):
                    running.forward(tf, case, values)
            else:
                assert_leaves(family, case, running.forward(tf, case, values), entry)
    if case.grad and case.fd and "float64" in case.dtypes:
        values = running.tensors(tf, case, "float64")
        if any(g is not None for g in wanted["gradients"]):
            with problems.check("float64, gradient against finite differences"):
                check_first_order(case, values)
            if case.order2:
                with problems.check("float64, second gradient against finite differences"):
                    check_second_order(case, values)
    if case.empty and wanted.get("empty") is not None:
        with problems.check("empty input"):
            values = running.tensors(tf, case, main, empty=True)
            assert_leaves(family, case, running.forward(tf, case, values), wanted["empty"])
    problems.report()


def check_inferred(case: Case, kind: str, values: Sequence[Any], wanted: Sequence[Any]) -> None:
    """Static shapes hold the real ones, and say no less than TensorFlow's."""
    real = running.forward(tf, case, values)
    found = running.inferred(tf, case, values, kind)
    assert len(found) == len(real), f"{len(found)} results, eagerly {len(real)}"
    for number, (got, leaf, recorded) in enumerate(zip(found, real, wanted, strict=True)):
        if isinstance(got, str) or isinstance(recorded, str):
            continue
        name, dims = got
        where = f"result {number} is {name}{dims}"
        assert name == leaf.dtype.name, f"{where}, in fact {leaf.dtype.name}"
        actual = list(leaf.shape)
        if dims is not None:
            fits = len(dims) == len(actual) and all(
                d is None or d == a for d, a in zip(dims, actual, strict=True)
            )
            assert fits, f"{where}, in fact {actual}"
        theirs = recorded[1]
        if theirs is not None and case.unknown != "compatible":
            assert dims is not None, f"{where}, TensorFlow knows {theirs}"
            for mine, other in zip(dims, theirs, strict=True):
                assert mine is not None or other is None, f"{where}, TensorFlow knows {theirs}"


def check_traced(case: Case, jit: bool, values: Sequence[Any]) -> None:
    """A function gives the eager results, gradients inside it included."""
    outputs, gradients = running.forward_and_gradients(tf, case, values)
    targets = [o for o in outputs if running.is_inexact(o)]
    weights = running.output_gradients(tf, case, targets) if case.grad else []
    arguments, join = running.splitting(case, values)

    def body(*traced: Any) -> Any:
        results, found = running.forward_and_gradients(tf, case, join(traced), weights)
        kept = [r for r in results if running.is_tensor(r)]
        return kept, [running.flatten(g) for g in found if g is not None]

    function = tf.function(body, jit_compile=True if jit else None, autograph=False)
    got, got_gradients = function(*arguments)
    eager = [o for o in outputs if running.is_tensor(o)]
    assert len(got) == len(eager), f"{len(got)} results, eagerly {len(eager)}"
    for mine, theirs in zip(got, eager, strict=True):
        assert mine.dtype == theirs.dtype, f"{mine.dtype}, eagerly {theirs.dtype}"
        if case.value:
            assert_close(mine.numpy(), np.asarray(theirs.numpy()), mine.dtype.name, case)
    if case.value:
        flat = [running.flatten(g) for g in gradients if g is not None]
        assert len(flat) == len(got_gradients), "number of gradients that are not None"
        for mine_leaves, their_leaves in zip(got_gradients, flat, strict=True):
            for mine, theirs in zip(mine_leaves, their_leaves, strict=True):
                value = np.asarray(theirs.numpy())
                assert_close(mine.numpy(), value, mine.dtype.name, case, GRADIENT_FACTOR)


@pytest.mark.skipif(not hasattr(tf, "function"), reason="tf.function is not there yet")
@pytest.mark.parametrize(("family", "case"), ROWS)
def test_traced(family: str, case: Case) -> None:
    wanted = golden(family, case)
    problems = Problems()
    values = running.tensors(tf, case, case.dtypes[0])
    for kind, shapes in (wanted.get("inferred") or {}).items():
        if shapes is not None and case.unknown:
            with problems.check(f"static shapes, {kind} unknown"):
                check_inferred(case, kind, values, shapes)
    for mode in case.modes:
        if mode != "eager":
            with problems.check(mode):
                check_traced(case, mode == "jit", values)
    problems.report()


@pytest.mark.parametrize(("family", "case", "raises"), FAILURES)
def test_raises(family: str, case: Case, raises: Raises) -> None:
    recorded = golden(family, case)["raises"][case.raises.index(raises)]
    failing = case.failing(raises)
    values = running.tensors(tf, failing, case.dtypes[0])
    arguments, join = running.splitting(failing, values)
    problems = Problems()
    eager = raises.error or recorded["eager"]
    graph = raises.graph_error or recorded["function"] or eager

    def body(*traced: Any) -> Any:
        return [x for x in running.forward(tf, failing, join(traced)) if running.is_tensor(x)]

    for mode in raises.modes:
        name = eager if mode == "eager" else graph
        with problems.check(mode):
            if mode == "eager":
                with pytest.raises(running.error_class(tf, name)) as caught:
                    running.forward(tf, failing, values)
            elif not hasattr(tf, "function"):
                continue
            else:
                jit = True if mode == "jit" else None
                function = tf.function(body, jit_compile=jit, autograph=False)
                with pytest.raises(running.error_class(tf, name)) as caught:
                    function(*arguments)
            text = str(caught.value)
            assert re.search(raises.match, text), f"{raises.match!r} is not in\n{text}"
    problems.report()


def ops_of(case: Case) -> set[str]:
    """The ops that a row's call and its gradient put into a graph; nothing is compiled."""
    from deras._src.core.context import building
    from deras._src.graph.func_graph import FuncGraph

    values = running.tensors(tf, case, case.dtypes[0])
    arguments, join = running.splitting(case, values)
    graph = FuncGraph(case.name)
    with building(graph):
        traced = [graph.placeholder(x.dtype, x.shape) for x in arguments]
        running.forward_and_gradients(tf, case, join(traced), grads=None, seeded=False)
    return graph_ops(graph)


def graph_ops(graph: Any) -> set[str]:
    """The ops of a graph and of the graphs in its nodes' attributes: branches, bodies, calls."""
    found = set()
    for node in graph.nodes:
        found.add(node.op.name)
        for _, value in node.attrs:
            for inner in value if isinstance(value, tuple) else (value,):
                inner = getattr(inner, "graph", inner)
                if hasattr(inner, "nodes"):
                    found |= graph_ops(inner)
    return found


@pytest.mark.skipif("DERAS_OP_FAMILIES" in os.environ, reason="not all families are loaded")
def test_every_op_has_a_row() -> None:
    from deras._src.registry import REGISTRY

    reached: set[str] = set()
    failed = []
    for family, case in CASES:
        try:
            reached |= ops_of(case)
        except Exception as error:  # noqa: BLE001 - the row's own tests say what is wrong
            failed.append(f"{family}:{case.id}: {type(error).__name__}")
    missing = sorted(set(REGISTRY) - reached - set(EXCUSED))
    assert not missing, f"ops without a row: {missing}; rows that cannot be traced: {failed}"


def test_excuses_are_needed() -> None:
    from deras._src.registry import REGISTRY

    assert sorted(set(EXCUSED) - set(REGISTRY)) == [], "excused, but not registered"
