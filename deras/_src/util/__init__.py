"""Helpers that know nothing of tensors: the lowest layer of Deras.

Here: nested structures (`nest`), the user's place in a call stack (`callsite`), the record of
public names (`export`), context stacks, lazy imports, atomic files. Not here: anything that needs
a dtype, a shape or JAX; those begin in `core`. Files of this folder import NumPy and the standard
library only. Begin reading with `nest.py`.
"""
