"""`assert` on tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from deras._src.autograph.operators.staging import condition, is_staged
from deras._src.ops.debugging import Assert


def assertion(test: Any, message: Callable[[], Any] | None = None) -> Any:
    """What `assert` is to test: the value itself, or True where the graph checks it."""
    if not is_staged(test):
        return test
    data = ["assertion failed"] if message is None else [message()]
    Assert(condition(test, "assert"), data)
    return True
