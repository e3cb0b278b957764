"""`# deras: ignore[DRS101]`: findings that the user has looked at and wants no more.

On a statement's line it covers that statement; `# deras: ignore-file[...]` covers the file. Without
codes both cover every rule.
"""

from __future__ import annotations

import io
import re
import tokenize
from dataclasses import dataclass, field

_COMMENT = re.compile(r"#\s*deras:\s*ignore(-file)?(?:\[([^\]]*)\])?(?![\w-])")
_EVERY = "every"
_LAYOUT = {tokenize.NL, tokenize.COMMENT, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING}


@dataclass
class Ignored:
    """The codes ignored in a file, and those on each line."""

    everywhere: set[str] = field(default_factory=set)
    lines: dict[int, set[str]] = field(default_factory=dict)

    def covers(self, code: str, line: int) -> bool:
        codes = self.everywhere | self.lines.get(line, set())
        return code in codes or _EVERY in codes


def read_comments(text: str) -> Ignored:
    """The ignore comments of a text that parses."""
    found = Ignored()
    if "deras:" not in text:
        return found
    start = 0
    waiting: set[str] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            match = _COMMENT.search(token.string)
            if match:
                listed = match.group(2)
                codes = {_EVERY}
                if listed is not None:
                    codes = {code.strip() for code in listed.split(",") if code.strip()}
                if match.group(1):
                    found.everywhere |= codes
                elif start:
                    waiting |= codes
        elif token.type in (tokenize.NEWLINE, tokenize.ENDMARKER):
            # A statement over several lines is covered whole, wherever in it the comment stands.
            for line in range(start, token.end[0] + 1) if start and waiting else ():
                found.lines.setdefault(line, set()).update(waiting)
            start, waiting = 0, set()
        elif not start and token.type not in _LAYOUT:
            start = token.start[0]
    return found
