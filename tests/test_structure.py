"""The shape of the package: sizes, what an import loads, versions, public names."""

from __future__ import annotations

import ast
import importlib
import importlib.metadata
import inspect
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

import deras
from deras._src.util.export import EXPORTS, public_module

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "deras"
MAX_LINES = 800
HEAVY = {
    "IPython", "gast", "google.protobuf", "keras", "malt", "pandas", "rich", "sklearn",
    "tensorboard", "tensorflow", "torch",
}  # fmt: skip


def run_python(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def public_modules() -> list[str]:
    """Generated modules by name. `deras.keras` is left out: importing it imports Keras."""
    names = ["deras"]
    for found in pkgutil.walk_packages([str(PACKAGE)], "deras."):
        if not found.name.startswith(("deras._", "deras.keras")):
            names.append(found.name)
    return sorted(names)


@pytest.mark.parametrize(
    "path", [str(path.relative_to(ROOT)) for path in sorted(PACKAGE.rglob("*.py"))]
)
def test_no_file_is_too_long(path):
    if path == "deras/__init__.py":
        return  # One line a public name: generated, and not for reading.
    lines = (ROOT / path).read_text(encoding="utf-8").count("\n")
    assert lines <= MAX_LINES, f"{path} has {lines} lines; split it by topic"


@pytest.mark.parametrize(
    "path", [str(path.relative_to(ROOT)) for path in sorted(PACKAGE.rglob("__init__.py"))]
)
def test_every_folder_says_what_it_holds(path):
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    assert ast.get_docstring(tree), f"{path} has no docstring"


def test_every_folder_is_a_package():
    # The shim is a folder for sys.path, not a package.
    bare = {
        str(path.parent.relative_to(ROOT))
        for path in (PACKAGE / "_src").rglob("*.py")
        if not (path.parent / "__init__.py").exists()
    }
    assert bare <= {"deras/_src/compat/shim"}


def test_import_loads_nothing_heavy():
    loaded = set(run_python("import sys, deras; print(*sys.modules)").split())
    assert HEAVY & loaded == set()


def test_import_leaves_jax_as_it_was():
    code = """
import jax
before = dict(jax.config.values)
import deras as tf
tf.constant([1.0, 2.0]) + 1.0
assert dict(jax.config.values) == before
print(jax.numpy.ones(2).dtype)
"""
    assert run_python(code).strip() == "float32"


def test_the_versions_agree():
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    newest = re.search(r"^## (\S+)", changelog, re.MULTILINE)
    assert newest is not None
    assert newest.group(1) == deras.__version__


def test_the_public_modules_are_as_declared():
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "gen_api.py", "--check"],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_public_names_are_those_listed():
    listed = {
        line
        for line in (ROOT / "tests" / "api.txt").read_text(encoding="utf-8").splitlines()
        if not line.startswith("#")
    }
    found = set()
    for module in public_modules():
        prefix = module.removeprefix("deras").removeprefix(".")
        for name, value in vars(importlib.import_module(module)).items():
            if not name.startswith("_") and not inspect.ismodule(value):
                found.add(f"{prefix}.{name}" if prefix else name)
    assert found == listed


def test_public_objects_report_their_public_module():
    names_of: dict[int, list[str]] = {}
    for name, value in EXPORTS.items():
        names_of.setdefault(id(value), []).append(name)
    wrong = [
        f"{name}: reports {value.__module__}"
        for name, value in EXPORTS.items()
        if inspect.isclass(value) or inspect.isroutine(value)
        if value.__module__ not in {public_module(other) for other in names_of[id(value)]}
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("access", "match"),
    [
        ("deras.raw_ops", "TensorFlow has tf.raw_ops, Deras does not have it yet"),
        ("deras.math.reduce_summ", "deras.math has no attribute 'reduce_summ'. Did you mean"),
        ("deras.softmax", r"TensorFlow's name for it is .*tf\.nn\.softmax"),
        ("deras.no_such_thing_at_all", "^deras has no attribute 'no_such_thing_at_all'.$"),
    ],
)
def test_a_missing_name_is_explained(access, match):
    with pytest.raises(AttributeError, match=match):
        eval(access)
