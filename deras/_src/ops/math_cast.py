"""Changes of dtype: cast, saturate_cast, bitcast, and the parts of complex numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from deras._src.core.dtypes import (
    COMPLEX,
    FLOATING,
    NUMERIC,
    ON_DEVICE,
    DType,
    as_dtype,
    complex64,
    complex128,
    float32,
    float64,
)
from deras._src.core.dtypes import string as string_dtype
from deras._src.core.tensor import Tensor, describe
from deras._src.dispatch.apply import apply
from deras._src.dispatch.convert import convert
from deras._src.errors import UnimplementedError, op_error
from deras._src.ops.math_binary import maximum, minimum
from deras._src.ops.math_support import Specs
from deras._src.ops.shapes import broadcast, same_as_first
from deras._src.registry import NONE, op
from deras._src.util.export import export


def _cast_shape(inputs: Sequence[Any], attrs: Mapping[str, Any]) -> Specs:
    return [(attrs["DstT"], inputs[0].shape)]


def _cast_on_host(x: np.ndarray, *, DstT: DType) -> np.ndarray:
    if DstT.is_bool:
        return x != 0
    return x.astype(DstT.np_dtype)


def _truncated(x, target):
    """Float to integer as an x86 CPU does it: what does not fit becomes the lowest integer.

    XLA takes the nearest integer that fits. TensorFlow's kernels convert through int32 (int64 for
    the 32- and 64-bit unsigned types) and keep the low bits. That is their scalar code; for the
    8- and 16-bit types their vector code, used on long tensors, clamps that int32 instead, so what
    TensorFlow gives for one value depends on its position.
    """
    if x.dtype.itemsize < 4:
        x = lax.convert_element_type(x, np.float32)
    wide = np.dtype(np.int64 if target.itemsize == 8 or target == np.uint32 else np.int32)
    bound = np.asarray(2.0 ** (wide.itemsize * 8 - 1), x.dtype)
    fits = (x >= -bound) & (x < bound)
    lowest = np.asarray(np.iinfo(wide).min, wide)
    result = jnp.where(
        fits, lax.convert_element_type(jnp.where(fits, x, np.zeros((), x.dtype)), wide), lowest
    )
    if target == np.uint64:
        shifted = x - bound
        high = (shifted >= np.zeros((), x.dtype)) & (shifted < bound)
        upper = lax.convert_element_type(jnp.where(high, shifted, np.zeros((), x.dtype)), wide)
        result = jnp.where(high, upper ^ lowest, result)
    return lax.convert_element_type(result, target)


def _cast_gradient(record: Any, grad: Any) -> Any:
    source = record.inputs[0].dtype
    target = record.outputs[0].dtype
    if not (_carries_gradient(source) and _carries_gradient(target)):
        return (None,)
    return (cast(grad, source),)


def _carries_gradient(dtype: DType) -> bool:
    return dtype.is_floating or dtype.is_complex


def _on_cpu() -> bool:
    return jax.default_backend() == "cpu"


@op(
    "Cast",
    dtypes=ON_DEVICE,
    shape=_cast_shape,
    numpy=_cast_on_host,
    gradient=_cast_gradient,
    api_name="cast",
)
def cast_op(x, *, DstT):
    target = DstT.np_dtype
    if jnp.iscomplexobj(x) and not DstT.is_complex:
        x = lax.real(x)
    if DstT.is_bool:
        return x != np.zeros((), x.dtype)
    if DstT.is_integer and jnp.issubdtype(x.dtype, jnp.floating) and _on_cpu():
        return _truncated(x, target)
    return lax.convert_element_type(x, target)


@export("cast", "dtypes.cast")
def cast(x: Any, dtype: Any, name: str | None = None) -> Any:
    """A tensor with its elements converted to another dtype.

    Floats become integers by dropping the fraction. Out of the integer's range, and for NaN, the
    result is that of the processor, as in TensorFlow; `tf.saturate_cast` clamps instead. Complex
    numbers lose their imaginary part.

    Args:
      x: Tensor, IndexedSlices or anything convertible.
      dtype: The dtype wanted.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `x`'s shape; `x` itself if it has the dtype already.

    >>> tf.cast([1.8, -2.2], tf.int32).numpy()
    array([ 1, -2], dtype=int32)
    """
    target = as_dtype(dtype)
    if isinstance(x, Tensor) and x.dtype is target:
        return x
    if hasattr(x, "dense_shape") and hasattr(x, "values") and hasattr(x, "indices"):
        if x.values.dtype is target:
            return x
        values = cast(x.values, target, name)
        if hasattr(x, "with_values"):
            return x.with_values(values)
        return type(x)(values, x.indices, x.dense_shape)
    if not isinstance(x, Tensor) and not hasattr(type(x), "__deras_dispatch__"):
        x = convert(x)
        if x.dtype is target:
            return x
    if x.dtype not in ON_DEVICE or target not in ON_DEVICE:
        raise op_error(
            UnimplementedError,
            "tf.cast",
            f"{x.dtype.name} to {target.name} is not supported",
            [("x", describe(x))],
            hint="tf.strings.as_string and tf.strings.to_number convert between strings and numbers"
            if string_dtype in (x.dtype, target)
            else None,
        )
    return apply(cast_op, (x,), (("DstT", target),), name)


@export("saturate_cast", "dtypes.saturate_cast")
def saturate_cast(value: Any, dtype: Any, name: str | None = None) -> Any:
    """A tensor converted to another dtype, clamped to what that dtype can hold.

    Args:
      value: Tensor of a numeric dtype.
      dtype: The dtype wanted.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `value`'s shape.

    >>> tf.saturate_cast([-5.0, 300.0], tf.uint8).numpy()
    array([  0, 255], dtype=uint8)
    """
    target = as_dtype(dtype)
    tensor = convert(value)
    source = tensor.dtype
    if source is target:
        return tensor
    if source.is_complex and not target.is_complex:
        tensor = real(tensor)
        source = tensor.dtype
    if target.is_complex or source.is_complex:
        return _saturate_complex(tensor, target, name)
    if not (source.is_numeric and target.is_numeric):
        raise op_error(
            TypeError,
            "tf.saturate_cast",
            f"values of {source.name} and {target.name} have no common range",
            [("value", describe(tensor))],
        )
    low, high = _common_range(source, target)
    return cast(minimum(maximum(tensor, convert(low)), convert(high)), target, name)


def _common_range(source: DType, target: DType) -> tuple[np.ndarray, np.ndarray]:
    """The lowest and highest values of `source` that lie in `target`'s range.

    As in TensorFlow they are compared in the dtype that NumPy promotes both to: the highest int64
    is 2^63 in float64, so that bound is not moved inwards and large floats still overflow int64.
    """
    ours: Any = source.np_dtype
    theirs: Any = target.np_dtype
    if ours.kind == "V" or theirs.kind == "V":  # bfloat16: NumPy has no rule
        both: Any = np.float64
    else:
        both = np.promote_types(ours, theirs).type
    kind: Any = ours.type
    low, high = max(source.min, target.min), min(source.max, target.max)
    if source.is_floating:
        low, high = float(low), float(high)
    low, high = kind(low), kind(high)
    if source.is_floating:
        if both(low) < both(target.min):
            low = np.nextafter(low, kind(0))
        if both(high) > both(target.max):
            high = np.nextafter(high, kind(0))
    return np.asarray(low), np.asarray(high)


def _saturate_complex(tensor: Any, target: DType, name: str | None) -> Any:
    if not tensor.dtype.is_complex:
        return cast(saturate_cast(tensor, target.real_dtype), target, name)
    part = target.real_dtype
    return complex(saturate_cast(real(tensor), part), saturate_cast(imag(tensor), part), name)


@op("Bitcast", dtypes=NUMERIC, gradient=NONE, api_name="bitcast")
def _bitcast(input, *, type):
    source, target = np.dtype(input.dtype), type.np_dtype
    if target.itemsize > source.itemsize:
        ratio = target.itemsize // source.itemsize
        if not input.ndim or input.shape[-1] != ratio:
            raise ValueError(
                f"to {target} from {source} the last dimension must be {ratio}; "
                f"the shape is {list(input.shape)}"
            )
    if not (source.kind == "c" or target.kind == "c"):
        return lax.bitcast_convert_type(input, target)
    # XLA does not reinterpret complex numbers: go through bytes, and pairs of floats.
    pairs = input
    if source.kind == "c":
        pairs = jnp.stack([lax.real(input), lax.imag(input)], -1)
    dims = input.shape[:-1] if target.itemsize > source.itemsize else input.shape
    if target.itemsize < source.itemsize:
        dims += (source.itemsize // target.itemsize,)
    octets = pairs if pairs.dtype == np.uint8 else lax.bitcast_convert_type(pairs, np.uint8)
    if target.kind != "c":
        octets = octets.reshape(*dims, target.itemsize)
        return octets[..., 0] if target == np.uint8 else lax.bitcast_convert_type(octets, target)
    half = np.dtype(f"f{target.itemsize // 2}")
    parts = lax.bitcast_convert_type(octets.reshape(*dims, 2, half.itemsize), half)
    return lax.complex(parts[..., 0], parts[..., 1])


@export("bitcast")
def bitcast(input: Any, type: Any, name: str | None = None) -> Any:
    """The same bits read as another dtype.

    Args:
      input: Tensor of shape `[..., d]`, numeric.
      type: The dtype wanted. If it is smaller by a factor k, a last dimension of k is added; if it
        is larger by k, the last dimension must be k and goes away.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of dtype `type`.

    >>> tf.bitcast(1.0, tf.int32).numpy() == 0x3F800000
    np.True_
    """
    target = as_dtype(type)
    tensor = convert(input)
    return apply(_bitcast, (tensor,), (("type", target),), name)


def _complex_shape(inputs: Sequence[Any], attrs: Mapping[str, Any]) -> Specs:
    ((dtype, shape),) = broadcast(inputs, attrs)
    return [(complex64 if dtype is float32 else complex128, shape)]


def _part_shape(inputs: Sequence[Any], attrs: Mapping[str, Any]) -> Specs:
    return [(inputs[0].dtype.real_dtype, inputs[0].shape)]


@op("Complex", dtypes=frozenset({float32, float64}), shape=_complex_shape, api_name="complex")
def _complex(real, imag):
    return lax.complex(*jnp.broadcast_arrays(real, imag))


@export("complex", "dtypes.complex")
def complex(real: Any, imag: Any, name: str | None = None) -> Any:
    """Complex numbers from their real and imaginary parts, by broadcasting.

    Args:
      real: Tensor; float32 or float64.
      imag: Tensor of the same dtype; its shape broadcasts against `real`'s.
      name: Optional name of the node in graphs.
    Returns:
      complex64 or complex128 tensor of the broadcast shape.

    >>> tf.complex([1.0, 2.0], [3.0, 4.0]).numpy()
    array([1.+3.j, 2.+4.j], dtype=complex64)
    """
    return apply(_complex, (real, imag), (), name)


@op("Real", dtypes=COMPLEX, shape=_part_shape, api_name="math.real")
def _real(input):
    return lax.real(input)


@export("math.real")
def real(input: Any, name: str | None = None) -> Any:
    """The real part of each element; a tensor that is not complex is returned as it is.

    Args:
      input: Tensor of any numeric dtype.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `input`'s shape; float32 for complex64, float64 for complex128.

    >>> tf.math.real([1.0 + 2.0j]).numpy()
    array([1.])
    """
    tensor = convert(input)
    _refuse_other_than_numbers(tensor, "tf.math.real")
    return apply(_real, (tensor,), (), name) if tensor.dtype.is_complex else tensor


@op("Imag", dtypes=COMPLEX, shape=_part_shape, api_name="math.imag")
def _imag(input):
    return lax.imag(input)


@export("math.imag")
def imag(input: Any, name: str | None = None) -> Any:
    """The imaginary part of each element; zeros for a tensor that is not complex.

    Args:
      input: Tensor of any numeric dtype.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `input`'s shape; float32 for complex64, float64 for complex128.

    >>> tf.math.imag([1.0 + 2.0j]).numpy()
    array([2.])
    """
    tensor = convert(input)
    if not tensor.dtype.is_complex:
        return apply(_zeros, (tensor,), (), name)
    return apply(_imag, (tensor,), (), name)


@op("ImagOfReal", dtypes=ON_DEVICE, shape=same_as_first, gradient=NONE, api_name="math.imag")
def _zeros(input):
    return jnp.zeros_like(input)


def _refuse_other_than_numbers(tensor: Any, what: str) -> None:
    if not (tensor.dtype.is_complex or tensor.dtype.is_numeric):
        raise op_error(
            TypeError,
            what,
            f"a numeric tensor is wanted, not {tensor.dtype.name}",
            [("input", describe(tensor))],
        )


@op("Conj", dtypes=COMPLEX, shape=same_as_first, api_name="math.conj")
def _conj(input):
    return lax.conj(input)


@export("math.conj")
def conj(x: Any, name: str | None = None) -> Any:
    """The complex conjugate of each element; a real tensor is returned as it is.

    Args:
      x: Tensor of any numeric dtype.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `x`'s shape and dtype.

    >>> tf.math.conj([1.0 + 2.0j]).numpy()
    array([1.-2.j])
    """
    tensor = convert(x)
    _refuse_other_than_numbers(tensor, "tf.math.conj")
    return apply(_conj, (tensor,), (), name) if tensor.dtype.is_complex else tensor


@op("Angle", dtypes=COMPLEX, shape=_part_shape, api_name="math.angle")
def _angle(input):
    return lax.atan2(lax.imag(input), lax.real(input))


@export("math.angle")
def angle(input: Any, name: str | None = None) -> Any:
    """The argument of each complex number in radians, from -pi to pi.

    Args:
      input: Tensor of any numeric dtype; real numbers have the argument 0, or pi if negative.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `input`'s shape; float32 for complex64, float64 for complex128.

    >>> tf.math.angle([1.0j, -1.0]).numpy()
    array([1.57079633, 3.14159265])
    """
    tensor = convert(input)
    if tensor.dtype.is_complex:
        return apply(_angle, (tensor,), (), name)
    if not tensor.dtype.is_floating:
        raise op_error(
            TypeError,
            "tf.math.angle",
            f"a complex or floating tensor is wanted, not {tensor.dtype.name}",
            [("input", describe(tensor))],
        )
    return apply(_angle_of_real, (tensor,), (), name)


@op("AngleOfReal", dtypes=FLOATING, shape=same_as_first, gradient=NONE, api_name="math.angle")
def _angle_of_real(input):
    return jnp.where(
        input < np.zeros((), input.dtype), np.asarray(np.pi, input.dtype), np.zeros((), input.dtype)
    )
