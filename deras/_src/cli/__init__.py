"""The `deras` command: one file for each of its commands, found through the table in `main.py`.

A command is a function `main(arguments) -> exit status` with its own argument parser. Files here
import JAX, Rich and the public package inside functions, so that `deras --help` is quick. Begin
reading with `main.py`.
"""
