"""What the checker reads: files, folders, notebooks, and what it can't read; ignore comments."""

from __future__ import annotations

import ast
import json
import os

import pytest

from deras._src.checker.comments import read_comments
from deras._src.checker.runner import check_paths, check_text
from deras._src.checker.source import find_files, read, without_magics

BAD = "import tensorflow as tf\n\n@tf.function\ndef f(x):\n    print(x)\n    return x\n"


def notebook(*cells):
    shown = [
        {"cell_type": "markdown", "source": ["# Title"]},
        *({"cell_type": "code", "source": cell, "outputs": []} for cell in cells),
    ]
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": shown})


def places(outcome):
    return [(f.cell, f.line, f.column, f.code) for f in outcome.findings]


def test_folders_give_their_programs_in_order(tmp_path):
    for name in ("b.py", "a/c.py", "a/d.ipynb", "notes.txt", ".hidden/e.py", "venv/lib/f.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(notebook() if name.endswith("ipynb") else "")
    (tmp_path / "venv" / "pyvenv.cfg").touch()
    found = [os.path.relpath(str(path), tmp_path) for path in find_files([str(tmp_path)])]
    assert found == ["b.py", os.path.join("a", "c.py"), os.path.join("a", "d.ipynb")]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("gone.py", None, "gone.py: not checked: there is no such file or folder."),
        ("latin.py", b"x = 1\ny = '\xe9'\n", "latin.py:2: not checked: it is not UTF-8 and"),
        ("odd.py", b"# coding: klingon\n", "odd.py: not checked: unknown encoding"),
        ("syntax.py", b"x = 1\ndef f(:\n", "syntax.py:2: not checked: syntax error: "),
        ("null.py", b"x = 1\n\0\n", "not checked: "),
        ("deep.py", b"x = " + b"(" * 5000 + b")" * 5000, "deep.py.*: not checked: .*nested"),
        ("text.ipynb", b"hello", r"text.ipynb:1: not checked: it is not a notebook"),
        ("list.ipynb", b"[1]", "list.ipynb: not checked: it is not a notebook of format 4"),
        ("latin.ipynb", b"\xe9", "latin.ipynb: not checked: it is not UTF-8."),
    ],
)
def test_what_cannot_be_read_is_said_and_the_rest_is_checked(tmp_path, name, content, message):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    (tmp_path / "good.py").write_text(BAD)
    outcome = check_paths([str(tmp_path / name), str(tmp_path / "good.py")])
    [problem] = outcome.problems
    assert pytest.raises(AssertionError, match=message).matches(AssertionError(str(problem)))
    assert places(outcome) == [(0, 5, 5, "DRS101")]
    assert outcome.status == 2


def test_a_declared_encoding_and_a_byte_order_mark_are_understood(tmp_path):
    (tmp_path / "a.py").write_bytes(b"# coding: latin-1\n# \xe9\n" + BAD.encode())
    (tmp_path / "b.py").write_bytes(b"\xef\xbb\xbf" + BAD.encode())
    outcome = check_paths([str(tmp_path)])
    assert outcome.problems == []
    assert [(f.line, f.column) for f in outcome.findings] == [(7, 5), (5, 5)]


def test_columns_count_characters():
    text = BAD.replace("print(x)", "y = 'é中🙂'; print(x)")
    [finding] = check_text(text)
    assert finding.column == text.splitlines()[4].index("print") + 1


def test_a_folder_that_cannot_be_listed_is_a_problem(tmp_path, monkeypatch):
    def walk(path, onerror):
        onerror(PermissionError(13, "Permission denied", path))
        return []

    monkeypatch.setattr(os, "walk", walk)
    [problem] = check_paths([str(tmp_path)]).problems
    assert str(problem).endswith("not checked: Permission denied.")


def test_notebooks_are_checked_over_their_cells(tmp_path):
    path = tmp_path / "train.ipynb"
    path.write_text(
        notebook(
            "%matplotlib inline\n!pip install x\nimport tensorflow as tf",
            "%%bash\nls -l | grep (",
            ["%%time\n", "@tf.function\n", "def f(x):\n", "    print(x)\n", "    return x"],
            "f(tf.constant(1))?\nfiles = !ls\nf?",
        )
    )
    outcome = check_paths([str(path)])
    assert places(outcome) == [(3, 4, 5, "DRS101")]
    assert outcome.findings[0].place == f"{path}:cell 3:4:5"
    assert [str(p) for p in outcome.problems] == [
        f"{path}:cell 4:1: not checked: syntax error: invalid syntax."
    ]


def test_a_broken_cell_leaves_the_others_checked(tmp_path):
    path = tmp_path / "a.ipynb"
    path.write_text(notebook("def (", BAD))
    outcome = check_paths([str(path)])
    assert places(outcome) == [(2, 5, 5, "DRS101")]
    assert outcome.problems[0].cell == 1


def test_an_empty_notebook_has_nothing(tmp_path):
    (tmp_path / "a.ipynb").write_text(notebook())
    assert check_paths([str(tmp_path)]).status == 0


@pytest.mark.parametrize(
    ("cell", "python"),
    [
        ("%%html\n<b>", "\n"),
        ("%%timeit -n 3\nx = 1", "pass\nx = 1"),
        ("x = %sql a\\\n  b\ny = 1", "x = None\n\ny = 1"),
        ("for i in y:\n    !echo {i}", "for i in y:\n    pass"),
        ("model.fit??", "pass"),
        ("?model.fit", "pass"),
        ("x = a % b\n%time y", "x = a % b\npass"),
    ],
)
def test_magics_are_taken_out_line_by_line(cell, python):
    assert without_magics(cell) == python
    ast.parse(python)


@pytest.mark.parametrize(
    ("comment", "left"),
    [
        ("# deras: ignore", 0),
        ("# deras: ignore[DRS101]", 0),
        ("# deras:ignore[DRS102, DRS101] it is meant", 0),
        ("# deras: ignore[DRS102]", 1),
        ("# deras: ignore[]", 1),
        ("# deras: ignored", 1),
        ("# noqa", 1),
    ],
)
def test_a_comment_ignores_on_its_line(comment, left):
    assert len(check_text(BAD.replace("print(x)", f"print(x)  {comment}"))) == left
    assert len(check_text(BAD.replace("return x", f"return x  {comment}"))) == 1


def test_a_comment_covers_its_statement_over_all_its_lines():
    text = BAD.replace("print(x)", "print(\n        x,\n    )  # deras: ignore[DRS101]")
    assert check_text(text) == []


@pytest.mark.parametrize("codes", ["", "[DRS101]"])
def test_a_comment_ignores_in_the_file(codes):
    assert check_text(f"# deras: ignore-file{codes}\n" + BAD) == []
    assert check_text(f"# deras: ignore-file{codes}\n" + BAD.replace("print(x)", "x.numpy()")) == (
        [] if not codes else check_text("\n" + BAD.replace("print(x)", "x.numpy()"))
    )


def test_ignore_in_a_string_is_none():
    assert read_comments("x = '# deras: ignore'\n").lines == {}


def test_a_text_that_does_not_parse_is_refused():
    with pytest.raises(SyntaxError, match=r"x\.py:1: syntax error"):
        check_text("def (", "x.py")


def test_programs_of_other_libraries_are_not_looked_at():
    assert check_text("import torch\nfor i in range(9): print(i)\n") == []


def test_reading_a_folder_as_a_file_is_a_problem(tmp_path):
    source, [problem] = read(str(tmp_path))
    assert source is None
    assert "directory" in problem.message.lower()
