"""`deras.debug`: the public names of TensorFlow's `tf.debug`."""

# Written by scripts/gen_api.py from the @export declarations in _src; do not edit.
# isort: skip_file

from deras._src.compat.missing import missing_attribute as _missing
from deras._src.debug.gradients import gradients as gradients

__getattr__ = _missing(__name__)
