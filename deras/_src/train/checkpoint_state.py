"""The file `checkpoint` of a directory: which checkpoints there are, and which is the latest.

It is a `CheckpointState` message in text form, as TensorFlow writes it, and is replaced whole.
"""

from __future__ import annotations

import glob
import os
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from deras._src.train import bundle_format
from deras._src.train.file_errors import translated
from deras._src.train.protos import messages
from deras._src.util import atomic_files
from deras._src.util.export import export
from deras._src.util.logger import get_logger


def _state_path(directory: str, latest_filename: str | None) -> str:
    return os.path.join(directory, latest_filename or "checkpoint")


def checkpoint_exists(prefix: Any) -> bool:
    """Whether there are files of a checkpoint under a prefix."""
    path = os.fspath(prefix)
    return os.path.exists(bundle_format.index_path(path)) or bool(glob.glob(glob.escape(path)))


def update_checkpoint_state(
    save_dir: Any,
    model_checkpoint_path: str,
    all_model_checkpoint_paths: Sequence[str] | None = None,
    latest_filename: str | None = None,
    all_model_checkpoint_timestamps: Sequence[float] | None = None,
    last_preserved_timestamp: float | None = None,
    save_relative_paths: bool = False,
) -> None:
    """Writes a directory's `checkpoint` file.

    Args:
      save_dir: The directory.
      model_checkpoint_path: The latest checkpoint.
      all_model_checkpoint_paths: All that are there, oldest first.
      latest_filename: Name of the file; `checkpoint` by default.
      all_model_checkpoint_timestamps: Seconds since 1970 for each of them.
      last_preserved_timestamp: Seconds since 1970 of the last one that is kept for good.
      save_relative_paths: Whether paths are written relative to the directory.
    Raises:
      ValueError: there are not as many times as paths.
      RuntimeError: a checkpoint has the path of the file itself.
    """
    directory = os.fspath(save_dir)
    paths = list(all_model_checkpoint_paths or ())
    if not paths or paths[-1] != model_checkpoint_path:
        paths.append(model_checkpoint_path)
    times = list(all_model_checkpoint_timestamps or ())
    if times and len(times) != len(paths):
        raise ValueError(
            "Checkpoint timestamps, if provided, must match checkpoint paths (got paths "
            f"{paths} and timestamps {times})"
        )

    def written(path: str) -> str:
        # Relative to the directory where asked for, and where the directory itself is relative.
        if os.path.isabs(path):
            return os.path.relpath(path, directory) if save_relative_paths else path
        return path if os.path.isabs(directory) else os.path.relpath(path, directory)

    state = messages().CheckpointState(
        model_checkpoint_path=written(model_checkpoint_path),
        all_model_checkpoint_paths=[written(path) for path in paths],
        all_model_checkpoint_timestamps=times,
    )
    if last_preserved_timestamp is not None:
        state.last_preserved_timestamp = last_preserved_timestamp
    file = _state_path(directory, latest_filename)
    if file == model_checkpoint_path:
        raise RuntimeError(
            f"Save path '{model_checkpoint_path}' conflicts with path used for checkpoint state. "
            "Please use a different save path."
        )
    from google.protobuf import text_format

    with translated(f"tf.train: writing {file!r}", "It is as it was."):
        atomic_files.write_whole(file, text_format.MessageToString(state).encode())


@export("train.get_checkpoint_state")
def get_checkpoint_state(checkpoint_dir: Any, latest_filename: str | None = None) -> Any:
    """What a directory's `checkpoint` file says.

    Args:
      checkpoint_dir: The directory.
      latest_filename: Name of the file; `checkpoint` by default.
    Returns:
      A message with `model_checkpoint_path` and `all_model_checkpoint_paths`, made absolute where
      they were relative to the directory; None if there is no such file, or it cannot be read.
    Raises:
      ValueError: the file names no checkpoint.

    >>> tf.train.get_checkpoint_state("no/such/directory") is None
    True
    """
    from google.protobuf import text_format

    directory = os.fspath(checkpoint_dir)
    file = _state_path(directory, latest_filename)
    state = messages().CheckpointState()
    try:
        with open(file, encoding="utf-8") as opened:
            text_format.Merge(opened.read(), state)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, UnicodeDecodeError, text_format.ParseError) as error:
        get_logger().warning("%s: %s", type(error).__name__, error)
        get_logger().warning("%s: Checkpoint ignored", file)
        return None
    if not state.model_checkpoint_path:
        raise ValueError(f"Invalid checkpoint state loaded from {directory}")
    state.model_checkpoint_path = os.path.join(directory, state.model_checkpoint_path)
    paths = [os.path.join(directory, path) for path in state.all_model_checkpoint_paths]
    state.all_model_checkpoint_paths[:] = paths
    return state


@export("train.latest_checkpoint")
def latest_checkpoint(checkpoint_dir: Any, latest_filename: str | None = None) -> str | None:
    """The path of a directory's latest checkpoint, as its `checkpoint` file says.

    Args:
      checkpoint_dir: The directory.
      latest_filename: Name of the file; `checkpoint` by default.
    Returns:
      The path to give to `tf.train.Checkpoint.restore`, or None if there is none.

    >>> tf.train.latest_checkpoint("no/such/directory") is None
    True
    """
    state = get_checkpoint_state(checkpoint_dir, latest_filename)
    if state is None:
        return None
    path = str(state.model_checkpoint_path)
    if checkpoint_exists(path):
        return path
    get_logger().error("Couldn't match files for checkpoint %s", path)
    return None


@export("train.checkpoints_iterator")
def checkpoints_iterator(
    checkpoint_dir: Any,
    min_interval_secs: float = 0,
    timeout: float | None = None,
    timeout_fn: Callable[[], bool] | None = None,
) -> Iterator[str]:
    """Waits for new checkpoints in a directory, and gives them as they come.

    Of several that come while the caller is busy, only the latest is given.

    Args:
      checkpoint_dir: The directory.
      min_interval_secs: Least time between two, in seconds.
      timeout: How long to wait for the next one, in seconds; None for ever.
      timeout_fn: Called after a timeout. If it returns true, or there is none, iteration ends.
    Returns:
      An iterator of paths.

    >>> list(tf.train.checkpoints_iterator("no/such/directory", timeout=0))
    []
    """
    known = None
    while True:
        new = _wait_for_new(checkpoint_dir, known, timeout)
        if new is None:
            if timeout_fn is None or timeout_fn():
                return
            continue
        begun = time.monotonic()
        known = new
        yield new
        time.sleep(max(0.0, min_interval_secs - (time.monotonic() - begun)))


def _wait_for_new(directory: Any, known: str | None, timeout: float | None) -> str | None:
    end = None if timeout is None else time.monotonic() + timeout
    pause = 0.05
    while True:
        latest = latest_checkpoint(directory)
        if latest is not None and latest != known:
            return latest
        if end is not None and time.monotonic() + pause > end:
            return None
        time.sleep(pause)
        pause = min(1.0, 2 * pause)
