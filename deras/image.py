"""`deras.image`: the public names of TensorFlow's `tf.image`."""

# Written by scripts/gen_api.py from the @export declarations in _src; do not edit.
# isort: skip_file

from deras._src.compat.missing import missing_attribute as _missing
from deras._src.io.image_ops import decode_and_crop_jpeg as decode_and_crop_jpeg
from deras._src.io.image_ops import decode_bmp as decode_bmp
from deras._src.io.image_ops import decode_gif as decode_gif
from deras._src.io.image_ops import decode_image as decode_image
from deras._src.io.image_ops import decode_jpeg as decode_jpeg
from deras._src.io.image_ops import decode_png as decode_png
from deras._src.io.image_ops import encode_jpeg as encode_jpeg
from deras._src.io.image_ops import encode_png as encode_png
from deras._src.io.image_ops import extract_jpeg_shape as extract_jpeg_shape
from deras._src.io.image_ops import is_jpeg as is_jpeg

__getattr__ = _missing(__name__)
