"""`deras.random`: the public names of TensorFlow's `tf.random`."""

# Written by scripts/gen_api.py from the @export declarations in _src; do not edit.
# isort: skip_file

from deras._src.compat.missing import missing_attribute as _missing
from deras._src.ops.generator_state import Algorithm as Algorithm
from deras._src.ops.random_stateless import fold_in as fold_in
from deras._src.ops.random_stateless import split as split
from deras._src.ops.random_stateless import stateless_binomial as stateless_binomial
from deras._src.ops.random_stateless import stateless_categorical as stateless_categorical
from deras._src.ops.random_stateless import stateless_gamma as stateless_gamma
from deras._src.ops.random_stateless import stateless_normal as stateless_normal
from deras._src.ops.random_stateless import (
    stateless_parameterized_truncated_normal as stateless_parameterized_truncated_normal,
)
from deras._src.ops.random_stateless import stateless_poisson as stateless_poisson
from deras._src.ops.random_stateless import stateless_truncated_normal as stateless_truncated_normal
from deras._src.ops.random_stateless import stateless_uniform as stateless_uniform
from deras._src.state.generator import Generator as Generator
from deras._src.state.generator import create_rng_state as create_rng_state
from deras._src.state.generator import get_global_generator as get_global_generator
from deras._src.state.generator import set_global_generator as set_global_generator
from deras._src.state.random_stateful import categorical as categorical
from deras._src.state.random_stateful import gamma as gamma
from deras._src.state.random_stateful import normal as normal
from deras._src.state.random_stateful import poisson as poisson
from deras._src.state.random_stateful import set_seed as set_seed
from deras._src.state.random_stateful import shuffle as shuffle
from deras._src.state.random_stateful import truncated_normal as truncated_normal
from deras._src.state.random_stateful import uniform as uniform
from deras.random import experimental as experimental

__getattr__ = _missing(__name__)
