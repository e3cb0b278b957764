"""`deras.compat.v1`: the public names of TensorFlow's `tf.compat.v1`."""

# Written by scripts/gen_api.py from the @export declarations in _src; do not edit.
# isort: skip_file

from deras._src.compat.missing import missing_attribute as _missing
from deras._src.ops.array_gather import batch_gather as batch_gather

__getattr__ = _missing(__name__)
