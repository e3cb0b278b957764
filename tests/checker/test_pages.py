"""The documentation page of each code: its failing program fails, its mended one does not."""

from __future__ import annotations

import re

import pytest

from deras._src.checker.findings import RULES, all_rules, rule
from deras._src.checker.report import find_page
from deras._src.checker.runner import check_text

PROGRAM = re.compile(r"^## (\w+)\n.*?^```py\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CODES = list(all_rules())


@pytest.mark.parametrize("code", CODES)
def test_the_programs_do_what_the_page_says(code):
    text = find_page(code).read_text(encoding="utf-8")
    assert text.startswith(f"# {code}: {all_rules()[code].name}\n")
    programs = dict(PROGRAM.findall(text))
    assert list(programs) == ["Fails", "Mended"]
    assert {finding.code for finding in check_text(programs["Fails"])} == {code}
    assert check_text(programs["Mended"]) == []


@pytest.mark.parametrize("code", CODES)
def test_a_page_and_the_index_say_what_the_rule_says(code):
    found = all_rules()[code]
    page = " ".join(find_page(code).read_text(encoding="utf-8").split())
    assert found.why in page
    assert found.fix in page
    index = find_page(code).with_name("README.md").read_text(encoding="utf-8")
    assert f"| [{code}]({code}.md) | {found.name} | {found.why} |" in index


@pytest.mark.parametrize("code", CODES)
def test_why_and_fix_are_a_sentence_each(code):
    found = all_rules()[code]
    for sentence in (found.why, found.fix):
        assert sentence[0].isupper()
        assert sentence.endswith(".")
        assert ". " not in sentence


@pytest.mark.parametrize("code", ["DRS101", "DRS1", "X101"])
def test_a_code_is_entered_once_and_has_its_form(code):
    before = dict(RULES)
    with pytest.raises(ValueError, match="not a new code"):
        rule(code, "name", "Why.", "Fix.")(lambda program: iter(()))
    assert before == RULES


def test_a_missing_page_says_where_it_was_looked_for():
    with pytest.raises(FileNotFoundError, match=r"page of DRS999 is missing.*docs"):
        find_page("DRS999")
