"""What the current thread is doing: building a graph, recording for tapes, placed on a device."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from deras._src.util.export import export


class ThreadState(threading.local):
    """Per-thread state read by every dispatch; class attributes are the defaults.

    Attributes:
      graph: the FuncGraph being built, or None when ops run at once.
      recorders: the active `Recorder`s, outermost first.
      device: the JAX device asked for by `tf.device`, or None for the default one.
      device_spec: what `tf.device` was told, all enclosing ones merged, or None.
      name_scope: the prefix of `tf.name_scope`, with a trailing slash, or "".
      collector: where a lowering being traced puts its run-time checks, or None.
      functions_run_eagerly: `tf.config.run_functions_eagerly`.
      outside: pairs (graph, its recorders) of the graphs that are being built around `graph`.
    """

    graph: Any = None
    recorders: tuple[Any, ...] = ()
    device: Any = None
    device_spec: Any = None
    name_scope: str = ""
    collector: Any = None
    site_override: Any = None
    outside: tuple[tuple[Any, tuple[Any, ...]], ...] = ()


class Recorder:
    """What is told of every op that runs in a thread: tapes and their like.

    Attributes:
      every_op: whether it looks at all ops, not at those that touch what it follows.
      deep: whether calls of functions are to run node by node, so that it sees each.
    """

    every_op = False
    deep = False

    def wants(self, op: Any, inputs: Any) -> bool:
        """Whether `record` is to be called for an op on these inputs."""
        return False

    def record(self, record: Any) -> None:
        """An op that was wanted has run."""

    def reads(self, handle: Any, tensor: Any) -> None:
        """A variable was read."""

    def leaves(self, tensor: Any) -> None:
        """A tensor was turned into NumPy."""


def recorded_deeply() -> bool:
    """Whether a recorder of this thread wants to see the nodes inside of functions."""
    return any(r.deep for r in state.recorders)


state = ThreadState()


@contextmanager
def building(graph: Any) -> Iterator[Any]:
    """Ops called inside become nodes of `graph`; recorders of the outside do not see them."""
    saved = state.graph, state.recorders, state.name_scope, state.outside
    state.outside = (*state.outside, saved[:2])
    state.graph, state.recorders, state.name_scope = graph, (), ""
    try:
        yield graph
    finally:
        state.graph, state.recorders, state.name_scope, state.outside = saved


@contextmanager
def back_in(graph: Any) -> Iterator[None]:
    """Goes back to a graph that is being built around the current one, and to its recorders.

    Where `graph` is not among those, ops inside stay in the current graph.
    """
    saved = state.graph, state.recorders
    if graph is not state.graph:
        for around, recorders in state.outside:
            if around is graph:
                state.graph, state.recorders = around, recorders
    try:
        yield
    finally:
        state.graph, state.recorders = saved


@contextmanager
def recording(*recorders: Any) -> Iterator[None]:
    """Replaces the active recorders."""
    saved = state.recorders
    state.recorders = recorders
    try:
        yield
    finally:
        state.recorders = saved


@export("init_scope")
@contextmanager
def init_scope() -> Iterator[None]:
    """Leaves every graph being built and pauses recorders: ops inside run at once.

    >>> @tf.function
    ... def f(x):
    ...     with tf.init_scope():
    ...         eager = tf.executing_eagerly()
    ...     return x + tf.cast(eager, x.dtype)
    >>> int(f(tf.constant(1)))
    2
    """
    saved = state.graph, state.recorders, state.collector
    state.graph, state.recorders, state.collector = None, (), None
    try:
        yield
    finally:
        state.graph, state.recorders, state.collector = saved


@export("executing_eagerly")
def executing_eagerly() -> bool:
    """Whether ops run at once (True) or are put into a graph (False).

    >>> tf.executing_eagerly()
    True
    """
    return state.graph is None


@export("inside_function")
def inside_function() -> bool:
    """Whether a `tf.function` is being traced."""
    return state.graph is not None
