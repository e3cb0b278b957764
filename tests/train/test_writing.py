"""Files: whole or not at all, damage is found, threads and shards."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

import deras as tf
from deras._src.io import crc as checksums
from deras._src.train import bundle_format, table
from deras._src.train.bundle_reader import BundleReader
from deras._src.util import atomic_files
from tests.train import programs

ROOT = Path(__file__).resolve().parent.parent.parent


def test_the_known_checksum():
    assert checksums.extend(0, b"123456789") == 0xE3069283
    assert checksums.extend(checksums.extend(0, b"1234"), b"56789") == 0xE3069283


@pytest.mark.parametrize("number", [0, 1, 63, 64, -1, -64, -65, 8191, 8192, 2**40, 2**62, -(2**62)])
def test_the_order_of_parts_is_that_of_their_numbers(number):
    keys = [bundle_format.slice_key("x", ((n, None),)) for n in (number - 1, number, number + 1)]
    assert keys == sorted(keys)


def test_a_table_of_many_blocks():
    rows = [(f"key{i:06d}".encode(), bytes([i % 256]) * (i % 97)) for i in range(12_000)]
    data = table.build(rows)
    assert len(data) > 2 * 256 * 1024
    assert list(table.read(data, "t")) == rows
    for cut in (0, 10, 47, len(data) - 1):
        with pytest.raises(tf.errors.DataLossError, match="t: not a checkpoint's index, or cut"):
            list(table.read(data[:cut], "t"))


@pytest.fixture
def written(tmp_path):
    path = programs.dtypes(tf).write(tmp_path / "a")
    return Path(f"{path}.index"), Path(f"{path}.data-00000-of-00001"), path


def read_all(path):
    reader = tf.train.load_checkpoint(path)
    return [reader.get_tensor(name) for name in reader.get_variable_to_shape_map()]


def test_every_altered_bit_is_found(written):
    index, data, path = written
    random = np.random.default_rng(5)
    for file in (index, data):
        good = file.read_bytes()
        for _ in range(60):
            bad = bytearray(good)
            position = int(random.integers(len(bad)))
            bad[position] ^= 1 << int(random.integers(8))
            file.write_bytes(bad)
            try:
                values = read_all(path)
            except (tf.errors.DataLossError, tf.errors.UnimplementedError) as error:
                assert str(file) in error.message  # noqa: PT017 - one of two good outcomes
            else:
                # Bytes that mean nothing: where the unused meta index is, padding.
                file.write_bytes(good)
                assert repr(values) == repr(read_all(path))
                assert file is index
                assert position >= len(good) - 62
        file.write_bytes(good)


def test_a_file_that_is_cut_off_is_found(written):
    index, data, path = written
    good = data.read_bytes()
    data.write_bytes(good[:-1])
    message = r"a\.data-00000-of-00001: tensor '_CHECKPOINTABLE_OBJECT_GRAPH': cut off: its \d+ "
    with pytest.raises(tf.errors.DataLossError, match=message):
        read_all(path)
    data.unlink()
    with pytest.raises(tf.errors.NotFoundError, match="No such file"):
        read_all(path)
    data.write_bytes(good)
    for size in range(0, index.stat().st_size, 7):
        index.write_bytes(index.read_bytes()[:size])
        with pytest.raises(tf.errors.DataLossError, match=r"a\.index"):
            read_all(path)


def test_damage_changes_no_object(written):
    _, data, path = written
    good = bytearray(data.read_bytes())
    good[-1] ^= 1
    data.write_bytes(good)
    checkpoint = programs.dtypes(tf)
    programs.spoil(tf, checkpoint)
    before = [programs.plain(v.numpy()) for v in programs.variables(checkpoint)]
    with pytest.raises(tf.errors.DataLossError, match="checksum does not match"):
        checkpoint.read(path)
    assert before == [programs.plain(v.numpy()) for v in programs.variables(checkpoint)]


def test_another_version_or_byte_order_is_refused(tmp_path):
    for header in (b"\x08\x01\x10\x01", b"\x08\x01\x1a\x02\x10\x09"):
        (tmp_path / "a.index").write_bytes(table.build([(b"", header)]))
        with pytest.raises(tf.errors.UnimplementedError, match="of a later version"):
            BundleReader(str(tmp_path / "a"))
    (tmp_path / "a.index").write_bytes(table.build([(b"x", b"")]))
    with pytest.raises(tf.errors.DataLossError, match="no header"):
        BundleReader(str(tmp_path / "a"))
    (tmp_path / "a.index").write_bytes(table.build([(b"", b"\x08\x01"), (b"x", b"\xff")]))
    with pytest.raises(tf.errors.DataLossError, match="an entry cannot be read"):
        BundleReader(str(tmp_path / "a"))


# -- whole or not at all --------------------------------------------------------------------------


def content(directory):
    return sorted(path.name for path in directory.iterdir())


FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("step", ["write", "finish", "publish"])
@pytest.mark.parametrize("nth", [0, 1, 2])
def test_a_full_disk_loses_nothing(tmp_path, monkeypatch, step, nth):
    step_variable = tf.Variable(1)
    checkpoint = tf.train.Checkpoint(step=step_variable)
    path = checkpoint.write(tmp_path / "a")
    saved = checkpoint.save(tmp_path / "b")
    before, done = content(tmp_path), [0]
    works = getattr(atomic_files.StagedFile, step)

    def fails(self, *args):
        done[0] += 1
        if done[0] > nth:
            raise FULL
        return works(self, *args)

    step_variable.assign(2)
    monkeypatch.setattr(atomic_files.StagedFile, step, fails)
    message = "No space left.*This checkpoint was not written; earlier ones are as they were"
    with pytest.raises(tf.errors.ResourceExhaustedError, match=message):
        checkpoint.write(path)
    assert content(tmp_path) == before
    done[0] = 0
    with pytest.raises(tf.errors.ResourceExhaustedError, match="No space left"):
        checkpoint.save(tmp_path / "b")
    monkeypatch.undo()
    # Where only the note of the latest could not be written, the checkpoint is there, unnoted.
    assert [name for name in content(tmp_path) if not name.startswith("b-2")] == before
    assert tf.train.latest_checkpoint(tmp_path) == saved
    assert int(checkpoint.save_counter) == 1
    checkpoint.read(path)
    assert int(step_variable) == 1


def test_a_checkpoint_is_replaced_in_one_step(tmp_path):
    step = tf.Variable(0)
    checkpoint = tf.train.Checkpoint(step=step)
    for number in range(3):
        step.assign(number)
        checkpoint.write(tmp_path / "a")
        assert len(content(tmp_path)) == (3 if number == 1 else 2)
        step.assign(9)
        checkpoint.read(tmp_path / "a").assert_consumed()
        assert int(step) == number


KILLED = """
import os, sys
import deras as tf
from deras._src.util import atomic_files
count = 0
def maybe_die(real):
    def run(*args):
        global count
        count += 1
        if count == int(sys.argv[2]):
            os._exit(9)
        return real(*args)
    return run
v = tf.Variable(tf.fill([1000], 2.0))
for name in ("write", "finish", "publish"):
    setattr(atomic_files.StagedFile, name, maybe_die(getattr(atomic_files.StagedFile, name)))
atomic_files.sync_directory = maybe_die(atomic_files.sync_directory)
os.unlink = maybe_die(os.unlink)
tf.train.Checkpoint(v=v).write(sys.argv[1] + "/a")
"""


@pytest.mark.slow
def test_a_killed_process_leaves_the_old_or_the_new(tmp_path):
    v = tf.Variable(tf.fill([1000], 1.0))
    seen = set()
    for moment in range(1, 40):
        directory = tmp_path / str(moment)
        tf.train.Checkpoint(v=v).write(directory / "a")
        command = [sys.executable, "-c", KILLED, str(directory), str(moment)]
        done = subprocess.run(command, cwd=ROOT, timeout=120, check=False)
        found = tf.train.load_variable(directory / "a", "v/.ATTRIBUTES/VARIABLE_VALUE")
        assert set(found.tolist()) in ({1.0}, {2.0})
        seen.add(float(found[0]))
        tf.train.Checkpoint(v=v).write(directory / "a")  # what is left over goes
        assert len([n for n in content(directory) if n.endswith(".tmp")]) == 0
        if done.returncode == 0:
            break
        assert done.returncode == 9
    assert done.returncode == 0
    assert seen == {1.0, 2.0}


def test_leftovers_go_and_work_in_progress_stays(tmp_path):
    ours = atomic_files.StagedFile(str(tmp_path))
    (tmp_path / ".deras-1-abc.tmp").touch()
    atomic_files.remove_leftovers(str(tmp_path))
    assert content(tmp_path) == [Path(ours.path).name]
    ours.discard()
    ours.discard()
    assert content(tmp_path) == []


def test_two_writers_of_one_name(tmp_path):
    values = [tf.Variable(tf.fill([5000], float(i))) for i in range(4)]
    failed = []

    def write(variable):
        try:
            for _ in range(8):
                tf.train.Checkpoint(v=variable).write(tmp_path / "a")
        except Exception as error:  # noqa: BLE001 - told by the assertion below
            failed.append(error)

    threads = [threading.Thread(target=write, args=[v]) for v in values]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    found = tf.train.load_variable(tmp_path / "a", "v/.ATTRIBUTES/VARIABLE_VALUE")
    assert len(set(found.tolist())) == 1


def test_paths_that_cannot_be_written(tmp_path):
    checkpoint = tf.train.Checkpoint(v=tf.Variable(1.0))
    with pytest.raises(ValueError, match="ends like a directory"):
        checkpoint.write(f"{tmp_path}/")
    (tmp_path / "file").touch()
    with pytest.raises(tf.errors.OpError, match=r"writing .*file/a"):
        checkpoint.write(tmp_path / "file" / "a")
    assert checkpoint.write(tmp_path / "new" / "deep" / "a").endswith("deep/a")
    index = tmp_path / "new" / "deep" / "a.index"
    index.unlink()
    index.mkdir()
    with pytest.raises(tf.errors.FailedPreconditionError, match="Is a directory"):
        checkpoint.read(tmp_path / "new" / "deep" / "a")


# -- threads and shards -----------------------------------------------------------------------


def test_a_thread_writes_the_values_of_the_call(tmp_path, monkeypatch):
    go, write = threading.Event(), atomic_files.StagedFile.write
    monkeypatch.setattr(
        atomic_files.StagedFile, "write", lambda self, data: (go.wait(30), write(self, data))[1]
    )
    v = tf.Variable([1.0, 2.0])
    called = []
    options = tf.train.CheckpointOptions(
        experimental_enable_async_checkpoint=True,
        experimental_write_callbacks=[called.append, lambda: called.append("done")],
    )
    checkpoint = tf.train.Checkpoint(v=v)
    path = checkpoint.save(tmp_path / "a", options)
    v.assign([5.0, 5.0])
    assert tf.train.latest_checkpoint(tmp_path) is None
    go.set()
    checkpoint.sync()
    assert called == [path, "done"]
    assert tf.train.latest_checkpoint(tmp_path) == path
    checkpoint.restore(path).assert_consumed()
    assert v.numpy().tolist() == [1.0, 2.0]


def test_a_thread_s_error_is_raised_by_the_next_call(tmp_path, monkeypatch):
    options = tf.train.CheckpointOptions(enable_async=True)
    checkpoint = tf.train.Checkpoint(v=tf.Variable(1.0))

    def fails(self):
        raise FULL

    monkeypatch.setattr(atomic_files.StagedFile, "finish", fails)
    checkpoint.write(tmp_path / "a", options)
    with pytest.raises(tf.errors.ResourceExhaustedError, match="No space left"):
        checkpoint.write(tmp_path / "b", options)
    checkpoint.write(tmp_path / "c", options)
    checkpoint._async_writer._thread.join()
    monkeypatch.undo()
    with pytest.raises(tf.errors.ResourceExhaustedError, match="No space left"):
        checkpoint.sync()
    checkpoint.sync()
    checkpoint.write(tmp_path / "a", options)
    checkpoint.read(tmp_path / "a").assert_consumed()


def test_large_tensors_are_cut(tmp_path):
    policy = tf.train.experimental.MaxShardSizePolicy(max_shard_size=100)
    options = tf.train.CheckpointOptions(experimental_sharding_callback=policy)
    checkpoint = programs.shards(tf)
    path = checkpoint.write(tmp_path / "a", options)
    sizes = [file.stat().st_size for file in tmp_path.glob("a.data*")]
    assert len(sizes) > 5
    assert sorted(sizes)[-2] <= 100  # the object graph is not cut
    programs.spoil(tf, checkpoint)
    checkpoint.read(path).assert_consumed()
    assert programs.same(checkpoint, programs.shards(tf))
    shutil.copy(tmp_path / "a.index", tmp_path / "b.index")
    with pytest.raises(ValueError, match="must be positive"):
        tf.train.experimental.MaxShardSizePolicy(0)


class Callback(tf.train.experimental.ShardingCallback):
    def __init__(self, change):
        self.change = change

    @property
    def description(self):
        return "For a test."

    def __call__(self, shardable_tensors):
        return [self.change(tensor) for tensor in shardable_tensors]


def test_a_callback_may_only_group_and_cut(tmp_path):
    def write(change):
        options = tf.train.CheckpointOptions(experimental_sharding_callback=Callback(change))
        return tf.train.Checkpoint(v=tf.Variable([1.0, 2.0])).write(tmp_path / "a", options)

    write(lambda t: {t.checkpoint_key: {t.slice_spec: t.tensor}})
    assert len(content(tmp_path)) == 3
    for change, message in (
        (lambda t: {}, "0 values of 'v/.ATTRIBUTES/VARIABLE_VALUE' are left"),
        (lambda t: {"x": {"": t.tensor}}, "made up the key 'x'"),
        (lambda t: {t.checkpoint_key: {"": tf.constant(1)}}, "became int32, but was float32"),
        (lambda t: {t.checkpoint_key: {"": tf.reshape(t.tensor, [1, -1])}}, "the shape"),
    ):
        with pytest.raises(ValueError, match=message):
            write(change)


def test_options_are_checked():
    with pytest.raises(ValueError, match="must be of type ShardingCallback"):
        tf.train.CheckpointOptions(experimental_sharding_callback=len)
    with pytest.raises(ValueError, match="takes more than one argument"):
        tf.train.CheckpointOptions(experimental_write_callbacks=[lambda a, b: None])
    with pytest.raises(NotImplementedError, match="has no description"):
        _ = tf.train.experimental.ShardingCallback().description
    with pytest.raises(NotImplementedError, match="does not say how to shard"):
        tf.train.experimental.ShardingCallback()([])
