"""`deras.io.gfile`: the public names of TensorFlow's `tf.io.gfile`."""

# Written by scripts/gen_api.py from the @export declarations in _src; do not edit.
# isort: skip_file

from deras._src.compat.missing import missing_attribute as _missing
from deras._src.io.gfile import GFile as GFile
from deras._src.io.gfile import copy as copy
from deras._src.io.gfile import exists as exists
from deras._src.io.gfile import get_registered_schemes as get_registered_schemes
from deras._src.io.gfile import glob as glob
from deras._src.io.gfile import isdir as isdir
from deras._src.io.gfile import join as join
from deras._src.io.gfile import listdir as listdir
from deras._src.io.gfile import makedirs as makedirs
from deras._src.io.gfile import mkdir as mkdir
from deras._src.io.gfile import remove as remove
from deras._src.io.gfile import rename as rename
from deras._src.io.gfile import rmtree as rmtree
from deras._src.io.gfile import stat as stat
from deras._src.io.gfile import walk as walk

__getattr__ = _missing(__name__)
