"""`tf.io.read_file`, `write_file` and `matching_files`: whole files as string tensors."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from deras._src import errors
from deras._src.core.dtypes import STRING, string
from deras._src.core.tensor_shape import TensorShape
from deras._src.dispatch.apply import apply
from deras._src.io.failures import failure
from deras._src.io.file_system import file_errors, file_system, matching, open_file
from deras._src.registry import NONE, op
from deras._src.util.export import export


def scalar_bytes(value: np.ndarray, what: str, argument: str) -> bytes:
    """The string of a scalar; InvalidArgumentError for another shape."""
    if value.ndim:
        raise failure(
            errors.InvalidArgumentError,
            what,
            f"{argument} must be a scalar, its shape is {list(value.shape)}",
        )
    return value[()]  # type: ignore[no-any-return]


def string_array(values: Any, shape: Any) -> np.ndarray:
    """Byte strings as an array of a shape."""
    result = np.empty(len(values), object)
    result[:] = values
    return result.reshape(shape)


@op(
    "ReadFile",
    dtypes={"filename": STRING},
    host=True,
    gradient=NONE,
    stateful=True,
    shape=lambda inputs, attrs: [(string, TensorShape([]))],
    api_name="io.read_file",
)
def _read_file(filename):
    path = os.fsdecode(scalar_bytes(filename, "tf.io.read_file", "filename"))
    with open_file(path, "rb") as file, file_errors(path):
        return string_array([file.read()], ())


@export("io.read_file")
def read_file(filename: Any, name: str | None = None) -> Any:
    """A file's bytes as a scalar string tensor.

    Args:
      filename: Scalar string tensor: a path.
      name: Optional name of the node in graphs.
    Raises:
      NotFoundError: There is no such file.
      FailedPreconditionError: It is a directory.
      PermissionDeniedError: It may not be read.

    >>> import os, tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "a")
    >>> tf.io.write_file(path, "hello")
    >>> tf.io.read_file(path).numpy()
    b'hello'
    """
    return apply(_read_file, (filename,), (), name)


@op(
    "WriteFile",
    dtypes={"filename": STRING, "contents": STRING},
    host=True,
    gradient=NONE,
    stateful=True,
    shape=lambda inputs, attrs: [],
    api_name="io.write_file",
)
def _write_file(filename, contents):
    path = os.fsdecode(scalar_bytes(filename, "tf.io.write_file", "filename"))
    data = scalar_bytes(contents, "tf.io.write_file", "contents")
    folder = path.rpartition("/")[0]
    if folder and not file_system(folder).isdir(folder):
        file_system(folder).makedirs(folder)
    with open_file(path, "wb") as file, file_errors(path):
        file.write(data)
    return ()


@export("io.write_file")
def write_file(filename: Any, contents: Any, name: str | None = None) -> None:
    """Writes a file, and the directories above it where there are none.

    Args:
      filename: Scalar string tensor: a path. A file there is replaced.
      contents: Scalar string tensor.
      name: Optional name of the node in graphs.
    Raises:
      FailedPreconditionError: There is a directory of that name, or a file among those above it.
      PermissionDeniedError: It may not be written.
    """
    apply(_write_file, (filename, contents), (), name)


@op(
    "MatchingFiles",
    dtypes={"pattern": STRING},
    host=True,
    gradient=NONE,
    stateful=True,
    shape=lambda inputs, attrs: [(string, TensorShape([None]))],
    api_name="io.matching_files",
)
def _matching_files(pattern):
    if pattern.ndim > 1:
        raise failure(
            errors.InvalidArgumentError,
            "tf.io.matching_files",
            f"pattern must be a scalar or a vector, its shape is {list(pattern.shape)}",
        )
    found = [path for one in pattern.reshape(-1).tolist() for path in matching(os.fsdecode(one))]
    return string_array([os.fsencode(path) for path in sorted(found)], -1)


@export("io.matching_files")
def matching_files(pattern: Any, name: str | None = None) -> Any:
    """Paths of the files that match patterns, sorted.

    Args:
      pattern: String tensor, a scalar or a vector: paths with `*`, `?`, `[a-z]`, none of which
        matches a `/`.
      name: Optional name of the node in graphs.
    Returns:
      String vector.

    >>> tf.io.matching_files("/no/such/*").numpy()
    array([], dtype=object)
    """
    return apply(_matching_files, (pattern,), (), name)
