"""`deras.math.special`: the public names of TensorFlow's `tf.math.special`."""

# Written by scripts/gen_api.py from the @export declarations in _src; do not edit.
# isort: skip_file

from deras._src.compat.missing import missing_attribute as _missing
from deras._src.ops.math_bessel import bessel_i0 as bessel_i0
from deras._src.ops.math_bessel import bessel_i0e as bessel_i0e
from deras._src.ops.math_bessel import bessel_i1 as bessel_i1
from deras._src.ops.math_bessel import bessel_i1e as bessel_i1e
from deras._src.ops.math_bessel import bessel_j0 as bessel_j0
from deras._src.ops.math_bessel import bessel_j1 as bessel_j1
from deras._src.ops.math_bessel import bessel_k0 as bessel_k0
from deras._src.ops.math_bessel import bessel_k0e as bessel_k0e
from deras._src.ops.math_bessel import bessel_k1 as bessel_k1
from deras._src.ops.math_bessel import bessel_k1e as bessel_k1e
from deras._src.ops.math_bessel import bessel_y0 as bessel_y0
from deras._src.ops.math_bessel import bessel_y1 as bessel_y1
from deras._src.ops.math_integrals import dawsn as dawsn
from deras._src.ops.math_integrals import expint as expint
from deras._src.ops.math_integrals import fresnel_cos as fresnel_cos
from deras._src.ops.math_integrals import fresnel_sin as fresnel_sin
from deras._src.ops.math_integrals import spence as spence

__getattr__ = _missing(__name__)
