"""FuncGraph: the ops of one traced Python function, in program order."""

from __future__ import annotations

from typing import Any

import numpy as np

from deras._src import errors
from deras._src.core.context import state
from deras._src.core.dtypes import DType
from deras._src.core.names import unique_name
from deras._src.core.tensor import EagerTensor, SymbolicTensor, Tensor, is_inline
from deras._src.core.tensor_shape import TensorShape
from deras._src.graph.graph_def import GraphDef, graph_def, operations
from deras._src.graph.shape_inference import infer, probes_for_placeholder
from deras._src.registry import OpDef, OpRecord
from deras._src.util.callsite import user_site

PLACEHOLDER = OpDef("Placeholder", None, gradient="unused", inputs=())


class FuncGraph:
    """Nodes in program order, which is also the order of side effects.

    Attributes:
      name: the traced function's name.
      outer: the graph this one was traced inside of, or None.
      nodes: the `OpRecord` of each node.
      inputs: placeholders of the function's own arguments.
      captures: pairs (tensor of an outer graph, placeholder that stands for it here).
      constants: eager tensors used by nodes, by id; they become parameters of the program.
      handles: state handles (variables, generators) in order of first use -> written or not.
      outputs: the tensors that the program returns.
    """

    def __init__(self, name: str, outer: FuncGraph | None = None) -> None:
        self.name = name
        self.outer = outer
        self.nodes: list[OpRecord] = []
        self.inputs: list[SymbolicTensor] = []
        self.captures: list[tuple[SymbolicTensor, SymbolicTensor]] = []
        self._captured: dict[int, SymbolicTensor] = {}
        self.constants: dict[int, EagerTensor] = {}
        self.handles: dict[Any, bool] = {}
        self.outputs: list[Any] = []
        self._names: dict[str, int] = {}
        self.op_count = 0  # what TensorFlow's graph seeds count (Graph._last_id)
        self.extras: dict[Any, Any] = {}
        # Nodes whose gradient node is in this graph -> the inputs it asks gradients for.
        self.wanted: dict[int, tuple[int, ...]] = {}
        self.building_function = True
        self.may_create_variables = True
        self.created_variables: list[Any] = []
        self.seed: int | None = None

    # -- building ---------------------------------------------------------------------------

    def placeholder(self, dtype: DType, shape: Any, name: str = "input") -> SymbolicTensor:
        """A new argument of the function."""
        tensor = self._placeholder(dtype, TensorShape(shape), name)
        self.inputs.append(tensor)
        return tensor

    def _placeholder(self, dtype: DType, shape: TensorShape, name: str) -> SymbolicTensor:
        tensor = SymbolicTensor(self, dtype, shape)
        tensor.probes = probes_for_placeholder(shape)
        tensor.node = OpRecord(PLACEHOLDER, (), (), (tensor,), None, self.unique_name(name))
        return tensor

    def add_node(
        self,
        op: OpDef,
        inputs: tuple[Any, ...],
        attrs: tuple[tuple[str, Any], ...],
        name: str | None = None,
    ) -> OpRecord:
        """Appends a node; its output tensors get their static shapes."""
        site = state.site_override or user_site(2)
        inputs = tuple(self.own(x, op) for x in inputs)
        outputs = infer(self, op, inputs, attrs, site)
        node = OpRecord(op, inputs, attrs, outputs, site, self.unique_name(name or op.name))
        for index, tensor in enumerate(outputs):
            tensor.node, tensor.index = node, index
        self.nodes.append(node)
        self.op_count += 1
        if op.state_of is not None:
            for handle, written in op.state_of(dict(attrs)):
                self.use_handle(handle, written)
        return node

    def own(self, tensor: Any, op: OpDef | None = None) -> Any:
        """`tensor` as this graph may use it: its own, a constant, or a capture."""
        if isinstance(tensor, SymbolicTensor):
            return tensor if tensor.graph is self else self.capture(tensor, op)
        if isinstance(tensor, EagerTensor):
            if not is_inline(tensor):
                self.constants.setdefault(id(tensor), tensor)
            return tensor
        raise TypeError(f"{op}: {type(tensor).__name__} cannot be an input of a graph node")

    def capture(self, tensor: SymbolicTensor, op: OpDef | None = None) -> SymbolicTensor:
        """The placeholder that stands here for a tensor of an enclosing graph."""
        inner = self._captured.get(id(tensor))
        if inner is not None:
            return inner
        graph = self.outer
        while graph is not None and graph is not tensor.graph:
            graph = graph.outer
        if graph is None:
            raise self._out_of_scope(tensor, op)
        inner = self._placeholder(tensor.dtype, tensor.shape, "capture")
        inner.probes, inner.value = tensor.probes, tensor.value
        self._captured[id(tensor)] = inner
        self.captures.append((tensor, inner))
        return inner

    def _out_of_scope(self, tensor: SymbolicTensor, op: OpDef | None) -> Exception:
        what, made = op.label if op else self.name, errors.describe_site(tensor.node.site)
        inner = tensor.graph
        while inner is not None and inner is not self:
            inner = inner.outer
        if inner is self:
            return errors.InaccessibleTensorError(
                f"{what}: {tensor!r}, made {made}, belongs to {tensor.graph.name!r}, a loop's "
                f"body, a branch or a function inside of {self.name!r}, and cannot be used outside "
                "of it. Return it from there; in a loop, carry it in a variable that is set before "
                "the loop, or collect it in a tf.TensorArray."
            )
        return TypeError(
            f"{what}: the symbolic tensor {tensor!r}, made {made}, is out of scope: it belongs to "
            f"the function {tensor.graph.name!r}, whose trace is over or is not around "
            f"{self.name!r}. Return it from that function, or keep its value in a tf.Variable."
        )

    def use_handle(self, handle: Any, written: bool) -> None:
        """Notes that a node reads or writes the state behind `handle`."""
        self.handles[handle] = self.handles.get(handle, False) or written

    def unique_name(self, name: str) -> str:
        """`name`, under the current name scope, numbered where it is taken."""
        if name.endswith("/"):  # the whole name, of a scope that is entered again
            return name[:-1]
        return unique_name(state.name_scope + name, self._names)

    def note_variable_creation(self, name: str | None, site: Any) -> None:
        """Raises where the function may not create variables (any trace but its first)."""
        if not self.may_create_variables:
            raise errors.op_error(
                ValueError,
                f"tf.function {self.name!r}",
                "tf.Variable was created on a call that is not the first"
                f" ({'variable ' + repr(name) if name else 'an unnamed variable'})",
                site=site,
                hint="create variables once: outside of the function, in a module's or layer's "
                "constructor, or on the first call only (`if self.v is None: self.v = ...`); a "
                "new optimizer or layer made inside the function creates new ones on every trace",
            )

    # -- reading ----------------------------------------------------------------------------

    def prune(self) -> None:
        """Drops the nodes that neither the outputs nor a side effect need."""
        needed = {id(t) for t in self.outputs}
        kept: list[OpRecord] = []
        for node in reversed(self.nodes):
            if node.op.stateful or any(id(t) in needed for t in node.outputs):
                kept.append(node)
                needed.update(id(x) for x in node.inputs)
        self.nodes = kept[::-1]

    def get_operations(self) -> list[OpRecord]:
        """The placeholders, then the nodes in program order."""
        return operations(self)

    @property
    def operations(self) -> list[OpRecord]:
        """The same as `get_operations()`."""
        return operations(self)

    def get_operation_by_name(self, name: str) -> OpRecord:
        """The node of a name.

        Raises:
          KeyError: there is none.
        """
        for node in operations(self):
            if node.name == name:
                return node
        raise KeyError(f"The name {name!r} refers to an Operation not in the graph {self.name!r}.")

    def get_tensor_by_name(self, name: str) -> SymbolicTensor:
        """The tensor of a name, which is that of its node and the output's number: `"add:0"`.

        Raises:
          ValueError: it is the name of a node.
          KeyError: there is no such tensor.
        """
        node_name, colon, index = name.rpartition(":")
        if not colon or not index.isdigit():
            raise ValueError(
                f"The name {name!r} is not that of a tensor, which ends in the number of the "
                f"node's output: {name + ':0'!r}."
            )
        outputs = self.get_operation_by_name(node_name).outputs
        if int(index) >= len(outputs):
            raise KeyError(
                f"The name {name!r} refers to a Tensor which does not exist: the operation has "
                f"{len(outputs)} outputs."
            )
        return outputs[int(index)]  # type: ignore[no-any-return]

    def as_graph_def(self) -> GraphDef:
        """The graph written out: nodes with name, op, inputs and attributes. Print it."""
        return graph_def(self)

    @property
    def variables(self) -> tuple[Any, ...]:
        """The variables that the graph reads or writes."""
        found = (handle.variable() for handle in self.handles)
        return tuple(v for v in found if v is not None)

    @property
    def outer_graph(self) -> FuncGraph | None:
        """The graph that this one was traced inside of."""
        return self.outer

    def as_text(self) -> str:
        """One line a node: outputs, op, attributes, inputs."""
        lines = [f"{self.name}({', '.join(map(_edge, self.inputs))}):"]
        for node in self.nodes:
            attrs = "".join(f" {k}={_attr_text(v)}" for k, v in node.attrs)
            args = ", ".join(_input_text(x) for x in node.inputs)
            lines.append(f"  {', '.join(map(_edge, node.outputs))} = {node.op.name}({args}){attrs}")
        lines.append(f"  return {', '.join(_input_text(t) for t in self.outputs)}")
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"<FuncGraph {self.name}: {len(self.nodes)} nodes>"


def _edge(tensor: SymbolicTensor) -> str:
    return f"%{tensor.name} {tensor.dtype.name}{tensor.shape}"


def _input_text(tensor: Tensor) -> str:
    return f"%{tensor.name}" if isinstance(tensor, SymbolicTensor) else repr(tensor.shape)


def _attr_text(value: Any) -> str:
    if isinstance(value, FuncGraph):
        return f"<{value.name}>"
    return repr(value) if not isinstance(value, np.ndarray) else f"array{value.shape}"
