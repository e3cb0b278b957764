"""`deras check`: what goes wrong in custom training code, found before running it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from deras._src.checker.findings import all_rules
from deras._src.checker.report import as_json, as_sarif, find_page, line_of, summary
from deras._src.checker.runner import Outcome, check_paths


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="deras check",
        usage="deras check [options] path [path ...]",
        description="Find mistakes in custom training code without running it: in files, folders"
        " (their .py and .ipynb files) and notebooks, written for TensorFlow, Keras or Deras.",
        epilog="Exit status: 0 nothing found, 1 something found, 2 something could not be checked."
        " A line is left alone with a comment: # deras: ignore[DRS101]; a whole file with"
        " # deras: ignore-file[DRS101].",
    )
    parser.add_argument("paths", nargs="*", metavar="path", help="a file, folder or notebook")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print one JSON object")
    form.add_argument("--sarif", action="store_true", help="print a SARIF 2.1.0 log")
    parser.add_argument(
        "--select", metavar="CODES", help="only these, by code or its beginning: DRS101,DRS2"
    )
    parser.add_argument("--ignore", metavar="CODES", help="not these, by code or its beginning")
    parser.add_argument("--explain", metavar="CODE", help="print the page of a code, and stop")
    parser.add_argument("--list", action="store_true", help="list all codes, and stop")
    return parser


def main(arguments: Sequence[str]) -> int:
    """Check what `arguments` name; returns the exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.explain:
        [code] = _codes(parser, options.explain, whole=True)
        print(find_page(code).read_text(encoding="utf-8"), end="")
        return 0
    if options.list:
        for code, rule in all_rules().items():
            print(f"{code} {rule.name}: {rule.why}")
        return 0
    if not options.paths:
        parser.error("a file, folder or notebook is needed")
    codes = _codes(parser, options.select) if options.select else set(all_rules())
    if options.ignore:
        codes -= _codes(parser, options.ignore)
    outcome = check_paths(options.paths, codes)
    if options.json:
        print(as_json(outcome))
    elif options.sarif:
        print(as_sarif(outcome))
    else:
        _print_lines(outcome)
    for problem in outcome.problems:
        print(problem, file=sys.stderr)
    return outcome.status


def _codes(parser: argparse.ArgumentParser, text: str, *, whole: bool = False) -> set[str]:
    """The codes that a list of codes and beginnings of codes stands for."""
    found: set[str] = set()
    for part in filter(None, (part.strip().upper() for part in text.split(","))):
        matching = {code for code in all_rules() if code == part}
        if not whole:
            matching = {code for code in all_rules() if code.startswith(part)}
        if not matching:
            parser.error(f"there is no code {part}; see: deras check --list")
        found |= matching
    if whole and len(found) != 1:
        parser.error("--explain takes one code")
    return found


def _print_lines(outcome: Outcome) -> None:
    if not sys.stdout.isatty():
        for finding in outcome.findings:
            print(line_of(finding))
        print(summary(outcome))
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    for finding in outcome.findings:
        text = Text.assemble(
            (finding.place, "bold"), " ", (finding.code, "red"), f" {finding.why} ",
            (finding.fix, "green"),
        )  # fmt: skip
        console.print(text, soft_wrap=True)
    console.print(summary(outcome), markup=False)
