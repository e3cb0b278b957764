"""Reading what is to be checked: files, folders, notebooks; what can't be read is said clearly."""

from __future__ import annotations

import ast
import io
import json
import os
import re
import tokenize
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

_SUFFIXES = (".py", ".ipynb")
_SKIPPED = {"__pycache__", "node_modules", "site-packages", "__pypackages__"}
# Cell magics whose cell is Python all the same.
_PYTHON_CELLS = ("%%time", "%%timeit", "%%capture", "%%prun", "%%memit", "%%python", "%%snakeviz")
_ASSIGNED_MAGIC = re.compile(r"^(\s*[\w.,\s]+=\s*)[!%](?!=).*$")


@dataclass(frozen=True)
class Problem:
    """A file, or a cell of one, that could not be checked."""

    path: str
    message: str
    cell: int = 0
    line: int = 0

    def __str__(self) -> str:
        cell = f":cell {self.cell}" if self.cell else ""
        line = f":{self.line}" if self.line else ""
        return f"{self.path}{cell}{line}: not checked: {self.message}"


@dataclass
class Source:
    """Python text with its tree; in notebooks all cells that parse, one after the other.

    `cells` holds, for each line of the text, the cell and the line in it; it is empty for files.
    """

    path: str
    text: str
    tree: ast.Module
    cells: list[tuple[int, int]] = field(default_factory=list)

    @property
    def shown(self) -> frozenset[int]:
        """The last lines of a notebook's cells, in the whole text."""
        starts = [line for line, (_, own) in enumerate(self.cells, 1) if own == 1]
        return frozenset([*(line - 1 for line in starts[1:]), len(self.cells)])

    def place(self, line: int) -> tuple[int, int]:
        """Cell (0 in a file) and line as the user sees them."""
        return self.cells[line - 1] if self.cells else (0, line)


def find_files(paths: Iterable[str]) -> Iterator[str | Problem]:
    """The files that paths stand for: folders give their .py and .ipynb files, in order."""
    for given in paths:
        if os.path.isdir(given):
            yield from _walk(given)
        elif os.path.exists(given):
            yield given
        else:
            yield Problem(given, "there is no such file or folder.")


def _walk(folder: str) -> Iterator[str | Problem]:
    failed: list[OSError] = []
    for place, folders, files in os.walk(folder, onerror=failed.append):
        folders[:] = sorted(
            name
            for name in folders
            if name not in _SKIPPED
            and not name.startswith(".")
            and not os.path.exists(os.path.join(place, name, "pyvenv.cfg"))
        )
        for name in sorted(files):
            if name.endswith(_SUFFIXES) and not name.startswith("."):
                yield os.path.join(place, name)
    for error in failed:
        yield Problem(str(error.filename), f"{error.strerror}.")


def read(path: str) -> tuple[Source | None, list[Problem]]:
    """Read and parse one file; what can't be parsed comes back as problems."""
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        return None, [Problem(path, f"{error.strerror or error}.")]
    if path.endswith(".ipynb"):
        return _read_notebook(path, data)
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        text = io.TextIOWrapper(io.BytesIO(data), encoding).read()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return None, [Problem(path, "it is not UTF-8 and declares no other encoding.", 0, line)]
    except (SyntaxError, LookupError) as error:
        return None, [Problem(path, f"{error}.")]
    tree = parse(text)
    if isinstance(tree, ast.Module):
        return Source(path, text, tree), []
    message, line = tree
    return None, [Problem(path, message, 0, line)]


def parse(text: str) -> ast.Module | tuple[str, int]:
    """The tree of a text, or what is wrong with it and where."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # on the user's escapes; not what we are asked for
            return ast.parse(text)
    except SyntaxError as error:
        return f"syntax error: {error.msg}.", error.lineno or 0
    except ValueError as error:
        return f"{error}.", 0
    except (RecursionError, MemoryError):
        return "its expressions are nested too deeply to parse.", 0


def _read_notebook(path: str, data: bytes) -> tuple[Source | None, list[Problem]]:
    try:
        notebook = json.loads(data.decode("utf-8-sig"))
        cells = notebook["cells"]
        texts = [_cell_text(cell) for cell in cells if cell["cell_type"] == "code"]
    except UnicodeDecodeError:
        return None, [Problem(path, "it is not UTF-8.")]
    except json.JSONDecodeError as error:
        return None, [Problem(path, f"it is not a notebook: {error.msg}.", 0, error.lineno)]
    except (KeyError, TypeError, AttributeError, RecursionError):
        return None, [Problem(path, "it is not a notebook of format 4: it has no list of cells.")]
    problems = []
    lines: list[str] = []
    places: list[tuple[int, int]] = []
    for number, text in enumerate(texts, 1):
        python = text if isinstance(parse(text), ast.Module) else without_magics(text)
        tree = parse(python)
        if not isinstance(tree, ast.Module):
            problems.append(Problem(path, tree[0], number, tree[1]))
            continue
        own = python.split("\n")
        lines += own
        places += [(number, line) for line in range(1, len(own) + 1)]
    whole = "\n".join(lines)
    tree = parse(whole)
    if not isinstance(tree, ast.Module):  # `from __future__` late, and the like
        return None, [*problems, Problem(path, tree[0])]
    return Source(path, whole, tree, places or [(1, 1)]), problems


def _cell_text(cell: dict) -> str:
    source = cell["source"]
    text = source if isinstance(source, str) else "".join(source)
    return text.replace("\r\n", "\n").rstrip("\n")


def without_magics(text: str) -> str:
    """A cell with its IPython magics, shell lines and help requests taken out, lines kept."""
    lines = text.split("\n")
    first = next((line.strip() for line in lines if line.strip()), "")
    if first.startswith("%%") and not first.startswith(_PYTHON_CELLS):
        return "\n" * (len(lines) - 1)
    found = []
    goes_on = False
    for line in lines:
        bare = line.strip()
        indent = line[: len(line) - len(line.lstrip())]
        assigned = _ASSIGNED_MAGIC.match(line)
        if goes_on:
            new = ""
        elif bare.startswith(("%", "!", "?")) or re.fullmatch(r"[\w.]+\?{1,2}", bare):
            new = indent + "pass"
        elif assigned:
            new = assigned.group(1) + "None"
        else:
            found.append(line)
            continue
        goes_on = bare.endswith("\\")
        found.append(new)
    return "\n".join(found)
