"""`deras.strings`: the public names of TensorFlow's `tf.strings`."""

# Written by scripts/gen_api.py from the @export declarations in _src; do not edit.
# isort: skip_file

from deras._src.compat.missing import missing_attribute as _missing
from deras._src.host_ops.printing import string_format as _string_format

format = _string_format

__getattr__ = _missing(__name__)
