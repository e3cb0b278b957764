"""What `tf.train.Checkpoint.restore` returns: assertions about what was restored."""

from __future__ import annotations

from typing import Any

from deras._src.train.object_graph import (
    GraphView,
    Node,
    add_slot_variables,
    has_tensors,
    node_names,
)
from deras._src.train.restoring import Restoration

_MOST_SHOWN = 10


def _objects(view: GraphView, skip_slots: bool = False) -> list[Node]:
    nodes = view.walk()
    if not skip_slots:
        add_slot_variables(nodes)
    return nodes


class CheckpointLoadStatus:
    """The state of a restoration; more may be restored as objects are made."""

    def __init__(self, restoration: Restoration, view: GraphView) -> None:
        self._restoration = restoration
        self._view = view
        self._root = view.root  # the view may hold it weakly

    def _skips_slots(self) -> bool:
        return bool(self._restoration.options.experimental_skip_slot_variables)

    def _unmatched(self) -> list[Any]:
        """The program's objects with values that the checkpoint had nothing for."""
        found = {id(obj) for obj in self._restoration.objects.values()}
        nodes = _objects(self._view, self._skips_slots())
        return [n.obj for n in nodes if has_tensors(n.obj) and id(n.obj) not in found]

    def assert_consumed(self) -> CheckpointLoadStatus:
        """Checks that all values of the checkpoint were restored, and to all objects.

        Returns:
          Itself.
        Raises:
          AssertionError: something is in only one of them; it is named.
        """
        self.assert_existing_objects_matched()
        restoration = self._restoration
        names = node_names(restoration.graph)
        slots = {s.slot_variable_node_id for node in restoration.nodes for s in node.slot_variables}
        skipped = slots if self._skips_slots() else set()
        left = [
            names[number]
            for number, node in enumerate(restoration.nodes)
            if node.attributes and number not in restoration.objects and number not in skipped
        ]
        if left:
            raise AssertionError(
                f"Unresolved object in checkpoint {restoration.reader.prefix}: {_some(left)}. "
                "The program has no object for it (yet)."
            )
        if restoration.unused:
            parts = [
                f"{names[number]} ({restoration.objects[number]}): {attributes}"
                for number, attributes in restoration.unused.items()
            ]
            raise AssertionError(
                "Unused attributes in these objects (the attributes exist in the checkpoint but "
                "were not restored):\n" + "\n".join(parts)
            )
        return self

    def assert_existing_objects_matched(self) -> CheckpointLoadStatus:
        """Checks that every object of the program that has values got them.

        Returns:
          Itself.
        Raises:
          AssertionError: some did not; they are named.
        """
        unmatched = self._unmatched()
        if unmatched:
            raise AssertionError(
                f"Found {len(unmatched)} Python objects that were not bound to checkpointed "
                "values, likely due to changes in the Python program. Showing "
                f"{min(_MOST_SHOWN, len(unmatched))} of {len(unmatched)} unmatched objects: "
                f"{unmatched[:_MOST_SHOWN]}"
            )
        return self

    def assert_nontrivial_match(self) -> CheckpointLoadStatus:
        """Checks that more than the root object was matched.

        Returns:
          Itself.
        Raises:
          AssertionError: nothing was.
        """
        if len(self._restoration.objects) <= 1:
            unmatched = self._unmatched()
            if unmatched:
                raise AssertionError(
                    "Nothing except the root object matched a checkpointed value. Typically this "
                    "means that the checkpoint does not match the Python program. The following "
                    f"objects have no matching checkpointed value: {unmatched[:_MOST_SHOWN]}"
                )
            raise AssertionError(
                f"Nothing to load. No dependencies have been added to {self._root} yet."
            )
        return self

    def expect_partial(self) -> CheckpointLoadStatus:
        """Silences the warning about values that were never restored.

        Returns:
          Itself.
        """
        self._restoration.expect_partial()
        return self

    def run_restore_ops(self, session: Any = None) -> None:
        """Does nothing: values are restored at once."""

    def initialize_or_restore(self, session: Any = None) -> None:
        """Does nothing: values are restored at once, and variables always have one."""


class InitializationOnlyStatus:
    """What `restore(None)` returns: there was no checkpoint."""

    def __init__(self, view: GraphView) -> None:
        self._root = view.root

    def _fail(self) -> Any:
        raise AssertionError("No checkpoint specified (save_path=None); nothing is being restored.")

    def assert_consumed(self) -> Any:
        """Always raises AssertionError."""
        return self._fail()

    def assert_existing_objects_matched(self) -> Any:
        """Always raises AssertionError."""
        return self._fail()

    def assert_nontrivial_match(self) -> Any:
        """Always raises AssertionError."""
        return self._fail()

    def run_restore_ops(self, session: Any = None) -> Any:
        """Always raises AssertionError."""
        return self._fail()

    def expect_partial(self) -> InitializationOnlyStatus:
        """Returns itself."""
        return self

    def initialize_or_restore(self, session: Any = None) -> None:
        """Does nothing: variables have a value from the start."""


class NameBasedSaverStatus:
    """The state of a restoration from a checkpoint of TensorFlow 1, which knows only names."""

    def __init__(self, view: GraphView, missing: list[str]) -> None:
        self._root = view.root
        self._missing = missing

    def assert_consumed(self) -> NameBasedSaverStatus:
        """Checks that every variable of the program was in the checkpoint.

        Returns:
          Itself.
        Raises:
          AssertionError: some were not; they are named.
        """
        if self._missing:
            raise AssertionError(f"Object not restored: {_some(self._missing)}")
        return self

    assert_existing_objects_matched = assert_consumed
    assert_nontrivial_match = assert_consumed

    def expect_partial(self) -> NameBasedSaverStatus:
        """Returns itself."""
        return self

    def run_restore_ops(self, session: Any = None) -> None:
        """Does nothing: values are restored at once."""

    def initialize_or_restore(self, session: Any = None) -> None:
        """Does nothing: values are restored at once."""


def _some(names: list[str]) -> str:
    shown = ", ".join(names[:_MOST_SHOWN])
    return f"{shown} and {len(names) - _MOST_SHOWN} more" if len(names) > _MOST_SHOWN else shown
