"""The labelled corpus: every planted mistake is found where it is, and nothing else is."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

from deras._src.checker.findings import all_rules
from deras._src.checker.runner import check_paths, check_text

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def load_script():
    path = ROOT / "scripts" / "check_corpus.py"
    spec = importlib.util.spec_from_file_location("check_corpus", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    import sys

    sys.modules["check_corpus"] = module
    spec.loader.exec_module(module)
    return module


corpus = load_script()


@pytest.mark.parametrize(
    "name", [str(path.relative_to(corpus.CORPUS)) for path in corpus.snippets()]
)
def test_what_is_planted_is_found_and_nothing_else(name):
    text = (corpus.CORPUS / name).read_text(encoding="utf-8")
    found = {(finding.code, finding.line) for finding in check_text(text, name)}
    assert found == corpus.wanted(text)


def test_the_corpus_is_large_and_covers_every_code():
    total = corpus.score()
    assert total.planted + total.clean >= 170
    assert total.clean >= 60
    assert set(total.right) == set(all_rules())


def test_the_rates_count_what_they_should():
    total = corpus.Score()
    total.right["DRS101"], total.false["DRS101"], total.missed["DRS102"] = 3, 1, 1
    assert (total.precision(), total.recall()) == (0.75, 0.75)
    assert (total.precision("DRS102"), total.recall("DRS102")) == (1.0, 0.0)


def test_nothing_is_found_in_the_examples():
    outcome = check_paths([str(ROOT / "examples")])
    assert outcome.files > 5
    assert (outcome.findings, outcome.problems) == ([], [])


@pytest.mark.parametrize(
    "path",
    [str(path.relative_to(ROOT)) for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]],
)
def test_nothing_is_found_in_the_documents(path):
    text = "import tensorflow as tf\nimport numpy as np\n"
    for block in BLOCK.findall((ROOT / path).read_text(encoding="utf-8")):
        if ">>>" not in block:
            text += block
    assert check_text(text, path) == []
