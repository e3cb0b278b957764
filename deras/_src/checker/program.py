"""A parsed file with everything that rules ask of it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from deras._src.checker.kinds import KindFinder
from deras._src.checker.libraries import (
    DATASET,
)
from deras._src.checker.models import ModelReader
from deras._src.checker.scopes import LOOPS, FunctionNode, Scopes
from deras._src.checker.tapes import TapeReader
from deras._src.checker.traced import Trace, Tracer

_EPOCHS = ("epoch", "epochs", "n_epochs", "num_epochs")


class Program:
    """The analyses of one file, in the order in which they need each other."""

    def __init__(self, tree: ast.Module, shown: frozenset[int] = frozenset()):
        self.tree = tree
        # Lines in which a notebook's cells end: it shows the value of an expression there.
        self.shown = shown
        self.scopes = Scopes(tree)
        self.kinds = KindFinder(self.scopes)
        self.tracer = Tracer(self.scopes, self.kinds)
        self.models = ModelReader(self.scopes, self.kinds)
        self.tapes = TapeReader(self.scopes, self.kinds)
        self.calls = self.tracer.calls

    def dotted(self, node: ast.AST | None) -> str:
        """The canonical name of an expression, "" where it has none."""
        return self.scopes.dotted(node) or ""

    def traced(self) -> Iterator[tuple[ast.AST, FunctionNode, Trace]]:
        """Every node that runs while a function is traced."""
        return self.tracer.nodes()

    def is_traced(self, node: ast.AST) -> bool:
        function = self.scopes.enclosing(node)
        return function in self.tracer.traces and not self.tracer.in_host_block(node)

    def is_data_loop(self, loop: ast.AST) -> bool:
        """Whether a loop goes over batches."""
        if not isinstance(loop, ast.For | ast.AsyncFor):
            return False
        for node in ast.walk(loop.iter):
            if isinstance(node, ast.expr) and self.kinds.kinds(node) & {DATASET, "iterator"}:
                return True
        words = {n.id.lower() for n in ast.walk(loop.iter) if isinstance(n, ast.Name)}
        words |= {n.attr.lower() for n in ast.walk(loop.iter) if isinstance(n, ast.Attribute)}
        return any(w.endswith(("_ds", "dataset", "loader", "batches")) or w == "ds" for w in words)

    def is_epoch_loop(self, loop: ast.AST) -> bool:
        """Whether a loop goes over epochs."""
        if not isinstance(loop, ast.For):
            return False
        words = [n.id.lower() for n in ast.walk(loop.target) if isinstance(n, ast.Name)]
        words += [n.id.lower() for n in ast.walk(loop.iter) if isinstance(n, ast.Name)]
        return any("epoch" in word for word in words)

    def runs_in_loop(self, node: ast.AST, depth: int = 0) -> bool:
        """Whether a node is run again and again: in a loop, or in a function called from one.

        Loops over epochs count; so do the calls that a file makes of its own functions.
        """
        if self.scopes.loops(node):
            return True
        function = self.scopes.enclosing(node)
        if function is None or depth > 3:
            return False
        sites = self.tracer.call_sites.get(function, [])
        return any(
            self.scopes.enclosing(call) is not function and self.runs_in_loop(call, depth + 1)
            for call, _ in sites
            if call in self.scopes.parents
        )

    def walk_loops(self) -> Iterator[ast.AST]:
        for node in self.scopes.parents:
            if isinstance(node, LOOPS):
                yield node
