"""`cache`, `save`, `load`, `snapshot`: elements kept in memory or in files.

A saved dataset is a directory: `dataset.json` (format, element spec, compression, number of
elements of each shard) and `shard-00000.elements`, ... in the records of `codec.py`. Everything is
written under a temporary name and renamed when it is whole; `dataset.json` comes last.
"""

from __future__ import annotations

import gzip
import json
import os
import socket
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from deras._src import errors
from deras._src.core.context import state
from deras._src.data import codec
from deras._src.data.functions import ElementFunction
from deras._src.data.mapping import applied
from deras._src.data.node import (
    Columns,
    Context,
    Element,
    End,
    Node,
    Stage,
    host,
    stackable,
)
from deras._src.data.sources import ListStage, SliceStage
from deras._src.data.structure import spec_from, spec_text

_INDEX = "dataset.json"
_FORMAT = 1


# -- memory ---------------------------------------------------------------------------------------


class Cache(Node):
    """The elements kept in memory, once all were made."""

    name = "Cache"

    def __init__(self, source: Node) -> None:
        super().__init__(source.spec, source)
        self.kept: Any = None
        # What is made in a graph is another dataset in each run of it.
        self._share = state.graph is None

    def size(self, env: dict[int, Any]) -> int:
        return self.inputs[0].size(env)

    def open(self, context: Context) -> Stage:
        owner = self
        if not self._share:
            owner = context.env.setdefault(("cache", id(self)), Cache(self.inputs[0]))  # type: ignore[call-overload]
        return _Cache(owner, context)


class _Cache(Stage):
    """Reads the input and keeps what it gave, or goes through what was kept."""

    def __init__(self, node: Cache, context: Context) -> None:
        self._node = node
        self.inner = context.open(node.inputs[0])
        self.inputs = (self.inner,)
        self.blocks = self.inner.blocks and stackable(node.flat)
        self.pure = self.inner.pure
        self._replay = self._kept_stage() if node.kept is not None else None
        self._elements: list[Element] = []
        self._parts: list[Columns] = []

    def _kept_stage(self) -> Stage:
        kind, kept = self._node.kept
        if kind == "columns":
            self.blocks = self.pure = True
            return SliceStage(kept)
        self.blocks = False
        return ListStage(kept)

    def _keep(self) -> None:
        if self._parts:
            kept: Any = ("columns", [np.concatenate(c) for c in zip(*self._parts, strict=True)])
        else:
            kept = ("elements", self._elements)
        if self._node.kept is None:
            self._node.kept = kept

    def next(self) -> Element:
        if self._replay is not None:
            return self._replay.next()
        if self.blocks:
            try:
                columns = self.inner.block(1)
            except End:
                self._keep()
                raise
            self._parts.append(columns)
            return tuple([c[0, ...] for c in columns])
        try:
            element = self.inner.next()
        except End:
            self._keep()
            raise
        self._elements.append(element)
        return element

    def block(self, limit: int) -> Columns:
        if self._replay is not None:
            return self._replay.block(limit)
        try:
            columns = self.inner.block(limit)
        except End:
            self._keep()
            raise
        self._parts.append(columns)
        return columns

    def own_state(self) -> Any:
        if self._replay is not None:
            return ["replay", self._replay.state(), list(self._node.kept)]
        parts = [np.concatenate(c) for c in zip(*self._parts, strict=True)] if self._parts else []
        return ["read", self._elements, parts]

    def restore_own(self, state: Any) -> None:
        if state[0] == "replay":
            if self._node.kept is None:
                self._node.kept = tuple(state[2])
            self._replay = self._kept_stage()
            self._replay.restore(state[1])
            return
        self._replay = None
        self._elements = [tuple(e) for e in state[1]]
        self._parts = [state[2]] if state[2] else []


# -- files ----------------------------------------------------------------------------------------


class _Guard:
    """`OSError`s of a path as TensorFlow's errors."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if isinstance(error, OSError) and not isinstance(error, errors.OpError):
            raise _os_error(error, self._path) from error


def _os_error(error: OSError, path: str) -> errors.OpError:
    classes: dict[int, Any] = {
        2: errors.NotFoundError,
        13: errors.PermissionDeniedError,
        1: errors.PermissionDeniedError,
        17: errors.AlreadyExistsError,
        20: errors.FailedPreconditionError,
        28: errors.ResourceExhaustedError,
        122: errors.ResourceExhaustedError,
    }
    cls = classes.get(error.errno or 0, errors.UnknownError)
    return cls(None, None, f"{path}: {error.strerror or error}")  # type: ignore[no-any-return]


def _opened(path: str, mode: str, compression: str) -> Any:
    return gzip.open(path, mode, compresslevel=1) if compression else open(path, mode)


def _compression(value: Any, what: str) -> str:
    if value in (None, "", "NONE", "AUTO"):
        return ""
    if value in ("GZIP", "SNAPPY"):  # AUTO and SNAPPY are TensorFlow's choice of speed
        return "GZIP" if value == "GZIP" else ""
    raise errors.InvalidArgumentError(
        None, None, f"{what}: compression must be None, 'GZIP' or 'AUTO', got {value!r}"
    )


class Writer:
    """Writes elements to the shards of a directory; `finish` makes it a dataset."""

    def __init__(self, path: str, spec: Any, compression: Any, what: str) -> None:
        self._path, self._what = path, what
        self._compression = _compression(compression, what)
        self._spec = spec_text(spec, what)
        self._shards: dict[int, tuple[Any, str, int]] = {}
        with _Guard(path):
            os.makedirs(path, exist_ok=True)

    def write(self, element: Element, shard: int = 0) -> None:
        """Appends an element to a shard."""
        file, name, count = self._shards.get(shard) or self._new_shard(shard)
        with _Guard(os.path.join(self._path, name)):
            codec.write_record(file, [host(x) for x in element])
        self._shards[shard] = (file, name, count + 1)

    def _new_shard(self, shard: int) -> tuple[Any, str, int]:
        name = f"shard-{shard:05d}.elements"
        path = os.path.join(self._path, f".{name}.{os.getpid()}")
        with _Guard(path):
            self._shards[shard] = (_opened(path, "wb", self._compression), name, 0)
        return self._shards[shard]

    def finish(self) -> None:
        """Renames the shards to their names, and writes the index."""
        if not self._shards:
            self._new_shard(0)
        index = []
        for shard in sorted(self._shards):
            file, name, count = self._shards[shard]
            path = os.path.join(self._path, name)
            with _Guard(path):
                file.close()
                os.replace(os.path.join(self._path, f".{name}.{os.getpid()}"), path)
            index.append([name, count])
        self._shards = {}
        text = json.dumps(
            {
                "format": _FORMAT,
                "spec": self._spec,
                "compression": self._compression,
                "shards": index,
            }
        )
        path = os.path.join(self._path, _INDEX)
        with _Guard(path):
            with open(f"{path}.{os.getpid()}", "w", encoding="utf-8") as out:
                out.write(text)
                out.flush()
                os.fsync(out.fileno())
            os.replace(f"{path}.{os.getpid()}", path)

    def abandon(self) -> None:
        """Removes what is not whole."""
        for file, name, _ in self._shards.values():
            file.close()
            path = os.path.join(self._path, f".{name}.{os.getpid()}")
            if os.path.exists(path):
                os.remove(path)
        self._shards = {}


def saved_index(path: str, what: str) -> dict[str, Any]:
    """The index of a saved dataset."""
    place = os.path.join(path, _INDEX)
    if not os.path.exists(place):
        raise errors.NotFoundError(
            None, None, f"{what}: there is no saved dataset in {path}: {place} not found"
        )
    with _Guard(place), open(place, encoding="utf-8") as file:
        try:
            index = json.load(file)
        except ValueError:
            raise errors.DataLossError(None, None, f"{what}: {place} is damaged") from None
    if index.get("format") != _FORMAT:
        raise errors.UnimplementedError(
            None, None, f"{what}: {place} has format {index.get('format')}, which is not known"
        )
    return index  # type: ignore[no-any-return]


class Shards(Node):
    """The elements of one shard or of all shards of a saved dataset, in order."""

    name = "Load"

    def __init__(self, path: str, index: dict[str, Any], spec: Any, number: int | None) -> None:
        super().__init__(spec)
        shards = index["shards"]
        self._shards = shards if number is None else [shards[number]]
        self._path, self._compression = path, index["compression"]

    def size(self, env: dict[int, Any]) -> int:
        return sum(count for _, count in self._shards)

    def open(self, context: Context) -> Stage:
        files = [(os.path.join(self._path, name), count) for name, count in self._shards]
        return _Shards(files, self._compression)


class _Shards(Stage):
    def __init__(self, files: Sequence[tuple[str, int]], compression: str) -> None:
        self._files, self._compression = files, compression
        self._shard = self._at = 0
        self._file: Any = None

    def next(self) -> Element:
        while self._shard < len(self._files):
            path, count = self._files[self._shard]
            if self._at >= count:
                self._close_file()
                self._shard, self._at = self._shard + 1, 0
                continue
            with _Guard(path):
                if self._file is None:
                    self._file = _opened(path, "rb", self._compression)
                element = self._read(path)
            self._at += 1
            return element
        raise End

    def _read(self, path: str) -> Element:
        try:
            return tuple(codec.read_record(self._file, f"{path}, element {self._at}"))
        except EOFError:
            raise errors.DataLossError(
                None, None, f"tf.data: {path} is cut short at element {self._at}"
            ) from None

    def _close_file(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def own_state(self) -> Any:
        return [self._shard, self._at]

    def restore_own(self, state: Any) -> None:
        shard, at = state
        self._shard, self._at = shard, 0
        for _ in range(at):
            self.next()
        self._shard, self._at = shard, at

    def close(self) -> None:
        self._close_file()
        self._shard = len(self._files)

    def __del__(self) -> None:
        self._close_file()


def save(
    node: Node, path: str, compression: Any, shard_function: ElementFunction | None, env: Any
) -> None:
    """Writes all elements of a dataset into a directory."""
    what = "Dataset.save"
    writer = Writer(path, node.spec, compression, what)
    stage = Context(env).open(node)
    number = 0
    try:
        while True:
            try:
                element = stage.next()
            except End:
                break
            writer.write(element, _shard_of(shard_function, element, number))
            number += 1
        writer.finish()
    finally:
        stage.close()
        writer.abandon()


def _shard_of(function: ElementFunction | None, element: Element, number: int) -> int:
    if function is None:
        return 0
    return int(host(applied(function, element, {}, number)[0]))


class FileCache(Node):
    """The elements kept in files: written while they are read first, read from there later.

    Args:
      path: The directory.
      reader: Makes the node that reads the directory, from its index.
    """

    name = "Cache"

    def __init__(
        self,
        source: Node,
        path: Any,
        what: str,
        compression: Any = None,
        shard_function: ElementFunction | None = None,
        reader: Callable[[str, dict[str, Any]], Node] | None = None,
    ) -> None:
        super().__init__(source.spec, source)
        self.path, self.what, self.compression = path, what, compression
        self.shard_function, self.reader = shard_function, reader
        spec_text(source.spec, what)

    def size(self, env: dict[int, Any]) -> int:
        return self.inputs[0].size(env)

    def open(self, context: Context) -> Stage:
        if os.path.exists(os.path.join(self.path, _INDEX)):
            return context.open(self._saved())
        return _FileCache(self, context)

    def _saved(self) -> Node:
        index = saved_index(self.path, self.what)
        found = spec_from(index["spec"])
        if not _fits(found, self.spec):
            raise errors.InvalidArgumentError(
                None,
                None,
                f"{self.what}: {self.path} holds elements of {found}, not of {self.spec}",
            )
        if self.reader is not None:
            return self.reader(self.path, index)
        return Shards(self.path, index, self.spec, None)


def _fits(found: Any, spec: Any) -> bool:
    flat = zip(Node(found).flat, Node(spec).flat, strict=False)
    same = len(Node(found).flat) == len(Node(spec).flat)
    return same and all(a.is_compatible_with(b) for a, b in flat)


class _FileCache(Stage):
    """Writes what it passes on. Another writer of the same directory is refused."""

    def __init__(self, node: FileCache, context: Context) -> None:
        self.inner = context.open(node.inputs[0])
        self.inputs = (self.inner,)
        self._node = node
        self._writer: Writer | None = None
        self._lock: str | None = None
        self._count = 0
        self._skip = 0

    def _begin(self) -> Writer:
        node = self._node
        with _Guard(node.path):
            os.makedirs(node.path, exist_ok=True)
        self._lock = lock_directory(node.path, node.what)
        self._writer = Writer(node.path, node.spec, node.compression, node.what)
        return self._writer

    def next(self) -> Element:
        writer = self._writer or self._begin()
        try:
            element = self.inner.next()
        except End:
            if not self._skip:
                writer.finish()
            self._end()
            raise
        writer.write(element, _shard_of(self._node.shard_function, element, self._count))
        self._count += 1
        return element

    def _end(self) -> None:
        if self._writer is not None:
            self._writer.abandon()
        if self._lock is not None and os.path.exists(self._lock):
            os.remove(self._lock)
        self._lock = None

    def own_state(self) -> Any:
        return self._count

    def restore_own(self, state: Any) -> None:
        # The elements before this one are not written again, so this run keeps nothing.
        self._count = self._skip = state

    def close(self) -> None:
        self._end()
        super().close()

    def __del__(self) -> None:
        self._end()


def lock_directory(path: str, what: str) -> str:
    """Makes the lock file of a directory; a lock of a process that is gone is taken over.

    Raises:
      AlreadyExistsError: another writer is at work there.
    """
    place = os.path.join(path, "lock")
    owner = f"{socket.gethostname()} {os.getpid()}"
    for _ in range(2):
        try:
            with _Guard(place):
                handle = os.open(place, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
        except errors.AlreadyExistsError:
            with open(place, encoding="utf-8") as file:
                found = file.read()
            if not _is_gone(found):
                break
            os.remove(place)
            continue
        with os.fdopen(handle, "w") as file:
            file.write(owner)
        return place
    raise errors.AlreadyExistsError(
        None,
        None,
        f"{what}: {path} is being written by another iterator ({found}). If none is running, "
        f"delete {place}.",
    )


def _is_gone(owner: str) -> bool:
    """Whether the process that wrote a lock on this machine no longer runs."""
    machine, _, number = owner.partition(" ")
    if machine != socket.gethostname() or not number.isdigit():
        return False
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
