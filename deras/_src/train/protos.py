"""The protocol buffers of checkpoints, made when first needed.

Field numbers and types are those of TensorFlow's files (`tensor_bundle.proto`,
`trackable_object_graph.proto`, `checkpoint_state.proto`, ...), so the bytes are the same. They live
in a pool of their own: TensorFlow or TensorBoard may define the same names in the same process.
"""

from __future__ import annotations

import functools
from types import SimpleNamespace
from typing import Any

# Message -> fields, as "name number type", with "*" after the type for repeated and "?" for a
# field that knows whether it was set. A type that begins with a capital is a message of this file.
_MESSAGES: dict[str, tuple[str, ...]] = {
    "TensorShapeProto": ("dim 2 TensorShapeProto.Dim*", "unknown_rank 3 bool"),
    "TensorShapeProto.Dim": ("size 1 int64", "name 2 string"),
    "TensorSliceProto": ("extent 1 TensorSliceProto.Extent*",),
    "TensorSliceProto.Extent": ("start 1 int64", "length 2 int64?"),
    "VersionDef": ("producer 1 int32", "min_consumer 2 int32", "bad_consumers 3 int32*"),
    "BundleHeaderProto": ("num_shards 1 int32", "endianness 2 int32", "version 3 VersionDef"),
    "BundleEntryProto": (
        "dtype 1 int32",
        "shape 2 TensorShapeProto",
        "shard_id 3 int32",
        "offset 4 int64",
        "size 5 int64",
        "crc32c 6 fixed32",
        "slices 7 TensorSliceProto*",
    ),
    "BoolValue": ("value 1 bool",),
    "RegisteredSaver": ("name 1 string", "object_name 2 string"),
    "TrackableObjectGraph": ("nodes 1 TrackableObjectGraph.TrackableObject*",),
    "TrackableObjectGraph.TrackableObject": (
        "children 1 TrackableObjectGraph.TrackableObject.ObjectReference*",
        "attributes 2 TrackableObjectGraph.TrackableObject.SerializedTensor*",
        "slot_variables 3 TrackableObjectGraph.TrackableObject.SlotVariableReference*",
        "registered_saver 4 RegisteredSaver",
        "has_checkpoint_values 5 BoolValue",
    ),
    "TrackableObjectGraph.TrackableObject.ObjectReference": (
        "node_id 1 int32",
        "local_name 2 string",
    ),
    "TrackableObjectGraph.TrackableObject.SerializedTensor": (
        "name 1 string",
        "full_name 2 string",
        "checkpoint_key 3 string",
    ),
    "TrackableObjectGraph.TrackableObject.SlotVariableReference": (
        "original_variable_node_id 1 int32",
        "slot_name 2 string",
        "slot_variable_node_id 3 int32",
    ),
    "CheckpointState": (
        "model_checkpoint_path 1 string",
        "all_model_checkpoint_paths 2 string*",
        "all_model_checkpoint_timestamps 3 double*",
        "last_preserved_timestamp 4 double",
    ),
}
_PACKAGE = "tensorflow"


def _fill(message: Any, fields: tuple[str, ...]) -> None:
    """Adds fields to a DescriptorProto."""
    for text in fields:
        name, number, kind = text.split()
        field = message.field.add(name=name, number=int(number))
        repeated, optional = kind.endswith("*"), kind.endswith("?")
        kind = kind.rstrip("*?")
        field.label = field.LABEL_REPEATED if repeated else field.LABEL_OPTIONAL
        if kind[0].isupper():
            field.type = field.TYPE_MESSAGE
            field.type_name = f".{_PACKAGE}.{kind}"
        else:
            field.type = getattr(field, f"TYPE_{kind.upper()}")
        if optional:  # what a proto3 `optional` is to the runtime: a choice of one
            field.oneof_index = len(message.oneof_decl)
            message.oneof_decl.add(name=f"has_{name}")


@functools.cache
def messages() -> SimpleNamespace:
    """The message classes, by their last name: `messages().BundleEntryProto`."""
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

    file = descriptor_pb2.FileDescriptorProto(
        name="deras/checkpoint.proto", package=_PACKAGE, syntax="proto3"
    )
    made: dict[str, Any] = {}
    for name, fields in _MESSAGES.items():  # an outer message stands before those inside of it
        outer, _, leaf = name.rpartition(".")
        made[name] = made[outer].nested_type.add() if outer else file.message_type.add()
        made[name].name = leaf
        _fill(made[name], fields)
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    return SimpleNamespace(
        **{
            name.rpartition(".")[2]: message_factory.GetMessageClass(
                pool.FindMessageTypeByName(f"{_PACKAGE}.{name}")
            )
            for name in _MESSAGES
        }
    )
