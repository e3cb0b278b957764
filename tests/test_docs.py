"""The documents: their Python runs and prints what they say, and their links lead somewhere.

In a Markdown file, blocks marked `python` run one after the other with one set of names. A block
with `>>>` is a doctest. A block followed, within two lines of text, by a block marked `text` must
print exactly that.
"""

from __future__ import annotations

import contextlib
import doctest
import io
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

import deras
from tests.doctest_numbers import FLAGS, NumberChecker

ROOT = Path(__file__).resolve().parent.parent
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


@dataclass
class Block:
    """A fenced block: its language, text, line of its first line, and what stands before it."""

    language: str
    text: str
    line: int
    before: str


def documents() -> list[str]:
    found = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").rglob("*.md")]
    return sorted(str(path.relative_to(ROOT)) for path in found)


def blocks(text: str) -> list[Block]:
    found = []
    end = 0
    for match in BLOCK.finditer(text):
        line = text.count("\n", 0, match.start(2)) + 1
        found.append(Block(match.group(1), match.group(2), line, text[end : match.start()]))
        end = match.end()
    return found


def groups(text: str) -> list[list[Block]]:
    """The blocks, with neighbouring doctests together.

    Those run as one test, as an error in one block may show lines of another, which doctest finds
    in the test at hand only.
    """
    found: list[list[Block]] = []
    for block in blocks(text):
        if found and is_doctest(found[-1][0]) and is_doctest(block):
            found[-1].append(block)
        else:
            found.append([block])
    return found


def is_doctest(block: Block) -> bool:
    return block.language == "python" and ">>>" in block.text


def run_doctests(group: list[Block], path: str, names: dict) -> None:
    text, line = "", 1
    for block in group:
        # Empty lines for what stands between, so that failures name the lines of the document.
        text += "\n" * (block.line - line) + block.text
        line = block.line + block.text.count("\n")
    printed = io.StringIO()
    runner = doctest.DocTestRunner(NumberChecker(), optionflags=FLAGS)
    test = doctest.DocTestParser().get_doctest(text, names, path, path, 0)
    runner.run(test, out=printed.write, clear_globs=False)
    names.update(test.globs)
    assert runner.failures == 0, printed.getvalue()


def run_program(block: Block, path: str, names: dict) -> str:
    """Run a block; returns what it printed."""
    # Padded, so that a traceback and `tf.function` find the lines of the document.
    code = compile("\n" * (block.line - 1) + block.text, str(ROOT / path), "exec")
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(code, names)
    return printed.getvalue()


@pytest.mark.parametrize("path", documents())
def test_the_code_runs(path):
    names: dict = {"__name__": "document", "tf": deras, "np": np}
    printed = None
    for group in groups((ROOT / path).read_text(encoding="utf-8")):
        block = group[0]
        if is_doctest(block):
            run_doctests(group, path, names)
        elif block.language == "python":
            printed = run_program(block, path, names)
            continue
        elif block.language == "text" and printed and block.before.strip().count("\n") < 2:
            assert printed == block.text
        printed = None


@pytest.mark.parametrize("path", documents())
def test_the_links_lead_somewhere(path):
    text = BLOCK.sub("", (ROOT / path).read_text(encoding="utf-8"))
    for target in LINK.findall(text):
        if not re.match(r"\w+:", target):
            file, _, _ = target.partition("#")
            assert not file or ((ROOT / path).parent / file).exists(), f"{path}: {target}"


def test_output_that_differs_is_noticed():
    document = "```python\nprint(1 + 1)\n```\n\nprints\n\n```text\n2\n```\n"
    code, output = blocks(document)
    assert (code.language, code.line, output.text) == ("python", 2, "2\n")
    assert run_program(code, "x.md", {}) == "2\n"


def test_a_wrong_example_is_noticed():
    document = "```python\n>>> def f(): 1 / 0\n```\n\ntext\n\n```python\n>>> f()\n1\n```\n"
    [group] = groups(document)
    with pytest.raises(AssertionError, match=r"line 8, in x\.md(.|\n)*ZeroDivisionError"):
        run_doctests(group, "x.md", {})
