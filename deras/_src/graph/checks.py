"""Run-time checks inside compiled programs: flags carried out of the program, raised after it.

A lowering calls `require(ok, ...)`. While a program is traced, a `Collector` folds all checks,
in program order, into one int64[2] array `(number of the first check that failed, detail)`. The
program returns that array; its caller calls `raise_failed`. Without a collector (gradient
recomputation, shape inference) `require` does nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from deras._src import errors
from deras._src.core.context import state
from deras._src.util.callsite import user_site


class Check:
    """What one check found wrong, and for whom; `{detail}` in `message` is filled at failure."""

    __slots__ = ("arguments", "error", "label", "message", "site")

    def __init__(self, error: Any, message: str, label: str, arguments: Any, site: Any) -> None:
        self.error = error
        self.message = message
        self.label = label
        self.arguments = arguments
        self.site = site

    def exception(self, detail: int) -> Exception:
        """The exception to raise; `error` is a class, or makes one from the detail alone."""
        if not isinstance(self.error, type):
            return self.error.from_detail(detail)  # type: ignore[no-any-return]
        what = self.message.replace("{detail}", str(detail))
        site = self.site or state.site_override or user_site()
        return errors.op_error(self.error, self.label, what, self.arguments, site=site)


class Collector:
    """Gathers the checks of one program while it is traced."""

    def __init__(self) -> None:
        self.checks: list[Check] = []
        self.code: Any = None  # pair of scalars: number of the first failed check, its detail
        self.label = ""
        self.arguments: Any = ()
        self.site: Any = None
        self.effects = False  # prints: the caller waits for them
        self.repeated = False  # what runs now ran before: its user-facing checks are known

    def add(self, ok: Any, error: Any, message: str, detail: Any) -> None:
        """Adds a check; the first failing one wins."""
        if self.repeated and isinstance(error, type):
            return
        self.checks.append(Check(error, message, self.label, self.arguments, self.site))
        number = jnp.where(ok, np.int64(0), np.int64(len(self.checks)))
        self._fold(number, jnp.asarray(detail).astype(jnp.int64).reshape(()))

    def merge(self, code: Any) -> None:
        """Takes over the code of a sub-program (a branch, a loop, a vectorised body)."""
        if code.ndim == 2:  # one code for each element of a vectorised body
            code = code[jnp.argmax(code[:, 0] != 0)]
        self._fold(code[0], code[1])

    def _fold(self, number: Any, detail: Any) -> None:
        # Scalars, as XLA does not fuse arrays of two: a check then costs no kernel of its own.
        if self.code is not None:
            first, kept = self.code
            failed = first != 0
            number, detail = jnp.where(failed, first, number), jnp.where(failed, kept, detail)
        self.code = (number, detail)

    def current(self) -> Any:
        """The code so far."""
        return jnp.asarray(NO_FAILURE) if self.code is None else jnp.stack(self.code)


NO_FAILURE = np.zeros(2, np.int64)


def require(ok: Any, error: type, message: str, detail: Any = 0) -> None:
    """Raises `error` after the program where the scalar `ok` is false.

    `message` may hold `{detail}`, replaced by the integer scalar `detail` at failure.
    """
    collector = state.collector
    if collector is not None:
        collector.add(ok, error, message, detail)


def require_none(bad: Any, values: Any, error: type, message: str) -> None:
    """Raises `error` where an element of `bad` is true; `{detail}` is the first such of `values`.

    One reduction finds both whether there is one and where.
    """
    flat, size = bad.reshape(-1), bad.size
    if size:
        dtype = np.dtype(np.int32 if size <= np.iinfo(np.int32).max else np.int64)
        places = jnp.where(flat, lax.iota(dtype, size), dtype.type(size))
        first = jnp.min(places)
        shown = values.reshape(-1)[jnp.minimum(first, dtype.type(size - 1))]
        require(first == size, error, message, shown)


@contextmanager
def collecting(collector: Collector | None) -> Iterator[Collector | None]:
    """Makes `collector` (or none) the one that `require` fills."""
    saved = state.collector
    state.collector = collector
    try:
        yield collector
    finally:
        state.collector = saved


@contextmanager
def nested_code(repeated: bool = False) -> Iterator[Collector | None]:
    """Starts a fresh code for a sub-program, its checks numbered on; the caller merges it.

    `repeated` says that the sub-program is run again for its gradient, so that only the bounds of
    loops are checked, not what the first run checked already.
    """
    collector = state.collector
    if collector is None:
        yield None
        return
    saved, collector.code = (collector.code, collector.repeated), None
    collector.repeated = collector.repeated or repeated
    try:
        yield collector
    finally:
        collector.code, collector.repeated = saved


def merge_code(code: Any) -> None:
    """Takes a sub-program's code (None where nothing collects) over into the current one."""
    if code is not None and state.collector is not None:
        state.collector.merge(code)


def raise_failed(checks: list[Check], code: Any) -> None:
    """Raises the error of the first failed check, if one failed."""
    number, detail = np.asarray(code).tolist()
    if number:
        raise checks[number - 1].exception(detail)
