"""`deras explain`: a program as `deras run` runs it, then what became of each of its functions."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from deras._src.cli import run
from deras._src.function.polymorphic import keep_functions


def main(arguments: Sequence[str]) -> int:
    """Run the program that `arguments` name, print the explanations, return its exit status."""
    if not arguments or arguments[0] in ("-h", "--help"):
        parser = argparse.ArgumentParser(
            prog="deras explain",
            usage="deras explain [-h] (script.py | -m module) [arguments ...]",
            description="Run a program as 'deras run' does. When it ends, print for every "
            "tf.function that it called: each trace and what made it, the compiled programs, what "
            "ran on the host, and what to change.",
        )
        parser.parse_args(arguments)
        parser.error("a script, or -m and a module, is needed")
    from rich.console import Console

    functions = keep_functions()
    try:
        return run.main(arguments)
    finally:  # also where the program ends by sys.exit
        console = Console()
        explanations = [f.explain() for f in functions]
        for explanation in (e for e in explanations if e.count):
            console.print(explanation)
        if not any(e.count for e in explanations):
            console.print("No tf.function was called.")
