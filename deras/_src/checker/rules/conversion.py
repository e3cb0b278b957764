"""DRS107 to DRS110: Python control flow that is not converted, or converted into too much."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from deras._src.checker.findings import Hit, rule
from deras._src.checker.libraries import (
    DATASET,
    LIST,
    SCALAR,
    TENSOR,
    VARIABLE,
)
from deras._src.checker.models import keyword
from deras._src.checker.program import Program
from deras._src.checker.scopes import FunctionNode
from deras._src.checker.tapes import short
from deras._src.checker.traced import Trace, parameters

_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)
MANY_TRIPS = 500


def _is_tensor(node: ast.expr, program: Program) -> bool:
    return program.kinds.is_surely(node, TENSOR, VARIABLE)


def _goes_over_tensor(node: ast.expr, program: Program) -> bool:
    return _is_tensor(node, program) and not program.kinds.is_guessed(node)


@rule(
    "DRS107",
    "tensor-decides-unconverted",
    "A tensor decides here, but AutoGraph does not convert this code, so Python asks a symbolic"
    " tensor for its truth value and fails.",
    "Use tf.where or tf.cond, or move the code into a function that AutoGraph converts.",
)
def tensor_decides(program: Program) -> Iterator[Hit]:
    for node, _, trace in program.traced():
        test: ast.expr | None = None
        if isinstance(node, ast.If | ast.While | ast.IfExp | ast.Assert):
            test = None if trace.autograph else node.test
        elif (
            isinstance(node, ast.For)
            and not trace.autograph
            and _goes_over_tensor(node.iter, program)
        ):
            yield node.iter, "AutoGraph does not convert this loop over a tensor."
        elif isinstance(node, _COMPREHENSIONS):
            # Comprehensions are left as they are, AutoGraph or not.
            for part in node.generators:
                for condition in part.ifs:
                    if _is_tensor(condition, program):
                        yield condition, "AutoGraph does not convert the `if` of a comprehension."
        if test is not None and _is_tensor(test, program):
            if trace.keras:
                why = "Keras does not let AutoGraph convert this method"
            else:
                why = "AutoGraph is off for this code"
            yield test, f"A tensor, `{short(test)}`, decides here, but {why}."


@rule(
    "DRS108",
    "range-over-tensor",
    "Python's range needs a number while the function is traced, and gets a tensor or None.",
    "Loop with `for i in tf.range(n)` in code that AutoGraph converts.",
)
def range_over_tensor(program: Program) -> Iterator[Hit]:
    for node, function, trace in program.traced():
        if isinstance(node, _COMPREHENSIONS):
            for part in node.generators:
                if _goes_over_tensor(part.iter, program):
                    yield part.iter, "A comprehension cannot go over a symbolic tensor."
        if not isinstance(node, ast.Call) or program.dotted(node.func) != "range":
            continue
        inside = any(isinstance(o, _COMPREHENSIONS) for o in program.scopes.ancestors(node))
        for bound in node.args:
            if _is_tensor(bound, program) and (not trace.autograph or inside):
                yield node, f"Python's range gets a symbolic tensor, `{short(bound)}`."
            elif _is_unknown_size(bound, function, trace):
                yield node, f"`{short(bound)}` is None while the function is traced."


def _is_unknown_size(node: ast.expr, function: FunctionNode, trace: Trace) -> bool:
    """Whether a node is `x.shape[i]` where the input_signature leaves that size open."""
    if not (
        isinstance(node, ast.Subscript)
        and isinstance(node.value, ast.Attribute)
        and node.value.attr == "shape"
        and isinstance(node.value.value, ast.Name)
        and isinstance(node.slice, ast.Constant)
        and trace.call is not None
    ):
        return False
    signature = keyword(trace.call, "input_signature")
    names = [a.arg for a in parameters(function) if a.arg != "self"]
    name = node.value.value.id
    if not isinstance(signature, ast.List | ast.Tuple) or name not in names:
        return False
    place = names.index(name)
    if place >= len(signature.elts):
        return False
    spec = signature.elts[place]
    if not isinstance(spec, ast.Call):
        return False
    shape = keyword(spec, "shape") or (spec.args[0] if spec.args else None)
    index = node.slice.value
    if not isinstance(shape, ast.List | ast.Tuple) or not isinstance(index, int):
        return False
    if not -len(shape.elts) <= index < len(shape.elts):
        return False
    size = shape.elts[index]
    return isinstance(size, ast.Constant) and size.value is None


@rule(
    "DRS109",
    "list-in-tensor-loop",
    "This loop becomes one compiled loop, traced once, in which a Python list cannot grow.",
    "Write to a tf.TensorArray and call `.stack()` after the loop.",
)
def list_in_tensor_loop(program: Program) -> Iterator[Hit]:
    for node, _, trace in program.traced():
        grown = _grown_list(node, program) if trace.autograph else None
        if grown is None:
            continue
        for loop in program.scopes.loops(node):
            if any(
                b.how == "assign" and loop in program.scopes.ancestors(b.node)
                for b in program.scopes.bindings(grown)
            ):
                break  # a list made anew in each trip
            if _is_compiled_loop(loop, program):
                yield node, None
                break


def _grown_list(node: ast.AST, program: Program) -> ast.Name | None:
    """The list that `xs.append(x)` or `xs += [x]` grows."""
    name: ast.AST | None = None
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        name = node.func.value if node.func.attr in ("append", "extend") else None
    elif isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Add):
        name = node.target if isinstance(node.value, ast.List) else None
    if isinstance(name, ast.Name) and program.kinds.kinds(name) == {LIST}:
        return name
    return None


def _is_compiled_loop(loop: ast.AST, program: Program) -> bool:
    if isinstance(loop, ast.While):
        return _is_tensor(loop.test, program)
    if not isinstance(loop, ast.For):
        return False
    over = loop.iter
    if program.kinds.is_surely(over, TENSOR, DATASET) and not program.kinds.is_guessed(over):
        return True
    if isinstance(over, ast.Call) and program.dotted(over.func) == "range":
        return any(_is_tensor(part, program) for part in over.args)
    return False


@rule(
    "DRS110",
    "unrolled-loop",
    "A loop over Python's range is unrolled while the function is traced: one copy of its body for"
    " each trip.",
    "Loop over tf.range, which becomes one compiled loop.",
)
def unrolled_loop(program: Program) -> Iterator[Hit]:
    for node, _, _ in program.traced():
        if not isinstance(node, ast.For) or not isinstance(node.iter, ast.Call):
            continue
        call = node.iter
        if program.dotted(call.func) != "range" or not call.args:
            continue
        trips = _number(call.args[-1] if len(call.args) < 3 else call.args[1], program)
        if trips is not None and trips >= MANY_TRIPS and not isinstance(node, ast.While):
            yield (
                node,
                (f"This loop over Python's range is unrolled into {trips} copies of its body."),
            )


def _number(node: ast.expr, program: Program) -> int | None:
    for origin in program.kinds.origins(node):
        if isinstance(origin, ast.Constant) and isinstance(origin.value, int):
            if program.kinds.is_surely(origin, SCALAR):
                return origin.value
    return None
