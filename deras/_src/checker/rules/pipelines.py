"""DRS401 to DRS403: steps of an input pipeline in an order that undoes them."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from deras._src.checker.findings import Hit, rule
from deras._src.checker.libraries import (
    DATASET,
)
from deras._src.checker.program import Program

_STEPS = ("map", "batch", "shuffle", "repeat", "prefetch", "cache", "filter", "take", "skip")
_RANDOM_NAMES = (
    "tf.image.random_",
    "tf.image.stateless_random",
    "tf.random.",
    "random.",
    "np.random.",
)
_BATCHES = ("batch", "padded_batch", "ragged_batch")


def _chain(call: ast.Call, program: Program) -> list[ast.Call]:
    """The steps before a step, nearest first; names are followed to what was assigned."""
    found: list[ast.Call] = []
    node: ast.AST = call.func.value if isinstance(call.func, ast.Attribute) else call
    for _ in range(30):
        origins = program.kinds.origins(node)
        if len(origins) != 1 or not isinstance(origins[0], ast.Call):
            break
        step = origins[0]
        if step in found or step is call:
            break
        found.append(step)
        if not isinstance(step.func, ast.Attribute):
            break
        node = step.func.value
    return found


def _name(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else ""


def _is_step(call: ast.Call, name: str, program: Program) -> bool:
    return (
        isinstance(call.func, ast.Attribute)
        and call.func.attr == name
        and DATASET in program.kinds.kinds(call.func.value)
    )


@rule(
    "DRS401",
    "shuffle-after-batch",
    "Shuffling after batching changes the order of the batches only; each batch holds the same"
    " examples every epoch.",
    "Shuffle first: dataset.shuffle(n).batch(size).",
)
def shuffle_after_batch(program: Program) -> Iterator[Hit]:
    for call in program.calls:
        if not _is_step(call, "shuffle", program):
            continue
        before = [_name(step) for step in _chain(call, program)]
        batch = next((i for i, name in enumerate(before) if name in _BATCHES), None)
        if batch is None or "unbatch" in before[:batch] or "flat_map" in before[:batch]:
            continue
        if "shuffle" not in before[batch:]:
            yield call, None


@rule(
    "DRS402",
    "cache-freezes-randomness",
    "The cache keeps what the first epoch drew, so the random step before it is the same in every"
    " epoch.",
    "Cache before the random steps: dataset.cache().shuffle(n).map(augment).",
)
def cache_freezes_randomness(program: Program) -> Iterator[Hit]:
    for call in program.calls:
        if not _is_step(call, "cache", program):
            continue
        for step in _chain(call, program):
            if _name(step) == "shuffle":
                yield call, "The cache keeps the first epoch's order; the shuffle before is lost."
                break
            if _name(step) == "map" and step.args and _is_random(step.args[0], program):
                yield call, "The cache keeps the first epoch's random changes of the data."
                break


def _is_random(node: ast.expr, program: Program, depth: int = 0) -> bool:
    function = program.kinds.function_of(node)
    if function is None or depth > 2:
        return False
    for part in ast.walk(function):
        if not isinstance(part, ast.Call):
            continue
        if program.dotted(part.func).startswith(_RANDOM_NAMES):
            return True
        model = program.models.describe(part.func)
        if model is not None and any(name.startswith("Random") for name in model.layers):
            return True
        if program.kinds.function_of(part.func) not in (None, function):
            if _is_random(part.func, program, depth + 1):
                return True
    return False


@rule(
    "DRS403",
    "dataset-step-lost",
    "Datasets do not change: this step returns a new dataset, which is thrown away.",
    "Keep it: dataset = dataset.shuffle(...).",
)
def dataset_step_lost(program: Program) -> Iterator[Hit]:
    for node in program.scopes.parents:
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            call = node.value
            if isinstance(call.func, ast.Attribute) and call.func.attr in _STEPS:
                if program.kinds.kinds(call.func.value) == {DATASET}:
                    yield call, None
