"""What orders and groups ops: `tf.control_dependencies`, `tf.group`, `tf.tuple`, `tf.no_op`.

Deras runs a graph's side effects in program order, so that nothing here has to order anything; the
functions check their arguments and give what TensorFlow gives.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from deras._src.core.context import state
from deras._src.core.indexed_slices import IndexedSlices
from deras._src.core.tensor import Tensor
from deras._src.dispatch.convert import convert
from deras._src.ops.array_constant import identity
from deras._src.registry import NONE, OpRecord, op
from deras._src.util import nest
from deras._src.util.export import export


@op("NoOp", gradient=NONE, inputs=(), shape=lambda inputs, attrs: [])
def _no_op():
    return ()


@export("no_op")
def no_op(name: str | None = None) -> Any:
    """Does nothing.

    Args:
      name: Optional name of the node in graphs.
    Returns:
      None; in a function, the graph's operation.

    >>> tf.no_op() is None
    True
    """
    if state.graph is None:
        return None
    return state.graph.add_node(_no_op, (), (), name)


@export("group")
def group(*inputs: Any, **kwargs: Any) -> Any:
    """One operation that stands for several.

    Args:
      *inputs: Tensors, operations, variables and nested structures of them.
      name: Optional name of the node in graphs.
    Returns:
      None; in a function, an operation.
    Raises:
      TypeError: (in functions) an input is something else.
      ValueError: (in functions) an unknown keyword argument was given.

    >>> v = tf.Variable(1.0)
    >>> tf.group(v.assign_add(1.0), v.assign_add(1.0))
    """
    if state.graph is None:
        return None
    name = kwargs.pop("name", None)
    if kwargs:
        raise ValueError("Unknown keyword arguments: " + ", ".join(kwargs))
    for x in nest.flatten(inputs, expand_composites=True):
        if not (isinstance(x, (Tensor, OpRecord)) or hasattr(type(x), "__deras_tensor__")):
            raise TypeError(
                "'inputs' should be zero or more (nested) Tensors. "
                f"Received {str(x)!r} with type '{type(x)}'."
            )
    return no_op(name or "group_deps")


@export("tuple")
def tuple(tensors: Any, control_inputs: Any = None, name: str | None = None) -> Any:
    """Groups tensors: in graphs, none is to be had before all are computed.

    Args:
      tensors: List of tensors, IndexedSlices and None.
      control_inputs: More tensors or operations that come first.
      name: Optional name of the nodes in graphs.
    Returns:
      `tensors`; in a function, a list of tensors equal to them.
    Raises:
      ValueError: (in functions) there is no tensor in `tensors`.

    >>> [int(t) for t in tf.tuple([tf.constant(1), tf.constant(2)])]
    [1, 2]
    """
    if state.graph is None:
        return tensors
    if all(t is None for t in tensors):
        raise ValueError(f"'tensors' must have at least one Tensor. Received: {tensors}.")
    result: list[Any] = []
    for t in tensors:
        if t is None:
            result.append(None)
        elif isinstance(t, IndexedSlices):
            result.append(IndexedSlices(identity(t.values), t.indices, t.dense_shape))
        else:
            result.append(identity(convert(t), name=name))
    return result


@export("control_dependencies")
def control_dependencies(control_inputs: Iterable[Any] | None) -> AbstractContextManager[None]:
    """Runs what stands inside after `control_inputs`, as program order does in any case.

    Args:
      control_inputs: Tensors and operations, or None. In eager mode callables among them are
        called.
    Returns:
      A context manager.
    Raises:
      TypeError: `control_inputs` is no list, or (in functions) holds None.

    >>> v = tf.Variable(1.0)
    >>> with tf.control_dependencies([v.assign_add(1.0)]):
    ...     y = v * 10.0
    >>> float(y)
    20.0
    """
    if control_inputs is not None:
        for x in control_inputs:
            if state.graph is None:
                if callable(x):
                    x()
            elif x is None:
                raise TypeError("Can not convert a NoneType into a Tensor or Operation.")
    return nullcontext()
