"""`deras.nn.experimental`: the public names of TensorFlow's `tf.nn.experimental`."""

# Written by scripts/gen_api.py from the @export declarations in _src; do not edit.
# isort: skip_file

from deras._src.compat.missing import missing_attribute as _missing
from deras._src.state.dropout import general_dropout as general_dropout
from deras._src.state.dropout import stateless_dropout as stateless_dropout

__getattr__ = _missing(__name__)
