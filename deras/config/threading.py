"""`deras.config.threading`: the public names of TensorFlow's `tf.config.threading`."""

# Written by scripts/gen_api.py from the @export declarations in _src; do not edit.
# isort: skip_file

from deras._src.compat.missing import missing_attribute as _missing
from deras._src.state.config import (
    get_inter_op_parallelism_threads as get_inter_op_parallelism_threads,
)
from deras._src.state.config import (
    get_intra_op_parallelism_threads as get_intra_op_parallelism_threads,
)
from deras._src.state.config import (
    set_inter_op_parallelism_threads as set_inter_op_parallelism_threads,
)
from deras._src.state.config import (
    set_intra_op_parallelism_threads as set_intra_op_parallelism_threads,
)

__getattr__ = _missing(__name__)
