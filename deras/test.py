"""`deras.test`: the public names of TensorFlow's `tf.test`."""

# Written by scripts/gen_api.py from the @export declarations in _src; do not edit.
# isort: skip_file

from deras._src.compat.missing import missing_attribute as _missing
from deras._src.state.build_info import gpu_device_name as gpu_device_name
from deras._src.state.build_info import is_built_with_cuda as is_built_with_cuda
from deras._src.state.build_info import is_built_with_gpu_support as is_built_with_gpu_support
from deras._src.state.build_info import is_built_with_rocm as is_built_with_rocm
from deras._src.state.build_info import is_built_with_xla as is_built_with_xla
from deras._src.state.build_info import is_gpu_available as is_gpu_available
from deras._src.testing.gradient_check import compute_gradient as compute_gradient
from deras._src.testing.test_case import TestCase as TestCase
from deras._src.testing.test_case import main as main

__getattr__ = _missing(__name__)
