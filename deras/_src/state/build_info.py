"""What the library is built for: `tf.sysconfig`, and what `tf.test` says about devices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from deras._src import errors
from deras._src.core.devices import accelerators
from deras._src.state.config import get_device_details, list_physical_devices
from deras._src.util.export import export


@export("sysconfig.get_build_info")
def get_build_info() -> dict[str, Any]:
    """What the library is built for; Deras runs on what JAX has been installed for.

    >>> tf.sysconfig.get_build_info()["is_rocm_build"]
    False
    """
    cuda = _platform_is("cuda")
    return {
        "is_cuda_build": cuda,
        "is_rocm_build": _platform_is("rocm"),
        "is_tensorrt_build": False,
    }


def _platform_is(name: str) -> bool:
    return any(name in getattr(d.client, "platform_version", "").lower() for d in _gpus())


def _gpus() -> list[Any]:
    return accelerators("GPU")


def _no_headers(name: str) -> Callable[[], Any]:
    def refuse() -> Any:
        raise errors.op_error(
            errors.UnimplementedError,
            f"tf.sysconfig.{name}",
            "Deras has no C++ library or headers to build custom ops with",
            hint="write the op in Python: tf.custom_gradient, tf.py_function",
        )

    refuse.__name__ = refuse.__qualname__ = name
    refuse.__doc__ = f"Raises UnimplementedError: Deras has nothing to build C++ ops with ({name})."
    return export(f"sysconfig.{name}")(refuse)


get_include = _no_headers("get_include")
get_lib = _no_headers("get_lib")
get_compile_flags = _no_headers("get_compile_flags")
get_link_flags = _no_headers("get_link_flags")


@export("test.is_gpu_available")
def is_gpu_available(
    cuda_only: bool = False, min_cuda_compute_capability: tuple[int, int] | None = None
) -> bool:
    """Whether there is a GPU.

    Args:
      cuda_only: Whether only CUDA GPUs count.
      min_cuda_compute_capability: The least compute capability, as (major, minor).

    >>> tf.test.is_gpu_available() == bool(tf.config.list_physical_devices("GPU"))
    True
    """
    if cuda_only and not is_built_with_cuda():
        return False
    if min_cuda_compute_capability is None:
        return bool(_gpus())
    wanted = tuple(min_cuda_compute_capability)
    return any(
        get_device_details(d).get("compute_capability", (0, 0)) >= wanted
        for d in list_physical_devices("GPU")
    )


@export("test.gpu_device_name")
def gpu_device_name() -> str:
    """`"/device:GPU:0"` where there is a GPU, else `""`."""
    return "/device:GPU:0" if _gpus() else ""


@export("test.is_built_with_cuda")
def is_built_with_cuda() -> bool:
    """Whether JAX runs on CUDA here."""
    return _platform_is("cuda")


@export("test.is_built_with_rocm")
def is_built_with_rocm() -> bool:
    """Whether JAX runs on ROCm here."""
    return _platform_is("rocm")


@export("test.is_built_with_gpu_support")
def is_built_with_gpu_support() -> bool:
    """Whether JAX runs on GPUs here."""
    return bool(_gpus())


@export("test.is_built_with_xla")
def is_built_with_xla() -> bool:
    """True: everything runs on XLA.

    >>> tf.test.is_built_with_xla()
    True
    """
    return True
