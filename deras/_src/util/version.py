"""Versions: this package's, and the TensorFlow whose names and numbers it follows."""

from __future__ import annotations

# The one place; the build reads it from here, and a test compares the changelog.
__version__ = "0.1.0.dev0"

# What `tf.__version__` says where `import tensorflow` means Deras: programs compare it.
TENSORFLOW_VERSION = "2.21.0"
