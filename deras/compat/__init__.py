"""`deras.compat`: the public names of TensorFlow's `tf.compat`."""

# Written by scripts/gen_api.py from the @export declarations in _src; do not edit.
# isort: skip_file

from deras._src.compat.missing import missing_attribute as _missing
from deras.compat import v1 as v1

__getattr__ = _missing(__name__)
