"""`deras run`: a program as Python runs it, but with `import tensorflow` meaning Deras."""

from __future__ import annotations

import argparse
import importlib.machinery
import os
import runpy
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType, TracebackType

from deras._src import compat
from deras._src.compat.install import install
from deras._src.function.numerics import enable_check_numerics

_INTERRUPTED = 130  # what shells give for a program ended by Ctrl-C
_FAILED = 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="deras run",
        usage="deras run [-h] [--nan] (script.py | -m module) [arguments ...]",
        description="Run a Python program in which 'import tensorflow' means Deras. Everything"
        " after the script or module is the program's own: sys.argv, exit status, __main__ and"
        " the import path are as with python itself.",
    )
    parser.add_argument(
        "--nan",
        action="store_true",
        help="stop at the first NaN or infinity, and say which op and line made it",
    )
    parser.add_argument("-m", dest="module", metavar="module", help="run a module, as python -m")
    parser.add_argument("program", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    return parser


def main(arguments: Sequence[str]) -> int:
    """Run the script or module that `arguments` name; returns the exit status."""
    parser = _parser()
    # Only what stands before the program is ours, so argparse never sees the program's options.
    if arguments and arguments[0] == "--nan":
        arguments = arguments[1:]
        enable_check_numerics()
    if arguments and arguments[0] == "-m":
        if len(arguments) < 2:
            parser.error("-m needs the name of a module")
        return run_module(arguments[1], arguments[2:])
    if not arguments or arguments[0].startswith("-"):
        parser.parse_args(arguments)
        parser.error("a script, or -m and a module, is needed")
    if arguments[0].endswith(".ipynb"):
        parser.error(
            f"{arguments[0]} is a notebook, which is not supported yet;"
            " in its first cell write: import deras; deras.install()"
        )
    if not Path(arguments[0]).exists():
        parser.error(f"can't open '{arguments[0]}': no such file")
    return run_script(arguments[0], arguments[1:])


def run_script(path: str, arguments: Sequence[str]) -> int:
    """Run a script, or a directory or zip file with a `__main__.py`, as `python path` does."""
    if not Path(path).is_file() or path.endswith((".zip", ".pyz")):
        return _guarded(lambda: _run_path(path, arguments))
    return _guarded(lambda: _run_source(path, arguments))


def run_module(name: str, arguments: Sequence[str]) -> int:
    """Run a module or a package's `__main__`, as `python -m name` does."""

    def run() -> None:
        _prepare([name, *arguments], os.getcwd())
        # Sets sys.argv[0] to the module's file, as python does.
        runpy.run_module(name, run_name="__main__", alter_sys=True)

    return _guarded(run)


def _prepare(argv: list[str], folder: str) -> None:
    install()
    sys.argv = argv
    # The interpreter has put the folder of its own script, or with -m the current one, first;
    # in safe-path mode it has put nothing there.
    if not sys.flags.safe_path:
        sys.path[:1] = [folder]
    # Behind the program's own folder, before an installed TensorFlow: see the shim itself.
    shim = str(Path(compat.__file__).parent / "shim")
    if shim not in sys.path:
        sys.path.insert(0 if sys.flags.safe_path else 1, shim)


def _run_path(path: str, arguments: Sequence[str]) -> None:
    _prepare([path, *arguments], path)
    runpy.run_path(path, run_name="__main__")


def _run_source(path: str, arguments: Sequence[str]) -> None:
    # runpy.run_path would put the old __main__ back when the script's last line is done, and
    # threads, exit handlers and pickles of the script look there later still.
    _prepare([path, *arguments], os.path.dirname(os.path.realpath(path)))
    path = os.path.join(os.getcwd(), path)  # absolute, not normalised: as python has it
    module = ModuleType("__main__")
    module.__file__ = path
    module.__builtins__ = __builtins__  # type: ignore[attr-defined]
    # With a loader, tracebacks and `inspect` find the source.
    module.__loader__ = importlib.machinery.SourceFileLoader("__main__", path)
    module.__dict__["__cached__"] = None
    sys.modules["__main__"] = module
    code = compile(Path(path).read_bytes(), path, "exec", dont_inherit=True)
    exec(code, module.__dict__)


def _guarded(run: Callable[[], None]) -> int:
    """Run; show an exception as python does, without the frames that led to the program."""
    try:
        run()
    except SystemExit:
        raise
    except BaseException as error:  # noqa: BLE001 - what python itself shows, we must show
        _show(error)
        return _INTERRUPTED if isinstance(error, KeyboardInterrupt) else _FAILED
    return 0


def _show(error: BaseException) -> None:
    # Through the hook, as the program may have set its own. It prints the exception's own
    # traceback whatever it is given, so that is what gets cut; none is left where the program
    # did not even compile, which is what python shows too.
    frames = _user_frames(error.__traceback__)
    sys.excepthook(type(error), error.with_traceback(frames), frames)


def _user_frames(tb: TracebackType | None) -> TracebackType | None:
    while tb is not None and _leads_to_program(tb):
        tb = tb.tb_next
    return tb


def _leads_to_program(tb: TracebackType) -> bool:
    file = tb.tb_frame.f_code.co_filename
    return file == __file__ or os.path.basename(file) in ("runpy.py", "<frozen runpy>")
