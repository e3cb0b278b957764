"""`deras demo`: the example `examples/digits`, run as `deras run` runs any program."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import deras._src
from deras._src.cli.run import run_script

_PROGRAM = Path("digits", "train.py")


def find_program() -> Path:
    """The example's file: a wheel carries a copy along, a clone has it in `examples/`.

    Raises:
      FileNotFoundError: the installation has neither.
    """
    package = Path(deras._src.__file__).parents[1]
    places = (package / "_examples" / _PROGRAM, package.parent / "examples" / _PROGRAM)
    for place in places:
        if place.is_file():
            return place
    raise FileNotFoundError(
        f"deras demo: the example is missing from this installation; looked for {places[0]}"
        f" and {places[1]}"
    )


def main(arguments: Sequence[str]) -> int:
    """Run the example; its own parser takes the arguments."""
    return run_script(str(find_program()), arguments)
