"""DRS111 to DRS116: things made, or baked in, where they should live on between calls."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from deras._src.checker.findings import Hit, rule
from deras._src.checker.libraries import (
    LAYER,
    METRIC,
    MODEL,
    NONE,
    OPTIMIZER,
    SCALAR,
    UNKNOWN,
    VARIABLE,
)
from deras._src.checker.program import Program
from deras._src.checker.scopes import Binding, FunctionNode, is_self_attribute
from deras._src.checker.tapes import short

# Layers without state: making one in a call costs nothing that lasts.
_STATELESS = frozenset(
    {
        "Activation", "Add", "Average", "AveragePooling1D", "AveragePooling2D", "Concatenate",
        "Cropping1D", "Cropping2D", "Dot", "ELU", "Flatten", "GlobalAveragePooling1D",
        "GlobalAveragePooling2D", "GlobalMaxPooling1D", "GlobalMaxPooling2D", "Identity", "Lambda",
        "LeakyReLU", "Masking", "MaxPool1D", "MaxPool2D", "MaxPooling1D", "MaxPooling2D", "Maximum",
        "Minimum", "Multiply", "Permute", "ReLU", "RepeatVector", "Rescaling", "Reshape", "Softmax",
        "Subtract", "UpSampling1D", "UpSampling2D", "ZeroPadding1D", "ZeroPadding2D", "Resizing",
    }
)  # fmt: skip


def is_made_once(node: ast.AST, program: Program) -> bool:
    """Whether a guard such as `if self.w is None:` lets a creation happen only once."""
    for outer in program.scopes.ancestors(node):
        if isinstance(outer, ast.If):
            text = ast.unparse(outer.test)
            if " is None" in text or "hasattr" in text or "built" in text or "initial" in text:
                return True
    return False


def made_kind(node: ast.Call, program: Program) -> str | None:
    """The kind of stateful object that a call constructs, if it constructs one."""
    name = program.dotted(node.func)
    named = program.kinds.class_named(node.func)
    if named is None and not name.startswith("tf.keras."):
        return None
    last = name.rsplit(".", 1)[-1]
    if last in _STATELESS or last in ("Input", "load_model", "clone_model"):
        return None
    kinds = program.kinds.kinds(node)
    found = kinds & {LAYER, MODEL, OPTIMIZER, METRIC}
    return next(iter(found)) if len(found) == 1 and len(kinds) == 1 else None


@rule(
    "DRS111",
    "variable-in-trace",
    "A tf.Variable is made inside a traced function, which is refused at the second trace or gives"
    " a new variable that nothing trains.",
    "Make it once, outside: in `__init__`, in `build`, or at the top of the program.",
)
def variable_in_trace(program: Program) -> Iterator[Hit]:
    for node, _, _ in program.traced():
        if isinstance(node, ast.Call) and program.kinds.kinds(node) == {VARIABLE}:
            name = program.dotted(node.func)
            adds = isinstance(node.func, ast.Attribute) and node.func.attr == "add_weight"
            if (name == "tf.Variable" or adds) and not is_made_once(node, program):
                yield node, None


@rule(
    "DRS112",
    "object-in-trace",
    "A layer, model, metric or optimizer is made inside a traced function: its variables are new"
    " at each trace, or refused.",
    "Make it once, in `__init__` or at the top of the program, and call it here.",
)
def object_in_trace(program: Program) -> Iterator[Hit]:
    for node, _, trace in program.traced():
        if isinstance(node, ast.Call):
            kind = made_kind(node, program)
            if kind and not is_made_once(node, program):
                yield node, f"A {kind} is made inside a traced function ({trace.reason})."


@rule(
    "DRS113",
    "object-per-step",
    "An optimizer, layer or model is made anew at every step: what it has learnt is thrown away.",
    "Make it once, before the loop.",
)
def object_per_step(program: Program) -> Iterator[Hit]:
    for node in program.calls:
        kind = made_kind(node, program)
        if kind not in (OPTIMIZER, LAYER, MODEL) or program.is_traced(node):
            continue
        loops = program.scopes.loops(node)
        function = program.scopes.enclosing(node)
        steps = _steps_in(function, program)
        if not steps or is_made_once(node, program):
            continue
        same = any(program.scopes.loops(step)[:1] == loops[:1] for step in steps)
        again = bool(loops) or (
            function is not None
            and any(
                call in program.scopes.parents and _is_repeated(call, program)
                for call, _ in program.tracer.call_sites.get(function, [])
            )
        )
        if same and again:
            yield node, f"This {kind} is made anew at every step; its state is thrown away."
        elif kind == OPTIMIZER and loops and program.is_epoch_loop(loops[0]):
            makes_model = any(
                isinstance(n, ast.Call) and made_kind(n, program) == MODEL
                for n in ast.walk(loops[0])
            )
            if any(loops[0] in program.scopes.loops(s) for s in steps) and not makes_model:
                yield node, "This optimizer is made anew at every epoch; its state is thrown away."


def _is_repeated(call: ast.Call, program: Program) -> bool:
    return bool(program.scopes.loops(call)) or program.runs_in_loop(call)


def _steps_in(function: FunctionNode | None, program: Program) -> list[ast.AST]:
    """Where a function, or the module's own code, updates weights."""
    found: list[ast.AST] = []
    for call in program.calls:
        if isinstance(call.func, ast.Attribute) and call.func.attr in (
            "apply_gradients", "minimize",
        ):  # fmt: skip
            if program.scopes.enclosing(call) is function:
                found.append(call)
    return found


@rule(
    "DRS114",
    "function-in-loop",
    "This makes a new tf.function here each time around, and each is traced and compiled anew.",
    "Make the tf.function once, before the loop, and call it inside.",
)
def function_in_loop(program: Program) -> Iterator[Hit]:
    for node in program.scopes.functions:
        for decorator in getattr(node, "decorator_list", []):
            made = decorator.func if isinstance(decorator, ast.Call) else decorator
            if program.dotted(made) == "tf.function" and _is_made_again(node, program):
                yield decorator, None
    for call in program.calls:
        parent = program.scopes.parents.get(call)
        if program.dotted(call.func) != "tf.function" or not call.args:
            continue
        kept = isinstance(parent, ast.Assign) and any(
            isinstance(t, ast.Subscript | ast.Attribute) for t in parent.targets
        )
        kept |= isinstance(parent, ast.Call | ast.Dict | ast.List | ast.Tuple) and not (
            isinstance(parent, ast.Call) and parent.func is call
        )
        if not kept and _is_made_again(call, program):
            yield call, None


def _is_made_again(node: ast.AST, program: Program) -> bool:
    loops = program.scopes.loops(node)
    # A loop over a few written-out settings makes a function for each on purpose.
    if loops:
        return not (
            isinstance(loops[0], ast.For) and isinstance(loops[0].iter, ast.List | ast.Tuple)
        )
    function = program.scopes.enclosing(node)
    if function is None or isinstance(function, ast.Lambda):
        return False
    if _is_returned_or_kept(node, function):
        return False
    return any(
        call in program.scopes.parents and _is_repeated(call, program)
        for call, _ in program.tracer.call_sites.get(function, [])
    )


def _is_returned_or_kept(node: ast.AST, function: ast.AST) -> bool:
    """Whether the function around hands on what it made, as factories do."""
    name = getattr(node, "name", None)
    for part in ast.walk(function):
        if isinstance(part, ast.Return) and part.value is not None:
            if part.value is node or (isinstance(part.value, ast.Name) and part.value.id == name):
                return True
    # In a function with a loop of its own, it is made once for that loop.
    return any(isinstance(n, ast.For | ast.While) for n in ast.walk(function))


@rule(
    "DRS115",
    "number-retraces",
    "A Python number that changes is passed to a tf.function, which traces anew for each value.",
    "Pass a tensor: tf.constant(step), or give the function an input_signature.",
)
def number_retraces(program: Program) -> Iterator[Hit]:
    for call in program.calls:
        loops = program.scopes.loops(call)
        function = program.kinds.function_of(call.func)
        if function is None or not loops or program.is_traced(call):
            continue
        trace = program.tracer.traces.get(function)
        if trace is None or not trace.entry or trace.keras or trace.has_signature:
            continue
        if not trace.reason.startswith("tf.function"):
            continue
        for part in [*call.args, *(k.value for k in call.keywords)]:
            if _is_changing_number(part, loops, program):
                yield (
                    part,
                    (
                        f"`{short(part)}` is a Python number that changes: tf.function traces"
                        " anew for each value."
                    ),
                )


def _is_changing_number(node: ast.expr, loops: list[ast.AST], program: Program) -> bool:
    if not program.kinds.is_surely(node, SCALAR):
        return False
    if isinstance(node, ast.Call):
        name = program.dotted(node.func)
        if name in ("float", "int") or name.startswith(("random.", "time.")):
            return True
        return any(_is_changing_number(part, loops, program) for part in node.args)
    if isinstance(node, ast.BinOp):
        parts = [node.left, node.right]
        return any(_is_changing_number(part, loops, program) for part in parts)
    if isinstance(node, ast.Name):
        return any(_changes(b, loops, program) for b in program.scopes.bindings(node))
    return False


def _changes(binding: Binding, loops: list[ast.AST], program: Program) -> bool:
    if binding.how == "for":
        over = binding.value
        return binding.node in loops and not isinstance(over, ast.List | ast.Tuple)
    inside = any(loop in program.scopes.ancestors(binding.node) for loop in loops)
    if binding.how == "aug":
        return inside
    if binding.how == "assign" and inside and binding.value is not None:
        return not isinstance(binding.value, ast.Constant)
    return False


@rule(
    "DRS116",
    "stale-python-value",
    "A traced function has read this Python value; changing it has no effect on traces already"
    " made.",
    "Keep it in a tf.Variable and assign to it, or pass it as a tensor argument.",
)
def stale_python_value(program: Program) -> Iterator[Hit]:
    done: set[ast.AST] = set()
    for node, function, trace in program.traced():
        if trace.reason.startswith("Dataset."):
            continue  # traced at once, and only once
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            for binding in _later_bindings(node, function, program):
                if binding.node not in done:
                    done.add(binding.node)
                    yield (
                        binding.node,
                        (
                            f"`{node.id}` is read by a traced function ({trace.reason}); its traces"
                            " keep the old value."
                        ),
                    )
        elif isinstance(node, ast.Attribute) and is_self_attribute(node):
            if isinstance(node.ctx, ast.Load):
                yield from _later_attributes(node, program, done)


def _later_bindings(node: ast.Name, function: FunctionNode, program: Program) -> list[Binding]:
    home = program.scopes.lookup(node.id, program.scopes.of[node])
    if home is None or home.is_class or home.function().node in program.tracer.traces:
        return []
    own = program.scopes.own.get(function)
    if own is None or home is own or node.id in own.outer:
        return []
    found = home.names[node.id]
    if len(found) < 2 and not any(b.how == "for" for b in found):
        return []
    if not _are_numbers(node, found, program):
        return []
    if any(_function_is_made_in(b, function, program) for b in found):
        return []
    line = function.lineno
    loops = [b for b in found if b.how in ("for", "aug", "assign")]
    return [
        b
        for b in loops
        if not isinstance(b.value, ast.List)
        and (b.line > line or program.scopes.loops(b.node))
        and (b.how != "assign" or b is not found[0])
    ]


def _are_numbers(node: ast.Name, found: list[Binding], program: Program) -> bool:
    kinds = program.kinds.kinds(node)
    return bool(kinds) and kinds <= {SCALAR, NONE} and all(b.how != "param" for b in found)


def _function_is_made_in(binding: Binding, function: FunctionNode, program: Program) -> bool:
    """Whether the loop that binds a name also makes the function anew."""
    outer = program.scopes.ancestors(function)
    return binding.node in outer or any(
        loop in outer for loop in program.scopes.loops(binding.node)
    )


def _later_attributes(node: ast.Attribute, program: Program, done: set[ast.AST]) -> Iterator[Hit]:
    info = program.kinds.info_of(node.value)
    if info is None or not _is_number(node, info.attributes.get(node.attr, []), program):
        return
    for value, where in info.attributes.get(node.attr, []):
        name = getattr(where, "name", "")
        if name in ("__init__", "build", "") or where in program.tracer.traces:
            continue
        statement = program.scopes.statement(value)
        if statement is not None and statement not in done:
            done.add(statement)
            yield (
                statement,
                f"`self.{node.attr}` is read by a traced method, which keeps the old value.",
            )
    for part in ast.walk(info.node):
        if isinstance(part, ast.AugAssign) and ast.unparse(part.target) == ast.unparse(node):
            where = program.scopes.enclosing(part)
            if where not in program.tracer.traces and part not in done:
                done.add(part)
                yield (
                    part,
                    (f"`self.{node.attr}` is read by a traced method, which keeps the old value."),
                )


def _is_number(node: ast.Attribute, values: list, program: Program) -> bool:
    """Whether an attribute starts as a number and nothing makes it a tensor or a variable."""
    starts = any(isinstance(value, ast.Constant) and value.value is not None for value, _ in values)
    kinds = program.kinds.kinds(node)
    return bool(kinds) and (kinds <= {SCALAR} or (starts and kinds <= {SCALAR, UNKNOWN}))
