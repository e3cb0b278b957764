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


def run(block: Block, path: str, names: dict) -> str:
    """Run a block; returns what it printed. Fails where an example in it does."""
    printed = io.StringIO()
    if ">>>" in block.text:
        runner = doctest.DocTestRunner(NumberChecker(), optionflags=FLAGS)
        test = doctest.DocTestParser().get_doctest(block.text, names, path, path, block.line)
        runner.run(test, out=printed.write, clear_globs=False)
        names.update(test.globs)
        assert runner.failures == 0, printed.getvalue()
        return ""
    # Padded, so that a traceback and `tf.function` find the lines of the document.
    code = compile("\n" * (block.line - 1) + block.text, str(ROOT / path), "exec")
    with contextlib.redirect_stdout(printed):
        exec(code, names)
    return printed.getvalue()


@pytest.mark.parametrize("path", documents())
def test_the_code_runs(path):
    names: dict = {"__name__": "document", "tf": deras, "np": np}
    printed = None
    for block in blocks((ROOT / path).read_text(encoding="utf-8")):
        if block.language == "python":
            printed = run(block, path, names)
            continue
        is_output = block.language == "text" and block.before.strip().count("\n") < 2
        if is_output and printed:
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
    assert run(code, "x.md", {}) == "2\n"
