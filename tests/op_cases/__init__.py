"""The op table: rows by family, and what drives them. Begin with `case.py`.

`<family>.py` holds the rows, `running.py` runs a row in TensorFlow or Deras alike, `golden.py` is
the format of the recorded answers, `test_ops.py` derives the tests.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
from collections.abc import Sequence
from typing import Any


def families(names: Sequence[str] | None = None) -> dict[str, list[Any]]:
    """The rows of the families: modules of this package that have `CASES`.

    Default: all, or those that the variable DERAS_OP_FAMILIES names, divided by commas.
    """
    if names is None and "DERAS_OP_FAMILIES" in os.environ:
        names = os.environ["DERAS_OP_FAMILIES"].split(",")
    found = {}
    for info in pkgutil.iter_modules(__path__):
        if info.name.startswith("test_") or (names and info.name not in names):
            continue
        module = importlib.import_module(f"{__name__}.{info.name}")
        cases = getattr(module, "CASES", None)
        if cases is not None:
            ids = [case.id for case in cases]
            twice = sorted({i for i in ids if ids.count(i) > 1})
            if twice:
                raise ValueError(f"{info.name}: rows need an id of their own: {twice}")
            found[info.name] = cases
    return found
