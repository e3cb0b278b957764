"""DRS301 to DRS303 and DRS305: what Keras's own `fit` does and custom loops forget."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from deras._src.checker.findings import Hit, rule
from deras._src.checker.libraries import (
    LAYER,
    METRIC,
    MODEL,
    TENSOR,
    UNKNOWN,
    VARIABLE,
)
from deras._src.checker.models import is_constant, keyword
from deras._src.checker.program import Program
from deras._src.checker.rules.gradients import TRAINABLE
from deras._src.checker.scopes import FunctionNode
from deras._src.checker.tapes import Tape, short

_EVALUATION = {
    "val", "valid", "validate", "validation", "eval", "evaluate", "evaluation", "test", "testing",
    "tests", "predict", "inference", "infer",
}  # fmt: skip
_SAMPLING = {"mc", "monte", "carlo", "uncertainty", "bayes", "bayesian", "stochastic", "ensemble"}


def words(name: str) -> set[str]:
    """The words of a name: `val_ds` and `valDs` both give val and ds."""
    return {w.lower() for w in re.findall(r"[A-Z]?[a-z]+|[A-Z]+|\d+", name)}


def _calls_under(tape: Tape, program: Program) -> Iterator[tuple[ast.Call, ast.AST]]:
    """The calls that a tape's block makes, those in the file's functions it calls included."""
    waiting: list[ast.AST] = list(tape.block.body)
    seen: set[ast.AST] = set()
    while waiting:
        top = waiting.pop(0)
        if top in seen:
            continue
        seen.add(top)
        for node in ast.walk(top):
            if isinstance(node, ast.Call):
                yield node, top
                function = program.kinds.function_of(node.func)
                if function is not None and not isinstance(function, ast.Lambda):
                    waiting.append(function)


def _trains(tape: Tape, program: Program) -> bool:
    """Whether the tape's gradients update weights, as far as the function around shows."""
    function = program.scopes.enclosing(tape.block) or program.tree
    for node in ast.walk(function):
        if isinstance(node, ast.Attribute) and node.attr in (
            "apply_gradients", "apply", "assign_sub", "minimize",
        ):  # fmt: skip
            return True
        if isinstance(node, ast.Return) and node.value is not None:
            for part in ast.walk(node.value):
                if part in tape.gradients or _is_gradient_name(part, tape, program):
                    return any(
                        isinstance(n, ast.Attribute) and n.attr == "apply_gradients"
                        for n in program.scopes.parents
                    )
    return False


def _is_gradient_name(node: ast.AST, tape: Tape, program: Program) -> bool:
    return isinstance(node, ast.Name) and any(
        origin in tape.gradients for origin in program.kinds.origins(node)
    )


def _is_trained_by(model: ast.expr, tape: Tape, program: Program) -> bool:
    """Whether the tape's sources may be this model's variables."""
    text = ast.unparse(model)
    known = False
    for gradient in tape.gradients:
        sources = program.tapes.sources(gradient)
        if sources is not None and program.kinds.is_surely(sources, VARIABLE, TENSOR):
            known = True  # an image, say, and not a model
        for origin in program.kinds.origins(sources) if sources is not None else []:
            for node in ast.walk(origin):
                if isinstance(node, ast.Attribute) and node.attr in TRAINABLE:
                    known = True
                    owner = ast.unparse(node.value)
                    if owner == text or _same_model(node.value, model, program):
                        return True
    return not known


def _same_model(first: ast.expr, second: ast.expr, program: Program) -> bool:
    ours, theirs = program.kinds.origins(first), program.kinds.origins(second)
    return any(origin in theirs for origin in ours)


def _takes_training(call: ast.Call, program: Program) -> bool:
    if any(k.arg is None or "train" in k.arg for k in call.keywords):
        return True
    info = program.kinds.info_of(call.func)
    method = program.kinds.method(info, "call")
    if method is not None:
        names = [a.arg for a in method.args.args][1:]
        if method.args.vararg or "training" not in names:
            return len(call.args) > 1
        return len(call.args) > names.index("training")
    return len(call.args) > 1


def _in_keras_call(node: ast.AST, program: Program) -> bool:
    """Inside `call`, Keras passes `training` on by itself."""
    function = program.scopes.enclosing(node)
    owner = program.scopes.class_of(node)
    kind = program.kinds.classes[owner].kind if owner else ""
    return getattr(function, "name", "") == "call" and kind in (MODEL, LAYER)


@rule(
    "DRS301",
    "training-not-passed",
    "A model with dropout or batch normalization is called in a training step without training=True"
    " and so acts as at inference.",
    "Call it as model(x, training=True).",
)
def training_not_passed(program: Program) -> Iterator[Hit]:
    seen: set[ast.AST] = set()
    for tape in program.tapes.tapes:
        if not tape.gradients or not _trains(tape, program):
            continue
        for call, _ in _calls_under(tape, program):
            if call in seen or not program.kinds.may_be(call.func, MODEL, LAYER):
                continue
            if _takes_training(call, program) or _in_keras_call(call, program):
                continue
            if _is_construction(call, program) or not _is_trained_by(call.func, tape, program):
                continue
            if _is_frozen(call.func, program):
                continue
            if _acts_differently(call.func, program):
                seen.add(call)
                yield (
                    call,
                    f"`{short(call)}` runs its dropout or batch normalization as at inference.",
                )


def _is_frozen(model: ast.expr, program: Program) -> bool:
    """Whether the file says `model.trainable = False`."""
    wanted = f"{ast.unparse(model)}.trainable"
    return any(
        isinstance(node, ast.Assign)
        and ast.unparse(node.targets[0]) == wanted
        and is_constant(node.value, False)
        for node in program.scopes.parents
    )


def _is_construction(call: ast.Call, program: Program) -> bool:
    name = program.dotted(call.func)
    return name.startswith("tf.") or program.kinds.class_named(call.func) is not None


def _acts_differently(node: ast.expr, program: Program) -> bool:
    model = program.models.describe(node)
    if model is not None and model.acts_differently_in_training:
        return True
    if isinstance(node, ast.Name) and node.id == "self":
        # class Trainer(keras.Model) made of layers elsewhere: as Trainer(inputs, outputs).
        owner = program.scopes.class_of(node)
        for call in program.calls:
            if owner is not None and program.kinds.class_named(call.func) is owner:
                made = program.models.describe(call)
                if made is not None and made.acts_differently_in_training:
                    return True
    return False


@rule(
    "DRS302",
    "evaluation-in-training-mode",
    "A model is evaluated with training=True: dropout drops and batch normalization learns from"
    " validation data.",
    "Pass training=False when evaluating.",
)
def evaluation_in_training_mode(program: Program) -> Iterator[Hit]:
    for call in program.calls:
        value = keyword(call, "training")
        if not is_constant(value, True):
            continue
        if not program.kinds.may_be(call.func, MODEL, LAYER, UNKNOWN):
            continue
        if program.dotted(call.func):
            continue
        place = _evaluation_place(call, program)
        if place is not None and not _is_trained_in(place, program):
            yield call, None


def _evaluation_place(call: ast.Call, program: Program) -> ast.AST | None:
    """The evaluating function or loop that a call stands in, if it does not sample on purpose."""
    inside = any(
        isinstance(outer, ast.ListComp | ast.GeneratorExp)
        for outer in program.scopes.ancestors(call)
    )
    loops = program.scopes.loops(call)
    if inside or any(_counts_samples(loop) for loop in loops):
        return None
    for loop in loops:
        if isinstance(loop, ast.For):
            names = [n.id for n in ast.walk(loop.iter) if isinstance(n, ast.Name)]
            names += [n.attr for n in ast.walk(loop.iter) if isinstance(n, ast.Attribute)]
            if any(words(name) & _EVALUATION for name in names):
                return loop
            if any("train" in words(name) for name in names):
                return None
    function = program.scopes.enclosing(call)
    name = words(getattr(function, "name", ""))
    owner = program.scopes.class_of(call)
    if owner is not None and "test" in words(owner.name):
        return None
    if function is not None and name & _EVALUATION and not name & (_SAMPLING | {"train"}):
        if not any(_asserts(node) for node in ast.walk(function)):
            return function
    return None


def _asserts(node: ast.AST) -> bool:
    """Part of a unit test, which may well test the training mode."""
    return isinstance(node, ast.Assert) or (
        isinstance(node, ast.Attribute) and node.attr.lower().startswith(("assert", "run_layer"))
    )


def _counts_samples(loop: ast.AST) -> bool:
    """`for _ in range(50)`: the same data several times, as Monte Carlo dropout does."""
    return (
        isinstance(loop, ast.For)
        and isinstance(loop.iter, ast.Call)
        and ast.unparse(loop.iter.func) in ("range", "tf.range")
        and "epoch" not in ast.unparse(loop.target).lower()
        and "epoch" not in ast.unparse(loop.iter).lower()
    )


def _is_trained_in(place: ast.AST, program: Program) -> bool:
    return any(tape.block in ast.walk(place) for tape in program.tapes.tapes)


@rule(
    "DRS303",
    "model-losses-forgotten",
    "The model adds losses of its own (regularizers, add_loss), which `fit` adds and this loop"
    " leaves out.",
    "Add them: loss += tf.add_n(model.losses).",
)
def model_losses_forgotten(program: Program) -> Iterator[Hit]:
    if _reads_losses(program):
        return
    seen: set[ast.AST] = set()
    for tape in program.tapes.tapes:
        if not tape.gradients or not _trains(tape, program):
            continue
        for call, _ in _calls_under(tape, program):
            if call in seen or not program.kinds.may_be(call.func, MODEL):
                continue
            if _is_construction(call, program) or not _is_trained_by(call.func, tape, program):
                continue
            if _in_keras_call(call, program):
                continue
            model = program.models.describe(call.func)
            if model is not None and model.adds_losses:
                seen.add(call)
                yield (
                    call,
                    f"`{short(call.func)}` adds losses of its own, which this loop leaves out.",
                )


def _reads_losses(program: Program) -> bool:
    for node in program.scopes.parents:
        if isinstance(node, ast.Attribute):
            if node.attr in ("compute_loss", "compiled_loss"):
                return True
            if node.attr == "losses" and not program.dotted(node).startswith("tf."):
                return True
        if isinstance(node, ast.Constant) and node.value == "losses":
            return True
    return False


@rule(
    "DRS305",
    "metric-never-reset",
    "This metric is read every epoch but never reset, so it mixes all epochs so far.",
    "Call metric.reset_state() at the start of each epoch.",
)
def metric_never_reset(program: Program) -> Iterator[Hit]:
    resets, generic = _resets(program)
    if generic:
        return
    seen: set[str] = set()
    for call in program.calls:
        func = call.func
        if not isinstance(func, ast.Attribute) or func.attr != "result":
            continue
        text = ast.unparse(func.value)
        if program.kinds.kinds(func.value) != {METRIC} or text in resets or text in seen:
            continue
        loop = next((o for o in program.scopes.loops(call) if _is_round(o, program)), None)
        if loop is None or program.is_traced(call):
            continue
        if _is_made_in(func.value, loop, program) or not _is_updated_in(text, loop, program):
            continue
        seen.add(text)
        yield call, f"`{text}` is read every epoch but never reset; it mixes all epochs so far."


def _is_round(loop: ast.AST, program: Program) -> bool:
    """A loop over epochs: named so, or one that goes over data inside."""
    if program.is_epoch_loop(loop):
        return True
    inner = [n for n in ast.walk(loop) if isinstance(n, ast.For) and n is not loop]
    return isinstance(loop, ast.For) and any(program.is_data_loop(n) for n in inner)


def _resets(program: Program) -> tuple[set[str], bool]:
    """The metrics that are reset, and whether some reset can't be told whose it is."""
    found: set[str] = set()
    for call in program.calls:
        if isinstance(call.func, ast.Attribute) and call.func.attr in (
            "reset_state", "reset_states", "reset_metrics", "reset",
        ):  # fmt: skip
            if program.kinds.kinds(call.func.value) != {METRIC}:
                return set(), True
            if isinstance(call.func.value, ast.Name) and _is_loop_name(call.func.value, program):
                return set(), True
            found.add(ast.unparse(call.func.value))
    return found, False


def _is_loop_name(name: ast.Name, program: Program) -> bool:
    return any(b.how == "for" for b in program.scopes.bindings(name))


def _is_made_in(node: ast.expr, loop: ast.AST, program: Program) -> bool:
    return any(
        loop in program.scopes.ancestors(origin)
        for origin in program.kinds.origins(node)
        if origin is not node
    )


def _is_updated_in(text: str, loop: ast.AST, program: Program) -> bool:
    """Whether the loop, or a function of the file that it calls, feeds the metric."""
    waiting: list[ast.AST] = [loop]
    seen: set[ast.AST] = set()
    while waiting:
        top: ast.AST | FunctionNode = waiting.pop()
        if top in seen:
            continue
        seen.add(top)
        for node in ast.walk(top):
            if isinstance(node, ast.Call):
                if ast.unparse(node.func) in (text, f"{text}.update_state"):
                    return True
                function = program.kinds.function_of(node.func)
                if function is not None:
                    waiting.append(function)
    return False
