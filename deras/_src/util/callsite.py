"""Where in the user's program are we? `user_site` answers in well under a microsecond.

The answer is kept with every graph node and op record, and hardly ever looked at, so it holds only
a code object and an instruction offset; file, line and source are worked out when asked for.
"""

from __future__ import annotations

import importlib.util
import linecache
import os
import sys
from types import CodeType, FrameType, TracebackType
from typing import Any

_PACKAGE = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(__file__))), "")

# File -> is its code the library's? Keyed by file name: a str keeps its hash, while a code object
# hashes its whole content at every lookup (1.6 us against 0.3 for a search of two frames).
_is_internal: dict[str, bool] = {}
# Notebooks make a file name per cell, without end.
_MOST_FILES = 20_000
_prefixes: tuple[str, ...] = (_PACKAGE,)


class Site:
    """A place in a program: one call in one code object.

    Attributes:
      code: The code object of the function (or module) that makes the call.
      lasti: Offset of the call's instruction, in bytes.
    """

    # No __init__: filling an empty object takes half the time of a call with arguments.
    __slots__ = ("code", "lasti")

    code: CodeType
    lasti: int

    @classmethod
    def of_function(cls, function: Any) -> Site | None:
        """Where a Python function is defined; None for what has no code of its own."""
        code = getattr(function, "__code__", None)
        if code is None:
            return None
        site = cls()
        site.code, site.lasti = code, -1
        return site

    @property
    def filename(self) -> str:
        """The file, as Python recorded it."""
        return self.code.co_filename

    @property
    def lineno(self) -> int:
        """The line of the call, counted from 1."""
        for start, end, line in self.code.co_lines():
            if start <= self.lasti < end and line is not None:
                return line
        return self.code.co_firstlineno

    @property
    def function(self) -> str:
        """The function's qualified name; `<module>` at the top of a file."""
        return self.code.co_qualname

    @property
    def source(self) -> str:
        """The text of the line, without indent; empty if the file cannot be read."""
        return linecache.getline(self.filename, self.lineno).strip()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Site):
            return NotImplemented
        return self.code is other.code and self.lasti == other.lasti

    def __hash__(self) -> int:
        return hash((id(self.code), self.lasti))

    def __str__(self) -> str:
        return f"{self.filename}:{self.lineno}"

    def __repr__(self) -> str:
        return f"Site({self.filename}:{self.lineno} in {self.function})"


class GradientSite(Site):
    """The place of an op, for what its gradient computes.

    Attributes:
      of: The op as the user writes it.
    """

    __slots__ = ("of",)

    of: str


def gradient_site(site: Site | None, of: str) -> Site | None:
    """The place of an op's gradient, from the op's own place."""
    if site is None or type(site) is not Site:
        return site
    found = GradientSite()
    found.code, found.lasti, found.of = site.code, site.lasti, of
    return found


def user_site(skip: int = 1) -> Site | None:
    """The innermost call outside the library.

    Args:
      skip: Number of innermost frames that are known to be the library's, this function's own
        included. Each frame looked at costs 0.2 us and each one skipped nearly nothing, so say it
        where it is known: 1 begins at the function that calls `user_site`, 2 at that one's caller.
    Returns:
      The place, or None if all frames are the library's own.
    """
    frame: FrameType | None = sys._getframe(skip)
    internal_files = _is_internal
    while frame is not None:
        code = frame.f_code
        try:
            internal = internal_files[code.co_filename]
        except KeyError:
            internal = _judge(code.co_filename)
        if not internal:
            site = Site()
            site.code = code
            site.lasti = frame.f_lasti
            return site
        frame = frame.f_back
    return None


def user_frames(trace: TracebackType | None) -> TracebackType | None:
    """A traceback without the library's frames; the whole of it where it has no others.

    With `DERAS_TRACEBACK=full` in the environment nothing is left out.
    """
    if os.environ.get("DERAS_TRACEBACK") == "full":
        return trace
    kept = []
    rest = trace
    while rest is not None:
        if not _judge(rest.tb_frame.f_code.co_filename):
            kept.append(rest)
        rest = rest.tb_next
    if not kept:
        return trace
    result: TracebackType | None = None
    for entry in reversed(kept):
        result = TracebackType(result, entry.tb_frame, entry.tb_lasti, entry.tb_lineno)
    return result


def _judge(filename: str) -> bool:
    if len(_is_internal) >= _MOST_FILES:
        _is_internal.clear()
    # "<frozen importlib._bootstrap>" is no user's; "<stdin>" and "<ipython-input-1>" are.
    internal = filename.startswith(_prefixes) or filename.startswith("<frozen ")
    _is_internal[filename] = internal
    return internal


def add_internal_prefix(path: str) -> None:
    """Count code of files below `path` (a directory or a file) as the library's own."""
    global _prefixes
    path = os.path.abspath(path)
    if os.path.isdir(path):
        path = os.path.join(path, "")
    if path not in _prefixes:
        _prefixes = (*_prefixes, path)
        _is_internal.clear()


def add_internal_package(name: str) -> None:
    """Count the code of an installed package as the library's own; nothing if it is not there."""
    # find_spec does not import a top-level package, so this loads nothing.
    spec = importlib.util.find_spec(name)
    if spec is not None and spec.submodule_search_locations:
        for location in spec.submodule_search_locations:
            add_internal_prefix(location)


for _name in ("jax", "jaxlib", "numpy", "keras", "malt"):
    add_internal_package(_name)
