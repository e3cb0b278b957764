"""Why is this gradient None? What the tape saw between a source and a target."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from deras._src.core.tensor import describe
from deras._src.registry import NONE, OpRecord


class Cut:
    """A place where a path from the source ends.

    Attributes:
      op: the op's name, or "numpy" for a value that left the tape.
      cause: what cut the path, in words.
      site: the user's line.
    """

    __slots__ = ("cause", "op", "site")

    def __init__(self, op: str, cause: str, site: Any) -> None:
        self.op = op
        self.cause = cause
        self.site = site

    def __repr__(self) -> str:
        where = f" at {self.site.filename}:{self.site.lineno}" if self.site else ""
        return f"{self.op}: {self.cause}{where}"


class Explanation:
    """Whether a target depends on a source on this tape, and if not, what cut the paths.

    Attributes:
      connected: whether a gradient can flow.
      watched: whether the source was followed at all.
      cuts: the places where the paths from the source end.
      path: the names of the ops on the way, where connected.
    """

    __slots__ = ("connected", "cuts", "path", "source", "watched")

    def __init__(
        self, connected: bool, watched: bool, cuts: list[Cut], path: list[str], source: str
    ) -> None:
        self.connected = connected
        self.watched = watched
        self.cuts = cuts
        self.path = path
        self.source = source

    def __str__(self) -> str:
        if self.connected:
            return f"connected: {self.source} -> " + " -> ".join(self.path)
        if not self.watched:
            return (
                f"not connected: {self.source} was not used by any op this tape recorded; read "
                "variables and watch tensors inside the `with` block, before they are used"
            )
        if not self.cuts:
            return (
                f"not connected: what was computed from {self.source} on this tape never reached "
                "the target"
            )
        return f"not connected: {self.source} is cut off by\n" + "\n".join(
            f"  {cut!r}" for cut in self.cuts
        )

    __repr__ = __str__


def explain_path(
    records: Sequence[OpRecord],
    left: Sequence[tuple[Any, Any]],
    targets: Sequence[Any],
    sources: Sequence[Any],
    tracked: set[int],
    source: Any,
) -> Explanation:
    """Builds the explanation from what a tape holds."""
    name = getattr(source, "name", None) if hasattr(source, "_handle") else None
    label = f"Variable {name!r}" if name else describe(source)
    if not any(id(s) in tracked for s in sources):
        dtype = getattr(source, "dtype", None)
        if dtype is not None and not (dtype.is_floating or dtype.is_complex):
            cut = Cut("watch", f"{label} is {dtype.name}: only floating point has gradients", None)
            return Explanation(False, True, [cut], [], label)
        return Explanation(False, False, [], [], label)
    reached = {id(s) for s in sources}
    wanted = {id(t) for t in targets}
    cuts: list[Cut] = []
    path: list[str] = []
    for record in records:
        if not any(id(x) in reached for x in record.inputs):
            continue
        cause = _cause(record)
        if cause is not None:
            cuts.append(Cut(record.op.label, cause, record.site))
            continue
        path.append(record.op.label)
        reached.update(id(o) for o in record.outputs)
    for tensor, site in left:
        if id(tensor) in reached:
            cause = "the value became a NumPy array; what is computed from it is not recorded"
            cuts.append(Cut("numpy", cause, site))
    connected = bool(wanted & reached)
    return Explanation(connected, True, [] if connected else cuts, path if connected else [], label)


def _cause(record: OpRecord) -> str | None:
    outputs = record.outputs
    if record.op.name == "StopGradient":
        return "the gradient is stopped here on purpose"
    if not any(o.dtype.is_floating or o.dtype.is_complex for o in outputs):
        kinds = ", ".join(sorted({o.dtype.name for o in outputs})) or "nothing"
        return f"the result is {kinds}, through which no gradient flows"
    if record.op.gradient is NONE:
        return "the op is not differentiable"
    return None
