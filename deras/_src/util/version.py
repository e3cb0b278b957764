"""Versions: this package's, and the TensorFlow whose names and numbers it follows."""

from __future__ import annotations

from deras._src.util.export import export_value

# The one place; the build reads it from here, and a test compares the changelog.
__version__ = "0.1.0.dev0"

# What `tf.__version__` says where `import tensorflow` means Deras: programs compare it.
TENSORFLOW_VERSION = "2.21.0"

# `tf.version`: of that TensorFlow too. Deras was built from no commit of it, by no compiler.
export_value(TENSORFLOW_VERSION, "version.VERSION")
export_value("unknown", "version.GIT_VERSION", "version.COMPILER_VERSION")
export_value(2474, "version.GRAPH_DEF_VERSION")
export_value(0, "version.GRAPH_DEF_VERSION_MIN_CONSUMER", "version.GRAPH_DEF_VERSION_MIN_PRODUCER")
