"""DRS307: a program that seeds one source of random numbers and draws from another."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from deras._src.checker.findings import Hit, rule
from deras._src.checker.libraries import (
    DATASET,
)
from deras._src.checker.models import keyword
from deras._src.checker.program import Program

_SEEDS = {
    "tf.random.set_seed": ("tf",),
    "tf.compat.v1.set_random_seed": ("tf",),
    "np.random.seed": ("np",),
    "random.seed": ("python",),
    "tf.keras.utils.set_random_seed": ("tf", "np", "python"),
}
_NOT_DRAWS = (
    "seed", "default_rng", "RandomState", "Generator", "SeedSequence", "get_state", "set_state",
    "Random", "PCG64", "set_seed", "get_global_generator", "set_global_generator", "Algorithm",
    "create_rng_state", "split", "fold_in", "getstate", "setstate", "SystemRandom",
)  # fmt: skip
_SEEDED_BY = {
    "np": "np.random.seed is never called",
    "python": "random.seed is never called",
    "tf": "tf.random.set_seed is never called",
}


@rule(
    "DRS307",
    "unseeded-randomness",
    "The program sets a seed elsewhere, but this draw does not depend on it, so runs still differ.",
    "Seed every source at once: tf.keras.utils.set_random_seed(seed), and pass a seed to"
    " np.random.default_rng.",
)
def unseeded_randomness(program: Program) -> Iterator[Hit]:
    seeded: set[str] = set()
    for call in program.calls:
        seeded.update(_SEEDS.get(program.dotted(call.func), ()))
    if not seeded:
        return
    told: set[str] = set()
    for call in program.calls:
        if _is_unseeded_generator(call, program):
            yield call, "This generator takes its seed from the system, whatever seed is set."
            continue
        source = _source(call, program)
        if source is not None and source not in seeded and source not in told:
            told.add(source)  # one is enough to tell
            yield call, f"The program sets a seed, but {_SEEDED_BY[source]}, which this draw needs."


def _is_unseeded_generator(call: ast.Call, program: Program) -> bool:
    name = program.dotted(call.func)
    if name in ("np.random.default_rng", "np.random.RandomState", "random.Random"):
        given = [*call.args, *(k.value for k in call.keywords)]
        return not given or (isinstance(given[0], ast.Constant) and given[0].value is None)
    return name.endswith("Generator.from_non_deterministic_state")


def _source(call: ast.Call, program: Program) -> str | None:
    """The stateful source that a call draws from: np, python or tf."""
    name = program.dotted(call.func)
    last = name.rsplit(".", 1)[-1]
    if name.startswith("np.random.") and last not in _NOT_DRAWS:
        return "np"
    if name.startswith("random.") and last not in _NOT_DRAWS:
        return "python"
    if keyword(call, "seed") is not None:
        return None
    if name.startswith("tf.random.") and last not in _NOT_DRAWS and "Generator" not in name:
        return None if last.startswith("stateless") else "tf"
    if name.startswith("tf.image.random_"):
        return "tf"
    if isinstance(call.func, ast.Attribute) and call.func.attr == "shuffle" and len(call.args) < 2:
        if program.kinds.kinds(call.func.value) == {DATASET}:
            return "tf"
    return None
