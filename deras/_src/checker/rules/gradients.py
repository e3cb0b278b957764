"""DRS201 to DRS209: what a tape cannot see, and gradients that go nowhere."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from deras._src.checker.findings import Hit, rule
from deras._src.checker.libraries import (
    MODEL,
    NUMPY,
    TENSOR,
    TENSORS,
    UNKNOWN,
    VARIABLE,
    VARIABLES,
)
from deras._src.checker.program import Program
from deras._src.checker.scopes import LOOPS
from deras._src.checker.tapes import Flow, Tape, in_exclusive_arms, short

_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)
TRAINABLE = ("trainable_variables", "trainable_weights")


def _lost(program: Program) -> Iterator[tuple[Tape, ast.Call, Flow]]:
    """The gradients whose target nothing differentiable leads to."""
    for tape in program.tapes.tapes:
        for gradient in tape.gradients:
            flow = program.tapes.flow(gradient.args[0], tape)
            if flow.is_lost:
                yield tape, gradient, flow


@rule(
    "DRS201",
    "outside-the-tape",
    "This is computed outside the tape's `with` block, so the tape has not recorded it and the"
    " gradient is None.",
    "Move it into the `with tf.GradientTape()` block.",
)
def outside_the_tape(program: Program) -> Iterator[Hit]:
    seen: set[ast.AST] = set()
    for _, _, flow in _lost(program):
        if not flow.cuts and not flow.trips:
            for node in flow.outside:
                if node not in seen:
                    seen.add(node)
                    yield node, None


@rule(
    "DRS202",
    "cut-gradient",
    "The only path from the variables to the loss goes through an operation without a gradient,"
    " so the gradient is None.",
    "Use a differentiable one in the loss: probabilities instead of argmax, floats instead of"
    " integers.",
)
def cut_gradient(program: Program) -> Iterator[Hit]:
    seen: set[ast.AST] = set()
    for _, _, flow in _lost(program):
        for node, why in flow.cuts if not flow.trips else []:
            if node not in seen:
                seen.add(node)
                yield node, f"`{short(node)}` {why}, and the only path to the loss goes through it."


@rule(
    "DRS203",
    "numpy-in-tape",
    "The path from the variables to the loss leaves TensorFlow, so the tape loses it and the"
    " gradient is None.",
    "Stay with TensorFlow functions inside the tape.",
)
def numpy_in_tape(program: Program) -> Iterator[Hit]:
    seen: set[ast.AST] = set()
    for _, _, flow in _lost(program):
        for node, why in flow.trips:
            if node not in seen:
                seen.add(node)
                yield node, f"{why} on the only path to the loss, so the gradient is None."


@rule(
    "DRS204",
    "assign-in-tape",
    "Assigning to a variable is not differentiated: the tape sees the variable's new value as if"
    " it came from nowhere.",
    "Compute with the new value as a tensor, and assign after the tape.",
)
def assign_in_tape(program: Program) -> Iterator[Hit]:
    for tape in program.tapes.tapes:
        if not tape.gradients:
            continue
        for node in ast.walk(tape.block):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            if node.func.attr not in ("assign", "assign_add", "assign_sub"):
                continue
            base = node.func.value
            last = max(call.lineno for call in tape.gradients)
            if program.kinds.kinds(base) == {VARIABLE} and _is_read_after(base, node, tape, last):
                yield node, None


def _is_read_after(variable: ast.expr, assign: ast.Call, tape: Tape, last: int) -> bool:
    """Whether the block reads a variable after an assignment and before its last gradient."""
    text = ast.unparse(variable)
    end = assign.end_lineno or assign.lineno
    for node in ast.walk(tape.block):
        if isinstance(node, ast.Name | ast.Attribute) and ast.unparse(node) == text:
            if end < node.lineno <= last and isinstance(node.ctx, ast.Load):
                return True
    return False


@rule(
    "DRS205",
    "wrong-variables",
    "The gradient is taken for, or applied to, variables that have no part in this loss.",
    "Use the trainable_variables of the model that makes the loss, in both places.",
)
def wrong_variables(program: Program) -> Iterator[Hit]:
    for tape in program.tapes.tapes:
        for gradient in tape.gradients:
            sources = program.tapes.sources(gradient)
            if sources is None or program.tapes.flow(gradient.args[0], tape).is_lost:
                continue
            if isinstance(sources, ast.Name) and _is_used_in(sources.id, tape):
                continue
            for origin in program.kinds.origins(sources):
                hit = _wrong_source(origin, tape, program)
                if hit:
                    yield sources, hit
                    break
    for call in program.calls:
        mismatch = _mismatch(call, program)
        if mismatch:
            yield call, mismatch


def _is_used_in(name: str, tape: Tape) -> bool:
    """Whether a tape's block computes with a list of variables by its name."""
    return any(
        isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load)
        for statement in tape.block.body
        for node in ast.walk(statement)
        if node not in tape.gradients
    )


def _wrong_source(origin: ast.AST, tape: Tape, program: Program) -> str | None:
    if isinstance(origin, ast.Call) and isinstance(origin.func, ast.Attribute):
        if origin.func.attr in ("get_weights", "numpy"):
            return f"`{short(origin)}` gives NumPy arrays, not variables."
    if not isinstance(origin, ast.Attribute):
        return None
    if origin.attr in ("variables", "weights"):
        model = program.models.describe(origin.value)
        if model is not None and model.acts_differently_in_training:
            return (
                f"`{short(origin)}` holds variables that are not trained; their gradient is None."
            )
    if origin.attr not in TRAINABLE or not program.kinds.is_surely(origin.value, MODEL):
        return None
    owner = ast.unparse(origin.value)
    if owner == "self" or _is_mentioned(owner, tape, program):
        return None
    return f"`{owner}` has no part in what this tape records."


def _is_mentioned(owner: str, tape: Tape, program: Program) -> bool:
    """Whether a model is used in the tape's block, in what it calls, or inside another model."""
    waiting: list[ast.AST] = list(tape.block.body)
    seen: set[ast.AST] = set()
    while waiting:
        top = waiting.pop()
        if top in seen:
            continue
        seen.add(top)
        for node in ast.walk(top):
            if isinstance(node, ast.Name | ast.Attribute) and ast.unparse(node) == owner:
                if not _is_only_listed(node, program):
                    return True
            if isinstance(node, ast.Call):
                function = program.kinds.function_of(node.func)
                if function is not None:
                    waiting.append(function)
                elif program.kinds.may_be(node.func, MODEL):
                    for origin in program.kinds.origins(node.func):
                        if origin is not node.func and not _stands_alone(origin, program):
                            return True
                elif program.kinds.kinds(node.func) == {UNKNOWN} and not program.dotted(node.func):
                    if not isinstance(node.func, ast.Attribute):
                        return True
    return False


def _is_only_listed(node: ast.AST, program: Program) -> bool:
    """Whether a model is only named to ask for, or apply, the gradients of its variables."""
    holder = program.scopes.parents.get(node)
    if not (isinstance(holder, ast.Attribute) and holder.attr in TRAINABLE):
        return False
    for outer in program.scopes.ancestors(holder):
        if isinstance(outer, ast.Call):
            name = outer.func.attr if isinstance(outer.func, ast.Attribute) else ""
            if name in ("gradient", "jacobian", "apply_gradients", "apply"):
                return True
        if isinstance(outer, ast.stmt):
            break
    return False


def _stands_alone(origin: ast.AST, program: Program) -> bool:
    """Whether a model is made of layers only, so that no other model can hide in it."""
    if not isinstance(origin, ast.Call):
        return False
    name = program.dotted(origin.func)
    if name in ("tf.keras.Sequential", "tf.keras.models.Sequential"):
        text = [n for n in ast.walk(origin) if isinstance(n, ast.Name)]
        return not any(program.kinds.may_be(n, MODEL) for n in text)
    if name.startswith("tf.keras.applications."):
        return True
    if program.kinds.function_of(origin.func) is not None:
        return not any(program.kinds.may_be(part, MODEL, UNKNOWN) for part in origin.args)
    return program.kinds.class_named(origin.func) is not None and not any(
        program.kinds.may_be(part, MODEL) for part in origin.args
    )


def _zipped(call: ast.Call, program: Program) -> list[ast.expr] | None:
    """The two parts of `apply_gradients(zip(a, b))` or `optimizer.apply(a, b)`."""
    if not isinstance(call.func, ast.Attribute) or not call.args:
        return None
    if call.func.attr == "apply_gradients":
        given = call.args[0]
        origins = program.kinds.origins(given)
        for origin in origins:
            if isinstance(origin, ast.Call) and program.dotted(origin.func) == "list":
                origin = origin.args[0] if origin.args else origin
            if isinstance(origin, ast.Call) and program.dotted(origin.func) == "zip":
                return origin.args if len(origin.args) == 2 else None
    if call.func.attr == "apply" and len(call.args) == 2:
        if program.kinds.may_be(call.func.value, "optimizer"):
            return call.args
    return None


def _mismatch(call: ast.Call, program: Program) -> str | None:
    parts = _zipped(call, program)
    if parts is None:
        return None
    gradients, variables = parts
    wanted = _variables_text(variables, program)
    for origin in program.kinds.origins(gradients):
        if not isinstance(origin, ast.Call) or not isinstance(origin.func, ast.Attribute):
            continue
        if origin.func.attr != "gradient" or len(origin.args) < 2:
            continue
        taken = _variables_text(origin.args[1], program)
        if taken and wanted and taken != wanted:
            return f"Gradients for `{taken}` are applied to `{wanted}`."
    return None


def _variables_text(node: ast.expr, program: Program) -> str | None:
    origins = program.kinds.origins(node)
    if len(origins) != 1 or not isinstance(origins[0], ast.Attribute):
        return None
    text = ast.unparse(origins[0])
    return text.replace("trainable_weights", "trainable_variables")


@rule(
    "DRS206",
    "tape-used-twice",
    "A tape gives gradients once; at the second call it raises, as its records are gone.",
    "Ask once for all, or make it with tf.GradientTape(persistent=True).",
)
def tape_used_twice(program: Program) -> Iterator[Hit]:
    for tape in program.tapes.tapes:
        if tape.persistent:
            continue
        calls = sorted(tape.gradients, key=lambda call: (call.lineno, call.col_offset))
        for index, call in enumerate(calls):
            again = any(
                not in_exclusive_arms(before, call, program.scopes) for before in calls[:index]
            )
            if again or _is_repeated(call, tape, program):
                yield call, None


def _is_repeated(call: ast.Call, tape: Tape, program: Program) -> bool:
    """Whether a loop or comprehension runs the call several times for one tape."""
    outer = program.scopes.ancestors(tape.block)
    inner: ast.AST = call
    for node in program.scopes.ancestors(call):
        if node in outer or node is tape.block:
            return False
        if isinstance(node, LOOPS) and inner in node.body:
            return True
        if isinstance(node, _COMPREHENSIONS):
            return inner is not node.generators[0]
        inner = node
    return False


@rule(
    "DRS207",
    "unwatched-source",
    "Tapes watch trainable variables by themselves but not tensors, so this gradient is None.",
    "Call tape.watch(x) at the start of the `with` block, or make it a tf.Variable.",
)
def unwatched_source(program: Program) -> Iterator[Hit]:
    for tape in program.tapes.tapes:
        for gradient in tape.gradients:
            sources = program.tapes.sources(gradient)
            if sources is None:
                continue
            parts = sources.elts if isinstance(sources, ast.List | ast.Tuple) else [sources]
            for part in parts:
                if _is_unwatched(part, tape, program):
                    yield part, f"`{short(part)}` is a tensor that the tape was not told to watch."


def _is_unwatched(node: ast.expr, tape: Tape, program: Program) -> bool:
    if ast.unparse(node) in tape.watched or not isinstance(node, ast.Name):
        return False
    if not program.kinds.is_surely(node, TENSOR, NUMPY):
        return False
    bindings = program.scopes.bindings(node)
    if any(program.tapes.is_inside(b.node, tape) for b in bindings):
        return False  # an intermediate value, which the tape has recorded
    for binding in bindings:
        # Computed under a tape around this one, from what that watches.
        outer = program.scopes.ancestors(binding.node)
        if any(other.block in outer for other in program.tapes.tapes):
            return False
    aliases = {ast.unparse(b.value) for b in bindings if b.value is not None}
    return not aliases & set(tape.watched)


@rule(
    "DRS208",
    "gradients-not-applied",
    "These gradients are computed and then not used.",
    "Pass them to optimizer.apply_gradients, or leave the computation out.",
)
def gradients_not_applied(program: Program) -> Iterator[Hit]:
    gradients = {call for tape in program.tapes.tapes for call in tape.gradients}
    derived: set[str] = set()
    statements = [n for n in program.scopes.parents if isinstance(n, ast.Assign | ast.Expr)]
    for statement in sorted(statements, key=lambda s: s.lineno):
        own = [n for n in ast.walk(statement.value) if n in gradients]
        uses = [n for n in ast.walk(statement.value) if isinstance(n, ast.Name) and n.id in derived]
        if isinstance(statement, ast.Expr):
            if statement.value in gradients and statement.end_lineno not in program.shown:
                yield statement.value, None
            continue
        names = [n for t in statement.targets for n in ast.walk(t) if isinstance(n, ast.Name)]
        if not all(isinstance(n.ctx, ast.Store) for n in names) or not names:
            continue
        clipped = isinstance(statement.value, ast.Call | ast.ListComp) and uses
        if own or clipped:
            derived.update(n.id for n in names)
            wanted = [n for n in names if n.id != "_" and not n.id.startswith("_")]
            if statement.value in gradients or clipped:
                if wanted and not any(_is_read(n, program) for n in wanted):
                    yield statement, f"`{wanted[0].id}` is computed and then not used."


def _is_read(name: ast.Name, program: Program) -> bool:
    home = program.scopes.lookup(name.id, program.scopes.of[name])
    if home is None or (home is program.scopes.module and name.id in _exported(program)):
        return True
    for node in program.scopes.parents:
        if isinstance(node, ast.Name) and node.id == name.id and isinstance(node.ctx, ast.Load):
            if program.scopes.lookup(node.id, program.scopes.of[node]) is home:
                return True
        if isinstance(node, ast.Delete):
            continue
    return False


def _exported(program: Program) -> set[str]:
    for node in program.tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return {str(c.value) for c in ast.walk(node.value) if isinstance(c, ast.Constant)}
    return set()


@rule(
    "DRS209",
    "swapped-pairs",
    "The method wants pairs of (gradient, variable); these are the other way round.",
    "Write zip(gradients, variables).",
)
def swapped_pairs(program: Program) -> Iterator[Hit]:
    for call in program.calls:
        parts = _zipped(call, program)
        if parts is None:
            continue
        first, second = (program.kinds.kinds(part) for part in parts)
        if first <= {VARIABLES, VARIABLE} and first and second <= {TENSOR, TENSORS} and second:
            yield call, None
