"""Public names: where an object of `_src` is to be found by users.

The public modules (`deras/math.py`, ...) only re-export. What they re-export is written beside the
definition, by the decorator below, so that a name is declared in one place and a test can compare
`EXPORTS` with the public modules.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

_T = TypeVar("_T")

# Public dotted name, without the package ("math.add") -> the object.
EXPORTS: dict[str, Any] = {}


def _record(value: Any, names: tuple[str, ...]) -> None:
    if not names:
        raise ValueError("export: at least one public name is needed, such as 'math.add'.")
    for name in names:
        known = EXPORTS.get(name, value)
        if known is not value:
            raise ValueError(
                f"export: the public name {name!r} is taken by {_describe(known)}, "
                f"and {_describe(value)} asks for it too."
            )
        EXPORTS[name] = value


def _describe(value: Any) -> str:
    return getattr(value, "__qualname__", None) or repr(value)


def public_module(name: str) -> str:
    """The public module that holds a dotted name: `math.add` is in `deras.math`.

    >>> public_module("math.add"), public_module("add")
    ('deras.math', 'deras')
    """
    folder, _, _ = name.rpartition(".")
    return f"deras.{folder}" if folder else "deras"


def export(*public_names: str) -> Callable[[_T], _T]:
    """Decorator for a class or function that is public under the given names.

    Args:
      *public_names: Dotted names below `deras`, such as `"math.add", "add"`. The first one is the
        object's home: its `__module__` becomes that name's module.
    Returns:
      A decorator that gives back the very object it was given.
    Raises:
      ValueError: a name is already taken by another object, or there is no name.
    """

    def mark(value: _T) -> _T:
        _record(value, public_names)
        value.__module__ = public_module(public_names[0])
        return value

    return mark


def export_value(value: _T, *public_names: str) -> _T:
    """Record a constant (a dtype, a number, a frozenset) under its public names; returns it."""
    _record(value, public_names)
    return value
