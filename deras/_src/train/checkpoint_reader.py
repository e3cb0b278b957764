"""Looking into checkpoint files without a program that they belong to."""

from __future__ import annotations

import os
from typing import Any

from deras._src.core.dtypes import DType, string
from deras._src.train.bundle_reader import BundleReader
from deras._src.train.checkpoint_state import latest_checkpoint
from deras._src.util.export import export


class CheckpointReader:
    """The tensors of a checkpoint by name. `tf.train.load_checkpoint` makes one.

    Args:
      filename: The checkpoint's path, without `.index`.
    Raises:
      NotFoundError: there is no such checkpoint.
      DataLossError: its index is damaged.
    """

    def __init__(self, filename: str) -> None:
        self._bundle = BundleReader(filename)

    def has_tensor(self, tensor_str: str) -> bool:
        """Whether there is a tensor of that name."""
        return tensor_str in self._bundle

    def get_tensor(self, tensor_str: str) -> Any:
        """A tensor's values.

        Args:
          tensor_str: Its name.
        Returns:
          A NumPy array; for a scalar string bytes.
        Raises:
          NotFoundError: there is no such tensor.
          DataLossError: the data file is cut off or was altered.
        """
        array = self._bundle.read(tensor_str)
        return array[()] if array.ndim == 0 else array

    def get_variable_to_shape_map(self) -> dict[str, list[int]]:
        """Name -> shape of every tensor."""
        return {name: list(self._bundle.shape(name)) for name in self._bundle.entries}

    def get_variable_to_dtype_map(self) -> dict[str, DType]:
        """Name -> dtype of every tensor."""
        return {name: self._bundle.dtype(name) for name in self._bundle.entries}

    def debug_string(self) -> bytes:
        """A line for each tensor: its name, dtype and shape."""
        lines = [
            f"{name} ({'DT_' + self._bundle.dtype(name).name.upper()}) "
            f"{list(self._bundle.shape(name))}"
            for name in sorted(self._bundle.entries)
        ]
        return "\n".join(lines).encode()

    def __repr__(self) -> str:
        kinds = sum(1 for name in self._bundle.entries if self._bundle.dtype(name) is not string)
        return f"<CheckpointReader of {self._bundle.prefix!r}, {kinds} tensors of numbers>"


def _prefix(path: Any) -> str:
    """The checkpoint that a path stands for: itself, or a directory's latest."""
    filename = os.fspath(path)
    if not os.path.isdir(filename):
        return filename
    latest = latest_checkpoint(filename)
    if latest is None:
        raise ValueError(
            f"Couldn't find 'checkpoint' file or checkpoints in given directory {filename}"
        )
    return latest


@export("train.load_checkpoint")
def load_checkpoint(ckpt_dir_or_file: Any) -> CheckpointReader:
    """Opens a checkpoint to look into it.

    Args:
      ckpt_dir_or_file: A checkpoint's path, or a directory whose latest is meant.
    Returns:
      A reader: `get_tensor(name)`, `has_tensor(name)`,
      `get_variable_to_shape_map()`, `get_variable_to_dtype_map()`.
    Raises:
      ValueError: the directory has no checkpoint.
      NotFoundError: there is no such checkpoint.
      DataLossError: its index is damaged.

    >>> import tempfile
    >>> directory = tempfile.mkdtemp()
    >>> path = tf.train.Checkpoint(step=tf.Variable(3)).write(directory + "/a")
    >>> int(tf.train.load_checkpoint(path).get_tensor("step/.ATTRIBUTES/VARIABLE_VALUE"))
    3
    """
    return CheckpointReader(_prefix(ckpt_dir_or_file))


@export("train.load_variable")
def load_variable(ckpt_dir_or_file: Any, name: str) -> Any:
    """The values of one tensor of a checkpoint.

    Args:
      ckpt_dir_or_file: A checkpoint's path, or a directory whose latest is meant.
      name: The tensor's name; a `:0` at its end is left out.
    Returns:
      A NumPy array.
    Raises:
      As `tf.train.load_checkpoint`, and NotFoundError if there is no such tensor.

    >>> import tempfile
    >>> path = tf.train.Checkpoint(w=tf.Variable([1.0, 2.0])).write(tempfile.mkdtemp() + "/a")
    >>> tf.train.load_variable(path, "w/.ATTRIBUTES/VARIABLE_VALUE")
    array([1., 2.], dtype=float32)
    """
    return load_checkpoint(ckpt_dir_or_file).get_tensor(name.removesuffix(":0"))


@export("train.list_variables")
def list_variables(ckpt_dir_or_file: Any) -> list[tuple[str, list[int]]]:
    """The names and shapes of a checkpoint's tensors, sorted by name.

    Args:
      ckpt_dir_or_file: A checkpoint's path, or a directory whose latest is meant.
    Raises:
      As `tf.train.load_checkpoint`.

    >>> import tempfile
    >>> path = tf.train.Checkpoint(w=tf.Variable([1.0, 2.0])).write(tempfile.mkdtemp() + "/a")
    >>> for name, shape in tf.train.list_variables(path):
    ...     print(name, shape)
    _CHECKPOINTABLE_OBJECT_GRAPH []
    w/.ATTRIBUTES/VARIABLE_VALUE [2]
    """
    shapes = load_checkpoint(ckpt_dir_or_file).get_variable_to_shape_map()
    return sorted(shapes.items())
