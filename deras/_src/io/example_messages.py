"""`tf.train.Example` and the messages that it is made of.

The public names are stand-ins, as `import deras` must not load protobuf: calling one gives a real
protobuf message, `isinstance` knows its messages, and class methods such as `FromString` are the
message class's own.
"""

from __future__ import annotations

from typing import Any

from deras._src.io.descriptors import EXAMPLE, messages
from deras._src.util.export import export


class _MessageType(type):
    """The type of a stand-in: all but its name and docstring is the message class's."""

    def __call__(cls, *args: Any, **fields: Any) -> Any:
        return _message_class(cls)(*args, **fields)

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, _message_class(cls))

    def __subclasscheck__(cls, subclass: type) -> bool:
        return subclass is cls or subclass is _message_class(cls)

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):  # what Python and tools ask of any class must not load protobuf
            raise AttributeError(name)
        return getattr(_message_class(cls), name)


def _message_class(cls: type) -> Any:
    return messages("example")[cls.__name__]


def __getattr__(name: str) -> Any:
    """`ExampleMessage` and so on: the message classes themselves, for pickle."""
    stem = name.removesuffix("Message")
    if stem != name and stem in EXAMPLE:
        return messages("example")[stem]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


@export("train.BytesList")
class BytesList(metaclass=_MessageType):
    """Message with a list of byte strings in `value`.

    >>> tf.train.BytesList(value=[b"a", b"b"]).value
    [b'a', b'b']
    """


@export("train.FloatList")
class FloatList(metaclass=_MessageType):
    """Message with a list of float32 numbers in `value`.

    >>> tf.train.FloatList(value=[1, 2.5]).value
    [1.0, 2.5]
    """


@export("train.Int64List")
class Int64List(metaclass=_MessageType):
    """Message with a list of int64 numbers in `value`.

    >>> tf.train.Int64List(value=[1, 2]).value
    [1, 2]
    """


@export("train.Feature")
class Feature(metaclass=_MessageType):
    """Message with one of `bytes_list`, `float_list` and `int64_list`.

    >>> feature = tf.train.Feature(int64_list=tf.train.Int64List(value=[3]))
    >>> feature.WhichOneof("kind")
    'int64_list'
    """


@export("train.Features")
class Features(metaclass=_MessageType):
    """Message with features by name in `feature`.

    >>> features = tf.train.Features()
    >>> features.feature["x"].float_list.value.append(1.0)
    >>> list(features.feature)
    ['x']
    """


@export("train.FeatureList")
class FeatureList(metaclass=_MessageType):
    """Message with a list of features in `feature`, one a step of a sequence."""


@export("train.FeatureLists")
class FeatureLists(metaclass=_MessageType):
    """Message with lists of features by name in `feature_list`."""


@export("train.Example")
class Example(metaclass=_MessageType):
    """Message with one example's `features`, as TFRecord files keep them.

    >>> example = tf.train.Example()
    >>> example.features.feature["label"].int64_list.value.append(7)
    >>> example.SerializeToString()
    b'\\n\\x10\\n\\x0e\\n\\x05label\\x12\\x05\\x1a\\x03\\n\\x01\\x07'
    >>> isinstance(tf.train.Example.FromString(example.SerializeToString()), tf.train.Example)
    True
    """


@export("train.SequenceExample")
class SequenceExample(metaclass=_MessageType):
    """Message with a sequence: its `context` and, for each step, its `feature_lists`."""
