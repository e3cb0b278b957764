"""DRS309: variables that Python replaces where they should be assigned to."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from deras._src.checker.findings import Hit, rule
from deras._src.checker.libraries import (
    TENSOR,
    UNKNOWN,
    VARIABLE,
)
from deras._src.checker.program import Program
from deras._src.checker.scopes import is_self_attribute
from deras._src.checker.tapes import short


@rule(
    "DRS309",
    "variable-replaced",
    "Python's `=` and `-=` put a plain tensor in the place of the variable, which then is no longer"
    " updated or watched.",
    "Use variable.assign(...), assign_add or assign_sub.",
)
def variable_replaced(program: Program) -> Iterator[Hit]:
    for node in program.scopes.parents:
        if isinstance(node, ast.AugAssign) and _was_variable(node.target, node, program):
            yield (
                node,
                (
                    f"`{short(node)}` does not update the variable: Python binds the name anew, or"
                    " the variable refuses."
                ),
            )
        elif isinstance(node, ast.Assign) and len(node.targets) == 1:
            target = node.targets[0]
            if not isinstance(target, ast.Name | ast.Attribute):
                continue
            text = ast.unparse(target)
            reads_itself = any(
                isinstance(n, ast.Name | ast.Attribute) and ast.unparse(n) == text
                for n in ast.walk(node.value)
            )
            if not reads_itself or not _is_computed(node.value, program):
                continue
            if _was_variable(target, node, program):
                yield node, f"`{text}` was a variable and becomes a plain tensor here."


def _is_computed(node: ast.expr, program: Program) -> bool:
    if isinstance(node, ast.BinOp):
        return True
    name = program.dotted(node.func) if isinstance(node, ast.Call) else ""
    return name.startswith("tf.") and program.kinds.kinds(node) == {TENSOR}


def _was_variable(target: ast.expr, statement: ast.stmt, program: Program) -> bool:
    """Whether something else binds this name or attribute to a tf.Variable."""
    if isinstance(target, ast.Name):
        home = program.scopes.lookup(target.id, program.scopes.of[target])
        if home is None:
            return False
        before = [b for b in home.names[target.id] if b.node is not statement]
        kinds: set[str] = set()
        for binding in before:
            if binding.how == "assign" and not isinstance(binding.value, ast.Call):
                return False  # another name for a variable, which stays what it is
            if binding.how in ("param", "for", "assign") and binding.line <= statement.lineno:
                kinds |= program.kinds._binding(binding)
        # A second plain tensor under the name: it may be the one that is changed.
        return bool(kinds) and kinds <= {VARIABLE}
    if is_self_attribute(target):
        values = [
            value
            for value in program.kinds.attribute_values(target)  # type: ignore[arg-type]
            if program.scopes.statement(value) is not statement
        ]
        kinds = set().union(*(program.kinds.kinds(value) for value in values))
        return VARIABLE in kinds and UNKNOWN not in kinds
    return False
