"""Tensors from values, and ops that pass a tensor on: constant, convert_to_tensor, identity."""

from __future__ import annotations

from typing import Any

import numpy as np

from deras._src.core.context import state
from deras._src.core.dtypes import ANY, as_dtype
from deras._src.core.tensor import (
    EagerTensor,
    SymbolicTensor,
    Tensor,
    TracedTensor,
    host_tensor,
    literal,
)
from deras._src.core.tensor_shape import TensorShape, as_shape
from deras._src.dispatch import convert as conversion
from deras._src.dispatch.apply import apply
from deras._src.ops.shapes import same_as_first, same_as_inputs
from deras._src.registry import NONE, op
from deras._src.util import nest
from deras._src.util.export import export, export_value

newaxis = export_value(None, "newaxis")


@op(
    "Const",
    dtypes=ANY,
    gradient=NONE,
    shape=same_as_first,
    numpy=lambda value: value,
    host=lambda value: value,
    api_name="constant",
)
def _const(value):
    return value


@export("constant")
def constant(value: Any, dtype: Any = None, shape: Any = None, name: str = "Const") -> Any:
    """A tensor of a Python or NumPy value.

    Args:
      value: Number, bool, str or bytes, a nested list of them, or a NumPy array. A list goes by its
        first element: `[1, 2.5]` is float32, `[True, 1]` is an error.
      dtype: Element type; by default int32 for ints (int64 where they need it), float32 for floats,
        and the array's own for NumPy arrays.
      shape: Shape of the result. A single element is repeated to fill it; otherwise the number of
        elements must fit.
      name: Optional name of the node in graphs.
    Returns:
      Tensor, read-only.
    Raises:
      TypeError: The value does not fit `dtype` (a float for an integer dtype), or not `shape`.
      ValueError: The value is no tensor: None, ragged lists, lists of tensors (use `tf.stack`).

    >>> tf.constant([1, 2], tf.float32)
    <tf.Tensor: shape=(2,), dtype=float32, numpy=array([1., 2.], dtype=float32)>
    >>> tf.constant(0, shape=[3]).numpy()
    array([0, 0, 0], dtype=int32)
    """
    wanted = None if dtype is None else as_dtype(dtype)
    if isinstance(value, EagerTensor):
        if wanted is not None and value.dtype is not wanted:
            raise TypeError(
                f"tf.constant: a tensor of dtype {value.dtype.name} cannot become {wanted.name}; "
                "use tf.cast."
            )
        tensor = value
    elif isinstance(value, Tensor):
        raise TypeError(
            f"tf.constant: {value!r} has no value while a function is traced; use tf.identity or "
            "tf.convert_to_tensor."
        )
    elif isinstance(value, TensorShape):
        tensor = host_tensor(conversion.to_numpy(value.as_list(), wanted), wanted)
    else:
        if isinstance(value, (list, tuple)) and conversion.has_tensor(value):
            raise ValueError(
                "tf.constant: the list holds tensors; tf.stack or tf.convert_to_tensor join them."
            )
        tensor = _unshared(conversion.convert(value, wanted), value)
    if shape is not None:
        tensor = _with_shape(tensor, as_shape(shape))
    return tensor if state.graph is None else apply(_const, (tensor,), (), name)


def _unshared(tensor: Any, value: Any) -> Any:
    """A tensor of its own: those of Python numbers are shared, and tapes go by identity.

    Eagerly the user holds it, so it is no literal of a graph's either.
    """
    if tensor is value or not isinstance(tensor, EagerTensor) or _is_computed(value):
        return tensor
    own = EagerTensor(tensor.aval, tensor._array, tensor._host)
    return own if state.graph is None else literal(own)


def _is_computed(value: Any) -> bool:
    """Whether converting `value` runs an op, whose output a tape must find again."""
    if isinstance(value, (list, tuple)):
        return conversion.has_tensor(value)
    return hasattr(type(value), "__deras_tensor__")


def _with_shape(tensor: EagerTensor, shape: TensorShape) -> EagerTensor:
    count = shape.num_elements()
    if count is None:
        raise ValueError(f"tf.constant: shape {shape} has unknown dimensions.")
    dims = tuple(shape.as_list())
    if tensor.aval.dims == dims:
        return tensor
    value = tensor.host_array()
    if value.size == count:
        filled = value.reshape(dims)
    elif value.size == 1:
        filled = np.full(dims, value.reshape(())[()], value.dtype)
    else:
        raise TypeError(
            f"tf.constant: a value of {value.size} elements, shape {value.shape}, does not fill "
            f"shape {dims} of {count} elements."
        )
    return host_tensor(filled.copy(), tensor.dtype)


@export("convert_to_tensor")
def convert_to_tensor(
    value: Any, dtype: Any = None, dtype_hint: Any = None, name: str | None = None
) -> Any:
    """A tensor of anything that can be one; tensors are returned as they are.

    Args:
      value: Tensor, variable, Python or NumPy value, or nested lists of them.
      dtype: Wanted element type. A tensor of another dtype is an error: it is never cast.
      dtype_hint: Element type to use where the value allows it.
      name: Optional name of the node in graphs.
    Returns:
      Tensor.
    Raises:
      TypeError: The value does not fit `dtype`.
      ValueError: The value cannot be a tensor, or is a tensor of another dtype.

    >>> tf.convert_to_tensor([tf.constant(1.0), 2]).numpy()
    array([1., 2.], dtype=float32)
    """
    tensor = _unshared(conversion.convert_to_tensor(value, dtype, dtype_hint), value)
    if state.graph is None or not isinstance(tensor, EagerTensor) or tensor is value:
        return tensor
    return apply(_const, (tensor,), (), name or "Const")


@op("Identity", dtypes=ANY, shape=same_as_first, numpy=lambda x: x, host=lambda x: x)
def _identity(input):
    return input


def _identity_gradient(record: Any, *grads: Any) -> Any:
    return grads


# Passes IndexedSlices and missing gradients through untouched, which a derived gradient cannot.
_identity_gradient.accepts_slices = True  # type: ignore[attr-defined]
_identity_gradient.accepts_none = True  # type: ignore[attr-defined]
_identity.gradient = _identity_gradient


@export("identity")
def identity(input: Any, name: str | None = None) -> Any:
    """A new tensor with the same value: another one to tapes and in graphs.

    Args:
      input: Tensor of any dtype, variable or composite tensor.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of the same shape and dtype.

    >>> v = tf.Variable(1.0)
    >>> before = tf.identity(v)
    >>> _ = v.assign(2.0)
    >>> float(before)
    1.0
    """
    if _is_composite(input):
        parts = nest.flatten(input, expand_composites=True)
        parts = [apply(_identity, (p,), (), name) for p in parts]
        return nest.pack_sequence_as(input, parts, expand_composites=True)
    if _may_share(input):
        return EagerTensor(input.aval, input._array, input._host)
    return apply(_identity, (input,), (), name)


def _may_share(value: Any) -> bool:
    """Whether a tensor can be passed on without an op: eagerly, unobserved, on no given device."""
    if state.graph is not None or state.recorders or state.device is not None:
        return False
    return type(value) is EagerTensor


def _is_composite(value: Any) -> bool:
    return not hasattr(type(value), "__deras_tensor__") and hasattr(type(value), "_type_spec")


@op("IdentityN", dtypes={}, shape=same_as_inputs, gradient=_identity_gradient)
def _identity_n(*input):
    return tuple(input)


@export("identity_n")
def identity_n(input: Any, name: str | None = None) -> Any:
    """New tensors with the same values, as one op.

    Args:
      input: List of tensors of any dtypes and shapes.
      name: Optional name of the node in graphs.
    Returns:
      List of tensors.

    >>> [int(t) for t in tf.identity_n([tf.constant(1), tf.constant(2)])]
    [1, 2]
    """
    if not isinstance(input, (list, tuple)):
        raise TypeError(
            f"tf.identity_n: input must be a list of tensors, not {type(input).__name__}."
        )
    if not input:
        raise ValueError("tf.identity_n: the list is empty.")
    result = apply(_identity_n, tuple(input), (), name)
    return list(result) if type(result) is tuple else [result]


@op(
    "StopGradient",
    dtypes=ANY,
    gradient=NONE,
    shape=same_as_first,
    numpy=lambda x: x,
    host=lambda x: x,
    api_name="stop_gradient",
)
def _stop_gradient(input):
    return input


@export("stop_gradient")
def stop_gradient(input: Any, name: str | None = None) -> Any:
    """The same value, a constant to gradients: nothing flows back through it.

    Args:
      input: Tensor of any dtype.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of the same shape and dtype.

    >>> x = tf.Variable(3.0)
    >>> with tf.GradientTape() as tape:
    ...     y = x * tf.stop_gradient(x)
    >>> float(tape.gradient(y, x))
    3.0
    """
    if _may_share(input):
        return EagerTensor(input.aval, input._array, input._host)
    return apply(_stop_gradient, (input,), (), name)


def _prevent_gradient_error(record: Any, *grads: Any) -> Any:
    message = record.attr("message") or "Gradient explicitly disabled."
    raise LookupError(f"tf.PreventGradient: {message}")


@op("PreventGradient", dtypes=ANY, gradient=_prevent_gradient_error, shape=same_as_first)
def _prevent_gradient(input, *, message):
    return input


def prevent_gradient(input: Any, message: str = "", name: str | None = None) -> Any:
    """The same value; asking for a gradient through it is a LookupError with `message`."""
    return apply(_prevent_gradient, (input,), (("message", message),), name)


@export("guarantee_const")
def guarantee_const(input: Any, name: str | None = None) -> Any:
    """The tensor itself, promised not to change between calls. Nothing here needs the promise.

    >>> int(tf.guarantee_const(tf.constant(3)))
    3
    """
    return apply(_stop_gradient, (input,), (), name)


@export("is_tensor")
def is_tensor(x: Any) -> bool:
    """Whether `x` is a tensor, a variable or a composite tensor (ragged, sparse, ...).

    >>> tf.is_tensor(tf.constant(1)), tf.is_tensor([1])
    (True, False)
    """
    kind = type(x)
    return isinstance(x, Tensor) or hasattr(kind, "__deras_tensor__") or hasattr(kind, "_type_spec")


@export("is_symbolic_tensor")
def is_symbolic_tensor(tensor: Any) -> bool:
    """Whether `tensor` belongs to a function being traced, and so has no value.

    >>> tf.is_symbolic_tensor(tf.constant(1))
    False
    """
    return isinstance(tensor, (SymbolicTensor, TracedTensor))


@export("get_static_value")
def get_static_value(tensor: Any, partial: bool = False) -> Any:
    """The value of a tensor where it is known now, else None.

    Args:
      tensor: Tensor.
      partial: Return an object array in which elements that are not known are None, for tensors
        made by `tf.stack` and `tf.shape`.
    Returns:
      NumPy array (a scalar for rank 0), or None.

    >>> int(tf.get_static_value(tf.constant(3)))
    3
    """
    if isinstance(tensor, EagerTensor):
        return tensor.numpy()
    if isinstance(tensor, TracedTensor):
        value = tensor.array if isinstance(tensor.array, np.ndarray) else None
    elif isinstance(tensor, SymbolicTensor):
        value = tensor.value
        node = tensor.node
        if value is None and node is not None:
            value = _value_of_node(node, partial)
    else:
        return None
    return value[()] if isinstance(value, np.ndarray) and value.ndim == 0 else value


def _value_of_node(node: Any, partial: bool) -> Any:
    name = node.op.name
    if name in ("Const", "Identity") and isinstance(node.inputs[0], EagerTensor):
        return node.inputs[0].host_array()
    if not partial:
        return None
    if name == "Pack":
        parts = [get_static_value(x, True) for x in node.inputs]
        return np.array(parts, dtype=object)
    if name == "Shape" and node.inputs[0].shape.rank is not None:
        return np.array(node.inputs[0].shape.as_list(), dtype=object)
    return None
