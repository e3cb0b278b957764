"""Deras as the tests see it: the public package."""

from __future__ import annotations

import importlib
import pkgutil
import sys
import types
from typing import Any


def load() -> Any:
    """The public package; while that is being built, a namespace of what is exported so far."""
    import deras

    if hasattr(deras, "convert_to_tensor"):
        return deras
    return _exported()


def _exported() -> Any:
    from deras._src.dispatch.convert import convert
    from deras._src.util.export import EXPORTS

    names = ["deras._src.core.type_spec", "deras._src.tape.gradient_tape"]
    for folder in ("ops", "host_ops", "composite", "state", "control_flow", "function"):
        package = importlib.import_module(f"deras._src.{folder}")
        names += [f"{package.__name__}.{i.name}" for i in pkgutil.iter_modules(package.__path__)]
    for name in [*names, "deras._src.overloads"]:
        try:
            importlib.import_module(name)
        except Exception as error:  # noqa: BLE001 - half-written neighbours are left out
            sys.stderr.write(f"{name} left out: {error!r}\n")
    root = types.SimpleNamespace(convert_to_tensor=convert)
    for name, value in EXPORTS.items():
        *folders, last = name.split(".")
        here = root
        for part in folders:
            if not hasattr(here, part):
                setattr(here, part, types.SimpleNamespace())
            here = getattr(here, part)
        if here is root and last == "convert_to_tensor":
            continue  # the one above needs no op
        setattr(here, last, value)
    return root
