"""Writes the public modules (`deras/*.py`) and `tests/api.txt` from the `@export` declarations.

    scripts/api             write
    scripts/api --check     write nothing; exit with 1 if a file is not as it would be written

Public names are declared where the objects are defined (`deras/_src/util/export.py`). This program
imports every module of `deras/_src`, reads the declarations, and writes one re-export module for
each namespace: a package where the namespace has others below it, else a file. It never imports
the public package, which may be what is broken.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import importlib
import json
import pkgutil
import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "deras"
API_LIST = ROOT / "tests" / "api.txt"
LINE_LENGTH = 100

# Folders that declare no public names, apart from the modules named below; they are the edges.
SKIPPED = ("deras._src.checker", "deras._src.cli", "deras._src.compat")
INCLUDED = ("deras._src.compat.install",)

HEADER = "# Written by scripts/gen_api.py from the @export declarations in _src; do not edit.\n"

TOP_DOCSTRING = '''"""Deras: TensorFlow 2's programming model on JAX and XLA.

    import deras as tf

The names, arguments, numbers and errors are TensorFlow's; `docs/differences.md` has the exceptions.
`deras.install()` makes `import tensorflow` mean Deras in the whole process.
"""
'''

# Hand-written ends of generated modules. `tf.keras` and the namespaces that TensorFlow takes from
# Keras are looked up late, as Keras is heavy.
TOP_GETATTR = """

def __getattr__(name: str) -> _Any:
    if name == "keras":
        return _importlib.import_module("deras.keras")
    if name in ("initializers", "losses", "metrics", "optimizers"):
        return getattr(_importlib.import_module("deras.keras"), name)
    return _missing_attribute(name)


_missing_attribute = _missing(__name__)
"""
GETATTR = "\n__getattr__ = _missing(__name__)\n"

# Modules written by hand here, whole.
FIXED = {
    "keras.py": '''"""`deras.keras`: Keras 3, unmodified, on Deras. Importing this imports Keras."""

'''
    + HEADER
    + """
import sys

from deras._src.compat.keras_bridge import load

# This module gives its place to Keras's own, so that `deras.keras.layers` is found in it.
sys.modules[__name__] = load()
""",
    "__main__.py": '''"""`python -m deras`: the `deras` command."""

'''
    + HEADER
    + """
import sys

from deras._src.cli.main import main

sys.exit(main())
""",
}


@dataclass
class Namespace:
    """A public module to write: its names and the namespaces right below it."""

    dotted: str
    imports: list[tuple[str, str, str]] = field(default_factory=list)  # module, name there, here
    constants: list[tuple[str, Any]] = field(default_factory=list)
    children: list[str] = field(default_factory=list)

    @property
    def file(self) -> str:
        path = self.dotted.replace(".", "/")
        if not path or self.children:
            return f"{path}/__init__.py".lstrip("/")
        return f"{path}.py"

    @property
    def module(self) -> str:
        return f"deras.{self.dotted}" if self.dotted else "deras"


def load_declarations() -> tuple[dict[str, Any], list[ModuleType]]:
    """Import the modules of `_src`; returns the declared names and the modules."""
    stand_in = ModuleType("deras")
    stand_in.__path__ = [str(PACKAGE)]
    sys.modules["deras"] = stand_in
    sys.path.insert(0, str(ROOT))
    source = importlib.import_module("deras._src")
    names = [
        found.name
        for found in pkgutil.walk_packages(source.__path__, "deras._src.", onerror=_fail)
        if not found.name.startswith(SKIPPED)
    ]
    modules = [importlib.import_module(name) for name in sorted({*names, *INCLUDED})]
    exports = importlib.import_module("deras._src.util.export").EXPORTS
    return dict(exports), modules


def _fail(name: str) -> None:
    raise ImportError(f"gen_api: {name} cannot be imported") from sys.exc_info()[1]


def places_of(exports: dict[str, Any], modules: list[ModuleType]) -> dict[int, list[Any]]:
    """Object's id -> the (rank, module, name) under which modules hold it, best first."""
    wanted = {id(value) for value in exports.values()}
    places: dict[int, list[tuple[int, str, str]]] = {}
    for module in modules:
        own = None
        for name, value in vars(module).items():
            if id(value) not in wanted or name.startswith("__"):
                continue
            if own is None:
                own = defined_names(module)
            rank = 0 if name in own else 1
            places.setdefault(id(value), []).append((rank, module.__name__, name))
    return {key: sorted(found) for key, found in places.items()}


def defined_names(module: ModuleType) -> set[str]:
    """Names that a module's own top level defines, rather than imports."""
    if module.__file__ is None:
        return set()
    names: set[str] = set()
    for node in ast.parse(Path(module.__file__).read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names.update(
                found.id
                for target in targets
                for found in ast.walk(target)
                if isinstance(found, ast.Name)
            )
    return names


def namespaces(exports: dict[str, Any], modules: list[ModuleType]) -> dict[str, Namespace]:
    """The public modules by dotted name, filled; the top one is `""`."""
    found = {"": Namespace("")}

    def space(dotted: str) -> Namespace:
        if dotted not in found:
            found[dotted] = Namespace(dotted)
            parent, _, leaf = dotted.rpartition(".")
            space(parent).children.append(leaf)
        return found[dotted]

    places = places_of(exports, modules)
    for dotted, value in sorted(exports.items()):
        parent, _, leaf = dotted.rpartition(".")
        if value is None or type(value) in (bool, int, float, str):
            # Equal numbers and strings may be one object, so identity cannot find their module.
            space(parent).constants.append((leaf, value))
            continue
        held = places.get(id(value), [])
        if not held:
            raise SystemExit(
                f"gen_api: {dotted!r} is declared public, but no module of deras/_src holds the"
                f" object {value!r} under a name at its top level, so it cannot be imported."
            )
        best = min(held, key=lambda place: (place[0], place[2] != leaf, place))
        space(parent).imports.append((best[1], best[2], leaf))
    for dotted in found:
        if dotted and dotted in exports:
            raise SystemExit(f"gen_api: {dotted!r} is both a public object and a namespace.")
    return found


def render(space: Namespace) -> str:
    """The text of a public module, formatted as ruff formats it."""
    if space.dotted:
        text = f'"""`{space.module}`: the public names of TensorFlow\'s `tf.{space.dotted}`."""\n'
    else:
        text = TOP_DOCSTRING
    # The order is the generator's: by module, then by name.
    text += f"\n{HEADER}# isort: skip_file\n\n"
    if not space.dotted:
        text += "import importlib as _importlib\nfrom typing import Any as _Any\n\n"
    lines = [import_line("deras._src.compat.missing", "missing_attribute", "_missing")]
    if not space.dotted:
        lines.append(import_line("deras._src.util.version", "__version__", "__version__"))
    assignments = [f"{name} = {literal(value)}\n" for name, value in space.constants]
    for module, name, alias in sorted(space.imports):
        if name == alias:
            lines.append(import_line(module, name, alias))
        else:
            # `import x as y` is a private import to type checkers unless x is y.
            private = f"_{name.strip('_')}"
            line = import_line(module, name, private)
            if line not in lines:  # an object may have several public names
                lines.append(line)
            assignments.append(f"{alias} = {private}\n")
    lines += [import_line(space.module, child, child) for child in sorted(space.children)]
    text += "".join(lines)
    if assignments:
        text += "\n" + "".join(sorted(assignments))
    return text + (GETATTR if space.dotted else TOP_GETATTR)


def literal(value: Any) -> str:
    # JSON's strings are Python's with the quotes that ruff wants.
    return json.dumps(value) if isinstance(value, str) else repr(value)


def import_line(module: str, name: str, alias: str) -> str:
    line = f"from {module} import {name} as {alias}\n"
    if len(line) <= LINE_LENGTH + 1:
        return line
    return f"from {module} import (\n    {name} as {alias},\n)\n"


def api_list(exports: dict[str, Any]) -> str:
    head = "# Every public name, without `deras.`; written by scripts/api, compared by a test.\n"
    return head + "".join(f"{name}\n" for name in sorted(exports))


def generated_files() -> dict[Path, str]:
    """Path -> text of everything that this program writes."""
    exports, modules = load_declarations()
    files = {PACKAGE / name: text for name, text in FIXED.items()}
    for space in namespaces(exports, modules).values():
        files[PACKAGE / space.file] = render(space)
    files[API_LIST] = api_list(exports)
    return files


def leftovers(files: dict[Path, str]) -> list[Path]:
    """Generated modules of namespaces that no longer exist."""
    return [
        path
        for path in sorted(PACKAGE.rglob("*.py"))
        if PACKAGE / "_src" not in path.parents
        and PACKAGE / "_examples" not in path.parents
        and path not in files
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description="Write the public modules of Deras.")
    parser.add_argument("--check", action="store_true", help="compare only; exit with 1 if unlike")
    check = parser.parse_args().check
    files = generated_files()
    unlike = 0
    for path, text in files.items():
        old = path.read_text(encoding="utf-8") if path.exists() else ""
        if old == text and path.exists():
            continue
        unlike += 1
        if check:
            name = str(path.relative_to(ROOT))
            diff = difflib.unified_diff(
                old.splitlines(), text.splitlines(), name, "as declared", lineterm="", n=0
            )
            print(*diff, sep="\n")
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    for path in leftovers(files):
        unlike += 1
        if check:
            print(f"{path.relative_to(ROOT)}: no public name is declared for this module")
        else:
            path.unlink()
    if check and unlike:
        print("gen_api: the public modules are not as declared; run scripts/api", file=sys.stderr)
        return 1
    if not check:
        print(f"gen_api: {len(files)} files, {unlike} written or removed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
