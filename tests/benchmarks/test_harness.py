"""The benchmark harness: same work for all engines, honest tables, failures survive."""

from __future__ import annotations

import ast
import importlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
DERAS, TF = ("deras", "default"), ("tf", "default")


@pytest.fixture(scope="module")
def modules() -> Iterator[dict[str, ModuleType]]:
    """The harness's modules, found by the plain names they use among themselves."""
    names = ["run", "worker", "workloads", "workloads_tf", "workloads_jax"]
    sys.path.insert(0, str(BENCHMARKS))
    yield {name: importlib.import_module(name) for name in names}
    sys.path.remove(str(BENCHMARKS))
    for name in names:
        del sys.modules[name]


def torch_workloads() -> set[str]:
    """Read from the source: PyTorch is not part of this environment."""
    tree = ast.parse((BENCHMARKS / "workloads_torch.py").read_text())
    for node in tree.body:
        if isinstance(node, ast.AnnAssign) and getattr(node.target, "id", "") == "WORKLOADS":
            assert isinstance(node.value, ast.Dict)
            return {ast.literal_eval(key) for key in node.value.keys if key is not None}
    raise AssertionError("workloads_torch.py has no WORKLOADS")


def test_every_engine_has_every_workload(modules: dict[str, ModuleType]) -> None:
    wanted = set(modules["workloads"].CATALOG)
    assert set(modules["workloads_tf"].WORKLOADS) == wanted
    assert set(modules["workloads_jax"].WORKLOADS) == wanted
    assert torch_workloads() == wanted


def test_data_depends_on_the_name_alone(modules: dict[str, ModuleType]) -> None:
    normal = modules["workloads"].normal
    assert (normal("a", 3) == normal("a", 3)).all()
    assert (normal("a", 3) != normal("b", 3)).any()


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(9.96e-7, "0.996 µs"), (12.34e-6, "12.3 µs"), (0.4567, "457 ms"), (1.5, "1.5 s")],
)
def test_times_are_written_with_their_unit(
    modules: dict[str, ModuleType], seconds: float, text: str
) -> None:
    assert modules["run"].time_text(seconds) == text


def test_ratios_are_to_deras_and_failures_show(modules: dict[str, ModuleType]) -> None:
    run = modules["run"]
    row = run.Row("work", seconds={DERAS: 2e-6, TF: 5e-6}, failures={("jax", "default"): "bad"})
    lines = run.table([row], [DERAS, TF, ("jax", "default")], "work", run.time_text)
    assert lines[-1] == "| work | 2 µs | 5 µs (2.5×) | failed |"


def test_a_wrong_result_is_reported(modules: dict[str, ModuleType]) -> None:
    run = modules["run"]
    row = run.Row("work", checks={DERAS: [1.0, 2.1], TF: [1.0, 2.0]})
    assert run.disagreements(row) == ["work: Deras computes [1.0, 2.1], TensorFlow [1.0, 2.0]"]
    assert run.disagreements(run.Row("work", checks={DERAS: [1.0], TF: [1.0001]})) == []
    assert run.disagreements(run.Row("work", checks={DERAS: [float("nan")], TF: [1.0]}))


def test_a_worker_answers_fails_and_lives_on(modules: dict[str, ModuleType]) -> None:
    run = modules["run"]
    with open(os.devnull, "w") as log:
        engine = run.Engine("jax", sys.executable, run.environment_of("jax", False), log)
        try:
            with pytest.raises(run.EngineError, match="KeyError"):
                engine.ask(do="prepare", workload="no such work", variant="default")
            row = run.measure("add", {"jax": engine}, rounds=2, samples=2, variants=True)
            assert row.failures == {}
            assert 0.0 < row.seconds["jax", "default"] < 1.0
            engine.process.kill()
            engine.process.wait()
            with pytest.raises(run.EngineError, match="ended"):
                engine.ask(do="hello")
            assert engine.ask(do="hello")["variants"] == ["default"]
        finally:
            engine.stop()


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        "add", "matmul", "reduce_mean", "slice", "small_mlp_eager", "small_mlp", "wide_mlp_eager",
        "wide_mlp", "conv", "transformer", "lstm", "while", "embedding_eager", "embedding",
        "jacobian", "checked", "unchecked",
    ],
)  # fmt: skip
def test_deras_computes_what_jax_computes(name: str, modules: dict[str, ModuleType]) -> None:
    """The rows of the table are about the same work."""
    deras = modules["worker"].factory("deras", name, "default")()
    jax = modules["worker"].factory("jax", name, "default")()
    tolerance = modules["workloads"].CHECK_TOLERANCE
    assert deras.check == pytest.approx(jax.check, rel=tolerance, abs=tolerance)
