"""`deras.config`: the public names of TensorFlow's `tf.config`."""

# Written by scripts/gen_api.py from the @export declarations in _src; do not edit.
# isort: skip_file

from deras._src.compat.missing import missing_attribute as _missing
from deras._src.core.devices import LogicalDevice as LogicalDevice
from deras._src.core.devices import PhysicalDevice as PhysicalDevice
from deras._src.function.polymorphic import functions_run_eagerly as _functions_run_eagerly
from deras._src.function.polymorphic import functions_run_eagerly as functions_run_eagerly
from deras._src.function.polymorphic import run_functions_eagerly as _run_functions_eagerly
from deras._src.function.polymorphic import run_functions_eagerly as run_functions_eagerly
from deras._src.state.config import LogicalDeviceConfiguration as LogicalDeviceConfiguration
from deras._src.state.config import (
    get_logical_device_configuration as get_logical_device_configuration,
)
from deras._src.state.config import get_soft_device_placement as get_soft_device_placement
from deras._src.state.config import get_visible_devices as get_visible_devices
from deras._src.state.config import list_logical_devices as list_logical_devices
from deras._src.state.config import list_physical_devices as list_physical_devices
from deras._src.state.config import (
    set_logical_device_configuration as set_logical_device_configuration,
)
from deras._src.state.config import set_soft_device_placement as set_soft_device_placement
from deras._src.state.config import set_visible_devices as set_visible_devices
from deras.config import experimental as experimental
from deras.config import optimizer as optimizer
from deras.config import threading as threading

experimental_functions_run_eagerly = _functions_run_eagerly
experimental_run_functions_eagerly = _run_functions_eagerly

__getattr__ = _missing(__name__)
