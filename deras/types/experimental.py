"""`deras.types.experimental`: the public names of TensorFlow's `tf.types.experimental`."""

# Written by scripts/gen_api.py from the @export declarations in _src; do not edit.
# isort: skip_file

from deras._src.compat.missing import missing_attribute as _missing
from deras._src.function.concrete import AtomicFunction as AtomicFunction
from deras._src.function.concrete import ConcreteFunction as ConcreteFunction
from deras._src.function.concrete import TracedCallable as _TracedCallable
from deras._src.function.function_type import FunctionType as FunctionType
from deras._src.function.polymorphic import Function as _Function
from deras._src.function.trace_type import SupportsTracingProtocol as SupportsTracingProtocol
from deras._src.function.trace_type import TensorLike as TensorLike
from deras._src.function.trace_type import TraceType as TraceType

Callable = _TracedCallable
GenericFunction = _Function
PolymorphicFunction = _Function

__getattr__ = _missing(__name__)
