"""`deras.keras`: Keras 3, unmodified, on Deras. Importing this imports Keras."""

# Written by scripts/gen_api.py from the @export declarations in _src; do not edit.

import sys

from deras._src.compat.keras_bridge import load

# This module gives its place to Keras's own, so that `deras.keras.layers` is found in it.
sys.modules[__name__] = load()
