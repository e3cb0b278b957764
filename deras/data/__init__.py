"""`deras.data`: the public names of TensorFlow's `tf.data`."""

# Written by scripts/gen_api.py from the @export declarations in _src; do not edit.
# isort: skip_file

from deras._src.compat.missing import missing_attribute as _missing
from deras._src.data.dataset import Dataset as Dataset
from deras._src.data.file_datasets import FixedLengthRecordDataset as FixedLengthRecordDataset
from deras._src.data.file_datasets import TFRecordDataset as TFRecordDataset
from deras._src.data.file_datasets import TextLineDataset as TextLineDataset
from deras._src.data.iterator import Iterator as Iterator
from deras._src.data.iterator import NumpyIterator as NumpyIterator
from deras._src.data.options import Options as Options
from deras._src.data.options import ThreadingOptions as ThreadingOptions
from deras._src.data.profile import profile as profile
from deras._src.data.specs import DatasetSpec as DatasetSpec
from deras._src.data.specs import IteratorSpec as IteratorSpec
from deras.data import experimental as experimental

AUTOTUNE = -1
INFINITE_CARDINALITY = -1
UNKNOWN_CARDINALITY = -2

__getattr__ = _missing(__name__)
