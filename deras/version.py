"""`deras.version`: the public names of TensorFlow's `tf.version`."""

# Written by scripts/gen_api.py from the @export declarations in _src; do not edit.
# isort: skip_file

from deras._src.compat.missing import missing_attribute as _missing

COMPILER_VERSION = "unknown"
GIT_VERSION = "unknown"
GRAPH_DEF_VERSION = 2474
GRAPH_DEF_VERSION_MIN_CONSUMER = 0
GRAPH_DEF_VERSION_MIN_PRODUCER = 0
VERSION = "2.21.0"

__getattr__ = _missing(__name__)
