"""`deras.debugging`: the public names of TensorFlow's `tf.debugging`."""

# Written by scripts/gen_api.py from the @export declarations in _src; do not edit.
# isort: skip_file

from deras._src.compat.missing import missing_attribute as _missing
from deras._src.function.numerics import disable_check_numerics as disable_check_numerics
from deras._src.function.numerics import enable_check_numerics as enable_check_numerics
from deras._src.ops.debugging import Assert as Assert
from deras._src.ops.debugging import assert_all_finite as assert_all_finite
from deras._src.ops.debugging import assert_equal as assert_equal
from deras._src.ops.debugging import assert_greater as assert_greater
from deras._src.ops.debugging import assert_greater_equal as assert_greater_equal
from deras._src.ops.debugging import assert_less as assert_less
from deras._src.ops.debugging import assert_less_equal as assert_less_equal
from deras._src.ops.debugging import assert_near as assert_near
from deras._src.ops.debugging import assert_negative as assert_negative
from deras._src.ops.debugging import assert_non_negative as assert_non_negative
from deras._src.ops.debugging import assert_non_positive as assert_non_positive
from deras._src.ops.debugging import assert_none_equal as assert_none_equal
from deras._src.ops.debugging import assert_positive as assert_positive
from deras._src.ops.debugging import check_numerics as check_numerics
from deras._src.ops.debugging_static import assert_integer as assert_integer
from deras._src.ops.debugging_static import assert_proper_iterable as assert_proper_iterable
from deras._src.ops.debugging_static import assert_rank as assert_rank
from deras._src.ops.debugging_static import assert_rank_at_least as assert_rank_at_least
from deras._src.ops.debugging_static import assert_rank_in as assert_rank_in
from deras._src.ops.debugging_static import assert_same_float_dtype as assert_same_float_dtype
from deras._src.ops.debugging_static import assert_scalar as assert_scalar
from deras._src.ops.debugging_static import assert_shapes as assert_shapes
from deras._src.ops.debugging_static import assert_type as assert_type
from deras._src.ops.debugging_static import is_numeric_tensor as is_numeric_tensor
from deras._src.state.config import get_log_device_placement as get_log_device_placement
from deras._src.state.config import set_log_device_placement as set_log_device_placement

__getattr__ = _missing(__name__)
