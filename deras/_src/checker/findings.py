"""What a rule and a finding are, and the registry that rules enter themselves in."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deras._src.checker.program import Program

# What a rule yields: the node to point at and, where the rule's own sentence can be made more
# exact, that sentence.
Hit = tuple[ast.AST, str | None]


@dataclass(frozen=True)
class Rule:
    """One kind of mistake.

    `why` and `fix` are a sentence each: what goes wrong, and what to do instead.
    """

    code: str
    name: str
    why: str
    fix: str
    find: Callable[[Program], Iterator[Hit]]

    @property
    def page(self) -> str:
        """The file of the documentation page, below docs/."""
        return f"checks/{self.code}.md"


@dataclass(frozen=True, order=True)
class Finding:
    """A mistake at a place; `cell` is the number of a notebook's code cell, 0 in plain files."""

    path: str
    cell: int
    line: int
    column: int
    code: str
    name: str
    why: str
    fix: str
    end_line: int = 0
    end_column: int = 0

    @property
    def place(self) -> str:
        """`file:line:column`, or `file:cell 3:line:column` in a notebook."""
        cell = f"cell {self.cell}:" if self.cell else ""
        return f"{self.path}:{cell}{self.line}:{self.column}"

    @property
    def message(self) -> str:
        return f"{self.why} {self.fix}"


RULES: dict[str, Rule] = {}


def rule(
    code: str, name: str, why: str, fix: str
) -> Callable[[Callable[[Program], Iterator[Hit]]], Callable[[Program], Iterator[Hit]]]:
    """Enter the decorated function, which yields hits for a program, as the rule `code`."""

    def enter(find: Callable[[Program], Iterator[Hit]]) -> Callable[[Program], Iterator[Hit]]:
        if code in RULES or not re.fullmatch(r"DRS\d{3}", code):
            raise ValueError(f"checker: {code!r} is not a new code of the form DRS101.")
        RULES[code] = Rule(code, name, why, fix, find)
        return find

    return enter


def all_rules() -> dict[str, Rule]:
    """Every rule by its code, in the order of the codes."""
    from deras._src.checker import rules  # noqa: F401 - importing it enters the rules

    return dict(sorted(RULES.items()))
