"""Which part of Deras may import which: the table of the layers, and a walk over every file.

Imports inside functions and relative ones count like any other. A cycle is solved by a protocol in
`core`, never by a late import.
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "deras" / "_src"

ENGINE = frozenset({"numpy", "ml_dtypes", "jax"})
ANY = None  # every library, but imported inside functions

# Lowest first. A folder or file may import itself, the rows above, and what stands left of it in
# its row. Second: the outside libraries it may use at all.
LAYERS: tuple[tuple[tuple[str, ...], frozenset[str] | None], ...] = (
    (("util", "errors"), frozenset({"numpy"})),
    (("core", "registry"), ENGINE),
    (("graph",), ENGINE),
    (("dispatch",), ENGINE),
    (("ops",), ENGINE),
    (("host_ops", "overloads", "tape"), ENGINE),
    (("composite", "state"), ENGINE),
    (("control_flow", "autograph", "function"), ENGINE | {"rich"}),
    (("io", "data", "summary", "train", "debug"), ANY),
    (("distribute", "saved_model", "export", "serving", "testing"), ANY),
    (("compat", "checker", "cli"), ANY),
)
ORDER = {
    name: (row, column)
    for row, (names, _) in enumerate(LAYERS)
    for column, name in enumerate(names)
}


def files() -> list[Path]:
    return sorted(SOURCE.rglob("*.py"))


def imports_of(tree: ast.Module, package: list[str]) -> list[tuple[int, str, bool]]:
    """Each imported module of a file as (line, dotted name, whether when the file is loaded).

    `package` is where relative imports start. `from a import b` gives `a.b`, as b may be a module.
    """
    at_load = {id(node) for node in load_time_nodes(tree)}
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*start, *filter(None, [node.module])])
            names = [f"{base}.{alias.name}" for alias in node.names]
        else:
            continue
        found += [(node.lineno, name, id(node) in at_load) for name in names]
    return found


def load_time_nodes(tree: ast.AST) -> list[ast.AST]:
    """Nodes that run when the module is loaded: not those in functions or for type checkers."""
    found = []
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        found += [node, *load_time_nodes(node)]
    return found


def faults(path: str, text: str) -> list[str]:
    """What a file, given by its path below `_src`, imports against the rules."""
    parts = Path(path).with_suffix("").parts
    unit = parts[0]
    tree = ast.parse(text, path)
    if unit == "__init__":
        return [
            f"{path}:{line}: _src/__init__ imports nothing"
            for line, name, _ in imports_of(tree, ["deras", "_src"])
            if not name.startswith("__future__.")
        ]
    if unit not in ORDER:
        return [f"{path}: {unit!r} has no place in the table of the layers"]
    package = ["deras", "_src", *parts[:-1]]
    row, column = ORDER[unit]
    allowed = LAYERS[row][1]
    found = []
    for line, name, at_load in imports_of(tree, package):
        top, *rest = name.split(".")
        problem = None
        if top == "deras":
            if not rest or rest[0] != "_src":
                problem = "the public package, which nothing in _src imports"
            elif len(rest) > 1:
                wanted = ORDER.get(rest[1])
                if wanted is None:
                    problem = "a part that has no place in the table of the layers"
                elif rest[1] != unit and not (
                    wanted[0] < row or (wanted[0] == row and wanted[1] < column)
                ):
                    problem = f"a part that stands above {unit!r}, or to its right"
        elif name == "jax._src" or name.startswith("jax._src."):
            problem = "JAX's private code"
        elif top in sys.stdlib_module_names:
            continue
        elif allowed is not None and top not in allowed:
            problem = f"a library that {unit!r} may not use"
        elif allowed is None and top not in ENGINE and at_load:
            problem = "a library that must be loaded lazily, inside the function that needs it"
        if problem:
            found.append(f"{path}:{line}: imports {name}: {problem}")
    for node in ast.walk(tree):
        dotted = isinstance(node, ast.Attribute) and ast.unparse(node) == "jax._src"
        if dotted or (isinstance(node, ast.Constant) and str(node.value).startswith("jax._src")):
            found.append(f"{path}:{node.lineno}: reaches into jax._src")
    return found


@pytest.mark.parametrize("path", [str(path.relative_to(SOURCE)) for path in files()])
def test_imports_follow_the_layers(path):
    found = faults(path, (SOURCE / path).read_text(encoding="utf-8"))
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("path", "text", "match"),
    [
        ("ops/math.py", "from deras._src.tape import x", "above 'ops'"),
        ("ops/math.py", "def f():\n    from deras._src.tape.tape import x", ":2: .*above 'ops'"),
        ("ops/math.py", "from ..function import trace", "above 'ops'"),
        ("ops/math.py", "from .. import function", "above 'ops'"),
        ("errors.py", "from deras._src.core import dtypes", "above 'errors'"),
        ("core/tensor.py", "from deras._src.registry import op", "to its right"),
        ("control_flow/loops.py", "from deras._src.function import f", "to its right"),
        ("ops/math.py", "import deras", "the public package"),
        ("cli/run.py", "from deras.math import add", "the public package"),
        ("ops/math.py", "import jax._src.core", "private code"),
        ("ops/math.py", "from jax import _src", "private code"),
        ("ops/math.py", "import jax\njax._src.core.f()", "reaches into"),
        ("ops/math.py", "import importlib\nimportlib.import_module('jax._src')", "reaches into"),
        ("util/nest.py", "import jax", "may not use"),
        ("ops/math.py", "import scipy.special", "may not use"),
        ("cli/info.py", "import rich", "loaded lazily"),
        ("cli/info.py", "class A:\n    import rich", "loaded lazily"),
        ("odd/file.py", "", "no place"),
        ("ops/math.py", "import deras._src.odd.file", "no place"),
        ("__init__.py", "from deras._src import ops", "imports nothing"),
    ],
)
def test_a_fault_is_found(path, text, match):
    found = faults(path, text)
    assert len(found) == 1
    assert pytest.raises(AssertionError, match=match).matches(AssertionError(found[0]))


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("ops/math.py", "import jax.numpy as jnp\nfrom deras._src.dispatch.apply import apply"),
        ("ops/math.py", "from deras._src import registry\nfrom . import array\nimport functools"),
        ("registry.py", "from deras._src.core.dtypes import DType"),
        ("function/trace.py", "from deras._src.autograph import convert"),
        ("cli/info.py", "def f():\n    import rich"),
        ("cli/info.py", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import rich"),
    ],
)
def test_what_is_allowed_passes(path, text):
    assert faults(path, text) == []
