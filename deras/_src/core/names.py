"""`tf.name_scope`: prefixes of the names of variables and graph nodes."""

from __future__ import annotations

import re
from typing import Any

from deras._src.core.context import state
from deras._src.util.export import export

# What a graph accepts; in eager mode, as in TensorFlow, every string is taken.
_ROOT_SCOPE = re.compile(r"[A-Za-z0-9.][A-Za-z0-9_.\\/>-]*")
_INNER_SCOPE = re.compile(r"[A-Za-z0-9_.\\/>-]*")


@export("name_scope")
class name_scope:
    """Gives variables and graph nodes made inside a common prefix.

    In a graph a name that is taken already is numbered (`layer`, `layer_1`). A name that ends in a
    slash is taken as it is, from the root: so the string that `with` gives enters its scope again.

    Args:
      name: The prefix, without its enclosing ones; `""` leaves all scopes.
    Raises:
      ValueError: `name` is not a string, or (in graphs) has characters that names may not have.

    >>> with tf.name_scope("encoder") as scope:
    ...     v = tf.Variable(1.0, name="w")
    >>> scope, v.name
    ('encoder/', 'encoder/w:0')
    """

    def __init__(self, name: str) -> None:
        if not isinstance(name, str):
            raise ValueError("name for name_scope must be a string.")
        self._name = name
        self._saved: list[str] = []

    @property
    def name(self) -> str:
        """The name as given."""
        return self._name

    def __enter__(self) -> str:
        scope = _entered(self._name)
        self._saved.append(state.name_scope)
        state.name_scope = scope
        return scope

    def __exit__(self, *exc: Any) -> None:
        state.name_scope = self._saved.pop()


@export("get_current_name_scope")
def get_current_name_scope() -> str:
    """The prefix of `tf.name_scope` here, with the enclosing ones, without its last slash.

    >>> with tf.name_scope("encoder"), tf.name_scope("attention"):
    ...     tf.get_current_name_scope()
    'encoder/attention'
    """
    return state.name_scope.rstrip("/")


def _entered(name: str) -> str:
    """The whole prefix, with its slash, after `name` is entered here."""
    if state.graph is None:
        if not name or name.endswith("/"):
            return name
        return f"{state.name_scope}{name}/"
    if not name:
        return ""
    allowed = _INNER_SCOPE if state.name_scope else _ROOT_SCOPE
    if not allowed.fullmatch(name):
        kind = "scope" if state.name_scope else "root scope"
        raise ValueError(
            f"{name!r} is not a valid {kind} name. A {kind} name has to match the following "
            f"pattern: ^{allowed.pattern}$"
        )
    if name.endswith("/"):
        return name
    return state.graph.unique_name(name) + "/"


def unique_name(name: str, taken: dict[str, int]) -> str:
    """`name`, or `name_1`, `name_2`, ... where it is taken; case makes no difference.

    Args:
      name: The name wanted.
      taken: Lower-case names in use -> the number to try next; changed.
    """
    wanted = key = name.lower()
    number = taken.get(wanted, 0)
    base = name
    while key in taken:
        number = max(number, 1)
        name, key = f"{base}_{number}", f"{wanted}_{number}"
        number += 1
    taken[wanted] = max(number, 1)
    taken.setdefault(key, 1)
    return name
