"""`tf.train.Example` and its like, and what parsing them says when something is wrong."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys

import numpy as np
import pytest

import deras as tf
from deras._src.core.dtypes import float32, int64, string
from deras._src.io import wire
from deras._src.io.features import Plan, row_plans
from deras._src.io.parse_example import Records, outputs_of
from tests.io import cases

train, io = tf.train, tf.io
FIXED = {"i": io.FixedLenFeature([2], tf.int64)}


def test_messages_are_protobufs_own():
    from google.protobuf import json_format, text_format
    from google.protobuf.message import Message

    example = train.Example.FromString(cases.one(tf))
    assert isinstance(example, Message)
    assert isinstance(example, train.Example)
    assert not isinstance(example, train.SequenceExample)
    assert issubclass(type(example), train.Example)
    assert example.DESCRIPTOR.full_name == "tensorflow.Example"
    assert train.Example.DESCRIPTOR is example.DESCRIPTOR
    assert text_format.Parse(str(example), train.Example()) == example
    assert json_format.Parse(json_format.MessageToJson(example), train.Example()) == example
    assert pickle.loads(pickle.dumps(example)) == example
    assert copy.deepcopy(example) == example
    assert example.features.feature["i"].int64_list.value == [3, -1]
    assert isinstance(example.features.feature["i"], train.Feature)


def test_a_message_refuses_what_it_does_not_hold():
    with pytest.raises(TypeError):
        train.Int64List(value=[1.5])
    with pytest.raises((AttributeError, ValueError)):
        train.Feature(no_list=3)
    with pytest.raises(AttributeError):
        _ = train.Example.no_such_method


def test_messages_load_protobuf_only_when_used():
    code = (
        "import sys, deras as tf; tf.train.Example.__doc__; tf.io.FixedLenFeature([], tf.int64); "
        "print([m for m in ('google.protobuf', 'google_crc32c', 'PIL', 'fsspec') "
        "if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "[]", done.stderr


@pytest.mark.parametrize(
    ("features", "match"),
    [
        ({"zz": io.FixedLenFeature([], tf.int64)}, r"record 1: feature 'zz' \(int64\) is required"),
        (
            {"b": io.FixedLenFeature([1], tf.int64)},
            "record 1: feature 'b' holds string .* int64 is",
        ),
        ({"a": io.FixedLenFeature([2], tf.float32)}, r"record 1: .* has 4 values, its .* takes 2"),
        (
            {"c": io.FixedLenSequenceFeature([2], tf.float32, allow_missing=True)},
            r"record 1: feature 'c' has 3 values, which is no multiple of the 2",
        ),
        ({"a": io.FixedLenFeature([], tf.int32)}, r"declared int32; examples hold"),
        ({"a": io.FixedLenFeature([2], tf.float32, [1.0])}, "has 1 values, but 2 fill its shape"),
        ({"a": io.FixedLenSequenceFeature([2], tf.float32, True, [1.0, 2.0])}, "but 1 is what"),
    ],
)
def test_errors_name_record_and_feature(features, match):
    records = [
        cases.example(tf, a=[1.0, 2.0], b=[1], c=[1.0, 2.0], zz=[1]),
        cases.example(tf, a=[1.0] * 4, b=[b"x"], c=[1.0] * 3),
    ]
    with pytest.raises(tf.errors.InvalidArgumentError, match=match):
        io.parse_example(records, features)


def test_errors_say_the_record_s_name():
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"record 1 \('two'\): feature 'i'"):
        io.parse_example([cases.one(tf), b""], FIXED, example_names=["one", "two"])
    with pytest.raises(tf.errors.InvalidArgumentError, match="2 names for 1 records"):
        io.parse_example([cases.one(tf)], FIXED, example_names=["one", "two"])


def test_what_is_no_message():
    with pytest.raises(tf.errors.InvalidArgumentError, match="record 1: it cannot be read as a tf"):
        io.parse_example([cases.one(tf), b"\x0a\xff"], FIXED)
    # A record that is right, and in it a list of numbers that is not.
    cut = bytes.fromhex("0a0a 0a08 0a0169 1203 1a01 0a")
    with pytest.raises(tf.errors.InvalidArgumentError, match="record 1: feature 'i' cannot be dec"):
        io.parse_example([cases.one(tf), cut], FIXED)


def test_errors_of_sequences_name_the_step():
    spec = {"s": io.FixedLenSequenceFeature([1], tf.string)}
    with pytest.raises(
        tf.errors.InvalidArgumentError, match=r"record 0: step 1 of feature list 's' has 2 values"
    ):
        io.parse_single_sequence_example(cases.steps(tf), sequence_features=spec)
    with pytest.raises(
        tf.errors.InvalidArgumentError, match="record 1: feature list 's' is required"
    ):
        io.parse_sequence_example(
            [cases.sequence(tf, {}, s=[[b"a"]]), cases.few(tf)], sequence_features=spec
        )


@pytest.mark.parametrize(
    ("feature", "result"),
    [
        (io.VarLenFeature(tf.float32), "VarLenFeature, whose result is a tf.SparseTensor"),
        (io.SparseFeature("i", "a", tf.float32, 10), "SparseFeature, .* tf.SparseTensor"),
        (io.RaggedFeature(tf.float32), "RaggedFeature, whose result is a tf.RaggedTensor"),
    ],
)
def test_results_that_do_not_exist_yet(feature, result):
    match = f"(?s)feature 'a' is a {result}; Deras does not have it yet.*hint: tf.io.FixedLenSeq"
    with pytest.raises(tf.errors.UnimplementedError, match=match):
        io.parse_example([cases.one(tf)], {"a": feature})
    with pytest.raises(tf.errors.UnimplementedError, match=match):
        io.parse_single_sequence_example(cases.steps(tf), sequence_features={"a": feature})


def test_features_that_are_none():
    with pytest.raises(ValueError, match=r"tf.float32 is not supported for feature 'a'"):
        io.parse_example([cases.one(tf)], {"a": tf.float32})
    with pytest.raises(TypeError, match="features must be a dict"):
        io.parse_example([cases.one(tf)], [("a", 1)])
    with pytest.raises(ValueError, match="feature 'a' has no shape"):
        io.parse_example([cases.one(tf)], {"a": io.FixedLenFeature(None, tf.float32)})
    with pytest.raises(ValueError, match="feature 'a' has no dtype"):
        io.parse_example([cases.one(tf)], {"a": io.FixedLenFeature([], None)})
    with pytest.raises(TypeError, match="partitions must be a list of RaggedFeature"):
        io.RaggedFeature(tf.float32, partitions=["x"])


def test_features_are_tuples():
    assert io.FixedLenFeature([2], tf.float32) == ([2], tf.float32, None)
    assert io.SparseFeature("i", "v", tf.float32, 4)._fields[-1] == "already_sorted"
    ragged = io.RaggedFeature(tf.int64, partitions=[io.RaggedFeature.RowSplits("splits")])
    assert (ragged.row_splits_dtype, ragged.value_key) == (tf.int32, None)
    plans = row_plans("x", ragged, "test")
    assert [(p.key, p.kind, p.dtype) for p in plans] == [
        ("splits", "rows", int64),
        ("x", "rows", int64),
    ]


def test_rows_are_values_and_how_many():
    serialized = np.array([cases.one(tf), cases.example(tf), cases.other(tf)], object)
    records = Records("test", serialized, np.empty((0,), object))
    maps = [m.features.feature for m in records.messages("Example")]
    plans = [Plan("a", "rows", float32), Plan("s", "rows", string)]
    found = outputs_of(records, plans, wire.features_by_key(maps), [])
    assert found[0].tolist() == [1, 2, 5, 6, 7, 8]
    assert found[1].tolist() == [2, 0, 4]
    assert found[2].tolist() == [b"x", b"yy", b"", b"\xff"]
    assert found[3].tolist() == [2, 0, 2]


def test_integers_of_every_length():
    rng = np.random.default_rng(0)
    sizes = rng.integers(0, 5, 200)
    rows = [
        (rng.integers(-(2**63), 2**63, n) >> rng.integers(0, 63, n)).astype(np.int64) for n in sizes
    ]
    records = [cases.example(tf, i=row) for row in rows]
    maps = [m.features.feature for m in wire.parse_messages("Example", records)]
    found = wire.column([m.get("i") for m in maps], int64)
    assert found.values.tolist() == np.concatenate(rows).tolist()
    assert found.counts.tolist() == sizes.tolist()


def test_static_shapes():
    features = {
        "a": io.FixedLenFeature([2, 3], tf.float32),
        "b": io.FixedLenSequenceFeature([4], tf.int64, allow_missing=True),
    }
    known = []

    @tf.function
    def parse(serialized):
        found = io.parse_example(serialized, features)
        known.append({key: value.shape.as_list() for key, value in found.items()})
        return found

    @tf.function
    def parse_one(serialized):
        found = io.parse_single_example(serialized, features)
        known.append({key: value.shape.as_list() for key, value in found.items()})
        return found

    record = cases.example(tf, a=np.arange(6.0), b=np.arange(8))
    batch = parse.get_concrete_function(tf.TensorSpec([None], tf.string))(tf.constant([record]))
    one = parse_one.get_concrete_function(tf.TensorSpec([], tf.string))(tf.constant(record))
    assert known == [
        {"a": [None, 2, 3], "b": [None, None, 4]},
        {"a": [2, 3], "b": [None, 4]},
    ]
    assert [batch["a"].shape, batch["b"].shape] == [[1, 2, 3], [1, 2, 4]]
    assert [one["a"].shape, one["b"].shape] == [[2, 3], [2, 4]]


def test_image_shapes_in_graphs():
    def shape(call):
        graph = tf.function(call, autograph=False)
        graph = graph.get_concrete_function(tf.TensorSpec([], tf.string))
        return graph.output_shapes

    assert shape(lambda x: io.decode_image(x)).rank is None
    assert shape(lambda x: io.decode_image(x, expand_animations=False)).as_list() == [None] * 3
    assert shape(lambda x: io.decode_jpeg(x)).as_list() == [None, None, None]
    assert shape(lambda x: io.decode_png(x, 3)).as_list() == [None, None, 3]
    assert shape(lambda x: io.decode_gif(x)).as_list() == [None, None, None, 3]
