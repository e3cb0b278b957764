"""The way to `tf.keras`: Keras 3 as released, with its TensorFlow backend on Deras."""

from __future__ import annotations

import importlib
import os
import sys
from types import ModuleType

from deras._src.compat.install import KERAS_TREE, install


def load() -> ModuleType:
    """Import Keras, if that has not been done, and return what `tf.keras` is.

    Raises:
      ImportError: Keras 3 is not installed, or it runs on another backend already.
      RuntimeError: real TensorFlow is loaded in this process.
    """
    install()
    if "keras" not in sys.modules:
        # An explicit choice of another backend is the user's; it is refused below, not overruled.
        os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    try:
        keras = importlib.import_module("keras")
        tree = importlib.import_module(KERAS_TREE)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != "keras":
            raise
        raise ImportError(
            "tf.keras is Keras 3, which is not installed here: pip install 'keras>=3.5'"
        ) from error
    backend = keras.backend.backend()
    if backend != "tensorflow":
        raise ImportError(
            f"tf.keras needs Keras's TensorFlow backend, but Keras runs on {backend!r} in this"
            " process. Set KERAS_BACKEND=tensorflow before the first import of keras."
        )
    return tree
