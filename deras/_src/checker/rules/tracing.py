"""DRS101 to DRS106: Python that runs while a function is traced, and not when it is called."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from deras._src.checker.findings import Hit, rule
from deras._src.checker.libraries import (
    DICT,
    LIST,
    NUMPY,
    SHAPE,
    STRING,
    TENSOR,
    VARIABLE,
)
from deras._src.checker.program import Program
from deras._src.checker.scopes import FunctionNode, is_self_attribute
from deras._src.checker.tapes import short

_LOGGING = ("logging.", "sys.stdout.write", "sys.stderr.write", "pprint.", "rich.print")
_LOG_METHODS = ("info", "debug", "warning", "error", "log")
_ALWAYS_LISTS = ("append", "extend", "appendleft")
_MUTATORS = (
    "insert",
    "add",
    "update",
    "pop",
    "popleft",
    "remove",
    "clear",
    "setdefault",
    "discard",
)
_STATIC = ("shape", "dtype", "ndim", "name", "rank", "__class__", "__name__")


@rule(
    "DRS101",
    "print-in-trace",
    "Python's print runs while the function is traced, not at each call.",
    "Use tf.print, which runs at every call and shows values.",
)
def print_in_trace(program: Program) -> Iterator[Hit]:
    for node, _, trace in program.traced():
        if not isinstance(node, ast.Call):
            continue
        name = program.dotted(node.func)
        if name == "print" or name.startswith(_LOGGING) or _is_logger(node, program):
            if not _tells_of_tracing(node):
                yield (
                    node,
                    (
                        f"`{short(node.func)}` runs only while the function is traced"
                        f" ({trace.reason}), not at each call."
                    ),
                )


def _is_logger(node: ast.Call, program: Program) -> bool:
    func = node.func
    if not isinstance(func, ast.Attribute) or func.attr not in _LOG_METHODS:
        return False
    return any(
        isinstance(origin, ast.Call) and program.dotted(origin.func) == "logging.getLogger"
        for origin in program.kinds.origins(func.value)
    )


def _tells_of_tracing(node: ast.Call) -> bool:
    """A print that is there to show when tracing happens, or shows what tracing knows."""
    words = [n.value.lower() for n in ast.walk(node) if isinstance(n, ast.Constant)
             and isinstance(n.value, str)]  # fmt: skip
    if any("trac" in word for word in words):
        return True
    values = [value for part in node.args for value in _values(part)]
    return bool(values) and all(
        isinstance(v, ast.Attribute) and v.attr in _STATIC for v in values
    )  # fmt: skip


def _values(part: ast.expr) -> list[ast.expr]:
    if isinstance(part, ast.Constant):
        return []
    if isinstance(part, ast.JoinedStr):
        return [p.value for p in part.values if isinstance(p, ast.FormattedValue)]
    return [part]


@rule(
    "DRS102",
    "python-state-in-trace",
    "Python objects are changed only while the function is traced, and then hold symbolic tensors.",
    "Return the value, or keep it in a tf.Variable or tf.TensorArray.",
)
def python_state_in_trace(program: Program) -> Iterator[Hit]:
    for node, function, _ in program.traced():
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if _mutates(node.func, function, program):
                yield node, f"`{short(node.func)}` runs only while the function is traced."
        elif isinstance(node, ast.Assign | ast.AugAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                if _is_state(target, node, function, program):
                    yield (
                        node,
                        (
                            f"`{short(target)}` is set only while the function is traced, not at"
                            " each call."
                        ),
                    )


def _mutates(func: ast.Attribute, function: FunctionNode, program: Program) -> bool:
    if func.attr not in (*_ALWAYS_LISTS, *_MUTATORS):
        return False
    if _is_local(func.value, function, program):
        return False
    kinds = program.kinds.kinds(func.value)
    containers = _made_containers(func.value, program)
    if func.attr in _ALWAYS_LISTS:
        return containers or kinds == {"unknown"} or LIST in kinds
    return containers or (bool(kinds) and kinds <= {LIST, DICT})


def _made_containers(node: ast.expr, program: Program) -> bool:
    for origin in program.kinds.origins(node):
        if isinstance(origin, ast.Call):
            name = program.dotted(origin.func)
            if name in ("collections.deque", "collections.defaultdict", "collections.Counter"):
                return True
    return False


def _is_local(node: ast.expr, function: FunctionNode, program: Program) -> bool:
    """Whether an object was made in this traced function, or in a traced one around it."""
    root = node
    while isinstance(root, ast.Attribute | ast.Subscript | ast.Call):
        root = root.func if isinstance(root, ast.Call) else root.value
    if not isinstance(root, ast.Name) or root.id in ("self", "cls"):
        return False
    home = program.scopes.lookup(root.id, program.scopes.of[root])
    if home is None:
        return True
    if any(b.how == "param" for b in home.names[root.id]):
        # What a helper gets may be its caller's own list.
        trace = program.tracer.traces.get(home.function().node)  # type: ignore[call-overload]
        return not (trace and trace.entry)
    return home.function().node in program.tracer.traces


def _is_state(
    target: ast.expr, node: ast.Assign | ast.AugAssign, function: FunctionNode, program: Program
) -> bool:
    if isinstance(target, ast.Tuple | ast.List):
        return any(_is_state(part, node, function, program) for part in target.elts)
    if isinstance(target, ast.Name):
        scope = program.scopes.own[function]
        if target.id not in scope.outer or program.kinds.may_be(target, VARIABLE):
            return False
        if "trac" in target.id.lower() or _is_guarded(node, program):
            return False  # counts the traces on purpose, or is set once
        home = program.scopes.lookup(target.id, scope)
        return home is None or home.function().node not in program.tracer.traces
    if isinstance(target, ast.Subscript):
        base = program.kinds.kinds(target.value)
        return (
            not _is_local(target.value, function, program)
            and bool(base)
            and (base <= {LIST, DICT, NUMPY} or _made_containers(target.value, program))
        )
    if isinstance(target, ast.Attribute):
        if _is_local(target, function, program) or _is_guarded(node, program):
            return False
        if program.kinds.may_be(target, VARIABLE):
            return False  # DRS309's
        return is_self_attribute(target) or isinstance(target.value, ast.Name | ast.Attribute)
    return False


def _is_guarded(node: ast.AST, program: Program) -> bool:
    """Whether a statement is run once on purpose: `if self.w is None:` and the like."""
    for outer in program.scopes.ancestors(node):
        if isinstance(outer, ast.If):
            text = ast.unparse(outer.test)
            if " is None" in text or "hasattr" in text or "built" in text or "initial" in text:
                return True
    return False


@rule(
    "DRS103",
    "python-random-in-trace",
    "Python and NumPy draw this number once, while the function is traced; every call then uses"
    " the same one.",
    "Draw with tf.random inside the function, or pass the number in as a tensor.",
)
def python_random(program: Program) -> Iterator[Hit]:
    for node, _, _ in program.traced():
        if isinstance(node, ast.Call):
            name = program.dotted(node.func)
            if name.startswith(("random.", "np.random.", "secrets.", "uuid.uuid")) or (
                isinstance(node.func, ast.Attribute)
                and any(
                    isinstance(origin, ast.Call)
                    and program.dotted(origin.func)
                    in ("np.random.default_rng", "np.random.RandomState", "random.Random")
                    for origin in program.kinds.origins(node.func.value)
                    if origin is not node.func.value
                )
            ):
                yield node, None


@rule(
    "DRS104",
    "clock-in-trace",
    "The clock is read once, while the function is traced; every call then sees the same time.",
    "Read the time outside the function, or use tf.timestamp inside.",
)
def clock_in_trace(program: Program) -> Iterator[Hit]:
    for node, _, _ in program.traced():
        if isinstance(node, ast.Call):
            name = program.dotted(node.func)
            now = name.startswith("datetime.") and name.endswith((".now", ".utcnow", ".today"))
            if name.startswith("time.") or now:
                yield node, None


@rule(
    "DRS105",
    "numpy-in-trace",
    "NumPy cannot compute with the symbolic tensors of a traced function.",
    "Use the TensorFlow function of that name, or wrap the code in tf.numpy_function.",
)
def numpy_in_trace(program: Program) -> Iterator[Hit]:
    for node, _, _ in program.traced():
        if not isinstance(node, ast.Call):
            continue
        name = program.dotted(node.func)
        if not name.startswith("np.") or name.startswith("np.random."):
            continue
        for part in _flat([*node.args, *(k.value for k in node.keywords)]):
            kinds = program.kinds.kinds(part)
            if kinds & {TENSOR, VARIABLE} and not kinds & {SHAPE, STRING}:
                yield node, f"`{short(node.func)}` gets a symbolic tensor, `{short(part)}`."
                break


def _flat(parts: list[ast.expr]) -> list[ast.expr]:
    found = []
    for part in parts:
        if isinstance(part, ast.List | ast.Tuple):
            found += _flat(part.elts)
        else:
            found.append(part)
    return found


@rule(
    "DRS106",
    "numpy-method-in-trace",
    "A symbolic tensor has no value yet, so `.numpy()` fails in a traced function.",
    "Compute with the tensor itself, or call `.numpy()` on what the function returns.",
)
def numpy_method_in_trace(program: Program) -> Iterator[Hit]:
    for node, _, _ in program.traced():
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and not node.args:
            attribute = node.func.attr
            kinds = program.kinds.kinds(node.func.value)
            if attribute == "numpy" and not kinds <= {NUMPY}:
                yield node, None
            elif attribute in ("item", "tolist") and kinds == {TENSOR}:
                yield node, f"A symbolic tensor has no value yet and no `.{attribute}()`."
