"""From Python and NumPy values to tensors, by TensorFlow's rules.

Python ints become int32 (int64 where too large), floats float32, complex complex128, bytes and
str string; NumPy values keep their dtype. With a dtype asked for: int to int, int to float and
float to float are taken, float to int is a TypeError, tensors are never recast.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import numpy as np

from deras._src import errors
from deras._src.core import dtypes
from deras._src.core.context import state
from deras._src.core.dtypes import DType, as_dtype, from_numpy
from deras._src.core.tensor import EagerTensor, Tensor, device_tensor, host_tensor, literal
from deras._src.core.tensor_shape import TensorShape
from deras._src.registry import OpDef, TypeVar
from deras._src.util.callsite import user_site

_scalars: dict[tuple[type, Any, DType | None], EagerTensor] = {}
_MOST_SCALARS = 4096
_packer: list[Callable[..., Any]] = []


def set_packer(pack: Callable[..., Any]) -> None:
    """Names `pack(values, dtype)`, which stacks a list in which tensors occur (a layer above)."""
    _packer[:] = [pack]


def convert_inputs(op: OpDef, inputs: Sequence[Any]) -> tuple[Any, ...]:
    """The inputs of an op as tensors; values take the dtype of the tensors they go with."""
    if all(isinstance(x, Tensor) for x in inputs):
        return tuple(inputs)
    converted = list(inputs)
    shared: dict[TypeVar, DType] = {}
    pending = []
    for position, x in enumerate(inputs):
        read = getattr(type(x), "__deras_tensor__", None)
        if isinstance(x, Tensor) or read is not None:
            tensor = x if read is None else read(x)
            converted[position] = tensor
            constraint = op.constraint(position)
            if isinstance(constraint, TypeVar):
                shared.setdefault(constraint, tensor.dtype)
        else:
            pending.append(position)
    for position in pending:
        constraint = op.constraint(position)
        value = inputs[position]
        dtype = shared.get(constraint) if isinstance(constraint, TypeVar) else None
        try:
            if dtype is not None:
                tensor = convert(value, dtype)
            elif isinstance(constraint, TypeVar):
                hint = next(
                    (
                        from_numpy(np.dtype(inputs[p].dtype))
                        for p in pending
                        if op.constraint(p) is constraint
                        and isinstance(inputs[p], (np.ndarray, np.generic))
                    ),
                    None,
                )
                tensor = convert(value, hint if hint in constraint.allowed else None)
                shared[constraint] = tensor.dtype
            else:
                tensor = convert(value)
        except errors.OpError:
            raise
        except TypeError as error:
            raise _conversion_error(errors.ArgumentTypeError, op, position, error) from None
        except ValueError as error:
            raise _conversion_error(ValueError, op, position, error) from None
        converted[position] = tensor
    return tuple(converted)


def _conversion_error(cls: type[Exception], op: OpDef, position: int, error: Exception) -> Any:
    what = f"{op.input_name(position)}: {error}"
    return errors.op_error(cls, op.label, what, site=state.site_override or user_site())


def convert(value: Any, dtype: DType | None = None) -> Any:
    """`value` as a tensor: the rules of `tf.convert_to_tensor`, without a graph node."""
    kind = type(value)
    if kind is int or kind is float or kind is bool:
        key = (kind, value, dtype)
        tensor = _scalars.get(key)
        if tensor is None or (value == 0 and _is_negative_zero(value)):
            tensor = literal(host_tensor(to_numpy(value, dtype), dtype))
            if len(_scalars) < _MOST_SCALARS and not _is_negative_zero(value):
                _scalars[key] = tensor
        return tensor
    if isinstance(value, Tensor):
        if dtype is not None and value.dtype is not dtype:
            raise ValueError(
                f"Tensor conversion requested dtype {dtype.name} for Tensor with dtype "
                f"{value.dtype.name}: {value!r}"
            )
        return value
    read = getattr(kind, "__deras_tensor__", None) or getattr(kind, "__tf_tensor__", None)
    if read is not None:
        return convert(
            read(value, dtype) if read.__name__ == "__tf_tensor__" else read(value), dtype
        )
    if isinstance(value, jax.Array):
        return convert(device_tensor(value), None) if dtype is None else _recast(value, dtype)
    if isinstance(value, TensorShape):
        dims = _shape_dims(value)
        if dtype is None:
            dtype = dtypes.int64 if dims and max(dims) > dtypes.int32.max else dtypes.int32
        elif dtype not in dtypes.INDEX:
            raise TypeError(
                f"Cannot convert a TensorShape to dtype {dtype.name}: it is int32 or int64."
            )
        return literal(host_tensor(np.array(dims, dtype.np_dtype), dtype))
    if isinstance(value, (list, tuple)) and has_tensor(value):
        if not _packer:
            raise TypeError("lists of tensors cannot be converted before tf.stack is loaded")
        return _packer[0](_same_dtype(value), dtype)
    return literal(host_tensor(to_numpy(value, dtype), dtype))


def _is_negative_zero(value: Any) -> bool:
    """-0.0 is never kept: as a key it equals 0.0."""
    return type(value) is float and value == 0 and math.copysign(1.0, value) < 0


def _recast(value: Any, dtype: DType) -> EagerTensor:
    if from_numpy(value.dtype) is dtype:
        return device_tensor(value)
    return host_tensor(to_numpy(np.asarray(value), dtype), dtype)


def _shape_dims(shape: TensorShape) -> list[int]:
    if not shape.is_fully_defined():
        raise ValueError(f"Cannot convert a partially known TensorShape {shape} to a Tensor.")
    return [d for d in shape.as_list() if d is not None]


def has_tensor(value: Any) -> bool:
    """Whether a nested list holds a tensor (or a variable) somewhere."""
    return any(
        isinstance(v, Tensor)
        or hasattr(type(v), "__deras_tensor__")
        or (isinstance(v, (list, tuple)) and has_tensor(v))
        for v in value
    )


def _same_dtype(values: Sequence[Any]) -> list[Any]:
    """Converts the elements of a list that holds tensors, all to the first tensor's dtype."""
    dtype = next(
        v.dtype
        for v in _leaves(values)
        if isinstance(v, Tensor) or hasattr(type(v), "__deras_tensor__")
    )
    return [
        convert(v)
        if isinstance(v, Tensor) or hasattr(type(v), "__deras_tensor__")
        else convert(v, dtype)
        for v in values
    ]


def _leaves(values: Any) -> Any:
    for v in values:
        if isinstance(v, (list, tuple)):
            yield from _leaves(v)
        else:
            yield v


def to_numpy(value: Any, dtype: DType | None = None) -> np.ndarray:
    """A fresh NumPy array of a Python or NumPy value, by TensorFlow's dtype rules.

    NumPy values keep their dtype, or are cast to the one asked for, whatever the loss. Python
    values go by their first number: a list that begins with an int takes ints and floats, one that
    begins with a bool only bools. Integers out of the range of the dtype asked for wrap around.
    """
    if value is None:
        raise ValueError(_unsupported(value))
    if isinstance(value, (np.ndarray, np.generic)):
        return _from_array(np.asarray(value), dtype)
    if not isinstance(value, (bool, int, float, complex, str, bytes, list, tuple)):
        if hasattr(value, "__array__"):
            return _from_array(np.asarray(value), dtype)
        if isinstance(value, Mapping) or not (
            hasattr(value, "__len__") and hasattr(value, "__getitem__")
        ):
            raise ValueError(_unsupported(value))
        value = list(value)
    return _from_python(value, dtype)


def _unsupported(value: Any) -> str:
    return (
        f"Attempt to convert a value ({_short(value)}) with an unsupported type ({type(value)}) to "
        "a Tensor."
    )


def _from_array(array: np.ndarray, dtype: DType | None) -> np.ndarray:
    kind = array.dtype.kind
    if kind in "SUO":
        if dtype is not None and dtype is not dtypes.string:
            raise ValueError(f"Failed to convert a NumPy array of text to a {dtype.name} Tensor.")
        return _strings(array)
    try:
        own = from_numpy(array.dtype)
    except TypeError:
        raise ValueError(
            f"Failed to convert a NumPy array to a Tensor (Unsupported numpy type {array.dtype})."
        ) from None
    if dtype is None or own is dtype:
        return np.array(array, dtype=own.np_dtype, subok=False, order="C")
    if dtype is dtypes.string or own.is_quantized or dtype.is_quantized:
        raise ValueError(f"Failed to convert a NumPy array of {own.name} to {dtype.name}.")
    with np.errstate(all="ignore"):
        if own.is_complex and not dtype.is_complex:
            array = array.real
        # Through int64, as the machine does: an unsigned target wraps instead of saturating.
        if dtype.is_unsigned and own.is_floating and dtype.size < 8:
            array = array.astype(np.int64)
        return np.array(array.astype(dtype.np_dtype), subok=False)


def _first_leaf(value: Any) -> Any:
    while isinstance(value, (list, tuple)) or (isinstance(value, np.ndarray) and value.ndim):
        if len(value) == 0:
            return None
        value = value[0]
    return value


_MIXED = "Can't convert Python sequence with mixed types to Tensor."
_TOO_LARGE = "Can't convert Python sequence with out-of-range integer to Tensor."


def _from_python(value: Any, dtype: DType | None) -> np.ndarray:
    first = _first_leaf(value)
    if isinstance(first, (str, bytes)) or dtype is dtypes.string:
        if dtype is not None and dtype is not dtypes.string:
            raise TypeError(_cannot(value, dtype))
        return _strings(value)
    try:
        array = np.asarray(value)
    except ValueError:
        raise ValueError(_irregular(value)) from None
    except OverflowError:
        raise ValueError(_TOO_LARGE) from None
    kind = array.dtype.kind
    if kind == "O":
        array = _large_integers(array, value, dtype)
        kind = array.dtype.kind
    if kind in "SUV":
        raise ValueError(_MIXED)
    if array.size == 0:
        return array.astype((dtype or dtypes.float32).np_dtype)
    if isinstance(first, (bool, np.bool_)):
        if kind != "b" and dtype is None:
            raise ValueError(_MIXED)
    elif isinstance(first, (int, np.integer)):
        if kind == "f" and dtype is dtypes.uint64:  # NumPy makes floats of mixed large ints
            array = _large_integers(np.array(value, dtype=object), value, dtype)
            kind = "u"
        if kind == "c":
            raise ValueError(_MIXED)
        wants_float = dtype is not None and not dtype.is_integer
        if kind == "f" and not wants_float and np.abs(array).max() >= 2.0**63:
            if not _has_float(value):
                raise ValueError(_TOO_LARGE)  # NumPy makes floats of ints beyond int64
    elif isinstance(first, (float, np.floating)):
        if kind == "c":
            raise ValueError(_MIXED)
    if dtype is None:
        return _default_dtype(array, first)
    return _to_dtype(array, value, dtype)


def _cannot(value: Any, dtype: DType) -> str:
    return f"Cannot convert {_short(value)} to EagerTensor of dtype {dtype.name}"


def _irregular(value: Any) -> str:
    for leaf in _leaves(value):
        if leaf is None:
            return _unsupported(None)
    return "Can't convert non-rectangular Python sequence to Tensor."


def _large_integers(array: np.ndarray, value: Any, dtype: DType | None) -> np.ndarray:
    """An object array of ints beyond int64, in the float or uint64 dtype asked for."""
    for item in array.flat:
        if item is None:
            raise ValueError(_unsupported(None))
        if isinstance(item, (str, bytes)):
            raise ValueError(_MIXED)
        if not isinstance(item, (int, float)):
            raise ValueError(_unsupported(item))
    if dtype is not None and (dtype.is_floating or dtype.is_complex):
        try:
            return array.astype(np.float64)
        except OverflowError:
            raise ValueError(_TOO_LARGE) from None
    if dtype is dtypes.uint64 and all(0 <= v < 2**64 for v in array.flat):
        return array.astype(np.uint64)
    raise ValueError(_TOO_LARGE)


def _has_float(value: Any) -> bool:
    if isinstance(value, np.ndarray):
        return value.dtype.kind == "f"
    if isinstance(value, (list, tuple)):
        return any(_has_float(v) for v in value)
    return isinstance(value, (float, np.floating))


def _default_dtype(array: np.ndarray, first: Any) -> np.ndarray:
    """Python numbers in the dtype they have when none is asked for."""
    kind = array.dtype.kind
    if kind == "b":
        return array
    if kind == "c":
        return array.astype(np.complex128)
    if kind in "iu":
        low, high = int(array.min()), int(array.max())
        if high > dtypes.int64.max:
            raise ValueError(_TOO_LARGE)
        small = low >= dtypes.int32.min and high <= dtypes.int32.max
        return array.astype(np.int32 if small else np.int64)
    if isinstance(first, (np.float64, np.float16)) or from_numpy(array.dtype) is dtypes.bfloat16:
        return array.astype(type(first))  # a list that begins with a NumPy float takes its dtype
    with np.errstate(over="ignore"):
        result = array.astype(np.float32)
    if array.dtype.itemsize > 4 and np.any(np.isinf(result) & ~np.isinf(array)):
        raise ValueError(
            "Can't convert Python sequence with a value out of range for a single-precision float."
        )
    return result


def _to_dtype(array: np.ndarray, value: Any, dtype: DType) -> np.ndarray:
    """Python numbers in the dtype asked for: never a float to an integer."""
    kind = array.dtype.kind
    source_is_integer = kind in "iub" or from_numpy(array.dtype).is_integer
    if kind == "b":
        fits = not dtype.is_complex
    elif kind == "c":
        fits = dtype.is_complex
    elif source_is_integer:
        fits = not dtype.is_bool
    else:
        fits = dtype.is_floating or dtype.is_complex
    if not fits:
        raise TypeError(_cannot(value, dtype))
    if dtype.is_integer and kind in "iu":
        if dtype is dtypes.uint64:
            if kind == "i" and int(array.min()) < 0:
                raise ValueError(_TOO_LARGE)
        elif kind == "u" and int(array.max()) > dtypes.int64.max:
            raise ValueError(_TOO_LARGE)
    if dtype.is_quantized:
        return array.astype(dtype.np_dtype[0]).view(dtype.np_dtype)  # type: ignore[index]
    with np.errstate(all="ignore"):
        return np.array(array.astype(dtype.np_dtype))


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


def _strings(value: Any) -> np.ndarray:
    """Nested lists of str and bytes as an object array of bytes."""
    source = value if isinstance(value, np.ndarray) else np.array(value, dtype=object)
    result = np.empty(source.shape, dtype=object)
    typed = isinstance(value, np.ndarray) and value.dtype.kind in "SU"
    for index, item in np.ndenumerate(source):
        if isinstance(item, str):
            result[index] = item.encode("utf-8")
        elif isinstance(item, bytes):
            result[index] = bytes(item)
        elif typed or any(isinstance(v, (str, bytes)) for v in source.flat):
            if isinstance(item, (list, tuple)):
                raise ValueError("Can't convert non-rectangular Python sequence to Tensor.")
            raise ValueError(_MIXED)
        elif isinstance(item, (list, tuple)):
            raise ValueError("Can't convert non-rectangular Python sequence to Tensor.")
        elif isinstance(item, (bool, int, float, complex)) and not isinstance(value, np.ndarray):
            raise TypeError(f"Cannot convert {_short(item)} to EagerTensor of dtype string")
        else:
            raise ValueError(_unsupported(item))
    return result


def convert_to_tensor(value: Any, dtype: Any = None, dtype_hint: Any = None) -> Any:
    """`value` as a tensor; `dtype_hint` is used where the value allows it."""
    wanted = None if dtype is None else as_dtype(dtype)
    if wanted is None and dtype_hint is not None and not isinstance(value, Tensor):
        try:
            return convert(value, as_dtype(dtype_hint))
        except (TypeError, ValueError):
            return convert(value)
    return convert(value, wanted)


def host_value(value: Any, what: str) -> np.ndarray:
    """The NumPy value of something that must be known now; TypeError where it is symbolic."""
    tensor = convert(value)
    if isinstance(tensor, EagerTensor):
        return tensor.host_array()
    known = getattr(tensor, "value", None)
    if known is None:
        known = getattr(tensor, "array", None)
    if not isinstance(known, np.ndarray):
        where = "" if state.graph is None else f" while tracing {state.graph.name!r}"
        raise errors.op_error(
            TypeError, what, f"its value must be known{where}, but it is {tensor!r}"
        )
    return known
