"""Errors of ops on the host, with the user's line: in a graph, the line that made the node."""

from __future__ import annotations

from typing import TypeVar

from deras._src import errors
from deras._src.core.context import state
from deras._src.util.callsite import user_site

_E = TypeVar("_E", bound=BaseException)


def failure(cls: type[_E], what: str, reason: str, hint: str | None = None) -> _E:
    """`errors.op_error` with the place in the user's program."""
    return errors.op_error(cls, what, reason, site=state.site_override or user_site(), hint=hint)


def node_line() -> str:
    """The line of the graph node that runs now, for messages; empty outside of graphs, where the
    traceback shows it."""
    site = state.site_override
    return "" if site is None else f"\n  {errors.describe_site(site)}"
