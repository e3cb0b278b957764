"""Small pipelines, each run by TensorFlow (scripts/golden_data.py) and by Deras.

A case is a function of the module `tf` that gives a dataset, or a list of datasets that are read
one after the other.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

CASES: dict[str, Callable[[Any], Any]] = {}


def table(cases: dict[str, Callable[[Any, Any], Any]]) -> None:
    """Adds cases, functions of `tf` and its Dataset class."""
    for name, function in cases.items():
        CASES[name] = lambda tf, function=function: function(tf, tf.data.Dataset)


def rows(*lengths: int) -> Any:
    """A generator of vectors of these lengths."""

    def make() -> Any:
        for n in lengths:
            yield np.arange(1, n + 1, dtype=np.int32)

    return make


def ragged(tf: Any, *lengths: int) -> Any:
    spec = tf.TensorSpec([None], tf.int32)
    return tf.data.Dataset.from_generator(rows(*lengths), output_signature=spec)


def strings(tf: Any) -> Any:
    return tf.data.Dataset.from_tensor_slices(["one", "two", "", "four"])


def pairs(tf: Any) -> Any:
    a = np.arange(6, dtype=np.float32).reshape(3, 2)
    return tf.data.Dataset.from_tensor_slices((a, {"n": [3, 1, 2], "s": ["x", "y", "z"]}))


table(
    {
        "from_tensors": lambda tf, D: D.from_tensors([1, 2, 3]),
        "from_tensors_nested": lambda tf, D: D.from_tensors((1, {"a": [2.0, 3.0], "b": "x"})),
        "from_tensors_scalar_float": lambda tf, D: D.from_tensors(2.5),
        "from_tensors_numpy": lambda tf, D: D.from_tensors(np.ones((2, 2))),
        "slices": lambda tf, D: D.from_tensor_slices([1, 2, 3]),
        "slices_matrix": lambda tf, D: D.from_tensor_slices(np.arange(6).reshape(3, 2)),
        "slices_tuple": lambda tf, D: D.from_tensor_slices(([1, 2], [3.0, 4.0])),
        "slices_dict": lambda tf, D: D.from_tensor_slices({"b": [1, 2], "a": ["x", "y"]}),
        "slices_nested": lambda tf, D: pairs(tf),
        "slices_list_is_tensor": lambda tf, D: D.from_tensor_slices([[1, 2], [3, 4]]),
        "slices_empty": lambda tf, D: D.from_tensor_slices(np.zeros((0, 2), np.float32)),
        "slices_bool": lambda tf, D: D.from_tensor_slices([True, False]),
        "slices_uint8": lambda tf, D: D.from_tensor_slices(np.array([1, 255], np.uint8)),
        "range": lambda tf, D: D.range(5),
        "range_two": lambda tf, D: D.range(2, 5),
        "range_step": lambda tf, D: D.range(1, 10, 3),
        "range_negative": lambda tf, D: D.range(5, 0, -2),
        "range_empty": lambda tf, D: D.range(5, 1),
        "range_int32": lambda tf, D: D.range(3, output_type=tf.int32),
        "range_float": lambda tf, D: D.range(3, output_type=tf.float32),
        "counter": lambda tf, D: D.counter().take(3),
        "counter_step": lambda tf, D: D.counter(5, -2).take(4),
        "counter_int32": lambda tf, D: D.counter(1, 2, dtype=tf.int32).take(2),
        "from_list": lambda tf, D: tf.data.experimental.from_list([(1, "a"), (2, "b")]),
        "generator": lambda tf, D: ragged(tf, 2, 0, 3),
        "generator_types": lambda tf, D: D.from_generator(lambda: range(3), tf.int64, []),
        "generator_args": lambda tf, D: D.from_generator(
            range, args=(2, 5), output_signature=tf.TensorSpec((), tf.int32)
        ),
        "generator_structure": lambda tf, D: D.from_generator(
            lambda: iter([(1, {"a": 2.0}), (3, {"a": 4.0})]),
            output_signature=(tf.TensorSpec((), tf.int32), {"a": tf.TensorSpec((), tf.float32)}),
        ),
        "zip": lambda tf, D: D.zip(D.range(3), D.range(10, 15)),
        "zip_tuple": lambda tf, D: D.zip((D.range(3), D.range(5, 8), strings(tf))),
        "zip_dict": lambda tf, D: D.zip({"a": D.range(2), "b": (D.range(3), strings(tf))}),
        "zip_structures": lambda tf, D: D.zip(pairs(tf), D.range(5)),
        "choose": lambda tf, D: D.choose_from_datasets(
            [D.range(0, 3), D.range(10, 13), D.range(20, 23)],
            D.from_tensor_slices(np.array([0, 1, 2, 0, 0, 2, 1], np.int64)),
        ),
        "choose_stops": lambda tf, D: D.choose_from_datasets(
            [D.range(1), D.range(10, 15)],
            D.from_tensor_slices(np.array([0, 1, 0, 1, 1], np.int64)),
        ),
        "choose_goes_on": lambda tf, D: D.choose_from_datasets(
            [D.range(1), D.range(10, 15)],
            D.from_tensor_slices(np.array([0, 1, 0, 1, 1], np.int64)),
            stop_on_empty_dataset=False,
        ),
        "random": lambda tf, D: D.random(seed=5).take(9),
        "random_other_seed": lambda tf, D: D.random(seed=0).take(5),
        "random_twice": lambda tf, D: [D.random(seed=4).take(3)] * 2,
        "random_fresh": lambda tf, D: (
            [D.random(seed=4, rerandomize_each_iteration=True).take(3)] * 3
        ),
        "random_batched": lambda tf, D: D.random(seed=9).batch(4).take(2),
    }
)

table(
    {
        "map": lambda tf, D: D.range(5).map(lambda x: x * 2),
        "map_float": lambda tf, D: D.range(300).map(lambda x: tf.sqrt(tf.cast(x, tf.float32))),
        "map_tuple_in": lambda tf, D: D.zip(D.range(3), D.range(5, 8)).map(lambda a, b: a * b),
        "map_tuple_out": lambda tf, D: D.range(3).map(lambda x: (x, x + 1)),
        "map_list_out": lambda tf, D: D.range(3).map(lambda x: [x, -x]),
        "map_dict_in": lambda tf, D: D.from_tensor_slices({"a": [1, 2], "b": [3, 4]}).map(
            lambda d: d["a"] + d["b"]
        ),
        "map_dict_out": lambda tf, D: D.range(3).map(lambda x: {"x": x, "y": [x, x]}),
        "map_nested_structure": lambda tf, D: pairs(tf).map(lambda a, d: (d["n"], a * 2.0)),
        "map_constant": lambda tf, D: D.range(3).map(lambda x: 7),
        "map_string_constant": lambda tf, D: D.range(2).map(lambda x: "s"),
        "map_if": lambda tf, D: D.range(6).map(lambda x: x if x % 2 == 0 else -x),
        "map_cond": lambda tf, D: D.range(6).map(
            lambda x: tf.cond(x > 3, lambda: x * 10, lambda: x)
        ),
        "map_while": lambda tf, D: D.range(6).map(
            lambda x: tf.while_loop(lambda i, s: i < x, lambda i, s: (i + 1, s + i), (x * 0, x))[1]
        ),
        "map_vector": lambda tf, D: D.range(4).map(lambda x: tf.fill([3], x)),
        "map_dynamic_shape": lambda tf, D: D.range(4).map(lambda x: tf.range(x)),
        "map_reduce": lambda tf, D: D.from_tensor_slices(np.arange(12.0).reshape(4, 3)).map(
            lambda row: tf.reduce_sum(row)
        ),
        "map_matmul": lambda tf, D: D.from_tensor_slices(
            np.arange(24, dtype=np.float32).reshape(2, 3, 4)
        ).map(lambda m: tf.matmul(m, tf.ones([4, 2]))),
        "map_one_hot": lambda tf, D: D.range(4).map(lambda x: tf.one_hot(x, 3)),
        "map_gather": lambda tf, D: D.range(3).map(
            lambda i: tf.gather(tf.constant([5.0, 6.0, 7.0]), i)
        ),
        "map_py_function": lambda tf, D: D.range(4).map(
            lambda x: tf.py_function(lambda v: int(v) ** 2, [x], tf.int64)
        ),
        "map_numpy_function": lambda tf, D: D.range(4).map(
            lambda x: tf.numpy_function(lambda v: np.int64(v + 1), [x], tf.int64)
        ),
        "map_parallel": lambda tf, D: D.range(10).map(lambda x: x + 1, num_parallel_calls=4),
        "map_parallel_host": lambda tf, D: D.range(8).map(
            lambda x: tf.numpy_function(lambda v: np.int64(v * 3), [x], tf.int64),
            num_parallel_calls=3,
        ),
        "map_autotune": lambda tf, D: D.range(6).map(
            lambda x: x - 1, num_parallel_calls=tf.data.AUTOTUNE
        ),
        "map_map": lambda tf, D: D.range(5).map(lambda x: x + 1).map(lambda y: y * y),
        "map_shapes": lambda tf, D: ragged(tf, 2, 3).map(lambda v: (tf.shape(v)[0], v + 1)),
        "map_ignores_input": lambda tf, D: D.range(3).map(lambda x: tf.constant([1, 2])),
        "map_bool": lambda tf, D: D.range(4).map(lambda x: x > 1),
        "map_captured": lambda tf, D: _plus(tf, D.range(3), tf.constant(5, tf.int64)),
        "filter": lambda tf, D: D.range(10).filter(lambda x: x % 3 == 0),
        "filter_none": lambda tf, D: D.range(10).filter(lambda x: x > 50),
        "filter_tuple": lambda tf, D: D.zip(D.range(5), D.range(5, 0, -1)).filter(
            lambda a, b: a < b
        ),
        "filter_ragged": lambda tf, D: ragged(tf, 1, 4, 2, 5).filter(lambda v: tf.size(v) > 2),
        "filter_infinite": lambda tf, D: D.counter().filter(lambda x: x % 100 == 7).take(3),
        "take_while": lambda tf, D: D.range(10).take_while(lambda x: x < 4),
        "take_while_repeat": lambda tf, D: D.range(4).repeat(2).take_while(lambda x: x < 3),
        "scan": lambda tf, D: D.range(5).scan(np.int64(0), lambda s, x: (s + x, s + x)),
        "scan_structure": lambda tf, D: D.range(5).scan(
            (np.int64(1), np.int64(1)), lambda s, x: ((s[1], s[0] + s[1]), s[0])
        ),
        "scan_two_outputs": lambda tf, D: D.range(4).scan(
            np.int64(10), lambda s, x: (s - x, {"state": s, "x": x})
        ),
        "scan_growing": lambda tf, D: D.range(3).scan(
            np.zeros(0, np.int64), lambda s, x: (tf.concat([s, [x]], 0), tf.size(s))
        ),
        "flat_map": lambda tf, D: D.range(4).flat_map(lambda x: D.range(x)),
        "flat_map_slices": lambda tf, D: D.from_tensor_slices([[1, 2], [3, 4]]).flat_map(
            lambda row: D.from_tensor_slices(row)
        ),
        "flat_map_map": lambda tf, D: D.range(3).flat_map(
            lambda x: D.range(2).map(lambda y: x * 10 + y)
        ),
        "flat_map_batch": lambda tf, D: D.range(1, 4).flat_map(lambda x: D.range(5).batch(x)),
        "flat_map_zip": lambda tf, D: D.range(2).flat_map(
            lambda x: D.zip(D.from_tensors(x).repeat(2), D.range(x, x + 2))
        ),
        "flat_map_ragged": lambda tf, D: ragged(tf, 2, 0, 1).flat_map(D.from_tensor_slices),
        "flat_map_nested": lambda tf, D: D.range(3).flat_map(
            lambda x: D.range(x).flat_map(lambda y: D.from_tensors((x, y)))
        ),
        "flat_map_filter": lambda tf, D: D.range(4).flat_map(
            lambda x: D.range(5).filter(lambda y: y < x)
        ),
        "interleave": lambda tf, D: D.range(1, 6).interleave(
            lambda x: D.from_tensors(x).repeat(6), cycle_length=2, block_length=4
        ),
        "interleave_one": lambda tf, D: D.range(4).interleave(
            lambda x: D.range(x * 10, x * 10 + 3), cycle_length=3
        ),
        "interleave_uneven": lambda tf, D: D.range(6).interleave(
            lambda x: D.from_tensors(x).repeat(x), cycle_length=3, block_length=2
        ),
        "interleave_cycle_longer": lambda tf, D: D.range(3).interleave(
            lambda x: D.from_tensors(x).repeat(3), cycle_length=10
        ),
        "interleave_parallel": lambda tf, D: D.range(1, 6).interleave(
            lambda x: D.from_tensors(x).repeat(x),
            cycle_length=2,
            block_length=2,
            num_parallel_calls=2,
        ),
    }
)

table(
    {
        "batch": lambda tf, D: D.range(7).batch(3),
        "batch_drop": lambda tf, D: D.range(7).batch(3, drop_remainder=True),
        "batch_exact": lambda tf, D: D.range(6).batch(3),
        "batch_of_batches": lambda tf, D: D.range(12).batch(2).batch(3),
        "batch_structure": lambda tf, D: pairs(tf).batch(2),
        "batch_strings": lambda tf, D: strings(tf).batch(3),
        "batch_too_large": lambda tf, D: D.range(3).batch(10),
        "batch_map": lambda tf, D: D.range(6).batch(2).map(lambda v: tf.reduce_sum(v)),
        "batch_empty": lambda tf, D: D.range(0).batch(3),
        "map_batch": lambda tf, D: D.range(10).map(lambda x: tf.cast(x, tf.float32) * 0.3).batch(4),
        "padded": lambda tf, D: ragged(tf, 1, 3, 2).padded_batch(2),
        "padded_shapes": lambda tf, D: ragged(tf, 1, 3, 2).padded_batch(2, [4]),
        "padded_none": lambda tf, D: ragged(tf, 1, 3, 2).padded_batch(2, padded_shapes=[None]),
        "padded_values": lambda tf, D: ragged(tf, 1, 3).padded_batch(2, [None], padding_values=-1),
        "padded_drop": lambda tf, D: ragged(tf, 1, 3, 2).padded_batch(2, drop_remainder=True),
        "padded_tuple": lambda tf, D: D.zip(ragged(tf, 1, 2), D.range(2)).padded_batch(
            2, padded_shapes=([3], []), padding_values=(7, None)
        ),
        "padded_dict": lambda tf, D: (
            ragged(tf, 2, 1)
            .map(lambda v: {"v": v, "n": tf.size(v)})
            .padded_batch(2, {"v": [-1], "n": []})
        ),
        "padded_strings": lambda tf, D: D.from_generator(
            lambda: iter([["s"], ["t", "uv"]]),
            output_signature=tf.TensorSpec([None], tf.string),
        ).padded_batch(2, [3]),
        "padded_string_values": lambda tf, D: D.from_generator(
            lambda: iter([["s"], ["t", "uv"]]),
            output_signature=tf.TensorSpec([None], tf.string),
        ).padded_batch(2, padding_values="-"),
        "padded_matrix": lambda tf, D: (
            D.range(1, 4).map(lambda n: tf.ones(tf.stack([n, 4 - n]))).padded_batch(3, [None, None])
        ),
        "ragged_batch_uniform": lambda tf, D: D.range(5).ragged_batch(2),
        "unbatch": lambda tf, D: D.range(6).batch(4).unbatch(),
        "unbatch_structure": lambda tf, D: D.from_tensors(([1, 2], ["a", "b"])).unbatch(),
        "unbatch_ragged": lambda tf, D: ragged(tf, 2, 0, 1).unbatch(),
        "unbatch_matrix": lambda tf, D: D.from_tensors(np.arange(6).reshape(2, 3)).unbatch(),
        "rebatch": lambda tf, D: D.range(8).batch(4).rebatch(3),
        "rebatch_drop": lambda tf, D: D.range(8).batch(4).rebatch(3, drop_remainder=True),
        "rebatch_sizes": lambda tf, D: D.range(8).batch(4).rebatch([2, 1, 1]),
        "rebatch_larger": lambda tf, D: D.range(8).batch(3).rebatch(5),
        "window": lambda tf, D: D.range(7).window(3).flat_map(lambda w: w.batch(3)),
        "window_shift": lambda tf, D: (
            D.range(7).window(3, 1, drop_remainder=True).flat_map(lambda w: w.batch(3))
        ),
        "window_stride": lambda tf, D: D.range(7).window(3, 1, 2).flat_map(lambda w: w.batch(3)),
        "window_stride_drop": lambda tf, D: (
            D.range(7).window(3, 1, 2, True).flat_map(lambda w: w.batch(3))
        ),
        "window_gaps": lambda tf, D: D.range(10).window(2, 4).flat_map(lambda w: w.batch(2)),
        "window_tuple": lambda tf, D: (
            D.zip(D.range(4), D.range(4, 8))
            .window(2)
            .flat_map(lambda a, b: D.zip(a.batch(2), b.batch(2)))
        ),
        "window_reduce": lambda tf, D: (
            D.range(6).window(3).map(lambda w: w.reduce(np.int64(0), lambda s, x: s + x))
        ),
        "window_sizes": lambda tf, D: D.range(5).window(2).map(lambda w: w.cardinality()),
        "group_by_window": lambda tf, D: D.range(10).group_by_window(
            lambda x: x % 2, lambda k, d: d.batch(5), window_size=5
        ),
        "group_by_window_rest": lambda tf, D: D.range(11).group_by_window(
            lambda x: x % 3, lambda k, d: d.batch(10), window_size=2
        ),
        "group_by_window_size_func": lambda tf, D: D.range(12).group_by_window(
            lambda x: x % 2, lambda k, d: d.batch(10), window_size_func=lambda k: k + 2
        ),
        "group_by_window_key": lambda tf, D: D.range(6).group_by_window(
            lambda x: x % 2, lambda k, d: d.map(lambda x: (k, x)), window_size=2
        ),
        "bucket": lambda tf, D: ragged(tf, 1, 5, 3, 2, 7, 1, 4).bucket_by_sequence_length(
            lambda v: tf.shape(v)[0], [3, 5], [2, 2, 2]
        ),
        "bucket_boundary": lambda tf, D: ragged(tf, 1, 2, 3, 2, 4).bucket_by_sequence_length(
            lambda v: tf.shape(v)[0], [3, 6], [2, 2, 1], pad_to_bucket_boundary=True
        ),
        "bucket_drop": lambda tf, D: ragged(tf, 1, 2, 3, 2, 4).bucket_by_sequence_length(
            lambda v: tf.shape(v)[0], [3], [2, 2], drop_remainder=True
        ),
        "bucket_pairs": lambda tf, D: D.zip(
            ragged(tf, 1, 3, 2), D.range(3)
        ).bucket_by_sequence_length(
            lambda v, n: tf.shape(v)[0], [2], [2, 2], padded_shapes=([None], [])
        ),
        "group_by_reducer": lambda tf, D: D.range(6).apply(
            tf.data.experimental.group_by_reducer(
                lambda x: x % 2,
                tf.data.experimental.Reducer(
                    lambda k: np.int64(0), lambda s, x: s + x, lambda s: s * 10
                ),
            )
        ),
    }
)

table(
    {
        "shuffle": lambda tf, D: D.range(10).shuffle(3, seed=1),
        "shuffle_whole": lambda tf, D: D.range(10).shuffle(10, seed=42),
        "shuffle_larger": lambda tf, D: D.range(6).shuffle(100, seed=7),
        "shuffle_one": lambda tf, D: D.range(5).shuffle(1, seed=7),
        "shuffle_zero_seed": lambda tf, D: D.range(8).shuffle(4, seed=0),
        "shuffle_negative_seed": lambda tf, D: D.range(8).shuffle(4, seed=-3),
        "shuffle_long": lambda tf, D: D.range(500).shuffle(64, seed=11).batch(50),
        "shuffle_strings": lambda tf, D: strings(tf).shuffle(4, seed=2),
        "shuffle_structure": lambda tf, D: pairs(tf).shuffle(3, seed=2),
        "shuffle_ragged": lambda tf, D: ragged(tf, 1, 2, 3, 4).shuffle(4, seed=2),
        "shuffle_unknown": lambda tf, D: D.range(9).shuffle(tf.data.UNKNOWN_CARDINALITY, seed=3),
        "shuffle_twice": lambda tf, D: [D.range(6).shuffle(6, seed=5)] * 3,
        "shuffle_same": lambda tf, D: (
            [D.range(6).shuffle(6, seed=5, reshuffle_each_iteration=False)] * 2
        ),
        "shuffle_repeat": lambda tf, D: D.range(5).shuffle(5, seed=3).repeat(3),
        "shuffle_repeat_small": lambda tf, D: D.range(7).shuffle(3, seed=3).repeat(2),
        "shuffle_repeat_same": lambda tf, D: (
            D.range(5).shuffle(5, seed=3, reshuffle_each_iteration=False).repeat(2)
        ),
        "shuffle_repeat_twice": lambda tf, D: [D.range(4).shuffle(4, seed=3).repeat(2)] * 2,
        "shuffle_map_repeat": lambda tf, D: (
            D.range(5).shuffle(5, seed=3).map(lambda x: x * 2).repeat(2)
        ),
        "shuffle_batch_repeat": lambda tf, D: D.range(6).shuffle(6, seed=8).batch(4).repeat(2),
        "repeat_shuffle": lambda tf, D: D.range(4).repeat(3).shuffle(3, seed=9),
        "shuffle_shuffle": lambda tf, D: D.range(8).shuffle(4, seed=1).shuffle(4, seed=2),
        "shuffle_take": lambda tf, D: D.range(20).shuffle(8, seed=6).take(5),
        "shuffle_cache": lambda tf, D: [D.range(6).shuffle(6, seed=5).cache()] * 2,
        "cache_shuffle": lambda tf, D: [D.range(6).cache().shuffle(6, seed=5)] * 2,
        "map_shuffle_batch": lambda tf, D: (
            D.range(40).map(lambda x: tf.cast(x, tf.float32) * 0.1).shuffle(16, seed=4).batch(8)
        ),
        "shuffle_two_users": lambda tf, D: _two_users(tf, D.range(6).shuffle(6, seed=5)),
        "shuffle_and_repeat": lambda tf, D: D.range(5).apply(
            tf.data.experimental.shuffle_and_repeat(5, 2, seed=3)
        ),
        "shuffle_filter": lambda tf, D: D.range(12).shuffle(12, seed=4).filter(lambda x: x < 5),
        "shuffle_in_flat_map": lambda tf, D: D.range(3).flat_map(
            lambda x: D.range(4).shuffle(4, seed=1)
        ),
        "sample": lambda tf, D: D.sample_from_datasets([D.range(5), D.range(10, 15)], seed=3),
        "sample_weights": lambda tf, D: D.sample_from_datasets(
            [D.range(8), D.range(10, 18), D.range(20, 28)], [0.5, 0.3, 0.2], seed=6
        ),
        "sample_stops": lambda tf, D: D.sample_from_datasets(
            [D.range(3), D.range(10, 20)], seed=3, stop_on_empty_dataset=True
        ),
        "sample_twice": lambda tf, D: (
            [D.sample_from_datasets([D.range(3), D.range(10, 13)], seed=1)] * 2
        ),
        "sample_fresh": lambda tf, D: (
            [
                D.sample_from_datasets(
                    [D.range(3), D.range(10, 13)], seed=1, rerandomize_each_iteration=True
                )
            ]
            * 2
        ),
        "sample_infinite": lambda tf, D: D.sample_from_datasets(
            [D.counter(), D.counter(100)], [0.9, 0.1], seed=2
        ).take(20),
        "sample_zero_weight": lambda tf, D: D.sample_from_datasets(
            [D.range(3), D.range(10, 14), D.range(20, 23)], [0.5, 0.0, 0.5], seed=6
        ),
        "sample_one": lambda tf, D: D.sample_from_datasets([D.range(3)], seed=6),
        "cache_in_flat_map": lambda tf, D: D.range(2).flat_map(
            lambda x: D.range(3).map(lambda y: x + y).cache().repeat(2)
        ),
        "random_in_flat_map": lambda tf, D: D.range(2).flat_map(lambda x: D.random(seed=1).take(2)),
        "sample_weight_dataset": lambda tf, D: D.sample_from_datasets(
            [D.range(4), D.range(10, 14)],
            D.from_tensors([0.5, 0.5]).repeat(),
            seed=2,
        ),
        "global_seed": lambda tf, D: _with_seed(tf, lambda: D.range(8).shuffle(8)),
        "global_and_op_seed": lambda tf, D: _with_seed(tf, lambda: D.range(8).shuffle(8, seed=2)),
        "global_seed_two": lambda tf, D: _with_seed(tf, lambda: D.range(8).shuffle(8).shuffle(8)),
        "global_seed_random": lambda tf, D: _with_seed(tf, lambda: D.random().take(3)),
        "global_seed_sample": lambda tf, D: _with_seed(
            tf, lambda: D.sample_from_datasets([D.range(4), D.range(10, 14)])
        ),
    }
)

table(
    {
        "repeat": lambda tf, D: D.range(3).repeat(2),
        "repeat_zero": lambda tf, D: D.range(3).repeat(0),
        "repeat_forever": lambda tf, D: D.range(2).repeat().take(5),
        "repeat_empty": lambda tf, D: D.range(0).repeat(),
        "take": lambda tf, D: D.range(5).take(2),
        "take_all": lambda tf, D: D.range(3).take(-1),
        "take_more": lambda tf, D: D.range(3).take(10),
        "skip": lambda tf, D: D.range(5).skip(2),
        "skip_all": lambda tf, D: D.range(5).skip(-1),
        "skip_more": lambda tf, D: D.range(3).skip(10),
        "skip_take": lambda tf, D: D.range(10).skip(2).take(3),
        "skip_generator": lambda tf, D: ragged(tf, 1, 2, 3).skip(1),
        "shard": lambda tf, D: D.range(10).shard(3, 1),
        "shard_map": lambda tf, D: D.range(10).map(lambda x: x * 2).shard(4, 3),
        "concatenate": lambda tf, D: D.range(3).concatenate(D.range(7, 9)),
        "concatenate_shapes": lambda tf, D: D.from_tensors([1, 2]).concatenate(
            D.from_tensors([1, 2, 3])
        ),
        "enumerate": lambda tf, D: strings(tf).enumerate(),
        "enumerate_start": lambda tf, D: pairs(tf).enumerate(start=5),
        "unique": lambda tf, D: D.from_tensor_slices([1, 37, 2, 37, 2, 1]).unique(),
        "unique_strings": lambda tf, D: D.from_tensor_slices(["a", "b", "a"]).unique(),
        "cache": lambda tf, D: [D.range(4).map(lambda x: x * x).cache()] * 2,
        "cache_repeat": lambda tf, D: D.range(3).cache().repeat(2),
        "cache_ragged": lambda tf, D: [ragged(tf, 2, 1).cache()] * 2,
        "prefetch": lambda tf, D: D.range(5).prefetch(2),
        "prefetch_autotune": lambda tf, D: D.range(9).batch(2).prefetch(tf.data.AUTOTUNE),
        "prefetch_zero": lambda tf, D: D.range(3).prefetch(0),
        "ignore_errors": lambda tf, D: (
            D.from_tensor_slices([1.0, 2.0, 0.0, 4.0])
            .map(lambda x: tf.debugging.check_numerics(1.0 / x, "error"))
            .ignore_errors()
        ),
        "ignore_errors_batch": lambda tf, D: (
            D.range(6)
            .map(lambda i: tf.gather(tf.constant([1, 2, 3, 4]), i))
            .ignore_errors()
            .batch(2)
        ),
        "assert_cardinality": lambda tf, D: (
            D.range(5).filter(lambda x: True).apply(tf.data.experimental.assert_cardinality(5))
        ),
        "pad_to_cardinality": lambda tf, D: D.from_tensor_slices({"a": [1, 2]}).apply(
            tf.data.experimental.pad_to_cardinality(4)
        ),
        "options": lambda tf, D: D.range(3).with_options(tf.data.Options()),
        "apply": lambda tf, D: D.range(10).apply(lambda d: d.filter(lambda x: x < 3)),
        "map_and_batch": lambda tf, D: D.range(5).apply(
            tf.data.experimental.map_and_batch(lambda x: x + 1, 2)
        ),
        "dense_pipeline": lambda tf, D: (
            pairs(tf)
            .map(lambda a, d: (tf.reduce_sum(a), d["n"]))
            .filter(lambda s, n: n > 1)
            .batch(2)
            .prefetch(1)
        ),
        "unbatch_shuffle_batch": lambda tf, D: (
            D.range(12).batch(4).unbatch().shuffle(5, seed=1).batch(5)
        ),
        "zip_shuffled": lambda tf, D: D.zip(
            D.range(6).shuffle(6, seed=1), D.range(6).shuffle(6, seed=2)
        ),
        "enumerate_filter_batch": lambda tf, D: (
            strings(tf).enumerate().filter(lambda i, s: i % 2 == 0).batch(2)
        ),
        "interleave_shuffle": lambda tf, D: (
            D.range(4)
            .interleave(lambda x: D.range(x * 5, x * 5 + 5), cycle_length=2)
            .shuffle(6, seed=3)
            .batch(7)
        ),
        "rejection_resample": lambda tf, D: D.from_tensor_slices(
            np.array([0, 1] * 20, np.int32)
        ).rejection_resample(lambda x: x, [0.5, 0.5], [0.5, 0.5], seed=1),
    }
)


def _plus(tf: Any, dataset: Any, number: Any) -> Any:
    return dataset.map(lambda x: x + number)


def _two_users(tf: Any, shuffled: Any) -> list[Any]:
    """Two datasets made of one: they share the seeds of its iterators."""
    return [shuffled.map(lambda x: x * 2), shuffled.batch(3), shuffled]


def _with_seed(tf: Any, make: Callable[[], Any]) -> Any:
    tf.random.set_seed(7)
    try:
        return make()
    finally:
        tf.random.set_seed(None)


def encoded(value: Any) -> Any:
    """An element as JSON: tuples and dicts of [dtype, shape, values]."""
    if isinstance(value, tuple):
        return [encoded(x) for x in value]
    if isinstance(value, dict):
        return {key: encoded(value[key]) for key in sorted(value)}
    array = np.asarray(value)
    if array.dtype.kind in "OSU":
        items = [b.decode("latin-1") for b in np.array(array, object).reshape(-1).tolist()]
        return ["string", list(array.shape), items]
    items = array.reshape(-1).tolist()
    if array.dtype.kind == "f":
        items = [float(x).hex() for x in items]
    return [array.dtype.name, list(array.shape), items]


def result(tf: Any, name: str) -> Any:
    """What a case gives: spec, cardinality and elements of each dataset."""
    made = CASES[name](tf)
    datasets = made if isinstance(made, list) else [made]
    return [
        {
            "spec": str(dataset.element_spec),
            "cardinality": int(dataset.cardinality()),
            "elements": [encoded(x) for x in dataset.as_numpy_iterator()],
        }
        for dataset in datasets
    ]
