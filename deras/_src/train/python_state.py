"""`tf.train.experimental.PythonState`: Python values in checkpoints, as bytes."""

from __future__ import annotations

import abc
from typing import Any

from deras._src.state.trackable import Trackable
from deras._src.util.export import export


@export("train.experimental.PythonState")
class PythonState(Trackable, abc.ABC):
    """Base of what is saved as bytes of its own making.

    >>> import json, tempfile
    >>> class Progress(tf.train.experimental.PythonState):
    ...     epoch = 0
    ...     def serialize(self):
    ...         return json.dumps({"epoch": self.epoch})
    ...     def deserialize(self, string_value):
    ...         self.epoch = json.loads(string_value)["epoch"]
    >>> progress = Progress()
    >>> progress.epoch = 7
    >>> checkpoint = tf.train.Checkpoint(progress=progress)
    >>> path = checkpoint.save(tempfile.mkdtemp() + "/a")
    >>> progress.epoch = 0
    >>> _ = checkpoint.restore(path)
    >>> progress.epoch
    7
    """

    @abc.abstractmethod
    def serialize(self) -> Any:
        """The state as bytes or str."""

    @abc.abstractmethod
    def deserialize(self, string_value: bytes) -> None:
        """Takes over a state that `serialize` gave, as bytes."""

    def _serialize_to_tensors(self) -> dict[str, Any]:
        return {"py_state": self.serialize()}

    def _restore_from_tensors(self, restored_tensors: dict[str, Any]) -> None:
        self.deserialize(restored_tensors["py_state"].host_array()[()])
