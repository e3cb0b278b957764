"""`deras.random.experimental`: the public names of TensorFlow's `tf.random.experimental`."""

# Written by scripts/gen_api.py from the @export declarations in _src; do not edit.
# isort: skip_file

from deras._src.compat.missing import missing_attribute as _missing
from deras._src.ops.generator_state import Algorithm as Algorithm
from deras._src.ops.random_stateless import fold_in as _fold_in
from deras._src.ops.random_stateless import index_shuffle as index_shuffle
from deras._src.ops.random_stateless import split as _split
from deras._src.ops.random_stateless import stateless_shuffle as stateless_shuffle
from deras._src.state.generator import Generator as Generator
from deras._src.state.generator import create_rng_state as create_rng_state
from deras._src.state.generator import get_global_generator as get_global_generator
from deras._src.state.generator import set_global_generator as set_global_generator

stateless_fold_in = _fold_in
stateless_split = _split

__getattr__ = _missing(__name__)
