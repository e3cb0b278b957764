"""Writing a checkpoint while the program goes on: one thread, one checkpoint at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable

from deras._src.util.logger import get_logger


class AsyncWriter:
    """Runs one write after the other in a thread, and keeps what goes wrong for the caller.

    The thread is no daemon: a program that ends waits until its last checkpoint is written.
    """

    def __init__(self) -> None:
        self._thread: threading.Thread | None = None
        self._error: BaseException | None = None

    def start(self, write: Callable[[], None], prefix: str) -> None:
        """Begins a write; waits for the one before it.

        Raises:
          What the write before raised.
        """
        self.sync()

        def run() -> None:
            try:
                write()
            except BaseException as error:  # noqa: BLE001 - raised by `sync`, whatever it is
                self._error = error
                get_logger().error("tf.train.Checkpoint: writing %s failed: %s", prefix, error)

        self._thread = threading.Thread(target=run, name="deras-checkpoint")
        self._thread.start()

    def sync(self) -> None:
        """Waits until nothing is being written.

        Raises:
          What the last write raised.
        """
        if self._thread is threading.current_thread():  # a write callback that saves again
            return
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        error, self._error = self._error, None
        if error is not None:
            raise error
