#!/usr/bin/env python3
"""Writes with TensorFlow the checkpoints of tests/golden/checkpoints.

    scripts/golden scripts/golden_checkpoints.py

    objects     modules, lists, dicts, tuples, shared variables, Python state, a generator
    dtypes      a variable of each dtype
    model       a Keras model with Adam after two steps, in a `tf.train.Checkpoint`
    slots       an object with TensorFlow 2's slot variables
    names       `tf.compat.v1.train.Saver`: names only, and a variable in parts
    shards      tensors cut over several files
    managed     a directory of `tf.train.CheckpointManager`

With a directory as argument, nothing is written: the checkpoints that tests/train/programs.py has
written there with Deras are read, and what TensorFlow thinks of them is printed.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import tensorflow as tf

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
from tests.train import programs  # noqa: E402

GOLDEN = ROOT / "tests" / "golden" / "checkpoints"


def model_checkpoint() -> tf.train.Checkpoint:
    tf.keras.utils.set_random_seed(3)
    model = tf.keras.Sequential(
        [tf.keras.layers.Input([3]), tf.keras.layers.Dense(4, "relu"), tf.keras.layers.Dense(1)]
    )
    model.compile(optimizer="adam", loss="mse")
    x = np.linspace(-1, 1, 24, dtype=np.float32).reshape(8, 3)
    model.fit(x, x[:, :1], epochs=2, batch_size=8, verbose=0)
    return tf.train.Checkpoint(model=model, optimizer=model.optimizer, step=tf.Variable(2))


def write_names(path: Path) -> None:
    graph = tf.Graph()
    with graph.as_default():
        scope = tf.compat.v1.get_variable
        tf.compat.v1.disable_resource_variables()
        scope("weights", initializer=np.arange(6, dtype=np.float32).reshape(2, 3))
        values = np.arange(20, dtype=np.float32).reshape(10, 2)

        def part(shape, dtype, partition_info):
            start = partition_info.var_offset[0]
            return values[start : start + shape[0]]

        partitioner = tf.compat.v1.fixed_size_partitioner(3)
        scope("parts", shape=[10, 2], partitioner=partitioner, initializer=part)
        saver = tf.compat.v1.train.Saver()
        with tf.compat.v1.Session() as session:
            session.run(tf.compat.v1.global_variables_initializer())
            saver.save(session, str(path), write_meta_graph=False, write_state=False)


def record() -> None:
    shutil.rmtree(GOLDEN, ignore_errors=True)
    GOLDEN.mkdir(parents=True)
    for name, make in programs.CHECKPOINTS.items():
        make(tf).write(str(GOLDEN / name))
    model_checkpoint().write(str(GOLDEN / "model"))
    write_names(GOLDEN / "names")
    policy = tf.train.experimental.MaxShardSizePolicy(max_shard_size=100)
    options = tf.train.CheckpointOptions(experimental_sharding_callback=policy)
    programs.shards(tf).write(str(GOLDEN / "shards"), options)
    step = tf.Variable(0)
    manager = tf.train.CheckpointManager(
        tf.train.Checkpoint(step=step), str(GOLDEN / "managed"), max_to_keep=2
    )
    for _ in range(3):
        step.assign_add(1)
        manager.save()
    values = {}
    for index in sorted(GOLDEN.rglob("*.index")):
        reader = tf.train.load_checkpoint(str(index.with_suffix("")))
        dtypes = reader.get_variable_to_dtype_map()
        values[str(index.with_suffix("").relative_to(GOLDEN))] = {
            key: [dtypes[key].name, programs.plain(reader.get_tensor(key))]
            for key in sorted(dtypes)
            if key != "_CHECKPOINTABLE_OBJECT_GRAPH"
        }
    (GOLDEN / "values.json").write_text(json.dumps(values, indent=0) + "\n")


def judge(directory: Path) -> None:
    for name, make in programs.CHECKPOINTS.items():
        checkpoint = make(tf)
        programs.spoil(tf, checkpoint)
        checkpoint.read(str(directory / name)).assert_consumed()
        good = programs.same(checkpoint, make(tf))
        print(f"{name}: {'restored' if good else 'WRONG VALUES'}")
        ours = tf.train.load_checkpoint(str(directory / name))
        theirs = tf.train.load_checkpoint(str(GOLDEN / name))
        key = "_CHECKPOINTABLE_OBJECT_GRAPH"
        print("  same object graph:", ours.get_tensor(key) == theirs.get_tensor(key))
    shards = programs.shards(tf)
    programs.spoil(tf, shards)
    shards.read(str(directory / "shards")).assert_consumed()
    print("shards:", "restored" if programs.same(shards, programs.shards(tf)) else "WRONG VALUES")
    print("managed:", tf.train.latest_checkpoint(str(directory / "managed")))
    again = tf.train.CheckpointManager(
        tf.train.Checkpoint(step=tf.Variable(0)), str(directory / "managed"), max_to_keep=2
    )
    print("managed:", again.restore_or_initialize(), int(again.checkpoint.step), again.checkpoints)


if __name__ == "__main__":
    judge(Path(sys.argv[1])) if sys.argv[1:] else record()
