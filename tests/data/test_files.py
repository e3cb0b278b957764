"""Files: lines, records, CSV, SQL; saved datasets, caches and snapshots."""

from __future__ import annotations

import gzip
import json
import os
import sqlite3
import zlib

import numpy as np
import pytest

import deras as tf

D = tf.data.Dataset
E = tf.data.experimental


def listed(dataset):
    return list(dataset.as_numpy_iterator())


def test_text_lines(tmp_path):
    one, two = tmp_path / "a.txt", tmp_path / "b.txt"
    one.write_bytes(b"first\r\nsecond\n\nlast")
    two.write_bytes("zwölf\n".encode())
    assert listed(tf.data.TextLineDataset(one)) == [b"first", b"second", b"", b"last"]
    both = tf.data.TextLineDataset([str(one), str(two)])
    assert listed(both)[-2:] == [b"last", "zwölf".encode()]
    assert listed(tf.data.TextLineDataset(D.list_files(str(tmp_path / "*"), shuffle=False))) == (
        listed(both)
    )
    names = D.from_tensor_slices([str(one), str(two)])
    turns = names.interleave(tf.data.TextLineDataset, cycle_length=2)
    assert listed(turns)[:3] == [b"first", "zwölf".encode(), b"second"]
    assert both.element_spec == tf.TensorSpec((), tf.string)


@pytest.mark.parametrize("kind", ["GZIP", "ZLIB"])
def test_compressed_lines(tmp_path, kind):
    data = b"".join(b"line %d\n" % i for i in range(100000))
    path = tmp_path / "x"
    path.write_bytes(gzip.compress(data) if kind == "GZIP" else zlib.compress(data))
    dataset = tf.data.TextLineDataset(str(path), compression_type=kind)
    assert listed(dataset.skip(99998)) == [b"line 99998", b"line 99999"]
    iterator = iter(dataset)
    for _ in range(60000):
        next(iterator)
    again = iter(dataset)
    again._restore_from_tensors(iterator._serialize_to_tensors())
    assert next(again).numpy() == next(iterator).numpy() == b"line 60000"


def test_missing_file():
    with pytest.raises(tf.errors.NotFoundError, match="no/such/file"):
        listed(tf.data.TextLineDataset("no/such/file"))
    with pytest.raises(tf.errors.InvalidArgumentError, match="No files matched"):
        D.list_files("no/such/*")


def test_list_files_is_shuffled(tmp_path):
    for name in "abcde":
        (tmp_path / name).write_text(name)
    pattern = str(tmp_path / "*")
    names = [os.path.basename(n).decode() for n in listed(D.list_files(pattern, seed=1))]
    assert sorted(names) == list("abcde") != names


def test_fixed_length_records(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"HH" + b"".join(b"%03d" % i for i in range(5)) + b"F")
    dataset = tf.data.FixedLengthRecordDataset(str(path), 3, 2, 1)
    assert listed(dataset) == [b"000", b"001", b"002", b"003", b"004"]
    iterator = iter(dataset)
    next(iterator)
    again = iter(dataset)
    again._restore_from_tensors(iterator._serialize_to_tensors())
    assert next(again).numpy() == b"001"
    with pytest.raises(tf.errors.InvalidArgumentError, match="not an exact multiple"):
        listed(tf.data.FixedLengthRecordDataset(str(path), 4, 2, 1))


def test_tfrecords(tmp_path):
    path = str(tmp_path / "x.tfrecord")
    E.TFRecordWriter(path).write(D.from_tensor_slices([b"one", b"", b"three" * 1000]))
    dataset = tf.data.TFRecordDataset(path)
    assert listed(dataset) == [b"one", b"", b"three" * 1000]
    iterator = iter(dataset)
    next(iterator)
    again = iter(dataset)
    again._restore_from_tensors(iterator._serialize_to_tensors())
    assert [x.numpy() for x in again] == [b"", b"three" * 1000]
    with open(path, "r+b") as file:
        file.seek(-10, 2)
        file.write(b"?")
    with pytest.raises(tf.errors.DataLossError, match=r"x.tfrecord.*record 2"):
        listed(dataset)
    assert listed(dataset.ignore_errors()) == [b"one", b""]


CSV = 'a,b,c\n1,2.5,x\n3,,"y,z"\n'


def test_csv(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text(CSV)
    dataset = E.CsvDataset(str(path), [tf.int32, [1.0], tf.string], header=True)
    assert listed(dataset) == [(1, 2.5, b"x"), (3, 1.0, b"y,z")]
    chosen = E.CsvDataset(str(path), [tf.string], header=True, select_cols=[2])
    assert listed(chosen) == [(b"x",), (b"y,z",)]
    rest = E.CsvDataset(str(path), [tf.int32, tf.string], header=True, exclude_cols=[1])
    assert listed(rest) == [(1, b"x"), (3, b"y,z")]
    iterator = iter(dataset)
    next(iterator)
    again = iter(dataset)
    again._restore_from_tensors(iterator._serialize_to_tensors())
    assert int(next(again)[0]) == 3


@pytest.mark.parametrize(
    ("kinds", "header", "match"),
    [
        ([tf.int32, tf.float32, tf.string], True, "Field 1 is required but missing"),
        ([tf.int32, [1.0], tf.string], False, "Field 0 in record is not a valid int32: a"),
        ([tf.int32, [1.0]], True, "Expect 2 fields but have 3 in record"),
    ],
)
def test_bad_csv(tmp_path, kinds, header, match):
    path = tmp_path / "x.csv"
    path.write_text(CSV)
    with pytest.raises(tf.errors.InvalidArgumentError, match=rf"(?s){match}.*x.csv, row"):
        listed(E.CsvDataset(str(path), kinds, header=header))


def test_make_csv_dataset(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text(CSV)
    dataset = E.make_csv_dataset(str(path), 2, num_epochs=1, shuffle=False, label_name="c")
    spec = dataset.element_spec
    assert spec[0]["a"] == tf.TensorSpec([None], tf.int32)
    assert spec[0]["b"] == tf.TensorSpec([None], tf.float32)
    ((features, labels),) = listed(dataset)
    assert features["a"].tolist() == [1, 3]
    assert features["b"].tolist() == [2.5, 0.0]
    assert labels.tolist() == [b"x", b"y,z"]
    assert list(features) == ["a", "b"]
    with pytest.raises(ValueError, match="label_name"):
        E.make_csv_dataset(str(path), 2, label_name="z")


def test_sql(tmp_path):
    path = str(tmp_path / "x.db")
    base = sqlite3.connect(path)
    base.execute("create table t (n integer, s text, f real)")
    base.executemany("insert into t values (?, ?, ?)", [(1, "a", 0.5), (2, "b", 1.5)])
    base.commit()
    base.close()
    kinds = (tf.int64, tf.string, tf.float64)
    dataset = E.SqlDataset("sqlite", path, "select n, s, f from t order by n", kinds)
    assert listed(dataset) == [(1, b"a", 0.5), (2, b"b", 1.5)]
    with pytest.raises(tf.errors.InvalidArgumentError, match="no such table"):
        listed(E.SqlDataset("sqlite", path, "select * from u", (tf.int64,)))


@pytest.mark.parametrize("compression", [None, "GZIP"])
def test_save_and_load(tmp_path, compression):
    path = str(tmp_path / "saved")
    dataset = D.from_tensor_slices({"a": np.arange(6, dtype=np.float32), "s": list("uvwxyz")})
    dataset.save(path, compression)
    again = D.load(path)
    assert again.element_spec == dataset.element_spec
    assert listed(again) == listed(dataset)
    assert len(again) == 6
    with pytest.raises(tf.errors.InvalidArgumentError, match="holds elements"):
        D.load(path, tf.TensorSpec((), tf.int32))


def test_shards(tmp_path):
    path = str(tmp_path / "saved")
    D.range(6).save(path, shard_func=lambda x: x % 2)
    assert [int(x) for x in D.load(path)] == [0, 2, 4, 1, 3, 5]
    turns = D.load(path, reader_func=lambda shards: shards.interleave(lambda d: d, cycle_length=2))
    assert [int(x) for x in turns] == [0, 1, 2, 3, 4, 5]


def test_damaged_or_missing_data(tmp_path):
    path = tmp_path / "saved"
    with pytest.raises(tf.errors.NotFoundError, match="no saved dataset"):
        D.load(str(path))
    D.range(5).save(str(path))
    shard = path / "shard-00000.elements"
    data = shard.read_bytes()
    shard.write_bytes(data[:-3])
    with pytest.raises(tf.errors.DataLossError, match="element 4"):
        listed(D.load(str(path)))
    shard.write_bytes(data[:60] + b"\xff" + data[61:])
    with pytest.raises(tf.errors.DataLossError, match="element 0"):
        listed(D.load(str(path)))
    (path / "dataset.json").write_text("{")
    with pytest.raises(tf.errors.DataLossError, match="damaged"):
        D.load(str(path))


def test_file_cache(tmp_path):
    seen = []

    def generate():
        seen.append(1)
        yield from range(4)

    dataset = D.from_generator(generate, output_signature=tf.TensorSpec((), tf.int32))
    cached = dataset.cache(str(tmp_path / "cache"))
    next(iter(cached))  # not read to its end: nothing is kept
    assert listed(cached) == listed(cached) == [0, 1, 2, 3]
    assert len(seen) == 2
    assert listed(
        D.range(9).map(lambda x: tf.cast(x, tf.int32)).cache(str(tmp_path / "cache"))
    ) == [
        0,
        1,
        2,
        3,
    ]


def test_two_writers_of_a_cache(tmp_path):
    cached = D.range(4).cache(str(tmp_path / "cache"))
    first = iter(cached)
    next(first)
    with pytest.raises(tf.errors.AlreadyExistsError, match="another iterator"):
        next(iter(cached))
    assert [int(x) for x in first] == [1, 2, 3]
    assert listed(cached) == [0, 1, 2, 3]


def test_a_dead_writers_lock_is_taken_over(tmp_path):
    import socket

    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "lock").write_text(f"{socket.gethostname()} 999999999")
    assert listed(D.range(2).cache(str(tmp_path / "cache"))) == [0, 1]


def test_a_full_disk(tmp_path, monkeypatch):
    from deras._src.data import codec

    def full(file, value):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(codec, "write_record", full)
    with pytest.raises(tf.errors.ResourceExhaustedError, match="No space left"):
        D.range(3).save(str(tmp_path / "saved"))
    assert not any(name.startswith(".") for name in os.listdir(tmp_path / "saved"))


def test_snapshot(tmp_path):
    path = str(tmp_path / "snapshot")
    dataset = D.range(5).map(lambda x: x * 2).snapshot(path)
    assert listed(dataset) == [0, 2, 4, 6, 8]
    assert json.loads((tmp_path / "snapshot" / "dataset.json").read_text())["shards"] == [
        ["shard-00000.elements", 5]
    ]
    assert listed(D.range(0).map(lambda x: x).snapshot(path)) == [0, 2, 4, 6, 8]


def test_a_checkpoint_holds_an_iterator(tmp_path):
    iterator = iter(D.range(20).shuffle(8, seed=1).batch(2).prefetch(2))
    next(iterator)
    checkpoint = tf.train.Checkpoint(iterator=iterator, step=tf.Variable(3))
    path = checkpoint.save(str(tmp_path / "ckpt"))
    expected = [x.numpy().tolist() for x in iterator]
    again = iter(D.range(20).shuffle(8, seed=1).batch(2).prefetch(2))
    tf.train.Checkpoint(iterator=again, step=tf.Variable(0)).restore(path).assert_consumed()
    assert [x.numpy().tolist() for x in again] == expected
