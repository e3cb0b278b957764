"""The checker over texts and paths: read, apply the rules, leave out what is ignored."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from deras._src.checker.comments import read_comments
from deras._src.checker.findings import Finding, all_rules
from deras._src.checker.program import Program
from deras._src.checker.source import Problem, Source, find_files, parse, read

_LIBRARIES = ("tensorflow", "keras", "deras")


@dataclass
class Outcome:
    """What a run gave: findings in order of place, what could not be checked, files seen."""

    findings: list[Finding] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    files: int = 0

    @property
    def status(self) -> int:
        """The exit status: 2 if something was not checked, else 1 if something was found."""
        return 2 if self.problems else int(bool(self.findings))


def check_paths(paths: Iterable[str], codes: Collection[str] | None = None) -> Outcome:
    """Check files, folders and notebooks; a file that can't be read does not stop the rest."""
    outcome = Outcome()
    for path in find_files(paths):
        if isinstance(path, Problem):
            outcome.problems.append(path)
            continue
        outcome.files += 1
        source, problems = read(path)
        outcome.problems += problems
        if source is not None:
            try:
                outcome.findings += check_source(source, codes)
            except RecursionError:
                message = "its expressions are nested too deeply to follow."
                outcome.problems.append(Problem(path, message))
    return outcome


def check_text(text: str, path: str = "<text>") -> list[Finding]:
    """The findings in a Python text.

    Raises:
      SyntaxError: it does not parse.
    """
    tree = parse(text)
    if not isinstance(tree, ast.Module):
        raise SyntaxError(f"{path}:{tree[1]}: {tree[0]}")
    return check_source(Source(path, text, tree))


def check_source(source: Source, codes: Collection[str] | None = None) -> list[Finding]:
    """The findings in a parsed file, sorted by place; all rules unless `codes` are given."""
    # Most files of a project have nothing to do with training.
    if not any(library in source.text for library in _LIBRARIES):
        return []
    program = Program(source.tree, source.shown)
    ignored = read_comments(source.text)
    lines = source.text.splitlines()
    found: dict[tuple[str, int, int], Finding] = {}
    for code, rule in all_rules().items():
        if codes is not None and code not in codes:
            continue
        for node, sentence in rule.find(program):
            line = getattr(node, "lineno", 1)
            if ignored.covers(code, line):
                continue
            cell, shown = source.place(line)
            end = getattr(node, "end_lineno", None) or line
            finding = Finding(
                source.path,
                cell,
                shown,
                _column(lines, line, getattr(node, "col_offset", 0)),
                code,
                rule.name,
                sentence or rule.why,
                rule.fix,
                source.place(end)[1],
                _column(lines, end, getattr(node, "end_col_offset", None) or 0),
            )
            found.setdefault((code, line, finding.column), finding)
    return sorted(found.values())


def _column(lines: list[str], line: int, offset: int) -> int:
    """The column in characters, from 1; `ast` counts UTF-8 bytes, from 0."""
    if line > len(lines):
        return 1
    return len(lines[line - 1].encode()[:offset].decode(errors="replace")) + 1
