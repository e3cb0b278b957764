"""Files that are there whole or not at all: written aside, synced, renamed into place.

A process may die at any moment, and several may write into one directory. What is being written
has a name that no reader looks for, and is locked by its writer, so that leftovers of a dead
process can be told from work in progress.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import secrets
from collections.abc import Iterator
from typing import Any

# None on Windows: no such locks; leftovers stay there, and writers must not share a name.
fcntl: Any = importlib.import_module("fcntl") if os.name == "posix" else None

_MARK = ".deras-"
_END = ".tmp"


class StagedFile:
    """A file being written beside its future place.

    Use `write`, then `finish`, then `publish`; `discard` gives up. Until `publish` nothing with the
    target's name is touched.

    Args:
      directory: Where the file will stay; it must exist.
    """

    def __init__(self, directory: str) -> None:
        self.size = 0
        self._published = False
        self.path, self._file = _locked_file(directory or ".")

    def write(self, data: Any) -> None:
        """Appends bytes, or anything that shows its memory."""
        self._file.write(data)
        self.size += memoryview(data).nbytes

    def finish(self) -> None:
        """Brings what was written to the disk. The file stays locked."""
        self._file.flush()
        os.fsync(self._file.fileno())

    def publish(self, target: str) -> None:
        """Gives the file its name, replacing a file that has it."""
        if fcntl is None:  # an open file cannot be renamed on Windows
            self._file.close()
        os.replace(self.path, target)
        self._published = True
        self._file.close()

    def discard(self) -> None:
        """Removes the file, unless it is published."""
        if self._published:
            return
        # The disk may be full: closing then tries to write what is left, and fails again.
        with contextlib.suppress(OSError):
            self._file.close()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)


def _locked_file(directory: str) -> tuple[str, Any]:
    """A new file of a name that no reader looks for, locked where the file system has locks."""
    while True:
        name = f"{_MARK}{os.getpid()}-{secrets.token_hex(8)}{_END}"
        path = os.path.join(directory, name)
        file = open(path, "xb")  # noqa: SIM115 - closed by publish or discard
        if fcntl is None:
            return path, file
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
        except OSError:
            # Some network file systems have no locks; then nobody can take ours for a leftover.
            return path, file
        if os.fstat(file.fileno()).st_nlink:
            return path, file
        # Somebody took it for a leftover before it was locked.
        file.close()


def sync_directory(directory: str) -> None:
    """Brings a directory's names to the disk; where a system cannot do that, nothing happens."""
    if os.name != "posix":
        return
    handle = os.open(directory or ".", os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextlib.contextmanager
def directory_lock(directory: str) -> Iterator[None]:
    """Keeps other processes and threads out of the same block for one directory.

    The system frees the lock of a process that dies.
    """
    if fcntl is None:
        yield
        return
    handle = os.open(directory or ".", os.O_RDONLY)
    try:
        # File systems without locks (some network ones): as if alone.
        with contextlib.suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def remove_leftovers(directory: str) -> None:
    """Removes staged files whose writer is gone."""
    if fcntl is None:
        return
    with os.scandir(directory or ".") as entries:
        staged = [e.path for e in entries if e.name.startswith(_MARK) and e.name.endswith(_END)]
    for path in staged:
        with contextlib.suppress(OSError), open(path, "rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # refused while its writer lives
            os.unlink(path)


def write_whole(path: str, data: bytes) -> None:
    """Writes a file so that readers see the old content or the new one, never a part."""
    directory = os.path.dirname(path)
    staged = StagedFile(directory)
    try:
        staged.write(data)
        staged.finish()
        staged.publish(path)
    finally:
        staged.discard()
    sync_directory(directory)
