"""What statements and expressions read and bind, by name, within one function.

Nested functions count with what they capture: making one reads its free names, and so does every
later mention of its name, as that may call it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import NamedTuple

from deras._src.autograph.source import FunctionNode

_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


class Captured(NamedTuple):
    """What a nested function reads of the function around it, and what it rebinds there."""

    reads: frozenset[str]
    writes: frozenset[str]


Aliases = dict[str, Captured]


class Uses(ast.NodeVisitor):
    """Names read and bound by the nodes visited, on this function's level.

    Attributes:
      reads: names whose value may be needed.
      writes: names that may be bound or deleted.
      kills: names that are bound whatever happens.
      global_names: names declared `global`.
      nonlocal_names: names declared `nonlocal`.
      places: attributes and elements that are assigned to, by their text.
    """

    def __init__(self, aliases: Aliases | None = None) -> None:
        self.reads: set[str] = set()
        self.writes: set[str] = set()
        self.kills: set[str] = set()
        self.global_names: set[str] = set()
        self.nonlocal_names: set[str] = set()
        self.places: dict[str, ast.expr] = {}
        self._aliases = aliases or {}

    def _read(self, name: str) -> None:
        self.reads.add(name)
        captured = self._aliases.get(name)
        if captured is not None:
            self.reads |= captured.reads
            self.writes |= captured.writes

    def _bind(self, name: str) -> None:
        self.writes.add(name)
        self.kills.add(name)

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load):
            self._read(node.id)
        elif isinstance(node.ctx, ast.Store):
            self._bind(node.id)
        else:
            self.reads.add(node.id)
            self.writes.add(node.id)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        if isinstance(node.target, ast.Name):
            self._read(node.target.id)
        self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        # The annotation of a local name is never evaluated.
        if node.value is not None:
            self.visit(node.target)
            self.visit(node.value)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self.visit(node.value)
        self.writes.add(node.target.id)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self._place(node)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        self._place(node)

    def _place(self, node: ast.Attribute | ast.Subscript) -> None:
        if not isinstance(node.ctx, ast.Load) and _is_plain_place(node):
            self.places[ast.unparse(node)] = node
        self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for part in (*node.decorator_list, *_defaults(node.args)):
            self.visit(part)
        self._capture(node)
        self._bind(node.name)

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Lambda(self, node: ast.Lambda) -> None:
        for part in _defaults(node.args):
            self.visit(part)
        self._capture(node)

    def _capture(self, node: FunctionNode) -> None:
        captured = captured_by(node)
        for name in captured.reads:
            self._read(name)
        self.reads |= captured.writes

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        for part in (*node.decorator_list, *node.bases, *node.keywords):
            self.visit(part)
        inner = Uses(self._aliases)
        inner.visit_all(node.body)
        self.reads |= inner.reads
        self.writes |= inner.writes & (inner.nonlocal_names | inner.global_names)
        self._bind(node.name)

    def _comprehension(self, node: ast.AST) -> None:
        inner = Uses(self._aliases)
        inner.generic_visit(node)
        targets = Uses()
        targets.visit_all(g.target for g in node.generators)  # type: ignore[attr-defined]
        self.reads |= inner.reads - targets.writes
        self.writes |= inner.writes - targets.writes

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _comprehension

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        if node.name:
            self.writes.add(node.name)
        self.generic_visit(node)

    def visit_MatchAs(self, node: ast.MatchAs | ast.MatchStar) -> None:
        if node.name:
            self.writes.add(node.name)
        self.generic_visit(node)

    visit_MatchStar = visit_MatchAs

    def visit_MatchMapping(self, node: ast.MatchMapping) -> None:
        if node.rest:
            self.writes.add(node.rest)
        self.generic_visit(node)

    def visit_alias(self, node: ast.alias) -> None:
        self._bind(node.asname or node.name.partition(".")[0])

    def visit_Global(self, node: ast.Global) -> None:
        self.global_names.update(node.names)

    def visit_Nonlocal(self, node: ast.Nonlocal) -> None:
        self.nonlocal_names.update(node.names)

    def visit_all(self, nodes: Iterable[ast.AST]) -> None:
        """Visits several nodes."""
        for node in nodes:
            self.visit(node)


def uses(nodes: ast.AST | Iterable[ast.AST] | None, aliases: Aliases | None = None) -> Uses:
    """What one node, or several, read and bind."""
    found = Uses(aliases)
    if nodes is None:
        return found
    if isinstance(nodes, ast.AST):
        found.visit(nodes)
    else:
        found.visit_all(nodes)
    return found


def _defaults(args: ast.arguments) -> list[ast.expr]:
    return [*args.defaults, *(d for d in args.kw_defaults if d is not None)]


def parameters(args: ast.arguments) -> list[str]:
    """The names of all parameters."""
    found = [a.arg for a in (*args.posonlyargs, *args.args, *args.kwonlyargs)]
    return found + [a.arg for a in (args.vararg, args.kwarg) if a is not None]


def body_of(node: FunctionNode) -> list[ast.AST]:
    """A function's statements, or the expression of a lambda."""
    return [node.body] if isinstance(node, ast.Lambda) else list(node.body)


def captured_by(node: FunctionNode) -> Captured:
    """What a function reads and rebinds of the functions around it (and of the globals)."""
    inner = uses(body_of(node))
    own = (inner.writes | set(parameters(node.args))) - inner.nonlocal_names - inner.global_names
    return Captured(
        frozenset(inner.reads - own - inner.global_names),
        frozenset(inner.writes & inner.nonlocal_names),
    )


def aliases_in(statements: Iterable[ast.stmt]) -> Aliases:
    """The names that nested functions go by, with what those functions capture."""
    found: Aliases = {}

    def add(name: str, captured: Captured) -> None:
        known = found.get(name, Captured(frozenset(), frozenset()))
        found[name] = Captured(known.reads | captured.reads, known.writes | captured.writes)

    for node in walk_statements(statements):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            add(node.name, captured_by(node))
        elif isinstance(node, ast.Assign):
            lambdas = [n for n in ast.walk(node.value) if isinstance(n, ast.Lambda)]
            for target in node.targets if lambdas else ():
                if isinstance(target, ast.Name):
                    for function in lambdas:
                        add(target.id, captured_by(function))
    changed = True
    while changed:  # a function that mentions another one captures what that one does
        changed = False
        for name, captured in list(found.items()):
            for other in captured.reads & found.keys():
                before = found[name]
                add(name, found[other])
                changed = changed or found[name] != before
    return found


def walk_level(nodes: Iterable[ast.AST]) -> Iterable[ast.AST]:
    """All nodes of one function's level: functions and classes are given, not entered."""
    stack = list(nodes)[::-1]
    while stack:
        node = stack.pop()
        yield node
        if not isinstance(node, FunctionNode | ast.ClassDef):
            stack.extend(ast.iter_child_nodes(node))


def walk_statements(nodes: Iterable[ast.AST]) -> Iterable[ast.stmt]:
    """The statements of one function's level, without those of nested functions and classes."""
    stack = list(nodes)[::-1]
    while stack:
        node = stack.pop()
        if isinstance(node, ast.stmt):
            yield node
            if isinstance(node, FunctionNode | ast.ClassDef):
                continue
        for field in _BLOCKS:
            stack.extend(getattr(node, field, ()))


_BLOCKS = ("body", "orelse", "handlers", "finalbody", "cases")


def _is_plain_place(node: ast.expr) -> bool:
    """Whether an attribute or element is named by names and constants alone."""
    while True:
        if isinstance(node, ast.Attribute):
            node = node.value
        elif isinstance(node, ast.Subscript):
            if not isinstance(node.slice, ast.Name | ast.Constant):
                return False
            node = node.value
        else:
            return isinstance(node, ast.Name)


def is_coroutine_or_generator(node: FunctionNode) -> bool:
    """Whether calling the function does not run its body at once."""
    if isinstance(node, ast.AsyncFunctionDef):
        return True
    waits = (ast.Yield, ast.YieldFrom, ast.Await)
    return any(isinstance(n, waits) for n in walk_level(body_of(node)))
