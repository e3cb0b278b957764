"""File systems behind `tf.io`: the local one, and any `scheme://` through fsspec.

Both have the same few methods and raise TensorFlow's error classes. Paths are str or bytes, or
have `__fspath__`; what stands before `://` picks the file system.
"""

from __future__ import annotations

import contextlib
import datetime
import errno
import fnmatch
import os
import re
import shutil
import stat as stat_module
from collections.abc import Iterator
from typing import Any, NamedTuple

from deras._src import errors
from deras._src.io.failures import node_line

_SCHEME = re.compile(r"^([a-zA-Z][a-zA-Z0-9+.\-]*)://")

_BY_NUMBER = {
    number: cls
    for cls, names in {
        errors.InvalidArgumentError: "EINVAL ENAMETOOLONG E2BIG EFAULT EILSEQ ENOTTY ESPIPE ELOOP",
        errors.DeadlineExceededError: "ETIMEDOUT",
        errors.NotFoundError: "ENOENT ENODEV ENXIO ESRCH",
        errors.AlreadyExistsError: "EEXIST EALREADY",
        errors.PermissionDeniedError: "EPERM EACCES EROFS",
        errors.FailedPreconditionError: "ENOTEMPTY EISDIR ENOTDIR EBADF EBUSY EPIPE ETXTBSY",
        errors.ResourceExhaustedError: "ENOSPC EDQUOT EMFILE EMLINK ENFILE ENOBUFS ENOMEM",
        errors.OutOfRangeError: "EFBIG EOVERFLOW ERANGE",
        errors.UnimplementedError: "ENOSYS ENOTSUP EXDEV",
        errors.UnavailableError: "EAGAIN EINTR ECONNREFUSED ECONNRESET ENETUNREACH EHOSTUNREACH",
        errors.AbortedError: "EDEADLK ESTALE",
        errors.CancelledError: "ECANCELED",
    }.items()
    for number in (getattr(errno, name, None) for name in names.split())
    if number is not None
}
_BY_EXCEPTION = (
    (FileNotFoundError, errors.NotFoundError),
    (FileExistsError, errors.AlreadyExistsError),
    (PermissionError, errors.PermissionDeniedError),
    (IsADirectoryError, errors.FailedPreconditionError),
    (NotADirectoryError, errors.FailedPreconditionError),
    (NotImplementedError, errors.UnimplementedError),
)


class FileStatistics(NamedTuple):
    """What `tf.io.gfile.stat` tells of a path."""

    length: int
    mtime_nsec: int
    is_directory: bool


def path_text(path: Any) -> str:
    """A path as str; TypeError for what is none."""
    path = os.fspath(path) if hasattr(path, "__fspath__") else path
    if isinstance(path, bytes):
        return os.fsdecode(path)
    if isinstance(path, str):
        return path
    raise TypeError(f"a path must be str, bytes or os.PathLike, got {path!r}")


def scheme_of(path: str) -> str:
    """What stands before `://`, in lower case; empty for a local path.

    >>> scheme_of("gs://bucket/x"), scheme_of("/tmp/x")
    ('gs', '')
    """
    match = _SCHEME.match(path)
    return match.group(1).lower() if match else ""


def file_error(error: BaseException, path: str) -> errors.OpError:
    """TensorFlow's error for what the operating system or fsspec says about a path."""
    number = getattr(error, "errno", None)
    cls = _BY_NUMBER.get(number) if isinstance(number, int) else None
    if cls is None:
        kinds = (made for kind, made in _BY_EXCEPTION if isinstance(error, kind))
        cls = next(kinds, errors.UnknownError)
    reason = getattr(error, "strerror", None) or f"{type(error).__name__}: {error}"
    return cls(None, None, f"{path}; {reason}{node_line()}")


@contextlib.contextmanager
def file_errors(path: str) -> Iterator[None]:
    """Turns errors of the operating system inside the block into TensorFlow's."""
    try:
        yield
    except (OSError, NotImplementedError) as error:
        cause = error if errors.full_tracebacks() else None
        raise file_error(error, path) from cause
    except ValueError as error:
        if "null" not in str(error):  # what Python says of a NUL in a path
            raise
        raise errors.InvalidArgumentError(None, None, f"{path!r}; {error}") from None


class LocalFileSystem:
    """Files of this machine."""

    def path(self, path: str) -> str:
        """The path without `file://`."""
        return path[len("file://") :] if scheme_of(path) == "file" else path

    def open(self, path: str, mode: str) -> Any:
        """A binary file object; `mode` is one of rb, wb, ab and r+b, w+b, a+b."""
        with file_errors(path):
            return open(self.path(path), mode)

    def exists(self, path: str) -> bool:
        return os.path.exists(self.path(path))

    def isdir(self, path: str) -> bool:
        return os.path.isdir(self.path(path))

    def listdir(self, path: str) -> list[str]:
        with file_errors(path):
            return os.listdir(self.path(path))

    def mkdir(self, path: str) -> None:
        with file_errors(path):
            os.mkdir(self.path(path))

    def makedirs(self, path: str) -> None:
        with file_errors(path):
            try:
                os.makedirs(self.path(path), exist_ok=True)
            except FileExistsError:
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR)) from None

    def remove(self, path: str) -> None:
        with file_errors(path):
            if self.isdir(path) and not os.path.islink(self.path(path)):
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
            os.remove(self.path(path))

    def rename(self, source: str, target: str) -> None:
        with file_errors(source):
            os.replace(self.path(source), self.path(target))

    def copy(self, source: str, target: str) -> None:
        with (
            self.open(source, "rb") as read,
            self.open(target, "wb") as write,
            file_errors(target),
        ):
            shutil.copyfileobj(read, write, 1 << 20)

    def rmtree(self, path: str) -> None:
        with file_errors(path):
            real = self.path(path)
            if os.path.isdir(real) and not os.path.islink(real):
                shutil.rmtree(real)
            else:
                os.remove(real)

    def stat(self, path: str) -> FileStatistics:
        with file_errors(path):
            found = os.stat(self.path(path))
        return FileStatistics(found.st_size, found.st_mtime_ns, stat_module.S_ISDIR(found.st_mode))

    def is_same(self, one: str, other: str) -> bool:
        """Whether both paths exist and are one file."""
        try:
            return os.path.samefile(self.path(one), self.path(other))
        except OSError:
            return False


class FsspecFileSystem:
    """Files of one scheme, through the fsspec library."""

    def __init__(self, scheme: str, path: str) -> None:
        self.scheme = scheme
        try:
            import fsspec
        except ImportError:
            raise errors.UnimplementedError(
                None,
                None,
                f"File system scheme '{scheme}' not implemented (file: '{path}'): it needs the "
                "library fsspec.\n  hint: pip install 'deras[cloud]'",
            ) from None
        try:
            self.files = fsspec.filesystem(scheme)
        except ValueError:
            raise errors.UnimplementedError(
                None,
                None,
                f"File system scheme '{scheme}' not implemented (file: '{path}'): fsspec knows no "
                "such protocol",
            ) from None
        except ImportError as error:
            raise errors.UnimplementedError(
                None,
                None,
                f"File system scheme '{scheme}' not implemented (file: '{path}'): {error}",
            ) from None

    def open(self, path: str, mode: str) -> Any:
        if "+" in mode:
            raise errors.UnimplementedError(
                None, None, f"{path}; files of scheme '{self.scheme}' are either read or written"
            )
        with file_errors(path):
            if mode == "rb" and self.files.isdir(path):
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
            return self.files.open(path, mode)

    def exists(self, path: str) -> bool:
        with file_errors(path):
            return bool(self.files.exists(path))

    def isdir(self, path: str) -> bool:
        with file_errors(path):
            return bool(self.files.isdir(path))

    def listdir(self, path: str) -> list[str]:
        with file_errors(path):
            found = self.files.ls(path, detail=False)
        return [os.path.basename(name.rstrip("/")) for name in found]

    def mkdir(self, path: str) -> None:
        with file_errors(path):
            self.files.mkdir(path, create_parents=False)

    def makedirs(self, path: str) -> None:
        with file_errors(path):
            self.files.makedirs(path, exist_ok=True)

    def remove(self, path: str) -> None:
        with file_errors(path):
            if self.files.isdir(path):
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
            self.files.rm_file(path)

    def rename(self, source: str, target: str) -> None:
        with file_errors(source):
            if not self.files.exists(source):
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
            self.files.mv(source, target, recursive=self.files.isdir(source))

    def copy(self, source: str, target: str) -> None:
        with file_errors(source):
            self.files.cp_file(source, target)

    def rmtree(self, path: str) -> None:
        with file_errors(path):
            if not self.files.exists(path):
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
            self.files.rm(path, recursive=True)

    def stat(self, path: str) -> FileStatistics:
        with file_errors(path):
            found = self.files.info(path)
        return FileStatistics(
            int(found.get("size") or 0), _modified(found), found.get("type") == "directory"
        )

    def is_same(self, one: str, other: str) -> bool:
        return one.rstrip("/") == other.rstrip("/")


FileSystem = LocalFileSystem | FsspecFileSystem


def _modified(info: dict[str, Any]) -> int:
    """When an object was last changed, in nanoseconds; 0 where its store does not say."""
    for key in ("mtime", "LastModified", "updated", "last_modified", "created"):
        when = info.get(key)
        if isinstance(when, int | float):
            return int(when * 1e9)
        if isinstance(when, datetime.datetime):
            return int(when.timestamp() * 1e9)
    return 0


_LOCAL = LocalFileSystem()
_others: dict[str, FsspecFileSystem] = {}


def file_system(path: str) -> FileSystem:
    """The file system that a path belongs to; UnimplementedError for an unknown scheme."""
    scheme = scheme_of(path)
    if scheme in ("", "file"):
        return _LOCAL
    if scheme not in _others:
        _others[scheme] = FsspecFileSystem("memory" if scheme == "ram" else scheme, path)
    return _others[scheme]


def open_file(path: str, mode: str) -> Any:
    """A binary file object for a path of any scheme."""
    return file_system(path).open(path, mode)


def list_of(path: str) -> list[str]:
    """Names in a directory, sorted; NotFoundError where there is no such directory."""
    files = file_system(path)
    if not files.isdir(path):
        raise errors.NotFoundError(None, None, f"Could not find directory {path}")
    return sorted(files.listdir(path))


def matching(pattern: str) -> list[str]:
    """Paths that match a pattern, sorted. `*`, `?` and `[...]` never match a `/`.

    A pattern of several parts that begins with a wildcard gives paths that begin with `./`, as
    TensorFlow's do.
    """
    files = file_system(pattern)
    head = re.match(r"^[a-zA-Z][a-zA-Z0-9+.\-]*://", pattern)
    root = head.group(0) if head else ""
    parts = pattern[len(root) :].split("/")
    first = next((i for i, part in enumerate(parts) if re.search(r"[*?\[\\]", part)), None)
    if first is None:
        return [pattern] if pattern and files.exists(pattern) else []
    base = root + "/".join(parts[:first])
    if first == 0 and not root:
        base = "."
    elif first == 1 and not parts[0]:
        base = f"{root}/"
    found = [base]
    for position in range(first, len(parts)):
        part = parts[position]
        last = position == len(parts) - 1
        matcher = re.compile(fnmatch.translate(_without_escapes(part)))
        below = []
        for folder in found:
            if not files.isdir(folder):
                continue
            try:
                names = files.listdir(folder)
            except errors.PermissionDeniedError:
                continue  # what may not be listed matches nothing, as for TensorFlow
            for name in names:
                if matcher.match(name):
                    joined = folder + name if folder.endswith("/") else f"{folder}/{name}"
                    if last or files.isdir(joined):
                        below.append(joined)
        found = below
    return sorted(found)


def _without_escapes(part: str) -> str:
    """A backslash before a character takes its meaning away; `fnmatch` wants it in brackets."""
    return re.sub(r"\\(.)", lambda m: f"[{m.group(1)}]", part.replace("[^", "[!"))


def registered_schemes() -> list[str]:
    """Schemes that can be used: the local ones, and those of fsspec where it is installed."""
    try:
        from fsspec.registry import known_implementations
    except ImportError:
        return ["", "file"]
    return ["", "file", "ram", *sorted(known_implementations.keys() - {"file", "local"})]
