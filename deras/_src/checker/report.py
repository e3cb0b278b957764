"""What a run found, as lines of text, JSON or SARIF 2.1.0; and the documentation pages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import deras._src
from deras._src.checker.findings import Finding, all_rules
from deras._src.checker.runner import Outcome
from deras._src.util.version import __version__

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def summary(outcome: Outcome) -> str:
    """One line: how much was found in how many files, and how much was not checked."""
    places = len({finding.path for finding in outcome.findings})
    text = f"{_count(len(outcome.findings), 'finding')} in {_count(outcome.files, 'file')}"
    if places and outcome.files > 1:
        text = f"{_count(len(outcome.findings), 'finding')} in {places} of {outcome.files} files"
    if outcome.problems:
        text += f"; {len(outcome.problems)} not checked"
    return text + "."


def _count(number: int, word: str) -> str:
    return f"{number or 'no'} {word}" + ("" if number == 1 else "s")


def line_of(finding: Finding) -> str:
    """`file:line:column CODE message`."""
    return f"{finding.place} {finding.code} {finding.message}"


def as_json(outcome: Outcome) -> str:
    """Findings and problems as one JSON object."""
    findings = [
        {
            "path": f.path,
            "cell": f.cell or None,
            "line": f.line,
            "column": f.column,
            "end_line": f.end_line,
            "end_column": f.end_column,
            "code": f.code,
            "name": f.name,
            "why": f.why,
            "fix": f.fix,
        }
        for f in outcome.findings
    ]
    problems = [
        {"path": p.path, "cell": p.cell or None, "line": p.line or None, "message": p.message}
        for p in outcome.problems
    ]
    shown = {
        "version": 1,
        "files": outcome.files,
        "findings": findings,
        "problems": problems,
    }
    return json.dumps(shown, indent=2, ensure_ascii=False)


def as_sarif(outcome: Outcome) -> str:
    """The run as a SARIF 2.1.0 log, which code hosts and editors show beside the code."""
    rules = all_rules()
    places = {code: index for index, code in enumerate(rules)}
    driver = {
        "name": "deras check",
        "version": __version__,
        "rules": [
            {
                "id": code,
                "name": "".join(word.capitalize() for word in rule.name.split("-")),
                "shortDescription": {"text": rule.why},
                "help": {"text": f"{rule.fix} More: deras check --explain {code}"},
                "defaultConfiguration": {"level": "warning"},
            }
            for code, rule in rules.items()
        ],
    }
    results = [
        {
            "ruleId": finding.code,
            "ruleIndex": places[finding.code],
            "level": "warning",
            "message": {"text": finding.message},
            "locations": [_location(finding)],
        }
        for finding in outcome.findings
    ]
    notes = [
        {"level": "error", "message": {"text": str(problem)}} for problem in outcome.problems
    ]  # fmt: skip
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "invocations": [
            {"executionSuccessful": not notes, "toolExecutionNotifications": notes}
        ],
        "results": results,
    }  # fmt: skip
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2)


def _location(finding: Finding) -> dict[str, Any]:
    region = {
        "startLine": finding.line,
        "startColumn": finding.column,
        "endLine": max(finding.end_line, finding.line),
        "endColumn": finding.end_column,
    }
    if finding.end_line <= finding.line:
        region["endColumn"] = max(finding.end_column, finding.column)
    path = Path(finding.path)
    uri = path.as_uri() if path.is_absolute() else quote(path.as_posix())
    location: dict[str, Any] = {
        "physicalLocation": {"artifactLocation": {"uri": uri}, "region": region}
    }
    if finding.cell:  # SARIF knows no cells: lines are those of the cell that is named here.
        location["logicalLocations"] = [{"name": f"cell {finding.cell}"}]
    return location


def find_page(code: str) -> Path:
    """The page of a rule: a wheel carries the pages along, a clone has them in `docs/`.

    Raises:
      FileNotFoundError: the installation has neither.
    """
    package = Path(deras._src.__file__).parents[1]
    page = Path("checks", f"{code}.md")
    places = (package / "_docs" / page, package.parent / "docs" / page)
    for place in places:
        if place.is_file():
            return place
    raise FileNotFoundError(
        f"deras check: the page of {code} is missing from this installation; looked for"
        f" {places[0]} and {places[1]}"
    )
