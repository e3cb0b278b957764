"""Precision and recall of `deras check` on its labelled corpus, for each code and overall.

    python scripts/check_corpus.py [part]

A snippet of `tests/checker/corpus/` marks each line on which a finding is wanted with a comment
`# expect: DRS101`; all else in it must stay silent. Parts are the corpus's folders: `first` was
written along with the rules, `held_out` after them, to measure them.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CORPUS = ROOT / "tests" / "checker" / "corpus"
MARK = re.compile(r"# expect: (DRS\d{3}(?:, DRS\d{3})*)")
sys.path.insert(0, str(ROOT))


@dataclass
class Score:
    """Findings that were wanted and came, came unwanted, and were wanted and did not come."""

    right: Counter = field(default_factory=Counter)
    false: Counter = field(default_factory=Counter)
    missed: Counter = field(default_factory=Counter)
    lines: list[str] = field(default_factory=list)
    planted: int = 0
    clean: int = 0

    def precision(self, code: str | None = None) -> float:
        return _share(self.right, self.false, code)

    def recall(self, code: str | None = None) -> float:
        return _share(self.right, self.missed, code)


def _share(right: Counter, wrong: Counter, code: str | None) -> float:
    good = right.total() if code is None else right[code]
    bad = wrong.total() if code is None else wrong[code]
    return good / (good + bad) if good + bad else 1.0


def wanted(text: str) -> set[tuple[str, int]]:
    """The (code, line) pairs that a snippet's comments ask for."""
    found = set()
    for number, line in enumerate(text.splitlines(), 1):
        match = MARK.search(line)
        for code in match.group(1).split(", ") if match else ():
            found.add((code, number))
    return found


def snippets(part: str = "") -> list[Path]:
    return sorted((CORPUS / part).rglob("*.py"))


def score(part: str = "") -> Score:
    """Check every snippet of a part of the corpus, or of all of it."""
    from deras._src.checker.runner import check_text

    total = Score()
    for path in snippets(part):
        text = path.read_text(encoding="utf-8")
        want = wanted(text)
        got = {(finding.code, finding.line) for finding in check_text(text, path.name)}
        total.planted += bool(want)
        total.clean += not want
        total.right.update(code for code, _ in want & got)
        total.false.update(code for code, _ in got - want)
        total.missed.update(code for code, _ in want - got)
        name = path.relative_to(CORPUS)
        total.lines += [f"{name}:{line}: false alarm: {code}" for code, line in sorted(got - want)]
        total.lines += [f"{name}:{line}: missed: {code}" for code, line in sorted(want - got)]
    return total


def main() -> None:
    for part in sys.argv[1:] or sorted(
        p.name for p in CORPUS.iterdir() if p.is_dir() and p.name[0] != "."
    ):
        total = score(part)
        print(f"{part}: {total.planted} planted and {total.clean} clean snippets")
        print("code     right  false  missed  precision  recall")
        for code in sorted({*total.right, *total.false, *total.missed}):
            print(
                f"{code}  {total.right[code]:6}{total.false[code]:7}{total.missed[code]:8}"
                f"{total.precision(code):11.2f}{total.recall(code):8.2f}"
            )
        print(
            f"overall  {total.right.total():5}{total.false.total():7}{total.missed.total():8}"
            f"{total.precision():11.3f}{total.recall():8.3f}"
        )
        print("".join(line + "\n" for line in total.lines))


if __name__ == "__main__":
    main()
