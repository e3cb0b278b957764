"""`deras.nest`: the public names of TensorFlow's `tf.nest`."""

# Written by scripts/gen_api.py from the @export declarations in _src; do not edit.
# isort: skip_file

from deras._src.compat.missing import missing_attribute as _missing
from deras._src.util.nest import assert_same_structure as assert_same_structure
from deras._src.util.nest import flatten as flatten
from deras._src.util.nest import is_nested as is_nested
from deras._src.util.nest import map_structure as map_structure
from deras._src.util.nest import pack_sequence_as as pack_sequence_as

__getattr__ = _missing(__name__)
