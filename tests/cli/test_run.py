"""`deras run` against python itself: the same program must print, fail and exit alike."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def start(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "0"}
    return subprocess.run(
        [sys.executable, *command],
        capture_output=True,
        text=True,
        cwd=folder,
        env=environment,
        timeout=120,
    )


def run_both(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run with python and with `deras run`; both must agree. Returns the latter's result."""
    expected = start(list(command), folder)
    found = start(["-m", "deras", "run", *command], folder)
    assert found.stdout == expected.stdout
    assert found.stderr == expected.stderr
    assert found.returncode == expected.returncode
    return found


# Each is a process with an import of Deras, which takes a second or two: so a script tries several
# things where it can.
SCRIPTS = {
    "well": (
        '"""Hello."""\nimport sys, inspect, pickle, __main__\nimport helper\n'
        "print(sys.argv, __name__, __file__, __package__, __spec__, __doc__)\n"
        "print(helper.WORD, __main__.__file__, __main__.helper is helper)\n"
        "class A:\n    pass\n"
        "print(type(pickle.loads(pickle.dumps(A()))) is A, A.__module__)\n"
        "def f(): return 1\nprint(inspect.getsource(f))\n"
    ),
    "late": (
        "import atexit, threading, time\n"
        "atexit.register(lambda: print('bye', WORD))\n"
        "def late():\n    time.sleep(0.3)\n    import __main__\n    print('late', __main__.WORD)\n"
        "WORD = 'w'\nthreading.Thread(target=late).start()\n"
        "raise SystemExit\n"
    ),
    "status": "import sys\nsys.exit(3)\n",
    "message": "import sys\nsys.exit('gone wrong')\n",
    "chain": (
        "def f():\n    try:\n        1 / 0\n    except ZeroDivisionError as error:\n"
        "        raise KeyError('k') from error\n\nf()\n"
    ),
    "group": "raise ExceptionGroup('several', [ValueError('a'), TypeError('b')])\n",
    "syntax": "x = = 1\n",
    "import_error": "import no_such_module\n",
    "hook": "import sys\nsys.excepthook = lambda *a: print('hook', a[0].__name__)\n1 / 0\n",
}


@pytest.mark.parametrize("name", sorted(SCRIPTS))
def test_a_script_runs_as_with_python(name, tmp_path):
    (tmp_path / "helper.py").write_text("WORD = 'from beside'\n")
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    script = tmp_path / f"{name}.py"
    script.write_text(SCRIPTS[name])
    run_both(folder, f"../{name}.py", "--option", "value", "-m", "-h")


def test_our_own_future_imports_do_not_leak(tmp_path):
    (tmp_path / "a.py").write_text("def f(x: y): pass\n")
    assert "NameError" in run_both(tmp_path, "a.py").stderr


def test_a_module_runs_as_with_python(tmp_path):
    package = tmp_path / "package"
    package.mkdir()
    (package / "__init__.py").write_text("print('package', __name__)\n")
    (package / "__main__.py").write_text("import sys\nprint(sys.argv[1:], __name__, __package__)\n")
    (package / "part.py").write_text("from . import other\nimport sys\nprint(other, sys.argv[0])\n")
    (package / "other.py").write_text("")
    run_both(tmp_path, "-m", "package", "a", "-b")
    run_both(tmp_path, "-m", "package.part", "--c")


def test_a_failing_module_shows_its_own_frames_only(tmp_path):
    (tmp_path / "module.py").write_text("def f():\n    raise ValueError('no')\n\nf()\n")
    found = start(["-m", "deras", "run", "-m", "module"], tmp_path)
    assert found.returncode == 1
    assert "runpy" not in found.stderr
    assert "_src" not in found.stderr
    assert found.stderr.count("module.py") == 2


def test_a_folder_with_a_main_runs_as_with_python(tmp_path):
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "__main__.py").write_text("import sys, beside\nprint(sys.argv, beside.X)\n")
    (tmp_path / "app" / "beside.py").write_text("X = 1\n")
    run_both(tmp_path, "app", "a")


def test_an_interrupt_ends_with_the_shells_status(tmp_path):
    (tmp_path / "a.py").write_text("raise KeyboardInterrupt\n")
    found = start(["-m", "deras", "run", "a.py"], tmp_path)
    assert found.returncode == 130
    assert found.stderr.endswith("KeyboardInterrupt\n")


def test_tensorflow_is_deras(tmp_path):
    (tmp_path / "a.py").write_text(
        "import sys\nimport tensorflow as tf\n"
        "print(tf.__version__, tf.float32 is sys.modules['deras'].float32)\n"
    )
    found = start(["-m", "deras", "run", "a.py"], tmp_path)
    assert found.stdout == "2.21.0 True\n", found.stderr


def test_child_processes_have_it_too(tmp_path):
    (tmp_path / "a.py").write_text(
        "import multiprocessing\nimport tensorflow as tf\n\n"
        "def work(x):\n    return x, tf.float32.name\n\n"
        "if __name__ == '__main__':\n"
        "    with multiprocessing.get_context('spawn').Pool(1) as pool:\n"
        "        print(pool.map(work, [1]))\n"
    )
    found = start(["-m", "deras", "run", "a.py"], tmp_path)
    assert found.stdout == "[(1, 'float32')]\n", found.stderr


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ([], "a script, or -m and a module, is needed"),
        (["-m"], "-m needs the name of a module"),
        (["nowhere.py"], "can't open 'nowhere.py'"),
        (["book.ipynb"], "is a notebook, which is not supported yet"),
        (["--frobnicate", "a.py"], "unrecognized arguments|a script"),
    ],
)
def test_a_wrong_command_line_exits_with_2(command, message, capsys):
    from deras._src.cli import run

    with pytest.raises(SystemExit) as caught:
        run.main(command)
    assert caught.value.code == 2
    assert pytest.raises(SystemExit, match=message).matches(SystemExit(capsys.readouterr().err))
