"""`tf.train.CheckpointView`: which objects a checkpoint holds, without restoring them."""

from __future__ import annotations

import os
from collections import deque
from typing import Any

from deras._src import errors
from deras._src.state.trackable import Trackable
from deras._src.train.bundle_format import OBJECT_GRAPH_KEY
from deras._src.train.bundle_reader import BundleReader
from deras._src.train.object_graph import TrackableView, parse_graph
from deras._src.util.export import export


@export("train.CheckpointView")
class CheckpointView:
    """The objects of a checkpoint, which are known by numbers; the root is 0.

    Args:
      save_path: The checkpoint's path.
    Raises:
      NotFoundError: there is no such checkpoint, or it is of TensorFlow 1 and knows no objects.

    >>> import tempfile
    >>> path = tf.train.Checkpoint(w=tf.Variable(1.0)).write(tempfile.mkdtemp() + "/a")
    >>> tf.train.CheckpointView(path).children(0)
    {'w': 1}
    """

    def __init__(self, save_path: Any) -> None:
        reader = BundleReader(os.fspath(save_path))
        if OBJECT_GRAPH_KEY not in reader:
            raise errors.NotFoundError(
                None,
                None,
                f"The specified checkpoint {save_path!r} does not appear to be object-based (saved "
                f"with TF2) since it is missing the key {OBJECT_GRAPH_KEY!r}. Likely it was "
                "created with the TF1 name-based saver and does not contain an object graph.",
            )
        self._nodes = parse_graph(reader).nodes
        reader.close()

    def children(self, node_id: int) -> dict[str, int]:
        """The numbers of an object's children by name."""
        return {child.local_name: child.node_id for child in self._nodes[node_id].children}

    def descendants(self) -> list[int]:
        """The numbers of the root and of all objects below it, breadth first."""
        found, known = [0], {0}
        for number in found:  # grows while it is walked
            for child in self.children(number).values():
                if child not in known:
                    known.add(child)
                    found.append(child)
        return found

    def match(self, obj: Any) -> dict[int, Any]:
        """The objects that have the same place in the checkpoint as below `obj`.

        Args:
          obj: A trackable object, taken for the root.
        Returns:
          Number -> object.
        Raises:
          ValueError: `obj` is not trackable.
        """
        if not isinstance(obj, Trackable):
            raise ValueError(f"Expected a Trackable, got {obj} of type {type(obj)}.")
        matched = {0: obj}
        queue = deque([0])
        while queue:
            number = queue.popleft()
            held = TrackableView.children(matched[number])
            for name, child in self.children(number).items():
                if name in held and child not in matched:
                    matched[child] = held[name]
                    queue.append(child)
        return matched

    def diff(self, obj: Any) -> tuple[dict[int, Any], list[int], list[Any]]:
        """What the checkpoint and `obj` have in common, and what only one has.

        Args:
          obj: A trackable object, taken for the root.
        Returns:
          What `match` gives; the numbers of objects that are only in the checkpoint; the objects
          that are only below `obj`.
        """
        matched = self.match(obj)
        both = {id(found) for found in matched.values()}
        only_saved = [number for number in self.descendants() if number not in matched]
        only_here = [o for o in TrackableView(obj).descendants() if id(o) not in both]
        return matched, only_saved, only_here
