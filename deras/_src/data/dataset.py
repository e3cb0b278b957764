"""`tf.data.Dataset`: the public class, each method of which adds a node."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from deras._src.core.context import state
from deras._src.core.dtypes import as_dtype, int64
from deras._src.core.tensor import host_tensor
from deras._src.core.type_spec import TensorSpec, bind_value_type
from deras._src.data import combining, graph_ops, saving
from deras._src.data.batching import Batch, PaddedBatch, Rebatch, Unbatch, Window
from deras._src.data.functions import ElementFunction
from deras._src.data.iterator import NumpyIterator, OwnedIterator
from deras._src.data.mapping import Map, Scan, relaxed
from deras._src.data.nested import Choose, FlatMap, GroupByWindow, Interleave
from deras._src.data.node import INFINITE, UNKNOWN, Node
from deras._src.data.options import Options
from deras._src.data.prefetching import Prefetch
from deras._src.data.random_stream import dataset_seeds
from deras._src.data.shuffling import Shuffle
from deras._src.data.sources import Counter, Generator, Random, Range, Slices, Tensors
from deras._src.data.specs import DatasetSpec
from deras._src.data.structure import (
    as_scalar,
    flat_tensors,
    map_leaves,
    normalized,
    packer,
    signature_of,
    spec_of,
    spec_of_types,
)
from deras._src.data.transforms import (
    Concatenate,
    Enumerate,
    Filter,
    IgnoreErrors,
    Repeat,
    Shard,
    Skip,
    Take,
    TakeWhile,
    Unique,
    WithOptions,
    Zip,
)
from deras._src.dispatch.convert import convert
from deras._src.util import nest
from deras._src.util.export import export


@export("data.Dataset")
class Dataset:
    """A sequence of elements, made step by step and read when it is iterated.

    Elements are tensors, or tuples and dicts of them. Functions given to the methods are traced
    once; where their elements have one shape, they run on many elements in one program.

    >>> dataset = tf.data.Dataset.from_tensor_slices([8, 3, 0])
    >>> [int(x) for x in dataset.map(lambda x: x * 2)]
    [16, 6, 0]
    """

    def __init__(self, variant_tensor: Any) -> None:
        if not isinstance(variant_tensor, Node):
            raise TypeError(
                "tf.data.Dataset: make one with its static methods, such as "
                "Dataset.from_tensor_slices"
            )
        self._node = variant_tensor

    # -- what it is -------------------------------------------------------------------------

    @classmethod
    def _from_variant(cls, source: Any, spec: Any) -> Dataset:
        return Dataset(graph_ops.node_of(source, spec))

    def _variant(self) -> Any:
        return graph_ops.variant_of(self._node)

    @property
    def _type_spec(self) -> DatasetSpec:
        return DatasetSpec(self._node.spec)

    @property
    def element_spec(self) -> Any:
        """The structure of the elements, with specs as leaves."""
        return self._node.spec

    def cardinality(self) -> Any:
        """The number of elements, INFINITE_CARDINALITY or UNKNOWN_CARDINALITY; an int64 tensor.

        >>> int(tf.data.Dataset.range(42).cardinality())
        42
        """
        return graph_ops.cardinality(self._node)

    def __len__(self) -> int:
        size = self._node.size({})
        if size == INFINITE:
            raise TypeError("The dataset is infinite.")
        if size == UNKNOWN:
            raise TypeError("The dataset length is unknown.")
        return size

    def __bool__(self) -> bool:
        return True

    def __iter__(self) -> Any:
        return OwnedIterator.of(self._node)

    def __autograph_for__(self, loop: Any) -> None:
        graph_ops.stage_for(
            self._variant(), self._node.flat, packer(self._node.spec), loop, iterator=False
        )

    def as_numpy_iterator(self) -> Iterator[Any]:
        """An iterator of NumPy arrays in place of tensors.

        >>> list(tf.data.Dataset.range(3).as_numpy_iterator())
        [np.int64(0), np.int64(1), np.int64(2)]
        """
        if state.graph is not None:
            raise RuntimeError("as_numpy_iterator() is not supported while tracing functions")
        return NumpyIterator(self)  # type: ignore[return-value]

    def options(self) -> Options:
        """The options of all steps, merged."""
        return _options(self._node)

    def fingerprint(self) -> Any:
        """A number of the pipeline's steps and specs (not of its data), a uint64 tensor."""
        lines: list[str] = []
        stack = [self._node]
        while stack:
            node = stack.pop()
            lines.append(f"{node.name} {node.spec}")
            stack += node.inputs
        text = "\n".join(lines).encode()
        number = zlib.crc32(text) << 32 | zlib.crc32(text[::-1])
        return host_tensor(np.array(number, np.uint64))

    def __repr__(self) -> str:
        return f"<_{self._node.name}Dataset element_spec={self.element_spec!r}>"

    __str__ = __repr__

    # -- sources ----------------------------------------------------------------------------

    @staticmethod
    def from_tensors(tensors: Any, name: str | None = None) -> Dataset:
        """A dataset of one element.

        >>> list(tf.data.Dataset.from_tensors([1, 2]).as_numpy_iterator())
        [array([1, 2], dtype=int32)]
        """
        return Dataset(Tensors(tensors))

    @staticmethod
    def from_tensor_slices(tensors: Any, name: str | None = None) -> Dataset:
        """The rows of tensors, which are slices along the first axis.

        Raises:
          ValueError: a tensor has no axes, or their first ones differ in length.

        >>> list(tf.data.Dataset.from_tensor_slices({"a": [1, 2]}).as_numpy_iterator())
        [{'a': np.int32(1)}, {'a': np.int32(2)}]
        """
        return Dataset(Slices(tensors))

    @staticmethod
    def range(*args: Any, **kwargs: Any) -> Dataset:
        """Numbers from `start` to below `stop`: `range(stop)`, `range(start, stop[, step])`.

        Args:
          *args: As of Python's `range`.
          **kwargs: `output_type`, int64 if not given, and `name`.

        >>> list(tf.data.Dataset.range(1, 5, 2).as_numpy_iterator())
        [np.int64(1), np.int64(3)]
        """
        dtype = as_dtype(kwargs.pop("output_type", int64))
        kwargs.pop("name", None)
        if kwargs:
            raise TypeError(f"Dataset.range: unknown arguments {sorted(kwargs)}")
        if not 1 <= len(args) <= 3:
            raise ValueError(f"Dataset.range: 1 to 3 arguments are wanted, got {len(args)}")
        values = [as_scalar(x, "Dataset.range: an argument") for x in args]
        start, stop = (0, values[0]) if len(values) == 1 else values[:2]
        return Dataset(Range(start, stop, values[2] if len(values) == 3 else 1, dtype))

    @staticmethod
    def counter(start: Any = 0, step: Any = 1, dtype: Any = int64, name: str | None = None) -> Any:
        """Numbers from `start` on, without end.

        >>> list(tf.data.Dataset.counter(2, 3).take(2).as_numpy_iterator())
        [np.int64(2), np.int64(5)]
        """
        return Dataset(Counter(start, step, as_dtype(dtype)))

    @staticmethod
    def random(
        seed: Any = None, rerandomize_each_iteration: bool | None = None, name: str | None = None
    ) -> Dataset:
        """Random 32-bit numbers as int64, without end."""
        return Dataset(Random(dataset_seeds(seed), bool(rerandomize_each_iteration)))

    @staticmethod
    def from_generator(
        generator: Callable[..., Any],
        output_types: Any = None,
        output_shapes: Any = None,
        args: Any = None,
        output_signature: Any = None,
        name: str | None = None,
    ) -> Dataset:
        """The elements that a Python generator gives.

        Args:
          generator: Callable that gives an iterable; called anew for each iteration.
          output_types: Structure of dtypes (older way), with `output_shapes`.
          output_shapes: Structure of shapes; unknown if not given.
          args: Tensors given to `generator`, as NumPy arrays.
          output_signature: Structure of `tf.TypeSpec`: what each element is.
          name: Accepted.
        Raises:
          TypeError: no signature, or `generator` cannot be called.

        >>> def numbers():
        ...     yield 1
        ...     yield 2
        >>> spec = tf.TensorSpec((), tf.int32)
        >>> list(tf.data.Dataset.from_generator(numbers, output_signature=spec).as_numpy_iterator())
        [np.int32(1), np.int32(2)]
        """
        if not callable(generator):
            raise TypeError("`generator` must be a Python callable.")
        if output_signature is not None and (output_types is not None or output_shapes is not None):
            raise TypeError(
                "The `output_types` and `output_shapes` arguments cannot be used together with "
                "the `output_signature` argument."
            )
        if output_signature is not None:
            spec = signature_of(output_signature, "Dataset.from_generator: output_signature")
        elif output_types is not None:
            spec = spec_of_types(output_types, output_shapes)
        else:
            raise TypeError(
                "To specify the output signature you need to provide either the `output_signature` "
                "argument or the `output_types` argument."
            )
        return Dataset(Generator(generator, args or (), spec))

    @staticmethod
    def list_files(
        file_pattern: Any, shuffle: bool | None = None, seed: Any = None, name: str | None = None
    ) -> Dataset:
        """The names of the files that match a glob pattern, or several; shuffled by default."""
        return Dataset(combining.listed(file_pattern, shuffle, seed))

    @staticmethod
    def zip(*args: Any, datasets: Any = None, name: str | None = None) -> Dataset:
        """Elements of several datasets side by side, in the structure the datasets are given in.

        >>> a, b = tf.data.Dataset.range(2), tf.data.Dataset.range(5, 9)
        >>> list(tf.data.Dataset.zip(a, b).as_numpy_iterator())
        [(np.int64(0), np.int64(5)), (np.int64(1), np.int64(6))]
        """
        if not args and datasets is None:
            raise TypeError("Must pass at least one dataset to `zip`.")
        if args and datasets is not None:
            raise TypeError("Both `*args` and `datasets` cannot be set.")
        if len(args) == 1:
            datasets = args[0]
        elif args:
            datasets = args
        nodes: list[Node] = []

        def one(leaf: Any) -> Any:
            if not isinstance(leaf, Dataset):
                raise TypeError(
                    "Dataset.zip: datasets, or tuples and dicts of them, are wanted, got "
                    f"{type(leaf).__name__}"
                )
            return leaf._node.spec

        spec = map_leaves(datasets, one)
        nodes = [d._node for d in nest.flatten(datasets)]
        return Dataset(Zip(spec, nodes))

    @staticmethod
    def choose_from_datasets(
        datasets: Sequence[Any], choice_dataset: Any, stop_on_empty_dataset: bool = True
    ) -> Dataset:
        """From several datasets the one whose number `choice_dataset` gives next."""
        if not datasets:
            raise ValueError("Invalid `datasets`. `datasets` should not be empty.")
        spec = choice_dataset.element_spec
        if not isinstance(spec, TensorSpec) or spec.dtype is not int64 or spec.shape.rank != 0:
            raise TypeError(
                "choose_from_datasets: `choice_dataset` must have elements of scalar tf.int64, "
                f"got {spec}"
            )
        nodes = [d._node for d in datasets]
        return Dataset(Choose(choice_dataset._node, nodes, stop_on_empty_dataset))

    @staticmethod
    def sample_from_datasets(
        datasets: Sequence[Any],
        weights: Any = None,
        seed: Any = None,
        stop_on_empty_dataset: bool = False,
        rerandomize_each_iteration: bool | None = None,
    ) -> Dataset:
        """Elements of several datasets, each drawn with the weights given; equal ones if None."""
        return combining.sampled(
            Dataset, datasets, weights, seed, stop_on_empty_dataset, rerandomize_each_iteration
        )

    @staticmethod
    def load(
        path: Any,
        element_spec: Any = None,
        compression: Any = None,
        reader_func: Any = None,
        wait: bool = False,
    ) -> Dataset:
        """The dataset that `save` wrote into a directory.

        Raises:
          NotFoundError: there is none.
          DataLossError: (while iterating) a file is damaged.
        """
        return combining.loaded(Dataset, path, element_spec, reader_func)

    # -- functions --------------------------------------------------------------------------

    def map(
        self,
        map_func: Callable[..., Any],
        num_parallel_calls: Any = None,
        deterministic: bool | None = None,
        synchronous: bool | None = None,
        use_unbounded_threadpool: bool = False,
        name: str | None = None,
    ) -> Dataset:
        """A function of each element.

        Args:
          map_func: Function of the element's components, traced once.
          num_parallel_calls: Threads for what runs on the host (`tf.py_function`, decoding);
            `tf.data.AUTOTUNE` chooses. What is compiled runs on blocks of elements anyway.
          deterministic: False lets elements come as they are ready.
          synchronous: Accepted.
          use_unbounded_threadpool: Accepted.
          name: Accepted.
        """
        _callable(map_func)
        calls = num_parallel_calls
        if calls is not None:
            calls = as_scalar(calls, "Dataset.map: num_parallel_calls")
        return Dataset(Map(self._node, map_func, calls, deterministic))

    def filter(self, predicate: Callable[..., Any], name: str | None = None) -> Dataset:
        """The elements for which a function gives True.

        >>> list(tf.data.Dataset.range(5).filter(lambda x: x > 2).as_numpy_iterator())
        [np.int64(3), np.int64(4)]
        """
        _callable(predicate)
        return Dataset(Filter(self._node, predicate))

    def take_while(self, predicate: Callable[..., Any], name: str | None = None) -> Dataset:
        """The elements before the first for which a function gives False."""
        _callable(predicate)
        return Dataset(TakeWhile(self._node, predicate))

    def flat_map(self, map_func: Callable[..., Any], name: str | None = None) -> Dataset:
        """The elements of the datasets that a function gives, one dataset after the other."""
        _callable(map_func)
        return Dataset(FlatMap(self._node, map_func))

    def interleave(
        self,
        map_func: Callable[..., Any],
        cycle_length: Any = None,
        block_length: Any = None,
        num_parallel_calls: Any = None,
        deterministic: bool | None = None,
        name: str | None = None,
    ) -> Dataset:
        """The elements of the datasets that a function gives, `cycle_length` of them in turn.

        Args:
          map_func: Function of an element, gives a dataset.
          cycle_length: How many are read in turn; by default as many as there are processors.
          block_length: How many elements are taken from one in its turn; 1 by default.
          num_parallel_calls: Accepted; the order is that of one thread.
          deterministic: Accepted.
          name: Accepted.
        """
        _callable(map_func)
        cycle = -1 if cycle_length is None else as_scalar(cycle_length, "cycle_length")
        block = 1 if block_length is None else as_scalar(block_length, "block_length")
        return Dataset(Interleave(self._node, map_func, cycle, block))

    def scan(
        self, initial_state: Any, scan_func: Callable[..., Any], name: str | None = None
    ) -> Dataset:
        """A function of a state and each element, which gives the next state and an element.

        >>> sums = tf.data.Dataset.range(4).scan(np.int64(0), lambda s, x: (s + x, s + x))
        >>> list(sums.as_numpy_iterator())
        [np.int64(0), np.int64(1), np.int64(3), np.int64(6)]
        """
        _callable(scan_func)
        return Dataset(Scan(self._node, initial_state, scan_func))

    def reduce(
        self, initial_state: Any, reduce_func: Callable[..., Any], name: str | None = None
    ) -> Any:
        """The state after a function of (state, element) was applied to every element.

        >>> int(tf.data.Dataset.range(5).reduce(np.int64(0), lambda s, x: s + x))
        10
        """
        _callable(reduce_func)
        initial = normalized(initial_state)
        spec: Any = spec_of(initial)
        while True:
            function = ElementFunction("Dataset.reduce", reduce_func, spec, self._node.spec)
            wider = relaxed(spec, function.spec, "Dataset.reduce")
            if wider is None:
                break
            spec = wider
        flat = graph_ops.reduced(self._node, function, flat_tensors(initial))
        return packer(spec)(list(flat))

    def get_single_element(self, name: str | None = None) -> Any:
        """The only element.

        Raises:
          InvalidArgumentError: there is none, or more than one.

        >>> int(tf.data.Dataset.from_tensors(42).get_single_element())
        42
        """
        return packer(self._node.spec)(list(graph_ops.single_element(self._node)))

    def apply(self, transformation_func: Callable[[Any], Any]) -> Any:
        """What a function makes of this dataset."""
        result = transformation_func(self)
        if not isinstance(result, Dataset):
            raise TypeError(
                "`transformation_func` must return a `tf.data.Dataset` object, got "
                f"{type(result).__name__}."
            )
        return result

    # -- order and number -------------------------------------------------------------------

    def shuffle(
        self,
        buffer_size: Any,
        seed: Any = None,
        reshuffle_each_iteration: bool = True,
        name: str | None = None,
    ) -> Dataset:
        """The elements in random order, drawn from a buffer; TensorFlow's order for a given seed.

        Args:
          buffer_size: How many elements wait in the buffer; `tf.data.UNKNOWN_CARDINALITY` for all.
          seed: Integer, or None.
          reshuffle_each_iteration: Whether each iteration has another order.
          name: Accepted.
        """
        size = as_scalar(buffer_size, "Dataset.shuffle: buffer_size")
        fresh = True if reshuffle_each_iteration is None else bool(reshuffle_each_iteration)
        return Dataset(Shuffle(self._node, size, dataset_seeds(seed), fresh))

    def repeat(self, count: Any = None, name: str | None = None) -> Dataset:
        """The elements `count` times; without end if it is None or -1."""
        count = -1 if count is None else as_scalar(count, "Dataset.repeat: count")
        return Dataset(Repeat(self._node, count))

    def take(self, count: Any, name: str | None = None) -> Dataset:
        """At most the first `count` elements; all if it is -1."""
        return Dataset(Take(self._node, as_scalar(count, "Dataset.take: count")))

    def skip(self, count: Any, name: str | None = None) -> Dataset:
        """All but the first `count` elements; none if it is -1."""
        return Dataset(Skip(self._node, as_scalar(count, "Dataset.skip: count")))

    def shard(self, num_shards: Any, index: Any, name: str | None = None) -> Dataset:
        """Every `num_shards`-th element, from number `index` on."""
        shards = as_scalar(num_shards, "Dataset.shard: num_shards")
        return Dataset(Shard(self._node, shards, as_scalar(index, "Dataset.shard: index")))

    def concatenate(self, dataset: Any, name: str | None = None) -> Dataset:
        """The elements of another dataset after this one's."""
        return Dataset(Concatenate(self._node, dataset._node))

    def enumerate(self, start: Any = 0, name: str | None = None) -> Dataset:
        """Pairs of an element's number and the element.

        >>> list(tf.data.Dataset.from_tensor_slices([7, 8]).enumerate().as_numpy_iterator())
        [(np.int64(0), np.int32(7)), (np.int64(1), np.int32(8))]
        """
        return Dataset(Enumerate(self._node, as_scalar(start, "Dataset.enumerate: start"), int64))

    def unique(self, name: str | None = None) -> Dataset:
        """Each scalar (int32, int64 or string) once."""
        return Dataset(Unique(self._node))

    def ignore_errors(self, log_warning: bool = False, name: str | None = None) -> Dataset:
        """Without the elements that raise an error."""
        return Dataset(IgnoreErrors(self._node, log_warning))

    def rejection_resample(
        self,
        class_func: Callable[..., Any],
        target_dist: Any,
        initial_dist: Any = None,
        seed: Any = None,
        name: str | None = None,
    ) -> Dataset:
        """Pairs (class, element), with elements left out so that classes have `target_dist`."""
        return combining.resampled(Dataset, self, class_func, target_dist, initial_dist, seed)

    # -- batches ----------------------------------------------------------------------------

    def batch(
        self,
        batch_size: Any,
        drop_remainder: bool = False,
        num_parallel_calls: Any = None,
        deterministic: bool | None = None,
        name: str | None = None,
    ) -> Dataset:
        """Consecutive elements as one, along a new first axis.

        >>> list(tf.data.Dataset.range(3).batch(2).as_numpy_iterator())
        [array([0, 1]), array([2])]
        """
        size = as_scalar(batch_size, "Dataset.batch: batch_size")
        return Dataset(Batch(self._node, size, bool(drop_remainder)))

    def padded_batch(
        self,
        batch_size: Any,
        padded_shapes: Any = None,
        padding_values: Any = None,
        drop_remainder: bool = False,
        name: str | None = None,
    ) -> Dataset:
        """Consecutive elements as one, padded to `padded_shapes` or to the largest of a batch.

        Args:
          batch_size: How many.
          padded_shapes: Structure of shapes, as the elements; None and -1 are the largest's.
          padding_values: Structure of scalars, or one for all; zero and `""` by default.
          drop_remainder: Whether a smaller last batch is left out.
          name: Accepted.
        """
        size = as_scalar(batch_size, "Dataset.padded_batch: batch_size")
        drop = bool(drop_remainder)
        return Dataset(PaddedBatch(self._node, size, padded_shapes, padding_values, drop))

    def ragged_batch(
        self,
        batch_size: Any,
        drop_remainder: bool = False,
        row_splits_dtype: Any = int64,
        name: str | None = None,
    ) -> Dataset:
        """As `batch`, for elements of one shape; others need RaggedTensor, which is not there yet.

        Raises:
          NotImplementedError: the elements' shapes are not fully known.
        """
        if all(s.shape.is_fully_defined() for s in self._node.flat):
            return self.batch(batch_size, drop_remainder)
        raise NotImplementedError(
            "Dataset.ragged_batch: elements of several shapes need tf.RaggedTensor, which Deras "
            "does not have yet; use padded_batch"
        )

    def sparse_batch(self, batch_size: Any, row_shape: Any, name: str | None = None) -> Dataset:
        """Needs SparseTensor, which is not there yet.

        Raises:
          NotImplementedError: always.
        """
        raise NotImplementedError(
            "Dataset.sparse_batch needs tf.SparseTensor, which Deras does not have yet; use "
            "padded_batch"
        )

    def unbatch(self, name: str | None = None) -> Dataset:
        """The rows of each element."""
        return Dataset(Unbatch(self._node))

    def rebatch(
        self, batch_size: Any, drop_remainder: bool = False, name: str | None = None
    ) -> Dataset:
        """Batches of another size; of several sizes in turn, if `batch_size` is a vector."""
        sizes: Any = batch_size
        if isinstance(sizes, (list, tuple, np.ndarray)) or hasattr(sizes, "host_array"):
            sizes = np.asarray(sizes).tolist()
        if not isinstance(sizes, list):
            sizes = as_scalar(sizes, "Dataset.rebatch: batch_size")
        return Dataset(Rebatch(self._node, sizes, bool(drop_remainder)))

    def window(
        self,
        size: Any,
        shift: Any = None,
        stride: Any = 1,
        drop_remainder: bool = False,
        name: str | None = None,
    ) -> Dataset:
        """Datasets of `size` elements each; where elements are structures, structures of datasets.

        Args:
          size: How many elements a window has.
          shift: How far the next window begins from this one's start; `size` by default.
          stride: Distance of the elements in a window.
          drop_remainder: Whether smaller windows at the end are left out.
          name: Accepted.

        >>> for window in tf.data.Dataset.range(5).window(3):
        ...     print(list(window.as_numpy_iterator()))
        [np.int64(0), np.int64(1), np.int64(2)]
        [np.int64(3), np.int64(4)]
        """
        steps = None if shift is None else as_scalar(shift, "Dataset.window: shift")
        return Dataset(
            Window(
                self._node,
                as_scalar(size, "Dataset.window: size"),
                steps,
                as_scalar(stride, "Dataset.window: stride"),
                bool(drop_remainder),
                DatasetSpec,
            )
        )

    def group_by_window(
        self,
        key_func: Callable[..., Any],
        reduce_func: Callable[..., Any],
        window_size: Any = None,
        window_size_func: Callable[..., Any] | None = None,
        name: str | None = None,
    ) -> Dataset:
        """Elements gathered by key; each group that is full becomes a dataset.

        Args:
          key_func: Function of an element, gives its key, int64.
          reduce_func: Function of a key and the dataset of a group, gives a dataset.
          window_size: How many elements make a group full.
          window_size_func: Function of a key that says so, in place of `window_size`.
          name: Accepted.
        """
        if (window_size is None) == (window_size_func is None):
            raise ValueError(
                "Either the `window_size` argument or the `window_size_func` argument must be "
                "specified."
            )
        if window_size_func is None:
            size = convert(window_size)

            def window_size_func(key: Any) -> Any:
                return combining.as_int64(size)

        _callable(key_func)
        _callable(reduce_func)
        node = GroupByWindow(self._node, key_func, reduce_func, window_size_func, DatasetSpec)
        return Dataset(node)

    def bucket_by_sequence_length(
        self,
        element_length_func: Callable[..., Any],
        bucket_boundaries: Sequence[int],
        bucket_batch_sizes: Sequence[int],
        padded_shapes: Any = None,
        padding_values: Any = None,
        pad_to_bucket_boundary: bool = False,
        no_padding: bool = False,
        drop_remainder: bool = False,
        name: str | None = None,
    ) -> Dataset:
        """Batches of elements of about one length.

        Args:
          element_length_func: Function of an element, gives its length, int32.
          bucket_boundaries: Upper ends of the buckets; one more bucket has the longer ones.
          bucket_batch_sizes: The batch size of each bucket.
          padded_shapes: As of `padded_batch`.
          padding_values: As of `padded_batch`.
          pad_to_bucket_boundary: Whether to pad to the bucket's longest, not the batch's.
          no_padding: Whether the elements of a batch have one shape already.
          drop_remainder: Whether smaller batches at the end are left out.
          name: Accepted.
        """
        return combining.bucketed(
            self,
            element_length_func,
            list(bucket_boundaries),
            list(bucket_batch_sizes),
            padded_shapes,
            padding_values,
            pad_to_bucket_boundary,
            no_padding,
            drop_remainder,
        )

    # -- keeping and running ahead ----------------------------------------------------------

    def cache(self, filename: Any = "", name: str | None = None) -> Dataset:
        """Keeps the elements, when all were read once: in memory, or in the directory `filename`.

        Raises:
          AlreadyExistsError: (while iterating) another iterator writes the same directory.
        """
        path = combining.as_path(filename)
        if not path:
            return Dataset(saving.Cache(self._node))
        return Dataset(saving.FileCache(self._node, path, "Dataset.cache"))

    def prefetch(self, buffer_size: Any, name: str | None = None) -> Dataset:
        """The same elements, made on a thread ahead of time: at most `buffer_size` wait."""
        size = as_scalar(buffer_size, "Dataset.prefetch: buffer_size")
        return Dataset(Prefetch(self._node, size))

    def save(
        self,
        path: Any,
        compression: Any = None,
        shard_func: Callable[..., Any] | None = None,
        checkpoint_args: Any = None,
    ) -> None:
        """Writes the elements into a directory, in a format of Deras's own; see `load`.

        Args:
          path: The directory.
          compression: None or `"GZIP"`.
          shard_func: Function of an element, gives the number of its file, int64.
          checkpoint_args: Not supported: None.
        """
        combining.saved(self, path, compression, shard_func, checkpoint_args)

    def snapshot(
        self,
        path: Any,
        compression: Any = "AUTO",
        reader_func: Any = None,
        shard_func: Any = None,
        name: str | None = None,
    ) -> Dataset:
        """Keeps the elements in a directory, when all were read once, for later programs too."""
        return combining.snapshotted(Dataset, self, path, compression, reader_func, shard_func)

    def with_options(self, options: Options, name: str | None = None) -> Dataset:
        """The same elements, with options."""
        if not isinstance(options, Options):
            raise TypeError(
                f"Dataset.with_options: a tf.data.Options is wanted, got {type(options).__name__}"
            )
        return Dataset(WithOptions(self._node, self.options().merge(options)))


bind_value_type(DatasetSpec, Dataset)


def _callable(function: Any) -> None:
    if not callable(function):
        raise ValueError(
            f"Argument `func` must be a callable. Received func={function} (of type "
            f"{type(function)})"
        )


def _options(node: Node) -> Options:
    if isinstance(node, WithOptions):
        return node.options  # type: ignore[no-any-return]
    result = Options()
    for source in node.inputs:
        result = result.merge(_options(source))
    return result
