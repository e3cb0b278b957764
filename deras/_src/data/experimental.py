"""`tf.data.experimental`: transformations as functions for `Dataset.apply`, and small helpers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from deras._src import errors
from deras._src.core.dtypes import int64, string
from deras._src.core.type_spec import TensorSpec
from deras._src.data.batching import Batch
from deras._src.data.dataset import Dataset
from deras._src.data.file_datasets import TFRecordDataset
from deras._src.data.grouping import GroupByReducer, Reducer
from deras._src.data.iterator import Iterator
from deras._src.data.mapping import Map
from deras._src.data.node import End, host
from deras._src.data.prefetching import Prefetch, device_of
from deras._src.data.sources import FromList
from deras._src.data.structure import as_scalar
from deras._src.data.transforms import AssertCardinality
from deras._src.dispatch.convert import convert
from deras._src.io import records
from deras._src.io.file_system import path_text
from deras._src.io.parse_example import parse_example
from deras._src.ops.array_fill import fill, zeros
from deras._src.util import nest
from deras._src.util.export import export

Transformation = Callable[[Dataset], Dataset]


@export("data.experimental.Counter")
def Counter(start: Any = 0, step: Any = 1, dtype: Any = int64) -> Dataset:
    """Numbers from `start` on, without end: `Dataset.counter`."""
    return Dataset.counter(start, step, dtype)  # type: ignore[no-any-return]


@export("data.experimental.RandomDataset")
class RandomDataset(Dataset):
    """Random 32-bit numbers as int64, without end: `Dataset.random`."""

    def __init__(
        self,
        seed: Any = None,
        rerandomize_each_iteration: bool | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(Dataset.random(seed, rerandomize_each_iteration)._node)


@export("data.experimental.from_list")
def from_list(elements: Sequence[Any], name: str | None = None) -> Dataset:
    """A dataset of a list's elements, all of one spec.

    >>> list(tf.data.experimental.from_list([(1, 2), (3, 4)]).as_numpy_iterator())
    [(np.int32(1), np.int32(2)), (np.int32(3), np.int32(4))]
    """
    return Dataset(FromList(elements))


@export("data.experimental.assert_cardinality")
def assert_cardinality(expected_cardinality: Any) -> Transformation:
    """The same elements; FailedPreconditionError where there are more or fewer than expected."""
    count = as_scalar(expected_cardinality, "assert_cardinality: expected_cardinality")
    return lambda dataset: Dataset(AssertCardinality(dataset._node, count))


@export("data.experimental.at")
def at(dataset: Dataset, index: Any) -> Any:
    """The element at a position.

    Raises:
      OutOfRangeError: there are fewer.

    >>> int(tf.data.experimental.at(tf.data.Dataset.range(5), 2))
    2
    """
    iterator = iter(dataset.skip(index))
    try:
        return next(iterator)
    except StopIteration:
        raise errors.OutOfRangeError(
            None, None, f"tf.data.experimental.at: there is no element {index}"
        ) from None


@export("data.experimental.bucket_by_sequence_length")
def bucket_by_sequence_length(
    element_length_func: Callable[..., Any],
    bucket_boundaries: Sequence[int],
    bucket_batch_sizes: Sequence[int],
    padded_shapes: Any = None,
    padding_values: Any = None,
    pad_to_bucket_boundary: bool = False,
    no_padding: bool = False,
    drop_remainder: bool = False,
) -> Transformation:
    """`Dataset.bucket_by_sequence_length` for `apply`."""
    return lambda dataset: dataset.bucket_by_sequence_length(
        element_length_func,
        bucket_boundaries,
        bucket_batch_sizes,
        padded_shapes,
        padding_values,
        pad_to_bucket_boundary,
        no_padding,
        drop_remainder,
    )


@export("data.experimental.cardinality")
def cardinality(dataset: Dataset) -> Any:
    """`Dataset.cardinality`."""
    return dataset.cardinality()


@export("data.experimental.choose_from_datasets")
def choose_from_datasets(
    datasets: Sequence[Dataset], choice_dataset: Dataset, stop_on_empty_dataset: bool = False
) -> Dataset:
    """`Dataset.choose_from_datasets`, which does not stop at an empty dataset by default."""
    return Dataset.choose_from_datasets(datasets, choice_dataset, stop_on_empty_dataset)


@export("data.experimental.copy_to_device")
def copy_to_device(target_device: str, source_device: str = "/cpu:0") -> Transformation:
    """Elements whose tensors are on a device."""
    device = device_of(target_device)
    return lambda dataset: Dataset(Prefetch(dataset._node, 1, device))


@export("data.experimental.prefetch_to_device")
def prefetch_to_device(device: str, buffer_size: Any = None) -> Transformation:
    """Elements whose tensors are on a device, copied there ahead of time."""
    target = device_of(device)
    size = -1 if buffer_size is None else as_scalar(buffer_size, "prefetch_to_device: buffer_size")
    return lambda dataset: Dataset(Prefetch(dataset._node, size, target))


@export("data.experimental.dense_to_ragged_batch")
def dense_to_ragged_batch(
    batch_size: Any, drop_remainder: bool = False, row_splits_dtype: Any = int64
) -> Transformation:
    """`Dataset.ragged_batch` for `apply`."""
    return lambda dataset: dataset.ragged_batch(batch_size, drop_remainder, row_splits_dtype)


@export("data.experimental.dense_to_sparse_batch")
def dense_to_sparse_batch(batch_size: Any, row_shape: Any) -> Transformation:
    """`Dataset.sparse_batch` for `apply`."""
    return lambda dataset: dataset.sparse_batch(batch_size, row_shape)


@export("data.experimental.enumerate_dataset")
def enumerate_dataset(start: Any = 0) -> Transformation:
    """`Dataset.enumerate` for `apply`."""
    return lambda dataset: dataset.enumerate(start)


@export("data.experimental.from_variant")
def from_variant(variant: Any, structure: Any) -> Dataset:
    """The dataset of a variant tensor."""
    return Dataset._from_variant(variant, structure)


@export("data.experimental.to_variant")
def to_variant(dataset: Dataset) -> Any:
    """A dataset as a variant tensor."""
    return dataset._variant()


@export("data.experimental.get_next_as_optional")
def get_next_as_optional(iterator: Iterator) -> Any:
    """An iterator's next element as a `tf.experimental.Optional`."""
    return iterator.get_next_as_optional()


@export("data.experimental.get_single_element")
def get_single_element(dataset: Dataset) -> Any:
    """`Dataset.get_single_element`."""
    return dataset.get_single_element()


@export("data.experimental.get_structure")
def get_structure(dataset_or_iterator: Any) -> Any:
    """The element spec of a dataset or an iterator.

    >>> tf.data.experimental.get_structure(tf.data.Dataset.range(3))
    TensorSpec(shape=(), dtype=tf.int64, name=None)
    """
    try:
        return dataset_or_iterator.element_spec
    except AttributeError:
        raise TypeError(
            "Invalid `dataset_or_iterator`. `dataset_or_iterator` must be a `tf.data.Dataset` or "
            f"tf.data.Iterator object, but got {type(dataset_or_iterator)}."
        ) from None


@export("data.experimental.group_by_reducer")
def group_by_reducer(key_func: Callable[..., Any], reducer: Reducer) -> Transformation:
    """One result for each key: elements of a key reduced by a `Reducer`."""
    return lambda dataset: Dataset(GroupByReducer(dataset._node, key_func, reducer))


@export("data.experimental.group_by_window")
def group_by_window(
    key_func: Callable[..., Any],
    reduce_func: Callable[..., Any],
    window_size: Any = None,
    window_size_func: Callable[..., Any] | None = None,
) -> Transformation:
    """`Dataset.group_by_window` for `apply`."""
    return lambda dataset: dataset.group_by_window(
        key_func, reduce_func, window_size, window_size_func
    )


@export("data.experimental.ignore_errors")
def ignore_errors(log_warning: bool = False) -> Transformation:
    """`Dataset.ignore_errors` for `apply`."""
    return lambda dataset: dataset.ignore_errors(log_warning)


@export("data.experimental.load")
def load(
    path: Any, element_spec: Any = None, compression: Any = None, reader_func: Any = None
) -> Dataset:
    """`Dataset.load`."""
    return Dataset.load(path, element_spec, compression, reader_func)


@export("data.experimental.save")
def save(
    dataset: Dataset,
    path: Any,
    compression: Any = None,
    shard_func: Any = None,
    checkpoint_args: Any = None,
) -> None:
    """`Dataset.save`."""
    dataset.save(path, compression, shard_func, checkpoint_args)


@export("data.experimental.snapshot")
def snapshot(
    path: Any, compression: Any = "AUTO", reader_func: Any = None, shard_func: Any = None
) -> Transformation:
    """`Dataset.snapshot` for `apply`."""
    return lambda dataset: dataset.snapshot(path, compression, reader_func, shard_func)


@export("data.experimental.map_and_batch")
def map_and_batch(
    map_func: Callable[..., Any],
    batch_size: Any,
    num_parallel_batches: Any = None,
    drop_remainder: bool = False,
    num_parallel_calls: Any = None,
) -> Transformation:
    """`map`, then `batch`."""

    def apply(dataset: Dataset) -> Dataset:
        size = as_scalar(batch_size, "map_and_batch: batch_size")
        return Dataset(
            Batch(Map(dataset._node, map_func, num_parallel_calls), size, drop_remainder)
        )

    return apply


@export("data.experimental.parallel_interleave")
def parallel_interleave(
    map_func: Callable[..., Any],
    cycle_length: Any,
    block_length: Any = 1,
    sloppy: bool | None = False,
    buffer_output_elements: Any = None,
    prefetch_input_elements: Any = None,
) -> Transformation:
    """`Dataset.interleave` for `apply`."""
    return lambda dataset: dataset.interleave(map_func, cycle_length, block_length)


@export("data.experimental.pad_to_cardinality")
def pad_to_cardinality(cardinality: int, mask_key: str = "valid") -> Transformation:
    """Elements (dicts), then as many of zeros as are missing; `mask_key` tells them apart."""

    def apply(dataset: Dataset) -> Dataset:
        spec = dataset.element_spec
        if not isinstance(spec, dict):
            raise ValueError("`pad_to_cardinality` requires its input dataset to be a dictionary.")
        count = int(dataset.cardinality())
        if count < 0:
            raise ValueError(
                "`pad_to_cardinality` requires the input dataset to have a known, finite "
                f"cardinality, got {count}"
            )
        if count > cardinality:
            raise ValueError(
                f"`pad_to_cardinality`: the dataset has {count} > {cardinality} elements"
            )
        if mask_key in spec:
            raise ValueError(f"`pad_to_cardinality`: the elements have a key {mask_key!r} already")

        def real(element: Any) -> Any:
            return {**element, mask_key: convert(True)}

        def padding(_: Any) -> Any:
            return {**nest.map_structure(_empty, spec), mask_key: convert(False)}

        filler = Dataset.range(cardinality - count).map(padding)
        return dataset.map(real).concatenate(filler)

    return apply


def _empty(spec: TensorSpec) -> Any:
    dims = spec.shape.as_list()
    return fill(dims, "") if spec.dtype is string else zeros(dims, spec.dtype)


@export("data.experimental.rejection_resample")
def rejection_resample(
    class_func: Callable[..., Any], target_dist: Any, initial_dist: Any = None, seed: Any = None
) -> Transformation:
    """`Dataset.rejection_resample` for `apply`."""
    return lambda dataset: dataset.rejection_resample(class_func, target_dist, initial_dist, seed)


@export("data.experimental.sample_from_datasets")
def sample_from_datasets(
    datasets: Sequence[Dataset],
    weights: Any = None,
    seed: Any = None,
    stop_on_empty_dataset: bool = False,
) -> Dataset:
    """`Dataset.sample_from_datasets`."""
    return Dataset.sample_from_datasets(datasets, weights, seed, stop_on_empty_dataset)


@export("data.experimental.scan")
def scan(initial_state: Any, scan_func: Callable[..., Any]) -> Transformation:
    """`Dataset.scan` for `apply`."""
    return lambda dataset: dataset.scan(initial_state, scan_func)


@export("data.experimental.shuffle_and_repeat")
def shuffle_and_repeat(buffer_size: Any, count: Any = None, seed: Any = None) -> Transformation:
    """`shuffle`, then `repeat`."""
    return lambda dataset: dataset.shuffle(buffer_size, seed).repeat(count)


@export("data.experimental.take_while")
def take_while(predicate: Callable[..., Any]) -> Transformation:
    """`Dataset.take_while` for `apply`."""
    return lambda dataset: dataset.take_while(predicate)


@export("data.experimental.unbatch")
def unbatch() -> Transformation:
    """`Dataset.unbatch` for `apply`."""
    return lambda dataset: dataset.unbatch()


@export("data.experimental.unique")
def unique() -> Transformation:
    """`Dataset.unique` for `apply`."""
    return lambda dataset: dataset.unique()


@export("data.experimental.TFRecordWriter")
class TFRecordWriter:
    """Writes the elements of a dataset, scalar strings, into a TFRecord file.

    Args:
      filename: Path of the file.
      compression_type: None, `""`, `"ZLIB"` or `"GZIP"`.
    """

    def __init__(self, filename: Any, compression_type: Any = None) -> None:
        self._path, self._compression = path_text(filename), compression_type

    def write(self, dataset: Dataset) -> None:
        """Writes all elements."""
        spec = dataset.element_spec
        if not isinstance(spec, TensorSpec) or spec.dtype is not string or spec.shape.rank != 0:
            raise TypeError(
                f"TFRecordWriter.write: elements must be scalar strings, the dataset has {spec}"
            )
        stage = iter(dataset)._owned()
        with records.TFRecordWriter(self._path, self._compression) as writer:
            while True:
                try:
                    element = stage.next()
                except End:
                    return
                writer.write(host(element[0]).item())


@export("data.experimental.parse_example_dataset")
def parse_example_dataset(
    features: Any, num_parallel_calls: Any = 1, deterministic: bool | None = None
) -> Transformation:
    """Batches of serialized `tf.train.Example`s, parsed by `tf.io.parse_example`.

    Args:
      features: Dict of feature specs by name.
      num_parallel_calls: Threads.
      deterministic: False lets batches come as they are ready.
    """
    if features is None:
        raise ValueError("Missing: features was None.")

    def apply(dataset: Dataset) -> Dataset:
        spec = dataset.element_spec
        if not isinstance(spec, TensorSpec) or spec.dtype is not string or spec.shape.rank != 1:
            raise TypeError(
                f"parse_example_dataset: elements must be vectors of strings, got {spec}"
            )
        return dataset.map(
            lambda batch: parse_example(batch, features), num_parallel_calls, deterministic
        )

    return apply


@export("data.experimental.make_batched_features_dataset")
def make_batched_features_dataset(
    file_pattern: Any,
    batch_size: int,
    features: Any,
    reader: Any = None,
    label_key: str | None = None,
    reader_args: Any = None,
    num_epochs: int | None = None,
    shuffle: bool = True,
    shuffle_buffer_size: int = 10000,
    shuffle_seed: int | None = None,
    prefetch_buffer_size: int | None = None,
    reader_num_threads: int | None = None,
    parser_num_threads: int | None = None,
    sloppy_ordering: bool = False,
    drop_final_batch: bool = False,
) -> Dataset:
    """Batches of the `tf.train.Example`s of files: dicts of features, or pairs with the label.

    Args:
      file_pattern: Glob pattern of the files, or several.
      batch_size: Examples of a batch.
      features: Dict of feature specs by name.
      reader: Dataset class of the files' records; `tf.data.TFRecordDataset` by default.
      label_key: Feature to give as the labels.
      reader_args: Further arguments of `reader`.
      num_epochs: How often the files are read; without end if None.
      shuffle: Whether files and examples are shuffled.
      shuffle_buffer_size: Examples that wait in the shuffle's buffer.
      shuffle_seed: Of the shuffles.
      prefetch_buffer_size: Batches made ahead; chosen if None.
      reader_num_threads: Files read in turn; 1 if None.
      parser_num_threads: Threads that parse; 2 if None.
      sloppy_ordering: Accepted.
      drop_final_batch: Whether a smaller last batch is left out.
    """
    source = TFRecordDataset if reader is None else reader
    more = list(reader_args or ())
    names = Dataset.list_files(file_pattern, shuffle=shuffle, seed=shuffle_seed)
    dataset = names.interleave(
        lambda name: source(name, *more), cycle_length=reader_num_threads or 1, block_length=1
    )
    if shuffle:
        dataset = dataset.shuffle(shuffle_buffer_size, shuffle_seed)
    if num_epochs != 1:
        dataset = dataset.repeat(num_epochs)
    dataset = dataset.batch(batch_size, drop_remainder=drop_final_batch or num_epochs is None)
    dataset = dataset.apply(parse_example_dataset(features, parser_num_threads or 2))
    if label_key is not None:
        if label_key not in features:
            raise ValueError(
                f"The `label_key` provided ({label_key}) must be one of the `features` keys: "
                f"{list(features)}"
            )
        dataset = dataset.map(
            lambda row: ({k: v for k, v in row.items() if k != label_key}, row[label_key])
        )
    return dataset.prefetch(-1 if prefetch_buffer_size is None else prefetch_buffer_size)
