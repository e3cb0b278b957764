"""`deras.debug.gradients`: a table of gradients, with what is missing, zero or not finite."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from deras._src.core.indexed_slices import IndexedSlices
from deras._src.core.tensor import Tensor
from deras._src.tape.gradient_tape import GradientTape
from deras._src.util import nest
from deras._src.util.export import export

_COLUMNS = ("source", "shape", "gradient", "norm", "mean |g|", "zero", "remark")


class GradientRow:
    """The gradient of one source.

    Attributes:
      name: of the variable, or the source's number.
      kind: "ok", "none", "zero" or "not finite".
      shape: dtype and shape of the source as text.
      norm: Euclidean norm; NaN where there is no gradient.
      mean: mean of the absolute values.
      dead: share of elements that are exactly zero, 0 to 1. For a gradient of rows
        (`tf.IndexedSlices`) the rows that were not read count as zero.
      bad: number of elements that are NaN or infinite.
      cuts: where and why the path from the source ends, if there is no gradient.
    """

    __slots__ = ("bad", "cuts", "dead", "kind", "mean", "name", "norm", "shape")

    def __init__(self, name: str, source: Any, gradient: Any, cuts: list[Any]) -> None:
        self.name = name
        dims = ",".join("?" if d is None else str(d) for d in source.shape.as_list())
        self.shape = f"{source.dtype.name}[{dims}]"
        self.cuts = cuts
        self.norm = self.mean = float("nan")
        self.dead, self.bad, self.kind = 1.0, 0, "none"
        if gradient is None:
            return
        size = int(source.shape.num_elements() or 0)
        values = gradient.values if isinstance(gradient, IndexedSlices) else gradient
        array = np.asarray(values.numpy())
        array = array.astype(np.complex128 if np.iscomplexobj(array) else np.float64)
        magnitude = np.abs(array)
        self.bad = int((~np.isfinite(magnitude)).sum())
        self.norm = float(np.sqrt((magnitude**2).sum()))
        self.mean = float(magnitude.sum() / size) if size else 0.0
        self.dead = 1.0 - float((magnitude != 0).sum() / size) if size else 0.0
        self.kind = "not finite" if self.bad else "zero" if self.norm == 0 else "ok"

    @property
    def remark(self) -> str:
        """What is wrong, in one line; "" if nothing is."""
        if self.kind == "none":
            return "; ".join(str(c) for c in self.cuts[:2]) or "the target does not depend on it"
        if self.kind == "zero":
            return "the whole gradient is zero"
        if self.kind == "not finite":
            return f"{self.bad} elements are NaN or Inf; deras run --nan finds where they arise"
        return f"{self.dead:.0%} of the elements get no gradient" if self.dead >= 0.5 else ""

    def cells(self) -> tuple[str, ...]:
        """The row of the table."""
        if self.kind == "none":
            return (self.name, self.shape, "None", "", "", "", self.remark)
        numbers = (f"{self.norm:.4g}", f"{self.mean:.4g}", f"{self.dead:.0%}")
        return (self.name, self.shape, self.kind, *numbers, self.remark)


class GradientReport:
    """The gradients of several sources; print it, or look at its rows.

    Attributes:
      rows: a GradientRow for each source.
      norm: the norm of all gradients together, as `tf.linalg.global_norm`.
    """

    def __init__(self, rows: list[GradientRow]) -> None:
        self.rows = rows
        norms = [r.norm for r in rows if r.kind != "none"]
        self.norm = float(np.sqrt(np.sum(np.square(norms)))) if norms else 0.0

    def __getitem__(self, name: str) -> GradientRow:
        for row in self.rows:
            if row.name == name:
                return row
        raise KeyError(f"{name!r} is no source; there are {[r.name for r in self.rows]}")

    def __str__(self) -> str:
        table = [_COLUMNS, *(row.cells() for row in self.rows)]
        widths = [max(len(cells[i]) for cells in table) for i in range(len(_COLUMNS) - 1)]
        lines = [
            "  ".join([c.ljust(w) for c, w in zip(cells, widths, strict=False)] + [cells[-1]])
            for cells in table
        ]
        return "\n".join(line.rstrip() for line in [*lines, f"global norm {self.norm:.4g}"])

    __repr__ = __str__

    def __rich_console__(self, console: Any, options: Any) -> Iterator[Any]:
        from rich.table import Table

        table = Table(caption=f"global norm {self.norm:.4g}", caption_justify="left")
        for column in _COLUMNS:
            table.add_column(column, overflow="fold")
        styles = {"none": "red", "not finite": "red", "zero": "yellow"}
        for row in self.rows:
            table.add_row(*row.cells(), style=styles.get(row.kind))
        yield table

    def _repr_html_(self) -> str:
        def line(cells: tuple[str, ...], tag: str) -> str:
            return "<tr>" + "".join(f"<{tag}>{html.escape(c)}</{tag}>" for c in cells) + "</tr>"

        body = "".join(line(row.cells(), "td") for row in self.rows)
        caption = f"<caption>global norm {self.norm:.4g}</caption>"
        return f"<table>{caption}{line(_COLUMNS, 'th')}{body}</table>"


@export("debug.gradients")
def gradients(
    target: Callable[[], Any] | Any, sources: Any, tape: GradientTape | None = None
) -> GradientReport:
    """The gradient of `target` by each of `sources`: its norm, and what is missing or wrong.

    Args:
      target: Callable without arguments that gives the loss; or a tensor, recorded on `tape`.
      sources: Tensor or variable, or structure of them, such as `model.trainable_variables`.
      tape: The persistent tape that recorded `target`, where that is a tensor.
    Returns:
      A `GradientReport`, to be printed; `.rows` has the figures, `.cuts` of a row without gradient
      the ops and lines that cut its path.
    Raises:
      TypeError: `target` is a tensor and no persistent tape is given.

    >>> w, unused = tf.Variable([1.0, 2.0], name="w"), tf.Variable(1.0, name="unused")
    >>> report = tf.debug.gradients(lambda: tf.reduce_sum(w * w), [w, unused])
    >>> report["w"].norm, report["unused"].kind
    (4.47213595499958, 'none')
    """
    flat = nest.flatten(sources)
    if callable(target) and not isinstance(target, Tensor):
        tape = GradientTape(persistent=True)
        with tape:
            tape.watch([s for s in flat if isinstance(s, Tensor)])
            target = target()
    elif tape is None or not tape._persistent:
        raise TypeError(
            "deras.debug.gradients: give a callable that computes the loss, or the tensor together "
            "with tape=, a tf.GradientTape(persistent=True) that recorded it"
        )
    found = tape.gradient(target, flat)
    rows = []
    for number, (source, gradient) in enumerate(zip(flat, found, strict=True)):
        cuts = tape.explain(target, source).cuts if gradient is None else []
        rows.append(GradientRow(_name(source, number), source, gradient, cuts))
    return GradientReport(rows)


def _name(source: Any, number: int) -> str:
    name = getattr(source, "path", None) or getattr(source, "name", None)
    if isinstance(source, Tensor) or not name:
        return f"source {number}"
    return str(name).removesuffix(":0")
