"""`deras.io`: the public names of TensorFlow's `tf.io`."""

# Written by scripts/gen_api.py from the @export declarations in _src; do not edit.
# isort: skip_file

from deras._src.compat.missing import missing_attribute as _missing
from deras._src.io.compression import decode_compressed as decode_compressed
from deras._src.io.decode_csv import decode_csv as decode_csv
from deras._src.io.decode_text import decode_base64 as decode_base64
from deras._src.io.decode_text import decode_json_example as decode_json_example
from deras._src.io.decode_text import decode_raw as decode_raw
from deras._src.io.decode_text import encode_base64 as encode_base64
from deras._src.io.features import FixedLenFeature as FixedLenFeature
from deras._src.io.features import FixedLenSequenceFeature as FixedLenSequenceFeature
from deras._src.io.features import RaggedFeature as RaggedFeature
from deras._src.io.features import SparseFeature as SparseFeature
from deras._src.io.features import VarLenFeature as VarLenFeature
from deras._src.io.file_ops import matching_files as matching_files
from deras._src.io.file_ops import read_file as read_file
from deras._src.io.file_ops import write_file as write_file
from deras._src.io.image_ops import decode_and_crop_jpeg as decode_and_crop_jpeg
from deras._src.io.image_ops import decode_bmp as decode_bmp
from deras._src.io.image_ops import decode_gif as decode_gif
from deras._src.io.image_ops import decode_image as decode_image
from deras._src.io.image_ops import decode_jpeg as decode_jpeg
from deras._src.io.image_ops import decode_png as decode_png
from deras._src.io.image_ops import decode_webp as decode_webp
from deras._src.io.image_ops import encode_jpeg as encode_jpeg
from deras._src.io.image_ops import encode_png as encode_png
from deras._src.io.image_ops import extract_jpeg_shape as extract_jpeg_shape
from deras._src.io.image_ops import is_jpeg as is_jpeg
from deras._src.io.parse_example import parse_example as parse_example
from deras._src.io.parse_example import parse_single_example as parse_single_example
from deras._src.io.parse_sequence import parse_sequence_example as parse_sequence_example
from deras._src.io.parse_sequence import (
    parse_single_sequence_example as parse_single_sequence_example,
)
from deras._src.io.records import TFRecordOptions as TFRecordOptions
from deras._src.io.records import TFRecordWriter as TFRecordWriter
from deras._src.io.tensor_proto import parse_tensor as parse_tensor
from deras._src.io.tensor_proto import serialize_tensor as serialize_tensor
from deras.io import gfile as gfile

__getattr__ = _missing(__name__)
