"""`deras.train.experimental`: the public names of TensorFlow's `tf.train.experimental`."""

# Written by scripts/gen_api.py from the @export declarations in _src; do not edit.
# isort: skip_file

from deras._src.compat.missing import missing_attribute as _missing
from deras._src.train.options import MaxShardSizePolicy as MaxShardSizePolicy
from deras._src.train.options import ShardByTaskPolicy as ShardByTaskPolicy
from deras._src.train.options import ShardableTensor as ShardableTensor
from deras._src.train.options import ShardingCallback as ShardingCallback
from deras._src.train.python_state import PythonState as PythonState

__getattr__ = _missing(__name__)
