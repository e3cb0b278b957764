"""Calls, `and`, `or`, `not`, comparisons and conditional expressions become calls of operators."""

from __future__ import annotations

import ast
from typing import TypeVar

from deras._src.autograph.names import parameters
from deras._src.autograph.source import FunctionNode

OPERATORS = "ag__"
OPERAND_MARK = "ag_"  # the parameter by which an operand's lambda is told from the user's

_Node = TypeVar("_Node", bound=ast.AST)

_SIGNS = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Is: "is",
    ast.IsNot: "is not",
    ast.In: "in",
    ast.NotIn: "not in",
}


def located(node: _Node, place: ast.AST) -> _Node:
    """`node` at the position of `place`, and so are the parts of it that have none yet."""
    stack: list[ast.AST] = [node]
    while stack:
        inner = stack.pop()
        if "lineno" in inner._attributes and not hasattr(inner, "lineno"):
            ast.copy_location(inner, place)
            stack.extend(ast.iter_child_nodes(inner))
        elif "lineno" not in inner._attributes:
            stack.extend(ast.iter_child_nodes(inner))
    return node


def operator_call(name: str, arguments: list[ast.expr], place: ast.AST) -> ast.Call:
    """The expression `ag__.name(*arguments)`."""
    function = ast.Attribute(ast.Name(OPERATORS, ast.Load()), name, ast.Load())
    return located(ast.Call(function, arguments, []), place)


def no_arguments() -> ast.arguments:
    """The parameters of a function that has none."""
    return ast.arguments([], [], None, [], [], None, [])


def thunk(value: ast.expr) -> ast.Lambda:
    """The expression `lambda: value`, marked as ours."""
    arguments = no_arguments()
    arguments.vararg = ast.arg(OPERAND_MARK)
    return located(ast.Lambda(arguments, value), value)


def is_plain_python(test: ast.expr) -> bool:
    """Whether a condition is a Python bool whatever its operands are: `is`, constants."""
    if isinstance(test, ast.Constant):
        return True
    if isinstance(test, ast.Compare):
        return all(isinstance(o, ast.Is | ast.IsNot) for o in test.ops)
    if isinstance(test, ast.UnaryOp):
        return isinstance(test.op, ast.Not) and is_plain_python(test.operand)
    return isinstance(test, ast.BoolOp) and all(map(is_plain_python, test.values))


class Expressions(ast.NodeTransformer):
    """Rewrites expressions of one function; `Statements` adds the rest.

    Attributes:
      setters: local names that a `:=` inside an operand binds; each needs a function that does.
    """

    def __init__(self, function: FunctionNode) -> None:
        self.function = function
        self.setters: set[str] = set()
        self._operands = 0

    def operand(self, node: ast.expr) -> ast.expr:
        """An operand that is evaluated only when the operator asks for it."""
        names = {n.target.id for n in ast.walk(node) if isinstance(n, ast.NamedExpr)}
        self._operands += 1
        value = thunk(self.visit(node))
        self._operands -= 1
        bound = sorted(names)
        if not bound:
            return value
        # A staged operand hands out what it binds.
        texts = ast.Tuple([ast.Constant(n) for n in bound], ast.Load())
        setters = ast.Tuple([ast.Name(setter_name(n), ast.Load()) for n in bound], ast.Load())
        return operator_call("Binding", [value, texts, setters], node)

    def _stays(self, node: ast.expr) -> bool:
        # A lambda cannot bind the names of a lambda around it.
        return isinstance(self.function, ast.Lambda) and any(
            isinstance(n, ast.NamedExpr) for n in ast.walk(node)
        )

    def visit_NamedExpr(self, node: ast.NamedExpr) -> ast.expr:
        node.value = self.visit(node.value)
        if not self._operands:
            return node
        self.setters.add(node.target.id)
        name = ast.Name(setter_name(node.target.id), ast.Load())
        return located(ast.Call(name, [node.value], []), node)

    def visit_Call(self, node: ast.Call) -> ast.expr:
        if isinstance(node.func, ast.Name) and node.func.id == "super" and not node.args:
            first = next(iter(parameters(self.function.args)), None)
            if first is not None:
                # `super()` looks at the frame it is called in, which may be an operand's.
                names = [ast.Name("__class__", ast.Load()), ast.Name(first, ast.Load())]
                node.args = [located(n, node) for n in names]
            return node
        self.generic_visit(node)
        node.func = operator_call("callee", [node.func], node.func)
        return node

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.expr:
        if self._stays(node):
            return self.generic_visit(node)  # type: ignore[return-value]
        name = "and_" if isinstance(node.op, ast.And) else "or_"
        first = self.visit(node.values[0])
        rest: list[ast.expr] = [self.operand(v) for v in node.values[1:]]
        return operator_call(name, [first, *rest], node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.expr:
        self.generic_visit(node)
        if isinstance(node.op, ast.Not):
            return operator_call("not_", [node.operand], node)
        return node

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        if len(node.ops) == 1:
            self.generic_visit(node)
            operator = node.ops[0]
            if isinstance(operator, ast.In | ast.NotIn):
                name = "in_" if isinstance(operator, ast.In) else "not_in"
                return operator_call(name, [node.left, node.comparators[0]], node)
            return node
        if self._stays(node):
            return self.generic_visit(node)  # type: ignore[return-value]
        arguments = [self.visit(node.left)]
        for operator, right in zip(node.ops, node.comparators, strict=True):
            sign = located(ast.Constant(_SIGNS[type(operator)]), right)
            arguments.append(located(ast.Tuple([sign, self.operand(right)], ast.Load()), right))
        return operator_call("chain", arguments, node)

    def visit_IfExp(self, node: ast.IfExp) -> ast.expr:
        if self._stays(node) or is_plain_python(node.test):
            return self.generic_visit(node)  # type: ignore[return-value]
        text = ast.Constant(ast.unparse(node.test))
        test = self.visit(node.test)
        return operator_call(
            "if_exp", [test, self.operand(node.body), self.operand(node.orelse), text], node
        )


def setter_name(name: str) -> str:
    """The name of the function that binds `name` for a `:=` in an operand."""
    return f"ag_bind_{name}_"
