"""Checkpoints that TensorFlow wrote (scripts/golden_checkpoints.py), read here; and the reverse as
far as it shows without TensorFlow: the same keys, the same object graph, byte for byte."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import deras as tf
from tests.train import programs

GOLDEN = Path(__file__).resolve().parent.parent / "golden" / "checkpoints"
VALUES = json.loads((GOLDEN / "values.json").read_text(encoding="utf-8"))
GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"


@pytest.mark.parametrize("name", sorted(VALUES))
def test_every_tensor_is_read(name):
    reader = tf.train.load_checkpoint(GOLDEN / name)
    dtypes = reader.get_variable_to_dtype_map()
    assert sorted(set(dtypes) - {GRAPH}) == sorted(VALUES[name])
    for key, (dtype, value) in VALUES[name].items():
        assert dtypes[key].name == dtype, key
        assert programs.plain(reader.get_tensor(key)) == value, key


@pytest.mark.parametrize("name", sorted(programs.CHECKPOINTS))
def test_objects_are_restored(name):
    checkpoint = programs.CHECKPOINTS[name](tf)
    programs.spoil(tf, checkpoint)
    assert not programs.same(checkpoint, programs.CHECKPOINTS[name](tf))
    checkpoint.read(GOLDEN / name).assert_consumed()
    assert programs.same(checkpoint, programs.CHECKPOINTS[name](tf))


@pytest.mark.parametrize("name", sorted(programs.CHECKPOINTS))
def test_the_object_graph_is_tensorflows(name, tmp_path):
    path = programs.CHECKPOINTS[name](tf).write(tmp_path / "ours")
    ours, theirs = tf.train.load_checkpoint(path), tf.train.load_checkpoint(GOLDEN / name)
    assert ours.get_variable_to_shape_map() == theirs.get_variable_to_shape_map()
    assert ours.get_variable_to_dtype_map() == theirs.get_variable_to_dtype_map()
    assert ours.get_tensor(GRAPH) == theirs.get_tensor(GRAPH)


@pytest.mark.parametrize("name", sorted(programs.CHECKPOINTS))
def test_the_data_file_is_tensorflows(name, tmp_path):
    programs.CHECKPOINTS[name](tf).write(tmp_path / name)
    file = f"{name}.data-00000-of-00001"
    assert (tmp_path / file).read_bytes() == (GOLDEN / file).read_bytes()


def test_an_optimizer_of_keras_is_restored_into_modules():
    class Bare(tf.Module):
        pass

    checkpoint = tf.train.Checkpoint(step=tf.Variable(0), optimizer=Bare())
    checkpoint.optimizer._iterations = tf.Variable(0, dtype=tf.int64)
    status = checkpoint.read(GOLDEN / "model").expect_partial()
    status.assert_existing_objects_matched()
    assert int(checkpoint.step) == 2
    assert int(checkpoint.optimizer._iterations) == 2
    with pytest.raises(AssertionError, match=r"Unresolved object .*optimizer\._variables\.2"):
        status.assert_consumed()


def test_names_of_tensorflow_1_are_matched():
    weights = tf.Variable(tf.zeros([2, 3]), name="weights")
    parts = tf.Variable(tf.zeros([10, 2]), name="parts")
    checkpoint = tf.train.Checkpoint(w=weights, p=parts)
    checkpoint.restore(GOLDEN / "names").assert_consumed()
    np.testing.assert_array_equal(weights, np.arange(6).reshape(2, 3))
    np.testing.assert_array_equal(parts, np.arange(20).reshape(10, 2))
    checkpoint.other = tf.Variable(1.0, name="other")
    with pytest.raises(AssertionError, match="not restored: other"):
        checkpoint.restore(GOLDEN / "names").assert_consumed()
    with pytest.raises(tf.errors.NotFoundError, match="does not appear to be object-based"):
        tf.train.CheckpointView(GOLDEN / "names")


def test_a_directory_of_tensorflows_manager_goes_on(tmp_path):
    directory = tmp_path / "managed"
    shutil.copytree(GOLDEN / "managed", directory)
    step = tf.Variable(0)
    manager = tf.train.CheckpointManager(tf.train.Checkpoint(step=step), directory, max_to_keep=2)
    assert manager.latest_checkpoint == str(directory / "ckpt-3")
    assert manager.checkpoints == [str(directory / "ckpt-2"), str(directory / "ckpt-3")]
    assert manager.restore_or_initialize() == str(directory / "ckpt-3")
    assert int(step) == 3
    assert manager.save() == str(directory / "ckpt-4")
    assert not list(directory.glob("ckpt-2*"))


def test_a_checkpoint_is_looked_into():
    path = GOLDEN / "rooted"
    assert tf.train.list_variables(path)[1:] == [
        ("step/.ATTRIBUTES/VARIABLE_VALUE", []),
        ("w/.ATTRIBUTES/VARIABLE_VALUE", [1, 2]),
    ]
    np.testing.assert_array_equal(
        tf.train.load_variable(path, "w/.ATTRIBUTES/VARIABLE_VALUE"), [[1, 2]]
    )
    reader = tf.train.load_checkpoint(path)
    assert reader.has_tensor("step/.ATTRIBUTES/VARIABLE_VALUE")
    assert b"step/.ATTRIBUTES/VARIABLE_VALUE (DT_INT32) []" in reader.debug_string()
    assert "2 tensors" in repr(reader)
    with pytest.raises(tf.errors.NotFoundError, match="Key nothing not found in checkpoint"):
        reader.get_tensor("nothing")
    with pytest.raises(tf.errors.NotFoundError, match="Failed to find any matching files for"):
        tf.train.load_checkpoint(GOLDEN / "nothing")
    with pytest.raises(ValueError, match="Couldn't find 'checkpoint' file"):
        tf.train.load_checkpoint(GOLDEN)


def test_a_view_compares_a_checkpoint_with_objects():
    view = tf.train.CheckpointView(GOLDEN / "rooted")
    assert view.descendants() == [0, 1, 2]
    root = tf.Module()
    root.w, root.new = tf.Variable(0.0), tf.Variable(0.0)
    matched, only_saved, only_here = view.diff(root)
    assert {number: id(obj) for number, obj in matched.items()} == {0: id(root), 1: id(root.w)}
    assert only_saved == [2]
    assert [id(obj) for obj in only_here] == [id(root.new)]
    with pytest.raises(ValueError, match="Expected a Trackable"):
        view.match(3)
