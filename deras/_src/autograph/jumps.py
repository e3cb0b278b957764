"""`break`, `continue` and `return` as flags.

A branch or loop of a graph has no way out but its end. Where a branch certainly jumps, what follows
the `if` moves into its other branch, so that no flag is tested; elsewhere the jump sets a flag, and
what follows runs where the flag is not set. Loops learn which flags end them. On Python values the
flags are plain bools, so that the program does what it did.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence

from deras._src.autograph.names import walk_statements
from deras._src.autograph.source import FunctionNode

RETURN_VALUE = "ag_return_value_"
RETURNED = "ag_returned_"

_LOOPS = (ast.For, ast.While, ast.AsyncFor)


class Unconvertible(Exception):
    """A construct that cannot be converted; the function stays plain Python."""

    def __init__(self, reason: str, line: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line


class _Loop:
    """The flags of a loop being lowered."""

    def __init__(self, number: int) -> None:
        self.broken = f"ag_break_{number}_"
        self.skipped = f"ag_continue_{number}_"


class _Block:
    """Lowered statements, and the flags that may be set where they end."""

    def __init__(self, statements: list[ast.stmt], flags: Iterable[str] = ()) -> None:
        self.statements = statements
        self.flags = frozenset(flags)


class Jumps:
    """Lowers the jumps of one function's body."""

    def __init__(self) -> None:
        self._loops: list[_Loop] = []
        self._count = 0
        self._has_value = False
        self._ends: dict[int, bool] = {}
        self._tested: set[str] = set()

    def lower(self, body: list[ast.stmt]) -> list[ast.stmt]:
        """The body without jumps but for a `return` at its very end."""
        returns = [n for n in walk_statements(body) if isinstance(n, ast.Return)]
        simple = not returns or (len(returns) == 1 and body[-1] is returns[0])
        if simple and not any(isinstance(n, _LOOPS) for n in walk_statements(body)):
            return body
        if simple:
            last = [body[-1]] if returns else []
            return self._prune([*self._block(body[: len(body) - len(last)]).statements, *last])
        self._has_value = any(not _is_none(r.value) for r in returns)
        if self._has_value and not self._certain(body):
            implicit = ast.Return(None)
            body = [*body, _at(implicit, _last_line_of(body[-1]))]
        block = self._block(body).statements
        start = [_assign(RETURNED, ast.Constant(False), body[0])]
        end: list[ast.stmt] = []
        if self._has_value:
            name = ast.Name(RETURN_VALUE, ast.Load())
            end = [_at(ast.Return(name), _last_line_of(body[-1]))]
        return self._prune([*start, *block, *end])

    # -- blocks -----------------------------------------------------------------------------

    def _block(self, statements: Sequence[ast.stmt]) -> _Block:
        done: list[ast.stmt] = []
        for position, statement in enumerate(statements):
            rest = statements[position + 1 :]
            if not _jumps(statement):
                done += self._statement(statement).statements
                continue
            if isinstance(statement, ast.If):
                in_body, in_else = self._certain(statement.body), self._certain(statement.orelse)
                if in_body != in_else and rest and _can_move(rest):
                    # Here the rest belongs to one branch alone.
                    body, orelse = list(statement.body), list(statement.orelse)
                    (orelse if in_body else body).extend(rest)
                    block = self._if(statement, body, orelse)
                    return _Block(done + block.statements, block.flags)
            ends = self._ends_in_jump(statement)
            block = self._statement(statement)
            done += block.statements
            if ends or not rest:
                return _Block(done + _kept_names(rest), block.flags)
            if block.flags:
                after = self._block(rest)
                if after.statements:
                    done.append(self._guard(block.flags, after.statements, rest[0]))
                return _Block(done, block.flags | after.flags)
        return _Block(done)

    def _statement(self, node: ast.stmt) -> _Block:
        if isinstance(node, ast.Return):
            return self._return(node)
        if isinstance(node, ast.Break | ast.Continue):
            loop = self._loops[-1]
            flag = loop.broken if isinstance(node, ast.Break) else loop.skipped
            return _Block([_assign(flag, ast.Constant(True), node)], [flag])
        if isinstance(node, ast.If):
            return self._if(node, node.body, node.orelse)
        if isinstance(node, ast.While | ast.For):
            return self._loop(node)
        if isinstance(node, ast.With):
            block = self._block(node.body)
            node.body = block.statements
            return _Block([node], block.flags)
        if isinstance(node, ast.Try | ast.TryStar):
            return self._try(node)
        if isinstance(node, ast.Match):
            flags: frozenset[str] = frozenset()
            for case in node.cases:
                block = self._block(case.body)
                case.body = block.statements
                flags |= block.flags
            return _Block([node], flags)
        return _Block([node])

    def _return(self, node: ast.Return) -> _Block:
        done: list[ast.stmt] = []
        if self._has_value:
            done.append(_assign(RETURN_VALUE, node.value or ast.Constant(None), node))
        elif node.value is not None and not isinstance(node.value, ast.Constant):
            done.append(ast.copy_location(ast.Expr(node.value), node))
        done.append(_assign(RETURNED, ast.Constant(True), node))
        return _Block(done, [RETURNED])

    def _if(self, node: ast.If, body: list[ast.stmt], orelse: list[ast.stmt]) -> _Block:
        returning = [side for side, b in enumerate((body, orelse)) if _returns(b)]
        first, second = self._block(body), self._block(orelse)
        new = ast.If(node.test, first.statements or [_at(ast.Pass(), node)], second.statements)
        new.returning = returning  # type: ignore[attr-defined]
        return _Block([ast.copy_location(new, node)], first.flags | second.flags)

    def _loop(self, node: ast.While | ast.For) -> _Block:
        self._count += 1
        loop = _Loop(self._count)
        self._loops.append(loop)
        block = self._block(node.body)
        self._loops.pop()
        orelse, node.orelse = node.orelse, []
        ending = sorted(block.flags - {loop.skipped})
        node.body = block.statements
        done: list[ast.stmt] = [node]
        if loop.skipped in block.flags:
            node.body = [_assign(loop.skipped, ast.Constant(False), node), *node.body]
        if ending:
            self._tested.update(ending)
            node.ended_by = ending  # type: ignore[union-attr]
        if loop.broken in block.flags:
            done.insert(0, _assign(loop.broken, ast.Constant(False), node))
        flags = block.flags & {RETURNED}
        if orelse:
            after = self._block(orelse)
            flags |= after.flags
            done += (
                [self._guard(ending, after.statements, orelse[0])] if ending else after.statements
            )
        return _Block(done, flags)

    def _try(self, node: ast.Try | ast.TryStar) -> _Block:
        if any(_jumps(s) for s in node.finalbody):
            raise Unconvertible("a jump (return, break, continue) inside finally", node.lineno)
        block = self._block(node.body)
        node.body, flags = block.statements, block.flags
        if node.orelse:
            after = self._block(node.orelse)
            node.orelse = after.statements
            if flags:
                node.orelse = [self._guard(flags, after.statements, node.orelse[0])]
            flags |= after.flags
        for handler in node.handlers:
            block = self._block(handler.body)
            handler.body = block.statements
            flags |= block.flags
        node.finalbody = self._block(node.finalbody).statements
        return _Block([node], flags)

    # -- what is certain --------------------------------------------------------------------

    def _certain(self, statements: Sequence[ast.stmt]) -> bool:
        """Whether every way through the statements ends in a jump or an exception."""
        return any(self._ends_in_jump(s) for s in statements)

    def _ends_in_jump(self, node: ast.stmt) -> bool:
        known = self._ends.get(id(node))
        if known is None:
            if isinstance(node, ast.Return | ast.Break | ast.Continue | ast.Raise):
                known = True
            elif isinstance(node, ast.If):
                known = self._certain(node.body) and self._certain(node.orelse)
            else:
                known = False
            self._ends[id(node)] = known
        return known

    def _guard(self, flags: Iterable[str], body: list[ast.stmt], at: ast.stmt) -> ast.stmt:
        """`body` where none of the flags is set."""
        flags = sorted(flags)
        self._tested.update(flags)
        return _at(ast.If(negated(flags), body or [ast.Pass()], []), at)

    def _prune(self, body: list[ast.stmt]) -> list[ast.stmt]:
        """Without the flags that nothing tests."""
        for block in _blocks(body):
            kept = [s for s in block if getattr(s, "flag", None) in (None, *self._tested)]
            block[:] = kept or [_at(ast.Pass(), block[0])]
        return body


def _blocks(body: list[ast.stmt]) -> Iterable[list[ast.stmt]]:
    if body:
        yield body
    for statement in walk_statements(body):
        if not isinstance(statement, FunctionNode | ast.ClassDef):
            for holder in (statement, *getattr(statement, "handlers", ()), *_cases(statement)):
                for field in ("body", "orelse", "finalbody"):
                    if getattr(holder, field, None):
                        yield getattr(holder, field)


def _cases(statement: ast.stmt) -> list[ast.match_case]:
    return statement.cases if isinstance(statement, ast.Match) else []


def _jumps(node: ast.stmt) -> bool:
    """Whether a jump inside leaves this statement."""
    known = getattr(node, "ag_jumps", None)
    if known is None:
        known = node.ag_jumps = _find_jump(node, False)  # type: ignore[attr-defined]
    return known


def _find_jump(node: ast.AST, in_loop: bool) -> bool:
    if isinstance(node, ast.Return):
        return True
    if isinstance(node, ast.Break | ast.Continue):
        return not in_loop
    if isinstance(node, FunctionNode | ast.ClassDef | ast.expr):
        return False
    if isinstance(node, _LOOPS):
        return any(_find_jump(s, True) for s in node.body) or any(
            _find_jump(s, in_loop) for s in node.orelse
        )
    return any(_find_jump(child, in_loop) for child in ast.iter_child_nodes(node))


def _returns(statements: Sequence[ast.stmt]) -> bool:
    """Whether every way through the statements ends in a return or an exception."""
    for node in statements:
        if isinstance(node, ast.Return | ast.Raise):
            return True
        if isinstance(node, ast.If) and _returns(node.body) and _returns(node.orelse):
            return True
        if isinstance(node, ast.With) and _returns(node.body):
            return True
    return False


def _can_move(rest: Sequence[ast.stmt]) -> bool:
    # Declarations must stay on the level of the function.
    return not any(isinstance(n, ast.Global | ast.Nonlocal) for n in walk_statements(rest))


def _kept_names(rest: Sequence[ast.stmt]) -> list[ast.stmt]:
    """Statements that are never reached, kept for the names that they make local."""
    if not rest:
        return []
    return [_at(ast.If(ast.Constant(False), [_Dead().visit(s) for s in rest], []), rest[0])]


class _Dead(ast.NodeTransformer):
    """Takes the jumps out of statements that are never reached."""

    def visit_Return(self, node: ast.Return) -> ast.stmt:
        return ast.copy_location(ast.Pass(), node)

    visit_Break = visit_Continue = visit_Return  # type: ignore[assignment]

    def visit_FunctionDef(self, node: ast.AST) -> ast.AST:
        return node

    visit_AsyncFunctionDef = visit_ClassDef = visit_FunctionDef


def negated(flags: Sequence[str]) -> ast.expr:
    """The expression `not (a or b)`."""
    names: list[ast.expr] = [ast.Name(f, ast.Load()) for f in flags]
    test = names[0] if len(names) == 1 else ast.BoolOp(ast.Or(), names)
    return ast.UnaryOp(ast.Not(), test)


def _assign(name: str, value: ast.expr, at: ast.stmt) -> ast.Assign:
    node = _at(ast.Assign([ast.Name(name, ast.Store())], value), at)
    if name != RETURN_VALUE:
        node.flag = name  # type: ignore[attr-defined]
    return node


def _is_none(value: ast.expr | None) -> bool:
    return value is None or (isinstance(value, ast.Constant) and value.value is None)


def _last_line_of(node: ast.stmt) -> ast.stmt:
    mark = ast.Pass()
    mark.lineno = mark.end_lineno = node.end_lineno or node.lineno
    mark.col_offset = mark.end_col_offset = node.end_col_offset or 0
    return mark


def _at(node, place):
    """Gives `node`, and what in it has no position yet, the position of `place`."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.expr | ast.stmt) and not hasattr(inner, "lineno"):
            ast.copy_location(inner, place)
            # Only the line: a whole statement's span would point tools at the wrong text.
            inner.end_lineno, inner.end_col_offset = inner.lineno, inner.col_offset
    return node
