"""`deras.experimental`: the public names of TensorFlow's `tf.experimental`."""

# Written by scripts/gen_api.py from the @export declarations in _src; do not edit.
# isort: skip_file

from deras._src.compat.missing import missing_attribute as _missing
from deras._src.composite.extension_type import BatchableExtensionType as BatchableExtensionType
from deras._src.composite.extension_type import ExtensionType as ExtensionType
from deras._src.composite.extension_type import (
    ExtensionTypeBatchEncoder as ExtensionTypeBatchEncoder,
)
from deras._src.composite.extension_type import ExtensionTypeSpec as ExtensionTypeSpec

__getattr__ = _missing(__name__)
