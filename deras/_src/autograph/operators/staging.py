"""What is staged, and what of it errors say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from deras._src import errors
from deras._src.core import dtypes
from deras._src.core.context import state
from deras._src.core.tensor import SymbolicTensor, Tensor, describe
from deras._src.dispatch.convert import convert
from deras._src.ops.array_shape import reshape
from deras._src.util.callsite import user_site

SCALARS = (bool, int, float, complex, str, bytes)


def is_tensor(value: Any) -> bool:
    """Whether `value` is a tensor, or something that stands for one, such as a variable."""
    return isinstance(value, Tensor) or hasattr(type(value), "__deras_tensor__")


def is_staged(value: Any) -> bool:
    """Whether a branch or loop over `value` belongs into the graph being built."""
    return state.graph is not None and is_tensor(value)


def condition(value: Any, what: str) -> Any:
    """A condition as a scalar bool tensor.

    Raises:
      ValueError: it is not bool, or has more than one element.
    """
    tensor = convert(value)
    fitting = tensor.dtype is dtypes.bool_ and all(
        d in (None, 1) for d in (tensor.shape.as_list() if tensor.shape.rank else ())
    )
    if not fitting:
        hint = "write `x is not None` to test for None"
        if tensor.dtype is not dtypes.bool_:
            hint = "compare it, as in `x != 0`, or use tf.cast(x, tf.bool); " + hint
        raise errors.op_error(
            ValueError,
            f"AutoGraph: {what}",
            f"the condition must be a bool scalar, got {describe(tensor)}",
            site=user_site(),
            hint=hint,
        )
    return tensor if tensor.shape.rank == 0 else reshape(tensor, ())


class Mark:
    """A point in the graph being built, to go back to."""

    def __init__(self) -> None:
        self._graph = state.graph
        self._nodes = len(self._graph.nodes)
        self._count = self._graph.op_count

    def undo(self) -> None:
        """Drops the nodes that were added since."""
        del self._graph.nodes[self._nodes :]
        self._graph.op_count = self._count


class Block:
    """Where a nested function made of a user's block lies, for errors."""

    def __init__(self, function: Callable[..., Any] | None) -> None:
        self._code = getattr(function, "__code__", None)

    def __str__(self) -> str:
        if self._code is None:
            return "no statements"
        return errors.describe_site(
            (self._code.co_filename, self._first_line(), self._code.co_name)
        )

    def _first_line(self) -> int:
        assert self._code is not None
        lines = [line for _, _, line in self._code.co_lines() if line is not None]
        later = [line for line in lines if line > self._code.co_firstlineno]
        return min(later, default=self._code.co_firstlineno)


def described(value: Any, block: Block | None = None) -> str:
    """A value's dtype and shape, and the line that made it."""
    if not is_tensor(value):
        text = (
            f"{type(value).__name__} {value!r}"
            if isinstance(value, SCALARS)
            else (type(value).__name__)
        )
        return f"{text[:80]}, {block}" if block is not None else text[:80]
    text = describe(convert(value))
    if isinstance(value, SymbolicTensor) and value.node is not None and value.node.site:
        return f"{text}, made {errors.describe_site(value.node.site)}"
    return f"{text}, {block}" if block is not None else text
