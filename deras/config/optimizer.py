"""`deras.config.optimizer`: the public names of TensorFlow's `tf.config.optimizer`."""

# Written by scripts/gen_api.py from the @export declarations in _src; do not edit.
# isort: skip_file

from deras._src.compat.missing import missing_attribute as _missing
from deras._src.state.config import get_experimental_options as get_experimental_options
from deras._src.state.config import get_jit as get_jit
from deras._src.state.config import set_experimental_options as set_experimental_options
from deras._src.state.config import set_jit as set_jit

__getattr__ = _missing(__name__)
