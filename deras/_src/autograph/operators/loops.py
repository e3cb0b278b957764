"""`while` and `for` statements: run by Python, or put into the graph."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from types import FunctionType
from typing import Any

from deras._src import errors
from deras._src.autograph.operators.iteration import Rows, range_of
from deras._src.autograph.operators.places import Places
from deras._src.autograph.operators.staged_loop import StagedLoop
from deras._src.autograph.operators.staging import Block, Mark, is_staged, is_tensor
from deras._src.core.context import state
from deras._src.util.callsite import user_site

Options = dict[str, Any]


def loop_options(
    parallel_iterations: Any = None,
    swap_memory: Any = None,
    maximum_iterations: Any = None,
    shape_invariants: Any = None,
) -> Options:
    """What `tf.autograph.experimental.set_loop_options` at the top of a loop says."""
    return {"limit": maximum_iterations, "shapes": list(shape_invariants or ())}


def while_stmt(
    test: FunctionType,
    body: FunctionType,
    names: tuple[str, ...],
    outputs: int,
    options: Callable[[], Options] | None,
    places: Sequence[Any] = (),
) -> None:
    """Runs a block while a test holds, or adds the loop to the graph."""
    if state.graph is None:
        while test():
            body()
        return
    variables = Places(body, names, outputs, places)
    before = variables.get()
    mark = Mark()
    running = test()
    if is_tensor(running):
        # What the test did to find that out is no part of the program.
        mark.undo()
        variables.set(before)
        loop = StagedLoop("while loop", variables, options, Block(body))
        loop.run_while(test, body)
        return
    while running:
        body()
        running = test()
        if is_staged(running):
            raise errors.op_error(
                NotImplementedError,
                "AutoGraph: while loop",
                "the condition was a Python value first and a tensor after one or more trips: "
                "a variable became a tensor, or a break or return depends on one",
                [("body", str(Block(body)))],
                site=user_site(),
                hint="let the loop begin with a tensor: `while tf.constant(True):`, or start "
                "with tf.constant(...) the variable that the condition reads",
            )


def for_stmt(
    iterable: Any,
    ended: Callable[[], Any] | None,
    target: str | None,
    body: FunctionType,
    names: tuple[str, ...],
    outputs: int,
    options: Callable[[], Options] | None,
    places: Sequence[Any] = (),
) -> None:
    """Runs a block for each item, or adds the loop to the graph.

    An object with a method `__autograph_for__(loop)` decides for itself; `loop` is a `ForLoop`.
    """
    if state.graph is not None:
        if is_tensor(iterable) or isinstance(iterable, Rows):
            loop = ForLoop(ended, target, body, names, outputs, options, places)
            loop.over_tensors(iterable)
            return
        hook = getattr(type(iterable), "__autograph_for__", None)
        if hook is not None:
            hook(iterable, ForLoop(ended, target, body, names, outputs, options, places))
            return
    _in_python(iterable, ended, body)


def _in_python(iterable: Iterable[Any], ended: Callable[[], Any] | None, body: Any) -> None:
    if ended is None:
        for item in iterable:
            body(item)
        return
    for item in iterable:
        body(item)
        done = ended()
        if done is True:
            return
        if is_staged(done):
            raise errors.op_error(
                NotImplementedError,
                "AutoGraph: for loop",
                f"a break or return depends on a tensor, but the loop goes over a Python "
                f"{type(iterable).__name__}",
                [("body", str(Block(body)))],
                site=user_site(),
                hint="loop over tf.range(...) or a tensor",
            )
        if done:
            return


class ForLoop:
    """A `for` statement, as an iterable that stages it sees it.

    Attributes:
      body: Runs the block for the item it is given.
      ended: Whether the block left the loop (a bool or a bool tensor); None if it never does.
      variables: The names that the block rebinds: `get`, `set`, `names`.
      options: What `set_loop_options` said.
    """

    def __init__(
        self,
        ended: Callable[[], Any] | None,
        target: str | None,
        body: FunctionType,
        names: Sequence[str],
        outputs: int,
        options: Callable[[], Options] | None,
        places: Sequence[Any],
    ) -> None:
        self.body = body
        self.ended = ended
        self._target = target
        self.variables = Places(body, names, outputs, places)
        self._options = options

    def staged(self) -> StagedLoop:
        """A loop of the graph over the same variables."""
        return StagedLoop("for loop", self.variables, self._options, Block(self.body))

    def in_python(self, items: Iterable[Any]) -> None:
        """Goes through Python's items at once."""
        _in_python(items, self.ended, self.body)

    def over_tensors(self, rows: Any) -> None:
        """Goes through the rows of a tensor, or of several (`Rows`), in the graph."""
        numbers = range_of(rows)
        if numbers is not None:
            # Without a trip the target is the range's start, as in TensorFlow.
            self.variables.default(self._target, numbers[0])
            self.staged().run_range(numbers, self.body, self.ended)
        else:
            self.staged().run_rows(rows, self.body, self.ended)
