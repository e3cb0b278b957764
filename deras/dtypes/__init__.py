"""`deras.dtypes`: the public names of TensorFlow's `tf.dtypes`."""

# Written by scripts/gen_api.py from the @export declarations in _src; do not edit.
# isort: skip_file

from deras._src.compat.missing import missing_attribute as _missing
from deras._src.core.dtypes import DType as DType
from deras._src.core.dtypes import QUANTIZED as _QUANTIZED
from deras._src.core.dtypes import as_dtype as as_dtype
from deras._src.core.dtypes import bfloat16 as bfloat16
from deras._src.core.dtypes import bool_ as _bool
from deras._src.core.dtypes import complex128 as complex128
from deras._src.core.dtypes import complex64 as complex64
from deras._src.core.dtypes import double as double
from deras._src.core.dtypes import float16 as float16
from deras._src.core.dtypes import float32 as float32
from deras._src.core.dtypes import float64 as float64
from deras._src.core.dtypes import half as half
from deras._src.core.dtypes import int16 as int16
from deras._src.core.dtypes import int32 as int32
from deras._src.core.dtypes import int64 as int64
from deras._src.core.dtypes import int8 as int8
from deras._src.core.dtypes import qint16 as qint16
from deras._src.core.dtypes import qint32 as qint32
from deras._src.core.dtypes import qint8 as qint8
from deras._src.core.dtypes import quint16 as quint16
from deras._src.core.dtypes import quint8 as quint8
from deras._src.core.dtypes import resource as resource
from deras._src.core.dtypes import string as string
from deras._src.core.dtypes import uint16 as uint16
from deras._src.core.dtypes import uint32 as uint32
from deras._src.core.dtypes import uint64 as uint64
from deras._src.core.dtypes import uint8 as uint8
from deras._src.core.dtypes import variant as variant
from deras._src.ops.math_cast import cast as cast
from deras._src.ops.math_cast import complex as complex
from deras._src.ops.math_cast import saturate_cast as saturate_cast
from deras.dtypes import experimental as experimental

QUANTIZED_DTYPES = _QUANTIZED
bool = _bool

__getattr__ = _missing(__name__)
