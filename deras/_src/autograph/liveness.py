"""Which names are still wanted: before, and after, each branch and loop of one function.

A name that is dead after an `if` need not be bound in both of its branches, and one that is dead
between the trips of a loop is not carried by it. The jumps are lowered by now, so one walk from the
end to the start is enough; loops are walked until nothing changes.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence

from deras._src.autograph.names import Aliases, uses

Names = frozenset[str]
_NOTHING: Names = frozenset()


class Liveness:
    """Walks a function's body.

    Attributes:
      before: node id -> the names wanted where the `if` or loop begins (for a loop: each trip).
      after: node id -> the names wanted after it.
    """

    def __init__(self, aliases: Aliases, outer: Iterable[str]) -> None:
        self.before: dict[int, Names] = {}
        self.after: dict[int, Names] = {}
        self._aliases = aliases
        self._outer = frozenset(outer)
        self._raising = self._outer
        self._known: dict[int, tuple[Names, Names]] = {}

    def run(self, body: Sequence[ast.stmt]) -> None:
        """Fills `before` and `after` for all `if`s and loops in `body`."""
        self._block(body, self._outer)

    def _uses(self, node: ast.AST | None) -> tuple[Names, Names]:
        """What a node reads, and what it binds whatever happens."""
        if node is None:
            return _NOTHING, _NOTHING
        known = self._known.get(id(node))
        if known is None:
            found = uses(node, self._aliases)
            known = self._known[id(node)] = frozenset(found.reads), frozenset(found.kills)
        return known

    def _block(self, body: Sequence[ast.stmt], live: Names) -> Names:
        for statement in reversed(body):
            live = self._statement(statement, live) | self._raising
        return live

    def _statement(self, node: ast.stmt, live: Names) -> Names:
        if isinstance(node, ast.If):
            before = self._block(node.body, live) | self._block(node.orelse, live)
            before |= self._uses(node.test)[0]
            self.before[id(node)], self.after[id(node)] = before, live
            return before
        if isinstance(node, ast.While | ast.For):
            return self._loop(node, live)
        if isinstance(node, ast.With):
            # What it may swallow is left out: few blocks are left so, and each name that the block
            # binds would have to be carried by the loops around it.
            inner = self._block(node.body, live)
            for item in reversed(node.items):
                inner = (inner - self._uses(item.optional_vars)[1]) | self._uses(item)[0]
            return inner
        if isinstance(node, ast.Try | ast.TryStar):
            return self._try(node, live)
        if isinstance(node, ast.Match):
            found = live
            for case in node.cases:
                inner = self._block(case.body, live) | self._uses(case.guard)[0]
                found |= (inner - frozenset(uses(case.pattern).writes)) | self._uses(case.pattern)[
                    0
                ]
            return found | self._uses(node.subject)[0]
        reads, kills = self._uses(node)
        if isinstance(node, ast.Return):
            return reads | self._outer
        if isinstance(node, ast.Raise):
            return reads | self._raising
        return (live - kills) | reads

    def _loop(self, node: ast.While | ast.For, live: Names) -> Names:
        ended_by = frozenset(getattr(node, "ended_by", ()))
        test = self._uses(node.test)[0] if isinstance(node, ast.While) else _NOTHING
        targets = self._uses(node.target)[1] if isinstance(node, ast.For) else _NOTHING
        reads = self._uses(node.target)[0] if isinstance(node, ast.For) else _NOTHING
        head = live | ended_by | test
        while True:
            body = (self._block(node.body, head) - targets) | reads
            wider = head | body
            if wider == head:
                break
            head = wider
        self.before[id(node)], self.after[id(node)] = head, live
        if isinstance(node, ast.For):
            return head | self._uses(node.iter)[0]
        return head

    def _try(self, node: ast.Try | ast.TryStar, live: Names) -> Names:
        saved = self._raising
        final = self._block(node.finalbody, live | saved) if node.finalbody else live
        if node.finalbody:
            self._raising = saved | final
        caught = self._raising
        for handler in node.handlers:
            inner = self._block(handler.body, final)
            name = frozenset([handler.name] if handler.name else ())
            caught |= (inner - name) | self._uses(handler.type)[0]
        after = self._block(node.orelse, final)
        self._raising = caught
        before = self._block(node.body, after)
        self._raising = saved
        return before
