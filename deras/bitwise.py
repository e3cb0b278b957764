"""`deras.bitwise`: the public names of TensorFlow's `tf.bitwise`."""

# Written by scripts/gen_api.py from the @export declarations in _src; do not edit.
# isort: skip_file

from deras._src.compat.missing import missing_attribute as _missing
from deras._src.ops.math_bitwise import bitwise_and as bitwise_and
from deras._src.ops.math_bitwise import bitwise_or as bitwise_or
from deras._src.ops.math_bitwise import bitwise_xor as bitwise_xor
from deras._src.ops.math_bitwise import invert as invert
from deras._src.ops.math_bitwise import left_shift as left_shift
from deras._src.ops.math_bitwise import right_shift as right_shift

__getattr__ = _missing(__name__)
