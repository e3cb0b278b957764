"""Deras as the tests see it: the public package, and what is exported but not yet generated.

A new op works in the table before `scripts/api` has written it into the public modules; that those
are complete is a test of its own.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
from typing import Any

_FOLDERS = ("ops", "host_ops", "composite", "state", "control_flow", "function")


class Overlay:
    """A public module; what it lacks is looked up among the exports."""

    def __init__(self, module: Any, prefix: str, exports: dict[str, Any]) -> None:
        self._module = module
        self._prefix = prefix
        self._exports = exports

    def __getattr__(self, name: str) -> Any:
        path = f"{self._prefix}{name}"
        if path in self._exports:
            return self._exports[path]
        inner = getattr(self._module, name, None)
        if any(key.startswith(f"{path}.") for key in self._exports):
            return Overlay(inner, f"{path}.", self._exports)
        if inner is None:
            raise AttributeError(f"deras has no attribute {path!r}")
        return inner


def load() -> Any:
    """The package, every op file imported."""
    import deras
    from deras._src.util.export import EXPORTS

    for folder in _FOLDERS:
        path = f"{deras.__path__[0]}/_src/{folder}"
        for info in pkgutil.iter_modules([path], f"deras._src.{folder}."):
            try:
                importlib.import_module(info.name)
            except Exception as error:  # noqa: BLE001 - its rows fail, the others are still tested
                sys.stderr.write(f"{info.name} left out: {error!r}\n")
    importlib.import_module("deras._src.overloads")
    return Overlay(deras, "", EXPORTS)
