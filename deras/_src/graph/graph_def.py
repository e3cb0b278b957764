"""A graph written out: plain objects with the names that TensorFlow's `GraphDef` has.

It is for reading and for tests. It is no protocol buffer, and it cannot be run.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from deras._src.core.tensor import EagerTensor, SymbolicTensor


class NodeDef:
    """One node.

    Attributes:
      name: unique in its graph.
      op: TensorFlow's name of the op.
      input: names of the tensors that it takes; the `:0` of a node's first output is left out.
      attr: name -> value.
      device: "", as the runtime places it.
      site: the user's line, or None.
    """

    __slots__ = ("attr", "device", "input", "name", "op", "site")

    def __init__(self, name: str, op: str, input: list[str], attr: dict[str, Any], site: Any):
        self.name = name
        self.op = op
        self.input = input
        self.attr = attr
        self.device = ""
        self.site = site

    def __str__(self) -> str:
        lines = ["node {", f'  name: "{self.name}"', f'  op: "{self.op}"']
        lines += [f'  input: "{name}"' for name in self.input]
        lines += [f"  attr {{ {key}: {_shown(value)} }}" for key, value in self.attr.items()]
        return "\n".join([*lines, "}"])

    def __repr__(self) -> str:
        return f"<NodeDef {self.name}: {self.op}({', '.join(self.input)})>"


class GraphDef:
    """A graph: its nodes, in program order, and the graphs of its branches and loops.

    Attributes:
      node: list of `NodeDef`.
      library: name -> `GraphDef` of what its nodes run.
    """

    __slots__ = ("library", "node")

    def __init__(self, node: list[NodeDef], library: dict[str, GraphDef]) -> None:
        self.node = node
        self.library = library

    def __str__(self) -> str:
        parts = [str(node) for node in self.node]
        for name, graph in self.library.items():
            inner = "\n".join(f"  {line}" for line in str(graph).splitlines())
            parts.append(f'function {{\n  name: "{name}"\n{inner}\n}}')
        return "\n".join(parts) + "\n"

    def __repr__(self) -> str:
        return f"<GraphDef: {len(self.node)} nodes>"


def graph_def(graph: Any) -> GraphDef:
    """A graph written out."""
    library: dict[str, GraphDef] = {}
    nodes: list[NodeDef] = []
    constants: dict[int, str] = {}
    taken = {record.name for record in operations(graph)}
    for record in operations(graph):
        names = []
        for x in record.inputs:
            if isinstance(x, SymbolicTensor):
                names.append(x.name.removesuffix(":0"))
                continue
            if id(x) not in constants:
                constants[id(x)] = name = _free_name("Const", taken)
                nodes.append(NodeDef(name, "Const", [], _constant_attrs(x), None))
            names.append(constants[id(x)])
        attrs = dict(record.attrs)
        if not record.inputs and record.op.name == "Placeholder":
            attrs |= {"dtype": record.outputs[0].dtype, "shape": record.outputs[0].shape}
        for value in attrs.values():
            for inner in _graphs_in(value):
                library.setdefault(inner.name, graph_def(inner))
        nodes.append(NodeDef(record.name, record.op.name, names, attrs, record.site))
    return GraphDef(nodes, library)


def operations(graph: Any) -> list[Any]:
    """The records of the placeholders, then of the nodes in program order."""
    placeholders = [t.node for t in graph.inputs] + [inner.node for _, inner in graph.captures]
    return [*placeholders, *graph.nodes]


def _free_name(name: str, taken: set[str]) -> str:
    number, found = 0, name
    while found in taken:
        number += 1
        found = f"{name}_{number}"
    taken.add(found)
    return found


def _constant_attrs(tensor: EagerTensor) -> dict[str, Any]:
    return {"dtype": tensor.dtype, "shape": tensor.shape, "value": tensor}


def _graphs_in(value: Any) -> Iterator[Any]:
    if isinstance(value, (tuple, list)):
        for item in value:
            yield from _graphs_in(item)
    elif hasattr(value, "as_graph_def"):
        yield value
    elif hasattr(value, "graph") and hasattr(value.graph, "as_graph_def"):
        yield value.graph


def _shown(value: Any) -> str:
    if isinstance(value, EagerTensor):
        array = value.host_array()
        return repr(array.tolist()) if array.size <= 8 else f"{value.aval!r}"
    inner = list(_graphs_in(value))
    return ", ".join(f'"{g.name}"' for g in inner) if inner else repr(value)
