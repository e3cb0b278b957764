"""`deras.train.RandomState`: the global seed and the stateful random ops, in checkpoints."""

from __future__ import annotations

import json

from deras._src.ops import seed_rules
from deras._src.state import generator, random_stateful
from deras._src.train.python_state import PythonState
from deras._src.util.export import export


@export("train.RandomState")
class RandomState(PythonState):
    """Where the random ops of the whole program stand, as something to save in a checkpoint.

    Saved are the global seed, how many operation seeds were made of it, the counter of each
    stateful random op (`tf.random.normal`, `tf.nn.dropout`, ...) in eager code and in functions,
    and the global generator if there is one. With it a run that was killed draws the numbers that
    it would have drawn. TensorFlow has no such object and loses this state; it reads checkpoints
    with one, and leaves it out.

    Restore before the functions that draw numbers are called: each gets its counters when it is
    traced. An op without any seed, in a function that is traced already, goes on with numbers of
    its own. Functions are told apart by their names and by their arguments' dtypes and shapes; of
    several that are alike in that (such as lambdas), the first one traced gets the counters of the
    first one traced then.

    >>> import tempfile
    >>> checkpoint = tf.train.Checkpoint(random=tf.train.RandomState())
    >>> tf.random.set_seed(1)
    >>> _ = tf.random.uniform([])
    >>> path = checkpoint.write(tempfile.mkdtemp() + "/a")
    >>> x = float(tf.random.uniform([]))
    >>> _ = checkpoint.read(path)
    >>> x == float(tf.random.uniform([]))
    True
    """

    def serialize(self) -> str:
        """The state as JSON."""
        made = generator.global_generator_if_made()
        kept = seed_rules.snapshot() | {
            "nodes": random_stateful.snapshot_nodes(),
            "generator": made and [made.algorithm, made.state.numpy().tolist()],
        }
        return json.dumps(kept)

    def deserialize(self, string_value: bytes) -> None:
        """Sets the state."""
        kept = json.loads(string_value)
        seed_rules.restore(kept)
        random_stateful.restore_nodes(kept["nodes"])
        if kept["generator"] is None:
            return
        algorithm, words = kept["generator"]
        made = generator.global_generator_if_made()
        if made is not None and made.algorithm == algorithm:
            made.reset(words)  # functions that are traced already hold it
        else:
            generator.set_global_generator(generator.Generator.from_state(words, algorithm))
