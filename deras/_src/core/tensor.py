"""The tensor types: eager (has a value), symbolic (a graph's edge), traced (inside a lowering).

All three are `tf.Tensor`. Operators, indexing and methods that run ops are attached in
`overloads.py`; here is only what a tensor is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, ClassVar
from weakref import WeakValueDictionary

import jax
import numpy as np

from deras._src import errors
from deras._src.core.context import state
from deras._src.core.dtypes import DType, as_dtype, from_numpy
from deras._src.core.dtypes import string as string_dtype
from deras._src.core.tensor_shape import TensorShape
from deras._src.core.type_spec import TensorSpec, bind_value_type
from deras._src.util.export import export


class Aval:
    """The dtype and concrete shape of a value. Interned: equal avals are the same object."""

    __slots__ = ("__weakref__", "dims", "dtype", "shape")

    def __init__(self, dtype: DType, dims: tuple[int, ...]) -> None:
        self.dtype = dtype
        self.dims = dims
        self.shape = TensorShape(dims)

    def __repr__(self) -> str:
        return f"{self.dtype.name}[{','.join(map(str, self.dims))}]"


_avals: WeakValueDictionary[tuple[DType, tuple[int, ...]], Aval] = WeakValueDictionary()


def aval_of(dtype: DType, dims: tuple[int, ...]) -> Aval:
    """The one `Aval` of this dtype and shape."""
    key = (dtype, dims)
    aval = _avals.get(key)
    if aval is None:
        # setdefault keeps the first one if two threads get here together.
        aval = _avals.setdefault(key, Aval(dtype, dims))
    return aval


class Reference:
    """A hashable handle of a tensor or variable, equal only to handles of the same object."""

    __slots__ = ("_object",)

    def __init__(self, obj: Any) -> None:
        self._object = obj

    def deref(self) -> Any:
        """The object itself."""
        return self._object

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Reference) and self._object is other._object

    def __hash__(self) -> int:
        return id(self._object)

    def __repr__(self) -> str:
        return f"<Reference wrapping {self._object!r}>"


@export("Tensor")
class Tensor:
    """An n-dimensional array of one dtype: eager (with a value) or symbolic (inside a function).

    Made by `tf.constant`, `tf.convert_to_tensor` and every op; never called directly.

    >>> t = tf.constant([[1.0, 2.0], [3.0, 4.0]])
    >>> t.shape, t.dtype
    (TensorShape([2, 2]), tf.float32)
    """

    __slots__ = ("__weakref__",)
    __array_priority__ = 100
    # Filled by overloads.py, which lists what it attaches.
    OVERLOADABLE_OPERATORS: ClassVar[set[str]] = set()

    dtype: DType
    shape: TensorShape

    @property
    def ndim(self) -> int | None:
        """The number of dimensions, or None where the rank is not known."""
        return self.shape.rank

    def get_shape(self) -> TensorShape:
        """The same as `shape`."""
        return self.shape

    def set_shape(self, shape: Any) -> None:
        """Merges `shape` into the static shape; ValueError where they do not agree."""
        self.shape.merge_with(shape)

    def ref(self) -> Reference:
        """A hashable reference of this tensor, for dictionaries and sets."""
        return Reference(self)

    def experimental_ref(self) -> Reference:
        """The old name of `ref`."""
        return Reference(self)

    def __hash__(self) -> int:
        raise TypeError(
            "Tensor is unhashable: == compares values. Use tensor.ref() as the key instead."
        )

    def __copy__(self) -> Tensor:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        return self


class EagerTensor(Tensor):
    """A tensor with a value, on a device (`_array`), on the host (`_host`), or both."""

    # `assign` is set only on a slice of a variable: it writes that slice.
    __slots__ = ("_array", "_host", "assign", "aval", "is_literal")

    assign: Any
    is_literal: bool

    def __init__(self, aval: Aval, array: Any, host: np.ndarray | None = None) -> None:
        self.aval = aval
        self._array = array
        self._host = host

    @property
    def dtype(self) -> DType:  # type: ignore[override]
        """The element type."""
        return self.aval.dtype

    @property
    def shape(self) -> TensorShape:  # type: ignore[override]
        """The shape, always fully known."""
        return self.aval.shape

    @property
    def device(self) -> str:
        """The device that holds the value, as TensorFlow writes it."""
        if self._array is None:
            return "/job:localhost/replica:0/task:0/device:CPU:0"
        return device_name(next(iter(self._array.devices())))

    backing_device = device

    def device_array(self) -> jax.Array:
        """The value as a JAX array, put on the device on first use."""
        array = self._array
        if array is None:
            if self.aval.dtype is string_dtype:
                raise errors.InvalidArgumentError(
                    None, None, "a string tensor lives on the host and has no device array"
                )
            with jax.enable_x64(True):
                array = self._array = jax.device_put(self._host)
        return array

    def on(self, device: Any) -> jax.Array:
        """The value as a JAX array on `device`, copied there if it is elsewhere."""
        with jax.enable_x64(True):
            return jax.device_put(self._host if self._array is None else self._array, device)

    def host_array(self) -> np.ndarray:
        """The value as a read-only NumPy array (object array of bytes for strings)."""
        host = self._host
        if host is None:
            host = np.asarray(self._array)
            host.flags.writeable = False
        return host

    def numpy(self) -> Any:
        """The value as a NumPy array, or a NumPy scalar for rank 0.

        The array is read-only and shares the tensor's memory where the device allows;
        `np.array(tensor)` makes a copy that can be changed.
        """
        for recorder in state.recorders:
            recorder.leaves(self)
        host = self.host_array()
        return host[()] if host.ndim == 0 else host

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        for recorder in state.recorders:
            recorder.leaves(self)
        return np.array(self.host_array(), dtype=dtype, copy=copy)

    def __jax_array__(self) -> jax.Array:
        return self.device_array()

    def __dlpack__(self, **options: Any) -> Any:
        return self.device_array().__dlpack__(**options)

    def __dlpack_device__(self) -> Any:
        return self.device_array().__dlpack_device__()

    def _scalar(self, kind: str) -> Any:
        if self.aval.shape.num_elements() != 1:
            raise TypeError(
                f"Only a tensor with one element can become a Python {kind}; "
                f"this one is {self.aval!r}."
            )
        return self.numpy().reshape(()).item()

    def __bool__(self) -> bool:
        if self.aval.shape.num_elements() != 1:
            raise ValueError(
                "The truth value of a tensor with more than one element is ambiguous "
                f"(this one is {self.aval!r}). Use tf.reduce_any or tf.reduce_all."
            )
        return bool(self._scalar("bool"))

    def __int__(self) -> int:
        return int(self._scalar("int"))

    def __float__(self) -> float:
        return float(self._scalar("float"))

    def __complex__(self) -> complex:
        return complex(self._scalar("complex"))

    def __index__(self) -> int:
        if not (self.aval.dtype.is_integer and self.aval.dims == ()):
            raise TypeError(f"only integer scalar tensors can be an index; this is {self.aval!r}")
        return int(self.host_array())

    def __len__(self) -> int:
        if not self.aval.dims:
            raise TypeError("Scalar tensor has no `len()`")
        return self.aval.dims[0]

    def __iter__(self) -> Iterator[Any]:
        if not self.aval.dims:
            raise TypeError("Cannot iterate over a scalar tensor")
        return (self[i] for i in range(self.aval.dims[0]))  # type: ignore[index]

    def __format__(self, spec: str) -> str:
        return format(self.numpy(), spec)

    def __reduce__(self) -> Any:
        return _from_host, (np.array(self.host_array()), self.aval.dtype.name)

    def __str__(self) -> str:
        return f"tf.Tensor({_printed(self)}, shape={self.aval.dims}, dtype={self.dtype.name})"

    def __repr__(self) -> str:
        value = repr_of(self)
        return f"<tf.Tensor: shape={self.aval.dims}, dtype={self.dtype.name}, numpy={value}>"


def repr_of(tensor: Any) -> str:
    """The value as TensorFlow's repr has it: scalars as Python values."""
    value = tensor.host_array()
    text = repr(value) if tensor.aval.dims else repr(value.item())
    return "\n" + text if "\n" in text else text


def _printed(tensor: EagerTensor) -> str:
    value = tensor.host_array()
    return str(value) if tensor.aval.dims or tensor.dtype is not string_dtype else repr(value[()])


def _from_host(value: np.ndarray, dtype_name: str) -> EagerTensor:
    dtype = as_dtype(dtype_name)
    return host_tensor(value.astype(dtype.np_dtype, copy=False), dtype)


class SymbolicTensor(Tensor):
    """An output of a graph's node.

    Attributes:
      node: the `OpRecord` that makes it.
      index: which of the node's outputs it is.
      graph: the FuncGraph it belongs to.
      value: its value where it is known while building (small integers), else None.
      assign: set only on a slice of a variable: assigns into that slice.
      probes: the shapes (and values) met with trial sizes in place of unknown dimensions, or
        None where the static shape is fully known (see graph/shape_inference.py).
    """

    __slots__ = ("_shape", "assign", "dtype", "graph", "index", "node", "probes", "value")

    def __init__(self, graph: Any, dtype: DType, shape: TensorShape) -> None:
        self.graph = graph
        self.dtype = dtype
        self._shape = shape
        self.node: Any = None
        self.index = 0
        self.value: np.ndarray | None = None
        self.probes: Any = None

    @property
    def shape(self) -> TensorShape:  # type: ignore[override]
        """The static shape; dimensions that only the call will know are None."""
        return self._shape

    def set_shape(self, shape: Any) -> None:
        """Merges `shape` into the static shape, for what inference cannot know."""
        self._shape = self._shape.merge_with(shape)

    @property
    def name(self) -> str:
        """The node's name and the output's number, `"add:0"`."""
        return f"{self.node.name}:{self.index}"

    @property
    def op(self) -> Any:
        """The node that makes this tensor."""
        return self.node

    @property
    def device(self) -> str:
        """Where the node is placed; "" where the runtime decides."""
        return ""

    def _refuse(self, what: str) -> str:
        where = f" (made at {self.node.site})" if self.node is not None and self.node.site else ""
        return f"{what}: {self!r}{where} is symbolic, it has no value while the function is traced."

    def __getattr__(self, name: str) -> Any:
        # Reached only where the attribute does not exist, so that hasattr(x, "numpy") is False.
        if name == "numpy":
            raise AttributeError(
                self._refuse("numpy() is only available on eager tensors")
                + " Return it from the function, print it with tf.print, or use tf.py_function."
            )
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        raise NotImplementedError(
            self._refuse("Cannot convert a symbolic tf.Tensor to a NumPy array")
            + " A NumPy function was probably called on it: use the tf function, or "
            "tf.numpy_function."
        )

    def __bool__(self) -> bool:
        raise errors.OperatorNotAllowedInGraphError(
            self._refuse("Using a symbolic tf.Tensor as a Python bool is not allowed")
            + " Use tf.cond or tf.while_loop instead of if and while."
        )

    def __iter__(self) -> Iterator[Any]:
        raise errors.OperatorNotAllowedInGraphError(
            self._refuse("Iterating over a symbolic tf.Tensor is not allowed")
            + " Use tf.unstack, tf.map_fn or tf.while_loop."
        )

    def __len__(self) -> int:
        raise TypeError(self._refuse("len is not defined") + " Use tf.shape(x)[0].")

    def __index__(self) -> int:
        raise TypeError(self._refuse("a Python integer is needed"))

    __int__ = __index__

    def __float__(self) -> float:
        raise TypeError(self._refuse("a Python float is needed"))

    def __str__(self) -> str:
        return f'Tensor("{self.name}", shape={self._shape}, dtype={self.dtype.name})'

    def __repr__(self) -> str:
        return f"<tf.Tensor '{self.name}' shape={self._shape} dtype={self.dtype.name}>"


class TracedTensor(Tensor):
    """A tensor inside a program being lowered: a JAX tracer, or a NumPy value known already."""

    __slots__ = ("array", "aval")

    def __init__(self, array: Any, aval: Aval | None = None) -> None:
        self.array = array
        self.aval = aval or aval_of(from_numpy(np.dtype(array.dtype)), tuple(array.shape))

    @property
    def dtype(self) -> DType:  # type: ignore[override]
        """The element type."""
        return self.aval.dtype

    @property
    def shape(self) -> TensorShape:  # type: ignore[override]
        """The shape, always fully known."""
        return self.aval.shape

    def __bool__(self) -> bool:
        raise errors.OperatorNotAllowedInGraphError(
            "the truth value of a tensor was asked inside a compiled gradient; use tf.where"
        )

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(self.aval.dims[0]))  # type: ignore[index]

    def __repr__(self) -> str:
        return f"<tf.Tensor inside a program, {self.aval!r}>"


def host_tensor(value: np.ndarray, dtype: DType | None = None) -> EagerTensor:
    """An eager tensor that stays on the host until an op needs it on a device."""
    value.flags.writeable = False
    return EagerTensor(aval_of(dtype or from_numpy(value.dtype), value.shape), None, value)


def literal(tensor: EagerTensor) -> EagerTensor:
    """Marks a tensor made of a Python value in the program's text, which nobody else holds.

    Graphs write small literals into themselves. Any other floating tensor stays an input of the
    program, as a tape may be asked for the gradient by it.
    """
    tensor.is_literal = True
    return tensor


def is_inline(tensor: EagerTensor) -> bool:
    """Whether a graph writes this eager tensor into itself, as a constant."""
    host = tensor._host
    if host is None or host.size > _INLINE_ELEMENTS:
        return False
    return host.dtype.kind in "iubO" or getattr(tensor, "is_literal", False)


# Larger constants travel as parameters of the program, not as text inside it.
_INLINE_ELEMENTS = 64


def device_tensor(array: jax.Array) -> EagerTensor:
    """An eager tensor around a JAX array."""
    return EagerTensor(aval_of(from_numpy(array.dtype), array.shape), array)


def device_name(device: Any) -> str:
    """A JAX device as TensorFlow writes it."""
    kind = {"cpu": "CPU", "gpu": "GPU", "cuda": "GPU", "rocm": "GPU", "tpu": "TPU"}.get(
        device.platform, device.platform.upper()
    )
    return f"/job:localhost/replica:0/task:{device.process_index}/device:{kind}:{device.id}"


_describers: dict[type, Callable[[Any], str]] = {}


def describe(value: Any) -> str:
    """`float32[32,10]` for tensors, arrays and specs; the type's name for the rest."""
    describer = _describers.get(type(value))
    if describer is not None:
        return describer(value)
    shape, dtype = getattr(value, "shape", None), getattr(value, "dtype", None)
    if dtype is None:
        return type(value).__name__
    dims = TensorShape(shape)
    inner = "..." if dims.rank is None else ",".join(str(d) for d in dims.as_list())
    return f"{getattr(dtype, 'name', dtype)}[{inner.replace('None', '?')}]"


def register_describer(kind: type, describer: Callable[[Any], str]) -> None:
    """Adds how arguments of a type are written in errors."""
    _describers[kind] = describer


bind_value_type(TensorSpec, Tensor)
