"""Help for array ops whose integer arguments (shapes, axes, sizes) may be Python values or tensors.

Where the integers are known they are an attribute of the op. Where a tensor whose value is only
known later gives them, a second op (the "dynamic twin") takes the tensor as a host argument.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from deras._src import errors
from deras._src.core.dtypes import ANY, INDEX, DType
from deras._src.core.tensor import EagerTensor, Tensor, TracedTensor
from deras._src.core.tensor_shape import TensorShape
from deras._src.dispatch.apply import apply
from deras._src.dispatch.convert import convert, host_value
from deras._src.registry import OpDef, TypeVar, op

Specs = list[tuple[DType, TensorShape]]


def known_array(tensor: Any) -> np.ndarray | None:
    """The value of a tensor that is known now, without waiting for anything but a device."""
    if isinstance(tensor, EagerTensor):
        return tensor.host_array()
    value = tensor.array if isinstance(tensor, TracedTensor) else getattr(tensor, "value", None)
    return value if isinstance(value, np.ndarray) else None


def ints_of(value: Any, what: str) -> Any:
    """Integers given as Python or NumPy values, a TensorShape or a tensor.

    Returns a tuple of ints, an int for a scalar, or the tensor itself where its value is not known.
    """
    kind = type(value)
    if kind is int:
        return value
    if kind is tuple or kind is list:
        for v in value:
            if type(v) is not int:
                break
        else:
            return tuple(value)
    tensor = convert(value)
    array = known_array(tensor)
    if array is None:
        return tensor
    if array.size == 0:
        return () if array.ndim == 1 else ((),) * len(array)
    if array.dtype.kind not in "iu":
        raise errors.op_error(
            errors.ArgumentTypeError, what, f"integers are wanted, not {tensor.dtype.name}"
        )
    result = array.tolist()
    return _tuples(result) if isinstance(result, list) else result


def _tuples(value: Any) -> Any:
    return tuple(_tuples(v) for v in value) if isinstance(value, list) else value


def axis_of(value: Any, what: str) -> int:
    """An axis, which must be known: a Python int or a scalar tensor."""
    if type(value) is int:
        return value
    if not isinstance(value, Tensor):
        try:
            return operator.index(value)
        except TypeError:
            pass
    array = host_value(value, what)
    if array.size != 1 or array.dtype.kind not in "iu":
        raise errors.op_error(
            errors.ArgumentTypeError, what, f"axis must be one integer, not {value!r}"
        )
    return int(array.reshape(()))


def axes_of(value: Any, what: str) -> tuple[int, ...]:
    """Axes, which must be known: an int, a list of ints or an integer tensor."""
    array = np.atleast_1d(host_value(value, what))
    if array.size and array.dtype.kind not in "iu":
        raise errors.op_error(errors.ArgumentTypeError, what, f"axes must be integers: {value!r}")
    return tuple(int(a) for a in array.reshape(-1))


def resolve_axis(axis: int, rank: int, name: str = "axis") -> int:
    """`axis` counted from the front; ValueError where it is out of `[-rank, rank)`."""
    if not -rank <= axis < rank:
        raise ValueError(f"{name} {axis} is out of range [-{rank}, {rank})")
    return axis + rank if axis < 0 else axis


def partial_ints(tensor: Any) -> list[int | None] | None:
    """The elements of an integer vector or scalar as far as they are known; None if not how many.

    Follows the ops that shapes are computed with: `tf.shape`, slices, joins, casts, arithmetic.
    """
    array = known_array(tensor)
    if array is not None:
        return [int(v) for v in array.reshape(-1)]
    rank = tensor.shape.rank
    if rank not in (0, 1):
        return None
    length = 1 if rank == 0 else tensor.shape[0]
    node = getattr(tensor, "node", None)
    follow = None if node is None else _FOLLOWED.get(node.op.name)
    if follow is not None:
        elements = follow(node)
        if elements is not None and length in (None, len(elements)):
            return elements  # type: ignore[no-any-return]
    return None if length is None else [None] * length


def _of_shape_op(node: Any) -> Any:
    shape = node.inputs[0].shape
    return None if shape.rank is None else shape.as_list()


def _of_pack(node: Any) -> Any:
    parts = [partial_ints(x) for x in node.inputs]
    if any(p is None or len(p) != 1 for p in parts):
        return None
    return [p[0] for p in parts]  # type: ignore[index]


def _of_concat(node: Any) -> Any:
    parts = [partial_ints(x) for x in node.inputs]
    return None if None in parts else [v for p in parts for v in p]  # type: ignore[union-attr]


def _of_slice(node: Any) -> Any:
    elements, spec = partial_ints(node.inputs[0]), node.attr("spec")
    if elements is None or node.inputs[0].shape.rank != 1 or len(spec) != 1:
        return None
    item = spec[0]
    if type(item) is int:
        return [elements[item]]
    return elements[slice(*item)] if type(item) is tuple and item[0] != "at" else None


def _of_arithmetic(function: Any) -> Any:
    def elements(node: Any) -> Any:
        x, y = (partial_ints(v) for v in node.inputs)
        if x is None or y is None:
            return None
        if len(x) != len(y):
            x, y = (x * len(y), y) if len(x) == 1 else (x, y * len(x))
        if len(x) != len(y):
            return None
        return [
            None if a is None or b is None else function(a, b) for a, b in zip(x, y, strict=True)
        ]

    return elements


def _same_elements(node: Any) -> Any:
    return partial_ints(node.inputs[0])


_FOLLOWED: dict[str, Any] = {
    "AddV2": _of_arithmetic(operator.add),
    "Cast": _same_elements,
    "ConcatV2": _of_concat,
    "ExpandDims": _same_elements,
    "FloorDiv": _of_arithmetic(lambda a, b: a // b if b else None),
    "Identity": _same_elements,
    "Maximum": _of_arithmetic(max),
    "Minimum": _of_arithmetic(min),
    "Mul": _of_arithmetic(operator.mul),
    "Pack": _of_pack,
    "Reshape": _same_elements,
    "Shape": _of_shape_op,
    "Squeeze": _same_elements,
    "StridedSlice": _of_slice,
    "Sub": _of_arithmetic(operator.sub),
}


def same_shape_if(check: Callable[[Any, Mapping[str, Any]], Any], label: str) -> Any:
    """A shape function: like the first input, after `check(dims, attrs)` where the rank is known.

    `check` raises ValueError where the op cannot take an input of these dims (ints and Nones).
    """

    def shape(inputs: Sequence[Any], attrs: Mapping[str, Any]) -> Specs:
        run_check(check, inputs[0].shape, attrs, label)
        return [(inputs[0].dtype, inputs[0].shape)]

    return shape


def run_check(check: Any, shape: TensorShape, attrs: Mapping[str, Any], label: str) -> None:
    """Runs `check(dims, attrs)` where the rank is known; its ValueError as the graph's error."""
    if shape.rank is None:
        return
    try:
        check(shape.as_list(), attrs)
    except ValueError as error:
        raise errors.op_error(errors.GraphInvalidArgumentError, label, str(error)) from None


def dynamic_twin(base: OpDef, attr: str, *, suffix: str = "Dynamic", shape: Any = None) -> OpDef:
    """The op `base` with its attribute `attr`, a tuple of ints, as a host argument instead.

    `base.shape` is called with the attribute's known elements, the others None; with None where
    not even their number is known. `shape` takes its place where more can be said.
    """
    lowering = base.lowering
    assert lowering is not None

    def twin(*args: Any, **attrs: Any) -> Any:
        *inputs, ints = args
        return lowering(*inputs, **{attr: _tuples(np.asarray(ints).tolist())}, **attrs)

    def shape_of_known(inputs: Sequence[Any], attrs: Mapping[str, Any]) -> Any:
        ints = partial_ints(inputs[-1])
        partial = None if ints is None else tuple(ints)
        return base.shape(inputs[:-1], {**attrs, attr: partial})  # type: ignore[misc]

    names = (*base.input_names, attr)
    constraints: dict[str, Any] = dict(zip(base.input_names, base.constraints, strict=True))
    constraints[attr] = INDEX
    declared = op(
        f"{base.name}{suffix}",
        inputs=names,
        host_args=(attr,),
        dtypes=constraints,
        shape=shape or (None if base.shape is None else shape_of_known),
        gradient=base.gradient,
        api_name=base.api_name,
    )
    return declared(twin)


def apply_ints(
    base: OpDef,
    twin: OpDef,
    inputs: tuple[Any, ...],
    attr: str,
    ints: Any,
    attrs: tuple[tuple[str, Any], ...] = (),
    name: str | None = None,
) -> Any:
    """Runs `base` where `ints` (from `ints_of`) are known, else its dynamic twin."""
    if isinstance(ints, Tensor):
        return apply(twin, (*inputs, ints), attrs, name)
    return apply(base, inputs, ((attr, ints), *attrs), name)


def type_var(allowed: Any = ANY) -> TypeVar:
    """A dtype shared by several inputs."""
    return TypeVar("T", allowed)
