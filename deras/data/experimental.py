"""`deras.data.experimental`: the public names of TensorFlow's `tf.data.experimental`."""

# Written by scripts/gen_api.py from the @export declarations in _src; do not edit.
# isort: skip_file

from deras._src.compat.missing import missing_attribute as _missing
from deras._src.data.experimental import Counter as Counter
from deras._src.data.experimental import RandomDataset as RandomDataset
from deras._src.data.experimental import TFRecordWriter as TFRecordWriter
from deras._src.data.experimental import assert_cardinality as assert_cardinality
from deras._src.data.experimental import at as at
from deras._src.data.experimental import bucket_by_sequence_length as bucket_by_sequence_length
from deras._src.data.experimental import cardinality as cardinality
from deras._src.data.experimental import choose_from_datasets as choose_from_datasets
from deras._src.data.experimental import copy_to_device as copy_to_device
from deras._src.data.experimental import dense_to_ragged_batch as dense_to_ragged_batch
from deras._src.data.experimental import dense_to_sparse_batch as dense_to_sparse_batch
from deras._src.data.experimental import enumerate_dataset as enumerate_dataset
from deras._src.data.experimental import from_list as from_list
from deras._src.data.experimental import from_variant as from_variant
from deras._src.data.experimental import get_next_as_optional as get_next_as_optional
from deras._src.data.experimental import get_single_element as get_single_element
from deras._src.data.experimental import get_structure as get_structure
from deras._src.data.experimental import group_by_reducer as group_by_reducer
from deras._src.data.experimental import group_by_window as group_by_window
from deras._src.data.experimental import ignore_errors as ignore_errors
from deras._src.data.experimental import load as load
from deras._src.data.experimental import (
    make_batched_features_dataset as make_batched_features_dataset,
)
from deras._src.data.experimental import map_and_batch as map_and_batch
from deras._src.data.experimental import pad_to_cardinality as pad_to_cardinality
from deras._src.data.experimental import parallel_interleave as parallel_interleave
from deras._src.data.experimental import parse_example_dataset as parse_example_dataset
from deras._src.data.experimental import prefetch_to_device as prefetch_to_device
from deras._src.data.experimental import rejection_resample as rejection_resample
from deras._src.data.experimental import sample_from_datasets as sample_from_datasets
from deras._src.data.experimental import save as save
from deras._src.data.experimental import scan as scan
from deras._src.data.experimental import shuffle_and_repeat as shuffle_and_repeat
from deras._src.data.experimental import snapshot as snapshot
from deras._src.data.experimental import take_while as take_while
from deras._src.data.experimental import to_variant as to_variant
from deras._src.data.experimental import unbatch as unbatch
from deras._src.data.experimental import unique as unique
from deras._src.data.functions import enable_debug_mode as enable_debug_mode
from deras._src.data.grouping import Reducer as Reducer
from deras._src.data.iterator import Optional as Optional
from deras._src.data.options import AutoShardPolicy as AutoShardPolicy
from deras._src.data.options import AutotuneAlgorithm as AutotuneAlgorithm
from deras._src.data.options import AutotuneOptions as AutotuneOptions
from deras._src.data.options import DistributeOptions as DistributeOptions
from deras._src.data.options import ExternalStatePolicy as ExternalStatePolicy
from deras._src.data.options import OptimizationOptions as OptimizationOptions
from deras._src.data.options import ServiceOptions as ServiceOptions
from deras._src.data.options import ThreadingOptions as ThreadingOptions
from deras._src.data.specs import OptionalSpec as _OptionalSpec
from deras._src.data.tables import CsvDataset as CsvDataset
from deras._src.data.tables import SqlDataset as SqlDataset
from deras._src.data.tables import make_csv_dataset as make_csv_dataset

AUTOTUNE = -1
INFINITE_CARDINALITY = -1
OptionalStructure = _OptionalSpec
SHARD_HINT = -1
UNKNOWN_CARDINALITY = -2

__getattr__ = _missing(__name__)
