"""`tf.train.CheckpointManager` and the directory's `checkpoint` file."""

from __future__ import annotations

import logging
import os
import time

import pytest

import deras as tf


def make(directory, **options):
    checkpoint = tf.train.Checkpoint(step=tf.Variable(0))
    return tf.train.CheckpointManager(checkpoint, directory, **{"max_to_keep": 2} | options)


def numbers(manager):
    return [path.rpartition("-")[2] for path in manager.checkpoints]


def on_disk(directory):
    return sorted(path.stem.rpartition("-")[2] for path in directory.glob("*.index"))


def test_the_latest_are_kept(tmp_path):
    manager = make(tmp_path)
    assert (manager.latest_checkpoint, manager.checkpoints) == (None, [])
    for _ in range(4):
        manager.save()
    assert numbers(manager) == on_disk(tmp_path) == ["3", "4"]
    assert manager.latest_checkpoint == str(tmp_path / "ckpt-4")
    assert sorted(path.name for path in tmp_path.iterdir())[:1] == ["checkpoint"]
    assert len(list(tmp_path.iterdir())) == 5
    again = make(tmp_path)
    assert (again.checkpoints, again.directory) == (manager.checkpoints, str(tmp_path))
    assert again.restore_or_initialize() == manager.latest_checkpoint
    assert again.save() == str(tmp_path / "ckpt-5")
    everything = make(tmp_path, max_to_keep=None)
    for number in (10, tf.Variable(11), tf.constant(12)):
        everything.save(number)
    assert numbers(everything) == ["4", "5", "10", "11", "12"]


def test_some_are_kept_for_good(tmp_path, monkeypatch):
    now = time.time()
    manager = make(tmp_path, max_to_keep=1, keep_checkpoint_every_n_hours=1)
    for hour in range(1, 8):
        monkeypatch.setattr(time, "time", lambda hour=hour: now + 1800 * hour)
        manager.save()
    assert on_disk(tmp_path) == ["2", "4", "6", "7"]
    assert numbers(manager) == ["7"]
    monkeypatch.setattr(time, "time", lambda: now)  # the clock went back
    assert numbers(make(tmp_path)) == []


def test_every_so_many_steps(tmp_path):
    step = tf.Variable(0)
    manager = make(tmp_path, step_counter=step, checkpoint_interval=10)
    saved = []
    for number in range(25):
        step.assign(number)
        if manager.save() is not None:
            saved.append(number)
    assert saved == [0, 10, 20]
    assert manager.save(check_interval=False) is not None
    assert manager.save(check_interval=False) is None
    assert manager.checkpoint_interval == 10
    again = make(tmp_path, step_counter=step, checkpoint_interval=10)
    again.restore_or_initialize()
    step.assign(25)
    assert again.save() is None


def test_a_failed_save_changes_nothing(tmp_path, monkeypatch):
    manager = make(tmp_path, max_to_keep=1)
    first = manager.save()

    def fails(source, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fails)
    with pytest.raises(tf.errors.ResourceExhaustedError, match="earlier ones are as they were"):
        manager.save()
    monkeypatch.undo()
    assert manager.checkpoints == [first]
    assert on_disk(tmp_path) == ["1"]
    assert manager.save() == str(tmp_path / "ckpt-2")


def test_saving_in_a_thread(tmp_path):
    manager = make(tmp_path)
    for _ in range(3):
        manager.save(options=tf.train.CheckpointOptions(enable_async=True))
    manager.sync()
    assert numbers(manager) == on_disk(tmp_path) == ["2", "3"]


def test_init_fn_where_there_is_nothing(tmp_path):
    called = []
    manager = make(tmp_path, init_fn=lambda: called.append(1))
    assert manager.restore_or_initialize() is None
    assert called == [1]
    manager.save()
    assert manager.restore_or_initialize() == manager.latest_checkpoint
    assert called == [1]


def test_arguments_are_checked(tmp_path):
    with pytest.raises(ValueError, match="Expected a positive integer or `None`"):
        make(tmp_path, max_to_keep=0)
    with pytest.raises(ValueError, match="`step_counter` should be passed"):
        make(tmp_path, checkpoint_interval=5)


def test_relative_directories(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = make("d").save()
    assert path == "d/ckpt-1"
    text = (tmp_path / "d" / "checkpoint").read_text(encoding="utf-8")
    assert text.startswith('model_checkpoint_path: "ckpt-1"\nall_model_checkpoint_paths: "ckpt-1"')
    assert tf.train.latest_checkpoint("d") == path
    assert tf.train.latest_checkpoint(tmp_path / "d") == str(tmp_path / "d" / "ckpt-1")
    state = tf.train.get_checkpoint_state("d")
    assert list(state.all_model_checkpoint_paths) == [path]


def test_a_bad_state_file(tmp_path, caplog):
    file = tmp_path / "checkpoint"
    with caplog.at_level(logging.WARNING, "deras"):
        for text in (b"nonsense: {", b"\xff\xfe"):
            file.write_bytes(text)
            assert tf.train.get_checkpoint_state(tmp_path) is None
        assert "Checkpoint ignored" in caplog.text
        file.write_text('all_model_checkpoint_paths: "a"\n', encoding="utf-8")
        with pytest.raises(ValueError, match="Invalid checkpoint state"):
            tf.train.get_checkpoint_state(tmp_path)
        file.write_text('model_checkpoint_path: "gone-1"\n', encoding="utf-8")
        assert tf.train.latest_checkpoint(tmp_path) is None
    assert "Couldn't match files for checkpoint" in caplog.text


def test_updates_are_checked(tmp_path):
    from deras._src.train.checkpoint_state import checkpoint_exists, update_checkpoint_state

    with pytest.raises(ValueError, match="must match checkpoint paths"):
        update_checkpoint_state(tmp_path, "a", ["b"], all_model_checkpoint_timestamps=[1.0])
    with pytest.raises(RuntimeError, match="conflicts with path used for checkpoint state"):
        update_checkpoint_state(tmp_path, str(tmp_path / "checkpoint"))
    update_checkpoint_state(tmp_path, "a", latest_filename="other")
    state = tf.train.get_checkpoint_state(tmp_path, "other")
    assert list(state.all_model_checkpoint_paths) == [str(tmp_path / "a")]
    assert not checkpoint_exists(tmp_path / "a")


def test_checkpoints_are_waited_for(tmp_path):
    manager = make(tmp_path)
    first = manager.save()
    calls = []

    def more():
        calls.append(manager.save() if not calls else None)
        return len(calls) > 1

    found = list(tf.train.checkpoints_iterator(tmp_path, timeout=0.1, timeout_fn=more))
    assert found == [first, calls[0]]
