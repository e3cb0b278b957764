"""DRS306 and DRS308: losses that do not fit the model's output, or are not one number."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from deras._src.checker.findings import Hit, rule
from deras._src.checker.libraries import (
    LOSS,
    MODEL,
)
from deras._src.checker.models import Output, argument, keyword
from deras._src.checker.program import Program
from deras._src.checker.tapes import short

_CROSS_ENTROPIES = {
    "BinaryCrossentropy": 0, "CategoricalCrossentropy": 0, "SparseCategoricalCrossentropy": 0,
    "BinaryFocalCrossentropy": 99, "CategoricalFocalCrossentropy": 99,
}  # fmt: skip
# Functions: position of from_logits.
_FUNCTIONS = {
    "binary_crossentropy": 2, "categorical_crossentropy": 2, "sparse_categorical_crossentropy": 2,
}  # fmt: skip
_WITH_LOGITS = (
    "softmax_cross_entropy_with_logits", "sparse_softmax_cross_entropy_with_logits",
    "sigmoid_cross_entropy_with_logits", "weighted_cross_entropy_with_logits",
)  # fmt: skip
_PROBABILITIES = ("softmax", "sigmoid", "log_softmax")


def takes_logits(node: ast.AST, program: Program) -> bool | None:
    """Whether a cross-entropy takes logits; None if it is none, or that can't be read."""
    if isinstance(node, ast.Constant):
        return False if node.value in _FUNCTIONS else None
    name = program.dotted(node.func) if isinstance(node, ast.Call) else program.dotted(node)
    last = name.rsplit(".", 1)[-1]
    if not name.startswith("tf.keras."):
        return True if name.startswith("tf.nn.") and last in _WITH_LOGITS else None
    if not isinstance(node, ast.Call):
        return False if last in _FUNCTIONS else None
    if last not in _CROSS_ENTROPIES and last not in _FUNCTIONS:
        return None
    place = _CROSS_ENTROPIES.get(last, _FUNCTIONS.get(last, 99))
    value = argument(node, place, "from_logits")
    if value is None:
        return False
    return value.value if isinstance(value, ast.Constant) else None  # type: ignore[return-value]


def _problem(logits: bool, output: Output) -> str | None:
    if logits and output.activation in _PROBABILITIES:
        return (
            f"The loss takes logits, but the model already ends in a {output.activation}: it is"
            " applied twice."
        )
    if not logits and output.activation == "linear":
        return (
            "The loss takes probabilities, but the model's last layer has no activation: it gives"
            " logits."
        )
    return None


@rule(
    "DRS306",
    "logits-mismatch",
    "The loss and the model's last layer disagree on whether the output is logits or"
    " probabilities.",
    "Leave the last activation out and pass from_logits=True, or have neither.",
)
def logits_mismatch(program: Program) -> Iterator[Hit]:
    seen: set[ast.AST] = set()
    for call in program.calls:
        for place, logits, output in _pairs(call, program):
            problem = _problem(logits, output)
            if problem and place not in seen:
                seen.add(place)
                yield place, problem


def _pairs(call: ast.Call, program: Program) -> Iterator[tuple[ast.AST, bool, Output]]:
    """Where a loss meets a model's output: the place to name, and both."""
    if isinstance(call.func, ast.Attribute) and call.func.attr == "compile":
        given = argument(call, 1, "loss")
        model = program.models.describe(call.func.value)
        for origin in program.kinds.origins(given) if given is not None else []:
            logits = takes_logits(origin, program)
            if logits is not None and model is not None:
                yield origin, logits, model.output
        return
    name = program.dotted(call.func)
    direct = takes_logits(call, program)
    if direct is not None and not name.rsplit(".", 1)[-1][0].isupper():
        position = 0 if name.endswith("weighted_cross_entropy_with_logits") else 1
        if name.startswith("tf.nn."):
            predicted = keyword(call, "logits") or argument(call, position, "logits")
        else:
            predicted = argument(call, position, "y_pred")
        if predicted is not None:
            yield call, direct, program.models.output_of(predicted)
    elif program.kinds.kinds(call.func) == {LOSS}:
        predicted = argument(call, 1, "y_pred")
        for origin in program.kinds.origins(call.func):
            logits = takes_logits(origin, program)
            if logits is not None and predicted is not None:
                yield origin, logits, program.models.output_of(predicted)


@rule(
    "DRS308",
    "loss-not-reduced",
    "This loss is one number per example; its gradient is their sum and grows with the batch.",
    "Take the mean: tf.reduce_mean(loss).",
)
def loss_not_reduced(program: Program) -> Iterator[Hit]:
    for tape in program.tapes.tapes:
        for gradient in tape.gradients:
            if not isinstance(gradient.func, ast.Attribute) or gradient.func.attr != "gradient":
                continue
            for origin in program.kinds.origins(gradient.args[0]):
                if _is_per_example(origin, program):
                    yield origin, f"`{short(origin)}` is one number per example."


def _is_per_example(node: ast.AST, program: Program) -> bool:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
        return _is_error_of_model(node.left, program)
    if not isinstance(node, ast.Call):
        return False
    name = program.dotted(node.func)
    last = name.rsplit(".", 1)[-1]
    if name.startswith("tf.keras.losses.") and last[0].islower():
        return True
    if name.startswith("tf.nn.") and last in _WITH_LOGITS:
        return True
    if name in ("tf.square", "tf.math.square", "tf.abs", "tf.math.abs") and node.args:
        return _is_error_of_model(node.args[0], program)
    if last == "squared_difference":
        return any(_is_model_call(part, program) for part in node.args)
    if program.kinds.kinds(node.func) == {LOSS}:
        return any(
            isinstance(origin, ast.Call) and _has_no_reduction(origin, program)
            for origin in program.kinds.origins(node.func)
        )
    return False


def _is_error_of_model(node: ast.expr, program: Program) -> bool:
    return any(
        isinstance(origin, ast.BinOp)
        and isinstance(origin.op, ast.Sub)
        and (_is_model_call(origin.left, program) or _is_model_call(origin.right, program))
        for origin in program.kinds.origins(node)
    )


def _is_model_call(node: ast.expr, program: Program) -> bool:
    return any(
        isinstance(origin, ast.Call) and program.kinds.may_be(origin.func, MODEL)
        for origin in program.kinds.origins(node)
    )


def _has_no_reduction(made: ast.Call, program: Program) -> bool:
    value = keyword(made, "reduction")
    if value is None:
        return False
    return program.dotted(value).endswith("Reduction.NONE") or (
        isinstance(value, ast.Constant) and value.value in ("none", None)
    )
