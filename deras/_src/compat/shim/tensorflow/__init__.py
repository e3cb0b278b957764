"""`tensorflow` for the processes that a program under `deras run` starts by multiprocessing.

A process started afresh has no finder of ours, but it is given the parent's `sys.path`, on which
`deras run` has put this folder. Importing this module installs the finder and then makes way for
what that finds.
"""

from __future__ import annotations

import importlib
import sys

from deras._src.compat.install import install

del sys.modules[__name__]
install()
sys.modules[__name__] = importlib.import_module(__name__)
