"""`deras.math.special`: the public names of TensorFlow's `tf.math.special`."""

# Written by scripts/gen_api.py from the @export declarations in _src; do not edit.
# isort: skip_file

from deras._src.compat.missing import missing_attribute as _missing
from deras._src.ops.math_integrals import dawsn as dawsn
from deras._src.ops.math_integrals import expint as expint
from deras._src.ops.math_integrals import fresnel_cos as fresnel_cos
from deras._src.ops.math_integrals import fresnel_sin as fresnel_sin
from deras._src.ops.math_integrals import spence as spence

__getattr__ = _missing(__name__)
