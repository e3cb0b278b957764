"""`deras.config`: the public names of TensorFlow's `tf.config`."""

# Written by scripts/gen_api.py from the @export declarations in _src; do not edit.
# isort: skip_file

from deras._src.compat.missing import missing_attribute as _missing
from deras._src.function.polymorphic import functions_run_eagerly as _functions_run_eagerly
from deras._src.function.polymorphic import functions_run_eagerly as functions_run_eagerly
from deras._src.function.polymorphic import run_functions_eagerly as _run_functions_eagerly
from deras._src.function.polymorphic import run_functions_eagerly as run_functions_eagerly

experimental_functions_run_eagerly = _functions_run_eagerly
experimental_run_functions_eagerly = _run_functions_eagerly

__getattr__ = _missing(__name__)
