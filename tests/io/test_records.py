"""TFRecord files: read, written, damaged."""

from __future__ import annotations

import gzip
import os
import struct

import pytest

import deras as tf
from deras._src.io.crc import masked, masked_array
from deras._src.io.records import RecordReader, read_records
from tests.io import cases

KINDS = ["", "GZIP", "ZLIB"]


def golden(kind: str) -> str:
    return str(cases.GOLDEN / f"records{'.' + kind.lower() if kind else ''}.tfrecord")


def written(path, records, options=None) -> str:
    with tf.io.TFRecordWriter(str(path), options) as writer:
        for record in records:
            writer.write(record)
    return str(path)


@pytest.mark.parametrize("kind", KINDS)
def test_files_of_tensorflow_are_read(kind):
    assert list(read_records(golden(kind), kind)) == [cases.one(tf), b"", cases.other(tf)]


def test_files_are_written_as_tensorflow_does(tmp_path):
    path = written(tmp_path / "a", [cases.one(tf), b"", cases.other(tf)])
    with open(path, "rb") as ours, open(golden(""), "rb") as theirs:
        assert ours.read() == theirs.read()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("block", [1, 17, 64, 1 << 18])
def test_blocks_do_not_matter(tmp_path, kind, block):
    records = [bytes([i]) * (i * 7 % 300) for i in range(100)]
    path = written(tmp_path / "a", records, kind)
    with RecordReader(path, kind, block=block) as reader:
        assert list(reader) == records
        assert (reader.number, reader.offset) == (100, sum(map(len, records)) + 1600)


@pytest.mark.parametrize("kind", KINDS)
def test_reading_goes_on_from_a_record(tmp_path, kind):
    records = [b"a", b"bcd", b"", b"efgh"]
    path = written(tmp_path / "a", records, kind)
    with RecordReader(path, kind, offset=17 + 19, number=2) as reader:
        assert list(reader) == records[2:]
        assert reader.number == 4


def test_an_empty_file_has_no_records(tmp_path):
    assert list(read_records(written(tmp_path / "a", []))) == []


def test_streams_one_after_the_other_are_one(tmp_path):
    plain = written(tmp_path / "a", [b"x", b"y"])
    with open(plain, "rb") as file:
        data = file.read()
    (tmp_path / "b").write_bytes(gzip.compress(data[:17]) + gzip.compress(data[17:]))
    assert list(read_records(tmp_path / "b", "GZIP")) == [b"x", b"y"]


@pytest.mark.parametrize("position", range(44))
def test_every_altered_byte_is_found(tmp_path, position):
    path = written(tmp_path / "a", [b"first", b"second!"])
    data = bytearray((tmp_path / "a").read_bytes())
    assert len(data) == 44
    data[position] ^= 0x10
    (tmp_path / "a").write_bytes(data)
    found = []
    number, offset = (0, 0) if position < 21 else (1, 21)
    with pytest.raises(tf.errors.DataLossError, match=f"a: corrupted record {number} at {offset}:"):
        found.extend(read_records(path))
    assert found == [b"first"][:number]  # what came before is not lost


@pytest.mark.parametrize("size", range(1, 44))
def test_every_cut_is_found(tmp_path, size):
    path = written(tmp_path / "a", [b"first", b"second!"])
    data = (tmp_path / "a").read_bytes()
    (tmp_path / "a").write_bytes(data[:size])
    number, offset = (0, 0) if size < 21 else (1, 21)
    if size == 21:
        assert list(read_records(path)) == [b"first"]
        return
    with pytest.raises(tf.errors.DataLossError, match=f"truncated record {number} at {offset}:"):
        list(read_records(path))


@pytest.mark.parametrize("kind", ["GZIP", "ZLIB"])
def test_a_cut_compressed_file_is_found(tmp_path, kind):
    path = written(tmp_path / "a", [os.urandom(1000)] * 3, kind)
    data = (tmp_path / "a").read_bytes()
    (tmp_path / "a").write_bytes(data[:-4])
    with pytest.raises(tf.errors.DataLossError, match=f"a: cannot be read as {kind}"):
        list(read_records(path, kind))


def test_a_plain_file_is_no_compressed_one(tmp_path):
    path = written(tmp_path / "a", [b"x"])
    with pytest.raises(tf.errors.DataLossError, match="cannot be read as GZIP"):
        list(read_records(path, "GZIP"))


def test_a_length_that_lies_takes_no_memory(tmp_path):
    from google_crc32c import value

    length = struct.pack("<Q", 1 << 50)
    head = length + struct.pack("<I", masked(value(length)))
    (tmp_path / "a").write_bytes(head + b"x" * 100)
    with pytest.raises(tf.errors.DataLossError, match="truncated record 0 at 0"):
        list(read_records(tmp_path / "a"))


def test_missing_and_wrong_paths(tmp_path):
    with pytest.raises(tf.errors.NotFoundError, match="nope; No such file"):
        list(read_records(tmp_path / "nope"))
    with pytest.raises(tf.errors.FailedPreconditionError, match="Is a directory"):
        list(read_records(tmp_path))
    with pytest.raises(tf.errors.NotFoundError, match="No such file"):
        tf.io.TFRecordWriter(str(tmp_path / "no" / "x"))
    with pytest.raises(tf.errors.FailedPreconditionError, match="Is a directory"):
        tf.io.TFRecordWriter(str(tmp_path))
    with pytest.raises(tf.errors.InvalidArgumentError, match="compression_type must be"):
        list(read_records(tmp_path, "FOO"))


def test_the_writer_checks_what_it_is_given(tmp_path):
    writer = tf.io.TFRecordWriter(str(tmp_path / "a"))
    writer.write("text")
    writer.write(bytearray(b"array"))
    with pytest.raises(TypeError, match="expected bytes, got int"):
        writer.write(3)
    writer.flush()
    assert list(read_records(tmp_path / "a")) == [b"text", b"array"]
    writer.close()
    writer.close()
    with pytest.raises(tf.errors.FailedPreconditionError, match="is closed"):
        writer.write(b"x")
    with pytest.raises(tf.errors.FailedPreconditionError, match="is closed"):
        writer.flush()


def test_a_full_disk_is_said_when_the_writer_is_closed():
    if not os.path.exists("/dev/full"):
        pytest.skip("no /dev/full here")
    writer = tf.io.TFRecordWriter("/dev/full")
    writer.write(b"x")
    with pytest.raises(tf.errors.ResourceExhaustedError, match="No space left"):
        writer.close()


@pytest.mark.parametrize(
    "options",
    [
        {"compression_type": "ZLIB", "window_bits": 9, "compression_level": 1},
        {"compression_type": "GZIP", "window_bits": 31, "mem_level": 9},
        {"compression_type": "ZLIB", "flush_mode": 2, "compression_strategy": 2},
    ],
)
def test_options_reach_the_compressor(tmp_path, options):
    made = tf.io.TFRecordOptions(**options)
    with tf.io.TFRecordWriter(str(tmp_path / "a"), made) as writer:
        writer.write(b"x" * 1000)
        writer.flush()
    assert list(read_records(tmp_path / "a", options["compression_type"])) == [b"x" * 1000]


def test_options_name_their_kind():
    options = tf.io.TFRecordOptions
    assert options.get_compression_type_string(options("GZIP")) == "GZIP"
    assert options.get_compression_type_string(1) == "ZLIB"
    assert options.get_compression_type_string(None) == ""
    assert options.compression_type_map == {0: "", 1: "ZLIB", 2: "GZIP"}
    with pytest.raises(ValueError, match='Not a valid compression_type: "FOO"'):
        options("FOO")


def test_masks_agree():
    crcs = [0, 1, 0x8000, 0x12345678, 0xFFFFFFFF]
    assert masked_array(crcs).tolist() == [masked(crc) for crc in crcs]
