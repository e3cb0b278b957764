"""Hand-written digits with everything made by hand: a custom training loop in three modes.

Layers, losses, a metric, two optimizers, L2, a norm constraint, clipping and early stopping are
plain TensorFlow code in the files beside this one. The program runs the training eagerly, as a
`tf.function` and as one with `jit_compile=True`, and compares the loss curves.

    deras demo                              # on Deras; the same as the next line
    deras run examples/digits/train.py
    python examples/digits/train.py         # on TensorFlow, where that is installed
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from dataclasses import dataclass, field

import numpy as np
import tensorflow as tf
from data import CLASSES, PIXELS, BatchSampler, load
from layers import DigitNet
from losses import CombinedLoss, l2_total
from metrics import Confusion, StreamingMean
from optimizers import Adam, Momentum, limit_column_norms
from report import Report

MODES = ("eager", "function", "jit")
WANTED_ACCURACY = 0.96
CURVE_TOLERANCE = 1e-4


@dataclass
class Run:
    """What one training gave. Times in seconds."""

    mode: str
    train_losses: list[float] = field(default_factory=list)
    validation_losses: list[float] = field(default_factory=list)
    best_epoch: int = 0
    first_step: float = 0.0
    step_time: float = 0.0
    total_time: float = 0.0
    accuracy: float = 0.0
    macro_f1: float = 0.0

    @property
    def epochs(self):
        return len(self.train_losses)

    def curve_difference(self, other):
        """Largest distance of the two runs' loss curves, over the epochs that both have."""
        mine = np.array([self.train_losses, self.validation_losses])
        others = np.array([other.train_losses, other.validation_losses])
        epochs = min(self.epochs, other.epochs)
        return float(np.max(np.abs(mine[:, :epochs] - others[:, :epochs])))


class Trainer:
    """A model, its optimizers and metrics, and the two steps that a mode may compile."""

    def __init__(self, train, mode, seed, *, l2=1e-4, clip=1.0, max_norm=2.5):
        self.l2 = l2
        self.clip = clip
        self.max_norm = max_norm
        self.seed = seed
        self.images = tf.constant(train.images)
        self.labels = tf.constant(train.labels)
        self.model = DigitNet(PIXELS, CLASSES, seed=seed)
        self.loss = CombinedLoss()
        # Two optimizers side by side: Adam for what decides on the digit, momentum for the decoder.
        self.redrawing = list(self.model.decoder.trainable_variables)
        redrawing = {id(variable) for variable in self.redrawing}
        self.deciding = [v for v in self.model.trainable_variables if id(v) not in redrawing]
        self.adam = Adam(self.deciding)
        self.momentum = Momentum(self.redrawing)
        self.mean_loss = StreamingMean()
        self.confusion = Confusion(CLASSES)
        if mode != "eager":
            compiled = mode == "jit"
            self.train_step = tf.function(self.train_step, jit_compile=compiled)
            self.evaluate_step = tf.function(self.evaluate_step, jit_compile=compiled)

    def train_step(self, rows, step):
        """One update from the training examples numbered `rows`."""
        images = tf.gather(self.images, rows)
        labels = tf.gather(self.labels, rows)
        variables = self.deciding + self.redrawing
        with tf.GradientTape() as tape:
            logits, redrawn = self.model(images, dropout_seed=tf.stack([self.seed, 1000 * step]))
            loss = self.loss(labels, images, logits, redrawn)
            loss += l2_total(self.model.kernels, self.l2)
        gradients = tape.gradient(loss, variables)
        gradients, _ = tf.clip_by_global_norm(gradients, self.clip)
        self.adam.apply(gradients[: len(self.deciding)], self.deciding)
        self.momentum.apply(gradients[len(self.deciding) :], self.redrawing)
        limit_column_norms(self.model.kernels, self.max_norm)
        self.mean_loss.update(loss)

    def evaluate_step(self, images, labels):
        """Loss of one batch without dropout and L2; the batch is counted in the confusion."""
        logits, redrawn = self.model(images)
        self.confusion.update(labels, logits)
        return self.loss(labels, images, logits, redrawn)

    def evaluate(self, split):
        """Loss on a whole split; the confusion then holds this split only."""
        self.confusion.reset()
        return float(self.evaluate_step(tf.constant(split.images), tf.constant(split.labels)))

    def weights(self):
        return [variable.numpy().copy() for variable in self.model.trainable_variables]

    def restore(self, weights):
        for variable, value in zip(self.model.trainable_variables, weights, strict=True):
            variable.assign(value)


def train(digits, mode, *, epochs, batch_size, patience, seed, report):
    """Train in one mode with early stopping; the best weights are tested at the end."""
    began = time.perf_counter()
    trainer = Trainer(digits.train, mode, seed)
    sampler = BatchSampler(len(digits.train), batch_size, seed)
    run = Run(mode)
    report.start(mode, epochs)
    best_loss, best_weights = float("inf"), trainer.weights()
    step = 0
    step_times = []
    for epoch in range(1, epochs + 1):
        trainer.mean_loss.reset()
        for rows in sampler.epoch():
            step_began = time.perf_counter()
            trainer.train_step(tf.constant(rows), tf.constant(step))
            step_times.append(time.perf_counter() - step_began)
            step += 1
        run.train_losses.append(float(trainer.mean_loss.result()))
        validation_loss = trainer.evaluate(digits.validation)
        run.validation_losses.append(validation_loss)
        accuracy = float(trainer.confusion.accuracy())
        report.epoch(epoch, run.train_losses[-1], validation_loss, accuracy)
        if validation_loss < best_loss:
            best_loss, best_weights, run.best_epoch = validation_loss, trainer.weights(), epoch
        elif epoch - run.best_epoch >= patience:
            break
    trainer.restore(best_weights)
    trainer.evaluate(digits.test)
    run.accuracy = float(trainer.confusion.accuracy())
    run.macro_f1 = float(trainer.confusion.macro_f1())
    run.first_step = step_times[0]
    run.step_time = statistics.median(step_times)
    run.total_time = time.perf_counter() - began
    report.stop(run)
    return run


def shortcomings(runs):
    """What is not as promised, in words; nothing when all is well."""
    found = [
        f"{run.mode}: test accuracy {run.accuracy:.2%}, wanted more than {WANTED_ACCURACY:.0%}"
        for run in runs
        if run.accuracy <= WANTED_ACCURACY
    ]
    for run in runs[1:]:
        difference = run.curve_difference(runs[0])
        if run.epochs != runs[0].epochs or difference > CURVE_TOLERANCE:
            found.append(
                f"{run.mode}: loss curve is {difference:.1e} off {runs[0].mode}'s"
                f" ({run.epochs} and {runs[0].epochs} epochs), wanted {CURVE_TOLERANCE:.0e}"
            )
    return found


def parse_arguments(arguments):
    parser = argparse.ArgumentParser(
        prog="deras demo",
        description="Train a hand-made classifier of hand-written digits in three modes.",
    )
    parser.add_argument(
        "--mode",
        choices=(*MODES, "all"),
        default="all",
        help="eager, function (tf.function), jit (jit_compile=True), or all in turn (default)",
    )
    parser.add_argument("--epochs", type=int, default=20, help="at most so many (default 20)")
    parser.add_argument("--batch-size", type=int, default=64, help="default 64")
    parser.add_argument("--patience", type=int, default=6, help="epochs without gain (default 6)")
    parser.add_argument("--seed", type=int, default=0, help="weights, batches, dropout (default 0)")
    parser.add_argument(
        "--curves", metavar="FILE", help="write the loss curves of every mode to FILE, as JSON"
    )
    parser.add_argument(
        "--check",
        action="store_true",
        help=f"exit with 1 unless each mode tests above {WANTED_ACCURACY:.0%} and the loss curves"
        f" agree to {CURVE_TOLERANCE:.0e}",
    )
    options = parser.parse_args(arguments)
    for name in ("epochs", "batch_size", "patience"):
        if getattr(options, name) < 1:
            parser.error(f"--{name.replace('_', '-')} must be 1 or more")
    return options


def main(arguments=None):
    options = parse_arguments(arguments)
    digits = load()
    report = Report()
    modes = MODES if options.mode == "all" else (options.mode,)
    runs = [
        train(
            digits,
            mode,
            epochs=options.epochs,
            batch_size=options.batch_size,
            patience=options.patience,
            seed=options.seed,
            report=report,
        )
        for mode in modes
    ]
    # Under `deras run` the module is called tensorflow and has TensorFlow's version.
    deras = sys.modules.get("deras")
    engine = f"Deras {deras.__version__}" if deras else f"TensorFlow {tf.__version__}"
    report.table(runs, engine)
    if options.curves:
        curves = {
            run.mode: {"train": run.train_losses, "validation": run.validation_losses}
            for run in runs
        }
        with open(options.curves, "w", encoding="utf-8") as file:
            json.dump(curves, file, indent=1)
    if not options.check:
        return 0
    found = shortcomings(runs)
    for line in found:
        report.line(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
