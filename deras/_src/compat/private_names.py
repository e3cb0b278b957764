"""Private TensorFlow names that are served where `import tensorflow` means Deras.

Programs and libraries, Keras among them, reach into `tensorflow.python`, which TensorFlow promises
to nobody. Those listed here are found; any other import from there fails with an ImportError that
names this table. Left: the private module. Right: its names, each with the public name of Deras
that it stands for. A name whose public one Deras lacks as yet says so when it is used.
"""

from __future__ import annotations

from collections.abc import Mapping

PRIVATE_NAMES: Mapping[str, Mapping[str, str]] = {
    "tensorflow.python.eager.def_function": {
        "function": "function",
    },
    "tensorflow.python.framework.config": {
        "disable_op_determinism": "config.experimental.disable_op_determinism",
        "enable_op_determinism": "config.experimental.enable_op_determinism",
        "is_op_determinism_enabled": "config.experimental.is_op_determinism_enabled",
    },
    "tensorflow.python.framework.constant_op": {
        "constant": "constant",
    },
    "tensorflow.python.framework.dtypes": {
        name: name
        for name in (
            "DType",
            "as_dtype",
            "bfloat16",
            "bool",
            "complex128",
            "complex64",
            "float16",
            "float32",
            "float64",
            "int16",
            "int32",
            "int64",
            "int8",
            "string",
            "uint16",
            "uint32",
            "uint64",
            "uint8",
        )
    },
    "tensorflow.python.framework.ops": {
        "Tensor": "Tensor",
        "convert_to_tensor": "convert_to_tensor",
        "device": "device",
        "name_scope": "name_scope",
    },
    "tensorflow.python.framework.tensor_shape": {
        "TensorShape": "TensorShape",
    },
    "tensorflow.python.framework.tensor_spec": {
        "TensorSpec": "TensorSpec",
    },
    "tensorflow.python.framework.tensor_util": {
        "is_tf_type": "is_tensor",
    },
    "tensorflow.python.ops.math_ops": {
        "is_nan": "math.is_nan",
    },
    "tensorflow.python.util.nest": {
        name: f"nest.{name}"
        for name in (
            "assert_same_structure",
            "flatten",
            "is_nested",
            "map_structure",
            "pack_sequence_as",
        )
    },
}
