"""`deras.config.experimental`: the public names of TensorFlow's `tf.config.experimental`."""

# Written by scripts/gen_api.py from the @export declarations in _src; do not edit.
# isort: skip_file

from deras._src.compat.missing import missing_attribute as _missing
from deras._src.state.config import LogicalDeviceConfiguration as _LogicalDeviceConfiguration
from deras._src.state.config import disable_mlir_bridge as disable_mlir_bridge
from deras._src.state.config import disable_op_determinism as disable_op_determinism
from deras._src.state.config import enable_mlir_bridge as enable_mlir_bridge
from deras._src.state.config import enable_op_determinism as enable_op_determinism
from deras._src.state.config import (
    enable_tensor_float_32_execution as enable_tensor_float_32_execution,
)
from deras._src.state.config import get_device_details as get_device_details
from deras._src.state.config import get_device_policy as get_device_policy
from deras._src.state.config import (
    get_logical_device_configuration as _get_logical_device_configuration,
)
from deras._src.state.config import get_memory_growth as get_memory_growth
from deras._src.state.config import get_memory_info as get_memory_info
from deras._src.state.config import get_memory_usage as get_memory_usage
from deras._src.state.config import get_synchronous_execution as get_synchronous_execution
from deras._src.state.config import get_visible_devices as get_visible_devices
from deras._src.state.config import is_op_determinism_enabled as is_op_determinism_enabled
from deras._src.state.config import list_logical_devices as list_logical_devices
from deras._src.state.config import list_physical_devices as list_physical_devices
from deras._src.state.config import reset_memory_stats as reset_memory_stats
from deras._src.state.config import set_device_policy as set_device_policy
from deras._src.state.config import (
    set_logical_device_configuration as _set_logical_device_configuration,
)
from deras._src.state.config import set_memory_growth as set_memory_growth
from deras._src.state.config import set_synchronous_execution as set_synchronous_execution
from deras._src.state.config import set_visible_devices as set_visible_devices
from deras._src.state.config import (
    tensor_float_32_execution_enabled as tensor_float_32_execution_enabled,
)

VirtualDeviceConfiguration = _LogicalDeviceConfiguration
get_virtual_device_configuration = _get_logical_device_configuration
set_virtual_device_configuration = _set_logical_device_configuration

__getattr__ = _missing(__name__)
