"""The kinds of values, and which of them the functions of TensorFlow, Keras and NumPy give."""

from __future__ import annotations

UNKNOWN = "unknown"
TENSOR, VARIABLE, VARIABLES = "tensor", "variable", "variables"
TENSORS = "tensors"  # a list of them, such as gradients
MODEL, LAYER, OPTIMIZER, METRIC, LOSS = "model", "layer", "optimizer", "metric", "loss"
MODULE, OBJECT, TAPE, FUNCTION = "module", "object", "tape", "function"
DATASET, ITERATOR, NUMPY, NUMPY_ROWS = "dataset", "iterator", "numpy", "numpy rows"
SCALAR, STRING, NONE, SHAPE, RANGE = "number", "string", "none", "shape", "range"
LIST, DICT, ARRAYS, GENERATOR, SCHEDULE = "list", "dict", "tensor array", "generator", "schedule"

Kinds = frozenset[str]
NOTHING_KNOWN = frozenset({UNKNOWN})

_KERAS = {
    "layers": LAYER,
    "models": MODEL,
    "applications": MODEL,
    "optimizers": OPTIMIZER,
    "metrics": METRIC,
    "losses": LOSS,
}
CLASSES = {
    "tf.Variable": VARIABLE,
    "tf.Module": MODULE,
    "tf.GradientTape": TAPE,
    "tf.function": FUNCTION,
    "tf.TensorArray": ARRAYS,
    "tf.keras.Model": MODEL,
    "tf.keras.Sequential": MODEL,
    "tf.keras.Input": TENSOR,
    "tf.keras.layers.Input": TENSOR,
    "tf.keras.layers.Wrapper": LAYER,
    "tf.shape": TENSOR,
    "tf.range": TENSOR,
}
# Parts of tf that hold no functions from tensors to tensors.
_NO_TENSORS = (
    "tf.config.", "tf.io.gfile.", "tf.saved_model.", "tf.summary.", "tf.train.", "tf.nest.",
    "tf.dtypes.as_dtype", "tf.autograph.", "tf.distribute.", "tf.keras.", "tf.print",
    "tf.py_function", "tf.numpy_function", "tf.debugging.", "tf.test.", "tf.profiler.", "tf.lite.",
    "tf.name_scope", "tf.device", "tf.init_scope", "tf.random.set_seed", "tf.random.get_global",
    "tf.get_logger", "tf.executing_eagerly", "tf.is_tensor", "tf.get_static_value", "tf.function",
    "tf.map_fn", "tf.while_loop", "tf.scan", "tf.cond", "tf.type_spec", "tf.sysconfig.",
    "tf.split", "tf.unstack", "tf.meshgrid", "tf.experimental.", "tf.types.", "tf.group",
    "tf.no_gradient", "tf.custom_gradient", "tf.recompute_grad", "tf.gradients", "tf.compat.",
)  # fmt: skip
_BUILTINS = {
    "int": SCALAR, "float": SCALAR, "bool": SCALAR, "len": SCALAR, "round": SCALAR, "hash": SCALAR,
    "isinstance": SCALAR, "hasattr": SCALAR, "ord": SCALAR, "str": STRING, "repr": STRING,
    "input": STRING, "range": RANGE, "list": LIST, "sorted": LIST, "tuple": LIST, "dict": DICT,
    "set": DICT, "open": OBJECT,
}  # fmt: skip
# What asks for a type: behind it a value is one or the other.
TYPE_TESTS = ("isinstance", "hasattr", "callable", "tf.is_tensor", "tf.executing_eagerly")
DATASET_METHODS = {
    "map", "batch", "shuffle", "repeat", "prefetch", "cache", "filter", "take", "skip", "zip",
    "interleave", "flat_map", "padded_batch", "unbatch", "window", "concatenate", "shard", "apply",
    "enumerate", "ragged_batch", "rebatch", "with_options", "take_while", "scan", "unique",
    "group_by_window", "bucket_by_sequence_length", "snapshot", "random", "sample_from_datasets",
}  # fmt: skip


def kind_of_call(name: str) -> str | None:
    """The kind of what a library's function or class gives, by its canonical name."""
    if name in _BUILTINS:
        return _BUILTINS[name]
    if name in CLASSES:
        return CLASSES[name]
    if name.startswith("tf.keras."):
        return keras_kind(name)
    if name.startswith("tf.data."):
        return DATASET
    if name.startswith(("np.", "random.", "time.", "math.")):
        return NUMPY if name.startswith("np.") else SCALAR
    last = name.rsplit(".", 1)[-1]
    if name.startswith("tf.random.Generator"):
        return GENERATOR
    if name.startswith("tf.") and last[0].islower() and not name.startswith(_NO_TENSORS):
        return TENSOR
    return None


def keras_kind(name: str) -> str | None:
    """The kind of what a name below tf.keras gives when called."""
    parts = name.removeprefix("tf.keras.").split(".")
    last = parts[-1]
    if last == "load_model" or last == "clone_model" or name == "tf.keras.models.Model":
        return MODEL
    if "schedules" in parts or "LearningRateSchedule" in name:
        return SCHEDULE
    if parts[0] == "utils":
        return DATASET if "dataset_from" in last else NUMPY
    if parts[0] == "backend" and last in ("dtype", "floatx", "int_shape", "ndim", "epsilon"):
        return SCALAR
    if parts[0] == "backend" and last in ("image_data_format", "backend"):
        return STRING
    if parts[0] in ("ops", "activations", "backend", "random"):
        return TENSOR if last[0].islower() else None
    kind = _KERAS.get(parts[0])
    if kind in (LOSS, METRIC) and last[0].islower():
        return TENSOR
    if kind in (LAYER, MODEL, OPTIMIZER, METRIC, LOSS) and last[0].isupper():
        return kind
    return None
