"""`deras.autograph.experimental`: the public names of TensorFlow's `tf.autograph.experimental`."""

# Written by scripts/gen_api.py from the @export declarations in _src; do not edit.
# isort: skip_file

from deras._src.compat.missing import missing_attribute as _missing
from deras._src.autograph.api import Feature as Feature
from deras._src.autograph.api import do_not_convert as do_not_convert
from deras._src.autograph.api import set_loop_options as set_loop_options

__getattr__ = _missing(__name__)
