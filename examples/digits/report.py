"""What the program prints: Rich on a terminal, plain lines anywhere else."""

from __future__ import annotations

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

PLAIN_EVERY = 10


class Report:
    """Progress of several trainings, one after the other, and the table that closes them."""

    def __init__(self):
        self.console = Console()
        self._progress = None
        self._task = None

    def line(self, text):
        self.console.print(text, highlight=False, soft_wrap=True)

    def start(self, mode, epochs):
        """A training begins."""
        if not self.console.is_terminal:
            self.line(f"{mode}: training for at most {epochs} epochs")
            return
        self._progress = Progress(
            TextColumn("[bold]{task.description:<9}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[status]}"),
            TimeElapsedColumn(),
            console=self.console,
        )
        self._progress.start()
        self._task = self._progress.add_task(mode, total=epochs, status="compiling")

    def epoch(self, number, loss, validation_loss, validation_accuracy):
        """An epoch is over."""
        status = (
            f"loss {loss:.4f}  validation {validation_loss:.4f}  accuracy {validation_accuracy:.1%}"
        )
        if self._progress is not None:
            self._progress.update(self._task, completed=number, status=status)
        elif number == 1 or number % PLAIN_EVERY == 0:
            self.line(f"  epoch {number:>3}  {status}")

    def stop(self, run):
        """A training is over; `run` holds its results."""
        if self._progress is not None:
            self._progress.update(self._task, total=run.epochs, completed=run.epochs)
            self._progress.stop()
            self._progress = None
        else:
            self.line(f"  stopped after {run.epochs} epochs, best was {run.best_epoch}")

    def table(self, runs, engine):
        """The closing table: one row a mode."""
        table = Table(
            title=f"Hand-written digits on {engine}",
            title_justify="left",
            box=SIMPLE_HEAD,
            # On 80 columns, which is what a pipe or a log gets, nothing may wrap.
            collapse_padding=True,
            pad_edge=False,
        )
        several = len(runs) > 1
        table.add_column("mode", no_wrap=True)
        for heading in ("epochs", "1st step", "step", "total", "accuracy", "macro F1"):
            table.add_column(heading, justify="right", no_wrap=True)
        if several:
            table.add_column(f"off {runs[0].mode}", justify="right", no_wrap=True)
        for run in runs:
            cells = [
                run.mode,
                str(run.epochs),
                f"{run.first_step:.2f} s",
                f"{run.step_time * 1e3:.2f} ms",
                f"{run.total_time:.1f} s",
                f"{run.accuracy:.2%}",
                f"{run.macro_f1:.4f}",
            ]
            if several:
                cells.append("-" if run is runs[0] else f"{run.curve_difference(runs[0]):.0e}")
            table.add_row(*cells)
        self.console.print()
        self.console.print(table)
        self.line("1st step: with tracing and compiling. step: the median.")
        self.line("accuracy, macro F1: on the test images.")
        if several:
            self.line(f"off {runs[0].mode}: largest difference of the loss curves.")
