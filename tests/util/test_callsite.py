"""The user's place in the call stack."""

from __future__ import annotations

import sys

import pytest

from deras._src.util import callsite


@pytest.fixture
def as_library(tmp_path):
    """Compiles a function `call(f)` in a file that counts as the library's own."""
    path = tmp_path / "library.py"
    source = "def call(f, *args):\n    return f(*args)\n"
    path.write_text(source)
    before = callsite._prefixes
    callsite.add_internal_prefix(str(tmp_path))
    names: dict = {}
    exec(compile(source, str(path), "exec"), names)
    yield names["call"]
    callsite._prefixes = before
    callsite._is_internal.clear()


def test_here():
    site = callsite.user_site()
    assert site.filename == __file__
    assert site.function == "test_here"
    assert site.source == "site = callsite.user_site()"
    assert repr(site) == f"Site({__file__}:{site.lineno} in test_here)"


def test_line_of_a_call_within_an_expression():
    def line():
        return callsite.user_site(2).lineno

    start = sys._getframe().f_lineno + 1
    lines = [
        line(),
        line(),
    ]
    assert lines == [start + 1, start + 2]


def test_library_frames_are_passed_over(as_library):
    site = as_library(callsite.user_site)
    assert site.function == "test_library_frames_are_passed_over"
    site = as_library(as_library, callsite.user_site, 1)
    assert site.function == "test_library_frames_are_passed_over"


def test_skip(as_library):
    def op():
        return callsite.user_site(2)

    assert op().function == "test_skip"


def test_none_outside(monkeypatch):
    monkeypatch.setattr(callsite, "_prefixes", ("",))  # every file begins with this
    monkeypatch.setattr(callsite, "_is_internal", {})
    assert callsite.user_site() is None


def test_the_package_is_internal():
    callsite._is_internal.clear()
    assert callsite._judge(callsite.__file__)
    assert callsite._judge("<frozen importlib._bootstrap>")
    assert not callsite._judge("<stdin>")
    assert not callsite._judge(__file__)


def test_bounded(monkeypatch):
    monkeypatch.setattr(callsite, "_MOST_FILES", 3)
    monkeypatch.setattr(callsite, "_is_internal", {})
    for number in range(10):
        callsite._judge(f"<cell-{number}>")
    assert len(callsite._is_internal) <= 3


def test_absent_package_is_no_prefix():
    before = callsite._prefixes
    callsite.add_internal_package("a_package_that_is_not_there")
    assert callsite._prefixes == before


def test_equality():
    sites = [callsite.user_site() for _ in range(2)]
    assert sites[0] == sites[1]
    assert len(set(sites)) == 1
    assert sites[0] != callsite.user_site()
    assert sites[0] != "site"


def test_line_without_a_call():
    site = callsite.Site()
    site.code, site.lasti = test_here.__code__, 10**6
    assert site.lineno == test_here.__code__.co_firstlineno
