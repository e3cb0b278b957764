"""From a checkpoint to objects: which is which, and who gets which value, now or later.

Objects are matched with the checkpoint's by the names on the way from the root, breadth first.
Values are read and checked before the first object is changed, so a damaged file or a shape that
does not fit leaves the program as it was. What the checkpoint has for children that are not there
yet waits with their parents (`state/trackable.py`), and is restored by `Position.restore` when they
come; a later restoration of the same object wins over an earlier one that is still waiting.
"""

from __future__ import annotations

import itertools
import weakref
from collections import deque
from typing import Any

from deras._src.core.context import init_scope
from deras._src.core.tensor import host_tensor
from deras._src.state.trackable import Trackable, tracked_container
from deras._src.train.bundle_reader import BundleReader
from deras._src.train.object_graph import GraphView, has_tensors, node_names, unescape
from deras._src.train.options import CheckpointOptions
from deras._src.util.logger import get_logger

_uids = itertools.count()
_MOST_NAMED = 10


class Position:
    """One object of a checkpoint, waiting for its counterpart in the program."""

    def __init__(self, restoration: Restoration, number: int) -> None:
        self.checkpoint = restoration
        self.number = number

    @property
    def restore_uid(self) -> int:
        """The number of the restoration; later ones have larger numbers."""
        return self.checkpoint.restore_uid

    def restore(self, trackable: Any, owner: Any = None, name: str = "") -> None:
        """Restores an object, which has just come, and what is below it.

        Args:
          trackable: The object.
          owner: What has it as a child.
          name: Its name there.
        """
        self.checkpoint.resume(self.number, trackable, owner, name)

    def is_simple_variable(self) -> bool:
        """Whether this is a variable's value and nothing else."""
        node = self.checkpoint.nodes[self.number]
        names = [attribute.name for attribute in node.attributes]
        return names == ["VARIABLE_VALUE"] and not node.children

    def value_tensors(self) -> dict[str, Any]:
        """The object's tensors by name."""
        return self.checkpoint.read_tensors(self.number)

    def __deepcopy__(self, memo: Any) -> Position:
        # A copy of the parent waits for the same values.
        return self


class Restoration:
    """One call of `restore`, as long as something of it may still be waiting.

    Attributes:
      objects: node's number -> the program's object that it was matched with.
      unused: node's number -> names of tensors that its object did not take.
      slots: numbers of slot variables whose optimizer or variable is not there yet.
    """

    def __init__(
        self, reader: BundleReader, graph: Any, options: CheckpointOptions, view: GraphView
    ) -> None:
        self.reader = reader
        self.nodes = graph.nodes
        self.graph = graph
        self.options = options
        self.restore_uid = next(_uids)
        self.objects: dict[int, Any] = {}
        self.unused: dict[int, list[str]] = {}
        self._view: GraphView | None = view
        # Variable's number -> its slots, as (optimizer's number, slot's name, slot's number).
        self.slots: dict[int, list[tuple[int, str, int]]] = {}
        if not options.experimental_skip_slot_variables:
            for number, node in enumerate(self.nodes):
                for slot in node.slot_variables:
                    self.slots.setdefault(slot.original_variable_node_id, []).append(
                        (number, slot.slot_name, slot.slot_variable_node_id)
                    )
        self._report = _Report(graph, reader.prefix)
        weakref.finalize(self, self._report.tell)
        self._slot_nodes = {n for v, s in self.slots.items() for n in (v, *(x[0] for x in s))}
        self.is_waiting = bool(self.slots)

    def expect_partial(self) -> None:
        """No warning at the end about what was not restored."""
        self._report.wanted = False

    def start(self, root: Any) -> None:
        """Restores everything that is there."""
        self._run(0, root, None, "")
        self._view = None

    def resume(self, number: int, obj: Any, owner: Any, name: str) -> None:
        """Restores an object that came later."""
        self._run(number, obj, owner, name)

    # -- matching -----------------------------------------------------------------------------

    def _run(self, number: int, obj: Any, owner: Any, name: str) -> None:
        matched: dict[int, Any] = {}
        unmatched: list[tuple[Any, Any, str, int, str]] = []  # object, owner, its name, child
        queue: deque[tuple[int, Any, Any, str]] = deque()

        def match(number: int, obj: Any, owner: Any, name: str) -> None:
            known = self.objects.get(number, matched.get(number))
            if known is None:
                matched[number] = obj
                queue.append((number, obj, owner, name))
            elif known is not obj:
                get_logger().warning(
                    "tf.train.Checkpoint: the checkpoint %s has one object where the program has "
                    "two: %r and %r. The first one is restored.",
                    self.reader.prefix, known, obj,
                )  # fmt: skip

        match(number, obj, owner, name)
        while queue:
            at, found, above, called = queue.popleft()
            view = self._view or GraphView(found)
            children = dict(view.children(found))
            for child in self.nodes[at].children:
                local = view.child(found, child.local_name, children)
                if local is not None:
                    match(child.node_id, local, found, child.local_name)
                elif self._has_values(child.node_id):
                    unmatched.append((found, above, called, child.node_id, child.local_name))
            for slot_number, slot in self._slot_variables(at, matched):
                match(slot_number, slot, None, "")
        self._load(matched)
        self.objects.update(matched)
        self._report.matched.update(matched)
        self._wait(unmatched)

    def _has_values(self, number: int) -> bool:
        node = self.nodes[number]
        if node.HasField("has_checkpoint_values"):
            return bool(node.has_checkpoint_values.value)
        return bool(node.children or node.attributes or node.slot_variables)

    def _wait(self, unmatched: list[tuple[Any, Any, str, int, str]]) -> None:
        """Lets parents wait for the children that they do not have."""
        replaced: dict[int, Any] = {}
        for obj, owner, called, number, name in unmatched:
            if not isinstance(obj, Trackable):
                if id(obj) not in replaced:
                    owner = replaced.get(id(owner), owner)
                    replaced[id(obj)] = tracked_container(obj, owner, called)
                    if replaced[id(obj)] is not None:
                        self._rename(obj, replaced[id(obj)])
                obj = replaced[id(obj)]
                if obj is None:  # a tuple never gets more elements
                    continue
            obj._deferred_dependencies.setdefault(name, []).append(Position(self, number))
            self.is_waiting = True

    def _rename(self, before: Any, after: Any) -> None:
        for number, obj in self.objects.items():
            if obj is before:
                self.objects[number] = after

    def _slot_variables(self, at: int, matched: dict[int, Any]) -> list[tuple[int, Any]]:
        """Slot variables whose optimizer and variable are both there, now that node `at` is."""
        found: list[tuple[int, Any]] = []
        if at not in self._slot_nodes:
            return found
        for original, slots in list(self.slots.items()):
            left = []
            for optimizer, name, number in slots:
                owner = self.objects.get(optimizer, matched.get(optimizer))
                variable = self.objects.get(original, matched.get(original))
                create = getattr(owner, "_create_or_restore_slot_variable", None)
                if at not in (optimizer, original) or owner is None or variable is None:
                    left.append((optimizer, name, number))
                elif create is not None:  # else only other parts of the optimizer are wanted
                    slot = create(
                        slot_variable_position=Position(self, number),
                        variable=variable,
                        slot_name=name,
                    )
                    if slot is not None:
                        found.append((number, slot))
            if left:
                self.slots[original] = left
            else:
                del self.slots[original]
        return found

    # -- values -------------------------------------------------------------------------------

    def read_tensors(self, number: int) -> dict[str, Any]:
        """The tensors of a node by name."""
        tensors = {}
        for attribute in self.nodes[number].attributes:
            key = attribute.checkpoint_key
            array = self.reader.read(key)
            tensors[unescape(attribute.name)] = host_tensor(array, self.reader.dtype(key))
        return tensors

    def _load(self, matched: dict[int, Any]) -> None:
        """Gives the matched objects their values: all of them, or none."""
        ready = []
        for number, obj in matched.items():
            if not self.nodes[number].attributes:
                continue
            if not has_tensors(obj):
                names = [attribute.name for attribute in self.nodes[number].attributes]
                self.unused[number] = names
                continue
            if obj._update_uid >= self.restore_uid:
                continue  # a later checkpoint was restored meanwhile
            tensors = self.read_tensors(number)
            check = getattr(obj, "_check_restorable", None)
            if check is not None:
                check(tensors)
            ready.append((obj, tensors))
        with init_scope():
            for obj, tensors in ready:
                obj._restore_from_tensors(tensors)
        for obj in matched.values():
            if isinstance(obj, Trackable) and obj._update_uid < self.restore_uid:
                obj._update_uid = self.restore_uid


class _Report:
    """Says at the end what of a checkpoint was never restored, as that is often a mistake."""

    def __init__(self, graph: Any, prefix: str) -> None:
        self.graph = graph
        self.prefix = prefix
        self.wanted = True
        self.matched: set[int] = set()  # numbers: it must not keep the objects alive

    def tell(self) -> None:
        if not self.wanted:
            return
        left = [
            number
            for number, node in enumerate(self.graph.nodes)
            if node.attributes and number not in self.matched
        ]
        if left:
            names = node_names(self.graph)
            shown = ", ".join(names[number] for number in left[:_MOST_NAMED])
            more = f" and {len(left) - _MOST_NAMED} more" if len(left) > _MOST_NAMED else ""
            get_logger().warning(
                "tf.train.Checkpoint: values of %s were never restored: %s%s. If that is right, "
                "call expect_partial() on what restore() returns.",
                self.prefix, shown, more,
            )  # fmt: skip
