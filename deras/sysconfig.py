"""`deras.sysconfig`: the public names of TensorFlow's `tf.sysconfig`."""

# Written by scripts/gen_api.py from the @export declarations in _src; do not edit.
# isort: skip_file

from deras._src.compat.missing import missing_attribute as _missing
from deras._src.state.build_info import get_build_info as get_build_info
from deras._src.state.build_info import get_compile_flags as get_compile_flags
from deras._src.state.build_info import get_include as get_include
from deras._src.state.build_info import get_lib as get_lib
from deras._src.state.build_info import get_link_flags as get_link_flags

__getattr__ = _missing(__name__)
