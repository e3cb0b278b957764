"""The syntax tree of a function, found again from its code object.

A file is parsed once to learn where its functions lie; a function that is converted has its own
lines parsed again, which gives a fresh tree to change and keeps no large tree in memory. The column
positions that code objects carry tell apart functions that begin on one line.
"""

from __future__ import annotations

import ast
import linecache
import os
import threading
from types import CodeType, FunctionType
from typing import Any, NamedTuple

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda

_MOST_FILES = 64


class NoSource(Exception):
    """The source of a function cannot be had; the text says why."""


class Place(NamedTuple):
    """Where a function lies in its file.

    Attributes:
      name: its name, `<lambda>` for lambdas.
      first: its first line, decorators included.
      last: its last line.
      start: line and column (in bytes) of the node.
      end: line and column of its end.
      body_start: the same for a lambda's body.
      body_end: the same for a lambda's body.
      parameters: the names of its parameters.
      class_name: the class around it whose private names it can see, or None.
    """

    name: str
    first: int
    last: int
    start: tuple[int, int]
    end: tuple[int, int]
    body_start: tuple[int, int]
    body_end: tuple[int, int]
    parameters: tuple[str, ...]
    class_name: str | None


class Found(NamedTuple):
    """A function's tree, with the positions it has in its file."""

    node: FunctionNode
    class_name: str | None


_files: dict[str, tuple[list[str], dict[int, list[Place]]]] = {}
_lock = threading.Lock()


def find(function: FunctionType) -> Found:
    """The tree of a Python function.

    Raises:
      NoSource: there is no source, or it is not the function's.
    """
    code = function.__code__
    lines, places = _places(code.co_filename, function.__globals__)
    candidates = [
        p
        for p in places.get(code.co_firstlineno, ())
        if p.name == code.co_name and p.parameters == _parameters_of_code(code)
    ]
    if len(candidates) > 1:
        candidates = _by_columns(code, candidates)
    if not candidates:
        raise NoSource(
            f"line {code.co_firstlineno} of {code.co_filename} does not hold it any more; the "
            "file was changed after it was loaded"
        )
    place = candidates[0]
    node = _parse_lambda(lines, place) if place.name == "<lambda>" else _parse_def(lines, place)
    return Found(node, place.class_name)


def _places(filename: str, module_globals: Any) -> tuple[list[str], dict[int, list[Place]]]:
    if os.path.exists(filename):
        linecache.checkcache(filename)
    lines = linecache.getlines(filename, module_globals)
    if not lines:
        kind = "exec or eval ran it from a string" if filename.startswith("<") else "no such file"
        raise NoSource(f"{filename} cannot be read ({kind})")
    with _lock:
        known = _files.get(filename)
        if known is not None and (known[0] is lines or known[0] == lines):
            return known
    try:
        tree = ast.parse("".join(lines))
    except SyntaxError as error:
        raise NoSource(f"{filename} cannot be parsed any more ({error})") from None
    places: dict[int, list[Place]] = {}
    _collect(tree, None, places)
    with _lock:
        if len(_files) >= _MOST_FILES:
            _files.pop(next(iter(_files)))
        _files[filename] = (lines, places)
    return lines, places


def _collect(node: ast.AST, class_name: str | None, places: dict[int, list[Place]]) -> None:
    stack: list[tuple[ast.AST, str | None]] = [(node, class_name)]
    while stack:
        node, class_name = stack.pop()
        for child in ast.iter_child_nodes(node):
            inner = class_name
            if isinstance(child, ast.ClassDef):
                inner = child.name
            elif isinstance(child, FunctionNode):
                place = _place(child, class_name)
                places.setdefault(place.first, []).append(place)
            stack.append((child, inner))


def _place(node: FunctionNode, class_name: str | None) -> Place:
    start = (node.lineno, node.col_offset)
    end = (node.end_lineno or node.lineno, node.end_col_offset or 0)
    first, name, body_start, body_end = node.lineno, "<lambda>", start, end
    if isinstance(node, ast.Lambda):
        body = node.body
        body_start = (body.lineno, body.col_offset)
        body_end = (body.end_lineno or body.lineno, body.end_col_offset or 0)
    else:
        first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
        name = node.name
    return Place(
        name, first, end[0], start, end, body_start, body_end, _parameters(node.args), class_name
    )


def _parameters(args: ast.arguments) -> tuple[str, ...]:
    named = [a.arg for a in (*args.posonlyargs, *args.args, *args.kwonlyargs)]
    rest = [a.arg for a in (args.vararg, args.kwarg) if a is not None]
    return tuple(n if not n.startswith("__") else "__" for n in (*named, *rest))


def _parameters_of_code(code: CodeType) -> tuple[str, ...]:
    count = code.co_argcount + code.co_kwonlyargcount
    count += bool(code.co_flags & 0x04) + bool(code.co_flags & 0x08)
    # A private name (`__x`) carries the class's name in the code, so only its mark is compared.
    names = code.co_varnames[:count]
    return tuple("__" if n.startswith("__") or _is_mangled(n) else n for n in names)


def _is_mangled(name: str) -> bool:
    return name.startswith("_") and "__" in name[1:] and not name.endswith("__")


def _by_columns(code: CodeType, candidates: list[Place]) -> list[Place]:
    """The candidate whose body holds every instruction of the code; the innermost, if several."""
    points = [
        ((line, column), (end_line, end_column))
        for line, end_line, column, end_column in code.co_positions()
        if None not in (line, end_line, column, end_column) and (column, end_column) != (0, 0)
    ]
    if not points:
        raise NoSource(
            f"line {code.co_firstlineno} of {code.co_filename} holds {len(candidates)} functions "
            "alike, and Python was told to keep no columns; put them on lines of their own"
        )
    low, high = min(p[0] for p in points), max(p[1] for p in points)  # type: ignore[type-var]
    held = [p for p in candidates if p.body_start <= low and high <= p.body_end]  # type: ignore[operator]
    return sorted(held, key=lambda p: p.body_start, reverse=True)[:1]


def _parse_def(lines: list[str], place: Place) -> FunctionNode:
    text = "".join(lines[place.first - 1 : place.last])
    # Empty lines before it give it the lines of its file.
    if text[:1] in " \t\f":
        tree = ast.parse("\n" * (place.first - 2) + "if 1:\n" + text)
        node = tree.body[0].body[0]  # type: ignore[attr-defined]
    else:
        node = ast.parse("\n" * (place.first - 1) + text).body[0]
    assert isinstance(node, FunctionNode)
    return node


def _parse_lambda(lines: list[str], place: Place) -> ast.Lambda:
    chosen = [line.encode() for line in lines[place.start[0] - 1 : place.end[0]]]
    chosen[-1] = chosen[-1][: place.end[1]]
    # Spaces in place of what stands before it keep the columns.
    chosen[0] = b" " * place.start[1] + chosen[0][place.start[1] :]
    above = place.start[0] - 2
    text = (b"\n" * above + b"(\n" if above >= 0 else b"(") + b"".join(chosen) + b"\n)"
    if above < 0:  # the first line of its file: one blank goes, for the parenthesis
        text = text.replace(b"( ", b"(", 1)
    node = ast.parse(text, mode="eval").body
    assert isinstance(node, ast.Lambda)
    return node
