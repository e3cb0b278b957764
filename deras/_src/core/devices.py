"""Devices: `tf.DeviceSpec`, `tf.device`, and JAX's devices under TensorFlow's names.

Nothing here touches JAX's devices before someone asks for them: the number of CPU devices, for
example, can be chosen until then.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
from collections import namedtuple
from types import TracebackType
from typing import Any

import jax

from deras._src import errors
from deras._src.core.context import state
from deras._src.util.export import export

_SHORT_TYPES = ("CPU", "GPU", "TPU")
_PLATFORM_TYPES = {"cpu": "CPU", "gpu": "GPU", "cuda": "GPU", "rocm": "GPU", "tpu": "TPU"}


@export("config.PhysicalDevice")
class PhysicalDevice(namedtuple("PhysicalDevice", ["name", "device_type"])):
    """A device of this machine, as `tf.config.list_physical_devices` gives it.

    Attributes:
      name: Such as `/physical_device:GPU:0`.
      device_type: `CPU`, `GPU` or `TPU`.
    """

    __slots__ = ()


@export("config.LogicalDevice")
class LogicalDevice(namedtuple("LogicalDevice", ["name", "device_type"])):
    """A device that programs can be placed on, as `tf.config.list_logical_devices` gives it.

    Attributes:
      name: Such as `/device:GPU:0`, for `tf.device`.
      device_type: `CPU`, `GPU` or `TPU`.
    """

    __slots__ = ()


# -- device names ---------------------------------------------------------------------------------


@export("DeviceSpec")
class DeviceSpec:
    """A device's name in parts; parts may be left open.

    Args:
      job: Name of a job, or None.
      replica: Number of a replica, or None.
      task: Number of a task, or None.
      device_type: `CPU`, `GPU` or `TPU`, or None.
      device_index: Number of a device, or None.

    >>> tf.DeviceSpec.from_string("/job:worker/task:1/gpu:0").to_string()
    '/job:worker/task:1/device:GPU:0'
    """

    __slots__ = ("_device_index", "_device_type", "_job", "_replica", "_task")

    def __init__(
        self,
        job: str | None = None,
        replica: int | None = None,
        task: int | None = None,
        device_type: str | None = None,
        device_index: int | None = None,
    ) -> None:
        self._job = None if job is None else str(job)
        self._replica = None if replica is None else int(replica)
        self._task = None if task is None else int(task)
        self._device_type = _type_name(device_type)
        self._device_index = None if device_index is None else int(device_index)

    @property
    def job(self) -> str | None:
        """The job's name."""
        return self._job

    @property
    def replica(self) -> int | None:
        """The replica's number."""
        return self._replica

    @property
    def task(self) -> int | None:
        """The task's number."""
        return self._task

    @property
    def device_type(self) -> str | None:
        """The type, in capitals."""
        return self._device_type

    @property
    def device_index(self) -> int | None:
        """The device's number."""
        return self._device_index

    @classmethod
    def from_string(cls, spec: str) -> DeviceSpec:
        """The spec that a name such as `/job:worker/task:0/device:GPU:1` or `cpu:0` stands for.

        Raises:
          ValueError: the name is not of that form.
        """
        fields: dict[str, Any] = {}
        for part in spec.split("/"):
            words = part.split(":")
            if words == [""]:
                continue
            if len(words) == 2 and words[0] in ("job", "replica", "task"):
                fields[words[0]] = words[1]
                continue
            if len(words) == 3 and words[0] == "device":
                words = words[1:]
            elif len(words) > 2 or words[0].upper() not in _SHORT_TYPES:
                raise ValueError(
                    f"Unknown attribute {words[0]!r} is encountered while parsing the device "
                    f"spec: {spec!r}."
                )
            if "device_type" in fields:
                raise ValueError(
                    f"Multiple device types are not allowed while parsing the device spec: {spec}."
                )
            fields["device_type"] = words[0]
            if len(words) == 2 and words[1] != "*":
                fields["device_index"] = words[1]
        return cls(**fields)

    def parse_from_string(self, spec: str) -> DeviceSpec:
        """The same as `from_string`; nothing of this spec is kept."""
        return self.from_string(spec)

    def make_merged_spec(self, dev: DeviceSpec) -> DeviceSpec:
        """A new spec: `dev`, with its open parts taken from this one."""
        merged = {
            field: getattr(self, field) if getattr(dev, field) is None else getattr(dev, field)
            for field in _FIELDS
        }
        return type(self)(**merged)

    def replace(self, **kwargs: Any) -> DeviceSpec:
        """A new spec with some parts replaced."""
        return type(self)(**{**{field: getattr(self, field) for field in _FIELDS}, **kwargs})

    def to_string(self) -> str:
        """The name; an open number is written `*`, other open parts are left out."""
        text = ""
        for field in ("job", "replica", "task"):
            value = getattr(self, field)
            if value is not None:
                text += f"/{field}:{value}"
        if self._device_type is not None:
            index = "*" if self._device_index is None else self._device_index
            text += f"/device:{self._device_type}:{index}"
        return text

    def _key(self) -> tuple[Any, ...]:
        return tuple(getattr(self, field) for field in _FIELDS)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DeviceSpec) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def __repr__(self) -> str:
        parts = ", ".join(f"{field}={getattr(self, field)}" for field in _FIELDS)
        return f"<DeviceSpec({parts})>"

    __str__ = __repr__


_FIELDS = ("job", "replica", "task", "device_type", "device_index")


def _type_name(device_type: Any) -> str | None:
    if device_type is None:
        return None
    text = str(device_type)
    return text.upper() if text.upper() in _SHORT_TYPES else text


# -- what there is --------------------------------------------------------------------------------


class Placement:
    """What `tf.config` decided about devices, for the whole process.

    Attributes:
      soft: whether a device that is not there is replaced by one that is.
      visible: the physical devices that may be used, or None for all.
      started: whether the logical devices have been made.
    """

    def __init__(self) -> None:
        self.soft = True
        self.visible: list[PhysicalDevice] | None = None
        self.started = False


placement = Placement()


def physical_devices() -> list[PhysicalDevice]:
    """The CPU, as one device, and every accelerator."""
    found = [PhysicalDevice("/physical_device:CPU:0", "CPU")]
    for kind in ("GPU", "TPU"):
        count = len(accelerators(kind))
        found += [PhysicalDevice(f"/physical_device:{kind}:{i}", kind) for i in range(count)]
    return found


def visible_devices() -> list[PhysicalDevice]:
    """The physical devices that programs may use."""
    return physical_devices() if placement.visible is None else list(placement.visible)


def logical_devices() -> dict[str, list[Any]]:
    """JAX's devices that programs may use, by type."""
    placement.started = True
    found: dict[str, list[Any]] = {}
    for device in visible_devices():
        kind = device.device_type
        if kind == "CPU":
            found[kind] = list(jax.local_devices(backend="cpu"))
        else:
            found.setdefault(kind, []).append(jax_device(device))
    return found


def jax_device(device: PhysicalDevice) -> Any:
    """JAX's device behind a physical one; for the CPU the first."""
    index = int(device.name.rsplit(":", 1)[1])
    if device.device_type == "CPU":
        return jax.local_devices(backend="cpu")[0]
    return accelerators(device.device_type)[index]


def accelerators(kind: str) -> list[Any]:
    """JAX's devices of a type other than CPU.

    JAX is asked only where it can have any: asking fixes the number of CPU devices.
    """
    if not _has_accelerator_plugin():
        return []
    return [d for d in jax.local_devices() if _PLATFORM_TYPES.get(d.platform) == kind]


def _has_accelerator_plugin() -> bool:
    if importlib.util.find_spec("libtpu") or importlib.util.find_spec("jax_plugins"):
        return True
    return bool(importlib.metadata.entry_points(group="jax_plugins"))


# -- tf.device ------------------------------------------------------------------------------------


class _DeviceScope:
    """The context manager that `tf.device` gives."""

    __slots__ = ("_saved", "_spec")

    def __init__(self, spec: DeviceSpec | None) -> None:
        self._spec = spec
        self._saved: list[tuple[Any, Any]] = []

    def __enter__(self) -> None:
        outer = state.device_spec
        spec = self._spec
        if spec is not None and outer is not None:
            if spec.device_type not in (None, outer.device_type) and spec.device_index is None:
                outer = outer.replace(device_index=None)
            spec = outer.make_merged_spec(spec)
        device = state.device if state.graph is not None else place(spec)
        self._saved.append((state.device_spec, state.device))
        state.device_spec, state.device = spec, device

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        state.device_spec, state.device = self._saved.pop()


@export("device")
def device(device_name: Any) -> _DeviceScope:
    """Places the ops that run inside on a device.

    A device that is not there is replaced by one that is, unless
    `tf.config.set_soft_device_placement(False)`. Functions being traced are placed as a whole.

    Args:
      device_name: A name such as `"/GPU:0"`, a `tf.DeviceSpec`, a logical device, or None, which
        leaves all enclosing `tf.device` scopes.
    Returns:
      A context manager.
    Raises:
      ValueError: the name is not a device's.
      InvalidArgumentError: there is no such device, and placement is not soft.

    >>> with tf.device("/CPU:0"):
    ...     y = tf.constant([1.0]) + 1.0
    >>> y.device
    '/job:localhost/replica:0/task:0/device:CPU:0'
    """
    if callable(device_name):
        raise RuntimeError("tf.device does not support functions.")
    if device_name is None:
        return _DeviceScope(None)
    if isinstance(device_name, LogicalDevice):
        device_name = device_name.name
    if isinstance(device_name, DeviceSpec):
        return _DeviceScope(device_name)
    if not isinstance(device_name, str):
        raise ValueError(f"Expecting a string device name. Got {type(device_name)}({device_name})")
    return _DeviceScope(DeviceSpec.from_string(device_name))


def place(spec: DeviceSpec | None) -> Any:
    """JAX's device for a spec; None where the default one will do.

    Raises:
      InvalidArgumentError: there is no such device, and none may stand in for it.
    """
    if spec is None:
        return None
    if spec.job not in (None, "localhost") or spec.replica or spec.task:
        full = DeviceSpec("localhost", 0, 0, "CPU", 0).make_merged_spec(spec).to_string()
        raise errors.InvalidArgumentError(None, None, f"{full} unknown device.")
    if spec.device_type is None:
        return None
    available = logical_devices()
    found = available.get(spec.device_type, [])
    index = spec.device_index or 0
    if index >= len(found):
        if not placement.soft:
            full = DeviceSpec("localhost", 0, 0, None, 0).make_merged_spec(spec).to_string()
            names = [
                DeviceSpec("localhost", 0, 0, kind, i).to_string()
                for kind, devices in available.items()
                for i in range(len(devices))
            ]
            raise errors.InvalidArgumentError(
                None,
                None,
                f"Could not satisfy device specification '{full}'. enable_soft_placement=0. "
                f"Supported device types [{', '.join(available)}]. All available devices "
                f"[{', '.join(names)}].",
            )
        found, index = found or available.get("CPU", []), 0
        if not found:
            return None
    # With one device in all there is no choice to make, and the quicker way is taken.
    alone = sum(len(devices) for devices in available.values()) == 1
    return None if alone else found[index]
