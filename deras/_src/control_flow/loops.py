"""`while` on arrays with a reverse mode of its own, for any number of trips.

The forward run of a loop that will be differentiated keeps each trip's residuals in buffers of
`bound` rows; the backward run is a loop over those rows, last first. `bound` is static. Where the
number of trips is not known, it is a power of two, and a run that needs more rows is refused by a
check; the caller compiles the next bucket and runs again. Both loops are loops of this kind, so
higher orders follow.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from deras._src.graph.lowering import is_inexact

Arrays = tuple[Any, ...]
Condition = Callable[[Arrays, Arrays], Any]
Body = Callable[[Arrays, Arrays], Arrays]


def while_loop(
    condition: Condition, body: Body, constants: Sequence[Any], carry: Sequence[Any], bound: int
) -> Arrays:
    """`while condition(constants, carry): carry = body(constants, carry)`, differentiable.

    Args:
      condition: Gives a scalar bool.
      body: Gives the next carry, of the same shapes and dtypes.
      constants: Arrays that do not change.
      carry: Arrays that do.
      bound: Rows kept for the backward run; more trips than that give wrong gradients, so the
        caller checks the number of trips.
    Returns:
      The last carry.
    """
    constants, carry = tuple(constants), tuple(jnp.asarray(c) for c in carry)
    layouts: list[Any] = []  # of the forward run, for the backward one: tracing a body again costs

    @jax.custom_vjp
    def loop(constants: Arrays, carry: Arrays) -> Arrays:
        return lax.while_loop(
            lambda c: condition(constants, c), lambda c: tuple(body(constants, c)), carry
        )

    def forward(constants: Arrays, carry: Arrays) -> Any:
        rows, shared, tree = _step_layout(body, constants, carry)
        layouts[:] = [(shared, tree)]

        def keep(fixed: Arrays, full: Arrays) -> Arrays:
            trip, rest, buffers = full[0], full[1 : 1 + len(carry)], full[1 + len(carry) :]
            outputs, leaves, _ = _step(body, fixed, rest)
            kept = [leaf for leaf, s in zip(leaves, shared, strict=True) if s is None]
            written = [
                lax.dynamic_update_index_in_dim(b, k, trip, 0)
                for b, k in zip(buffers, kept, strict=True)
            ]
            return (trip + 1, *outputs, *written)

        start = (
            jnp.int32(0),
            *carry,
            *(jnp.zeros((bound, *r.shape), r.dtype) for r in rows),
        )
        last = while_loop(
            lambda fixed, full: condition(fixed, full[1 : 1 + len(carry)]),
            keep,
            constants,
            start,
            bound,
        )
        outputs = last[1 : 1 + len(carry)]
        return outputs, (constants, carry, last[0], last[1 + len(carry) :])

    def backward(saved: Any, cotangents: Arrays) -> Any:
        constants, carry, trips, buffers = saved
        ((shared, tree),) = layouts
        open_constants = [i for i, c in enumerate(constants) if is_inexact(c)]
        open_carry = [i for i, c in enumerate(carry) if is_inexact(c)]
        fixed = (*constants, *buffers)

        def back(fixed: Arrays, full: Arrays) -> Arrays:
            trip = full[0] - 1
            grads, sums = full[1 : 1 + len(open_carry)], full[1 + len(open_carry) :]
            rows = iter(
                lax.dynamic_index_in_dim(b, trip, 0, keepdims=False)
                for b in fixed[len(constants) :]
            )
            leaves = [next(rows) if s is None else fixed[s] for s in shared]
            pull = jax.tree.unflatten(tree, leaves)
            found = pull(tuple(grads))
            constant_grads = found[: len(open_constants)]
            return (
                trip,
                *found[len(open_constants) :],
                *(s + g for s, g in zip(sums, constant_grads, strict=True)),
            )

        start = (
            trips,
            *(cotangents[i] for i in open_carry),
            *(jnp.zeros_like(constants[i]) for i in open_constants),
        )
        last = while_loop(lambda fixed, full: full[0] > 0, back, fixed, start, bound)
        carry_grads = dict(zip(open_carry, last[1:], strict=False))
        constant_grads = dict(zip(open_constants, last[1 + len(open_carry) :], strict=True))
        return (
            tuple(constant_grads.get(i) for i in range(len(constants))),
            tuple(carry_grads.get(i) for i in range(len(carry))),
        )

    loop.defvjp(forward, backward)
    return loop(constants, carry)


def _step(body: Body, constants: Arrays, carry: Arrays) -> tuple[Arrays, list[Any], Any]:
    """One trip: outputs, residual leaves of its pullback, and the pullback's tree."""
    open_constants = [i for i, c in enumerate(constants) if is_inexact(c)]
    open_carry = [i for i, c in enumerate(carry) if is_inexact(c)]

    def smooth(*opened: Any) -> Any:
        fixed, moving = list(constants), list(carry)
        for i, value in zip(open_constants, opened, strict=False):
            fixed[i] = value
        for i, value in zip(open_carry, opened[len(open_constants) :], strict=True):
            moving[i] = value
        outputs = tuple(body(tuple(fixed), tuple(moving)))
        return tuple(outputs[i] for i in open_carry), outputs

    arguments = [constants[i] for i in open_constants] + [carry[i] for i in open_carry]
    _, pull, outputs = jax.vjp(smooth, *arguments, has_aux=True)
    leaves, tree = jax.tree.flatten(pull)
    return outputs, leaves, tree


def _step_layout(body: Body, constants: Arrays, carry: Arrays) -> tuple[list[Any], list[Any], Any]:
    """Shapes of the residuals that change with the trip; for the rest, which constant they are."""
    found: dict[str, Any] = {}

    def probe(fixed: Arrays, moving: Arrays) -> Any:
        _, leaves, tree = _step(body, fixed, moving)
        by_id = {id(c): i for i, c in enumerate(fixed)}
        found["shared"] = [by_id.get(id(leaf)) for leaf in leaves]
        found["tree"] = tree
        return [leaf for leaf in leaves if id(leaf) not in by_id]

    rows = jax.eval_shape(probe, constants, carry)
    return rows, found["shared"], found["tree"]


class RunAgain(Exception):
    """A program ended without having changed anything, and is to be run in another way."""


class TooManyTrips(RunAgain):
    """A program kept too few rows for a loop's gradient, or for an array that grows.

    `make_room`, compile again, run again.
    """

    def __init__(self, loop: Any, trips: int) -> None:
        super().__init__(f"{trips} trips")
        self.loop = loop
        self.trips = trips

    def make_room(self) -> None:
        """Lets the next program keep the next power of two of rows."""
        self.loop.rows = next_bucket(self.trips)


_FIRST_BUCKET = 32


class LoopBound:
    """How many rows are kept for a loop's gradient, or an array that grows; in powers of two."""

    __slots__ = ("fixed", "rows")

    def __init__(self, fixed: int | None) -> None:
        self.fixed = fixed
        self.rows = _FIRST_BUCKET if fixed is None else fixed

    def from_detail(self, trips: int) -> TooManyTrips:
        """What a failed check of this bound raises: see `Check.exception`."""
        return TooManyTrips(self, trips)

    def __repr__(self) -> str:
        return f"<{self.rows} rows>"


def next_bucket(count: int) -> int:
    """The smallest power of two that is at least `count`, and at least 1."""
    return 1 << max(0, int(np.ceil(np.log2(max(1, count)))))
