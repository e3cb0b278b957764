"""Whole training programs, written once and run on any engine.

Each module here is a program as a user of TensorFlow would write it: it takes the namespace `tf`
as an argument, so that the same lines run on TensorFlow (to record what is right) and on Deras
(to be compared). A program has two functions:

- `curves(tf, steps, compiled)` runs it and returns every curve by name, "loss" among them;
- `run(tf, steps=50, compiled=False)` returns the "loss" curve alone.

Data and first weights come from seeded random ops, so the bits of the generators are tested too.
What is drawn inside a compiled step is drawn statelessly or from a `tf.random.Generator`, because
TensorFlow seeds stateful ops differently inside and outside functions.

`scripts/golden_programs.py` records the curves from TensorFlow; `test_programs.py` compares.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

HERE = Path(__file__).resolve().parent


def names() -> list[str]:
    """Names of all programs in this folder, sorted."""
    return sorted(
        path.stem
        for path in HERE.glob("*.py")
        if path.stem != "__init__" and not path.stem.startswith(("test_", "conftest"))
    )


def load(name: str) -> ModuleType:
    """Load one program by name, by file: it works whatever `sys.path` holds."""
    spec = importlib.util.spec_from_file_location(f"deras_program_{name}", HERE / f"{name}.py")
    if spec is None or spec.loader is None:
        raise ImportError(f"no program named {name!r}; known: {', '.join(names())}")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
