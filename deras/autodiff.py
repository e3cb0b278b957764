"""`deras.autodiff`: the public names of TensorFlow's `tf.autodiff`."""

# Written by scripts/gen_api.py from the @export declarations in _src; do not edit.
# isort: skip_file

from deras._src.compat.missing import missing_attribute as _missing
from deras._src.tape.forward_accumulator import ForwardAccumulator as ForwardAccumulator
from deras._src.tape.gradient_tape import GradientTape as GradientTape

__getattr__ = _missing(__name__)
