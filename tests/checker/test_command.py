"""`deras check` as a command: options, output, exit status."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from deras._src.checker.findings import all_rules
from deras._src.cli import main

ROOT = Path(__file__).resolve().parents[2]
BAD = (
    "import tensorflow as tf\n\n@tf.function\ndef f(x):\n    print(x)\n    return x.numpy()\n"
)  # fmt: skip


@pytest.fixture
def bad(tmp_path):
    path = tmp_path / "bad.py"
    path.write_text(BAD)
    return str(path)


def run(capsys, *arguments):
    status = main.main(["check", *arguments])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_findings_are_lines_and_status_1(bad, capsys):
    status, out, err = run(capsys, bad)
    assert status == 1
    assert re.findall(r"^(.*?) (DRS\d+) ", out, re.MULTILINE) == [
        (f"{bad}:5:5", "DRS101"),
        (f"{bad}:6:12", "DRS106"),
    ]
    assert out.endswith("2 findings in 1 file.\n")
    assert err == ""


def test_nothing_found_is_status_0(tmp_path, capsys):
    (tmp_path / "good.py").write_text("import tensorflow as tf\n")
    assert run(capsys, str(tmp_path))[:2] == (0, "no findings in 1 file.\n")


def test_what_is_not_checked_is_status_2_and_on_stderr(bad, capsys):
    status, out, err = run(capsys, bad, "gone.py", "--json")
    assert status == 2
    assert err == "gone.py: not checked: there is no such file or folder.\n"
    assert len(json.loads(out)["findings"]) == 2


def test_sarif_is_one_json_object(bad, capsys):
    status, out, _ = run(capsys, "--sarif", bad)
    assert status == 1
    assert len(json.loads(out)["runs"][0]["results"]) == 2


@pytest.mark.parametrize(
    ("options", "codes"),
    [
        (["--select", "DRS106"], ["DRS106"]),
        (["--select", "drs2, DRS101"], ["DRS101"]),
        (["--ignore", "DRS106"], ["DRS101"]),
        (["--select", "DRS1", "--ignore", "DRS101"], ["DRS106"]),
        (["--ignore", "DRS"], []),
    ],
)
def test_codes_are_chosen_by_their_beginning(bad, capsys, options, codes):
    status, out, _ = run(capsys, bad, *options)
    assert re.findall(r" (DRS\d+) ", out) == codes
    assert status == int(bool(codes))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "a file, folder or notebook is needed"),
        (["x.py", "--select", "DRS999"], "there is no code DRS999"),
        (["x.py", "--ignore", "DRS11O"], "no code DRS11O; see: deras check --list"),
        (["--explain", "DRS1"], "there is no code DRS1"),
        (["--explain", "DRS101,DRS102"], "--explain takes one code"),
        (["x.py", "--json", "--sarif"], "not allowed with argument"),
    ],
)
def test_wrong_use_exits_with_2(arguments, message, capsys):
    with pytest.raises(SystemExit) as caught:
        main.main(["check", *arguments])
    assert caught.value.code == 2
    assert message in capsys.readouterr().err


def test_explain_prints_the_page(capsys):
    status, out, _ = run(capsys, "--explain", "drs101")
    assert status == 0
    assert out == (ROOT / "docs" / "checks" / "DRS101.md").read_text(encoding="utf-8")


def test_list_names_every_code(capsys):
    status, out, _ = run(capsys, "--list")
    assert status == 0
    assert [line.split()[0] for line in out.splitlines()] == list(all_rules())


def test_on_a_terminal_lines_are_coloured_but_whole(bad, capsys, monkeypatch):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    status, out, _ = run(capsys, bad)
    plain = re.sub(r"\x1b\[[\d;]*m", "", out)
    assert status == 1
    assert out != plain
    assert f"{bad}:5:5 DRS101 `print` runs" in plain


def test_the_hook_runs_the_command():
    text = (ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8")
    assert "id: deras-check" in text
    assert "entry: deras check" in text
