"""Bad input, errors of the user's functions, options, profiles, and the small transformations."""

from __future__ import annotations

import threading

import numpy as np
import pytest

import deras as tf

D = tf.data.Dataset
E = tf.data.experimental


def ints():
    return D.range(5)


@pytest.mark.parametrize(
    ("make", "error", "match"),
    [
        (lambda: D.from_tensor_slices(3), ValueError, "no rows"),
        (lambda: D.from_tensor_slices(([1, 2], [1, 2, 3])), ValueError, "not compatible"),
        (lambda: D.from_generator(3, tf.int32), TypeError, "must be a Python callable"),
        (lambda: D.from_generator(range), TypeError, "output signature"),
        (lambda: D.range(1.5), TypeError, "must be an integer"),
        (lambda: D.range(1, 5, 0), tf.errors.InvalidArgumentError, "step must not be 0"),
        (lambda: D.zip(), TypeError, "at least one dataset"),
        (lambda: D.zip(ints(), 3), TypeError, "datasets"),
        (lambda: ints().map(3), ValueError, "must be a callable"),
        (lambda: ints().map(lambda x: object()), TypeError, "unsupported return value"),
        (lambda: ints().filter(lambda x: x), ValueError, "scalar boolean"),
        (lambda: ints().flat_map(lambda x: x), TypeError, "must return a `Dataset`"),
        (lambda: ints().interleave(lambda x: x), TypeError, "must return a `Dataset`"),
        (lambda: ints().batch(0), tf.errors.InvalidArgumentError, "greater than zero"),
        (lambda: ints().batch("a"), TypeError, "integer"),
        (lambda: ints().padded_batch(2, [2]), ValueError, "not compatible"),
        (lambda: ints().window(0), tf.errors.InvalidArgumentError, "size must be greater"),
        (lambda: ints().shard(2, 3), tf.errors.InvalidArgumentError, "index must be"),
        (lambda: ints().shuffle(0), tf.errors.InvalidArgumentError, "buffer_size"),
        (lambda: ints().prefetch(-2), tf.errors.InvalidArgumentError, "buffer_size"),
        (lambda: ints().unbatch(), ValueError, "no rows"),
        (lambda: ints().window(2).batch(2), TypeError, "cannot be batched"),
        (lambda: ints().scan(0, lambda s, x: (x, x)), TypeError, "int32.*int64"),
        (lambda: ints().reduce(0, lambda s, x: x), TypeError, "int32.*int64"),
        (lambda: ints().apply(lambda d: 3), TypeError, "must return a `tf.data.Dataset`"),
        (lambda: ints().with_options(3), TypeError, "tf.data.Options"),
        (lambda: ints().concatenate(D.from_tensors(1.0)), TypeError, "do not fit"),
        (lambda: len(ints().repeat()), TypeError, "infinite"),
        (lambda: len(ints().filter(lambda x: x > 1)), TypeError, "unknown"),
        (lambda: D.sample_from_datasets([]), ValueError, "not be empty"),
        (lambda: D.sample_from_datasets([ints(), ints()], [1.0]), ValueError, "compatible"),
        (lambda: ints().sparse_batch(2, [3]), NotImplementedError, "SparseTensor"),
        (
            lambda: ints().map(lambda x: tf.range(x)).ragged_batch(2),
            NotImplementedError,
            "RaggedTensor",
        ),
        (lambda: ints().get_single_element(), tf.errors.InvalidArgumentError, "more than one"),
        (lambda: ints().take(0).get_single_element(), tf.errors.InvalidArgumentError, "empty"),
        (lambda: ints().group_by_window(lambda x: x, lambda k, d: d), ValueError, "window_size"),
        (lambda: D.from_tensors(1.0).unique(), TypeError, "int32, int64 or string"),
        (lambda: D(3), TypeError, "static methods"),
        (lambda: E.at(ints(), 9), tf.errors.OutOfRangeError, "no element 9"),
        (lambda: E.from_list([]), ValueError, "not be empty"),
        (lambda: E.copy_to_device("/gpu:99"), tf.errors.InvalidArgumentError, "no device"),
        (lambda: E.get_structure(3), TypeError, "dataset_or_iterator"),
    ],
)
def test_bad_arguments(make, error, match):
    with pytest.raises(error, match=match):
        make()


@pytest.mark.parametrize(
    ("values", "spec", "match"),
    [
        ([1, "a"], tf.TensorSpec((), tf.int32), "could not be converted.*int32.*element 1"),
        ([1, [2]], tf.TensorSpec((), tf.int32), r"element of shape \(1,\) where.*element 1"),
        ([(1, 2), 3], (tf.TensorSpec(()), tf.TensorSpec(())), "expected structure.*element 1"),
    ],
)
def test_a_generator_that_breaks_its_signature(values, spec, match):
    iterator = iter(D.from_generator(lambda: iter(values), output_signature=spec))
    next(iterator)
    with pytest.raises(tf.errors.InvalidArgumentError, match=f"(?s){match}"):
        next(iterator)


@pytest.mark.parametrize(
    ("raised", "kind"),
    [
        (ValueError("bad"), tf.errors.InvalidArgumentError),
        (ZeroDivisionError("bad"), tf.errors.UnknownError),
        (NotImplementedError("bad"), tf.errors.UnimplementedError),
    ],
)
@pytest.mark.parametrize("threads", [None, 3])
@pytest.mark.parametrize("ahead", [False, True])
def test_an_error_in_python_reaches_the_consumer(raised, kind, threads, ahead):
    def fail(v):
        if v == 3:
            raise raised
        return v

    dataset = D.range(6).map(lambda x: tf.numpy_function(fail, [x], tf.int64), threads)
    dataset = dataset.prefetch(2) if ahead else dataset
    iterator = iter(dataset)
    assert [int(next(iterator)) for _ in range(3)] == [0, 1, 2]
    match = rf"(?s){type(raised).__name__}: bad.*element 3.*test_errors_and_options.py"
    with pytest.raises(kind, match=match) as caught:
        next(iterator)
    assert caught.value.__cause__ is raised
    assert [int(x) for x in iterator] == [4, 5]


def test_an_error_in_a_generator():
    def generate():
        yield 1
        raise ValueError("broken")

    dataset = D.from_generator(generate, output_signature=tf.TensorSpec((), tf.int32))
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"(?s)ValueError: broken.*element 1"):
        list(dataset)


def test_unlike_shapes_in_a_batch():
    dataset = D.range(1, 4).map(lambda n: tf.ones([n])).batch(3)
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"element 1 had shape \[2\]"):
        list(dataset)
    both = D.from_tensor_slices([[1, 2]]).concatenate(D.from_tensor_slices([[1, 2, 3]]))
    assert [len(x) for x in both.shuffle(2, seed=1).map(lambda x: x + 1)] in ([2, 3], [3, 2])
    with pytest.raises(tf.errors.InvalidArgumentError, match="different shapes"):
        list(both.batch(2))
    dataset = D.range(1, 4).map(lambda n: tf.ones([n])).padded_batch(3, [2])
    with pytest.raises(tf.errors.DataLossError, match="smaller size"):
        list(dataset)


def test_wrong_cardinality():
    for size, match in ((4, "at least 5"), (6, "contained 5")):
        dataset = D.range(5).apply(E.assert_cardinality(size))
        with pytest.raises(tf.errors.FailedPreconditionError, match=match):
            list(dataset)


def test_options():
    options = tf.data.Options()
    options.deterministic = False
    options.autotune.enabled = True
    options.experimental_optimization.map_fusion = True
    options.threading.private_threadpool_size = 2
    dataset = ints().with_options(options).map(lambda x: x)
    found = dataset.options()
    assert found.deterministic is False
    assert found.experimental_deterministic is False
    assert found.autotune.enabled is True
    assert found.experimental_threading.private_threadpool_size == 2
    other = tf.data.Options()
    other.deterministic = True
    assert dataset.with_options(other).options().deterministic is True
    assert options == options.merge(tf.data.Options())
    assert options.experimental_distribute.auto_shard_policy is E.AutoShardPolicy.AUTO
    with pytest.raises(AttributeError, match="Cannot set the property"):
        options.no_such = 3
    with pytest.raises(TypeError, match="must be of type"):
        options.deterministic = 3
    assert "deterministic" in dir(options)


def test_elements_as_they_are_ready():
    options = tf.data.Options()
    options.deterministic = False
    waiting = threading.Event()

    def slow_first(v):
        if v == 0:
            waiting.wait(5)
        else:
            waiting.set()
        return v

    dataset = D.range(4).map(lambda x: tf.numpy_function(slow_first, [x], tf.int64), 4)
    assert sorted(int(x) for x in dataset.with_options(options)) == [0, 1, 2, 3]


def test_profile():
    dataset = D.range(200).map(lambda x: x + 1).shuffle(20, seed=1).batch(10).prefetch(2)
    report = tf.data.profile(dataset)
    assert report.elements == 20
    assert [s.elements for s in report.steps] == [200, 200, 200, 20, 20]
    assert report.steps[-1].queue is not None
    text = str(report)
    assert "bottleneck: " in text
    assert "test_errors_and_options.py" in text
    slow = D.range(20).map(lambda x: tf.numpy_function(lambda v: v, [x], tf.int64))
    advice = "\n".join(tf.data.profile(slow, elements=5).advice)
    assert "prefetch" in advice
    assert "num_parallel_calls" in advice


def test_small_helpers():
    assert [int(x) for x in D.range(3).apply(E.enumerate_dataset(5)).map(lambda i, x: i)] == [
        5,
        6,
        7,
    ]
    assert int(E.cardinality(ints())) == 5
    assert int(E.get_single_element(D.from_tensors(3))) == 3
    assert [int(x) for x in E.Counter(2).take(2)] == [2, 3]
    assert len(list(E.RandomDataset(seed=1).take(3))) == 3
    assert ints().fingerprint().dtype == tf.uint64
    assert int(ints().fingerprint()) == int(ints().fingerprint())
    assert int(ints().fingerprint()) != int(ints().batch(2).fingerprint())
    on_device = D.range(3).apply(E.prefetch_to_device("/cpu:0"))
    assert [int(x) for x in on_device] == [0, 1, 2]
    assert [int(x) for x in D.range(2).apply(E.copy_to_device("/cpu:0"))] == [0, 1]
    assert repr(ints()).startswith("<_RangeDataset element_spec=TensorSpec(shape=()")


def test_parsed_examples(tmp_path):
    pytest.importorskip("google.protobuf")
    pytest.importorskip("google_crc32c")

    def example(i):
        feature = tf.train.Feature(int64_list=tf.train.Int64List(value=[i]))
        found = tf.train.Example(features=tf.train.Features(feature={"n": feature}))
        return found.SerializeToString()

    path = str(tmp_path / "x.tfrecord")
    E.TFRecordWriter(path).write(D.from_tensor_slices([example(i) for i in range(5)]))
    features = {"n": tf.io.FixedLenFeature([], tf.int64)}
    dataset = E.make_batched_features_dataset(path, 2, features, num_epochs=1, shuffle=False)
    assert [x["n"].numpy().tolist() for x in dataset] == [[0, 1], [2, 3], [4]]


def test_elements_share_no_memory_with_the_user():
    array = np.arange(4)
    dataset = D.from_tensor_slices(array)
    array[:] = 9
    assert [int(x) for x in dataset] == [0, 1, 2, 3]
    with pytest.raises(ValueError, match="read-only"):
        next(D.from_tensors([1, 2]).as_numpy_iterator())[0] = 5
