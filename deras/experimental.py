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
from deras._src.data.iterator import Optional as Optional
from deras._src.dispatch.api_dispatch import dispatch_for_api as dispatch_for_api
from deras._src.dispatch.api_dispatch import (
    dispatch_for_binary_elementwise_apis as dispatch_for_binary_elementwise_apis,
)
from deras._src.dispatch.api_dispatch import (
    dispatch_for_binary_elementwise_assert_apis as dispatch_for_binary_elementwise_assert_apis,
)
from deras._src.dispatch.api_dispatch import (
    dispatch_for_unary_elementwise_apis as dispatch_for_unary_elementwise_apis,
)
from deras._src.dispatch.api_dispatch import unregister_dispatch_for as unregister_dispatch_for

__getattr__ = _missing(__name__)
