"""Every docstring example of the package, with `tf` for Deras and `np` for NumPy."""

from __future__ import annotations

import ast
import doctest
import importlib
import io
from pathlib import Path

import numpy as np
import pytest

import deras
from tests.doctest_numbers import FLAGS, NumberChecker

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "deras"
# Spelt out, since another test may have changed what this process prints.
PRINTING = {
    "precision": 8,
    "threshold": 1000,
    "edgeitems": 3,
    "linewidth": 75,
    "suppress": False,
    "floatmode": "maxprec",
    "legacy": False,
}


def examples(path: Path) -> list[tuple[str, int, str]]:
    """The docstrings of a file that hold examples, as (name, line, docstring).

    Found in the source and not on the objects: those are wrapped by decorators, and report the
    public module as their own.
    """
    found = []

    def walk(node: ast.AST, name: str) -> None:
        kinds = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
        if isinstance(node, kinds) and node.body:
            docstring = ast.get_docstring(node, clean=False)
            if docstring and ">>>" in docstring:
                found.append((name, node.body[0].lineno - 1, docstring))
        for child in ast.iter_child_nodes(node):
            inner = getattr(child, "name", None)
            walk(child, f"{name}.{inner}" if isinstance(inner, str) else name)

    walk(ast.parse(path.read_text(encoding="utf-8")), path.stem)
    return found


def files() -> list[str]:
    return [
        str(path.relative_to(ROOT))
        for path in sorted(PACKAGE.rglob("*.py"))
        if "_examples" not in path.parts and "shim" not in path.parts and examples(path)
    ]


@pytest.mark.parametrize("path", files())
def test_docstring_examples(path):
    dotted = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    module = importlib.import_module(dotted)
    runner = doctest.DocTestRunner(NumberChecker(), optionflags=FLAGS)
    output = io.StringIO()
    deras.random.set_seed(None)  # an example of another file may have left one
    with np.printoptions(**PRINTING):
        for name, line, docstring in examples(ROOT / path):
            # The module's own names first: `tf` and `np` mean the same everywhere.
            names = {**vars(module), "tf": deras, "np": np}
            test = doctest.DocTestParser().get_doctest(docstring, names, name, path, line)
            runner.run(test, out=output.write)
    assert runner.failures == 0, output.getvalue()


def test_a_wrong_example_fails(tmp_path):
    file = tmp_path / "wrong.py"
    file.write_text(
        'class A:\n    def f(self):\n        """One.\n\n        >>> 1 + 1\n        3\n        """\n'
    )
    [(name, line, docstring)] = examples(file)
    assert (name, line) == ("wrong.A.f", 2)
    runner = doctest.DocTestRunner()
    runner.run(
        doctest.DocTestParser().get_doctest(docstring, {}, name, str(file), line),
        out=lambda text: None,
    )
    assert runner.failures == 1


@pytest.mark.parametrize(
    ("want", "got", "same"),
    [
        ("array([0.       , 1.6449341])", "array([0.      , 1.644934])", 1),
        ("array([0., 0.5])", "array([4.8e-07, 5.000001e-01])", 1),
        ("array([[1, 2],\n       [3, 4]])", "array([[1, 2], [3, 4]])", 1),
        ("1.0", "1.001", 0),
        ("3", "3.0", 0),
        ("3", "4", 0),
        ("float32", "float64", 0),
        ("[1.0, 2.0]", "[1.0, 2.0, 3.0]", 0),
        ("numpy=\narray([1.])", "numpy=array([1.])", 0),
        ("nan", "1.0", 0),
        ("-0.5", "0.5", 0),
    ],
)  # fmt: skip
def test_numbers_may_differ_in_the_last_digits_only(want, got, same):
    assert NumberChecker().check_output(want + "\n", got + "\n", FLAGS) == bool(same)
