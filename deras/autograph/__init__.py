"""`deras.autograph`: the public names of TensorFlow's `tf.autograph`."""

# Written by scripts/gen_api.py from the @export declarations in _src; do not edit.
# isort: skip_file

from deras._src.compat.missing import missing_attribute as _missing
from deras._src.autograph.api import set_verbosity as set_verbosity
from deras._src.autograph.api import to_code as to_code
from deras._src.autograph.api import to_graph as to_graph
from deras._src.autograph.api import trace as trace
from deras.autograph import experimental as experimental

__getattr__ = _missing(__name__)
