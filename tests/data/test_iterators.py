"""Iterators: saved at every position, left early, ended threads, bounded memory."""

from __future__ import annotations

import gc
import threading
import time

import numpy as np
import pytest

import deras as tf
from deras._src.data import codec

D = tf.data.Dataset


def vectors(*lengths):
    def make():
        for n in lengths:
            yield np.arange(n, dtype=np.int32)

    return D.from_generator(make, output_signature=tf.TensorSpec([None], tf.int32))


def host_twice(x):
    return tf.numpy_function(lambda v: np.int64(v * 2), [x], tf.int64)


PIPELINES = {
    "range": lambda: D.range(7),
    "slices": lambda: D.from_tensor_slices({"a": [1, 2, 3], "b": ["x", "y", "z"]}),
    "tensors": lambda: D.from_tensors([1, 2]),
    "map": lambda: D.range(7).map(lambda x: x * 2),
    "map_rows": lambda: vectors(1, 3, 2).map(lambda v: v + 1),
    "map_threads": lambda: D.range(7).map(host_twice, num_parallel_calls=3),
    "map_after_generator": lambda: (
        D.from_generator(lambda: iter(range(9)), output_signature=tf.TensorSpec((), tf.int64))
        .map(lambda x: x + 1)
        .batch(2)
    ),
    "filter": lambda: D.range(20).filter(lambda x: x % 3 == 1),
    "filter_map": lambda: D.range(20).map(lambda x: x + 1).filter(lambda x: x % 3 == 1),
    "take_while": lambda: D.range(9).take_while(lambda x: x < 5),
    "shuffle": lambda: D.range(20).shuffle(6, seed=3),
    "shuffle_objects": lambda: vectors(1, 2, 3, 4).shuffle(3, seed=3),
    "shuffle_repeat": lambda: D.range(6).shuffle(4, seed=3).repeat(3),
    "shuffle_map_batch": lambda: D.range(30).shuffle(9, seed=1).map(lambda x: x * x).batch(4),
    "unseeded": lambda: D.range(12).shuffle(12),
    "batch": lambda: D.range(7).batch(3),
    "padded": lambda: vectors(1, 3, 2, 4).padded_batch(2),
    "unbatch": lambda: D.range(7).batch(3).unbatch(),
    "rebatch": lambda: D.range(9).batch(4).rebatch(3),
    "window": lambda: D.range(9).window(4, 2).flat_map(lambda w: w.batch(4)),
    "flat_map": lambda: D.range(5).flat_map(lambda x: D.range(x)),
    "interleave": lambda: D.range(5).interleave(lambda x: D.range(x, x + 3), 2, 2),
    "group": lambda: D.range(11).group_by_window(
        lambda x: x % 3, lambda k, d: d.batch(2), window_size=2
    ),
    "bucket": lambda: vectors(1, 5, 2, 4, 3).bucket_by_sequence_length(
        lambda v: tf.shape(v)[0], [3], [2, 2]
    ),
    "scan": lambda: D.range(6).scan(np.int64(1), lambda s, x: (s * 2, s + x)),
    "prefetch": lambda: D.range(9).batch(2).prefetch(2),
    "cache": lambda: D.range(4).map(lambda x: x + 1).cache().repeat(3),
    "cache_objects": lambda: vectors(1, 2).cache().repeat(2),
    "sample": lambda: D.sample_from_datasets([D.range(4), D.range(10, 15)], seed=2),
    "zip": lambda: D.zip(D.range(6).shuffle(3, seed=1), D.range(8).map(lambda x: -x)),
    "concatenate": lambda: D.range(3).concatenate(D.range(5, 8)),
    "enumerate": lambda: D.range(4, 8).enumerate(),
    "shard": lambda: D.range(12).shard(3, 1),
    "skip_take": lambda: D.range(12).skip(2).take(5),
    "unique": lambda: D.from_tensor_slices([1, 2, 1, 3, 2]).unique(),
    "random": lambda: D.random(seed=3).take(5),
    "ignore": lambda: (
        D.range(5).map(lambda i: tf.gather(tf.constant([1, 2, 3]), i)).ignore_errors()
    ),
    "training": lambda: (
        D.range(40)
        .map(lambda x: (tf.cast(x, tf.float32) * 0.5, x % 3))
        .cache()
        .shuffle(16, seed=5)
        .repeat(2)
        .batch(8, drop_remainder=True)
        .prefetch(2)
    ),
}


def listed(iterator):
    return [tf.nest.map_structure(lambda x: np.asarray(x).tolist(), e) for e in iterator]


@pytest.mark.parametrize("name", PIPELINES)
def test_state_at_every_position(name):
    dataset = PIPELINES[name]()
    whole = iter(dataset)
    rest = []
    states = []
    while True:
        states.append(whole._serialize_to_tensors())
        element = next(whole, None)
        if element is None:
            break
        rest.append(tf.nest.map_structure(lambda x: np.asarray(x).tolist(), element))
    assert len(states) == len(rest) + 1 > 1
    step = max(1, len(states) // 9)
    for position in [*range(0, len(states), step), len(rest)]:
        # A new dataset, as after a restart; and one that has gone on meanwhile.
        again = iter(PIPELINES[name]())
        if position % 2:
            next(again)
        again._restore_from_tensors(states[position])
        assert listed(again) == rest[position:]


def test_numpy_iterator_saves():
    iterator = D.range(5).as_numpy_iterator()
    next(iterator)
    state = iterator.save()
    assert [next(iterator), next(iterator)] == [1, 2]
    iterator.restore(state)
    assert list(iterator) == [1, 2, 3, 4]


def test_state_of_another_pipeline_is_refused():
    state = iter(D.range(5))._serialize_to_tensors()
    with pytest.raises(tf.errors.InvalidArgumentError, match="another pipeline"):
        iter(D.range(5).batch(2))._restore_from_tensors(state)


def test_damaged_state_is_refused():
    data = codec.dumps([1, np.arange(3)])
    for broken in (data[:-1], data[:10] + b"x" + data[11:], b"", b"DRSD"):
        with pytest.raises(tf.errors.DataLossError):
            codec.loads(broken)


def test_codec_keeps_kinds():
    value = {"a": (1, 2.5, None, True, b"x", "y"), 3: [np.array([b"p", b""], object)]}
    found = codec.loads(codec.dumps(value))
    assert found["a"] == value["a"]
    assert found[3][0].tolist() == [b"p", b""]
    half = np.array([1.5], tf.bfloat16.as_numpy_dtype)
    assert codec.loads(codec.dumps(half)).dtype == half.dtype
    with pytest.raises(TypeError, match="cannot be saved"):
        codec.dumps(object())


def data_threads():
    return [t for t in threading.enumerate() if t.name.startswith("deras-data")]


def no_threads_left():
    for _ in range(100):
        gc.collect()
        if not data_threads():
            return True
        time.sleep(0.02)
    return False


@pytest.mark.parametrize("how", ["break", "del", "end", "error"])
def test_no_thread_is_left(how):
    dataset = D.range(50).map(host_twice, num_parallel_calls=2).prefetch(2)
    if how == "error":
        dataset = dataset.map(lambda x: tf.gather(tf.constant([1]), x)).prefetch(2)
        with pytest.raises(tf.errors.InvalidArgumentError):
            for _ in dataset:
                pass
    elif how == "del":
        iterator = iter(dataset)
        next(iterator)
        assert data_threads()
        del iterator
    else:
        for _ in dataset:
            if how == "break":
                break
    assert no_threads_left()


def test_prefetch_is_bounded():
    made = []

    def generate():
        for i in range(100):
            made.append(i)
            yield i

    signature = tf.TensorSpec((), tf.int32)
    iterator = iter(D.from_generator(generate, output_signature=signature).prefetch(3))
    next(iterator)
    time.sleep(0.2)
    assert len(made) <= 5


def test_shuffle_buffer_is_bounded():
    seen = []

    def generate():
        for i in range(1000):
            seen.append(i)
            yield i

    signature = tf.TensorSpec((), tf.int32)
    iterator = iter(D.from_generator(generate, output_signature=signature).shuffle(10, seed=1))
    next(iterator)
    assert len(seen) == 10


def test_a_generator_is_not_run_ahead():
    made = []

    def generate():
        for i in range(100):
            made.append(i)
            yield i

    signature = tf.TensorSpec((), tf.int32)
    dataset = D.from_generator(generate, output_signature=signature).map(lambda x: x + 1)
    iterator = iter(dataset)
    next(iterator)
    assert made == [0]
    next(iter(dataset.batch(4)))
    assert made == [0, 0, 1, 2, 3]


def test_iterators_are_independent():
    dataset = D.range(3)
    one, two = iter(dataset), iter(dataset)
    assert [int(next(one)), int(next(one)), int(next(two))] == [0, 1, 0]


def test_end_of_iterator():
    iterator = iter(D.range(1))
    next(iterator)
    with pytest.raises(StopIteration):
        next(iterator)
    with pytest.raises(tf.errors.OutOfRangeError, match="End of sequence"):
        iterator.get_next()
    assert not bool(iterator.get_next_as_optional().has_value())
    with pytest.raises(tf.errors.InvalidArgumentError, match="does not have a value"):
        iterator.get_next_as_optional().get_value()


def test_several_threads_read_one_iterator():
    iterator = iter(D.range(300).map(lambda x: x * 2))
    found = []

    def read():
        found.extend(int(x) for x in iterator)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert sorted(found) == list(range(0, 600, 2))
