"""`tf.config`: devices, and the options of TensorFlow's runtime.

Options about devices act on JAX. Options of TensorFlow's own runtime (threads, graph optimizers)
have nothing to act on here; they are checked, kept and given back.
"""

from __future__ import annotations

import logging
from collections import namedtuple
from collections.abc import Sequence
from typing import Any

import jax

from deras._src import errors
from deras._src.core import devices as core
from deras._src.core.devices import DeviceSpec, LogicalDevice, PhysicalDevice, placement
from deras._src.core.settings import settings
from deras._src.dispatch.plans import PLANS
from deras._src.util.export import export

_LOGGER = logging.getLogger("deras")


@export("config.LogicalDeviceConfiguration", "config.experimental.VirtualDeviceConfiguration")
class LogicalDeviceConfiguration(
    namedtuple(
        "LogicalDeviceConfiguration",
        ["memory_limit", "experimental_priority", "experimental_device_ordinal"],
        defaults=[None, None, None],
    )
):
    """What one of several logical devices on a physical device is to be.

    Attributes:
      memory_limit: Megabytes it may use, for GPUs; not supported.
      experimental_priority: Accepted for TensorFlow's sake.
      experimental_device_ordinal: Accepted for TensorFlow's sake.
    """

    __slots__ = ()


class _Options:
    """What was set by the functions below, for the whole process."""

    def __init__(self) -> None:
        self.logical: dict[PhysicalDevice, list[LogicalDeviceConfiguration]] = {}
        self.growth: dict[PhysicalDevice, bool] = {}
        self.inter_op_threads = 0
        self.intra_op_threads = 0
        self.optimizer: dict[str, Any] = {}
        self.jit = ""
        self.policy = "silent"
        self.synchronous = True
        self.log_placement = False


_options = _Options()


# -- devices --------------------------------------------------------------------------------------


@export("config.list_physical_devices", "config.experimental.list_physical_devices")
def list_physical_devices(device_type: str | None = None) -> list[PhysicalDevice]:
    """The machine's devices: the CPU as one, then GPUs or TPUs.

    Args:
      device_type: `"CPU"`, `"GPU"` or `"TPU"`; by default all.
    Returns:
      List of `tf.config.PhysicalDevice`.

    >>> tf.config.list_physical_devices("CPU")
    [PhysicalDevice(name='/physical_device:CPU:0', device_type='CPU')]
    """
    if device_type == "CPU":  # does not make JAX look for others
        return [PhysicalDevice("/physical_device:CPU:0", "CPU")]
    return _of_type(core.physical_devices(), device_type)


@export("config.list_logical_devices", "config.experimental.list_logical_devices")
def list_logical_devices(device_type: str | None = None) -> list[LogicalDevice]:
    """The devices that programs can be placed on.

    Args:
      device_type: `"CPU"`, `"GPU"` or `"TPU"`; by default all.
    Returns:
      List of `tf.config.LogicalDevice`.

    >>> tf.config.list_logical_devices("CPU")[0].name
    '/device:CPU:0'
    """
    found = [
        LogicalDevice(f"/device:{kind}:{number}", kind)
        for kind, devices in core.logical_devices().items()
        for number in range(len(devices))
    ]
    return _of_type(found, device_type)


def _of_type(devices: list[Any], device_type: str | None) -> list[Any]:
    return [d for d in devices if device_type is None or d.device_type == device_type]


def _known(device: Any) -> PhysicalDevice:
    if device not in core.physical_devices():
        raise ValueError(f"Unrecognized device: {device!r}")
    return device


@export("config.get_visible_devices", "config.experimental.get_visible_devices")
def get_visible_devices(device_type: str | None = None) -> list[PhysicalDevice]:
    """The physical devices that programs may use.

    >>> tf.config.get_visible_devices("CPU")
    [PhysicalDevice(name='/physical_device:CPU:0', device_type='CPU')]
    """
    return _of_type(core.visible_devices(), device_type)


@export("config.set_visible_devices", "config.experimental.set_visible_devices")
def set_visible_devices(devices: Any, device_type: str | None = None) -> None:
    """Chooses the physical devices that programs may use.

    Without the accelerator that JAX would use by default, JAX's default device (for the whole
    process) becomes the first visible one.

    Args:
      devices: List of `tf.config.PhysicalDevice`; may be empty.
      device_type: Only devices of this type are chosen; others stay as they are.
    Raises:
      ValueError: a device is not there, or not of `device_type`.
      RuntimeError: the logical devices have been made, and others were chosen then.

    >>> tf.config.set_visible_devices([], "GPU")
    >>> tf.config.get_visible_devices("GPU")
    []
    """
    if isinstance(devices, (PhysicalDevice, str)) or not isinstance(devices, Sequence):
        devices = [devices]
    for device in devices:
        if device_type is not None and getattr(device, "device_type", None) != device_type:
            raise ValueError(f"Unrecognized device: {device!r}")
        _known(device)
    everything = core.physical_devices()
    before = core.visible_devices()
    if device_type is None:
        chosen = set(devices)
    else:
        chosen = {d for d in before if d.device_type != device_type} | set(devices)
    after = [d for d in everything if d in chosen]
    if after == before:
        return
    if placement.started:
        raise RuntimeError("Visible devices cannot be modified after being initialized")
    placement.visible = after
    fast = [d for d in after if d.device_type != "CPU"]
    if len(everything) > 1 and after:
        jax.config.update("jax_default_device", core.jax_device((fast or after)[0]))


@export(
    "config.get_logical_device_configuration",
    "config.experimental.get_virtual_device_configuration",
)
def get_logical_device_configuration(device: Any) -> list[LogicalDeviceConfiguration] | None:
    """What `set_logical_device_configuration` was told for a device, or None.

    >>> cpu = tf.config.list_physical_devices("CPU")[0]
    >>> tf.config.get_logical_device_configuration(cpu)
    """
    return _options.logical.get(_known(device))


@export(
    "config.set_logical_device_configuration",
    "config.experimental.set_virtual_device_configuration",
)
def set_logical_device_configuration(
    device: Any, logical_devices: Sequence[LogicalDeviceConfiguration]
) -> None:
    """Makes several logical devices of the CPU, for programs that spread over devices.

    Args:
      device: A `tf.config.PhysicalDevice`.
      logical_devices: A `tf.config.LogicalDeviceConfiguration` for each.
    Raises:
      ValueError: the device is not there, or a memory limit is asked of a CPU.
      RuntimeError: it is too late: JAX has its devices.
      UnimplementedError: several logical devices of a GPU or TPU.
    """
    configurations = list(logical_devices)
    if _options.logical.get(_known(device)) == configurations:
        return
    if device.device_type != "CPU":
        if len(configurations) > 1:
            raise errors.op_error(
                errors.UnimplementedError,
                "tf.config.set_logical_device_configuration",
                f"{device.name} cannot be divided: JAX gives a GPU or TPU to a program as a whole",
                hint="several logical devices can be made of the CPU",
            )
        if any(c.memory_limit is not None for c in configurations):
            _LOGGER.warning(
                "tf.config.set_logical_device_configuration: memory_limit is not enforced; set "
                "XLA_PYTHON_CLIENT_MEM_FRACTION before the program starts."
            )
        _options.logical[device] = configurations
        return
    if any(c.memory_limit is not None for c in configurations):
        raise ValueError("Setting memory limit on CPU virtual devices is currently not supported")
    late = "Virtual devices cannot be modified after being initialized"
    if placement.started:
        raise RuntimeError(late)
    try:
        jax.config.update("jax_num_cpu_devices", max(1, len(configurations)))
    except RuntimeError as error:  # JAX has its devices
        raise RuntimeError(f"{late} ({error})") from None
    _options.logical[device] = configurations


@export("config.experimental.get_memory_growth")
def get_memory_growth(device: Any) -> bool | None:
    """Whether memory growth was asked for a GPU."""
    if _known(device).device_type == "CPU":
        raise KeyError(device)
    return _options.growth.get(device)


@export("config.experimental.set_memory_growth")
def set_memory_growth(device: Any, enable: bool) -> None:
    """Accepted and kept. How JAX takes memory is said before the program starts, by the
    environment variable `XLA_PYTHON_CLIENT_PREALLOCATE`.

    Raises:
      ValueError: the device is not there, or a CPU.
    """
    if _known(device).device_type == "CPU":
        raise ValueError("Cannot set memory growth on non-GPU and non-Pluggable devices")
    _options.growth[device] = bool(enable)


@export("config.experimental.get_device_details")
def get_device_details(device: Any) -> dict[str, Any]:
    """Facts about a physical device: for GPUs `device_name` and `compute_capability`.

    >>> tf.config.experimental.get_device_details(tf.config.list_physical_devices("CPU")[0])
    {}
    """
    if not isinstance(device, PhysicalDevice):
        raise ValueError(f"device must be a tf.config.PhysicalDevice, but got: {device}")
    if _known(device).device_type == "CPU":
        return {}
    found = core.jax_device(device)
    details: dict[str, Any] = {"device_name": found.device_kind}
    capability = getattr(found, "compute_capability", None)
    if capability is not None:
        details["compute_capability"] = tuple(int(n) for n in str(capability).split("."))
    return details


def _memory_device(name: str) -> Any:
    try:
        spec = DeviceSpec.from_string(name)
    except ValueError:
        spec = DeviceSpec()
    if spec.device_type is None or spec.device_index is None:
        raise ValueError(
            f"Failed parsing device name: {name!r}. Note a valid device string should at least "
            'contain a device type and a device index, like "GPU:0".'
        )
    found = core.logical_devices().get(spec.device_type, [])
    if spec.device_index >= len(found):
        raise ValueError(f"No matching devices found for {name!r}")
    return found[spec.device_index]


@export("config.experimental.get_memory_info")
def get_memory_info(device: str) -> dict[str, int]:
    """Bytes in use on a GPU or TPU, now (`current`) and at most (`peak`).

    Args:
      device: A name such as `"GPU:0"`.
    Raises:
      ValueError: there is no such device, or it does not count (CPUs do not).
    """
    stats = _memory_device(device).memory_stats()
    if not stats:
        raise ValueError(f"Allocator stats not available for device {device!r}")
    return {"current": stats["bytes_in_use"], "peak": stats["peak_bytes_in_use"]}


@export("config.experimental.get_memory_usage")
def get_memory_usage(device: str) -> int:
    """The `current` of `get_memory_info`."""
    return get_memory_info(device)["current"]


@export("config.experimental.reset_memory_stats")
def reset_memory_stats(device: str) -> None:
    """Not possible with JAX: the peak counts from the start of the program.

    Raises:
      ValueError: there is no such device, or it does not count (CPUs do not).
      UnimplementedError: otherwise.
    """
    if not _memory_device(device).memory_stats():
        raise ValueError(f"Cannot reset memory stats for device {device!r}")
    raise errors.op_error(
        errors.UnimplementedError,
        "tf.config.experimental.reset_memory_stats",
        "JAX counts the peak from the start of the program and cannot begin again",
    )


@export("config.get_soft_device_placement")
def get_soft_device_placement() -> bool:
    """Whether `tf.device` takes another device where the one asked for is missing.

    >>> tf.config.get_soft_device_placement()
    True
    """
    return placement.soft


@export("config.set_soft_device_placement")
def set_soft_device_placement(enabled: bool) -> None:
    """Whether `tf.device` takes another device where the one asked for is missing."""
    placement.soft = bool(enabled)


# -- numbers --------------------------------------------------------------------------------------


@export("config.experimental.enable_tensor_float_32_execution")
def enable_tensor_float_32_execution(enabled: bool) -> None:
    """Whether float32 products may use TF32 on hardware that has it; they may by default.

    Functions compiled already stay as they are.
    """
    if bool(enabled) != settings.tensor_float_32:
        settings.tensor_float_32 = bool(enabled)
        PLANS.plans.clear()


@export("config.experimental.tensor_float_32_execution_enabled")
def tensor_float_32_execution_enabled() -> bool:
    """Whether float32 products may use TF32 on hardware that has it.

    >>> tf.config.experimental.tensor_float_32_execution_enabled()
    True
    """
    return settings.tensor_float_32


@export("config.experimental.enable_op_determinism")
def enable_op_determinism() -> None:
    """Makes random ops without any seed an error. On CPU all else is deterministic in any case;
    for GPUs set `XLA_FLAGS=--xla_gpu_deterministic_ops=true` before the program starts."""
    settings.deterministic = True


@export("config.experimental.disable_op_determinism")
def disable_op_determinism() -> None:
    """Undoes `enable_op_determinism`."""
    settings.deterministic = False


@export("config.experimental.is_op_determinism_enabled")
def is_op_determinism_enabled() -> bool:
    """Whether `enable_op_determinism` was called.

    >>> tf.config.experimental.is_op_determinism_enabled()
    False
    """
    return settings.deterministic


# -- options of TensorFlow's runtime, kept ---------------------------------------------------------


def _threads(number: Any) -> int:
    if isinstance(number, bool) or not isinstance(number, int):
        raise TypeError(f"the number of threads must be an int, not {number!r}")
    return number


@export("config.threading.get_inter_op_parallelism_threads")
def get_inter_op_parallelism_threads() -> int:
    """The number set, 0 by default.

    >>> tf.config.threading.get_inter_op_parallelism_threads()
    0
    """
    return _options.inter_op_threads


@export("config.threading.set_inter_op_parallelism_threads")
def set_inter_op_parallelism_threads(num_threads: int) -> None:
    """Accepted and kept; XLA chooses its threads by itself."""
    _options.inter_op_threads = _threads(num_threads)


@export("config.threading.get_intra_op_parallelism_threads")
def get_intra_op_parallelism_threads() -> int:
    """The number set, 0 by default.

    >>> tf.config.threading.get_intra_op_parallelism_threads()
    0
    """
    return _options.intra_op_threads


@export("config.threading.set_intra_op_parallelism_threads")
def set_intra_op_parallelism_threads(num_threads: int) -> None:
    """Accepted and kept; XLA chooses its threads by itself."""
    _options.intra_op_threads = _threads(num_threads)


@export("config.optimizer.get_experimental_options")
def get_experimental_options() -> dict[str, Any]:
    """The graph optimizer's options that were set."""
    base = {"disable_model_pruning": False, "disable_meta_optimizer": False}
    return {**base, **_options.optimizer}


@export("config.optimizer.set_experimental_options")
def set_experimental_options(options: dict[str, Any]) -> None:
    """Accepted and kept; XLA optimizes graphs."""
    _options.optimizer.update(
        (name, value) for name, value in options.items() if name in _OPTIMIZER_OPTIONS
    )


# TensorFlow drops options that it does not know.
_OPTIMIZER_OPTIONS = frozenset(
    (
        "arithmetic_optimization",
        "auto_mixed_precision",
        "auto_mixed_precision_cpu",
        "auto_mixed_precision_mkl",
        "auto_mixed_precision_onednn_bfloat16",
        "auto_parallel",
        "constant_folding",
        "debug_stripper",
        "dependency_optimization",
        "disable_meta_optimizer",
        "disable_model_pruning",
        "function_optimization",
        "implementation_selector",
        "layout_optimizer",
        "loop_optimization",
        "min_graph_nodes",
        "pin_to_host_optimization",
        "remapping",
        "scoped_allocator_optimization",
        "shape_optimization",
    )
)


@export("config.optimizer.get_jit")
def get_jit() -> str:
    """What was set by `set_jit`: `"autoclustering"` or `""`.

    >>> tf.config.optimizer.get_jit()
    ''
    """
    return _options.jit


@export("config.optimizer.set_jit")
def set_jit(enabled: bool | str) -> None:
    """Accepted and kept; every function is compiled by XLA in any case."""
    _options.jit = "autoclustering" if enabled in (True, "autoclustering") else ""


_POLICIES = ("explicit", "warn", "silent", "silent_for_int32")


@export("config.experimental.get_device_policy")
def get_device_policy() -> str:
    """What was set by `set_device_policy`; `"silent"` by default."""
    return _options.policy


@export("config.experimental.set_device_policy")
def set_device_policy(device_policy: str | None) -> None:
    """Accepted and kept: tensors are copied between devices where they are needed.

    Raises:
      ValueError: `device_policy` is no policy.
    """
    if device_policy is not None and device_policy not in _POLICIES:
        raise ValueError(
            f"Invalid argument `device_policy`: {device_policy!r}. Please refer to "
            "https://www.tensorflow.org/api_docs/python/tf/config/experimental/set_device_policy "
            "for valid `device_policy` arguments."
        )
    _options.policy = device_policy or "silent"


@export("config.experimental.get_synchronous_execution")
def get_synchronous_execution() -> bool:
    """What was set by `set_synchronous_execution`; True by default."""
    return _options.synchronous


@export("config.experimental.set_synchronous_execution")
def set_synchronous_execution(enable: bool | None) -> None:
    """Accepted and kept; XLA programs run asynchronously, and values wait for them."""
    _options.synchronous = True if enable is None else bool(enable)


@export("config.experimental.enable_mlir_bridge")
def enable_mlir_bridge() -> None:
    """Accepted: there is no bridge to choose."""


@export("config.experimental.disable_mlir_bridge")
def disable_mlir_bridge() -> None:
    """Accepted: there is no bridge to choose."""


@export("debugging.get_log_device_placement")
def get_log_device_placement() -> bool:
    """What was set by `set_log_device_placement`.

    >>> tf.debugging.get_log_device_placement()
    False
    """
    return _options.log_placement


@export("debugging.set_log_device_placement")
def set_log_device_placement(enabled: bool) -> None:
    """Accepted and kept; placements are not logged, `tensor.device` tells them."""
    _options.log_placement = bool(enabled)
