"""Protocol buffer messages made from tables, in a pool of their own; protobuf is loaded late.

Package, names and field numbers are TensorFlow's, so the bytes are the same. The pool is private:
in protobuf's own there may already be TensorFlow's files, and a name can be there only once.
"""

from __future__ import annotations

import functools
from typing import Any

# Message -> fields as (number, name, type). A type is a scalar of protobuf or a message of the
# table; `[]` before it: repeated; `map:`: from string to that message; `|`: in the oneof `kind`.
Table = dict[str, tuple[tuple[int, str, str], ...]]

EXAMPLE: Table = {
    "BytesList": ((1, "value", "[]bytes"),),
    "FloatList": ((1, "value", "[]float"),),
    "Int64List": ((1, "value", "[]int64"),),
    "Feature": (
        (1, "bytes_list", "|BytesList"),
        (2, "float_list", "|FloatList"),
        (3, "int64_list", "|Int64List"),
    ),
    "Features": ((1, "feature", "map:Feature"),),
    "FeatureList": ((1, "feature", "[]Feature"),),
    "FeatureLists": ((1, "feature_list", "map:FeatureList"),),
    "Example": ((1, "features", "Features"),),
    "SequenceExample": ((1, "context", "Features"), (2, "feature_lists", "FeatureLists")),
}

# The same bytes as `EXAMPLE`, with lists of numbers left as they are: NumPy reads them at once,
# where protobuf would make a Python object of each number.
RAW_EXAMPLE: Table = {
    "BytesList": ((1, "value", "[]bytes"),),
    "Feature": (
        (1, "bytes_list", "|BytesList"),
        (2, "float_list", "|bytes"),
        (3, "int64_list", "|bytes"),
    ),
    "Features": ((1, "feature", "map:Feature"),),
    "FeatureList": ((1, "feature", "[]Feature"),),
    "FeatureLists": ((1, "feature_list", "map:FeatureList"),),
    "Example": ((1, "features", "Features"),),
    "SequenceExample": ((1, "context", "Features"), (2, "feature_lists", "FeatureLists")),
}

TENSOR: Table = {
    "Dim": ((1, "size", "int64"), (2, "name", "string")),
    "TensorShapeProto": ((2, "dim", "[]Dim"), (3, "unknown_rank", "bool")),
    "TensorProto": (
        (1, "dtype", "int32"),
        (2, "tensor_shape", "TensorShapeProto"),
        (3, "version_number", "int32"),
        (4, "tensor_content", "bytes"),
        (13, "half_val", "[]int32"),
        (5, "float_val", "[]float"),
        (6, "double_val", "[]double"),
        (7, "int_val", "[]int32"),
        (8, "string_val", "[]bytes"),
        (9, "scomplex_val", "[]float"),
        (10, "int64_val", "[]int64"),
        (11, "bool_val", "[]bool"),
        (12, "dcomplex_val", "[]double"),
        (16, "uint32_val", "[]uint32"),
        (17, "uint64_val", "[]uint64"),
        (18, "float8_val", "bytes"),
    ),
}


@functools.cache
def messages(package: str) -> dict[str, Any]:
    """The classes of a table by name: `"example"`, `"raw"` or `"tensor"`."""
    try:
        from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
    except ImportError:
        raise ImportError(
            "messages need the library protobuf, a dependency of Deras.\n"
            "  hint: pip install protobuf"
        ) from None
    table = {"example": EXAMPLE, "raw": RAW_EXAMPLE, "tensor": TENSOR}[package]
    space = "deras.raw" if package == "raw" else "tensorflow"
    # Names that are not UTF-8 are taken by TensorFlow's parser, and by protobuf in proto2 only.
    syntax = "proto2" if package == "raw" else "proto3"
    file = descriptor_pb2.FileDescriptorProto(
        name=f"deras/{package}.proto", package=space, syntax=syntax
    )
    for name, fields in table.items():
        _add_message(file, space, name, fields)
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    classes = {}
    for name in table:
        made = message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{space}.{name}"))
        if package == "example":
            # Where pickle finds it.
            made.__module__ = "deras._src.io.example_messages"
            made.__qualname__ = f"{name}Message"
        classes[name] = made
    return classes


def _add_message(file: Any, space: str, name: str, fields: Any) -> None:
    message = file.message_type.add(name=name)
    for number, field_name, kind in fields:
        field = message.field.add(name=field_name, number=number)
        field.label = field.LABEL_OPTIONAL
        if kind.startswith("|"):
            if not message.oneof_decl:
                message.oneof_decl.add(name="kind")
            field.oneof_index, kind = 0, kind[1:]
        if kind.startswith("map:"):
            entry = message.nested_type.add(name=_camel(field_name) + "Entry")
            entry.options.map_entry = True
            for at, (part, part_kind) in enumerate((("key", "string"), ("value", kind[4:])), 1):
                made = entry.field.add(name=part, number=at)
                made.label = made.LABEL_OPTIONAL
                _set_type(made, space, part_kind)
            kind = f"[]{name}.{entry.name}"
        if kind.startswith("[]"):
            field.label, kind = field.LABEL_REPEATED, kind[2:]
        _set_type(field, space, kind)


def _set_type(field: Any, space: str, kind: str) -> None:
    scalar = getattr(field, f"TYPE_{kind.upper()}", None) if kind.islower() else None
    if scalar is not None:
        field.type = scalar
    else:
        field.type, field.type_name = field.TYPE_MESSAGE, f".{space}.{kind}"


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))
