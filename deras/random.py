"""`deras.random`: the public names of TensorFlow's `tf.random`."""

# Written by scripts/gen_api.py from the @export declarations in _src; do not edit.
# isort: skip_file

from deras._src.compat.missing import missing_attribute as _missing
from deras._src.state.random_stateful import categorical as categorical
from deras._src.state.random_stateful import gamma as gamma
from deras._src.state.random_stateful import normal as normal
from deras._src.state.random_stateful import poisson as poisson
from deras._src.state.random_stateful import set_seed as set_seed
from deras._src.state.random_stateful import shuffle as shuffle
from deras._src.state.random_stateful import truncated_normal as truncated_normal
from deras._src.state.random_stateful import uniform as uniform

__getattr__ = _missing(__name__)
