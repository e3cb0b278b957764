"""`deras.train`: the public names of TensorFlow's `tf.train`."""

# Written by scripts/gen_api.py from the @export declarations in _src; do not edit.
# isort: skip_file

from deras._src.compat.missing import missing_attribute as _missing
from deras._src.io.example_messages import BytesList as BytesList
from deras._src.io.example_messages import Example as Example
from deras._src.io.example_messages import Feature as Feature
from deras._src.io.example_messages import FeatureList as FeatureList
from deras._src.io.example_messages import FeatureLists as FeatureLists
from deras._src.io.example_messages import Features as Features
from deras._src.io.example_messages import FloatList as FloatList
from deras._src.io.example_messages import Int64List as Int64List
from deras._src.io.example_messages import SequenceExample as SequenceExample
from deras._src.train.checkpoint import Checkpoint as Checkpoint
from deras._src.train.checkpoint_manager import CheckpointManager as CheckpointManager
from deras._src.train.checkpoint_reader import list_variables as list_variables
from deras._src.train.checkpoint_reader import load_checkpoint as load_checkpoint
from deras._src.train.checkpoint_reader import load_variable as load_variable
from deras._src.train.checkpoint_state import checkpoints_iterator as checkpoints_iterator
from deras._src.train.checkpoint_state import get_checkpoint_state as get_checkpoint_state
from deras._src.train.checkpoint_state import latest_checkpoint as latest_checkpoint
from deras._src.train.checkpoint_view import CheckpointView as CheckpointView
from deras._src.train.object_graph import TrackableView as TrackableView
from deras._src.train.options import CheckpointOptions as CheckpointOptions
from deras._src.train.random_state import RandomState as RandomState
from deras.train import experimental as experimental

__getattr__ = _missing(__name__)
