"""What the checker prints: lines, JSON, SARIF; and what loading it costs."""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path

import pytest

import deras._src.checker
from deras._src.checker.findings import all_rules
from deras._src.checker.report import as_json, as_sarif, line_of, summary
from deras._src.checker.runner import Outcome, check_paths, check_text
from deras._src.checker.source import Problem

BAD = "import tensorflow as tf\n\n@tf.function\ndef f(x):\n    print(x)\n    return x\n"
PACKAGE = Path(deras._src.checker.__file__).parent


@pytest.fixture
def outcome(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a b.py").write_text(BAD)
    cell = {"cell_type": "code", "source": BAD}
    (tmp_path / "n.ipynb").write_text(json.dumps({"cells": [cell]}))
    (tmp_path / "broken.py").write_text("def (\n")
    return check_paths(["a b.py", "n.ipynb", "broken.py"])


def test_lines_name_the_place_the_code_and_what_to_do(outcome):
    assert line_of(outcome.findings[0]) == (
        "a b.py:5:5 DRS101 `print` runs only while the function is traced (tf.function traces"
        " `f`), not at each call. Use tf.print, which runs at every call and shows values."
    )
    assert line_of(outcome.findings[1]).startswith("n.ipynb:cell 1:5:5 DRS101 ")


@pytest.mark.parametrize(
    ("outcome", "text"),
    [
        (Outcome(files=1), "no findings in 1 file."),
        (Outcome(problems=[Problem("x", "y")], files=3), "no findings in 3 files; 1 not checked."),
    ],
)
def test_the_summary_counts(outcome, text):
    assert summary(outcome) == text


def test_the_summary_counts_files_with_findings(outcome):
    assert summary(outcome) == "2 findings in 2 of 3 files; 1 not checked."


def test_json_has_everything(outcome):
    shown = json.loads(as_json(outcome))
    assert shown["files"] == 3
    assert [problem["path"] for problem in shown["problems"]] == ["broken.py"]
    first, second = shown["findings"]
    assert (first["path"], first["cell"], first["line"], first["column"]) == ("a b.py", None, 5, 5)
    assert (first["end_line"], first["end_column"]) == (5, 13)
    assert (second["cell"], second["line"], second["code"]) == (1, 5, "DRS101")
    assert first["fix"] == all_rules()["DRS101"].fix


def test_sarif_has_the_form_that_readers_want(outcome):
    log = json.loads(as_sarif(outcome))
    assert log["version"] == "2.1.0"
    [run] = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == list(all_rules())
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["message"]["text"]
        region = result["locations"][0]["physicalLocation"]["region"]
        start, end = (region["startLine"], region["startColumn"]), (
            region["endLine"], region["endColumn"],
        )  # fmt: skip
        assert (1, 1) <= start <= end
    places = [result["locations"][0] for result in run["results"]]
    assert places[0]["physicalLocation"]["artifactLocation"]["uri"] == "a%20b.py"
    assert places[1]["logicalLocations"] == [{"name": "cell 1"}]
    [invocation] = run["invocations"]
    assert invocation["executionSuccessful"] is False
    assert "broken.py" in invocation["toolExecutionNotifications"][0]["message"]["text"]


def test_absolute_paths_are_file_uris(tmp_path):
    (tmp_path / "a.py").write_text(BAD)
    log = json.loads(as_sarif(check_paths([str(tmp_path / "a.py")])))
    uri = log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]
    assert uri["uri"] == (tmp_path / "a.py").as_uri()


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: path.name)
def test_the_checker_needs_only_the_standard_library(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        for name in names:
            inside = name.startswith("deras._src.checker")
            own = inside or name in ("deras._src", "deras._src.util.version")
            assert own or name.split(".")[0] in sys.stdlib_module_names, name
    assert path.read_text(encoding="utf-8").count("\n") <= 500


@pytest.mark.parametrize(
    "line",
    [
        "x = x + tf.nn.relu(x) * x",
        "x = tf.argmax(x) + tf.argmax(x)",
        "x = x + (x if x is None else x)",
        "if x is None: x = y\n    if y is None: y = x",
    ],
)
def test_long_chains_take_no_long_time(line):
    body = f"    {line}\n" * 60
    text = (
        "import tensorflow as tf\nw = tf.Variable(2.0)\ny = w\n"
        f"with tf.GradientTape() as tape:\n    x = w\n{body}print(tape.gradient(x, w) - y)\n"
    )
    assert len(check_text(text)) <= 130
