"""`deras info`: versions, devices, memory, and which piece a GPU would still need."""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import platform
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from deras._src.util.version import TENSORFLOW_VERSION, __version__

_PACKAGES = ("jax", "jaxlib", "numpy", "ml_dtypes", "keras")
# jaxlib's CUDA plugins, newest first, with the extra of jax that installs each.
_CUDA_PLUGINS = {"jax-cuda13-plugin": "cuda13", "jax-cuda12-plugin": "cuda12"}


def main(arguments: Sequence[str]) -> int:
    """Print the report; returns the exit status."""
    argparse.ArgumentParser(
        prog="deras info",
        description="Show versions and devices, and what is missing for a GPU.",
    ).parse_args(arguments)

    from rich.console import Console

    console = Console(highlight=False)
    for title, rows in (
        ("Versions", versions()),
        ("Devices", devices()),
        ("GPU", [("state", gpu_state())]),
    ):
        console.print(title, style="bold")
        for name, text in rows:
            # Without markup, which would swallow the brackets of jax[cuda13].
            console.print(f"  {name:<10}{text}", markup=False, soft_wrap=True)
    return 0


def versions() -> list[tuple[str, str]]:
    """Name and version of what matters to results; absent packages are named as such."""
    rows = [
        ("deras", f"{__version__} (TensorFlow {TENSORFLOW_VERSION}'s API)"),
        ("python", f"{platform.python_version()} ({sys.executable})"),
        ("system", platform.platform()),
    ]
    rows += [(name, package_version(name) or "not installed") for name in _PACKAGES]
    return rows


def package_version(name: str) -> str | None:
    """The version of an installed package, None where it is absent."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def devices() -> list[tuple[str, str]]:
    """The devices that JAX offers, each with its memory where that is known."""
    import jax

    rows = []
    for device in jax.devices():
        text = device.device_kind
        memory = device.memory_stats() or {}
        if "bytes_limit" in memory:
            text += f", {_gib(memory['bytes_in_use'])} of {_gib(memory['bytes_limit'])} in use"
        elif device.platform == "cpu":
            text += f", {os.cpu_count()} cores, {_gib(_host_memory())} of memory"
        rows.append((f"{device.platform}:{device.id}", text))
    return rows


def _host_memory() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _gib(size: int) -> str:
    return f"{size / 2**30:.1f} GiB"


def gpu_state() -> str:
    """One sentence: the GPU works, or the first piece that is missing and how to get it."""
    import jax

    if any(device.platform == "gpu" for device in jax.devices()):
        return "in use."
    plugin = next((name for name in _CUDA_PLUGINS if package_version(name)), None)
    return missing_for_gpu(
        has_driver=Path("/proc/driver/nvidia/version").exists() or Path("/dev/nvidiactl").exists(),
        plugin=plugin,
        plugin_version=package_version(plugin) if plugin else None,
        jaxlib_version=package_version("jaxlib"),
        platforms=os.environ.get("JAX_PLATFORMS", ""),
        hidden=os.environ.get("CUDA_VISIBLE_DEVICES"),
        jax=jax,
    )


def missing_for_gpu(
    *,
    has_driver: bool,
    plugin: str | None,
    plugin_version: str | None,
    jaxlib_version: str | None,
    platforms: str,
    hidden: str | None,
    jax: Any,
) -> str:
    """What keeps JAX from an NVIDIA GPU: the first missing piece, in the order of a set-up."""
    if not has_driver:
        return (
            "none: no NVIDIA driver is loaded (there is no /proc/driver/nvidia/version). In a"
            " container, the driver's files must be passed in: docker run --gpus all"
        )
    if plugin is None:
        return (
            "not in use: the driver is there, JAX's CUDA plugin is not."
            f" pip install 'jax[{next(iter(_CUDA_PLUGINS.values()))}]'"
        )
    if plugin_version != jaxlib_version:
        return (
            f"not in use: {plugin} {plugin_version} does not fit jaxlib {jaxlib_version}; both"
            f" must have one version. pip install --upgrade 'jax[{_CUDA_PLUGINS[plugin]}]'"
        )
    if platforms and not {"cuda", "gpu"} & set(platforms.split(",")):
        return f"not in use: JAX_PLATFORMS={platforms} keeps JAX away from it; unset it."
    if hidden is not None and hidden.strip() in ("", "-1"):
        return f"not in use: CUDA_VISIBLE_DEVICES={hidden!r} hides every GPU; unset it."
    try:
        jax.devices("cuda")
    except RuntimeError as error:
        return f"not in use: driver and plugin are there, but JAX says: {error}"
    return "not in use: JAX has it, but prefers another device."
