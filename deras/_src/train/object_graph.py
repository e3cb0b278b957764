"""Which objects a checkpoint holds, what they are called, and the message that says so.

Objects are numbered breadth first from the root. A tensor's key is the shortest path of attribute
names to its object, then `/.ATTRIBUTES/` and the tensor's own name. Slot variables (an optimizer's
values for another variable) have keys of their own form and numbers after all others.
"""

from __future__ import annotations

import weakref
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from deras._src import errors
from deras._src.state.trackable import Trackable, container_children, is_trackable
from deras._src.state.variable import Variable
from deras._src.train.bundle_format import OBJECT_GRAPH_KEY
from deras._src.train.bundle_reader import BundleReader
from deras._src.train.protos import messages
from deras._src.util.export import export


def escape(name: str) -> str:
    """A name as it stands in keys.

    >>> escape("b/c.d")
    'b.Sc..d'
    """
    return name.replace(".", "..").replace("/", ".S")


def unescape(name: str) -> str:
    """The name that `escape` made this of.

    >>> unescape("b.Sc..d")
    'b/c.d'
    """
    parts = name.split("..")
    return ".".join(part.replace(".S", "/") for part in parts)


def attribute_key(path: str, name: str) -> str:
    """The key of an object's tensor.

    Args:
      path: The object's path, escaped.
      name: The tensor's name as the object graph has it, which is escaped once already.

    >>> attribute_key("model/w", "VARIABLE_VALUE")
    'model/w/.ATTRIBUTES/VARIABLE_VALUE'
    """
    return f"{path}/.ATTRIBUTES/{escape(name)}"


def has_tensors(obj: Any) -> bool:
    """Whether an object has tensors of its own."""
    if not isinstance(obj, Trackable):
        return False
    return type(obj)._serialize_to_tensors is not Trackable._serialize_to_tensors


def children_of(obj: Any) -> list[tuple[str, Any]]:
    """Names and children of a trackable object, list, tuple or dict."""
    if not isinstance(obj, Trackable):
        return list(container_children(obj))
    obj._maybe_initialize_trackable()
    children = obj._trackable_children("checkpoint")
    return [(name, child) for name, child in children.items() if is_trackable(child)]


def dereference(obj: Any) -> Any:
    """What a weak reference stands for; other objects as they are.

    Raises:
      ReferenceError: it is gone.
    """
    if not isinstance(obj, weakref.ref):
        return obj
    target = obj()
    if target is None:
        raise ReferenceError("tf.train.Checkpoint: the root object is gone; only weakly held")
    return target


class GraphView:
    """The objects under a root, with children that a Checkpoint adds to it.

    Args:
      root: The root, or a weak reference to it.
      attached: More children of the root, which it does not know of.
    """

    def __init__(self, root: Any, attached: dict[str, Any] | None = None) -> None:
        self._root = root
        self.attached = attached if attached is not None else {}

    @property
    def root(self) -> Any:
        """The root object."""
        return dereference(self._root)

    def children(self, obj: Any) -> list[tuple[str, Any]]:
        """Names and children of an object."""
        own = children_of(obj)
        if self.attached and obj is self.root:
            own += [pair for pair in self.attached.items() if pair[0] not in dict(own)]
        return own

    @staticmethod
    def child(obj: Any, name: str, children: dict[str, Any]) -> Any:
        """An object's child by name, or None.

        Args:
          obj: The object.
          name: The name.
          children: What `children` gave for it. Objects may know more names than they list.
        """
        found = children.get(name)
        if found is None and isinstance(obj, Trackable):
            found = obj._lookup_dependency(name, children)
        return found

    def walk(self) -> list[Node]:
        """All objects, in the order of their numbers."""
        nodes = [Node(self.root, 0, "")]
        known = {id(self.root): nodes[0]}
        queue = deque(nodes)
        while queue:
            node = queue.popleft()
            for name, child in self.children(node.obj):
                found = known.get(id(child))
                if found is None:
                    path = f"{node.path}/{escape(name)}" if node.path else escape(name)
                    found = known[id(child)] = Node(child, len(nodes), path)
                    nodes.append(found)
                    queue.append(found)
                node.children.append((name, found.number))
        return nodes


@dataclass
class Node:
    """An object with its number, its path, and its children's numbers.

    Attributes:
      slots: (original variable's number, slot's name, slot variable's number), for optimizers.
    """

    obj: Any
    number: int
    path: str
    children: list[tuple[str, int]] = field(default_factory=list)
    slots: list[tuple[int, str, int]] = field(default_factory=list)


def add_slot_variables(nodes: list[Node]) -> None:
    """Appends the slot variables of those objects that have `get_slot_names` and `get_slot`.

    Raises:
      NotImplementedError: a slot variable is also another object's child.
    """
    owners = [node for node in nodes if callable(getattr(node.obj, "get_slot_names", None))]
    known = {id(node.obj) for node in nodes}
    originals = [node for node in nodes if isinstance(node.obj, Variable)]
    for owner in owners:
        for slot in owner.obj.get_slot_names():
            for original in originals:
                variable = _slot(owner.obj, original.obj, slot)
                if variable is None:
                    continue
                if id(variable) in known:
                    raise NotImplementedError(
                        f"tf.train.Checkpoint: the slot variable {variable!r} is also a child of "
                        "another object; it can be saved as one of them only."
                    )
                key = f"{original.path}/.OPTIMIZER_SLOT/{owner.path}/{escape(slot)}"
                nodes.append(Node(variable, len(nodes), key))
                owner.slots.append((original.number, slot, nodes[-1].number))


def _slot(owner: Any, variable: Any, name: str) -> Any:
    try:
        return owner.get_slot(variable, name)
    except (AttributeError, KeyError):  # how optimizers say that there is none
        return None


@dataclass(frozen=True)
class Tensors:
    """The tensors of one object: key -> value as the object gave it."""

    obj: Any
    values: dict[str, Any]


def serialize(view: GraphView) -> tuple[Any, list[Tensors]]:
    """The object graph's message, and the tensors of all objects."""
    nodes = view.walk()
    add_slot_variables(nodes)
    graph, tensors = messages().TrackableObjectGraph(), []
    for node in nodes:
        proto = graph.nodes.add()
        for name, number in node.children:
            proto.children.add(node_id=number, local_name=name)
        for original, slot, number in node.slots:
            proto.slot_variables.add(
                original_variable_node_id=original, slot_name=slot, slot_variable_node_id=number
            )
        _refuse_saveables(node)
        if has_tensors(node.obj):
            values = {}
            for name, value in node.obj._serialize_to_tensors().items():
                local = escape(name)
                key = attribute_key(node.path, local)
                values[key] = value
                proto.attributes.add(name=local, full_name=_full_name(node.obj), checkpoint_key=key)
            tensors.append(Tensors(node.obj, values))
    _mark_values(graph)
    return graph, tensors


def _full_name(obj: Any) -> str:
    # Keras's variables are no tf.Variable, but say that they act as one.
    acts_as_one = getattr(obj, "_should_act_as_resource_variable", False)
    return obj._shared_name if isinstance(obj, Variable) or acts_as_one else ""


def _refuse_saveables(node: Node) -> None:
    """Objects that are saved only by TensorFlow 1's SaveableObjects would be lost silently."""
    gather = getattr(node.obj, "_gather_saveables_for_checkpoint", None)
    if gather is not None and not has_tensors(node.obj) and gather():
        raise NotImplementedError(
            f"tf.train.Checkpoint: {node.path!r} ({type(node.obj).__name__}) is saved by "
            "_gather_saveables_for_checkpoint, which is not supported; give it "
            "_serialize_to_tensors and _restore_from_tensors."
        )


def _mark_values(graph: Any) -> None:
    """Says for each node whether it, or something below it, has values."""
    parents: dict[int, list[int]] = {}
    for number, node in enumerate(graph.nodes):
        for child in node.children:
            parents.setdefault(child.node_id, []).append(number)
    marked = {n for n, node in enumerate(graph.nodes) if node.attributes or node.slot_variables}
    queue = list(marked)
    while queue:
        for parent in parents.get(queue.pop(), ()):
            if parent not in marked:
                marked.add(parent)
                queue.append(parent)
    for number, node in enumerate(graph.nodes):
        node.has_checkpoint_values.value = number in marked


def parse_graph(reader: BundleReader) -> Any:
    """The object graph's message of a checkpoint.

    Raises:
      DataLossError: it cannot be read.
    """
    from google.protobuf.message import DecodeError

    try:
        return messages().TrackableObjectGraph.FromString(reader.read(OBJECT_GRAPH_KEY)[()])
    except DecodeError as error:
        raise errors.DataLossError(
            None, None, f"{reader.prefix}: the object graph cannot be read. The file is damaged."
        ) from error


def node_names(graph: Any) -> list[str]:
    """A readable path for each node of an object graph's message."""
    names = ["root", *[""] * (len(graph.nodes) - 1)]
    for number, child, name in _edges(graph):
        names[child] = names[child] or f"{names[number]}.{name}"
    for number, node in enumerate(graph.nodes):
        for slot in node.slot_variables:
            original = names[slot.original_variable_node_id]
            names[slot.slot_variable_node_id] = (
                f"{names[number]}'s state {slot.slot_name!r} for {original}"
            )
    return names


def _edges(graph: Any) -> Iterator[tuple[int, int, str]]:
    """(parent, child, name), breadth first, each child once."""
    seen, queue = {0}, deque([0])
    while queue:
        number = queue.popleft()
        for child in graph.nodes[number].children:
            if child.node_id not in seen:
                seen.add(child.node_id)
                queue.append(child.node_id)
                yield number, child.node_id, child.local_name


@export("train.TrackableView")
class TrackableView:
    """The objects that a checkpoint of a root object would hold.

    Args:
      root: A trackable object.

    >>> model = tf.Module()
    >>> model.w = tf.Variable(1.0)
    >>> view = tf.train.TrackableView(model)
    >>> [type(found).__name__ for found in view.descendants()]
    ['Module', 'Variable']
    """

    def __init__(self, root: Any) -> None:
        self._root_ref = root if isinstance(root, weakref.ref) else weakref.ref(root)

    @classmethod
    def children(cls, obj: Any, save_type: str = "checkpoint", **kwargs: Any) -> dict[str, Any]:
        """The children of an object by name."""
        if not isinstance(obj, Trackable):
            return dict(container_children(obj))
        obj._maybe_initialize_trackable()
        return obj._trackable_children(save_type, **kwargs)

    @property
    def root(self) -> Any:
        """The root object."""
        return dereference(self._root_ref)

    def descendants(self) -> list[Any]:
        """The root and all objects below it, breadth first."""
        found = [self.root]
        seen = {id(self.root)}
        for obj in found:  # grows while it is walked
            for child in self.children(obj).values():
                if id(child) not in seen and is_trackable(child):
                    seen.add(id(child))
                    found.append(child)
        return found
