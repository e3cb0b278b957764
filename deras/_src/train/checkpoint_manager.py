"""`tf.train.CheckpointManager`: keeps the latest few checkpoints of a directory."""

from __future__ import annotations

import contextlib
import glob
import os
import time
from collections.abc import Callable
from typing import Any

from deras._src.train import bundle_format
from deras._src.train.checkpoint import Checkpoint
from deras._src.train.checkpoint_state import get_checkpoint_state, update_checkpoint_state
from deras._src.train.options import CheckpointOptions
from deras._src.util.export import export
from deras._src.util.logger import get_logger


@export("train.CheckpointManager")
class CheckpointManager:
    """Saves numbered checkpoints into a directory, and deletes old ones.

    Which checkpoints it has is in the directory's file `checkpoint`: a new manager of the same
    directory goes on with them.

    Args:
      checkpoint: The `tf.train.Checkpoint` to save.
      directory: Where.
      max_to_keep: How many of the latest are kept; None for all.
      keep_checkpoint_every_n_hours: A checkpoint that would be deleted is kept for good if it is
        this much younger than the last one kept so.
      checkpoint_name: Beginning of the files' names.
      step_counter: Variable with the number of the step, for `checkpoint_interval`.
      checkpoint_interval: Least number of steps between two checkpoints; `save` does nothing
        before.
      init_fn: Called by `restore_or_initialize` if there is no checkpoint.
      last_checkpoint_step: Step of the last checkpoint, for `checkpoint_interval`.
    Raises:
      ValueError: `max_to_keep` is not positive, or `step_counter` is missing.

    >>> import tempfile
    >>> step = tf.Variable(0)
    >>> manager = tf.train.CheckpointManager(
    ...     tf.train.Checkpoint(step=step), tempfile.mkdtemp(), max_to_keep=2)
    >>> for _ in range(3):
    ...     _, path = step.assign_add(1), manager.save()
    >>> [path.rpartition("/")[2] for path in manager.checkpoints]
    ['ckpt-2', 'ckpt-3']
    >>> _ = step.assign(0)
    >>> manager.restore_or_initialize() == manager.latest_checkpoint, int(step)
    (True, 3)
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        directory: Any,
        max_to_keep: int | None,
        keep_checkpoint_every_n_hours: float | None = None,
        checkpoint_name: str = "ckpt",
        step_counter: Any = None,
        checkpoint_interval: int | None = None,
        init_fn: Callable[[], Any] | None = None,
        last_checkpoint_step: int | None = None,
    ) -> None:
        if max_to_keep is not None and max_to_keep <= 0:
            raise ValueError(
                f"Expected a positive integer or `None` for `max_to_keep`, got {max_to_keep}."
            )
        if checkpoint_interval is not None and step_counter is None:
            raise ValueError(
                "`step_counter` should be passed if `checkpoint_interval` is not None."
            )
        self._checkpoint = checkpoint
        self._directory = os.fspath(directory)
        self._max_to_keep = max_to_keep
        self._keep_hours = keep_checkpoint_every_n_hours
        self._prefix = os.path.join(self._directory, checkpoint_name)
        self._step_counter = step_counter
        self._checkpoint_interval = checkpoint_interval
        self._init_fn = init_fn
        self._last_checkpoint_step = last_checkpoint_step
        # Path -> when it was written, oldest first; those kept for good are not in it.
        self._managed: dict[str, float] = {}
        self._latest: str | None = None
        self._last_preserved = time.time() - 1.0
        self._recover()

    def _recover(self) -> None:
        """Takes over what the directory's file says."""
        state = get_checkpoint_state(self._directory)
        if state is None:
            return
        now = time.time()
        self._latest = state.model_checkpoint_path
        self._last_preserved = state.last_preserved_timestamp
        if now < self._last_preserved:
            get_logger().warning(
                "CheckpointManager: the clock is %f seconds behind the time of the last checkpoint "
                "that was kept for good.",
                self._last_preserved - now,
            )
            self._last_preserved = now
        paths = state.all_model_checkpoint_paths
        times = state.all_model_checkpoint_timestamps or [self._last_preserved] * len(paths)
        for path, written in zip(paths, times, strict=False):
            if min(written, now) > self._last_preserved:
                self._managed[path] = min(written, now)

    # -- what there is ------------------------------------------------------------------------

    @property
    def directory(self) -> str:
        """Where the checkpoints are."""
        return self._directory

    @property
    def checkpoint(self) -> Checkpoint:
        """The object that is saved."""
        return self._checkpoint

    @property
    def checkpoint_interval(self) -> int | None:
        """Least number of steps between two checkpoints."""
        return self._checkpoint_interval

    @property
    def latest_checkpoint(self) -> str | None:
        """Path of the latest checkpoint, or None."""
        return self._latest

    @property
    def checkpoints(self) -> list[str]:
        """Paths of the managed checkpoints, oldest first; those kept for good are not in it."""
        return list(self._managed)

    # -- saving -------------------------------------------------------------------------------

    def save(
        self,
        checkpoint_number: Any = None,
        check_interval: bool = True,
        options: CheckpointOptions | None = None,
    ) -> str | None:
        """Writes a checkpoint, and deletes those that are too many.

        Args:
          checkpoint_number: Its number: an integer, or a variable or tensor with one. By default
            the checkpoint's `save_counter`, which counts in any case.
          check_interval: Whether `checkpoint_interval` is heeded. If not, a checkpoint is written
            unless there is one of this very step.
          options: A `tf.train.CheckpointOptions`.
        Returns:
          The checkpoint's path, or None if it is not time for one.
        Raises:
          As `tf.train.Checkpoint.save`; nothing is deleted then.
        """
        before = self._last_checkpoint_step
        if self._checkpoint_interval is not None:
            step = int(self._step_counter)
            if before is not None and (
                step == before or (check_interval and step < before + self._checkpoint_interval)
            ):
                return None
            self._last_checkpoint_step = step
        counter = self._checkpoint.save_counter
        self._checkpoint.sync()
        counter.assign_add(1)
        number = int(counter if checkpoint_number is None else checkpoint_number)
        options = (options or CheckpointOptions()).with_callback(self._note_and_sweep)
        try:
            return self._checkpoint._write(f"{self._prefix}-{number}", options)
        except BaseException:
            counter.assign_sub(1)
            self._last_checkpoint_step = before
            raise

    def sync(self) -> None:
        """Waits until a checkpoint that is written in a thread is there; see `Checkpoint.sync`."""
        self._checkpoint.sync()

    def _note_and_sweep(self, path: str) -> None:
        self._managed.pop(path, None)
        self._managed[path] = time.time()
        self._latest = path
        # Before and after: at no moment does the file name a latest checkpoint that is deleted.
        self._note()
        if self._sweep():
            self._note()

    def _sweep(self) -> bool:
        """Deletes or keeps for good what is beyond `max_to_keep`; returns whether there was any."""
        if not self._max_to_keep or len(self._managed) <= self._max_to_keep:
            return False
        while len(self._managed) > self._max_to_keep:
            path = next(iter(self._managed))
            written = self._managed.pop(path)
            if self._keep_hours and written - self._keep_hours * 3600.0 >= self._last_preserved:
                self._last_preserved = written
            else:
                _delete(path)
        return True

    def _note(self) -> None:
        update_checkpoint_state(
            self._directory,
            self._latest or "",
            list(self._managed),
            all_model_checkpoint_timestamps=list(self._managed.values()),
            last_preserved_timestamp=self._last_preserved,
            save_relative_paths=True,
        )

    # -- restoring ----------------------------------------------------------------------------

    def restore_or_initialize(self) -> str | None:
        """Restores the latest checkpoint; if there is none, calls `init_fn`.

        Returns:
          The path of what was restored, or None.
        """
        if self._latest is not None:
            self._checkpoint.restore(self._latest)
            if self._checkpoint_interval is not None:
                self._last_checkpoint_step = int(self._step_counter)
            return self._latest
        if self._init_fn is not None:
            self._init_fn()
        return None


def _delete(prefix: str) -> None:
    """Removes a checkpoint, the index first: what is left is then no checkpoint."""
    index = bundle_format.index_path(prefix)
    for path in [index, *glob.glob(glob.escape(prefix) + ".data-?????-of-?????")]:
        with contextlib.suppress(FileNotFoundError):  # another process deletes them too
            os.unlink(path)
