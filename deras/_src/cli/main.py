"""The entry of the `deras` command: the table of its commands, help, and the choice of one."""

from __future__ import annotations

import argparse
import difflib
import importlib
import sys
from collections.abc import Sequence

from deras._src.util.version import TENSORFLOW_VERSION, __version__

# Command -> the module with its `main`, and its line in the help.
COMMANDS = {
    "run": ("deras._src.cli.run", "run a TensorFlow program, unchanged, on Deras"),
    "info": ("deras._src.cli.info", "show versions and devices, and what a GPU would need"),
    "demo": ("deras._src.cli.demo", "train a classifier of hand-written digits in three modes"),
    "explain": ("deras._src.cli.explain", "run a program, then tell what its functions became"),
    "check": ("deras._src.cli.check", "find mistakes in custom training code without running it"),
}


def _parser() -> argparse.ArgumentParser:
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {line}" for name, (_, line) in COMMANDS.items()]
    parser = argparse.ArgumentParser(
        prog="deras",
        usage="deras [-h] [--version] command ...",
        description="Your TensorFlow program, the same numbers, on a faster engine.",
        epilog="\n".join(
            [
                "commands:",
                *lines,
                "",
                "Each has its own help: deras run --help",
                "In a program of your own: import deras as tf",
            ]
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--version",
        action="version",
        version=f"deras {__version__} (TensorFlow {TENSORFLOW_VERSION}'s API)",
    )
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    parser = _parser()
    if not arguments:
        parser.print_help()
        return 0
    command = arguments[0]
    if command.startswith("-"):
        # Help and version end here; anything else before a command is a mistake.
        parser.parse_args(arguments)
        parser.error("a command is needed")
    if command not in COMMANDS:
        close = difflib.get_close_matches(command, COMMANDS, n=1)
        hint = f"did you mean '{close[0]}'?" if close else f"choose from {', '.join(COMMANDS)}"
        if command.endswith(".py"):
            hint = f"to run a program: deras run {command}"
        parser.error(f"there is no command '{command}'; {hint}")
    module, _ = COMMANDS[command]
    status: int = importlib.import_module(module).main(arguments[1:])
    return status


if __name__ == "__main__":
    sys.exit(main())
