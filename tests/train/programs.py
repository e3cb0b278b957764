"""Objects to save, made alike with TensorFlow and with Deras: `tf` is the one or the other."""

from __future__ import annotations

from collections import namedtuple
from typing import Any

import numpy as np

Pair = namedtuple("Pair", "left right")


def objects(tf: Any) -> Any:
    """Everything that may hold variables."""

    class Progress(tf.train.experimental.PythonState):
        text = "epoch 7"

        def serialize(self):
            return self.text

        def deserialize(self, string_value):
            self.text = string_value.decode()

    class Layer(tf.Module):
        def __init__(self, value):
            super().__init__()
            self.w = tf.Variable([value, value + 1], name="kernel")
            self.built = True

    class Model(tf.Module):
        def __init__(self):
            super().__init__()
            self.layers = [Layer(1.0), Layer(3.0), [Layer(5.0)], "text"]
            self.by_name = {"b/c.d": tf.Variable(7), "shared": self.layers[0], "number": 1}
            self.pair = Pair(tf.Variable(8.0), tf.Variable(9.0))
            self.tuple = (tf.Variable(10.0), 4)
            self.numbers = (1, 2)
            self.empty = {}
            self.again = self
            self.generator = tf.random.Generator.from_seed(3)
            self.progress = Progress()

    return tf.train.Checkpoint(model=Model(), step=tf.Variable(11), more=[tf.Variable(12.0)])


def rooted(tf: Any) -> Any:
    """A root object with another one attached."""
    root = tf.Module()
    root.w = tf.Variable([[1.0, 2.0]])
    return tf.train.Checkpoint(root, step=tf.Variable(3))


def dtypes(tf: Any) -> Any:
    """A variable of each dtype."""
    names = [
        *("float16", "bfloat16", "float32", "float64", "complex64", "complex128", "bool"),
        *("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
    ]
    made = {name: tf.Variable(tf.cast([[0, 1, 3]], name)) for name in names}
    made["string"] = tf.Variable([b"", b"\xff\x00", b"long" * 50])
    made["scalar_string"] = tf.Variable(b"one")
    made["empty"] = tf.Variable(np.zeros([0, 3], np.float32))
    return tf.train.Checkpoint(**made)


def slots(tf: Any) -> Any:
    """An object with slot variables, as optimizers had them before Keras 3."""
    base = tf.train.Checkpoint.__mro__[1]  # AutoTrackable

    class Optimizer(base):
        def __init__(self):
            self._slots = getattr(self, "_no_dependency", lambda x: x)({})
            self.rate = tf.Variable(0.5)

        def get_slot_names(self):
            return ["m/v"]

        def get_slot(self, variable, name):
            return self._slots.get((id(variable), name))

        def add(self, variable, value):
            self._slots[id(variable), "m/v"] = tf.Variable(value, name="slot")

        def _create_or_restore_slot_variable(self, slot_variable_position, slot_name, variable):
            if self.get_slot(variable, slot_name) is None:
                self.add(variable, tf.zeros_like(variable))
            return self.get_slot(variable, slot_name)

    w = tf.Variable([1.0, 2.0])
    optimizer = Optimizer()
    optimizer.add(w, [3.0, 4.0])
    return tf.train.Checkpoint(model=[w], optimizer=optimizer)


def shards(tf: Any) -> Any:
    """A tensor to be cut, and some more."""
    big = np.arange(120, dtype=np.float32).reshape(4, 30)
    return tf.train.Checkpoint(big=tf.Variable(big), a=tf.Variable(1.0), b=tf.Variable([b"x"]))


CHECKPOINTS = {"objects": objects, "rooted": rooted, "dtypes": dtypes, "slots": slots}


OWNERS = {"Model", "Layer", "Module", "Optimizer", "Checkpoint", "Generator"}


def variables(checkpoint: Any) -> list[Any]:
    """All variables below a checkpoint, its slot variables last."""
    found, queue = [], [checkpoint]
    seen = set()
    while queue:
        obj = queue.pop(0)
        if id(obj) in seen:
            continue
        seen.add(id(obj))
        if hasattr(obj, "assign"):
            found.append(obj)
            continue
        if isinstance(obj, dict):
            queue += [obj[key] for key in sorted(obj, key=str)]
        elif isinstance(obj, (list, tuple)):
            queue += list(obj)
        elif type(obj).__name__ in OWNERS:
            names = sorted(vars(obj))
            queue += [
                getattr(obj, name)
                for name in names
                if name not in ("_saver", "_view") and not name.startswith(("_self", "_kwargs"))
            ]
    return found


def progress(checkpoint: Any) -> Any:
    """The Python state of `objects`."""
    return getattr(getattr(checkpoint, "model", None), "progress", None)


def spoil(tf: Any, checkpoint: Any) -> None:
    """Changes every value."""
    for variable in variables(checkpoint):
        value = variable.numpy()
        if variable.dtype == tf.string:
            variable.assign(tf.fill(variable.shape, b"spoilt"))
        else:
            variable.assign(np.ones_like(value) - value if value.dtype != bool else ~value)
    if progress(checkpoint) is not None:
        progress(checkpoint).text = "spoilt"


def same(one: Any, other: Any) -> bool:
    """Whether two checkpoints' objects have equal values."""
    ours, theirs = variables(one), variables(other)
    states = [getattr(progress(c), "text", None) for c in (one, other)]
    return (
        len(ours) == len(theirs) > 0
        and all(
            plain(a.numpy()) == plain(b.numpy()) and a.dtype.name == b.dtype.name
            for a, b in zip(ours, theirs, strict=True)
        )
        and states[0] == states[1]
    )


def plain(value: Any) -> Any:
    """A NumPy value as JSON can hold it, exactly."""
    array = np.asarray(value)
    if array.dtype == object:
        return [element.decode("latin1") for element in array.reshape(-1)]
    if array.dtype.kind == "S" or isinstance(value, bytes):
        return [bytes(value).decode("latin1")]
    return np.ascontiguousarray(array).tobytes().hex()
