"""`tf.io.gfile`: files and directories by path, on this machine or behind a scheme."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator
from typing import Any

from deras._src import errors
from deras._src.io.file_system import (
    FileStatistics,
    file_errors,
    file_system,
    list_of,
    matching,
    open_file,
    path_text,
    registered_schemes,
)
from deras._src.util.export import export

_MODES = {"r": "rb", "w": "wb", "a": "ab", "r+": "r+b", "w+": "w+b", "a+": "a+b"}


@export("io.gfile.GFile")
class GFile:
    """A file of any file system, read and written like Python's own.

    The file is opened when it is first read or written. Text is UTF-8. In mode `r+` what is written
    replaces bytes where the file stands (TensorFlow empties the file first).

    Args:
      name: Path: str, bytes or os.PathLike; `scheme://...` needs the extra `cloud`.
      mode: `r`, `w`, `a`, `r+`, `w+` or `a+`, each also with a `b` for bytes in place of text.
    Raises:
      InvalidArgumentError: Another mode.
      NotFoundError: On first use: there is no such file, or no folder to write it in.
      PermissionDeniedError: It may not be opened, or not be used in this way.

    >>> import os, tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "a.txt")
    >>> with tf.io.gfile.GFile(path, "w") as f:
    ...     f.write("one\\ntwo\\n")
    >>> tf.io.gfile.GFile(path).readlines()
    ['one\\n', 'two\\n']
    """

    def __init__(self, name: Any, mode: str = "r") -> None:
        self._given = name
        self._path = path_text(name)
        self._mode = mode
        self._text = "b" not in mode
        self._plain = mode.replace("b", "")
        if self._plain not in _MODES:
            raise errors.InvalidArgumentError(
                None,
                None,
                f"tf.io.gfile.GFile: mode {mode!r} is not 'r', 'w', 'a', 'r+', 'w+' or 'a+' "
                "(with a 'b' or without)",
            )
        self._file: Any = None

    @property
    def name(self) -> Any:
        """The path as it was given."""
        return self._given

    @property
    def mode(self) -> str:
        """The mode as it was given."""
        return self._mode

    def _opened(self) -> Any:
        if self._file is None:
            self._file = open_file(self._path, _MODES[self._plain])
        return self._file

    def _reader(self) -> Any:
        if self._plain in ("w", "a"):
            raise errors.PermissionDeniedError(
                None, None, f"{self._path}: File isn't open for reading (mode {self._mode!r})"
            )
        return self._opened()

    def _writer(self) -> Any:
        if self._plain == "r":
            raise errors.PermissionDeniedError(
                None, None, f"{self._path}: File isn't open for writing (mode {self._mode!r})"
            )
        return self._opened()

    def _as_given(self, data: bytes) -> Any:
        return data.decode("utf-8") if self._text else data

    def read(self, n: int = -1) -> Any:
        """At most `n` bytes from where the file stands, or all that is left; str in text mode.

        Raises:
          InvalidArgumentError: `n` is below -1.
        """
        if n < -1:
            raise errors.InvalidArgumentError(
                None, None, f"{self._path}: can't read a negative number of bytes: {n}"
            )
        file = self._reader()
        with file_errors(self._path):
            return self._as_given(file.read(n))

    def readline(self) -> Any:
        """The next line with its newline; empty at the end."""
        file = self._reader()
        with file_errors(self._path):
            return self._as_given(file.readline())

    def readlines(self) -> list[Any]:
        """The lines that are left, each with its newline."""
        return list(self)

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        line = self.readline()
        if not line:
            raise StopIteration
        return line

    def next(self) -> Any:
        """The next line; StopIteration at the end."""
        return next(self)

    def write(self, file_content: Any) -> None:
        """Appends text or bytes where the file stands; str is written as UTF-8."""
        if isinstance(file_content, str):
            file_content = file_content.encode("utf-8")
        elif not isinstance(file_content, bytes | bytearray | memoryview):
            raise TypeError(
                f"tf.io.gfile.GFile.write: expected str or bytes, got {type(file_content).__name__}"
            )
        file = self._writer()
        with file_errors(self._path):
            file.write(file_content)

    def tell(self) -> int:
        """Where the file stands, in bytes."""
        file = self._opened()
        with file_errors(self._path):
            return int(file.tell())

    def seek(self, offset: int | None = None, whence: int = 0, position: int | None = None) -> None:
        """Goes to a byte of the file.

        Args:
          offset: Bytes from where `whence` says.
          whence: 0 the start, 1 where the file stands, 2 the end.
          position: Old name of `offset`, counted from the start.
        Raises:
          OutOfRangeError: Past the end of the file.
          InvalidArgumentError: Before the start, or an unknown `whence`.
        """
        if position is not None:
            offset, whence = position, 0
        if offset is None:
            raise TypeError("tf.io.gfile.GFile.seek: offset is required")
        if whence not in (0, 1, 2):
            raise errors.InvalidArgumentError(
                None, None, f"{self._path}: whence must be 0, 1 or 2, not {whence}"
            )
        file = self._reader()
        size = self.size()
        target = offset + (0, file.tell(), size)[whence]
        if target < 0:
            raise errors.InvalidArgumentError(
                None, None, f"{self._path}: seeking to a negative position: {target}"
            )
        if target > size:
            raise errors.OutOfRangeError(
                None, None, f"{self._path}: seeking to {target}, past the end ({size} bytes)"
            )
        with file_errors(self._path):
            file.seek(target)

    def seekable(self) -> bool:
        """True."""
        return True

    def size(self) -> int:
        """Bytes in the file."""
        if self._file is not None and self._plain != "r":
            self.flush()
        return file_system(self._path).stat(self._path).length

    def flush(self) -> None:
        """Hands what was written to the operating system."""
        if self._file is not None and self._plain != "r":
            with file_errors(self._path):
                self._file.flush()

    def close(self) -> None:
        """Closes the file; an error of a last write is raised here."""
        file, self._file = self._file, None
        if file is not None:
            with file_errors(self._path):
                file.close()

    def __enter__(self) -> GFile:
        return self

    def __exit__(self, *unused: object) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "_file", None) is not None:
            self.close()


@export("io.gfile.exists")
def exists(path: Any) -> bool:
    """Whether there is a file or directory at a path.

    >>> tf.io.gfile.exists("/no/such/file")
    False
    """
    text = path_text(path)
    return bool(text) and file_system(text).exists(text)


@export("io.gfile.isdir")
def isdir(path: Any) -> bool:
    """Whether there is a directory at a path.

    >>> tf.io.gfile.isdir("/")
    True
    """
    text = path_text(path)
    return file_system(text).isdir(text)


@export("io.gfile.listdir")
def listdir(path: Any) -> list[str]:
    """Names of what a directory holds, sorted, without `.` and `..`.

    Raises:
      NotFoundError: There is no such directory.
    """
    return list_of(path_text(path))


@export("io.gfile.mkdir")
def mkdir(path: Any) -> None:
    """Makes a directory; nothing happens where something of that name exists, as in TensorFlow.

    Raises:
      NotFoundError: The directory that it would be in does not exist.
    """
    text = path_text(path)
    try:
        file_system(text).mkdir(text)
    except errors.AlreadyExistsError:
        return


@export("io.gfile.makedirs")
def makedirs(path: Any) -> None:
    """Makes a directory and those above it, where they do not exist.

    Raises:
      FailedPreconditionError: Something on the way is a file.
    """
    text = path_text(path)
    if text:
        file_system(text).makedirs(text)


@export("io.gfile.remove")
def remove(path: Any) -> None:
    """Removes a file.

    Raises:
      NotFoundError: There is none.
      FailedPreconditionError: It is a directory.
    """
    text = path_text(path)
    file_system(text).remove(text)


@export("io.gfile.rmtree")
def rmtree(path: Any) -> None:
    """Removes a directory and all that is in it, or a file.

    Raises:
      NotFoundError: There is no such path.
    """
    text = path_text(path)
    file_system(text).rmtree(text)


def _two_paths(what: str, src: Any, dst: Any, overwrite: bool) -> tuple[str, str]:
    source, target = path_text(src), path_text(dst)
    if not overwrite and file_system(target).exists(target):
        raise errors.AlreadyExistsError(
            None, None, f"{what}: {target}: file already exists (overwrite=True replaces it)"
        )
    return source, target


@export("io.gfile.rename")
def rename(src: Any, dst: Any, overwrite: bool = False) -> None:
    """Renames or moves a file or directory, within one file system at once.

    Args:
      src: Path.
      dst: New path.
      overwrite: Whether a file at `dst` may be replaced.
    Raises:
      NotFoundError: There is no `src`, or no directory for `dst`.
      AlreadyExistsError: There is a `dst`, and `overwrite` is false.
    """
    source, target = _two_paths("tf.io.gfile.rename", src, dst, overwrite)
    files = file_system(source)
    if file_system(target) is files:
        files.rename(source, target)
        return
    raise errors.UnimplementedError(
        None, None, f"tf.io.gfile.rename: {source} and {target} are on different file systems"
    )


@export("io.gfile.copy")
def copy(src: Any, dst: Any, overwrite: bool = False) -> None:
    """Copies the contents of a file, also from one file system to another.

    Args:
      src: Path of a file.
      dst: Path of the copy.
      overwrite: Whether a file at `dst` may be replaced.
    Raises:
      NotFoundError: There is no `src`, or no directory for `dst`.
      AlreadyExistsError: There is a `dst`, and `overwrite` is false.
      InvalidArgumentError: `src` is a directory, or the same file as `dst`.
    """
    source, target = _two_paths("tf.io.gfile.copy", src, dst, overwrite)
    read = file_system(source)
    if read.isdir(source):
        raise errors.InvalidArgumentError(
            None, None, f"tf.io.gfile.copy: {source} is a directory; only files are copied"
        )
    write = file_system(target)
    if read is write:
        # Opening the copy for writing would empty the very file to be read.
        if read.is_same(source, target):
            raise errors.InvalidArgumentError(
                None, None, f"tf.io.gfile.copy: {source} and {target} are the same file"
            )
        read.copy(source, target)
        return
    with read.open(source, "rb") as origin, write.open(target, "wb") as result:
        while block := origin.read(1 << 20):
            result.write(block)


@export("io.gfile.glob")
def glob(pattern: Any) -> list[str]:
    """Paths that match a pattern or one of several, sorted.

    Args:
      pattern: Path or list of paths with `*`, `?`, `[a-z]`; none of them matches a `/`.
    Returns:
      List of str; a pattern that begins with a wildcard gives paths that begin with `./`.

    >>> tf.io.gfile.glob("/no/such/*")
    []
    """
    if isinstance(pattern, list | tuple):
        return [found for one in pattern for found in matching(path_text(one))]
    return matching(path_text(pattern))


@export("io.gfile.stat")
def stat(path: Any) -> FileStatistics:
    """Length in bytes, time of the last change (nanoseconds) and whether it is a directory.

    Raises:
      NotFoundError: There is no such path.
    """
    text = path_text(path)
    return file_system(text).stat(text)


@export("io.gfile.join")
def join(path: Any, *paths: Any) -> Any:
    """Parts of a path put together with `/`; a part that begins with `/` starts anew.

    >>> tf.io.gfile.join("gs://bucket", "folder", "file")
    'gs://bucket/folder/file'
    """
    return posixpath.join(path, *paths)


@export("io.gfile.walk")
def walk(
    top: Any, topdown: bool = True, onerror: Callable[[Exception], Any] | None = None
) -> Iterator[tuple[str, list[str], list[str]]]:
    """Directories below a directory, each with the names of its directories and files.

    Args:
      top: Path of the first directory.
      topdown: Whether a directory comes before those in it.
      onerror: Called with the error where a directory cannot be listed; None: it is left out.
    Returns:
      Iterator of `(path, directories, files)`, names sorted.
    """
    return _walk(path_text(top), topdown, onerror)


def _walk(top: str, topdown: bool, onerror: Any) -> Iterator[tuple[str, list[str], list[str]]]:
    try:
        names = list_of(top)
    except errors.OpError as error:
        if onerror:
            onerror(error)
        return
    files = file_system(top)
    folders = [name for name in names if files.isdir(join(top, name))]
    inside = set(folders)
    here = (top, folders, [name for name in names if name not in inside])
    if topdown:
        yield here
    for name in folders:
        yield from _walk(join(top, name), topdown, onerror)
    if not topdown:
        yield here


@export("io.gfile.get_registered_schemes")
def get_registered_schemes() -> list[str]:
    """Schemes that paths may begin with: the local ones, and those that fsspec knows.

    >>> "file" in tf.io.gfile.get_registered_schemes()
    True
    """
    return registered_schemes()
