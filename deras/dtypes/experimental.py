"""`deras.dtypes.experimental`: the public names of TensorFlow's `tf.dtypes.experimental`."""

# Written by scripts/gen_api.py from the @export declarations in _src; do not edit.
# isort: skip_file

from deras._src.compat.missing import missing_attribute as _missing
from deras._src.core.dtypes import float4_e2m1fn as float4_e2m1fn
from deras._src.core.dtypes import float8_e4m3b11fnuz as float8_e4m3b11fnuz
from deras._src.core.dtypes import float8_e4m3fn as float8_e4m3fn
from deras._src.core.dtypes import float8_e4m3fnuz as float8_e4m3fnuz
from deras._src.core.dtypes import float8_e5m2 as float8_e5m2
from deras._src.core.dtypes import float8_e5m2fnuz as float8_e5m2fnuz
from deras._src.core.dtypes import int2 as int2
from deras._src.core.dtypes import int4 as int4
from deras._src.core.dtypes import uint2 as uint2
from deras._src.core.dtypes import uint4 as uint4

__getattr__ = _missing(__name__)
