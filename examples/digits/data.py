"""The digits: reading the file, splitting it, drawing batches."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

CLASSES = 10
PIXELS = 64
# The split is always the same, whatever the seed of the training, so that results compare.
SPLIT_SEED = 1998
TEST, VALIDATION = 360, 180


@dataclass(frozen=True)
class Split:
    """Images as float32[count, 64] between 0 and 1, labels as int32[count]."""

    images: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class Digits:
    """The three parts of the data."""

    train: Split
    validation: Split
    test: Split


def load() -> Digits:
    """Read the file beside this one and split it."""
    with gzip.open(Path(__file__).parent / "digits.csv.gz", "rt", encoding="ascii") as file:
        table = np.loadtxt(file, delimiter=",", dtype=np.int32)
    table = table[np.random.default_rng(SPLIT_SEED).permutation(len(table))]
    images = (table[:, :PIXELS] / 16.0).astype(np.float32)
    labels = table[:, PIXELS]
    parts = np.split(np.arange(len(table)), [TEST, TEST + VALIDATION])
    test, validation, train = (Split(images[part], labels[part]) for part in parts)
    return Digits(train, validation, test)


class BatchSampler:
    """Draws batches of row numbers: each epoch every row at most once, in a new order.

    What does not fill a batch is left out for that epoch, so every batch has one shape and a
    compiled step is compiled once.
    """

    def __init__(self, rows: int, batch_size: int, seed: int):
        self.rows = rows
        self.batch_size = min(batch_size, rows)
        self._rng = np.random.default_rng(seed)

    def __len__(self) -> int:
        return self.rows // self.batch_size

    def epoch(self) -> Iterator[np.ndarray]:
        """Row numbers, int32[batch_size], once for each batch of an epoch."""
        order = self._rng.permutation(self.rows).astype(np.int32)
        for step in range(len(self)):
            yield order[step * self.batch_size : (step + 1) * self.batch_size]
