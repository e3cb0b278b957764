"""Runs a random program in each of the ways there are, and says where they disagree.

The reference is the program's text in plain Python on NumPy values, with difference quotients for
gradients: see `random_reference.py`.
"""

from __future__ import annotations

import ast
import copy
import linecache
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

import deras as tf

from . import random_reference as reference

# How a program is run: eagerly; as a function; as a function with the tape around its call; with
# the tape inside a function, and the same that has to be one compiled program.
FORMS = ("eager", "function", "tape around", "tape inside", "jit_compile")
GRADIENTS = {"eager", "tape around", "tape inside", "jit_compile"}


@dataclass
class Failure:
    """A program that gave something else than plain Python.

    Attributes:
      form: Which of `FORMS`.
      kind: "values", "gradients" or the exception's class.
      detail: What was seen.
    """

    form: str
    kind: str
    detail: str

    def is_like(self, other: Failure | None) -> bool:
        """Whether both are of one form and kind, and so likely of one cause."""
        return other is not None and (self.form, self.kind) == (other.form, other.kind)


@dataclass
class Outcome:
    """What checking a program found.

    Attributes:
      failure: The first disagreement, or None.
      points: Points that were compared.
      gradients: Points whose gradients were compared too.
    """

    failure: Failure | None = None
    points: int = 0
    gradients: int = 0


def compiled(text: str, name: str, dtype: Any) -> Callable[..., Any]:
    """The function `f` of a program; its source can be found by its name."""
    linecache.cache[name] = (len(text), None, text.splitlines(True), name)
    names: dict[str, Any] = {"D": dtype}
    exec(compile(text, name, "exec"), names)
    return names["f"]


def points_of(seed: int) -> Iterator[tuple[float, list[float], int, float]]:
    """The points x, w, n, v that program `seed` is run at."""
    chance = random.Random(f"points {seed}")
    for n in (3, chance.choice([1, 2]), 0):
        yield (
            round(chance.uniform(-2.0, 2.0), 4),
            [round(chance.uniform(-1.0, 1.0), 4) for _ in range(3)],
            n,
            round(chance.uniform(-0.5, 1.5), 4),
        )


def dtype_of(seed: int) -> str:
    """Most programs run in float64, where a difference shows."""
    return "float32" if seed % 6 == 5 else "float64"


def forms_of(text: str, seed: int) -> tuple[str, ...]:
    """Eager, and one of the forms that cost a compilation; they take turns."""
    form = ("tape around", "jit_compile", "function", "tape inside", "jit_compile")[seed % 5]
    if form == "jit_compile" and "dynamic_size" in text and "ta.stack()" in text:
        # How long the stacked array is only the run shows, which one program cannot have.
        form = "tape inside"
    return ("eager", form)


class _Runner:
    """A program as Deras runs it."""

    def __init__(self, f: Callable[..., Any], dtype: str) -> None:
        self.f = f
        self.dtype = dtype
        self.variable = tf.Variable(0.0, dtype=dtype)

    def values(self, x: Any, w: Any, n: Any) -> Any:
        return (*self.f(tf, x, w, n, self.variable), self.variable.read_value())

    def with_gradients(self, values: Callable[..., Any], x: Any, w: Any, n: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(x)
            tape.watch(w)
            outputs = values(x, w, n)
            loss = tf.zeros([], self.dtype)
            for output in reference.flatten(outputs[:-1]):
                if tf.is_tensor(output) and output.dtype.is_floating:
                    loss += tf.reduce_sum(output * _weights(output))
            loss += outputs[-1] * 0.6
        gradients = tape.gradient(
            loss, [x, w, self.variable], unconnected_gradients=tf.UnconnectedGradients.ZERO
        )
        return outputs, tuple(gradients)

    def form(self, form: str) -> Callable[..., Any]:
        """A function of x, w, n that gives outputs, and gradients if the form has them."""

        def inside(x: Any, w: Any, n: Any) -> Any:
            return self.with_gradients(self.values, x, w, n)

        if form == "eager":
            return inside
        if form == "function":
            plain = tf.function(self.values)
            return lambda x, w, n: (plain(x, w, n), ())
        if form == "tape around":
            around = tf.function(self.values)
            return lambda x, w, n: self.with_gradients(around, x, w, n)
        return tf.function(inside, jit_compile=True if form == "jit_compile" else None)


def _weights(output: Any) -> Any:
    if output.shape.rank == 0:
        return 0.6
    return 0.6 + 0.1 * tf.cast(tf.range(tf.size(output)), output.dtype)


def check(text: str, seed: int, forms: tuple[str, ...] | None = None) -> Outcome:
    """Compares a program with the reference at its points.

    Args:
      text: The program.
      seed: Chooses points, dtype and, unless given, forms.
      forms: Which of `FORMS`.
    Returns:
      What was found; it ends at the first failure.
    """
    dtype = dtype_of(seed)
    name = f"<random program {seed}>"
    outcome = Outcome()
    plain = compiled(text, name, np.float64)
    points = []
    for point in points_of(seed):
        wanted = reference.Reference(plain, *point)
        if wanted.margin > (1e-9 if dtype == "float64" else 1e-3):
            points.append((point, wanted))
    f = compiled(text, name, getattr(tf, dtype))
    runner = _Runner(f, dtype)
    for form in forms or forms_of(text, seed):
        run = runner.form(form)
        for (x, w, n, v), wanted in points:
            runner.variable.assign(v)
            arguments = tf.constant(x, dtype), tf.constant(w, dtype), tf.constant(n)
            try:
                values, gradients = run(*arguments)
            except Exception as error:  # noqa: BLE001 - whatever comes is the finding
                outcome.failure = Failure(form, type(error).__name__, str(error))
                return outcome
            found = [np.asarray(a) for a in reference.flatten(values)]
            wrong = _compare(found, wanted.values, dtype, 1e-9)
            if wrong:
                outcome.failure = Failure(form, "values", f"{wrong}\n  at {(x, w, n, v)}")
                return outcome
            outcome.points += 1
            if gradients and wanted.gradients is not None:
                found = [np.asarray(g) for g in gradients]
                wrong = _compare(found, wanted.gradients, dtype, 1e-6)
                if wrong:
                    outcome.failure = Failure(form, "gradients", f"{wrong}\n  at {(x, w, n, v)}")
                    return outcome
                outcome.gradients += 1
    return outcome


def repeats(failure: Failure, seed: int) -> Callable[[str], bool]:
    """Says of a program whether it fails as another one did."""

    def fails(text: str) -> bool:
        try:
            return failure.is_like(check(text, seed, (failure.form,)).failure)
        except Exception:  # noqa: BLE001 - a cut left no program that plain Python can run
            return False

    return fails


def _compare(found: list[Any], wanted: list[Any], dtype: str, tolerance: float) -> str | None:
    if len(found) != len(wanted):
        return f"{len(found)} results where {len(wanted)} were wanted"
    tolerance = tolerance if dtype == "float64" else 2e-3
    for number, (mine, theirs) in enumerate(zip(found, wanted, strict=True)):
        if mine.shape != theirs.shape:
            return f"result {number} has shape {mine.shape}, not {theirs.shape}"
        if theirs.dtype.kind in "ib" and mine.dtype != theirs.dtype:
            return f"result {number} is {mine.dtype}, not {theirs.dtype}"
        scale = 1.0 + np.max(np.abs(theirs), initial=0.0)
        if not np.all(np.abs(mine - theirs) <= tolerance * scale):
            return f"result {number} is {mine}, not {theirs}"
    return None


def smallest(text: str, fails: Callable[[str], bool], tries: int = 150) -> str:
    """A shorter program that fails too: statements are left out as long as one can be.

    Args:
      text: A program that fails.
      fails: Whether a program still does.
      tries: How many programs are tried at most.
    Returns:
      The text of the shortest one found.
    """
    tree = ast.parse(text)
    found = True
    while found:
        found = False
        number = 0
        while tries > 0:
            shorter = copy.deepcopy(tree)
            if not _cut(shorter, number):
                break
            number += 1
            shorter_text = ast.unparse(ast.fix_missing_locations(shorter))
            tries -= 1
            if fails(shorter_text):
                tree, found, number = shorter, True, max(0, number - 2)
    return ast.unparse(tree) + "\n"


def _cut(tree: ast.Module, number: int) -> bool:
    """Makes cut number `number`; False if there are not so many."""
    for node in ast.walk(tree):
        for field in ("body", "orelse", "finalbody"):
            block = getattr(node, field, None)
            if not isinstance(block, list):
                continue
            for i, statement in enumerate(block):
                inner = getattr(statement, "body", None)
                choices: list[list[ast.stmt]] = [[]]
                if isinstance(inner, list) and not isinstance(statement, ast.FunctionDef):
                    choices.append(inner)
                for choice in choices:
                    if number == 0:
                        needed = field == "body" and not isinstance(node, ast.Module)
                        rest = [*block[:i], *choice, *block[i + 1 :]]
                        block[:] = rest or ([ast.Pass()] if needed else [])
                        return True
                    number -= 1
        if isinstance(node, ast.Assign | ast.Return | ast.If | ast.While):
            field = "test" if hasattr(node, "test") else "value"
            for part in _parts(getattr(node, field)):
                if number == 0:
                    setattr(node, field, part)
                    return True
                number -= 1
    return False


def _parts(value: ast.expr | None) -> list[ast.expr]:
    """Smaller expressions in the place of one."""
    if isinstance(value, ast.BinOp):
        return [value.left, value.right]
    if isinstance(value, ast.BoolOp):
        return list(value.values)
    if isinstance(value, ast.Call):
        return [a for a in value.args if not isinstance(a, ast.Name)]
    if isinstance(value, ast.IfExp):
        return [value.body, value.orelse]
    if isinstance(value, ast.Tuple) and len(value.elts) > 2:
        return [
            ast.Tuple([*value.elts[:i], *value.elts[i + 1 :]], ast.Load())
            for i in range(len(value.elts))
        ]
    return []
